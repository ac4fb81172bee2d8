package store

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/sony/gobreaker/v2"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// tripAfter is how many calls in a row must fail before a node is taken for away.
const tripAfter = 3

// patience is how long a call must have waited for running out of the caller's time to count against the store.
const patience = 20 * time.Millisecond

// breaker stops calls to a node that is away.
type breaker = gobreaker.TwoStepCircuitBreaker[struct{}]

// guard holds one breaker per node: a shard that is away must not stop the others.
type guard struct {
	cluster *redis.ClusterClient // nil when there is one node
	probe   time.Duration
	single  *breaker
	mu      sync.Mutex
	nodes   map[string]*breaker // by address
}

func newGuard(client redis.UniversalClient, probe time.Duration) *guard {
	g := &guard{probe: probe, single: newBreaker(probe), nodes: make(map[string]*breaker)}
	g.cluster, _ = client.(*redis.ClusterClient)
	return g
}

func newBreaker(probe time.Duration) *breaker {
	return gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		MaxRequests: 1,
		Timeout:     probe,
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= tripAfter },
		IsSuccessful: func(err error) bool {
			k := veiviser.KindOf(err)
			return err == nil || k != veiviser.KindUnavailable && k != veiviser.KindDeadline
		},
		IsExcluded: func(err error) bool { return err != nil && veiviser.KindOf(err) == veiviser.KindCanceled },
	})
}

// forKey is the breaker of the node that holds key.
func (g *guard) forKey(ctx context.Context, key string) *breaker {
	if g.cluster == nil {
		return g.single
	}
	node, err := g.cluster.MasterForKey(ctx, key)
	if err != nil {
		return g.single
	}
	addr := node.Options().Addr
	g.mu.Lock()
	defer g.mu.Unlock()
	b := g.nodes[addr]
	if b == nil {
		b = newBreaker(g.probe)
		g.nodes[addr] = b
	}
	return b
}

// errUnchecked is the cause when a store that was away when it was opened was not reached yet.
var errUnchecked = errors.New("the store was not reached yet")

// call runs fn, which talks to the node that holds key, within limit and the caller's own time.
func (s *Store) call(ctx context.Context, key string, limit time.Duration, fn func(context.Context) error) error {
	if !s.fits.Load() {
		return unavailable(errUnchecked, s.opts.ProbeEvery)
	}
	return s.guarded(ctx, key, limit, fn)
}

// guarded is call for a store that is yet to be checked.
func (s *Store) guarded(ctx context.Context, key string, limit time.Duration, fn func(context.Context) error) error {
	b := s.guard.forKey(ctx, key)
	done, err := b.Allow()
	if err != nil {
		return translate(ctx, err, s.opts.ProbeEvery)
	}
	if b.State() == gobreaker.StateHalfOpen {
		limit = min(limit, s.opts.CallTimeout)
	}
	start := time.Now()
	inner, cancel := context.WithTimeout(ctx, limit)
	err = translate(ctx, fn(inner), s.opts.ProbeEvery)
	cancel()
	if veiviser.KindOf(err) == veiviser.KindDeadline && time.Since(start) < patience {
		done(veiviser.Failed(veiviser.KindCanceled, veiviser.ReasonCanceled, nil, "impatient"))
		return err
	}
	done(err)
	return err
}
