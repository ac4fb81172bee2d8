package decide

import (
	"slices"

	"github.com/veiviser/veiviser/internal/eligible"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/rank"
	"github.com/veiviser/veiviser/internal/relation"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// relate looks at how far she has come with the shop: which step of recovery has come, and what winning her is worth.
func (c *choice) relate() {
	s := &c.visitor.Standing
	if len(s.Cases) > 0 {
		due := relation.Due(c.snap.Relation, s, c.in.Time, c.can, c.in.Showing...)
		c.hers.due, c.theirs.due = due, due
	}
	if c.in.Again != nil {
		c.margin = c.in.Again.Margin
		return
	}
	a := &c.snap.Relation.Acquisition
	if a.Weight > 0 && c.in.Degraded == "" && s.Relation.Phase() == veiviser.PhaseProspect {
		c.margin = relation.Margin(a, c.in.Customers, c.source, c.segments)
	}
}

// can reports whether an item of the recovery ladder may be shown to her anywhere: no wish of hers, no date, no stock and no rule keeps
// it away, whichever of her needs a placement looks at.
func (c *choice) can(id string) bool {
	facts := eligible.Facts{Visitor: c.visitor, Context: &c.context, Now: c.in.Time}
	q := plan.Query{
		Segments: c.segments, Now: c.in.Time, Facts: &facts, Bars: eligible.Wishes(&c.visitor.Standing, c.context.Channel, c.in.Time),
	}
	if len(c.needs) == 0 {
		return c.snap.Catalog.Available(id, &q)
	}
	for i := range c.needs {
		if facts.Need = &c.needs[i]; c.snap.Catalog.Available(id, &q) {
			return true
		}
	}
	return false
}

// relationship says for which items she is who they are made for. Without her record nobody knows how far she has come.
func (c *choice) relationship(p *plan.Placement) plan.Standing {
	s := &c.visitor.Standing
	who := plan.Standing{OpenCase: s.OpenCases(c.in.Time) > 0, First: c.side(p.Staff).due}
	if c.in.Degraded == "" {
		who.NextRung, who.Prospect = relation.NextRung(c.snap.Relation, s), s.Relation.Phase() == veiviser.PhaseProspect
	}
	return who
}

// helpFirst is what human help is worth more while something is to be put right: more than anything else can be.
const helpFirst = 1.0

// levers are what makes something more useful, or less, for what is between her and the shop.
func (c *choice) levers() []rank.Lever {
	var levers []rank.Lever
	if c.visitor.Standing.OpenCases(c.in.Time) > 0 {
		levers = append(levers, rank.Lever{Name: rank.LeverCase, Add: helpFirst, Kind: veiviser.KindService})
	}
	if add := relation.Lever(&c.snap.Relation.Acquisition, c.margin); add != 0 {
		levers = append(levers, rank.Lever{Name: rank.LeverAcquisition, Add: add, Acquires: true})
	}
	return levers
}

// servedBy is a hash of the decision by which an answer shows her an item; false when it does not: what an employee sees she has not
// seen.
func servedBy(a *veiviser.Answer, id string) (decision uint64, ok bool) {
	for i := range a.Decisions {
		d := &a.Decisions[i]
		if !d.Staff && slices.ContainsFunc(d.Choices, func(c veiviser.Choice) bool { return c.ItemID == id }) {
			return veiviser.HashID(d.ID), true
		}
	}
	return 0, false
}
