package fit

import (
	"context"
	"math"
	"slices"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// weigh reads a journey, counts the trace with it and works out the objective.
func (e *em) weigh(ctx context.Context, j veiviser.Journey) (*state, error) {
	c, err := read(&j)
	if err != nil {
		return nil, err
	}
	k, err := c.count(ctx, e.t, e.l, e.o.Workers)
	if err != nil {
		return nil, err
	}
	s := &state{journey: j, c: c, k: k, occupied: k.occupancy(c.n)}
	steps := float64(e.t.Steps())
	for i := range s.occupied {
		s.occupied[i] = (steps*s.occupied[i] + e.o.Strength*e.occupied[i]) / (steps + e.o.Strength)
	}
	s.objective = k.lnZ + e.logPrior(c) + e.ratios(s)
	return s, nil
}

// logPrior is that of shares and half-life, but for a constant.
func (e *em) logPrior(c *chain) float64 {
	sum := 0.0
	for _, row := range [][2][]float64{{e.prior.prior, c.prior}, {e.prior.rest, c.rest}, {e.prior.moves, c.moves}} {
		for i, p := range row[0] {
			if p > 0 {
				sum += p * math.Log(max(row[1][i], 1e-300))
			}
		}
	}
	return e.o.Strength*sum + e.halfLife(c.half)
}

// halfLife is the log prior of the half-life, but for a constant.
func (e *em) halfLife(h float64) float64 {
	off := math.Log(h/e.prior.half) / math.Ln2
	return -off * off / 2
}

// ratios is the log prior of the likelihood ratios, and what normalising them takes off the sum of ln Z.
func (e *em) ratios(s *state) float64 {
	sum, n := 0.0, s.c.n
	for i, times := range e.times {
		ratio := s.c.ratio[i*n : (i+1)*n]
		sum -= times * (1 + e.o.Strength/float64(e.t.Steps())) * math.Log(dot(s.occupied, ratio))
		for k, l := range ratio {
			sum += e.extra[i*n+k] * math.Log(l)
		}
	}
	return sum
}

// maximise is the M-step. The half-life stays.
func (e *em) maximise(at *state) *chain {
	n := at.c.n
	c := &chain{
		n: n, prior: e.shrink(at.k.first, e.prior.prior), rest: e.shrink(at.k.rest, e.prior.rest),
		ratio: slices.Clone(at.c.ratio), half: at.c.half,
	}
	for i := range n {
		c.moves = append(c.moves, e.shrink(at.k.moves[i*n:(i+1)*n], e.prior.moves[i*n:(i+1)*n])...)
	}
	shown := slices.Clone(e.extra)
	for set := range e.t.ends {
		for _, s := range e.t.signals(int32(set)) {
			addTo(shown[int(s)*n:(int(s)+1)*n], 1, at.k.shown[set*n:(set+1)*n])
		}
	}
	for s, times := range e.times {
		exposed := times * (1 + e.o.Strength/float64(e.t.Steps()))
		for i, o := range at.occupied {
			if l := shown[s*n+i] / (exposed * o); l > 0 && l <= math.MaxFloat64 {
				c.ratio[s*n+i] = max(leastRatio, min(mostRatio, l))
			}
		}
	}
	return c
}

// shrink gives the shares of a row: its expected counts and as many as the plan is worth.
func (e *em) shrink(count, plan []float64) []float64 {
	total := e.o.Strength
	for _, x := range count {
		total += x
	}
	row := make([]float64, len(count))
	for i, x := range count {
		row[i] = (x + e.o.Strength*plan[i]) / total
	}
	return row
}

// towards goes half of the way to another chain.
func (c *chain) towards(to *chain) {
	for _, row := range [][2][]float64{{c.prior, to.prior}, {c.rest, to.rest}, {c.moves, to.moves}} {
		for i, x := range row[1] {
			row[0][i] = (row[0][i] + x) / 2
		}
	}
	for i, l := range to.ratio {
		c.ratio[i] = math.Sqrt(c.ratio[i] * l)
	}
}

// search looks for a better half-life within a factor of two, by golden section on its logarithm.
func (e *em) search(ctx context.Context, at *state) (*state, error) {
	const golden = 0.6180339887498949
	c := *at.c
	try := func(x float64) (float64, error) {
		c.half = math.Exp(x)
		w, err := c.walks(ctx, e.t, e.l, e.o.Workers, false)
		if err != nil {
			return 0, err
		}
		return w[0].lnZ + w[1].lnZ + e.halfLife(c.half), nil
	}
	here := math.Log(at.c.half)
	lo, hi := max(here-math.Ln2, math.Log(leastHalfLife)), min(here+math.Ln2, math.Log(mostHalfLife))
	if lo >= hi {
		return at, nil
	}
	x := [2]float64{hi - golden*(hi-lo), lo + golden*(hi-lo)}
	var y [2]float64
	for i := range x {
		var err error
		if y[i], err = try(x[i]); err != nil {
			return nil, err
		}
	}
	for range halfLifeTries - 2 {
		var err error
		if y[0] > y[1] {
			hi, x[1], y[1] = x[1], x[0], y[0]
			x[0] = hi - golden*(hi-lo)
			y[0], err = try(x[0])
		} else {
			lo, x[0], y[0] = x[0], x[1], y[1]
			x[1] = lo + golden*(hi-lo)
			y[1], err = try(x[1])
		}
		if err != nil {
			return nil, err
		}
	}
	c.half = math.Exp(x[0])
	if y[1] > y[0] {
		c.half = math.Exp(x[1])
	}
	next, err := e.weigh(ctx, c.write(&at.journey, e.meanEvents))
	if err != nil || next.objective < at.objective {
		return at, err
	}
	return next, nil
}

// Score is the mean over the steps of ln Z, with every likelihood scaled so that its mean over the steps is 1: how much
// better the journey tells the events of a trace than signals would that have nothing to do with stages, in nats. It is
// meant for needs that the journey was not fitted to.
func Score(ctx context.Context, j veiviser.Journey, t *Trace) (float64, error) {
	e, err := newEM(ctx, &j, t, EMOptions{})
	if err != nil {
		return 0, err
	}
	sum, n := e.plain.lnZ, e.prior.n
	for s, times := range e.times {
		sum -= times * math.Log(dot(e.occupied, e.prior.ratio[s*n:(s+1)*n]))
	}
	return sum / float64(t.Steps()), nil
}
