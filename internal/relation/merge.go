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
// Wishes and consents of either hold. Of two wishes about the same thing the later one stays, and of consents to one purpose
// the last one is her last word. Where there is no room, what binds goes before what has ended, what bars before what is
// evidence, and what is newer before what is older; an objection to being profiled always stays, and so does the last word on
// every purpose as far as it goes.
func Merge(into, from *veiviser.Standing, now time.Time) {
	theirs := from.Clone()
	into.Directives = directives(append(slices.Clone(into.Directives), theirs.Directives...), now)
	into.Consents = consents(append(slices.Clone(into.Consents), theirs.Consents...))
	into.Contacts = contacts(append(slices.Clone(into.Contacts), theirs.Contacts...))
	into.Facts = facts(append(slices.Clone(into.Facts), theirs.Facts...))
	into.Cases = cases(append(slices.Clone(into.Cases), theirs.Cases...))
	into.Answered = answered(into.Answered, theirs.Answered)
	if first := theirs.Relation.FirstOrder; !first.IsZero() && (into.Relation.FirstOrder.IsZero() || first.Before(into.Relation.FirstOrder)) {
		into.Acquired = theirs.Acquired
	}
	into.Relation = relation(&into.Relation, &theirs.Relation)
	into.Orders = orders(append(slices.Clone(into.Orders), theirs.Orders...), &into.Relation)
	account(into, &theirs)
	into.Audiences = audiences(into.Audiences, theirs.Audiences)
}

// directives unites wishes, oldest first.
func directives(all []veiviser.Directive, now time.Time) []veiviser.Directive {
	slices.SortFunc(all, func(a, b veiviser.Directive) int {
		return cmp.Or(a.Created.Compare(b.Created), a.Expires.Compare(b.Expires), strings.Compare(a.ID, b.ID))
	})
	all = lastOf(all, func(d veiviser.Directive) [3]string { return [3]string{string(d.Kind), d.Target, d.Subject} })
	return room(all, veiviser.MaxDirectives, func(d *veiviser.Directive) int {
		switch {
		case !d.Binds(now):
			return 0
		case d.Kind == veiviser.CorrectStage:
			return 1
		case d.Kind != veiviser.DoNotProfile:
			return 2
		default:
			return 3
		}
	})
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

// KeepConsents keeps the newest MaxConsents of a list that is in order of time, the last word on each purpose before all others.
func KeepConsents(all []veiviser.Consent) []veiviser.Consent {
	last := make(map[string]int, len(all))
	for i := range all {
		last[all[i].Purpose] = i
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

// facts unites what she was told, by when she was told it last.
func facts(all []veiviser.Fact) []veiviser.Fact {
	slices.SortFunc(all, func(a, b veiviser.Fact) int {
		return cmp.Or(a.Time.Compare(b.Time), strings.Compare(a.Product, b.Product), strings.Compare(a.Claim, b.Claim),
			strings.Compare(a.Value, b.Value))
	})
	all = lastOf(all, func(f veiviser.Fact) [3]string { return [3]string{f.Product, f.Claim, f.Value} })
	return newest(all, veiviser.MaxFacts)
}

// cases unites her cases, oldest first; those that are put right make room first.
func cases(all []veiviser.Case) []veiviser.Case {
	slices.SortStableFunc(all, func(a, b veiviser.Case) int {
		return cmp.Or(a.Opened.Compare(b.Opened), strings.Compare(a.ID, b.ID), a.Resolved.Compare(b.Resolved))
	})
	all = lastOf(all, func(c veiviser.Case) string { return c.ID })
	return room(all, veiviser.MaxCases, func(c *veiviser.Case) int {
		if c.Open() {
			return 1
		}
		return 0
	})
}

// orders unites what she waits for, oldest first, with the one that was first of all while it counts. Orders without an id are told
// apart by when they were placed, and for what. Of one that either has heard of, what has happened by either has happened.
func orders(all []veiviser.Order, r *veiviser.Relation) []veiviser.Order {
	slices.SortStableFunc(all, func(a, b veiviser.Order) int {
		return cmp.Or(a.Placed.Compare(b.Placed), cmp.Compare(a.ID, b.ID), strings.Compare(a.Subject, b.Subject))
	})
	out := all[:0]
	for _, o := range all {
		i := slices.IndexFunc(out, func(x veiviser.Order) bool {
			return x.ID == o.ID && (o.ID != 0 || x.Placed.Equal(o.Placed) && x.Subject == o.Subject)
		})
		if i < 0 {
			out = append(out, o)
			continue
		}
		x := &out[i]
		x.Late, x.Value, x.Delivered = x.Late || o.Late, max(x.Value, o.Value), earliest(x.Delivered, o.Delivered)
		if o.Promised.After(x.Promised) {
			x.Promised = o.Promised
		}
	}
	return room(out, veiviser.MaxOrders, func(o *veiviser.Order) int {
		if r.Handover.IsZero() && o.Placed.Equal(r.FirstOrder) {
			return 1
		}
		return 0
	})
}

// relation unites how far she has come: what was first is what was first under either identity.
func relation(a, b *veiviser.Relation) veiviser.Relation {
	out := *a
	out.FirstOrder, out.Handover = earliest(a.FirstOrder, b.FirstOrder), earliest(a.Handover, b.Handover)
	if out.Source == "" || !b.FirstOrder.IsZero() && out.FirstOrder.Equal(b.FirstOrder) && !a.FirstOrder.Equal(b.FirstOrder) && b.Source != "" {
		out.Source = b.Source
	}
	if out.Rung == "" {
		out.Rung, out.RungSince = b.Rung, b.RungSince
	}
	return out
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

// newest keeps the last of a list that is in order of time.
func newest[T any](all []T, most int) []T { return all[max(0, len(all)-most):] }

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
