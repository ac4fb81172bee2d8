package api

import (
	"context"
	"fmt"

	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/planpb"
	"github.com/veiviser/veiviser/internal/review"
	"github.com/veiviser/veiviser/internal/veiviser"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// GetLift compares served visitors with the control group.
func (s *insights) GetLift(ctx context.Context, in *veiviserv1.GetLiftRequest) (*veiviserv1.GetLiftResponse, error) {
	shown, err := s.shown()
	if err != nil {
		return nil, err
	}
	v, err := s.plans.Version(ctx, 0)
	if err != nil {
		return nil, err
	}
	return liftToProto(shown.Lifts[in.GetPlacement()], v.Plan.Policy.WithDefaults().Control), nil
}

// GetLearning shows how far the learned response model is.
func (s *insights) GetLearning(context.Context, *veiviserv1.GetLearningRequest) (*veiviserv1.GetLearningResponse, error) {
	shown, err := s.shown()
	if err != nil {
		return nil, err
	}
	return learningToProto(shown), nil
}

// GetProgress shows which item moved whom from which stage to which.
func (s *insights) GetProgress(_ context.Context, in *veiviserv1.GetProgressRequest) (*veiviserv1.GetProgressResponse, error) {
	shown, err := s.shown()
	if err != nil {
		return nil, err
	}
	return progressToProto(shown.Moves, in.GetItemId(), in.GetSegmentId()), nil
}

// shown is what was learned.
func (s *insights) shown() (*learn.Shown, error) {
	shown := s.learning.Shown()
	if shown == nil {
		return nil, veiviser.Failed(veiviser.KindUnavailable, veiviser.ReasonStoreUnavailable, nil, "what was learned is not loaded yet")
	}
	return shown, nil
}

// EvaluatePlan values a plan on logged decisions.
func (s *insights) EvaluatePlan(ctx context.Context, in *veiviserv1.EvaluatePlanRequest) (*veiviserv1.EvaluatePlanResponse, error) {
	p := planpb.FromProto(in.GetPlan())
	if violations, _ := s.plans.Check(p); len(violations) > 0 {
		return nil, inPlan(&veiviser.Error{
			Kind: veiviser.KindInvalid, Reason: veiviser.ReasonInvalidPlan, Violations: violations,
			Message: fmt.Sprintf("%s: %s", violations[0].Field, violations[0].Message),
		})
	}
	report, err := s.reviewer.Evaluate(ctx, p, review.Question{Placement: in.GetPlacement(), Limit: int(in.GetLimit())})
	if err != nil {
		return nil, inPlan(err)
	}
	return reportToProto(&report), nil
}
