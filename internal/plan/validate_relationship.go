package plan

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// What a relationship may hold at most; relationship.proto says the same.
const (
	maxRungs         = 16
	maxTiers         = 16
	maxRecoverySteps = 16
	maxStepItems     = 16
	maxRecoveryTypes = 16
	maxCosts         = 256
)

// relationships checks what the plan says about relationships and about winning people.
func (c *checker) relationships() {
	r := &c.plan.Relationship
	c.notNegative("relationship.deliver_within", r.DeliverWithin)
	c.notNegative("relationship.respond_within", r.RespondWithin)
	c.recovery("relationship.recovery", &r.Recovery)
	c.atMost("relationship.rungs", len(r.Rungs), maxRungs, "rungs")
	var rungs, tiers register
	for i := range r.Rungs {
		rungs.add(r.Rungs[i].ID, i)
	}
	for i := range r.Rungs[:min(len(r.Rungs), maxLooked)] {
		c.rung(fmt.Sprintf("relationship.rungs[%d]", i), &r.Rungs[i], i, &rungs)
	}
	c.atMost("relationship.tiers", len(r.Tiers), maxTiers, "tiers")
	for i := range r.Tiers {
		tiers.add(r.Tiers[i].ID, i)
	}
	for i := range r.Tiers[:min(len(r.Tiers), maxLooked)] {
		t := &r.Tiers[i]
		at := fmt.Sprintf("relationship.tiers[%d]", i)
		c.id(at, t.ID, i, tiers.index, "tier")
		c.text(at+".name", t.Name, 200)
		c.weight(at+".from", t.From)
		if i > 0 && !(t.From > r.Tiers[i-1].From) {
			c.fail(at+".from", "must be above that of the tier before, which is %v", r.Tiers[i-1].From)
		}
	}
	for i := range c.plan.Items {
		c.made(fmt.Sprintf("items[%d]", i), &c.plan.Items[i], &rungs)
	}
	c.winning("acquisition", &c.plan.Acquisition)
}

// recovery checks what follows when a case is put right.
func (c *checker) recovery(at string, r *veiviser.Recovery) {
	if r.Control != nil {
		c.within(at+".control_share", *r.Control, 0, 1)
	}
	c.notNegative(at+".window", r.Window)
	c.atMost(at+".outcomes", len(r.Outcomes), maxRecoveryTypes, "event types")
	c.words(at+".outcomes", "event type", r.Outcomes, c.eventTypes)
	c.atMost(at+".steps", len(r.Steps), maxRecoverySteps, "steps")
	window := veiviser.Relationship{Recovery: *r}.WithDefaults().Recovery.Window
	var before time.Duration
	for i := range r.Steps[:min(len(r.Steps), maxLooked)] {
		s := &r.Steps[i]
		field := fmt.Sprintf("%s.steps[%d]", at, i)
		switch {
		case s.After < before:
			c.fail(field+".after", "must not come before the step above it, which is due after %v", before)
		case s.After > window:
			c.fail(field+".after", "is %v, but the recovery is over after %v", s.After, window)
		}
		before = max(before, s.After)
		c.atLeastOne(field+".item_ids", len(s.Items), "item")
		c.atMost(field+".item_ids", len(s.Items), maxStepItems, "items")
		for k, id := range s.Items[:min(len(s.Items), maxLooked)] {
			c.stepItem(fmt.Sprintf("%s.item_ids[%d]", field, k), id)
		}
	}
}

// stepItem checks that an item of a step is there and can be shown.
func (c *checker) stepItem(at, id string) {
	i, ok := c.items.index[id]
	if !ok {
		c.fail(at, "%s", c.unknown("item", id, c.items.names))
		return
	}
	if c.plan.Items[i].Care {
		c.fail(at, "the item %q is for people with an open case (care), and steps come when the case is put right", id)
		return
	}
	why := "there is no placement"
	for k := range c.plan.Placements {
		p := &c.plan.Placements[k]
		place := &Placement{Placement: p}
		if why = c.unfit(place, i); why == "" {
			return
		}
	}
	c.fail(at, "could never be shown on any placement: the item %s", why)
}

// rung checks a rung of the loyalty ladder.
func (c *checker) rung(at string, r *veiviser.Rung, i int, rungs *register) {
	c.id(at, r.ID, i, rungs.index, "rung")
	c.text(at+".name", r.Name, 200)
	if r.Promote == "" {
		c.fail(at+".promote", "a rung needs a rule that says who climbs it, such as visitor.count('purchase') >= 2")
	} else {
		c.rule(at+".promote", r.Promote, false)
	}
	if r.Keep != "" {
		c.rule(at+".keep", r.Keep, false)
	}
}

// made checks whom an item is made for.
func (c *checker) made(at string, it *veiviser.Item, rungs *register) {
	if it.TowardRung != "" && !rungs.has(it.TowardRung) {
		c.fail(at+".toward_rung", "%s", c.unknown("rung", it.TowardRung, rungs.names))
	}
	if it.Care && it.Kind == veiviser.KindOffer && it.Duty != veiviser.DutyMandatory {
		c.fail(at+".care", "nothing is sold while a case is open, so that an offer for those who have one is never shown")
	}
}

// winning checks what the plan says about winning people.
func (c *checker) winning(at string, a *veiviser.Acquisition) {
	c.notNegative(at+".window", a.Window)
	c.within(at+".weight", a.Weight, 0, 1)
	c.weight(at+".scale", a.Scale)
	if math.IsNaN(a.Quality) || math.IsInf(a.Quality, 0) {
		c.fail(at+".quality", "must be a number, is %v", a.Quality)
	}
	c.weight(at+".strength", a.Strength)
	c.atMost(at+".costs", len(a.Costs), maxCosts, "costs")
	for i := range a.Costs[:min(len(a.Costs), maxLooked)] {
		x := &a.Costs[i]
		field := fmt.Sprintf("%s.costs[%d]", at, i)
		c.atMost(field+".source", len(x.Source), veiviser.MaxNameBytes, "bytes")
		if x.Segment != "" && !c.segments.has(x.Segment) {
			c.fail(field+".segment", "%s", c.unknown("segment", x.Segment, c.segments.names))
		}
		c.weight(field+".cost", x.Cost)
		if slices.ContainsFunc(a.Costs[:i], func(y veiviser.AcquisitionCost) bool { return y.Source == x.Source && y.Segment == x.Segment }) {
			c.fail(field, "there is another cost for the same source and segment")
		}
	}
}
