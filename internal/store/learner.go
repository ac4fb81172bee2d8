package store

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// ReadOutbox reads entries after the given positions (partition → position; a partition that is missing is read from
// its beginning), at most about max of them, in order within each partition. It begins with another partition each time,
// so that a busy one cannot starve the rest. No entries means that all partitions are read to their end. Decisions are
// not among them; see ReadDecisions.
func (s *Store) ReadOutbox(ctx context.Context, positions map[int]string, limit int) ([]veiviser.OutboxEntry, error) {
	return s.readLog(ctx, s.keys.outbox, positions, "+", limit)
}

// readLog reads one stream of every partition up to an id.
func (s *Store) readLog(ctx context.Context, key func(partition int) string, positions map[int]string, upTo string, limit int) ([]veiviser.OutboxEntry, error) {
	parts := s.keys.partitions
	each := int64(max(1, 4*limit/parts))
	first := s.turn.next(parts)
	cmds := make([]*redis.XMessageSliceCmd, parts)
	err := s.call(ctx, s.keys.head(), s.opts.BulkTimeout, func(ctx context.Context) error {
		pipe := s.client.Pipeline()
		for i := range cmds {
			p := (first + i) % parts
			from := "-"
			if at := positions[p]; at != "" {
				from = "(" + at
			}
			cmds[i] = pipe.XRangeN(ctx, key(p), from, upTo, each)
		}
		_, err := pipe.Exec(ctx)
		if _, reply := errors.AsType[redis.Error](err); reply && veiviser.ReasonOf(translate(ctx, err, 0)) == veiviser.ReasonCorruptRecord {
			return nil // one partition's key is no stream; the others can be read
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	var out []veiviser.OutboxEntry
	for i, c := range cmds {
		if len(out) >= limit {
			break
		}
		p := (first + i) % parts
		if c.Err() != nil {
			s.log.Error("the log of a partition cannot be read", "partition", p, "error", c.Err())
		}
		for _, m := range c.Val() {
			out = append(out, readLine(p, m))
		}
	}
	return out, nil
}

// readLine reads one entry of a partition's streams.
func readLine(partition int, m redis.XMessage) veiviser.OutboxEntry {
	e := veiviser.OutboxEntry{Partition: partition, Position: m.ID, Written: writtenAt(m.ID), First: m.Values["f"] == "1"}
	blob, _ := m.Values["d"].(string)
	if name, _ := m.Values["p"].(string); name != "" {
		e.Person = personToken(partition, name)
	}
	e.Entry, e.Err = decodeEntry(blob)
	return e
}

// writtenAt is the time in the id of a stream's entry.
func writtenAt(id string) time.Time {
	head, _, _ := strings.Cut(id, "-")
	ms, err := strconv.ParseInt(head, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// TrimOutbox deletes everything up to and with the given positions.
func (s *Store) TrimOutbox(ctx context.Context, positions map[int]string) error {
	return s.trimLog(ctx, s.keys.outbox, positions)
}

func (s *Store) trimLog(ctx context.Context, key func(partition int) string, positions map[int]string) error {
	if len(positions) == 0 {
		return nil
	}
	for p, at := range positions {
		if _, ok := after(at); !ok || p < 0 || p >= s.keys.partitions {
			return veiviser.Invalid(veiviser.ReasonMalformedID, "positions", "this is no position of the outbox")
		}
	}
	return s.call(ctx, s.keys.head(), s.opts.BulkTimeout, func(ctx context.Context) error {
		pipe := s.client.Pipeline()
		for p, at := range positions {
			next, _ := after(at)
			pipe.XTrimMinID(ctx, key(p), next)
		}
		_, err := pipe.Exec(ctx)
		return err
	})
}

// after is the least stream id greater than at.
func after(at string) (string, bool) {
	ms, seq, ok := strings.Cut(at, "-")
	m, err1 := strconv.ParseUint(ms, 10, 64)
	n, err2 := strconv.ParseUint(seq, 10, 64)
	if !ok || err1 != nil || err2 != nil {
		return "", false
	}
	if n++; n == 0 {
		m++
	}
	return strconv.FormatUint(m, 10) + "-" + strconv.FormatUint(n, 10), true
}

// AcquireLease makes owner the learner for ttl, or keeps it that. fence grows each time the lease changes hands; held is
// false while somebody else has it. owner must be drawn anew by every process.
func (s *Store) AcquireLease(ctx context.Context, owner string, ttl time.Duration) (fence int64, held bool, err error) {
	keys := []string{s.keys.lease(), s.keys.fence()}
	err = s.call(ctx, keys[0], s.opts.CallTimeout, func(ctx context.Context) error {
		reply, err := s.scripts.lease.Run(ctx, s.client, keys, owner, max(1, ttl.Milliseconds())).Int64Slice()
		if err != nil {
			return err
		}
		if len(reply) != 2 {
			return internal(nil, "the store gave no lease")
		}
		fence, held = reply[0], reply[1] == 1
		return nil
	})
	return fence, held, err
}

// ReleaseLease gives the lease back if owner has it, so that another need not wait for it to run out.
func (s *Store) ReleaseLease(ctx context.Context, owner string) error {
	_, err := s.run(ctx, s.scripts.release, []string{s.keys.lease()}, owner)
	return err
}

// SaveSnapshot keeps what was learned, and with it, in the same step, what was settled on the way. It is refused with
// KindConflict when a lease was given to somebody else since fence.
func (s *Store) SaveSnapshot(ctx context.Context, fence int64, state []byte, settled veiviser.Settled) error {
	keys := []string{s.keys.snapshot(), s.keys.fence(), s.keys.made(), s.keys.closed()}
	args := make([]any, 0, 3+len(settled.Made)+len(settled.Closed))
	args = append(args, strconv.FormatInt(fence, 10), state, len(settled.Made))
	for _, id := range settled.Made {
		args = append(args, id)
	}
	for i := range settled.Closed {
		args = append(args, encodeClosed(&settled.Closed[i]))
	}
	return s.call(ctx, keys[0], s.opts.BulkTimeout, func(ctx context.Context) error {
		n, err := s.scripts.saveSnapshot.Run(ctx, s.client, keys, args...).Int64()
		if err == nil && n == 0 {
			return conflict("the lease")
		}
		return err
	})
}

// LoadSnapshot reads what was learned; nil when nothing was.
func (s *Store) LoadSnapshot(ctx context.Context) ([]byte, error) {
	var data []byte
	key := s.keys.snapshot()
	err := s.call(ctx, key, s.opts.BulkTimeout, func(ctx context.Context) error {
		var err error
		if data, err = s.client.HGet(ctx, key, "data").Bytes(); errors.Is(err, redis.Nil) {
			return nil
		}
		return err
	})
	return data, err
}

// SnapshotRevision grows with every snapshot saved; it is cheap, so that replicas load a snapshot only when it is new.
func (s *Store) SnapshotRevision(ctx context.Context) (uint64, error) {
	var n uint64
	key := s.keys.snapshot()
	err := s.call(ctx, key, s.opts.CallTimeout, func(ctx context.Context) error {
		var err error
		if n, err = s.client.HGet(ctx, key, "revision").Uint64(); errors.Is(err, redis.Nil) {
			return nil
		}
		return err
	})
	return n, err
}
