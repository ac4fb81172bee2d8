package learn_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// answer is an answer of ada's to a question of the sample plan.
func answer(item, option string) veiviser.Event {
	e := veiviser.Event{ID: item + "=" + option, VisitorID: "ada", Time: noon, Type: veiviser.EventAnswer, Subject: ebike, ItemID: item}
	if option != "" {
		e.Attributes = map[string]string{veiviser.AttributeAnswer: option}
	}
	return e
}

// What is no answer to a question is refused, and what could be answered is named.
func TestAnswersAreAdmitted(t *testing.T) {
	snap := sykkel(t)
	for _, c := range []struct{ item, option, field, says string }{
		{"", "order", "item_id", "names the question"},
		{"no-such-item", "order", "item_id", "is none"},
		{"fjord-city", "order", "item_id", "is none"},
		{"ask-what-are-you-after", "", "attributes.answer", "ideas, overview, comparison, order, own, else"},
		{"ask-what-are-you-after", "Order", "attributes.answer", `"Order" is no answer`},
	} {
		f := learn.Fold(snap, &veiviser.Loaded{VisitorID: "ada"}, []veiviser.Event{answer(c.item, c.option)}, noon)
		r := f.Results[0]
		if r.Status != veiviser.EventRejected || r.Err.Field() != c.field || !strings.Contains(r.Err.Message, c.says) || f.Visitor != nil {
			t.Errorf("%+v: %+v", c, r)
		}
	}
}

// An answer is evidence for the need asked about, is remembered of her, and the question counts as answered; without a decision it
// is about the subject of the event.
func TestAnswersAreFolded(t *testing.T) {
	snap := sykkel(t)
	seen := learn.Fold(snap, &veiviser.Loaded{VisitorID: "ada"}, []veiviser.Event{event("1", "ada", "view")}, noon).Visitor
	before := seen.Needs[0].Clone()
	f := learn.Fold(snap, &veiviser.Loaded{VisitorID: "ada", Visitor: seen}, []veiviser.Event{
		answer("ask-what-are-you-after", "order"), answer("ask-who-will-ride", "family"),
	}, noon)
	v := f.Visitor
	at := slices.Index(before.Stages, "purchase")
	if n := v.Needs[0]; n.P[at] <= before.P[at] || n.Evidence[len(n.Evidence)-1].Signal != "told:answer" {
		t.Errorf("from %v to %v by %+v", before.P, n.P, n.Evidence)
	}
	if v.Attributes["household"] != "family" || !slices.Contains(v.Segments, "families") {
		t.Errorf("%v in %v", v.Attributes, v.Segments)
	}
	if want := []string{"ask-what-are-you-after", "ask-who-will-ride"}; !slices.Equal(v.Standing.Answered, want) {
		t.Errorf("answered %v", v.Standing.Answered)
	}
	again := learn.Fold(snap, &veiviser.Loaded{VisitorID: "ada", Visitor: v}, []veiviser.Event{answer("ask-what-are-you-after", "own")}, noon).Visitor
	if want := []string{"ask-who-will-ride", "ask-what-are-you-after"}; !slices.Equal(again.Standing.Answered, want) || len(v.Standing.Answered) != 2 {
		t.Errorf("answered %v, and before %v", again.Standing.Answered, v.Standing.Answered)
	}
}

// The same answer again, whatever its event's id, says nothing new; another one takes the place of the first, with what was
// remembered by it.
func TestLastAnswerCounts(t *testing.T) {
	snap := sykkel(t)
	after := func(events ...veiviser.Event) *veiviser.Visitor {
		for i := range events {
			events[i].ID = strconv.Itoa(i)
		}
		return learn.Fold(snap, &veiviser.Loaded{VisitorID: "ada"}, events, noon).Visitor
	}
	order, own := answer("ask-what-are-you-after", "order"), answer("ask-what-are-you-after", "own")
	once, thrice := after(order), after(order, order, order)
	if !slices.Equal(once.Needs[0].P, thrice.Needs[0].P) {
		t.Errorf("after one tap %v, after three %v", once.Needs[0].P, thrice.Needs[0].P)
	}
	at := slices.Index(once.Needs[0].Stages, "purchase")
	if changed, back := after(order, own), after(order, own, order); changed.Needs[0].P[at] >= once.Needs[0].P[at]/2 ||
		back.Needs[0].P[at] <= changed.Needs[0].P[at] || back.Needs[0].P[at] > once.Needs[0].P[at] {
		t.Errorf("order: %v, then own: %v, then order: %v", once.Needs[0].P, changed.Needs[0].P, back.Needs[0].P)
	}
	if v := after(answer("ask-who-will-ride", "family"), answer("ask-who-will-ride", "fun")); v.Attributes["household"] != "" || v.Answers["ask-who-will-ride"] != "fun" {
		t.Errorf("%v, answered %v", v.Attributes, v.Answers)
	}
}

// What she answers while she is not profiled is not kept, nor that she did.
func TestAnswersOfWhoIsNotProfiled(t *testing.T) {
	v := &veiviser.Visitor{ID: "ada", Standing: veiviser.Standing{Directives: []veiviser.Directive{{ID: "w", Kind: veiviser.DoNotProfile}}}}
	f := learn.Fold(sykkel(t), &veiviser.Loaded{VisitorID: "ada", Visitor: v}, []veiviser.Event{answer("ask-who-will-ride", "family")}, noon)
	if r := f.Results[0]; r.Status != veiviser.EventAccepted || len(f.Visitor.Standing.Answered) > 0 || f.Visitor.HasProfile() {
		t.Errorf("%+v: %+v", r, f.Visitor)
	}
}

// What is remembered of questions is bounded; those that are asked no more make room, and then the oldest.
func TestAnsweredIsBounded(t *testing.T) {
	for _, c := range []struct{ oldest, gone string }{
		{"ask-what-are-you-after", "1"}, // which is still asked
		{"0", "0"},
	} {
		v := &veiviser.Visitor{ID: "ada"}
		for i := range veiviser.MaxAnswered {
			v.Standing.Answered = append(v.Standing.Answered, strconv.Itoa(i))
		}
		v.Standing.Answered[0] = c.oldest
		l := &veiviser.Loaded{VisitorID: "ada", Visitor: v}
		got := learn.Fold(sykkel(t), l, []veiviser.Event{answer("ask-who-will-ride", "fun")}, noon).Visitor.Standing.Answered
		if len(got) != veiviser.MaxAnswered || slices.Contains(got, c.gone) || got[veiviser.MaxAnswered-1] != "ask-who-will-ride" {
			t.Errorf("%v", got)
		}
	}
}

// Nothing is learned from what an employee saw: the response is as before, nothing is joined, counted as served or closed. A
// visitor whose first decision it was is compared all the same.
func TestStaffTeachesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		snap, l := sykkel(t), learn.NewLedger()
		e := decided("a.0", "1:ada", "guide-choose-bike")
		e.Entry.Served.Staff = true
		l.Served(snap, &e)
		came := cameOf(e, "click", 0)
		if closed, ok := l.Came(snap, came.Entry.Event, came.Written); ok || len(l.Joined) > 0 {
			t.Errorf("joined: %+v", closed)
		}
		time.Sleep(20 * time.Minute)
		for _, w := range e.Entry.Served.Terms.Windows() {
			if closed, ok := l.Settled(snap, &e, w, nil); ok {
				t.Errorf("closed: %+v", closed)
			}
		}
		if len(l.Explored)+len(l.Moves)+len(l.Counts)+len(l.Kinds) > 0 {
			t.Errorf("%+v", l)
		}
		if x := l.Lifts[""]; x == nil || x.Treated.Outcomes.N != 1 || len(l.Lifts) != 1 {
			t.Errorf("lifts %+v", l.Lifts)
		}
		p := learn.Profiles{}
		e.Entry.After = veiviser.Membership{Segments: []string{"newcomers"}, Known: true}
		p.Fold(&e.Entry)
		if s := p["newcomers"]; s == nil || s.Decisions != 0 || len(s.Items) > 0 {
			t.Errorf("profile %+v", s)
		}
	})
}
