package stage_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/veiviser/veiviser/internal/stage"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// foreseeing is the bicycle journey with a forecast over all covariates there are for some types.
func foreseeing() veiviser.Journey {
	j := bikes()
	var stages []string
	for _, s := range j.Stages {
		stages = append(stages, s.ID)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for _, id := range stage.CovariateIDs([]string{"view", "cart_add", "purchase"}, stages) {
		j.Forecast.Covariates = append(j.Forecast.Covariates, veiviser.Covariate{ID: id, Mean: r.NormFloat64(), SD: 0.5 + r.Float64()})
	}
	for _, typ := range []string{"cart_add", "purchase", "view", ""} {
		for _, next := range []bool{false, true} {
			if typ == "" && !next {
				continue
			}
			h := veiviser.ForecastHead{Type: typ, Next: next, Bias: r.NormFloat64(), Weights: map[string]float64{}}
			for _, c := range j.Forecast.Covariates {
				h.Weights[c.ID] = r.NormFloat64() / 10
			}
			j.Forecast.Heads = append(j.Forecast.Heads, h)
		}
	}
	j.Forecast.Subjects = []veiviser.SubjectTrait{{Subject: "bike", Events: 99, Rates: map[string]float64{"purchase": 0.7}}}
	return j
}

// covariatesAfter gives the covariates by id after some events.
func covariatesAfter(t *testing.T, events ...veiviser.Event) map[string]float64 {
	t.Helper()
	j := foreseeing()
	s := compile(t, planOf(j))
	v := fold(s, events...)
	x := make([]float64, len(j.Forecast.Covariates))
	if !s.Covariates(v, j.ID, x) {
		t.Fatal("no forecast")
	}
	out := map[string]float64{}
	for i, c := range j.Forecast.Covariates {
		out[c.ID] = x[i]
	}
	return out
}

func item(minutes float64, typ, subject, id string) veiviser.Event {
	e := at(minutes, typ, subject)
	e.ItemID = id
	return e
}

func TestCovariatesByHand(t *testing.T) {
	// A first visit of four events, an hour and forty minutes of silence, a second visit of three.
	x := covariatesAfter(t,
		item(0, "view", "bike", "a"), item(2, "view", "bike/e", "b"), item(4, "cart_add", "bike", "a"), item(5, "view", "bike", "a"),
		item(105, "view", "bike", "c"), item(106, "purchase", "bike", "a"), item(110, "view", "bike/e", "b"))
	ln := math.Log
	for id, want := range map[string]float64{
		"visit_events": ln(4), "visit_first": 0, "visit_duration": ln(301), "visit_items": ln(3.0 / 3), "visit_subjects": ln(2.0 / 3),
		"pause": ln(241), "gap": ln(6001), "visits": ln(2), "newcomer": 0, "length": ln(1 + (4.0+12)/3), "length_recent": ln(1 + (4.0+12)/3),
		"age": ln(1 + 110.0/1440), "activity": ln(1 + 7/0.3),
		"item_seen": ln(2), "item_visit": 0, "subject_seen": ln(2), "subject_visit": 0, "subject_run": ln(2), "subject_known": ln(100),
		"new_items": ln((3.0 + 5) / (5 + 7)), // of five views three were of items not met before
		"now.view":  1, "now.purchase": 0, "before.purchase": 1, "before.view": 0,
		"visit.view": ln(3), "visit.purchase": ln(2), "visit.cart_add": 0,
		"ahead.view": ln((3*0.95 + 1.6) / (4*0.95 + 8)), "ahead.cart_add": ln((2*0.95 + 1.6) / (4*0.95 + 8)),
		"ahead_slow.cart_add": ln((2*0.95 + 8) / (4*0.95 + 40)),
		"rate.cart_add":       ln(1.6 / 27), "visits.cart_add": ln(1.3 / 3), "visits.purchase": ln(0.3 / 3),
		"since.cart_add": ln(5), "since.purchase": ln(2),
		"item.purchase": 0, "subject.purchase": 0, "subject.cart_add": 0, "trait.purchase": 0.7, "trait.cart_add": 0,
		"lately_5m.purchase": ln(math.Exp2(-4.0/5) + 0.1), "lately_15m.cart_add": ln(math.Exp2(-106.0/15) + 0.1),
		"delay.cart_add": (ln(241) + 12) / 4, "delay.purchase": (ln(106*60+1) + 12) / 4,
		"pace.purchase": ln((math.Exp(-1.0/33) + 0.3) / (paceWindow(7) + 10)),
		// Finished: three views, of which two had the cart ahead, and a cart_add that had not.
		"sequel.cart_add": ln((2 + 10*(2.0+3)/(4+15)) / (3 + 10)),
		"hour_sin":        math.Sin(2 * math.Pi * float64(minute(110).Unix()%86400) / 86400),
	} {
		if got := x[id]; math.Abs(got-want) > 1e-9 {
			t.Errorf("%s is %v, want %v", id, got, want)
		}
	}
	first := covariatesAfter(t, at(0, "view", "bike"))
	for id, want := range map[string]float64{
		"visit_first": 1, "newcomer": 1, "gap": 10, "pause": 0, "since.purchase": 6, "sequel.purchase": math.Log(0.2), "delay.purchase": 4,
	} {
		if got := first[id]; math.Abs(got-want) > 1e-9 {
			t.Errorf("at first %s is %v, want %v", id, got, want)
		}
	}
}

func paceWindow(n int) float64 {
	sum := 0.0
	for i := range n {
		sum += math.Exp(-float64(i) / 33)
	}
	return sum
}

// Every covariate is a finite number and every forecast a set of probabilities, whatever happens in whatever order.
func TestForecastsAreProbabilities(t *testing.T) {
	j := foreseeing()
	s := compile(t, planOf(j, impulse()))
	x := make([]float64, len(j.Forecast.Covariates))
	rapid.Check(t, func(t *rapid.T) {
		v := &veiviser.Visitor{}
		for range rapid.IntRange(1, 40).Draw(t, "events") {
			e := item(
				rapid.Float64Range(-100, 5000).Draw(t, "minute"), rapid.SampledFrom([]string{"view", "cart_add", "purchase", "odd"}).Draw(t, "type"),
				rapid.SampledFrom([]string{"", "bike", "bike/e", "tent"}).Draw(t, "subject"), rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(t, "item"))
			s.Fold(v, &e)
			s.Covariates(v, j.ID, x)
			for i := range x {
				if math.IsNaN(x[i]) || math.IsInf(x[i], 0) {
					t.Fatalf("%s is %v", j.Forecast.Covariates[i].ID, x[i])
				}
			}
			checkForecast(t, s.Forecast(v, j.ID))
		}
	})
}

func checkForecast(t interface{ Fatalf(string, ...any) }, f *veiviser.VisitForecast) {
	sum := f.End
	for _, c := range f.Next {
		sum += c.P
	}
	if math.Abs(sum-1) > 1e-12 || len(f.Next) != 3 || len(f.Later) != 3 {
		t.Fatalf("next sums to %v: %+v", sum, f)
	}
	for _, c := range slices.Concat(f.Later, f.Next) {
		if !(c.P >= 0 && c.P <= 1) {
			t.Fatalf("%s has the chance %v", c.Type, c.P)
		}
	}
}

// The head is the formula of the documentation.
func TestForecastFormula(t *testing.T) {
	j := foreseeing()
	s := compile(t, planOf(j))
	v := fold(s, item(0, "view", "bike", "a"), item(1, "cart_add", "bike", "a"))
	x := make([]float64, len(j.Forecast.Covariates))
	s.Covariates(v, j.ID, x)
	for _, later := range s.Forecast(v, j.ID).Later {
		for _, h := range j.Forecast.Heads {
			if h.Type != later.Type || h.Next {
				continue
			}
			score := h.Bias
			for i, c := range j.Forecast.Covariates {
				score += h.Weights[c.ID] * min(max((x[i]-c.Mean)/c.SD, -4), 4)
			}
			if want := 1 / (1 + math.Exp(-score)); math.Abs(later.P-want) > 1e-12 {
				t.Errorf("%s: %v, want %v", later.Type, later.P, want)
			}
		}
	}
}

// Views carry the forecast on the need of the latest event, within the visit only.
func TestViewsForecastTheVisit(t *testing.T) {
	s := compile(t, planOf(foreseeing(), impulse()))
	v := fold(s, at(0, "view", "bike"), at(1, "view", "bike/e"))
	with := func(now time.Time) (subjects []string) {
		for _, w := range s.Views(v, "", now) {
			if w.Forecast != nil {
				subjects = append(subjects, w.Journey+" "+w.Subject)
			}
		}
		return subjects
	}
	if got := with(minute(20)); !slices.Equal(got, []string{"considered bike/e"}) {
		t.Errorf("forecasts on %q", got)
	}
	if got := with(minute(40)); got != nil {
		t.Errorf("after the visit there are forecasts on %q", got)
	}
	if f := s.Forecast(&veiviser.Visitor{}, "considered"); f != nil {
		t.Errorf("of nobody: %+v", f)
	}
	if f := s.Forecast(v, "impulse"); f != nil {
		t.Errorf("of a journey without: %+v", f)
	}
}

func TestForecastRefusesWhatItCannotCompute(t *testing.T) {
	j := foreseeing()
	j.Forecast = veiviser.Forecast{
		Covariates: []veiviser.Covariate{
			{ID: "pause", SD: 1},
			{ID: "pause", SD: 1},
			{ID: "mood", SD: 1},
			{ID: "stage.nowhere", SD: 1},
			{ID: "pace.", SD: 1},
			{ID: "gap", SD: 0},
			{ID: "age", Mean: math.NaN(), SD: 1},
		},
		Heads: []veiviser.ForecastHead{
			{Type: "view", Weights: map[string]float64{"luck": 1, "pause": math.Inf(1)}}, {Type: "view"}, {}, {Next: true, Bias: math.NaN()},
		},
	}
	_, err := stage.Compile(planOf(j))
	if err == nil {
		t.Fatal("compiled")
	}
	for _, want := range []string{
		"forecast.covariates[1].id", "forecast.covariates[2].id", "covariates[3].id", "covariates[4].id", "covariates[5].standard_deviation",
		"covariates[6].mean", `heads[0].weights["luck"]`, `heads[0].weights["pause"]`, "heads[1].event_type", "heads[2].event_type", "heads[3].bias",
	} {
		if !strings.Contains(fmt.Sprintf("%+v", err.(*veiviser.Error).Violations), want) { //nolint:errorlint // Compile says so
			t.Errorf("%s is not named in %v", want, err)
		}
	}
}

// What a stage is worth is what following the chain many times gives.
func TestWorthIsWhatChainsComeTo(t *testing.T) {
	j := bikes()
	j.MeanEvents = 12
	s := compile(t, planOf(j))
	r := rand.New(rand.NewPCG(3, 4))
	index := map[string]int{}
	for i, st := range j.Stages {
		index[st.ID] = i
	}
	step := func(from int) int {
		u := r.Float64()
		for _, m := range j.Transitions {
			if index[m.From] == from {
				if u -= m.Rate; u < 0 {
					return index[m.To]
				}
			}
		}
		return from
	}
	done := func(i int) bool {
		return j.Stages[i].Standard == veiviser.StageUse || j.Stages[i].Standard == veiviser.StageAdvocate
	}
	v := fold(s, at(0, "view", "bike"))
	w := s.Views(v, "bike", minute(0))[0]
	const runs = 4000
	var value, events, ahead float64
	for i, p := range w.P {
		good, passed, sum := 0, 0, 0
		for range runs {
			at := i
			for !done(at) && r.Float64() < 1-1/j.MeanEvents {
				at = step(at)
			}
			if done(at) {
				good++
			}
			at = i
			for n := 1; n < 2000 && j.Stages[i].Standard != veiviser.StageAdvocate; n++ {
				if at = step(at); j.Stages[at].Standard.Index() > j.Stages[i].Standard.Index() {
					passed++
					sum += n
					break
				}
			}
		}
		value += p * float64(good) / runs
		if passed == runs {
			events += p * float64(sum) / runs
			ahead += p
		}
	}
	if math.Abs(w.Value-value) > 0.02 {
		t.Errorf("value %v, chains come to %v", w.Value, value)
	}
	if want := events / ahead; math.Abs(w.EventsToNext-want)/want > 0.05 {
		t.Errorf("events to the next stage %v, chains take %v", w.EventsToNext, want)
	}
}

func BenchmarkForecast(b *testing.B) {
	j := foreseeing()
	s := compile(b, planOf(j))
	v := fold(s, item(0, "view", "bike", "a"), item(1, "cart_add", "bike", "a"))
	b.ReportAllocs()
	for b.Loop() {
		s.Forecast(v, j.ID)
	}
}
