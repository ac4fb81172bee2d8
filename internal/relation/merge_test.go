package relation_test

import (
	"fmt"
	"slices"
	"strings"
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

func subjects(t *rapid.T) string {
	return rapid.SampledFrom([]string{"", "bike", "parts"}).Draw(t, "about what")
}

// standing draws a standing; what has an id of the service's has one that begins with who.
func standing(t *rapid.T, who string, most int) veiviser.Standing {
	var s veiviser.Standing
	kinds := []veiviser.DirectiveKind{
		veiviser.MuteTopic, veiviser.MuteItem, veiviser.NotNow, veiviser.JustLooking, veiviser.Decided, veiviser.CorrectStage,
		veiviser.DoNotProfile,
	}
	for i := range rapid.IntRange(0, most).Draw(t, "wishes") {
		d := veiviser.Directive{
			ID: fmt.Sprint(who, i), Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), Created: moments(t, "created"),
			Target: fmt.Sprint(rapid.IntRange(0, 9).Draw(t, "target")), Subject: rapid.SampledFrom([]string{"", "bike", "bike/ebike"}).Draw(t, "subject"),
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
			ID: uint64(i + 1), Named: true, Placed: moments(t, "placed"), Promised: moments(t, "promised"), Late: rapid.Bool().Draw(t, "late"),
			Value: float64(rapid.IntRange(0, 3).Draw(t, "value")), Subject: subjects(t),
		}
		if rapid.Bool().Draw(t, "unheard") {
			o.Placed, o.Promised = time.Time{}, time.Time{}
		}
		if rapid.Bool().Draw(t, "back") {
			o.Returned = moments(t, "returned")
		}
		if rapid.Bool().Draw(t, "arrived") {
			o.Delivered = moments(t, "delivered")
		}
		s.Orders = append(s.Orders, o)
		c := veiviser.Case{
			ID: fmt.Sprint(who, i), Opened: moments(t, "opened"), Subject: subjects(t), Order: rapid.Uint64Range(0, 9).Draw(t, "about"),
			Cause: rapid.SampledFrom([]veiviser.CaseCause{veiviser.CaseComplaint, veiviser.CaseLate, veiviser.CaseWrong}).Draw(t, "cause"),
		}
		if rapid.Bool().Draw(t, "answer") {
			c.Answered = moments(t, "answered")
		}
		if rapid.Bool().Draw(t, "end") {
			c.Resolved = moments(t, "resolved")
		}
		s.Cases = append(s.Cases, c)
	}
	s.Relation.FirstOrder, s.Relation.First = moments(t, "first"), rapid.Uint64Range(0, 9).Draw(t, "which")
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
		if beyond(ab.Directives) > veiviser.MaxDirectives || len(ab.Consents) > veiviser.MaxConsents || len(ab.Cases) > veiviser.MaxCases ||
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

// beyond is how many wishes there are, 0 when every one of them must be kept.
func beyond(list []veiviser.Directive) int {
	for i := range list {
		if d := &list[i]; !d.Binds(noon) || d.Kind == veiviser.CorrectStage {
			return len(list)
		}
	}
	return 0
}

// A wish that keeps something away under either identity does so afterwards, for as long; of words on her stage the last that holds
// is hers; the last word on every purpose stays the last.
func TestMergeKeepsWhatBinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := standing(t, "a", 40), standing(t, "b", 40)
		both := append(append([]veiviser.Directive(nil), a.Directives...), b.Directives...)
		said := append(append([]veiviser.Consent(nil), a.Consents...), b.Consents...)
		relation.Merge(&a, &b, noon)
		for i := range both {
			d := &both[i]
			corrected := slices.ContainsFunc(both, func(o veiviser.Directive) bool { // by what makes room first
				return o.Kind == veiviser.CorrectStage && o.Binds(noon) && retold(d, &o) && !o.Created.Before(d.Created)
			})
			if d.Binds(noon) && !corrected && !slices.ContainsFunc(a.Directives, stands(d)) {
				t.Fatalf("%+v is gone", d)
			}
		}
		for i := range a.Directives {
			for k := range a.Directives[:i] {
				if x, y := &a.Directives[i], &a.Directives[k]; same(x, y) || x.Binds(noon) && retold(y, x) {
					t.Fatalf("%+v stands beside %+v", x, y)
				}
			}
		}
		for _, c := range said {
			if w := word(a.Consents, c.Purpose); w == nil || w.Time.Before(c.Time) {
				t.Fatalf("after %+v the last word is %+v", c, w)
			}
		}
	})
}

// stands tells a wish that does what d does for as long, or that is a word on her stage said no earlier.
func stands(d *veiviser.Directive) func(veiviser.Directive) bool {
	return func(o veiviser.Directive) bool {
		if d.Kind.OnStage() {
			return retold(d, &o) && o.Binds(noon) && !o.Created.Before(d.Created)
		}
		return same(&o, d) && o.Binds(noon) && (o.Expires.IsZero() || !d.Expires.IsZero() && !o.Expires.Before(d.Expires))
	}
}

// retold reports whether a word on her stage is about all that another is about.
func retold(d, by *veiviser.Directive) bool {
	return d.Kind.OnStage() && by.Kind.OnStage() && strings.HasPrefix(d.Subject, by.Subject)
}

// same reports whether two wishes are about one thing.
func same(a, b *veiviser.Directive) bool {
	if a.Kind.OnStage() {
		return b.Kind.OnStage() && a.Subject == b.Subject
	}
	return a.Kind == b.Kind && a.Target == b.Target && a.Subject == b.Subject
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

// What either identity has heard of an order holds for both: one that has arrived is not waited for again, and one that a case was
// opened for gets no second one. The first order of all makes room for none.
func TestMergeUnitesOrders(t *testing.T) {
	first := veiviser.Order{ID: 1, Placed: noon, Promised: noon.Add(time.Hour), Late: true, Value: 5}
	a := veiviser.Standing{Relation: veiviser.Relation{FirstOrder: noon, First: 1}, Orders: []veiviser.Order{first}}
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

// What the steps of several identities come to is at any time what their standings say: who is counted from where and with which value,
// who is led back and who is compared, whatever happens, whoever objects to being profiled, and whoever turn out to be one person, in
// whatever order.
func TestAllAreCountedOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		people, counts := make([]veiviser.Visitor, 3), tally{}
		for i := range rapid.IntRange(1, 30).Draw(t, "happenings") {
			at := start.Add(time.Duration(i) * 6 * time.Hour)
			p := policy(rapid.SampledFrom([]float64{0, 0.5}).Draw(t, "control"))
			who := rapid.IntRange(0, len(people)-1).Draw(t, "whose")
			v := &people[who]
			switch rapid.SampledFrom([]string{"event", "event", "event", "event", "link", "objection"}).Draw(t, "what") {
			case "event":
				e := veiviser.Event{
					ID: fmt.Sprint(i), Time: at, Subject: rapid.SampledFrom([]string{"bike", "parts"}).Draw(t, "subject"), Value: 100,
					Type: rapid.SampledFrom([]string{"view", "purchase", "delivery_confirmed", "complaint", "complaint_resolved", "review", "return"}).Draw(t, "type"),
				}
				if !strings.HasPrefix(e.Type, "complaint") {
					e.Attributes = map[string]string{"order": rapid.SampledFrom([]string{"a", "b", "c", "d", ""}).Draw(t, "order")}
				}
				about := relation.About{
					Nonce: rapid.Uint64().Draw(t, "nonce"), Source: rapid.SampledFrom([]string{"", "ad", "mail"}).Draw(t, "source"),
					Segments: rapid.SampledFrom([][]string{nil, {"families"}}).Draw(t, "segments"),
				}
				counts.add(relation.Fold(p, &v.Standing, &e, &about), 1)
			case "objection":
				was := v.Standing
				*v = *v.Unprofiled()
				counts.add(veiviser.JoinedSteps(&v.Standing, &was), 1)
			case "link":
				with := rapid.IntRange(0, len(people)-1).Draw(t, "with")
				if with == who {
					continue
				}
				was, other := v.Standing.Clone(), people[with].Standing
				relation.Merge(&v.Standing, &other, at)
				relation.Together(p, &v.Standing)
				counts.add(veiviser.JoinedSteps(&v.Standing, &was, &other), 1)
				people[with] = veiviser.Visitor{}
			}
			want := tally{}
			for k := range people {
				want.standing(&people[k].Standing)
			}
			if diff := cmp.Diff(want, counts); diff != "" {
				t.Fatalf("counted (-want +got):\n%s", diff)
			}
		}
	})
}

// tally is what steps come to.
type tally map[string]float64

func (c tally) add(steps []veiviser.Step, n float64) {
	for i := range steps {
		s, sign := &steps[i], n
		if s.Undo {
			sign = -n
		}
		row := fmt.Sprint(s.Source, s.Segments)
		switch s.Kind {
		case veiviser.StepFirstOrder:
			c.count("customers "+row, sign)
			c.count(fmt.Sprint("value ", row, 0), sign*s.Value)
		case veiviser.StepWorth:
			c.count(fmt.Sprint("value ", row, int(s.Took/(24*time.Hour))), sign*s.Value)
		case veiviser.StepHandover:
			c.count("handovers "+row, sign)
		case veiviser.StepRecovering, veiviser.StepRecovered:
			c.count(fmt.Sprint(s.Kind, s.Group, s.Drawn, s.At.Unix()), sign)
		default:
		}
	}
}

func (c tally) count(what string, n float64) {
	if c[what] += n; c[what] == 0 {
		delete(c, what)
	}
}

// standing counts as what a standing says that she is.
func (c tally) standing(s *veiviser.Standing) {
	row := fmt.Sprint(s.Acquired.Source, s.Acquired.Segments)
	if !s.Relation.FirstOrder.IsZero() {
		c.count("customers "+row, 1)
	}
	if !s.Relation.Handover.IsZero() {
		c.count("handovers "+row, 1)
	}
	for i := range s.Orders {
		if o := &s.Orders[i]; !o.Placed.IsZero() && o.Returned.IsZero() {
			c.count(fmt.Sprint("value ", row, int(max(o.Placed.Sub(s.Relation.FirstOrder), 0)/(24*time.Hour))), o.Value)
		}
	}
	if r := &s.Recovery; r.Group != veiviser.GroupUnknown && !r.Mixed {
		c.count(fmt.Sprint(veiviser.StepRecovering, r.Group, r.Drawn, r.Began.Unix()), 1)
		if !r.Recovered.IsZero() {
			c.count(fmt.Sprint(veiviser.StepRecovered, r.Group, r.Drawn, r.Began.Unix()), 1)
		}
	}
}

// Whichever way three of both groups are joined, none of them is in either.
func TestMixedGroupsCountNowhere(t *testing.T) {
	of := func(g veiviser.Group) veiviser.Standing {
		return veiviser.Standing{Recovery: veiviser.Recovering{Group: g, Drawn: true, Began: start}}
	}
	for _, order := range [][3]veiviser.Group{
		{veiviser.GroupTreated, veiviser.GroupControl, veiviser.GroupControl},
		{veiviser.GroupControl, veiviser.GroupControl, veiviser.GroupTreated},
		{veiviser.GroupControl, veiviser.GroupTreated, veiviser.GroupTreated},
	} {
		one := of(order[0])
		for _, g := range order[1:] {
			other := of(g)
			relation.Merge(&one, &other, noon)
		}
		if one.Recovery.Counts() {
			t.Errorf("%v: %+v", order, one.Recovery)
		}
	}
}

// What only two identities know together is seen when they are one: that the order has arrived, and that she came back.
func TestSeenTogether(t *testing.T) {
	p := policy(0)
	told := func(s *veiviser.Standing, day float64, typ, order string) {
		e := veiviser.Event{ID: fmt.Sprint(typ, day), Time: start.Add(time.Duration(day * 24 * float64(time.Hour))), Type: typ, Subject: "bike"}
		if order != "" {
			e.Attributes = map[string]string{"order": order}
		}
		relation.Fold(p, s, &e, &relation.About{})
	}
	var a, b veiviser.Standing
	told(&a, 0, "purchase", "x")
	told(&b, 2, "delivery_confirmed", "x")
	told(&a, 3, "complaint", "")
	told(&a, 4, "complaint_resolved", "")
	told(&b, 9, "purchase", "y")
	relation.Merge(&a, &b, noon)
	relation.Together(p, &a)
	if want := start.Add(2 * 24 * time.Hour); !a.Relation.Handover.Equal(want) {
		t.Errorf("handed over at %v, want %v", a.Relation.Handover, want)
	}
	if a.Relation.Phase() != veiviser.PhaseCustomer || a.Recovery.By != veiviser.EventPurchase || a.Cases[0].Recovered.IsZero() {
		t.Errorf("%s, %+v, %+v", a.Relation.Phase(), a.Recovery, a.Cases)
	}
}

// Who was of the control and is led back within her window, because the plan has no control any more, is of neither group; once the
// window is over she stays what she was.
func TestControlThatIsLedBack(t *testing.T) {
	for _, tt := range []struct {
		day  float64
		want bool
	}{{20, false}, {200, true}} {
		l := &life{t: t, p: policy(0.999999)}
		l.event(0, "complaint", "bike")
		l.event(1*days, "complaint_resolved", "bike")
		l.p = policy(0)
		l.event(tt.day*days, "complaint", "bike")
		l.event((tt.day+1)*days, "complaint_resolved", "bike")
		if l.s.Recovery.Counts() != tt.want || l.s.Cases[1].Ladder != veiviser.GroupTreated {
			t.Errorf("%+v", l.s)
		}
	}
}

// She is counted once, also when her cases are so many that the first one is forgotten.
func TestCountedWhenTheCaseIsForgotten(t *testing.T) {
	l := &life{t: t, p: policy(0.999999)}
	l.event(0, "complaint", "bike")
	l.event(1, "complaint_resolved", "bike")
	for i := range veiviser.MaxCases {
		l.event(float64(i+2), "complaint", string(rune('a'+i)))
	}
	l.p = policy(0.000001)
	l.event(20, "complaint_resolved", "b")
	begun := 0
	for i := range l.steps {
		if l.steps[i].Kind == veiviser.StepRecovering {
			begun++
		}
	}
	if begun != 1 || l.s.Recovery.Group != veiviser.GroupControl {
		t.Errorf("counted %d times: %+v", begun, l.s.Recovery)
	}
}
