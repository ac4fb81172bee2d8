package store

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// finish brings the pending alias rec of id one or more steps further; the caller reads id again and sees. trail are the
// pending aliases that wait for this one.
func (s *Store) finish(ctx context.Context, id string, rec record, trail []string) error {
	if s.opts.Merge == nil {
		return internal(nil, "the store was opened without a way to merge visitors")
	}
	if i := slices.Index(trail, id); i >= 0 {
		return s.breakCycle(ctx, trail[i:])
	}
	if err := s.step("before finish"); err != nil {
		return err
	}
	to, err := s.fetch(ctx, lookUp{person: s.keys.person(rec.target), withMarks: true})
	if err != nil {
		return err
	}
	if hasMark(to.marks, rec.token) {
		return s.drop(ctx, id, rec, to.record)
	}
	switch to.record.kind {
	case kindPending:
		return s.finish(ctx, rec.target, to.record, append(trail, id))
	case kindAlias:
		// The target was linked elsewhere before this was merged into it, so it never will be.
		next := rec
		next.target, next.revision = to.record.target, nextRevision(rec.revision)
		if next.target == id {
			return s.restore(ctx, id, rec)
		}
		_, err := s.put(ctx, s.keys.person(id), &rec, &next, "keep", "", "")
		return err
	default:
		return s.mergeOnce(ctx, id, rec, to.record)
	}
}

// mergeOnce merges unless rec is a copy from before the link was finished: the person may have been erased since, with the mark
// that says so. Whoever erases her sees to it first that nothing is pending, so what still is after to was read is not merged.
func (s *Store) mergeOnce(ctx context.Context, id string, rec, to record) error {
	still, err := s.fetch(ctx, lookUp{person: s.keys.person(id)})
	if err != nil || still.record.kind != kindPending || still.record.revision != rec.revision {
		return err
	}
	return s.mergeInto(ctx, id, rec, to)
}

// mergeInto is step 3 of a link: to, which is kept under rec.target, takes up what rec carries.
func (s *Store) mergeInto(ctx context.Context, id string, rec, to record) error {
	now := s.opts.Now()
	linked, over := joinIDs(rec.target, visitorOr(to.visitor), id, visitorOr(rec.visitor))
	if over {
		return s.restore(ctx, id, rec)
	}
	into, entry, forgotten := to.visitor, "", false
	var steps []veiviser.Step
	uncounted := into == nil || into.Events == 0
	switch {
	case into == nil && rec.visitor == nil:
		into = &veiviser.Visitor{}
	case into == nil:
		into = rec.visitor.Clone()
	case rec.visitor != nil:
		counted, was := membership(into), into.Standing.Clone()
		forgotten = s.unite(into, rec.visitor)
		steps = veiviser.JoinedSteps(&into.Standing, &was, &rec.visitor.Standing)
		if line := joined(into, counted, forgotten, steps); line != nil {
			line.Time = now
			entry = string(encodeEntry(line))
		}
	}
	into.ID, into.LinkedIDs = rec.target, linked
	if uncounted && into.Events > 0 {
		entry = string(encodeEntry(&veiviser.LogEntry{Time: now, After: membership(into), Steps: steps}))
	}
	merged := record{kind: kindVisitor, revision: nextRevision(0), expires: to.expires, visitor: into}
	if to.visitor == nil || to.expires.IsZero() || rec.visitor != nil && merged.expires.Before(rec.expires) {
		merged.expires = rec.expires
	}
	done, err := s.writeMerged(ctx, id, &rec, &to, &merged, entry, forgotten)
	if err != nil || !done {
		return err
	}
	if err := s.step("after merge"); err != nil {
		return err
	}
	return s.drop(ctx, id, rec, merged)
}

// writeMerged replaces to by merged in one step, with what was answered to her when that is forgotten; false when she was changed
// meanwhile.
func (s *Store) writeMerged(ctx context.Context, id string, rec, to, merged *record, entry string, forgotten bool) (bool, error) {
	blob, err := merged.encode()
	if err != nil {
		return false, err
	}
	lasting, lastingTTL, err := s.lasting(merged.visitor, merged.expires)
	if err != nil {
		return false, err
	}
	answered, err := s.answeredFor(ctx, id)
	if err != nil {
		return false, err
	}
	p, linked, forget := s.keys.person(rec.target), merged.visitor.LinkedIDs, ""
	if err := s.step("before merge"); err != nil {
		return false, err
	}
	if forgotten {
		forget = "1"
		if err := s.forgetLinked(ctx, linked); err != nil {
			return false, err
		}
	}
	n, err := s.run(ctx, s.scripts.merge,
		[]string{p.record(), p.seen(), p.marks(), p.outbox(), p.answers(), p.tomb(), p.kept(), p.waiting()},
		wireRevision(to.revision), blob, keyTTL(s.left(merged.expires)), rec.token, rec.seen, entry, s.keys.notes(),
		s.note(p, linked), answered, tombstone(to.erased), lasting, lastingTTL, forget, p.answerPrefix(), p.name)
	return n != replyConflict, err
}

// joined is what the log hears of two persons who became one; nil for nothing. When what was known of them is forgotten, she is
// counted out of where she was counted.
func joined(into *veiviser.Visitor, counted veiviser.Membership, forgotten bool, steps []veiviser.Step) *veiviser.LogEntry {
	switch {
	case forgotten:
		return &veiviser.LogEntry{Before: counted, Steps: steps}
	case len(steps) > 0:
		m := membership(into)
		return &veiviser.LogEntry{Before: m, After: m, Steps: steps}
	default:
		return nil
	}
}

// answeredFor is for how many milliseconds answers given under an identity are remembered yet; 0 when there are none.
func (s *Store) answeredFor(ctx context.Context, id string) (int64, error) {
	p := s.keys.person(id)
	var left time.Duration
	err := s.call(ctx, p.answers(), s.opts.CallTimeout, func(ctx context.Context) error {
		var err error
		left, err = s.client.PTTL(ctx, p.answers()).Result()
		return err
	})
	return max(0, left.Milliseconds()), err
}

// unite makes into the history of both. Where she was counted last stays as it was. The group stays the one that was fixed
// first, unless Options.Merge fixes another. It reports whether Options.Merge forgot what was known, since one of the two is
// not to be profiled; then she is counted nowhere.
func (s *Store) unite(into, from *veiviser.Visitor) (forgotten bool) {
	counted, group, first := membership(into), into.Group, firstGroup(into, from)
	known := into.HasProfile() || from.HasProfile()
	if !counted.Known {
		counted = membership(from)
	}
	s.opts.Merge(into, from.Clone())
	into.Segments, into.Stage = counted.Segments, counted.Stage
	if into.Group == group {
		into.Group = first
	}
	if forgotten = known && !into.HasProfile(); forgotten {
		into.Segments, into.Stage = nil, ""
	}
	return forgotten
}

// firstGroup is the group of the visitor who was seen first, as far as it is known.
func firstGroup(a, b *veiviser.Visitor) veiviser.Group {
	if a.FirstSeen.IsZero() || !b.FirstSeen.IsZero() && b.FirstSeen.Before(a.FirstSeen) {
		a, b = b, a
	}
	if a.Group == veiviser.GroupUnknown {
		return b.Group
	}
	return a.Group
}

// drop is step 4 of a link: aliases of id are pointed at where id points, and id drops what it carried. All aliases of the
// person, root, are kept as long as she is.
func (s *Store) drop(ctx context.Context, id string, rec, root record) error {
	for _, name := range visitorOr(rec.visitor).LinkedIDs {
		p := s.keys.person(name)
		got, err := s.fetch(ctx, lookUp{person: p})
		if err != nil {
			return err
		}
		if got.record.kind != kindAlias || got.record.target != id {
			continue
		}
		next := record{
			kind: kindAlias, target: rec.target, revision: nextRevision(got.record.revision), expires: rec.expires,
		}
		if _, err := s.put(ctx, p, &got.record, &next, "keep", "", ""); err != nil {
			return err
		}
	}
	if err := s.step("before drop"); err != nil {
		return err
	}
	done := record{kind: kindAlias, revision: nextRevision(rec.revision), target: rec.target, expires: rec.expires}
	if _, err := s.put(ctx, s.keys.person(id), &rec, &done, "keep", "", ""); err != nil {
		return err
	}
	if v := root.visitor; v != nil {
		if root.expires.IsZero() { // but for what is kept she is forgotten
			root.expires = s.opts.Now()
		}
		s.refreshAliases(ctx, v.LinkedIDs, lifetime(v, root.expires), s.visitorTTL())
	}
	return nil
}

// restore undoes a link that cannot be finished: the pending alias becomes the person again that it carries.
func (s *Store) restore(ctx context.Context, id string, rec record) error {
	p := s.keys.person(id)
	if rec.visitor == nil {
		_, err := s.put(ctx, p, &rec, nil, "keep", "", "")
		return err
	}
	back := record{kind: kindVisitor, revision: nextRevision(0), expires: rec.expires, visitor: rec.visitor}
	entry := encodeEntry(&veiviser.LogEntry{Time: s.opts.Now(), After: membership(rec.visitor)})
	_, err := s.put(ctx, p, &rec, &back, "set", rec.seen, string(entry))
	return err
}

// breakCycle undoes one of several links that were made at once and wait for each other in a ring: whoever meets the
// ring undoes the same one. What the others carry is then merged into it.
func (s *Store) breakCycle(ctx context.Context, ring []string) error {
	first := slices.MinFunc(ring, func(a, b string) int {
		x, y := s.keys.person(a), s.keys.person(b)
		return strings.Compare(x.hash, y.hash)
	})
	got, err := s.fetch(ctx, lookUp{person: s.keys.person(first)})
	if err != nil || got.record.kind != kindPending {
		return err
	}
	to, err := s.fetch(ctx, lookUp{person: s.keys.person(got.record.target), withMarks: true})
	if err != nil {
		return err
	}
	if hasMark(to.marks, got.record.token) {
		return s.drop(ctx, first, got.record, to.record)
	}
	return s.restore(ctx, first, got.record)
}

func hasMark(marks, token string) bool {
	for ; len(marks) >= tokenBytes; marks = marks[tokenBytes:] {
		if marks[:tokenBytes] == token {
			return true
		}
	}
	return false
}

// journal notes a link that is about to be made.
func (s *Store) journal(ctx context.Context, token, canonical, other string) error {
	w := writer{}
	w.int(s.opts.Now().Unix())
	w.raw(canonical)
	w.raw(other)
	return s.call(ctx, s.keys.links(), s.opts.CallTimeout, func(ctx context.Context) error {
		return s.client.HSet(ctx, s.keys.links(), token, w.buf).Err()
	})
}

// forgetLink takes a link off the journal.
func (s *Store) forgetLink(ctx context.Context, token string) error {
	return s.call(ctx, s.keys.links(), s.opts.CallTimeout, func(ctx context.Context) error {
		return s.client.HDel(ctx, s.keys.links(), token).Err()
	})
}

// journaled is a link found in the journal.
type journaled struct {
	token            string
	since            time.Time
	canonical, other string
}

// openLinks reads the journal: links under way, and what crashes left.
func (s *Store) openLinks(ctx context.Context) ([]journaled, error) {
	var all map[string]string
	err := s.call(ctx, s.keys.links(), s.opts.BulkTimeout, func(ctx context.Context) error {
		var err error
		if all, err = s.client.HGetAll(ctx, s.keys.links()).Result(); errors.Is(err, redis.Nil) {
			return nil
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	out := make([]journaled, 0, len(all))
	for token, pair := range all {
		r := reader{s: pair}
		l := journaled{token: token, since: time.Unix(r.int(), 0), canonical: r.raw(), other: r.raw()}
		if r.done() == nil {
			out = append(out, l)
		}
	}
	return out, nil
}

// finishLink finishes what a journaled link has begun, and takes it off the journal.
func (s *Store) finishLink(ctx context.Context, l journaled) error {
	for _, id := range [...]string{l.other, l.canonical} {
		if _, _, err := s.lookThrough(ctx, id, false); err != nil {
			return err
		}
	}
	return s.forgetLink(ctx, l.token)
}

// abandoned is the age at which a link of the journal is taken for left behind by a crash.
const abandoned = time.Minute

// FinishLinks finishes the links that a crash of this or another process left half done, so that nothing of them waits
// for one of the persons to come back. It is for the start of a process, once Options.Merge can do its work; what cannot
// be finished now is logged.
func (s *Store) FinishLinks(ctx context.Context) {
	links, err := s.openLinks(ctx)
	for _, l := range links {
		if ctx.Err() != nil {
			return
		}
		if s.opts.Now().Sub(l.since) < abandoned {
			continue
		}
		if e := s.finishLink(ctx, l); e != nil {
			err = e
		}
	}
	if err != nil && ctx.Err() == nil {
		s.log.Warn("links that were left half done could not all be finished", "error", err)
	}
}
