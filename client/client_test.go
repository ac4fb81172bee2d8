package client_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/veiviser/veiviser/client"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var unavailable = failure(codes.Unavailable, "STORE_UNAVAILABLE", "the store is away", 0)

func TestEveryCallArrives(t *testing.T) {
	f := &fake{}
	c := f.start(t)
	ctx := t.Context()
	calls := []func() error{
		func() error { _, err := c.Recommend(ctx, &veiviserv1.RecommendRequest{}); return err },
		func() error { _, err := c.ExplainDecision(ctx, &veiviserv1.ExplainDecisionRequest{}); return err },
		func() error { _, err := c.RecordEvents(ctx, &veiviserv1.RecordEventsRequest{}); return err },
		func() error { _, err := c.GetVisitor(ctx, &veiviserv1.GetVisitorRequest{}); return err },
		func() error { _, err := c.EraseVisitor(ctx, &veiviserv1.EraseVisitorRequest{}); return err },
		func() error { _, err := c.ExportVisitor(ctx, &veiviserv1.ExportVisitorRequest{}); return err },
		func() error { _, err := c.LinkVisitors(ctx, &veiviserv1.LinkVisitorsRequest{}); return err },
		func() error { _, err := c.UpsertItems(ctx, &veiviserv1.UpsertItemsRequest{}); return err },
		func() error { _, err := c.GetItem(ctx, &veiviserv1.GetItemRequest{}); return err },
		func() error { _, err := c.ListItems(ctx, &veiviserv1.ListItemsRequest{}); return err },
		func() error { _, err := c.DeleteItem(ctx, &veiviserv1.DeleteItemRequest{}); return err },
		func() error { _, err := c.GetPlan(ctx, &veiviserv1.GetPlanRequest{}); return err },
		func() error { _, err := c.ValidatePlan(ctx, &veiviserv1.ValidatePlanRequest{}); return err },
		func() error { _, err := c.PublishPlan(ctx, &veiviserv1.PublishPlanRequest{}); return err },
		func() error { _, err := c.RollBackPlan(ctx, &veiviserv1.RollBackPlanRequest{}); return err },
		func() error { _, err := c.ListPlanVersions(ctx, &veiviserv1.ListPlanVersionsRequest{}); return err },
		func() error {
			_, err := c.ListSegmentProfiles(ctx, &veiviserv1.ListSegmentProfilesRequest{})
			return err
		},
		func() error { _, err := c.GetSegmentProfile(ctx, &veiviserv1.GetSegmentProfileRequest{}); return err },
		func() error { _, err := c.GetLift(ctx, &veiviserv1.GetLiftRequest{}); return err },
		func() error { _, err := c.GetLearning(ctx, &veiviserv1.GetLearningRequest{}); return err },
		func() error { _, err := c.ListCases(ctx, &veiviserv1.ListCasesRequest{}); return err },
		func() error { _, err := c.GetRecovery(ctx, &veiviserv1.GetRecoveryRequest{}); return err },
		func() error { _, err := c.GetLoyalty(ctx, &veiviserv1.GetLoyaltyRequest{}); return err },
		func() error { _, err := c.GetAcquisition(ctx, &veiviserv1.GetAcquisitionRequest{}); return err },
		func() error { _, err := c.GetProgress(ctx, &veiviserv1.GetProgressRequest{}); return err },
		func() error { _, err := c.EvaluatePlan(ctx, &veiviserv1.EvaluatePlanRequest{}); return err },
	}
	for i, call := range calls {
		if err := call(); err != nil {
			t.Errorf("call %d: %v", i, err)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.calls) != len(calls) {
		t.Errorf("%d RPCs were called, want %d: %v", len(f.calls), len(calls), f.calls)
	}
}

func TestRetries(t *testing.T) {
	one := []*veiviserv1.Event{{EventId: "e1"}}
	recommend := func(events ...*veiviserv1.Event) func(*client.Client) error {
		return func(c *client.Client) error {
			_, err := c.Recommend(t.Context(), &veiviserv1.RecommendRequest{Events: events})
			return err
		}
	}
	upsert := func(etag string) func(*client.Client) error {
		return func(c *client.Client) error {
			_, err := c.UpsertItems(t.Context(), &veiviserv1.UpsertItemsRequest{Items: []*veiviserv1.Item{{Etag: etag}}})
			return err
		}
	}
	for _, tc := range []struct {
		name  string
		call  func(*client.Client) error
		fails []error
		calls int
		want  codes.Code
	}{
		{"unavailable once", recommend(), []error{unavailable}, 2, codes.OK},
		{"unavailable for long", recommend(), []error{unavailable, unavailable, unavailable, unavailable}, 3, codes.Unavailable},
		{"contended", recommend(one...), []error{failure(codes.Aborted, "CONCURRENT_CHANGE", "", 0)}, 2, codes.OK},
		{"events without id", recommend(&veiviserv1.Event{}), []error{unavailable}, 1, codes.Unavailable},
		{"overloaded with a hint", recommend(), []error{failure(codes.ResourceExhausted, "OVERLOADED", "", time.Millisecond)}, 2, codes.OK},
		{"overloaded without", recommend(), []error{failure(codes.ResourceExhausted, "REQUEST_TOO_LARGE", "", 0)}, 1, codes.ResourceExhausted},
		{"the caller's mistake", recommend(), []error{failure(codes.InvalidArgument, "INVALID_FIELD", "", 0)}, 1, codes.InvalidArgument},
		{"a hint beyond the deadline", recommend(), []error{failure(codes.Unavailable, "STOPPING", "", time.Minute)}, 1, codes.Unavailable},
		{"items", upsert(""), []error{unavailable}, 2, codes.OK},
		{"items with etag", upsert("7"), []error{unavailable}, 1, codes.Unavailable},
		{"publishing", func(c *client.Client) error {
			_, err := c.PublishPlan(t.Context(), &veiviserv1.PublishPlanRequest{})
			return err
		}, []error{unavailable}, 1, codes.Unavailable},
		{"a plan that changed", func(c *client.Client) error {
			_, err := c.GetPlan(t.Context(), &veiviserv1.GetPlanRequest{})
			return err
		}, []error{failure(codes.Aborted, "PLAN_CHANGED", "", 0)}, 1, codes.Aborted},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := &fake{fails: tc.fails}
			began := time.Now()
			if got := client.CodeOf(tc.call(f.start(t))); got != tc.want {
				t.Errorf("code %v, want %v", got, tc.want)
			}
			if f.total() != tc.calls {
				t.Errorf("%d calls, want %d", f.total(), tc.calls)
			}
			if time.Since(began) > time.Second {
				t.Errorf("took %v", time.Since(began))
			}
		})
	}
}

func TestTheRetryBudgetBoundsTheTrafficOfAnOutage(t *testing.T) {
	f := &fake{}
	for range 1000 {
		f.fails = append(f.fails, unavailable)
	}
	c := f.start(t, client.WithRetryBudget(0.1, 5))
	const calls = 100
	for range calls {
		if _, err := c.GetVisitor(t.Context(), &veiviserv1.GetVisitorRequest{}); !errors.Is(err, client.ErrStoreUnavailable) {
			t.Fatal(err)
		}
	}
	if got := f.total(); got < calls+5 || got > calls+5+calls/10 {
		t.Errorf("%d calls reached the service, want between %d and %d", got, calls+5, calls+5+calls/10)
	}
}

func TestTheDeadlineIsTheEarlierOne(t *testing.T) {
	var left atomic.Int64 // what the service saw
	f := &fake{recommend: func(ctx context.Context, _ *veiviserv1.RecommendRequest) (*veiviserv1.RecommendResponse, error) {
		end, _ := ctx.Deadline()
		left.Store(int64(time.Until(end)))
		<-ctx.Done()
		return nil, status.FromContextError(ctx.Err()).Err()
	}}
	c := f.start(t, client.WithTimeout(80*time.Millisecond))
	for _, own := range []time.Duration{time.Hour, 30 * time.Millisecond} {
		ctx, cancel := context.WithTimeout(t.Context(), own)
		_, err := c.Recommend(ctx, &veiviserv1.RecommendRequest{})
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("own deadline %v: %v", own, err)
		}
		if left, most := time.Duration(left.Load()), min(own, 80*time.Millisecond); left > most {
			t.Errorf("own deadline %v: the service saw %v", own, left)
		}
	}
}

func TestErrorsCarryWhatTheServiceSaid(t *testing.T) {
	f := &fake{fails: []error{failure(codes.NotFound, "UNKNOWN_PLACEMENT", "no placement is called x", 3*time.Second, "placements[0].placement", "b")}}
	_, err := f.start(t).Recommend(t.Context(), &veiviserv1.RecommendRequest{})
	wrapped := fmt.Errorf("page: %w", err)
	if !errors.Is(wrapped, client.ErrUnknownPlacement) || errors.Is(wrapped, client.ErrUnknownItem) || errors.Is(wrapped, context.Canceled) {
		t.Errorf("errors.Is does not tell reasons apart: %v", err)
	}
	e, ok := errors.AsType[*client.Error](wrapped)
	if !ok {
		t.Fatalf("%T is no *client.Error", err)
	}
	want := &client.Error{
		Code: codes.NotFound, Reason: veiviserv1.ErrorReason_ERROR_REASON_UNKNOWN_PLACEMENT, Message: "no placement is called x",
		Violations: []client.Violation{{Field: "placements[0].placement", Message: "is wrong"}, {Field: "b", Message: "is wrong"}},
		RetryAfter: 3 * time.Second, RequestID: "r-1",
	}
	if diff := cmp.Diff(want, e, cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".status" }, cmp.Ignore())); diff != "" {
		t.Error(diff)
	}
	if got, want := e.Error(), "UNKNOWN_PLACEMENT: no placement is called x; placements[0].placement: is wrong; b: is wrong (request r-1)"; got != want {
		t.Errorf("text %q, want %q", got, want)
	}
	if status.Code(wrapped) != codes.NotFound {
		t.Error("the status is lost")
	}
	if client.ReasonOf(nil) != 0 || client.ReasonOf(errors.New("x")) != 0 || client.CodeOf(nil) != codes.OK || client.CodeOf(errors.New("x")) != codes.Unknown {
		t.Error("reasons and codes of other errors")
	}
}

func TestEveryReasonHasItsError(t *testing.T) {
	for _, err := range []error{client.ErrInternal, client.ErrStopping, client.ErrInvalidPlan} {
		if err.Error() == "" {
			t.Errorf("%T has no text", err)
		}
	}
	if client.ErrInvalidPlan.Error() != "INVALID_PLAN" {
		t.Error(client.ErrInvalidPlan)
	}
}

func TestFallbackAnswersWhenTheServiceCanNot(t *testing.T) {
	req := &veiviserv1.RecommendRequest{
		VisitorId: "ana", Placements: []*veiviserv1.PlacementRequest{{Placement: "hero"}, {Placement: "mail"}},
	}
	local := func(_ context.Context, _ *veiviserv1.RecommendRequest, cause *client.Error) *veiviserv1.RecommendResponse {
		return &veiviserv1.RecommendResponse{Decisions: []*veiviserv1.PlacementDecision{{
			Placement: "hero", DecisionId: "none of the service's", Items: []*veiviserv1.RecommendedItem{{ItemId: "best-seller"}}, Fallback: true,
		}}}
	}
	for _, tc := range []struct {
		name string
		fail error
		want string // degraded_reason; "" when the error has to come out
	}{
		{"store away", unavailable, "STORE_UNAVAILABLE"},
		{"late", status.Error(codes.DeadlineExceeded, "late"), "DEADLINE_EXCEEDED"},
		{"defect", failure(codes.Internal, "INTERNAL", "", 0), "INTERNAL"},
		{"no plan", failure(codes.FailedPrecondition, "NO_PLAN_PUBLISHED", "", 0), "NO_PLAN_PUBLISHED"},
		{"the caller's mistake", failure(codes.NotFound, "UNKNOWN_PLACEMENT", "", 0), ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := &fake{fails: []error{tc.fail, tc.fail, tc.fail}}
			got, err := f.start(t, client.WithFallback(local)).Recommend(t.Context(), req)
			if tc.want == "" {
				if err == nil {
					t.Error("the mistake is hidden")
				}
				return
			}
			want := &veiviserv1.RecommendResponse{
				Degraded: true, DegradedReason: tc.want, Decisions: []*veiviserv1.PlacementDecision{
					{Placement: "hero", Items: []*veiviserv1.RecommendedItem{{ItemId: "best-seller"}}, Fallback: true},
					{Placement: "mail", SilenceReason: veiviserv1.SilenceReason_SILENCE_REASON_UNAVAILABLE},
				},
			}
			if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" || err != nil {
				t.Errorf("%v\n%s", err, diff)
			}
			if !client.IsLocal(got) {
				t.Error("the answer does not show that it is local")
			}
		})
	}
	t.Run("none", func(t *testing.T) {
		f := &fake{fails: []error{unavailable, unavailable, unavailable}}
		none := func(context.Context, *veiviserv1.RecommendRequest, *client.Error) *veiviserv1.RecommendResponse {
			return nil
		}
		if _, err := f.start(t, client.WithFallback(none)).Recommend(t.Context(), req); !errors.Is(err, client.ErrStoreUnavailable) {
			t.Error(err)
		}
	})
	t.Run("the caller left", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := (&fake{}).start(t, client.WithFallback(local)).Recommend(ctx, req); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

func TestListsGoOnFromPageToPage(t *testing.T) {
	f := &fake{listItems: func(in *veiviserv1.ListItemsRequest) (*veiviserv1.ListItemsResponse, error) {
		switch in.GetPageToken() {
		case "":
			return &veiviserv1.ListItemsResponse{Items: []*veiviserv1.Item{{ItemId: "a"}, {ItemId: "b"}}, NextPageToken: "2"}, nil
		case "2":
			return &veiviserv1.ListItemsResponse{Items: []*veiviserv1.Item{{ItemId: "c"}}, NextPageToken: "3"}, nil
		default:
			return nil, failure(codes.InvalidArgument, "INVALID_PAGE_TOKEN", "", 0)
		}
	}}
	c := f.start(t)
	req := &veiviserv1.ListItemsRequest{}
	var got []string
	for item, err := range c.Items(t.Context(), req) {
		if err != nil {
			got = append(got, err.Error()[:18])
			break
		}
		got = append(got, item.GetItemId())
	}
	if diff := cmp.Diff([]string{"a", "b", "c", "INVALID_PAGE_TOKEN"}, got); diff != "" {
		t.Error(diff)
	}
	if req.GetPageToken() != "" {
		t.Error("the request of the caller was changed")
	}
}

func TestNewRefusesTargetsThatMakeNoSense(t *testing.T) {
	if _, err := client.New("dns://%zz", client.WithTLS(nil), client.WithUserAgent("x")); err == nil {
		t.Error("no error")
	}
}
