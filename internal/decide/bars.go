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
	bars = append(bars, relation.Bars(c.snap.Relation, s, c.in.Time, c.side(p.Staff).due)...)
	bars = append(bars, eligible.Silenced(c.switches, c.hearer(p))...)
	bars = append(bars, eligible.NoSell(c.snap.Plan.Audiences, c.visitor, c.needs, need)...)
	bars = c.contact(bars, p, channel)
	bars = c.unasked(bars)
	if p.Staff {
		bars = inConversation(bars)
	}
	return c.unknown(bars, p, channel)
}

// unasked adds to the bars that of the questions whose answer would not help: those she has answered, and all where she is not to be
// profiled, since nothing is made of what she answers.
func (c *choice) unasked(bars []veiviser.Bar) []veiviser.Bar {
	s := &c.visitor.Standing
	b := veiviser.Bar{Reason: veiviser.ExcludedStanding, Kinds: []veiviser.ItemKind{veiviser.KindAsk}}
	switch {
	case c.in.Degraded == "" && !c.snap.Profiled(s, c.in.Time): // of degraded answers see unknown
	case len(s.Answered) > 0:
		b.Items = s.Answered
	default:
		return bars
	}
	return append(bars, b)
}

// inConversation leaves of the bars those that hold in a conversation that she began herself, too: what is not to be sold or
// said. What bounds how, when and how often she is contacted does not hold there.
func inConversation(bars []veiviser.Bar) []veiviser.Bar {
	return slices.DeleteFunc(bars, func(b veiviser.Bar) bool {
		switch b.Reason {
		case veiviser.ExcludedPaused, veiviser.ExcludedChannel, veiviser.ExcludedConsent, veiviser.ExcludedQuiet,
			veiviser.ExcludedBudget, veiviser.ExcludedCapped, veiviser.ExcludedMemory:
			return true
		default:
			return false
		}
	})
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

// nothing says why nothing could be shown, no fallback either.
func (c *choice) nothing(d *veiviser.Decision, q *plan.Query) {
	silent(d, q.Bars, veiviser.SilenceNothing)
	switch {
	case d.Silence != veiviser.SilenceNothing:
	case c.in.Degraded != "":
		d.Silence = veiviser.SilenceUnavailable
	case c.muted(q):
		d.Silence = veiviser.SilenceMuted
	}
}

// muted reports whether something could be shown but for what she asked not to see: a second look at the catalogue, for those alone
// who asked for it and are shown nothing.
func (c *choice) muted(q *plan.Query) bool {
	unsaid := *q
	unsaid.Explain, unsaid.Bars = false, slices.DeleteFunc(slices.Clone(q.Bars), ofTaste)
	if len(unsaid.Bars) == len(q.Bars) {
		return false
	}
	set := c.snap.Catalog.Eligible(&unsaid)
	defer set.Release()
	return set.Count() > 0
}

// ofTaste reports whether a bar is for what she wishes to see.
func ofTaste(b veiviser.Bar) bool {
	return b.Reason == veiviser.ExcludedMuted || b.Reason == veiviser.ExcludedJustLooking || b.Reason == veiviser.ExcludedDecided
}

// lead shows what goes before everything that is ranked, and reports how much room is left.
func (c *choice) lead(d *veiviser.Decision, p *plan.Placement, set *plan.Eligible, room int, seed [2]uint64) int {
	on := c.side(p.Staff)
	fits := func(it *veiviser.Item) bool { return c.fits(it, p, d.Channel) }
	for _, l := range set.Lead(room, seed, fits) {
		because := veiviser.Because{Code: veiviser.BecauseDuty}
		switch {
		case slices.Contains(on.due, l.Item.ID):
			because.Code = veiviser.BecauseRecovery
		case l.Item.Duty == veiviser.DutyNone:
			because.Code = veiviser.BecauseCase
		}
		ch := veiviser.Choice{
			ItemID: l.Item.ID, Kind: l.Item.Kind, Representation: l.Representation, Format: l.Format, Propensity: l.Propensity,
			Reasons: []veiviser.Because{because},
		}
		d.Choices = append(d.Choices, ch)
		on.shows(l.Slot, &ch)
	}
	return room - len(d.Choices)
}
