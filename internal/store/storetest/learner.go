package storetest

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/veiviser"
)

var learnerTests = map[string]func(scope){
	"OutboxKeepsOrder":       testOutbox,
	"OutboxPassesOverDirt":   testOutboxDirt,
	"LeaseFencesTheOldOwner": testLease,
}

// readAll reads the whole outbox from the beginning, in small portions.
func readAll(b *bench) []veiviser.OutboxEntry {
	b.t.Helper()
	var out []veiviser.OutboxEntry
	at := map[int]string{}
	for {
		part, err := b.ReadOutbox(b.ctx(), at, 10)
		check(b.t, err)
		if len(part) == 0 {
			return out
		}
		for _, e := range part {
			at[e.Partition] = e.Position
		}
		out = append(out, part...)
	}
}

func testOutbox(t scope) {
	b := open(t.T, t.target)
	for i := range 20 {
		for _, id := range []string{"ada", "bob", "eve"} {
			b.must(b.record(b.Store, id, fmt.Sprintf("%s-%02d", id, i)))
		}
	}
	entries := readAll(b)
	last, positions := map[string]string{}, map[int]string{}
	for _, e := range entries {
		check(t.T, e.Err)
		name := e.Entry.Event.DecisionID // where the tests put the id
		who, _, _ := strings.Cut(name, "-")
		if name <= last[who] {
			t.Errorf("%s comes after %s", name, last[who])
		}
		last[who] = name
		positions[e.Partition] = e.Position
	}
	if len(entries) != 60 {
		t.Errorf("%d entries, want 60", len(entries))
	}
	b.must(b.TrimOutbox(b.ctx(), positions))
	if n := len(readAll(b)); n != 0 {
		t.Errorf("%d entries are left after trimming", n)
	}
	b.must(b.record(b.Store, "ada", "later"))
	if rest, err := b.ReadOutbox(b.ctx(), positions, 100); err != nil || len(rest) != 1 {
		t.Errorf("after trimming: %v, %v", rest, err)
	}
	for _, bad := range []map[int]string{{0: "x"}, {0: ""}, {-1: "1-1"}, {7: "1-1"}} {
		if err := b.TrimOutbox(b.ctx(), bad); veiviser.KindOf(err) != veiviser.KindInvalid {
			t.Errorf("positions %v: %v", bad, err)
		}
	}
}

func testOutboxDirt(t scope) {
	b := open(t.T, t.target)
	b.must(b.record(b.Store, "ada", "e1"))
	var key string
	for _, k := range b.keys() {
		if strings.HasSuffix(k, "}:o") {
			key = k
		}
	}
	for _, values := range []map[string]any{{"d": "rubbish"}, {"x": "y"}, {"d": ""}} {
		b.raw.XAdd(b.ctx(), addTo(key, values))
	}
	b.must(b.record(b.Store, "ada", "e2"))
	good, bad := 0, 0
	for _, e := range readAll(b) {
		if e.Err == nil {
			good++
		} else if veiviser.ReasonOf(e.Err) == veiviser.ReasonCorruptRecord {
			bad++
		}
	}
	if good != 2 || bad != 3 {
		t.Errorf("%d good, %d bad", good, bad)
	}
	other := strings.Replace(key, "}:o", "", 1)
	other = other[:strings.LastIndex(other, "/")+1]
	for p := range b.opts.Partitions { // a key of another type in one partition does not stop the rest
		if k := fmt.Sprintf("%s%d}:o", other, p); k != key {
			b.raw.Set(b.ctx(), k, "no stream", 0)
			break
		}
	}
	if n := len(readAll(b)); n != 5 {
		t.Errorf("%d entries, want 5", n)
	}
}

func testLease(t scope) {
	b := open(t.T, t.target)
	if data, err := b.LoadSnapshot(b.ctx()); data != nil || err != nil {
		t.Fatalf("an empty store: %q, %v", data, err)
	}
	one, held, err := b.AcquireLease(b.ctx(), "one", 300*time.Millisecond)
	b.must(err)
	if !held {
		t.Fatal("the first does not get the lease")
	}
	if _, held, err = b.AcquireLease(b.ctx(), "two", time.Minute); held || err != nil {
		t.Fatalf("two have the lease: %v", err)
	}
	again, held, err := b.AcquireLease(b.ctx(), "one", 300*time.Millisecond)
	b.must(err)
	if !held || again != one {
		t.Errorf("keeping it: fence %d then %d", one, again)
	}
	b.must(b.SaveSnapshot(b.ctx(), one, []byte("first"), veiviser.Settled{}))
	rev, err := b.SnapshotRevision(b.ctx())
	b.must(err)
	deadline, two := time.Now().Add(10*time.Second), int64(0)
	for held = false; !held; {
		if two, held, err = b.AcquireLease(b.ctx(), "two", time.Minute); err != nil || time.Now().After(deadline) {
			t.Fatalf("the lease does not run out: %v", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	if two <= one {
		t.Errorf("fence went from %d to %d", one, two)
	}
	err = b.SaveSnapshot(b.ctx(), one, []byte("stale"), veiviser.Settled{})
	if veiviser.KindOf(err) != veiviser.KindConflict {
		t.Errorf("the old owner saves: %v", err)
	}
	big := []byte(strings.Repeat("\x00\xff", 1<<19))
	b.must(b.SaveSnapshot(b.ctx(), two, big, veiviser.Settled{}))
	data, err := b.LoadSnapshot(b.ctx())
	b.must(err)
	if d := cmp.Diff(len(big), len(data)); d != "" {
		t.Error(d)
	}
	if now, err := b.SnapshotRevision(b.ctx()); err != nil || now <= rev {
		t.Errorf("revision went from %d to %d, %v", rev, now, err)
	}
	b.must(b.ReleaseLease(b.ctx(), "one")) // not his
	if _, held, _ = b.AcquireLease(b.ctx(), "three", time.Minute); held {
		t.Error("somebody else gave the lease back")
	}
	b.must(b.ReleaseLease(b.ctx(), "two"))
	if _, held, _ = b.AcquireLease(b.ctx(), "three", time.Minute); !held {
		t.Error("a lease that was given back cannot be had")
	}
}
