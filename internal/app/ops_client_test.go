package app_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/veiviser/veiviser/internal/app"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// services are the clients of one server.
type services struct {
	conn      *grpc.ClientConn
	decisions veiviserv1.DecisionServiceClient
	visits    veiviserv1.VisitServiceClient
	plans     veiviserv1.PlanServiceClient
}

func connect(t *testing.T, a *app.App) *services {
	t.Helper()
	conn, err := grpc.NewClient(a.GRPCAddr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &services{
		conn: conn, decisions: veiviserv1.NewDecisionServiceClient(conn), visits: veiviserv1.NewVisitServiceClient(conn),
		plans: veiviserv1.NewPlanServiceClient(conn),
	}
}

// recommend asks for somebody who looks at e-bikes, with a second to answer in.
func (s *services) recommend(ctx context.Context, visitor string) (*veiviserv1.RecommendResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return s.decisions.Recommend(ctx, &veiviserv1.RecommendRequest{
		VisitorId: visitor, Context: &veiviserv1.VisitContext{Subject: "bike/ebike"},
		Placements: []*veiviserv1.PlacementRequest{{Placement: "home_hero"}, {Placement: "product_side"}},
	})
}

// view records a view and gives its result.
func (s *services) view(ctx context.Context, visitor, id string) (*veiviserv1.EventResult, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	out, err := s.visits.RecordEvents(ctx, &veiviserv1.RecordEventsRequest{Events: []*veiviserv1.Event{{
		EventId: id, VisitorId: visitor, Type: "view", Subject: "bike/ebike", ItemId: "fjord-city",
	}}})
	if err != nil {
		return nil, err
	}
	return out.GetResults()[0], nil
}

// counted is how many events of somebody count.
func (s *services) counted(t *testing.T, visitor string) int {
	t.Helper()
	out, err := s.visits.GetVisitor(t.Context(), &veiviserv1.GetVisitorRequest{VisitorId: visitor})
	if err != nil {
		t.Fatal(err)
	}
	return int(out.GetVisitor().GetEvents())
}

// get reads an admin page.
func get(t *testing.T, a *app.App, path string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+a.AdminAddr+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// eventually waits until something holds, and fails when it does not in time.
func eventually(t *testing.T, limit time.Duration, what string, holds func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	for !holds() {
		if time.Since(began) > limit {
			t.Fatalf("not within %v: %s", limit, what)
		}
		time.Sleep(5 * time.Millisecond)
	}
	return time.Since(began)
}

// asked is one answer of a load.
type asked struct {
	at, took time.Duration // since the load began
	degraded bool
}

// load asks without pause how somebody is to be answered, and sends her an event now and then, until it is ended.
type load struct {
	s     *services
	began time.Time
	stop  context.CancelFunc
	group sync.WaitGroup

	mu       sync.Mutex
	answers  []asked
	failures []error
	sent     int      // event ids e0 … were sent
	open     []string // those that were not acknowledged
	wrong    []string // ways to be refused that are not as they should be
}

func begin(t *testing.T, s *services, visitor string) *load {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	l := &load{s: s, began: time.Now(), stop: stop}
	for range 2 {
		l.group.Go(func() {
			for ctx.Err() == nil {
				l.ask(ctx, visitor)
				time.Sleep(5 * time.Millisecond)
			}
		})
	}
	l.group.Go(func() {
		for ctx.Err() == nil {
			l.send(ctx, visitor)
			time.Sleep(10 * time.Millisecond)
		}
	})
	t.Cleanup(func() { stop(); l.group.Wait() })
	return l
}

func (l *load) ask(ctx context.Context, visitor string) {
	at := time.Since(l.began)
	out, err := l.s.recommend(ctx, visitor)
	took := time.Since(l.began) - at
	if ctx.Err() != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.failures = append(l.failures, err)
		return
	}
	l.answers = append(l.answers, asked{at, took, out.GetDegraded()})
	for _, d := range out.GetDecisions() {
		if (d.GetDecisionId() == "") != out.GetDegraded() {
			l.wrong = append(l.wrong, fmt.Sprintf("degraded %v with decision id %q", out.GetDegraded(), d.GetDecisionId()))
		}
	}
}

func (l *load) send(ctx context.Context, visitor string) {
	l.mu.Lock()
	id := fmt.Sprint("e", l.sent)
	l.sent++
	l.mu.Unlock()
	res, err := l.s.view(ctx, visitor, id)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err == nil && res.GetStatus() == veiviserv1.EventStatus_EVENT_STATUS_ACCEPTED:
		return
	case ctx.Err() != nil:
	case err != nil:
		if status.Code(err) != codes.Unavailable || retryAfter(err) <= 0 {
			l.wrong = append(l.wrong, fmt.Sprintf("RecordEvents: %v, retry after %v", err, retryAfter(err)))
		}
	case res.GetStatus() != veiviserv1.EventStatus_EVENT_STATUS_REJECTED || !strings.Contains(res.String(), "STORE_UNAVAILABLE"):
		l.wrong = append(l.wrong, "RecordEvents: "+res.String())
	}
	l.open = append(l.open, id)
}

// retryAfter is what an error says about when to try again.
func retryAfter(err error) time.Duration {
	for _, d := range status.Convert(err).Details() {
		if r, ok := d.(*errdetails.RetryInfo); ok {
			return r.GetRetryDelay().AsDuration()
		}
	}
	return 0
}

// since gives the answers asked for after a moment.
func (l *load) since(at time.Duration) []asked {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.IndexFunc(l.answers, func(a asked) bool { return a.at >= at })
	if i < 0 {
		return nil
	}
	out := slices.Clone(l.answers[i:])
	slices.SortFunc(out, func(a, b asked) int { return int(a.at - b.at) })
	return out
}

// last is the answer that came last.
func (l *load) last() asked {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.answers[len(l.answers)-1]
}

// end stops the load, sends what was not acknowledged until it is, and gives how many events were sent.
func (l *load) end(t *testing.T, visitor string) int {
	t.Helper()
	l.stop()
	l.group.Wait()
	for _, id := range l.open {
		eventually(t, 5*time.Second, "event "+id+" is accepted after all", func() bool {
			res, err := l.s.view(t.Context(), visitor, id)
			return err == nil && res.GetStatus() != veiviserv1.EventStatus_EVENT_STATUS_REJECTED
		})
	}
	if len(l.failures) > 0 {
		t.Errorf("%d of %d answers failed: %v", len(l.failures), len(l.failures)+len(l.answers), l.failures[0])
	}
	if len(l.wrong) > 0 {
		t.Errorf("%d were not as they should be: %s", len(l.wrong), l.wrong[0])
	}
	return l.sent
}

// sample is the value of a metric with its labels, "" when there is none.
func sample(metrics, name string) string {
	for line := range strings.Lines(metrics) {
		if v, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(v)
		}
	}
	return ""
}
