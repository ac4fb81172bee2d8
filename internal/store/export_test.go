package store

import (
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Raw is the client underneath.
func Raw(s *Store) redis.UniversalClient { return s.client }

// SetFault makes f be called between the steps of what takes several.
func SetFault(s *Store, f func(step string) error) { s.fault = f }

// EncodeVisitor and its kin are the codec, for fuzzing and measuring.
func EncodeVisitor(v *veiviser.Visitor, expires time.Time) (string, error) {
	r := record{kind: kindVisitor, revision: 1, expires: expires, visitor: v}
	b, err := r.encode()
	return string(b), err
}

func DecodeVisitor(s string, now time.Time) (*veiviser.Visitor, error) {
	r, err := decodeRecord(s, now)
	return r.visitor, err
}
