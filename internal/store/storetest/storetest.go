// Package storetest says what a store must do, as tests. They run against the embedded server always and against a real
// Redis when one is named; see package store's own tests for how.
//
//	storetest.Run(t, storetest.Target{Open: open, Raw: raw, Fault: fault})
//
// Every test works in a tenant of its own and removes it afterwards, so runs do not meet in a shared Redis.
package storetest

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Target is the store under test.
type Target struct {
	// Shared says that stores opened with the same tenant share their state; the embedded server cannot.
	Shared bool
	// Open opens a store.
	Open func(context.Context, Options) (Store, error)
	// Raw is the client underneath a store.
	Raw func(Store) redis.UniversalClient
	// Fault makes the store call f between the steps of what takes several.
	Fault func(s Store, f func(step string) error)
}

// Run runs all tests against the target.
func Run(t *testing.T, target Target) {
	t.Helper()
	for _, group := range []map[string]func(scope){
		visitorTests, answerTests, linkTests, eraseTests, planTests, switchTests, historyTests, learnerTests, decisionTests, settledTests,
		hostileTests, lifetimeTests,
	} {
		for _, name := range slices.Sorted(maps.Keys(group)) {
			t.Run(name, func(t *testing.T) { group[name](scope{T: t, target: target}) })
		}
	}
}

// scope is what one test gets.
type scope struct {
	*testing.T
	target Target
}

// start is when the clock of a test begins.
var start = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// bench is one store in a tenant of its own, with a clock that a test moves.
type bench struct {
	Store
	t      *testing.T
	raw    redis.UniversalClient
	opts   Options
	target Target
	clock  atomic.Int64
}

// open opens a store in a new tenant.
func open(t *testing.T, target Target, change ...func(*Options)) *bench {
	t.Helper()
	b := &bench{t: t, target: target}
	b.opts = Options{
		Tenant: "test-" + strings.ToLower(rand.Text()), Partitions: 7, Merge: merge,
		CallTimeout: 10 * time.Second,
		Now:         func() time.Time { return start.Add(time.Duration(b.clock.Load())) },
	}
	for _, f := range change {
		f(&b.opts)
	}
	b.Store = b.replica()
	b.raw = target.Raw(b.Store)
	t.Cleanup(func() {
		if target.Shared {
			if s, err := target.Open(context.Background(), b.opts); err == nil { // the test may have closed its own
				defer func() { _ = s.Close() }()
				b.raw = target.Raw(s)
			}
			for _, k := range b.keys() {
				b.raw.Del(context.Background(), k)
			}
		}
	})
	return b
}

// replica opens another store on the same state; the embedded server cannot be shared.
func (b *bench) replica() Store {
	b.t.Helper()
	s, err := b.target.Open(b.t.Context(), b.opts)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = s.Close() })
	return s
}

func (b *bench) ctx() context.Context    { return b.t.Context() }
func (b *bench) now() time.Time          { return b.opts.Now() }
func (b *bench) advance(d time.Duration) { b.clock.Add(int64(d)) }
func (b *bench) must(err error)          { b.t.Helper(); check(b.t, err) }
func (b *bench) wantReason(err error, r veiviser.Reason) {
	b.t.Helper()
	if veiviser.ReasonOf(err) != r {
		b.t.Fatalf("got error %v, want %s", err, r)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// escaped is how the names of the tests' tenants stand in keys.
var escaped = strings.NewReplacer("%", "%25", "/", "%2F", "{", "%7B", "}", "%7D", "*", "%2A", ":", "%3A")

// keys are all keys of the tenant, on every node of a cluster.
func (b *bench) keys() []string {
	var mu sync.Mutex
	var out []string
	scan := func(ctx context.Context, c redis.UniversalClient) error {
		iter := c.Scan(ctx, 0, "vv1:{"+escaped.Replace(b.opts.Tenant)+"/*", 500).Iterator()
		for iter.Next(ctx) {
			mu.Lock()
			out = append(out, iter.Val())
			mu.Unlock()
		}
		return iter.Err()
	}
	ctx := context.Background()
	var err error
	if c, ok := b.raw.(*redis.ClusterClient); ok {
		err = c.ForEachMaster(ctx, func(ctx context.Context, n *redis.Client) error { return scan(ctx, n) })
	} else {
		err = scan(ctx, b.raw)
	}
	check(b.t, err)
	slices.Sort(out)
	return slices.Compact(out)
}

// dump is everything the tenant has in the store, as one text: keys, values, fields and stream entries.
func (b *bench) dump() string { return b.dumpOf(b.keys()) }

// dumpOf is what dump is, of some of the keys.
func (b *bench) dumpOf(keys []string) string {
	ctx, out := context.Background(), strings.Builder{}
	for _, k := range keys {
		out.WriteString(k + "\n")
		switch b.raw.Type(ctx, k).Val() {
		case "string":
			out.WriteString(b.raw.Get(ctx, k).Val())
		case "list":
			out.WriteString(strings.Join(b.raw.LRange(ctx, k, 0, -1).Val(), "\n"))
		case "hash":
			all := b.raw.HGetAll(ctx, k).Val()
			for _, f := range slices.Sorted(maps.Keys(all)) {
				out.WriteString(f + "=" + all[f] + "\n")
			}
		case "zset":
			out.WriteString(strings.Join(b.raw.ZRange(ctx, k, 0, -1).Val(), "\n"))
		case "stream":
			for _, m := range b.raw.XRange(ctx, k, "-", "+").Val() {
				fmt.Fprintln(&out, m.ID, m.Values)
			}
		}
		out.WriteString("\n")
	}
	return out.String()
}

// merge is a simple way of making two histories one.
func merge(into, from *veiviser.Visitor) {
	into.Events += from.Events
	into.Visits += from.Visits
	into.Value += from.Value
	into.Recent = append(into.Recent, from.Recent...)
	if from.LastSeen.After(into.LastSeen) {
		into.LastSeen = from.LastSeen
	}
	if into.FirstSeen.IsZero() || from.FirstSeen.Before(into.FirstSeen) {
		into.FirstSeen = from.FirstSeen
	}
}

func event(id string) veiviser.Event { return veiviser.Event{ID: id, Type: "view"} }

func events(ids ...string) []veiviser.Event {
	out := make([]veiviser.Event, len(ids))
	for i, id := range ids {
		out[i] = event(id)
	}
	return out
}

// fold is what the service does with events: those that are new count.
func (b *bench) fold(s Store, id string, evs []veiviser.Event) (veiviser.Change, error) {
	l, err := s.Load(b.ctx(), id, evs)
	if err != nil {
		return veiviser.Change{}, err
	}
	v := l.Visitor.Clone()
	if v == nil {
		v = &veiviser.Visitor{ID: id, FirstSeen: b.now()}
	}
	v.LastSeen = b.now()
	c := veiviser.Change{Loaded: l, Visitor: v, VisitorTTL: time.Hour, AnswerTTL: time.Hour}
	for i, e := range evs {
		if !l.Duplicate[i] && !slices.Contains(c.EventIDs, e.ID) {
			v.Events++
			c.EventIDs = append(c.EventIDs, e.ID)
			c.Log = append(c.Log, veiviser.LogEntry{
				Time: b.now(), Before: veiviser.Membership{Known: l.Visitor != nil || len(c.Log) > 0}, After: veiviser.Membership{Known: true},
				Event: &veiviser.LoggedEvent{Type: e.Type, DecisionID: e.ID},
			})
		}
	}
	return c, nil
}

// record counts events for a visitor, again and again until nobody was faster.
func (b *bench) record(s Store, id string, ids ...string) error {
	for {
		c, err := b.fold(s, id, events(ids...))
		if err != nil {
			if veiviser.KindOf(err) == veiviser.KindConflict {
				continue
			}
			return err
		}
		if err = s.Commit(b.ctx(), c); veiviser.KindOf(err) != veiviser.KindConflict || err == nil {
			return err
		}
	}
}

// load reads a visitor that must be readable.
func (b *bench) load(id string, evs ...veiviser.Event) veiviser.Loaded {
	b.t.Helper()
	l, err := b.Load(b.ctx(), id, evs)
	check(b.t, err)
	return l
}

// counted is how many events are counted for a visitor.
func (b *bench) counted(id string) int {
	b.t.Helper()
	if l := b.load(id); l.Visitor != nil {
		return int(l.Visitor.Events)
	}
	return 0
}
