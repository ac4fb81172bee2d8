package confseq_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/rank/confseq"
)

// ten is a group of ten people whose outcomes are easily reckoned with.
func ten() confseq.Arm {
	var a confseq.Arm
	for i := range 10 {
		a.Add(float64(i))
	}
	return a
}

func near(x float64) cmp.Option {
	return cmp.Comparer(func(a, b float64) bool {
		return a == b || math.Abs(a-b) <= x*max(1, math.Abs(a), math.Abs(b))
	})
}

func TestArm(t *testing.T) {
	if diff := cmp.Diff(confseq.Arm{N: 10, NonZero: 9, Mean: 4.5, M2: 82.5}, ten(), near(1e-12)); diff != "" {
		t.Error(diff)
	}
	if got, want := ten().Variance(), 82.5/9; math.Abs(got-want) > 1e-12 {
		t.Errorf("the variance of 0 to 9 is %v, want %v", got, want)
	}
	if v := (confseq.Arm{N: 1}).Variance(); !math.IsNaN(v) {
		t.Errorf("the variance of one outcome is %v", v)
	}
	raw, err := json.Marshal(ten())
	if err != nil {
		t.Fatal(err)
	}
	var back confseq.Arm
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(ten(), back); diff != "" {
		t.Errorf("after JSON: %s", diff)
	}
}

// Merged groups are those of all their people, in whatever parts they came.
func TestMerge(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var all, merged confseq.Arm
		for range rnd.IntN(5) {
			var part confseq.Arm
			for range rnd.IntN(7) {
				x := 1000 + rnd.NormFloat64()*float64(rnd.IntN(3))
				all.Add(x)
				part.Add(x)
			}
			merged.Merge(part)
		}
		if diff := cmp.Diff(all, merged, near(1e-9)); diff != "" {
			t.Fatal(diff)
		}
	}
	var of, to confseq.Arm
	for i := range 40 {
		of.Add(float64(min(1, i/30)))
	}
	if diff := cmp.Diff(of, confseq.Rate(10, 40), near(1e-12)); diff != "" {
		t.Errorf("a rate is not its outcomes: %s", diff)
	}
	to.Merge(confseq.Rate(4, 15))
	to.Merge(confseq.Rate(6, 25))
	if diff := cmp.Diff(of, to, near(1e-12)); diff != "" {
		t.Errorf("merged rates: %s", diff)
	}
	if diff := cmp.Diff(confseq.Arm{}, confseq.Rate(3, 0)); diff != "" {
		t.Errorf("a rate of nobody: %s", diff)
	}
}

// The boundary is that of the paper: μ̂ ± σ̂·√(2(tρ²+1)/(t²ρ²)·ln(√(tρ²+1)/α)), with ρ² = (−W₋₁(−α²/e) − 1)/t*.
func TestBoundaryOfThePaper(t *testing.T) {
	const planned, alpha = 5000.0, 0.05
	// W₋₁ by bisection: w·e^w falls from 0 at −∞ to −1/e at −1.
	lo, hi := -100.0, -1.0
	for range 200 {
		if mid := (lo + hi) / 2; mid*math.Exp(mid) > -alpha*alpha*math.Exp(-1) {
			lo = mid
		} else {
			hi = mid
		}
	}
	rho2 := (-lo - 1) / planned
	for _, n := range []float64{50, 700, 5000, 400_000} {
		a := confseq.Arm{N: int64(n), Mean: 3, M2: 4 * (n - 1)}
		want := 2 * math.Sqrt(2*(n*rho2+1)/(n*n*rho2)*math.Log(math.Sqrt(n*rho2+1)/alpha))
		got := confseq.Mean(a, confseq.Options{Planned: planned})
		if diff := cmp.Diff(confseq.Interval{Value: 3, Low: 3 - want, High: 3 + want, StdErr: 2 / math.Sqrt(n), Known: true}, got, near(1e-9)); diff != "" {
			t.Errorf("n = %v: %s", n, diff)
		}
	}
}

// The figures in the comments.
func TestFactors(t *testing.T) {
	factor := func(n int64, o confseq.Options) float64 {
		a := confseq.Arm{N: n, Mean: 1, M2: float64(n - 1)}
		i := confseq.Difference(a, a, o)
		return i.Width() / 2 / i.StdErr
	}
	const planned = 1_000_000
	o := confseq.Options{Planned: planned}
	at := factor(planned/2, o)
	early, late := factor(planned/10, o), factor(planned/2*30, o)
	t.Logf("standard errors at the planned size %.3f, at a fifth %.3f, at thirty times %.3f", at, early, late)
	if math.Abs(at-3.04) > 0.01 || max(early, late) > 3.4 {
		t.Errorf("the factor is %v, %v early, %v late", at, early, late)
	}
	for _, x := range []float64{0.2, 0.5, 1, 2, 5} {
		wrong := factor(planned/2, confseq.Options{Planned: int64(planned * x)})
		if wrong < at-1e-9 || wrong > 1.2*at {
			t.Errorf("planned %v times too many, the factor is %v instead of %v", x, wrong, at)
		}
	}
	both := factor(planned/2, confseq.Options{Planned: planned, ControlShare: 0.5})
	t.Logf("with shares that may change %.3f", both)
	if r := both / at; r < 1.1 || r > 1.125 {
		t.Errorf("shares that may change cost %v", r)
	}
	if wider := factor(planned/2, confseq.Options{Planned: planned, Confidence: 0.99}); wider < at {
		t.Errorf("99 %% are narrower: %v", wider)
	}
}

// The lift is the set of ratios that the interval for θ₁ − r·θ₀ does not exclude.
func TestLiftInvertsDifferences(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		control := confseq.Arm{N: 5000, Mean: 0.5 + rnd.Float64(), M2: 5000 * (1 + rnd.Float64())}
		treated := confseq.Arm{N: 5000, Mean: 0.5 + rnd.Float64(), M2: control.M2}
		o := confseq.Options{Planned: 1000 * int64(1+rnd.IntN(20))}
		got := confseq.Lift(treated, control, o)
		if !got.Known || got.Low > got.Value || got.Value > got.High {
			t.Fatalf("%+v", got)
		}
		for _, end := range []float64{got.Low, got.High} {
			r := 1 + end
			scaled := confseq.Arm{N: control.N, Mean: r * control.Mean, M2: r * r * control.M2}
			// With variances that differ pooling works on what is scaled: take the parts apart.
			of := func(a confseq.Arm) float64 {
				same := confseq.Difference(a, a, o)
				return same.Width() * same.Width() / 8
			}
			margin := math.Sqrt(of(treated) + r*r*of(control))
			if miss := math.Abs(treated.Mean-scaled.Mean) - margin; math.Abs(miss) > 1e-9 {
				t.Fatalf("at the end %v the difference is off its margin by %v", end, miss)
			}
		}
	}
	for name, control := range map[string]confseq.Arm{
		"too little": {N: 100, Mean: 0.1, M2: 100}, "below zero": {N: 10_000, Mean: -1, M2: 10_000}, "nothing": {N: 100, M2: 1},
	} {
		if got := confseq.Lift(confseq.Arm{N: 100, Mean: 1, M2: 100}, control, confseq.Options{}); got.Known || !strings.Contains(got.Why, "0 yet") || math.IsNaN(got.Value) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestTooEarly(t *testing.T) {
	enough := confseq.Arm{N: 100, NonZero: 30, Mean: 1, M2: 100}
	for _, c := range []struct {
		name string
		arm  confseq.Arm
		o    confseq.Options
		why  string // "" when the interval is known
	}{
		{"enough", enough, confseq.Options{}, ""},
		{"not counted", confseq.Arm{N: 100, Mean: 1, M2: 100}, confseq.Options{}, ""},
		{"nobody", confseq.Arm{}, confseq.Options{}, "0 people so far, 50 are needed"},
		{"few", confseq.Arm{N: 49, NonZero: 30, Mean: 1, M2: 100}, confseq.Options{}, "49 people so far, 50 are needed"},
		{"few will do", confseq.Arm{N: 2, NonZero: 30, Mean: 1, M2: 100}, confseq.Options{LeastUnits: -1}, "not those of finite"},
		{"few buyers will do", confseq.Arm{N: 49, NonZero: 2, Mean: 10, M2: 1}, confseq.Options{LeastUnits: -1, LeastNonZero: -1}, ""},
		{"few buyers", confseq.Arm{N: 100, NonZero: 19, Mean: 1, M2: 100}, confseq.Options{}, "19 people in the group have an outcome other than 0 so far, 20"},
		{"all alike", confseq.Arm{N: 100, NonZero: 100, Mean: 1}, confseq.Options{}, "all outcomes in the group are the same"},
		{"no number", confseq.Arm{N: 100, Mean: math.NaN(), M2: 1}, confseq.Options{}, "not those of finite"},
		{"endless", confseq.Arm{N: 100, Mean: 1, M2: math.Inf(1)}, confseq.Options{}, "not those of finite"},
		{"negative", confseq.Arm{N: -100, Mean: 1, M2: 3}, confseq.Options{}, "not those of finite"},
	} {
		one := confseq.Mean(c.arm, c.o)
		treated, control := confseq.Difference(c.arm, enough, c.o), confseq.Difference(enough, c.arm, c.o)
		lift := confseq.Lift(enough, c.arm, c.o)
		for i, got := range []confseq.Interval{one, treated, control, lift} {
			if got.Known != (c.why == "") || got.Known != (got.Why == "") || got.Known == math.IsInf(got.Width(), 1) {
				t.Errorf("%s, %d: %+v", c.name, i, got)
			}
			if why := strings.ReplaceAll(strings.ReplaceAll(c.why, "the group", "the treated group"), "a treated", "a"); i == 1 && !strings.Contains(got.Why, why) {
				t.Errorf("%s: %q lacks %q", c.name, got.Why, why)
			}
			if !got.Known && (got.Excludes(1e300) || math.IsNaN(got.Value)) {
				t.Errorf("%s, %d: %+v excludes something", c.name, i, got)
			}
		}
	}
	spoilt := ten()
	spoilt.Add(math.Inf(1))
	spoilt.Add(1)
	if got := confseq.Mean(spoilt, confseq.Options{LeastUnits: -1}); got.Known || !strings.Contains(got.Why, "finite") {
		t.Errorf("an infinite outcome: %+v", got)
	}
}

func FuzzIntervals(f *testing.F) {
	f.Add(int64(100), int64(30), 1.0, 100.0, int64(90), int64(20), 0.9, 120.0, 0.95, int64(1000), 0.05)
	f.Fuzz(func(t *testing.T, n, nz int64, mean, m2 float64, n2, nz2 int64, mean2, m22, confidence float64, planned int64, share float64) {
		a, b := confseq.Arm{N: n, NonZero: nz, Mean: mean, M2: m2}, confseq.Arm{N: n2, NonZero: nz2, Mean: mean2, M2: m22}
		o := confseq.Options{Confidence: confidence, Planned: planned, ControlShare: share, LeastUnits: -1, LeastNonZero: -1}
		for _, i := range []confseq.Interval{confseq.Mean(a, o), confseq.Difference(a, b, o), confseq.Lift(a, b, o)} {
			if math.IsNaN(i.Value) || math.IsNaN(i.Low) || math.IsNaN(i.High) || i.Low > i.High || i.Known != (i.Why == "") {
				t.Fatalf("%+v and %+v: %+v", a, b, i)
			}
		}
	})
}

func BenchmarkDifference(b *testing.B) {
	t, c := confseq.Arm{N: 20_000, NonZero: 600, Mean: 1.2, M2: 40_000}, confseq.Arm{N: 1000, NonZero: 30, Mean: 1, M2: 2000}
	b.ReportAllocs()
	for b.Loop() {
		confseq.Difference(t, c, confseq.Options{})
	}
}
