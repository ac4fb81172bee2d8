package store

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// ItemsAt are the items as they were at a revision: what ItemsSince(0) gave at that moment. It fails with KindNotFound and
// ReasonDecisionExpired when too much was overwritten since (the last 100,000 changes or so can be undone), or when the
// catalogue never was at that revision.
func (s *Store) ItemsAt(ctx context.Context, revision uint64) ([]veiviser.CatalogChange, error) {
	if revision == 0 {
		return nil, nil
	}
	if err := s.reaches(ctx, revision); err != nil {
		return nil, err
	}
	// The order of the two reads matters: an item that is overwritten meanwhile is met before that, or in the history, or
	// both.
	now, _, err := s.itemsBetween(ctx, 0, strconv.FormatUint(revision, 10))
	if err != nil {
		return nil, err
	}
	then := make(map[string]veiviser.CatalogChange, len(now))
	for _, c := range now {
		then[c.Item.ID] = c
	}
	if err := s.undo(ctx, then, revision); err != nil {
		return nil, err
	}
	if err := s.reaches(ctx, revision); err != nil { // nothing was cut off while it was read
		return nil, err
	}
	return slices.SortedFunc(maps.Values(then), func(a, b veiviser.CatalogChange) int {
		return cmp.Compare(a.Revision, b.Revision)
	}), nil
}

// undo adds what was overwritten or deleted after revision and was there at it.
func (s *Store) undo(ctx context.Context, then map[string]veiviser.CatalogChange, revision uint64) error {
	from, key := strconv.FormatUint(revision+1, 10), s.keys.history()
	for {
		var page []redis.XMessage
		err := s.call(ctx, key, s.opts.BulkTimeout, func(ctx context.Context) error {
			var err error
			page, err = s.client.XRangeN(ctx, key, from, "+", maxItemsAtOnce).Result()
			return err
		})
		if err != nil {
			return err
		}
		for _, m := range page {
			id, _ := m.Values["id"].(string)
			value, _ := m.Values["v"].(string)
			if _, met := then[id]; met || parseRevision(value) > revision {
				continue // one that came to be later says nothing
			}
			if c, _, ok := s.readChange(id, value); ok {
				then[id] = c
			}
		}
		if len(page) < maxItemsAtOnce {
			return nil
		}
		from = "(" + page[len(page)-1].ID
	}
}

// reaches fails when the history of the catalogue does not go back to revision.
func (s *Store) reaches(ctx context.Context, revision uint64) error {
	var reply []string
	keys := []string{s.keys.head(), s.keys.history()}
	err := s.call(ctx, keys[0], s.opts.BulkTimeout, func(ctx context.Context) error {
		var err error
		reply, err = s.scripts.reach.Run(ctx, s.client, keys).StringSlice()
		return err
	})
	if err != nil {
		return err
	}
	if len(reply) != 5 {
		return internal(nil, "the store does not say how far the history of the catalogue goes back")
	}
	catalog, from := parseRevision(reply[0]), parseRevision(reply[1])
	length, ever := parseRevision(reply[2]), parseRevision(reply[3])
	cut := revision < catalog && ever > length && (reply[4] == "" || parseRevision(reply[4]) > revision+1)
	if revision > catalog || revision < from || cut {
		return veiviser.NotFound(veiviser.ReasonDecisionExpired, "revision", "the catalogue of revision %d is not known any more", revision)
	}
	return nil
}

// parseRevision reads the number that s begins with, as "7:2:{}" and "7-0" do; 0 when there is none.
func parseRevision(s string) uint64 {
	if i := strings.IndexAny(s, ":-"); i >= 0 {
		s = s[:i]
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
