package eval

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/veiviser/veiviser/internal/stage"
	"github.com/veiviser/veiviser/internal/stage/fit"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// foretold is the plan whose journey forecasts.
func foretold(t testing.TB) (*veiviser.Plan, *world) {
	t.Helper()
	w := worlds(t)[0]
	return w.plan, w.world
}

// TestBacktestAgainstBruteForce lets every event happen by Fold, asks for the forecast, and looks for what came by the
// definition of a visit.
func TestBacktestAgainstBruteForce(t *testing.T) {
	plan, w := foretold(t)
	l := logOf(t, w.simulate(11, 40, 25).events)
	tally, err := Backtest(t.Context(), l, plan, BacktestOptions{Journey: w.journey.ID})
	if err != nil {
		t.Fatal(err)
	}
	r := tally.Report(ReportOptions{Resamples: -1})
	set, err := stage.Compile(plan)
	if err != nil {
		t.Fatal(err)
	}
	targets := []string{"cart_add", "save", "purchase"}
	n, surprise, visits := 0.0, 0.0, 0
	came, loss, brier, atFirst := map[string]int{}, map[string]float64{}, map[string]float64{}, map[string]int{}
	answered, events := 0.0, 0
	for i := range l.NumVisitors() {
		var v veiviser.Visitor
		list := l.list(i)
		for k := range list {
			set.Fold(&v, &list[k])
			f := set.Forecast(&v, w.journey.ID)
			opens := k == 0 || !sameVisit(list, k-1, k, w.gap)
			if opens {
				visits++
			}
			for _, target := range targets {
				at := slices.IndexFunc(f.Later, func(c veiviser.Chance) bool { return c.Type == target })
				p, hit := f.Later[at].P, 0.0
				if comes(list, k, target, w.gap) {
					hit = 1
					came[target]++
				}
				loss[target] -= hit*math.Log(p) + (1-hit)*math.Log(1-p)
				brier[target] += (p - hit) * (p - hit)
				if opens {
					atFirst[target]++
				}
			}
			p := f.End
			if next := following(list, k, w.gap); next != "" {
				at := slices.IndexFunc(f.Next, func(c veiviser.Chance) bool { return c.Type == next })
				p = f.Next[at].P
			}
			surprise -= math.Log(p)
			n++
			if reading, _ := set.Reading(&v, w.journey.ID); reading.Stage != "" {
				answered++
			}
			events++
		}
	}
	about := func(what string, got *float64, want float64) {
		t.Helper()
		if got == nil || math.Abs(*got-want) > 1e-9*(1+math.Abs(want)) {
			t.Errorf("%s is %s, want %v", what, figure(got, 12), want)
		}
	}
	if len(r.Targets) != len(targets) || r.Visits != visits || r.Visitors != 40 || r.Events != events {
		t.Errorf("%d targets, %d visits (want %d), %d visitors, %d events", len(r.Targets), r.Visits, visits, r.Visitors, r.Events)
	}
	for _, target := range targets {
		m := r.Targets[target]
		if m.Every.N != int(n) || m.Every.Positives != came[target] || m.K1.N != atFirst[target] {
			t.Errorf("%s: %d of %d, %d first; want %d of %v, %d first", target, m.Every.Positives, m.Every.N, m.K1.N, came[target], n, atFirst[target])
		}
		about(target+" log-loss", m.Every.LogLoss, loss[target]/n)
		about(target+" brier", m.Every.Brier, brier[target]/n)
	}
	about("perplexity", r.NextType.Perplexity, math.Exp(surprise/n))
	about("answered", r.Stages.Answered, answered/n)
	if r.Stages.N != int(n) { // every event is of a need here
		t.Errorf("%d of %v events have hindsight", r.Stages.N, n)
	}
}

// TestHindsightAgainstAllPaths finds the likeliest stage given all events by adding up all paths of stages.
func TestHindsightAgainstAllPaths(t *testing.T) {
	plan, w := foretold(t)
	l := logOf(t, w.simulate(12, 4, 6).events)
	set, err := stage.Compile(plan)
	if err != nil {
		t.Fatal(err)
	}
	stages := len(w.journey.Stages)
	for i := range l.NumVisitors() {
		for _, p := range walk(set, w.journey.ID, l, i, func(int, *veiviser.Visitor) {}) {
			smoothed := fit.Smooth(*w.journey, p.steps)
			want := make([][]float64, len(p.steps))
			for k := range want {
				want[k] = make([]float64, stages)
			}
			path := make([]int, len(p.steps))
			var visit func(k int, weight float64)
			visit = func(k int, weight float64) {
				if k == len(path) {
					for s, at := range path {
						want[s][at] += weight
					}
					return
				}
				for at := range stages {
					path[k] = at
					from := -1
					if k > 0 {
						from = path[k-1]
					}
					visit(k+1, weight*w.chance(from, at, &p.steps[k]))
				}
			}
			visit(0, 1)
			for k := range want {
				sum := 0.0
				for _, x := range want[k] {
					sum += x
				}
				for at, x := range want[k] {
					if math.Abs(x/sum-smoothed[k][at]) > 1e-9 {
						t.Fatalf("event %d, stage %d: %v, by all paths %v", k, at, smoothed[k][at], x/sum)
					}
				}
			}
		}
	}
}

// chance is the probability of a stage after another (-1 for none), times what the signals of the step say for it.
func (w *world) chance(from, to int, step *fit.Step) float64 {
	stages, p := w.journey.Stages, 0.0
	sum := func(of func(s veiviser.Stage) float64) (total float64) {
		for _, s := range stages {
			total += of(s)
		}
		return total
	}
	prior, rest := func(s veiviser.Stage) float64 { return s.Prior }, func(s veiviser.Stage) float64 { return s.Rest }
	if from < 0 {
		p = prior(stages[to]) / sum(prior)
	} else {
		keep := math.Exp2(-float64(step.Pause) / float64(w.journey.HalfLife))
		for via := range stages {
			drifted := (1 - keep) * rest(stages[via]) / sum(rest)
			if via == from {
				drifted += keep
			}
			rate, leaves := 0.0, 0.0
			for _, t := range w.journey.Transitions {
				if t.From == stages[via].ID {
					leaves += t.Rate
					if t.To == stages[to].ID {
						rate += t.Rate
					}
				}
			}
			if via == to {
				rate = 1 - leaves
			}
			p += drifted * rate
		}
	}
	for _, s := range step.Signals {
		p *= w.likelihood(&w.journey.Signals[s], to)
	}
	return p
}

func TestBacktestRefusesWhatThePlanCanNotSay(t *testing.T) {
	plan, w := foretold(t)
	bikes := worlds(t)[1]
	l := logOf(t, w.simulate(1, 3, 5).events)
	for _, c := range []struct {
		name  string
		plan  *veiviser.Plan
		o     BacktestOptions
		field string
		says  string
	}{
		{"journey", plan, BacktestOptions{Journey: "flying"}, "journey", `"flying"`},
		{"target", plan, BacktestOptions{Journey: "shopping", Targets: []string{"review"}}, "target", `"review"`},
		{"forecast", bikes.plan, BacktestOptions{Journey: "purchase"}, "journey", "fit it first"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Backtest(t.Context(), l, c.plan, c.o)
			invalid(t, err, c.field, c.says)
		})
	}
}

// invalid checks that an error is the caller's fault and names the field.
func invalid(t *testing.T, err error, field, says string) {
	t.Helper()
	var e *veiviser.Error
	if !errors.As(err, &e) || e.Kind != veiviser.KindInvalid || len(e.Violations) == 0 || e.Violations[0].Field != field || !strings.Contains(err.Error(), says) {
		t.Errorf("%v, want one that names the field %q and says %q", err, field, says)
	}
}

func TestBacktestIsCanceled(t *testing.T) {
	plan, w := foretold(t)
	l := logOf(t, w.simulate(1, 200, 5).events)
	ctx, cancel := context.WithCancel(t.Context())
	walked := 0
	_, err := Backtest(ctx, l, plan, BacktestOptions{Journey: "shopping", Progress: func(done, total int) {
		walked = done
		cancel()
	}})
	if !errors.Is(err, context.Canceled) || walked != 64 {
		t.Errorf("%v after %d visitors", err, walked)
	}
}

// TestBacktestJudgesTargetsAsAsked looks at one target alone.
func TestBacktestJudgesTargetsAsAsked(t *testing.T) {
	plan, w := foretold(t)
	l := logOf(t, w.simulate(3, 20, 20).events)
	all := backtested(t, l, plan, "shopping")
	tally, err := Backtest(t.Context(), l, plan, BacktestOptions{Journey: "shopping", Targets: []string{"view"}})
	if err != nil {
		t.Fatal(err)
	}
	one := tally.Report(ReportOptions{Resamples: -1})
	if len(one.Targets) != 1 || one.Targets["view"].Every.N != 400 {
		t.Errorf("%v", one.Targets)
	}
	if diff := cmp.Diff(all.NextType, one.NextType); diff != "" {
		t.Error(diff)
	}
}

// told is what is said of a visitor after each of her events.
type told struct {
	Forecast veiviser.VisitForecast
	Stage    string
	P        []float64
}

func sayings(set *stage.Set, journey string, l *Log, i int) []told {
	var out []told
	walk(set, journey, l, i, func(_ int, v *veiviser.Visitor) {
		s := told{Forecast: *set.Forecast(v, journey)}
		if r, ok := set.Reading(v, journey); ok {
			s.Stage, s.P = r.Stage, r.P
		}
		out = append(out, s)
	})
	return out
}

// TestNothingFromTheFuture changes what happens after an event: what was said up to it stays, bit for bit.
func TestNothingFromTheFuture(t *testing.T) {
	plan, w := foretold(t)
	set, err := stage.Compile(plan)
	if err != nil {
		t.Fatal(err)
	}
	types := []string{"view", "save", "cart_add", "purchase", "review"}
	rapid.Check(t, func(r *rapid.T) {
		const visitors, events = 3, 15
		s := w.simulate(rapid.Uint64().Draw(r, "seed"), visitors, events)
		cut := rapid.IntRange(1, visitors*events-1).Draw(r, "at")
		slices.SortStableFunc(s.events, func(a, b veiviser.Event) int { return a.Time.Compare(b.Time) })
		before, at := slices.Clone(s.events[:cut]), s.events[cut-1].Time
		changed := slices.Clone(before)
		for range rapid.IntRange(0, 20).Draw(r, "new events") {
			changed = append(changed, veiviser.Event{
				VisitorID: s.events[rapid.IntRange(0, len(s.events)-1).Draw(r, "of")].VisitorID,
				Time:      at.Add(time.Duration(rapid.Int64Range(1, 1e15).Draw(r, "after"))),
				Type:      rapid.SampledFrom(types).Draw(r, "type"),
				Subject:   rapid.SampledFrom([]string{"", "shoes", "lamps/desk", "hats"}).Draw(r, "subject"),
				ItemID:    rapid.SampledFrom([]string{"", "i1", "i2"}).Draw(r, "item"),
			})
		}
		// The judge has to find the same predictions, too: those of Later are in the order of visitors and events.
		a, b := logOf(t, s.events), logOf(t, changed)
		ta, err := Backtest(t.Context(), a, plan, BacktestOptions{Journey: "shopping"})
		if err != nil {
			r.Fatal(err)
		}
		tb, err := Backtest(t.Context(), b, plan, BacktestOptions{Journey: "shopping"})
		if err != nil {
			r.Fatal(err)
		}
		rowB := 0
		starts := map[string]int{}
		for i := range b.NumVisitors() {
			starts[b.Visitor(i)] = rowB
			rowB += b.NumEvents(i)
		}
		rowA := 0
		for i := range a.NumVisitors() {
			n := 0
			for _, e := range a.list(i) {
				if !e.Time.After(at) {
					n++
				}
			}
			other := slices.IndexFunc(b.visitors, func(h history) bool { return h.id == a.Visitor(i) })
			if n > 0 {
				if diff := cmp.Diff(sayings(set, "shopping", a, i)[:n], sayings(set, "shopping", b, other)[:n]); diff != "" {
					r.Fatalf("%s: %s", a.Visitor(i), diff)
				}
				for k := range ta.targets {
					at := starts[a.Visitor(i)]
					if diff := cmp.Diff(ta.later[k][rowA:rowA+n], tb.later[k][at:at+n]); diff != "" {
						r.Fatalf("%s, %s: %s", a.Visitor(i), ta.targets[k], diff)
					}
				}
			}
			rowA += a.NumEvents(i)
		}
	})
}
