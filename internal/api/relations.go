package api

import (
	"context"
	"time"

	"github.com/veiviser/veiviser/internal/learn"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// ListCases shows how complaints are answered.
func (s *insights) ListCases(context.Context, *veiviserv1.ListCasesRequest) (*veiviserv1.ListCasesResponse, error) {
	r, err := s.relationships()
	if err != nil {
		return nil, err
	}
	return casesToProto(&r.Cases, time.Now()), nil
}

// GetRecovery compares who was led back after a case with the control that was not, by the window of the active plan.
func (s *insights) GetRecovery(ctx context.Context, _ *veiviserv1.GetRecoveryRequest) (*veiviserv1.GetRecoveryResponse, error) {
	r, err := s.relationships()
	if err != nil {
		return nil, err
	}
	v, err := s.plans.Version(ctx, 0)
	if err != nil {
		return nil, err
	}
	return recoveryToProto(r, v.Plan.Relationship.WithDefaults().Recovery.Window, time.Now()), nil
}

// GetLoyalty shows the way from the first order up the loyalty ladder of the active plan.
func (s *insights) GetLoyalty(ctx context.Context, _ *veiviserv1.GetLoyaltyRequest) (*veiviserv1.GetLoyaltyResponse, error) {
	r, err := s.relationships()
	if err != nil {
		return nil, err
	}
	v, err := s.plans.Version(ctx, 0)
	if err != nil {
		return nil, err
	}
	return loyaltyToProto(r, v.Plan.Relationship.Rungs), nil
}

// GetAcquisition shows what first-time customers cost, as the active plan declares it, and bring.
func (s *insights) GetAcquisition(ctx context.Context, _ *veiviserv1.GetAcquisitionRequest) (*veiviserv1.GetAcquisitionResponse, error) {
	r, err := s.relationships()
	if err != nil {
		return nil, err
	}
	v, err := s.plans.Version(ctx, 0)
	if err != nil {
		return nil, err
	}
	return acquisitionToProto(r, v.Plan.Acquisition.WithDefaults()), nil
}

// relationships is what was counted of relationships.
func (s *insights) relationships() (*learn.Relationships, error) {
	shown, err := s.shown()
	if err != nil {
		return nil, err
	}
	if shown.Relationships == nil {
		return &learn.Relationships{}, nil
	}
	return shown.Relationships, nil
}
