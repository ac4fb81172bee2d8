package store

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// maxRecordsAtOnce bounds how many records or answers one round trip reads.
const maxRecordsAtOnce = 500

// ReadDecisions reads the decisions that wait for what comes of them, as ReadOutbox reads the rest: those after the given
// positions that were written before a moment by the store's clock (see Now); the zero time is no bound. They stay until
// TrimDecisions, or until there are about 100,000 newer ones in their partition.
func (s *Store) ReadDecisions(ctx context.Context, positions map[int]string, before time.Time, limit int) ([]veiviser.OutboxEntry, error) {
	upTo := "+"
	if !before.IsZero() {
		last := before.Add(-time.Nanosecond).UnixMilli() // entries know whole milliseconds
		if last < 0 {
			return nil, nil
		}
		upTo = strconv.FormatInt(last, 10)
	}
	return s.readLog(ctx, s.keys.waiting, positions, upTo, limit)
}

// TrimDecisions deletes all decisions up to and with the given positions.
func (s *Store) TrimDecisions(ctx context.Context, positions map[int]string) error {
	return s.trimLog(ctx, s.keys.waiting, positions)
}

// Now is the time by the store's clock, which OutboxEntry.Written is of. In a cluster it is the clock of the node that
// holds the learner's keys; others may differ by as much as the operator lets them.
func (s *Store) Now(ctx context.Context) (time.Time, error) {
	var now time.Time
	keys := []string{s.keys.fence()}
	err := s.call(ctx, keys[0], s.opts.CallTimeout, func(ctx context.Context) error {
		reply, err := s.scripts.now.Run(ctx, s.client, keys).StringSlice()
		if err != nil {
			return err
		}
		if len(reply) != 2 {
			return internal(nil, "the store does not know the time")
		}
		sec, err1 := strconv.ParseInt(reply[0], 10, 64)
		micro, err2 := strconv.ParseInt(reply[1], 10, 64)
		if err := errors.Join(err1, err2); err != nil {
			return internal(err, "the store does not know the time")
		}
		now = time.Unix(sec, micro*1000).UTC()
		return nil
	})
	return now, err
}

// People are the persons behind tokens (see OutboxEntry.Person) as they are now: for an identity that was linked since, the
// person it is linked to, so that two tokens may lead to one person. Who is erased, expired or cannot be read is missing.
// The visitors are not to be changed.
func (s *Store) People(ctx context.Context, tokens []string) (map[string]*veiviser.Visitor, error) {
	out := make(map[string]*veiviser.Visitor, len(tokens))
	follow := make(map[string][]string) // by token to look up: the tokens asked for that lead there
	for _, t := range tokens {
		follow[t] = []string{t}
	}
	for range maxHops {
		if len(follow) == 0 {
			break
		}
		found, err := s.records(ctx, follow)
		if err != nil {
			return nil, err
		}
		next := make(map[string][]string)
		for at, rec := range found {
			switch rec.kind {
			case kindVisitor:
				for _, t := range follow[at] {
					out[t] = rec.visitor
				}
			case kindAlias, kindPending:
				target, err := s.pointsTo(ctx, at, rec)
				if err != nil {
					return nil, err
				}
				next[target] = append(next[target], follow[at]...)
			default: // nobody
			}
		}
		follow = next
	}
	return out, nil
}

// LoadPerson reads what is remembered of the person behind a token, as Load does; also of who was forgotten but for what binds. There
// is no Visitor when she is erased, or nothing is remembered of her.
func (s *Store) LoadPerson(ctx context.Context, token string) (veiviser.Loaded, error) {
	p, ok := s.keys.byToken(token)
	if !ok {
		return veiviser.Loaded{}, nil
	}
	got, err := s.fetch(ctx, lookUp{person: p})
	if err != nil {
		return veiviser.Loaded{}, err
	}
	id := got.record.target
	if v := got.record.visitor; v != nil { // also what a pending alias carries, which to load is to finish
		id = v.ID
	}
	if id == "" {
		return veiviser.Loaded{}, nil
	}
	return s.Load(ctx, id, nil)
}

// records reads the records of identities by their tokens. Those that are missing or cannot be read are left out.
func (s *Store) records(ctx context.Context, tokens map[string][]string) (map[string]record, error) {
	names, keys := make([]string, 0, len(tokens)), make([]string, 0, len(tokens))
	for t := range tokens {
		if p, ok := s.keys.byToken(t); ok {
			names, keys = append(names, t), append(keys, p.record())
		}
	}
	blobs, err := s.values(ctx, keys)
	if err != nil {
		return nil, err
	}
	out := make(map[string]record, len(blobs))
	for i, blob := range blobs {
		rec, err := decodeRecord(blob, s.opts.Now())
		if err != nil {
			s.log.Error("a visitor cannot be read and is passed over", "error", err)
			continue
		}
		out[names[i]] = rec
	}
	return out, nil
}

// pointsTo is the token of the identity that an alias leads to. What a pending alias carries is merged first, so that the
// person is whole.
func (s *Store) pointsTo(ctx context.Context, token string, rec record) (string, error) {
	target := rec.target
	if rec.kind == kindPending && rec.visitor != nil {
		p := s.keys.person(rec.visitor.ID)
		if p.token() != token {
			return "", nil // it carries somebody else, which is no token
		}
		root, _, err := s.resolve(ctx, p.id, found{record: rec}, false)
		if err != nil && veiviser.ReasonOf(err) != veiviser.ReasonCorruptRecord {
			return "", err
		}
		target = root
	}
	p := s.keys.person(target)
	return p.token(), nil
}

// values reads strings, of any partition; "" for what is missing or is no string.
func (s *Store) values(ctx context.Context, keys []string) ([]string, error) {
	out := make([]string, 0, len(keys))
	for len(keys) > 0 {
		n := min(len(keys), maxRecordsAtOnce)
		cmds := make([]*redis.StringCmd, n)
		err := s.call(ctx, keys[0], s.opts.BulkTimeout, func(ctx context.Context) error {
			pipe := s.client.Pipeline()
			for i, key := range keys[:n] {
				cmds[i] = pipe.Get(ctx, key)
			}
			_, _ = pipe.Exec(ctx) // every command has its own error
			for _, c := range cmds {
				if err := c.Err(); err != nil && !errors.Is(err, redis.Nil) && veiviser.ReasonOf(translate(ctx, err, 0)) != veiviser.ReasonCorruptRecord {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		for _, c := range cmds {
			out = append(out, c.Val())
		}
		keys = keys[n:]
	}
	return out, nil
}
