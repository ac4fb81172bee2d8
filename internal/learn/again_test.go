package learn_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// A purchase that is told twice, by the shop and by who delivers, is one: nothing of it counts again, for her, her company or her
// segments. What it says about her is taken, and it may be the outcome of a decision.
func TestPurchaseToldAgain(t *testing.T) {
	first := event("1", "ada", "purchase")
	first.Value, first.Attributes = 9, map[string]string{"order": "o1", "visitor.account": "acme", "visitor.role": "buyer"}
	first.Subject = "fleet"
	once := learn.Fold(sykkel(t), &veiviser.Loaded{VisitorID: "ada"}, []veiviser.Event{first}, noon)
	again := first
	again.ID, again.Time = "2", noon.Add(time.Minute)
	again.Attributes = map[string]string{"order": "o1", "visitor.kind": "school"}
	loaded := veiviser.Loaded{VisitorID: "ada", Visitor: once.Visitor}
	got := learn.Fold(sykkel(t), &loaded, []veiviser.Event{again}, again.Time)

	want := once.Visitor.Clone()
	want.Attributes["kind"] = "school"
	if d := cmp.Diff(want, got.Visitor); d != "" {
		t.Errorf("she is another: %s", d)
	}
	if l := got.Log[0]; len(l.Steps) != 0 || !l.Event.Again || once.Log[0].Event.Again {
		t.Errorf("%+v %+v", l, l.Event)
	}
	if len(once.Accounts) != 1 || len(got.Accounts) != 0 {
		t.Errorf("the company heard of it %d times, and then %d times", len(once.Accounts), len(got.Accounts))
	}
	p := learn.Profiles{}
	p.Fold(&once.Log[0])
	p.Fold(&got.Log[0])
	for _, s := range p.Clone() {
		if s.Events["purchase"] != 1 || s.Value != 9 || s.Size != 1 {
			t.Errorf("%+v", s)
		}
	}

	other := again
	other.ID, other.Attributes = "3", map[string]string{"order": "o2"}
	if got := learn.Fold(sykkel(t), &loaded, []veiviser.Event{other}, again.Time).Visitor; got.Value != 18 {
		t.Errorf("another order is worth nothing: %v", got.Value)
	}

	unknown := loaded
	unknown.Visitor = once.Visitor.Unprofiled()
	if got := learn.Fold(sykkel(t), &unknown, []veiviser.Event{again}, again.Time); got.Visitor.Value != 9 || got.Visitor.Events != 1 || got.Log[0].Event.Again {
		t.Errorf("of whom nothing was known it counts for the first time: %+v", got.Visitor)
	}
}
