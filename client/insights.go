package client

import (
	"context"
	"iter"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// ListSegmentProfiles gives one page of the profiles; [Client.SegmentProfiles] gives all of them.
//
// Errors: ErrInvalidField, ErrInvalidPageToken, ErrStoreUnavailable.
func (c *Client) ListSegmentProfiles(ctx context.Context, req *veiviserv1.ListSegmentProfilesRequest) (*veiviserv1.ListSegmentProfilesResponse, error) {
	return call(ctx, c, again, req, c.insights.ListSegmentProfiles)
}

// SegmentProfiles is the profile of every segment, in the plan's order. An error ends it.
func (c *Client) SegmentProfiles(ctx context.Context, req *veiviserv1.ListSegmentProfilesRequest) iter.Seq2[*veiviserv1.SegmentProfile, error] {
	return pages(req, func(req *veiviserv1.ListSegmentProfilesRequest, token string) ([]*veiviserv1.SegmentProfile, string, error) {
		if token != "" {
			req.PageToken = token
		}
		page, err := c.ListSegmentProfiles(ctx, req)
		return page.GetProfiles(), page.GetNextPageToken(), err
	})
}

// GetSegmentProfile shows the profile of one segment.
//
// Errors: ErrMalformedID, ErrUnknownSegment, ErrStoreUnavailable.
func (c *Client) GetSegmentProfile(ctx context.Context, req *veiviserv1.GetSegmentProfileRequest) (*veiviserv1.GetSegmentProfileResponse, error) {
	return call(ctx, c, again, req, c.insights.GetSegmentProfile)
}

// GetLift compares served visitors with the control group. The intervals hold however often they are looked at.
//
// Errors: ErrInvalidField, ErrNoPlanPublished, ErrStoreUnavailable.
func (c *Client) GetLift(ctx context.Context, req *veiviserv1.GetLiftRequest) (*veiviserv1.GetLiftResponse, error) {
	return call(ctx, c, again, req, c.insights.GetLift)
}

// GetLearning shows how far the learned response model is.
//
// Errors: ErrStoreUnavailable.
func (c *Client) GetLearning(ctx context.Context, req *veiviserv1.GetLearningRequest) (*veiviserv1.GetLearningResponse, error) {
	return call(ctx, c, again, req, c.insights.GetLearning)
}

// GetProgress shows which item moved whom from which stage to which.
//
// Errors: ErrInvalidField, ErrMalformedID, ErrStoreUnavailable.
func (c *Client) GetProgress(ctx context.Context, req *veiviserv1.GetProgressRequest) (*veiviserv1.GetProgressResponse, error) {
	return call(ctx, c, again, req, c.insights.GetProgress)
}

// EvaluatePlan values a plan, and the active one, on logged decisions before it is published. That the log allows no conclusion
// is no error: refusal says so. It takes a while: the client's timeout is stretched to two minutes, the end of ctx stays. It
// is never tried again by itself.
//
// Errors: ErrInvalidField, ErrInvalidPlan (with every violation), ErrNoPlanPublished, ErrStoreUnavailable.
func (c *Client) EvaluatePlan(ctx context.Context, req *veiviserv1.EvaluatePlanRequest) (*veiviserv1.EvaluatePlanResponse, error) {
	return callPatiently(ctx, c, once, req, c.insights.EvaluatePlan)
}
