package eval

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/raced"
)

func TestIntervalsCoverThePlantedTruth(t *testing.T) {
	if raced.On {
		t.Skip("twenty thousand reports on one goroutine")
	}
	const shift, shared, noise = 1.2, 1.0, 0.6
	spread := math.Sqrt(2 * (shared*shared + noise*noise))
	truth := 0.5 * math.Erfc(-shift/spread/math.Sqrt2)
	auc, next := 0, 0
	for i := range 100 {
		r := planted(rand.New(rand.NewPCG(uint64(i), 1)), 300, shift, shared, noise).Report(ReportOptions{Resamples: 200, Seed: uint64(i)})
		if m := r.Targets["buy"].Every; *m.AUCLow <= truth && truth <= *m.AUCHigh {
			auc++
		}
		if n := r.NextType; *n.PerplexityLow <= math.Exp(2) && math.Exp(2) <= *n.PerplexityHigh {
			next++
		}
	}
	t.Logf("of 100 intervals, %d cover the area, %d the perplexity", auc, next)
	if auc < 88 || next < 88 {
		t.Errorf("of 100 intervals of 95 %%, %d cover the area, %d the perplexity", auc, next)
	}
}

func TestReportDependsOnTheSeedOnly(t *testing.T) {
	report := func(seed uint64) string {
		tally := planted(rand.New(rand.NewPCG(3, 1)), 100, 1, 1, 1)
		raw, err := json.Marshal(tally.Report(ReportOptions{Resamples: 50, Seed: seed}))
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	if diff := cmp.Diff(report(5), report(5)); diff != "" {
		t.Errorf("one seed, two reports: %s", diff)
	}
	if report(5) == report(6) {
		t.Error("two seeds, one report")
	}
}

func TestResampleIsAsLargeAsTheLog(t *testing.T) {
	s := newSampler(1, 1000)
	sum, none := 0, 0
	for _, w := range s.next() {
		sum += int(w)
		if w == 0 {
			none++
		}
	}
	if sum != 1000 || none < 330 || none > 405 { // 1/e of them are not drawn
		t.Errorf("%d draws, %d visitors not drawn", sum, none)
	}
}

func TestInterval(t *testing.T) {
	values := []float64{math.NaN()}
	for i := range 101 {
		values = append(values, float64(100-i))
	}
	low, high := interval(values)
	near(t, "low", low, 2.5)
	near(t, "high", high, 97.5)
	if low, high := interval([]float64{1, math.NaN()}); low != nil || high != nil {
		t.Error("an interval although half is undefined")
	}
}

// large is a log as it may come: a million predictions for three targets by 150,000 visitors.
func large(n int) *Tally {
	random := rand.New(rand.NewPCG(1, 2))
	t := NewTally([]string{"view", "cart_add", "buy"}, []string{"need", "search", "evaluate", "purchase"})
	for i := range n {
		p := Prediction{
			Visitor: random.IntN(n*3/20 + 1), Visit: i / 4, Position: i%4 + 1, Next: random.Float64(), Stage: random.IntN(4), Hindsight: random.IntN(4),
		}
		for k := range 3 {
			score := random.Float64()
			p.Later = append(p.Later, score*score/float64(k+1))
			p.Happened = append(p.Happened, random.Float64() < p.Later[k])
		}
		t.Add(p)
	}
	return t
}

func BenchmarkReport(b *testing.B) {
	t := large(1_000_000)
	for b.Loop() {
		t.Report(ReportOptions{Resamples: 200})
	}
}

func BenchmarkWeigh(b *testing.B) {
	t := large(1_000_000)
	r := rank(t.scores(1), everyEvent, len(t.people))
	weights := newSampler(1, len(t.people)).next()
	for b.Loop() {
		r.weigh(weights)
	}
}

func BenchmarkAdd(b *testing.B) {
	t := NewTally([]string{"view", "cart_add", "buy"}, []string{"need"})
	p := Prediction{Later: []float64{0.5, 0.2, 0.1}, Happened: []bool{true, false, false}, Next: 0.5}
	for b.Loop() {
		p.Visitor++
		p.Visitor %= 100_000
		t.Add(p)
	}
}
