package rank

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// sets are candidate sets of every shape that is hard for a quadrature.
func sets() map[string][]Candidate {
	sd := func(pairs ...float64) []Candidate {
		var out []Candidate
		for i := 0; i < len(pairs); i += 2 {
			out = append(out, Candidate{Mean: pairs[i], Var: pairs[i+1] * pairs[i+1]})
		}
		return out
	}
	many := func(n int, mean, spread, sdMin, sdMax float64) []Candidate {
		rng := rand.New(rand.NewPCG(uint64(n), 7))
		var out []Candidate
		for range n {
			s := sdMin * math.Pow(sdMax/sdMin, rng.Float64())
			out = append(out, Candidate{Mean: mean + spread*rng.NormFloat64(), Var: s * s})
		}
		return out
	}
	return map[string][]Candidate{
		"one":                {{Mean: 0.1, Var: 0.01}},
		"one certain":        {{Mean: 0.1}},
		"two alike":          sd(0.1, 0.09, 0.1, 0.09),
		"three":              sd(0.1, 0.09, 0.2, 0.05, 0.15, 0.12),
		"typical":            many(8, 0.12, 0.05, 0.05, 0.12),
		"nearly certain":     sd(0.1, 1e-4, 0.1001, 1e-4, 0.1, 0.05, 0.099, 1e-3),
		"certain and not":    sd(0.12, 0, 0.1, 0.09, 0.12, 0, 0.11, 0.01, 0.05, 0),
		"certain ties":       sd(0.12, 0, 0.12, 0, 0.12, 0),
		"steps of all sizes": sd(0.1, 1e-6, 0.10001, 1e-5, 0.1, 1e-4, 0.102, 1e-3, 0.1, 1e-2, 0.1, 0.1, 0.1, 1),
		"far ahead":          sd(0.9, 0.01, 0.1, 0.09, 0.2, 0.09),
		"sixty-four alike":   many(64, 0.1, 0, 0.09, 0.09),
		"sixty-four":         many(64, 0.1, 0.05, 0.02, 0.2),
		"sixty-four wild":    many(64, 0.1, 0.02, 1e-5, 0.3),
		"two hundred":        many(200, 0.1, 0.03, 0.05, 0.1),
	}
}

// reference computes the chance that arm i wins by brute force with the library's own error function, on a grid fine
// enough for the narrowest belief.
func reference(arms []arm, i int, a float64) float64 {
	w := arms[i]
	if w.sd == 0 {
		return certainWin(arms, i, a)
	}
	integrand := func(x float64) float64 {
		f := density((x-w.mean)*w.inv) * w.inv
		for j := range arms {
			switch {
			case j == i:
			case arms[j].sd == 0 && arms[j].mean >= x:
				return 0
			case arms[j].sd > 0:
				f *= math.Erfc(-(x-arms[j].mean)*arms[j].inv/math.Sqrt2) / 2
			}
			if f < 1e-18 {
				return 0
			}
		}
		return f
	}
	// Gauss's rule of three points between the places where anything bends, each divided; it leaves out the ends, where a
	// certain arm has its step.
	breaks := []float64{max(a, w.mean-8*w.sd), w.mean + 8*w.sd}
	for _, o := range arms {
		for k := -6.0; k <= 6; k += 2 {
			if x := o.mean + k*o.sd; x > breaks[0] && x < breaks[1] {
				breaks = append(breaks, x)
			}
		}
	}
	slices.Sort(breaks)
	total := 0.0
	for k := 1; k < len(breaks); k++ {
		from, to := breaks[k-1], breaks[k]
		const n = 4
		h := (to - from) / n
		for s := range n {
			mid := from + (float64(s)+0.5)*h
			d := h / 2 * math.Sqrt(0.6)
			total += h / 18 * (5*integrand(mid-d) + 8*integrand(mid) + 5*integrand(mid+d))
		}
	}
	return total
}

func TestWinChanceAccuracy(t *testing.T) {
	for name, cands := range sets() {
		for _, attention := range []float64{math.Inf(-1), 0, 0.1, 0.25} {
			t.Run(fmt.Sprintf("%s/%g", name, attention), func(t *testing.T) {
				o := Options{Slots: 1, Explore: 1, Attention: attention}
				live := survivors(nil, gather(nil, cands), o, true)
				worst, sum := 0.0, noneAbove(live, attention)
				for i := range live {
					got := winChance(live, i, attention)
					sum += got
					if i%(1+len(live)/8) != 0 {
						continue
					}
					want := reference(live, i, attention)
					worst = max(worst, math.Abs(got-want))
					if math.Abs(got-want) > 2e-5 || want >= 1e-3 && math.Abs(got-want) > 1e-3*want {
						t.Errorf("arm %d %v: %.9f, want %.9f", i, live[i], got, want)
					}
				}
				if math.Abs(sum-1) > 1e-4 {
					t.Errorf("sum = %.9f", sum)
				}
				t.Logf("%d of %d arms, worst %.1e, sum-1 %.1e", len(live), len(cands), worst, sum-1)
			})
		}
	}
}
