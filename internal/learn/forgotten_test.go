package learn_test

import (
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// objected is somebody who is not to be profiled, and of whose answers none is remembered, with something reserved for her by one.
func objected() *veiviser.Visitor {
	return &veiviser.Visitor{ID: "ada", Standing: veiviser.Standing{
		Directives: []veiviser.Directive{{ID: "w", Kind: veiviser.DoNotProfile}},
		Contacts:   []veiviser.Contact{{Time: noon, ItemID: "fjord-city", Decision: veiviser.HashID("d.0"), Until: noon.Add(time.Hour)}},
		Facts:      []veiviser.Fact{{Time: noon, Item: "fjord-city", Value: "NOK 1", Decision: veiviser.HashID("d.0"), Until: noon.Add(time.Hour)}},
	}}
}

// about is an event about a decision.
func about(typ, decision string) veiviser.Event {
	e := event(typ+decision, "ada", typ)
	e.DecisionID = decision
	return e
}

// Who is not profiled is heard whatever decision she names, since hers were forgotten. Of the decision nothing is learned.
func TestForgottenDecisions(t *testing.T) {
	snap := sykkel(t)
	events := []veiviser.Event{about("purchase", "d.0"), about("complaint", "d.0"), about("delivery_failed", "x.0"), about("click", "x.0")}
	f := learn.Fold(snap, &veiviser.Loaded{VisitorID: "ada", Visitor: objected()}, events, noon)
	for i, r := range f.Results {
		if r.Status != veiviser.EventAccepted {
			t.Errorf("%s: %s, %v", events[i].Type, r.Status, r.Err)
		}
	}
	if f.Visitor == nil || len(f.Visitor.Standing.Orders) != 1 || len(f.Visitor.Standing.Cases) != 2 || f.Visitor.HasProfile() {
		t.Fatalf("heard %+v", f.Visitor)
	}
	for i := range f.Log {
		if e := f.Log[i].Event; e.DecisionID != "" || e.Whose != 0 {
			t.Errorf("learned %+v", e)
		}
	}
}

// What a forgotten decision showed and told her counts once she saw it, also when she may be profiled again. Without anything that
// says so no decision is hers.
func TestForgottenDecisionsConfirm(t *testing.T) {
	snap := sykkel(t)
	again := objected()
	again.Standing.Directives = nil
	told := objected()
	told.Standing.Directives, told.Standing.Contacts = nil, nil
	for name, tt := range map[string]struct {
		visitor   *veiviser.Visitor
		decision  string
		status    veiviser.EventStatus
		confirmed bool
	}{
		"not profiled":                {objected(), "d.0", veiviser.EventAccepted, true},
		"not profiled, another's":     {objected(), "x.0", veiviser.EventAccepted, false},
		"profiled again":              {again, "d.0", veiviser.EventAccepted, true},
		"profiled again, and told":    {told, "d.0", veiviser.EventAccepted, true},
		"profiled again, another's":   {again, "x.0", veiviser.EventRejected, false},
		"profiled, nothing was shown": {&veiviser.Visitor{ID: "ada"}, "d.0", veiviser.EventRejected, false},
	} {
		f := learn.Fold(snap, &veiviser.Loaded{VisitorID: "ada", Visitor: tt.visitor}, []veiviser.Event{about("impression", tt.decision)}, noon)
		if r := f.Results[0]; r.Status != tt.status {
			t.Errorf("%s: %s, %v", name, r.Status, r.Err)
		}
		if f.Visitor == nil {
			continue
		}
		s := &f.Visitor.Standing
		for i := range s.Contacts {
			if s.Contacts[i].Until.IsZero() != tt.confirmed {
				t.Errorf("%s: %+v", name, s.Contacts[i])
			}
		}
		for i := range s.Facts {
			if s.Facts[i].Until.IsZero() != tt.confirmed {
				t.Errorf("%s: %+v", name, s.Facts[i])
			}
		}
	}
}

// What a forgotten decision showed a member counts for the account she acted for, too.
func TestForgottenDecisionOfMember(t *testing.T) {
	snap := reporting(t, veiviser.Cap{ID: "company", Limit: 1, Window: 24 * time.Hour, Account: true})
	m := newMemory()
	m.visitors["ada"] = objected()
	m.visitors["ada"].Standing.Account = "acme"
	key := veiviser.AccountKey("acme")
	m.visitors[key] = &veiviser.Visitor{ID: key, Standing: veiviser.Standing{Contacts: objected().Standing.Contacts}}
	r := learn.NewRecorder(m, published{snap}, func() time.Time { return noon }, nil)
	e := about("impression", "d.0")
	e.Attributes = map[string]string{veiviser.AttributeAccount: "globex"}
	if res, err := r.Record(t.Context(), []veiviser.Event{e}); err != nil || res[0].Err != nil {
		t.Fatal(err, res)
	}
	if x := m.visitors[key].Standing.Contacts[0]; !x.Until.IsZero() {
		t.Errorf("still only reserved for the account: %+v", x)
	}
}
