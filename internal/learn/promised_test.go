package learn_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// shop is a log whose lines are of one person, "kari", as a store would write them.
type shop struct {
	*outboxes
	t       *testing.T
	learner *learn.Learner
	record  *learn.Recorder
	written int
}

func newShop(t *testing.T) *shop {
	o := newOutboxes()
	o.waiters = newMemory()
	l := learner(t, o, "a")
	return &shop{outboxes: o, t: t, learner: l, record: learn.NewRecorder(o.waiters, published{o.plan}, nil, nil)}
}

// step hands on the lines that were written, and lets the learner work.
func (s *shop) step() {
	s.t.Helper()
	for range 2 { // what it writes itself it reads the next time
		for _, l := range s.waiters.lines[s.written:] {
			e := veiviser.OutboxEntry{Entry: l.entry, Written: time.Now()}
			if l.entry.Promises() {
				e.Person = l.visitor
			}
			s.write(0, e)
		}
		s.written = len(s.waiters.lines)
		must(s.t, s.learner.Step(s.t.Context()))
	}
}

func (s *shop) event(typ, order string, at time.Time, promised time.Time) {
	s.t.Helper()
	e := veiviser.Event{ID: typ + order, VisitorID: "kari", Time: at, Type: typ, Subject: ebike, Attributes: map[string]string{"order": order}}
	if !promised.IsZero() {
		e.Attributes["promised"] = promised.Format(time.RFC3339)
	}
	results, err := s.record.Record(s.t.Context(), []veiviser.Event{e})
	must(s.t, err)
	if results[0].Err != nil {
		s.t.Fatal(results[0].Err)
	}
}

// open is how many cases the report shows open.
func (s *shop) open() int { return len(s.learner.Shown().Relationships.Cases.Open) }

// An order that is late opens its case although nobody meets her, once, whoever has the lease.
func TestLateOrderOpensItsCaseByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t)
		promised := time.Now().Add(time.Hour)
		s.event("purchase", "1", time.Now(), promised)
		s.event("purchase", "2", time.Now(), promised.Add(time.Hour))
		s.event("purchase", "3", time.Now(), promised.Add(2*time.Hour))
		s.step()
		time.Sleep(59 * time.Minute)
		if s.step(); s.open() != 0 {
			t.Fatal("a case before the order is late")
		}
		time.Sleep(2 * time.Minute)
		if s.step(); s.open() != 1 {
			t.Fatalf("%d cases when the order is late", s.open())
		}
		kept := s.waiters.visitors["kari"].Standing
		c := s.learner.Shown().Relationships.Cases.Open[0]
		if len(kept.Cases) != 1 || kept.Cases[0].ID != c.ID || c.Cause != veiviser.CaseLate || !c.Opened.Equal(promised) {
			t.Errorf("reported is %+v, kept %+v", c, kept.Cases)
		}
		if n := s.learner.Shown().Relationships.Deliveries; n != 1 {
			t.Errorf("%d late deliveries", n)
		}
		s.learner = learner(t, s.outboxes, "b") // the next order is looked after by another
		time.Sleep(time.Hour)
		if s.step(); s.open() != 2 {
			t.Errorf("%d cases after the second order is late, too", s.open())
		}
		s.event("delivery_confirmed", "3", time.Now(), time.Time{})
		time.Sleep(2 * time.Hour)
		if s.step(); s.open() != 2 {
			t.Errorf("%d cases though the third has arrived", s.open())
		}
	})
}

// History that is loaded tells of orders that should have arrived long ago, and then that they did.
func TestHistoryIsNoLateOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t)
		s.event("purchase", "1", time.Now().Add(-24*time.Hour), time.Now().Add(-12*time.Hour))
		s.step()
		time.Sleep(5 * time.Minute)
		if s.step(); s.open() != 0 {
			t.Fatal("a case before the rest of the history was told")
		}
		s.event("delivery_confirmed", "1", time.Now().Add(-13*time.Hour), time.Time{})
		time.Sleep(time.Hour)
		if s.step(); s.open() != 0 || s.learner.Shown().Relationships.Cases.Opened != 0 {
			t.Error("a case of an order that had arrived in time")
		}
	})
}

// One record that can not be read stops nothing; a store that is away is asked again.
func TestLookingAfterPeopleGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t)
		s.event("purchase", "1", time.Now(), time.Now().Add(time.Minute))
		s.step()
		time.Sleep(2 * time.Minute)
		s.waiters.onLoad = func(string) error { return away() }
		if err := s.learner.Step(t.Context()); err == nil {
			t.Error("nobody heard that the store is away")
		}
		s.waiters.onLoad = nil
		if s.step(); s.open() != 1 {
			t.Errorf("%d cases when the store is back", s.open())
		}
	})
}
