package client

import (
	"context"
	"iter"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"google.golang.org/protobuf/proto"
)

// UpsertItems writes 1–1,000 items and gives a result for each. It is tried again only when no item has an etag: a write
// that came through unseen would make the second try fail.
//
// Errors: ErrInvalidField, ErrBatchTooLarge, ErrRequestTooLarge, ErrStoreUnavailable.
func (c *Client) UpsertItems(ctx context.Context, req *veiviserv1.UpsertItemsRequest) (*veiviserv1.UpsertItemsResponse, error) {
	s := again
	for _, it := range req.GetItems() {
		if it.GetEtag() != "" {
			s = once
		}
	}
	return call(ctx, c, s, req, c.catalog.UpsertItems)
}

// GetItem shows one item.
//
// Errors: ErrMalformedID, ErrUnknownItem.
func (c *Client) GetItem(ctx context.Context, req *veiviserv1.GetItemRequest) (*veiviserv1.GetItemResponse, error) {
	return call(ctx, c, again, req, c.catalog.GetItem)
}

// ListItems gives one page of the catalogue; [Client.Items] gives all of it.
//
// Errors: ErrInvalidField, ErrInvalidPageToken.
func (c *Client) ListItems(ctx context.Context, req *veiviserv1.ListItemsRequest) (*veiviserv1.ListItemsResponse, error) {
	return call(ctx, c, again, req, c.catalog.ListItems)
}

// Items is the catalogue from the page that req names to its end, asked for page by page as the loop goes on. An error
// ends it.
func (c *Client) Items(ctx context.Context, req *veiviserv1.ListItemsRequest) iter.Seq2[*veiviserv1.Item, error] {
	return pages(req, func(req *veiviserv1.ListItemsRequest, token string) ([]*veiviserv1.Item, string, error) {
		if token != "" {
			req.PageToken = token
		}
		page, err := c.ListItems(ctx, req)
		return page.GetItems(), page.GetNextPageToken(), err
	})
}

// DeleteItem takes an item out of the catalogue.
//
// Errors: ErrMalformedID, ErrUnknownItem, ErrItemChanged.
func (c *Client) DeleteItem(ctx context.Context, req *veiviserv1.DeleteItemRequest) (*veiviserv1.DeleteItemResponse, error) {
	return call(ctx, c, once, req, c.catalog.DeleteItem)
}

// pages is every element of a list that comes in pages; get is given a request of its own and the token of the next page.
func pages[Req proto.Message, T any](req Req, get func(req Req, token string) ([]T, string, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		own := proto.CloneOf(req)
		token := ""
		for {
			list, next, err := get(own, token)
			if err != nil {
				yield(none, err)
				return
			}
			for _, v := range list {
				if !yield(v, nil) {
					return
				}
			}
			if next == "" || next == token { // a page that leads to itself would never end
				return
			}
			token = next
		}
	}
}
