package web

import (
	"context"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// AdminOptions are what the admin handler shows.
type AdminOptions struct {
	// Gatherer is where /metrics come from.
	Gatherer prometheus.Gatherer
	// Ready says why the service can not answer now, or nil; nil is always ready. It is asked on every call of /readyz.
	Ready func(context.Context) error
}

// readyTimeout bounds one look at readiness.
const readyTimeout = 2 * time.Second

// Admin serves /metrics, /healthz (the process lives), /readyz (it can answer) and /debug/pprof. It is for the operator's
// own network: profiles tell what the process does.
func Admin(o AdminOptions) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(o.Gatherer, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if o.Ready == nil {
			plain(w, http.StatusOK, "ready")
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
		defer cancel()
		if err := o.Ready(ctx); err != nil {
			plain(w, http.StatusServiceUnavailable, "not ready: "+err.Error())
			return
		}
		plain(w, http.StatusOK, "ready")
	})
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}

func plain(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(code)
	_, _ = w.Write([]byte(text + "\n"))
}

// adminWriteTimeout leaves room for a profile of a minute.
const adminWriteTimeout = 2 * time.Minute

// AdminServer serves the admin handler: as [Server], but profiles may take their time.
func AdminServer(h http.Handler) *http.Server {
	s := Server(h)
	s.WriteTimeout = adminWriteTimeout
	return s
}
