package client

import (
	"context"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// ListCases shows how complaints are answered: the open cases, the one due first first, and how long answers took.
//
// Errors: ErrStoreUnavailable.
func (c *Client) ListCases(ctx context.Context, req *veiviserv1.ListCasesRequest) (*veiviserv1.ListCasesResponse, error) {
	return call(ctx, c, again, req, c.insights.ListCases)
}

// GetRecovery compares who was led back after a case was put right with the control that was not.
//
// Errors: ErrStoreUnavailable.
func (c *Client) GetRecovery(ctx context.Context, req *veiviserv1.GetRecoveryRequest) (*veiviserv1.GetRecoveryResponse, error) {
	return call(ctx, c, again, req, c.insights.GetRecovery)
}

// GetLoyalty shows the way from the first order up the loyalty ladder.
//
// Errors: ErrNoPlanPublished, ErrStoreUnavailable.
func (c *Client) GetLoyalty(ctx context.Context, req *veiviserv1.GetLoyaltyRequest) (*veiviserv1.GetLoyaltyResponse, error) {
	return call(ctx, c, again, req, c.insights.GetLoyalty)
}

// GetAcquisition shows what first-time customers cost and bring, by where they came from and by segment.
//
// Errors: ErrNoPlanPublished, ErrStoreUnavailable.
func (c *Client) GetAcquisition(ctx context.Context, req *veiviserv1.GetAcquisitionRequest) (*veiviserv1.GetAcquisitionResponse, error) {
	return call(ctx, c, again, req, c.insights.GetAcquisition)
}
