package main

import (
	"context"
	"fmt"
	"math"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// fake is a service small enough to foresee: it counts events by their ids and always answers alike.
type fake struct {
	veiviserv1.UnimplementedDecisionServiceServer
	veiviserv1.UnimplementedVisitServiceServer
	veiviserv1.UnimplementedCatalogServiceServer
	veiviserv1.UnimplementedPlanServiceServer
	veiviserv1.UnimplementedInsightServiceServer

	mu     sync.Mutex
	seen   map[string]bool
	asked  []*veiviserv1.RecommendRequest
	events map[string][]string // types by visitor, in the order in which they came
	last   *veiviserv1.RecordEventsRequest
	items  []*veiviserv1.Item
}

var noon = timestamppb.New(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))

func refuse(c codes.Code, reason, field, message string) error {
	st, err := status.New(c, message).WithDetails(
		&errdetails.ErrorInfo{Reason: reason, Domain: "veiviser", Metadata: map[string]string{"request_id": "r1"}},
		&errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: field, Description: message}}},
	)
	if err != nil {
		return err
	}
	return st.Err()
}

func (f *fake) Recommend(_ context.Context, in *veiviserv1.RecommendRequest) (*veiviserv1.RecommendResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, in)
	out := &veiviserv1.RecommendResponse{PlanVersion: "7", SegmentIds: []string{"families", "returning"}, Needs: needs(in.GetContext().GetSubject())}
	for i, p := range in.GetPlacements() {
		d := &veiviserv1.PlacementDecision{Placement: p.GetPlacement(), DecisionId: fmt.Sprintf("d%d.%d", len(f.asked), i), SilencePropensity: 0.1}
		switch p.GetPlacement() {
		case "nowhere":
			return nil, refuse(codes.NotFound, "UNKNOWN_PLACEMENT", fmt.Sprintf("placements[%d].placement", i), `no placement is called "nowhere"`)
		case "quiet":
			d.SilenceReason = veiviserv1.SilenceReason_SILENCE_REASON_NOT_USEFUL
		case "advisor":
			d.SilenceReason, d.SilentUntilTime = veiviserv1.SilenceReason_SILENCE_REASON_CAPPED, noon
			d.Briefing = []*veiviserv1.BriefingLine{{Code: "WISH", Text: "Vil ha pause fra oss."}}
		case "question":
			d.Items = []*veiviserv1.RecommendedItem{{
				ItemId: "ask-after", Kind: veiviserv1.ItemKind_ITEM_KIND_ASK, Propensity: 1,
				Answers: []*veiviserv1.AnswerChoice{{AnswerId: "ideas", Text: "Ideer"}, {AnswerId: "order", Text: "Jeg vil bestille"}},
			}}
		default:
			d.Items = []*veiviserv1.RecommendedItem{
				{
					ItemId: "guide-ebike", Kind: veiviserv1.ItemKind_ITEM_KIND_CONTENT, Score: 0.6123, Propensity: 0.75,
					Representation: &veiviserv1.Representation{Format: "card", Title: "Velg riktig elsykkel"},
					Reasons:        []*veiviserv1.Reason{{Code: "FITS_STAGE", Text: "Hjelper deg å sammenligne"}, {Code: "YOU_DID", Text: "Du så på elsykler"}},
				},
				{ItemId: "test-ride", Kind: veiviserv1.ItemKind_ITEM_KIND_SERVICE, Score: 0.4, Propensity: 0.5},
			}
		}
		if in.GetExplain() {
			d.Explanation = &veiviserv1.DecisionExplanation{
				Summary: "Guiden passer fordi du sammenligner.",
				Served: []*veiviserv1.ScoredItem{{
					ItemId: "guide-ebike", Mean: 0.58, StandardDeviation: 0.05,
					Parts: []*veiviserv1.ScorePart{{Name: "stage:evaluate", Add: 0.5}, {Name: "boost", Add: 0.08}},
				}},
				RunnersUp: []*veiviserv1.ScoredItem{{ItemId: "offer-fjell", Mean: 0.3, StandardDeviation: 0.1, Parts: []*veiviserv1.ScorePart{{Name: "stage:purchase", Add: 0.3}}}},
				Excluded:  []*veiviserv1.ExcludedItems{{Reason: "DRAFT", Count: 2, ItemIds: []string{"x", "y"}}, {Reason: "OTHER_SUBJECT", Count: 40}},
			}
		}
		out.Decisions = append(out.Decisions, d)
	}
	return out, nil
}

func needs(subject string) []*veiviserv1.NeedBelief {
	return []*veiviserv1.NeedBelief{{
		Journey: "considered", Subject: subject, Stage: "evaluate", StandardStage: "evaluate", Events: 5,
		Stages: []*veiviserv1.StageProbability{
			{Stage: "need", Probability: 0.05}, {Stage: "search", Probability: 0.2}, {Stage: "evaluate", Probability: 0.625}, {Stage: "purchase", Probability: 0.125},
		},
		Evidence: []*veiviserv1.Evidence{
			{Signal: "compared", Text: "Du sammenlignet flere", Stage: "evaluate", Weight: 1.2, Count: 3},
			{Signal: "came-back", Stage: "search", Weight: -0.4, Count: 1},
		},
	}, {Journey: "press", Events: 0, Stages: []*veiviserv1.StageProbability{{Stage: "enquiry", Probability: 1}}}}
}

func (f *fake) RecordEvents(_ context.Context, in *veiviserv1.RecordEventsRequest) (*veiviserv1.RecordEventsResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last = in
	out := &veiviserv1.RecordEventsResponse{}
	for i, e := range in.GetEvents() {
		r := &veiviserv1.EventResult{EventId: e.GetEventId(), Status: veiviserv1.EventStatus_EVENT_STATUS_ACCEPTED}
		switch {
		case strings.HasPrefix(e.GetType(), "bad"):
			r.Status, r.Reason = veiviserv1.EventStatus_EVENT_STATUS_REJECTED, veiviserv1.ErrorReason_ERROR_REASON_UNKNOWN_EVENT_TYPE
			r.Field, r.Message = fmt.Sprintf("events[%d].type", i), fmt.Sprintf("no event type is called %q", e.GetType())
		case f.seen[e.GetEventId()]:
			r.Status = veiviserv1.EventStatus_EVENT_STATUS_DUPLICATE
		default:
			if f.seen == nil {
				f.seen, f.events = make(map[string]bool), make(map[string][]string)
			}
			f.seen[e.GetEventId()] = true
			f.events[e.GetVisitorId()] = append(f.events[e.GetVisitorId()], e.GetType()+" "+e.GetItemId())
		}
		out.Results = append(out.Results, r)
	}
	return out, nil
}

func (f *fake) GetVisitor(_ context.Context, in *veiviserv1.GetVisitorRequest) (*veiviserv1.GetVisitorResponse, error) {
	if in.GetVisitorId() == "nobody" {
		return nil, refuse(codes.NotFound, "UNKNOWN_VISITOR", "visitor_id", "nothing is remembered of this visitor")
	}
	return &veiviserv1.GetVisitorResponse{Visitor: visitor(in.GetVisitorId())}, nil
}

func visitor(id string, others ...string) *veiviserv1.Visitor {
	return &veiviserv1.Visitor{
		VisitorId: id, LinkedVisitorIds: others, FirstSeenTime: noon, LastSeenTime: noon, Visits: 2, Events: 5, Value: 24990,
		Attributes: map[string]string{"visitor.club": "yes"}, Needs: needs("bike/ebike"), SegmentIds: []string{"families"},
		Standing: &veiviserv1.Standing{
			Directives: []*veiviserv1.Directive{{DirectiveId: "d1", Kind: veiviserv1.DirectiveKind_DIRECTIVE_KIND_DECIDED, CreateTime: noon}},
			Consents:   []*veiviserv1.Consent{{Purpose: "mail", Granted: true, Time: noon, Effective: true}}, Profiled: true,
			Cases: []*veiviserv1.Case{
				{CaseId: "c1", Cause: "COMPLAINT", OpenTime: noon, DueTime: noon, AnswerTime: noon, ResolveTime: noon},
				{CaseId: "c2", Cause: "LATE_DELIVERY", Subject: "bike/ebike", OpenTime: noon, DueTime: noon},
			},
			Orders: []*veiviserv1.Order{{Subject: "bike/ebike", PlaceTime: noon, PromiseTime: noon, Late: true}},
			Phase:  "waiting", Source: "search", Tier: "everyday", AccountId: "acme", Role: "buyer", Audiences: []string{"press"},
		},
		EventCounts: []*veiviserv1.EventCount{{Type: "view", Count: 4, InVisit: 1, LastTime: noon}, {Type: "purchase", Count: 1}},
		RecentItems: []*veiviserv1.RecentItem{{ItemId: "fjell-1", Subject: "bike/ebike", Count: 3, LastTime: noon}, {ItemId: "by-2", Count: 1, LastTime: noon}},
		Visit:       &veiviserv1.Visit{StartTime: noon, Events: 1, Channel: "web", Device: "phone"},
	}
}

func (f *fake) LinkVisitors(_ context.Context, in *veiviserv1.LinkVisitorsRequest) (*veiviserv1.LinkVisitorsResponse, error) {
	return &veiviserv1.LinkVisitorsResponse{Visitor: visitor(in.GetVisitorId(), in.GetLinkedVisitorIds()...)}, nil
}

func (f *fake) ExportVisitor(context.Context, *veiviserv1.ExportVisitorRequest) (*veiviserv1.ExportVisitorResponse, error) {
	return &veiviserv1.ExportVisitorResponse{Visitor: &veiviserv1.Visitor{VisitorId: "ana", Events: 5}, ExportTime: noon}, nil
}

func (f *fake) EraseVisitor(_ context.Context, in *veiviserv1.EraseVisitorRequest) (*veiviserv1.EraseVisitorResponse, error) {
	return &veiviserv1.EraseVisitorResponse{Found: in.GetVisitorId() == "ana"}, nil
}

func (f *fake) UpsertItems(_ context.Context, in *veiviserv1.UpsertItemsRequest) (*veiviserv1.UpsertItemsResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := &veiviserv1.UpsertItemsResponse{}
	for i, it := range in.GetItems() {
		r := &veiviserv1.ItemResult{ItemId: it.GetItemId(), Status: veiviserv1.ItemResultStatus_ITEM_RESULT_STATUS_CREATED}
		switch {
		case it.GetKind() == veiviserv1.ItemKind_ITEM_KIND_UNSPECIFIED:
			r.Status, r.Reason = veiviserv1.ItemResultStatus_ITEM_RESULT_STATUS_REJECTED, veiviserv1.ErrorReason_ERROR_REASON_INVALID_FIELD
			r.Field, r.Message = fmt.Sprintf("items[%d].kind", i), "must be content, offer or service"
		case strings.HasPrefix(it.GetItemId(), "old"):
			r.Status = veiviserv1.ItemResultStatus_ITEM_RESULT_STATUS_UPDATED
		}
		f.items = append(f.items, it)
		out.Results = append(out.Results, r)
	}
	return out, nil
}

func item(id string) *veiviserv1.Item {
	return &veiviserv1.Item{
		ItemId: id, Kind: veiviserv1.ItemKind_ITEM_KIND_OFFER, Status: veiviserv1.ItemStatus_ITEM_STATUS_LIVE, Name: map[string]string{"nb": "Fjell", "en": "Mountain"},
		Topics: []string{"bike/ebike"}, Stages: []string{"purchase"}, Boost: 0.1, Value: 2000, Etag: "e7", Claims: map[string]string{"range_km": "120"},
		Price:           &veiviserv1.Money{CurrencyCode: "NOK", Micros: 24990000000},
		Representations: []*veiviserv1.Representation{{Format: "card", Language: "nb", Title: "Fjell", Url: "/fjell"}},
	}
}

func (f *fake) GetItem(_ context.Context, in *veiviserv1.GetItemRequest) (*veiviserv1.GetItemResponse, error) {
	return &veiviserv1.GetItemResponse{Item: item(in.GetItemId())}, nil
}

func (f *fake) ListItems(_ context.Context, in *veiviserv1.ListItemsRequest) (*veiviserv1.ListItemsResponse, error) {
	if in.GetPageToken() == "" {
		return &veiviserv1.ListItemsResponse{Items: []*veiviserv1.Item{item("a"), item("b")}, NextPageToken: "2", TotalSize: 3}, nil
	}
	return &veiviserv1.ListItemsResponse{Items: []*veiviserv1.Item{item("c")}, TotalSize: 3}, nil
}

func (f *fake) DeleteItem(_ context.Context, in *veiviserv1.DeleteItemRequest) (*veiviserv1.DeleteItemResponse, error) {
	if in.GetEtag() != "" {
		return nil, refuse(codes.Aborted, "ITEM_CHANGED", "etag", "the item changed meanwhile")
	}
	return &veiviserv1.DeleteItemResponse{}, nil
}

func version(n string, active bool) *veiviserv1.PlanVersion {
	return &veiviserv1.PlanVersion{Version: n, Name: "Shop", PublishTime: noon, Author: "kari", Note: "autumn", Active: active, Changes: changes()}
}

func changes() []*veiviserv1.PlanChange {
	return []*veiviserv1.PlanChange{
		{Path: "items/offer-fjell", Kind: veiviserv1.PlanChangeKind_PLAN_CHANGE_KIND_ADDED, After: "offer"},
		{Path: "items/old", Kind: veiviserv1.PlanChangeKind_PLAN_CHANGE_KIND_REMOVED, Before: "content"},
		{Path: "policy/diversity", Kind: veiviserv1.PlanChangeKind_PLAN_CHANGE_KIND_CHANGED, Before: "0.1", After: "0.2"},
	}
}

func (f *fake) GetPlan(_ context.Context, in *veiviserv1.GetPlanRequest) (*veiviserv1.GetPlanResponse, error) {
	if in.GetVersion() == "99" {
		return nil, refuse(codes.NotFound, "UNKNOWN_PLAN_VERSION", "version", "no version 99 was ever published")
	}
	return &veiviserv1.GetPlanResponse{Plan: &veiviserv1.Plan{Name: "Shop", Languages: []string{"nb"}}, Version: version("7", true)}, nil
}

// ValidatePlan finds a plan wrong whose first placement has no channel.
func (f *fake) ValidatePlan(_ context.Context, in *veiviserv1.ValidatePlanRequest) (*veiviserv1.ValidatePlanResponse, error) {
	out := &veiviserv1.ValidatePlanResponse{Changes: changes()}
	if p := in.GetPlan().GetPlacements(); len(p) > 0 && p[0].GetChannel() == "" {
		out.Violations = []*veiviserv1.PlanViolation{{Field: "placements[0].channel", Message: "must not be empty"}}
	}
	return out, nil
}

func (f *fake) PublishPlan(_ context.Context, in *veiviserv1.PublishPlanRequest) (*veiviserv1.PublishPlanResponse, error) {
	if p := in.GetPlan().GetPlacements(); len(p) > 0 && p[0].GetChannel() == "" {
		return nil, refuse(codes.InvalidArgument, "INVALID_PLAN", "placements[0].channel", "must not be empty")
	}
	if in.GetPlan().GetName() == "Closed" && !in.GetSkipGate() {
		return nil, refuse(codes.FailedPrecondition, "GATE_CLOSED", "", "the gate of plan version 7 is closed: by 900 logged decisions …; skip_gate publishes all the same")
	}
	if in.GetExpectedVersion() == "3" {
		return nil, refuse(codes.Aborted, "PLAN_CHANGED", "expected_version", "version 7 is the active one")
	}
	return &veiviserv1.PublishPlanResponse{Version: version("8", true)}, nil
}

func (f *fake) RollBackPlan(_ context.Context, in *veiviserv1.RollBackPlanRequest) (*veiviserv1.RollBackPlanResponse, error) {
	return &veiviserv1.RollBackPlanResponse{Version: version(in.GetVersion()+"6", true)}, nil
}

func (f *fake) ListPlanVersions(context.Context, *veiviserv1.ListPlanVersionsRequest) (*veiviserv1.ListPlanVersionsResponse, error) {
	return &veiviserv1.ListPlanVersionsResponse{Versions: []*veiviserv1.PlanVersion{version("7", true), version("6", false)}}, nil
}

// ReplayDecisions finds two answers that came out otherwise among ten, if it is asked for ten.
func (f *fake) ReplayDecisions(in *veiviserv1.ReplayDecisionsRequest, s grpc.ServerStreamingServer[veiviserv1.ReplayDecisionsResponse]) error {
	out := &veiviserv1.ReplayDecisionsResponse{Total: in.GetLimit()}
	if err := s.Send(out); err != nil {
		return err
	}
	out.Checked, out.Identical, out.Done = in.GetLimit(), in.GetLimit(), true
	switch in.GetLimit() {
	case 10:
		out.Identical, out.Different, out.Gone = 7, 2, 1
		out.Differences = []*veiviserv1.ReplayDifference{{AnswerId: "a1", Detail: "Decisions[0].Choices[0].Propensity: 0.5 was logged, 0.25 comes now"}}
	case 13:
		return refuse(codes.Unavailable, "STORE_UNAVAILABLE", "", "the store is away")
	}
	return s.Send(out)
}

func (f *fake) GetLift(_ context.Context, in *veiviserv1.GetLiftRequest) (*veiviserv1.GetLiftResponse, error) {
	out := &veiviserv1.GetLiftResponse{
		Lift: 0.05, Outcome: "purchase", Summary: "Too early: the control group has 12 people so far, 50 are needed.",
		Treated: &veiviserv1.LiftGroup{Visitors: 1900, Mean: 0.1, Value: 120.5, Converted: 0.09},
		Control: &veiviserv1.LiftGroup{Visitors: 12, Mean: 0.05, Value: 99, Converted: 0.05},
		Value:   &veiviserv1.LiftMetric{Lift: 21.5}, Converted: &veiviserv1.LiftMetric{Lift: 0.04},
	}
	if in.GetPlacement() == "hero" {
		out.Summary, out.Low, out.High = "What was served helps.", new(0.01), new(0.09)
		out.Converted.Low, out.Converted.High, out.Value.Low, out.Value.High = new(0.005), new(0.075), new(-3.0), new(46.0)
	}
	return out, nil
}

func (f *fake) GetLearning(context.Context, *veiviserv1.GetLearningRequest) (*veiviserv1.GetLearningResponse, error) {
	return &veiviserv1.GetLearningResponse{
		ModelVersion: 4711, Observations: 1200, Noise: 0.31, MeanReward: 0.125, Weights: 321, UpdateTime: noon,
		Outcomes:    []*veiviserv1.OutcomeCount{{Type: "click", Joined: 90, Repeats: 4, Late: 2, Silent: 1100}, {Type: "purchase", Joined: 3, Silent: 1100}},
		Slots:       []*veiviserv1.SlotExamination{{Placement: "hero", Slot: 1, Examination: 1, Observations: 800}, {Placement: "hero", Slot: 2, Examination: 0.6, Observations: 700}},
		Exploration: []*veiviserv1.ExplorationCount{{Placement: "hero", Decisions: 900, On: 700, Spared: 100, OffRequest: 50, Buying: 40, Complaining: 10}},
	}, nil
}

func (f *fake) GetProgress(_ context.Context, in *veiviserv1.GetProgressRequest) (*veiviserv1.GetProgressResponse, error) {
	if in.GetSegmentId() == "nobody" {
		return &veiviserv1.GetProgressResponse{}, nil
	}
	out := &veiviserv1.GetProgressResponse{Items: []*veiviserv1.ItemProgress{{
		ItemId: "guide-ebike", Observations: 80, Progress: 0.02, Low: 0.01, High: 0.03,
		Moves: []*veiviserv1.StageMove{
			{From: "search", To: "evaluate", Count: 40, Share: 0.8, Low: 0.67, High: 0.89},
			{From: "search", To: "search", Count: 10, Share: 0.2, Low: 0.11, High: 0.33},
			{To: "search", Count: 30, Share: 1, Low: 0.89, High: 1},
		},
	}}}
	if in.GetItemId() == "" {
		out.Items = append(out.Items, &veiviserv1.ItemProgress{ItemId: "offer-fjell", Observations: 1, Low: -1, High: 1})
	}
	return out, nil
}

// EvaluatePlan knows no conclusion about plans on the placement "quiet", and finds those with a name worse.
func (f *fake) EvaluatePlan(_ context.Context, in *veiviserv1.EvaluatePlanRequest) (*veiviserv1.EvaluatePlanResponse, error) {
	if p := in.GetPlan().GetPlacements(); len(p) > 0 && p[0].GetChannel() == "" {
		return nil, refuse(codes.InvalidArgument, "INVALID_PLAN", "placements[0].channel", "must not be empty")
	}
	value := func(name string, value, half float64) *veiviserv1.PolicyValue {
		return &veiviserv1.PolicyValue{Estimator: name, Value: value, Low: value - half, High: value + half}
	}
	out := &veiviserv1.EvaluatePlanResponse{
		Values: []*veiviserv1.PolicyValue{value("ips", 0.42, 0.05), value("dr", 0.41, 0.03)}, Active: []*veiviserv1.PolicyValue{value("ips", 0.36, 0.02), value("dr", 0.35, 0.01)},
		Difference: value("dr", 0.06, 0.02), Rows: 2400, Visitors: 1, EffectiveSampleSize: 1547.3, MaxWeight: 7.25, MeanWeight: 1.004, Unsupported: 0.0012,
		DetectableDifference: 0.02, PassesGate: true,
	}
	switch {
	case in.GetPlacement() == "nowhere":
		out = &veiviserv1.EvaluatePlanResponse{Refusal: "Nothing has been logged yet that could be evaluated.", RefusalCode: "NO_ROWS"}
	case in.GetPlacement() == "quiet":
		out.Refusal, out.RefusalCode = "The log is worth only about 7 decisions of the new plan; 100 are needed.", "TOO_FEW"
		out.Values[0].Low, out.Values[0].High = math.Inf(-1), math.Inf(1)
	case in.GetLimit() == 7:
		out.Difference, out.PassesGate, out.DetectableDifference = value("dr", -0.06, 0.02), false, math.Inf(1)
	}
	return out, nil
}

// start serves the fake for as long as the test lasts.
func (f *fake) start(t *testing.T) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer()
	veiviserv1.RegisterDecisionServiceServer(s, f)
	veiviserv1.RegisterVisitServiceServer(s, f)
	veiviserv1.RegisterCatalogServiceServer(s, f)
	veiviserv1.RegisterPlanServiceServer(s, f)
	veiviserv1.RegisterInsightServiceServer(s, f)
	ended := make(chan struct{})
	go func() { defer close(ended); _ = s.Serve(l) }()
	t.Cleanup(func() { s.Stop(); <-ended })
	return l.Addr().String()
}
