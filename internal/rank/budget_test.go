package rank

import (
	"math"
	"testing"
)

// TestBudgetPropensities compares how often slates come about with what their picks say, when only some slates are drawn.
func TestBudgetPropensities(t *testing.T) {
	cands := []Candidate{{Mean: 0.2, Var: 0.01}, {Mean: 0.18, Var: 0.02}, {Mean: 0.1, Var: 0.03}, {Mean: 0.05, Var: 0.001}}
	type slate [2]int
	const draws = 200_000
	for _, share := range []float64{0, 0.1, 0.5, 1} {
		counts, chance := map[slate]float64{}, map[slate]float64{}
		explored, silence := 0.0, 0.0
		for i := range draws {
			s := Choose(cands, Options{Slots: 2, Attention: 0.15, Explore: share, Seed: [2]uint64{uint64(i), 9}})
			k, p := slate{-1, -1}, 1.0
			for n, pick := range s.Picks {
				k[n] = pick.Index
				p *= pick.Propensity
			}
			if s.Explored {
				explored++
			}
			counts[k]++
			chance[k], silence = p, s.Silence
		}
		if got := explored / draws; math.Abs(got-share) > 0.005 {
			t.Errorf("share %g: %g of the slates were drawn", share, got)
		}
		for k, n := range counts {
			want := chance[k] * draws
			switch {
			case k[0] < 0:
				want = silence * draws
			case k[1] < 0:
				continue // stopping after the first slot has no propensity of its own
			}
			if math.Abs(n-want) > 5*math.Sqrt(want)+1 {
				t.Errorf("share %g: slate %v came %g times, its picks say %.1f", share, k, n, want)
			}
		}
		p, none := Propensities(cands, Options{Slots: 1, Attention: 0.15, Explore: share})
		sum := none
		for _, x := range p {
			sum += x
		}
		if math.Abs(sum-1) > 1e-5 {
			t.Errorf("share %g: propensities sum to %g", share, sum)
		}
	}
}
