package storetest

import (
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/veiviser"
)

var lifetimeTests = map[string]func(scope){
	"WhoeverIsAnsweredIsRemembered": testAnswersRenew,
	"WhatBindsOutlivesTheProfile":   testKept,
	"WhatBindsEnds":                 testKeptEnds,
	"WhatBindsIsRenewed":            testKeptRenewed,
	"WhatBindsIsLinked":             testKeptLinked,
	"WhatBindsIsErased":             testKeptErased,
	"AliasesOutliveWhatBinds":       testKeptAliases,
}

const day = 24 * time.Hour

// meet answers somebody, as the service does who is asked and was told of nothing that she did.
func (b *bench) meet(id string) {
	b.t.Helper()
	l := b.load(id)
	owner := id
	if l.Visitor != nil {
		owner = l.Visitor.ID
	}
	b.must(b.Commit(b.ctx(), veiviser.Change{Loaded: l, Answer: b.answerFor(owner), VisitorTTL: time.Hour, AnswerTTL: time.Hour}))
}

// stands lets somebody have a standing beside her profile.
func (b *bench) stands(id string, s veiviser.Standing) {
	b.t.Helper()
	c, err := b.fold(b.Store, id, nil)
	b.must(err)
	c.Visitor.Standing = s
	b.must(b.Commit(b.ctx(), c))
}

// expired removes the keys that Redis would have removed by now; the clock of a test is not the server's.
func (b *bench) expired(id string) {
	b.t.Helper()
	for _, k := range b.keys() {
		if name := b.traces(id)[2]; strings.HasSuffix(k, ":v:"+name) || strings.HasSuffix(k, ":e:"+name) || strings.HasSuffix(k, ":m:"+name) {
			b.must(b.raw.Del(b.ctx(), k).Err())
		}
	}
}

var never = veiviser.Directive{ID: "never", Kind: veiviser.MuteKind, Target: "offer", Created: start}

// testAnswersRenew has somebody who comes every few minutes and of whom nobody sends events.
func testAnswersRenew(t scope) {
	b := open(t.T, t.target)
	b.must(b.record(b.Store, "ada", "e1"))
	b.must(b.Link(b.ctx(), "ada", "cookie"))
	ch, err := b.Watch(b.ctx(), "ada")
	b.must(err)
	await(t.T, ch, "the subscription to stand")
	written := 0
	for range 90 {
		b.advance(2 * time.Minute)
		before := b.load("cookie").Revision
		b.meet("cookie")
		if b.load("cookie").Revision != before {
			written++
		}
	}
	if l := b.load("cookie", event("e1")); l.Visitor == nil || l.Visitor.Events != 1 || !l.Duplicate[0] {
		t.Errorf("who comes every day is forgotten: %+v", l)
	}
	if left := b.load("cookie").Expires.Sub(b.now()); written > 3*8 || left < time.Hour-time.Hour/8 {
		t.Errorf("written %d times in three hours, %v are left", written, left)
	}
	select {
	case <-ch:
		t.Error("a watch was told that she was met")
	case <-time.After(50 * time.Millisecond):
	}
}

// whole is a standing with something of everything, and what of it binds when an hour has gone by.
func whole(secret string) (all, binds veiviser.Standing) {
	later := veiviser.Directive{ID: "later", Kind: veiviser.NotNow, Created: start, Expires: start.Add(400 * day)}
	refused := veiviser.Consent{Purpose: "mail", Time: start.Add(time.Second), Source: "phone"}
	open := veiviser.Case{ID: "case", Cause: veiviser.CaseComplaint, Opened: start, Due: start.Add(day)}
	orders := []veiviser.Order{{ID: 7, Placed: start, Promised: start.Add(day)}}
	all = veiviser.Standing{
		Directives: []veiviser.Directive{
			never,
			later,
			{ID: "short", Kind: veiviser.JustLooking, Created: start, Expires: start.Add(time.Minute)},
			{ID: "stage", Kind: veiviser.CorrectStage, Target: "search", Subject: secret, Created: start},
		},
		Consents: []veiviser.Consent{
			{Purpose: "mail", Granted: true, Time: start},
			{Purpose: "phone", Time: start},
			refused,
			{Purpose: "phone", Granted: true, Time: start.Add(time.Second)},
		},
		Contacts: []veiviser.Contact{{Time: start, ItemID: secret}},
		Facts:    []veiviser.Fact{{Product: secret, Value: "1", Time: start}},
		Cases:    []veiviser.Case{{ID: "done", Subject: secret, Opened: start, Resolved: start}, open},
		Orders:   orders,
		Answered: []string{secret}, Acquired: veiviser.Acquired{Source: secret, Segments: []string{secret}}, Account: secret,
		Relation: veiviser.Relation{Source: secret, FirstOrder: start, Rung: secret, RungSince: start},
	}
	binds = veiviser.Standing{
		Directives: []veiviser.Directive{never, later}, Consents: []veiviser.Consent{refused}, Cases: []veiviser.Case{open},
		Orders: orders, Relation: veiviser.Relation{FirstOrder: start},
	}
	return all, binds
}

// testKept has a person with all that may bind, who stays away for longer than she is remembered.
func testKept(t scope) {
	const secret = "planted-token-8231"
	b := open(t.T, t.target)
	b.must(b.record(b.Store, "ada", "e1"))
	b.must(b.Link(b.ctx(), "ada", "cookie"))
	c, err := b.fold(b.Store, "ada", events("e2"))
	b.must(err)
	v, want := c.Visitor, &veiviser.Visitor{ID: "ada", LinkedIDs: []string{"cookie"}, Group: veiviser.GroupTreated}
	v.Attributes, v.Group = map[string]string{"visitor.name": secret}, veiviser.GroupTreated
	v.Standing, want.Standing = whole(secret)
	b.must(b.Commit(b.ctx(), c))
	b.advance(59 * time.Minute)
	if d := cmp.Diff(v, b.load("ada").Visitor); d != "" {
		t.Errorf("before it is over: %s", d)
	}
	b.advance(2 * time.Minute)
	for _, gone := range []bool{false, true} {
		if gone {
			b.expired("ada")
			b.wantNoTrace(secret)
		}
		for _, id := range []string{"ada", "cookie"} {
			l := b.load(id, event("e9"))
			if d := cmp.Diff(want, l.Visitor); d != "" {
				t.Errorf("under %q, expired %v: %s", id, gone, d)
			}
			if !l.Expires.IsZero() {
				t.Errorf("she is said to be remembered until %v", l.Expires)
			}
		}
	}
	b.must(b.record(b.Store, "cookie", "e9"))
	if l := b.load("ada", events("e1", "e9")...); l.Visitor.Events != 1 || len(l.Visitor.Standing.Directives) != 2 || !l.Duplicate[1] {
		t.Errorf("when she comes back: %+v", l)
	}
}

// testKeptEnds lets what binds end: by itself, by years without her, and by being taken back.
func testKeptEnds(t scope) {
	b := open(t.T, t.target)
	pause := veiviser.Directive{ID: "pause", Kind: veiviser.NotNow, Created: start, Expires: start.Add(3 * time.Hour)}
	year9999 := veiviser.Directive{ID: "far", Kind: veiviser.NotNow, Created: start, Expires: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)}
	for id, d := range map[string]veiviser.Directive{"pauses": pause, "endless": never, "far": year9999} {
		b.stands(id, veiviser.Standing{Directives: []veiviser.Directive{d}})
	}
	b.stands("takes back", veiviser.Standing{Directives: []veiviser.Directive{never}})
	b.stands("takes back", veiviser.Standing{})
	for _, at := range []struct {
		until time.Duration
		known map[string]bool
	}{
		{2 * time.Hour, map[string]bool{"pauses": true, "endless": true, "far": true}},
		{3 * time.Hour, map[string]bool{"endless": true, "far": true}},
		{veiviser.KeepEndless, map[string]bool{"endless": true, "far": true}},
		{veiviser.KeepEndless + time.Hour, map[string]bool{"far": true}},
		{80 * 365 * day, map[string]bool{"far": true}},
	} {
		b.advance(at.until - b.now().Sub(start))
		for _, id := range []string{"pauses", "endless", "far", "takes back"} {
			if l := b.load(id); (l.Visitor != nil) != at.known[id] {
				t.Errorf("%q after %v: %+v", id, at.until, l.Visitor)
			}
		}
	}
}

// testKeptRenewed has somebody of whom nothing is left but a wish, and who is met now and then for longer than wishes hold.
func testKeptRenewed(t scope) {
	b := open(t.T, t.target)
	b.stands("ada", veiviser.Standing{Directives: []veiviser.Directive{never}})
	for range 4 {
		b.advance(veiviser.KeepEndless * 9 / 10)
		b.expired("ada")
		b.meet("ada")
	}
	if l := b.load("ada"); l.Visitor == nil || len(l.Visitor.Standing.Directives) != 1 || l.Expires != b.now().Add(time.Hour).Local() {
		t.Errorf("%+v", l)
	}
	for _, k := range b.keys() {
		if ttl := b.raw.PTTL(b.ctx(), k).Val(); strings.Contains(k, "}:k:") && ttl < veiviser.KeepEndless {
			t.Errorf("%s expires in %v", k, ttl)
		}
	}
}

// testKeptLinked links persons of whom only their wishes are left.
func testKeptLinked(t scope) {
	const secret = "planted-token-8231"
	b := open(t.T, t.target, func(o *Options) {
		o.Keep = func() time.Duration { return time.Hour }
		o.Merge = func(into, from *veiviser.Visitor) {
			merge(into, from)
			into.Standing.Directives = append(into.Standing.Directives, from.Standing.Directives...)
		}
	})
	standing := veiviser.Standing{Directives: []veiviser.Directive{never}}
	for _, id := range []string{"ada", "cookie", "phone"} {
		b.stands(id, standing)
	}
	b.advance(2 * time.Hour)
	for _, id := range []string{"ada", "cookie", "phone"} {
		b.expired(id)
	}
	b.must(b.record(b.Store, "eve", "e1"))
	c, err := b.fold(b.Store, "eve", events("e2"))
	b.must(err)
	c.Visitor.Attributes = map[string]string{"visitor.name": secret}
	b.must(b.Commit(b.ctx(), c))
	b.must(b.Link(b.ctx(), "ada", "cookie")) // both are forgotten
	b.must(b.Link(b.ctx(), "eve", "phone"))  // one is not
	b.must(b.Link(b.ctx(), "eve", "ada"))
	for _, wait := range []time.Duration{0, 2 * time.Hour} {
		b.advance(wait)
		l := b.load("cookie")
		if l.Visitor == nil || l.Visitor.ID != "eve" || len(l.Visitor.Standing.Directives) != 3 || len(l.Visitor.LinkedIDs) != 3 {
			t.Errorf("after %v: %+v", wait, l.Visitor)
		}
		if wait == 0 {
			continue
		}
		b.expired("eve")
		b.wantNoTrace(secret)
		for _, k := range b.keys() {
			for _, id := range []string{"ada", "cookie", "phone"} {
				if strings.HasSuffix(k, ":k:"+b.traces(id)[2]) {
					t.Errorf("%q is an alias, and %s is still there", id, k)
				}
			}
		}
	}
}

// testKeptErased erases somebody of whom only a wish is left, while she wishes something more.
func testKeptErased(t scope) {
	b := open(t.T, t.target)
	b.stands("ada-1", veiviser.Standing{Directives: []veiviser.Directive{never}})
	b.must(b.Link(b.ctx(), "ada-1", "cookie-1"))
	b.advance(91 * day)
	b.expired("ada-1")
	late, err := b.fold(b.Store, "cookie-1", nil)
	b.must(err)
	if late.Visitor.ID != "ada-1" {
		t.Fatalf("%+v", late.Visitor)
	}
	found, err := b.Erase(b.ctx(), "cookie-1")
	b.must(err)
	if !found {
		t.Error("nothing was found")
	}
	b.wantNoTrace(append(b.traces("ada-1"), b.traces("cookie-1")...)...)
	b.wantReason(b.Commit(b.ctx(), late), veiviser.ReasonConcurrentChange)
	if l := b.load("cookie-1"); l.Visitor != nil {
		t.Errorf("%+v", l.Visitor)
	}
}

// testKeptAliases sets a wish that outlives the person: her other identities lead to it as long.
func testKeptAliases(t scope) {
	b := open(t.T, t.target)
	b.must(b.record(b.Store, "ada", "e1"))
	b.must(b.Link(b.ctx(), "ada", "cookie"))
	b.stands("ada", veiviser.Standing{Directives: []veiviser.Directive{never}})
	b.must(b.record(b.Store, "shy", "e1"))
	b.stands("shy", veiviser.Standing{Directives: []veiviser.Directive{never}})
	b.must(b.record(b.Store, "eve", "e1"))
	b.must(b.Link(b.ctx(), "eve", "phone"))
	b.must(b.Link(b.ctx(), "shy", "eve")) // whose phone is linked already
	for _, id := range []string{"cookie", "eve", "phone"} {
		if ttl := b.raw.PTTL(b.ctx(), b.recordKey(id)).Val(); ttl < veiviser.KeepEndless+day {
			t.Errorf("%q leads to her for %v", id, ttl)
		}
	}
}
