package storetest

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/veiviser"
)

var decisionTests = map[string]func(scope){
	"DecisionsWaitApart":        testDecisionsApart,
	"DecisionsAreReadUpToATime": testDecisionsBound,
	"DecisionsAreAllReached":    testDecisionsFair,
	"DecisionsPassOverDirt":     testDecisionsDirt,
	"TheFirstDecisionIsKnown":   testFirst,
	"FirstIsKnownAcrossLinks":   testFirstLinked,
	"PeopleAreFoundByToken":     testPeople,
	"PeopleHalfLinkedAreOne":    testPeoplePending,
	"PeopleWhoCannotBeRead":     testPeopleCorrupt,
	"WhoWaitsIsFoundByToken":    testWaiters,
}

// decide commits an answer with its decisions, and an event, for a visitor.
func (b *bench) decide(id string, evs ...string) *veiviser.Answer {
	b.t.Helper()
	c, err := b.fold(b.Store, id, events(evs...))
	b.must(err)
	name := c.Visitor.ID
	c.Answer = b.answerFor(name)
	for i := range c.Answer.Decisions {
		c.Log = append(c.Log, veiviser.LogEntry{Time: b.now(), After: veiviser.Membership{}, Served: &veiviser.LoggedDecision{
			DecisionID: c.Answer.Decisions[i].ID, Placement: c.Answer.Decisions[i].Placement, Time: b.now(), Made: b.now(),
		}})
	}
	if len(evs) == 0 {
		c.Visitor = nil
	}
	b.must(b.Commit(b.ctx(), c))
	return c.Answer
}

// waiting reads all decisions from the beginning, in small portions.
func (b *bench) waiting(before time.Time) []veiviser.OutboxEntry {
	b.t.Helper()
	var out []veiviser.OutboxEntry
	at := map[int]string{}
	for {
		part, err := b.ReadDecisions(b.ctx(), at, before, 10)
		b.must(err)
		if len(part) == 0 {
			return out
		}
		for _, e := range part {
			if _, ok := at[e.Partition]; ok && e.Position == at[e.Partition] {
				b.t.Fatal("an entry is read twice")
			}
			at[e.Partition] = e.Position
		}
		out = append(out, part...)
	}
}

// made are the decision ids of entries.
func made(entries []veiviser.OutboxEntry) []string {
	out := make([]string, 0, len(entries))
	for _, e := range entries {
		if e.Err == nil {
			out = append(out, e.Entry.Served.DecisionID)
		}
	}
	return out
}

func testDecisionsApart(t scope) {
	b := open(t.T, t.target)
	begin, err := b.Now(b.ctx())
	b.must(err)
	a := b.decide("ada", "e1", "e2")
	end, err := b.Now(b.ctx())
	b.must(err)
	if d := time.Since(end); d < -time.Minute || d > time.Minute || end.Before(begin) {
		t.Errorf("the store's clock went from %v to %v", begin, end)
	}
	got := b.waiting(time.Time{})
	if d := cmp.Diff([]string{a.ID + ".0", a.ID + ".1"}, made(got)); d != "" {
		t.Fatal(d)
	}
	for _, e := range append(got, readAll(b)...) {
		if e.Written.Before(begin.Truncate(time.Millisecond)) || e.Written.After(end) {
			t.Errorf("written at %v, not in %v … %v", e.Written, begin, end)
		}
	}
	for _, e := range readAll(b) {
		if e.Entry.Event == nil || e.Person != "" || e.First {
			t.Errorf("the outbox holds %+v", e)
		}
	}
	if n := len(readAll(b)); n != 2 {
		t.Errorf("%d entries in the outbox, want 2", n)
	}
	if got[0].Person == "" || got[0].Person != got[1].Person || strings.Contains(got[0].Person, "ada") {
		t.Errorf("the decisions are of %q and %q", got[0].Person, got[1].Person)
	}
	up := map[int]string{got[0].Partition: got[0].Position}
	b.must(b.TrimDecisions(b.ctx(), up))
	if d := cmp.Diff([]string{a.ID + ".1"}, made(b.waiting(time.Time{}))); d != "" {
		t.Error("after trimming", d)
	}
	if rest, err := b.ReadDecisions(b.ctx(), up, time.Time{}, 10); err != nil || len(rest) != 1 {
		t.Errorf("going on after trimming: %v, %v", rest, err)
	}
	b.must(b.TrimDecisions(b.ctx(), nil))
	if n := len(readAll(b)); n != 2 {
		t.Error("trimming decisions trims the outbox")
	}
	for _, bad := range []map[int]string{{0: "x"}, {0: ""}, {-1: "1-1"}, {7: "1-1"}} {
		if err := b.TrimDecisions(b.ctx(), bad); veiviser.KindOf(err) != veiviser.KindInvalid {
			t.Errorf("positions %v: %v", bad, err)
		}
	}
	// Nothing of a refused change waits, and a change that is committed again is there once.
	c, err := b.fold(b.Store, "ada", events("e3"))
	b.must(err)
	c.Answer, c.Log = b.answerFor("ada"), []veiviser.LogEntry{{Time: b.now(), Served: &veiviser.LoggedDecision{DecisionID: "once"}}}
	late := c
	for range 3 {
		b.must(b.Commit(b.ctx(), c))
	}
	late.Answer = b.answerFor("ada")
	b.wantReason(b.Commit(b.ctx(), late), veiviser.ReasonConcurrentChange)
	if d := cmp.Diff([]string{a.ID + ".1", "once"}, made(b.waiting(time.Time{}))); d != "" {
		t.Error(d)
	}
}

func testDecisionsBound(t scope) {
	b := open(t.T, t.target)
	for i := range 12 {
		b.decide([]string{"ada", "bob", "eve"}[i%3])
		time.Sleep(time.Duration(i%3) * time.Millisecond)
	}
	all := b.waiting(time.Time{})
	if len(all) != 24 {
		t.Fatalf("%d decisions, want 24", len(all))
	}
	for _, e := range all {
		for _, before := range []time.Time{e.Written, e.Written.Add(1), e.Written.Add(time.Millisecond), e.Written.Add(-1)} {
			want := 0
			for _, o := range all {
				if o.Written.Before(before) {
					want++
				}
			}
			got := b.waiting(before)
			for _, o := range got {
				if !o.Written.Before(before) {
					t.Errorf("written at %v, not before %v", o.Written, before)
				}
			}
			if len(got) != want {
				t.Errorf("%d decisions before %v, want %d", len(got), before, want)
			}
		}
	}
	for _, before := range []time.Time{time.Unix(0, 0), time.Unix(-5, 0), time.Unix(0, 1), all[0].Written.Add(-time.Hour)} {
		if got := b.waiting(before); len(got) != 0 {
			t.Errorf("%d decisions before %v", len(got), before)
		}
	}
}

// later compares positions as what they are in Redis: milliseconds and a count.
func later(a, b string) bool {
	var am, an, bm, bn uint64
	_, _ = fmt.Sscanf(a, "%d-%d", &am, &an)
	_, _ = fmt.Sscanf(b, "%d-%d", &bm, &bn) // "" comes before all
	return am > bm || am == bm && an > bn
}

func testDecisionsFair(t scope) {
	b := open(t.T, t.target)
	want := map[string]bool{}
	for i := range 40 {
		id := "busy"
		if i%8 == 0 {
			id = fmt.Sprint("quiet", i)
		}
		a := b.decide(id)
		want[a.ID+".0"], want[a.ID+".1"] = true, true
	}
	last := map[int]string{}
	for _, e := range b.waiting(time.Time{}) {
		if !want[e.Entry.Served.DecisionID] {
			t.Errorf("%s is read twice", e.Entry.Served.DecisionID)
		}
		delete(want, e.Entry.Served.DecisionID)
		if !later(e.Position, last[e.Partition]) {
			t.Errorf("%s comes after %s", e.Position, last[e.Partition])
		}
		last[e.Partition] = e.Position
	}
	if len(want) != 0 {
		t.Errorf("%d decisions are never read", len(want))
	}
}

func testDecisionsDirt(t scope) {
	b := open(t.T, t.target)
	b.decide("ada")
	key := ""
	for _, k := range b.keys() {
		if strings.HasSuffix(k, "}:w") {
			key = k
		}
	}
	for _, values := range []map[string]any{{"d": "rubbish"}, {"x": "y"}, {"d": "", "p": "x", "f": "2"}} {
		b.raw.XAdd(b.ctx(), addTo(key, values))
	}
	good, bad := 0, 0
	for _, e := range b.waiting(time.Time{}) {
		if e.Err == nil {
			good++
		} else if veiviser.ReasonOf(e.Err) == veiviser.ReasonCorruptRecord {
			bad++
		}
		if e.Person != "" {
			_, err := b.People(b.ctx(), []string{e.Person})
			b.must(err)
		}
	}
	if good != 2 || bad != 3 {
		t.Errorf("%d good, %d bad", good, bad)
	}
}

// firsts counts the decisions of an answer that are somebody's first.
func (b *bench) firsts(a *veiviser.Answer) int {
	b.t.Helper()
	n, seen := 0, 0
	for _, e := range b.waiting(time.Time{}) {
		if e.Err == nil && strings.HasPrefix(e.Entry.Served.DecisionID, a.ID) {
			seen++
			if e.First {
				n++
			}
		}
	}
	if seen != len(a.Decisions) {
		b.t.Errorf("%d decisions of the answer wait, want %d", seen, len(a.Decisions))
	}
	return n
}

func testFirst(t scope) {
	b := open(t.T, t.target)
	if n := b.firsts(b.decide("shy")); n != 2 {
		t.Errorf("nobody known: %d are first, want 2", n)
	}
	if n := b.firsts(b.decide("ada", "e1")); n != 2 {
		t.Errorf("somebody new: %d are first, want 2", n)
	}
	for _, id := range []string{"shy", "ada"} {
		if n := b.firsts(b.decide(id, "e2")); n != 0 {
			t.Errorf("%s again: %d are first, want 0", id, n)
		}
	}
	if _, err := b.Erase(b.ctx(), "ada"); err != nil {
		t.Fatal(err)
	}
	if n := b.firsts(b.decide("ada", "e3")); n != 2 {
		t.Errorf("after she was erased: %d are first, want 2", n)
	}
	c, err := b.fold(b.Store, "eve", events("e1"))
	b.must(err)
	c.Log = append(c.Log, veiviser.LogEntry{Time: b.now(), Served: &veiviser.LoggedDecision{DecisionID: "unkept"}})
	b.must(b.Commit(b.ctx(), c))
	for _, e := range b.waiting(time.Time{}) {
		if e.Entry.Served.DecisionID == "unkept" && e.First {
			t.Error("a decision whose answer is not kept is first")
		}
	}
	if n := b.firsts(b.decide("eve", "e2")); n != 2 {
		t.Errorf("%d are first, want 2", n)
	}
}

func testFirstLinked(t scope) {
	b := open(t.T, t.target)
	b.decide("cookie", "e1")
	b.must(b.record(b.Store, "ada", "e2"))
	b.must(b.Link(b.ctx(), "ada", "cookie"))
	for _, id := range []string{"ada", "cookie"} {
		if n := b.firsts(b.decide(id, "e3"+id)); n != 0 {
			t.Errorf("%s, whose cookie had decisions: %d are first, want 0", id, n)
		}
	}
	b.must(b.Link(b.ctx(), "login", "ada")) // unseen
	if n := b.firsts(b.decide("login", "e4")); n != 0 {
		t.Errorf("linked twice: %d are first, want 0", n)
	}
	if all, err := b.Answers(b.ctx(), "login"); err != nil || len(all) != 4 {
		t.Errorf("%d answers of all names, want 4, %v", len(all), err)
	}
	if found, err := b.Erase(b.ctx(), "cookie"); err != nil || !found {
		t.Fatal(found, err)
	}
	for _, id := range []string{"login", "cookie"} {
		if n := b.firsts(b.decide(id, "e5")); n != 2 {
			t.Errorf("%s after erasing: %d are first, want 2", id, n)
		}
	}
	b.must(b.record(b.Store, "bob", "e1"))
	b.must(b.record(b.Store, "phone", "e2"))
	b.must(b.Link(b.ctx(), "bob", "phone"))
	if n := b.firsts(b.decide("phone", "e3")); n != 2 {
		t.Errorf("linked without decisions: %d are first, want 2", n)
	}
}

// token is the person of the first decision that waits for a visitor.
func (b *bench) token(a *veiviser.Answer) string {
	b.t.Helper()
	for _, e := range b.waiting(time.Time{}) {
		if e.Entry.Served.DecisionID == a.ID+".0" {
			return e.Person
		}
	}
	b.t.Fatal("the decision does not wait")
	return ""
}

// people maps tokens to the identities the persons are kept under.
func (b *bench) people(tokens ...string) map[string]string {
	b.t.Helper()
	got, err := b.People(b.ctx(), tokens)
	b.must(err)
	out := map[string]string{}
	for k, v := range got {
		out[k] = v.ID
	}
	return out
}

func testPeople(t scope) {
	b := open(t.T, t.target)
	var tokens []string
	at := map[string]string{}
	for i := range 40 {
		id := fmt.Sprint("visitor", i)
		at[id] = b.token(b.decide(id, "e"))
		tokens = append(tokens, at[id])
	}
	shy := b.token(b.decide("shy")) // an answer, but no visitor
	want := map[string]string{}
	for id, token := range at {
		want[token] = id
	}
	odd := append([]string{shy, "", ":", "0:", "7:AAAAAAAAAAAAAAAAAAAAAA", "0:AAAAAAAAAAAAAAAAAAAAAA", "-1:AAAAAAAAAAAAAAAAAAAAAA", "0:é", tokens[0] + "A", "0" + tokens[0], tokens[0]}, tokens...)
	if d := cmp.Diff(want, b.people(odd...)); d != "" {
		t.Error(d)
	}
	b.must(b.Link(b.ctx(), "visitor1", "visitor2"))
	b.must(b.Link(b.ctx(), "new", "visitor3"))
	b.must(b.Link(b.ctx(), "new", "visitor1"))
	for _, id := range []string{"visitor1", "visitor2", "visitor3"} {
		want[at[id]] = "new"
	}
	if d := cmp.Diff(want, b.people(odd...)); d != "" {
		t.Error(d)
	}
	got, err := b.People(b.ctx(), []string{at["visitor2"]})
	b.must(err)
	if d := cmp.Diff(b.load("new").Visitor, got[at["visitor2"]]); d != "" {
		t.Error(d)
	}
	for _, id := range []string{"visitor2", "visitor9"} {
		_, err := b.Erase(b.ctx(), id)
		b.must(err)
	}
	for _, id := range []string{"visitor1", "visitor2", "visitor3", "visitor9"} {
		delete(want, at[id])
	}
	if d := cmp.Diff(want, b.people(odd...)); d != "" {
		t.Error(d)
	}
	b.advance(61 * time.Minute)
	b.must(b.record(b.Store, "visitor5", "later"))
	if d := cmp.Diff(map[string]string{at["visitor5"]: "visitor5"}, b.people(odd...)); d != "" {
		t.Error(d)
	}
	if got := b.people(); len(got) != 0 {
		t.Error(got)
	}
}

func testPeoplePending(t scope) {
	for _, at := range []string{"after alias", "before merge", "after merge", "before drop"} {
		b := open(t.T, t.target)
		ada, cookie := b.token(b.decide("ada", "e1")), b.token(b.decide("cookie", "e2"))
		b.target.Fault(b.Store, func(step string) error {
			if step == at {
				return errCrash
			}
			return nil
		})
		if err := b.Link(b.ctx(), "ada", "cookie"); !errors.Is(err, errCrash) {
			t.Fatal(err)
		}
		b.target.Fault(b.Store, nil)
		got, err := b.People(b.ctx(), []string{cookie})
		b.must(err)
		if v := got[cookie]; v == nil || v.ID != "ada" || v.Events != 2 {
			t.Errorf("crash at %q: the cookie is %+v", at, v)
		}
		if d := cmp.Diff(map[string]string{ada: "ada", cookie: "ada"}, b.people(ada, cookie)); d != "" {
			t.Error(d)
		}
	}
}

func testPeopleCorrupt(t scope) {
	b := open(t.T, t.target)
	ada, bob, eve := b.token(b.decide("ada", "e1")), b.token(b.decide("bob", "e1")), b.token(b.decide("eve", "e1"))
	b.must(b.raw.SetRange(b.ctx(), b.recordKey("ada"), 30, "\xff\xff\xff").Err())
	key := b.recordKey("bob")
	b.raw.Del(b.ctx(), key)
	b.raw.LPush(b.ctx(), key, "a list")
	if d := cmp.Diff(map[string]string{eve: "eve"}, b.people(ada, bob, eve)); d != "" {
		t.Error(d)
	}
}
