package relation

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Merge makes two standings one, at the time now, when their identities are found to be one person: into becomes the standing
// of both, from is not changed, and they share nothing that either may write to. Which of the two is into makes no difference
// but where both have a rung, a source or an account of their own: then those of into stay.
//
// Wishes and consents of either hold. Of two wishes about the same thing the one that holds longer stays, of two words on her stage
// in one subject the later one while it holds, and of consents to one purpose the last one is her last word. Where there is no
// room, wishes that have ended make some, and then corrected stages; no wish that keeps something away does. The last word on
// every purpose stays as far as it goes.
func Merge(into, from *veiviser.Standing, now time.Time) {
	theirs := from.Clone()
	into.Directives = directives(append(slices.Clone(into.Directives), theirs.Directives...), now)
	into.Consents = consents(append(slices.Clone(into.Consents), theirs.Consents...))
	into.Contacts = contacts(append(slices.Clone(into.Contacts), theirs.Contacts...))
	into.Facts = facts(append(slices.Clone(into.Facts), theirs.Facts...), now)
	into.Cases = cases(append(slices.Clone(into.Cases), theirs.Cases...))
	into.Answered = answered(into.Answered, theirs.Answered)
	if orderedBefore(&theirs.Relation, &into.Relation) {
		into.Acquired = theirs.Acquired
	}
	into.Recovery = recovery(into.Recovery, theirs.Recovery)
	into.Relation = relation(&into.Relation, &theirs.Relation)
	into.Orders = orders(append(slices.Clone(into.Orders), theirs.Orders...), &into.Relation)
	for i := range into.Orders {
		inTime(into, &into.Orders[i])
	}
	account(into, &theirs)
	into.Audiences = audiences(into.Audiences, theirs.Audiences)
}

// answered unites the questions that were answered. When there are too many, those of the other identity make room.
func answered(own, theirs []string) []string {
	var all []string
	for _, id := range append(slices.Clone(theirs), own...) {
		if i := slices.Index(all, id); i >= 0 {
			all = slices.Delete(all, i, i+1)
		}
		all = append(all, id)
	}
	return all[max(0, len(all)-veiviser.MaxAnswered):]
}

// consents unites what she said, oldest first.
func consents(all []veiviser.Consent) []veiviser.Consent {
	slices.SortFunc(all, func(a, b veiviser.Consent) int {
		return cmp.Or(a.Time.Compare(b.Time), strings.Compare(a.Purpose, b.Purpose), refusedLast(a.Granted, b.Granted),
			strings.Compare(a.Version, b.Version), strings.Compare(a.Source, b.Source))
	})
	return KeepConsents(slices.Compact(all))
}

// refusedLast lets a refusal have the last word on what was said at the same moment.
func refusedLast(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	default:
		return 1
	}
}

// KeepConsents keeps the newest MaxConsents of a list that is in order of time, the last word on each purpose and the last refusal of it,
// which may outlast what she agreed to after it, before all others.
func KeepConsents(all []veiviser.Consent) []veiviser.Consent {
	type word struct {
		purpose string
		refusal bool
	}
	last := make(map[word]int, len(all))
	for i := range all {
		last[word{all[i].Purpose, false}] = i
		if !all[i].Granted {
			last[word{all[i].Purpose, true}] = i
		}
	}
	final := make([]bool, len(all))
	for _, i := range last {
		final[i] = true
	}
	i := -1
	return room(all, veiviser.MaxConsents, func(*veiviser.Consent) int {
		if i++; final[i] {
			return 1
		}
		return 0
	})
}

// contacts unites what she was shown, oldest first. None makes room for another, so that no cap is forgotten: what does not count
// any more goes when she is shown something next, and until there is room nothing that is capped is shown.
func contacts(all []veiviser.Contact) []veiviser.Contact {
	slices.SortStableFunc(all, func(a, b veiviser.Contact) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Decision, b.Decision), strings.Compare(a.ItemID, b.ItemID),
			strings.Compare(a.Placement, b.Placement))
	})
	return all
}

// facts unites what she was told, by when she was told it last. What was released makes room first.
func facts(all []veiviser.Fact, now time.Time) []veiviser.Fact {
	veiviser.SortFacts(all)
	united := make([]veiviser.Fact, 0, len(all))
	for i := range all {
		united = veiviser.AddFact(united, all[i])
	}
	return veiviser.KeepFacts(united, func(f *veiviser.Fact) bool { return !f.Counts(now) })
}

// cases unites her cases, oldest first; those that are put right make room first. What both were told of is one case, as it would have
// been for one of them: the one that went furthest.
func cases(all []veiviser.Case) []veiviser.Case {
	byAge := func(a, b veiviser.Case) int {
		return cmp.Or(a.Opened.Compare(b.Opened), strings.Compare(a.ID, b.ID), a.Resolved.Compare(b.Resolved))
	}
	slices.SortStableFunc(all, byAge)
	all = lastOf(all, func(c veiviser.Case) string { return c.ID })
	slices.SortStableFunc(all, func(a, b veiviser.Case) int { return ahead(&a) - ahead(&b) })
	kept := make([]veiviser.Case, 0, len(all))
	for i := range all {
		if !slices.ContainsFunc(kept, func(x veiviser.Case) bool { return standsFor(&x, &all[i]) }) {
			kept = append(kept, all[i])
		}
	}
	slices.SortStableFunc(kept, byAge)
	return room(kept, veiviser.MaxCases, func(c *veiviser.Case) int {
		if c.Open() {
			return 1
		}
		return 0
	})
}

// recovery unites as what she is counted: by the recovery after which she came back, or else the first. Where one identity was led back
// and the other was not, or was not drawn, she says nothing about either group and is not counted.
func recovery(a, b veiviser.Recovering) veiviser.Recovering {
	switch {
	case b.Group == veiviser.GroupUnknown:
		return a
	case a.Group == veiviser.GroupUnknown:
		return b
	}
	mixed := a.Mixed || b.Mixed || a.Group != b.Group || a.Drawn != b.Drawn
	if a.Recovered.IsZero() == b.Recovered.IsZero() && b.Began.Before(a.Began) || a.Recovered.IsZero() && !b.Recovered.IsZero() {
		a = b
	}
	if a.Mixed = mixed; mixed { // whatever she was told, she may have been led back
		a.Group = veiviser.GroupTreated
	}
	return a
}

// ahead is how far a case still has to go.
func ahead(c *veiviser.Case) int {
	switch {
	case !c.Open():
		return 0
	case !waits(c):
		return 1
	default:
		return 2
	}
}

// standsFor reports whether another case that is open is none of its own: it is one with an open one, or with that of a late order,
// which is late only once.
func standsFor(c, other *veiviser.Case) bool {
	return other.Open() && sameCase(c, other) && (c.Open() || c.Cause == veiviser.CaseLate)
}

// orders unites her orders, oldest first. Of one that either has heard of, what has happened by either has happened.
func orders(all []veiviser.Order, r *veiviser.Relation) []veiviser.Order {
	slices.SortStableFunc(all, func(a, b veiviser.Order) int {
		return cmp.Or(since(&a).Compare(since(&b)), cmp.Compare(a.ID, b.ID), strings.Compare(a.Subject, b.Subject))
	})
	out := all[:0]
	for _, o := range all {
		if i := slices.IndexFunc(out, func(x veiviser.Order) bool { return x.ID == o.ID }); i >= 0 {
			unite(&out[i], &o)
		} else {
			out = append(out, o)
		}
	}
	slices.SortStableFunc(out, func(a, b veiviser.Order) int { return cmp.Or(since(&a).Compare(since(&b)), cmp.Compare(a.ID, b.ID)) })
	return room(out, veiviser.MaxOrders, func(o *veiviser.Order) int { return weight(o, r) })
}

// since is when an order was placed, or else what is known of when it was.
func since(o *veiviser.Order) time.Time {
	if o.Placed.IsZero() {
		return earliest(o.Delivered, o.Returned)
	}
	return o.Placed
}

// unite adds to an order what another identity has heard of it.
func unite(x, o *veiviser.Order) {
	x.Named, x.Late, x.Value = x.Named || o.Named, x.Late || o.Late, max(x.Value, o.Value)
	x.Subject = cmp.Or(x.Subject, o.Subject)
	x.Promised = later(x.Promised, o.Promised)
	x.Placed, x.Delivered, x.Returned = earliest(x.Placed, o.Placed), earliest(x.Delivered, o.Delivered), earliest(x.Returned, o.Returned)
}

// relation unites how far she has come: what was first is what was first under either identity.
func relation(a, b *veiviser.Relation) veiviser.Relation {
	out := *a
	out.Handover = earliest(a.Handover, b.Handover)
	if orderedBefore(b, a) {
		out.FirstOrder, out.First, out.Source = b.FirstOrder, b.First, cmp.Or(b.Source, a.Source)
	}
	out.Source = cmp.Or(out.Source, b.Source)
	if out.Rung == "" {
		out.Rung, out.RungSince = b.Rung, b.RungSince
	}
	return out
}

// orderedBefore reports whether the first order of a came before that of b. Of two at the same moment the one that is known is first, or
// else the one of the lesser id.
func orderedBefore(a, b *veiviser.Relation) bool {
	switch {
	case a.FirstOrder.IsZero() || b.FirstOrder.IsZero():
		return !a.FirstOrder.IsZero()
	case !a.FirstOrder.Equal(b.FirstOrder):
		return a.FirstOrder.Before(b.FirstOrder)
	default:
		return a.First != 0 && (b.First == 0 || a.First < b.First)
	}
}

// account takes the account and role of the identity that has them, those of into when both do.
func account(into, from *veiviser.Standing) {
	if into.Account == "" {
		into.Account, into.Role = from.Account, from.Role
	} else if into.Role == "" && into.Account == from.Account {
		into.Role = from.Role
	}
}

// audiences unites what she was seen as, in the order of the alphabet.
func audiences(own, theirs []string) []string {
	all := append(slices.Clone(own), theirs...)
	slices.Sort(all)
	return slices.Compact(all)
}

func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// lastOf keeps the last of those with the same key.
func lastOf[T any, K comparable](all []T, key func(T) K) []T {
	last := make(map[K]int, len(all))
	for i := range all {
		last[key(all[i])] = i
	}
	out := all[:0]
	for i := range all {
		if last[key(all[i])] == i {
			out = append(out, all[i])
		}
	}
	return out
}

// room keeps at most so many: those of the highest rank, and among them the last. Their order stays. rank is asked once for
// each, in order.
func room[T any](all []T, most int, rank func(*T) int) []T {
	over := len(all) - most
	if over <= 0 {
		return all
	}
	ranks, at := make([]int, len(all)), make([]int, len(all))
	for i := range all {
		ranks[i], at[i] = rank(&all[i]), i
	}
	slices.SortStableFunc(at, func(i, k int) int { return cmp.Compare(ranks[i], ranks[k]) })
	gone := make([]bool, len(all))
	for _, i := range at[:over] {
		gone[i] = true
	}
	out := all[:0]
	for i := range all {
		if !gone[i] {
			out = append(out, all[i])
		}
	}
	return out
}
