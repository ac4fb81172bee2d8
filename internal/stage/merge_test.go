package stage_test

import (
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/veiviser/veiviser/internal/veiviser"
)

func TestMergeIsTheUnionOfHistories(t *testing.T) {
	s := compile(t, planOf(bikes(), impulse()))
	phone := []veiviser.Event{at(0, "view", "bike"), at(5, "search", "bike"), at(300, "view", "tent")}
	desk := []veiviser.Event{at(100, "compare", "bike/a"), at(110, "purchase", "bike/b"), at(310, "view", "tarp")}
	desk[1].Value, desk[1].ItemID = 50, "b"
	desk[2].Attributes = map[string]string{"visitor.country": "NO", "page": "/tarp"}
	a, b := fold(s, phone...), fold(s, desk...)
	a.ID, b.ID = "a", "b"
	kept := b.Clone()
	s.Merge(a, b)
	if diff := cmp.Diff(kept, b); diff != "" {
		t.Errorf("Merge changed from: %s", diff)
	}
	// Whatever one person did on one device; needs apart, so nothing is approximate.
	all := fold(s, phone[0], phone[1], desk[0], desk[1], phone[2], desk[2])
	all.ID = "a"
	if diff := cmp.Diff(all, a, habits()); diff != "" {
		t.Errorf("merged and lived at once differ: %s", diff)
	}
	b.Needs[0].P[0] = 9
	b.Counts[0].Count = 99
	b.Recent[0].Count = 99
	sound(t, a)
}

// habits ignores what a merge only approximates: sums in which the order of events counts.
func habits() cmp.Option {
	return cmp.Options{
		cmpopts.IgnoreFields(veiviser.TypeCount{}, "At", "InVisitAt", "Pace", "Visits", "Ahead"),
		cmpopts.IgnoreTypes(veiviser.Moment{}, veiviser.Past{}, veiviser.Sequels{}),
	}
}

func TestMergePoolsBeliefs(t *testing.T) {
	j := bikes()
	j.Transitions, j.HalfLife, j.Signals = nil, 1e6*time.Hour, j.Signals[:5] // none asks about the past
	s := compile(t, planOf(j))
	left := []veiviser.Event{at(0, "search", "bike"), at(1, "compare", "bike")}
	right := []veiviser.Event{at(50, "compare", "bike"), at(51, "cart_add", "bike")}
	a, b := fold(s, left...), fold(s, right...)
	s.Merge(a, b)
	n, whole := &a.Needs[0], &fold(s, append(left, right...)...).Needs[0]
	if diff := cmp.Diff(whole.P, n.P, approx(0.03)); diff != "" {
		t.Errorf("pooled and seen at once differ: %s", diff)
	}
	if n.Events != 4 || !n.Started.Equal(day0) || !n.Updated.Equal(minute(51)) {
		t.Errorf("pooled %+v", n)
	}
	if e := n.Evidence[len(n.Evidence)-2]; e.Signal != "compared" || e.Count != 2 {
		t.Errorf("evidence %+v", n.Evidence)
	}
	// A history that knows nothing changes little; one that rules out a stage by prior does not veto.
	known := fold(s, at(0, "purchase", "bike"), at(0.5, "delivery_confirmed", "bike"), at(1, "purchase", "bike"))
	v := known.Clone()
	s.Merge(v, fold(s, at(2, "other", "bike")))
	if diff := cmp.Diff(known.Needs[0].P, v.Needs[0].P, approx(0.03)); diff != "" {
		t.Errorf("pooled with the prior: %s", diff)
	}
}

// Which of the two is into makes no difference but for ids.
func TestMergeCommutes(t *testing.T) {
	s := compile(t, planOf(bikes(), impulse()))
	rapid.Check(t, func(t *rapid.T) {
		a := fold(s, rapid.SliceOfN(anyEvent(), 0, 20).Draw(t, "a")...)
		b := fold(s, rapid.SliceOfN(anyEvent(), 0, 20).Draw(t, "b")...)
		ab, ba := a.Clone(), b.Clone()
		s.Merge(ab, b)
		s.Merge(ba, a)
		sound(t, ab)
		if ab.Events != a.Events+b.Events {
			t.Fatalf("%d events, want %d and %d", ab.Events, a.Events, b.Events)
		}
		ties := cmp.Options{
			approx(1e-9), cmpopts.EquateEmpty(),
			cmpopts.IgnoreFields(veiviser.Visitor{}, "Attributes", "Visit"),
			cmpopts.IgnoreFields(veiviser.Need{}, "VisitChannel", "VisitReferrer", "VisitEvents", "Repeats", "Items", "Evidence"),
			cmpopts.IgnoreFields(veiviser.TypeCount{}, "InVisit"), cmpopts.IgnoreFields(veiviser.Seen{}, "Subject"),
		}
		if diff := cmp.Diff(ab, ba, ties); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestMergeWithNothing(t *testing.T) {
	s := compile(t, planOf(bikes()))
	v := fold(s, at(0, "purchase", "bike"), at(90, "view", "bike"))
	want := v.Clone()
	s.Merge(v, nil)
	s.Merge(v, v)
	s.Merge(v, &veiviser.Visitor{ID: "new"})
	if diff := cmp.Diff(want, v); diff != "" {
		t.Errorf("merged with nothing: %s", diff)
	}
	fresh := &veiviser.Visitor{}
	s.Merge(fresh, v)
	if diff := cmp.Diff(want, fresh); diff != "" {
		t.Errorf("nothing merged with it: %s", diff)
	}
}

// A need of a journey that is gone survives, the later of two.
func TestMergeKeepsOrphans(t *testing.T) {
	old, s := compile(t, planOf(bikes())), compile(t, planOf(impulse()))
	a, b := fold(old, at(0, "view", "bike")), fold(old, at(5, "purchase", "bike"))
	want := b.Needs[0].Clone()
	s.Merge(a, b)
	if diff := cmp.Diff([]veiviser.Need{want}, a.Needs); diff != "" {
		t.Error(diff)
	}
}

// A visitor who only has facts, and no events, adds the facts and nothing else.
func TestMergeFactsOnly(t *testing.T) {
	s := compile(t, planOf(bikes()))
	facts := &veiviser.Visitor{ID: "f", Attributes: map[string]string{"country": "NO"}}
	v := fold(s, at(0, "view", "bike"))
	want := v.Clone()
	want.Attributes = facts.Attributes
	s.Merge(v, facts)
	if diff := cmp.Diff(want, v); diff != "" {
		t.Error(diff)
	}
	s.Merge(facts, fold(s, at(0, "view", "bike")))
	want.ID = "f"
	if diff := cmp.Diff(want, facts); diff != "" {
		t.Error(diff)
	}
}

func TestMergeIsBounded(t *testing.T) {
	s := compile(t, planOf(impulse()))
	many := func(prefix string, offset float64) *veiviser.Visitor {
		v := &veiviser.Visitor{}
		for i := range 40 {
			e := at(offset+float64(i), prefix+strconv.Itoa(i), prefix+strconv.Itoa(i))
			e.Attributes = map[string]string{"visitor." + prefix + strconv.Itoa(i): "x"}
			s.Fold(v, &e)
		}
		return v
	}
	a, b := many("a", 0), many("b", 20)
	b.Counts[0].Count = math.MaxUint32
	b.Events = math.MaxUint32
	s.Merge(a, b)
	sound(t, a)
	if len(a.Needs) != veiviser.MaxNeeds || a.Needs[0].Subject != "b32" || len(a.Recent) != veiviser.MaxRecent ||
		len(a.Attributes) != veiviser.MaxAttributes || a.Events != math.MaxUint32 || a.Visits != 1 {
		t.Errorf("merged %+v", a)
	}
}
