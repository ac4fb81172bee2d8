package api

import (
	"context"

	"google.golang.org/grpc"

	"github.com/veiviser/veiviser/internal/decide"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// decisions is DecisionService.
type decisions struct {
	veiviserv1.UnimplementedDecisionServiceServer
	decider Decider
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
	return s.decider.Watch(ctx, watchFromProto(in), func(reply *decide.Reply) error {
		noteAnswer(ctx, &reply.Answer)
		return stream.Send(&veiviserv1.WatchRecommendationsResponse{Answer: answerToProto(&reply.Answer, reply.Voice)})
	})
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
