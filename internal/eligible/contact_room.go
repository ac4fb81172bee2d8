package eligible

import (
	"slices"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// MaxGroups is how many groups the items of a slate may be in.
const MaxGroups = 64

// Room is how much may be shown at once of what must not be shown together without bound. Its zero value has room for nothing.
type Room struct {
	// Slots is how many items may be shown at most.
	Slots int
	// Left is how many items of each group may be shown; 0 where what the answer shows already has taken all the room.
	Left []int
	// Groups are those of each item; nil when there are none.
	Groups []uint64
}

// bound makes a group of items of which at most left may be shown. What no group is left for bounds the slots instead.
func (r *Room) bound(n, left int, in func(k int) bool) {
	members := 0
	for k := range n {
		if in(k) {
			members++
		}
	}
	left = max(left, 0)
	if members <= left || left >= r.Slots {
		return
	}
	if len(r.Left) == MaxGroups {
		r.Slots = min(r.Slots, left)
		return
	}
	if r.Groups == nil {
		r.Groups = make([]uint64, n)
	}
	for k := range n {
		if in(k) {
			r.Groups[k] |= 1 << len(r.Left)
		}
	}
	r.Left = append(r.Left, left)
}

// Room bounds the slate of a placement by what caps and the budget have room for yet. item gives the n items it is chosen from,
// none of which is barred.
func (t *Tally) Room(r *Room, p *veiviser.Placement, channel string, n int, item func(k int) *veiviser.Item) {
	if t == nil || p.Staff {
		return
	}
	c, takes := t.policy, attention(p)
	budget := c.budget.Amount > 0 && takes > 0
	if left := max((c.budget.Amount-t.spent)/max(takes, 1), 0); budget && len(t.screen) == 0 {
		r.Slots = min(r.Slots, left)
	} else if budget && left < r.Slots {
		r.bound(n, left, func(k int) bool { s := t.staying(item(k).ID, p.ID); return s == nil || !s.budget })
	}
	here := c.at(p.ID, channel).and(&t.whose)
	if places, full := t.crowded(r.Slots); full {
		r.bound(n, places.free, func(k int) bool { return t.takesPlace(item(k), p, channel, places) })
	}
	for i := range here.each {
		// Contacts of one item are no matter: it is shown once in an answer.
		if cp := &c.caps[i]; cp.Per != veiviser.PerItem && cp.Limit-int(t.counts[i]) < r.Slots {
			t.bound(r, i, p.ID, channel, n, item)
		}
	}
}

func (t *Tally) ofItem(it *veiviser.Item) capSet {
	if it.Duty.Passes(veiviser.DutyTransactional) {
		return capSet{}
	}
	return t.policy.of(it.ID, it.Kind, it.Topics)
}

// bound makes the groups of one cap.
func (t *Tally) bound(r *Room, i int, place, channel string, n int, item func(k int) *veiviser.Item) {
	c := &t.policy.caps[i]
	in := make([]bool, n)
	for k := range n {
		s, on := t.ofItem(item(k)), t.staying(item(k).ID, place)
		in[k] = s.has(i) && (on == nil || !on.caps.has(i))
	}
	switch c.Per {
	case veiviser.PerKind:
		var met [5]bool
		for k := range n {
			kind := item(k).Kind
			if !in[k] || met[kindOf(kind)] {
				continue
			}
			met[kindOf(kind)] = true
			left := c.Limit - t.used(i, func(x *veiviser.Contact) bool { return x.Kind == kind })
			r.bound(n, left, func(k int) bool { return in[k] && item(k).Kind == kind })
		}
	case veiviser.PerTopic:
		var met []string
		for k := range n {
			if !in[k] {
				continue
			}
			for _, v := range c.values(item(k).Topics) {
				if slices.Contains(met, v) {
					continue
				}
				met = append(met, v)
				left := c.Limit - t.used(i, func(x *veiviser.Contact) bool { return slices.Contains(c.values(x.Topics), v) })
				r.bound(n, left, func(k int) bool { return in[k] && slices.Contains(c.values(item(k).Topics), v) })
			}
		}
	case veiviser.PerChannel:
		left := c.Limit - t.used(i, func(x *veiviser.Contact) bool { return x.Channel == channel })
		r.bound(n, left, func(k int) bool { return in[k] })
	default:
		r.bound(n, c.Limit-int(t.counts[i]), func(k int) bool { return in[k] })
	}
}

// Fits reports whether one item may be shown on a placement beside all that is counted.
func (t *Tally) Fits(it *veiviser.Item, p *veiviser.Placement, channel string) bool {
	if t == nil || p.Staff || it.Duty.Passes(veiviser.DutyTransactional) {
		return true
	}
	c, takes := t.policy, attention(p)
	here := c.at(p.ID, channel).and(&t.whose)
	here = here.and(new(t.ofItem(it)))
	budget := c.budget.Amount > 0 && takes > 0
	if here.empty() && !budget {
		return true
	}
	if on := t.staying(it.ID, p.ID); on != nil {
		here, budget = here.not(&on.caps), budget && !on.budget
	}
	if t.unknown || budget && t.spent+takes > c.budget.Amount {
		return false
	}
	if places, full := t.crowded(1); full && t.takesPlace(it, p, channel, places) {
		return false
	}
	for i := range here.each {
		if int(t.counts[i]) >= c.caps[i].Limit && t.full(i, it, channel) {
			return false
		}
	}
	return true
}

// full reports whether a cap has no room for an item.
func (t *Tally) full(i int, it *veiviser.Item, channel string) bool {
	c := &t.policy.caps[i]
	such := func(*veiviser.Contact) bool { return true }
	switch c.Per {
	case veiviser.PerItem:
		such = func(x *veiviser.Contact) bool { return x.ItemID == it.ID }
	case veiviser.PerKind:
		such = func(x *veiviser.Contact) bool { return x.Kind == it.Kind }
	case veiviser.PerChannel:
		such = func(x *veiviser.Contact) bool { return x.Channel == channel }
	case veiviser.PerTopic:
		return slices.ContainsFunc(c.values(it.Topics), func(v string) bool {
			return t.used(i, func(x *veiviser.Contact) bool { return slices.Contains(c.values(x.Topics), v) }) >= c.Limit
		})
	}
	return t.used(i, such) >= c.Limit
}
