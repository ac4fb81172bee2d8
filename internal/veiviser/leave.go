package veiviser

import (
	"reflect"
	"slices"
)

// Left is what the learner is told when a standing is no more: its open cases are closed, its rung is left, and no order of hers is
// waited for. What was counted of her stays counted.
func (s *Standing) Left() []Step {
	steps := ended(&Standing{}, s)
	if !s.NextPromise().IsZero() {
		steps = append(steps, Step{Kind: StepPromised})
	}
	return steps
}

// JoinedSteps is what the learner is told when standings have become one: the open cases that are not in it any more are closed, all
// rungs but its own are left, and what was counted of each as of a person is counted once, as what the one is.
func JoinedSteps(into *Standing, of ...*Standing) []Step {
	var was []Step
	now, lost := into.counted(into.Orders), []Order(nil)
	for _, s := range of {
		was = append(was, s.counted(s.Orders)...)
		for i := range s.Orders {
			o := &s.Orders[i]
			other := func(x Order) bool { return x.ID == o.ID }
			if !slices.ContainsFunc(into.Orders, other) && !slices.ContainsFunc(lost, other) { // there was no room for it
				lost = append(lost, *o)
			}
		}
	}
	for i := range lost {
		if lost[i].brings() && !into.Relation.FirstOrder.IsZero() {
			now = append(now, into.WorthOf(&lost[i]))
		}
	}
	return append(ended(into, of...), difference(was, now)...)
}

// counted is as what the learner has counted somebody, with the orders that are remembered of her.
func (s *Standing) counted(orders []Order) []Step {
	var steps []Step
	if r := &s.Recovery; r.Counts() {
		steps = append(steps, r.Begun())
		if !r.Recovered.IsZero() {
			steps = append(steps, r.CameBack())
		}
	}
	if s.Relation.FirstOrder.IsZero() {
		return steps
	}
	steps = append(steps, s.FirstOrdered())
	if !s.Relation.Handover.IsZero() {
		steps = append(steps, s.HandedOver())
	}
	for i := range orders {
		if o := &orders[i]; o.brings() {
			steps = append(steps, s.WorthOf(o))
		}
	}
	return steps
}

// difference undoes what was counted and is not so any more, and counts what is.
func difference(was, now []Step) []Step {
	var steps []Step
	for i := range was {
		same := func(s Step) bool { return reflect.DeepEqual(s, was[i]) }
		if k := slices.IndexFunc(now, same); k >= 0 {
			now = slices.Delete(now, k, k+1)
		} else {
			steps = append(steps, Undone(was[i]))
		}
	}
	return append(steps, now...)
}

// ended closes the open cases that are not in a standing any more, and leaves all rungs but its own.
func ended(into *Standing, of ...*Standing) []Step {
	var steps []Step
	own := into.Relation.Rung
	for _, s := range of {
		for i := range s.Cases {
			c := &s.Cases[i]
			if c.Open() && !slices.ContainsFunc(into.Cases, func(x Case) bool { return x.ID == c.ID && x.Open() }) {
				steps = append(steps, c.Closed())
			}
		}
		switch r := s.Relation.Rung; r {
		case "":
		case own:
			own = "" // one of those who stood on it still does
		default:
			steps = append(steps, Step{Kind: StepLeft, From: r})
		}
	}
	return steps
}

// brings reports whether an order is worth something to the shop.
func (o *Order) brings() bool { return !o.Placed.IsZero() && o.Returned.IsZero() && o.Value != 0 }

// FirstOrdered is the step that says that she ordered first, without what the order was worth.
func (s *Standing) FirstOrdered() Step {
	return Step{Kind: StepFirstOrder, Source: s.Acquired.Source, Segments: s.Acquired.Segments, At: s.Relation.FirstOrder}
}

// HandedOver is the step that says that her first order was delivered right.
func (s *Standing) HandedOver() Step {
	r := &s.Relation
	return Step{Kind: StepHandover, Took: max(r.Handover.Sub(r.FirstOrder), 0), Source: s.Acquired.Source, Segments: s.Acquired.Segments}
}

// WorthOf is the step that says what an order was worth, on the day on which it counts.
func (s *Standing) WorthOf(o *Order) Step {
	return Step{
		Kind: StepWorth, Source: s.Acquired.Source, Segments: s.Acquired.Segments, Value: o.Value, Took: max(o.Placed.Sub(s.Relation.FirstOrder), 0),
	}
}

// Closed is the step that says that a case is forgotten.
func (c *Case) Closed() Step {
	return Step{Kind: StepCaseClosed, About: c.ID, Cause: c.Cause, Subject: c.Subject, At: c.Due}
}

// Counts reports whether somebody is counted by a recovery.
func (r *Recovering) Counts() bool { return r.Group != GroupUnknown && !r.Mixed }

// Begun is the step that says that the recovery began.
func (r *Recovering) Begun() Step {
	return Step{Kind: StepRecovering, Group: r.Group, Drawn: r.Drawn, At: r.Began}
}

// CameBack is the step that says that she came back.
func (r *Recovering) CameBack() Step {
	return Step{Kind: StepRecovered, Group: r.Group, Drawn: r.Drawn, At: r.Began, To: r.By, Took: r.Recovered.Sub(r.Began)}
}

// Undone is a step that turned out not to be so.
func Undone(s Step) Step {
	s.Undo = true
	return s
}
