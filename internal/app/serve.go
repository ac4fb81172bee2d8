package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/net/netutil"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/veiviser/veiviser/internal/api"
	"github.com/veiviser/veiviser/internal/decide"
	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/review"
	"github.com/veiviser/veiviser/internal/web"
)

// innerBuffer is the buffer of the in-memory connection between the gateway and the services.
const innerBuffer = 1 << 20

// serveGRPC makes the services and listens, on the network and in memory for the gateway.
func (a *App) serveGRPC(ctx context.Context, registry *prometheus.Registry) error {
	counts := newCounters(registry)
	countAlerts(registry, a.learner.Shown)
	plain := decide.New(a.store, a.library, decide.Options{Log: a.log, Learned: a.learned, Customers: a.customers})
	decider := countedDecider{plain, counts}
	wishes := learn.NewRecorder(meeting{a.store, plain.Met}, a.library, nil, a.log)
	recorder := countedRecorder{wishes, counts}
	options := api.Options{
		Log: a.log, Registry: registry, Health: a.health, Stopping: a.stopping,
		MaxInFlight: a.cfg.MaxInFlight, Deadline: a.cfg.RequestTimeout,
	}
	if a.tracer != nil {
		options.TracerProvider = trace.TracerProvider(a.tracer)
	}
	var err error
	a.grpc, err = api.NewServer(api.Services{
		Decider: decider, Accounts: plain, Recorder: recorder, Wishes: wishes, Plans: a.library, Switches: a.library,
		Catalog: a.library, Profiles: a.learner, Learning: a.learner,
		Reviewer: review.New(a.store, a.library, a.learner.Response),
	}, options)
	if err != nil {
		return fmt.Errorf("gRPC: %w", err)
	}
	outer, err := a.listen(ctx, "gRPC", a.cfg.GRPCAddr)
	if err != nil {
		return err
	}
	a.GRPCAddr = outer.Addr().String()
	a.inner = bufconn.Listen(innerBuffer)
	for _, l := range []net.Listener{outer, a.inner} {
		a.work.Go(func() { a.fail("gRPC", a.grpc.Serve(l)) })
	}
	a.conn, err = grpc.NewClient("passthrough:///inner", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return a.inner.DialContext(ctx) }))
	return err
}

// serveHTTP listens for the gateway and for the admin endpoints.
func (a *App) serveHTTP(ctx context.Context, registry *prometheus.Registry) error {
	handler, err := web.Handler(ctx, web.Options{Conn: a.conn, Origins: a.cfg.CORSOrigins, Timeout: a.cfg.RequestTimeout})
	if err != nil {
		return fmt.Errorf("HTTP: %w", err)
	}
	a.gateway = web.Server(handler)
	if a.HTTPAddr, err = a.serve(ctx, "HTTP", a.cfg.HTTPAddr, a.gateway); err != nil {
		return err
	}
	a.admin = web.AdminServer(web.Admin(web.AdminOptions{Gatherer: registry, Ready: a.ready}))
	a.AdminAddr, err = a.serve(ctx, "admin", a.cfg.AdminAddr, a.admin)
	return err
}

// serve listens and serves in the background; it returns the address it got.
func (a *App) serve(ctx context.Context, part, addr string, s *http.Server) (string, error) {
	l, err := a.listen(ctx, part, addr)
	if err != nil {
		return "", err
	}
	a.work.Go(func() { a.fail(part, s.Serve(l)) })
	return l.Addr().String(), nil
}

// listen opens a listener that holds at most so many connections at once; further ones wait to be accepted.
func (a *App) listen(ctx context.Context, part, addr string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", part, err)
	}
	return netutil.LimitListener(l, a.cfg.MaxConnections), nil
}

// ready says why this server can not answer, or nil. It says nothing of the store: without it answers are degraded, and
// taking every replica out of service would make that worse.
func (a *App) ready(context.Context) error {
	select {
	case <-a.stopping:
		return errors.New("stopping")
	default:
	}
	if a.library.Active() == nil {
		return learn.ErrNoPlan()
	}
	return nil
}
