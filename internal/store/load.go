package store

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// maxHops bounds how far a chain of aliases is followed. Every link of a chain is one of the person's LinkedIDs, so a
// chain that is sound is shorter.
const maxHops = 4 * (veiviser.MaxLinkedIDs + 1)

// Load reads what is remembered of the person behind visitorID, which of the events were counted before, and which of
// the decisions they name are hers. It is one round trip, and a second one when visitorID is linked to another identity.
//
// When nothing is remembered Visitor is nil; Revision may still be set, for what has expired. Of a person who was forgotten
// Visitor is what binds still, see [veiviser.Visitor.Kept]. A person whose record cannot be read gives ReasonCorruptRecord; an
// answer that cannot be read is left out of Outcomes.
func (s *Store) Load(ctx context.Context, visitorID string, events []veiviser.Event) (veiviser.Loaded, error) {
	out := veiviser.Loaded{VisitorID: visitorID}
	q := lookUp{person: s.keys.person(visitorID), withSeen: hasIDs(events), answers: s.namedAnswers(events)}
	got, err := s.fetch(ctx, q)
	if err != nil {
		return out, err
	}
	answers, own := got.answers, got.record
	if own.kind == kindAlias || own.kind == kindPending {
		var root string
		if root, got, err = s.resolve(ctx, visitorID, got, q.withSeen); err != nil {
			return out, err
		}
		if got.record.kind == kindNone && root != visitorID {
			// She is forgotten and only the alias is left: it makes room for a new person.
			got.record.revision = own.revision
		}
	}
	rec, seen := got.record, got.seen
	out.Erased, out.ErasedRoot = own.erased, rec.erased
	out.Revision = rec.revision
	out.Visitor = rec.visitor
	if rec.kind == kindVisitor {
		out.Expires = rec.expires
	} else {
		seen = ""
	}
	out.Duplicate = duplicates(events, seen)
	out.Outcomes = s.outcomes(&out, events, answers)
	return out, nil
}

// lookUp says what to read about one identity.
type lookUp struct {
	person    person
	withSeen  bool
	withMarks bool
	answers   []string // ids of answers, of any partition
}

// found is what lookUp found.
type found struct {
	record      record
	seen, marks string
	answers     map[string]*keptAnswer
}

// fetch reads one identity in one round trip.
func (s *Store) fetch(ctx context.Context, q lookUp) (found, error) {
	var f found
	var blob *redis.StringCmd
	var beside *redis.SliceCmd
	kept := make([]*redis.StringCmd, len(q.answers))
	key := q.person.record()
	err := s.call(ctx, key, s.opts.CallTimeout, func(ctx context.Context) error {
		pipe := s.client.Pipeline()
		blob = pipe.Get(ctx, key) // first: what is read after it is at least as new
		beside = pipe.MGet(ctx, q.beside()...)
		for i, id := range q.answers {
			p, _ := s.keys.answerPartition(id)
			kept[i] = pipe.Get(ctx, s.keys.answer(p, id))
		}
		_, _ = pipe.Exec(ctx) // every command has its own error
		if err := blob.Err(); err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
		return beside.Err()
	})
	if err != nil {
		return f, err
	}
	if err := f.read(blob.Val(), beside.Val(), q, s.opts.Now()); err != nil {
		return f, err
	}
	for i, c := range kept {
		if a := s.readAnswer(c); a != nil {
			if f.answers == nil {
				f.answers = make(map[string]*keptAnswer, len(kept))
			}
			f.answers[q.answers[i]] = a
		}
	}
	return f, nil
}

// beside are the keys that are read with the record: read knows their order.
func (q *lookUp) beside() []string {
	keys := append(make([]string, 0, 4), q.person.tomb(), q.person.kept())
	if q.withSeen {
		keys = append(keys, q.person.seen())
	}
	if q.withMarks {
		keys = append(keys, q.person.marks())
	}
	return keys
}

// read decodes the record and what lies beside it. When nothing is remembered any more, it is what is kept of her that counts.
func (f *found) read(blob string, beside []any, q lookUp, now time.Time) (err error) {
	next := func() (s string) {
		s, _ = beside[0].(string)
		beside = beside[1:]
		return s
	}
	if f.record, err = decodeRecord(blob, now); err != nil {
		return err
	}
	f.record.erased = readTombstone(next())
	if lasting := next(); f.record.kind == kindNone && lasting != "" {
		kept, err := decodeRecord(lasting, now)
		if err != nil {
			return err
		}
		f.record.kind, f.record.visitor, f.record.expires = kept.kind, kept.visitor, time.Time{}
	}
	if q.withSeen {
		f.seen = next()
	}
	if q.withMarks {
		f.marks = next()
	}
	return nil
}

// readAnswer decodes what a command brought; nil when there is nothing that can be used.
func (s *Store) readAnswer(c *redis.StringCmd) *keptAnswer {
	if c.Err() != nil {
		return nil
	}
	return s.keptNow(c.Val())
}

// keptNow decodes an answer; nil when there is none that can be used.
func (s *Store) keptNow(blob string) *keptAnswer {
	if blob == "" {
		return nil
	}
	a, err := decodeAnswer(blob)
	if err != nil {
		s.log.Error("an answer cannot be read and is passed over", "error", err)
		return nil
	}
	if !s.opts.Now().Before(a.expires) {
		return nil
	}
	return a
}

func hasIDs(events []veiviser.Event) bool {
	return slices.ContainsFunc(events, func(e veiviser.Event) bool { return e.ID != "" })
}

// namedAnswers are the answers that events are outcomes of, each once.
func (s *Store) namedAnswers(events []veiviser.Event) []string {
	var ids []string
	for i := range events {
		if events[i].DecisionID == "" {
			continue
		}
		id, index := splitDecisionID(events[i].DecisionID)
		if _, ok := s.keys.answerPartition(id); ok && index >= 0 && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// outcomes picks the decisions that belong to the person.
func (s *Store) outcomes(l *veiviser.Loaded, events []veiviser.Event, answers map[string]*keptAnswer) map[string]veiviser.Given {
	if len(answers) == 0 {
		return nil
	}
	out := make(map[string]veiviser.Given)
	for i := range events {
		id, index := splitDecisionID(events[i].DecisionID)
		a := answers[id]
		if a == nil || index < 0 || index >= len(a.answer.Decisions) || !owns(l, a.owner) {
			continue
		}
		out[events[i].DecisionID] = veiviser.Given{Answer: &a.answer, Index: index}
	}
	return out
}

// owns reports whether an answer given to owner belongs to the person that was loaded.
func owns(l *veiviser.Loaded, owner string) bool {
	return owner == l.VisitorID ||
		l.Visitor != nil && (owner == l.Visitor.ID || slices.Contains(l.Visitor.LinkedIDs, owner))
}

// duplicates tells which events were counted before.
func duplicates(events []veiviser.Event, seen string) []bool {
	out := make([]bool, len(events))
	if len(seen) < 8 {
		return out
	}
	wanted := make(map[uint64][]int, len(events))
	for i := range events {
		if events[i].ID != "" {
			h := eventHash(events[i].ID)
			wanted[h] = append(wanted[h], i)
		}
	}
	for ; len(seen) >= 8; seen = seen[8:] {
		for _, i := range wanted[decodeRevision(seen)] {
			out[i] = true
		}
	}
	return out
}

// packIDs is the remembered form of event ids.
func packIDs(ids []string) string {
	buf := make([]byte, 0, 8*len(ids))
	for _, id := range ids {
		if id != "" {
			buf = binary.BigEndian.AppendUint64(buf, eventHash(id))
		}
	}
	return string(buf)
}
