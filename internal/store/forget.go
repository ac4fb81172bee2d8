package store

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// forgetAnswers removes what was answered to a person under all her identities, and her decisions that wait for what comes of
// them. Doing it again does no harm.
func (s *Store) forgetAnswers(ctx context.Context, id string, linked []string) error {
	for _, id := range append([]string{id}, linked...) {
		p := s.keys.person(id)
		_, err := s.run(ctx, s.scripts.forget, []string{p.answers(), p.waiting()}, p.answerPrefix(), p.name)
		if err != nil {
			return err
		}
	}
	return nil
}

// tombstone is what is kept of a person who was erased.
func tombstone(at time.Time) string {
	return string(binary.BigEndian.AppendUint64(nil, uint64(at.UnixNano())))
}

// readTombstone is when a person was erased; the zero time when she was not, or nobody remembers.
func readTombstone(s string) time.Time {
	if len(s) != 8 {
		return time.Time{}
	}
	return time.Unix(0, int64(decodeRevision(s)))
}

// keepTombs is how long tombstones stand.
func (s *Store) keepTombs() time.Duration {
	if s.opts.Keep == nil {
		return veiviser.DefaultVisitorTTL
	}
	return orTTL(s.opts.Keep(), veiviser.DefaultVisitorTTL)
}
