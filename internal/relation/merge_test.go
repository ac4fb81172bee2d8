package relation_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/veiviser/veiviser/internal/relation"
	"github.com/veiviser/veiviser/internal/veiviser"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// moments are times on a coarse grid around noon, so that many are equal.
func moments(t *rapid.T, name string) time.Time {
	return noon.Add(time.Duration(rapid.IntRange(-48, 48).Draw(t, name)) * time.Hour)
}

// standing draws a standing; what has an id of the service's has one that begins with who.
func standing(t *rapid.T, who string, most int) veiviser.Standing {
	var s veiviser.Standing
	kinds := []veiviser.DirectiveKind{
		veiviser.MuteTopic, veiviser.MuteItem, veiviser.NotNow, veiviser.JustLooking, veiviser.CorrectStage, veiviser.DoNotProfile,
	}
	for i := range rapid.IntRange(0, most).Draw(t, "wishes") {
		d := veiviser.Directive{
			ID: fmt.Sprint(who, i), Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), Created: moments(t, "created"),
			Target: fmt.Sprint(rapid.IntRange(0, 9).Draw(t, "target")), Subject: rapid.SampledFrom([]string{"", "bike"}).Draw(t, "subject"),
		}
		if rapid.Bool().Draw(t, "ends") {
			d.Expires = moments(t, "expires")
		}
		s.Directives = append(s.Directives, d)
	}
	for range rapid.IntRange(0, most).Draw(t, "consents") {
		s.Consents = append(s.Consents, veiviser.Consent{
			Purpose: fmt.Sprint(rapid.IntRange(0, 5).Draw(t, "purpose")), Granted: rapid.Bool().Draw(t, "granted"), Time: moments(t, "said"),
		})
	}
	for i := range rapid.IntRange(0, most).Draw(t, "contacts") {
		s.Contacts = append(s.Contacts, veiviser.Contact{Time: moments(t, "shown"), ItemID: fmt.Sprint(i), Decision: veiviser.HashID(who)})
		s.Facts = append(s.Facts, veiviser.Fact{Product: fmt.Sprint(i % 3), Value: who, Time: moments(t, "told")})
		o := veiviser.Order{
			ID: uint64(i + 1), Placed: moments(t, "placed"), Promised: moments(t, "promised"), Late: rapid.Bool().Draw(t, "late"),
			Value: float64(rapid.IntRange(0, 3).Draw(t, "value")),
		}
		if rapid.Bool().Draw(t, "arrived") {
			o.Delivered = moments(t, "delivered")
		}
		s.Orders = append(s.Orders, o)
		s.Cases = append(s.Cases, veiviser.Case{ID: fmt.Sprint(who, i), Opened: moments(t, "opened")})
	}
	s.Relation.FirstOrder = moments(t, "first")
	s.Audiences = rapid.SampledFrom([][]string{nil, {"press"}, {"investor", "press"}, {"investor", "supplier"}}).Draw(t, "audiences")
	return s
}

// What she was seen as under either identity she was seen as.
func TestMergeUnitesAudiences(t *testing.T) {
	a, b := veiviser.Standing{Audiences: []string{"press"}}, veiviser.Standing{Audiences: []string{"investor", "press"}}
	relation.Merge(&a, &b, noon)
	if d := cmp.Diff([]string{"investor", "press"}, a.Audiences); d != "" {
		t.Error(d)
	}
}

// Which identity is merged into which makes no difference, and merging changes nothing of the one merged in.
func TestMergeIsSymmetric(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := standing(t, "a", 40), standing(t, "b", 40)
		ab, ba, kept := a.Clone(), b.Clone(), b.Clone()
		relation.Merge(&ab, &b, noon)
		relation.Merge(&ba, &a, noon)
		if d := cmp.Diff(ab, ba); d != "" {
			t.Fatalf("it makes a difference: %s", d)
		}
		if d := cmp.Diff(kept, b); d != "" {
			t.Fatalf("what was merged in changed: %s", d)
		}
		if len(ab.Directives) > veiviser.MaxDirectives || len(ab.Consents) > veiviser.MaxConsents || len(ab.Cases) > veiviser.MaxCases ||
			len(ab.Orders) > veiviser.MaxOrders || len(ab.Facts) > veiviser.MaxFacts || len(ab.Contacts) > veiviser.MaxContacts {
			t.Fatal("it grew out of its bounds")
		}
	})
}

// In whatever order three identities are linked, the same holds in the end, as long as there is room.
func TestMergeOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := []veiviser.Standing{standing(t, "a", 8), standing(t, "b", 8), standing(t, "c", 8)}
		for i := range s {
			s[i].Cases, s[i].Orders = nil, nil // there is not room for all of them
		}
		link := func(order ...int) veiviser.Standing {
			out := s[order[0]].Clone()
			for _, i := range order[1:] {
				relation.Merge(&out, &s[i], noon)
			}
			return out
		}
		want := link(0, 1, 2)
		for _, order := range [][]int{{0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
			if d := cmp.Diff(want, link(order...)); d != "" {
				t.Fatalf("order %v: %s", order, d)
			}
		}
	})
}

// A wish that binds under either identity binds afterwards, unless a later one about the same thing has ended meanwhile; an
// objection to being profiled always does; the last word on every purpose stays the last.
func TestMergeKeepsWhatBinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := standing(t, "a", 16), standing(t, "b", 16)
		both := append(append([]veiviser.Directive(nil), a.Directives...), b.Directives...)
		said := append(append([]veiviser.Consent(nil), a.Consents...), b.Consents...)
		relation.Merge(&a, &b, noon)
		for _, d := range both {
			later, kept := false, false
			for _, o := range both {
				later = later || same(&o, &d) && (o.Created.After(d.Created) || o.Created.Equal(d.Created) && o.ID != d.ID)
			}
			for i := range a.Directives {
				kept = kept || same(&a.Directives[i], &d)
			}
			if !kept {
				t.Fatalf("%+v is gone", d)
			}
			if found := has(a.Directives, &d); !later && !found {
				t.Fatalf("%+v was the last of its kind and is gone", d)
			}
		}
		for _, c := range said {
			if w := word(a.Consents, c.Purpose); w == nil || w.Time.Before(c.Time) {
				t.Fatalf("after %+v the last word is %+v", c, w)
			}
		}
	})
}

func same(a, b *veiviser.Directive) bool {
	return a.Kind == b.Kind && a.Target == b.Target && a.Subject == b.Subject
}

func has(list []veiviser.Directive, d *veiviser.Directive) bool {
	return slices.Contains(list, *d)
}

func word(list []veiviser.Consent, purpose string) *veiviser.Consent {
	var last *veiviser.Consent
	for i := range list {
		if list[i].Purpose == purpose {
			last = &list[i]
		}
	}
	return last
}

// Without room what binds stays, the objection to being profiled before all.
func TestMergeWithoutRoom(t *testing.T) {
	var a, b veiviser.Standing
	for i := range veiviser.MaxDirectives {
		a.Directives = append(a.Directives, veiviser.Directive{ID: fmt.Sprint("a", i), Kind: veiviser.MuteItem, Target: fmt.Sprint(i), Created: noon})
		ended := veiviser.Directive{ID: fmt.Sprint("b", i), Kind: veiviser.MuteTopic, Target: fmt.Sprint(i), Created: noon, Expires: noon}
		b.Directives = append(b.Directives, ended)
	}
	b.Directives[3] = veiviser.Directive{ID: "shy", Kind: veiviser.DoNotProfile, Created: noon.Add(-time.Hour)}
	relation.Merge(&a, &b, noon)
	if len(a.Directives) != veiviser.MaxDirectives || a.Directives[0].ID != "shy" {
		t.Errorf("%d wishes, the first is %+v", len(a.Directives), a.Directives[0])
	}
	for i := range a.Directives {
		if !a.Directives[i].Binds(noon) {
			t.Errorf("%+v has ended and took the room of one that binds", a.Directives[i])
		}
	}
}

// What either identity has heard of an order holds for both: one that has arrived is not waited for again, and one that a case was
// opened for gets no second one. The first order of all makes room for none.
func TestMergeUnitesOrders(t *testing.T) {
	first := veiviser.Order{ID: 1, Placed: noon, Promised: noon.Add(time.Hour), Late: true, Value: 5}
	a := veiviser.Standing{Relation: veiviser.Relation{FirstOrder: noon}, Orders: []veiviser.Order{first}}
	b := veiviser.Standing{Orders: []veiviser.Order{{ID: 1, Placed: noon.Add(time.Minute), Delivered: noon.Add(3 * time.Hour)}}}
	for i := range veiviser.MaxOrders {
		b.Orders = append(b.Orders, veiviser.Order{ID: uint64(i + 2), Placed: noon.Add(time.Duration(i+1) * time.Hour)})
	}
	relation.Merge(&a, &b, noon)
	first.Delivered = noon.Add(3 * time.Hour)
	if d := cmp.Diff(first, a.Orders[0]); d != "" || len(a.Orders) != veiviser.MaxOrders || a.Orders[1].ID != 3 {
		t.Errorf("%s %+v", d, a.Orders)
	}
}
