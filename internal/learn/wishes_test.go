package learn_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// wishing is a recorder whose clock a test moves.
func wishing(t testing.TB, m *memory) (*learn.Recorder, *time.Time) {
	t.Helper()
	now := noon
	return learn.NewRecorder(m, published{sykkel(t)}, func() time.Time { return now }, nil), &now
}

// A wish of somebody unknown is kept, with nothing else; the same wish again takes its place; ended ones make room.
func TestSetDirective(t *testing.T) {
	m := newMemory()
	r, now := wishing(t, m)
	first, err := r.SetDirective(t.Context(), "ada", veiviser.Directive{Kind: veiviser.MuteTopic, Target: "bike"})
	if err != nil || first.ID == "" || !first.Created.Equal(noon) || !first.Expires.IsZero() {
		t.Fatalf("%+v, %v", first, err)
	}
	if v := m.visitors["ada"]; v.Events != 0 || v.HasProfile() || len(m.lines) != 0 {
		t.Errorf("%+v, %d lines", v, len(m.lines))
	}
	*now = noon.Add(time.Hour)
	again, err := r.SetDirective(t.Context(), "ada", veiviser.Directive{Kind: veiviser.MuteTopic, Target: "bike", Expires: now.Add(time.Hour)})
	if err != nil || again.ID != first.ID || !again.Created.Equal(*now) {
		t.Errorf("%+v, %v", again, err)
	}
	for i := range veiviser.MaxDirectives - 1 {
		if _, err := r.SetDirective(t.Context(), "ada", veiviser.Directive{Kind: veiviser.MuteItem, Target: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	full := veiviser.Directive{Kind: veiviser.MuteChannel, Target: "mail"}
	if _, err := r.SetDirective(t.Context(), "ada", full); veiviser.ReasonOf(err) != veiviser.ReasonDirectiveLimit {
		t.Errorf("one more than there is room for: %v", err)
	}
	*now = now.Add(2 * time.Hour)
	if _, err := r.SetDirective(t.Context(), "ada", full); err != nil {
		t.Errorf("the one that has ended makes room: %v", err)
	}
	list, err := r.Directives(t.Context(), "ada")
	if err != nil || len(list) != veiviser.MaxDirectives || list[len(list)-1].Kind != veiviser.MuteChannel {
		t.Errorf("%d wishes, %v", len(list), err)
	}
	if err := r.RemoveDirective(t.Context(), "ada", list[0].ID); err != nil {
		t.Error(err)
	}
	if err := r.RemoveDirective(t.Context(), "ada", list[0].ID); veiviser.ReasonOf(err) != veiviser.ReasonUnknownDirective {
		t.Errorf("taken back twice: %v", err)
	}
	if list, err := r.Directives(t.Context(), "nobody"); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
}

// A call made twice is one wish, and one word about her stage.
func TestSetDirectiveTwiceAtOnce(t *testing.T) {
	m := newMemory()
	r, now := wishing(t, m)
	d := veiviser.Directive{Kind: veiviser.CorrectStage, Target: "evaluate", Subject: ebike}
	for range 2 {
		if _, err := r.SetDirective(t.Context(), "ada", d); err != nil {
			t.Fatal(err)
		}
		*now = now.Add(time.Second)
	}
	count := func() uint32 { return m.visitors["ada"].Needs[0].Evidence[0].Count }
	if n := count(); n != 1 {
		t.Errorf("her word counted %d times", n)
	}
	*now = now.Add(time.Hour)
	if _, err := r.SetDirective(t.Context(), "ada", d); err != nil || count() != 2 {
		t.Errorf("said again an hour later it counts again: %d, %v", count(), err)
	}
}

// Somebody who must not be profiled is counted out of the segments once, and nothing of her is folded from then on; events still
// count once, and when she may be profiled again it begins anew. What is in the segments is always what a recount says.
func TestNotProfiledLeavesSegments(t *testing.T) {
	snap := sykkel(t)
	rapid.Check(t, func(t *rapid.T) {
		m := newMemory()
		now := noon
		r := learn.NewRecorder(m, published{snap}, func() time.Time { return now }, nil)
		for n := range rapid.IntRange(1, 30).Draw(t, "steps") {
			id := fmt.Sprint("v", rapid.IntRange(0, 2).Draw(t, "who"))
			now = now.Add(time.Duration(rapid.SampledFrom([]int64{1, 2000, 1e5}).Draw(t, "pause")) * time.Second)
			var err error
			switch rapid.IntRange(0, 5).Draw(t, "what") {
			case 0:
				_, err = r.SetDirective(t.Context(), id, veiviser.Directive{
					Kind: veiviser.DoNotProfile, Expires: now.Add(time.Duration(rapid.IntRange(1, 50).Draw(t, "hours")) * time.Hour),
				})
			case 1:
				c := veiviser.Consent{Purpose: "personalization", Granted: rapid.Bool().Draw(t, "granted")}
				_, _, err = r.SetConsent(t.Context(), id, c)
			case 2:
				_, err = r.SetDirective(t.Context(), id, veiviser.Directive{Kind: veiviser.Decided, Subject: ebike})
			default:
				_, err = r.Record(t.Context(), []veiviser.Event{{
					ID: fmt.Sprint("e", n/2), VisitorID: id, Time: now, Subject: ebike, ItemID: "i",
					Type: rapid.SampledFrom([]string{"view", "compare", "purchase"}).Draw(t, "type"),
				}})
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range m.visitors {
				if !snap.Profiled(&v.Standing, now) && v == m.visitors[id] && (v.HasProfile() || len(v.Segments) > 0 || v.Stage != "") {
					t.Fatalf("not to be profiled, and remembered: %+v", v)
				}
			}
		}
		want := recount(m)
		p := learn.Profiles{}
		for _, l := range m.lines {
			p.Fold(&l.entry)
			positive(t, p)
		}
		if d := cmp.Diff(want, flatten(p.Clone())); d != "" {
			t.Fatalf("the figures differ from a recount: %s", d)
		}
	})
}

// The log of consents keeps the last word on every purpose and the latest of all.
func TestSetConsentLog(t *testing.T) {
	m := newMemory()
	r, now := wishing(t, m)
	for i := range 80 {
		*now = now.Add(time.Hour)
		purpose := "marketing_mail"
		if i == 0 {
			purpose = "personalization"
		}
		c, effective, err := r.SetConsent(t.Context(), "ada", veiviser.Consent{Purpose: purpose, Granted: i%2 == 0, Source: "phone"})
		if err != nil || !effective || c.Version == "" || !c.Time.Equal(*now) {
			t.Fatalf("%+v, %v, %v", c, effective, err)
		}
	}
	list, effective, err := r.Consents(t.Context(), "ada")
	if err != nil || len(list) != veiviser.MaxConsents || list[0].Purpose != "personalization" || !effective[0] || !effective[len(list)-1] || effective[1] {
		t.Errorf("%d consents, the first %+v, effective %v, %v", len(list), list[0], effective, err)
	}
	if _, _, err := r.SetConsent(t.Context(), "ada", veiviser.Consent{Purpose: "marketing-mail"}); veiviser.ReasonOf(err) != veiviser.ReasonUnknownPurpose {
		t.Errorf("%v", err)
	}
}

// Events of before an erasure are refused, later ones are not.
func TestEventsOfBeforeTheErasure(t *testing.T) {
	l := &veiviser.Loaded{VisitorID: "ada", Erased: noon}
	early, late := event("e1", "ada", "view"), event("e2", "ada", "view")
	early.Time, late.Time = noon.Add(-time.Nanosecond), noon
	f := learn.Fold(sykkel(t), l, []veiviser.Event{early, late}, noon.Add(time.Hour))
	if e := f.Results[0].Err; e == nil || e.Reason != veiviser.ReasonErased || e.Field() != "time" || e.Kind != veiviser.KindPrecondition {
		t.Errorf("%v", e)
	}
	if f.Results[1].Err != nil || f.Visitor == nil || f.Visitor.Events != 1 {
		t.Errorf("%v", f.Results[1].Err)
	}
}

// Who is not to be profiled any more is not known by what the shop has of what she did beside her profile, either: where she came
// from, the segments she was in, and her rung, which she leaves. Wishes, cases and orders stay, and what she does then adds nothing.
func TestNoProfileInTheStanding(t *testing.T) {
	m := newMemory()
	r, now := wishing(t, m)
	arrive := veiviser.Event{
		ID: "1", VisitorID: "ada", Time: noon, Type: "purchase", Subject: "bike", Value: 9,
		Attributes: map[string]string{"referrer": "https://www.google.no/", "order": "o1"},
	}
	if _, err := r.Record(t.Context(), []veiviser.Event{arrive}); err != nil {
		t.Fatal(err)
	}
	s := &m.visitors["ada"].Standing
	if s.Relation.Source == "" || len(s.Orders) != 1 {
		t.Fatalf("%+v", s)
	}
	s.Relation.Rung, s.Relation.RungSince, s.Acquired.Segments = "friend", noon, []string{"families"}
	if _, err := r.SetDirective(t.Context(), "ada", veiviser.Directive{Kind: veiviser.DoNotProfile}); err != nil {
		t.Fatal(err)
	}
	last := &m.lines[len(m.lines)-1].entry
	if s := last.Steps; len(s) == 0 || s[0].Kind != veiviser.StepLeft || s[0].From != "friend" || !last.Before.Known || last.After.Known {
		t.Errorf("%+v", last)
	}
	for _, s := range last.Steps[1:] { // as from where, and in which segments, she is counted no more
		if s.Undo == (s.Source == "") {
			t.Errorf("counted %+v", s)
		}
	}
	*now = noon.Add(time.Minute)
	arrive.ID, arrive.Time, arrive.Attributes = "2", *now, map[string]string{"referrer": "https://www.google.no/", "order": "o2"}
	if _, err := r.Record(t.Context(), []veiviser.Event{arrive}); err != nil {
		t.Fatal(err)
	}
	s = &m.visitors["ada"].Standing
	if want := (veiviser.Relation{FirstOrder: noon, First: veiviser.HashID("o1")}); s.Relation != want || s.Acquired.Segments != nil || len(s.Orders) != 2 {
		t.Errorf("%+v", s)
	}
}
