package eligible

import (
	"slices"
	"strings"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Tally counts the contacts of one person for one answer. It belongs to one goroutine, and is given back with Release.
type Tally struct {
	policy *Contact
	now    time.Time
	counts [MaxCaps]uint32
	seen   []counted
	spent  int
	// kept is how many of her contacts must be remembered, unless some are counted as one.
	kept int
	// screen is what is on her screen already.
	screen []stay
	// whose are the caps that hold for her: those of accounts only for who has one.
	whose capSet
	// last is where the contact before was: most are in few places.
	last spot
	// unknown is true when nobody knows what she was shown.
	unknown bool
}

// spot is where something was shown, with the caps that look there.
type spot struct {
	id, channel string
	known       bool
	caps        capSet
}

// counted is a contact that counts, with the caps that count it. It is kept when it is one of hers that must be remembered.
type counted struct {
	contact      *veiviser.Contact
	caps         capSet
	budget, kept bool
}

// Tally counts what a person was shown. account is the standing of the company she acts for, nil for none. showing are hashes
// of the decisions on her screen: what they show counts, and takes no room a second time when it is shown on in its place.
// unknown is for answers without her history: then whatever could be bounded is.
// It is nil when the policy bounds nothing.
func (c *Contact) Tally(s, account *veiviser.Standing, showing []uint64, now time.Time, unknown bool) *Tally {
	if !c.Bounds() {
		return nil
	}
	t, ok := c.tallies.Get().(*Tally)
	if !ok {
		t = &Tally{policy: c}
	}
	clear(t.counts[:len(c.caps)])
	t.now, t.seen, t.spent, t.kept, t.unknown = now, t.seen[:0], 0, 0, unknown
	t.whose, t.last, t.screen = c.all, spot{}, t.screen[:0]
	if account == nil && !unknown {
		t.whose = t.whose.not(&c.account)
	}
	t.addAll(s.Contacts, showing, true, false)
	if account != nil {
		t.addAll(account.Contacts, showing, false, true)
	}
	return t
}

// addAll counts contacts, and notes which are of what is on her screen.
func (t *Tally) addAll(contacts []veiviser.Contact, showing []uint64, hers, account bool) {
	for i := range contacts {
		x := &contacts[i]
		was := t.add(x, hers, account, nil)
		if x.Decision != 0 && slices.Contains(showing, x.Decision) && x.Counts(t.now) {
			t.stays(x, was)
		}
	}
}

// Release gives the tally back; nil is allowed.
func (t *Tally) Release() {
	if t == nil {
		return
	}
	clear(t.seen)
	t.policy.tallies.Put(t)
}

// Add counts what the answer itself is about to show. It keeps x, which must not change.
func (t *Tally) Add(x *veiviser.Contact) { t.add(x, true, true, t.staying(x.ItemID, x.Placement)) }

// add counts a contact of hers, of her account's, or of both, beside what was counted of it already, and says by what it is
// counted.
func (t *Tally) add(x *veiviser.Contact, hers, account bool, before *stay) (by stay) {
	if !x.Counts(t.now) {
		return by
	}
	c, age := t.policy, t.now.Sub(x.Time)
	if !t.last.known || t.last.id != x.Placement || t.last.channel != x.Channel {
		t.last = spot{x.Placement, x.Channel, true, c.at(x.Placement, x.Channel)}
	}
	s := c.matchingAt(x, &t.last.caps).from(c.younger(age))
	own := s.not(&c.account)
	by.kept = hers && (!own.empty() || c.budget.Amount > 0 && x.Attention > 0 && age < c.budget.Window)
	kept := by.kept && (before == nil || !before.kept)
	if age < 0 { // it was shown later than this is decided: a window that holds both is short of room, too
		s = s.from(c.younger(-age))
	}
	s = s.and(&t.whose)
	if !account {
		s = s.not(&c.account)
	}
	if !hers {
		s = s.and(&c.account)
	}
	by.caps, by.budget = s, hers && x.Attention > 0 && age.Abs() < c.budget.Window
	budget := by.budget
	if before != nil {
		s, budget = s.not(&before.caps), budget && !before.budget
	}
	if budget {
		t.spent += int(x.Attention) * x.Count()
	}
	if s.empty() && !budget && !kept {
		return by
	}
	for i := range s.each {
		t.counts[i] += uint32(x.Count())
	}
	if kept {
		t.kept++
	}
	t.seen = append(t.seen, counted{contact: x, caps: s, budget: budget, kept: kept})
	return by
}

// Bars appends the bars that caps and the budget put up on a placement: the budget first, then the caps by their windows.
func (t *Tally) Bars(bars []veiviser.Bar, p *veiviser.Placement, channel string) []veiviser.Bar {
	if t == nil || p.Staff {
		return bars
	}
	c, takes := t.policy, attention(p)
	if c.budget.Amount > 0 && takes > 0 && (t.unknown || t.spent+takes > c.budget.Amount) {
		bars = append(bars, veiviser.Bar{
			Reason: veiviser.ExcludedBudget, Until: t.affordable(c.budget.Amount - takes), Passes: veiviser.DutyTransactional,
			Except: t.free(p.ID, func(s *stay) bool { return s.budget }),
		})
	}
	for i := range c.at(p.ID, channel).and(&t.whose).each {
		if t.unknown || int(t.counts[i]) >= c.caps[i].Limit {
			bars = t.bar(bars, i, p.ID, channel)
		}
	}
	return t.memory(bars, p, channel)
}

// bar appends the bar of a cap that may be full.
func (t *Tally) bar(bars []veiviser.Bar, i int, place, channel string) []veiviser.Bar {
	r := &t.policy.caps[i]
	b := veiviser.Bar{
		Reason: veiviser.ExcludedCapped, About: r.ID, Passes: veiviser.DutyTransactional, Kinds: r.Kinds, Items: r.Items,
		Topics: r.Topics, Except: t.free(place, func(s *stay) bool { return s.caps.has(i) }),
	}
	if t.unknown {
		return append(bars, b)
	}
	var until time.Time
	switch r.Per {
	case veiviser.PerItem:
		b.Items, until = t.spentBy(i, func(x *veiviser.Contact) []string { return []string{x.ItemID} })
	case veiviser.PerTopic:
		b.Topics, until = t.spentBy(i, func(x *veiviser.Contact) []string { return r.values(x.Topics) })
		b.Exact = true
	case veiviser.PerKind:
		var kinds []string
		kinds, until = t.spentBy(i, func(x *veiviser.Contact) []string { return []string{string(x.Kind)} })
		b.Kinds = nil
		for _, k := range kinds {
			b.Kinds = append(b.Kinds, veiviser.ItemKind(k))
		}
		if len(kinds) == 0 {
			return bars
		}
	case veiviser.PerChannel:
		if t.used(i, func(x *veiviser.Contact) bool { return x.Channel == channel }) < r.Limit {
			return bars
		}
		until = t.reopens(i, func(x *veiviser.Contact) bool { return x.Channel == channel })
	default:
		until = t.reopens(i, func(*veiviser.Contact) bool { return true })
	}
	if r.Per == veiviser.PerItem && len(b.Items) == 0 || r.Per == veiviser.PerTopic && len(b.Topics) == 0 {
		return bars
	}
	b.Until = until
	return append(bars, b)
}

// values are the topics that a cap counts by themselves, each once: those it is about.
func (r *capRule) values(topics []string) []string {
	var out []string
	for _, topic := range topics {
		if v := strings.TrimSuffix(topic, "/*"); veiviser.AnySubjectMatches(r.Topics, topic) && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// spentBy are the values of which a cap allows no more, and when the first of them is allowed again.
func (t *Tally) spentBy(i int, values func(*veiviser.Contact) []string) (list []string, until time.Time) {
	counts, limit := map[string]int{}, t.policy.caps[i].Limit
	for k := range t.seen {
		if x := t.seen[k].contact; t.seen[k].caps.has(i) {
			for _, v := range values(x) {
				if before := counts[v]; before < limit && before+x.Count() >= limit {
					list = append(list, v)
				}
				counts[v] += x.Count()
			}
		}
	}
	for _, v := range list {
		at := t.reopens(i, func(x *veiviser.Contact) bool { return slices.Contains(values(x), v) })
		if until.IsZero() || at.Before(until) {
			until = at
		}
	}
	return list, until
}

// used is how many of the showings that a cap counts are such.
func (t *Tally) used(i int, such func(*veiviser.Contact) bool) int {
	n := 0
	for k := range t.seen {
		if t.seen[k].caps.has(i) && such(t.seen[k].contact) {
			n += t.seen[k].contact.Count()
		}
	}
	return n
}

// reopens is when so many of the showings that a cap counts have left its window that there is room for one.
func (t *Tally) reopens(i int, such func(*veiviser.Contact) bool) time.Time {
	r := &t.policy.caps[i]
	var leave []time.Time
	for k := range t.seen {
		if x := &t.seen[k]; x.caps.has(i) && such(x.contact) {
			for range min(x.contact.Count(), r.Limit) { // more change nothing
				leave = append(leave, leaves(x.contact, r.Window))
			}
		}
	}
	if len(leave) < r.Limit {
		return time.Time{}
	}
	slices.SortFunc(leave, time.Time.Compare)
	return leave[len(leave)-r.Limit]
}

// leaves is when a contact is not counted any more in a window.
func leaves(x *veiviser.Contact, window time.Duration) time.Time {
	at := x.Time.Add(window)
	if !x.Until.IsZero() && x.Until.Before(at) {
		return x.Until
	}
	return at
}

// affordable is when no more than an amount of attention is spent; zero is unknown.
func (t *Tally) affordable(amount int) time.Time {
	if t.unknown || amount < 0 {
		return time.Time{}
	}
	type spending struct {
		at    time.Time
		units int
	}
	var list []spending
	for k := range t.seen {
		if x := &t.seen[k]; x.budget {
			list = append(list, spending{leaves(x.contact, t.policy.budget.Window), int(x.contact.Attention) * x.contact.Count()})
		}
	}
	slices.SortFunc(list, func(a, b spending) int { return a.at.Compare(b.at) })
	for left, k := t.spent, 0; k < len(list); k++ {
		if left -= list[k].units; left <= amount {
			return list[k].at
		}
	}
	return time.Time{}
}
