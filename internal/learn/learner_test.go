package learn_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// outboxes is a log with a lease and a snapshot, which can be told to fail.
type outboxes struct {
	mu    sync.Mutex
	lines map[int][]veiviser.OutboxEntry
	next  int
	plan  *plan.Snapshot // that learners work with
	// made are the decisions, people who is behind tokens.
	made   map[int][]veiviser.OutboxEntry
	people map[string]*veiviser.Visitor
	// waiters are people who wait for orders, by token.
	waiters *memory

	owner string
	until time.Time
	fence int64
	state []byte
	saved uint64
	// settled is what was settled, as often as it was.
	settled veiviser.Settled

	// fail, when set, is asked before every call; after, when set, after every call that worked.
	fail, after func(call string) error
}

func newOutboxes() *outboxes { return &outboxes{lines: map[int][]veiviser.OutboxEntry{}} }

// do is one call.
func (o *outboxes) do(call string, fn func() error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, step := range []func() error{o.ask(o.fail, call), fn, o.ask(o.after, call)} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (o *outboxes) ask(hook func(string) error, call string) func() error {
	return func() error {
		if hook == nil {
			return nil
		}
		return hook(call)
	}
}

// write appends a line to a partition.
func (o *outboxes) write(partition int, e veiviser.OutboxEntry) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.next++
	e.Partition, e.Position = partition, strconv.Itoa(o.next)
	if e.Entry.Served != nil {
		if o.made == nil {
			o.made = map[int][]veiviser.OutboxEntry{}
		}
		o.made[partition] = append(o.made[partition], e)
		return
	}
	o.lines[partition] = append(o.lines[partition], e)
}

func (o *outboxes) ReadDecisions(_ context.Context, after map[int]string, before time.Time, limit int) (out []veiviser.OutboxEntry, err error) {
	return out, o.do("serve", func() error {
		for _, p := range slices.Sorted(maps.Keys(o.made)) {
			for _, l := range o.made[p] {
				if position(l.Position) > position(after[p]) && len(out) < limit && (before.IsZero() || l.Written.Before(before)) {
					out = append(out, l)
				}
			}
		}
		return nil
	})
}

func (o *outboxes) TrimDecisions(_ context.Context, upTo map[int]string) error {
	return o.do("forget", func() error {
		for p, at := range upTo {
			o.made[p] = slices.DeleteFunc(o.made[p], func(l veiviser.OutboxEntry) bool { return position(l.Position) <= position(at) })
		}
		return nil
	})
}

func (o *outboxes) People(_ context.Context, tokens []string) (map[string]*veiviser.Visitor, error) {
	out := map[string]*veiviser.Visitor{}
	return out, o.do("people", func() error {
		for _, t := range tokens {
			if v := o.people[t]; v != nil {
				out[t] = v.Clone()
			}
		}
		return nil
	})
}

func (o *outboxes) LoadPerson(ctx context.Context, token string) (l veiviser.Loaded, err error) {
	return l, o.do("person", func() error { l, err = o.waiters.Load(ctx, token, nil); return err })
}

func (o *outboxes) Commit(ctx context.Context, c veiviser.Change) error {
	return o.do("commit", func() error { return o.waiters.Commit(ctx, c) })
}

func (o *outboxes) Now(context.Context) (now time.Time, err error) {
	return now, o.do("now", func() error { now = time.Now(); return nil })
}

func (o *outboxes) SnapshotRevision(context.Context) (n uint64, err error) {
	return n, o.do("revision", func() error { n = o.saved; return nil })
}

func position(s string) int { n, _ := strconv.Atoi(s); return n }

func (o *outboxes) ReadOutbox(_ context.Context, after map[int]string, limit int) (out []veiviser.OutboxEntry, err error) {
	return out, o.do("read", func() error {
		for _, p := range slices.Sorted(maps.Keys(o.lines)) {
			each := 4 * limit / 256 // a busy partition must not starve the rest
			for _, l := range o.lines[p] {
				if position(l.Position) > position(after[p]) && len(out) < limit && each > 0 {
					out = append(out, l)
					each--
				}
			}
		}
		return nil
	})
}

func (o *outboxes) TrimOutbox(_ context.Context, upTo map[int]string) error {
	return o.do("trim", func() error {
		for p, at := range upTo {
			o.lines[p] = slices.DeleteFunc(o.lines[p], func(l veiviser.OutboxEntry) bool { return position(l.Position) <= position(at) })
		}
		return nil
	})
}

func (o *outboxes) AcquireLease(_ context.Context, owner string, ttl time.Duration) (fence int64, held bool, err error) {
	err = o.do("lease", func() error {
		if o.owner != owner && time.Now().Before(o.until) {
			fence = o.fence
			return nil
		}
		if o.owner != owner || !time.Now().Before(o.until) {
			o.fence++
		}
		o.owner, o.until, held = owner, time.Now().Add(ttl), true
		fence = o.fence
		return nil
	})
	return fence, held, err
}

func (o *outboxes) SaveSnapshot(_ context.Context, fence int64, state []byte, settled veiviser.Settled) error {
	return o.do("save", func() error {
		if fence != o.fence {
			return veiviser.Failed(veiviser.KindConflict, veiviser.ReasonConcurrentChange, nil, "the lease was changed")
		}
		o.state = slices.Clone(state)
		o.saved++
		o.settled.Made = append(o.settled.Made, settled.Made...)
		o.settled.Closed = append(o.settled.Closed, settled.Closed...)
		return nil
	})
}

func (o *outboxes) LoadSnapshot(context.Context) (state []byte, err error) {
	return state, o.do("load", func() error { state = o.state; return nil })
}

// viewed is a line about an event of somebody in a segment.
func viewed() veiviser.OutboxEntry {
	return veiviser.OutboxEntry{Entry: veiviser.LogEntry{
		Time: noon, After: veiviser.Membership{Segments: []string{"newcomers"}, Known: true},
		Before: veiviser.Membership{Segments: []string{"newcomers"}, Known: true},
		Event:  &veiviser.LoggedEvent{Type: "view"},
	}}
}

func learner(t *testing.T, o *outboxes, owner string) *learn.Learner {
	t.Helper()
	if o.plan == nil {
		o.plan = sykkel(t)
	}
	return learn.NewLearner(o, published{o.plan}, owner, slog.New(slog.DiscardHandler))
}

// views is how many views a learner shows.
func views(t *testing.T, l *learn.Learner) int64 {
	t.Helper()
	list, err := l.Profiles(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		if p.SegmentID == "newcomers" {
			return p.Events["view"]
		}
	}
	return 0
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestLearnerCountsAndTrims(t *testing.T) {
	o := newOutboxes()
	l := learner(t, o, "a")
	if n := views(t, l); n != 0 {
		t.Errorf("%d views before the first step", n)
	}
	for i := range 12_345 { // more than are read at a time
		o.write(i%7, viewed())
	}
	must(t, l.Step(t.Context()))
	if n := views(t, l); n != 12_345 {
		t.Errorf("%d views", n)
	}
	for p, lines := range o.lines {
		if len(lines) > 0 {
			t.Errorf("partition %d keeps %d lines that are counted", p, len(lines))
		}
	}
	if len(l.Positions()) != 7 {
		t.Errorf("positions %v", l.Positions())
	}
	must(t, l.Step(t.Context()))
	if n := views(t, l); n != 12_345 {
		t.Errorf("%d views after another step", n)
	}
}

// Whatever call the process dies at, before or after it took effect, and whatever the next learner finds: every line is
// counted exactly once.
func TestLearnerDiesAnywhere(t *testing.T) {
	for _, call := range []string{"lease", "load", "read", "save", "trim"} {
		for _, applied := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/applied=%v", call, applied), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					o := newOutboxes()
					written := int64(0)
					for life := range 4 {
						for i := range 10 {
							o.write(i%3, viewed())
							written++
						}
						hook := func(c string) error {
							if c == call {
								return away()
							}
							return nil
						}
						if o.fail, o.after = hook, nil; applied {
							o.fail, o.after = nil, hook
						}
						if err := learner(t, o, fmt.Sprint("dead ", life)).Step(t.Context()); err == nil {
							t.Fatal("nothing failed")
						}
						time.Sleep(6 * time.Second) // its lease runs out
					}
					o.fail, o.after = nil, nil
					l := learner(t, o, "alive")
					must(t, l.Step(t.Context()))
					if n := views(t, l); n != written {
						t.Errorf("%d of %d counted", n, written)
					}
				})
			})
		}
	}
}

// The same learner goes on after every failure.
func TestLearnerGoesOnAfterTrouble(t *testing.T) {
	for _, call := range []string{"lease", "load", "read", "save", "trim"} {
		for _, applied := range []bool{false, true} {
			o := newOutboxes()
			l := learner(t, o, "a")
			for round := range int64(5) {
				o.write(0, viewed())
				o.write(1, viewed())
				hook := func(c string) error {
					if c == call {
						return away()
					}
					return nil
				}
				if applied {
					o.after = hook
				} else {
					o.fail = hook
				}
				_ = l.Step(t.Context())
				o.fail, o.after = nil, nil
				must(t, l.Step(t.Context()))
				if n := views(t, l); n != 2*(round+1) {
					t.Fatalf("%s, applied %v: %d counted in round %d", call, applied, n, round)
				}
			}
		}
	}
}

// A learner that was away so long that another took over writes nothing any more, and what it counted does not count.
func TestLearnerLosesTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutboxes()
		slow, other := learner(t, o, "slow"), learner(t, o, "other")
		must(t, slow.Step(t.Context()))
		o.write(0, viewed())
		o.after = func(call string) error { // it hangs after reading, and the other one takes over meanwhile
			if call == "read" && o.owner == "slow" {
				o.after, o.until = nil, time.Time{}
				o.mu.Unlock()
				defer o.mu.Lock()
				return other.Step(t.Context())
			}
			return nil
		}
		if err := slow.Step(t.Context()); veiviser.KindOf(err) != veiviser.KindConflict {
			t.Errorf("it wrote in spite of the other: %v", err)
		}
		o.write(0, viewed())
		must(t, slow.Step(t.Context()))
		must(t, other.Step(t.Context()))
		must(t, slow.Step(t.Context()))
		if a, b := views(t, slow), views(t, other); a != 2 || b != 2 {
			t.Errorf("they show %d and %d of 2", a, b)
		}
		if d := cmp.Diff(slow.Positions(), other.Positions()); d != "" {
			t.Error(d)
		}
	})
}

// A store that comes back empty is learned from anew, even when the lease looks as it did.
func TestLearnerAndAStoreThatLostEverything(t *testing.T) {
	o := newOutboxes()
	l := learner(t, o, "a")
	o.write(1, viewed())
	must(t, l.Step(t.Context()))
	o.fail = func(string) error { return away() }
	if l.Step(t.Context()) == nil {
		t.Fatal("no error")
	}
	*o = outboxes{lines: map[int][]veiviser.OutboxEntry{}} // the next lease has the same fence again
	o.write(0, viewed())
	o.write(0, viewed())
	must(t, l.Step(t.Context()))
	if n := views(t, l); n != 2 {
		t.Errorf("shows %d of 2", n)
	}
}

func TestLearnerPassesOverWhatCannotBeRead(t *testing.T) {
	var out bytes.Buffer
	o := newOutboxes()
	l := learn.NewLearner(o, published{sykkel(t)}, "a", slog.New(slog.NewTextHandler(&out, nil)))
	o.write(3, viewed())
	o.write(3, veiviser.OutboxEntry{Err: errors.New("broken")})
	o.write(3, viewed())
	must(t, l.Step(t.Context()))
	if n := views(t, l); n != 2 || len(o.lines[3]) != 0 {
		t.Errorf("%d counted, %d left", n, len(o.lines[3]))
	}
	if !bytes.Contains(out.Bytes(), []byte("partition=3")) || !bytes.Contains(out.Bytes(), []byte("broken")) {
		t.Errorf("the log does not say so: %s", &out)
	}
}

func TestLearnerRefusesASnapshotItCannotRead(t *testing.T) {
	o := newOutboxes()
	o.state = []byte("{")
	o.write(0, viewed())
	if err := learner(t, o, "a").Step(t.Context()); veiviser.ReasonOf(err) != veiviser.ReasonCorruptRecord {
		t.Errorf("%v", err)
	}
	if len(o.lines[0]) != 1 || string(o.state) != "{" {
		t.Error("it wrote all the same")
	}
}

// Two learners run, one dies, the log goes on: the other takes over within the lease, and both showed the same.
func TestLearnersTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutboxes()
		a, b := learner(t, o, "a"), learner(t, o, "b")
		first, die := context.WithCancel(t.Context())
		rest, stop := context.WithCancel(t.Context())
		defer die()
		var group sync.WaitGroup
		group.Go(func() { a.Run(first) })
		group.Go(func() { b.Run(rest) })
		for i := range 100 {
			o.write(i%4, viewed())
			time.Sleep(100 * time.Millisecond)
			if i == 50 {
				if x, y := views(t, a), views(t, b); x < 40 || y < 40 {
					t.Errorf("after 51 views the learners show %d and %d", x, y)
				}
				die()
			}
		}
		time.Sleep(2 * time.Second)
		if n := views(t, b); n != 100 {
			t.Errorf("%d of 100 counted", n)
		}
		stop()
		group.Wait()
	})
}

// Trouble is logged when it begins and when it is over, and Run ends with its context.
func TestLearnerRunLogsTroubleOnce(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		o := newOutboxes()
		failing := true
		o.fail = func(string) error {
			if failing {
				return away()
			}
			return nil
		}
		l := learn.NewLearner(o, published{sykkel(t)}, "a", slog.New(slog.NewTextHandler(&out, nil)))
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { l.Run(ctx); close(done) }()
		time.Sleep(10 * time.Second)
		o.mu.Lock()
		failing = false
		o.mu.Unlock()
		time.Sleep(10 * time.Second)
		stop()
		<-done
		if n := bytes.Count(out.Bytes(), []byte("\n")); n != 2 || !bytes.Contains(out.Bytes(), []byte("learning again")) {
			t.Errorf("%d lines:\n%s", n, &out)
		}
	})
}
