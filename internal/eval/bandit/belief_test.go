package bandit

import (
	"math"
	"math/rand/v2"
	"testing"
)

// naive is the same belief as means and variances: a Kalman filter with a diagonal covariance.
type naive struct {
	width          int
	shared, svar   []float64
	own, ovar      [][]float64
	n, sum, square float64
	count, reward  []float64
	errors         []float64
}

func newNaive(arms, width, columns int) *naive {
	f := &naive{width: width, count: make([]float64, arms), reward: make([]float64, arms), errors: make([]float64, arms)}
	for range width {
		f.shared, f.svar = append(f.shared, 0), append(f.svar, 0.5/float64(columns))
	}
	for range arms {
		v := []float64{3}
		for range width {
			v = append(v, 0.01/float64(columns))
		}
		f.own, f.ovar = append(f.own, make([]float64, 1+width)), append(f.ovar, v)
	}
	return f
}

func (f *naive) v() float64 {
	if f.n < 2 {
		return 1
	}
	return f.square/f.n - f.sum/f.n*f.sum/f.n
}

func (f *naive) m() float64 {
	s, w := 0.0, 1e-9
	for a := range f.count {
		s += f.reward[a] / (f.count[a] + 2)
		w += f.count[a] / (f.count[a] + 2)
	}
	return s / w
}

func (f *naive) predict(a int, x []feature) float64 {
	y := f.own[a][0] + f.m()*f.ovar[a][0]/3
	for _, g := range x {
		y += g.x * (f.own[a][1+g.at] + f.shared[g.at])
	}
	return y
}

func (f *naive) observe(a int, x []feature, y float64) {
	f.n++
	f.sum += y
	f.square += y * y
	f.count[a]++
	f.reward[a] += y
	e := y - f.predict(a, x)
	r := math.Max((8*f.v()+f.errors[a])/(8+f.count[a])/f.v(), 0.01)
	s := r + f.ovar[a][0]
	for _, g := range x {
		s += g.x * g.x * (f.ovar[a][1+g.at] + f.svar[g.at])
	}
	step := func(m, v *float64, x, e float64) {
		k := *v * x / s
		*m += k * e
		*v -= k * x * *v
	}
	m0 := f.m() * f.ovar[a][0] / 3
	k := f.ovar[a][0] / s
	step(&f.own[a][0], &f.ovar[a][0], 1, e)
	f.own[a][0] += k * m0 // what the prior mean, which is added on top, loses
	for _, g := range x {
		step(&f.own[a][1+g.at], &f.ovar[a][1+g.at], g.x, e)
		step(&f.shared[g.at], &f.svar[g.at], g.x, e)
	}
	f.errors[a] += e * e * r / s
}

func TestBeliefAgreesWithNaiveArithmetic(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 9))
	b, f := newBelief(3, 4, 2), newNaive(3, 4, 2)
	for i := range 500 {
		a := rng.IntN(3)
		x := []feature{{0, rng.NormFloat64()}, {int32(1 + rng.IntN(3)), 0.5}}
		for arm := range 3 {
			if i == 0 {
				break // the level of nothing is 0 there and no number here
			}
			got, variance := b.predict(arm, x, b.level())
			if math.Abs(got-f.predict(arm, x)) > 1e-9 || math.Abs(variance-f.ovar[arm][0]*f.v()) > 1e-9*f.v() {
				t.Fatalf("row %d, arm %d: %g (%g), want %g (%g)", i, arm, got, variance, f.predict(arm, x), f.ovar[arm][0]*f.v())
			}
		}
		y := float64(a) + x[0].x + rng.NormFloat64()
		b.observe(a, x, y)
		f.observe(a, x, y)
	}
}

// TestRefitBecomesThePrior predicts as the fit does right after it, and learns on.
func TestRefitBecomesThePrior(t *testing.T) {
	table := crossing().draw(4, 600)
	e := newEncoder(table, 0, allRows(table))
	d, c := newDesign(e, false), e.code(table)
	b := newBelief(3, e.width, 3)
	of := newSums(3, d.width())
	for i := range 500 {
		x := c.row(int32(i), nil)
		b.observe(int(table.Arm[i]), x, table.Reward[i])
		of[table.Arm[i]].add(d.expand(x, nil), table.Reward[i])
	}
	h, err := fit(of, d.group, online())
	if err != nil {
		t.Fatal(err)
	}
	b.refit(h)
	x := c.row(550, nil)
	for a := range 3 {
		got, variance := b.predict(a, x, b.level())
		if want := predict(h.weights[a], d.expand(x, nil)); math.Abs(got-want) > 1e-9 || math.Abs(variance-h.variances[a][0]) > 1e-9 {
			t.Errorf("arm %d: %g (%g), want %g (%g)", a, got, variance, want, h.variances[a][0])
		}
		if math.Abs(b.noise(a)*b.variance()-h.noise[a]) > 1e-9 {
			t.Errorf("arm %d: noise %g, want %g", a, b.noise(a)*b.variance(), h.noise[a])
		}
	}
	before, _ := b.predict(1, x, b.level())
	for range 20 {
		b.observe(1, x, before+5)
	}
	if after, _ := b.predict(1, x, b.level()); after < before+0.5 || after > before+5 {
		t.Errorf("%g after %g", after, before)
	}
}

func BenchmarkPredict(b *testing.B) {
	belief, x := benchmarked()
	level := belief.level()
	for b.Loop() {
		belief.predict(3, x, level)
	}
}

func BenchmarkUpdate(b *testing.B) {
	belief, x := benchmarked()
	for b.Loop() {
		belief.observe(3, x, 0.5)
	}
}

// benchmarked is a belief about ten arms and twenty active features of a context after a refit, as nearly always.
func benchmarked() (*belief, []feature) {
	rng := rand.New(rand.NewPCG(5, 9))
	b := newBelief(10, 20, 20)
	of := newSums(10, 21)
	var x, z []feature
	for i := range 1000 {
		x, z = x[:0], append(z[:0], feature{0, 1})
		for k := range int32(20) {
			x = append(x, feature{k, rng.NormFloat64()})
			z = append(z, feature{k + 1, x[k].x})
		}
		y := rng.Float64()
		b.observe(i%10, x, y)
		of[i%10].add(z, y)
	}
	group := make([]int8, 21)
	h, err := fit(of, group, online())
	if err != nil {
		panic(err)
	}
	b.refit(h)
	for i := range 100 {
		b.observe(i%10, x, rng.Float64())
	}
	return b, x
}
