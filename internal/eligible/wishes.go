package eligible

import (
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Wishes are the bars that a person's directives put up in a channel at a moment, in the order in which they were set.
// A word on her stage leaves out of what she has said something else since.
func Wishes(s *veiviser.Standing, channel string, now time.Time) []veiviser.Bar {
	var bars []veiviser.Bar
	for i := range s.Directives {
		d := &s.Directives[i]
		if !d.Binds(now) {
			continue
		}
		if b, ok := wish(d, channel); ok {
			b.About, b.Until, b.Beyond = d.ID, d.Expires, s.SaidSince(i, now)
			bars = append(bars, b)
		}
	}
	return bars
}

// wish is the bar of one directive; false when it bars nothing in this channel.
func wish(d *veiviser.Directive, channel string) (veiviser.Bar, bool) {
	b := veiviser.Bar{Reason: veiviser.ExcludedMuted, Passes: veiviser.DutyMandatory}
	if d.Subject != "" {
		b.Topics = []string{d.Subject}
	}
	switch d.Kind {
	case veiviser.MuteTopic:
		b.Topics = []string{d.Target}
	case veiviser.MuteItem:
		b.Items = []string{d.Target}
	case veiviser.MuteKind:
		b.Kinds = []veiviser.ItemKind{veiviser.ItemKind(d.Target)}
	case veiviser.MuteChannel:
		b.Reason = veiviser.ExcludedChannel
		if d.Target != channel {
			return b, false
		}
	case veiviser.NotNow:
		b.Reason, b.Passes = veiviser.ExcludedPaused, veiviser.DutyTransactional
	case veiviser.JustLooking:
		b.Reason, b.Passes = veiviser.ExcludedJustLooking, veiviser.DutyTransactional
		b.Kinds = []veiviser.ItemKind{veiviser.KindOffer}
	case veiviser.Decided:
		b.Reason, b.Passes = veiviser.ExcludedDecided, veiviser.DutyTransactional
		b.Before = veiviser.StagePurchase
	default: // CORRECT_STAGE is evidence, DO_NOT_PROFILE is about what is remembered
		return b, false
	}
	return b, true
}

// Profiled reports whether what a person does may be remembered and used: she did not object, and agreed to the purpose of the
// plan that asks for it, if one does.
func Profiled(purposes []veiviser.Purpose, s *veiviser.Standing, now time.Time) bool {
	for i := range s.Directives {
		if s.Directives[i].Kind == veiviser.DoNotProfile && s.Directives[i].Binds(now) {
			return false
		}
	}
	for i := range purposes {
		if purposes[i].Profile {
			return Agreed(&purposes[i], s)
		}
	}
	return true
}

// Agreed reports whether a person agreed to a purpose: her last word on it, in the version the plan asks for when it must be that
// one, or what holds until she says something.
func Agreed(p *veiviser.Purpose, s *veiviser.Standing) bool {
	if c := Word(p, s); c != nil {
		return c.Granted
	}
	return p.Granted
}

// Word is a person's last word on a purpose that counts; nil when she has said nothing that does. That she refused counts in
// whatever version; that she agreed to another one than the plan asks for is passed over.
func Word(p *veiviser.Purpose, s *veiviser.Standing) *veiviser.Consent {
	for i := range slices.Backward(s.Consents) {
		c := &s.Consents[i]
		if c.Purpose == p.ID && (!c.Granted || !p.Renew || c.Version == p.Version) {
			return c
		}
	}
	return nil
}

// Unasked are the bars of purposes without which nothing is said in a channel.
func Unasked(purposes []veiviser.Purpose, s *veiviser.Standing, channel string) []veiviser.Bar {
	var bars []veiviser.Bar
	for i := range purposes {
		p := &purposes[i]
		if slices.Contains(p.Channels, channel) && !Agreed(p, s) {
			bars = append(bars, veiviser.Bar{Reason: veiviser.ExcludedConsent, About: p.ID, Passes: veiviser.DutyTransactional})
		}
	}
	return bars
}
