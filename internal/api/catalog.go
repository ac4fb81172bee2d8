package api

import (
	"context"
	"fmt"

	"github.com/veiviser/veiviser/internal/planpb"
	"github.com/veiviser/veiviser/internal/veiviser"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// defaultItemsPage is the page size of ListItems when the caller names none.
const defaultItemsPage = 100

// catalog is CatalogService.
type catalog struct {
	veiviserv1.UnimplementedCatalogServiceServer
	items     Catalog
	validator *validator
}

// UpsertItems writes items, each with its own result.
func (s *catalog) UpsertItems(ctx context.Context, in *veiviserv1.UpsertItemsRequest) (*veiviserv1.UpsertItemsResponse, error) {
	results := make([]*veiviserv1.ItemResult, len(in.GetItems()))
	items := make([]veiviser.Item, 0, len(in.GetItems()))
	at := make([]int, 0, len(in.GetItems())) // at[k] is where items[k] stands in the batch
	for i, it := range in.GetItems() {
		if err := s.validator.item(it); err != nil {
			results[i] = itemResultToProto(veiviser.ItemResult{ID: it.GetItemId(), Err: err}, i)
			continue
		}
		items, at = append(items, planpb.ItemFromProto(it)), append(at, i)
	}
	if len(items) == 0 {
		return &veiviserv1.UpsertItemsResponse{Results: results}, nil
	}
	written, err := s.items.Upsert(ctx, items)
	if err != nil {
		return nil, err
	}
	for k := range written {
		written[k].ID = items[k].ID
		results[at[k]] = itemResultToProto(written[k], at[k])
	}
	return &veiviserv1.UpsertItemsResponse{Results: results}, nil
}

// itemResultToProto says what became of item i of a batch.
func itemResultToProto(r veiviser.ItemResult, i int) *veiviserv1.ItemResult {
	out := &veiviserv1.ItemResult{ItemId: shortID(r.ID), Etag: r.Etag, Status: veiviserv1.ItemResultStatus_ITEM_RESULT_STATUS_UPDATED}
	switch {
	case r.Err != nil:
		out.Status = veiviserv1.ItemResultStatus_ITEM_RESULT_STATUS_REJECTED
		out.Reason, out.Message = reasonToProto(r.Err.Reason), publicMessage(r.Err)
		out.Field = joinField(fmt.Sprintf("items[%d]", i), r.Err.Field())
	case r.Created:
		out.Status = veiviserv1.ItemResultStatus_ITEM_RESULT_STATUS_CREATED
	}
	return out
}

// GetItem shows one item.
func (s *catalog) GetItem(_ context.Context, in *veiviserv1.GetItemRequest) (*veiviserv1.GetItemResponse, error) {
	it, err := s.items.Item(in.GetItemId())
	if err != nil {
		return nil, err
	}
	return &veiviserv1.GetItemResponse{Item: planpb.ItemToProto(&it)}, nil
}

// ListItems shows a page of items in the order of their ids.
func (s *catalog) ListItems(_ context.Context, in *veiviserv1.ListItemsRequest) (*veiviserv1.ListItemsResponse, error) {
	list := pageOf("items", in.GetKind().String(), in.GetTopic())
	after, err := list.cursor(in.GetPageToken())
	if err != nil {
		return nil, err
	}
	items, next, total := s.items.Items(after, pageSize(in.GetPageSize(), defaultItemsPage), planpb.KindFromProto(in.GetKind()), in.GetTopic())
	out := &veiviserv1.ListItemsResponse{
		Items: make([]*veiviserv1.Item, len(items)), NextPageToken: list.token(next), TotalSize: clampInt32(total),
	}
	for i := range items {
		out.Items[i] = planpb.ItemToProto(&items[i])
	}
	return out, nil
}

// DeleteItem takes an item out of the catalogue.
func (s *catalog) DeleteItem(ctx context.Context, in *veiviserv1.DeleteItemRequest) (*veiviserv1.DeleteItemResponse, error) {
	if err := s.items.Delete(ctx, in.GetItemId(), in.GetEtag()); err != nil {
		return nil, err
	}
	return &veiviserv1.DeleteItemResponse{}, nil
}
