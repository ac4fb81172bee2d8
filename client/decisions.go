package client

import (
	"context"
	"errors"
	"io"
	"iter"
	"strings"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Recommend asks what to show on up to 16 placements. With [WithFallback] an answer comes even when the service is away:
// it is degraded, and events sent along were not recorded; hand those to a [Batcher], with the same ids.
//
// Errors: ErrInvalidField, ErrMalformedID, ErrUnknownEventType, ErrEventInFuture, ErrVisitorMismatch,
// ErrTooManyPlacements, ErrUnknownPlacement, ErrNoPlanPublished, ErrConcurrentChange.
func (c *Client) Recommend(ctx context.Context, req *veiviserv1.RecommendRequest) (*veiviserv1.RecommendResponse, error) {
	s := again
	for _, e := range req.GetEvents() {
		if e.GetEventId() == "" { // would count twice, were it not refused
			s = once
		}
	}
	out, err := call(ctx, c, s, req, c.decisions.Recommend)
	if err == nil || c.fallback == nil {
		return out, err
	}
	cause := toError(err)
	if !unanswered(cause) || errors.Is(ctx.Err(), context.Canceled) {
		return nil, err
	}
	local := c.fallback(context.WithoutCancel(ctx), req, cause)
	if local == nil {
		return nil, err
	}
	return complete(local, req, cause), nil
}

// unanswered reports whether the service failed, not the caller.
func unanswered(e *Error) bool {
	switch e.Code {
	case codes.Unavailable, codes.DeadlineExceeded, codes.ResourceExhausted, codes.Aborted, codes.Internal, codes.Unknown, codes.DataLoss:
		return true
	default:
		return e.Reason == veiviserv1.ErrorReason_ERROR_REASON_NO_PLAN_PUBLISHED
	}
}

// complete makes a local answer one that a caller can treat as the service's own.
func complete(local *veiviserv1.RecommendResponse, req *veiviserv1.RecommendRequest, cause *Error) *veiviserv1.RecommendResponse {
	byPlacement := make(map[string]*veiviserv1.PlacementDecision, len(local.GetDecisions()))
	for _, d := range local.GetDecisions() {
		byPlacement[d.GetPlacement()] = d
	}
	decisions := make([]*veiviserv1.PlacementDecision, len(req.GetPlacements()))
	for i, p := range req.GetPlacements() {
		d := byPlacement[p.GetPlacement()]
		if d == nil {
			d = &veiviserv1.PlacementDecision{Placement: p.GetPlacement()}
		}
		d.DecisionId = ""
		if len(d.GetItems()) == 0 && d.GetSilenceReason() == veiviserv1.SilenceReason_SILENCE_REASON_UNSPECIFIED {
			d.SilenceReason = veiviserv1.SilenceReason_SILENCE_REASON_UNAVAILABLE
		}
		decisions[i] = d
	}
	local.Decisions = decisions
	local.Degraded = true
	if local.GetDegradedReason() == "" {
		local.DegradedReason = cause.name()
	}
	return local
}

// ExplainDecision gives the whole why and why-not of a decision.
//
// Errors: ErrMalformedID, ErrUnknownDecision.
func (c *Client) ExplainDecision(ctx context.Context, req *veiviserv1.ExplainDecisionRequest) (*veiviserv1.ExplainDecisionResponse, error) {
	return call(ctx, c, again, req, c.decisions.ExplainDecision)
}

// ReplayDecisions makes logged answers again and compares every bit. It gives a report about once a second; the last one is
// done. It ends by break, after the last report, or with an [*Error] as its last element; it does not connect again. The
// client's timeout does not apply.
//
// Errors: ErrInvalidField, ErrStoreUnavailable.
func (c *Client) ReplayDecisions(ctx context.Context, req *veiviserv1.ReplayDecisionsRequest) iter.Seq2[*veiviserv1.ReplayDecisionsResponse, error] {
	return func(yield func(*veiviserv1.ReplayDecisionsResponse, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		stream, err := c.decisions.ReplayDecisions(ctx, req)
		for err == nil {
			var report *veiviserv1.ReplayDecisionsResponse
			if report, err = stream.Recv(); err != nil {
				break
			}
			if !yield(report, nil) || report.GetDone() {
				return
			}
		}
		if errors.Is(err, io.EOF) {
			err = status.Error(codes.Unavailable, "the service ended the replay")
		}
		yield(nil, wrap(err))
	}
}

// IsLocal reports whether answer was made by the client's fallback and not by the service: it is degraded and names no
// plan.
func IsLocal(answer *veiviserv1.RecommendResponse) bool {
	return answer.GetDegraded() && strings.TrimSpace(answer.GetPlanVersion()) == ""
}
