package veiviser

import "slices"

// Left is what the learner is told when a standing is no more: its open cases are closed, its rung is left, and no order of hers is
// waited for.
func (s *Standing) Left() []Step {
	steps := JoinedSteps(&Standing{}, s)
	if !s.NextPromise().IsZero() {
		steps = append(steps, Step{Kind: StepPromised})
	}
	return steps
}

// JoinedSteps is what the learner is told when standings have become one: the open cases that are not in it any more are closed, and
// all rungs but its own are left.
func JoinedSteps(into *Standing, of ...*Standing) []Step {
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

// Closed is the step that says that a case is forgotten.
func (c *Case) Closed() Step {
	return Step{Kind: StepCaseClosed, About: c.ID, Cause: c.Cause, Subject: c.Subject, At: c.Due}
}
