package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/veiviser"
)

var linkTests = map[string]func(scope){
	"LinkMakesOnePerson":         testLink,
	"LinkOfUnknownNames":         testLinkUnknown,
	"LinkFollowsChains":          testLinkChains,
	"LinkIsLimited":              testLinkLimit,
	"LinkSurvivesCrashes":        testLinkCrash,
	"LinkAmongWriters":           testLinkConcurrent,
	"LinksInARing":               testLinkRing,
	"LinksAllAtOnce":             testLinkStorm,
	"LinkedNamesOutliveSilence":  testAliasRefresh,
	"ForgottenPersonFreesAlias":  testAliasOfForgotten,
	"LinkBehindTheBackOfACommit": testLinkConflict,
	"LinksLeftBehindAreFinished": testLinkJournal,
	"LinkKeepsTheFirstGroup":     testLinkGroup,
}

func testLink(t scope) {
	b := open(t.T, t.target)
	b.must(b.record(b.Store, "ada", "e1", "e2"))
	b.must(b.record(b.Store, "cookie", "e2", "e3", "e4"))
	b.must(b.Link(b.ctx(), "ada", "ada"))
	for range 2 { // the second time there is nothing to do
		b.must(b.Link(b.ctx(), "ada", "cookie"))
		b.must(b.Link(b.ctx(), "cookie", "ada"))
	}
	for _, id := range []string{"ada", "cookie"} {
		l := b.load(id, events("e1", "e2", "e3", "e4", "e5")...)
		if l.VisitorID != id || l.Visitor.ID != "ada" || l.Visitor.Events != 5 {
			t.Errorf("under %q: %+v", id, l)
		}
		if d := cmp.Diff([]bool{true, true, true, true, false}, l.Duplicate); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([]string{"cookie"}, l.Visitor.LinkedIDs); d != "" {
			t.Error(d)
		}
	}
	b.must(b.record(b.Store, "cookie", "e5"))
	if n := b.counted("ada"); n != 6 {
		t.Errorf("counted %d, want 6", n)
	}
	if n := b.persons(); n != 1 {
		t.Errorf("the outbox counts %d persons, want 1", n)
	}
}

func testLinkUnknown(t scope) {
	b := open(t.T, t.target)
	b.must(b.Link(b.ctx(), "new", "unseen"))
	if l := b.load("unseen"); l.Visitor == nil || l.Visitor.ID != "new" {
		t.Fatalf("two unknown names: %+v", l.Visitor)
	}
	b.must(b.record(b.Store, "bob", "e1"))
	b.must(b.Link(b.ctx(), "fresh", "bob"))
	if l := b.load("bob", event("e1")); l.Visitor.ID != "fresh" || l.Visitor.Events != 1 || !l.Duplicate[0] {
		t.Errorf("a known name under an unknown one: %+v", l)
	}
	b.must(b.record(b.Store, "eve", "e1"))
	b.must(b.Link(b.ctx(), "eve", "device"))
	if l := b.load("device"); l.Visitor.ID != "eve" || l.Visitor.Events != 1 {
		t.Errorf("an unknown name under a known one: %+v", l)
	}
	if n := b.persons(); n != 2 { // of the first two names nothing is known
		t.Errorf("the outbox counts %d persons, want 2", n)
	}
}

func testLinkChains(t scope) {
	b := open(t.T, t.target)
	for i, id := range []string{"a", "b", "c", "d"} {
		b.must(b.record(b.Store, id, fmt.Sprint("e", i)))
	}
	b.must(b.Link(b.ctx(), "b", "a"))
	b.must(b.Link(b.ctx(), "c", "b")) // b has an alias of its own
	b.must(b.Link(b.ctx(), "a", "d")) // a is an alias itself
	for _, id := range []string{"a", "b", "c", "d"} {
		l := b.load(id, events("e0", "e1", "e2", "e3")...)
		if l.Visitor.ID != "c" || l.Visitor.Events != 4 || slices.Contains(l.Duplicate, false) {
			t.Errorf("under %q: %+v", id, l)
		}
		if d := cmp.Diff([]string{"b", "a", "d"}, l.Visitor.LinkedIDs); d != "" {
			t.Error(d)
		}
	}
	if n := b.persons(); n != 1 {
		t.Errorf("the outbox counts %d persons, want 1", n)
	}
}

func testLinkLimit(t scope) {
	b := open(t.T, t.target)
	for i := range veiviser.MaxLinkedIDs {
		b.must(b.Link(b.ctx(), "ada", fmt.Sprint("device", i)))
	}
	b.must(b.record(b.Store, "extra", "e1"))
	err := b.Link(b.ctx(), "ada", "extra")
	b.wantReason(err, veiviser.ReasonLinkLimit)
	b.wantReason(b.Link(b.ctx(), "unknown", "ada"), veiviser.ReasonLinkLimit)
	b.must(b.Link(b.ctx(), "ada", "device3")) // linked before
	if l := b.load("extra"); l.Visitor.ID != "extra" || l.Visitor.Events != 1 {
		t.Errorf("a refused link changed %+v", l.Visitor)
	}
	// Somebody takes the last place between the look and the link.
	for i := range veiviser.MaxLinkedIDs - 1 {
		b.must(b.Link(b.ctx(), "eve", fmt.Sprint("phone", i)))
	}
	once := true
	b.target.Fault(b.Store, func(step string) error {
		if step == "after alias" && once {
			once = false
			return b.Link(b.ctx(), "eve", "last")
		}
		return nil
	})
	b.wantReason(b.Link(b.ctx(), "eve", "extra"), veiviser.ReasonLinkLimit)
	b.target.Fault(b.Store, nil)
	if l := b.load("extra", event("e1")); l.Visitor.ID != "extra" || l.Visitor.Events != 1 || !l.Duplicate[0] {
		t.Errorf("a link that came too late changed %+v", l)
	}
	if l := b.load("eve"); len(l.Visitor.LinkedIDs) != veiviser.MaxLinkedIDs {
		t.Errorf("eve has %d names", len(l.Visitor.LinkedIDs))
	}
	if n := b.persons(); n != 1 { // the others have names alone
		t.Errorf("the outbox counts %d persons, want 1", n)
	}
}

var errCrash = errors.New("crash")

func testLinkCrash(t scope) {
	steps := []string{"before alias", "after alias", "before merge", "after merge", "before drop"}
	for _, read := range []string{"ada", "old", "cookie"} {
		for _, at := range steps {
			b := open(t.T, t.target)
			b.must(b.record(b.Store, "ada", "e1"))
			b.must(b.record(b.Store, "cookie", "e2", "e3"))
			b.must(b.Link(b.ctx(), "cookie", "old"))
			b.target.Fault(b.Store, func(step string) error {
				if step == at {
					return errCrash
				}
				return nil
			})
			if err := b.Link(b.ctx(), "ada", "cookie"); !errors.Is(err, errCrash) {
				t.Fatalf("at %q: %v", at, err)
			}
			b.target.Fault(b.Store, nil)
			b.must(b.record(b.Store, read, "e2", "e4")) // may or may not know of the link
			b.must(b.Link(b.ctx(), "ada", "cookie"))
			for _, id := range []string{"ada", "cookie", "old"} {
				l := b.load(id, events("e1", "e2", "e3", "e4")...)
				want := 4
				if read == "ada" && at == "before alias" || read == "ada" && !linkedWhenRead(at) {
					want = 5 // ada met e2 before she was known to be cookie
				}
				if l.Visitor.ID != "ada" || int(l.Visitor.Events) != want || slices.Contains(l.Duplicate, false) {
					t.Errorf("crash at %q, %s written, read as %s: %d events, want %d; %v", at, read, id, l.Visitor.Events, want, l.Duplicate)
				}
			}
			if n := b.persons(); n != 1 {
				t.Errorf("crash at %q: the outbox counts %d persons, want 1", at, n)
			}
		}
	}
}

// linkedWhenRead says whether reading the canonical name after a crash at that step sees the merged person.
func linkedWhenRead(at string) bool { return at == "after merge" || at == "before drop" }

func testLinkConcurrent(t scope) {
	b := open(t.T, t.target)
	const writers, each = 4, 15
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				id := []string{"ada", "cookie"}[(w+i)%2]
				if err := b.record(b.Store, id, fmt.Sprintf("e%d-%d", w, i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 2 {
		wg.Go(func() {
			time.Sleep(5 * time.Millisecond)
			if err := b.Link(b.ctx(), "ada", "cookie"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	var all []string
	for w := range writers {
		for i := range each {
			all = append(all, fmt.Sprintf("e%d-%d", w, i))
		}
	}
	for _, id := range []string{"ada", "cookie"} {
		l := b.load(id, events(all...)...)
		if l.Visitor.ID != "ada" || l.Visitor.Events != writers*each || slices.Contains(l.Duplicate, false) {
			t.Errorf("under %q: %s has %d events, want %d", id, l.Visitor.ID, l.Visitor.Events, writers*each)
		}
	}
	if n := b.persons(); n != 1 {
		t.Errorf("the outbox counts %d persons, want 1", n)
	}
}

func testLinkRing(t scope) {
	b := open(t.T, t.target)
	b.must(b.record(b.Store, "a", "e1"))
	b.must(b.record(b.Store, "b", "e2", "e3"))
	depth := 0
	b.target.Fault(b.Store, func(step string) error {
		switch {
		case step == "before alias" && depth == 0:
			depth = 1 // while a ← b is about to be made, b ← a is, and stays half done
			if err := b.Link(b.ctx(), "b", "a"); !errors.Is(err, errCrash) {
				t.Errorf("the inner link: %v", err)
			}
			depth = 2
		case step == "after alias" && depth == 1:
			return errCrash
		}
		return nil
	})
	b.must(b.Link(b.ctx(), "a", "b"))
	b.target.Fault(b.Store, nil)
	for _, id := range []string{"a", "b"} {
		l := b.load(id, events("e1", "e2", "e3")...)
		if l.Visitor.Events != 3 || len(l.Visitor.LinkedIDs) != 1 || slices.Contains(l.Duplicate, false) {
			t.Errorf("under %q: %+v", id, l)
		}
	}
	if n := b.persons(); n != 1 {
		t.Errorf("the outbox counts %d persons, want 1", n)
	}
}

func testLinkStorm(t scope) {
	b := open(t.T, t.target)
	ids := []string{"a", "b", "c", "d", "e"}
	for i, id := range ids {
		b.must(b.record(b.Store, id, fmt.Sprint("first", i)))
	}
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			err := b.Link(b.ctx(), ids[i], ids[(i+1)%len(ids)])
			if err != nil {
				t.Errorf("link %d: %v", i, err)
			}
		})
		wg.Go(func() {
			for n := range 5 {
				if err := b.record(b.Store, ids[rand.IntN(len(ids))], fmt.Sprintf("e%d-%d", i, n)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for i := range ids { // a ring of five may have been undone at one place; linking again is allowed
		b.must(b.Link(b.ctx(), ids[0], ids[i]))
	}
	root := b.load("a").Visitor
	for _, id := range ids {
		if v := b.load(id).Visitor; v.ID != root.ID || v.Events != 30 {
			t.Errorf("%q is %q with %d events, want %q with 30", id, v.ID, v.Events, root.ID)
		}
	}
	if n := b.persons(); n != 1 {
		t.Errorf("the outbox counts %d persons, want 1", n)
	}
}

// persons is how many persons there are by the outbox: those that came less those that went.
func (b *bench) persons() int {
	b.t.Helper()
	n := 0
	for _, e := range readAll(b) {
		check(b.t, e.Err)
		if e.Entry.After.Known {
			n++
		}
		if e.Entry.Before.Known {
			n--
		}
	}
	return n
}

func testLinkGroup(t scope) {
	const treated, control, unknown = veiviser.GroupTreated, veiviser.GroupControl, veiviser.GroupUnknown
	set := veiviser.Group("set by merge")
	for _, c := range []struct {
		into, from, merged, want veiviser.Group
		older                    string
	}{
		{into: treated, from: control, older: "into", want: treated},
		{into: treated, from: control, older: "from", want: control},
		{into: unknown, from: control, older: "into", want: control},
		{into: treated, from: unknown, older: "from", want: treated},
		{into: unknown, from: unknown, older: "from", want: unknown},
		{into: treated, from: control, older: "from", merged: set, want: set},
		{into: treated, from: control, older: "from, into unknown", want: control},
		{into: treated, from: control, older: "into, from unknown", want: treated},
	} {
		b := open(t.T, t.target, func(o *Options) {
			o.Merge = func(into, from *veiviser.Visitor) {
				if merge(into, from); c.merged != unknown {
					into.Group = c.merged
				}
			}
		})
		into := &veiviser.Visitor{ID: "into", Group: c.into, FirstSeen: start, LastSeen: start}
		from := &veiviser.Visitor{ID: "from", Group: c.from, FirstSeen: start, LastSeen: start}
		switch c.older {
		case "into":
			into.FirstSeen = start.Add(-time.Hour)
		case "from":
			from.FirstSeen = start.Add(-time.Hour)
		case "from, into unknown":
			into.FirstSeen = time.Time{}
		default:
			from.FirstSeen = time.Time{}
		}
		for _, v := range []*veiviser.Visitor{into, from} {
			b.must(b.Commit(b.ctx(), veiviser.Change{Loaded: b.load(v.ID), Visitor: v}))
		}
		b.must(b.Link(b.ctx(), "into", "from"))
		if got := b.load("from").Visitor; got.ID != "into" || got.Group != c.want {
			t.Errorf("%+v: the group is %q", c, got.Group)
		}
	}
	b := open(t.T, t.target)
	b.must(b.Commit(b.ctx(), veiviser.Change{Loaded: b.load("known"), Visitor: &veiviser.Visitor{ID: "known", Group: control}}))
	b.must(b.Link(b.ctx(), "new", "known"))
	if got := b.load("new").Visitor; got.Group != control {
		t.Errorf("a known name under an unknown one: %q", got.Group)
	}
}
