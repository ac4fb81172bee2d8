package fit_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/veiviser/veiviser/internal/stage/fit"
)

func TestAwkwardData(t *testing.T) {
	base := func() *fit.Table { return noise(300, 3, 19) }
	t.Run("separable", func(t *testing.T) {
		tb := base()
		y := make([]bool, tb.N)
		next := make([]uint8, tb.N)
		for i := range y {
			y[i] = tb.X[3*i] > 0
			if y[i] {
				next[i] = 2
			}
		}
		f := logistic(t, tb, y, nil, 0, fit.HeadOptions{Grid: []float64{1e-6, 1}})
		finite(t, append(f.Weights, f.Bias, f.Slope)...)
		finite(t, f.OOF...)
		g := softmax(t, tb, next, 3, fit.HeadOptions{Grid: []float64{1e-6, 1}})
		finite(t, append(slices.Concat(g.Weights...), g.Bias...)...)
		finite(t, g.OOF...)
	})
	t.Run("constant and missing columns", func(t *testing.T) {
		tb := base()
		for i := range tb.N {
			tb.X[3*i] = 5
			tb.X[3*i+1] = float32(math.NaN())
		}
		tb.X[2] = float32(math.Inf(1))
		y := draw(make([]float64, tb.N), 20)
		f := logistic(t, tb, y, nil, 0, fit.HeadOptions{})
		finite(t, append(f.Weights, f.Bias)...)
		finite(t, f.OOF...)
		if math.Abs(f.Weights[0])+math.Abs(f.Weights[1]) > 1e-9 {
			t.Errorf("columns that say nothing weigh %v", f.Weights)
		}
	})
	t.Run("one label", func(t *testing.T) {
		tb := base()
		f := logistic(t, tb, make([]bool, tb.N), nil, 0, fit.HeadOptions{})
		if want := 0.5 / float64(tb.N+1); math.Abs(sigmoid(f.Bias)/want-1) > 1e-3 || !math.IsInf(f.Lambda, 1) {
			t.Errorf("chance %v, want %v; penalty %v", sigmoid(f.Bias), want, f.Lambda)
		}
		if diff := cmp.Diff(make([]float64, 3), f.Weights); diff != "" {
			t.Error(diff)
		}
		finite(t, f.OOF...)
		f = logistic(t, tb, make([]bool, tb.N), nil, 4, fit.HeadOptions{})
		if want := sigmoid(4) / float64(tb.N+1); math.Abs(sigmoid(f.Bias)/want-1) > 1e-3 {
			t.Errorf("chance %v under a prior that expects it, want %v", sigmoid(f.Bias), want)
		}
		g := softmax(t, tb, make([]uint8, tb.N), 4, fit.HeadOptions{})
		finite(t, append(slices.Concat(g.Weights...), g.Bias...)...)
		if p := g.OOF[0]; p < 0.99 || p >= 1 {
			t.Errorf("chance %v of the only class", p)
		}
	})
	t.Run("few rows, a rare label", func(t *testing.T) {
		tb := noise(30, 8, 21)
		y := make([]bool, tb.N)
		y[3] = true
		f := logistic(t, tb, y, nil, 0, fit.HeadOptions{})
		finite(t, append(f.Weights, f.Bias)...)
		finite(t, f.OOF...)
	})
	t.Run("refused", func(t *testing.T) {
		tb := base()
		mean, sd := fit.Standardise(tb)
		fit1 := func(y []bool) error {
			_, err := fit.Logistic(t.Context(), tb, mean, sd, y, nil, 0, fit.HeadOptions{})
			return err
		}
		if fit1(make([]bool, 3)) == nil {
			t.Error("fewer labels than rows are fitted")
		}
		if _, err := fit.Softmax(t.Context(), tb, mean, sd, make([]uint8, tb.N), 1, nil, nil, fit.HeadOptions{}); err == nil {
			t.Error("one class is fitted")
		}
		tb.Weight[0] = math.NaN()
		if fit1(make([]bool, tb.N)) == nil {
			t.Error("a weight that is no number is fitted")
		}
		tb.Weight = nil
		clear(tb.Fold)
		if fit1(make([]bool, tb.N)) == nil {
			t.Error("one fold is fitted")
		}
	})
}

func TestHeadsAreTheSameHoweverManyWork(t *testing.T) {
	tb := noise(4001, 7, 22)
	want := planted(7, 23)
	y := draw(scores(tb, -1, want), 24)
	next := drawClasses([][]float64{scores(tb, 1, want), scores(tb, 0, nil), scores(tb, -1, want[:3])}, 25)
	for _, rows := range []int{0, 900} {
		one, two := fit.HeadOptions{Workers: 1, Rows: rows}, fit.HeadOptions{Workers: 2, Rows: rows}
		if diff := cmp.Diff(logistic(t, tb, y, nil, 0, one), logistic(t, tb, y, nil, 0, two), cmpopts.EquateNaNs()); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(softmax(t, tb, next, 3, one), softmax(t, tb, next, 3, two), cmpopts.EquateNaNs()); diff != "" {
			t.Error(diff)
		}
	}
}

// The choice on a sample of visitors leads to the same head as that on all, once the penalty is the same and but for the
// calibration, which is on one fold then.
func TestASampleChoosesThePenaltyOnly(t *testing.T) {
	tb := noise(8000, 6, 26)
	y := draw(scores(tb, -1, planted(6, 27)), 28)
	grid := []float64{100}
	all := logistic(t, tb, y, nil, 0, fit.HeadOptions{Grid: grid})
	some := logistic(t, tb, y, nil, 0, fit.HeadOptions{Grid: grid, Rows: 500})
	for j := range all.Weights {
		if math.Abs(all.Weights[j]/all.Slope-some.Weights[j]/some.Slope) > 1e-3 {
			t.Errorf("weight %d: %v and %v", j, all.Weights[j], some.Weights[j])
		}
	}
	for i, p := range some.OOF {
		if held := tb.Fold[i] == slices.Min(tb.Fold); held == math.IsNaN(p) {
			t.Fatalf("row %d: probability %v, held out %v", i, p, held)
		}
	}
}

func TestHeadsStopWhenTold(t *testing.T) {
	tb := noise(1000, 4, 29)
	mean, sd := fit.Standardise(tb)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := fit.Logistic(ctx, tb, mean, sd, draw(make([]float64, tb.N), 30), nil, 0, fit.HeadOptions{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func BenchmarkLogistic(b *testing.B) {
	tb := noise(100000, 70, 31)
	mean, sd := fit.Standardise(tb)
	y := draw(scores(tb, -2, planted(70, 32)), 33)
	b.ResetTimer()
	for b.Loop() {
		if _, err := fit.Logistic(b.Context(), tb, mean, sd, y, nil, 0, fit.HeadOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(tb.N)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkSoftmax(b *testing.B) {
	tb := noise(100000, 70, 34)
	mean, sd := fit.Standardise(tb)
	eta := make([][]float64, 5)
	for k := range eta {
		eta[k] = scores(tb, 1-float64(k)/2, planted(70, uint64(40+k))[:10])
	}
	next := drawClasses(eta, 35)
	b.ResetTimer()
	for b.Loop() {
		if _, err := fit.Softmax(b.Context(), tb, mean, sd, next, 5, nil, nil, fit.HeadOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(tb.N)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
