package relation

import (
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// About is what is known of an event's person beside her standing.
type About struct {
	// Nonce makes the ids of cases; see [veiviser.Loaded].
	Nonce uint64
	// Source is where the event says that she came from: a class of referrer, or else a channel; "" when it does not say.
	Source string
	// Segments are those she was in when it happened.
	Segments []string
}

// Fold lets an event happen to a standing, which it changes in place, and says what came of it. What the event is not about stays as
// it is; that the event was not folded before is for the caller to know.
//
//   - complaint opens a case about its subject, unless one about it is open.
//   - complaint_response says that a person answered: the cases about its subject, or else the oldest that waits for an answer.
//   - complaint_resolved puts right the cases about its subject; without a subject the oldest open one. It answers them, too.
//   - purchase is an order that is waited for (attributes "order", its id, and "promised"). Purchases with one order id are one.
//   - delivery_confirmed is the arrival of the order it names; without a name of the oldest about its subject, or else the oldest.
//   - delivery_failed opens a case for the order found likewise.
//   - return ends waiting for the order it names.
//
// An order that has not come when it was promised opens a case by itself, see [Settle]; when it turns out to have come in time after all,
// the case is closed as if it had never been. The first order is delivered right when it has arrived and no case about it is open: a late
// one when its case is put right, too. That a wrong delivery was put right says that she has got what she ordered, or her money.
// Whoever has returned her first order, or whose first order was lost sight of, is handed over with the next order that arrives right.
func Fold(p *Policy, s *veiviser.Standing, e *veiviser.Event, a *About) []veiviser.Step {
	f := &folding{policy: p, s: s, e: e, about: a, now: e.Time, nonce: a.Nonce}
	f.settle()
	if s.Relation.Source == "" {
		s.Relation.Source = a.Source
	}
	switch e.Type {
	case eventComplaint:
		f.open(veiviser.Case{Cause: veiviser.CaseComplaint, Subject: e.Subject, Opened: f.now, Order: f.named()})
	case eventResponse:
		f.answered()
	case eventResolved:
		f.resolved()
	case veiviser.EventPurchase:
		f.purchase()
	case eventConfirmed:
		f.confirmed()
	case eventFailed:
		f.failed()
	case eventReturn:
		f.returned()
	}
	f.recovered()
	return f.steps
}

// Settle opens the cases that time alone has opened: of orders that should have arrived by now. It is to be called whenever a person is
// written, so that the cases get their ids and are counted; until then [veiviser.Standing.OpenCases] counts them.
func Settle(p *Policy, s *veiviser.Standing, now time.Time, nonce uint64) []veiviser.Step {
	f := &folding{policy: p, s: s, e: &veiviser.Event{}, about: &About{}, now: now, nonce: nonce}
	f.settle()
	return f.steps
}

// folding is one event at work.
type folding struct {
	policy *Policy
	s      *veiviser.Standing
	e      *veiviser.Event
	about  *About
	now    time.Time
	nonce  uint64
	steps  []veiviser.Step
}

func (f *folding) step(s veiviser.Step) { f.steps = append(f.steps, s) }

func (f *folding) settle() {
	for i := range f.s.Orders {
		if o := &f.s.Orders[i]; o.Overdue(f.now) {
			o.Late = true
			f.open(veiviser.Case{Cause: veiviser.CaseLate, Subject: o.Subject, Opened: o.Promised, Order: o.ID})
		}
	}
}

// named is the ID of the order that the event names, 0 for none.
func (f *folding) named() uint64 { return veiviser.HashID(f.e.Attributes[attributeOrder]) }

// waited is the order of the event among those not arrived: the one it names, else the oldest about its subject, else, when it names
// none, the oldest; -1 for none.
func (f *folding) waited() int {
	outstanding := func(o veiviser.Order) bool { return o.Delivered.IsZero() }
	id := f.named()
	if i := slices.IndexFunc(f.s.Orders, func(o veiviser.Order) bool { return id != 0 && o.ID == id }); i >= 0 {
		return i
	}
	if i := slices.IndexFunc(f.s.Orders, func(o veiviser.Order) bool {
		return outstanding(o) && f.e.Subject != "" && o.Subject == f.e.Subject
	}); i >= 0 {
		return i
	}
	if id != 0 {
		return -1
	}
	return slices.IndexFunc(f.s.Orders, outstanding)
}

func (f *folding) purchase() {
	s, e, r := f.s, f.e, &f.s.Relation
	if r.FirstOrder.IsZero() {
		r.FirstOrder = f.now
		s.Acquired = slices.Clone(f.about.Segments)
		f.step(veiviser.Step{
			Kind: veiviser.StepFirstOrder, Subject: e.Subject, Channel: e.Channel, Source: r.Source, Segments: s.Acquired, Value: e.Value,
		})
	} else if took := max(f.now.Sub(r.FirstOrder), 0); took <= f.policy.Acquisition.Window {
		f.step(veiviser.Step{Kind: veiviser.StepWorth, Source: r.Source, Segments: s.Acquired, Value: e.Value, Took: took})
	}
	if !f.policy.Deliveries {
		return
	}
	o := veiviser.Order{ID: f.named(), Subject: e.Subject, Placed: f.now, Promised: f.policy.promised(e), Value: e.Value}
	if i := slices.IndexFunc(s.Orders, func(x veiviser.Order) bool { return o.ID != 0 && x.ID == o.ID }); i >= 0 {
		x := &s.Orders[i]
		x.Value += o.Value
		if o.Promised.After(x.Promised) {
			x.Promised = o.Promised
		}
		return
	}
	if o.ID == 0 {
		o.ID = veiviser.HashID("event\x00" + e.ID)
	}
	if len(s.Orders) >= veiviser.MaxOrders {
		i := max(slices.IndexFunc(s.Orders, func(x veiviser.Order) bool { return !f.first(&x) }), 0)
		s.Orders = slices.Delete(s.Orders, i, i+1)
	}
	s.Orders = append(s.Orders, o)
}

// first reports whether it is the first order of all.
func (f *folding) first(o *veiviser.Order) bool {
	return f.s.Relation.Handover.IsZero() && o.Placed.Equal(f.s.Relation.FirstOrder)
}

func (f *folding) confirmed() {
	i := f.waited()
	if i >= 0 {
		o := &f.s.Orders[i]
		if !f.now.After(o.Promised) {
			f.withdraw(o.ID)
		}
		o.Delivered = f.now
	}
	f.handOver(i >= 0 || f.named() == 0)
}

func (f *folding) failed() {
	c := veiviser.Case{Cause: veiviser.CaseWrong, Subject: f.e.Subject, Opened: f.now, Order: f.named()}
	if i := f.waited(); i >= 0 {
		o := &f.s.Orders[i]
		o.Late, c.Order = true, o.ID
		if c.Subject == "" {
			c.Subject = o.Subject
		}
	}
	f.open(c)
}

func (f *folding) returned() {
	id := f.named()
	f.s.Orders = slices.DeleteFunc(f.s.Orders, func(o veiviser.Order) bool { return id != 0 && o.ID == id })
}

// handOver drops the orders that have arrived, the first one only when it has arrived right: there acquisition ends. arrived says
// that an order has arrived just now.
func (f *folding) handOver(arrived bool) {
	r := &f.s.Relation
	right, seen := arrived && !f.pending(0), false
	for i := range f.s.Orders {
		if o := &f.s.Orders[i]; f.first(o) {
			right, seen = !o.Delivered.IsZero() && !f.pending(o.ID), true
		}
	}
	if right && !r.FirstOrder.IsZero() && r.Handover.IsZero() {
		r.Handover = f.now
		f.step(veiviser.Step{
			Kind: veiviser.StepHandover, Took: max(f.now.Sub(r.FirstOrder), 0), Source: r.Source, Segments: f.s.Acquired,
		})
		seen = false
	}
	f.s.Orders = slices.DeleteFunc(f.s.Orders, func(o veiviser.Order) bool {
		return !o.Delivered.IsZero() && !(seen && f.first(&o))
	})
}

// pending reports whether a case about an order is open; 0 is a delivery of any.
func (f *folding) pending(order uint64) bool {
	return slices.ContainsFunc(f.s.Cases, func(c veiviser.Case) bool {
		if order == 0 {
			return c.Open() && c.Cause != veiviser.CaseComplaint
		}
		return c.Open() && c.Order == order
	})
}
