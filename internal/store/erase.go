package store

import (
	"context"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Erase forgets the person behind visitorID under all her identities: what is remembered of her, her answers and the
// aliases. It reports whether there was anything to forget. After an error it is to be called again; it goes on where it
// was.
//
// The entries of the outbox stay until the learner has read them: they say nothing about whose they are, but where the next promise
// to her changed, and without them segments would be counted wrong. One more is added, so that segments count one member less. Her decisions that wait
// for what comes of them are removed; what was not settled of them is never learned.
//
// Of every identity a tombstone stays, so that what happened before and comes late is told from what happens after (see
// Loaded.Erased); also of one of which nothing was remembered, since what is late may be on its way. It says when, and nothing
// else.
func (s *Store) Erase(ctx context.Context, visitorID string) (found bool, err error) {
	for i := range maxAttempts {
		n, again, err := s.eraseOnce(ctx, visitorID, i >= patientAttempts)
		found = found || n > 0
		if err != nil || !again {
			return found, err
		}
	}
	return found, conflict("the visitor")
}

// patientAttempts is how often an erasure waits for a moment in which nobody changes the person.
const patientAttempts = 8

// eraseOnce tries once; again says that the person was changed meanwhile. In a hurry only a change of her identities
// counts as that.
func (s *Store) eraseOnce(ctx context.Context, visitorID string, hurry bool) (gone int64, again bool, err error) {
	root, ids, err := s.identities(ctx, visitorID)
	if veiviser.ReasonOf(err) == veiviser.ReasonCorruptRecord {
		gone, err = s.eraseChain(ctx, visitorID)
		return gone, false, err
	}
	if err != nil {
		return 0, false, err
	}
	if met, err := s.finishLinksOf(ctx, ids); err != nil || met {
		return 0, true, err
	}
	// The identity asked for goes last, so that asking again finds what is left. The person goes before it and after all
	// others, since only she knows them.
	for _, id := range ids[1:] {
		if id == visitorID {
			continue
		}
		n, err := s.eraseIdentity(ctx, id)
		gone += n
		if err != nil {
			return gone, false, err
		}
	}
	p := s.keys.person(ids[0])
	if err := s.step("before erase"); err != nil {
		return gone, false, err
	}
	erase := s.eraseRecord
	if hurry {
		erase = s.eraseChanging
	}
	n, err := erase(ctx, p, root, ids[1:])
	if err != nil || n < 0 {
		return gone, err == nil, err
	}
	gone += n
	if visitorID != p.id {
		n, err = s.eraseIdentity(ctx, visitorID)
		gone += n
	}
	return gone, false, err
}

// eraseChain forgets a person whose record cannot be read: the aliases that lead from id to it, and the record. Other
// aliases of hers are not known any more; they lead nowhere and expire.
func (s *Store) eraseChain(ctx context.Context, id string) (gone int64, err error) {
	for range maxHops {
		got, err := s.fetch(ctx, lookUp{person: s.keys.person(id)})
		if err != nil && veiviser.ReasonOf(err) != veiviser.ReasonCorruptRecord {
			return gone, err
		}
		n, e := s.eraseIdentity(ctx, id)
		gone += n
		if e != nil || err != nil || got.record.target == "" {
			return gone, e
		}
		id = got.record.target
	}
	return gone, nil
}

// eraseIdentity forgets what is kept under one linked identity, whatever it is.
func (s *Store) eraseIdentity(ctx context.Context, id string) (int64, error) {
	p := s.keys.person(id)
	for range maxAttempts {
		got, err := s.fetch(ctx, lookUp{person: p})
		if veiviser.ReasonOf(err) == veiviser.ReasonCorruptRecord {
			return s.eraseUnread(ctx, id)
		}
		if err != nil {
			return 0, err
		}
		n, err := s.eraseRecord(ctx, p, got.record, nil)
		if err != nil {
			return 0, err
		}
		if n >= 0 {
			return n, nil
		}
	}
	return 0, conflict("the visitor")
}

// eraseUnread forgets an identity whose record cannot be read.
func (s *Store) eraseUnread(ctx context.Context, id string) (int64, error) {
	p := s.keys.person(id)
	n, _, err := s.runErase(ctx, p, 0, 0, nil, p.hash)
	return n, err
}

// eraseRecord removes everything about one identity unless its record was changed since rec; then it gives -1.
func (s *Store) eraseRecord(ctx context.Context, p person, rec record, linked []string) (int64, error) {
	n, _, err := s.runErase(ctx, p, 8, rec.revision, s.leaving(rec), s.note(p, linked))
	return n, err
}

// eraseChanging removes everything about an identity that others change all the time, unless her identities changed. What
// she was counted as last is only known when it is gone, so the entry of the outbox is written after it; a crash between
// the two leaves her counted.
func (s *Store) eraseChanging(ctx context.Context, p person, rec record, linked []string) (int64, error) {
	n, was, err := s.runErase(ctx, p, 4, rec.revision, nil, s.note(p, linked))
	if err != nil || n < 0 {
		return n, err
	}
	last, err := decodeRecord(was, s.opts.Now())
	if entry := s.leaving(last); err == nil && entry != nil {
		values := []string{"d", string(encodeEntry(entry))}
		if entry.Promises() {
			values = append(values, "p", p.name)
		}
		err = s.call(ctx, p.outbox(), s.opts.CallTimeout, func(ctx context.Context) error {
			return s.client.XAdd(ctx, &redis.XAddArgs{Stream: p.outbox(), Values: values}).Err()
		})
	}
	return n, err
}

// leaving is the entry that says that whom rec holds is gone; nil when it holds nobody.
func (s *Store) leaving(rec record) *veiviser.LogEntry {
	if rec.kind != kindVisitor || rec.visitor == nil {
		return nil
	}
	return &veiviser.LogEntry{Time: s.opts.Now(), Before: membership(rec.visitor), Steps: rec.visitor.Standing.Left()}
}

// runErase runs the script, which compares the first bytes of the revision.
func (s *Store) runErase(ctx context.Context, p person, compare int, revision uint64, entry *veiviser.LogEntry, note string) (gone int64, was string, err error) {
	line, named := "", ""
	if entry != nil {
		line = string(encodeEntry(entry))
		if entry.Promises() {
			named = "1"
		}
	}
	err = s.call(ctx, p.record(), s.opts.CallTimeout, func(ctx context.Context) error {
		reply, err := s.scripts.erase.Run(ctx, s.client, eraseKeys(p), compare, wireRevision(revision), p.answerPrefix(),
			line, s.keys.notes(), note, p.name, tombstone(s.opts.Now()), s.visitorTTL().Milliseconds(), named).Slice()
		if err != nil {
			return err
		}
		if len(reply) == 2 {
			gone, _ = reply[0].(int64)
			was, _ = reply[1].(string)
		}
		return nil
	})
	return gone, was, err
}

func eraseKeys(p person) []string {
	return []string{p.record(), p.seen(), p.marks(), p.answers(), p.outbox(), p.waiting(), p.tomb(), p.kept()}
}

// finishLinksOf finishes the links of the journal that name one of ids, and reports whether there were any: then ids may
// not be all of them.
func (s *Store) finishLinksOf(ctx context.Context, ids []string) (met bool, err error) {
	links, err := s.openLinks(ctx)
	if err != nil {
		return false, err
	}
	for _, l := range links {
		if !slices.Contains(ids, l.canonical) && !slices.Contains(ids, l.other) {
			continue
		}
		if err := s.finishLink(ctx, l); err != nil {
			return true, err
		}
		met = true
	}
	return met, nil
}
