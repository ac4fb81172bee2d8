package api

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"

	"github.com/veiviser/veiviser/internal/decide"
	"github.com/veiviser/veiviser/internal/veiviser"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// send calls a method with bytes instead of a message and returns how it failed.
func (s *served) send(t *testing.T, method string, b []byte) error {
	t.Helper()
	cs, err := s.NewStream(t.Context(), &grpc.StreamDesc{ServerStreams: true}, method, grpc.ForceCodecV2(raw{}), grpc.MaxCallSendMsgSize(8<<20))
	if err != nil {
		t.Fatal(err)
	}
	_ = cs.SendMsg(b) // the server may have refused it while it was sent: RecvMsg says so
	_ = cs.CloseSend()
	return cs.RecvMsg(&veiviserv1.RecommendResponse{})
}

// silent is a reply with one decision that stays silent.
func silent(id string) *decide.Reply {
	return &decide.Reply{Answer: veiviser.Answer{PlanVersion: 7, Decisions: []veiviser.Decision{{
		ID: id, Placement: "banner", Need: -1, Silence: veiviser.SilenceNotUseful, SilencePropensity: 1,
	}}}}
}

// One line per call: method, code, duration, decisions; and nothing about the visitor.
func TestAccessLog(t *testing.T) {
	s := serve(t, Options{})
	s.fake.recommend = func(_ context.Context, r veiviser.Request) (*decide.Reply, error) {
		if r.Preview {
			return nil, veiviser.NotFound(veiviser.ReasonUnknownVisitor, "visitor_id", "nothing about %s", r.VisitorID)
		}
		return silent("d1.0"), nil
	}
	req := recommend(nil)
	if _, err := s.decisions().Recommend(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	req.Preview = true
	if _, err := s.decisions().Recommend(t.Context(), req); err == nil {
		t.Fatal("want an error")
	}
	lines := strings.Split(strings.TrimSpace(s.log.String()), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines:\n%s", len(lines), s.log)
	}
	for i, want := range [][]string{
		{`"method":"/veiviser.v1.DecisionService/Recommend"`, `"code":"OK"`, `"duration":`, `"decision_ids":["d1.0"]`, `"request_id":"`},
		{`"code":"NotFound"`, `"reason":"UNKNOWN_VISITOR"`},
	} {
		for _, w := range want {
			if !strings.Contains(lines[i], w) {
				t.Errorf("line %d lacks %s: %s", i, w, lines[i])
			}
		}
	}
	if strings.Contains(s.log.String(), req.GetVisitorId()) {
		t.Errorf("the log names the visitor: %s", s.log)
	}
}

func TestPanicsAndUnforeseenErrors(t *testing.T) {
	reg := prometheus.NewRegistry()
	s := serve(t, Options{Registry: reg, TracerProvider: noop.NewTracerProvider()})
	s.fake.erase = func(context.Context, string) (bool, error) { panic("redis at 10.0.0.7") }
	s.fake.link = func(context.Context, string, []string) error { return errors.New("redis at 10.0.0.7") }
	s.fake.watch = func(context.Context, veiviser.Request, func(*decide.Reply) error) error { panic("redis at 10.0.0.7") }
	_, errErase := s.visits().EraseVisitor(t.Context(), &veiviserv1.EraseVisitorRequest{VisitorId: "v"})
	_, errLink := s.visits().LinkVisitors(t.Context(), &veiviserv1.LinkVisitorsRequest{VisitorId: "v", LinkedVisitorIds: []string{"w"}})
	watch, err := s.decisions().WatchRecommendations(t.Context(), &veiviserv1.WatchRecommendationsRequest{VisitorId: "v", Placements: []string{"banner"}})
	if err != nil {
		t.Fatal(err)
	}
	_, errWatch := watch.Recv()
	for _, err := range []error{errErase, errLink, errWatch} {
		if got := read(t, err); got.Code != codes.Internal || got.Reason != "INTERNAL" || strings.Contains(err.Error(), "10.0.0.7") {
			t.Errorf("%v", err)
		}
	}
	log := s.log.String()
	if strings.Count(log, "redis at 10.0.0.7") != 3 || strings.Count(log, `"stack":`) != 2 {
		t.Errorf("the log must hold the cause of each, and the stack of panics:\n%s", log)
	}
	if got := metric(t, reg, "veiviser_rpc_panics_total"); got != 2 {
		t.Errorf("%v panics counted, want 2", got)
	}
	if got := metric(t, reg, "grpc_server_handled_total"); got != 3 {
		t.Errorf("%v calls counted, want 3", got)
	}
}

// metric is the sum of a counter over all labels.
func metric(t *testing.T, g prometheus.Gatherer, name string) (sum float64) {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return sum
}

// A full service refuses at once, says when to come back, and keeps answering health checks.
func TestOverload(t *testing.T) {
	reg := prometheus.NewRegistry()
	s := serve(t, Options{MaxInFlight: 2, Registry: reg})
	busy, release := make(chan struct{}, 2), make(chan struct{})
	s.fake.recommend = func(context.Context, veiviser.Request) (*decide.Reply, error) {
		busy <- struct{}{}
		<-release
		return silent(""), nil
	}
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			if _, err := s.decisions().Recommend(t.Context(), typicalRequest()); err != nil {
				t.Error(err)
			}
		})
		<-busy
	}
	_, err := s.decisions().Recommend(t.Context(), typicalRequest())
	if diff := cmp.Diff(gone{Code: codes.ResourceExhausted, Reason: "OVERLOADED", Retry: time.Second}, read(t, err)); diff != "" {
		t.Error(diff)
	}
	if _, err := healthv1.NewHealthClient(s.ClientConn).Check(t.Context(), &healthv1.HealthCheckRequest{}); err != nil {
		t.Errorf("health: %v", err)
	}
	if got := metric(t, reg, "veiviser_rpc_in_flight"); got != 2 {
		t.Errorf("%v in flight, want 2", got)
	}
	close(release)
	wg.Wait()
	if _, err := s.decisions().Recommend(t.Context(), typicalRequest()); err != nil {
		t.Errorf("after the rush: %v", err)
	}
}

// Calls have an end, the caller's or ours, whichever is sooner.
func TestDeadline(t *testing.T) {
	s := serve(t, Options{Deadline: 50 * time.Millisecond})
	var left time.Duration
	s.fake.erase = func(ctx context.Context, id string) (bool, error) {
		d, _ := ctx.Deadline()
		if left = time.Until(d); id == "wait" {
			<-ctx.Done()
		}
		return true, ctx.Err()
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	if _, err := s.visits().EraseVisitor(ctx, &veiviserv1.EraseVisitorRequest{VisitorId: "v"}); err != nil || left > 50*time.Millisecond {
		t.Errorf("%v left of an hour, %v", left, err)
	}
	_, err := s.visits().EraseVisitor(ctx, &veiviserv1.EraseVisitorRequest{VisitorId: "wait"})
	if got := read(t, err); got.Code != codes.DeadlineExceeded || got.Reason != "DEADLINE_EXCEEDED" {
		t.Error(err)
	}
}

// What is not of this release says so, whatever the request holds.
func TestNotImplemented(t *testing.T) {
	s := serve(t, Options{})
	ctx := t.Context()
	c, p, i := s.catalog(), s.plans(), s.insights()
	calls := map[string]func() error{
		"ImportItems": func() error {
			st, err := c.ImportItems(ctx)
			if err != nil {
				return err
			}
			_, err = st.CloseAndRecv()
			return err
		},
		"SimulatePlan": func() error {
			st, err := p.SimulatePlan(ctx, &veiviserv1.SimulatePlanRequest{Visitors: -1})
			if err != nil {
				return err
			}
			_, err = st.Recv()
			return err
		},
		"GetFunnel":    func() error { _, err := i.GetFunnel(ctx, &veiviserv1.GetFunnelRequest{}); return err },
		"GetReadiness": func() error { _, err := i.GetReadiness(ctx, &veiviserv1.GetReadinessRequest{}); return err },
		"ListInsights": func() error { _, err := i.ListInsights(ctx, &veiviserv1.ListInsightsRequest{}); return err },
	}
	for name, call := range calls {
		if got := read(t, call()); got.Code != codes.Unimplemented || got.Reason != "NOT_IMPLEMENTED" {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestReflection(t *testing.T) {
	s := serve(t, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	st, err := reflectionv1.NewServerReflectionClient(s.ClientConn).ServerReflectionInfo(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Send(&reflectionv1.ServerReflectionRequest{MessageRequest: &reflectionv1.ServerReflectionRequest_ListServices{}}); err != nil {
		t.Fatal(err)
	}
	out, err := st.Recv()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, x := range out.GetListServicesResponse().GetService() {
		if strings.HasPrefix(x.GetName(), "veiviser") {
			names = append(names, x.GetName())
		}
	}
	if len(names) != 5 {
		t.Errorf("services %v, want all five", names)
	}
}

// Everything a caller may do wrong over the wire comes back as its own reason.
func TestRequestsAreValidated(t *testing.T) {
	s := serve(t, Options{})
	req := recommend(func(r *veiviserv1.RecommendRequest) { r.Events[0].VisitorId = "somebody else" })
	_, err := s.decisions().Recommend(t.Context(), req)
	if diff := cmp.Diff(gone{Code: codes.InvalidArgument, Reason: "VISITOR_MISMATCH", Field: "events[0].visitor_id"}, read(t, err)); diff != "" {
		t.Error(diff)
	}
	_, err = s.decisions().Recommend(t.Context(), &veiviserv1.RecommendRequest{VisitorId: "v"})
	if diff := cmp.Diff(gone{Code: codes.InvalidArgument, Reason: "INVALID_FIELD", Field: "placements"}, read(t, err)); diff != "" {
		t.Error(diff)
	}
	watch, err := s.decisions().WatchRecommendations(t.Context(), &veiviserv1.WatchRecommendationsRequest{Placements: []string{"banner"}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = watch.Recv()
	if diff := cmp.Diff(gone{Code: codes.InvalidArgument, Reason: "MALFORMED_ID", Field: "visitor_id"}, read(t, err)); diff != "" {
		t.Error(diff)
	}
}
