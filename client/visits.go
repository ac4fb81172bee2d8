package client

import (
	"context"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// RecordEvents sends 1–1,000 events as one call and gives a result for each. Results can be REJECTED with
// STORE_UNAVAILABLE while others were accepted; those have to be sent again with the same ids. A [Batcher] does all that.
//
// Errors: ErrInvalidField, ErrBatchTooLarge, ErrRequestTooLarge, ErrStoreUnavailable.
func (c *Client) RecordEvents(ctx context.Context, req *veiviserv1.RecordEventsRequest) (*veiviserv1.RecordEventsResponse, error) {
	return call(ctx, c, again, req, c.visits.RecordEvents)
}

// GetVisitor shows what is remembered and believed about a visitor.
//
// Errors: ErrMalformedID, ErrUnknownVisitor, ErrStoreUnavailable.
func (c *Client) GetVisitor(ctx context.Context, req *veiviserv1.GetVisitorRequest) (*veiviserv1.GetVisitorResponse, error) {
	return call(ctx, c, again, req, c.visits.GetVisitor)
}

// LinkVisitors says that several ids are one person.
//
// Errors: ErrMalformedID, ErrLinkConflict, ErrLinkLimit, ErrConcurrentChange, ErrStoreUnavailable.
func (c *Client) LinkVisitors(ctx context.Context, req *veiviserv1.LinkVisitorsRequest) (*veiviserv1.LinkVisitorsResponse, error) {
	return call(ctx, c, again, req, c.visits.LinkVisitors)
}

// ExportVisitor gives everything the service holds about a person.
//
// Errors: as GetVisitor.
func (c *Client) ExportVisitor(ctx context.Context, req *veiviserv1.ExportVisitorRequest) (*veiviserv1.ExportVisitorResponse, error) {
	return call(ctx, c, again, req, c.visits.ExportVisitor)
}

// EraseVisitor forgets a person. After an error it is unknown how much is erased: call again.
//
// Errors: ErrMalformedID, ErrStoreUnavailable.
func (c *Client) EraseVisitor(ctx context.Context, req *veiviserv1.EraseVisitorRequest) (*veiviserv1.EraseVisitorResponse, error) {
	return call(ctx, c, again, req, c.visits.EraseVisitor)
}

// GetAccount shows what is believed about the decisions of a company, from what its members did.
//
// Errors: ErrMalformedID, ErrUnknownAccount, ErrStoreUnavailable.
func (c *Client) GetAccount(ctx context.Context, req *veiviserv1.GetAccountRequest) (*veiviserv1.GetAccountResponse, error) {
	return call(ctx, c, again, req, c.visits.GetAccount)
}
