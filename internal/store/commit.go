package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// keepLonger is how much longer than the value a key is kept.
const keepLonger = 24 * time.Hour

// Commit writes a change in one step: all of it, or nothing and KindConflict when somebody else changed the person since
// she was loaded, or erased her. A change of an answer alone is refused only when the person it was made for was erased since.
//
// Whoever is committed for was met, which renews her time to live: a change that leaves the visitor alone writes her as she was when
// it is the first in an eighth of that time, and is then refused as other changes are.
//
// After KindUnavailable or KindDeadline the change may or may not have been written. Committing the same change again is
// safe when it has an answer: it then succeeds and writes nothing twice. Without an answer, load again: events that were
// written come back as duplicates.
func (s *Store) Commit(ctx context.Context, c veiviser.Change) error {
	c.VisitorTTL = orTTL(c.VisitorTTL, veiviser.DefaultVisitorTTL)
	first := firstOfEighth(c.Loaded.Expires, s.opts.Now(), c.VisitorTTL)
	if c.Visitor == nil && c.Loaded.Visitor != nil && first {
		c.Visitor, c.Quiet = c.Loaded.Visitor, true
	}
	p, args, err := s.commitArgs(&c)
	if err != nil {
		return err
	}
	if c.Forget {
		if err := s.forgetLinked(ctx, c.Visitor.LinkedIDs); err != nil {
			return err
		}
	}
	keys := []string{p.record(), p.seen(), p.marks(), p.answers(), p.outbox(), p.waiting(), p.tomb(), p.kept()}
	if c.Answer != nil {
		keys = append(keys, s.keys.answer(p.partition, c.Answer.ID))
	}
	n, err := s.run(ctx, s.scripts.commit, keys, args...)
	if err == nil && n != replyDone {
		return conflict("the visitor")
	}
	if err == nil && c.Visitor != nil && len(c.Visitor.LinkedIDs) > 0 {
		expires := s.opts.Now().Add(c.VisitorTTL)
		until := lifetime(c.Visitor, expires)
		if first || until.After(lifetime(visitorOr(c.Loaded.Visitor), expires)) {
			s.refreshAliases(ctx, c.Visitor.LinkedIDs, until, c.VisitorTTL)
		}
	}
	return err
}

// firstOfEighth reports whether a person who expires at a moment was written last in another eighth of her time to live than it
// is now.
func firstOfEighth(expires, now time.Time, ttl time.Duration) bool {
	eighth := max(1, ttl.Milliseconds()/8)
	return expires.IsZero() || (expires.UnixMilli()-ttl.Milliseconds())/eighth != now.UnixMilli()/eighth
}

// commitArgs lays out the arguments of the script.
func (s *Store) commitArgs(c *veiviser.Change) (person, []any, error) {
	p := s.keys.person(target(c))
	now := s.opts.Now()
	answerTTL := orTTL(c.AnswerTTL, veiviser.DefaultDecisionTTL)
	var blob, kept, lasting []byte
	var lastingTTL int64
	var answerID, note, fresh, forget string
	var err error
	if c.Visitor != nil {
		rec := record{kind: kindVisitor, visitor: c.Visitor, expires: now.Add(c.VisitorTTL), revision: nextRevision(c.Loaded.Revision)}
		if c.Visitor.ID != p.id {
			v := *c.Visitor
			v.ID = p.id
			rec.visitor = &v
		}
		if c.Loaded.Visitor == nil { // nothing was there, or what was there has expired
			rec.revision, fresh = nextRevision(0), "1"
		} else if c.Forget { // an answer under way that was made from what is forgotten must not be kept
			rec.revision = nextRevision(0)
		}
		if c.Forget {
			forget = "1"
		}
		if blob, err = rec.encode(); err != nil {
			return p, nil, err
		}
		if lasting, lastingTTL, err = s.lasting(rec.visitor, rec.expires); err != nil {
			return p, nil, err
		}
		if !c.Quiet {
			note = s.note(p, c.Visitor.LinkedIDs)
		}
	}
	if c.Answer != nil {
		answerID = c.Answer.ID
		if at, ok := s.keys.answerPartition(answerID); !ok || at != p.partition {
			return p, nil, internal(nil, "the answer's id was not made for this visitor")
		}
		if kept, err = encodeAnswer(c.Answer, p.id, now.Add(answerTTL)); err != nil {
			return p, nil, err
		}
	}
	args := make([]any, 0, 18+len(c.Log))
	args = append(args, wireRevision(c.Loaded.Revision), blob, keyTTL(c.VisitorTTL), fresh, packIDs(c.EventIDs), kept, answerID,
		keyTTL(answerTTL), p.answerPrefix(), s.keys.notes(), note, p.name, tombstone(erased(c)), lasting, lastingTTL, forget)
	return p, appendLog(args, c.Log), nil
}

// erased is when the identity that a change is written under was erased, as far as was known when the person was loaded.
func erased(c *veiviser.Change) time.Time {
	if c.Loaded.Visitor != nil {
		return c.Loaded.ErasedRoot
	}
	return c.Loaded.Erased
}

// appendLog appends how many entries are decisions, which of the others are to say whose they are, the decisions, and the others.
func appendLog(args []any, log []veiviser.LogEntry) []any {
	n := len(args)
	args = append(args, nil, named(log))
	for i := range log {
		if log[i].Served != nil {
			args = append(args, encodeEntry(&log[i]))
		}
	}
	args[n] = len(args) - n - 2
	for i := range log {
		if log[i].Served == nil {
			args = append(args, encodeEntry(&log[i]))
		}
	}
	return args
}

// named has a 1 for each entry, decisions left out, after which the learner has to know whom to look after, and a 0 for the others;
// it is empty when there is none.
func named(log []veiviser.LogEntry) string {
	if !slices.ContainsFunc(log, func(e veiviser.LogEntry) bool { return e.Promises() }) {
		return ""
	}
	var b strings.Builder
	for i := range log {
		switch e := &log[i]; {
		case e.Served != nil:
		case e.Promises():
			b.WriteByte('1')
		default:
			b.WriteByte('0')
		}
	}
	return b.String()
}

// target is the identity that a change is written under.
func target(c *veiviser.Change) string {
	switch {
	case c.Loaded.Visitor != nil && c.Loaded.Visitor.ID != "":
		return c.Loaded.Visitor.ID
	case c.Loaded.VisitorID != "" || c.Visitor == nil:
		return c.Loaded.VisitorID
	default:
		return c.Visitor.ID
	}
}

func orTTL(d, def time.Duration) time.Duration {
	if d <= 0 {
		return def
	}
	return d
}

// keyTTL is the expiry of a key in milliseconds.
func keyTTL(ttl time.Duration) int64 { return (ttl + keepLonger).Milliseconds() }

// note is what is published when a person changed: the hashes of all her identities.
func (s *Store) note(p person, linked []string) string {
	if len(linked) == 0 {
		return p.hash
	}
	buf := make([]byte, 0, hashBytes*(1+len(linked)))
	buf = append(buf, p.hash...)
	for _, id := range linked {
		buf = append(buf, s.keys.person(id).hash...)
	}
	return string(buf)
}

// refreshAliases keeps the aliases of a person from expiring before she does: they outlive her by a quarter of the time she is
// remembered, since they are refreshed once in an eighth of it. When it fails the next eighth does it.
func (s *Store) refreshAliases(ctx context.Context, linked []string, until time.Time, ttl time.Duration) {
	left := s.left(until) + ttl/4 + keepLonger
	err := s.call(ctx, s.keys.config(), s.opts.CallTimeout, func(ctx context.Context) error {
		pipe := s.client.Pipeline()
		for _, id := range linked {
			p := s.keys.person(id)
			pipe.PExpire(ctx, p.record(), left)
		}
		_, err := pipe.Exec(ctx)
		return err
	})
	if err != nil {
		s.log.Warn("aliases could not be refreshed", "error", err)
	}
}

// run calls a script that replies with a number.
func (s *Store) run(ctx context.Context, script *redis.Script, keys []string, args ...any) (int64, error) {
	var n int64
	err := s.call(ctx, keys[0], s.opts.CallTimeout, func(ctx context.Context) error {
		var err error
		n, err = script.Run(ctx, s.client, keys, args...).Int64()
		return err
	})
	return n, err
}
