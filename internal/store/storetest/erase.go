package storetest

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

var eraseTests = map[string]func(scope){
	"EraseLeavesNothing":      testErase,
	"EraseTakesWhatWaits":     testEraseDecided,
	"EraseOfNobody":           testEraseNobody,
	"EraseAmongWriters":       testEraseConcurrent,
	"EraseOfHalfLinked":       testErasePending,
	"EraseCanBeRepeated":      testEraseCrash,
	"EraseOfWhatCannotBeRead": testEraseCorrupt,
	"EraseLeavesATombstone":   testEraseTombstone,
	"EraseBehindTheBack":      testEraseBehindTheBack,
	"EraseBesideEvents":       testEraseRaces,
	"EraseBehindALink":        testEraseBehindALink,
	"EraseBesideALink":        testEraseLinkRaces,
	"EraseIsNoted":            testEraseNoted,
	"ForgetTakesAnswers":      testForget,
	"ForgetIsOneStep":         testForgetAtOnce,
	"ForgetByLink":            testForgetByLink,
	"LinkTellsSteps":          testLinkTellsSteps,
}

// traces are the forms in which an identity could show in the store.
func (b *bench) traces(id string) []string {
	sum := sha256.Sum256([]byte(b.opts.Tenant + "\x00" + id))
	return []string{id, string(sum[:16]), base64.RawURLEncoding.EncodeToString(sum[:16])}
}

// wantNoTrace scans the whole store but tombstones, which hold nothing but a moment.
func (b *bench) wantNoTrace(tokens ...string) {
	b.t.Helper()
	var keys []string
	for _, k := range b.keys() {
		switch {
		case !strings.Contains(k, "}:t:"):
			keys = append(keys, k)
		case len(b.raw.Get(context.Background(), k).Val()) != 8:
			b.t.Errorf("%s holds more than a moment", k)
		}
	}
	dump := b.dumpOf(keys)
	for _, s := range tokens {
		if i := strings.Index(dump, s); i >= 0 {
			b.t.Errorf("%q is still there: …%.120q", s, dump[max(0, i-60):])
		}
	}
}

func testErase(t scope) {
	b := open(t.T, t.target)
	const ada, cookie, old, secret = "ada@example.org", "cookie-4711-xyz", "older-cookie-0815", "planted-token-8231"
	for i, id := range []string{ada, cookie, old, "bob"} {
		b.must(b.record(b.Store, id, fmt.Sprint("e", i)))
		b.answered(id)
	}
	b.must(b.Link(b.ctx(), cookie, old))
	b.must(b.Link(b.ctx(), ada, cookie))
	c, err := b.fold(b.Store, old, events("e9"))
	b.must(err)
	c.Visitor.Attributes = map[string]string{"visitor.name": secret}
	c.Visitor.Segments, c.Visitor.Stage = []string{"families"}, veiviser.StageUse
	c.Answer = b.answerFor(ada)
	c.Answer.Visitor = *c.Visitor
	b.must(b.Commit(b.ctx(), c))
	traces := append(append(append(b.traces(ada), b.traces(cookie)...), b.traces(old)...), secret)
	if dump := b.dump(); !strings.Contains(dump, ada) || !strings.Contains(dump, secret) || !strings.Contains(dump, traces[2]) {
		t.Fatal("the scan does not see what is there")
	}
	found, err := b.Erase(b.ctx(), old)
	b.must(err)
	if !found {
		t.Error("nothing was found")
	}
	b.wantNoTrace(traces...)
	for _, id := range []string{ada, cookie, old} {
		if l := b.load(id, event("e9")); l.Visitor != nil || l.Duplicate[0] {
			t.Errorf("%q is remembered", id)
		}
	}
	last := veiviser.LogEntry{}
	for _, e := range readAll(b) {
		if e.Entry.Before.Known && !e.Entry.After.Known && len(e.Entry.Before.Segments) == 1 {
			last = e.Entry
		}
	}
	if last.Before.Stage != veiviser.StageUse || last.Before.Segments[0] != "families" {
		t.Errorf("the outbox does not say that a member left: %+v", last)
	}
	if n := b.counted("bob"); n != 1 {
		t.Error("bob was erased too")
	}
	if found, err = b.Erase(b.ctx(), ada); found || err != nil {
		t.Errorf("erased twice: %v %v", found, err)
	}
}

// testEraseDecided has decisions that wait and that are settled: of the person nothing is left in them.
func testEraseDecided(t scope) {
	b := open(t.T, t.target)
	const ada, cookie, secret = "ada@example.org", "cookie-4711-xyz", "planted-token-8231"
	var answers []string
	for i, id := range []string{ada, cookie, cookie} {
		answers = append(answers, b.decide(id, fmt.Sprint("e", i)).ID)
	}
	b.must(b.Link(b.ctx(), ada, cookie))
	c, err := b.fold(b.Store, cookie, events("e9"))
	b.must(err)
	c.Visitor.Attributes = map[string]string{"visitor.name": secret}
	c.Answer = b.answerFor(ada)
	c.Answer.Visitor = *c.Visitor
	c.Log = append(c.Log, veiviser.LogEntry{Time: b.now(), Served: &veiviser.LoggedDecision{DecisionID: c.Answer.ID + ".0"}})
	b.must(b.Commit(b.ctx(), c))
	answers = append(answers, c.Answer.ID)
	b.decide("bob")
	people := map[string]bool{}
	s := veiviser.Settled{Made: answers}
	for _, e := range b.waiting(time.Time{}) {
		people[e.Person] = true
		s.Closed = append(s.Closed, veiviser.ClosedDecision{AnswerID: e.Entry.Served.DecisionID, Unit: 4711})
	}
	b.must(b.SaveSnapshot(b.ctx(), b.lease("one"), []byte("state"), s))
	if n := len(people); n != 3 {
		t.Errorf("%d tokens for two identities and bob", n)
	}
	_, err = b.Erase(b.ctx(), cookie)
	b.must(err)
	b.wantNoTrace(ada, cookie, secret, b.traces(ada)[1], b.traces(cookie)[1])
	if n := len(b.waiting(time.Time{})); n != 2 {
		t.Errorf("%d decisions wait, want the two of bob", n)
	}
	for token := range people {
		for _, v := range b.people(token) {
			if v != "bob" {
				t.Errorf("the hash leads to %v", v)
			}
		}
	}
	if got, err := b.AnswersByID(b.ctx(), answers); err != nil || len(got) != 0 {
		t.Errorf("%d answers are left, %v", len(got), err)
	}
	if made, _, err := b.MadeAnswers(b.ctx(), "", 10); err != nil || len(made) != 4 {
		t.Errorf("%d ids of answers are left, %v", len(made), err)
	}
	b.wantNoTrace(append(b.traces(ada), b.traces(cookie)...)...)
}

func testEraseNobody(t scope) {
	b := open(t.T, t.target)
	if found, err := b.Erase(b.ctx(), "nobody"); found || err != nil {
		t.Errorf("found %v, %v", found, err)
	}
	b.answered("somebody shy") // an answer, but no visitor
	if found, err := b.Erase(b.ctx(), "somebody shy"); !found || err != nil {
		t.Errorf("found %v, %v", found, err)
	}
	b.wantNoTrace(b.traces("somebody shy")...)
}

func testEraseConcurrent(t scope) {
	b := open(t.T, t.target)
	b.must(b.record(b.Store, "ada", "first"))
	b.must(b.Link(b.ctx(), "ada", "cookie"))
	old := b.load("ada")
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for w := range 3 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				if err := b.record(b.Store, []string{"ada", "cookie"}[i%2], fmt.Sprintf("e%d-%d", w, i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	time.Sleep(20 * time.Millisecond)
	_, err := b.Erase(b.ctx(), "cookie")
	close(stop)
	wg.Wait()
	b.must(err)
	if l := b.load("ada", event("first")); l.Duplicate[0] || l.Visitor != nil && l.Revision>>32 == old.Revision>>32 {
		t.Errorf("the erased person is back: %+v", l)
	}
	for _, id := range []string{"ada", "cookie"} { // those who came after
		if _, err := b.Erase(b.ctx(), id); err != nil {
			t.Fatal(err)
		}
	}
	b.wantNoTrace(append(b.traces("ada"), b.traces("cookie")...)...)
	if n := b.persons(); n != 0 {
		t.Errorf("the outbox counts %d persons, want none", n)
	}
}

func testErasePending(t scope) {
	for _, at := range []string{"before alias", "after alias", "before merge", "after merge", "before drop"} {
		for _, id := range []string{"ada-1", "cookie-1"} {
			b := open(t.T, t.target)
			b.must(b.record(b.Store, "ada-1", "e1"))
			b.must(b.record(b.Store, "cookie-1", "e2"))
			b.target.Fault(b.Store, func(step string) error {
				if step == at {
					return errCrash
				}
				return nil
			})
			if err := b.Link(b.ctx(), "ada-1", "cookie-1"); !errors.Is(err, errCrash) {
				t.Fatal(err)
			}
			b.target.Fault(b.Store, nil)
			_, err := b.Erase(b.ctx(), id)
			b.must(err)
			b.wantNoTrace(b.traces(id)...)
			if at == "before alias" {
				continue // they were never one person
			}
			b.wantNoTrace(append(b.traces("ada-1"), b.traces("cookie-1")...)...)
			if n := b.persons(); n != 0 {
				t.Errorf("crash at %q, %s erased: the outbox counts %d persons", at, id, n)
			}
		}
	}
}

func testEraseCrash(t scope) {
	b := open(t.T, t.target)
	b.must(b.record(b.Store, "ada-1", "e1"))
	b.must(b.record(b.Store, "cookie-1", "e2"))
	b.must(b.Link(b.ctx(), "ada-1", "cookie-1"))
	b.target.Fault(b.Store, func(step string) error {
		if step == "before erase" {
			return errCrash
		}
		return nil
	})
	if _, err := b.Erase(b.ctx(), "ada-1"); !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	b.target.Fault(b.Store, nil)
	if found, err := b.Erase(b.ctx(), "ada-1"); !found || err != nil {
		t.Errorf("found %v, %v", found, err)
	}
	b.wantNoTrace(append(b.traces("ada-1"), b.traces("cookie-1")...)...)
}

func testEraseCorrupt(t scope) {
	b := open(t.T, t.target)
	b.must(b.record(b.Store, "ada-1", "e1"))
	b.must(b.record(b.Store, "cookie-1", "e2"))
	b.must(b.Link(b.ctx(), "ada-1", "cookie-1"))
	key := b.recordKey("ada-1")
	b.must(b.raw.SetRange(b.ctx(), key, 30, "\xff\xff\xff").Err())
	for _, id := range []string{"ada-1", "cookie-1"} {
		_, err := b.Load(b.ctx(), id, nil)
		b.wantReason(err, veiviser.ReasonCorruptRecord)
	}
	if found, err := b.Erase(b.ctx(), "cookie-1"); !found || err != nil {
		t.Errorf("found %v, %v", found, err)
	}
	b.wantNoTrace(append(b.traces("ada-1"), b.traces("cookie-1")...)...)
	b.must(b.record(b.Store, "bob", "e1"))
	key = b.recordKey("bob")
	b.raw.Del(b.ctx(), key)
	b.raw.LPush(b.ctx(), key, "a list")
	_, err := b.Load(b.ctx(), "bob", nil)
	b.wantReason(err, veiviser.ReasonCorruptRecord)
	if found, err := b.Erase(b.ctx(), "bob"); !found || err != nil {
		t.Errorf("found %v, %v", found, err)
	}
	b.load("bob")
}

// recordKey is the key of an identity's record.
func (b *bench) recordKey(id string) string {
	b.t.Helper()
	name := b.traces(id)[2]
	for _, k := range b.keys() {
		if strings.HasSuffix(k, ":v:"+name) {
			return k
		}
	}
	b.t.Fatalf("%q has no record", id)
	return ""
}
