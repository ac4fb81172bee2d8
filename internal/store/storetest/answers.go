package storetest

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/veiviser"
)

var answerTests = map[string]func(scope){
	"AnswersAreFoundByID":        testAnswer,
	"AnswersAreBounded":          testAnswersBounded,
	"OutcomesAreHersOnly":        testOutcomes,
	"CommitAgainWritesNothing":   testIdempotentCommit,
	"AnswerAloneNeedsNoRevision": testAnswerAlone,
	"AnswerOfOtherPartition":     testAnswerElsewhere,
}

// answerFor is an answer with two decisions.
func (b *bench) answerFor(id string) *veiviser.Answer {
	a := &veiviser.Answer{
		ID: b.NewAnswerID(id), Time: b.now(), PlanVersion: 3, Seed: [2]uint64{1, 2}, Visitor: veiviser.Visitor{ID: id},
		Request: veiviser.Request{VisitorID: id},
	}
	for i := range 2 {
		a.Decisions = append(a.Decisions, veiviser.Decision{
			ID: fmt.Sprintf("%s.%d", a.ID, i), Placement: fmt.Sprintf("place-%d", i), Need: -1,
			Choices: []veiviser.Choice{{ItemID: "guide", Kind: veiviser.KindContent, Propensity: 0.5}},
		})
	}
	return a
}

// answered commits an answer alone.
func (b *bench) answered(id string) *veiviser.Answer {
	b.t.Helper()
	l := b.load(id)
	if l.Visitor != nil {
		id = l.Visitor.ID
	}
	a := b.answerFor(id)
	b.must(b.Commit(b.ctx(), veiviser.Change{Loaded: l, Answer: a, AnswerTTL: time.Hour}))
	return a
}

func testAnswer(t scope) {
	b := open(t.T, t.target)
	b.must(b.record(b.Store, "ada", "e1"))
	want := b.answered("ada")
	for _, id := range []string{want.ID, want.ID + ".0", want.ID + ".1"} {
		owner, got, err := b.Answer(b.ctx(), id)
		b.must(err)
		if d := cmp.Diff(*want, got); d != "" || owner != "ada" {
			t.Errorf("owner %q: %s", owner, d)
		}
	}
	for _, id := range []string{"", ".", ".0", "x", want.ID[1:], want.ID + "A", "AAAA" + want.ID[4:], "____" + want.ID[4:], strings.Repeat("é", 12), b.NewAnswerID("ada"), "{}*:"} {
		_, _, err := b.Answer(b.ctx(), id)
		if veiviser.ReasonOf(err) != veiviser.ReasonUnknownDecision || veiviser.KindOf(err) != veiviser.KindNotFound {
			t.Errorf("answer %q: %v", id, err)
		}
	}
	b.advance(61 * time.Minute)
	_, _, err := b.Answer(b.ctx(), want.ID)
	b.wantReason(err, veiviser.ReasonUnknownDecision)
	seen := map[string]bool{}
	for range 1000 {
		seen[b.NewAnswerID("ada")] = true
	}
	if len(seen) != 1000 {
		t.Error("ids repeat")
	}
}

func testAnswersBounded(t scope) {
	b := open(t.T, t.target)
	b.must(b.record(b.Store, "ada", "e1"))
	var ids []string
	for range 131 {
		ids = append(ids, b.answered("ada").ID)
		b.advance(time.Millisecond)
	}
	got, err := b.Answers(b.ctx(), "ada")
	b.must(err)
	var have []string
	for _, a := range got {
		have = append(have, a.ID)
	}
	if d := cmp.Diff(ids[3:], have); d != "" {
		t.Error(d)
	}
	_, _, err = b.Answer(b.ctx(), ids[0])
	b.wantReason(err, veiviser.ReasonUnknownDecision)
}

func testOutcomes(t scope) {
	b := open(t.T, t.target)
	b.must(b.record(b.Store, "ada", "e1"))
	a, o := b.answered("ada"), b.answered("bob")
	evs := []veiviser.Event{
		{ID: "o1", DecisionID: a.ID + ".1"},
		{ID: "o2", DecisionID: o.ID + ".0"},  // somebody else's
		{ID: "o3", DecisionID: a.ID + ".2"},  // there is no such decision
		{ID: "o4", DecisionID: a.ID},         // names no decision
		{ID: "o5", DecisionID: a.ID + ".01"}, // not how it was written
		{ID: "o6", DecisionID: a.ID + ".-1"},
		{ID: "o7", DecisionID: "nonsense.0"},
	}
	want := map[string]veiviser.Given{a.ID + ".1": {Answer: a, Index: 1}}
	if d := cmp.Diff(want, b.load("ada", evs...).Outcomes); d != "" {
		t.Error(d)
	}
	b.must(b.Link(b.ctx(), "ada", "bob"))
	if got := b.load("ada", evs...).Outcomes; len(got) != 2 || got[o.ID+".0"].Decision().Placement != "place-0" {
		t.Errorf("after linking, outcomes are %v", got)
	}
	if got := b.load("bob", evs...).Outcomes; len(got) != 2 {
		t.Errorf("under the other name, outcomes are %v", got)
	}
	answers, err := b.Answers(b.ctx(), "bob")
	b.must(err)
	if len(answers) != 2 {
		t.Errorf("%d answers of both names, want 2", len(answers))
	}
}

func testIdempotentCommit(t scope) {
	b := open(t.T, t.target)
	c, err := b.fold(b.Store, "ada", events("e1"))
	b.must(err)
	c.Answer = b.answerFor("ada")
	for range 3 {
		b.must(b.Commit(b.ctx(), c))
	}
	if n, entries := b.counted("ada"), len(readAll(b)); n != 1 || entries != 1 {
		t.Errorf("counted %d, logged %d", n, entries)
	}
	c.Answer = b.answerFor("ada")
	b.wantReason(b.Commit(b.ctx(), c), veiviser.ReasonConcurrentChange)
}

func testAnswerAlone(t scope) {
	b := open(t.T, t.target)
	b.must(b.record(b.Store, "ada", "e1"))
	old := b.load("ada")
	b.must(b.record(b.Store, "ada", "e2"))
	b.must(b.Commit(b.ctx(), veiviser.Change{Loaded: old, Answer: b.answerFor("ada"), VisitorTTL: time.Hour}))
	b.must(b.Commit(b.ctx(), veiviser.Change{Loaded: veiviser.Loaded{VisitorID: "new"}, Answer: b.answerFor("new")}))
	if l := b.load("new"); l.Visitor != nil {
		t.Error("an answer alone made a visitor")
	}
	if _, err := b.Erase(b.ctx(), "ada"); err != nil {
		t.Fatal(err)
	}
	err := b.Commit(b.ctx(), veiviser.Change{Loaded: old, Answer: b.answerFor("ada")})
	b.wantReason(err, veiviser.ReasonConcurrentChange)
	b.must(b.record(b.Store, "ada", "e3")) // another person by the same name
	err = b.Commit(b.ctx(), veiviser.Change{Loaded: old, Answer: b.answerFor("ada")})
	b.wantReason(err, veiviser.ReasonConcurrentChange)
}

func testAnswerElsewhere(t scope) {
	b := open(t.T, t.target)
	for i := range 20 {
		a := b.answerFor(fmt.Sprintf("somebody-%d", i))
		if a.ID[:2] != b.NewAnswerID("ada")[:2] {
			a.Visitor.ID = "ada"
			err := b.Commit(b.ctx(), veiviser.Change{Loaded: b.load("ada"), Answer: a})
			b.wantReason(err, veiviser.ReasonInternal)
			return
		}
	}
}
