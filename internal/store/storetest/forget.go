package storetest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// testEraseTombstone has events that come after a person was erased: the store says when that was, under every identity she
// had, for as long as she would have been remembered.
func testEraseTombstone(t scope) {
	keep := 10 * 24 * time.Hour
	b := open(t.T, t.target, func(o *Options) { o.Keep = func() time.Duration { return keep } })
	b.must(b.record(b.Store, "ada", "e1"))
	b.must(b.record(b.Store, "cookie", "e1"))
	b.must(b.Link(b.ctx(), "ada", "cookie"))
	if at := b.load("ada", event("e2")).Erased; !at.IsZero() {
		t.Errorf("erased at %v before it was", at)
	}
	b.advance(time.Minute)
	at := b.now()
	for _, id := range []string{"cookie", "nobody"} {
		_, err := b.Erase(b.ctx(), id)
		b.must(err)
	}
	b.advance(time.Minute)
	for _, id := range []string{"ada", "cookie", "nobody"} {
		if got := b.load(id, event("e2")).Erased; !got.Equal(at) {
			t.Errorf("%s was erased at %v, the store says %v", id, at, got)
		}
	}
	if got := b.load("bob", event("e2")).Erased; !got.IsZero() {
		t.Errorf("bob was erased at %v", got)
	}
	b.must(b.record(b.Store, "eve", "e1"))
	b.must(b.Link(b.ctx(), "eve", "cookie")) // the cookie is hers now, and what it did before the erasure stays refused
	if got := b.load("cookie", event("e2")).Erased; !got.Equal(at) {
		t.Errorf("after the link it was erased at %v", got)
	}
	if got := b.load("eve", event("e2")).Erased; !got.IsZero() {
		t.Errorf("eve was erased at %v", got)
	}
	for _, k := range b.keys() {
		if !strings.Contains(k, "}:t:") {
			continue
		}
		if left := b.raw.PTTL(b.ctx(), k).Val(); left <= keep-time.Hour || left > keep {
			t.Errorf("%s is kept for %v, not %v", k, left, keep)
		}
	}
}

// testEraseNoted tells who watches that somebody was erased, also when nothing was known of her.
func testEraseNoted(t scope) {
	b := open(t.T, t.target)
	ch, err := b.Watch(b.ctx(), "nobody")
	b.must(err)
	await(t.T, ch, "the subscription to stand")
	_, err = b.Erase(b.ctx(), "nobody")
	b.must(err)
	await(t.T, ch, "the erasure")
}

// unprofiled is a change that leaves nothing of a person but her standing.
func (b *bench) unprofiled(id string) veiviser.Change {
	l := b.load(id)
	v := l.Visitor.Unprofiled()
	v.Standing.Directives = []veiviser.Directive{{ID: "d", Kind: veiviser.DoNotProfile, Created: b.now()}}
	return veiviser.Change{Loaded: l, Visitor: v, Forget: true}
}

// testForget forgets what was known of a person: no key holds it any more, under whatever identity it was kept, nor can an
// answer that was under way bring it back.
func testForget(t scope) {
	b := open(t.T, t.target)
	const secret = "planted-token-8231"
	plant := func(id string) *veiviser.Answer {
		c, err := b.fold(b.Store, id, events("e-"+id))
		b.must(err)
		c.Visitor.Attributes = map[string]string{"name": secret}
		c.Answer = b.answerFor(id)
		c.Answer.Visitor = *c.Visitor
		c.Log = append(c.Log, veiviser.LogEntry{
			Time: b.now(), Served: &veiviser.LoggedDecision{DecisionID: c.Answer.ID + ".0", Subject: secret},
		})
		b.must(b.Commit(b.ctx(), c))
		return c.Answer
	}
	answer := plant("cookie")
	plant("ada")
	b.must(b.Link(b.ctx(), "ada", "cookie"))
	b.decide("bob")
	under := b.load("ada")
	late := veiviser.Change{Loaded: under, Answer: b.answerFor("ada")}
	late.Answer.Visitor = *under.Visitor
	if !strings.Contains(b.dump(), secret) {
		t.Fatal("the scan does not see what is there")
	}
	b.must(b.Commit(b.ctx(), b.unprofiled("cookie")))
	b.wantNoTrace(secret)
	b.wantReason(b.Commit(b.ctx(), late), veiviser.ReasonConcurrentChange)
	_, _, err := b.Answer(b.ctx(), answer.ID)
	b.wantReason(err, veiviser.ReasonUnknownDecision)
	l := b.load("cookie", event("e-cookie"))
	if l.Visitor == nil || len(l.Visitor.Standing.Directives) != 1 || len(l.Visitor.LinkedIDs) != 1 || !l.Duplicate[0] {
		t.Errorf("her wishes, identities and the events counted are to stay: %+v", l)
	}
	if n := len(b.waiting(time.Time{})); n != 2 {
		t.Errorf("%d decisions wait, want the two of bob", n)
	}
	c := b.unprofiled("cookie") // with an answer, that answer stays
	c.Answer = b.answerFor("ada")
	b.must(b.Commit(b.ctx(), c))
	if list, err := b.Answers(b.ctx(), "ada"); err != nil || len(list) != 1 {
		t.Errorf("%d answers, %v", len(list), err)
	}
}

// scripted fails scripts before they are sent, by how many keys they have.
type scripted struct{ fail func(keys int) bool }

func (h *scripted) DialHook(next redis.DialHook) redis.DialHook { return next }
func (h *scripted) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (h *scripted) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if n, ok := keysOf(cmd); ok && h.fail != nil && h.fail(n) {
			return errCrash
		}
		return next(ctx, cmd)
	}
}

// keysOf is how many keys a script is called with; false for any other command.
func keysOf(cmd redis.Cmder) (int, bool) {
	if !strings.HasPrefix(cmd.Name(), "eval") {
		return 0, false
	}
	n, err := strconv.Atoi(fmt.Sprint(cmd.Args()[2]))
	return n, err == nil
}

// testForgetAtOnce lets every script fail that comes after, or before, the one that forgets: answers are never left behind.
func testForgetAtOnce(t scope) {
	const secret = "planted-token-8231"
	for _, after := range []bool{true, false} {
		b := open(t.T, t.target)
		for _, id := range []string{"cookie", "ada"} {
			c, err := b.fold(b.Store, id, events("e-"+id))
			b.must(err)
			c.Visitor.Attributes = map[string]string{"name": secret}
			c.Answer = b.answerFor(id)
			c.Answer.Visitor = *c.Visitor
			b.must(b.Commit(b.ctx(), c))
		}
		b.must(b.Link(b.ctx(), "ada", "cookie"))
		c, done := b.unprofiled("cookie"), false
		hook := &scripted{}
		b.raw.AddHook(hook)
		hook.fail = func(keys int) bool {
			commit := keys > 4
			if after {
				defer func() { done = done || commit }()
				return done
			}
			return !commit
		}
		err := b.Commit(b.ctx(), c)
		hook.fail = nil
		if !after {
			if err == nil || !b.load("ada").Visitor.HasProfile() {
				t.Errorf("the change is half done: %v", err)
			}
			b.must(b.Commit(b.ctx(), c))
		}
		if b.load("ada").Visitor.HasProfile() {
			t.Errorf("after %v: she is not forgotten", after)
		}
		b.wantNoTrace(secret)
	}
}

// testForgetByLink links somebody with one who is not to be profiled: what was known of the first is forgotten.
func testForgetByLink(t scope) {
	const secret = "planted-token-8231"
	b := open(t.T, t.target, func(o *Options) {
		o.Merge = func(into, from *veiviser.Visitor) {
			into.Standing.Directives = append(into.Standing.Directives, from.Standing.Directives...)
			*into = *into.Unprofiled()
		}
	})
	for i, intoShy := range []bool{true, false} {
		known, shy := fmt.Sprint("ada", i), fmt.Sprint("shy", i)
		c, err := b.fold(b.Store, known, events("e"))
		b.must(err)
		c.Visitor.Attributes = map[string]string{"name": secret}
		c.Visitor.Segments = []string{"families"}
		c.Answer = b.answerFor(known)
		c.Answer.Visitor = *c.Visitor
		b.must(b.Commit(b.ctx(), c))
		b.must(b.record(b.Store, shy, "e"))
		b.must(b.Commit(b.ctx(), b.unprofiled(shy)))
		b.target.Fault(b.Store, func(step string) error { // what comes after the merge is done by whoever reads her next
			if step == "after merge" {
				return errCrash
			}
			return nil
		})
		if intoShy {
			err = b.Link(b.ctx(), shy, known)
		} else {
			err = b.Link(b.ctx(), known, shy)
		}
		if !errors.Is(err, errCrash) {
			t.Fatal(err)
		}
		b.target.Fault(b.Store, nil)
		b.load(known)
		b.load(shy)
		b.wantNoTrace(secret)
		l := b.load(known)
		if l.Visitor == nil || l.Visitor.HasProfile() || len(l.Visitor.Segments) > 0 || len(l.Visitor.Standing.Directives) != 1 {
			t.Errorf("linked into the one who is not profiled (%v): %+v", intoShy, l.Visitor)
		}
	}
	members := 0
	for _, e := range readAll(b) {
		members += len(e.Entry.After.Segments) - len(e.Entry.Before.Segments)
	}
	if members != -2 { // the test has put them into the segment past the log, and both have left
		t.Errorf("%d members came in all, want -2", members)
	}
}

// testLinkTellsSteps links somebody who did something with one who was never seen to do anything: that cases are forgotten for want
// of room is told beside that there is one member more.
func testLinkTellsSteps(t scope) {
	b := open(t.T, t.target, func(o *Options) {
		o.Merge = func(into, from *veiviser.Visitor) { into.Events += from.Events } // and drops the case
	})
	quiet := &veiviser.Visitor{ID: "quiet", Standing: veiviser.Standing{Answered: []string{"q"}}}
	b.must(b.Commit(b.ctx(), veiviser.Change{Loaded: b.load("quiet"), Visitor: quiet}))
	c, err := b.fold(b.Store, "ada", events("e"))
	b.must(err)
	c.Visitor.Standing.Cases = []veiviser.Case{{ID: "case", Opened: b.now(), Due: b.now()}}
	b.must(b.Commit(b.ctx(), c))
	b.must(b.Link(b.ctx(), "quiet", "ada"))
	members, closed := 0, 0
	for _, e := range readAll(b) {
		if e.Entry.After.Known {
			members++
		}
		if e.Entry.Before.Known {
			members--
		}
		for i := range e.Entry.Steps {
			if s := &e.Entry.Steps[i]; s.Kind == veiviser.StepCaseClosed && s.About == "case" {
				closed++
			}
		}
	}
	if members != 1 || closed != 1 {
		t.Errorf("%d members, and the case was closed %d times", members, closed)
	}
}
