package fit_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/stage"
	"github.com/veiviser/veiviser/internal/stage/fit"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// Filter is what the service believes.
func TestFilterIsThatOfPackageStage(t *testing.T) {
	j := vague()
	j.Stages[2].Rest, j.Stages[0].Rest = 3, 1
	j.Signals[1].Match.Types = []string{"a", "b"} // an event "a" shows both
	for s := range 6 {                            // and "h" so many that the bound bites
		j.Signals = append(j.Signals, veiviser.Signal{
			ID: string(rune('p' + s)), Match: veiviser.Match{Types: []string{"h"}}, Likelihood: map[string]float64{"own": 80, "look": 0.02},
		})
	}
	set, err := stage.Compile(&veiviser.Plan{Journeys: []veiviser.Journey{j}})
	if err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(9, 9))
	v, now := &veiviser.Visitor{}, time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)
	var steps []fit.Step
	var want [][]float64
	for i := range 200 {
		pause := time.Duration(rnd.ExpFloat64() * float64(time.Hour) * math.Pow(10, float64(rnd.IntN(4))))
		now = now.Add(pause)
		typ := rnd.IntN(9) // 8 shows nothing
		set.Fold(v, &veiviser.Event{Type: string(rune('a' + typ)), Subject: "bike", Time: now})
		step := fit.Step{Opens: i == 0, Pause: pause}
		for s := range j.Signals {
			for _, m := range j.Signals[s].Match.Types {
				if m == string(rune('a'+typ)) {
					step.Signals = append(step.Signals, int32(s))
				}
			}
		}
		steps = append(steps, step)
		want = append(want, append([]float64(nil), v.Needs[0].P...))
	}
	if diff := cmp.Diff(want, fit.Filter(j, steps), cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-12 })); diff != "" {
		t.Error(diff)
	}
}

// Smooth is Bayes' rule over all paths.
func TestSmoothAgainstAllPaths(t *testing.T) {
	j := truth()
	pauses := []time.Duration{0, time.Minute, 2 * 24 * time.Hour, 0, 9 * 24 * time.Hour}
	signals := []int32{0, 3, 4, 2, 7}
	var steps []fit.Step
	for i := range pauses {
		steps = append(steps, fit.Step{Pause: pauses[i], Signals: signals[i : i+1]})
	}
	n := len(j.Stages)
	moves := make([][]float64, n)
	for i := range moves {
		moves[i] = make([]float64, n)
		moves[i][i] = 1
	}
	index := map[string]int{"look": 0, "weigh": 1, "buy": 2, "own": 3}
	for _, tr := range j.Transitions {
		moves[index[tr.From]][index[tr.To]] += tr.Rate
		moves[index[tr.From]][index[tr.From]] -= tr.Rate
	}
	want, total := make([][]float64, len(steps)), 0.0
	for i := range want {
		want[i] = make([]float64, n)
	}
	path := make([]int, len(steps))
	var walk func(i int, p float64)
	walk = func(i int, p float64) {
		if i == len(steps) {
			total += p
			for k, at := range path {
				want[k][at] += p
			}
			return
		}
		for to := range n {
			q := j.Stages[to].Prior
			if i > 0 {
				keep := math.Exp2(-float64(pauses[i]) / float64(j.HalfLife))
				q = keep * moves[path[i-1]][to]
				for via := range n {
					q += (1 - keep) * j.Stages[via].Rest * moves[via][to]
				}
			}
			path[i] = to
			walk(i+1, p*q*emission(int(signals[i]), to))
		}
	}
	walk(0, 1)
	for i := range want {
		for k := range want[i] {
			want[i][k] /= total
		}
	}
	if diff := cmp.Diff(want, fit.Smooth(j, steps), cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-12 })); diff != "" {
		t.Error(diff)
	}
	if fit.Smooth(veiviser.Journey{}, steps) != nil || fit.Filter(j, nil) != nil {
		t.Error("something is believed of nothing")
	}
}

func TestTraceKeepsNeedsApart(t *testing.T) {
	tr := &fit.Trace{}
	tr.Add(7, "bike", fit.Step{Opens: true, Signals: []int32{2, 1, 2}})
	tr.Add(7, "boat", fit.Step{Opens: true})
	tr.Add(8, "bike", fit.Step{Signals: []int32{-1, 300}})
	tr.Add(7, "bike", fit.Step{Pause: time.Hour, Signals: []int32{1, 2}})
	tr.Add(7, "bike", fit.Step{Opens: true, Signals: []int32{0}})
	var got []fit.Need
	for n := range tr.All() {
		n.Steps = append([]fit.Step(nil), n.Steps...)
		got = append(got, n)
	}
	want := []fit.Need{
		{Visitor: 7, Steps: []fit.Step{{Opens: true, Signals: []int32{1, 2}}, {Pause: time.Hour, Signals: []int32{1, 2}}}},
		{Visitor: 7, Steps: []fit.Step{{Opens: true, Signals: []int32{}}}},
		{Visitor: 8, Steps: []fit.Step{{Opens: true, Signals: []int32{300}}}},
		{Visitor: 7, Steps: []fit.Step{{Opens: true, Signals: []int32{0}}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if tr.Needs() != 4 || tr.Steps() != 5 {
		t.Errorf("%d needs, %d steps", tr.Needs(), tr.Steps())
	}
}
