package storetest

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// testEraseBehindTheBack erases somebody while a change of hers is under way: it is refused, also when nothing was known of her.
func testEraseBehindTheBack(t scope) {
	for _, known := range []bool{false, true} {
		b := open(t.T, t.target)
		if known {
			b.must(b.record(b.Store, "ada", "e1"))
		}
		folded, err := b.fold(b.Store, "ada", events("e2"))
		b.must(err)
		l := b.load("ada")
		wish := veiviser.Change{Loaded: l, Visitor: &veiviser.Visitor{ID: "ada", Standing: veiviser.Standing{Answered: []string{"q"}}}}
		answer := veiviser.Change{Loaded: l, Answer: b.answerFor("ada")}
		_, err = b.Erase(b.ctx(), "ada")
		b.must(err)
		for what, c := range map[string]veiviser.Change{"events": folded, "a wish": wish, "an answer": answer} {
			if err := b.Commit(b.ctx(), c); veiviser.ReasonOf(err) != veiviser.ReasonConcurrentChange {
				t.Errorf("known %v: %s of before the erasure: %v", known, what, err)
			}
		}
		if l := b.load("ada"); l.Visitor != nil || l.Erased.IsZero() {
			t.Errorf("known %v: after it: %+v", known, l)
		}
		b.must(b.record(b.Store, "ada", "e3")) // who comes after it is somebody else
	}
}

// testEraseRaces has events of somebody new beside her erasure: either they come before it and are gone, or they are refused.
func testEraseRaces(t scope) {
	b := open(t.T, t.target, func(o *Options) { o.Now = time.Now })
	for i := range 300 {
		id, happened := fmt.Sprint("ada", i), time.Now()
		var wg sync.WaitGroup
		wg.Go(func() {
			for {
				c, err := b.fold(b.Store, id, events("e"))
				if err != nil {
					t.Error(err)
					return
				}
				if happened.Before(c.Loaded.Erased) { // as the service does
					return
				}
				if err = b.Commit(b.ctx(), c); veiviser.KindOf(err) != veiviser.KindConflict {
					if err != nil {
						t.Error(err)
					}
					return
				}
			}
		})
		wg.Go(func() {
			time.Sleep(time.Duration(i%30) * 20 * time.Microsecond)
			if _, err := b.Erase(b.ctx(), id); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		if l := b.load(id); l.Visitor != nil {
			t.Fatalf("round %d: an event of before the erasure outlived it", i)
		}
	}
}

// testEraseBehindALink finishes a link from a copy that is older than its end, when the person was erased meanwhile.
func testEraseBehindALink(t scope) {
	b := open(t.T, t.target)
	b.must(b.record(b.Store, "ada-1", "e1"))
	b.must(b.record(b.Store, "cookie-1", "e2"))
	crash := func(step string) error {
		if step == "after alias" {
			return errCrash
		}
		return nil
	}
	b.target.Fault(b.Store, crash)
	if err := b.Link(b.ctx(), "ada-1", "cookie-1"); !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	once := true
	b.target.Fault(b.Store, func(step string) error {
		if step != "before finish" || !once {
			return nil
		}
		once = false
		if n := b.counted("ada-1") + b.counted("cookie-1"); n < 3 { // both names lead to two events once the link is finished
			t.Errorf("counted %d", n)
		}
		_, err := b.Erase(b.ctx(), "cookie-1")
		return err
	})
	l := b.load("cookie-1")
	b.target.Fault(b.Store, nil)
	if once || l.Visitor != nil {
		t.Errorf("read while she was erased: %+v", l.Visitor)
	}
	b.wantNoTrace(append(b.traces("ada-1"), b.traces("cookie-1")...)...)
	if n := b.persons(); n != 0 {
		t.Errorf("the outbox counts %d persons, want none", n)
	}
}

// testEraseLinkRaces links two persons beside the erasure of one of them: what one of them was never outlives both.
func testEraseLinkRaces(t scope) {
	b := open(t.T, t.target, func(o *Options) { o.Now = time.Now })
	for i := range 150 {
		ada, cookie := fmt.Sprint("ada", i), fmt.Sprint("cookie", i)
		b.must(b.record(b.Store, ada, "e1"))
		b.must(b.record(b.Store, cookie, "e2"))
		var wg sync.WaitGroup
		for _, do := range []func() error{
			func() error { return b.Link(b.ctx(), ada, cookie) },
			func() error {
				time.Sleep(time.Duration(i%30) * 100 * time.Microsecond)
				_, err := b.Erase(b.ctx(), cookie)
				return err
			},
			func() error { _, err := b.Load(b.ctx(), cookie, nil); return err },
			func() error { _, err := b.Load(b.ctx(), cookie, nil); return err },
		} {
			wg.Go(func() {
				if err := do(); err != nil && veiviser.KindOf(err) != veiviser.KindConflict {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if l := b.load(ada, events("e2")...); l.Duplicate[0] {
			t.Fatalf("round %d: what was erased lives on under the name it was linked to: %+v", i, l.Visitor)
		}
	}
}
