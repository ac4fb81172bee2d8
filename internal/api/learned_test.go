package api

import (
	"context"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/rank/confseq"
	"github.com/veiviser/veiviser/internal/rank/ope"
	"github.com/veiviser/veiviser/internal/review"
	"github.com/veiviser/veiviser/internal/veiviser"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// arm is a group of n visitors of whom k have an outcome, worth 100 each.
func arm(k, n int64) learn.LiftArm {
	a := learn.LiftArm{Outcomes: confseq.Rate(k, n), Converted: confseq.Rate(k, n)}
	for i := range n {
		worth := 0.0
		if i < k {
			worth = 100
		}
		a.Value.Add(worth)
	}
	return a
}

func TestGetLift(t *testing.T) {
	s := serve(t, Options{})
	s.fake.version = func(context.Context, uint64) (veiviser.PlanVersion, error) {
		return veiviser.PlanVersion{Plan: veiviser.Plan{Policy: veiviser.Policy{Control: veiviser.Control{Window: 36 * time.Hour, Outcome: "helpful"}}}}, nil
	}
	s.fake.shown = func() *learn.Shown {
		return &learn.Shown{Lifts: map[string]learn.Lift{
			"":      {Treated: arm(2000, 19_000), Control: arm(40, 1000)},
			"home":  {Treated: arm(200, 1900), Control: arm(5, 100)},
			"even":  {Treated: arm(1900, 19_000), Control: arm(100, 1000)},
			"worse": {Treated: arm(760, 19_000), Control: arm(100, 1000)},
		}}
	}
	lift := func(placement string) *veiviserv1.GetLiftResponse {
		t.Helper()
		out, err := s.insights().GetLift(t.Context(), &veiviserv1.GetLiftRequest{Placement: placement})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	out := lift("")
	if out.Low == nil || out.High == nil || !(out.GetLow() > 0 && out.GetLow() < out.GetLift() && out.GetLift() < out.GetHigh()) ||
		math.Abs(out.GetLift()-(2.0/19-0.04)) > 1e-12 || out.GetOutcome() != "helpful" {
		t.Errorf("%v", out)
	}
	group := &veiviserv1.LiftGroup{Visitors: 1000, Mean: 0.04, Value: 4, Converted: 0.04}
	if diff := cmp.Diff(group, out.GetControl(), protocmp.Transform(), cmpopts.EquateApprox(1e-9, 0)); diff != "" {
		t.Error(diff)
	}
	if v, c := out.GetValue(), out.GetConverted(); v.Low == nil || math.Abs(v.GetLow()-100*c.GetLow()) > 1e-6 || c.GetHigh() <= c.GetLift() {
		t.Errorf("value %v, converted %v", v, c)
	}
	for placement, want := range map[string]string{
		"":        "In the 36 hours after the first decision for them, 19000 served visitors had 0.1053 helpful events each, and 1000 of the control group 0.04: a difference of +0.0653, with 95 % certainty between +0.",
		"home":    "Too early: 5 people in the control group have an outcome other than 0 so far, 20 are needed.",
		"even":    "That can still be chance.",
		"worse":   "What was served does harm.",
		"nowhere": "Too early: the treated group has 0 people so far, 50 are needed.",
	} {
		if got := lift(placement).GetSummary(); !strings.Contains(got, want) {
			t.Errorf("%s: %q", placement, got)
		}
	}
	if out := lift("home"); out.Low != nil || out.High != nil || out.GetValue().Low != nil || out.GetTreated().GetVisitors() != 1900 {
		t.Errorf("too few have an interval: %v", out)
	}
	_, err := s.insights().GetLift(t.Context(), &veiviserv1.GetLiftRequest{Placement: strings.Repeat("x", 65)})
	if got := read(t, err); got.Reason != "INVALID_FIELD" || got.Field != "placement" {
		t.Error(err)
	}
	none := 0.0
	if got := liftSummary(&learn.Lift{}, veiviser.Control{Share: &none}, confseq.Interval{}); got != "The plan has no control group, so nothing can be compared." {
		t.Error(got)
	}
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		24 * time.Hour: "day", 168 * time.Hour: "7 days", time.Hour: "hour", 25 * time.Hour: "25 hours", 90 * time.Minute: "90 minutes",
		90 * time.Second: "1m30s",
	} {
		if got := span(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}

func TestGetLearning(t *testing.T) {
	s := serve(t, Options{})
	s.fake.shown = func() *learn.Shown { return nil }
	_, err := s.insights().GetLearning(t.Context(), &veiviserv1.GetLearningRequest{})
	if got := read(t, err); got.Code != codes.Unavailable || got.Reason != "STORE_UNAVAILABLE" {
		t.Error(err)
	}
	s.fake.shown = func() *learn.Shown {
		return &learn.Shown{
			Noise: 0.25, Rows: 12, Weights: 34, MeanReward: 0.1, Updated: time.Unix(9, 0),
			Outcomes: map[string]learn.OutcomeCount{"known": {Silent: 3}, "click": {Joined: 4, Repeated: 3, Late: 2, Silent: 1}},
			Slots:    map[string][]learn.SlotExamination{"side": {{Examination: 1, Observations: 7}, {Examination: 0.5, Observations: 6}}, "home": {{Examination: 1}}},
			Explored: map[string]learn.ExplorationCount{"home": {Decisions: 15, States: map[veiviser.ExplorationState]int64{
				veiviser.ExplorationOn: 5, veiviser.ExplorationSpared: 4, veiviser.ExplorationOffRequest: 3, veiviser.ExplorationBuying: 2, veiviser.ExplorationComplaining: 1,
			}}},
		}
	}
	out, err := s.insights().GetLearning(t.Context(), &veiviserv1.GetLearningRequest{})
	if err != nil {
		t.Fatal(err)
	}
	want := &veiviserv1.GetLearningResponse{
		Observations: 12, Noise: 0.5, MeanReward: 0.1, Weights: 34, UpdateTime: &timestamppb.Timestamp{Seconds: 9},
		Outcomes: []*veiviserv1.OutcomeCount{{Type: "click", Joined: 4, Repeats: 3, Late: 2, Silent: 1}, {Type: "known", Silent: 3}},
		Slots: []*veiviserv1.SlotExamination{
			{Placement: "home", Slot: 1, Examination: 1}, {Placement: "side", Slot: 1, Examination: 1, Observations: 7}, {Placement: "side", Slot: 2, Examination: 0.5, Observations: 6},
		},
		Exploration: []*veiviserv1.ExplorationCount{{Placement: "home", Decisions: 15, On: 5, Spared: 4, OffRequest: 3, Buying: 2, Complaining: 1}},
	}
	if diff := cmp.Diff(want, out, protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
}

func TestGetProgress(t *testing.T) {
	s := serve(t, Options{})
	moves := learn.Moves{N: 4, Sum: 0.4, SumSq: 0.08, Counts: map[string]int64{"search>evaluate": 2, "search>search": 1, ">need": 1}}
	s.fake.shown = func() *learn.Shown {
		return &learn.Shown{Moves: map[string]map[string]learn.Moves{
			"b": {"": moves, "families": {N: 1, Sum: 0.2, Counts: map[string]int64{"search>": 1}}}, "a": {"": moves}, "c": {"": {N: 9}},
		}}
	}
	ask := func(item, segment string) (ids []string, out *veiviserv1.GetProgressResponse) {
		t.Helper()
		out, err := s.insights().GetProgress(t.Context(), &veiviserv1.GetProgressRequest{ItemId: item, SegmentId: segment})
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range out.GetItems() {
			ids = append(ids, it.GetItemId())
		}
		return ids, out
	}
	ids, out := ask("", "")
	if diff := cmp.Diff([]string{"c", "a", "b"}, ids); diff != "" {
		t.Error(diff)
	}
	a := out.GetItems()[1]
	if a.GetObservations() != 4 || math.Abs(a.GetProgress()-0.1) > 1e-12 || !(a.GetLow() < 0.1 && a.GetHigh() > 0.1) {
		t.Errorf("%v", a)
	}
	want := []*veiviserv1.StageMove{
		{From: "search", To: "evaluate", Count: 2, Share: 2.0 / 3, Low: 0.2077, High: 0.9385},
		{To: "need", Count: 1, Share: 1, Low: 0.2065, High: 1},
		{From: "search", To: "search", Count: 1, Share: 1.0 / 3, Low: 0.0615, High: 0.7923},
	}
	if diff := cmp.Diff(want, a.GetMoves(), protocmp.Transform(), cmpopts.EquateApprox(0, 1e-4)); diff != "" {
		t.Error(diff)
	}
	for _, c := range []struct{ item, segment, want string }{{"b", "", "b"}, {"", "families", "b"}, {"a", "families", ""}, {"x", "", ""}} {
		if ids, _ := ask(c.item, c.segment); strings.Join(ids, " ") != c.want {
			t.Errorf("%+v: %v", c, ids)
		}
	}
	_, err := s.insights().GetProgress(t.Context(), &veiviserv1.GetProgressRequest{ItemId: strings.Repeat("x", 129)})
	if got := read(t, err); got.Code != codes.InvalidArgument || got.Field != "item_id" {
		t.Error(err)
	}
}

// testReport is a report about a plan that is a little better.
func testReport() review.Report {
	r := review.Report{Difference: ope.Difference{Value: 0.1, Low: -0.02, High: 0.2, Detectable: 0.15}, Gate: veiviser.Gate{MinRows: 10, MaxLoss: 0.05}}
	r.Plan = ope.Report{
		Rows: 300, Units: 200, Estimates: []ope.Estimate{{Name: ope.IPS, Value: 0.4, Low: 0.3, High: 0.5}, {Name: ope.DR, Value: 0.41, Low: 0.35, High: 0.47}},
		Diagnostics: ope.Diagnostics{EffectiveRows: 120, MaxWeight: 7, MeanWeight: 1.01, Unsupported: 0.002},
	}
	r.Active = ope.Report{Rows: 300, Units: 200, Estimates: []ope.Estimate{{Name: ope.DR, Value: 0.31, Low: 0.3, High: 0.32}}}
	return r
}

func TestEvaluatePlan(t *testing.T) {
	s := serve(t, Options{Deadline: time.Second})
	s.fake.check = func(p *veiviser.Plan) ([]veiviser.Violation, []veiviser.PlanChange) {
		if p.Name == "bad" {
			return []veiviser.Violation{{Field: "journeys[0].stages", Message: "needs at least two"}, {Field: "items", Message: "x"}}, nil
		}
		return nil, nil
	}
	var asked review.Question
	var left time.Duration
	report := testReport()
	s.fake.evaluate = func(ctx context.Context, p *veiviser.Plan, q review.Question) (review.Report, error) {
		asked = q
		end, _ := ctx.Deadline()
		left = time.Until(end)
		if p.Name == "none" {
			return report, veiviser.Failed(veiviser.KindPrecondition, veiviser.ReasonNoPlan, nil, "no plan is published yet")
		}
		return report, nil
	}
	ask := func(in *veiviserv1.EvaluatePlanRequest) (*veiviserv1.EvaluatePlanResponse, error) {
		return s.insights().EvaluatePlan(t.Context(), in)
	}
	out, err := ask(&veiviserv1.EvaluatePlanRequest{Plan: &veiviserv1.Plan{Name: "shop"}, Placement: "home", Limit: 7})
	if err != nil || asked != (review.Question{Placement: "home", Limit: 7}) || left < time.Minute {
		t.Fatalf("%v, asked %+v with %v left", err, asked, left)
	}
	want := &veiviserv1.EvaluatePlanResponse{
		Values: []*veiviserv1.PolicyValue{{Estimator: "ips", Value: 0.4, Low: 0.3, High: 0.5}, {Estimator: "dr", Value: 0.41, Low: 0.35, High: 0.47}},
		Active: []*veiviserv1.PolicyValue{{Estimator: "dr", Value: 0.31, Low: 0.3, High: 0.32}}, Rows: 300, Visitors: 200, EffectiveSampleSize: 120,
		Difference: &veiviserv1.PolicyValue{Estimator: "dr", Value: 0.1, Low: -0.02, High: 0.2},
		MaxWeight:  7, MeanWeight: 1.01, Unsupported: 0.002, DetectableDifference: 0.15, PassesGate: true,
	}
	if diff := cmp.Diff(want, out, protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
	for code, wantCode := range map[ope.Code]string{
		ope.CodeNoRows: "NO_ROWS", ope.CodeTooFew: "TOO_FEW", ope.CodeUnsupported: "NO_SUPPORT", ope.CodeMeanWeight: "BAD_PROPENSITIES",
	} {
		report = review.Report{Gate: veiviser.Gate{MinRows: 1}}
		report.Plan.Refusal = ope.Refusal{Code: code, Message: "why"}
		out, err := ask(&veiviserv1.EvaluatePlanRequest{Plan: &veiviserv1.Plan{}})
		if err != nil || out.GetRefusal() != "why" || out.GetRefusalCode() != wantCode || out.GetPassesGate() || out.GetDifference() != nil {
			t.Errorf("%s: %v, %v", code, out, err)
		}
	}
	for name, c := range map[string]struct {
		in   *veiviserv1.EvaluatePlanRequest
		want gone
	}{
		"no plan":    {&veiviserv1.EvaluatePlanRequest{}, gone{Code: codes.InvalidArgument, Reason: "INVALID_FIELD", Field: "plan"}},
		"limit":      {&veiviserv1.EvaluatePlanRequest{Plan: &veiviserv1.Plan{}, Limit: 200_001}, gone{Code: codes.InvalidArgument, Reason: "INVALID_FIELD", Field: "limit"}},
		"long name":  {&veiviserv1.EvaluatePlanRequest{Plan: &veiviserv1.Plan{Name: strings.Repeat("x", 201)}}, gone{Code: codes.InvalidArgument, Reason: "INVALID_PLAN", Field: "plan.name"}},
		"mistakes":   {&veiviserv1.EvaluatePlanRequest{Plan: &veiviserv1.Plan{Name: "bad"}}, gone{Code: codes.InvalidArgument, Reason: "INVALID_PLAN", Field: "plan.journeys[0].stages"}},
		"none there": {&veiviserv1.EvaluatePlanRequest{Plan: &veiviserv1.Plan{Name: "none"}}, gone{Code: codes.FailedPrecondition, Reason: "NO_PLAN_PUBLISHED"}},
	} {
		_, err := ask(c.in)
		if diff := cmp.Diff(c.want, read(t, err)); diff != "" {
			t.Error(name, diff)
		}
	}
}

// Publishing asks the gate first, unless it is to be skipped, and has the time for that.
func TestPublishPlanAsksTheGate(t *testing.T) {
	s := serve(t, Options{Deadline: time.Second})
	published := 0
	s.fake.publish = func(_ context.Context, p *veiviser.Plan, _ uint64, _, _ string) (veiviser.PlanVersion, error) {
		published++
		return veiviser.PlanVersion{Version: 3}, nil
	}
	s.fake.admit = func(ctx context.Context, p *veiviser.Plan) error {
		if end, _ := ctx.Deadline(); time.Until(end) < time.Minute {
			t.Error("the gate has no time")
		}
		if p.Name == "worse" {
			return veiviser.Failed(veiviser.KindPrecondition, veiviser.ReasonGateClosed, nil, "worse by 0.1")
		}
		return nil
	}
	for _, c := range []struct {
		name string
		skip bool
		want gone
	}{{"worse", false, gone{Code: codes.FailedPrecondition, Reason: "GATE_CLOSED"}}, {"worse", true, gone{}}, {"good", false, gone{}}} {
		_, err := s.plans().PublishPlan(t.Context(), &veiviserv1.PublishPlanRequest{Plan: &veiviserv1.Plan{Name: c.name}, SkipGate: c.skip})
		if c.want.Reason == "" && err != nil || c.want.Reason != "" && read(t, err) != c.want {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if published != 2 {
		t.Errorf("published %d times", published)
	}
}

// sent is a stream that keeps what is sent.
type sent struct {
	grpc.ServerStreamingServer[veiviserv1.ReplayDecisionsResponse]
	context func() context.Context
	list    []*veiviserv1.ReplayDecisionsResponse
}

func (s *sent) Context() context.Context { return s.context() }

func (s *sent) Send(m *veiviserv1.ReplayDecisionsResponse) error {
	s.list = append(s.list, m)
	return nil
}

// Progress comes at once, then about once a second, and at the end.
func TestReplayDecisionsReportsNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, out := &fake{}, &sent{context: t.Context}
		f.replay = func(_ context.Context, limit int64, report func(review.Progress) error) error {
			for i := range int64(25) {
				if err := report(review.Progress{Total: limit, Checked: i, Done: i == 24}); err != nil {
					return err
				}
				time.Sleep(100 * time.Millisecond)
			}
			return nil
		}
		if err := (&decisions{reviewer: f}).ReplayDecisions(&veiviserv1.ReplayDecisionsRequest{Limit: 24}, out); err != nil {
			t.Fatal(err)
		}
		var checked []int64
		for _, m := range out.list {
			checked = append(checked, m.GetChecked())
		}
		if diff := cmp.Diff([]int64{0, 10, 20, 24}, checked); diff != "" || !out.list[3].GetDone() {
			t.Error(diff)
		}
	})
}

func TestReplayDecisions(t *testing.T) {
	stopping := make(chan struct{})
	s := serve(t, Options{Stopping: stopping})
	s.fake.replay = func(ctx context.Context, limit int64, report func(review.Progress) error) error {
		if limit == 1 {
			<-ctx.Done()
			return context.Cause(ctx)
		}
		return report(review.Progress{
			Total: 9, Checked: 9, Identical: 6, Different: 2, Gone: 1, Done: true, Differences: []review.Difference{{AnswerID: "a", Detail: "Time: x"}},
		})
	}
	replay := func(ctx context.Context, limit int64) (out []*veiviserv1.ReplayDecisionsResponse, _ error) {
		stream, err := s.decisions().ReplayDecisions(ctx, &veiviserv1.ReplayDecisionsRequest{Limit: limit})
		if err != nil {
			t.Fatal(err)
		}
		for {
			m, err := stream.Recv()
			if errors.Is(err, io.EOF) {
				return out, nil
			}
			if err != nil {
				return out, err
			}
			out = append(out, m)
		}
	}
	got, err := replay(t.Context(), 0)
	want := []*veiviserv1.ReplayDecisionsResponse{{
		Total: 9, Checked: 9, Identical: 6, Different: 2, Gone: 1, Done: true, Differences: []*veiviserv1.ReplayDifference{{AnswerId: "a", Detail: "Time: x"}},
	}}
	if diff := cmp.Diff(want, got, protocmp.Transform()); err != nil || diff != "" {
		t.Error(err, diff)
	}
	_, err = replay(t.Context(), -1)
	if got := read(t, err); got.Code != codes.InvalidArgument || got.Field != "limit" {
		t.Error(err)
	}
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := replay(short, 1); err == nil {
		t.Error("a replay outlived its deadline")
	}
	time.AfterFunc(20*time.Millisecond, func() { close(stopping) })
	_, err = replay(t.Context(), 1)
	if got := read(t, err); got.Reason != "STOPPING" {
		t.Error(err)
	}
}
