package eval

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/veiviser/veiviser/internal/raced"
	"github.com/veiviser/veiviser/internal/stage/fit"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// small is a journey and a log that are fitted quickly.
func small(t testing.TB) (*veiviser.Plan, *Log) {
	t.Helper()
	plan, w := foretold(t)
	return plan, logOf(t, twoTypes(w.simulate(21, 60, 20).events))
}

// twoTypes makes all that is no view a purchase: heads of few types are fitted quickly.
func twoTypes(events []veiviser.Event) []veiviser.Event {
	for i := range events {
		if events[i].Type != veiviser.EventView {
			events[i].Type = veiviser.EventPurchase
		}
	}
	return events
}

func fitted(t testing.TB, l *Log, plan *veiviser.Plan, o FitOptions) *Fitting {
	t.Helper()
	if o.Journey == "" {
		o.Journey = "shopping"
	}
	f, err := Fit(t.Context(), l, plan, o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// sameFit compares all but where the iterations began.
func sameFit(a, b *Fitting) string {
	return cmp.Diff(a, b, cmp.AllowUnexported(Report{}, calibration{}, bin{}), cmpopts.EquateNaNs(),
		cmpopts.IgnoreFields(fit.EMReport{}, "Before"))
}

func TestFitGivesTheSameBits(t *testing.T) {
	raced.Skip(t)
	plan, l := small(t)
	var saved []string // as a command keeps them
	o := FitOptions{Seed: 4, Source: "a test", Iterations: 4, Checkpoint: func(c Checkpoint) error {
		text, err := json.Marshal(c)
		saved = append(saved, string(text))
		return err
	}}
	before, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	want := fitted(t, l, plan, o)
	after, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	if string(before) != string(after) {
		t.Error("the fit changed the plan that it was given")
	}
	if len(saved) == 0 || len(saved) > 4 {
		t.Fatalf("%d checkpoints of at most 4 iterations", len(saved))
	}
	o.Checkpoint = nil
	if diff := sameFit(want, fitted(t, l, plan, o)); diff != "" {
		t.Errorf("another fit of the same: %s", diff)
	}
	for i, text := range saved {
		var c Checkpoint
		if err := json.Unmarshal([]byte(text), &c); err != nil {
			t.Fatal(err)
		}
		if c.Iteration != i+1 {
			t.Errorf("checkpoint %d is of iteration %d", i, c.Iteration)
		}
		o.Start = &c
		if diff := sameFit(want, fitted(t, l, plan, o)); diff != "" {
			t.Errorf("taken up after iteration %d: %s", c.Iteration, diff)
		}
	}
}

func TestFitSaysWhatItWasFittedFrom(t *testing.T) {
	plan, l := small(t)
	f := fitted(t, l, plan, FitOptions{Seed: 9, Source: "a test", Iterations: 2})
	j, from := f.Journey, f.Journey.Fitted
	figures := from.Figures
	from.Figures = nil
	want := veiviser.Provenance{Source: "a test", Rows: 1200, Events: 1200, Visitors: 60, From: l.From, To: l.To, Seed: 9}
	if diff := cmp.Diff(want, from); diff != "" {
		t.Error(diff)
	}
	for _, name := range []string{"purchase.auc", "purchase.log_loss", "purchase.ece", "next_type.perplexity", "stages.accuracy", "stages.answered"} {
		if _, ok := figures[name]; !ok {
			t.Errorf("there is no figure %q among %v", name, figures)
		}
	}
	if j.Version != plan.Journeys[0].Version+1 || f.Held.Events != 1200 || f.Held.Visitors != 60 {
		t.Errorf("version %d, %d events of %d visitors held out", j.Version, f.Held.Events, f.Held.Visitors)
	}
	if j.UnsureBelow < 0.45 || j.UnsureBelow > 0.9 {
		t.Errorf("unsure below %v", j.UnsureBelow)
	}
	for i := range j.Stages {
		if p := &plan.Journeys[0].Stages[i]; j.Stages[i].ID != p.ID || j.Stages[i].Standard != p.Standard {
			t.Errorf("stage %d is %+v", i, j.Stages[i])
		}
	}
}

func TestFitOfAPlanWithoutForecast(t *testing.T) {
	raced.Skip(t)
	w := worlds(t)[2]
	l := logOf(t, w.world.simulate(2, 50, 12).events)
	f := fitted(t, l, w.plan, FitOptions{Journey: w.world.journey.ID, Iterations: 2})
	r := backtested(t, l, f.Plan, w.world.journey.ID)
	if len(r.Targets) == 0 || r.Events != 600 || r.NextType.Perplexity == nil {
		t.Errorf("%+v", r)
	}
	for i := range w.plan.Journeys {
		if j := &w.plan.Journeys[i]; j.ID != w.world.journey.ID {
			if diff := cmp.Diff(j, &f.Plan.Journeys[i]); diff != "" {
				t.Errorf("another journey changed: %s", diff)
			}
		}
	}
}

func TestFitRefuses(t *testing.T) {
	plan, w := foretold(t)
	bikes := worlds(t)[2]
	shoes := logOf(t, w.simulate(1, 5, 5).events)
	_, err := Fit(t.Context(), shoes, plan, FitOptions{Journey: "flying"})
	invalid(t, err, "journey", `"flying"`)
	_, err = Fit(t.Context(), shoes, bikes.plan, FitOptions{Journey: "repurchase"}) // which is about parts
	invalid(t, err, "journey", `"repurchase"`)
	_, err = Fit(t.Context(), shoes.Subset(func(string) bool { return false }), plan, FitOptions{Journey: "shopping"})
	if !errors.Is(err, errEmpty) {
		t.Errorf("%v of an empty log", err)
	}
	stop := errors.New("the disk is full")
	_, err = Fit(t.Context(), shoes, plan, FitOptions{Journey: "shopping", Checkpoint: func(Checkpoint) error { return stop }})
	if !errors.Is(err, stop) {
		t.Errorf("%v after a checkpoint that failed", err)
	}
}

func TestFitIsCanceledPromptly(t *testing.T) {
	plan, w := foretold(t)
	l := logOf(t, w.simulate(1, 300, 20).events)
	heard := map[string]bool{}
	for _, at := range []string{"reading needs", "fitting stages", "reading visits", "fitting the forecast"} {
		ctx, cancel := context.WithCancel(t.Context())
		var since time.Time
		_, err := Fit(ctx, l, plan, FitOptions{Journey: "shopping", Iterations: 2, Progress: func(what string, done, total int) {
			heard[what] = true
			if done < 0 || done > total {
				t.Errorf("%s: %d of %d", what, done, total)
			}
			if what == at && since.IsZero() {
				since = time.Now()
				cancel()
			}
		}})
		cancel()
		if !errors.Is(err, context.Canceled) || since.IsZero() {
			t.Errorf("%s: %v after it was canceled", at, err)
		}
		if took := time.Since(since); took > 8*time.Second { // a slow machine, with the race detector
			t.Errorf("%s: it went on for %v", at, took)
		}
	}
	if len(heard) != 4 {
		t.Errorf("heard of %v only", heard)
	}
}

// TestCrossBacktestNeverSawTheJudged gives every visitor a subject of her own, which a fit knows only from her, and
// compares every share to a fit on the others.
func TestCrossBacktestNeverSawTheJudged(t *testing.T) {
	raced.Skip(t)
	const shares = 2
	plan, w := foretold(t)
	own := func(visitor string) string { return "own/" + visitor }
	events := twoTypes(w.simulate(31, 30, 30).events)
	for i := range events {
		events[i].Subject = own(events[i].VisitorID)
	}
	l := logOf(t, events)
	o, f := BacktestOptions{Journey: "shopping"}, FitOptions{Journey: "shopping", Iterations: 2}
	said := false
	cross, err := CrossBacktest(t.Context(), l, plan, o, f, shares, func(what string, done, total int) {
		said = said || strings.HasPrefix(what, "share 2 of 2: ")
	})
	if err != nil {
		t.Fatal(err)
	}
	if !said {
		t.Error("no word of the second share")
	}
	later := make([][]float64, len(cross.targets))
	for share := range shares {
		fitting := fitted(t, l.Subset(func(v string) bool { return ShareOf(v, shares) != share }), plan, f)
		part := l.Subset(func(v string) bool { return ShareOf(v, shares) == share })
		for i := range l.NumVisitors() {
			id := l.Visitor(i)
			saw := slices.ContainsFunc(fitting.Journey.Forecast.Subjects, func(s veiviser.SubjectTrait) bool { return s.Subject == own(id) })
			if saw != (ShareOf(id, shares) != share) {
				t.Errorf("share %d, visitor %s of share %d: her subject is known: %v", share, id, ShareOf(id, shares), saw)
			}
		}
		tally, err := Backtest(t.Context(), part, fitting.Plan, o)
		if err != nil {
			t.Fatal(err)
		}
		for k := range later {
			later[k] = append(later[k], tally.later[k]...)
		}
	}
	if diff := cmp.Diff(later, cross.later); diff != "" {
		t.Errorf("not what fits on the others say: %s", diff)
	}
	if len(cross.people) != l.NumVisitors() || len(cross.visitor) != l.Events {
		t.Errorf("%d visitors, %d events judged of %d, %d", len(cross.people), len(cross.visitor), l.NumVisitors(), l.Events)
	}

	// What she does after her first event changes nothing that is said after it, unless a fit saw her.
	changed := slices.Clone(events)
	first, who := 0, l.Visitor(0)
	for i := range changed {
		if changed[i].VisitorID == who && i > 0 && changed[i-1].VisitorID == who {
			changed[i].Type, changed[i].Time = veiviser.EventPurchase, changed[first].Time.Add(time.Duration(i)*time.Minute)
		}
	}
	again, err := CrossBacktest(t.Context(), logOf(t, changed), plan, o, f, shares, func(string, int, int) {})
	if err != nil {
		t.Fatal(err)
	}
	row := 0 // of her first event
	for share := range ShareOf(who, shares) {
		part := l.Subset(func(v string) bool { return ShareOf(v, shares) == share })
		row += part.Events
	}
	for k := range later {
		if later[k][row] != again.later[k][row] {
			t.Errorf("%s: %v became %v by what happened later", cross.targets[k], later[k][row], again.later[k][row])
		}
		if slices.Equal(later[k], again.later[k]) {
			t.Error("the change changes nothing at all")
		}
	}
}

// TestAbstention looks at the threshold that a fit chooses: what is left unanswered is what would be wrong more often.
func TestAbstention(t *testing.T) {
	plan, l := small(t)
	f := fitted(t, l, plan, FitOptions{Iterations: 3})
	r := backtested(t, l, f.Plan, "shopping").Stages
	if *r.Answered < 0.59 {
		t.Errorf("%.3f are answered", *r.Answered)
	}
	if *r.AccuracyAnswered < *r.Accuracy {
		t.Errorf("%.3f of the answered are right, %.3f of all", *r.AccuracyAnswered, *r.Accuracy)
	}
	t.Logf("unsure below %.2f: %.3f answered, %.3f of them right; %.3f of all", f.Journey.UnsureBelow, *r.Answered, *r.AccuracyAnswered, *r.Accuracy)
}
