package storetest

import (
	"errors"
	"fmt"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

func testAliasRefresh(t scope) {
	b := open(t.T, t.target)
	b.must(b.record(b.Store, "ada", "e0"))
	b.must(b.Link(b.ctx(), "ada", "cookie"))
	var key string
	for _, k := range b.keys() {
		if b.raw.Type(b.ctx(), k).Val() == "string" && b.raw.StrLen(b.ctx(), k).Val() < 60 && len(b.raw.Get(b.ctx(), k).Val()) > 16 {
			key = k
		}
	}
	if key == "" {
		t.Fatal("there is no alias")
	}
	b.raw.PExpire(b.ctx(), key, time.Minute)
	b.must(b.record(b.Store, "ada", "e1"))
	if ttl := b.raw.PTTL(b.ctx(), key).Val(); ttl > time.Minute {
		t.Error("every write refreshes the aliases")
	}
	b.advance(20 * time.Minute)
	b.must(b.record(b.Store, "ada", "e2"))
	if ttl := b.raw.PTTL(b.ctx(), key).Val(); ttl < 24*time.Hour {
		t.Errorf("an old alias is not refreshed: %v", ttl)
	}
	b.advance(50 * time.Minute)
	b.must(b.record(b.Store, "cookie", "e3"))
	if n := b.counted("ada"); n != 4 {
		t.Errorf("counted %d, want 4", n)
	}
}

func testAliasOfForgotten(t scope) {
	b := open(t.T, t.target)
	b.must(b.record(b.Store, "ada", "e1"))
	b.must(b.Link(b.ctx(), "ada", "cookie"))
	b.must(b.record(b.Store, "ada", "e2"))
	b.advance(91 * 24 * time.Hour) // the link was made without a time to live
	if l := b.load("cookie", event("e1")); l.Visitor != nil || l.Duplicate[0] {
		t.Fatalf("she is not forgotten: %+v", l)
	}
	b.must(b.record(b.Store, "cookie", "e1"))
	if l := b.load("cookie"); l.Visitor.ID != "cookie" || l.Visitor.Events != 1 {
		t.Errorf("the new person: %+v", l.Visitor)
	}
	b.must(b.Link(b.ctx(), "ada", "cookie"))
	if l := b.load("ada"); l.Visitor.Events != 1 {
		t.Errorf("linked again: %+v", l.Visitor)
	}
}

func testLinkConflict(t scope) {
	b := open(t.T, t.target)
	for _, known := range []bool{true, false} {
		ada, cookie := fmt.Sprint("ada", known), fmt.Sprint("cookie", known)
		if known {
			b.must(b.record(b.Store, ada, "e1"))
			b.must(b.record(b.Store, cookie, "e2"))
		}
		late, err := b.fold(b.Store, cookie, events("e3"))
		b.must(err)
		late2, err := b.fold(b.Store, ada, events("e4"))
		b.must(err)
		b.must(b.Link(b.ctx(), ada, cookie))
		b.wantReason(b.Commit(b.ctx(), late), veiviser.ReasonConcurrentChange)
		b.wantReason(b.Commit(b.ctx(), late2), veiviser.ReasonConcurrentChange)
	}
}

func testLinkJournal(t scope) {
	if !t.target.Shared {
		t.Skip("the embedded server ends with its store")
	}
	b := open(t.T, t.target)
	b.must(b.record(b.Store, "cookie", "e1"))
	b.target.Fault(b.Store, func(step string) error {
		if step == "after alias" {
			return errCrash
		}
		return nil
	})
	if err := b.Link(b.ctx(), "ada", "cookie"); !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	b.advance(2 * time.Minute)
	links := "vv1:{" + b.opts.Tenant + "/plan}:links"
	if n := b.raw.HLen(b.ctx(), links).Val(); n != 1 {
		t.Fatalf("the journal has %d entries", n)
	}
	b.replica().FinishLinks(b.ctx())
	if n := b.raw.HLen(b.ctx(), links).Val(); n != 0 {
		t.Fatal("a link left behind is not finished")
	}
	if l := b.load("ada"); l.Visitor == nil || l.Visitor.Events != 1 {
		t.Errorf("%+v", l.Visitor)
	}
}
