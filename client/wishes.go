package client

import (
	"context"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// SetDirective records a wish of a visitor, which binds from the next decision on, in every channel and for every linked identity.
//
// Errors: ErrMalformedID, ErrInvalidField, ErrDirectiveLimit, ErrConcurrentChange, ErrNoPlanPublished, ErrStoreUnavailable.
func (c *Client) SetDirective(ctx context.Context, req *veiviserv1.SetDirectiveRequest) (*veiviserv1.SetDirectiveResponse, error) {
	return call(ctx, c, again, req, c.visits.SetDirective)
}

// ListDirectives lists the wishes of a visitor that bind now, oldest first.
//
// Errors: ErrMalformedID, ErrStoreUnavailable.
func (c *Client) ListDirectives(ctx context.Context, req *veiviserv1.ListDirectivesRequest) (*veiviserv1.ListDirectivesResponse, error) {
	return call(ctx, c, again, req, c.visits.ListDirectives)
}

// RemoveDirective takes a wish back. It is not tried again by itself: a second try would not find the wish.
//
// Errors: ErrMalformedID, ErrUnknownDirective, ErrConcurrentChange, ErrStoreUnavailable.
func (c *Client) RemoveDirective(ctx context.Context, req *veiviserv1.RemoveDirectiveRequest) (*veiviserv1.RemoveDirectiveResponse, error) {
	return call(ctx, c, once, req, c.visits.RemoveDirective)
}

// SetConsent records what a visitor said to a purpose of the plan. It holds from the next decision on, for every linked identity.
//
// Errors: ErrMalformedID, ErrInvalidField, ErrUnknownPurpose, ErrConcurrentChange, ErrNoPlanPublished, ErrStoreUnavailable.
func (c *Client) SetConsent(ctx context.Context, req *veiviserv1.SetConsentRequest) (*veiviserv1.SetConsentResponse, error) {
	return call(ctx, c, again, req, c.visits.SetConsent)
}

// ListConsents lists what a visitor said to the purposes of the plan, oldest first.
//
// Errors: ErrMalformedID, ErrStoreUnavailable.
func (c *Client) ListConsents(ctx context.Context, req *veiviserv1.ListConsentsRequest) (*veiviserv1.ListConsentsResponse, error) {
	return call(ctx, c, again, req, c.visits.ListConsents)
}
