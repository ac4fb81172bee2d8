package stage_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/stage"
	"github.com/veiviser/veiviser/internal/veiviser"
)

func TestCompileNamesEverythingAtOnce(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	plan := planOf(
		veiviser.Journey{ID: "empty"},
		veiviser.Journey{ID: "empty"},
		veiviser.Journey{
			ID: "bad", HalfLife: -time.Hour, UnsureBelow: 2,
			Stages: []veiviser.Stage{{ID: "a", Prior: -1}, {ID: "a", Rest: nan}, {ID: "", Prior: inf}},
			Transitions: []veiviser.Transition{
				{From: "a", To: "x", Rate: 0.1}, {From: "x", To: "a", Rate: 0.1}, {From: "a", To: "a", Rate: nan},
			},
			Signals: []veiviser.Signal{{Likelihood: map[string]float64{"a": 0, "x": 1}}, {Likelihood: map[string]float64{"a": inf}}},
		},
		veiviser.Journey{
			ID: "leaky", Stages: []veiviser.Stage{{ID: "a", Prior: 1}, {ID: "b"}},
			Transitions: []veiviser.Transition{{From: "a", To: "b", Rate: 0.7}, {From: "a", To: "b", Rate: 0.7}},
		},
	)
	plan.Policy.VisitGap = -1
	_, err := stage.Compile(plan)
	var e *veiviser.Error
	if !errors.As(err, &e) || e.Kind != veiviser.KindInvalid || e.Reason != veiviser.ReasonInvalidPlan {
		t.Fatalf("Compile = %v", err)
	}
	var fields []string
	for _, v := range e.Violations {
		fields = append(fields, v.Field)
	}
	want := []string{
		"policy.visit_gap",
		"journeys[0].stages",
		"journeys[1].id",
		"journeys[2].half_life", "journeys[2].unsure_below", "journeys[2].stages[0].prior", "journeys[2].stages[1].id",
		"journeys[2].stages[1].rest", "journeys[2].stages[2].id", "journeys[2].stages[2].prior", "journeys[2].stages",
		"journeys[2].transitions[0].to", "journeys[2].transitions[1].from", "journeys[2].transitions[2].rate",
		`journeys[2].signals[0].likelihood["a"]`, `journeys[2].signals[0].likelihood["x"]`, `journeys[2].signals[1].likelihood["a"]`,
		"journeys[3].transitions",
	}
	if diff := cmp.Diff(want, fields); diff != "" {
		t.Error(diff)
	}
}

func TestCompileTakesNoJourneys(t *testing.T) {
	for _, plan := range []*veiviser.Plan{nil, {}} {
		s, err := stage.Compile(plan)
		if err != nil {
			t.Fatal(err)
		}
		v := fold(s, at(0, "view", "bike"))
		if v.Events != 1 || len(v.Needs) != 0 || len(s.Views(v, "bike", day0)) != 0 {
			t.Errorf("without journeys: %+v", v)
		}
	}
}

// Weights near the ends of what a float can hold still make a distribution.
func TestCompileExtremeWeights(t *testing.T) {
	s := compile(t, planOf(veiviser.Journey{ID: "j", Stages: []veiviser.Stage{
		{ID: "a", Prior: math.MaxFloat64}, {ID: "b", Prior: math.MaxFloat64}, {ID: "c", Prior: math.SmallestNonzeroFloat64},
	}}))
	check(t, "prior", s.Views(nil, "", day0)[0].P, 0.5, 0.5, 0)
}
