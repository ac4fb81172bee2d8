package store

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// A link joins two identities that may lie in different slots, so no script can do it at once. It goes in steps, each of
// which is one compare-and-set, and every state in between can be read and finished by anybody:
//
//  1. The link is noted in the journal, so that a crash leaves nothing behind that nobody looks for.
//  2. The record of other becomes a pending alias: it points to canonical and carries what was remembered of other with
//     the ids of the counted events. From here on nothing can be added to other alone.
//  3. What the alias carries is merged into canonical, whose marks remember the token of the link: it is merged once.
//  4. Aliases that point to other are pointed at canonical, and the pending alias drops what it carries.
//
// Whoever meets a pending alias finishes steps 3 and 4 before reading on.

// maxAttempts bounds how often a link or an erasure starts again because somebody else was faster.
const maxAttempts = 64

// Link makes other an identity of the person behind canonical: what was remembered of other is merged into what is
// remembered of canonical, and from then on both names lead to one person. Linking what is linked changes nothing. It
// fails with ReasonLinkLimit when the person would have more than MaxLinkedIDs other identities.
//
// After an error the link may be half done. Nothing is lost or counted twice by that: linking again, or the next read of
// either identity, finishes it.
func (s *Store) Link(ctx context.Context, canonical, other string) error {
	if s.opts.Merge == nil {
		return internal(nil, "the store was opened without a way to merge visitors")
	}
	if canonical == other {
		return nil
	}
	token := newToken()
	if err := s.journal(ctx, token, canonical, other); err != nil {
		return err
	}
	err := s.link(ctx, token, canonical, other)
	if k := veiviser.KindOf(err); err == nil || k == veiviser.KindExhausted || k == veiviser.KindConflict {
		if e := s.forgetLink(ctx, token); e != nil {
			s.log.Warn("a finished link stays in the journal for now", "error", e)
		}
	}
	return err
}

func (s *Store) link(ctx context.Context, token, canonical, other string) error {
	for range maxAttempts {
		// The order of the two reads matters: other, which is compared when it is written, comes first. When canonical
		// is no alias after that, nothing of canonical can have been merged into other.
		from, got, err := s.lookThrough(ctx, other, true)
		if err != nil {
			return err
		}
		into, to, err := s.lookThrough(ctx, canonical, false)
		if err != nil {
			return err
		}
		if from == into {
			return nil
		}
		if linked, over := joinIDs(into, visitorOr(to.record.visitor), from, visitorOr(got.record.visitor)); over {
			return veiviser.Failed(veiviser.KindExhausted, veiviser.ReasonLinkLimit, nil,
				"the person would have %d linked identities, more than %d", len(linked), veiviser.MaxLinkedIDs)
		}
		if err := s.step("before alias"); err != nil {
			return err
		}
		done, err := s.makePending(ctx, token, from, into, got)
		if err != nil {
			return err
		}
		if !done {
			continue
		}
		if err := s.step("after alias"); err != nil {
			return err
		}
		// Reading other finishes the link; once more round the loop sees that it is done, or starts again when
		// finishing it had to undo it.
	}
	return conflict("the visitor")
}

// lookThrough reads the identity that id leads to.
func (s *Store) lookThrough(ctx context.Context, id string, withSeen bool) (string, found, error) {
	got, err := s.fetch(ctx, lookUp{person: s.keys.person(id), withSeen: withSeen})
	if err != nil {
		return "", got, err
	}
	return s.resolve(ctx, id, got, withSeen)
}

// makePending is step 2. It reports false when from was changed meanwhile.
func (s *Store) makePending(ctx context.Context, token, from, into string, got found) (bool, error) {
	now := s.opts.Now()
	p := s.keys.person(from)
	rec := record{
		kind: kindPending, revision: nextRevision(0), expires: got.record.expires, target: into,
		token: token,
	}
	entry := ""
	if v := got.record.visitor; v != nil {
		rec.visitor, rec.seen = v, got.seen
		entry = string(encodeEntry(&veiviser.LogEntry{Time: now, Before: membership(v)}))
	}
	if got.record.visitor == nil || rec.expires.IsZero() { // nothing is remembered of her, or nothing any more
		rec.expires = now.Add(s.visitorTTL())
	}
	return s.put(ctx, p, &got.record, &rec, "drop", "", entry)
}

// put replaces the record of p, which was read as was, by rec, or removes it when rec is nil, unless it was changed since. seen
// says what becomes of the ids of counted events: keep, drop or set. What is kept of her stays until she is only an alias.
func (s *Store) put(ctx context.Context, p person, was, rec *record, seen, ids, entry string) (bool, error) {
	blob, ttl, kept := []byte(nil), int64(0), "keep"
	if rec != nil {
		left := s.left(rec.expires)
		if rec.kind != kindVisitor {
			left += left / 4 // aliases outlive her, see refreshAliases
		}
		ttl = keyTTL(left)
		if rec.kind == kindAlias {
			rec.expires, kept = time.Time{}, "drop" // so that refreshing it need not write it
		}
		var err error
		if blob, err = rec.encode(); err != nil {
			return false, err
		}
	}
	note := p.hash
	if rec != nil && rec.visitor != nil {
		note = s.note(p, rec.visitor.LinkedIDs)
	}
	n, err := s.run(ctx, s.scripts.put, []string{p.record(), p.seen(), p.marks(), p.outbox(), p.tomb(), p.kept()},
		wireRevision(was.revision), blob, ttl, seen, ids, entry, s.keys.notes(), note, tombstone(was.erased), kept)
	return n == replyDone, err
}

// resolve follows id, of which got was read, to the identity the person is kept under. Pending aliases on the way are
// finished. What it returns is a visitor or nothing at all.
func (s *Store) resolve(ctx context.Context, id string, got found, withSeen bool) (string, found, error) {
	for range maxHops {
		switch got.record.kind {
		case kindAlias:
			id = got.record.target
		case kindPending:
			if err := s.finish(ctx, id, got.record, nil); err != nil {
				return id, got, err
			}
		default:
			return id, got, nil
		}
		var err error
		if got, err = s.fetch(ctx, lookUp{person: s.keys.person(id), withSeen: withSeen}); err != nil {
			return id, got, err
		}
	}
	return id, got, corrupt(fmt.Errorf("an alias leads nowhere after %d hops", maxHops))
}

// joinIDs are the linked identities of into when from becomes one of them, and whether they are too many.
func joinIDs(into string, to *veiviser.Visitor, from string, other *veiviser.Visitor) (ids []string, over bool) {
	ids = slices.Clone(to.LinkedIDs)
	for _, id := range append([]string{from}, other.LinkedIDs...) {
		if id != into && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, len(ids) > veiviser.MaxLinkedIDs
}

func visitorOr(v *veiviser.Visitor) *veiviser.Visitor {
	if v == nil {
		return &veiviser.Visitor{}
	}
	return v
}

// membership is where v was counted last.
func membership(v *veiviser.Visitor) veiviser.Membership {
	return veiviser.Membership{Segments: v.Segments, Stage: v.Stage, Known: v.Events > 0}
}

func newToken() string {
	var b [tokenBytes]byte
	_, _ = rand.Read(b[:]) // never fails
	return string(b[:])
}
