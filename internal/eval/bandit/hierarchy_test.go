package bandit

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// TestRoundIsTheJointPosterior compares the weights of a round with those of one large system for β, θ and γ of all arms.
func TestRoundIsTheJointPosterior(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 9))
	group := []int8{0, groupNumber, groupNumber, groupHat}
	const arms, width = 3, 4
	of := newSums(arms, width)
	type row struct {
		a int
		z [width]float64
		y float64
	}
	var rows []row
	for range 60 {
		r := row{a: rng.IntN(arms), z: [width]float64{1, rng.NormFloat64(), rng.NormFloat64(), rng.Float64()}}
		r.y = float64(r.a) + r.z[1]*(0.5+0.3*float64(r.a)) + rng.NormFloat64()*float64(1+r.a)
		rows = append(rows, r)
		var z []feature
		for i, x := range r.z {
			z = append(z, feature{int32(i), x})
		}
		of[r.a].add(z, r.y)
	}
	h, err := fit(of, group, settings{rounds: 0, leaning: 0.001, weight: 5})
	if err != nil {
		t.Fatal(err)
	}
	noise, own, shared := slices.Clone(h.noise), h.own, h.shared
	if err := h.round(); err != nil {
		t.Fatal(err)
	}
	// Unknowns: β₁…β₃, then for every arm θ, γ₁…γ₃.
	n := (width - 1) + arms*width
	precision, right := mat.NewSymDense(n, nil), mat.NewVecDense(n, nil)
	add := func(at int, p float64) { precision.SetSym(at, at, precision.At(at, at)+p) }
	for i := 1; i < width; i++ {
		add(i-1, 1/shared[group[i]])
		for a := range arms {
			add(width-1+a*width+i, 1/(noise[a]*own[group[i]]))
		}
	}
	for a := range arms {
		at := width - 1 + a*width
		add(at, 1/(armVariance*h.v))
		right.SetVec(at, h.m/(armVariance*h.v))
	}
	for _, r := range rows {
		x := make([]float64, n)
		for i := 1; i < width; i++ {
			x[i-1] = math.Sqrt(noise[r.a]) * r.z[i]
		}
		copy(x[width-1+r.a*width:], r.z[:])
		for i := range x {
			right.SetVec(i, right.AtVec(i)+x[i]*r.y/noise[r.a])
			for k := i; k < n; k++ {
				precision.SetSym(i, k, precision.At(i, k)+x[i]*x[k]/noise[r.a])
			}
		}
	}
	var c mat.Cholesky
	var want mat.VecDense
	if !c.Factorize(precision) || c.SolveVecTo(&want, right) != nil {
		t.Fatal("not solved")
	}
	for a := range arms {
		for i := range width {
			w := want.AtVec(width - 1 + a*width + i)
			if i > 0 {
				w += math.Sqrt(noise[a]) * want.AtVec(i-1)
			}
			if math.Abs(h.weights[a][i]-w) > 1e-9 {
				t.Errorf("arm %d, feature %d: %g, want %g", a, i, h.weights[a][i], w)
			}
		}
	}
}

// TestFitFindsWhatIsThere finds effects that only one arm has, and none where there is none; an arm without rows and one
// that always earns the same do not disturb it.
func TestFitFindsWhatIsThere(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 9))
	of := newSums(5, 3)
	for i := range 6000 {
		x, y := rng.NormFloat64(), rng.NormFloat64()
		reward := []float64{1 + x + y, 1 + x, 2 + x, 0}[i%4]
		if i%4 < 3 {
			reward += rng.NormFloat64()
		}
		of[i%4].add([]feature{{0, 1}, {1, x}, {2, y}}, reward)
	}
	h, err := fit(of, []int8{0, groupNumber, groupHat}, offline())
	if err != nil {
		t.Fatal(err)
	}
	for a, want := range [][]float64{{1, 1, 1}, {1, 1, 0}, {2, 1, 0}, {0, 0, 0}} {
		for i, w := range want {
			if math.Abs(h.weights[a][i]-w) > 0.1 {
				t.Errorf("arm %d, feature %d: %g, want %g", a, i, h.weights[a][i], w)
			}
		}
	}
	if w := h.weights[4]; math.IsNaN(w[0]) || math.Abs(w[0]-h.m) > 1 {
		t.Errorf("the arm without rows: %v", w)
	}
	if v := h.variances[4][0]; math.Abs(v-armVariance*h.v) > 1e-9 {
		t.Errorf("its variance: %g", v)
	}
}
