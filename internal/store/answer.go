package store

import (
	"context"
	"errors"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// NewAnswerID draws the id of an answer for a visitor: 144 bits as base64url, 128 of them random, that say where the
// answer will be kept. visitorID must be the identity she is kept under (Loaded.Visitor.ID; the identity asked for when
// nothing was loaded). Decisions are named id + "." + their index.
func (s *Store) NewAnswerID(visitorID string) string {
	return newAnswerID(s.keys.person(visitorID).partition)
}

// Answer reads an answer by its id or by the id of one of its decisions, with the identity it was given to. An id that
// was never given out, or whose answer is forgotten, is KindNotFound.
func (s *Store) Answer(ctx context.Context, answerID string) (owner string, answer veiviser.Answer, err error) {
	unknown := veiviser.NotFound(veiviser.ReasonUnknownDecision, "decision_id", "there is no such decision, or it is forgotten")
	id, _ := splitDecisionID(answerID)
	partition, ok := s.keys.answerPartition(id)
	if !ok {
		return "", answer, unknown
	}
	key := s.keys.answer(partition, id)
	var blob string
	err = s.call(ctx, key, s.opts.CallTimeout, func(ctx context.Context) error {
		var err error
		if blob, err = s.client.Get(ctx, key).Result(); errors.Is(err, redis.Nil) {
			return unknown
		}
		return err
	})
	if err != nil {
		return "", answer, err
	}
	kept, err := decodeAnswer(blob)
	if err != nil {
		return "", answer, err
	}
	if !s.opts.Now().Before(kept.expires) {
		return "", answer, unknown
	}
	return kept.owner, kept.answer, nil
}

// Answers are all answers that are remembered of the person behind visitorID, oldest first. Those that cannot be read
// are left out.
func (s *Store) Answers(ctx context.Context, visitorID string) ([]veiviser.Answer, error) {
	_, ids, err := s.identities(ctx, visitorID)
	if err != nil {
		return nil, err
	}
	var out []veiviser.Answer
	for _, id := range ids {
		if out, err = s.answersOf(ctx, s.keys.person(id), out); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(out, func(a, b veiviser.Answer) int { return a.Time.Compare(b.Time) })
	return out, nil
}

// answersOf appends the answers given under one identity.
func (s *Store) answersOf(ctx context.Context, p person, out []veiviser.Answer) ([]veiviser.Answer, error) {
	var kept []*redis.StringCmd
	err := s.call(ctx, p.answers(), s.opts.BulkTimeout, func(ctx context.Context) error {
		ids, err := s.client.LRange(ctx, p.answers(), 0, -1).Result()
		if err != nil || len(ids) == 0 {
			return err
		}
		pipe := s.client.Pipeline()
		kept = kept[:0]
		for _, id := range ids { // an empty one, which stands for those of another identity, is found nowhere
			kept = append(kept, pipe.Get(ctx, s.keys.answer(p.partition, id)))
		}
		if _, err = pipe.Exec(ctx); errors.Is(err, redis.Nil) {
			return nil
		}
		return err
	})
	if err != nil {
		return out, err
	}
	for _, c := range kept {
		if a := s.readAnswer(c); a != nil {
			out = append(out, a.answer)
		}
	}
	return out, nil
}

// identities are all identities of a person: the one she is kept under, and with it the ones linked to it. visitorID is
// always among them.
func (s *Store) identities(ctx context.Context, visitorID string) (root record, ids []string, err error) {
	got, err := s.fetch(ctx, lookUp{person: s.keys.person(visitorID)})
	if err != nil {
		return root, nil, err
	}
	name, got, err := s.resolve(ctx, visitorID, got, false)
	if err != nil {
		return root, nil, err
	}
	root = got.record
	ids = []string{name}
	if root.visitor != nil {
		ids = append(ids, root.visitor.LinkedIDs...)
	}
	if !slices.Contains(ids, visitorID) {
		ids = append(ids, visitorID)
	}
	return root, ids, nil
}
