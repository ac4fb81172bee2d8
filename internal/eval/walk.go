package eval

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/stage"
	"github.com/veiviser/veiviser/internal/stage/fit"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// path is the steps of one need, and the index of the visitor's event that brought each.
type path struct {
	steps  []fit.Step
	events []int
}

// walk lets the events of the i-th visitor happen, one by one and as the service does, and calls each after every one of
// them. It returns the needs of the journey that she had, in the order in which they were opened.
func walk(set *stage.Set, journey string, l *Log, i int, each func(k int, v *veiviser.Visitor)) []path {
	var (
		v     veiviser.Visitor
		e     veiviser.Event
		k     int
		paths []path
	)
	live := map[string]int{} // by subject
	step := func(s stage.Step) {
		if s.Journey != journey {
			return
		}
		at, ok := live[s.Subject]
		if s.Opens || !ok {
			at = len(paths)
			live[s.Subject] = at
			paths = append(paths, path{})
		}
		p := &paths[at]
		p.steps = append(p.steps, fit.Step{Opens: len(p.steps) == 0, Pause: s.Pause, Signals: slices.Clone(s.Signals)})
		p.events = append(p.events, k)
	}
	for k = range l.NumEvents(i) {
		l.Event(i, k, &e)
		set.Trace(&v, &e, step)
		each(k, &v)
	}
	return paths
}

// BacktestOptions say what to look at.
type BacktestOptions struct {
	Journey string
	// Targets are the event types whose chance later in the visit is judged.
	Targets []string
	// Progress hears how many visitors were walked.
	Progress func(done, total int)

	into  *Tally // where predictions go, nil for a new one
	first int    // the number of the first visitor
}

// CrossBacktest judges a fit rather than a plan: for each of so many shares of the visitors (see [ShareOf]) it fits the
// journey on all others and walks the share with what came of it.
func CrossBacktest(
	ctx context.Context, l *Log, plan *veiviser.Plan, o BacktestOptions, f FitOptions, shares int,
	progress func(what string, done, total int),
) (*Tally, error) {
	if progress == nil {
		progress = func(string, int, int) {}
	}
	for share := range shares {
		f.Progress = func(what string, done, total int) {
			progress(fmt.Sprintf("share %d of %d: %s", share+1, shares, what), done, total)
		}
		fitting, err := Fit(ctx, l.Subset(func(v string) bool { return ShareOf(v, shares) != share }), plan, f)
		if err != nil {
			return nil, err
		}
		part := l.Subset(func(v string) bool { return ShareOf(v, shares) == share })
		if o.into, err = Backtest(ctx, part, fitting.Plan, o); err != nil {
			return nil, err
		}
		o.first += part.NumVisitors()
	}
	return o.into, nil
}

// Backtest walks a log: after every event it lets the journey say what the rest of the visit brings, and where the
// visitor stands, from what happened up to then. A *veiviser.Error says that the plan cannot say so.
//
// Events that are not about a subject of the journey are walked as well: they happen within the visit. The stage that
// hindsight gives is the likeliest one given all events of the need, also the later ones.
func Backtest(ctx context.Context, l *Log, plan *veiviser.Plan, o BacktestOptions) (*Tally, error) {
	j, err := journeyOf(plan, o.Journey)
	if err != nil {
		return nil, err
	}
	targets, err := forecasts(j, o.Targets)
	if err != nil {
		return nil, err
	}
	set, err := stage.Compile(plan)
	if err != nil {
		return nil, err
	}
	var stages []string
	for _, s := range j.Stages {
		stages = append(stages, s.ID)
	}
	b := &backtest{
		log: l, set: set, journey: j, stages: stages, targets: targets, gap: plan.Policy.WithDefaults().VisitGap, tally: o.into,
	}
	if b.tally == nil {
		b.tally = NewTally(targets, stages)
	}
	b.first = o.first
	for i := range l.NumVisitors() {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		b.visitor(i)
		if o.Progress != nil && i%64 == 63 {
			o.Progress(i+1, l.NumVisitors())
		}
	}
	return b.tally, nil
}

// journeyOf finds a journey of a plan.
func journeyOf(plan *veiviser.Plan, id string) (*veiviser.Journey, error) {
	var ids []string
	for i := range plan.Journeys {
		if plan.Journeys[i].ID == id {
			return &plan.Journeys[i], nil
		}
		ids = append(ids, plan.Journeys[i].ID)
	}
	return nil, veiviser.Invalid(veiviser.ReasonInvalidField, "journey", "the plan has no journey %q, it has %q", id, ids)
}

// forecasts checks that a journey forecasts what is asked for, which is all but views if nothing is.
func forecasts(j *veiviser.Journey, targets []string) ([]string, error) {
	var have []string
	next := false
	for i := range j.Forecast.Heads {
		h := &j.Forecast.Heads[i]
		if next = next || h.Next; !h.Next {
			have = append(have, h.Type)
		}
	}
	for _, t := range targets {
		if !slices.Contains(have, t) {
			return nil, veiviser.Invalid(veiviser.ReasonInvalidField, "target",
				"the journey %q does not forecast %q, only %q; fit it from a log that has such events", j.ID, t, have)
		}
	}
	if !next {
		return nil, veiviser.Invalid(veiviser.ReasonInvalidField, "journey", "the journey %q forecasts nothing; fit it first", j.ID)
	}
	if len(targets) == 0 {
		targets = slices.DeleteFunc(have, func(t string) bool { return t == veiviser.EventView })
	}
	return targets, nil
}

type backtest struct {
	log     *Log
	set     *stage.Set
	journey *veiviser.Journey
	stages  []string
	targets []string
	gap     time.Duration
	first   int
	tally   *Tally
}

// unforeseen is the probability of a next event of a type that the journey never heard of.
const unforeseen = 1e-6

func (b *backtest) visitor(i int) {
	l := b.log
	last := l.visits(i, b.gap)
	events := l.visitors[i].events
	n := len(events)
	predictions := make([]Prediction, n)
	next := make([]int, len(b.targets)) // the next event of each target
	for t := range next {
		next[t] = n
	}
	for k := n - 1; k >= 0; k-- {
		happened := make([]bool, len(b.targets))
		for t, at := range next {
			happened[t] = at <= last[k]
		}
		predictions[k] = Prediction{Visitor: b.first + i, Happened: happened, Later: make([]float64, len(b.targets)), Stage: -1, Guess: -1, Hindsight: -1}
		if t := slices.Index(b.targets, l.strings[events[k].typ]); t >= 0 {
			next[t] = k
		}
	}
	visit, position := 0, 0
	paths := walk(b.set, b.journey.ID, l, i, func(k int, v *veiviser.Visitor) {
		p := &predictions[k]
		if position++; k > 0 && last[k-1] == k-1 {
			visit, position = visit+1, 1
		}
		p.Visit, p.Position = visit, position
		p.Stage, p.Guess = reading(b.set, b.journey.ID, b.stages, v)
		f := b.set.Forecast(v, b.journey.ID)
		for t, target := range b.targets {
			p.Later[t] = chance(f.Later, target)
		}
		if k == last[k] {
			p.Next = f.End
		} else if p.Next = chance(f.Next, l.strings[events[k+1].typ]); p.Next == 0 {
			p.Next = unforeseen
		}
	})
	for _, path := range paths {
		smoothed := fit.Smooth(*b.journey, path.steps)
		for s, k := range path.events {
			predictions[k].Hindsight = likeliest(smoothed[s])
			if s > 0 {
				b.tally.Flow(predictions[path.events[s-1]].Stage, predictions[k].Stage, 1)
			}
		}
	}
	for k := range predictions {
		b.tally.Add(predictions[k])
	}
}

// reading is the stage that the service would tell, -1 when unsure, and the likeliest one.
func reading(set *stage.Set, journey string, stages []string, v *veiviser.Visitor) (told, guess int) {
	r, ok := set.Reading(v, journey)
	if !ok {
		return -1, -1
	}
	return slices.Index(stages, r.Stage), likeliest(r.P)
}

// likeliest is the index of the largest, the first of equals.
func likeliest(p []float64) int {
	best := 0
	for i := range p {
		if p[i] > p[best] {
			best = i
		}
	}
	return best
}

func chance(list []veiviser.Chance, typ string) float64 {
	for i := range list {
		if list[i].Type == typ {
			return list[i].P
		}
	}
	return 0
}

// withJourney is a copy of the plan in which one journey is replaced.
func withJourney(plan *veiviser.Plan, j veiviser.Journey) *veiviser.Plan {
	out := *plan
	out.Journeys = slices.Clone(plan.Journeys)
	for i := range out.Journeys {
		if out.Journeys[i].ID == j.ID {
			out.Journeys[i] = j
			return &out
		}
	}
	panic(fmt.Sprintf("eval: the plan has no journey %q", j.ID)) // journeyOf found it
}
