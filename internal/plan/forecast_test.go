package plan

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/stage"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// wrongForecasts is every way to get the fitted numbers of a journey wrong.
var wrongForecasts = []struct {
	change func(j *veiviser.Journey)
	field  string
	says   string
}{
	{func(j *veiviser.Journey) { j.MeanEvents = 0.9 }, "mean_events", "from 1"},
	{func(j *veiviser.Journey) { j.MeanEvents = -1 }, "mean_events", "from 1"},
	{func(j *veiviser.Journey) { j.MeanEvents = math.Inf(1) }, "mean_events", "from 1"},
	{func(j *veiviser.Journey) { j.MeanEvents = math.NaN() }, "mean_events", "from 1"},

	{func(j *veiviser.Journey) { j.Forecast.Covariates = make([]veiviser.Covariate, 257) }, "forecast.covariates", "at most 256"},
	{func(j *veiviser.Journey) { j.Forecast.Covariates[1].ID = "" }, "forecast.covariates[1].id", "missing"},
	{func(j *veiviser.Journey) { j.Forecast.Covariates[1].ID = strings.Repeat("x", 65) }, "forecast.covariates[1].id", "at most 64"},
	{func(j *veiviser.Journey) { j.Forecast.Covariates[1].ID = "visit_events" }, "forecast.covariates[1].id", "taken by another covariate, number 1"},
	{func(j *veiviser.Journey) { j.Forecast.Covariates[1].ID = "pace.test_rides" }, "forecast.covariates[1].id", `did you mean "pace.test_ride"?`},
	{func(j *veiviser.Journey) { j.Forecast.Covariates[2].ID = "stage.by" }, "forecast.covariates[2].id", `did you mean "stage.buy"?`},
	{func(j *veiviser.Journey) { j.Forecast.Covariates[0].Mean = math.Inf(-1) }, "forecast.covariates[0].mean", "a number"},
	{func(j *veiviser.Journey) { j.Forecast.Covariates[0].SD = 0 }, "forecast.covariates[0].standard_deviation", "above 0"},
	{func(j *veiviser.Journey) { j.Forecast.Covariates[0].SD = math.Inf(1) }, "forecast.covariates[0].standard_deviation", "above 0"},

	{func(j *veiviser.Journey) { j.Forecast.Heads = make([]veiviser.ForecastHead, 65) }, "forecast.heads", "at most 64"},
	{func(j *veiviser.Journey) { j.Forecast.Heads[0].Type = "purchse" }, "forecast.heads[0].event_type", `did you mean "purchase"?`},
	{func(j *veiviser.Journey) { j.Forecast.Heads[0].Type = "" }, "forecast.heads[0].event_type", "say which event type"},
	{func(j *veiviser.Journey) { j.Forecast.Heads[1].Next = false }, "forecast.heads[1]", "another head for the same event type and the same next, number 1"},
	{func(j *veiviser.Journey) { j.Forecast.Heads[1].Type = "" }, "forecast.heads[2]", "number 2"},
	{func(j *veiviser.Journey) { j.Forecast.Heads[2].Bias = math.NaN() }, "forecast.heads[2].bias", "a number"},
	{
		func(j *veiviser.Journey) { j.Forecast.Heads[0].Weights["visit_event"] = 1 },
		`forecast.heads[0].weights["visit_event"]`, `did you mean "visit_events"?`,
	},
	{
		func(j *veiviser.Journey) { j.Forecast.Covariates = nil },
		`forecast.heads[0].weights["visit_events"]`, "no covariate",
	},
	{
		func(j *veiviser.Journey) { j.Forecast.Heads[0].Weights["visit_events"] = math.Inf(1) },
		`forecast.heads[0].weights["visit_events"]`, "a number",
	},

	{func(j *veiviser.Journey) { j.Forecast.Subjects = make([]veiviser.SubjectTrait, 5001) }, "forecast.subjects", "at most 5000"},
	{func(j *veiviser.Journey) { j.Forecast.Subjects[0].Subject = "" }, "forecast.subjects[0].subject", "empty"},
	{func(j *veiviser.Journey) { j.Forecast.Subjects[0].Subject = strings.Repeat("x", 129) }, "forecast.subjects[0].subject", "at most 128"},
	{
		func(j *veiviser.Journey) { j.Forecast.Subjects = append(j.Forecast.Subjects, j.Forecast.Subjects[0]) },
		"forecast.subjects[1].subject", "twice, first as number 1",
	},
	{func(j *veiviser.Journey) { j.Forecast.Subjects[0].Events = -1 }, "forecast.subjects[0].events", "from 0"},
	{func(j *veiviser.Journey) { j.Forecast.Subjects[0].Rates["test_rde"] = 1 }, `forecast.subjects[0].rates["test_rde"]`, `did you mean "test_ride"?`},
	{func(j *veiviser.Journey) { j.Forecast.Subjects[0].Rates["view"] = math.NaN() }, `forecast.subjects[0].rates["view"]`, "a number"},

	{func(j *veiviser.Journey) { j.Fitted.Source = strings.Repeat("x", 1001) }, "fitted.source", "at most 1000"},
	{func(j *veiviser.Journey) { j.Fitted.To = j.Fitted.From.Add(-1) }, "fitted.end_time", "before start_time"},
	{func(j *veiviser.Journey) { j.Fitted.To = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }, "fitted.end_time", "years 1 and 9999"},
	{func(j *veiviser.Journey) { j.Fitted.Figures["x"] = math.NaN() }, `fitted.figures["x"]`, "a number"},
	{
		func(j *veiviser.Journey) {
			for i := range 1024 {
				j.Fitted.Figures[fmt.Sprint(i)] = 1
			}
		}, "fitted.figures", "at most 1024",
	},
}

func TestWrongForecasts(t *testing.T) {
	for i, c := range wrongForecasts {
		p := bikes()
		c.change(&p.Journeys[0])
		found := false
		violations := Validate(p)
		for _, v := range violations {
			found = found || v.Field == "journeys[0]."+c.field && strings.Contains(v.Message, c.says)
		}
		if !found {
			t.Errorf("case %d: nothing says %q about %s; said was %v", i, c.says, c.field, violations)
		}
	}
}

func TestRightForecasts(t *testing.T) {
	for name, change := range map[string]func(j *veiviser.Journey){
		"none": func(j *veiviser.Journey) {
			j.MeanEvents, j.Forecast, j.Fitted = 0, veiviser.Forecast{}, veiviser.Provenance{}
		},
		"one event": func(j *veiviser.Journey) { j.MeanEvents = 1 },
		"heads without covariates": func(j *veiviser.Journey) {
			j.Forecast = veiviser.Forecast{Heads: []veiviser.ForecastHead{{Type: "view", Bias: -1}}}
		},
		"covariates without heads": func(j *veiviser.Journey) { j.Forecast.Heads = nil },
		"large":                    func(j *veiviser.Journey) { j.Forecast = largest(j) },
	} {
		p := bikes()
		change(&p.Journeys[0])
		for _, v := range Validate(p) {
			t.Errorf("%s: %v", name, v)
		}
		if _, err := Compile(1, p); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// largest is a forecast as large as it may be.
func largest(j *veiviser.Journey) veiviser.Forecast {
	var stages []string
	for _, s := range j.Stages {
		stages = append(stages, s.ID)
	}
	types := veiviser.StandardEventTypes()
	f := veiviser.Forecast{}
	for _, id := range stage.CovariateIDs(types, stages)[:maxCovariates] {
		f.Covariates = append(f.Covariates, veiviser.Covariate{ID: id, Mean: -0.1, SD: 1.0 / 3})
	}
	for i := range min(maxHeads, 2*len(types)) {
		h := veiviser.ForecastHead{Type: types[i/2], Next: i%2 == 1, Bias: -1.0 / 3, Weights: map[string]float64{}}
		for _, c := range f.Covariates {
			h.Weights[c.ID] = 1.0 / 3
		}
		f.Heads = append(f.Heads, h)
	}
	for i := range maxTraits {
		s := veiviser.SubjectTrait{Subject: fmt.Sprintf("department_%d/category_%d", i%20, i), Events: float64(i), Rates: map[string]float64{}}
		for _, t := range types {
			s.Rates[t] = -1.0 / 3
		}
		f.Subjects = append(f.Subjects, s)
	}
	return f
}

// A forecast is one line of a difference, however many numbers of it differ.
func TestDiffOfForecasts(t *testing.T) {
	small, large := bikes(), bikes()
	large.Journeys[0].Forecast = largest(&large.Journeys[0])
	other := bikes()
	other.Journeys[0].Forecast = largest(&other.Journeys[0])
	for i := range other.Journeys[0].Forecast.Heads {
		other.Journeys[0].Forecast.Heads[i].Weights["pause"] = 0.5
	}
	other.Journeys[0].Forecast.Subjects[4999].Events = 1
	none := bikes()
	none.Journeys[0].Forecast = veiviser.Forecast{Heads: []veiviser.ForecastHead{}}
	heads := len(other.Journeys[0].Forecast.Heads)
	said := fmt.Sprintf("%d heads over 256 covariates, 5000 subjects", heads)
	const path, little = "journeys/considered/forecast", "3 heads over 3 covariates, 1 subject"
	for _, c := range []struct {
		before, after *veiviser.Plan
		want          []veiviser.PlanChange
	}{
		{small, large, []veiviser.PlanChange{{Path: path, Op: "changed", Before: little, After: said}}},
		{large, other, []veiviser.PlanChange{{Path: path, Op: "changed", Before: said, After: said + ", with other numbers"}}},
		{none, small, []veiviser.PlanChange{{Path: path, Op: "added", After: little}}},
		{small, none, []veiviser.PlanChange{{Path: path, Op: "removed", Before: little}}},
		{none, none, nil},
	} {
		if d := cmp.Diff(c.want, Diff(c.before, c.after)); d != "" {
			t.Error(d)
		}
	}
	fitted := bikes()
	fitted.Journeys[0].MeanEvents = 14
	fitted.Journeys[0].Fitted.To, fitted.Journeys[0].Fitted.Seed = noon.Add(time.Hour), 0
	fitted.Journeys[0].Fitted.Figures["purchase.auc"] = 0.91
	want := []veiviser.PlanChange{
		{Path: "journeys/considered/mean_events", Op: "changed", Before: "12", After: "14"},
		{Path: "journeys/considered/fitted/end_time", Op: "changed", Before: "2026-11-22T12:00:00Z", After: "2026-11-22T13:00:00Z"},
		{Path: "journeys/considered/fitted/seed", Op: "removed", Before: "7"},
		{Path: "journeys/considered/fitted/figures", Op: "changed", Before: "purchase.auc=0.9", After: "purchase.auc=0.91"},
	}
	if d := cmp.Diff(want, Diff(small, fitted)); d != "" {
		t.Error(d)
	}
	added := Diff(nil, &veiviser.Plan{Journeys: []veiviser.Journey{{ID: "j", Forecast: large.Journeys[0].Forecast}}})
	if d := cmp.Diff([]veiviser.PlanChange{{Path: "journeys/j", Op: "added", After: "id: j, forecast: " + said}}, added); d != "" {
		t.Error(d)
	}
}

// What the store keeps of the largest forecast is the same again.
func TestLargestForecastIsKept(t *testing.T) {
	p := bikes()
	p.Journeys[0].Forecast = largest(&p.Journeys[0])
	stored, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var again veiviser.Plan
	if err := json.Unmarshal(stored, &again); err != nil {
		t.Fatal(err)
	}
	if d := Diff(p, &again); len(d) > 0 {
		t.Errorf("differs from what is stored of it: %v", d)
	}
}
