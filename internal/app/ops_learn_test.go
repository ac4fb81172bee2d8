package app_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// quickPlan is the sample plan with windows of a second, half of the visitors to compare with, and nothing left to luck
// but what is tried out.
func quickPlan(t *testing.T) *veiviserv1.Plan {
	t.Helper()
	p := samplePlan(t)
	window := durationpb.New(time.Second)
	p.Policy.Learning = &veiviserv1.Learning{
		Outcomes: []*veiviserv1.OutcomeRule{
			{Type: "helpful", Weight: 1, Window: window}, {Type: "dismiss", Weight: -0.2, Window: window},
		},
		ProgressWindow: window,
	}
	p.Policy.Control = &veiviserv1.Control{Share: new(0.5), Window: window}
	return p
}

// served is what a visitor was shown.
type served struct {
	visitor, decision, item string
	control                 bool
}

// serve asks for one item for each of so many visitors.
func serve(t *testing.T, c caller, prefix string, n int) []served {
	t.Helper()
	var out []served
	for i := range n {
		visitor := fmt.Sprintf("%s-%d", prefix, i)
		a := ask[*veiviserv1.RecommendResponse](t, c, "DecisionService", "Recommend", &veiviserv1.RecommendRequest{
			VisitorId: visitor, Context: &veiviserv1.VisitContext{Subject: "bike/ebike"},
			Placements: []*veiviserv1.PlacementRequest{{Placement: "product_side", MaxItems: 1}},
		})
		d := a.GetDecisions()[0]
		s := served{visitor: visitor, decision: d.GetDecisionId(), control: d.GetExploration() == ""}
		if len(d.GetItems()) > 0 {
			s.item = d.GetItems()[0].GetItemId()
		}
		out = append(out, s)
	}
	return out
}

// answer records what somebody said of what she was shown.
func answer(t *testing.T, c caller, s served, id, eventType string) *veiviserv1.EventResult {
	t.Helper()
	r := ask[*veiviserv1.RecordEventsResponse](t, c, "VisitService", "RecordEvents", &veiviserv1.RecordEventsRequest{
		Events: []*veiviserv1.Event{{EventId: id, VisitorId: s.visitor, Type: eventType, ItemId: s.item, DecisionId: s.decision}},
	})
	return r.GetResults()[0]
}

func learning(t *testing.T, c caller) *veiviserv1.GetLearningResponse {
	t.Helper()
	return ask[*veiviserv1.GetLearningResponse](t, c, "InsightService", "GetLearning", &veiviserv1.GetLearningRequest{})
}

// outcomeOf is what became of a type of outcome.
func outcomeOf(l *veiviserv1.GetLearningResponse, eventType string) *veiviserv1.OutcomeCount {
	for _, o := range l.GetOutcomes() {
		if o.GetType() == eventType {
			return o
		}
	}
	return &veiviserv1.OutcomeCount{}
}

// From decision to outcome, model, explanation, progress, lift, evaluation and replay, on two replicas where there is a Redis.
func TestLearningEndToEnd(t *testing.T) {
	t.Parallel()
	for _, store := range stores {
		for _, way := range transports {
			t.Run(store.name+"/"+way.name, func(t *testing.T) {
				t.Parallel()
				cfg := settings(store.url(t))
				cfg.StoreTimeout = 5 * time.Second
				cfg.Plan = planFolder(t, quickPlan(t))
				first := startServer(t, cfg)
				second := first
				if cfg.RedisURL != "" {
					cfg.Plan = ""
					second = startServer(t, cfg)
				}
				learnsEverywhere(t, way.dial(t, first), way.dial(t, second))
			})
		}
	}
}

func learnsEverywhere(t *testing.T, a, b caller) {
	t.Helper()
	list := serve(t, a, "w", 60)
	shown := slices.DeleteFunc(slices.Clone(list), func(s served) bool { return s.control || s.item == "" })
	controls := len(slices.DeleteFunc(slices.Clone(list), func(s served) bool { return !s.control }))
	if controls < 10 || len(shown) < 10 {
		t.Fatalf("%d of 60 are in the control group, %d were served", controls, len(shown))
	}
	again := serve(t, b, "w", 60)
	for i := range list {
		if list[i].control != again[i].control {
			t.Errorf("%s changed her group", list[i].visitor)
		}
	}
	for i, s := range again {
		if s.item != "" && !s.control {
			answer(t, a, s, fmt.Sprint("h", i), "helpful")
			if r := answer(t, b, s, fmt.Sprint("h", i), "helpful"); r.GetStatus() != veiviserv1.EventStatus_EVENT_STATUS_DUPLICATE {
				t.Errorf("the same answer twice: %v", r)
			}
		}
	}
	said := int64(len(slices.DeleteFunc(slices.Clone(again), func(s served) bool { return s.control || s.item == "" })))
	within(t, "both replicas know the outcomes", func() bool {
		x, y := learning(t, a), learning(t, b)
		return outcomeOf(x, "helpful").GetJoined() == said && x.GetModelVersion() == y.GetModelVersion()
	})
	foreign, forged := shown[0], shown[1]
	foreign.visitor = "somebody-else"
	forged.decision = forged.decision[:len(forged.decision)-4] + "AAAA.0"
	for what, s := range map[string]served{"foreign": foreign, "forged": forged} {
		if r := answer(t, a, s, what, "helpful"); r.GetStatus() != veiviserv1.EventStatus_EVENT_STATUS_REJECTED {
			t.Errorf("a %s decision id was taken: %v", what, r)
		}
	}
	e := ask[*veiviserv1.RecommendResponse](t, b, "DecisionService", "Recommend", &veiviserv1.RecommendRequest{
		VisitorId: shown[0].visitor, Context: &veiviserv1.VisitContext{Subject: "bike/ebike"}, Explain: true,
		Placements: []*veiviserv1.PlacementRequest{{Placement: "product_side", MaxItems: 1}},
	}).GetDecisions()[0].GetExplanation()
	if e.GetModelVersion() == 0 || e.GetGroup() != "treated" || !strings.Contains(fmt.Sprint(e), "learned") {
		t.Errorf("the explanation does not show what was learned: %v", e)
	}
	time.Sleep(8 * time.Second) // the windows and their grace
	within(t, "silence counts when the window is over", func() bool {
		return outcomeOf(learning(t, a), "helpful").GetSilent() > 0
	})
	looksBack(t, a, b)
}

// looksBack asks for what is told about the past.
func looksBack(t *testing.T, a, b caller) {
	t.Helper()
	lift := ask[*veiviserv1.GetLiftResponse](t, b, "InsightService", "GetLift", &veiviserv1.GetLiftRequest{})
	if n := lift.GetTreated().GetVisitors() + lift.GetControl().GetVisitors(); n != 60 || lift.Low != nil {
		t.Errorf("lift of %d visitors: %v", n, lift)
	}
	progress := ask[*veiviserv1.GetProgressResponse](t, a, "InsightService", "GetProgress", &veiviserv1.GetProgressRequest{})
	if len(progress.GetItems()) == 0 {
		t.Error("no item moved anybody")
	}
	out := ask[*veiviserv1.EvaluatePlanResponse](t, b, "InsightService", "EvaluatePlan", &veiviserv1.EvaluatePlanRequest{Plan: quickPlan(t)})
	if out.GetRows() == 0 || out.GetRefusal() == "" { // a hundred rows are too few
		t.Errorf("evaluation: %v", out)
	}
	gated := quickPlan(t)
	gated.Policy.Gate = &veiviserv1.Gate{MinRows: 1000}
	ask[*veiviserv1.PublishPlanResponse](t, a, "PlanService", "PublishPlan", &veiviserv1.PublishPlanRequest{Plan: gated})
	within(t, "the gate is closed", func() bool {
		_, err := a.call(t.Context(), method(t, "PlanService", "PublishPlan"), &veiviserv1.PublishPlanRequest{Plan: quickPlan(t)})
		return status.Code(err) == codes.FailedPrecondition
	})
	ask[*veiviserv1.PublishPlanResponse](t, a, "PlanService", "PublishPlan", &veiviserv1.PublishPlanRequest{Plan: quickPlan(t), SkipGate: true})
	var last *veiviserv1.ReplayDecisionsResponse
	for m, err := range a.follow(t.Context(), method(t, "DecisionService", "ReplayDecisions"), &veiviserv1.ReplayDecisionsRequest{}) {
		if err != nil {
			t.Fatal(err)
		}
		if r, ok := m.(*veiviserv1.ReplayDecisionsResponse); ok {
			last = r
		}
	}
	if last.GetIdentical() < 121 || last.GetDifferent() != 0 || !last.GetDone() {
		t.Errorf("replay: %v", last)
	}
}
