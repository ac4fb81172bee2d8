package plan

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/veiviser/veiviser/internal/stage"
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

	leastRelationTime = time.Minute
	maxRelationTime   = 365 * 24 * time.Hour
)

// relationships checks what the plan says about relationships and about winning people.
func (c *checker) relationships() {
	r := &c.plan.Relationship
	c.relationTime("relationship.deliver_within", r.DeliverWithin)
	c.relationTime("relationship.respond_within", r.RespondWithin)
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

// relationTime checks a time that the shop takes, or looks at, after something happened; 0 is unset.
func (c *checker) relationTime(at string, d time.Duration) {
	if d != 0 && (d < leastRelationTime || d > maxRelationTime) {
		c.fail(at, "must lie between %v and %s, or be left out, is %v", leastRelationTime, days(maxRelationTime), d)
	}
}

// recovery checks what follows when a case is put right.
func (c *checker) recovery(at string, r *veiviser.Recovery) {
	if r.Control != nil {
		c.within(at+".control_share", *r.Control, 0, 1)
	}
	c.relationTime(at+".window", r.Window)
	c.atMost(at+".outcomes", len(r.Outcomes), maxRecoveryTypes, "event types")
	c.words(at+".outcomes", "event type", r.Outcomes, c.eventTypes)
	crisis := c.plan.Crisis.WithDefaults()
	for i, t := range r.Outcomes[:min(len(r.Outcomes), maxLooked)] {
		if slices.Contains(noReturn(), t) || slices.Contains(crisis.Complaints, t) || slices.Contains(crisis.Feedback, t) {
			c.fail(fmt.Sprintf("%s.outcomes[%d]", at, i), "%q says that something is wrong, or what became of the case: nobody comes back by it", t)
		}
	}
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
	if why := c.noStep(&c.plan.Items[i]); why != "" {
		c.fail(at, "%s", why)
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

// noStep says why an item cannot be a step, which is shown when a case is put right and at no other time; "" when it can.
func (c *checker) noStep(it *veiviser.Item) string {
	fallback := slices.IndexFunc(c.plan.Placements, func(p veiviser.Placement) bool { return slices.Contains(p.Fallback, it.ID) })
	switch {
	case it.Care:
		return fmt.Sprintf("the item %q is for people with an open case (care), and steps come when the case is put right", it.ID)
	case it.Acquires:
		return fmt.Sprintf("the item %q is there to win people (acquires), and steps are for people who were let down; as a step it is shown "+
			"to nobody else", it.ID)
	case it.TowardRung != "":
		return fmt.Sprintf("the item %q is for people below the rung %q (toward_rung): to others the step would never be shown, nor any after it",
			it.ID, it.TowardRung)
	case c.never(it.Rule):
		return fmt.Sprintf("the rule of the item %q never holds: the step would never be shown, nor any after it", it.ID)
	case fallback >= 0:
		return fmt.Sprintf("the item %q is what placement %q falls back on, and an item of a step is shown at no other time", it.ID,
			c.plan.Placements[fallback].ID)
	}
	return ""
}

// never reports whether a rule holds for nobody, whatever is known of her.
func (c *checker) never(source string) bool {
	if source == "" {
		return false
	}
	r, err := c.rules.compile(source)
	if err != nil {
		return false
	}
	verdict, constant := r.Constant()
	return constant && !verdict
}

// always reports whether a rule holds for everybody, whatever is known of her.
func (c *checker) always(source string) bool {
	r, err := c.rules.compile(source)
	if err != nil {
		return false
	}
	verdict, constant := r.Constant()
	return constant && verdict
}

// noReturn are the event types by which nobody comes back: those of cases and deliveries, of sending back and turning away, and
// what she says of what she was shown.
func noReturn() []string {
	return []string{
		"complaint", "complaint_response", "complaint_resolved", "delivery_failed", "delivery_confirmed", "return", "unsubscribe",
		"impression", "dismiss", "not_relevant", "too_early", "too_late", "known",
	}
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
	if c.never(r.Promote) {
		c.fail(at+".promote", "never holds: nobody could climb this rung, nor any above it")
	}
	if c.never(r.Keep) {
		c.fail(at+".keep", "never holds: whoever climbs this rung would leave it with the next event; leave it out to keep people for ever")
	} else if c.always(r.Promote) && r.Keep != "" && !c.always(r.Keep) {
		c.fail(at+".promote", "always holds: whom keep puts down would climb again with the next event")
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
	switch {
	case !it.Acquires:
	case it.Care:
		c.fail(at+".acquires", "nobody is won while a case is open: an item is there to win people, or for people with an open case (care)")
	case len(it.Audiences) > 0 && !slices.Contains(it.Audiences, veiviser.AudienceCustomer):
		c.fail(at+".acquires", "who orders is a customer, and this item is for %s only", strings.Join(it.Audiences, ", "))
	}
	if to := it.Audiences; it.Kind == veiviser.KindOffer && it.Duty == veiviser.DutyNone && len(to) > 0 && !slices.ContainsFunc(to, c.sellsTo) {
		c.fail(at+".audiences", "nothing is sold to %s (never_sell), so that this offer is never shown", strings.Join(to, ", "))
	}
}

// winning checks what the plan says about winning people.
func (c *checker) winning(at string, a *veiviser.Acquisition) {
	c.relationTime(at+".window", a.Window)
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
		c.source(field+".source", x.Source)
		if x.Segment != "" && !c.segments.has(x.Segment) {
			c.fail(field+".segment", "%s", c.unknown("segment", x.Segment, c.segments.names))
		}
		c.weight(field+".cost", x.Cost)
		if slices.ContainsFunc(a.Costs[:i], func(y veiviser.AcquisitionCost) bool { return y.Source == x.Source && y.Segment == x.Segment }) {
			c.fail(field, "there is another cost for the same source and segment")
		}
	}
}

// source checks where first-time customers come from. Events may name channels that the plan does not, so that only what looks like
// another word, or like the host of a referrer, is refused.
func (c *checker) source(at, source string) {
	known := sources(c.plan)
	c.atMost(at, len(source), veiviser.MaxNameBytes, "bytes")
	switch best := nearest(source, known); {
	case source == "" || slices.Contains(known, source):
	case best != "":
		c.fail(at, "%s", c.unknown("source", source, known))
	case strings.ContainsAny(source, "./"):
		c.fail(at, "%q looks like a referrer; these count by class: %s", source, strings.Join(stage.SourceClasses(), ", "))
	}
}
