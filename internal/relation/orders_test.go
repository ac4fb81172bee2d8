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

const days = 24.0

// open are the causes and subjects of the open cases.
func (l *life) open() []string {
	var all []string
	for i := range l.s.Cases {
		if c := &l.s.Cases[i]; c.Open() {
			all = append(all, string(c.Cause)+" "+c.Subject)
		}
	}
	return all
}

// wants compares the phase and the open cases.
func (l *life) wants(phase veiviser.Phase, open ...string) {
	l.t.Helper()
	if diff := cmp.Diff(open, l.open()); diff != "" || l.s.Relation.Phase() != phase {
		l.t.Errorf("she is a %s, want %s; cases (-want +got):\n%s", l.s.Relation.Phase(), phase, diff)
	}
}

// A complaint is about something of its own beside the order that is late or wrong, although they are about one subject: neither
// swallows the other, and each is put right for itself.
func TestOneCauseOneCase(t *testing.T) {
	order := []string{"order", "A"}
	l := &life{t: t, p: policy(0)}
	l.event(0, "purchase", "bike", order...)
	l.event(2*days, "complaint", "bike")
	l.event(8*days, "delivery_confirmed", "", order...)
	l.wants(veiviser.PhaseWaiting, "COMPLAINT bike", "LATE_DELIVERY bike")
	ids := []string{l.s.Cases[0].ID, l.s.Cases[1].ID}
	l.event(9*days, "complaint_resolved", "", "case", ids[0])
	l.wants(veiviser.PhaseWaiting, "LATE_DELIVERY bike")
	l.event(9*days, "complaint_resolved", "", "case", ids[1])
	l.wants(veiviser.PhaseCustomer)

	l = &life{t: t, p: policy(0)}
	l.event(0, "purchase", "bike", order...)
	l.event(8*days, "complaint", "bike", order...) // the order is late by then, which nobody has looked at
	l.wants(veiviser.PhaseWaiting, "LATE_DELIVERY bike", "COMPLAINT bike")
	if l.s.Cases[0].ID == l.s.Cases[1].ID {
		t.Error("two cases have one id")
	}
	l.event(9*days, "delivery_failed", "", order...)
	l.event(9*days, "delivery_failed", "", order...)
	l.wants(veiviser.PhaseWaiting, "LATE_DELIVERY bike", "COMPLAINT bike", "WRONG_DELIVERY bike")
}

// That an order was not late after all takes back that it was late, and nothing that she said.
func TestComplaintOutlivesLateness(t *testing.T) {
	l := &life{t: t, p: policy(0)}
	l.event(0, "purchase", "bike", "order", "A")
	l.event(8*days, "view", "bike")
	l.event(8.5*days, "complaint", "bike")
	l.want(l.event(6*days, "delivery_confirmed", "", "order", "A"), veiviser.StepCaseClosed)
	l.wants(veiviser.PhaseWaiting, "COMPLAINT bike")
	l.event(9*days, "complaint_resolved", "bike")
	l.wants(veiviser.PhaseCustomer)
}

// While something about the subject of the first order is open it has not arrived right; what is about another order does not matter.
func TestPendingBySubject(t *testing.T) {
	for name, tt := range map[string]struct {
		subject string
		named   []string
		want    veiviser.Phase
	}{
		"about its subject": {"bike", nil, veiviser.PhaseWaiting}, "about another": {"parts", nil, veiviser.PhaseCustomer},
		"about another order": {"bike", []string{"order", "B"}, veiviser.PhaseCustomer},
	} {
		l := &life{t: t, p: policy(0)}
		l.event(0, "purchase", "bike", "order", "A")
		l.event(1*days, "complaint", tt.subject, tt.named...)
		l.event(2*days, "delivery_confirmed", "", "order", "A")
		if got := l.s.Relation.Phase(); got != tt.want {
			t.Errorf("%s: she is a %s", name, got)
		}
	}
}

// Whatever is heard of orders, in whatever order, however often and by whichever identity: each is bought once, what has arrived in
// time or come back is not late, and the relationship begins when one has arrived.
func TestOrdersCountOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := policy(0)
		var events []veiviser.Event
		tell := func(id string, at time.Time, typ string) {
			for range rapid.IntRange(1, 3).Draw(t, "times told") {
				events = append(events, veiviser.Event{
					ID: fmt.Sprint("e", len(events)), Time: at, Type: typ, Subject: rapid.SampledFrom([]string{"bike", "parts"}).Draw(t, "subject"),
					Attributes: map[string]string{"order": id}, Value: 100,
				})
			}
		}
		orders, kept := rapid.IntRange(1, 4).Draw(t, "orders"), 0
		for i := range orders {
			id, placed := fmt.Sprint("o", i), start.Add(time.Duration(rapid.IntRange(0, 2).Draw(t, "day"))*24*time.Hour)
			tell(id, placed, "purchase")
			if rapid.IntRange(0, 3).Draw(t, "returned") == 0 {
				tell(id, placed.Add(72*time.Hour), "return")
			} else {
				tell(id, placed.Add(48*time.Hour), "delivery_confirmed")
				kept++
			}
		}
		look := veiviser.Event{ID: "look", Time: start.Add(30 * 24 * time.Hour), Type: "view"}
		events = rapid.Permutation(append(events, look)).Draw(t, "heard")
		people, split := make([]veiviser.Standing, 2), rapid.Bool().Draw(t, "two identities")
		firsts := 0
		for i := range events {
			s := &people[0]
			if split {
				s = &people[rapid.IntRange(0, 1).Draw(t, "whose")]
			}
			for _, step := range relation.Fold(p, s, &events[i], &relation.About{Nonce: uint64(i)}) {
				if bought := step.Kind == veiviser.StepFirstOrder || step.Kind == veiviser.StepWorth; bought && !step.Undo {
					firsts++
				}
			}
		}
		if !split && firsts != orders {
			t.Fatalf("%d orders were counted %d times", orders, firsts)
		}
		relation.Merge(&people[0], &people[1], look.Time)
		look.ID, look.Time = "look again", look.Time.Add(time.Hour)
		s := &people[0]
		relation.Fold(p, s, &look, &relation.About{})
		if s.OpenCases(look.Time) != 0 || s.Waits() || len(s.Orders) != orders {
			t.Fatalf("of %d orders, which all have arrived or come back, there is: %+v", orders, s)
		}
		if got := s.Relation.Phase() == veiviser.PhaseCustomer; got != (kept > 0) {
			t.Fatalf("%d have arrived, and she is a %s: %+v", kept, s.Relation.Phase(), s)
		}
	})
}

// An order of which the delivery is heard before the purchase is late when it came late.
func TestDeliveredBeforeBought(t *testing.T) {
	for name, tt := range map[string]struct {
		day  float64
		want []string
	}{"in time": {2, nil}, "late": {8, []string{"LATE_DELIVERY bike"}}} {
		l := &life{t: t, p: policy(0)}
		l.event(tt.day*days, "delivery_confirmed", "", "order", "A")
		l.event(0, "purchase", "bike", "order", "A")
		if diff := cmp.Diff(tt.want, l.open()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if at := l.s.Relation.Handover; tt.want == nil && !at.Equal(start.Add(48*time.Hour)) {
			t.Errorf("%s: handed over %v", name, at)
		}
	}
	l := &life{t: t, p: policy(0)}
	l.event(1*days, "delivery_failed", "", "order", "A")
	l.event(0, "purchase", "bike", "order", "A")
	l.wants(veiviser.PhaseWaiting, "WRONG_DELIVERY ")
	l.event(2*days, "complaint_resolved", "", "order", "A")
	l.wants(veiviser.PhaseCustomer)
}

// An order told of once more brings a later promise, if any; an earlier one, or none, changes nothing.
func TestPromisedAnew(t *testing.T) {
	l := &life{t: t, p: policy(0)}
	order := []string{"order", "A", "promised", ""}
	for i, promise := range []string{"2026-11-04", "2026-11-12", "2026-11-06", ""} {
		order[3] = promise
		l.event(float64(i), "purchase", "bike", order...)
	}
	if len(l.s.Orders) != 1 || !l.s.Orders[0].Promised.Equal(time.Date(2026, 11, 13, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v", l.s.Orders)
	}
	l.want(l.event(days*30, "purchase", "bike", order...), veiviser.StepCaseOpened) // it is late by now
}

// A promise that is heard of late takes back that the order was late.
func TestPromisedLater(t *testing.T) {
	l := &life{t: t, p: policy(0)}
	l.event(0, "purchase", "bike", "order", "A")
	l.event(9*days, "delivery_confirmed", "", "order", "A")
	l.wants(veiviser.PhaseWaiting, "LATE_DELIVERY bike")
	l.want(l.event(1, "purchase", "bike", "order", "A", "promised", "2026-11-12"), veiviser.StepCaseClosed, veiviser.StepHandover)
	l.wants(veiviser.PhaseCustomer)
}

// What was bought without an id can be sent back, too: what has arrived is meant before what has not.
func TestReturnWithoutAName(t *testing.T) {
	l := &life{t: t, p: policy(0)}
	l.event(0, "purchase", "bike")
	l.event(1*days, "return", "bike")
	l.event(20*days, "view", "bike")
	l.wants(veiviser.PhaseWaiting)

	l = &life{t: t, p: policy(0)}
	l.event(0, "purchase", "bike", "order", "A")
	l.event(1*days, "delivery_confirmed", "", "order", "A")
	l.event(2*days, "purchase", "bike", "order", "B")
	l.event(3*days, "return", "bike")
	l.event(20*days, "view", "bike")
	l.wants(veiviser.PhaseCustomer, "LATE_DELIVERY bike")
}

// Of two orders placed at one moment the one told first is the first; only its arrival ends acquisition.
func TestFirstOfTwoAtOnce(t *testing.T) {
	for _, tt := range []struct {
		came string
		want veiviser.Phase
	}{{"A", veiviser.PhaseCustomer}, {"B", veiviser.PhaseWaiting}} {
		l := &life{t: t, p: policy(0)}
		l.event(0, "purchase", "bike", "order", "A")
		l.event(0, "purchase", "helmet", "order", "B")
		l.event(2*days, "delivery_confirmed", "", "order", tt.came)
		l.wants(tt.want)
	}
}

// A person's orders stay bounded, and the first one is remembered until it was delivered right.
func TestRoomForOrders(t *testing.T) {
	l := &life{t: t, p: policy(0)}
	l.event(0, "purchase", "bike", "order", "first")
	for i := range 3 * veiviser.MaxOrders {
		l.event(float64(i)/10, "delivery_confirmed", "", "order", fmt.Sprint("o", i))
	}
	if l.wants(veiviser.PhaseWaiting); len(l.s.Orders) != veiviser.MaxOrders {
		t.Errorf("%d orders", len(l.s.Orders))
	}
	l.event(2*days, "delivery_confirmed", "", "order", "first")
	l.wants(veiviser.PhaseCustomer)
}

// What says that cases were answered or put right is about the case it names, else those of the order it names, else those about its
// subject, else the oldest.
func TestConcerned(t *testing.T) {
	for name, tt := range map[string]struct {
		subject string
		say     []string
		left    []string
	}{
		"nothing": {"", nil, []string{"WRONG_DELIVERY parts", "WRONG_DELIVERY kids", "COMPLAINT kids", "COMPLAINT service"}},
		"subject": {"parts", nil, []string{"WRONG_DELIVERY kids", "COMPLAINT kids", "COMPLAINT service"}},
		"above":   {"service/yearly", nil, []string{"WRONG_DELIVERY parts", "WRONG_DELIVERY parts", "WRONG_DELIVERY kids", "COMPLAINT kids"}},
		"order": {"parts", []string{"order", "B"}, []string{
			"WRONG_DELIVERY parts", "WRONG_DELIVERY kids", "COMPLAINT kids", "COMPLAINT service",
		}},
		"order alone":     {"", []string{"order", "C"}, []string{"WRONG_DELIVERY parts", "WRONG_DELIVERY parts", "COMPLAINT service"}},
		"another order":   {"", []string{"order", "D"}, []string{"WRONG_DELIVERY parts", "WRONG_DELIVERY parts", "WRONG_DELIVERY kids", "COMPLAINT kids", "COMPLAINT service"}},
		"case":            {"parts", []string{"case", "3", "order", "A"}, []string{"WRONG_DELIVERY parts", "WRONG_DELIVERY parts", "WRONG_DELIVERY kids", "COMPLAINT service"}},
		"another subject": {"ride", nil, []string{"WRONG_DELIVERY parts", "WRONG_DELIVERY parts", "WRONG_DELIVERY kids", "COMPLAINT kids", "COMPLAINT service"}},
	} {
		for _, typ := range []string{"complaint_response", "complaint_resolved"} {
			l := &life{t: t, p: policy(0)}
			for _, o := range [][2]string{{"A", "parts"}, {"B", "parts"}, {"C", "kids"}} {
				l.event(0, "purchase", o[1], "order", o[0])
				l.event(1, "delivery_failed", "", "order", o[0])
			}
			l.event(2, "complaint", "kids")
			l.event(3, "complaint", "service")
			say := slices.Clone(tt.say)
			if len(say) > 0 && say[0] == "case" {
				say[1] = l.s.Cases[3].ID
			}
			l.event(4, typ, tt.subject, say...)
			var left []string
			for i := range l.s.Cases {
				if c := &l.s.Cases[i]; c.Answered.IsZero() {
					left = append(left, string(c.Cause)+" "+c.Subject)
				} else if typ == "complaint_resolved" == c.Open() {
					t.Errorf("%s after %s: %+v", name, typ, c)
				}
			}
			if diff := cmp.Diff(tt.left, left); diff != "" {
				t.Errorf("%s (%s): %s", name, typ, diff)
			}
		}
	}
}

// Only the order that was put right counts as arrived.
func TestPutRightByOrder(t *testing.T) {
	l := &life{t: t, p: policy(0)}
	for _, id := range []string{"A", "B"} {
		l.event(0, "purchase", "parts", "order", id)
		l.event(1*days, "delivery_failed", "parts", "order", id)
	}
	l.event(2*days, "complaint_resolved", "parts", "order", "B")
	l.wants(veiviser.PhaseWaiting, "WRONG_DELIVERY parts")
	l.event(3*days, "complaint_resolved", "", "order", "A")
	l.wants(veiviser.PhaseCustomer)
}

// An order that turns out to be wrong after it has arrived is still known for what it is about.
func TestWrongAfterArrival(t *testing.T) {
	l := &life{t: t, p: policy(0)}
	l.event(0, "purchase", "bike", "order", "A")
	l.event(2*days, "delivery_confirmed", "", "order", "A")
	l.event(2.1*days, "delivery_failed", "", "order", "A")
	l.wants(veiviser.PhaseCustomer, "WRONG_DELIVERY bike")
	l.event(3*days, "complaint_resolved", "bike")
	l.wants(veiviser.PhaseCustomer)
}

// What is put right at once is recovered from once.
func TestOneRecovery(t *testing.T) {
	l := &life{t: t, p: policy(0)}
	l.event(0, "purchase", "bike", "order", "A")
	l.event(1*days, "delivery_failed", "", "order", "A")
	l.event(1*days, "complaint", "bike")
	l.want(l.event(2*days, "complaint_resolved", "", "order", "A"), veiviser.StepCaseAnswered, veiviser.StepCaseResolved,
		veiviser.StepRecovering, veiviser.StepCaseAnswered, veiviser.StepCaseResolved, veiviser.StepHandover)
	if groups := [2]veiviser.Group{l.s.Cases[0].Ladder, l.s.Cases[1].Ladder}; groups != [2]veiviser.Group{veiviser.GroupTreated, veiviser.GroupUnknown} {
		t.Errorf("groups %q", groups)
	}
	l.want(l.event(3*days, "review", "bike"), veiviser.StepRecovered)
}

// A case that is not hers, or is not remembered, is named in vain.
func TestAdmitCase(t *testing.T) {
	s := veiviser.Standing{Cases: []veiviser.Case{{ID: "c"}}}
	for id, wrong := range map[string]bool{"": false, "c": false, "d": true} {
		for _, typ := range []string{"complaint_response", "complaint_resolved"} {
			e := veiviser.Event{Type: typ, Attributes: map[string]string{"case": id}}
			if err := policy(0).Admit(&s, &e); (err != nil) != wrong || wrong && err.Field() != `attributes["case"]` {
				t.Errorf("%s of %q: %v", typ, id, err)
			}
			if e.Type = "view"; policy(0).Admit(&s, &e) != nil {
				t.Errorf("a view may have an attribute of that name: %q", id)
			}
		}
	}
}

// One order told to two identities is one when they turn out to be one person: what arrived is not waited for, and a case that was opened
// for want of that is no more; cases of both about one thing are one.
func TestMergeOfOneOrder(t *testing.T) {
	l, other := &life{t: t, p: policy(0)}, &life{t: t, p: policy(0), n: 100}
	l.event(0, "purchase", "bike", "order", "A")
	l.event(2*days, "delivery_confirmed", "", "order", "A")
	other.event(0, "purchase", "bike", "order", "A")
	other.event(9*days, "complaint", "parts")
	other.wants(veiviser.PhaseWaiting, "LATE_DELIVERY bike", "COMPLAINT parts")
	for _, into := range []*life{l, other} {
		both := &life{t: t, p: policy(0), s: into.s.Clone()}
		from := map[*life]*life{l: other, other: l}[into]
		relation.Merge(&both.s, &from.s, start)
		both.wants(veiviser.PhaseCustomer, "COMPLAINT parts")
	}
	third := &life{t: t, p: policy(0), n: 200}
	third.event(8*days, "complaint", "parts")
	third.event(8.5*days, "complaint_response", "parts")
	relation.Merge(&other.s, &third.s, start)
	other.wants(veiviser.PhaseWaiting, "LATE_DELIVERY bike", "COMPLAINT parts")
	if c := &other.s.Cases[1]; c.ID != third.s.Cases[0].ID {
		t.Errorf("the case that was answered stands for the other: %+v", other.s.Cases)
	}
}
