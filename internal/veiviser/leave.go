package veiviser

import (
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
// rungs but its own are left, and what was counted of each as of a person is counted once.
func JoinedSteps(into *Standing, of ...*Standing) []Step {
	return slices.Concat(ended(into, of...), recoveries(into, of...), customers(into, of...))
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

// recoveries counts out the recoveries by which a person is not counted any more.
func recoveries(into *Standing, of ...*Standing) []Step {
	var steps []Step
	for _, s := range of {
		for i := range s.Cases {
			c := &s.Cases[i]
			if !c.Counted || slices.ContainsFunc(into.Cases, func(x Case) bool { return x.ID == c.ID && x.Counted }) {
				continue
			}
			steps = append(steps, undo(c.Recovering()))
			if !c.Recovered.IsZero() {
				steps = append(steps, undo(c.CameBack()))
			}
		}
	}
	return steps
}

// customers counts somebody once who was counted as a first-time customer more than once: by the first order of all. What she has
// bought besides, as far as it is remembered, is counted there.
func customers(into *Standing, of ...*Standing) []Step {
	var steps []Step
	var first *Standing
	for _, s := range of {
		if first == nil && s.firstIs(into) {
			first = s
		}
	}
	if first == nil {
		return nil
	}
	one := *first
	one.Relation.Handover = into.Relation.Handover
	handedOver := !first.Relation.Handover.IsZero()
	for _, s := range of {
		if s == first || s.Relation.FirstOrder.IsZero() {
			continue
		}
		steps = append(steps, undo(s.FirstOrdered()))
		if !s.Relation.Handover.IsZero() {
			steps = append(steps, undo(s.HandedOver()))
			if !handedOver {
				handedOver = true
				steps = append(steps, one.HandedOver())
			}
		}
	}
	return append(steps, worths(into, first, of)...)
}

// worths counts the orders of several who became one, as far as they are remembered, as those of the one whose first order was first of all:
// each once, on the day on which it counts for her, as far as it has not come back under any of her identities.
func worths(into, first *Standing, of []*Standing) []Step {
	var steps []Step
	known := func(o *Order) *Order {
		if i := slices.IndexFunc(into.Orders, func(x Order) bool { return x.ID == o.ID }); i >= 0 {
			return &into.Orders[i]
		}
		return o // there was no room for it
	}
	counted := map[uint64]bool{}
	for _, s := range of {
		for i := range s.Orders {
			o := &s.Orders[i]
			now := known(o)
			switch {
			case !o.brings():
			case s == first && now.brings() && now.Value == o.Value && now.Placed.Equal(o.Placed):
				counted[o.ID] = true
			default:
				steps = append(steps, undo(s.WorthOf(o)))
			}
		}
	}
	for _, s := range of {
		for i := range s.Orders {
			if o := known(&s.Orders[i]); o.brings() && !counted[o.ID] {
				counted[o.ID] = true
				steps = append(steps, first.WorthOf(o))
			}
		}
	}
	return steps
}

// brings reports whether an order is worth something to the shop.
func (o *Order) brings() bool { return !o.Placed.IsZero() && o.Returned.IsZero() && o.Value != 0 }

// firstIs reports whether the first order is that of another standing.
func (s *Standing) firstIs(of *Standing) bool {
	a, b := &s.Relation, &of.Relation
	return !a.FirstOrder.IsZero() && a.FirstOrder.Equal(b.FirstOrder) && a.First == b.First
}

// FirstOrdered is the step that says that she ordered first, without what the order was worth.
func (s *Standing) FirstOrdered() Step {
	return Step{Kind: StepFirstOrder, Source: s.Relation.Source, Segments: s.Acquired, At: s.Relation.FirstOrder}
}

// HandedOver is the step that says that her first order was delivered right.
func (s *Standing) HandedOver() Step {
	r := &s.Relation
	return Step{Kind: StepHandover, Took: max(r.Handover.Sub(r.FirstOrder), 0), Source: r.Source, Segments: s.Acquired}
}

// WorthOf is the step that says what an order was worth, on the day on which it counts.
func (s *Standing) WorthOf(o *Order) Step {
	return Step{
		Kind: StepWorth, Source: s.Relation.Source, Segments: s.Acquired, Value: o.Value, Took: max(o.Placed.Sub(s.Relation.FirstOrder), 0),
	}
}

// Closed is the step that says that a case is forgotten.
func (c *Case) Closed() Step {
	return Step{Kind: StepCaseClosed, About: c.ID, Cause: c.Cause, Subject: c.Subject, At: c.Due}
}

// Recovering is the step that says that the recovery of a case began.
func (c *Case) Recovering() Step {
	return Step{Kind: StepRecovering, About: c.ID, Cause: c.Cause, Subject: c.Subject, Group: c.Ladder, Drawn: c.Drawn, At: c.Resolved}
}

// CameBack is the step that says that she came back after a case.
func (c *Case) CameBack() Step {
	s := c.Recovering()
	s.Kind, s.To, s.Took = StepRecovered, c.RecoveredBy, c.Recovered.Sub(c.Resolved)
	return s
}

func undo(s Step) Step {
	s.Undo = true
	return s
}
