package store_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/veiviser/veiviser/internal/store"
	"github.com/veiviser/veiviser/internal/veiviser"
)

func TestMain(m *testing.M) {
	store.SetDriverLog(slog.New(slog.DiscardHandler))
	goleak.VerifyTestMain(m)
}

// process is a Redis of a test's own, which may be frozen, killed and started again.
type process struct {
	t    *testing.T
	dir  string
	addr string
	args []string
	cmd  *exec.Cmd
}

// startRedis starts a server, or skips where there is none.
func startRedis(t *testing.T, args ...string) *process {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("this needs redis-server to be installed")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, dir: t.TempDir(), addr: l.Addr().String(), args: args}
	_ = l.Close()
	p.start()
	t.Cleanup(p.kill)
	return p
}

func (p *process) start() {
	p.t.Helper()
	_, port, _ := net.SplitHostPort(p.addr)
	args := append([]string{"--port", port, "--bind", "127.0.0.1", "--dir", p.dir, "--save", "", "--appendonly", "yes", "--logfile", filepath.Join(p.dir, "log")}, p.args...)
	p.cmd = exec.Command("redis-server", args...)
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	c := redis.NewClient(&redis.Options{Addr: p.addr})
	defer func() { _ = c.Close() }()
	for deadline := time.Now().Add(10 * time.Second); c.Ping(context.Background()).Err() != nil; {
		if time.Now().After(deadline) {
			p.t.Fatal("redis-server does not answer")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (p *process) kill() {
	_ = p.cmd.Process.Signal(syscall.SIGCONT)
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

func (p *process) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// do sends a command past the store.
func (p *process) do(args ...any) string {
	p.t.Helper()
	c := redis.NewClient(&redis.Options{Addr: p.addr})
	defer func() { _ = c.Close() }()
	v, err := c.Do(p.t.Context(), args...).Result()
	if err != nil {
		p.t.Fatal(err)
	}
	return fmt.Sprint(v)
}

func (p *process) open(change ...func(*store.Options)) *store.Store {
	p.t.Helper()
	o := store.Options{URL: "redis://" + p.addr, Partitions: 4}
	for _, f := range change {
		f(&o)
	}
	s, err := store.Open(p.t.Context(), o)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = s.Close() })
	return s
}

// recovers waits until the store answers again and says how long that took.
func recovers(t *testing.T, s *store.Store) time.Duration {
	t.Helper()
	start := time.Now()
	for {
		if _, err := s.Load(t.Context(), "ada", nil); err == nil {
			return time.Since(start)
		}
		if time.Since(start) > 10*time.Second {
			t.Fatal("the store does not come back")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// trouble calls the store from several goroutines for a while: every call must fail as unavailable and in time. It
// returns when, after the first call, calls began to fail at once.
func trouble(t *testing.T, s *store.Store, limit time.Duration) time.Duration {
	t.Helper()
	start := time.Now()
	var mu sync.Mutex
	var opened time.Duration
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for time.Since(start) < 700*time.Millisecond {
				began := time.Now()
				_, err := s.Load(context.Background(), "ada", nil)
				took := time.Since(began)
				if veiviser.KindOf(err) != veiviser.KindUnavailable {
					t.Errorf("in trouble: %v", err)
				}
				if took > limit {
					t.Errorf("a call took %v", took)
				}
				if took < 5*time.Millisecond {
					mu.Lock()
					if opened == 0 {
						opened = time.Since(start)
					}
					mu.Unlock()
				}
				time.Sleep(5 * time.Millisecond)
			}
		})
	}
	wg.Wait()
	return opened
}

func TestFrozenRedis(t *testing.T) {
	p := startRedis(t)
	s := p.open()
	recovers(t, s)
	before := runtime.NumGoroutine()
	p.signal(syscall.SIGSTOP)
	opened := trouble(t, s, 600*time.Millisecond)
	grown := runtime.NumGoroutine() - before
	p.signal(syscall.SIGCONT)
	back := recovers(t, s)
	t.Logf("frozen: calls fail at once after %v, answers again %v after the thaw, %d goroutines more", opened, back, grown)
	if opened == 0 || opened > 500*time.Millisecond || back > 2*time.Second || grown > 20 {
		t.Error("too slow or too many")
	}
}

func TestKilledRedis(t *testing.T) {
	p := startRedis(t, "--appendfsync", "always") // everysec may put off a write while the disk is busy
	s := p.open()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	notes, err := s.Watch(ctx, "ada")
	if err != nil {
		t.Fatal(err)
	}
	<-notes // the subscription stands
	c := veiviser.Change{Loaded: veiviser.Loaded{VisitorID: "ada"}, Visitor: &veiviser.Visitor{ID: "ada", Events: 1}, EventIDs: []string{"e1"}}
	if err := s.Commit(ctx, c); err != nil {
		t.Fatal(err)
	}
	<-notes
	p.kill()
	opened := trouble(t, s, 600*time.Millisecond)
	p.start()
	back := recovers(t, s)
	t.Logf("killed: calls fail at once after %v, answers again %v after the restart", opened, back)
	if opened > 300*time.Millisecond || back > 2*time.Second {
		t.Error("too slow")
	}
	select {
	case <-notes: // something may have been missed
	case <-time.After(5 * time.Second):
		t.Error("no note after the subscription was lost")
	}
	l, err := s.Load(ctx, "ada", []veiviser.Event{{ID: "e1"}})
	if err != nil || l.Visitor == nil || !l.Duplicate[0] {
		t.Errorf("after the restart: %+v, %v", l, err)
	}
}

func TestForgottenScripts(t *testing.T) {
	p := startRedis(t)
	s := p.open()
	for range 3 {
		p.do("SCRIPT", "FLUSH")
		l, err := s.Load(t.Context(), "ada", nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Commit(t.Context(), veiviser.Change{Loaded: l, Visitor: &veiviser.Visitor{ID: "ada"}}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFullRedis(t *testing.T) {
	p := startRedis(t)
	s := p.open()
	p.do("CONFIG", "SET", "maxmemory", "1")
	err := s.Commit(t.Context(), veiviser.Change{Loaded: veiviser.Loaded{VisitorID: "ada"}, Visitor: &veiviser.Visitor{ID: "ada"}})
	if veiviser.KindOf(err) != veiviser.KindExhausted {
		t.Errorf("a full store: %v", err)
	}
	for range 5 { // reading still works, and being full is not being away
		if _, err := s.Load(t.Context(), "ada", nil); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReadOnlyAndUnauthorised(t *testing.T) {
	p := startRedis(t)
	s := p.open()
	change := veiviser.Change{Loaded: veiviser.Loaded{VisitorID: "ada"}, Visitor: &veiviser.Visitor{ID: "ada"}}
	p.do("REPLICAOF", "127.0.0.1", "1")
	if err := s.Commit(t.Context(), change); veiviser.KindOf(err) != veiviser.KindUnavailable {
		t.Errorf("a replica: %v", err)
	}
	p.do("REPLICAOF", "NO", "ONE")
	p.do("CONFIG", "SET", "requirepass", "new")
	o := store.Options{URL: "redis://" + p.addr}
	_, err := store.Open(t.Context(), o)
	e, ok := errors.AsType[*veiviser.Error](err)
	if !ok || e.Kind != veiviser.KindUnavailable || strings.Contains(e.Message, "NOAUTH") {
		t.Errorf("without the password: %v", err)
	}
}

func TestEvictionIsRefused(t *testing.T) {
	p := startRedis(t, "--maxmemory-policy", "volatile-lru")
	_, err := store.Open(t.Context(), store.Options{URL: "redis://" + p.addr, Partitions: 4})
	if veiviser.KindOf(err) != veiviser.KindPrecondition {
		t.Errorf("opened a Redis that evicts: %v", err)
	}
	p.open(func(o *store.Options) { o.AllowEviction = true })
}

func TestNobodyThere(t *testing.T) {
	start := time.Now()
	_, err := store.Open(t.Context(), store.Options{URL: "redis://127.0.0.1:1"})
	if veiviser.KindOf(err) != veiviser.KindUnavailable || time.Since(start) > 2*time.Second {
		t.Errorf("after %v: %v", time.Since(start), err)
	}
}
