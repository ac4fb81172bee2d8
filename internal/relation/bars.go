package relation

import (
	"iter"
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Bars are what is kept from her for what the shop owes her: offers while something is to be put right and until her first order was
// delivered right, and the items of the recovery ladder but for those of due, the step that has come (see [Due]).
func Bars(p *Policy, s *veiviser.Standing, now time.Time, due []string) []veiviser.Bar {
	var bars []veiviser.Bar
	offers := []veiviser.ItemKind{veiviser.KindOffer}
	if s.OpenCases(now) > 0 {
		b := veiviser.Bar{Reason: veiviser.ExcludedCase, Passes: veiviser.DutyMandatory, Kinds: offers}
		if i := slices.IndexFunc(s.Cases, func(c veiviser.Case) bool { return c.Open() }); i >= 0 {
			b.About = s.Cases[i].ID
		}
		bars = append(bars, b)
	}
	if s.Relation.Phase() == veiviser.PhaseWaiting && s.Waits() {
		bars = append(bars, veiviser.Bar{Reason: veiviser.ExcludedWaiting, Passes: veiviser.DutyTransactional, Kinds: offers})
	}
	if len(p.stepItems) > 0 {
		bars = append(bars, veiviser.Bar{Reason: veiviser.ExcludedStanding, Items: p.stepItems, Except: due})
	}
	return bars
}

// Due is the step of the recovery ladder that has come for her: the items of which one is to be shown, the first that may be. Of the
// cases that were put right the oldest is looked at first; steps come one after another, each once, and none while anything is to be
// put right. A step none of whose items can be shown is passed over until one can. A step stays as long as what showed it is on her
// screen: showing are hashes of the decisions there.
func Due(p *Policy, s *veiviser.Standing, now time.Time, can func(item string) bool, showing ...uint64) []string {
	if c, step := onScreen(p, s, now, showing); c != nil {
		return p.Recovery.Steps[step].Items
	}
	for _, step := range due(p, s, now) {
		if items := p.Recovery.Steps[step].Items; slices.ContainsFunc(items, can) {
			return items
		}
	}
	return nil
}

// onScreen is the case and the step of its recovery that is on her screen; nil for none.
func onScreen(p *Policy, s *veiviser.Standing, now time.Time, showing []uint64) (c *veiviser.Case, step int) {
	if s.OpenCases(now) > 0 {
		return nil, 0
	}
	for i := range s.Cases {
		c := &s.Cases[i]
		if k := slices.Index(p.stepIDs, c.Shown[0]); k >= 0 && c.ShownBy != 0 && slices.Contains(showing, c.ShownBy) {
			return c, k
		}
	}
	return nil, 0
}

// due are the steps that have come and that she was not shown, with the cases that they are for, in the order in which they come.
func due(p *Policy, s *veiviser.Standing, now time.Time) iter.Seq2[*veiviser.Case, int] {
	return func(yield func(*veiviser.Case, int) bool) {
		if len(p.Recovery.Steps) == 0 || s.OpenCases(now) > 0 {
			return
		}
		for i := range s.Cases {
			c := &s.Cases[i]
			since := now.Sub(c.Resolved)
			if c.Open() || c.Ladder != veiviser.GroupTreated || since < 0 || since > p.Recovery.Window {
				continue
			}
			for k := range p.Recovery.Steps {
				if since >= p.Recovery.Steps[k].After && !slices.Contains(c.Shown[:], p.stepIDs[k]) && !yield(c, k) {
					return
				}
			}
		}
	}
}

// NextDue is when a step of the recovery ladder comes next, after now; zero when none does.
func NextDue(p *Policy, s *veiviser.Standing, now time.Time) time.Time {
	var next time.Time
	for i := range s.Cases {
		c := &s.Cases[i]
		if c.Open() || c.Ladder != veiviser.GroupTreated {
			continue
		}
		for k := range p.Recovery.Steps {
			at := c.Resolved.Add(p.Recovery.Steps[k].After)
			if at.After(now) && (next.IsZero() || at.Before(next)) && !slices.Contains(c.Shown[:], p.stepIDs[k]) {
				next = at
			}
		}
	}
	return next
}

// Shown notes in s that a step of the recovery ladder that is due was shown, the first of which one of the items is among those shown,
// and reports whether one was. shown gives the hash of the decision that shows an item.
func Shown(p *Policy, s *veiviser.Standing, now time.Time, showing []uint64, shown func(id string) (by uint64, ok bool)) bool {
	note := func(c *veiviser.Case, step int) bool {
		for _, id := range p.Recovery.Steps[step].Items {
			if by, ok := shown(id); ok {
				shownAlso(c, p.stepIDs[step], by)
				return true
			}
		}
		return false
	}
	if c, step := onScreen(p, s, now, showing); c != nil {
		return note(c, step)
	}
	for c, step := range due(p, s, now) {
		if note(c, step) {
			return true
		}
	}
	return false
}

// shownAlso notes a step, and the decision that showed it. When there is no room the step shown longest ago is forgotten.
func shownAlso(c *veiviser.Case, step uint32, by uint64) {
	at := slices.Index(c.Shown[:], step)
	if at < 0 {
		at = len(c.Shown) - 1
	}
	copy(c.Shown[1:at+1], c.Shown[:at])
	c.Shown[0], c.ShownBy = step, by
}
