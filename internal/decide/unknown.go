package decide

import (
	"slices"

	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// unknown adds to the bars of an answer that is made without her record what something that holds for her might forbid, since nobody
// can tell: what is sold and asked, what tells a price or a claim, everything in a channel for which the plan has people asked, and what
// is counted. What is owed to her passes. Bars that would speak of what is not known are given the reason that they have now.
func (c *choice) unknown(bars []veiviser.Bar, p *plan.Placement, channel string) []veiviser.Bar {
	if c.in.Degraded == "" {
		return bars
	}
	for i := range bars {
		if b := &bars[i]; c.assumed(b) {
			b.Reason = veiviser.ExcludedUnknown
		}
	}
	for i := range c.snap.Plan.Purposes {
		purpose := &c.snap.Plan.Purposes[i]
		if slices.Contains(purpose.Channels, channel) && !p.Staff { // in a conversation that she began nobody is asked
			bars = append(bars, veiviser.Bar{Reason: veiviser.ExcludedUnknown, About: purpose.ID, Passes: veiviser.DutyTransactional})
		}
	}
	return append(bars,
		veiviser.Bar{
			Reason: veiviser.ExcludedUnknown, Passes: veiviser.DutyTransactional,
			Kinds: []veiviser.ItemKind{veiviser.KindOffer, veiviser.KindAsk},
		},
		veiviser.Bar{Reason: veiviser.ExcludedUnknown, Passes: veiviser.DutyTransactional, Tells: true})
}

// assumed reports whether a bar is up only because nobody knows what she was shown, what she said to a purpose, or whom a switch is
// about.
func (c *choice) assumed(b *veiviser.Bar) bool {
	switch b.Reason {
	case veiviser.ExcludedBudget, veiviser.ExcludedCapped:
		return true
	case veiviser.ExcludedConsent:
		return !slices.ContainsFunc(c.visitor.Standing.Consents, func(said veiviser.Consent) bool { return said.Purpose == b.About })
	case veiviser.ExcludedSwitch:
		return slices.Contains(c.guessed, b.About)
	default:
		return false
	}
}
