package planpb_test

import (
	"errors"
	"math"
	"testing"
	"time"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/veiviser/veiviser/internal/planpb"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// learned is a plan with everything that learning, comparison and the gate can be told, as a marketer writes it.
const learned = `placements:
  - {id: push, exploration: 0}
policy:
  weights:
    - {name: service_in_the_app, kind: service, channel: app, weight: 1.2}
    - {name: no_offers, kind: offer, topic: bike/kids, segment: press, placement: push}
  learning:
    outcomes:
      - {type: click, weight: 0.2, window: 30m}
      - {type: dismiss, weight: -0.2, window: 1h30m}
      - {type: purchase, weight: 1, window: 3d}
    progress_weight: 0
    progress_window: 45m
    half_life: 30d
    crosses:
      - attributes: [kind, stage]
      - attributes: [topic, segment, device]
        standard_deviation: 0.05
    exploration: 0.25
  control: {share: 0, window: 7d, outcome: purchase}
  gate: {min_rows: 2000, max_loss: 0.005}
`

// learnedPlan is what learned says.
func learnedPlan() *veiviser.Plan {
	return &veiviser.Plan{
		Placements: []veiviser.Placement{{ID: "push", Exploration: new(0.0)}},
		Policy: veiviser.Policy{
			Weights: []veiviser.ContextWeight{
				{Name: "service_in_the_app", Kind: veiviser.KindService, Channel: "app", Weight: 1.2},
				{Name: "no_offers", Kind: veiviser.KindOffer, Topic: "bike/kids", Segment: "press", Placement: "push"},
			},
			Learning: veiviser.Learning{
				Outcomes: []veiviser.OutcomeRule{
					{Type: "click", Weight: 0.2, Window: 30 * time.Minute},
					{Type: "dismiss", Weight: -0.2, Window: 90 * time.Minute},
					{Type: "purchase", Weight: 1, Window: 72 * time.Hour},
				},
				ProgressWeight: new(0.0), ProgressWindow: 45 * time.Minute, HalfLife: 30 * 24 * time.Hour, Exploration: new(0.25),
				Crosses: []veiviser.Cross{{Attributes: []string{"kind", "stage"}}, {Attributes: []string{"topic", "segment", "device"}, SD: 0.05}},
			},
			Control: veiviser.Control{Share: new(0.0), Window: 7 * 24 * time.Hour, Outcome: "purchase"},
			Gate:    veiviser.Gate{MinRows: 2000, MaxLoss: 0.005},
		},
	}
}

// What is said about learning is read as it is meant, over the contract as well, and written as it was.
func TestLearningIsReadAndWritten(t *testing.T) {
	read, sources, err := planpb.ReadFS(folder("p.yaml", learned))
	if err != nil {
		t.Fatal(err)
	}
	wire, err := proto.Marshal(read)
	if err != nil {
		t.Fatal(err)
	}
	var received veiviserv1.Plan
	if err := proto.Unmarshal(wire, &received); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(learnedPlan(), planpb.FromProto(&received)); diff != "" {
		t.Error(diff)
	}
	data, err := planpb.Marshal(planpb.ToProto(learnedPlan()))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(learned, string(data)); diff != "" {
		t.Error(diff)
	}
	for field, want := range map[string]string{
		"policy.weights[1].placement":            "p.yaml:6",
		"policy.learning.outcomes[1].window":     "p.yaml:10",
		"policy.learning.crosses[1].attributes":  "p.yaml:17",
		"policy.learning.crosses[0].attributes":  "p.yaml:16",
		"policy.control.share":                   "p.yaml:20",
		"policy.gate.max_loss":                   "p.yaml:21",
		"placements[0].exploration":              "p.yaml:2",
		"policy.learning.crosses[1].no_such_key": "p.yaml:17",
	} {
		if got := sources.Position(field); got != want {
			t.Errorf("%q stands at %q, want %q", field, got, want)
		}
	}
}

// What is 0 and what is not said differ where 0 has a meaning of its own.
func TestLearningTellsZeroFromUnset(t *testing.T) {
	unset := planpb.FromProto(&veiviserv1.Plan{
		Placements: []*veiviserv1.Placement{{}},
		Policy:     &veiviserv1.Policy{Learning: &veiviserv1.Learning{}, Control: &veiviserv1.Control{}, Gate: &veiviserv1.Gate{}},
	})
	if diff := cmp.Diff(&veiviser.Plan{Placements: []veiviser.Placement{{}}}, unset); diff != "" {
		t.Error(diff)
	}
	if p := planpb.ToProto(unset); p.GetPolicy() != nil {
		t.Errorf("a policy that says nothing is there: %v", p.GetPolicy())
	}
	zero := &veiviserv1.Plan{
		Placements: []*veiviserv1.Placement{{Exploration: new(0.0)}},
		Policy: &veiviserv1.Policy{
			Learning: &veiviserv1.Learning{ProgressWeight: new(0.0), Exploration: new(0.0)}, Control: &veiviserv1.Control{Share: new(0.0)},
		},
	}
	if diff := cmp.Diff(zero, planpb.ToProto(planpb.FromProto(zero)), protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
	holes := planpb.FromProto(&veiviserv1.Plan{Policy: &veiviserv1.Policy{
		Weights:  []*veiviserv1.ContextWeight{nil},
		Learning: &veiviserv1.Learning{Outcomes: []*veiviserv1.OutcomeRule{nil}, Crosses: []*veiviserv1.Cross{nil}},
	}}).Policy
	if len(holes.Weights) != 1 || len(holes.Learning.Outcomes) != 1 || len(holes.Learning.Crosses) != 1 {
		t.Error(holes)
	}
	huge := planpb.ToProto(&veiviser.Plan{Policy: veiviser.Policy{Gate: veiviser.Gate{MinRows: math.MaxInt}}})
	if got := huge.GetPolicy().GetGate().GetMinRows(); got != math.MaxInt32 {
		t.Errorf("a gate of %d rows", got)
	}
}

func TestLearningSharesNothingWithTheContract(t *testing.T) {
	p := &veiviserv1.Plan{}
	fill(p.ProtoReflect())
	v := planpb.FromProto(p)
	again := planpb.ToProto(v)
	l, c := &v.Policy.Learning, &v.Policy.Control
	*v.Placements[0].Exploration, *l.ProgressWeight, *l.Exploration, *c.Share = 99, 99, 99, 99
	l.Outcomes[0].Type, l.Crosses[0].Attributes[0], v.Policy.Weights[0].Name = "other", "other", "other"
	want := &veiviserv1.Plan{}
	fill(want.ProtoReflect())
	for _, got := range []*veiviserv1.Plan{p, again} {
		if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
			t.Error(diff)
		}
	}
}

func TestReadSaysWhatIsWrongWithLearning(t *testing.T) {
	_, _, err := planpb.ReadFS(folder("p.yaml", `placements:
- {id: push, exploraton: 0.5}
policy:
  weight: []
  weights:
  - {name: more, factor: 2, kind: ofer}
  learning:
    outcome: []
    outcomes:
    - {type: click, wieght: 1, window: 3 days}
    crosses:
    - [kind, stage]
    - {attribute: [kind]}
    half_live: 30d
    progress_window: 30
    exploration: .inf
  controll: {}
  control: {share: a lot, windw: 7d}
  gate: {min_rows: 1.5, max_los: 1}
`))
	e, ok := errors.AsType[*veiviser.Error](err)
	if !ok {
		t.Fatal(err)
	}
	var got []string
	for _, v := range e.Violations {
		got = append(got, v.String())
	}
	want := []string{
		`p.yaml:2: placements[0]: unknown key "exploraton" in placements[0], did you mean "exploration"?`,
		`p.yaml:4: policy: unknown key "weight" in policy, did you mean "weights"?`,
		`p.yaml:6: policy.weights[0]: unknown key "factor" in policy.weights[0]`,
		`p.yaml:6: policy.weights[0].kind: unknown value "ofer", there are content, offer, service, ask, did you mean "offer"?`,
		`p.yaml:8: policy.learning: unknown key "outcome" in policy.learning, did you mean "outcomes"?`,
		`p.yaml:10: policy.learning.outcomes[0]: unknown key "wieght" in policy.learning.outcomes[0], did you mean "weight"?`,
		`p.yaml:10: policy.learning.outcomes[0].window: "3 days" is no duration; write it as 30m, 1h30m, 14d or 2w`,
		`p.yaml:12: policy.learning.crosses[0]: this must be a mapping with keys such as attributes, standard_deviation, not a list`,
		`p.yaml:13: policy.learning.crosses[1]: unknown key "attribute" in policy.learning.crosses[1], did you mean "attributes"?`,
		`p.yaml:14: policy.learning: unknown key "half_live" in policy.learning, did you mean "half_life"?`,
		`p.yaml:15: policy.learning.progress_window: "30" is no duration; write it as 30m, 1h30m, 14d or 2w`,
		`p.yaml:16: policy.learning.exploration: .inf is not a number that can be reckoned with`,
		`p.yaml:17: policy: unknown key "controll" in policy, did you mean "control"?`,
		`p.yaml:18: policy.control.share: this must be a number, not a text`,
		`p.yaml:18: policy.control: unknown key "windw" in policy.control, did you mean "window"?`,
		`p.yaml:19: policy.gate.min_rows: 1.5 is no whole number in decimal digits`,
		`p.yaml:19: policy.gate: unknown key "max_los" in policy.gate, did you mean "max_loss"?`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
