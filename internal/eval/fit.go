package eval

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/veiviser/veiviser/internal/stage"
	"github.com/veiviser/veiviser/internal/stage/fit"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// Bounds on what a fit looks at and writes.
const (
	defaultIterations = 30
	// planWorth is what the plan counts as in the fit of the stages, in times of the log. Stages are never observed: a fit
	// that follows the log alone makes them whatever explains overlapping signals best, and no longer what the plan calls
	// them. Of 1, 4 and 10, only with 10 did every fit know the stage of simulated visitors as well as the plan does, give or
	// take 0.003 of accuracy (TestQuality).
	planWorth = 10.0

	maxTypes     = 12     // event types with covariates and heads of their own, the most frequent ones
	minTypeShare = 0.0003 // of the events
	minTypeCount = 10
	folds        = 5
	// A subject has a trait when so many events were about it, at most maxTraits of them. Its rates are shrunk as if
	// traitPrior further events had been average.
	minTrait, maxTraits, traitPrior = 20, 2000, 40.0
	// An event weighs less the more its visitor has (n to this power): her events are alike, so they say less than as many of
	// different visitors.
	visitorWeight = -0.3
)

// FitOptions say how a journey is fitted.
type FitOptions struct {
	Journey string
	// Seed varies the folds of the cross-validation.
	Seed uint64
	// Source is what the journey's provenance calls the logs.
	Source string
	// Iterations bounds the expectation-maximisation; 0 is 30.
	Iterations int
	// Scratch fits the forecast from nothing: the plan's own does not count.
	Scratch bool
	// Start takes a fit up where its last checkpoint was; nil begins.
	Start *Checkpoint
	// Checkpoint, when set, hears after every iteration where a fit could be taken up; an error stops the fit.
	Checkpoint func(Checkpoint) error
	// Progress hears what is being done, and how much of it.
	Progress func(what string, done, total int)
}

// Checkpoint is a fit under way.
type Checkpoint struct {
	Iteration int
	Objective float64
	Journey   veiviser.Journey
}

// Fitting is what came of a fit.
type Fitting struct {
	// Plan is the plan with the fitted journey, whose version is raised.
	Plan    *veiviser.Plan
	Journey *veiviser.Journey
	EM      fit.EMReport
	// Held has the figures of the forecast on visitors held out by cross-validation. The stages' own numbers were fitted on
	// all visitors.
	Held *Report
}

// Fit fits a journey of a plan to a log: first transitions, likelihoods and times by expectation-maximisation, shrunk
// towards the plan's, then the forecast by penalised regression, shrunk towards the plan's forecast, on covariates that
// the fitted journey itself gives. The same log and options give the same bits.
func Fit(ctx context.Context, l *Log, plan *veiviser.Plan, o FitOptions) (*Fitting, error) {
	j, err := journeyOf(plan, o.Journey)
	if err != nil {
		return nil, err
	}
	if l.Events == 0 {
		return nil, errEmpty
	}
	if o.Progress == nil {
		o.Progress = func(string, int, int) {}
	}
	if o.Iterations <= 0 {
		o.Iterations = defaultIterations
	}
	f := &fitter{log: l, plan: plan, prior: j, o: o}
	fitted, report, err := f.stages(ctx)
	if err != nil {
		return nil, err
	}
	fitted.Version = j.Version + 1
	fitted.Forecast, fitted.Fitted = veiviser.Forecast{}, veiviser.Provenance{}
	held, err := f.forecast(ctx, &fitted)
	if err != nil {
		return nil, err
	}
	fitted.Fitted = veiviser.Provenance{
		Source: o.Source, Rows: uint64(l.Rows), Events: uint64(l.Events), Visitors: uint64(l.NumVisitors()),
		From: l.From, To: l.To, Seed: o.Seed, Figures: figures(held, f.evidence),
	}
	out := &Fitting{Plan: withJourney(plan, fitted), EM: report, Held: held}
	out.Journey, _ = journeyOf(out.Plan, o.Journey)
	return out, nil
}

type fitter struct {
	log   *Log
	plan  *veiviser.Plan
	prior *veiviser.Journey
	o     FitOptions
	// evidence is what an event of the log says for the fitted stages, against signals that have nothing to do with them.
	evidence float64
}

// stages fits the hidden chain.
func (f *fitter) stages(ctx context.Context) (veiviser.Journey, fit.EMReport, error) {
	o := fit.EMOptions{Iterations: f.o.Iterations, Strength: planWorth * float64(f.log.Events)}
	trace, err := f.trace(ctx)
	if err != nil {
		return veiviser.Journey{}, fit.EMReport{}, err
	}
	if from := f.o.Start; from != nil {
		o.From, o.Start = &from.Journey, from.Iteration
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var stopped error
	o.Progress = func(iteration int, objective float64, now veiviser.Journey) {
		f.o.Progress("fitting stages", iteration, f.o.Iterations)
		if f.o.Checkpoint == nil || stopped != nil {
			return
		}
		if stopped = f.o.Checkpoint(Checkpoint{Iteration: iteration, Objective: objective, Journey: now}); stopped != nil {
			cancel()
		}
	}
	fitted, report, err := fit.EM(ctx, *f.prior, trace, o)
	if stopped != nil {
		err = stopped
	}
	if err != nil {
		return fitted, report, err
	}
	fitted.UnsureBelow = abstention(&fitted, trace)
	f.evidence, err = fit.Score(ctx, fitted, trace)
	return fitted, report, err
}

// trace walks the log for the steps of the journey's needs.
func (f *fitter) trace(ctx context.Context) (*fit.Trace, error) {
	set, err := stage.Compile(f.plan)
	if err != nil {
		return nil, err
	}
	trace := &fit.Trace{}
	for i := range f.log.NumVisitors() {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		for n, p := range walk(set, f.prior.ID, f.log, i, func(int, *veiviser.Visitor) {}) {
			key := strconv.Itoa(n)
			for _, s := range p.steps {
				trace.Add(i, key, s)
			}
		}
		if i%256 == 255 {
			f.o.Progress("reading needs", i+1, f.log.NumVisitors())
		}
	}
	if trace.Steps() == 0 {
		return nil, veiviser.Invalid(veiviser.ReasonInvalidField, "journey", "no event is about a subject of the journey %q", f.prior.ID)
	}
	return trace, nil
}

// types are the event types that the forecast speaks of, the most frequent first.
func (f *fitter) types() []string {
	shares := f.log.TypeShares()
	types := slices.DeleteFunc(slices.Collect(maps.Keys(shares)), func(t string) bool {
		return shares[t] < minTypeCount || float64(shares[t]) < minTypeShare*float64(f.log.Events)
	})
	slices.SortFunc(types, func(a, b string) int {
		return cmp.Or(cmp.Compare(shares[b], shares[a]), strings.Compare(a, b))
	})
	return types[:min(len(types), maxTypes)]
}

// forecast fits the heads and puts them into the journey.
func (f *fitter) forecast(ctx context.Context, j *veiviser.Journey) (*Report, error) {
	types := f.types()
	var stages []string
	for _, s := range j.Stages {
		stages = append(stages, s.ID)
	}
	for _, id := range stage.CovariateIDs(types, stages) {
		j.Forecast.Covariates = append(j.Forecast.Covariates, veiviser.Covariate{ID: id, SD: 1})
	}
	traits := newTraits(f.log, types)
	d, err := f.table(ctx, j, types, traits)
	if err != nil {
		return nil, err
	}
	mean, sd := fit.Standardise(&d.table)
	for i := range j.Forecast.Covariates {
		j.Forecast.Covariates[i].Mean, j.Forecast.Covariates[i].SD = mean[i], sd[i]
	}
	prior := priorHeads(f.prior, j)
	if f.o.Scratch {
		prior = priorHeads(&veiviser.Journey{}, j)
	}
	done, total := 0, len(types)+1
	later := make([][]float64, len(types))
	for t, typ := range types {
		f.o.Progress("fitting the forecast", done, total)
		w, bias := prior(typ, false)
		h, err := fit.Logistic(ctx, &d.table, mean, sd, d.later[t], w, bias, fit.HeadOptions{})
		if err != nil {
			return nil, err
		}
		later[t] = h.OOF
		j.Forecast.Heads = append(j.Forecast.Heads, headOf(j, typ, false, h.Bias, h.Weights))
		done++
	}
	f.o.Progress("fitting the forecast", done, total)
	classes := append(slices.Clone(types), "")
	weights, biases := make([][]float64, len(classes)), make([]float64, len(classes))
	for k, typ := range classes {
		weights[k], biases[k] = prior(typ, true)
	}
	next, err := fit.Softmax(ctx, &d.table, mean, sd, d.next, len(classes), weights, biases, fit.HeadOptions{})
	if err != nil {
		return nil, err
	}
	for k, typ := range classes {
		j.Forecast.Heads = append(j.Forecast.Heads, headOf(j, typ, true, next.Bias[k], next.Weights[k]))
	}
	j.Forecast.Subjects = traits.list()
	f.o.Progress("fitting the forecast", total, total)
	return d.report(types, later, next.OOF, f.o.Seed), nil
}

func headOf(j *veiviser.Journey, typ string, next bool, bias float64, weights []float64) veiviser.ForecastHead {
	h := veiviser.ForecastHead{Type: typ, Next: next, Bias: bias, Weights: make(map[string]float64, len(weights))}
	for i, w := range weights {
		if w != 0 {
			h.Weights[j.Forecast.Covariates[i].ID] = w
		}
	}
	return h
}

// priorHeads gives the plan's weight for every covariate of j, on the scale of j.
func priorHeads(plan, j *veiviser.Journey) func(typ string, next bool) ([]float64, float64) {
	sd := make(map[string]float64, len(plan.Forecast.Covariates))
	for _, c := range plan.Forecast.Covariates {
		sd[c.ID] = c.SD
	}
	return func(typ string, next bool) ([]float64, float64) {
		w := make([]float64, len(j.Forecast.Covariates))
		for i := range plan.Forecast.Heads {
			h := &plan.Forecast.Heads[i]
			if h.Type != typ || h.Next != next {
				continue
			}
			for k, c := range j.Forecast.Covariates {
				if s := sd[c.ID]; s > 0 {
					w[k] = h.Weights[c.ID] / s * c.SD
				}
			}
			return w, h.Bias
		}
		return w, 0
	}
}

// figures are the ones that a plan carries with it.
func figures(r *Report, evidence float64) map[string]float64 {
	out := map[string]float64{}
	put := func(name string, v *float64) {
		if v != nil {
			out[name] = math.Round(*v*1e4) / 1e4
		}
	}
	for t, m := range r.Targets {
		put(t+".auc", m.Every.AUC)
		put(t+".log_loss", m.Every.LogLoss)
		put(t+".ece", m.Every.ECE)
	}
	put("stages.evidence_per_event", &evidence)
	put("next_type.perplexity", r.NextType.Perplexity)
	put("stages.accuracy", r.Stages.Accuracy)
	put("stages.accuracy_answered", r.Stages.AccuracyAnswered)
	put("stages.answered", r.Stages.Answered)
	return out
}

// What abstention asks for: a stage that is told is the one of hindsight so often, for so large a share of the events at
// least, with one of these thresholds.
const (
	rightWhenTold = 0.9
	leastTold     = 0.6
	belowFirst    = 45 // hundredths
	belowLast     = 90
	belowStep     = 5
)

// abstention chooses the probability under which the likeliest stage is called unsure: the lowest at which what is told
// agrees with hindsight as often as rightWhenTold, or else the highest at which leastTold of the events are told a stage.
func abstention(j *veiviser.Journey, trace *fit.Trace) float64 {
	const thresholds = (belowLast-belowFirst)/belowStep + 1
	var told, right [thresholds]int
	for need := range trace.All() {
		now, later := fit.Filter(*j, need.Steps), fit.Smooth(*j, need.Steps)
		for i := range now {
			guess := likeliest(now[i])
			agrees := guess == likeliest(later[i])
			for k := range told {
				if now[i][guess] < threshold(k) {
					break
				}
				told[k]++
				if agrees {
					right[k]++
				}
			}
		}
	}
	best := 0
	for k := range told {
		if float64(told[k]) < leastTold*float64(trace.Steps()) {
			break
		}
		if best = k; float64(right[k]) >= rightWhenTold*float64(told[k]) {
			break
		}
	}
	return threshold(best)
}

func threshold(k int) float64 { return float64(belowFirst+k*belowStep) / 100 }
