package app_test

import (
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// How soon answers say that they are made without the store, and how soon they no longer do. The first is the longest wait for
// two steps in the store, since an outage may begin between them, with what a busy machine needs beside it; the second is
// the time between two probes likewise.
const (
	degradedWithin  = 600 * time.Millisecond
	recoveredWithin = 2 * time.Second
)

// What happens to Redis under load: every call is answered, marked degraded soon after and not for longer than needed, and
// every event that is acknowledged, at once or when sent again, counts once.
func TestOpsRedisFaults(t *testing.T) {
	for name, c := range map[string]struct {
		down, up func(r *redisProcess)
		lost     bool // what was stored is gone
	}{
		"frozen": {
			down: func(r *redisProcess) { r.signal(syscall.SIGSTOP) },
			up:   func(r *redisProcess) { r.signal(syscall.SIGCONT) },
		},
		"killed": {down: (*redisProcess).kill, up: (*redisProcess).start},
		"killed and emptied": {
			down: func(r *redisProcess) { r.kill(); r.empty() }, up: (*redisProcess).start, lost: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := ownRedis(t, "--appendonly", "yes", "--appendfsync", "always")
			r.start()
			a := startServer(t, settings(r.url()))
			s := connect(t, a)
			l := begin(t, s, "ada")
			time.Sleep(300 * time.Millisecond)
			for round := range 2 {
				down := time.Since(l.began)
				c.down(r)
				time.Sleep(900 * time.Millisecond) // longer than the time between two probes
				if code, body := get(t, a, "/readyz"); code != 200 {
					t.Errorf("not ready while it can answer: %d %s", code, body)
				}
				if code, _ := get(t, a, "/healthz"); code != 200 {
					t.Error("not healthy because Redis is away")
				}
				still := time.Since(l.began)
				c.up(r)
				up := time.Since(l.began)
				eventually(t, recoveredWithin, "an answer in full", func() bool { return !l.last().degraded })
				time.Sleep(700 * time.Millisecond) // and it stays so, beyond another probe
				report(t, fmt.Sprintf("round %d", round), l, down, still, up)
			}
			sent := l.end(t, "ada")
			if n := s.counted(t, "ada"); n != sent && !c.lost {
				t.Errorf("%d events count of %d acknowledged", n, sent)
			}
			_, metrics := get(t, a, "/metrics")
			if v := sample(metrics, `veiviser_degraded_answers_total{reason="STORE_UNAVAILABLE"}`); v == "" || v == "0" {
				t.Errorf("degraded answers are not counted: %q", v)
			}
			if c.lost {
				published(t, s)
			}
		})
	}
}

// report checks the answers around an outage, which lasted from down until some time between still and up, and logs its
// figures.
func report(t *testing.T, what string, l *load, down, still, up time.Duration) {
	t.Helper()
	answers := l.since(down)
	first := slices.IndexFunc(answers, func(a asked) bool { return a.degraded })
	if first < 0 {
		t.Fatal("no answer was degraded")
	}
	entered := answers[first].at + answers[first].took - down
	var left, slowest time.Duration
	degraded := 0
	for _, a := range answers {
		slowest = max(slowest, a.took)
		if a.degraded {
			left = max(left, a.at+a.took-up)
			degraded++
		}
		if a.at > down+degradedWithin && a.at+a.took < still && !a.degraded {
			t.Errorf("answered %v after Redis went as if it were there", a.at-down)
		}
	}
	t.Logf("%s: %d answers, %d degraded; the first after %v, the last %v after Redis was back; the slowest took %v",
		what, len(answers), degraded, entered, left, slowest)
	if entered > degradedWithin || left > recoveredWithin || slowest > 2*degradedWithin {
		t.Errorf("%s: too slow", what)
	}
	if last := answers[len(answers)-1]; last.degraded {
		t.Error("still degraded")
	}
}

// published checks that the plan that answers is soon one the store knows.
func published(t *testing.T, s *services) {
	t.Helper()
	var out *veiviserv1.RecommendResponse
	var versions []*veiviserv1.PlanVersion
	known := func() bool {
		var err error
		if out, err = s.recommend(t.Context(), "eva"); err != nil {
			t.Fatal(err)
		}
		list, err := s.plans.ListPlanVersions(t.Context(), &veiviserv1.ListPlanVersionsRequest{})
		if err != nil {
			t.Fatal(err)
		}
		versions = list.GetVersions()
		return len(versions) == 1 && versions[0].GetVersion() == out.GetPlanVersion()
	}
	for begun := time.Now(); !known(); time.Sleep(50 * time.Millisecond) {
		if time.Since(begun) > 10*time.Second {
			t.Fatalf("answers name version %s of %v", out.GetPlanVersion(), versions)
		}
	}
	if _, err := s.decisions.ExplainDecision(t.Context(), &veiviserv1.ExplainDecisionRequest{DecisionId: out.GetDecisions()[0].GetDecisionId()}); err != nil {
		t.Errorf("explain: %v", err)
	}
}

// A server starts without its Redis: the plan it was given answers, and everything is made good when Redis comes.
func TestOpsStartWithoutRedis(t *testing.T) {
	for name, named := range map[string]string{"with a plan": "sykkel", "without a plan": ""} {
		t.Run(name, func(t *testing.T) {
			r := ownRedis(t)
			cfg := settings(r.url())
			cfg.Plan = named
			a := startServer(t, cfg)
			s := connect(t, a)
			out, err := s.recommend(t.Context(), "ada")
			ready, _ := get(t, a, "/readyz")
			switch named {
			case "": // it must not answer for whatever plan Redis holds
				if status.Code(err) != codes.FailedPrecondition || ready != 503 {
					t.Errorf("without any plan: %v, ready %d", err, ready)
				}
			default:
				if err != nil || !out.GetDegraded() || out.GetDegradedReason() != "STORE_UNAVAILABLE" || ready != 200 {
					t.Errorf("%v, %v, ready %d", out, err, ready)
				}
				if _, err := s.view(t.Context(), "ada", "1"); status.Code(err) != codes.Unavailable || retryAfter(err) <= 0 {
					t.Errorf("record: %v", err)
				}
			}
			if code, _ := get(t, a, "/healthz"); code != 200 {
				t.Error("not healthy because Redis is away")
			}
			r.start()
			took := eventually(t, 4*time.Second, "answered in full", func() bool {
				out, err := s.recommend(t.Context(), "ada")
				return err == nil && !out.GetDegraded() && out.GetPlanVersion() == "1"
			})
			t.Logf("answered in full %v after Redis was there", took)
			if res, err := s.view(t.Context(), "ada", "1"); err != nil || res.GetStatus() != veiviserv1.EventStatus_EVENT_STATUS_ACCEPTED {
				t.Errorf("record: %v, %v", res, err)
			}
			published(t, s)
		})
	}
}
