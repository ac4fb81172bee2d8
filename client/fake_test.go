package client_test

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/veiviser/veiviser/client"
)

// fake is a service whose answers a test says. Unset answers are empty ones.
type fake struct {
	veiviserv1.UnimplementedDecisionServiceServer
	veiviserv1.UnimplementedVisitServiceServer
	veiviserv1.UnimplementedCatalogServiceServer
	veiviserv1.UnimplementedPlanServiceServer
	veiviserv1.UnimplementedInsightServiceServer

	recommend func(context.Context, *veiviserv1.RecommendRequest) (*veiviserv1.RecommendResponse, error)
	watch     func(*veiviserv1.WatchRecommendationsRequest, grpc.ServerStreamingServer[veiviserv1.WatchRecommendationsResponse]) error
	record    func(context.Context, *veiviserv1.RecordEventsRequest) (*veiviserv1.RecordEventsResponse, error)
	stream    func(grpc.BidiStreamingServer[veiviserv1.StreamEventsRequest, veiviserv1.StreamEventsResponse]) error
	listItems func(*veiviserv1.ListItemsRequest) (*veiviserv1.ListItemsResponse, error)
	replay    func(*veiviserv1.ReplayDecisionsRequest, grpc.ServerStreamingServer[veiviserv1.ReplayDecisionsResponse]) error
	evaluate  func(context.Context) (*veiviserv1.EvaluatePlanResponse, error)

	mu    sync.Mutex
	fails []error        // answered to unary calls, one after the other, before anything else
	calls map[string]int // unary calls, by RPC
}

func (f *fake) Recommend(ctx context.Context, in *veiviserv1.RecommendRequest) (*veiviserv1.RecommendResponse, error) {
	if f.recommend == nil {
		return &veiviserv1.RecommendResponse{PlanVersion: "1"}, nil
	}
	return f.recommend(ctx, in)
}

func (f *fake) WatchRecommendations(in *veiviserv1.WatchRecommendationsRequest, s grpc.ServerStreamingServer[veiviserv1.WatchRecommendationsResponse]) error {
	return f.watch(in, s)
}

func (f *fake) ExplainDecision(context.Context, *veiviserv1.ExplainDecisionRequest) (*veiviserv1.ExplainDecisionResponse, error) {
	return &veiviserv1.ExplainDecisionResponse{}, nil
}

func (f *fake) RecordEvents(ctx context.Context, in *veiviserv1.RecordEventsRequest) (*veiviserv1.RecordEventsResponse, error) {
	if f.record == nil {
		return accept(in), nil
	}
	return f.record(ctx, in)
}

func (f *fake) StreamEvents(s grpc.BidiStreamingServer[veiviserv1.StreamEventsRequest, veiviserv1.StreamEventsResponse]) error {
	return f.stream(s)
}

func (f *fake) GetVisitor(context.Context, *veiviserv1.GetVisitorRequest) (*veiviserv1.GetVisitorResponse, error) {
	return &veiviserv1.GetVisitorResponse{}, nil
}

func (f *fake) LinkVisitors(context.Context, *veiviserv1.LinkVisitorsRequest) (*veiviserv1.LinkVisitorsResponse, error) {
	return &veiviserv1.LinkVisitorsResponse{}, nil
}

func (f *fake) ExportVisitor(context.Context, *veiviserv1.ExportVisitorRequest) (*veiviserv1.ExportVisitorResponse, error) {
	return &veiviserv1.ExportVisitorResponse{}, nil
}

func (f *fake) EraseVisitor(context.Context, *veiviserv1.EraseVisitorRequest) (*veiviserv1.EraseVisitorResponse, error) {
	return &veiviserv1.EraseVisitorResponse{Found: true}, nil
}

func (f *fake) UpsertItems(context.Context, *veiviserv1.UpsertItemsRequest) (*veiviserv1.UpsertItemsResponse, error) {
	return &veiviserv1.UpsertItemsResponse{}, nil
}

func (f *fake) GetItem(context.Context, *veiviserv1.GetItemRequest) (*veiviserv1.GetItemResponse, error) {
	return &veiviserv1.GetItemResponse{}, nil
}

func (f *fake) ListItems(_ context.Context, in *veiviserv1.ListItemsRequest) (*veiviserv1.ListItemsResponse, error) {
	if f.listItems == nil {
		return &veiviserv1.ListItemsResponse{}, nil
	}
	return f.listItems(in)
}

func (f *fake) DeleteItem(context.Context, *veiviserv1.DeleteItemRequest) (*veiviserv1.DeleteItemResponse, error) {
	return &veiviserv1.DeleteItemResponse{}, nil
}

func (f *fake) GetPlan(context.Context, *veiviserv1.GetPlanRequest) (*veiviserv1.GetPlanResponse, error) {
	return &veiviserv1.GetPlanResponse{}, nil
}

func (f *fake) ValidatePlan(context.Context, *veiviserv1.ValidatePlanRequest) (*veiviserv1.ValidatePlanResponse, error) {
	return &veiviserv1.ValidatePlanResponse{}, nil
}

func (f *fake) PublishPlan(context.Context, *veiviserv1.PublishPlanRequest) (*veiviserv1.PublishPlanResponse, error) {
	return &veiviserv1.PublishPlanResponse{}, nil
}

func (f *fake) RollBackPlan(context.Context, *veiviserv1.RollBackPlanRequest) (*veiviserv1.RollBackPlanResponse, error) {
	return &veiviserv1.RollBackPlanResponse{}, nil
}

func (f *fake) ListPlanVersions(context.Context, *veiviserv1.ListPlanVersionsRequest) (*veiviserv1.ListPlanVersionsResponse, error) {
	return &veiviserv1.ListPlanVersionsResponse{}, nil
}

func (f *fake) ListSegmentProfiles(context.Context, *veiviserv1.ListSegmentProfilesRequest) (*veiviserv1.ListSegmentProfilesResponse, error) {
	return &veiviserv1.ListSegmentProfilesResponse{}, nil
}

func (f *fake) GetSegmentProfile(context.Context, *veiviserv1.GetSegmentProfileRequest) (*veiviserv1.GetSegmentProfileResponse, error) {
	return &veiviserv1.GetSegmentProfileResponse{}, nil
}

func (f *fake) ReplayDecisions(in *veiviserv1.ReplayDecisionsRequest, s grpc.ServerStreamingServer[veiviserv1.ReplayDecisionsResponse]) error {
	return f.replay(in, s)
}

func (f *fake) GetLift(context.Context, *veiviserv1.GetLiftRequest) (*veiviserv1.GetLiftResponse, error) {
	return &veiviserv1.GetLiftResponse{}, nil
}

func (f *fake) GetLearning(context.Context, *veiviserv1.GetLearningRequest) (*veiviserv1.GetLearningResponse, error) {
	return &veiviserv1.GetLearningResponse{}, nil
}

func (f *fake) ListCases(context.Context, *veiviserv1.ListCasesRequest) (*veiviserv1.ListCasesResponse, error) {
	return &veiviserv1.ListCasesResponse{}, nil
}

func (f *fake) GetRecovery(context.Context, *veiviserv1.GetRecoveryRequest) (*veiviserv1.GetRecoveryResponse, error) {
	return &veiviserv1.GetRecoveryResponse{}, nil
}

func (f *fake) GetLoyalty(context.Context, *veiviserv1.GetLoyaltyRequest) (*veiviserv1.GetLoyaltyResponse, error) {
	return &veiviserv1.GetLoyaltyResponse{}, nil
}

func (f *fake) GetAcquisition(context.Context, *veiviserv1.GetAcquisitionRequest) (*veiviserv1.GetAcquisitionResponse, error) {
	return &veiviserv1.GetAcquisitionResponse{}, nil
}

func (f *fake) GetProgress(context.Context, *veiviserv1.GetProgressRequest) (*veiviserv1.GetProgressResponse, error) {
	return &veiviserv1.GetProgressResponse{}, nil
}

func (f *fake) EvaluatePlan(ctx context.Context, _ *veiviserv1.EvaluatePlanRequest) (*veiviserv1.EvaluatePlanResponse, error) {
	if f.evaluate == nil {
		return &veiviserv1.EvaluatePlanResponse{}, nil
	}
	return f.evaluate(ctx)
}

// count counts calls and fails those that are to fail.
func (f *fake) count(ctx context.Context, in any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	f.mu.Lock()
	if f.calls == nil {
		f.calls = make(map[string]int)
	}
	f.calls[info.FullMethod]++
	var fail error
	if len(f.fails) > 0 {
		fail, f.fails = f.fails[0], f.fails[1:]
	}
	f.mu.Unlock()
	if fail != nil {
		return nil, fail
	}
	return next(ctx, in)
}

func (f *fake) total() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, c := range f.calls {
		n += c
	}
	return n
}

// server is a grpc server with the fake behind it.
func (f *fake) server() *grpc.Server {
	s := grpc.NewServer(grpc.UnaryInterceptor(f.count))
	veiviserv1.RegisterDecisionServiceServer(s, f)
	veiviserv1.RegisterVisitServiceServer(s, f)
	veiviserv1.RegisterCatalogServiceServer(s, f)
	veiviserv1.RegisterPlanServiceServer(s, f)
	veiviserv1.RegisterInsightServiceServer(s, f)
	return s
}

// start serves the fake for as long as the test lasts and gives a client of it.
func (f *fake) start(t *testing.T, opts ...client.Option) *client.Client {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := f.server()
	ended := make(chan struct{})
	go func() { defer close(ended); _ = s.Serve(l) }()
	c, err := client.New(l.Addr().String(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(); s.Stop(); <-ended })
	return c
}

// accept accepts every event.
func accept(in *veiviserv1.RecordEventsRequest) *veiviserv1.RecordEventsResponse {
	out := &veiviserv1.RecordEventsResponse{}
	for _, e := range in.GetEvents() {
		out.Results = append(out.Results, &veiviserv1.EventResult{EventId: e.GetEventId(), Status: veiviserv1.EventStatus_EVENT_STATUS_ACCEPTED})
	}
	return out
}

// failure is an error as the service makes them.
func failure(c codes.Code, reason, message string, retryAfter time.Duration, violations ...string) error {
	details := []protoadapt.MessageV1{&errdetails.ErrorInfo{Reason: reason, Domain: "veiviser", Metadata: map[string]string{"request_id": "r-1"}}}
	if len(violations) > 0 {
		b := &errdetails.BadRequest{}
		for _, v := range violations {
			b.FieldViolations = append(b.FieldViolations, &errdetails.BadRequest_FieldViolation{Field: v, Description: "is wrong"})
		}
		details = append(details, b)
	}
	if retryAfter > 0 {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(retryAfter)})
	}
	st, err := status.New(c, message).WithDetails(details...)
	if err != nil {
		return err
	}
	return st.Err()
}
