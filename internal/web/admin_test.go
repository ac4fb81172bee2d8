package web

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

func TestAdmin(t *testing.T) {
	reg := prometheus.NewRegistry()
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: "veiviser_test_total", Help: "x"})
	reg.MustRegister(c)
	var notReady error
	h := Admin(AdminOptions{Gatherer: reg, Ready: func(context.Context) error { return notReady }})
	get := func(path string) (int, string) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
		return w.Code, w.Body.String()
	}
	for path, want := range map[string]string{
		"/metrics": "veiviser_test_total 0", "/healthz": "ok\n", "/readyz": "ready\n", "/debug/pprof/": "goroutine", "/debug/pprof/heap?debug=1": "heap profile",
	} {
		if code, body := get(path); code != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %d %.80s", path, code, body)
		}
	}
	notReady = errors.New("no plan is published")
	if code, body := get("/readyz"); code != http.StatusServiceUnavailable || body != "not ready: no plan is published\n" {
		t.Errorf("%d %s", code, body)
	}
	if code, _ := get("/healthz"); code != http.StatusOK {
		t.Errorf("a process that is not ready lives: %d", code)
	}
	if s := AdminServer(h); s.WriteTimeout < s.ReadTimeout {
		t.Error("no time for a profile")
	}
}
