package decide

import (
	"slices"

	"github.com/veiviser/veiviser/internal/eligible"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/relation"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// bars are what keeps items from her on a placement: her wishes and consents first, then what the shop owes her, then what it
// promised itself. Everything that may not be shown is barred here and nowhere else.
func (c *choice) bars(p *plan.Placement, need *veiviser.NeedView, channel string) []veiviser.Bar {
	s := &c.visitor.Standing
	bars := eligible.Wishes(s, channel, c.in.Time)
	bars = append(bars, eligible.Unasked(c.snap.Plan.Purposes, s, channel)...)
	return append(bars, relation.Bars(c.snap.Relation, s, c.in.Time, c.due)...)
}

// standing says for which items she is who they are made for.
func (c *choice) standing() plan.Standing {
	return c.relationship()
}

// hush is the bar that keeps everything away, the first there is; nil for none.
func hush(bars []veiviser.Bar) *veiviser.Bar {
	i := slices.IndexFunc(bars, func(b veiviser.Bar) bool { return b.Everything() })
	if i < 0 {
		return nil
	}
	return &bars[i]
}

// silent says why nothing is shown: what keeps everything away when something does, or else what was found.
func silent(d *veiviser.Decision, bars []veiviser.Bar, otherwise veiviser.SilenceReason) {
	d.Silence = otherwise
	if b := hush(bars); b != nil {
		d.Silence, d.Until = veiviser.SilenceReason(b.Reason), b.Until
	}
}

// lead shows what goes before everything that is ranked, and reports how much room is left.
func (c *choice) lead(d *veiviser.Decision, set *plan.Eligible, room int) int {
	for _, l := range set.Lead(room) {
		because := veiviser.Because{Code: veiviser.BecauseDuty}
		switch {
		case slices.Contains(c.due, l.Item.ID):
			because.Code = veiviser.BecauseRecovery
			c.due = nil // one of them is enough
		case l.Item.Duty == veiviser.DutyNone:
			because.Code = veiviser.BecauseCase
		}
		d.Choices = append(d.Choices, veiviser.Choice{
			ItemID: l.Item.ID, Kind: l.Item.Kind, Representation: l.Representation, Format: l.Format, Propensity: 1,
			Reasons: []veiviser.Because{because},
		})
		c.taken = append(c.taken, l.Slot)
	}
	return room - len(d.Choices)
}
