package api

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/veiviser/veiviser/internal/veiviser"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// One bad item never costs its neighbours, whether the limits or the catalogue refuse it.
func TestUpsertItems(t *testing.T) {
	s := serve(t, Options{})
	s.fake.upsert = func(_ context.Context, items []veiviser.Item) ([]veiviser.ItemResult, error) {
		out := make([]veiviser.ItemResult, len(items))
		for i := range items {
			out[i] = veiviser.ItemResult{ID: items[i].ID, Created: i == 0, Etag: fmt.Sprint("etag", i)}
			if items[i].Etag != "" {
				out[i] = veiviser.ItemResult{ID: items[i].ID, Err: veiviser.Failed(veiviser.KindConflict, veiviser.ReasonItemChanged, nil, "somebody was faster")}
			}
		}
		return out, nil
	}
	item := func(f func(*veiviserv1.Item)) *veiviserv1.Item {
		it := typicalItem()
		f(it)
		return it
	}
	out, err := s.catalog().UpsertItems(t.Context(), &veiviserv1.UpsertItemsRequest{Items: []*veiviserv1.Item{
		typicalItem(),
		item(func(it *veiviserv1.Item) { it.ItemId = "b c" }),
		item(func(it *veiviserv1.Item) { it.Kind = 0 }),
		item(func(it *veiviserv1.Item) { it.Etag = "old" }),
		typicalItem(),
	}})
	if err != nil {
		t.Fatal(err)
	}
	rejected := veiviserv1.ItemResultStatus_ITEM_RESULT_STATUS_REJECTED
	want := []*veiviserv1.ItemResult{
		{ItemId: "guide/fit", Status: veiviserv1.ItemResultStatus_ITEM_RESULT_STATUS_CREATED, Etag: "etag0"},
		{ItemId: "b c", Status: rejected, Reason: veiviserv1.ErrorReason_ERROR_REASON_MALFORMED_ID, Field: "items[1].item_id"},
		{ItemId: "guide/fit", Status: rejected, Reason: veiviserv1.ErrorReason_ERROR_REASON_INVALID_FIELD, Field: "items[2].kind"},
		{ItemId: "guide/fit", Status: rejected, Reason: veiviserv1.ErrorReason_ERROR_REASON_ITEM_CHANGED, Field: "items[3]"},
		{ItemId: "guide/fit", Status: veiviserv1.ItemResultStatus_ITEM_RESULT_STATUS_UPDATED, Etag: "etag2"},
	}
	if diff := cmp.Diff(want, out.GetResults(), protocmp.Transform(), protocmp.IgnoreFields(&veiviserv1.ItemResult{}, "message")); diff != "" {
		t.Error(diff)
	}
}

// Pages follow each other to the end, and a token serves the list and filter it was made for only.
func TestListItems(t *testing.T) {
	s := serve(t, Options{})
	all := []string{"a", "b", "c", "d", "e"}
	s.fake.items = func(after string, limit int, kind veiviser.ItemKind, topic string) (out []veiviser.Item, next string, total int) {
		for _, id := range all {
			if id <= after {
				continue
			}
			if len(out) == limit {
				return out, out[limit-1].ID, len(all)
			}
			out = append(out, veiviser.Item{ID: id, Kind: kind, Topics: []string{topic}})
		}
		return out, "", len(all)
	}
	in := &veiviserv1.ListItemsRequest{PageSize: 2, Kind: veiviserv1.ItemKind_ITEM_KIND_OFFER, Topic: "bike"}
	var got []string
	for {
		out, err := s.catalog().ListItems(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range out.GetItems() {
			got = append(got, it.GetItemId())
		}
		if out.GetTotalSize() != 5 {
			t.Errorf("total = %d", out.GetTotalSize())
		}
		if in.PageToken = out.GetNextPageToken(); in.GetPageToken() == "" {
			break
		}
		other := &veiviserv1.ListItemsRequest{PageToken: in.GetPageToken(), Topic: "bike"}
		_, err = s.catalog().ListItems(t.Context(), other)
		if diff := cmp.Diff(gone{Code: codes.InvalidArgument, Reason: "INVALID_PAGE_TOKEN", Field: "page_token"}, read(t, err)); diff != "" {
			t.Error(diff)
		}
	}
	if diff := cmp.Diff(all, got); diff != "" {
		t.Error(diff)
	}
}

func TestGetAndDeleteItem(t *testing.T) {
	s := serve(t, Options{})
	s.fake.item = func(id string) (veiviser.Item, error) {
		if id != "a" {
			return veiviser.Item{}, veiviser.NotFound(veiviser.ReasonUnknownItem, "item_id", "no such item")
		}
		return veiviser.Item{ID: "a", Kind: veiviser.KindOffer}, nil
	}
	s.fake.remove = func(_ context.Context, _, etag string) error {
		if etag != "" {
			return veiviser.Failed(veiviser.KindConflict, veiviser.ReasonItemChanged, nil, "somebody was faster")
		}
		return nil
	}
	out, err := s.catalog().GetItem(t.Context(), &veiviserv1.GetItemRequest{ItemId: "a"})
	if err != nil || out.GetItem().GetKind() != veiviserv1.ItemKind_ITEM_KIND_OFFER {
		t.Errorf("%v, %v", out, err)
	}
	_, err = s.catalog().GetItem(t.Context(), &veiviserv1.GetItemRequest{ItemId: "b"})
	if got := read(t, err); got.Code != codes.NotFound || got.Reason != "UNKNOWN_ITEM" {
		t.Error(err)
	}
	if _, err := s.catalog().DeleteItem(t.Context(), &veiviserv1.DeleteItemRequest{ItemId: "a"}); err != nil {
		t.Error(err)
	}
	_, err = s.catalog().DeleteItem(t.Context(), &veiviserv1.DeleteItemRequest{ItemId: "a", Etag: "old"})
	if got := read(t, err); got.Code != codes.Aborted || got.Reason != "ITEM_CHANGED" {
		t.Error(err)
	}
}
