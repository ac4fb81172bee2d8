package bandit

import (
	"math"
	"strconv"

	"github.com/veiviser/veiviser/internal/rank"
)

// The prior variances of the online model in units of the variance of rewards: armVariance for an arm's intercept, these,
// spread over all columns, for effects of the context.
const (
	sharedVariance = 0.5  // the same for all arms
	ownVariance    = 0.01 // of a single arm
	leastArmNoise  = 0.01 // noise of an arm
	unsureRows     = 2    // as many rows of mean 0 dilute the mean of an arm in the mean of arms
)

// belief is the online model: y = θₐ + x·β + x·γₐ + noise, as a [rank.Experience] with a weight for every term. Variances
// are in units of the variance of rewards so far.
type belief struct {
	x      *rank.Experience
	shared []rank.Feature   // β: key and prior; none after a refit
	own    [][]rank.Feature // by arm: θ and γ
	// means are what x says of the effects now, γ by arm and β behind them: ten predictions come to every observation.
	means [][]float64
	arms  []armRecord
	// n, mean, around count all rewards, squares is whether any was not 0.
	n, mean, around float64
	anything        bool
	buf             []rank.Feature
}

// armRecord is what the belief keeps of an arm beside the weights.
type armRecord struct {
	n, reward float64
	// errors sums the squared errors, each less what the belief's own doubt explains.
	errors float64
	// base + follow·m is the prior mean of θ, m being the mean of the arms' means.
	base, follow float64
}

// newBelief knows nothing of so many arms, in contexts of so many features from so many columns.
func newBelief(arms, width, columns int) *belief {
	b := &belief{x: rank.NewExperience(0), arms: make([]armRecord, arms), own: make([][]rank.Feature, arms)}
	for range arms + 1 {
		b.means = append(b.means, make([]float64, width))
	}
	for i := range width {
		b.shared = append(b.shared, rank.Feature{Key: rank.Key("shared", strconv.Itoa(i)), Var: sharedVariance / float64(columns)})
	}
	for a := range b.own {
		b.arms[a].follow = 1
		b.own[a] = make([]rank.Feature, 1+width)
		for i := range b.own[a] {
			b.own[a][i] = rank.Feature{Key: rank.Key("own", strconv.Itoa(a), strconv.Itoa(i)), Var: ownVariance / float64(columns)}
		}
		b.own[a][0].X, b.own[a][0].Var = 1, armVariance
	}
	return b
}

// variance is that of the rewards so far: 1 before the second, never 0.
func (b *belief) variance() float64 {
	if b.n < 2 {
		return 1
	}
	if v := b.around / b.n; v > 0 {
		return v
	}
	return leastNoise
}

// level is the mean of the arms' means, each counting by n/(n+2).
func (b *belief) level() float64 {
	mean, weight := 0.0, 1e-9
	for a := range b.arms {
		n := b.arms[a].n
		mean += b.arms[a].reward / (n + unsureRows)
		weight += n / (n + unsureRows)
	}
	return mean / weight
}

// features are the active weights of an arm, θ first; they are good until the next call. level is that of the belief.
func (b *belief) features(a int, x []feature, level float64) []rank.Feature {
	out := b.buf[:0]
	own := b.own[a]
	theta := own[0]
	theta.Mean = b.arms[a].base + b.arms[a].follow*level
	out = append(out, theta)
	for _, f := range x {
		w := own[1+f.at]
		w.X = f.x
		out = append(out, w)
	}
	if b.shared != nil {
		for _, f := range x {
			w := b.shared[f.at]
			w.X = f.x
			out = append(out, w)
		}
	}
	b.buf = out
	return out
}

// predict is what an arm is expected to earn, and how unsure its intercept is.
func (b *belief) predict(a int, x []feature, level float64) (mean, variance float64) {
	mean, variance = b.x.Predict(b.features(a, nil, level))
	own, shared := b.means[a], b.means[len(b.arms)]
	for _, f := range x {
		mean += f.x * (own[f.at] + shared[f.at])
	}
	return mean, variance * b.variance()
}

// noise is that of an arm, in units of the variance of rewards.
func (b *belief) noise(a int) float64 {
	v := b.variance()
	return max((noiseRows*v+b.arms[a].errors)/(noiseRows+b.arms[a].n)/v, leastArmNoise)
}

// observe folds in a reward.
func (b *belief) observe(a int, x []feature, y float64) {
	b.n++
	d := y - b.mean
	b.mean += d / b.n
	b.around += d * (y - b.mean)
	b.anything = b.anything || y != 0
	arm := &b.arms[a]
	arm.n++
	arm.reward += y
	fs, r := b.features(a, x, b.level()), b.noise(a)
	mean, variance := b.x.Predict(fs)
	b.x.ObserveWith(fs, y, r)
	arm.errors += (y - mean) * (y - mean) * r / (r + variance)
	for i := range fs[1:] {
		f, to := fs[1+i:2+i], b.means[a]
		if i >= len(x) {
			to = b.means[len(b.arms)]
		}
		f[0].X = 1
		to[x[i%len(x)].at], _ = b.x.Predict(f)
	}
}

// refit takes over a fit to all that was observed: it becomes the prior, and what is observed from now on is evidence
// beside it. The shared effects are within the arms' from then on.
func (b *belief) refit(h *hierarchy) {
	v, level := b.variance(), b.level()
	b.x, b.shared = rank.NewExperience(0), nil
	clear(b.means[len(b.arms)])
	for a := range b.arms {
		arm := &b.arms[a]
		for i := range b.own[a] {
			w := &b.own[a][i]
			w.Mean, w.Var = h.weights[a][i], max(h.variances[a][i]/v, 1e-9)
		}
		copy(b.means[a], h.weights[a][1:])
		arm.follow = b.own[a][0].Var / armVariance
		arm.base = b.own[a][0].Mean - arm.follow*level
		arm.errors = max(0, h.noise[a]*(arm.n+noiseRows)-noiseRows*v)
	}
}

// doubt is the factor on the standard deviation of an arm's intercept when it is drawn: some arms are tried too seldom for
// their deviations to be trusted.
func (b *belief) doubt(a int) float64 { return math.Sqrt(0.65*0.65 + 10/(b.arms[a].n+1)) }

// fewest is how often every arm is to be tried first.
func (b *belief) fewest() float64 { return max(3, math.Log1p(b.n)) }
