package client

import (
	"context"
	"iter"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// GetPlan shows a published plan.
//
// Errors: ErrInvalidField, ErrUnknownPlanVersion, ErrNoPlanPublished.
func (c *Client) GetPlan(ctx context.Context, req *veiviserv1.GetPlanRequest) (*veiviserv1.GetPlanResponse, error) {
	return call(ctx, c, again, req, c.plans.GetPlan)
}

// ValidatePlan says everything that is wrong with a plan and what publishing it would change. A plan with violations is no
// error.
func (c *Client) ValidatePlan(ctx context.Context, req *veiviserv1.ValidatePlanRequest) (*veiviserv1.ValidatePlanResponse, error) {
	return call(ctx, c, again, req, c.plans.ValidatePlan)
}

// PublishPlan makes a plan the active one, as a new version. It is never tried again by itself: set expected_version and
// look at the active version when it failed. When the active plan has a gate, the plan is valued first, which takes a while:
// the client's timeout is stretched to two minutes, the end of ctx stays.
//
// Errors: ErrInvalidPlan (with every violation), ErrGateClosed (the message says why, and what would let the plan pass),
// ErrPlanChanged, ErrStoreUnavailable.
func (c *Client) PublishPlan(ctx context.Context, req *veiviserv1.PublishPlanRequest) (*veiviserv1.PublishPlanResponse, error) {
	return callPatiently(ctx, c, once, req, c.plans.PublishPlan)
}

// RollBackPlan makes an earlier version the active one again. It is never tried again by itself.
//
// Errors: ErrInvalidField, ErrUnknownPlanVersion, ErrPlanChanged, ErrNoPlanPublished, ErrStoreUnavailable.
func (c *Client) RollBackPlan(ctx context.Context, req *veiviserv1.RollBackPlanRequest) (*veiviserv1.RollBackPlanResponse, error) {
	return call(ctx, c, once, req, c.plans.RollBackPlan)
}

// ListPlanVersions gives one page of what was published, newest first; [Client.PlanVersions] gives all of it.
//
// Errors: ErrInvalidField, ErrInvalidPageToken.
func (c *Client) ListPlanVersions(ctx context.Context, req *veiviserv1.ListPlanVersionsRequest) (*veiviserv1.ListPlanVersionsResponse, error) {
	return call(ctx, c, again, req, c.plans.ListPlanVersions)
}

// PlanVersions is what was published, newest first, asked for page by page as the loop goes on. An error ends it.
func (c *Client) PlanVersions(ctx context.Context, req *veiviserv1.ListPlanVersionsRequest) iter.Seq2[*veiviserv1.PlanVersion, error] {
	return pages(req, func(req *veiviserv1.ListPlanVersionsRequest, token string) ([]*veiviserv1.PlanVersion, string, error) {
		if token != "" {
			req.PageToken = token
		}
		page, err := c.ListPlanVersions(ctx, req)
		return page.GetVersions(), page.GetNextPageToken(), err
	})
}
