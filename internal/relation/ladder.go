package relation

import (
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Climb moves her one rung up or down the loyalty ladder, or not at all. holds says whether the rule of a rung holds, known is false
// when that cannot be said; then she stays. Stepping down goes first. Who stands on a rung that the plan has no more stands below all.
func Climb(p *Policy, s *veiviser.Standing, now time.Time, holds func(rung int, promote bool) (verdict, known bool)) []veiviser.Step {
	at := p.rung(s)
	move := func(kind veiviser.StepKind, to int) []veiviser.Step {
		step := veiviser.Step{Kind: kind, From: s.Relation.Rung}
		if s.Relation.Rung = ""; to >= 0 {
			s.Relation.Rung = p.Rungs[to].ID
		}
		step.To, s.Relation.RungSince = s.Relation.Rung, now
		return []veiviser.Step{step}
	}
	if at < 0 && s.Relation.Rung != "" {
		return move(veiviser.StepDemoted, -1)
	}
	if at >= 0 && p.Rungs[at].Keep != "" {
		if keep, known := holds(at, false); known && !keep {
			return move(veiviser.StepDemoted, at-1)
		}
	}
	if at+1 < len(p.Rungs) {
		if up, known := holds(at+1, true); known && up {
			return move(veiviser.StepPromoted, at+1)
		}
	}
	return nil
}

// rung is the index of hers, -1 for none.
func (p *Policy) rung(s *veiviser.Standing) int {
	return slices.IndexFunc(p.Rungs, func(r veiviser.Rung) bool { return r.ID == s.Relation.Rung })
}

// NextRung is the rung above hers, "" when there is none.
func NextRung(p *Policy, s *veiviser.Standing) string {
	if i := p.rung(s) + 1; i < len(p.Rungs) {
		return p.Rungs[i].ID
	}
	return ""
}
