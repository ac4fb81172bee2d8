package fit

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

const (
	defaultIterations = 30
	defaultTolerance  = 1e-5
	defaultStrength   = 200
	// meanNeeds is how many needs the plan's MeanEvents is worth. It is counted, not inferred, so it needs no more.
	meanNeeds = 50
	// halfLifeEvery is how often the half-life is searched, and halfLifeTries how finely.
	halfLifeEvery, halfLifeTries = 3, 10
	// dampings is how often a step that lowers the objective is halved.
	dampings                    = 4
	leastHalfLife, mostHalfLife = float64(time.Minute), float64(3650 * 24 * time.Hour)
)

// EMOptions say how a journey is fitted; the zero value is sensible.
type EMOptions struct {
	// Iterations is the number of the last iteration; 0 is 30.
	Iterations int
	// Tolerance is the relative gain of an iteration below which it is not taken any more; 0 is 1e-5.
	Tolerance float64
	// Strength is how many expected observations per row the plan is worth; 0 is 200.
	Strength float64
	// From is the journey that an earlier run had after iteration Start; nil is the plan's. It has the plan's stages,
	// transitions and signals.
	From  *veiviser.Journey
	Start int
	// Progress is told of every iteration; the journey is its own to keep.
	Progress func(iteration int, objective float64, current veiviser.Journey)
	// Workers is the number of goroutines, 1 or 2; 0 is 2. The result does not depend on it.
	Workers int
}

// EMReport says how the fit went.
type EMReport struct {
	Steps, Needs int
	// Iterations is the number of the last iteration that was taken.
	Iterations int
	// Converged is true when there was little more to gain, false when the iterations ran out.
	Converged bool
	// Before and After are the objective of the first and the last journey, in nats.
	Before, After float64
	// Occupancy is the share of the steps in each stage.
	Occupancy []float64
}

// em is one fit under way.
type em struct {
	plan       *veiviser.Journey
	prior      *chain
	t          *Trace
	l          *lane
	o          EMOptions
	meanEvents float64
	paused     bool
	times      []float64 // by signal: events that showed it
	plain      *counts   // what the plan makes of the trace
	occupied   []float64 // o₀: shares of the steps under the plan
	extra      []float64 // by signal and stage: showings that the plan is worth
}

// state is a journey with what it makes of the trace.
type state struct {
	journey   veiviser.Journey
	c         *chain
	k         *counts
	occupied  []float64 // o: shares of the steps, shrunk
	objective float64
}

// EM fits the numbers of a journey to a trace: the weights of its stages, the rates of its transitions, its likelihoods,
// its half-life and its mean number of events. Everything is shrunk towards the plan's journey.
func EM(ctx context.Context, plan veiviser.Journey, t *Trace, o EMOptions) (veiviser.Journey, EMReport, error) {
	e, err := newEM(ctx, &plan, t, o)
	if err != nil {
		return veiviser.Journey{}, EMReport{}, err
	}
	from := plan
	if e.o.From != nil {
		if from = *e.o.From; !alike(&plan, &from) {
			return veiviser.Journey{}, EMReport{}, fmt.Errorf("fit: journey %q is not of the form of the plan", from.ID)
		}
	}
	from.MeanEvents = e.meanEvents
	at, err := e.weigh(ctx, from)
	if err != nil {
		return veiviser.Journey{}, EMReport{}, err
	}
	r := EMReport{Steps: t.Steps(), Needs: t.Needs(), Iterations: o.Start, Before: at.objective}
	for i := o.Start + 1; i <= e.o.Iterations; i++ {
		next, err := e.iterate(ctx, i, at)
		if err != nil {
			return veiviser.Journey{}, EMReport{}, err
		}
		if !e.gains(at, next) {
			r.Converged = true
			break
		}
		at, r.Iterations = next, i
		if e.o.Progress != nil {
			e.o.Progress(i, at.objective, at.journey)
		}
	}
	r.After, r.Occupancy = at.objective, at.k.occupancy(at.c.n)
	return at.journey, r, nil
}

func newEM(ctx context.Context, plan *veiviser.Journey, t *Trace, o EMOptions) (*em, error) {
	if t == nil || t.Steps() == 0 {
		return nil, errors.New("fit: there are no events to fit to")
	}
	if o.Iterations == 0 {
		o.Iterations = defaultIterations
	}
	if o.Tolerance == 0 {
		o.Tolerance = defaultTolerance
	}
	if o.Strength == 0 {
		o.Strength = defaultStrength
	}
	if !(o.Strength > 0 && o.Tolerance > 0) || math.IsInf(o.Strength, 1) {
		return nil, fmt.Errorf("fit: strength %v, tolerance %v", o.Strength, o.Tolerance)
	}
	c, err := read(plan)
	if err != nil {
		return nil, err
	}
	if int(t.most) > len(plan.Signals) {
		return nil, fmt.Errorf("fit: an event shows signal %d of %d", t.most-1, len(plan.Signals))
	}
	e := &em{plan: plan, prior: c, t: t, l: t.arrange(), o: o, times: make([]float64, len(plan.Signals))}
	e.meanEvents = plan.MeanEvents
	if e.meanEvents == 0 {
		e.meanEvents = veiviser.DefaultMeanEvents
	}
	e.meanEvents = (float64(t.Steps()) + meanNeeds*e.meanEvents) / (float64(t.Needs()) + meanNeeds)
	sets := make([]float64, len(t.ends))
	for i, s := range e.l.shown {
		sets[s]++
		e.paused = e.paused || e.l.pause[i] > 0
	}
	for s, times := range sets {
		for _, signal := range t.signals(int32(s)) {
			e.times[signal] += times
		}
	}
	return e, e.expect(ctx)
}

// expect sets what the plan is worth, from its own reading of the trace.
func (e *em) expect(ctx context.Context) error {
	n := e.prior.n
	k, err := e.prior.count(ctx, e.t, e.l, e.o.Workers)
	if err != nil {
		return err
	}
	e.plain, e.occupied = k, k.occupancy(n)
	e.extra = make([]float64, len(e.prior.ratio))
	for s, times := range e.times {
		ratio := e.prior.ratio[s*n : (s+1)*n]
		worth := e.o.Strength * times / float64(e.t.Steps()) / dot(e.occupied, ratio)
		for i, l := range ratio {
			e.extra[s*n+i] = worth * e.occupied[i] * l
		}
	}
	return nil
}

// occupancy is the share of the steps in each stage.
func (k *counts) occupancy(n int) []float64 {
	o, sum := make([]float64, n), 0.0
	for i, x := range k.shown {
		o[i%n] += x
	}
	for _, x := range o {
		sum += x
	}
	for i := range o {
		o[i] /= sum
	}
	return o
}

// alike reports whether two journeys have the same stages, transitions and signals.
func alike(a, b *veiviser.Journey) bool {
	return slices.EqualFunc(a.Stages, b.Stages, func(x, y veiviser.Stage) bool { return x.ID == y.ID }) &&
		slices.EqualFunc(a.Transitions, b.Transitions, func(x, y veiviser.Transition) bool {
			return x.From == y.From && x.To == y.To
		}) &&
		slices.EqualFunc(a.Signals, b.Signals, func(x, y veiviser.Signal) bool { return x.ID == y.ID })
}

// gains reports whether a step is worth taking.
func (e *em) gains(at, next *state) bool {
	return next.objective-at.objective > e.o.Tolerance*(1+math.Abs(at.objective))
}

// iterate is one iteration. It depends on nothing but the number and the journey, so that any can be the first.
func (e *em) iterate(ctx context.Context, i int, at *state) (*state, error) {
	next, err := e.step(ctx, at)
	if err != nil {
		return nil, err
	}
	if e.paused && (i%halfLifeEvery == 0 || !e.gains(at, next)) {
		return e.search(ctx, next)
	}
	return next, nil
}

// step takes the M-step, or as much of it as does not lower the objective.
func (e *em) step(ctx context.Context, at *state) (*state, error) {
	aim := e.maximise(at)
	for range dampings + 1 {
		next, err := e.weigh(ctx, aim.write(&at.journey, e.meanEvents))
		if err != nil {
			return nil, err
		}
		if next.objective >= at.objective {
			return next, nil
		}
		aim.towards(at.c)
	}
	return at, nil
}
