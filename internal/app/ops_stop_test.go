package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/veiviser/veiviser/internal/app"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// start starts a server that the test stops itself.
func start(t *testing.T, url string) *app.App {
	t.Helper()
	a, err := app.Start(t.Context(), settings(url), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Stopping under load: every call that was taken in is answered, what comes later is refused with UNAVAILABLE, watched
// visits end, nothing is left running, and it is over soon.
func TestOpsStopUnderLoad(t *testing.T) {
	for _, kind := range stores {
		t.Run(kind.name, func(t *testing.T) {
			url := kind.url(t)
			for round := range 3 {
				stopUnderLoad(t, url, round)
			}
		})
	}
}

func stopUnderLoad(t *testing.T, url string, round int) {
	t.Helper()
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	a := start(t, url)
	s := connect(t, a)
	defer func() { _ = s.conn.Close() }()
	var group sync.WaitGroup
	var calls atomic.Int64
	for i := range 6 {
		group.Go(func() { // until the first call that is refused
			for n := 0; ; n++ {
				var err error
				if visitor := fmt.Sprint("v", i); n%2 == 0 {
					_, err = s.recommend(context.WithoutCancel(t.Context()), visitor)
				} else {
					_, err = s.view(context.WithoutCancel(t.Context()), visitor, fmt.Sprint(n))
				}
				if err != nil {
					if status.Code(err) != codes.Unavailable {
						t.Errorf("call %d: %v", n, err)
					}
					return
				}
				calls.Add(1)
			}
		})
	}
	group.Go(func() { overHTTP(t, a, &calls) })
	stream, err := s.decisions.WatchRecommendations(t.Context(), &veiviserv1.WatchRecommendationsRequest{
		VisitorId: "v0", Placements: []string{"home_hero"},
	})
	if err != nil {
		t.Fatal(err)
	}
	group.Go(func() {
		for err == nil {
			_, err = stream.Recv()
		}
		if status.Code(err) != codes.Unavailable {
			t.Errorf("the watched visit ended with %v", err)
		}
	})
	time.Sleep(time.Duration(250+50*round) * time.Millisecond)
	began := time.Now()
	if err := a.Stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
	took := time.Since(began)
	group.Wait()
	t.Logf("%d calls answered, stopped in %v", calls.Load(), took)
	if took > 3*time.Second || calls.Load() < 10 {
		t.Errorf("%d calls answered, stopped in %v", calls.Load(), took)
	}
}

// overHTTP calls the gateway until it is refused.
func overHTTP(t *testing.T, a *app.App, calls *atomic.Int64) {
	transport := &http.Transport{DisableKeepAlives: true} // a connection that is closed before a request is nobody's fault
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	for {
		body := strings.NewReader(`{"visitorId":"web","placements":[{"placement":"home_hero"}]}`)
		req, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodPost, "http://"+a.HTTPAddr+"/v1/decisions:recommend", body)
		if err != nil {
			t.Error(err)
			return
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := client.Do(req)
		if err != nil {
			return
		}
		b, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		switch {
		case err != nil:
			t.Errorf("an answer was cut off: %v", err)
			return
		case resp.StatusCode == http.StatusServiceUnavailable:
			return
		case resp.StatusCode != http.StatusOK || !json.Valid(b):
			t.Errorf("HTTP %d: %s", resp.StatusCode, b)
			return
		}
		calls.Add(1)
	}
}

// Stopping while Redis is frozen is over within the shutdown timeout as well.
func TestOpsStopDuringAnOutage(t *testing.T) {
	r := ownRedis(t)
	r.start()
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	a := start(t, r.url())
	s := connect(t, a)
	defer func() { _ = s.conn.Close() }()
	if _, err := s.recommend(t.Context(), "ada"); err != nil {
		t.Fatal(err)
	}
	r.signal(syscall.SIGSTOP)
	began := time.Now()
	if err := a.Stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("stopped in %v", took)
	}
}

// A start that fails leaves nothing behind and says why.
func TestOpsStartFails(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	taken := start(t, "")
	defer func() {
		if err := taken.Stop(); err != nil {
			t.Error(err)
		}
	}()
	for what, change := range map[string]func(*string, *string){
		"the HTTP port is taken": func(http, _ *string) { *http = taken.HTTPAddr },
		"no such plan":           func(_, plan *string) { *plan = "nowhere" },
	} {
		cfg := settings("")
		change(&cfg.HTTPAddr, &cfg.Plan)
		if a, err := app.Start(t.Context(), cfg, slog.New(slog.DiscardHandler)); err == nil {
			_ = a.Stop()
			t.Errorf("%s, and it started", what)
		} else {
			t.Logf("%s: %v", what, err)
		}
	}
}

// What operators look at: health, readiness, metrics with the names that alerts are made of and no person in them.
func TestOpsEndpoints(t *testing.T) {
	a := startServer(t, settings(""))
	s := connect(t, a)
	const visitor = "canary-5b1f"
	if _, err := s.recommend(t.Context(), visitor); err != nil {
		t.Fatal(err)
	}
	if _, err := s.view(t.Context(), visitor, "canary-event"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.decisions.Recommend(t.Context(), &veiviserv1.RecommendRequest{}); status.Code(err) != codes.InvalidArgument {
		t.Errorf("%v", err)
	}
	health, err := healthv1.NewHealthClient(s.conn).Check(t.Context(), &healthv1.HealthCheckRequest{})
	if err != nil || health.GetStatus() != healthv1.HealthCheckResponse_SERVING {
		t.Errorf("health: %v, %v", health, err)
	}
	for path, want := range map[string]string{"/healthz": "ok\n", "/readyz": "ready\n"} {
		if code, body := get(t, a, path); code != http.StatusOK || body != want {
			t.Errorf("%s: %d %q", path, code, body)
		}
	}
	code, metrics := get(t, a, "/metrics")
	if code != http.StatusOK || strings.Contains(metrics, "canary") {
		t.Errorf("metrics: %d, a person is named: %v", code, strings.Contains(metrics, "canary"))
	}
	for name, want := range map[string]string{
		`grpc_server_handled_total{grpc_code="OK",grpc_method="Recommend",grpc_service="veiviser.v1.DecisionService",grpc_type="unary"}`:              "1",
		`grpc_server_handled_total{grpc_code="InvalidArgument",grpc_method="Recommend",grpc_service="veiviser.v1.DecisionService",grpc_type="unary"}`: "1",
		`veiviser_events_total{status="ACCEPTED"}`: "1",
		`veiviser_rpc_panics_total`:                "0",
		`veiviser_rpc_refused_total`:               "0",
		`veiviser_rpc_in_flight`:                   "0",
	} {
		if got := sample(metrics, name); got != want {
			t.Errorf("%s is %q, want %s", name, got, want)
		}
	}
	for _, name := range []string{
		"grpc_server_handling_seconds_bucket", "veiviser_decisions_total{outcome=", "go_goroutines ", "process_resident_memory_bytes ",
	} {
		if !strings.Contains(metrics, "\n"+name) {
			t.Errorf("there is no %s", name)
		}
	}
	if n := strings.Count(metrics, "\n"); n > 3000 {
		t.Errorf("%d lines of metrics", n)
	}
}

// Run says where it listens when it is ready, and stops with its context.
func TestOpsRun(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	ctx, cancel := context.WithCancel(t.Context())
	out := &shared{}
	cfg := settings("")
	cfg.LogFormat = "json"
	done := make(chan error, 1)
	go func() { done <- app.Run(ctx, cfg, out) }()
	eventually(t, 5*time.Second, "it says that it is ready", func() bool { return strings.Contains(out.String(), `"msg":"ready"`) })
	cancel()
	if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	for line := range strings.Lines(out.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("not JSON: %s", line)
		}
	}
}

// shared is a buffer that may be written to and read at once.
type shared struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
