package stage_test

import (
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/stage"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// day0 is when the tests take place.
var day0 = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// bikes is a journey of eight stages whose signals ask about everything a match can ask.
func bikes() veiviser.Journey {
	return veiviser.Journey{
		ID: "considered", Version: 1, Subjects: []string{"bike"},
		Stages: []veiviser.Stage{
			{ID: "dream", Standard: veiviser.StageNeed, Prior: 3, Rest: 3, Name: veiviser.Text{"en": "Dreaming"}},
			{ID: "search", Standard: veiviser.StageSearch, Prior: 4, Rest: 2},
			{ID: "compare", Standard: veiviser.StageEvaluate, Prior: 2, Rest: 1},
			{ID: "try", Standard: veiviser.StageEvaluate, Prior: 1, Rest: 1},
			{ID: "buy", Standard: veiviser.StagePurchase, Prior: 1, Rest: 0.5},
			{ID: "wait", Standard: veiviser.StagePurchase, Rest: 0.5},
			{ID: "ride", Standard: veiviser.StageUse, Prior: 1, Rest: 3},
			{ID: "praise", Standard: veiviser.StageAdvocate, Rest: 0.5},
		},
		Transitions: []veiviser.Transition{
			{From: "dream", To: "search", Rate: 0.2},
			{From: "search", To: "compare", Rate: 0.2},
			{From: "search", To: "dream", Rate: 0.05},
			{From: "compare", To: "try", Rate: 0.1},
			{From: "compare", To: "buy", Rate: 0.1},
			{From: "compare", To: "search", Rate: 0.1},
			{From: "try", To: "buy", Rate: 0.2},
			{From: "try", To: "search", Rate: 0.05},
			{From: "buy", To: "wait", Rate: 0.3},
			{From: "buy", To: "search", Rate: 0.05},
			{From: "wait", To: "ride", Rate: 0.3},
			{From: "ride", To: "praise", Rate: 0.05},
			{From: "ride", To: "dream", Rate: 0.02},
			{From: "praise", To: "ride", Rate: 0.1},
		},
		Signals: []veiviser.Signal{
			{ID: "searched", Match: veiviser.Match{Types: []string{"search"}}, Likelihood: map[string]float64{"search": 5, "dream": 2, "buy": 0.2, "wait": 0.1}, Text: veiviser.Text{"en": "You searched"}},
			{ID: "compared", Match: veiviser.Match{Types: []string{"compare"}}, Likelihood: map[string]float64{"compare": 6, "try": 3, "dream": 0.2}},
			{ID: "carted", Match: veiviser.Match{Types: []string{"cart_add", "checkout"}}, Likelihood: map[string]float64{"buy": 12, "compare": 2, "dream": 0.1}},
			{ID: "bought", Match: veiviser.Match{Types: []string{"purchase"}}, Likelihood: map[string]float64{"wait": 50, "buy": 20, "dream": 0.02, "search": 0.05}},
			{ID: "delivered", Match: veiviser.Match{Types: []string{"delivery_confirmed"}}, Likelihood: map[string]float64{"ride": 30, "dream": 0.05}},
			{ID: "again", Match: veiviser.Match{Types: []string{"view"}, SameItem: true}, Likelihood: map[string]float64{"compare": 2, "buy": 2, "dream": 0.5}},
			{ID: "many", Match: veiviser.Match{Types: []string{"view"}, MinRepeat: 4}, Likelihood: map[string]float64{"search": 1.5, "compare": 2}},
			{ID: "deep", Match: veiviser.Match{MinDepth: 6}, Likelihood: map[string]float64{"compare": 1.5, "buy": 1.5}},
			{ID: "early", Match: veiviser.Match{MaxDepth: 1, SameSubject: true}, Likelihood: map[string]float64{"search": 1.3}},
			{ID: "quick", Match: veiviser.Match{MaxPause: 20 * time.Second}, Likelihood: map[string]float64{"search": 1.4}},
			{ID: "slow", Match: veiviser.Match{MinPause: 10 * time.Minute}, Likelihood: map[string]float64{"compare": 1.4}},
			{ID: "returned", Match: veiviser.Match{ReturningVisit: true}, Likelihood: map[string]float64{"compare": 1.5, "buy": 1.8, "dream": 0.6}},
			{ID: "helpdesk", Match: veiviser.Match{Pages: []string{"/support/*"}}, Likelihood: map[string]float64{"ride": 9, "wait": 4}},
			{ID: "asked price", Match: veiviser.Match{QueryWords: []string{"price", "pris"}}, Likelihood: map[string]float64{"buy": 3, "compare": 2}},
			{ID: "googled", Match: veiviser.Match{Referrers: []string{"search"}}, Likelihood: map[string]float64{"search": 2}},
			{ID: "viewed from mail", Match: veiviser.Match{Types: []string{"view"}, Referrers: []string{"mail"}}, Likelihood: map[string]float64{"ride": 2}},
			{ID: "in app", Match: veiviser.Match{Channels: []string{"app"}}, Likelihood: map[string]float64{"ride": 1.5}},
		},
	}
}

// impulse is a short journey on which the same events mean other things; it covers every subject.
func impulse() veiviser.Journey {
	return veiviser.Journey{
		ID: "impulse", Version: 3, HalfLife: 24 * time.Hour, Audience: "press",
		Stages: []veiviser.Stage{
			{ID: "look", Standard: veiviser.StageSearch, Prior: 9},
			{ID: "take", Standard: veiviser.StagePurchase, Prior: 1},
		},
		Transitions: []veiviser.Transition{{From: "look", To: "take", Rate: 0.1}, {From: "take", To: "look", Rate: 0.1}},
		Signals: []veiviser.Signal{
			{ID: "compared", Match: veiviser.Match{Types: []string{"compare"}}, Likelihood: map[string]float64{"take": 30}},
		},
	}
}

func planOf(journeys ...veiviser.Journey) *veiviser.Plan { return &veiviser.Plan{Journeys: journeys} }

func compile(tb testing.TB, plan *veiviser.Plan) *stage.Set {
	tb.Helper()
	s, err := stage.Compile(plan)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// at makes an event some minutes into the tests.
func at(minutes float64, typ, subject string) veiviser.Event {
	return veiviser.Event{Type: typ, Subject: subject, Time: day0.Add(time.Duration(minutes * float64(time.Minute)))}
}

func fold(s *stage.Set, events ...veiviser.Event) *veiviser.Visitor {
	v := &veiviser.Visitor{}
	for i := range events {
		s.Fold(v, &events[i])
	}
	return v
}

// need finds a need, nil when there is none.
func need(v *veiviser.Visitor, journey, subject string) *veiviser.Need {
	for i := range v.Needs {
		if v.Needs[i].Journey == journey && v.Needs[i].Subject == subject {
			return &v.Needs[i]
		}
	}
	return nil
}

// p is the probability of a stage.
func p(n *veiviser.Need, stage string) float64 {
	for i := range n.Stages {
		if n.Stages[i] == stage {
			return n.P[i]
		}
	}
	return 0
}
