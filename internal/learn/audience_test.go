package learn_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/eligible"
	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// doing is an event of v, so many minutes after noon yesterday, that may say of which audience she is.
func doing(minute int, typ, subject, audience string) veiviser.Event {
	e := veiviser.Event{
		ID: fmt.Sprint(minute, typ, subject), VisitorID: "v", Type: typ, Subject: subject,
		Time: noon.Add(-24*time.Hour + time.Duration(minute)*time.Minute),
	}
	if audience != "" {
		e.Attributes = map[string]string{"visitor.audience": audience}
	}
	return e
}

// soldTo reports whether anything may be sold to her on an errand of a customer.
func soldTo(snap *plan.Snapshot, v *veiviser.Visitor) bool {
	needs := snap.Stages.Views(v, "", noon)
	return len(eligible.NoSell(snap.Plan.Audiences, v, needs, nil)) == 0
}

// Who was seen as one to whom nothing is sold anywhere stays so, whatever she does and is said to be afterwards, until it is said
// that she is not.
func TestSeenAsIsKept(t *testing.T) {
	snap := sykkel(t)
	busy := []veiviser.Event{}
	for i := range veiviser.MaxNeeds + 2 {
		busy = append(busy, doing(10+i, "search", fmt.Sprintf("bike/kind%d", i), ""))
	}
	enquiry := doing(0, "press_enquiry", "press", "")
	for name, tt := range map[string]struct {
		known  *veiviser.Visitor
		events []veiviser.Event
		want   []string
	}{
		"an enquiry, and busy with other things": {events: append([]veiviser.Event{enquiry}, busy...), want: []string{"press"}},
		"said once, then a customer":             {events: []veiviser.Event{doing(0, "view", "bike", "press"), doing(1, "view", "bike", "customer")}, want: []string{"press"}},
		"heard late":                             {events: []veiviser.Event{doing(5, "view", "bike", "customer"), doing(1, "view", "bike", "press")}, want: []string{"press"}},
		"an investor, who is not bound":          {events: []veiviser.Event{doing(0, "view", "bike", "investor")}},
		"a customer":                             {events: busy},
		"said not to be":                         {events: []veiviser.Event{enquiry, doing(1, "view", "bike", "press"), doing(2, "view", "bike", "-")}},
		"said not to be, before":                 {events: []veiviser.Event{doing(5, "view", "bike", "press"), doing(2, "view", "bike", "-")}, want: []string{"press"}},
		"said not to be, and then seen":          {events: []veiviser.Event{doing(0, "view", "bike", "-"), doing(1, "press_enquiry", "press", "")}, want: []string{"press"}},
		"not profiled, and said to be": {
			known:  &veiviser.Visitor{ID: "v", Standing: veiviser.Standing{Directives: []veiviser.Directive{{Kind: veiviser.DoNotProfile}}}},
			events: []veiviser.Event{doing(0, "view", "bike", "press")}, want: []string{"press"},
		},
		"not profiled any more": {
			known: &veiviser.Visitor{ID: "v", Standing: veiviser.Standing{
				Directives: []veiviser.Directive{{Kind: veiviser.DoNotProfile}}, Audiences: []string{"press"},
			}},
			events: []veiviser.Event{doing(0, "view", "bike", "")}, want: []string{"press"},
		},
		"not profiled, and not looked at": {
			known:  &veiviser.Visitor{ID: "v", Standing: veiviser.Standing{Directives: []veiviser.Directive{{Kind: veiviser.DoNotProfile}}}},
			events: []veiviser.Event{enquiry},
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := learn.Fold(snap, &veiviser.Loaded{VisitorID: "v", Visitor: tt.known}, tt.events, noon)
			for _, r := range f.Results {
				if r.Err != nil {
					t.Fatal(r.Err)
				}
			}
			if d := cmp.Diff(tt.want, f.Visitor.Standing.Audiences); d != "" || soldTo(snap, f.Visitor) != (tt.want == nil) {
				t.Error("sold to:", soldTo(snap, f.Visitor), d)
			}
		})
	}
}

// Forgetting what she did does not forget that nothing is sold to her.
func TestSeenAsOutlivesTheProfile(t *testing.T) {
	snap := sykkel(t)
	f := learn.Fold(snap, &veiviser.Loaded{VisitorID: "v"}, []veiviser.Event{doing(0, "press_enquiry", "press", "")}, noon)
	if v := f.Visitor.Unprofiled(); soldTo(snap, v) {
		t.Errorf("%+v", v)
	}
}
