package rank

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

func start() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// TestOneWeightIsExact compares with the textbook posterior of a Gaussian mean.
func TestOneWeightIsExact(t *testing.T) {
	x := NewExperience(0)
	x.Advance(start())
	f := []Feature{{Key: Key("a"), X: 1, Mean: 0.1, Var: 0.04}}
	precision, sum := 1/0.04, 0.1/0.04
	for _, y := range []float64{1, 0, 0, 1, 0} {
		x.Observe(f, y)
		precision += 1 / x.Noise()
		sum += y / x.Noise()
	}
	mean, variance := x.Predict(f)
	if math.Abs(mean-sum/precision) > 1e-12 || math.Abs(variance-1/precision) > 1e-12 {
		t.Errorf("belief N(%g, %g), want N(%g, %g)", mean, variance, sum/precision, 1/precision)
	}
}

// TestObserveWithNoise compares with the textbook posterior, and with Observe where both take the noise for the same.
func TestObserveWithNoise(t *testing.T) {
	f := []Feature{{Key: Key("a"), X: 2, Mean: 0.1, Var: 3}}
	x := NewExperience(0)
	before := x.Noise()
	precision, sum := 1/3., 0.1/3
	for i, y := range []float64{1, -4, 0.5} {
		noise := float64(i + 1)
		x.ObserveWith(f, y, noise)
		precision += 4 / noise
		sum += 2 * y / noise
	}
	mean, variance := x.Predict([]Feature{{Key: Key("a"), X: 1, Mean: 0.1, Var: 3}})
	if math.Abs(mean-sum/precision) > 1e-12 || math.Abs(variance-1/precision) > 1e-12 {
		t.Errorf("belief N(%g, %g), want N(%g, %g)", mean, variance, sum/precision, 1/precision)
	}
	if x.Noise() != before || x.Rows() != 3 {
		t.Errorf("noise %g after %d rows, want %g", x.Noise(), x.Rows(), before)
	}
	fs := []Feature{{Key: Key("b"), X: 1, Var: 0.2}, {Key: Key("c"), X: 0.3, Mean: 1, Var: 0.1}}
	a, b := NewExperience(0), NewExperience(0)
	for _, y := range []float64{0.3, 0.9, 0.1} {
		a.Observe(fs, y)
		b.ObserveWith(fs, y, a.Noise())
		m, v := a.Predict(fs)
		if bm, bv := b.Predict(fs); m != bm || v != bv {
			t.Errorf("N(%g, %g) and N(%g, %g)", m, v, bm, bv)
		}
	}
}

// TestExpectThenCorrect comes to what observing at once comes to.
func TestExpectThenCorrect(t *testing.T) {
	f := []Feature{{Key: Key("a"), X: 0.7, Mean: 0.1, Var: 0.04}}
	x := NewExperience(0)
	x.Advance(start())
	before, _ := x.Predict(f)
	x.Expect(f)
	mean, _ := x.Predict(f)
	if math.Abs(mean-before) > 1e-12 {
		t.Errorf("expecting moved the mean from %g to %g", before, mean)
	}
	x.Correct(f, 0.25-before)
	got, gotVar := x.Predict(f)
	want := NewExperience(0)
	want.Advance(start())
	want.update(f, 0.25-before, 0.7*0.7*0.04, want.Noise())
	m, v := want.Predict(f)
	if math.Abs(got-m) > 1e-9 || math.Abs(gotVar-v) > 1e-12 {
		t.Errorf("belief N(%g, %g), want N(%g, %g)", got, gotVar, m, v)
	}
}

// TestForgetting goes back to the prior, and half the evidence is gone after a half life.
func TestForgetting(t *testing.T) {
	x := NewExperience(24 * time.Hour)
	x.Advance(start())
	f := []Feature{{Key: Key("a"), X: 1, Mean: 0.1, Var: 0.01}}
	for range 100 {
		x.Observe(f, 1)
	}
	_, v := x.Predict(f)
	gained := 1/v - 100
	x.Advance(start().Add(24 * time.Hour))
	_, later := x.Predict(f)
	if got := 1/later - 100; math.Abs(got-gained/2) > 1e-9*gained {
		t.Errorf("after a half life %g of %g is left", got, gained)
	}
	x.Advance(start().Add(90 * 24 * time.Hour))
	mean, variance := x.Predict(f)
	if math.Abs(mean-0.1) > 1e-3 || math.Abs(variance-0.01) > 1e-5 {
		t.Errorf("after 90 half lives the belief is N(%g, %g)", mean, variance)
	}
	if x.Weights() != 0 {
		t.Errorf("%d weights are kept", x.Weights())
	}
}

// TestChangedWorld follows a change within a few half lives.
func TestChangedWorld(t *testing.T) {
	x := NewExperience(10 * 24 * time.Hour)
	rng := rand.New(rand.NewPCG(1, 2))
	f := []Feature{{Key: Key("a"), X: 1, Mean: 0.1, Var: 0.01}}
	now := start()
	run := func(days int, p float64) {
		for range days * 100 {
			now = now.Add(24 * time.Hour / 100)
			x.Advance(now)
			y := 0.0
			if rng.Float64() < p {
				y = 1
			}
			x.Observe(f, y)
		}
	}
	run(60, 0.4)
	if mean, _ := x.Predict(f); math.Abs(mean-0.4) > 0.05 {
		t.Errorf("learned %g of 0.4", mean)
	}
	run(40, 0.05)
	if mean, _ := x.Predict(f); math.Abs(mean-0.05) > 0.05 {
		t.Errorf("40 days after the change to 0.05 the mean is %g", mean)
	}
}

// TestExperienceKeeps writes and reads without a change, and refuses what is no experience.
func TestExperienceKeeps(t *testing.T) {
	x := NewExperience(time.Hour)
	x.Advance(start())
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range 2000 {
		x.Advance(start().Add(time.Duration(i) * time.Second))
		x.Observe([]Feature{{Key: uint64(1 + rng.IntN(500)), X: 1, Var: 0.01}, {Key: uint64(1000 + rng.IntN(5)), X: 1, Var: 0.1}}, rng.Float64())
	}
	b := x.AppendTo(nil)
	y, err := ReadExperience(b)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b, y.AppendTo(nil)) {
		t.Error("what was read is written otherwise")
	}
	for i := range 1000 {
		f := []Feature{{Key: uint64(i + 1), X: 1, Var: 0.1}}
		m, v := x.Predict(f)
		if n, w := y.Predict(f); m != n || v != w {
			t.Fatalf("weight %d: N(%g, %g) became N(%g, %g)", i, m, v, n, w)
		}
	}
	for _, bad := range [][]byte{nil, {2}, b[:60], b[:len(b)-1], append([]byte{9}, b[1:]...)} {
		if _, err := ReadExperience(bad); err == nil {
			t.Errorf("%d bytes were read as an experience", len(bad))
		}
	}
}

func FuzzReadExperience(f *testing.F) {
	x := NewExperience(time.Hour)
	x.Advance(start())
	x.Observe([]Feature{{Key: 7, X: 1, Var: 0.01}}, 1)
	f.Add(x.AppendTo(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		x, err := ReadExperience(b)
		if err != nil {
			return
		}
		y, err := ReadExperience(x.AppendTo(nil))
		if err != nil || y.Weights() != x.Weights() {
			t.Fatalf("%v, %d weights became %d", err, x.Weights(), y.Weights())
		}
	})
}

// TestFeaturesAreTheScore: the features' priors sum to the prior score, and the delta to what was learned.
func TestFeaturesAreTheScore(t *testing.T) {
	plan := benchPlan()
	for _, attributes := range [][]string{{"kind", "stage"}, {"topic", "stage"}, {"kind", "segment"}, {"item", "segment"}, {"kind", "channel"}, {"kind", "format"}} {
		plan.Policy.Learning.Crosses = append(plan.Policy.Learning.Crosses, veiviser.Cross{Attributes: attributes})
	}
	m := Compile(plan)
	x := NewExperience(0)
	x.Advance(start())
	s := Situation{ByStage: [numStages]float64{0.1, 0.5, 0.2, 0.2}, Segments: []string{"s0", "s1", "s4"}, Channel: "web", Placement: "p"}
	it := &veiviser.Item{ID: "i3", Kind: veiviser.KindOffer, Topics: []string{"t1/a", "t2"}, Stages: []veiviser.StandardStage{veiviser.StageSearch}}
	r := m.Response(it)
	r.Lever = 0
	score := func() (float64, float64) {
		sc := m.Prepare(s, x.Learned())
		return sc.Score(it, &r, "f1", sc.Learned(it, "f1"))
	}
	fs := m.Prepare(s, nil).Features(nil, it, "f1")
	crosses := 4 + 2*4 + 3 + 3 + 1 + 1 // kind, two topics by stage, kind and item by segment, kind by channel and by format
	for step := range 5 {
		mean, variance := score()
		m, _ := x.Predict(fs)
		_, v := x.Predict(fs[:len(fs)-crosses])
		if math.Abs(m-mean) > 1e-5 || math.Abs(v-variance) > 1e-5 {
			t.Errorf("step %d: features say N(%g, %g), the score N(%g, %g)", step, m, v, mean, variance)
		}
		x.Observe(fs, 0.9)
	}
	if mean, _ := score(); mean < 0.3 {
		t.Errorf("after five rewards of 0.9 the mean is %g", mean)
	}
}

func BenchmarkExperience(b *testing.B) {
	x := NewExperience(30 * 24 * time.Hour)
	x.Advance(start())
	rng := rand.New(rand.NewPCG(5, 6))
	rows := make([][]Feature, 512)
	for i := range rows {
		for k := range 20 {
			rows[i] = append(rows[i], Feature{Key: Key(string(rune('a'+k)), string(rune('A'+rng.IntN(64)))), X: 1, Var: 0.01})
		}
		x.Observe(rows[i], rng.Float64())
	}
	b.Run("predict", func(b *testing.B) {
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			x.Predict(rows[i&511])
			i++
		}
	})
	b.Run("update", func(b *testing.B) {
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			x.Observe(rows[i&511], 0.5)
			i++
		}
	})
}
