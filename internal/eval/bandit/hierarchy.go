package bandit

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/mat"
)

// settings are those of a hierarchical fit.
type settings struct {
	rounds int
	// leaning and weight shrink an estimated prior variance: as if so many effects had shown that one.
	leaning, weight float64
	// alike allows arms no effects of their own but the intercept.
	alike bool
}

// The settings of the two uses.
func online() settings  { return settings{rounds: 5, leaning: 0.001, weight: 5} }
func offline() settings { return settings{rounds: 6, leaning: 0.0003, weight: 5} }

// What a hierarchical fit begins with and keeps to, prior variances being in units of an arm's noise.
const (
	firstOwn, firstShared       = 0.002, 0.005
	leastVariance, mostVariance = 1e-7, 1.0
	noiseRows                   = 8 // as many rows speak for the variance of all rewards as an arm's noise
	armVariance                 = 3 // prior variance of an arm's intercept, in units of the variance of all rewards
	leastNoise                  = 1e-6
)

// hierarchy is the model y = θₐ + z·(σₐ·β + γₐ) + ε of arms a with noise σₐ, fitted by empirical Bayes: βⱼ ~ N(0, κ_g),
// γₐⱼ ~ N(0, σₐ²·λ_g) by groups g of features, θₐ ~ N(m, 3·V). In every round γ is integrated out for β (by the identity
// of Woodbury), γ is found given β, and the variances move by the fixed point of MacKay (1992): the squares of the
// effects over how many of them the data determine.
type hierarchy struct {
	settings
	group []int8
	of    []sums
	v, m  float64 // variance of all rewards, mean of the arms' means

	noise       []float64 // σₐ²
	own, shared [groups]float64
	// weights are θ and σₐ·β + γₐ by arm, variances the posterior ones given β.
	weights, variances [][]float64
	inverse            []*mat.SymDense // posterior covariances
	gram               []*mat.SymDense
	beta               []float64
}

var errSingular = errors.New("the contexts of this log are so large or so alike that the model can not be solved")

// fit fits the model to the sums by arm.
func fit(of []sums, group []int8, s settings) (*hierarchy, error) {
	width := len(group)
	h := &hierarchy{settings: s, group: group, of: of, beta: make([]float64, width)}
	h.m, h.v = level(of)
	for g := range groups {
		h.own[g], h.shared[g] = firstOwn, firstShared
		if s.alike {
			h.own[g] = leastVariance
		}
	}
	for a := range of {
		n := of[a].n
		around := max(0, of[a].square-of[a].reward*of[a].reward/max(n, 1))
		h.noise = append(h.noise, (around+noiseRows*h.v)/(n+noiseRows))
		h.gram = append(h.gram, mat.NewSymDense(width, of[a].gram))
		h.inverse = append(h.inverse, mat.NewSymDense(width, nil))
		h.weights = append(h.weights, make([]float64, width))
		h.variances = append(h.variances, make([]float64, width))
	}
	for range s.rounds {
		if err := h.round(); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// level is the mean of the arms' means, each counting by n/(n+2), and the variance of all rewards.
func level(of []sums) (mean, variance float64) {
	var n, reward, square, weight float64
	for a := range of {
		s := &of[a]
		n, reward, square = n+s.n, reward+s.reward, square+s.square
		mean += s.reward / (s.n + 2)
		weight += s.n / (s.n + 2)
	}
	variance = square/max(n, 1) - reward*reward/max(n*n, 1)
	if variance <= 0 || math.IsNaN(variance) {
		variance = leastNoise
	}
	return mean / max(weight, 1e-9), variance
}

// round estimates everything once more.
func (h *hierarchy) round() error {
	for a := range h.of {
		precision := mat.NewSymDense(len(h.group), nil)
		precision.ScaleSym(1/h.noise[a], h.gram[a])
		for i := range h.group {
			precision.SetSym(i, i, precision.At(i, i)+h.prior(a, i))
		}
		var c mat.Cholesky
		if !c.Factorize(precision) {
			return errSingular
		}
		if c.InverseTo(h.inverse[a]) != nil && math.IsInf(c.Cond(), 1) {
			return errSingular
		}
	}
	if err := h.sharedEffects(); err != nil {
		return err
	}
	h.ownEffects()
	return nil
}

// prior is the precision of an effect of an arm before anything is observed.
func (h *hierarchy) prior(a, i int) float64 {
	if i == 0 {
		return 1 / (armVariance * h.v)
	}
	return 1 / (h.noise[a] * h.own[h.group[i]])
}

// sharedEffects finds β with γ integrated out. With D for the prior precisions of an arm and P for its posterior
// covariance, the arm's rows tell of z·σₐ·β with the precision D − D·P·D.
func (h *hierarchy) sharedEffects() error {
	width := len(h.group)
	precision, right := mat.NewSymDense(width, nil), mat.NewVecDense(width, nil)
	d, data, told := make([]float64, width), mat.NewVecDense(width, nil), mat.NewVecDense(width, nil)
	for a := range h.of {
		for i := range d {
			d[i] = h.prior(a, i)
			data.SetVec(i, h.of[a].by[i]/h.noise[a])
		}
		data.SetVec(0, data.AtVec(0)+h.m*d[0])
		told.MulVec(h.inverse[a], data)
		s := math.Sqrt(h.noise[a])
		for i := 1; i < width; i++ {
			right.SetVec(i, right.AtVec(i)+s*d[i]*told.AtVec(i))
			for k := i; k < width; k++ {
				p := -d[i] * h.inverse[a].At(i, k) * d[k]
				if i == k {
					p += d[i]
				}
				precision.SetSym(i, k, precision.At(i, k)+h.noise[a]*p)
			}
		}
	}
	precision.SetSym(0, 0, 1)
	for i := 1; i < width; i++ {
		precision.SetSym(i, i, precision.At(i, i)+1/h.shared[h.group[i]])
	}
	var c mat.Cholesky
	var inverse mat.SymDense
	if !c.Factorize(precision) || (c.InverseTo(&inverse) != nil && math.IsInf(c.Cond(), 1)) {
		return errSingular
	}
	told.MulVec(&inverse, right)
	var squares, determined [groups]float64
	for i := 1; i < width; i++ {
		g := h.group[i]
		h.beta[i] = told.AtVec(i)
		squares[g] += h.beta[i] * h.beta[i]
		determined[g] += max(0, 1-inverse.At(i, i)/h.shared[g])
	}
	for g := range groups {
		h.shared[g] = min(max((squares[g]+1e-6)/(determined[g]+0.01), leastVariance), mostVariance)
	}
	return nil
}

// ownEffects finds the weights of every arm given β, its noise, and the prior variances of own effects.
func (h *hierarchy) ownEffects() {
	width := len(h.group)
	common, told, own := mat.NewVecDense(width, nil), mat.NewVecDense(width, nil), mat.NewVecDense(width, nil)
	var squares, determined [groups]float64
	for a := range h.of {
		of := &h.of[a]
		s := math.Sqrt(h.noise[a])
		for i, b := range h.beta {
			common.SetVec(i, s*b)
		}
		told.MulVec(h.gram[a], common)
		for i, by := range of.by {
			told.SetVec(i, (by-told.AtVec(i))/h.noise[a])
		}
		told.SetVec(0, told.AtVec(0)+h.m*h.prior(a, 0))
		own.MulVec(h.inverse[a], told)
		params := 0.0
		for i := range width {
			h.weights[a][i] = own.AtVec(i) + common.AtVec(i)
			h.variances[a][i] = h.inverse[a].At(i, i)
			if i > 0 {
				g := h.group[i]
				squares[g] += own.AtVec(i) * own.AtVec(i) / h.noise[a]
				share := max(0, 1-h.variances[a][i]*h.prior(a, i))
				determined[g] += share
				params += share
			}
		}
		error2 := h.errors(a, h.weights[a])
		h.noise[a] = max((error2+noiseRows*h.v)/(max(1, of.n-params-1)+noiseRows), leastNoise*h.v)
	}
	if h.alike {
		return
	}
	for g := range groups {
		h.own[g] = min(max((squares[g]+h.weight*h.leaning)/(determined[g]+0.1+h.weight), leastVariance), mostVariance)
	}
}

// errors is the sum of squared errors of weights on the rows of an arm.
func (h *hierarchy) errors(a int, weights []float64) float64 {
	of := &h.of[a]
	w := mat.NewVecDense(len(weights), weights)
	by := mat.NewVecDense(len(weights), of.by)
	return max(0, of.square-2*mat.Dot(by, w)+mat.Inner(w, h.gram[a], w))
}

// predict is what an arm is expected to earn.
func predict(weights []float64, z []feature) float64 {
	y := 0.0
	for _, f := range z {
		y += weights[f.at] * f.x
	}
	return y
}
