package ope_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/veiviser/veiviser/internal/raced"
	"github.com/veiviser/veiviser/internal/rank/ope"
)

const arms, contexts = 5, 4

// world is a logged bandit with a known truth. A unit has one context, a taste that moves all its chances alike, and
// one row to rows of them; a reward is an amount with some chance.
type world struct {
	logging, target, chance, q [contexts][arms]float64
	taste, amount              float64
	rows                       int // at most per unit
}

// newWorld is a world in which policies prefer arms by up to pull in log-odds, each in its own way.
func newWorld(seed uint64, pull float64) world {
	rnd := rand.New(rand.NewPCG(seed, 99))
	w := world{taste: 0.15, amount: 20, rows: 4}
	for x := range contexts {
		logs, targets := 0.0, 0.0
		for a := range arms {
			w.logging[x][a], w.target[x][a] = math.Exp(pull*rnd.Float64()), math.Exp(pull*rnd.Float64())
			logs, targets = logs+w.logging[x][a], targets+w.target[x][a]
			w.chance[x][a] = 0.2 + 0.5*rnd.Float64()
			w.q[x][a] = w.amount * (0.6*w.chance[x][a] + 0.2*rnd.Float64())
		}
		for a := range arms {
			w.logging[x][a] /= logs
			w.target[x][a] /= targets
		}
	}
	return w
}

func mild() world  { return newWorld(1, 2) }
func harsh() world { return newWorld(2, 4.5) }

// truth is the value of the target.
func (w *world) truth() float64 {
	v := 0.0
	for x := range contexts {
		for a := range arms {
			v += w.target[x][a] * w.chance[x][a] * w.amount / contexts
		}
	}
	return v
}

// actions are those of a context.
func (w *world) actions(x int) []ope.Action {
	out := make([]ope.Action, arms)
	for a := range out {
		out[a] = ope.Action{Propensity: w.logging[x][a], Target: w.target[x][a], Q: w.q[x][a]}
	}
	return out
}

func (w world) draw(rnd *rand.Rand, units int) []ope.Row {
	var rows []ope.Row
	var actions [contexts][]ope.Action
	for x := range actions {
		actions[x] = w.actions(x)
	}
	for u := range units {
		x, taste := rnd.IntN(contexts), w.taste*float64(2*rnd.IntN(2)-1)
		for range 1 + rnd.IntN(w.rows) {
			a, at := 0, rnd.Float64()
			for ; a < arms-1 && at >= w.logging[x][a]; a++ {
				at -= w.logging[x][a]
			}
			r := ope.Row{Unit: uint64(u) * 7919, Propensity: w.logging[x][a], Target: w.target[x][a], QLogged: w.q[x][a], Actions: actions[x]}
			if rnd.Float64() < w.chance[x][a]+taste {
				r.Reward = w.amount * rnd.ExpFloat64()
			}
			rows = append(rows, r)
		}
	}
	return rows
}

// withoutActions leaves the logged action's numbers and the sums over actions.
func withoutActions(rows []ope.Row) []ope.Row {
	out := make([]ope.Row, len(rows))
	for i, r := range rows {
		r.QTarget, r.Unsupported = 0, 0
		for _, a := range r.Actions {
			r.QTarget += a.Target * a.Q
			if a.Propensity == 0 {
				r.Unsupported += a.Target
			}
		}
		r.Actions = nil
		out[i] = r
	}
	return out
}

// Of 1,000 logs, at least 93 % of the intervals of 95 % of each consistent estimator hold the truth.
func TestIntervalsCoverTheTruth(t *testing.T) {
	if testing.Short() {
		t.Skip("thousands of logs take some seconds")
	}
	draws := 1000
	if raced.On {
		draws = 50
	}
	right := mild()
	for x := range contexts {
		for a := range arms {
			right.q[x][a] = right.chance[x][a] * right.amount
		}
	}
	near := harsh()
	for x := range contexts {
		for a := range arms {
			near.q[x][a] = near.chance[x][a]*near.amount + 1 // all errors in one direction: as bad as can be
		}
	}
	const manyRows = "many rows a customer"
	loyal := newWorld(3, 0.7)
	loyal.rows = 40
	for _, c := range []struct {
		name  string
		w     world
		units int
		known bool // whether actions are
		o     ope.Options
	}{
		{"mild", mild(), 250, true, ope.Options{}},
		{"mild, only logged actions known", mild(), 250, false, ope.Options{}},
		{"harsh", harsh(), 1000, true, ope.Options{}},
		{"harsh, model near, only logged actions known", near, 1000, false, ope.Options{Bound: 1}},
		{"the right model", right, 250, true, ope.Options{}},
		{manyRows, loyal, 50, true, ope.Options{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			truth := c.w.truth()
			hits, widths, low, alone := map[string]int{}, map[string]float64{}, 0, 0
			refused, effective, heaviest := map[ope.Code]int{}, 0.0, 0.0
			for i := range draws {
				rows := c.w.draw(rand.New(rand.NewPCG(uint64(i), 5)), c.units)
				if !c.known {
					rows = withoutActions(rows)
				}
				r, err := ope.Evaluate(rows, c.o)
				if err != nil {
					t.Fatal(err)
				}
				refused[r.Refusal.Code]++
				heaviest = max(heaviest, r.Diagnostics.MaxWeight)
				effective += r.Diagnostics.EffectiveUnits / float64(draws)
				if r.Diagnostics.MeanWeightLow <= 1 && 1 <= r.Diagnostics.MeanWeightHigh {
					low++
				}
				for _, e := range r.Estimates {
					if e.Low <= truth && truth <= e.High {
						hits[e.Name]++
					}
					widths[e.Name] += (e.High - e.Low) / float64(draws)
				}
				if c.name == manyRows && i%4 == 0 { // as if every row were a customer's only one
					for k := range rows {
						rows[k].Unit = uint64(k)
					}
					r, _ = ope.Evaluate(rows, ope.Options{LeastEffective: 1})
					if e, _ := r.Estimate(ope.DR); e.Low <= truth && truth <= e.High {
						alone++
					}
				}
			}
			for _, name := range []string{ope.IPS, ope.SNIPS, ope.DM, ope.DR, ope.SNDR, ope.SwitchDR, ope.DROS} {
				t.Logf("%-9s covers %.1f %%, mean width %.3f", name, 100*float64(hits[name])/float64(draws), widths[name])
				if name == ope.DM && c.name != "the right model" || draws < 1000 {
					continue
				}
				if hits[name] < 93*draws/100 {
					t.Errorf("%s covers the truth %.3f in %d of %d logs", name, truth, hits[name], draws)
				}
			}
			if naive := 4 * float64(alone) / float64(draws); c.name == manyRows {
				t.Logf("units ignored, dr covers %.1f %%", 100*naive)
				if draws == 1000 && naive > 0.9 {
					t.Error("that is as good: this shows nothing")
				}
			}
			t.Logf("truth %.3f; mean weight covers 1 in %.1f %%; %.0f effective units, weights up to %.0f; refusals %v",
				truth, 100*float64(low)/float64(draws), effective, heaviest, refused)
		})
	}
}
