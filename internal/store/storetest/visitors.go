package storetest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/veiviser"
)

var visitorTests = map[string]func(scope){
	"NothingIsRemembered":    testNothing,
	"WhatIsWrittenIsRead":    testRoundTrip,
	"TheSlowerIsRefused":     testConflict,
	"EventsCountOnce":        testDuplicates,
	"ManyWritersCountOnce":   testConcurrentCount,
	"OldEventIDsAreForgot":   testSeenIsBounded,
	"SheExpires":             testExpiry,
	"KeysExpire":             testKeysExpire,
	"WatchSeesChanges":       testWatch,
	"WatchEnds":              testWatchEnds,
	"MemoryPerVisitor":       testMemory,
	"PartitionsAreFixed":     testPartitions,
	"TheCallersTimeIsObeyed": testDeadline,
}

func testNothing(t scope) {
	b := open(t.T, t.target)
	l := b.load("ada", event("e1"), event(""))
	want := veiviser.Loaded{VisitorID: "ada", Duplicate: []bool{false, false}}
	if d := cmp.Diff(want, l); d != "" {
		t.Error(d)
	}
	b.must(b.Ping(b.ctx()))
	if b.Embedded() != !t.target.Shared {
		t.Error("Embedded says the wrong thing")
	}
}

func testRoundTrip(t scope) {
	b := open(t.T, t.target)
	want := &veiviser.Visitor{
		ID: "ada", FirstSeen: start, LastSeen: start.Add(3), Visits: 2, Events: 3, Value: 0.1,
		Attributes: map[string]string{"visitor.country": "NO"}, Segments: []string{"families"}, Stage: veiviser.StageUse, Region: "Øst: {*}",
		Needs: []veiviser.Need{{Journey: "considered", Stages: []string{"a", "b"}, P: []float64{0.1, 0.9}, Started: start}},
	}
	b.must(b.Commit(b.ctx(), veiviser.Change{Loaded: b.load("ada"), Visitor: want}))
	got := b.load("ada")
	if d := cmp.Diff(want, got.Visitor); d != "" {
		t.Error(d)
	}
	if got.Revision == 0 {
		t.Error("what is stored has no revision")
	}
}

func testConflict(t scope) {
	b := open(t.T, t.target)
	for round := range 3 { // the first time there is nothing yet
		first, second := b.load("ada"), b.load("ada")
		b.must(b.Commit(b.ctx(), veiviser.Change{Loaded: first, Visitor: &veiviser.Visitor{ID: "ada", Events: uint32(round)}}))
		err := b.Commit(b.ctx(), veiviser.Change{Loaded: second, Visitor: &veiviser.Visitor{ID: "ada", Events: 99}, EventIDs: []string{"e"}, Log: make([]veiviser.LogEntry, 1)})
		b.wantReason(err, veiviser.ReasonConcurrentChange)
		if veiviser.KindOf(err) != veiviser.KindConflict {
			t.Error("a conflict is not KindConflict")
		}
		if l := b.load("ada", event("e")); l.Visitor.Events != uint32(round) || l.Duplicate[0] {
			t.Errorf("something of a refused change was written: %+v", l)
		}
	}
	if got := readAll(b); len(got) != 0 {
		t.Errorf("a refused change left %d entries in the outbox", len(got))
	}
}

func testDuplicates(t scope) {
	b := open(t.T, t.target)
	b.must(b.record(b.Store, "ada", "e1", "e2"))
	b.must(b.record(b.Store, "ada", "e2", "e3"))
	b.must(b.record(b.Store, "bob", "e1"))
	l := b.load("ada", events("e3", "e4", "e1", "", "E1")...)
	if d := cmp.Diff([]bool{true, false, true, false, false}, l.Duplicate); d != "" {
		t.Error(d)
	}
	if a, o := b.counted("ada"), b.counted("bob"); a != 3 || o != 1 {
		t.Errorf("counted %d and %d, want 3 and 1", a, o)
	}
}

func testConcurrentCount(t scope) {
	b := open(t.T, t.target)
	var wg sync.WaitGroup
	for w := range 6 {
		wg.Go(func() {
			for i := range 10 { // every event is sent by two writers
				if err := b.record(b.Store, "ada", fmt.Sprintf("e%d-%d", w/2, i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n := b.counted("ada"); n != 30 {
		t.Errorf("counted %d, want 30", n)
	}
	if n := len(readAll(b)); n != 30 {
		t.Errorf("%d entries in the outbox, want 30", n)
	}
}

func testSeenIsBounded(t scope) {
	b := open(t.T, t.target)
	ids := make([]string, 1000)
	for round := range 9 {
		for i := range ids {
			ids[i] = fmt.Sprintf("e%d", 1000*round+i)
		}
		b.must(b.record(b.Store, "ada", ids...))
	}
	l := b.load("ada", events("e0", "e4903", "e4904", "e8999")...)
	if d := cmp.Diff([]bool{false, false, true, true}, l.Duplicate); d != "" {
		t.Error(d) // 9000 ids: the newest 4096 are kept
	}
}

func testExpiry(t scope) {
	b := open(t.T, t.target)
	b.must(b.record(b.Store, "ada", "e1"))
	b.advance(59 * time.Minute)
	b.must(b.record(b.Store, "ada", "e2"))
	b.advance(59 * time.Minute)
	if n := b.counted("ada"); n != 2 {
		t.Fatalf("a write does not keep her: %d", n)
	}
	b.advance(2 * time.Minute)
	l := b.load("ada", event("e1"))
	if l.Visitor != nil || l.Duplicate[0] {
		t.Fatalf("an expired visitor is read: %+v", l)
	}
	b.must(b.record(b.Store, "ada", "e1", "e3"))
	if n := b.counted("ada"); n != 2 {
		t.Errorf("the new person has %d events, want 2", n)
	}
	if l := b.load("ada", events("e1", "e2")...); !l.Duplicate[0] || l.Duplicate[1] {
		t.Error("event ids outlive the person")
	}
}

func testKeysExpire(t scope) {
	b := open(t.T, t.target)
	b.must(b.record(b.Store, "ada", "e1"))
	c, err := b.fold(b.Store, "ada", events("e2"))
	b.must(err)
	c.Answer = &veiviser.Answer{ID: b.NewAnswerID("ada")}
	b.must(b.Commit(b.ctx(), c))
	b.must(b.record(b.Store, "bob", "e1"))
	b.must(b.Link(b.ctx(), "ada", "bob"))
	for _, k := range b.keys() {
		if strings.Contains(k, "/plan}") || strings.HasSuffix(k, "}:o") {
			continue
		}
		ttl := b.raw.PTTL(b.ctx(), k).Val()
		if ttl < 24*time.Hour || ttl > 120*24*time.Hour {
			t.Errorf("%s expires in %v", k, ttl)
		}
	}
}

func testWatch(t scope) {
	b := open(t.T, t.target)
	other := b.Store
	if t.target.Shared {
		other = b.replica()
	}
	ctx, cancel := context.WithCancel(b.ctx())
	defer cancel()
	ada, err := b.Watch(ctx, "ada")
	b.must(err)
	bob, err := b.Watch(ctx, "bob")
	b.must(err)
	await(t.T, ada, "the subscription to stand")
	await(t.T, bob, "the subscription to stand")
	late, err := b.Watch(ctx, "eve")
	b.must(err)
	await(t.T, late, "the subscription that stands already")
	b.must(b.record(other, "ada", "e1"))
	await(t.T, ada, "a change of ada")
	select {
	case <-bob:
		t.Error("bob was told about ada")
	case <-time.After(50 * time.Millisecond):
	}
	b.quietly(other, "ada")
	select {
	case <-ada:
		t.Error("ada was told what she was shown")
	case <-time.After(50 * time.Millisecond):
	}
	b.must(b.record(other, "bob", "e2"))
	await(t.T, bob, "a change of bob")
	b.must(other.Link(b.ctx(), "ada", "bob"))
	await(t.T, bob, "the link")
	await(t.T, ada, "the link")
	for quiet := false; !quiet; {
		select {
		case <-bob:
		case <-ada:
		case <-time.After(100 * time.Millisecond):
			quiet = true
		}
	}
	b.must(b.record(other, "ada", "e3"))
	await(t.T, bob, "a change of the person bob is now")
	if _, err := other.Erase(b.ctx(), "bob"); err != nil {
		t.Fatal(err)
	}
	await(t.T, ada, "the erasure")
}

func await(t *testing.T, ch <-chan struct{}, what string) {
	t.Helper()
	select {
	case _, ok := <-ch:
		if !ok {
			t.Fatalf("waiting for %s: the channel is closed", what)
		}
	case <-time.After(10 * time.Second):
		t.Fatalf("waited too long for %s", what)
	}
}

// quietly writes that somebody was shown something.
func (b *bench) quietly(s Store, id string) {
	b.t.Helper()
	l, err := s.Load(b.ctx(), id, nil)
	b.must(err)
	v := *l.Visitor
	v.Standing.Contacts = []veiviser.Contact{{Time: b.now(), ItemID: "guide"}}
	b.must(s.Commit(b.ctx(), veiviser.Change{Loaded: l, Visitor: &v, Quiet: true}))
	if got := b.load(id).Visitor.Standing.Contacts; len(got) != 1 {
		b.t.Errorf("contacts %+v", got)
	}
}

func testWatchEnds(t scope) {
	b := open(t.T, t.target)
	ctx, cancel := context.WithCancel(b.ctx())
	ch, err := b.Watch(ctx, "ada")
	b.must(err)
	cancel()
	for range ch { // ends when the channel is closed
	}
	if _, err := b.Watch(ctx, "ada"); veiviser.KindOf(err) != veiviser.KindCanceled {
		t.Errorf("watching for somebody who left: %v", err)
	}
	again, err := b.Watch(b.ctx(), "ada")
	b.must(err)
	await(t.T, again, "a new subscription")
	b.must(b.Close())
	for range again {
	}
}

func testMemory(t scope) {
	b := open(t.T, t.target)
	v := veiviser.Visitor{ID: "ada", LastSeen: start, FirstSeen: start.Add(-time.Hour)}
	for i := range 3 {
		n := veiviser.Need{Journey: "considered", Subject: fmt.Sprintf("bike/%d", i), Started: start, Updated: start.Add(time.Second)}
		n.Stages, n.P = []string{"need", "search", "evaluate", "purchase", "use"}, make([]float64, 5)
		for j := range veiviser.MaxEvidence {
			n.Evidence = append(n.Evidence, veiviser.Evidence{Signal: fmt.Sprintf("signal_%d", j), Time: start, Stage: "evaluate"})
		}
		v.Needs = append(v.Needs, n)
	}
	for i := range veiviser.MaxRecent {
		v.Recent = append(v.Recent, veiviser.Seen{ItemID: fmt.Sprintf("bike-%04d", i), Subject: "bike/ebike", Last: start})
	}
	b.must(b.Commit(b.ctx(), veiviser.Change{Loaded: b.load("ada"), Visitor: &v, EventIDs: []string{"1", "2", "3"}}))
	total := int64(0)
	for _, k := range b.keys() {
		if !strings.Contains(k, ":v:") && !strings.Contains(k, ":e:") {
			continue
		}
		n := b.raw.MemoryUsage(b.ctx(), k).Val()
		t.Logf("%s: value %d bytes, in memory %d", k[:len(k)-20], b.raw.StrLen(b.ctx(), k).Val(), n)
		total += n
	}
	if total > 4096 {
		t.Errorf("a typical visitor takes %d bytes, more than 4096", total)
	}
}

func testPartitions(t scope) {
	b := open(t.T, t.target)
	if !t.target.Shared {
		t.Skip("the embedded server is new each time")
	}
	o := b.opts
	o.Partitions = 8
	_, err := t.target.Open(b.ctx(), o)
	if veiviser.KindOf(err) != veiviser.KindPrecondition {
		t.Errorf("opened with other partitions: %v", err)
	}
	o.Partitions = 1 << 20
	if _, err = t.target.Open(b.ctx(), o); veiviser.KindOf(err) != veiviser.KindInvalid {
		t.Errorf("opened with absurd partitions: %v", err)
	}
}

func testDeadline(t scope) {
	b := open(t.T, t.target, func(o *Options) { o.CallTimeout = time.Second })
	ctx, cancel := context.WithCancel(b.ctx())
	cancel()
	if _, err := b.Load(ctx, "ada", nil); veiviser.KindOf(err) != veiviser.KindCanceled {
		t.Errorf("a caller who left: %v", err)
	}
	ctx, cancel = context.WithDeadline(b.ctx(), time.Now().Add(-time.Second))
	defer cancel()
	for range 10 { // impatient callers do not make the store look away
		if _, err := b.Load(ctx, "ada", nil); veiviser.KindOf(err) != veiviser.KindDeadline {
			t.Fatalf("a caller without time: %v", err)
		}
	}
	b.load("ada")
}
