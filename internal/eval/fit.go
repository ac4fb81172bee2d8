package eval

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/veiviser/veiviser/internal/stage"
	"github.com/veiviser/veiviser/internal/stage/fit"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// Bounds on what a fit looks at and writes.
const (
	defaultIterations = 30

	maxTypes     = 6      // event types with covariates and heads of their own, the most frequent ones
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
		From: l.From, To: l.To, Seed: o.Seed, Figures: figures(held, report),
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
}

// stages fits the hidden chain.
func (f *fitter) stages(ctx context.Context) (veiviser.Journey, fit.EMReport, error) {
	o := fit.EMOptions{Iterations: f.o.Iterations}
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
	if err == nil {
		fitted.UnsureBelow = abstention(&fitted, trace)
	}
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

// types are the event types that the forecast speaks of: views first, then the others by how frequent they are.
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

// data is what the heads are fitted to.
type data struct {
	table     fit.Table
	later     [][]bool // by type
	next      []uint8  // index of the type, the number of types for the end of the visit
	unknown   []bool   // what came next is of another type
	visit     []int32
	position  []int32
	stage     []int8
	guess     []int8
	hindsight []int8
	stages    []string
}

// table walks the log with the fitted journey.
func (f *fitter) table(ctx context.Context, j *veiviser.Journey, types []string, traits *traits) (*data, error) {
	plan := withJourney(f.plan, *j)
	set, err := stage.Compile(plan)
	if err != nil {
		return nil, err
	}
	n, width := f.log.Events, len(j.Forecast.Covariates)
	d := &data{table: fit.Table{N: n, D: width, X: make([]float32, 0, n*width), Weight: make([]float64, 0, n)}}
	for _, s := range j.Stages {
		d.stages = append(d.stages, s.ID)
	}
	b := &builder{
		data: d, log: f.log, journey: j, set: set, gap: plan.Policy.WithDefaults().VisitGap, seed: f.o.Seed,
		types: types, index: map[string]int{}, traits: traits, columns: traits.columns(j.Forecast.Covariates), x: make([]float64, width),
	}
	for t, typ := range types {
		b.index[typ] = t
		d.later = append(d.later, make([]bool, n))
	}
	for i := range f.log.NumVisitors() {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if i%256 == 255 {
			f.o.Progress("reading visits", i+1, f.log.NumVisitors())
		}
		b.visitor(i)
	}
	return d, nil
}

// builder adds the rows of one visitor after another.
type builder struct {
	*data
	log     *Log
	journey *veiviser.Journey
	set     *stage.Set
	gap     time.Duration
	seed    uint64
	types   []string
	index   map[string]int
	traits  *traits
	columns []int
	x       []float64
}

func (b *builder) visitor(i int) {
	l, t, first := b.log, &b.table, len(b.next)
	last, events := l.visits(i, b.gap), l.visitors[i].events
	fold := uint8(hash(l.visitors[i].id, b.seed^0xf01d) % folds)
	weight := math.Pow(float64(len(events)), visitorWeight)
	own := b.traits.of(l, i)
	visit, position := int32(0), int32(0)
	paths := walk(b.set, b.journey.ID, l, i, func(k int, v *veiviser.Visitor) {
		if position++; k > 0 && last[k-1] == k-1 {
			visit, position = visit+1, 1
		}
		b.set.Covariates(v, b.journey.ID, b.x)
		b.traits.fill(b.x, b.columns, v.Moment.Subject, own)
		for _, value := range b.x {
			t.X = append(t.X, float32(value))
		}
		t.Visitor, t.Fold, t.Weight = append(t.Visitor, int32(i)), append(t.Fold, fold), append(t.Weight, weight)
		next, known := len(b.types), true
		if k < last[k] {
			next, known = b.index[l.strings[events[k+1].typ]] // 0 when it is of a type without a head
		}
		b.next, b.unknown = append(b.next, uint8(next)), append(b.unknown, !known)
		told, guess := reading(b.set, b.journey.ID, b.stages, v)
		b.visit, b.position = append(b.visit, visit), append(b.position, position)
		b.stage, b.guess, b.hindsight = append(b.stage, int8(told)), append(b.guess, int8(guess)), append(b.hindsight, -1)
	})
	for n, typ := range b.types {
		coming := len(events)
		for k, e := range slices.Backward(events) {
			b.later[n][first+k] = coming <= last[k]
			if l.strings[e.typ] == typ {
				coming = k
			}
		}
	}
	for _, p := range paths {
		smoothed := fit.Smooth(*b.journey, p.steps)
		for s, k := range p.events {
			b.hindsight[first+k] = int8(likeliest(smoothed[s]))
		}
	}
}

// report is the figures of predictions made for the rows without their own visitors.
func (d *data) report(types []string, later [][]float64, next []float64, seed uint64) *Report {
	t := NewTally(types, d.stages)
	classes := len(types) + 1
	for i := range d.table.N {
		if math.IsNaN(next[i*classes]) {
			continue // on large logs one fold is held out
		}
		p := Prediction{
			Visitor: int(d.table.Visitor[i]), Visit: int(d.visit[i]), Position: int(d.position[i]),
			Later: make([]float64, len(types)), Happened: make([]bool, len(types)),
			Next: next[i*classes+int(d.next[i])], Stage: int(d.stage[i]), Guess: int(d.guess[i]), Hindsight: int(d.hindsight[i]),
		}
		if d.unknown[i] {
			p.Next = unforeseen
		}
		for k := range types {
			p.Later[k], p.Happened[k] = later[k][i], d.later[k][i]
		}
		t.Add(p)
	}
	return t.Report(ReportOptions{Seed: seed, Title: "Held out while fitting"})
}

// figures are the ones that a plan carries with it.
func figures(r *Report, em fit.EMReport) map[string]float64 {
	out := map[string]float64{"stages.evidence_per_event": math.Round(em.After/float64(max(em.Steps, 1))*1e4) / 1e4}
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
	put("next_type.perplexity", r.NextType.Perplexity)
	put("stages.accuracy", r.Stages.Accuracy)
	put("stages.accuracy_answered", r.Stages.AccuracyAnswered)
	put("stages.answered", r.Stages.Answered)
	return out
}

// traits counts events by subject and type, each towards all subjects above it as well.
type traits struct {
	types  []string
	share  []float64 // of all events, by type
	counts map[string]*traitCount
}

type traitCount struct {
	events int
	byType []int
}

func newTraits(l *Log, types []string) *traits {
	t := &traits{types: types, share: make([]float64, len(types)), counts: map[string]*traitCount{}}
	for i := range l.NumVisitors() {
		t.count(t.counts, l, i)
	}
	shares := l.TypeShares()
	for k, typ := range types {
		t.share[k] = float64(shares[typ]) / float64(l.Events)
	}
	return t
}

func (t *traits) count(into map[string]*traitCount, l *Log, i int) {
	for _, e := range l.visitors[i].events {
		typ := slices.Index(t.types, l.strings[e.typ])
		for s := l.strings[e.subject]; s != ""; s = above(s) {
			c := into[s]
			if c == nil {
				c = &traitCount{byType: make([]int, len(t.types))}
				into[s] = c
			}
			if c.events++; typ >= 0 {
				c.byType[typ]++
			}
		}
	}
}

func above(subject string) string { return subject[:max(strings.LastIndexByte(subject, '/'), 0)] }

// of counts the events of one visitor, who is left out of what is known of subjects when her own rows are made.
func (t *traits) of(l *Log, i int) map[string]*traitCount {
	own := map[string]*traitCount{}
	t.count(own, l, i)
	return own
}

// columns finds the covariates that come from traits: the index of the type, -1 for the number of events, -2 for others.
func (t *traits) columns(covariates []veiviser.Covariate) []int {
	out := make([]int, len(covariates))
	for i, c := range covariates {
		switch name, typ, _ := strings.Cut(c.ID, "."); name {
		case stage.CovariateTrait:
			out[i] = slices.Index(t.types, typ)
		case stage.CovariateKnown:
			out[i] = -1
		default:
			out[i] = -2
		}
	}
	return out
}

// fill writes the covariates from traits as they would be had the visitor's own events not been there.
func (t *traits) fill(x []float64, columns []int, subject string, own map[string]*traitCount) {
	var all, mine *traitCount
	left := 0
	for ; subject != ""; subject = above(subject) {
		all, mine = t.counts[subject], own[subject]
		if all == nil {
			continue
		}
		if left = all.events; mine != nil {
			left -= mine.events
		}
		if left >= minTrait {
			break
		}
	}
	for i, k := range columns {
		switch {
		case k == -2:
			continue
		case subject == "":
			x[i] = 0
		case k == -1:
			x[i] = math.Log1p(float64(left))
		default:
			n := all.byType[k]
			if mine != nil {
				n -= mine.byType[k]
			}
			x[i] = t.rate(k, n, left)
		}
	}
}

func (t *traits) rate(k, n, events int) float64 {
	return math.Log((float64(n) + traitPrior*t.share[k]) / (float64(events) + traitPrior) / t.share[k])
}

// list are the traits of the subjects with most events.
func (t *traits) list() []veiviser.SubjectTrait {
	var out []veiviser.SubjectTrait
	for s, c := range t.counts {
		if c.events < minTrait {
			continue
		}
		trait := veiviser.SubjectTrait{Subject: s, Events: float64(c.events), Rates: map[string]float64{}}
		for k, typ := range t.types {
			if typ != veiviser.EventView {
				trait.Rates[typ] = t.rate(k, c.byType[k], c.events)
			}
		}
		out = append(out, trait)
	}
	slices.SortFunc(out, func(a, b veiviser.SubjectTrait) int {
		return cmp.Or(cmp.Compare(b.Events, a.Events), strings.Compare(a.Subject, b.Subject))
	})
	return out[:min(len(out), maxTraits)]
}

// The thresholds that abstention chooses from, and the least share of events that must be answered.
const (
	leastAnswered = 0.6
	firstBelow    = 0.30
	lastBelow     = 0.90
	belowStep     = 0.05
)

// abstention chooses the probability under which the likeliest stage is called unsure: the highest at which the share of
// events that are answered is still leastAnswered. The more it asks for, the more of the answered are right.
func abstention(j *veiviser.Journey, trace *fit.Trace) float64 {
	tops := make([]float64, 0, trace.Steps())
	for need := range trace.All() {
		for _, belief := range fit.Filter(*j, need.Steps) {
			tops = append(tops, belief[likeliest(belief)])
		}
	}
	slices.Sort(tops)
	best := firstBelow
	for k := 0; ; k++ {
		below := math.Round((firstBelow+float64(k)*belowStep)*100) / 100
		if below > lastBelow {
			return best
		}
		at, _ := slices.BinarySearch(tops, below)
		if float64(len(tops)-at) < leastAnswered*float64(len(tops)) {
			return best
		}
		best = below
	}
}
