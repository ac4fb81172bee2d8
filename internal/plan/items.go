package plan

import (
	"context"
	"sort"
	"strconv"
	"time"

	"github.com/veiviser/veiviser/internal/eligible"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// Upsert writes items, each whole. The results come in the same order; one that is refused does not cost its neighbours,
// and the fields of its error are relative to the item. An item with an etag is written only while the catalogue still
// has it with that etag. Of an id that comes twice the last one counts. This replica serves the items when Upsert
// returns, the others a moment later. An error is BATCH_TOO_LARGE or one of the store's; after the latter some items may
// have been written.
func (l *Library) Upsert(ctx context.Context, items []veiviser.Item) ([]veiviser.ItemResult, error) {
	if len(items) > veiviser.MaxItemsPerUpsert {
		return nil, veiviser.Invalid(veiviser.ReasonBatchTooLarge, "items", "%d items are too many for one call, at most %d are allowed",
			len(items), veiviser.MaxItemsPerUpsert)
	}
	if err := l.freshFor(ctx, items); err != nil {
		return nil, err
	}
	results := make([]veiviser.ItemResult, len(items))
	check := newItemChecker(l.compiler())
	expect := map[string]string{}
	var good []veiviser.Item
	var at []int
	now := time.Now().UTC()
	for i := range items {
		it := items[i]
		results[i].ID = it.ID
		if results[i].Err = check.item(&it); results[i].Err != nil {
			continue
		}
		if results[i].Err = l.keepFit(&it); results[i].Err != nil {
			continue
		}
		if it.Etag != "" {
			stored, ok := l.matches(it.ID, it.Etag)
			if !ok {
				results[i].Err = itemChanged()
				continue
			}
			expect[it.ID] = stored
		}
		it.Etag, it.Updated = "", now
		good, at = append(good, it), append(at, i)
	}
	if len(good) == 0 {
		return results, nil
	}
	before := l.Active()
	written, _, err := l.store.UpsertItems(ctx, good, expect)
	if err != nil {
		return nil, err
	}
	for k, r := range written {
		if before != nil && r.Err == nil {
			_, had := before.Catalog.Slot(r.ID)
			r.Created = !had
		}
		results[at[k]] = r
	}
	l.catchUp(ctx)
	return results, nil
}

// compiler is the rule compiler of the active snapshot, nil when there is none.
func (l *Library) compiler() *eligible.Compiler {
	if snap := l.Active(); snap != nil {
		return snap.compiler
	}
	return nil
}

// freshFor refreshes when some item is to be written only if it is still the same.
func (l *Library) freshFor(ctx context.Context, items []veiviser.Item) error {
	for i := range items {
		if items[i].Etag != "" {
			return l.Refresh(ctx)
		}
	}
	return nil
}

// matches reports whether the catalogue has an item with this etag, and which etag the store has for it: "" when the item
// is the plan's alone.
func (l *Library) matches(id, etag string) (stored string, ok bool) {
	it, err := l.Item(id)
	if err != nil || it.Etag != etag {
		return "", false
	}
	overlay := l.state.Load().overlay
	i := sort.Search(len(overlay), func(i int) bool { return overlay[i].Item.ID >= id })
	if i < len(overlay) && overlay[i].Item.ID == id && !overlay[i].Deleted {
		stored = overlay[i].Item.Etag
	}
	return stored, true
}

func itemChanged() *veiviser.Error {
	e := veiviser.Failed(veiviser.KindConflict, veiviser.ReasonItemChanged, nil, "the item was changed or deleted meanwhile")
	e.Violations = []veiviser.Violation{{Field: "etag", Message: e.Message}}
	return e
}

// Delete takes an item out of the catalogue, also one of the plan: until the plan is published again. Etag, when not "",
// must still be the item's. Errors: MALFORMED_ID, UNKNOWN_ITEM, ITEM_CHANGED, SWITCH_NEEDS, and those of the store.
func (l *Library) Delete(ctx context.Context, id, etag string) error {
	if err := l.Refresh(ctx); err != nil {
		return err
	}
	if _, err := l.Item(id); err != nil {
		return err
	}
	if err := l.keepStatement(id); err != nil {
		return err
	}
	stored := ""
	if etag != "" {
		var ok bool
		if stored, ok = l.matches(id, etag); !ok {
			return itemChanged()
		}
	}
	if _, err := l.store.DeleteItem(ctx, id, stored); err != nil {
		return err
	}
	l.catchUp(ctx)
	return nil
}

// Item is one item of the catalogue. Nobody may change what it points to. Errors: MALFORMED_ID, UNKNOWN_ITEM.
func (l *Library) Item(id string) (veiviser.Item, error) {
	if msg := badItemID(id); msg != "" {
		return veiviser.Item{}, veiviser.Invalid(veiviser.ReasonMalformedID, "item_id", "%s", msg)
	}
	if snap := l.Active(); snap != nil {
		if it, ok := snap.Catalog.Lookup(id); ok {
			return snap.told(it), nil
		}
	}
	return veiviser.Item{}, veiviser.NotFound(veiviser.ReasonUnknownItem, "item_id", "the catalogue has no item %q", id)
}

// told is an item with what the plan itself does not say of it. Publishing writes the items of a plan, so their etag
// changes with every activation.
func (s *Snapshot) told(it *veiviser.Item) veiviser.Item {
	c := *it
	if e := s.named[it.ID]; e != nil && e.item == it {
		c.Etag, c.Updated = "p"+strconv.FormatUint(s.Activation, 10), s.published
	}
	return c
}

// Items lists the catalogue in the order of ids, see [Catalog.Page].
func (l *Library) Items(after string, limit int, kind veiviser.ItemKind, topic string) (items []veiviser.Item, next string, total int) {
	snap := l.Active()
	if snap == nil {
		return nil, "", 0
	}
	list, next, total := snap.Catalog.Page(after, limit, kind, topic)
	items = make([]veiviser.Item, len(list))
	for i, it := range list {
		items[i] = snap.told(it)
	}
	return items, next, total
}
