package eval

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// one is a tally of a single target in which every prediction is of a visitor of its own.
func one(p []float64, happened []bool) *Tally {
	t := NewTally([]string{"buy"}, []string{"need", "search"})
	for i := range p {
		t.Add(Prediction{
			Visitor: i, Visit: 1, Position: 1, Later: []float64{p[i]}, Happened: []bool{happened[i]}, Next: 0.5, Stage: -1, Hindsight: -1,
		})
	}
	return t
}

func near(t *testing.T, name string, got *float64, want float64) {
	t.Helper()
	if got == nil || math.Abs(*got-want) > 1e-12 {
		t.Errorf("%s = %s, want %v", name, figure(got, 12), want)
	}
}

func TestMetricsByHand(t *testing.T) {
	// Pairs: 0.9 beats 0.2, 0.2, 0.6; 0.6 beats 0.2, 0.2 and ties with 0.6: 5.5 of 6.
	r := one([]float64{0.2, 0.6, 0.9, 0.2, 0.6}, []bool{false, true, true, false, false}).Report(ReportOptions{Resamples: -1})
	m := r.Targets["buy"].Every
	if m.N != 5 || m.Positives != 2 {
		t.Errorf("n %d, positives %d", m.N, m.Positives)
	}
	near(t, "auc", m.AUC, 5.5/6)
	near(t, "log-loss", m.LogLoss, -(2*math.Log(0.8)+math.Log(0.6)+math.Log(0.9)+math.Log(0.4))/5)
	near(t, "brier", m.Brier, (0.04+0.16+0.01+0.04+0.36)/5)
	// Bins: 0.2 twice, none true; 0.6 twice, one true; 0.9 once, true.
	near(t, "ece", m.ECE, (0.4*0.2)+(0.4*0.1)+(0.2*0.1))
	if m.AUCLow != nil || m.LogLossHigh != nil {
		t.Error("an interval without resamples")
	}
	if r.Targets["buy"].K1.N != 5 || r.Targets["buy"].K2.N != 0 {
		t.Error("positions")
	}
}

func TestClipping(t *testing.T) {
	m := one([]float64{0, 1 + 1e-12}, []bool{true, false}).Report(ReportOptions{Resamples: -1}).Targets["buy"].Every
	if got := *m.LogLoss; math.Abs(got+math.Log(1e-12)) > 1e-3 {
		t.Errorf("log-loss %v of certain and wrong", got)
	}
	near(t, "auc", m.AUC, 0)
	near(t, "ece", m.ECE, 1)
	for _, p := range []float64{math.NaN(), -0.1, 1.1, math.Inf(1)} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%v passed for a probability", p)
				}
			}()
			one([]float64{p}, []bool{true})
		}()
	}
}

func TestBins(t *testing.T) {
	for _, c := range []struct {
		p    float64
		want int
	}{{0, 0}, {1e-9, 0}, {1.0 / 15, 0}, {0.0667, 1}, {0.2, 2}, {0.5, 7}, {0.95, 14}, {1, 14}} {
		if got := binOf(c.p); got != c.want {
			t.Errorf("binOf(%v) = %d, want %d", c.p, got, c.want)
		}
	}
}

// naive is the area under the curve by looking at all pairs.
func naive(p []float64, happened []bool, weights []uint32) float64 {
	wins, pairs := 0.0, 0.0
	for i := range p {
		for j := range p {
			if happened[i] && !happened[j] {
				w := float64(weights[i]) * float64(weights[j])
				pairs += w
				switch {
				case p[i] > p[j]:
					wins += w
				case p[i] == p[j]:
					wins += w / 2
				}
			}
		}
	}
	return wins / pairs
}

func TestAUCAgainstAllPairs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 60).Draw(t, "n")
		steps := rapid.IntRange(1, 40).Draw(t, "steps") // few steps make many ties
		p, happened, weights := make([]float64, n), make([]bool, n), make([]uint32, n)
		for i := range n {
			p[i] = float64(rapid.IntRange(0, steps).Draw(t, "p")) / float64(steps)
			happened[i] = rapid.Bool().Draw(t, "happened")
			weights[i] = rapid.Uint32Range(0, 3).Draw(t, "weight")
		}
		r := rank(one(p, happened).scores(0), everyEvent, n)
		w := r.weigh(weights)
		got, want := w.auc(), naive(p, happened, weights)
		if math.IsNaN(got) != math.IsNaN(want) || math.Abs(got-want) > 1e-12 {
			t.Fatalf("auc %v, by all pairs %v", got, want)
		}
		for b := range bins { // the rate of each bin, by its definition
			pos, all := 0.0, 0.0
			for i := range n {
				if binOf(p[i]) == b {
					all += float64(weights[i])
					if happened[i] {
						pos += float64(weights[i])
					}
				}
			}
			if rate := w.rate(b); math.IsNaN(rate) != (all == 0) || all > 0 && rate != pos/all {
				t.Fatalf("rate %v of bin %d, want %v/%v", rate, b, pos, all)
			}
		}
	})
}

func TestNextAndStages(t *testing.T) {
	tally := NewTally(nil, []string{"need", "search"})
	for _, c := range []struct {
		next             float64
		stage, hindsight int
	}{{0.5, 0, 0}, {0.25, 1, 0}, {0.125, -1, 1}, {0.25, 1, -1}, {0.5, 1, 1}} {
		tally.Add(Prediction{Visitor: 7, Visit: 3, Position: 1, Next: c.next, Stage: c.stage, Hindsight: c.hindsight})
	}
	r := tally.Report(ReportOptions{})
	near(t, "perplexity", r.NextType.Perplexity, math.Exp2(9.0/5)) // bits: 1, 2, 3, 2, 1
	near(t, "accuracy", r.Stages.Accuracy, 0.5)
	near(t, "accuracy_answered", r.Stages.AccuracyAnswered, 2.0/3)
	near(t, "answered", r.Stages.Answered, 0.75)
	if r.Stages.N != 4 || r.Visits != 1 || r.Visitors != 1 || r.Events != 5 {
		t.Errorf("%+v", r)
	}
	if r.NextType.PerplexityLow != nil {
		t.Error("an interval from one visitor")
	}
}

func TestVisitsAreCountedByVisitor(t *testing.T) {
	tally := NewTally(nil, nil)
	for _, v := range [][2]int{{5, 1}, {9, 1}, {5, 1}, {5, 2}, {9, 1}, {5, 1}} { // visitors take turns
		tally.Add(Prediction{Visitor: v[0], Visit: v[1], Next: 1, Stage: -1, Hindsight: -1})
	}
	if r := tally.Report(ReportOptions{}); r.Visits != 3 || r.Visitors != 2 || r.Events != 6 {
		t.Errorf("visits %d, visitors %d, events %d", r.Visits, r.Visitors, r.Events)
	}
}

// planted is a log of visitors who either buy or not, with a score that is the sum of what they are, a part that all
// events of the visitor share, and noise: the area under the curve of infinitely many is planted too.
func planted(random *rand.Rand, visitors int, shift, shared, noise float64) *Tally {
	t := NewTally([]string{"buy"}, nil)
	for v := range visitors {
		buys := random.Float64() < 0.3
		base := shared*random.NormFloat64() - shift/2
		if buys {
			base += shift
		}
		surprise := 0.5 * random.NormFloat64()
		for k := range 2 + random.IntN(8) {
			t.Add(Prediction{
				Visitor: v, Visit: 0, Position: k + 1, Later: []float64{1 / (1 + math.Exp(-base-noise*random.NormFloat64()))},
				Happened: []bool{buys}, Next: math.Exp(-math.Abs(2 + surprise)), Stage: -1, Hindsight: -1,
			})
		}
	}
	return t
}
