package learn_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/veiviser"
)

func TestFoldRefusesWithTheFieldAtFault(t *testing.T) {
	snap := sykkel(t)
	known := veiviser.Loaded{VisitorID: "ada", Outcomes: map[string]veiviser.Given{"a.0": given(veiviser.Decision{ID: "a.0"})}}
	for name, c := range map[string]struct {
		change func(*veiviser.Event)
		kind   veiviser.Kind
		reason veiviser.Reason
		field  string
	}{
		"unknown type": {
			func(e *veiviser.Event) { e.Type = "viewed" }, veiviser.KindInvalid, veiviser.ReasonUnknownEventType, "type",
		},
		"type of another plan": {
			func(e *veiviser.Event) { e.Type = "press_enquired" }, veiviser.KindInvalid, veiviser.ReasonUnknownEventType, "type",
		},
		"too far ahead": {
			func(e *veiviser.Event) { e.Time = noon.Add(learn.MaxFuture + 1) }, veiviser.KindInvalid, veiviser.ReasonEventInFuture, "time",
		},
		"unknown decision": {
			func(e *veiviser.Event) { e.DecisionID = "b.0" }, veiviser.KindNotFound, veiviser.ReasonUnknownDecision, "decision_id",
		},
		"as far ahead as may be": {change: func(e *veiviser.Event) { e.Time = noon.Add(learn.MaxFuture) }},
		"long ago":               {change: func(e *veiviser.Event) { e.Time = noon.AddDate(-3, 0, 0) }},
		"own type":               {change: func(e *veiviser.Event) { e.Type = "workshop_booked" }},
		"known decision":         {change: func(e *veiviser.Event) { e.DecisionID = "a.0" }},
	} {
		t.Run(name, func(t *testing.T) {
			e := event("1", "ada", veiviser.EventView)
			c.change(&e)
			got := learn.Fold(snap, &known, []veiviser.Event{e}, noon)
			if len(got.Results) != 1 || got.Results[0].ID != "1" {
				t.Fatalf("results %+v", got.Results)
			}
			err := got.Results[0].Err
			if c.reason == "" {
				if err != nil || got.Results[0].Status != veiviser.EventAccepted || got.Visitor == nil || len(got.Log) != 1 {
					t.Fatalf("not accepted: %+v", got)
				}
				return
			}
			if err == nil || err.Kind != c.kind || err.Reason != c.reason || err.Field() != c.field {
				t.Fatalf("got %v, want %s at %q", err, c.reason, c.field)
			}
			if got.Results[0].Status != veiviser.EventRejected || got.Visitor != nil || got.EventIDs != nil || got.Log != nil {
				t.Fatalf("a refused event left a trace: %+v", got)
			}
		})
	}
}

func TestFoldCountsAnIDOnce(t *testing.T) {
	snap := sykkel(t)
	other := event("1", "ada", "search")
	refused := event("2", "ada", "nonsense")
	events := []veiviser.Event{
		event("1", "ada", "view"), event("1", "ada", "view"), other, refused, event("2", "ada", "view"),
		event("3", "ada", "view"), event("3", "ada", "view"),
	}
	loaded := veiviser.Loaded{VisitorID: "ada", Duplicate: []bool{false, false, false, false, false, true, true}}
	got := learn.Fold(snap, &loaded, events, noon)
	var statuses []veiviser.EventStatus
	for _, r := range got.Results {
		statuses = append(statuses, r.Status)
	}
	want := []veiviser.EventStatus{
		veiviser.EventAccepted, veiviser.EventDuplicate, veiviser.EventRejected, veiviser.EventRejected,
		veiviser.EventAccepted, // the id was used before by an event that did not count
		veiviser.EventDuplicate, veiviser.EventDuplicate,
	}
	if d := cmp.Diff(want, statuses); d != "" {
		t.Fatal(d)
	}
	if err := got.Results[2].Err; err.Reason != veiviser.ReasonEventIDReused || err.Field() != "event_id" {
		t.Errorf("the reused id: %v", err)
	}
	if !slices.Equal(got.EventIDs, []string{"1", "2"}) || len(got.Log) != 2 || got.Visitor.Events != 2 {
		t.Errorf("counted %v, %d lines, %d events", got.EventIDs, len(got.Log), got.Visitor.Events)
	}
}

// A time that the service fills in makes no other event of a repeated one.
func TestFoldOfARepeatedEventWithoutTime(t *testing.T) {
	a, b := event("1", "ada", "view"), event("1", "ada", "view")
	b.Time = time.Time{}
	got := learn.Fold(sykkel(t), &veiviser.Loaded{VisitorID: "ada"}, []veiviser.Event{a, b}, noon.Add(time.Second))
	if s := got.Results[1].Status; s != veiviser.EventDuplicate {
		t.Errorf("%s: %v", s, got.Results[1].Err)
	}
}

// story is a visit from a first look to a purchase.
func story() []veiviser.Event {
	var out []veiviser.Event
	for i, typ := range []string{"view", "search", "compare", "cart_add", "checkout", "purchase"} {
		e := event(typ, "ada", typ)
		e.Time = noon.Add(time.Duration(i) * time.Minute)
		out = append(out, e)
	}
	return out
}

// What a line says she was before is what the line before said she became, whether folded at once or one by one.
func TestFoldKeepsTheBooksOfMembership(t *testing.T) {
	snap := sykkel(t)
	at := noon.Add(time.Hour)
	whole := learn.Fold(snap, &veiviser.Loaded{VisitorID: "ada"}, story(), at)
	var single []veiviser.LogEntry
	var v *veiviser.Visitor
	for _, e := range story() {
		before := v.Clone()
		got := learn.Fold(snap, &veiviser.Loaded{VisitorID: "ada", Visitor: v}, []veiviser.Event{e}, at)
		if d := cmp.Diff(before, v); d != "" {
			t.Fatalf("what was loaded was changed: %s", d)
		}
		single, v = append(single, got.Log...), got.Visitor
	}
	if d := cmp.Diff(whole.Log, single); d != "" {
		t.Errorf("one by one gives other lines: %s", d)
	}
	if d := cmp.Diff(whole.Visitor, v); d != "" {
		t.Errorf("one by one gives another visitor: %s", d)
	}
	was := veiviser.Membership{}
	for i, l := range whole.Log {
		if d := cmp.Diff(was, l.Before); d != "" {
			t.Errorf("line %d does not go on where the last ended: %s", i, d)
		}
		if !l.After.Known || l.Event == nil || l.Served != nil {
			t.Errorf("line %d: %+v", i, l)
		}
		was = l.After
	}
	if !slices.Contains(was.Segments, "customers") || slices.Contains(whole.Log[4].After.Segments, "customers") {
		t.Errorf("a purchase makes a customer: %v, then %v", whole.Log[4].After, was)
	}
	if was.Stage != veiviser.StagePurchase {
		t.Errorf("stage %q after a purchase", was.Stage)
	}
	if !slices.Equal(v.Segments, was.Segments) || v.Stage != was.Stage {
		t.Errorf("the visitor remembers %v %q, the log %v", v.Segments, v.Stage, was)
	}
}

// given is a decision of an answer made at noon.
func given(d veiviser.Decision) veiviser.Given {
	return veiviser.Given{Answer: &veiviser.Answer{Time: noon, Made: noon, Decisions: []veiviser.Decision{d}}}
}

func TestFoldSaysWhatADecisionServed(t *testing.T) {
	served := veiviser.Decision{
		ID: "a.0", Placement: "home_hero", Channel: "web",
		Choices: []veiviser.Choice{{ItemID: "guide-choose-bike", Kind: veiviser.KindContent, Format: "hero"}},
	}
	two := served
	two.ID, two.Choices = "a.1", append(slices.Clone(served.Choices), veiviser.Choice{ItemID: "fjord-city", Kind: veiviser.KindOffer, Format: "card"})
	loaded := veiviser.Loaded{VisitorID: "ada", Outcomes: map[string]veiviser.Given{"a.0": given(served), "a.1": given(two)}}
	for name, c := range map[string]struct {
		decision, item string
		want           veiviser.LoggedEvent
	}{
		"the item it served": {"a.0", "guide-choose-bike", veiviser.LoggedEvent{ItemID: "guide-choose-bike", Kind: veiviser.KindContent, Format: "hero"}},
		"no item named":      {"a.0", "", veiviser.LoggedEvent{ItemID: "guide-choose-bike", Kind: veiviser.KindContent, Format: "hero"}},
		"another item":       {"a.0", "fjord-city", veiviser.LoggedEvent{}},
		"one of two":         {"a.1", "fjord-city", veiviser.LoggedEvent{ItemID: "fjord-city", Kind: veiviser.KindOffer, Format: "card"}},
		"none of two":        {"a.1", "", veiviser.LoggedEvent{}},
	} {
		t.Run(name, func(t *testing.T) {
			e := veiviser.Event{ID: "1", VisitorID: "ada", Time: noon, Type: "click", ItemID: c.item, DecisionID: c.decision, Channel: "mail", Value: 2}
			got := learn.Fold(sykkel(t), &loaded, []veiviser.Event{e}, noon)
			want := c.want
			want.Type, want.DecisionID, want.Placement, want.Channel, want.Value = "click", c.decision, "home_hero", "web", 2
			want.Choice = -1 // clicks are no outcomes in these terms
			want.Whose = veiviser.HashID("ada")
			if d := cmp.Diff(&want, got.Log[0].Event); d != "" {
				t.Error(d)
			}
		})
	}
	loaded.Outcomes["a.0"].Answer.Request.Context.Channel = "app" // where she was when she met it
	e := veiviser.Event{ID: "2", VisitorID: "ada", Time: noon, Type: "click", DecisionID: "a.0", Channel: "mail"}
	if got := learn.Fold(sykkel(t), &loaded, []veiviser.Event{e}, noon).Log[0].Event.Channel; got != "app" {
		t.Errorf("learned of in %q", got)
	}
}

// What she sends back makes nobody a good customer.
func TestReturnedIsNoValue(t *testing.T) {
	snap := sykkel(t)
	bought, back := event("e1", "kari", "purchase"), event("e2", "kari", "return")
	bought.Value, bought.Attributes = 60_000, map[string]string{"order": "o1"}
	back.Value, back.Attributes = -60_000, bought.Attributes
	f := learn.Fold(snap, &veiviser.Loaded{VisitorID: "kari"}, []veiviser.Event{bought}, noon)
	if v := f.Visitor.Value; v != 60_000 {
		t.Fatalf("bought for %v", v)
	}
	f = learn.Fold(snap, &veiviser.Loaded{VisitorID: "kari", Visitor: f.Visitor}, []veiviser.Event{back}, noon)
	if v := f.Visitor.Value; v != 0 {
		t.Errorf("kept for %v", v)
	}
}
