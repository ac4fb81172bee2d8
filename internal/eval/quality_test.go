package eval

import (
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/veiviser/veiviser/internal/raced"
	"github.com/veiviser/veiviser/internal/stage"
	"github.com/veiviser/veiviser/internal/veiviser"
)

var update = flag.Bool("update", false, "rewrite testdata/quality.txt")

// TestQuality keeps in testdata/quality.txt how well the plans that come with the service, and their fits, read visitors
// whose stages are known because they were simulated. A change of the figures is to be looked at, then accepted by -update.
func TestQuality(t *testing.T) {
	if raced.On {
		t.Skip("it takes minutes with the race detector, and other tests fit with it")
	}
	var b strings.Builder
	fmt.Fprintln(&b, "Simulated visitors of the journeys that come with the service: half to fit, the other half to judge. See TestQuality.")
	for _, w := range worlds(t) {
		quality(t, &b, w.name, w.plan, w.world)
	}
	name := filepath.Join("testdata", "quality.txt")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")); diff != "" {
		t.Errorf("the quality changed (-update accepts it): %s", diff)
	}
}

func quality(t *testing.T, b *strings.Builder, name string, plan *veiviser.Plan, w *world) {
	t.Helper()
	s := w.simulate(2026, 400, 40)
	l := logOf(t, s.events)
	half := func(share int) *Log {
		return l.Subset(func(v string) bool { return ShareOf(v, 2) == share })
	}
	fitted, judged := half(0), half(1)
	fitting, err := Fit(t.Context(), fitted, plan, FitOptions{Journey: w.journey.ID, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	before, after := readStages(t, plan, w.journey, judged, s), readStages(t, fitting.Plan, fitting.Journey, judged, s)
	fmt.Fprintf(b, "\n%s %s: %d events of %d visitors fitted, %d of %d judged\n%-46s %8s %8s\n", name, w.journey.ID,
		fitted.Events, fitted.NumVisitors(), judged.Events, judged.NumVisitors(), "", "plan", "fitted")
	line := func(what string, values ...float64) {
		fmt.Fprintf(b, "%-46s", what)
		for _, v := range values {
			if math.IsNaN(v) {
				fmt.Fprintf(b, " %8s", "-")
			} else {
				fmt.Fprintf(b, " %8.3f", v)
			}
		}
		fmt.Fprintln(b)
	}
	line("stage, accuracy", before.accuracy, after.accuracy)
	line("stage, accuracy when answered", before.accuracyAnswered, after.accuracyAnswered)
	line("stage, share answered", before.answered, after.answered)
	line("stage, Brier score", before.brier, after.brier)
	line("stage, calibration error", before.ece, after.ece)
	line("stage, log-loss after one event", before.lossFirst, after.lossFirst)
	line("stage, log-loss of the prior", before.lossPrior, after.lossPrior)
	// A fit moves the stages from where they were planted towards what tells the events of the log best, so that these two
	// can fail for it. The file shows by how much.
	if before.lossFirst >= before.lossPrior {
		t.Errorf("%s: after one event the log-loss is %.4f, before it %.4f", w.journey.ID, before.lossFirst, before.lossPrior)
	}
	if before.accuracyAnswered < before.accuracy {
		t.Errorf("%s: of the answered %.4f are right, of all %.4f", w.journey.ID, before.accuracyAnswered, before.accuracy)
	}

	foreseen := backtested(t, judged, fitting.Plan, w.journey.ID)
	planned := &Report{Targets: map[string]TargetReport{}}
	if len(w.journey.Forecast.Heads) > 0 {
		planned = backtested(t, judged, plan, w.journey.ID)
	}
	for _, target := range slices.Sorted(maps.Keys(foreseen.Targets)) {
		p, f := planned.Targets[target].Every, foreseen.Targets[target].Every
		line(target+", AUC", value(p.AUC), value(f.AUC))
		line(target+", log-loss", value(p.LogLoss), value(f.LogLoss))
		line(target+", log-loss of the base rate", math.NaN(), baseRate(fitted, target, w.gap, f))
		line(target+", calibration error", value(p.ECE), value(f.ECE))
	}
	line("next type, perplexity", value(planned.NextType.Perplexity), value(foreseen.NextType.Perplexity))
	line("next type, perplexity of Markov", math.NaN(), markov(fitted, judged, w.gap))
}

func value(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}

func backtested(t testing.TB, l *Log, plan *veiviser.Plan, journey string) *Report {
	t.Helper()
	tally, err := Backtest(t.Context(), l, plan, BacktestOptions{Journey: journey})
	if err != nil {
		t.Fatal(err)
	}
	return tally.Report(ReportOptions{Resamples: -1})
}

// stageFigures compare beliefs to the stages that were simulated.
type stageFigures struct {
	accuracy, accuracyAnswered, answered, brier, ece, lossFirst, lossPrior float64
}

func readStages(t testing.TB, plan *veiviser.Plan, j *veiviser.Journey, l *Log, s *simulation) stageFigures {
	t.Helper()
	set, err := stage.Compile(plan)
	if err != nil {
		t.Fatal(err)
	}
	var (
		f                          stageFigures
		n, answered, priors, wrong float64
		probability, came          [bins]float64
		stages                     []string
	)
	for _, st := range j.Stages {
		stages = append(stages, st.ID)
		priors += st.Prior
	}
	for i := range l.NumVisitors() {
		truth := s.stages[l.Visitor(i)]
		walk(set, j.ID, l, i, func(k int, v *veiviser.Visitor) {
			r, ok := set.Reading(v, j.ID)
			if !ok {
				t.Fatalf("event %d of %s gave no reading", k, l.Visitor(i))
			}
			n++
			if likeliest(r.P) == truth[k] {
				f.accuracy++
			}
			if told := slices.Index(stages, r.Stage); told >= 0 {
				if answered++; told == truth[k] {
					f.accuracyAnswered++
				}
			}
			for i, p := range r.P {
				bin := binOf(p)
				probability[bin] += p
				hit := 0.0
				if i == truth[k] {
					hit = 1
				}
				came[bin] += hit
				f.brier += (p - hit) * (p - hit)
			}
			if k == 0 {
				f.lossFirst -= math.Log(r.P[truth[0]])
				f.lossPrior -= math.Log(j.Stages[truth[0]].Prior / priors)
			}
		})
	}
	for i := range bins {
		wrong += math.Abs(came[i] - probability[i])
	}
	f.accuracy /= n
	f.accuracyAnswered /= answered
	f.answered = answered / n
	f.brier /= n
	f.ece = wrong / n / float64(len(stages))
	f.lossFirst /= float64(l.NumVisitors())
	f.lossPrior /= float64(l.NumVisitors())
	return f
}

// TestSimulationShowsWhatTheFilterSees compares the signals that the simulation meant to show to those that package stage
// finds in its events.
func TestSimulationShowsWhatTheFilterSees(t *testing.T) {
	for _, w := range worlds(t) {
		s := w.world.simulate(5, 30, 40)
		l := logOf(t, s.events)
		set, err := stage.Compile(w.plan)
		if err != nil {
			t.Fatal(err)
		}
		for i := range l.NumVisitors() {
			paths := walk(set, w.world.journey.ID, l, i, func(int, *veiviser.Visitor) {})
			if len(paths) != 1 {
				t.Fatalf("%s: %d needs", w.name, len(paths))
			}
			var seen [][]int32
			for _, step := range paths[0].steps {
				seen = append(seen, step.Signals)
			}
			if diff := cmp.Diff(s.shown[l.Visitor(i)], seen, cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("%s %s, %s: %s", w.name, w.world.journey.ID, l.Visitor(i), diff)
			}
		}
	}
}
