package api

import (
	"cmp"
	"log/slog"
	"math"
	"time"

	grpcprom "github.com/grpc-ecosystem/go-grpc-middleware/providers/prometheus"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"
)

// What stands in for options that are not set.
const (
	DefaultMaxInFlight = 512
	DefaultDeadline    = 5 * time.Second
	// DefaultMaxMessage is 4 MiB: what gRPC clients take by default, so that whatever can be published can be read back
	// with GetPlan. It holds any ordinary batch and a plan of several thousand items; larger catalogues are written with
	// UpsertItems.
	DefaultMaxMessage = 4 << 20
)

// Limits of a connection. Every one of them is unlimited or far larger in grpc's defaults.
const (
	maxStreams        = 250
	streamWorkers     = 64 // their stacks stay grown from call to call; calls beyond grow one of their own
	maxHeaderBytes    = 16 << 10
	handshakeTimeout  = 5 * time.Second
	connectionIdle    = 15 * time.Minute
	connectionAge     = 30 * time.Minute // then GOAWAY: clients spread over replicas again
	connectionGrace   = 4 * time.Hour    // and this long for what still runs: watched visits last
	pingAfter         = time.Minute      // finds clients that left without a word
	pingTimeout       = 20 * time.Second
	minPingFromClient = 20 * time.Second // the client package pings every 30 seconds
)

// Options tune a server. The zero value is a working one, without log and metrics.
type Options struct {
	// Log gets one line per RPC; nil logs nothing.
	Log *slog.Logger
	// Registry gets the metrics; nil keeps them to itself.
	Registry prometheus.Registerer
	// TracerProvider, when set, gets a span per RPC.
	TracerProvider trace.TracerProvider
	// Health is the health service, so that its owner can say NOT_SERVING; nil is one that always serves.
	Health *health.Server
	// Stopping, when closed, ends all streams with UNAVAILABLE, so that GracefulStop need not wait for visits that are
	// watched for hours. nil is never.
	Stopping <-chan struct{}
	// MaxInFlight is how many unary calls run at once; more are refused with RESOURCE_EXHAUSTED. 0 is DefaultMaxInFlight.
	MaxInFlight int
	// Deadline is the longest a unary call may take, whatever the caller asks for. 0 is DefaultDeadline.
	Deadline time.Duration
	// MaxMessage is the size in bytes of the largest message that is taken. 0 is DefaultMaxMessage.
	MaxMessage int
}

// counters are the metrics beside those of every RPC.
type counters struct {
	panics, refused prometheus.Counter
}

// NewServer is a gRPC server that answers the contract with sv, with health and reflection; its owner calls Serve and
// Stop. It fails when the limits of the contract do not compile or when the registry refuses the metrics.
func NewServer(sv Services, o Options) (*grpc.Server, error) {
	v, err := newValidator()
	if err != nil {
		return nil, err
	}
	e := &edge{
		log: o.Log, validator: v, codec: newCodec(), stopping: o.Stopping,
		deadline: cmp.Or(o.Deadline, DefaultDeadline), maxInFlight: int64(cmp.Or(o.MaxInFlight, DefaultMaxInFlight)),
	}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	if err := e.measure(o.Registry); err != nil {
		return nil, err
	}
	s := grpc.NewServer(e.options(&o)...)
	register(s, sv, v, e.deadline)
	hs := o.Health
	if hs == nil {
		hs = health.NewServer()
	}
	healthv1.RegisterHealthServer(s, hs)
	reflection.Register(s)
	e.metrics.InitializeMetrics(s)
	return s, nil
}

// options are the limits and the chain of a server.
func (e *edge) options(o *Options) []grpc.ServerOption {
	unary, stream := e.chain()
	opts := []grpc.ServerOption{
		grpc.ChainUnaryInterceptor(unary...),
		grpc.ChainStreamInterceptor(stream...),
		grpc.ForceServerCodecV2(e.codec),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.MaxHeaderListSize(maxHeaderBytes),
		grpc.MaxRecvMsgSize(cmp.Or(o.MaxMessage, DefaultMaxMessage)),
		grpc.MaxSendMsgSize(math.MaxInt32),
		grpc.ConnectionTimeout(handshakeTimeout),
		grpc.NumStreamWorkers(streamWorkers),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: minPingFromClient, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{
			MaxConnectionIdle: connectionIdle, MaxConnectionAge: connectionAge, MaxConnectionAgeGrace: connectionGrace,
			Time: pingAfter, Timeout: pingTimeout,
		}),
	}
	if o.TracerProvider != nil {
		opts = append(opts, grpc.StatsHandler(otelgrpc.NewServerHandler(otelgrpc.WithTracerProvider(o.TracerProvider))))
	}
	return opts
}

// measure makes the metrics and registers them.
func (e *edge) measure(r prometheus.Registerer) error {
	e.metrics = grpcprom.NewServerMetrics(grpcprom.WithServerHandlingTimeHistogram(grpcprom.WithHistogramBuckets(
		[]float64{.0005, .001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5},
	)))
	e.counters = counters{
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "veiviser_rpc_panics_total", Help: "Calls that ended in a panic. Any is a defect.",
		}),
		refused: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "veiviser_rpc_refused_total", Help: "Calls refused because too many were in flight.",
		}),
	}
	if r == nil {
		return nil
	}
	inFlight := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "veiviser_rpc_in_flight", Help: "Unary calls being answered.",
	}, func() float64 { return float64(e.inFlight.Load()) })
	for _, c := range []prometheus.Collector{e.metrics, e.counters.panics, e.counters.refused, inFlight} {
		if err := r.Register(c); err != nil {
			return err
		}
	}
	return nil
}
