package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/test/bufconn"

	"github.com/veiviser/veiviser/internal/config"
	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/rank"
	"github.com/veiviser/veiviser/internal/relation"
	"github.com/veiviser/veiviser/internal/store"
	"github.com/veiviser/veiviser/internal/telemetry"
)

// Run starts a server, logs that it is ready, and returns when ctx ends and everything is stopped, or when a listener
// fails.
func Run(ctx context.Context, cfg config.Config, w io.Writer) error {
	collectSeldom()
	log := telemetry.Logger(w, cfg.LogFormat, cfg.LogLevel)
	store.SetDriverLog(log) // the driver has one log for the whole process; Run is what owns a process
	a, err := Start(ctx, cfg, log)
	if err != nil {
		return err
	}
	if snap := a.library.Active(); snap != nil {
		log.Info("ready", "grpc", a.GRPCAddr, "http", "http://"+a.HTTPAddr, "admin", "http://"+a.AdminAddr,
			"store", storeName(a.store), "plan", snap.Plan.Name, "plan_version", snap.Version, "items", snap.Catalog.Len())
	} else {
		log.Warn("waiting for the store, which knows the plan", "grpc", a.GRPCAddr, "http", "http://"+a.HTTPAddr,
			"admin", "http://"+a.AdminAddr)
	}
	var failed error
	select {
	case <-ctx.Done():
	case failed = <-a.failed:
	}
	log.Info("stopping")
	return errors.Join(failed, a.Stop())
}

func storeName(s *store.Store) string {
	if s.Embedded() {
		return "embedded, for trying out: nothing survives a restart"
	}
	return "redis"
}

// App is a running server.
type App struct {
	// GRPCAddr, HTTPAddr and AdminAddr are where it listens.
	GRPCAddr, HTTPAddr, AdminAddr string

	cfg      config.Config
	log      *slog.Logger
	store    *store.Store
	library  *plan.Library
	learner  *learn.Learner
	tracer   *sdktrace.TracerProvider
	health   *health.Server
	grpc     *grpc.Server
	gateway  *http.Server
	admin    *http.Server
	inner    *bufconn.Listener
	conn     *grpc.ClientConn
	failed   chan error
	stopping chan struct{}
	// background work ends when cancel is called.
	cancel context.CancelFunc
	work   sync.WaitGroup
}

// Start makes and starts a server. ctx bounds the start alone. The caller must Stop it.
func Start(ctx context.Context, cfg config.Config, log *slog.Logger) (*App, error) {
	a := &App{cfg: cfg, log: log, failed: make(chan error, 8), stopping: make(chan struct{}), health: health.NewServer()}
	background, cancel := context.WithCancel(context.WithoutCancel(ctx))
	a.cancel = cancel
	if err := a.start(ctx, background); err != nil {
		return nil, errors.Join(err, a.Stop())
	}
	return a, nil
}

func (a *App) start(ctx, background context.Context) (err error) {
	registry := telemetry.Registry()
	if a.tracer, err = telemetry.Tracer(ctx, a.cfg.OTLPEndpoint, a.cfg.TraceRatio); err != nil {
		return fmt.Errorf("tracing: %w", err)
	}
	if err = a.openStore(ctx); err != nil {
		return err
	}
	a.library = plan.NewLibrary(a.store, a.log)
	published, err := a.publish(ctx)
	if err != nil {
		return err
	}
	a.learner = learn.NewLearner(a.store, a.library, uuid.NewString(), a.log)
	a.library.Learn(a.learned)
	if err = a.serveGRPC(ctx, registry); err != nil {
		return err
	}
	if err = a.serveHTTP(background, registry); err != nil {
		return err
	}
	a.work.Go(func() { _ = a.library.Run(background) })
	a.work.Go(func() { a.learner.Run(background) })
	a.work.Go(func() { a.keepPublished(background, published) })
	return nil
}

// learned is what was learned of usefulness, unless the operator wants decisions by the plan alone.
func (a *App) learned() *rank.Learned {
	if a.cfg.PlanOnly {
		return nil
	}
	return a.learner.Response()
}

// customers is what was observed of first-time customers, unless the operator wants decisions by the plan alone.
func (a *App) customers() relation.Book {
	if a.cfg.PlanOnly {
		return nil
	}
	return a.learner.Customers()
}

// openStore connects to Redis or starts the embedded server.
func (a *App) openStore(ctx context.Context) (err error) {
	a.store, err = store.Open(ctx, store.Options{
		URL: a.cfg.RedisURL, Tenant: a.cfg.Tenant, Partitions: a.cfg.Partitions, Logger: a.log, Merge: a.merge, Patient: true,
		CallTimeout: a.cfg.StoreTimeout,
	})
	return err
}

// Stop ends everything in order: health says "not serving", streams end, calls under way finish within the shutdown
// timeout, background work ends, the store closes. It may be called once.
func (a *App) Stop() error {
	deadline := time.Now().Add(a.cfg.ShutdownTimeout)
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	a.health.Shutdown()
	close(a.stopping)
	var errs []error
	if a.gateway != nil {
		errs = append(errs, a.gateway.Shutdown(ctx))
	}
	if a.grpc != nil {
		stopGRPC(ctx, a.grpc)
	}
	if a.admin != nil {
		errs = append(errs, a.admin.Shutdown(ctx))
	}
	a.cancel()
	a.work.Wait()
	if a.conn != nil {
		errs = append(errs, a.conn.Close())
	}
	if a.tracer != nil {
		errs = append(errs, a.tracer.Shutdown(ctx))
	}
	if a.store != nil {
		errs = append(errs, a.store.Close())
	}
	return errors.Join(errs...)
}

// stopGRPC lets calls finish until ctx ends, then cuts them off.
func stopGRPC(ctx context.Context, s *grpc.Server) {
	done := make(chan struct{})
	go func() { s.GracefulStop(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
		s.Stop()
		<-done
	}
}

// fail reports that a part stopped that should not have.
func (a *App) fail(part string, err error) {
	if err == nil || errors.Is(err, http.ErrServerClosed) || errors.Is(err, grpc.ErrServerStopped) || errors.Is(err, net.ErrClosed) {
		return
	}
	select {
	case a.failed <- fmt.Errorf("%s: %w", part, err):
	default:
	}
}
