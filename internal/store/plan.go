package store

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// maxVersionsAtOnce bounds PlanVersions.
const maxVersionsAtOnce = 1000

// SavePlan keeps a plan as the next version and makes it the one that answers. Version and Active of v are not looked
// at. When expectActive is not 0 and another version answers now, nothing is saved and the error is KindConflict with
// ReasonPlanChanged.
func (s *Store) SavePlan(ctx context.Context, v veiviser.PlanVersion, expectActive uint64) (version uint64, err error) {
	body, err := json.Marshal(&v.Plan)
	if err != nil {
		return 0, internal(err, "the plan cannot be kept")
	}
	v.Plan, v.Version, v.Active = veiviser.Plan{Name: v.Plan.Name}, 0, false
	meta, err := json.Marshal(&v)
	if err != nil {
		return 0, internal(err, "the plan cannot be kept")
	}
	key := s.keys.head()
	err = s.call(ctx, key, s.opts.BulkTimeout, func(ctx context.Context) error {
		reply, err := s.scripts.savePlan.Run(ctx, s.client, []string{key},
			s.keys.versionPrefix(), strconv.FormatUint(expectActive, 10), meta, body).Int64Slice()
		if err != nil {
			return err
		}
		if len(reply) != 2 || reply[0] != replyDone {
			return planChanged()
		}
		version = uint64(reply[1])
		return nil
	})
	return version, err
}

// ActivatePlan makes a kept version the one that answers. Activating the version that answers already changes nothing.
// When expectActive is not 0 and another version answers now, the error is KindConflict with ReasonPlanChanged.
func (s *Store) ActivatePlan(ctx context.Context, version, expectActive uint64) error {
	keys := []string{s.keys.head(), s.keys.version(version)}
	n, err := s.run(ctx, s.scripts.activate, keys, strconv.FormatUint(version, 10), strconv.FormatUint(expectActive, 10))
	switch {
	case err != nil:
		return err
	case n == replyDone:
		return nil
	case n < 0:
		return planChanged()
	default:
		return unknownVersion(version)
	}
}

func planChanged() error {
	return veiviser.Failed(veiviser.KindConflict, veiviser.ReasonPlanChanged, nil,
		"another version of the plan was made active meanwhile")
}

func unknownVersion(n uint64) error {
	return veiviser.NotFound(veiviser.ReasonUnknownVersion, "version", "there is no version %d of the plan", n)
}

// PlanVersions lists versions older than beforeVersion (0 for all), newest first, at most limit of them, with no more of
// their plans than the name.
func (s *Store) PlanVersions(ctx context.Context, beforeVersion uint64, limit int) ([]veiviser.PlanVersion, error) {
	var active uint64
	var from uint64
	var metas []*redis.StringCmd
	err := s.call(ctx, s.keys.head(), s.opts.BulkTimeout, func(ctx context.Context) error {
		head, err := s.client.HMGet(ctx, s.keys.head(), "active", "last").Result()
		if err != nil {
			return err
		}
		active = number(head, 0)
		from = number(head, 1)
		if beforeVersion > 0 {
			from = min(from, beforeVersion-1)
		}
		pipe := s.client.Pipeline()
		metas = nil
		for n := from; n > 0 && len(metas) < min(limit, maxVersionsAtOnce); n-- {
			metas = append(metas, pipe.HGet(ctx, s.keys.version(n), "meta"))
		}
		if len(metas) == 0 {
			return nil
		}
		_, err = pipe.Exec(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := make([]veiviser.PlanVersion, len(metas))
	for i, m := range metas {
		if err := json.Unmarshal([]byte(m.Val()), &out[i]); err != nil {
			return nil, corrupt(err)
		}
		out[i].Version = from - uint64(i)
		out[i].Active = out[i].Version == active
	}
	return out, nil
}

// PlanVersion reads one version with its plan.
func (s *Store) PlanVersion(ctx context.Context, version uint64) (veiviser.PlanVersion, error) {
	var v veiviser.PlanVersion
	var fields []any
	var active string
	key := s.keys.version(version)
	err := s.call(ctx, key, s.opts.BulkTimeout, func(ctx context.Context) error {
		pipe := s.client.Pipeline()
		got := pipe.HMGet(ctx, key, "meta", "body")
		head := pipe.HGet(ctx, s.keys.head(), "active")
		if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
		fields, active = got.Val(), head.Val()
		return nil
	})
	if err != nil {
		return v, err
	}
	meta, ok := text(fields, 0)
	body, _ := text(fields, 1)
	if !ok {
		return v, unknownVersion(version)
	}
	if err := json.Unmarshal([]byte(meta), &v); err != nil {
		return v, corrupt(err)
	}
	if err := json.Unmarshal([]byte(body), &v.Plan); err != nil {
		return v, corrupt(err)
	}
	v.Version = version
	v.Active = active == strconv.FormatUint(version, 10)
	return v, nil
}

// Head is one small read, made to be repeated: it tells a replica whether there is anything new to fetch.
func (s *Store) Head(ctx context.Context) (veiviser.Head, error) {
	var fields []any
	err := s.call(ctx, s.keys.head(), s.opts.CallTimeout, func(ctx context.Context) error {
		var err error
		fields, err = s.client.HMGet(ctx, s.keys.head(), "active", "previous", "activation", "catalog", "switches").Result()
		return err
	})
	if err != nil {
		return veiviser.Head{}, err
	}
	return veiviser.Head{
		Active: number(fields, 0), Previous: number(fields, 1), Activation: number(fields, 2), Catalog: number(fields, 3),
		Switches: number(fields, 4),
	}, nil
}

// text is one field of a HMGET.
func text(fields []any, i int) (string, bool) {
	if i >= len(fields) {
		return "", false
	}
	s, ok := fields[i].(string)
	return s, ok
}

// number is one field of a HMGET as a number; 0 when it is missing.
func number(fields []any, i int) uint64 {
	s, _ := text(fields, i)
	n, _ := strconv.ParseUint(s, 10, 64)
	return n
}
