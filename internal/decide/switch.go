package decide

import (
	"cmp"
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/eligible"
	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// concerned are the switches that are on and are about her, or might be: those of an answer that is made again, or those of now.
func (c *choice) concerned() []veiviser.Switch {
	all, held := c.snap.Switches, 0
	if c.in.Again != nil {
		all = c.in.Again.Switches
		held = len(all)
	}
	if c.in.If != nil {
		all = append(slices.Clip(all), *c.in.If)
	}
	if len(all) == 0 {
		return nil
	}
	region := cmp.Or(eligible.Region(c.snap.Crisis.Region, &c.context, c.visitor), c.whereabouts())
	var mine []veiviser.Switch
	for i := range all {
		s := &all[i]
		if eligible.Concerns(s, region, c.segments) {
			mine = append(mine, *s)
		} else if may := c.knowable(s, region); eligible.Concerns(&may, region, nil) {
			mine, c.guessed = append(mine, *s), append(c.guessed, s.ID)
		} else if i < held { // it was about her where she was then, which is not kept of who is not profiled
			mine = append(mine, *s)
		}
	}
	return mine
}

// whereabouts is where the events of this request say that she is, the last of them that does. Of who is not profiled it is remembered
// nowhere, and holds for this answer.
func (c *choice) whereabouts() string {
	var here string
	var last time.Time
	for i := range c.in.Request.Events {
		e := &c.in.Request.Events[i]
		at := e.Time
		if at.IsZero() {
			at = c.in.Time
		}
		if r := learn.Whereabouts(c.snap.Crisis.Region, e); r != "" && !at.Before(last) {
			here, last = r, at
		}
	}
	return here
}

// knowable is a switch as far as one can tell whether it is about her. Without her record nobody knows her segments, nor, unless the
// request says it, her region: the switch might be about her, so that it is.
func (c *choice) knowable(s *veiviser.Switch, region string) veiviser.Switch {
	may := *s
	if c.in.Degraded == "" {
		return may
	}
	may.Segment = ""
	if region == "" {
		may.Region = ""
	}
	return may
}

// hearer is who hears what is said on a placement.
func (c *choice) hearer(p *plan.Placement) eligible.Hearer {
	return eligible.Hearer{ID: c.visitor.ID, OpenCase: c.visitor.Standing.OpenCases(c.in.Time) > 0, Staff: p.Staff}
}

// state shows the statement of a switch where the switch stopped something, or where the talk is of its topic: once to
// everybody who looks at the answer, before everything that is ranked. It reports how much room is left.
func (c *choice) state(d *veiviser.Decision, set *plan.Eligible, q *plan.Query, room int) int {
	on := c.side(q.Placement.Staff)
	for i := range c.switches {
		s := &c.switches[i]
		if room == 0 || s.Statement == "" || !c.stopped(s, set, q) || on.said(s.Statement) {
			continue
		}
		l, ok := c.snap.Catalog.Statement(s.Statement, q)
		if !ok || !c.fits(l.Item, q.Placement, d.Channel) {
			continue
		}
		set.Show(l.Slot, q)
		ch := veiviser.Choice{
			ItemID: l.Item.ID, Kind: l.Item.Kind, Representation: l.Representation, Format: l.Format, Propensity: 1,
			Reasons: []veiviser.Because{{Code: veiviser.BecauseHolding, About: s.ID}},
		}
		d.Choices = append(d.Choices, ch)
		on.shows(l.Slot, &ch)
		room--
	}
	return room
}

// stopped reports whether a switch kept something away here, or the talk is of what it silenced.
func (c *choice) stopped(s *veiviser.Switch, set *plan.Eligible, q *plan.Query) bool {
	if !slices.ContainsFunc(q.Bars, func(b veiviser.Bar) bool { return b.Reason == veiviser.ExcludedSwitch && b.About == s.ID }) {
		return false // all is back for her
	}
	return slices.Contains(set.Behind(veiviser.ExcludedSwitch), s.ID) ||
		s.Topic != "" && q.Subject != "" && veiviser.SubjectMatches(s.Topic, q.Subject)
}
