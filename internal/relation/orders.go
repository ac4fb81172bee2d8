package relation

import (
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// ToldBefore reports whether an event tells of a purchase that was told before, by another sender or under another event id: an order
// is bought once.
func ToldBefore(s *veiviser.Standing, e *veiviser.Event) bool {
	if e.Type != veiviser.EventPurchase {
		return false
	}
	o := known(s, e)
	return o != nil && !o.Placed.IsZero()
}

// named is the ID of the order that an event names, 0 for none.
func named(e *veiviser.Event) uint64 { return veiviser.HashID(e.Attributes[attributeOrder]) }

// known is the order that an event names, nil when it names none that is remembered.
func known(s *veiviser.Standing, e *veiviser.Event) *veiviser.Order {
	id := named(e)
	if id == 0 {
		return nil
	}
	for i := range s.Orders {
		if o := &s.Orders[i]; o.ID == id {
			return o
		}
	}
	return nil
}

// meant is the order that the event is about: the one it names, or else the oldest about its subject, or else, when it names none, the
// oldest; nil for none. Only those are looked at that one of the conditions holds for, the ones of the first before the others. Of an
// order with an id of its own nothing is heard by another.
func (f *folding) meant(may ...func(*veiviser.Order) bool) *veiviser.Order {
	if o := known(f.s, f.e); o != nil {
		return o
	}
	byID := named(f.e) != 0
	oldest := func(also func(*veiviser.Order) bool) *veiviser.Order {
		for _, ok := range may {
			for i := range f.s.Orders {
				if o := &f.s.Orders[i]; ok(o) && also(o) {
					return o
				}
			}
		}
		return nil
	}
	o := oldest(func(o *veiviser.Order) bool {
		return f.e.Subject != "" && o.Subject == f.e.Subject && !(byID && o.Named)
	})
	if o == nil && !byID {
		o = oldest(anyOrder)
	}
	return o
}

func anyOrder(*veiviser.Order) bool { return true }

// arrived reports whether she has an order.
func arrived(o *veiviser.Order) bool { return !o.Delivered.IsZero() && o.Returned.IsZero() }

// outstanding reports whether an order has not arrived yet. One that nobody waits for counts only where nobody waits for any.
func (f *folding) outstanding(o *veiviser.Order) bool {
	return o.Delivered.IsZero() && o.Returned.IsZero() && (!f.policy.Deliveries || !o.Promised.IsZero())
}

// hearOf is the order that the event names, or is itself, remembered from here on. What matters least makes room.
func (f *folding) hearOf() *veiviser.Order {
	s, id := f.s, named(f.e)
	x := veiviser.Order{ID: id, Named: id != 0, Subject: f.e.Subject}
	if !x.Named {
		x.ID = veiviser.HashID("event\x00" + f.e.ID + "\x00" + f.e.Time.UTC().Format(time.RFC3339Nano))
	}
	s.Orders = append(room(s.Orders, veiviser.MaxOrders-1, func(o *veiviser.Order) int { return weight(o, &s.Relation) }), x)
	return &s.Orders[len(s.Orders)-1]
}

// weight is how much it matters that an order stays remembered: the first order until it was delivered right before those she waits
// for, and these before those that are over.
func weight(o *veiviser.Order, r *veiviser.Relation) int {
	switch {
	case o.ID == r.First && r.Handover.IsZero() && o.Returned.IsZero():
		return 2
	case o.Waited():
		return 1
	default:
		return 0
	}
}

// inTime takes back what was held against an order that has come, or was sent back, in time after all: it gives the cases that are no
// more.
func inTime(s *veiviser.Standing, o *veiviser.Order) (gone []veiviser.Case) {
	if over := earliest(o.Delivered, o.Returned); over.IsZero() || over.After(o.Promised) {
		return nil
	}
	s.Cases = slices.DeleteFunc(s.Cases, func(c veiviser.Case) bool {
		late := c.Open() && c.Cause == veiviser.CaseLate && c.Order == o.ID
		if late {
			gone = append(gone, c)
		}
		return late
	})
	if len(gone) > 0 {
		o.Late = false
	}
	return gone
}
