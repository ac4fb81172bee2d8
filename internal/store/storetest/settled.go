package storetest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/veiviser"
)

var settledTests = map[string]func(scope){
	"SettledGoesWithTheSnapshot": testSettled,
	"SettledIsPaged":             testSettledPages,
	"SettledIsFenced":            testSettledFence,
	"SettledPassesOverDirt":      testSettledDirt,
	"AnswersAreFoundTogether":    testAnswersByID,
}

func closedDecision(n int) veiviser.ClosedDecision {
	c := veiviser.ClosedDecision{AnswerID: fmt.Sprint("answer", n), Index: n % 3, Reward: float64(n) / 7, Unit: uint64(n) << 50, Over: n%5 == 0}
	if n%2 == 0 {
		c.Outcomes = []string{"click", "purchase"}
	}
	return c
}

// settled is n answers and n closed decisions, counted from first.
func settled(first, n int) (s veiviser.Settled) {
	for i := first; i < first+n; i++ {
		s.Made = append(s.Made, fmt.Sprint("answer", i))
		s.Closed = append(s.Closed, closedDecision(i))
	}
	return s
}

// allSettled reads both logs to their end, oldest first.
func (b *bench) allSettled(limit int) (s veiviser.Settled) {
	b.t.Helper()
	for at := ""; ; {
		ids, next, err := b.MadeAnswers(b.ctx(), at, limit)
		b.must(err)
		if s.Made = append(s.Made, ids...); next == "" {
			break
		}
		at = next
	}
	for at := ""; ; {
		list, next, err := b.ClosedDecisions(b.ctx(), at, limit)
		b.must(err)
		if s.Closed = append(s.Closed, list...); next == "" {
			break
		}
		at = next
	}
	slices.Reverse(s.Made)
	slices.Reverse(s.Closed)
	return s
}

func (b *bench) lease(owner string) int64 {
	b.t.Helper()
	fence, held, err := b.AcquireLease(b.ctx(), owner, time.Minute)
	b.must(err)
	if !held {
		b.t.Fatal("the lease is not to be had")
	}
	return fence
}

func testSettled(t scope) {
	b := open(t.T, t.target)
	if d := cmp.Diff(veiviser.Settled{}, b.allSettled(5)); d != "" {
		t.Error("an empty store:", d)
	}
	fence := b.lease("one")
	b.must(b.SaveSnapshot(b.ctx(), fence, []byte("1"), veiviser.Settled{}))
	b.must(b.SaveSnapshot(b.ctx(), fence, []byte("2"), settled(0, 3)))
	b.must(b.SaveSnapshot(b.ctx(), fence, []byte("3"), veiviser.Settled{Made: []string{"answer3"}}))
	b.must(b.SaveSnapshot(b.ctx(), fence, []byte("4"), veiviser.Settled{Closed: []veiviser.ClosedDecision{closedDecision(3)}}))
	if d := cmp.Diff(settled(0, 4), b.allSettled(100)); d != "" {
		t.Error(d)
	}
	if data, err := b.LoadSnapshot(b.ctx()); string(data) != "4" || err != nil {
		t.Errorf("the snapshot is %q, %v", data, err)
	}
	ids, next, err := b.MadeAnswers(b.ctx(), "", 2)
	b.must(err)
	if d := cmp.Diff([]string{"answer3", "answer2"}, ids); d != "" || next == "" {
		t.Errorf("next %q: %s", next, d)
	}
	for _, bad := range []string{"x", "1", "1-x", "0-0", "-", "+", "(1-1"} {
		if _, _, err := b.MadeAnswers(b.ctx(), bad, 2); veiviser.ReasonOf(err) != veiviser.ReasonInvalidPageToken {
			t.Errorf("before %q: %v", bad, err)
		}
		if _, _, err := b.ClosedDecisions(b.ctx(), bad, 2); veiviser.ReasonOf(err) != veiviser.ReasonInvalidPageToken {
			t.Errorf("before %q: %v", bad, err)
		}
	}
	if ids, next, err := b.MadeAnswers(b.ctx(), "", 0); len(ids) != 0 || next != "" || err != nil {
		t.Errorf("nothing asked for: %v, %q, %v", ids, next, err)
	}
}

func testSettledPages(t scope) {
	b := open(t.T, t.target)
	const n = 4000
	b.must(b.SaveSnapshot(b.ctx(), b.lease("one"), make([]byte, 1<<20), settled(0, n)))
	for _, limit := range []int{700, n, n + 1} {
		if d := cmp.Diff(settled(0, n), b.allSettled(limit)); d != "" {
			t.Error(limit, d)
		}
	}
}

// Of what two learners save at once, only what the one with the lease saves is there, with its snapshot, and once.
func testSettledFence(t scope) {
	b := open(t.T, t.target)
	old := b.lease("one")
	b.must(b.SaveSnapshot(b.ctx(), old, []byte("one"), settled(0, 2)))
	var wg sync.WaitGroup
	saved := make(chan int, 100)
	wg.Go(func() {
		for i := range 40 {
			first := 1000 + 2*i
			err := b.SaveSnapshot(b.ctx(), old, []byte(fmt.Sprint(first)), settled(first, 2))
			if err == nil {
				saved <- first
			} else if veiviser.KindOf(err) != veiviser.KindConflict {
				t.Error(err)
			}
		}
	})
	b.must(b.ReleaseLease(b.ctx(), "one"))
	fence := b.lease("two")
	before := b.allSettled(1000)
	for i := range 10 {
		b.must(b.SaveSnapshot(b.ctx(), fence, []byte("two"), settled(10+i, 1)))
	}
	wg.Wait()
	close(saved)
	want := settled(0, 2)
	for first := range saved {
		s := settled(first, 2)
		want.Made, want.Closed = append(want.Made, s.Made...), append(want.Closed, s.Closed...)
	}
	if d := cmp.Diff(want, before); d != "" {
		t.Error("when the lease had changed hands:", d)
	}
	s := settled(10, 10)
	want.Made, want.Closed = append(want.Made, s.Made...), append(want.Closed, s.Closed...)
	if d := cmp.Diff(want, b.allSettled(1000)); d != "" {
		t.Error(d)
	}
	if data, err := b.LoadSnapshot(b.ctx()); string(data) != "two" || err != nil {
		t.Errorf("the snapshot is %q, %v", data, err)
	}
}

func testSettledDirt(t scope) {
	b := open(t.T, t.target)
	fence := b.lease("one")
	b.must(b.SaveSnapshot(b.ctx(), fence, []byte("good"), settled(0, 1)))
	open := "vv1:{" + b.opts.Tenant + "/learn}:"
	for _, values := range []map[string]any{{"d": "rubbish"}, {"x": "y"}} {
		b.raw.XAdd(b.ctx(), addTo(open+"made", values))
		b.raw.XAdd(b.ctx(), addTo(open+"closed", values))
	}
	b.must(b.SaveSnapshot(b.ctx(), fence, []byte("good"), settled(1, 1)))
	for _, limit := range []int{1, 3, 100} {
		if d := cmp.Diff(settled(0, 2), b.allSettled(limit)); d != "" {
			t.Error(limit, d)
		}
	}
	for _, name := range []string{"made", "closed"} { // all or nothing, also when a key is of another type
		c := open + name
		b.raw.Del(b.ctx(), c)
		b.raw.Set(b.ctx(), c, "no stream", 0)
		before := b.dump()
		err := b.SaveSnapshot(b.ctx(), fence, []byte("bad"), settled(2, 2))
		if veiviser.ReasonOf(err) != veiviser.ReasonCorruptRecord || b.dump() != before {
			t.Errorf("%s of another type: %v", name, err)
		}
		b.raw.Del(b.ctx(), c)
	}
}

func testAnswersByID(t scope) {
	b := open(t.T, t.target)
	want := map[string]veiviser.Answer{}
	ids := []string{"", "x", "{}*:", b.NewAnswerID("ada"), strings.Repeat("é", 12), strings.Repeat("_", 24)}
	for i := range 30 {
		a := b.answered(fmt.Sprint("visitor", i))
		ids = append(ids, a.ID)
		want[a.ID] = *a
	}
	bad, gone := b.answered("bob"), b.answered("eve")
	for _, k := range b.keys() {
		if strings.HasSuffix(k, ":d:"+bad.ID) {
			b.raw.SetRange(b.ctx(), k, 20, "\x00\xff\x00")
		}
	}
	_, err := b.Erase(b.ctx(), "eve")
	b.must(err)
	ids = append(ids, bad.ID, gone.ID, ids[6], ids[6]+".0")
	got, err := b.AnswersByID(b.ctx(), ids)
	b.must(err)
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	b.advance(61 * time.Minute)
	if got, err := b.AnswersByID(b.ctx(), ids); len(got) != 0 || err != nil {
		t.Errorf("%d answers outlive their time, %v", len(got), err)
	}
	if got, err := b.AnswersByID(b.ctx(), nil); len(got) != 0 || err != nil {
		t.Error(got, err)
	}
}
