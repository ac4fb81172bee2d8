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
