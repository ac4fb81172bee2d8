package api

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	grpcprom "github.com/grpc-ecosystem/go-grpc-middleware/providers/prometheus"
	middleware "github.com/grpc-ecosystem/go-grpc-middleware/v2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/veiviser/veiviser/internal/veiviser"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// edge holds what the interceptors of one server share.
type edge struct {
	log       *slog.Logger
	metrics   *grpcprom.ServerMetrics
	validator *validator
	codec     *boundedCodec
	deadline  time.Duration
	stopping  <-chan struct{}

	inFlight    atomic.Int64
	maxInFlight int64
	counters    counters
}

// call is what is known of one RPC while it runs, for its line in the log.
type call struct {
	id        string
	cause     error
	stack     []byte
	decisions []string
	answers   int
}

type callKey struct{}

// callOf is the call ctx belongs to; outside of one it is a call that nobody reads.
func callOf(ctx context.Context) *call {
	if c, ok := ctx.Value(callKey{}).(*call); ok {
		return c
	}
	return &call{}
}

func begin(ctx context.Context) context.Context {
	return context.WithValue(ctx, callKey{}, &call{id: fmt.Sprintf("%016x", rand.Uint64())})
}

// noteDecision remembers a decision for the log.
func noteDecision(ctx context.Context, id string) {
	if c := callOf(ctx); id != "" && len(c.decisions) < veiviser.MaxPlacements {
		c.decisions = append(c.decisions, id)
	}
}

// noteAnswer remembers the decisions of an answer for the log; of a watched visit, those of the first answer.
func noteAnswer(ctx context.Context, a *veiviser.Answer) {
	c := callOf(ctx)
	if c.answers++; c.answers > 1 {
		return
	}
	for i := range a.Decisions {
		noteDecision(ctx, a.Decisions[i].ID)
	}
}

// ours reports whether a method is of the contract, and not of grpc (health, reflection).
func ours(method string) bool { return !strings.HasPrefix(method, "/grpc.") }

func (e *edge) beginUnary(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	return next(begin(ctx), req)
}

func (e *edge) beginStream(srv any, s grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	ctx, cancel := context.WithCancelCause(begin(s.Context()))
	defer cancel(nil)
	done := make(chan struct{})
	defer close(done)
	go func() {
		select {
		case <-e.stopping:
			cancel(errStopping())
		case <-done:
		}
	}()
	wrapped := middleware.WrapServerStream(s)
	wrapped.WrappedContext = ctx
	return next(srv, wrapped)
}

func (e *edge) logUnary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	start := time.Now()
	out, err := next(ctx, req)
	e.access(ctx, info.FullMethod, err, time.Since(start))
	return out, err
}

func (e *edge) logStream(srv any, s grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	start := time.Now()
	err := next(srv, s)
	e.access(s.Context(), info.FullMethod, err, time.Since(start))
	return err
}

// access writes the one line of a call. It names decisions, never visitors; the cause of a failure is written here and
// nowhere else.
func (e *edge) access(ctx context.Context, method string, err error, took time.Duration) {
	level, c, at := slog.LevelInfo, callOf(ctx), status.Code(err)
	switch {
	case at == codes.Internal:
		level = slog.LevelError
	case !ours(method):
		level = slog.LevelDebug
	}
	if !e.log.Enabled(ctx, level) {
		return
	}
	attrs := make([]slog.Attr, 0, 8)
	attrs = append(attrs, slog.String("method", method), slog.String("code", at.String()),
		slog.Duration("duration", took), slog.String("request_id", c.id))
	if len(c.decisions) > 0 {
		attrs = append(attrs, slog.Any("decision_ids", c.decisions))
	}
	if c.cause != nil {
		attrs = append(attrs, slog.String("reason", string(foreseen(c.cause).Reason)))
		if at == codes.Internal || at == codes.Unavailable { // the rest is the caller's doing, and may name her
			attrs = append(attrs, slog.String("error", c.cause.Error()))
		}
	}
	if c.stack != nil {
		attrs = append(attrs, slog.String("stack", string(c.stack)))
	}
	e.log.LogAttrs(ctx, level, "rpc", attrs...)
}

func (e *edge) statusUnary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	out, err := next(ctx, req)
	if err == nil {
		return out, nil
	}
	return nil, e.leave(ctx, info.FullMethod, err)
}

func (e *edge) statusStream(srv any, s grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	if err := next(srv, s); err != nil {
		return e.leave(s.Context(), info.FullMethod, err)
	}
	return nil
}

// leave turns an error into the status that leaves, and keeps the error for the log. Errors of grpc's own services leave
// as they are.
func (e *edge) leave(ctx context.Context, method string, err error) error {
	c := callOf(ctx)
	c.cause = err
	if _, isStatus := status.FromError(err); isStatus && !ours(method) {
		return err
	}
	return toStatus(err, c.id).Err()
}

// recovered turns a panic into an error: counted, its stack in the log only.
func (e *edge) recovered(ctx context.Context, p any) error {
	e.counters.panics.Inc()
	callOf(ctx).stack = debug.Stack()
	return veiviser.Failed(veiviser.KindInternal, veiviser.ReasonInternal, fmt.Errorf("panic: %v", p), "internal error")
}

// admitUnary refuses what would have to wait: a queue in front of a full service only makes everybody late. It looks at
// the number of calls alone, so refusing costs next to nothing.
func (e *edge) admitUnary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if !ours(info.FullMethod) {
		return next(ctx, req)
	}
	defer e.inFlight.Add(-1)
	if e.inFlight.Add(1) > e.maxInFlight {
		e.counters.refused.Inc()
		return nil, errOverloaded()
	}
	return next(ctx, req)
}

// validate says what is wrong with a message that came in, or nil. RPCs that are not of this release are not looked at:
// they have nothing to say but that.
func (e *edge) validate(in any) error {
	m, ok := in.(proto.Message)
	if !ok || later(m) {
		return nil
	}
	if err := e.codec.undecodable(m); err != nil {
		return err
	}
	return e.validator.request(m)
}

func (e *edge) validateUnary(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if err := e.validate(req); err != nil {
		return nil, err
	}
	return next(ctx, req)
}

func (e *edge) validateStream(srv any, s grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	return next(srv, &checkedStream{ServerStream: s, validate: e.validate})
}

// patience is how long calls may take that value a plan on thousands of logged decisions.
const patience = 2 * time.Minute

// valuesPlans reports whether a call may value a plan.
func valuesPlans(method string) bool {
	return method == veiviserv1.InsightService_EvaluatePlan_FullMethodName || method == veiviserv1.PlanService_PublishPlan_FullMethodName
}

// deadlineUnary gives every call an end: the caller's or ours, whichever is sooner.
func (e *edge) deadlineUnary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	deadline := e.deadline
	if valuesPlans(info.FullMethod) {
		deadline = max(deadline, patience)
	}
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	return next(ctx, req)
}

// checkedStream is a ServerStream whose messages are checked as they come in.
type checkedStream struct {
	grpc.ServerStream
	validate func(any) error
}

// RecvMsg receives a message and checks it.
func (s *checkedStream) RecvMsg(m any) error {
	if err := s.ServerStream.RecvMsg(m); err != nil {
		return err
	}
	return s.validate(m)
}
