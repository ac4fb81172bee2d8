package store

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// forgetLinked removes what was answered to a person under linked identities before they were, and the decisions of then that
// wait for what comes of them. Nothing that knows her is added to these, so it comes before the change that forgets, which does the same with
// what was answered since: when it fails nothing is changed, and doing it again does no harm.
func (s *Store) forgetLinked(ctx context.Context, linked []string) error {
	for _, id := range linked {
		p := s.keys.person(id)
		_, err := s.run(ctx, s.scripts.forget, []string{p.answers(), p.waiting()}, p.answerPrefix(), p.name)
		if err != nil {
			return err
		}
	}
	return nil
}

// tombstone is what is kept of a person who was erased; "" for the zero time.
func tombstone(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return string(binary.BigEndian.AppendUint64(nil, uint64(at.UnixNano())))
}

// readTombstone is when a person was erased; the zero time when she was not, or nobody remembers.
func readTombstone(s string) time.Time {
	if len(s) != 8 {
		return time.Time{}
	}
	return time.Unix(0, int64(decodeRevision(s)))
}

// visitorTTL is how long visitors are remembered, and tombstones stand.
func (s *Store) visitorTTL() time.Duration {
	if s.opts.Keep == nil {
		return veiviser.DefaultVisitorTTL
	}
	return orTTL(s.opts.Keep(), veiviser.DefaultVisitorTTL)
}

// lasting is what is written beside a record of v that expires at a moment: what is kept of her then, and for how long. It is
// nothing when nothing binds.
func (s *Store) lasting(v *veiviser.Visitor, expires time.Time) (blob []byte, ttl int64, err error) {
	kept, until := v.Kept(expires)
	if kept == nil {
		return nil, 0, nil
	}
	rec := record{kind: kindVisitor, revision: nextRevision(0), expires: until, visitor: kept}
	blob, err = rec.encode()
	return blob, keyTTL(s.left(until)), err
}

// lifetime is until when a person is known by her identities: what binds may outlive what is remembered of her.
func lifetime(v *veiviser.Visitor, expires time.Time) time.Time {
	if _, until := v.Kept(expires); until.After(expires) {
		return until
	}
	return expires
}

// longest is the longest that anything is kept; a wish may name the year 9999.
const longest = 100 * 365 * 24 * time.Hour

// left is how much time there is until a moment, from none to longest.
func (s *Store) left(until time.Time) time.Duration {
	return min(max(0, until.Sub(s.opts.Now())), longest)
}
