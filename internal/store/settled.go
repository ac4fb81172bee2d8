package store

import (
	"context"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// maxSettledAtOnce bounds one page of what was settled.
const maxSettledAtOnce = 10_000

// MadeAnswers are the ids of answers that the learner has met, newest first, at most limit of them (and at most 10,000).
// next is where the page after this one begins; "" when there is none. Start with "". About the newest 200,000 are kept,
// some of which may be forgotten by themselves.
func (s *Store) MadeAnswers(ctx context.Context, before string, limit int) (ids []string, next string, err error) {
	page, next, err := s.newestFirst(ctx, s.keys.made(), before, limit)
	for _, m := range page {
		if id, _ := m.Values["a"].(string); id != "" {
			ids = append(ids, id)
		}
	}
	return ids, next, err
}

// ClosedDecisions are what came of decisions, newest first and in pages like those of MadeAnswers. One that cannot be read is
// passed over.
func (s *Store) ClosedDecisions(ctx context.Context, before string, limit int) (list []veiviser.ClosedDecision, next string, err error) {
	page, next, err := s.newestFirst(ctx, s.keys.closed(), before, limit)
	for _, m := range page {
		blob, _ := m.Values["d"].(string)
		c, err := decodeClosed(blob)
		if err != nil {
			s.log.Error("a closed decision cannot be read and is passed over", "error", err)
			continue
		}
		list = append(list, c)
	}
	return list, next, err
}

// newestFirst reads a stream backwards.
func (s *Store) newestFirst(ctx context.Context, key, before string, limit int) (page []redis.XMessage, next string, err error) {
	from := "+"
	if before != "" {
		if !isPosition(before) {
			return nil, "", veiviser.Invalid(veiviser.ReasonInvalidPageToken, "before", "this is no place to go on from")
		}
		from = "(" + before
	}
	if limit = min(limit, maxSettledAtOnce); limit <= 0 {
		return nil, before, nil
	}
	err = s.call(ctx, key, s.opts.BulkTimeout, func(ctx context.Context) error {
		var err error
		page, err = s.client.XRevRangeN(ctx, key, from, "-", int64(limit)).Result()
		return err
	})
	if err == nil && len(page) == limit {
		next = page[len(page)-1].ID
	}
	return page, next, err
}

// isPosition reports whether id is one that a stream gave, but not the very first there can be.
func isPosition(id string) bool {
	ms, seq, ok := strings.Cut(id, "-")
	m, err1 := strconv.ParseUint(ms, 10, 64)
	n, err2 := strconv.ParseUint(seq, 10, 64)
	return ok && err1 == nil && err2 == nil && (m > 0 || n > 0)
}

// AnswersByID reads answers by their ids. Those that are unknown, forgotten or cannot be read are missing.
func (s *Store) AnswersByID(ctx context.Context, ids []string) (map[string]veiviser.Answer, error) {
	names, keys := make([]string, 0, len(ids)), make([]string, 0, len(ids))
	for _, id := range ids {
		if p, ok := s.keys.answerPartition(id); ok {
			names, keys = append(names, id), append(keys, s.keys.answer(p, id))
		}
	}
	blobs, err := s.values(ctx, keys)
	if err != nil {
		return nil, err
	}
	out := make(map[string]veiviser.Answer, len(blobs))
	for i, blob := range blobs {
		if a := s.keptNow(blob); a != nil {
			out[names[i]] = a.answer
		}
	}
	return out, nil
}
