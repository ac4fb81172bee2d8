package store

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// UpsertItems writes items of the catalogue beside the plan, each by itself: an item may be refused while its neighbours
// are written. expect holds, by item id, the etag that the stored item must have, or "" when it must not be stored; ids
// that are not in it are not checked. An item that fails the check gets ReasonItemChanged in its result.
//
// Items keep the Updated they come with; their Etag is given by the store. revision is the catalogue's after the write,
// 0 when nothing was written.
func (s *Store) UpsertItems(ctx context.Context, items []veiviser.Item, expect map[string]string) (results []veiviser.ItemResult, revision uint64, err error) {
	results = make([]veiviser.ItemResult, 0, len(items))
	for len(items) > 0 {
		n := min(len(items), maxItemsAtOnce)
		part, rev, err := s.upsert(ctx, items[:n], expect)
		results, revision = append(results, part...), max(revision, rev)
		if err != nil {
			return results, revision, err
		}
		items = items[n:]
	}
	return results, revision, nil
}

func (s *Store) upsert(ctx context.Context, items []veiviser.Item, expect map[string]string) ([]veiviser.ItemResult, uint64, error) {
	args := make([]any, 0, 3*len(items))
	for i := range items {
		it := items[i]
		it.Etag = ""
		body, err := json.Marshal(&it)
		if err != nil {
			return nil, 0, internal(err, "the item cannot be kept")
		}
		want, checked := expect[it.ID]
		args = append(args, it.ID, checkOf(want, checked), body)
	}
	var replies []any
	err := s.call(ctx, s.keys.head(), s.opts.BulkTimeout, func(ctx context.Context) error {
		var err error
		replies, err = s.scripts.upsert.Run(ctx, s.client, s.catalogKeys(), args...).Slice()
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	if len(replies) != len(items) {
		return nil, 0, internal(nil, "the store wrote %d of %d items", len(replies), len(items))
	}
	results, revision := make([]veiviser.ItemResult, len(items)), uint64(0)
	for i, r := range replies {
		results[i].ID = items[i].ID
		pair, _ := r.([]any)
		if len(pair) != 2 || pair[0] == int64(0) {
			results[i].Err = itemChanged()
			continue
		}
		n, _ := pair[0].(int64)
		results[i].Etag = strconv.FormatInt(n, 10)
		results[i].Created = pair[1] == int64(1)
		revision = uint64(n)
	}
	return results, revision, nil
}

// DeleteItem deletes an item from the catalogue, also one that only the plan names. etag, when not "", must be the
// stored item's.
func (s *Store) DeleteItem(ctx context.Context, id, etag string) (revision uint64, err error) {
	n, err := s.run(ctx, s.scripts.deleteItem, s.catalogKeys(), id, checkOf(etag, etag != ""))
	if err == nil && n == 0 {
		return 0, itemChanged()
	}
	return uint64(n), err
}

func itemChanged() *veiviser.Error {
	e := veiviser.Failed(veiviser.KindConflict, veiviser.ReasonItemChanged, nil, "the item was changed or deleted meanwhile")
	e.Violations = []veiviser.Violation{{Field: "etag", Message: e.Message}}
	return e
}

// checkOf says to the script what must be stored.
func checkOf(etag string, checked bool) string {
	switch {
	case !checked:
		return "any"
	case etag == "":
		return "none"
	default:
		return "=" + etag
	}
}

func (s *Store) catalogKeys() []string {
	return []string{s.keys.head(), s.keys.items(), s.keys.changes(), s.keys.history()}
}

// ItemsSince are all items written or deleted after a revision, in that order and each with its last change only, and
// the revision they lead to. Start with revision 0. A change that cannot be read is passed over.
func (s *Store) ItemsSince(ctx context.Context, revision uint64) ([]veiviser.CatalogChange, uint64, error) {
	return s.itemsBetween(ctx, revision, "+inf")
}

// itemsBetween are the items whose last change came after a revision and no later than another.
func (s *Store) itemsBetween(ctx context.Context, revision uint64, last string) ([]veiviser.CatalogChange, uint64, error) {
	var out []veiviser.CatalogChange
	keys := s.catalogKeys()[:3]
	for {
		var reply []string
		err := s.call(ctx, s.keys.head(), s.opts.BulkTimeout, func(ctx context.Context) error {
			var err error
			reply, err = s.scripts.since.Run(ctx, s.client, keys, revision, maxItemsAtOnce, last).StringSlice()
			return err
		})
		if err != nil {
			return nil, 0, err
		}
		if len(reply) < 3 {
			return out, revision, nil
		}
		for i := 1; i+1 < len(reply); i += 2 {
			c, rev, ok := s.readChange(reply[i], reply[i+1])
			if ok {
				out = append(out, c)
			}
			revision = max(revision, rev)
		}
		if len(reply) < 1+2*maxItemsAtOnce {
			return out, revision, nil
		}
	}
}

// readChange is decodeChange that says so when there is something it cannot read.
func (s *Store) readChange(id, value string) (veiviser.CatalogChange, uint64, bool) {
	c, revision, ok := decodeChange(id, value)
	if !ok {
		s.log.Error("an item of the catalogue cannot be read and is passed over", "item", id)
	}
	return c, revision, ok
}

// decodeChange reads "revision:activation:json".
func decodeChange(id, value string) (c veiviser.CatalogChange, revision uint64, ok bool) {
	head, rest, _ := strings.Cut(value, ":")
	middle, body, found := strings.Cut(rest, ":")
	revision, err := strconv.ParseUint(head, 10, 53)
	if err != nil || !found {
		return c, 0, false
	}
	activation, err := strconv.ParseUint(middle, 10, 53)
	if err != nil {
		return c, revision, false
	}
	c = veiviser.CatalogChange{Activation: activation, Revision: revision}
	if body == "" {
		c.Item.ID, c.Deleted = id, true
		return c, revision, true
	}
	if err := json.Unmarshal([]byte(body), &c.Item); err != nil || c.Item.ID != id {
		return c, revision, false
	}
	c.Item.Etag = head
	return c, revision, true
}
