package eligible

import (
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// places are where showings can be remembered when there is little room left: what counts for good and shows the same in the same
// place takes one place together; see [veiviser.FoldContacts].
type places struct {
	// until is when each of those that are shared is free again.
	until map[veiviser.Shown]time.Time
	// single are those of what is only reserved.
	single []time.Time
	// free is how many are left.
	free int
}

// crowded reports whether there is no room to remember some more showings one by one, and what room there is then.
func (t *Tally) crowded(more int) (p places, full bool) {
	if veiviser.MaxContacts-t.kept >= more {
		return p, false
	}
	p.until = map[veiviser.Shown]time.Time{}
	for i := range t.seen {
		x := t.seen[i].contact
		switch at := t.leaves(x); {
		case !t.seen[i].kept:
		case !x.Until.IsZero():
			p.single = append(p.single, at)
		default:
			if shown := x.Shown(); at.After(p.until[shown]) {
				p.until[shown] = at
			}
		}
	}
	p.free = veiviser.MaxContacts - len(p.until) - len(p.single)
	return p, p.free < more
}

// leaves is when a contact needs not be remembered any more.
func (t *Tally) leaves(x *veiviser.Contact) time.Time {
	at := t.policy.Keep(x)
	if !x.Until.IsZero() && x.Until.Before(at) {
		return x.Until
	}
	return at
}

// reopens is when there is a place again.
func (p *places) reopens() time.Time {
	all := slices.Clone(p.single)
	for _, at := range p.until {
		all = append(all, at)
	}
	slices.SortFunc(all, time.Time.Compare)
	return all[len(all)-veiviser.MaxContacts]
}

// takesPlace reports whether showing an item on a placement takes a place of its own.
func (t *Tally) takesPlace(it *veiviser.Item, p *veiviser.Placement, channel string, room places) bool {
	c := t.policy
	here := t.ofItem(it)
	if here = here.and(new(t.own(p, channel))); here.empty() && (c.budget.Amount <= 0 || attention(p) == 0) {
		return false
	}
	if on := t.staying(it.ID, p.ID); on != nil && on.kept {
		return false
	}
	x := c.Of(it, p, channel, t.now, 0)
	_, shared := room.until[x.Shown()]
	return !shared || !x.Until.IsZero()
}

// own are the caps that look at a placement and at what she was shown herself.
func (t *Tally) own(p *veiviser.Placement, channel string) capSet {
	return t.policy.at(p.ID, channel).not(&t.policy.account)
}

// memory appends the bars of what would not be remembered: a showing that is not counted would let a cap be exceeded.
func (t *Tally) memory(bars []veiviser.Bar, p *veiviser.Placement, channel string) []veiviser.Bar {
	room, full := t.crowded(1)
	if !full || t.unknown {
		return bars
	}
	b := veiviser.Bar{Reason: veiviser.ExcludedMemory, Passes: veiviser.DutyTransactional, Until: room.reopens()}
	b.Except = t.free(p.ID, func(s *stay) bool { return s.kept })
	for shown := range room.until {
		if shown.Placement == p.ID && shown.Channel == channel && !p.Impressions {
			b.Except = append(b.Except, shown.Item)
		}
	}
	slices.Sort(b.Except)
	if c := t.policy; c.budget.Amount > 0 && attention(p) > 0 {
		return append(bars, b)
	}
	for i := range t.own(p, channel).each {
		r := &t.policy.caps[i]
		b.Kinds, b.Items, b.Topics = r.Kinds, r.Items, r.Topics
		bars = append(bars, b)
	}
	return bars
}
