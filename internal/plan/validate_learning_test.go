package plan

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// wrongLearning is every way to get wrong how a plan learns and compares: what is changed in bikes, and what must be said
// about which field.
var wrongLearning = []struct {
	change func(p *veiviser.Policy)
	field  string
	says   string
}{
	{func(p *veiviser.Policy) { p.Learning.Outcomes[0].Type = "clik" }, "policy.learning.outcomes[0].type", `did you mean "click"?`},
	{func(p *veiviser.Policy) { p.Learning.Outcomes[2].Type = "test_rides" }, "policy.learning.outcomes[2].type", `did you mean "test_ride"?`},
	{func(p *veiviser.Policy) { p.Learning.Outcomes[0].Type = "" }, "policy.learning.outcomes[0].type", "say which event type"},
	{func(p *veiviser.Policy) { p.Learning.Outcomes[1].Type = "click" }, "policy.learning.outcomes[1].type", "number 1"},
	{func(p *veiviser.Policy) { p.Learning.Outcomes[0].Weight = 10.5 }, "policy.learning.outcomes[0].weight", "[-10, 10]"},
	{func(p *veiviser.Policy) { p.Learning.Outcomes[0].Weight = math.NaN() }, "policy.learning.outcomes[0].weight", "[-10, 10]"},
	{func(p *veiviser.Policy) { p.Learning.Outcomes[0].Weight = math.Inf(-1) }, "policy.learning.outcomes[0].weight", "[-10, 10]"},
	{func(p *veiviser.Policy) { p.Learning.Outcomes[0].Window = 0 }, "policy.learning.outcomes[0].window", "longer than 0"},
	{func(p *veiviser.Policy) { p.Learning.Outcomes[0].Window = -1 }, "policy.learning.outcomes[0].window", "longer than 0"},
	{func(p *veiviser.Policy) { p.Learning.Outcomes[0].Window = 169 * time.Hour }, "policy.learning.outcomes[0].window", "remembered for 168h0m0s"},
	{func(p *veiviser.Policy) { p.DecisionTTL = 71 * time.Hour }, "policy.learning.outcomes[2].window", "remembered for 71h0m0s"},
	{func(p *veiviser.Policy) { p.Learning.Outcomes = make([]veiviser.OutcomeRule, 33) }, "policy.learning.outcomes", "at most 32"},
	{func(p *veiviser.Policy) { p.Learning.ProgressWeight = new(-0.1) }, "policy.learning.progress_weight", "[0, 100]"},
	{func(p *veiviser.Policy) { p.Learning.ProgressWeight = new(math.Inf(1)) }, "policy.learning.progress_weight", "[0, 100]"},
	{func(p *veiviser.Policy) { p.Learning.ProgressWindow = -1 }, "policy.learning.progress_window", "longer than 0"},
	{func(p *veiviser.Policy) { p.Learning.ProgressWindow = 169 * time.Hour }, "policy.learning.progress_window", "policy.decision_ttl"},
	{func(p *veiviser.Policy) { p.Learning.HalfLife = 59 * time.Second }, "policy.learning.half_life", "at least 1m0s"},
	{func(p *veiviser.Policy) { p.Learning.HalfLife = -time.Hour }, "policy.learning.half_life", "at least 1m0s"},
	{func(p *veiviser.Policy) { p.Learning.Exploration = new(1.01) }, "policy.learning.exploration", "[0, 1]"},
	{func(p *veiviser.Policy) { p.Learning.Exploration = new(math.NaN()) }, "policy.learning.exploration", "[0, 1]"},

	{func(p *veiviser.Policy) { p.Learning.Crosses[0].Attributes = nil }, "policy.learning.crosses[0].attributes", "1–3 attributes"},
	{func(p *veiviser.Policy) {
		p.Learning.Crosses[0].Attributes = []string{"item", "kind", "topic", "format"}
	}, "policy.learning.crosses[0].attributes", "this one has 4"},
	{func(p *veiviser.Policy) { p.Learning.Crosses[0].Attributes[1] = "stages" }, "policy.learning.crosses[0].attributes[1]", `did you mean "stage"?`},
	{func(p *veiviser.Policy) { p.Learning.Crosses[0].Attributes[1] = "weather" }, "policy.learning.crosses[0].attributes[1]", "there is item, kind"},
	{func(p *veiviser.Policy) { p.Learning.Crosses[0].Attributes[1] = "kind" }, "policy.learning.crosses[0].attributes[1]", "twice"},
	{func(p *veiviser.Policy) { p.Learning.Crosses[0].Attributes[0] = "device" }, "policy.learning.crosses[0].attributes", "item, kind, topic, format"},
	{func(p *veiviser.Policy) { p.Learning.Crosses[1].Attributes = []string{"stage", "kind"} }, "policy.learning.crosses[1].attributes", "number 1"},
	{func(p *veiviser.Policy) { p.Learning.Crosses[0].SD = 1.1 }, "policy.learning.crosses[0].standard_deviation", "(0, 1]"},
	{func(p *veiviser.Policy) { p.Learning.Crosses[0].SD = -0.1 }, "policy.learning.crosses[0].standard_deviation", "(0, 1]"},
	{func(p *veiviser.Policy) { p.Learning.Crosses[0].SD = math.NaN() }, "policy.learning.crosses[0].standard_deviation", "(0, 1]"},
	{func(p *veiviser.Policy) { p.Learning.Crosses = make([]veiviser.Cross, 17) }, "policy.learning.crosses", "at most 16"},

	{func(p *veiviser.Policy) { p.Control.Share = new(0.51) }, "policy.control.share", "[0, 0.5]"},
	{func(p *veiviser.Policy) { p.Control.Share = new(math.NaN()) }, "policy.control.share", "[0, 0.5]"},
	{func(p *veiviser.Policy) { p.Control.Window = -time.Hour }, "policy.control.window", "longer than 0"},
	{func(p *veiviser.Policy) { p.Control.Window = 169 * time.Hour }, "policy.control.window", "remembered for 168h0m0s"},
	{func(p *veiviser.Policy) { p.Control.Outcome = "purchas" }, "policy.control.outcome", `did you mean "purchase"?`},
	{func(p *veiviser.Policy) { p.Gate.MinRows = -1 }, "policy.gate.min_rows", "leaves the gate open"},
	{func(p *veiviser.Policy) { p.Gate.MaxLoss = -0.1 }, "policy.gate.max_loss", "from 0"},
	{func(p *veiviser.Policy) { p.Gate.MaxLoss = math.Inf(1) }, "policy.gate.max_loss", "from 0"},

	{func(p *veiviser.Policy) { p.Weights[0].Name = "" }, "policy.weights[0].name", "missing"},
	{func(p *veiviser.Policy) { p.Weights[0].Name = "More help" }, "policy.weights[0].name", "lower-case"},
	{func(p *veiviser.Policy) { p.Weights[0].Name = strings.Repeat("x", 65) }, "policy.weights[0].name", "at most 64"},
	{func(p *veiviser.Policy) { p.Weights[1].Name = "more-help" }, "policy.weights[1].name", "taken by another weight, number 1"},
	{func(p *veiviser.Policy) { p.Weights[0] = veiviser.ContextWeight{Name: "all", Weight: 2} }, "policy.weights[0]", "at least one of kind"},
	{func(p *veiviser.Policy) { p.Weights[0].Kind = "servic" }, "policy.weights[0].kind", `did you mean "service"?`},
	{func(p *veiviser.Policy) { p.Weights[1].Segment = "royal" }, "policy.weights[1].segment", `did you mean "loyal"?`},
	{func(p *veiviser.Policy) { p.Weights[1].Placement = "heros" }, "policy.weights[1].placement", `did you mean "hero"?`},
	{func(p *veiviser.Policy) { p.Weights[1].Topic = strings.Repeat("x", 129) }, "policy.weights[1].topic", "at most 128"},
	{func(p *veiviser.Policy) { p.Weights[0].Channel = strings.Repeat("x", 65) }, "policy.weights[0].channel", "at most 64"},
	{func(p *veiviser.Policy) { p.Weights[0].Weight = 10.1 }, "policy.weights[0].weight", "at most 10"},
	{func(p *veiviser.Policy) { p.Weights[0].Weight = -1 }, "policy.weights[0].weight", "at most 10"},
	{func(p *veiviser.Policy) { p.Weights[0].Weight = math.NaN() }, "policy.weights[0].weight", "at most 10"},
	{func(p *veiviser.Policy) { p.Weights = make([]veiviser.ContextWeight, 65) }, "policy.weights", "at most 64"},
}

func TestWrongLearning(t *testing.T) {
	for i, c := range wrongLearning {
		p := bikes()
		c.change(&p.Policy)
		violations := Validate(p)
		if !slices.ContainsFunc(violations, func(v veiviser.Violation) bool { return v.Field == c.field && strings.Contains(v.Message, c.says) }) {
			t.Errorf("case %d: nothing says %q about %s; said was %v", i, c.says, c.field, violations)
		}
	}
	for _, share := range []float64{-0.1, 1.1, math.NaN(), math.Inf(1)} {
		p := bikes()
		p.Placements[0].Exploration = &share
		if v := Validate(p); len(v) != 1 || v[0].Field != "placements[0].exploration" {
			t.Errorf("exploration %v: %v", share, v)
		}
	}
}

// The ends of every range are within it, and what is not said is right.
func TestRightLearning(t *testing.T) {
	for name, change := range map[string]func(p *veiviser.Plan){
		"nothing said": func(p *veiviser.Plan) {
			p.Policy.Learning, p.Policy.Control, p.Policy.Gate, p.Policy.Weights = veiviser.Learning{}, veiviser.Control{}, veiviser.Gate{}, nil
			p.Placements[0].Exploration = nil
		},
		"least": func(p *veiviser.Plan) {
			l := &p.Policy.Learning
			l.Outcomes[0].Weight, l.Outcomes[0].Window = -10, 1
			l.ProgressWeight, l.ProgressWindow, l.HalfLife, l.Exploration = new(0.0), 1, time.Minute, new(0.0)
			l.Crosses[0] = veiviser.Cross{Attributes: []string{"format"}, SD: math.SmallestNonzeroFloat64}
			p.Policy.Control, p.Policy.Gate = veiviser.Control{Share: new(0.0), Window: 1}, veiviser.Gate{}
			p.Policy.Weights[0].Weight, p.Placements[0].Exploration = math.SmallestNonzeroFloat64, new(0.0)
		},
		"most": func(p *veiviser.Plan) {
			p.Policy.DecisionTTL = 72 * time.Hour
			l := &p.Policy.Learning
			l.Outcomes[0].Weight, l.Outcomes[0].Window = 10, 72*time.Hour
			l.ProgressWeight, l.ProgressWindow, l.Exploration = new(100.0), 72*time.Hour, new(1.0)
			l.Crosses[0].SD = 1
			p.Policy.Control.Share, p.Policy.Control.Window = new(0.5), 72*time.Hour
			p.Policy.Weights[0].Weight, p.Placements[0].Exploration = 10, new(1.0)
		},
	} {
		p := bikes()
		change(p)
		for _, v := range Validate(p) {
			t.Errorf("%s: %s", name, v)
		}
	}
}

// Windows that the plan leaves out end when its decisions are forgotten.
func TestDefaultWindowsFit(t *testing.T) {
	p := bikes()
	p.Policy.Learning, p.Policy.Control, p.Policy.DecisionTTL = veiviser.Learning{}, veiviser.Control{}, 10*time.Minute
	for _, v := range Validate(p) {
		t.Error(v)
	}
	d := p.Policy.WithDefaults()
	terms := d.Terms()
	if w := terms.Windows(); len(w) != 1 || w[0] != 10*time.Minute {
		t.Errorf("windows %v", w)
	}
}

func TestDiffOfLearning(t *testing.T) {
	a, b := bikes(), bikes()
	b.Placements[0].Exploration = new(0.0)
	b.Placements[1].Exploration = new(1.0)
	w := b.Policy.Weights
	b.Policy.Weights = []veiviser.ContextWeight{w[0], {Name: "summer", Kind: veiviser.KindOffer, Weight: 1.5}}
	b.Policy.Weights[0].Weight = 2
	l := &b.Policy.Learning
	l.Outcomes[0].Window = 30 * time.Minute
	l.Outcomes = append(l.Outcomes[:2:2], veiviser.OutcomeRule{Type: "purchase", Weight: 1, Window: time.Hour})
	l.ProgressWeight, l.HalfLife = nil, 0
	l.Crosses[0].SD = 0
	l.Crosses[1].Attributes = []string{"topic", "language"}
	b.Policy.Control = veiviser.Control{Share: new(0.0)}
	b.Policy.Gate.MinRows = 0
	want := []veiviser.PlanChange{
		{Path: "placements/hero/exploration", Op: "changed", Before: "0.5", After: "0"},
		{Path: "placements/help/exploration", Op: "added", After: "1"},
		{Path: "policy/weights/more-help/weight", Op: "changed", Before: "1.2", After: "2"},
		{Path: "policy/weights/summer", Op: "added", After: "name: summer, kind: offer, weight: 1.5"},
		{Path: "policy/weights/loyal-mtb", Op: "removed", Before: "name: loyal-mtb, topic: bike/mtb, segment: loyal, placement: hero, weight: 0.5"},
		{Path: "policy/learning/outcomes/click/window", Op: "changed", Before: "1h0m0s", After: "30m0s"},
		{Path: "policy/learning/outcomes/purchase", Op: "added", After: "type: purchase, weight: 1, window: 1h0m0s"},
		{Path: "policy/learning/outcomes/test_ride", Op: "removed", Before: "type: test_ride, weight: 1, window: 72h0m0s"},
		{Path: "policy/learning/progress_weight", Op: "removed", Before: "2"},
		{Path: "policy/learning/half_life", Op: "removed", Before: "240h0m0s"},
		{Path: "policy/learning/crosses/kind+stage/standard_deviation", Op: "removed", Before: "0.05"},
		{Path: "policy/learning/crosses/topic+language", Op: "added", After: "attributes: topic, language"},
		{Path: "policy/learning/crosses/item+segment+device", Op: "removed", Before: "attributes: item, segment, device"},
		{Path: "policy/control/share", Op: "changed", Before: "0.1", After: "0"},
		{Path: "policy/control/window", Op: "removed", Before: "48h0m0s"},
		{Path: "policy/control/outcome", Op: "removed", Before: "test_ride"},
		{Path: "policy/gate/min_rows", Op: "removed", Before: "1000"},
	}
	if diff := cmp.Diff(want, Diff(a, b)); diff != "" {
		t.Error(diff)
	}
}
