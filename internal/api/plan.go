package api

import (
	"context"
	"strconv"

	"github.com/veiviser/veiviser/internal/planpb"
	"github.com/veiviser/veiviser/internal/veiviser"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// defaultVersionsPage is the page size of ListPlanVersions when the caller names none.
const defaultVersionsPage = 50

// plans is PlanService.
type plans struct {
	veiviserv1.UnimplementedPlanServiceServer
	plans     Plans
	switches  Switches
	reviewer  Reviewer
	validator *validator
}

// GetPlan shows a published plan.
func (s *plans) GetPlan(ctx context.Context, in *veiviserv1.GetPlanRequest) (*veiviserv1.GetPlanResponse, error) {
	n, err := versionFromProto("version", in.GetVersion())
	if err != nil {
		return nil, err
	}
	v, err := s.plans.Version(ctx, n)
	if err != nil {
		return nil, err
	}
	return &veiviserv1.GetPlanResponse{Plan: planpb.ToProto(&v.Plan), Version: planVersionToProto(&v)}, nil
}

// ValidatePlan says everything that is wrong with a plan, the limits of the contract included.
func (s *plans) ValidatePlan(_ context.Context, in *veiviserv1.ValidatePlanRequest) (*veiviserv1.ValidatePlanResponse, error) {
	limits, err := s.validator.plan(in.GetPlan())
	if err != nil {
		return nil, err
	}
	violations, changes := s.plans.Check(planpb.FromProto(in.GetPlan()))
	return &veiviserv1.ValidatePlanResponse{
		Violations: planViolationsToProto(violations, limits),
		Changes:    planChangesToProto(changes),
	}, nil
}

// PublishPlan makes a plan the active one, if the gate of the one that is lets it.
func (s *plans) PublishPlan(ctx context.Context, in *veiviserv1.PublishPlanRequest) (*veiviserv1.PublishPlanResponse, error) {
	expected, err := versionFromProto("expected_version", in.GetExpectedVersion())
	if err != nil {
		return nil, err
	}
	p := planpb.FromProto(in.GetPlan())
	if !in.GetSkipGate() {
		if err := s.reviewer.Admit(ctx, p); err != nil {
			return nil, err
		}
	}
	v, err := s.plans.Publish(ctx, p, expected, in.GetAuthor(), in.GetNote())
	if err != nil {
		return nil, inPlan(err)
	}
	return &veiviserv1.PublishPlanResponse{Version: planVersionToProto(&v)}, nil
}

// ListPlanVersions lists what was published, newest first.
func (s *plans) ListPlanVersions(ctx context.Context, in *veiviserv1.ListPlanVersionsRequest) (*veiviserv1.ListPlanVersionsResponse, error) {
	list, size := pageOf("plan/versions"), pageSize(in.GetPageSize(), defaultVersionsPage)
	before, err := list.number(in.GetPageToken())
	if err != nil {
		return nil, err
	}
	versions, err := s.plans.Versions(ctx, before, size+1) // one more than asked for tells whether there is a next page
	if err != nil {
		return nil, err
	}
	out := &veiviserv1.ListPlanVersionsResponse{}
	for i := range versions[:min(len(versions), size)] {
		out.Versions = append(out.Versions, planVersionToProto(&versions[i]))
	}
	if len(versions) > size {
		out.NextPageToken = list.token(strconv.FormatUint(versions[size-1].Version, 10))
	}
	return out, nil
}

// RollBackPlan makes an earlier version the active one again.
func (s *plans) RollBackPlan(ctx context.Context, in *veiviserv1.RollBackPlanRequest) (*veiviserv1.RollBackPlanResponse, error) {
	n, err := versionFromProto("version", in.GetVersion())
	if err != nil {
		return nil, err
	}
	expected, err := versionFromProto("expected_version", in.GetExpectedVersion())
	if err != nil {
		return nil, err
	}
	v, err := s.plans.RollBack(ctx, n, expected)
	if err != nil {
		return nil, err
	}
	return &veiviserv1.RollBackPlanResponse{Version: planVersionToProto(&v)}, nil
}

// versionFromProto reads the number of a plan version; "" is 0.
func versionFromProto(field, s string) (uint64, error) {
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0, veiviser.Invalid(veiviser.ReasonInvalidField, field, "must be the number of a version")
	}
	return n, nil
}
