package fit

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

const (
	// leastFactor and mostFactor bound what one event may multiply the probability of a stage with, as in package stage.
	leastFactor, mostFactor = 1e-9, 1e9
	// leastRatio and mostRatio bound a likelihood ratio, as in a plan.
	leastRatio, mostRatio = 0.01, 100
)

// chain is the numbers of a journey, laid out densely.
type chain struct {
	n     int
	prior []float64 // sums to 1
	rest  []float64 // sums to 1
	moves []float64 // n×n, row by row, each row sums to 1
	ratio []float64 // signals×n
	half  float64   // nanoseconds
}

// read takes the numbers of a journey as package stage does.
func read(j *veiviser.Journey) (*chain, error) {
	n := len(j.Stages)
	c := &chain{n: n, moves: make([]float64, n*n), half: float64(j.HalfLife)}
	if j.HalfLife == 0 {
		c.half = float64(veiviser.DefaultHalfLife)
	}
	if c.half < 0 {
		return nil, fmt.Errorf("fit: the half-life of journey %q is %v", j.ID, j.HalfLife)
	}
	index := make(map[string]int, n)
	for i := range j.Stages {
		index[j.Stages[i].ID] = i
		c.prior = append(c.prior, j.Stages[i].Prior)
		c.rest = append(c.rest, j.Stages[i].Rest)
	}
	if len(index) != n || !share(c.prior) {
		return nil, fmt.Errorf("fit: journey %q needs stages with ids of their own and a prior", j.ID)
	}
	if !share(c.rest) {
		c.rest = slices.Clone(c.prior)
	}
	for _, t := range j.Transitions {
		from, okFrom := index[t.From]
		to, okTo := index[t.To]
		if !okFrom || !okTo || !(t.Rate >= 0 && t.Rate <= 1) {
			return nil, fmt.Errorf("fit: journey %q moves from %q to %q at rate %v", j.ID, t.From, t.To, t.Rate)
		}
		if from != to {
			c.moves[from*n+to] += t.Rate
		}
	}
	for i := range n {
		out := 0.0
		for _, rate := range c.moves[i*n : (i+1)*n] {
			out += rate
		}
		if out > 1+1e-9 {
			return nil, fmt.Errorf("fit: the rates out of stage %q sum to %v", j.Stages[i].ID, out)
		}
		c.moves[i*n+i] = max(0, 1-out)
	}
	return c, c.ratios(j, index)
}

func (c *chain) ratios(j *veiviser.Journey, index map[string]int) error {
	c.ratio = make([]float64, len(j.Signals)*c.n)
	for i := range c.ratio {
		c.ratio[i] = 1
	}
	for s := range j.Signals {
		for id, l := range j.Signals[s].Likelihood { // in any order: each sets its own
			k, ok := index[id]
			if !ok || !(l > 0 && l <= math.MaxFloat64) {
				return fmt.Errorf("fit: the likelihood of signal %q in stage %q is %v", j.Signals[s].ID, id, l)
			}
			c.ratio[s*c.n+k] = l
		}
	}
	return nil
}

// share scales weights to sum 1; false when none is positive or one is no weight.
func share(w []float64) bool {
	most, sum := 0.0, 0.0
	for _, x := range w {
		if !(x >= 0 && x <= math.MaxFloat64) {
			return false
		}
		most = max(most, x)
	}
	if most == 0 {
		return false
	}
	for i := range w {
		w[i] /= most
		sum += w[i]
	}
	for i := range w {
		w[i] /= sum
	}
	return true
}

// write gives the journey with the numbers of c. Several transitions between the same stages keep their proportions.
func (c *chain) write(j *veiviser.Journey, meanEvents float64) veiviser.Journey {
	out := *j
	out.Stages, out.Transitions, out.Signals = slices.Clone(j.Stages), slices.Clone(j.Transitions), slices.Clone(j.Signals)
	out.HalfLife, out.MeanEvents = time.Duration(c.half), meanEvents
	index := make(map[string]int, c.n)
	for i := range out.Stages {
		index[out.Stages[i].ID] = i
		out.Stages[i].Prior, out.Stages[i].Rest = c.prior[i], c.rest[i]
	}
	sums := make([]float64, c.n*c.n)
	for _, t := range j.Transitions {
		sums[index[t.From]*c.n+index[t.To]] += t.Rate
	}
	for i := range out.Transitions {
		t := &out.Transitions[i]
		at := index[t.From]*c.n + index[t.To]
		switch {
		case t.From == t.To || sums[at] == 0:
		case t.Rate == sums[at]:
			t.Rate = c.moves[at]
		default:
			t.Rate *= c.moves[at] / sums[at]
		}
	}
	for s := range out.Signals {
		likelihood := maps.Clone(out.Signals[s].Likelihood)
		if likelihood == nil {
			likelihood = map[string]float64{}
		}
		for i := range out.Stages {
			likelihood[out.Stages[i].ID] = c.ratio[s*c.n+i]
		}
		out.Signals[s].Likelihood = likelihood
	}
	return out
}

// factors writes what showing these signals multiplies the probability of each stage with. They come in the order of
// the plan, and the product stays in bounds all the way.
func (c *chain) factors(signals []int32, out []float64) {
	for i := range out {
		out[i] = 1
	}
	for _, s := range signals {
		if s < 0 || (int(s)+1)*c.n > len(c.ratio) {
			continue
		}
		for i, l := range c.ratio[int(s)*c.n : (int(s)+1)*c.n] {
			out[i] = max(leastFactor, min(mostFactor, out[i]*l))
		}
	}
}

// keep is the share of the belief that stays when a need is silent for dt.
func (c *chain) keep(dt time.Duration) float64 {
	if dt <= 0 {
		return 1
	}
	return math.Exp2(-float64(dt) / c.half)
}

// Filter gives the belief after each step, from the steps up to it: what package stage believes. It is nil for a
// journey that cannot be followed.
func Filter(j veiviser.Journey, steps []Step) [][]float64 {
	w, _ := follow(&j, steps)
	return w
}

// Smooth gives the belief after each step, from all steps of the need: what hindsight says. It is nil for a journey
// that cannot be followed.
func Smooth(j veiviser.Journey, steps []Step) [][]float64 {
	_, gamma := follow(&j, steps)
	return gamma
}

// follow runs over one need, forward and backward.
func follow(j *veiviser.Journey, steps []Step) (alpha, gamma [][]float64) {
	c, err := read(j)
	if err != nil {
		return nil, nil
	}
	if len(steps) == 0 {
		return nil, nil
	}
	var t Trace
	for i := range steps {
		t.Add(0, "", Step{Opens: i == 0, Pause: steps[i].Pause, Signals: steps[i].Signals})
	}
	w := newWalk(c, &t, t.arrange())
	w.forward(0)
	alpha, gamma = make([][]float64, len(steps)), make([][]float64, len(steps))
	for i := range steps {
		alpha[i] = slices.Clone(w.alpha[i*c.n : (i+1)*c.n])
	}
	w.backward(0, func(i int, g []float64) { gamma[i] = slices.Clone(g) })
	return alpha, gamma
}
