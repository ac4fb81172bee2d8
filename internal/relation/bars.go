package relation

import (
	"math/bits"
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
// put right. A step stays as long as what showed it is on her screen: showing are hashes of the decisions there.
func Due(p *Policy, s *veiviser.Standing, now time.Time, showing ...uint64) []string {
	c, step := due(p, s, now, showing)
	if c < 0 {
		return nil
	}
	return p.Recovery.Steps[step].Items
}

func due(p *Policy, s *veiviser.Standing, now time.Time, showing []uint64) (index, step int) {
	if len(p.Recovery.Steps) == 0 || s.OpenCases(now) > 0 {
		return -1, 0
	}
	for i := range s.Cases {
		c := &s.Cases[i]
		if last := bits.Len32(c.Shown) - 1; c.ShownBy != 0 && last >= 0 && last < len(p.Recovery.Steps) && slices.Contains(showing, c.ShownBy) {
			return i, last
		}
	}
	for i := range s.Cases {
		c := &s.Cases[i]
		since := now.Sub(c.Resolved)
		if c.Open() || c.Ladder != veiviser.GroupTreated || since < 0 || since > p.Recovery.Window {
			continue
		}
		for k := range p.Recovery.Steps {
			if c.Shown&(1<<k) != 0 {
				continue
			}
			if since >= p.Recovery.Steps[k].After {
				return i, k
			}
			break
		}
	}
	return -1, 0
}

// Shown notes in s that the step of the recovery ladder that is due was shown, if one of its items is among those shown, and reports
// whether it was. shown gives the hash of the decision that shows an item.
func Shown(p *Policy, s *veiviser.Standing, now time.Time, showing []uint64, shown func(id string) (by uint64, ok bool)) bool {
	c, step := due(p, s, now, showing)
	if c < 0 {
		return false
	}
	for _, id := range p.Recovery.Steps[step].Items {
		if by, ok := shown(id); ok {
			s.Cases[c].Shown, s.Cases[c].ShownBy = s.Cases[c].Shown|1<<step, by
			return true
		}
	}
	return false
}
