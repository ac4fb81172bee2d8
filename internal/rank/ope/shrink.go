package ope

import (
	"math"
	"slices"
)

const (
	// gridPoints is how many values of τ or λ are tried.
	gridPoints = 24
	// gridRange is how far below the largest weight the grids begin.
	gridRange = 1e4
	// asGoodAsNone, times the square of the largest weight, is a λ that lowers no weight by more than one part in a million.
	asGoodAsNone = 1e6
	// same is how far weights may differ by rounding and count as equal.
	same = 1e-6
	// equal is how much better, as a share, a parameter must be to be better at all.
	equal = 1e-9
)

// rule is how an estimator lowers weights: smoothly (dros, p = λ) or by leaving out those above p (switch-dr, p = τ).
type rule struct {
	smooth bool
	p      float64
}

// keeps is the share of a weight that the estimator works with.
func (r rule) keeps(w float64) float64 {
	switch {
	case r.smooth:
		return r.p / (w*w + r.p)
	case w > r.p*(1+same):
		return 0
	}
	return 1
}

// grid is the parameters to try, ascending, so that the last lowers nothing.
func (s *sample) grid(smooth bool) []float64 {
	least, most := math.Inf(1), 0.0
	for i := range s.pairs {
		least, most = min(least, s.pairs[i].weight), max(most, s.pairs[i].weight)
	}
	if most == 0 {
		return []float64{1}
	}
	least = min(max(least, most/gridRange), most)
	if smooth {
		least, most = least*least, asGoodAsNone*most*most
	}
	out := make([]float64, gridPoints)
	for k := range out {
		out[k] = least * math.Pow(most/least, float64(k)/(gridPoints-1))
	}
	out[gridPoints-1] = most
	return out
}

// tuned estimates by the doubly robust estimator with lowered weights, with the parameter of the least bias bound² +
// variance; of equal ones the one that lowers least.
func (s *sample) tuned(name string) Estimate {
	bound, square := s.o.Bound, 0.0
	for _, x := range s.residual {
		square += x * x
		if s.o.Bound == 0 {
			bound = max(bound, math.Abs(x))
		}
	}
	xs := make([]float64, s.n)
	var best Estimate
	var by spread
	least := math.Inf(1)
	for _, p := range slices.Backward(s.grid(name == DROS)) {
		lower := rule{name == DROS, p}
		e := Estimate{Name: name, Tuned: p, Bias: s.bias(lower, bound, square/float64(s.n))}
		if best.Name != "" && !(e.Bias*e.Bias < least) {
			break // from here on the bound only grows
		}
		for i, w := range s.weight {
			xs[i] = s.predicted[i] + w*lower.keeps(w)*s.residual[i]
		}
		e.Value = mean(xs)
		around := s.spread(func(i int) float64 { return xs[i] - e.Value })
		if loss := e.Bias*e.Bias + around.stderr*around.stderr; best.Name == "" || loss < least*(1-equal) {
			best, by, least = e, around, loss
		}
	}
	return s.estimate(best, by)
}

// bias bounds the bias of lowered weights: the smaller of bound times the target's probability that is lowered away and
// of what Cauchy and Schwarz allow, square being the mean squared residual.
func (s *sample) bias(lower rule, bound, square float64) float64 {
	away, gap := 0.0, 0.0
	for i := range s.pairs {
		away += s.pairs[i].mass * (1 - lower.keeps(s.pairs[i].weight))
	}
	for _, w := range s.weight {
		d := w * (1 - lower.keeps(w))
		gap += d * d
	}
	n := float64(s.n)
	return min(bound*away/n, math.Sqrt(gap/n*square))
}
