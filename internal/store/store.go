package store

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Store is the state of one tenant. It may be used by any number of goroutines.
type Store struct {
	opts    Options
	client  redis.UniversalClient
	server  *miniredis.Miniredis // nil for a real Redis
	keys    keyring
	scripts scripts
	guard   *guard
	// fits is set when the store was reached and fits; before, no call gets through.
	fits    atomic.Bool
	watcher *watcher
	log     *slog.Logger
	turn    turn

	// fault is called between the steps of what takes several; tests make it fail.
	fault func(step string) error

	stop    context.CancelFunc
	stopped sync.WaitGroup
}

// Open connects to the store and checks that it fits: that the tenant was created with as many partitions, and that
// Redis does not evict keys. It fails with KindUnavailable when the store is away, KindPrecondition when it does not
// fit, and KindInvalid when the options make no sense.
func Open(ctx context.Context, o Options) (*Store, error) {
	o = o.withDefaults()
	if o.Partitions < 1 || o.Partitions > maxPartitions {
		return nil, veiviser.Invalid(veiviser.ReasonInvalidField, "partitions", "partitions must lie in 1 … %d", maxPartitions)
	}
	s := &Store{opts: o, keys: newKeyring(o.Tenant, o.Partitions), scripts: newScripts(), log: o.Logger}
	if err := s.connect(); err != nil {
		return nil, err
	}
	s.guard = newGuard(s.client, o.ProbeEvery)
	s.watcher = newWatcher(s)
	life, stop := context.WithCancel(context.Background())
	s.stop = stop
	if s.server != nil {
		s.stopped.Go(func() { s.runClock(life) })
	}
	err := s.check(ctx)
	switch {
	case err == nil:
		s.fits.Store(true)
	case o.Patient && veiviser.KindOf(err) == veiviser.KindUnavailable:
		s.log.Warn("the store is away; it is waited for", "error", err)
		s.stopped.Go(func() { s.waitFor(life) })
	default:
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

// waitFor checks a store that was away when it was opened until it is there and fits. What does not fit is never let in.
func (s *Store) waitFor(ctx context.Context) {
	ticker := time.NewTicker(s.opts.ProbeEvery)
	defer ticker.Stop()
	was := veiviser.KindUnavailable
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		err := s.check(ctx)
		if err == nil {
			s.fits.Store(true)
			s.log.Info("the store is there")
			return
		}
		if kind := veiviser.KindOf(err); kind != was {
			was = kind
			s.log.Error("the store cannot be used", "error", err)
		}
	}
}

// connect builds the client, and the server when there is none.
func (s *Store) connect() error {
	if s.opts.URL == "" {
		return s.embed()
	}
	u, kind, err := parseURL(s.opts.URL)
	if err != nil {
		return err
	}
	harden(u, s.opts)
	s.client = newClient(u, kind)
	return nil
}

// embed starts a server in this process. It listens on the loopback only and nobody else knows its password.
func (s *Store) embed() error {
	var secret [16]byte
	_, _ = rand.Read(secret[:]) // never fails
	s.server = miniredis.NewMiniRedis()
	s.server.RequireAuth(hex.EncodeToString(secret[:]))
	if err := s.server.Start(); err != nil {
		return unavailable(err, 0)
	}
	u := &redis.UniversalOptions{Addrs: []string{s.server.Addr()}, Password: hex.EncodeToString(secret[:])}
	harden(u, s.opts)
	s.client = newClient(u, shapeSingle)
	s.log.Info("state is kept in this process and ends with it; set the address of a Redis for anything but trying out")
	return nil
}

// clockKeys is how many keys the embedded server may hold for its clock to be moved every second; with more keys it is
// moved less often, since moving it visits every key under the server's lock.
const clockKeys = 5000

// runClock makes the embedded server's clock go, which otherwise stands still.
func (s *Store) runClock(ctx context.Context) {
	const tick = time.Second
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	last := time.Now()
	skip := int64(0)
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			if skip--; skip > 0 {
				continue
			}
			s.server.FastForward(now.Sub(last))
			last = now
			n, err := s.client.DBSize(ctx).Result()
			if err == nil {
				skip = n / clockKeys
			}
		}
	}
}

// check compares what the tenant was created with, and creates it when it is new.
func (s *Store) check(ctx context.Context) error {
	var kept string
	key := s.keys.config()
	err := s.guarded(ctx, key, s.opts.BulkTimeout, func(ctx context.Context) error {
		pipe := s.client.Pipeline()
		pipe.HSetNX(ctx, key, "partitions", s.keys.partitions)
		got := pipe.HGet(ctx, key, "partitions")
		_, err := pipe.Exec(ctx)
		kept = got.Val()
		return err
	})
	if err != nil {
		return err
	}
	if kept != strconv.Itoa(s.keys.partitions) {
		return veiviser.Failed(veiviser.KindPrecondition, veiviser.ReasonInvalidField, nil,
			"the tenant was created with %s partitions, not %d; the number can never change", kept, s.keys.partitions)
	}
	if s.server != nil || s.opts.AllowEviction {
		return nil
	}
	return s.checkEviction(ctx)
}

// checkEviction refuses a Redis that may forget counted events when memory runs short. Where the server does not say,
// there is nothing to refuse.
func (s *Store) checkEviction(ctx context.Context) error {
	var info string
	err := s.guarded(ctx, s.keys.config(), s.opts.BulkTimeout, func(ctx context.Context) error {
		var err error
		info, err = s.client.Info(ctx, "memory").Result()
		return err
	})
	if err != nil {
		s.log.Warn("cannot see whether Redis evicts keys", "error", err)
		return nil
	}
	policy := ""
	for line := range strings.Lines(info) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "maxmemory_policy:"); ok {
			policy = v
		}
	}
	if policy == "" || policy == "noeviction" {
		return nil
	}
	return veiviser.Failed(veiviser.KindPrecondition, veiviser.ReasonInvalidField, nil,
		"Redis has maxmemory-policy %s and may forget which events were counted; it must be noeviction", policy)
}

// Close ends all calls and watches.
func (s *Store) Close() error {
	s.stop()
	s.watcher.close()
	err := s.client.Close()
	s.stopped.Wait()
	if s.server != nil {
		s.server.Close()
	}
	if err != nil {
		return internal(err, "the store could not be closed")
	}
	return nil
}

// Embedded reports whether the store lives in this process and ends with it.
func (s *Store) Embedded() bool { return s.server != nil }

// Ping reports whether the store answers.
func (s *Store) Ping(ctx context.Context) error {
	return s.call(ctx, s.keys.config(), s.opts.CallTimeout, func(ctx context.Context) error {
		return s.client.Ping(ctx).Err()
	})
}

// turn rotates where a scan over all partitions begins.
type turn struct {
	mu sync.Mutex
	n  int
}

func (t *turn) next(bound int) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n = (t.n + 1) % bound
	return t.n
}

// step is where a test may interrupt what takes several steps.
func (s *Store) step(name string) error {
	if s.fault == nil {
		return nil
	}
	return s.fault(name)
}

func unixDialer(path string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		d := net.Dialer{Timeout: dialTimeout}
		return d.DialContext(ctx, "unix", path)
	}
}
