package api

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"

	"github.com/veiviser/veiviser/internal/decide"
	"github.com/veiviser/veiviser/internal/review"
	"github.com/veiviser/veiviser/internal/veiviser"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// decisions is DecisionService.
type decisions struct {
	veiviserv1.UnimplementedDecisionServiceServer
	decider  Decider
	reviewer Reviewer
}

// Recommend decides what to show on every placement asked for.
func (s *decisions) Recommend(ctx context.Context, in *veiviserv1.RecommendRequest) (*veiviserv1.RecommendResponse, error) {
	req, err := requestFromProto(in)
	if err != nil {
		return nil, err
	}
	reply, err := s.decider.Recommend(ctx, req)
	if err != nil {
		return nil, err
	}
	noteAnswer(ctx, &reply.Answer)
	return answerToProto(&reply.Answer, reply.Voice), nil
}

// WatchRecommendations sends an answer whenever it changes, until the caller leaves or the service stops.
func (s *decisions) WatchRecommendations(in *veiviserv1.WatchRecommendationsRequest,
	stream grpc.ServerStreamingServer[veiviserv1.WatchRecommendationsResponse],
) error {
	ctx := stream.Context()
	return ofWatch(s.decider.Watch(ctx, watchFromProto(in), func(reply *decide.Reply) error {
		noteAnswer(ctx, &reply.Answer)
		return stream.Send(&veiviserv1.WatchRecommendationsResponse{Answer: answerToProto(&reply.Answer, reply.Voice)})
	}))
}

// ofWatch names the fields of an error as a watched request has them, whose placements are nothing but ids.
func ofWatch(err error) error {
	e, ok := errors.AsType[*veiviser.Error](err)
	if !ok || len(e.Violations) == 0 {
		return err
	}
	named := *e
	named.Violations = slices.Clone(e.Violations)
	for i := range named.Violations {
		v := &named.Violations[i]
		if id, ok := strings.CutSuffix(v.Field, "].placement"); ok {
			v.Field = id + "]"
		}
	}
	return &named
}

// ExplainDecision gives the whole why of a decision that was answered.
func (s *decisions) ExplainDecision(ctx context.Context, in *veiviserv1.ExplainDecisionRequest) (*veiviserv1.ExplainDecisionResponse, error) {
	reply, i, err := s.decider.Explain(ctx, in.GetDecisionId(), in.GetLanguage())
	if err != nil {
		return nil, err
	}
	noteDecision(ctx, reply.Answer.Decisions[i].ID)
	return &veiviserv1.ExplainDecisionResponse{Explanation: explanationToProto(&reply.Answer, i, reply.Voice)}, nil
}

// reportEvery is how long progress is not reported again; the first report and the last are sent at once.
const reportEvery = time.Second

// ReplayDecisions makes logged answers again and reports how it goes, until it is done, the caller leaves or the service stops.
func (s *decisions) ReplayDecisions(in *veiviserv1.ReplayDecisionsRequest, stream grpc.ServerStreamingServer[veiviserv1.ReplayDecisionsResponse]) error {
	var last time.Time
	return s.reviewer.Replay(stream.Context(), in.GetLimit(), func(p review.Progress) error {
		if !p.Done && time.Since(last) < reportEvery {
			return nil
		}
		last = time.Now()
		return stream.Send(replayToProto(&p))
	})
}
