package eval

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/stage"
	"github.com/veiviser/veiviser/internal/stage/fit"
	"github.com/veiviser/veiviser/internal/veiviser"
)

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
