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
//   - complaint opens a case about its subject, or about the order it names, unless one is open that she complained about.
//   - complaint_response says that a person answered the cases it is about, complaint_resolved that they were put right, which answers
//     them, too. They are about the case they name (attribute "case"); or else all cases of the order they name; or else all about their
//     subject; or else the oldest one that it can be said of.
//   - purchase is an order that is waited for (attributes "order", its id, and "promised"). Of an order that was told before it tells
//     nothing new but a later promise, see [ToldBefore].
//   - delivery_confirmed is the arrival of the order it names; without a name of the oldest about its subject, or else the oldest.
//   - delivery_failed opens a case for the order found likewise, unless one is open that it had failed.
//   - return is the end of the order found likewise; what has arrived is meant before what has not. It
//     takes back what the order was worth.
//
// What is heard of an order counts once, and in whatever order it is heard; its id tells that it is the same, as long as it is
// remembered.
//
// An order that has not come when it was promised opens a case by itself, see [Settle]; when it turns out to have come in time after all,
// that case is closed as if it had never been. The first order is delivered right when it has arrived and no case about it, or about its
// subject, is open: a late one when its case is put right, too. That a wrong delivery was put right says that she has got what she
// ordered, or her money. Where she does not wait for her first order any more without having got it (she has returned it, or it was lost
// sight of), any other that arrives right stands for it.
func Fold(p *Policy, s *veiviser.Standing, e *veiviser.Event, a *About) []veiviser.Step {
	f := &folding{policy: p, s: s, e: e, about: a, now: e.Time, nonce: a.Nonce}
	promised := s.NextPromise()
	f.settle()
	if s.Relation.Source == "" {
		s.Relation.Source = a.Source
	}
	if ToldBefore(s, e) {
		f.promisedAnew()
	} else {
		f.happen()
	}
	f.ordered()
	f.handOver()
	f.waitsNow(promised)
	return f.steps
}

// happen lets happen what the event tells of.
func (f *folding) happen() {
	switch e := f.e; e.Type {
	case eventComplaint:
		f.open(veiviser.Case{Cause: veiviser.CaseComplaint, Subject: e.Subject, Opened: f.now, Order: named(e)})
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
	f.recovered(f.e.Type, f.now)
}

// Settle opens the cases that time alone has opened: of orders that should have arrived by now. It is to be called whenever a person is
// written, so that the cases get their ids and are counted; until then [veiviser.Standing.OpenCases] counts them.
func Settle(p *Policy, s *veiviser.Standing, now time.Time, nonce uint64) []veiviser.Step {
	f := &folding{policy: p, s: s, e: &veiviser.Event{}, about: &About{}, now: now, nonce: nonce}
	promised := s.NextPromise()
	f.settle()
	f.waitsNow(promised)
	return f.steps
}

// Together sees what only the identities that became one know together: that the first order has arrived right, and that she came back
// after something was put right. [veiviser.JoinedSteps] tells the learner of it.
func Together(p *Policy, s *veiviser.Standing) {
	f := &folding{policy: p, s: s, e: &veiviser.Event{}, about: &About{}}
	f.ordered()
	was := s.Relation.Handover
	s.Relation.Handover = time.Time{}
	f.handOver()
	if !was.IsZero() {
		s.Relation.Handover = earliest(s.Relation.Handover, was)
	}
}

// Settled is a standing as it is to be seen at a moment: with the cases that time alone has opened by then, which have no ids until
// they are kept. s is not changed.
func Settled(p *Policy, s *veiviser.Standing, now time.Time) veiviser.Standing {
	seen := s.Clone()
	Settle(p, &seen, now, 0)
	for i := range seen.Cases {
		c := &seen.Cases[i]
		if !slices.ContainsFunc(s.Cases, func(x veiviser.Case) bool { return x.ID == c.ID }) {
			c.ID = ""
		}
	}
	return seen
}

// waitsNow tells when the next order should arrive, unless that is as it was.
func (f *folding) waitsNow(was time.Time) {
	if next := f.s.NextPromise(); !next.Equal(was) {
		f.step(veiviser.Step{Kind: veiviser.StepPromised, At: next})
	}
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

// purchase is an order heard of for the first time, though it may be known already to have arrived, failed or come back.
func (f *folding) purchase() {
	o := known(f.s, f.e)
	if o == nil {
		o = f.hearOf()
	}
	o.Placed, o.Value = f.now, f.e.Value
	if f.e.Subject != "" {
		o.Subject = f.e.Subject
	}
	if f.policy.Deliveries {
		o.Promised = f.policy.promised(f.e)
	}
	f.bought(o)
	f.settle()
}

// bought counts an order for what first-time customers bring.
func (f *folding) bought(o *veiviser.Order) {
	s, r := f.s, &f.s.Relation
	if r.FirstOrder.IsZero() {
		r.FirstOrder, r.First = f.now, o.ID
		s.Acquired = veiviser.Acquired{Source: r.Source, Segments: slices.Clone(f.about.Segments)}
		first := s.FirstOrdered()
		first.Subject, first.Channel, first.Value = f.e.Subject, f.e.Channel, o.Value
		f.step(first)
	} else {
		f.step(s.WorthOf(o))
	}
	if !o.Returned.IsZero() {
		f.tookBack(o)
	}
}

// tookBack counts out an order that came back, on the day on which it was counted.
func (f *folding) tookBack(o *veiviser.Order) {
	if o.Value == 0 {
		return
	}
	f.step(veiviser.Step{Kind: veiviser.StepReturned, Value: o.Value})
	f.step(veiviser.Undone(f.s.WorthOf(o)))
}

// promisedAnew takes the later promise of an order that is waited for, when it is told of once more.
func (f *folding) promisedAnew() {
	o := known(f.s, f.e)
	if t, ok := promise(f.e); ok && !o.Promised.IsZero() && t.After(o.Promised) {
		o.Promised = t
		f.inTime(o)
	}
}

func (f *folding) confirmed() {
	o := f.meant(f.outstanding)
	if o == nil {
		o = f.hearOf()
	}
	o.Delivered = earliest(o.Delivered, f.now)
	f.inTime(o)
}

// inTime closes the cases of an order that was not late after all.
func (f *folding) inTime(o *veiviser.Order) {
	for _, c := range inTime(f.s, o) {
		f.step(c.Closed())
	}
}

func (f *folding) failed() {
	c := veiviser.Case{Cause: veiviser.CaseWrong, Subject: f.e.Subject, Opened: f.now}
	o := f.meant(f.outstanding)
	if o == nil && named(f.e) != 0 {
		o = f.hearOf()
	}
	if o != nil {
		o.Late, c.Order = true, o.ID
		if c.Subject == "" {
			c.Subject = o.Subject
		}
	}
	f.open(c)
}

func (f *folding) returned() {
	o := f.meant(arrived, f.outstanding)
	if o == nil && named(f.e) != 0 {
		o = f.hearOf()
	}
	if o != nil {
		again := !o.Returned.IsZero()
		o.Returned = earliest(o.Returned, f.now)
		if !again && !o.Placed.IsZero() {
			f.tookBack(o)
		}
		f.inTime(o)
	}
}

// handOver ends acquisition when the first order was delivered right.
func (f *folding) handOver() {
	r := &f.s.Relation
	if r.FirstOrder.IsZero() || !r.Handover.IsZero() {
		return
	}
	o := f.first()
	if o == nil {
		return
	}
	r.Handover = o.Delivered
	for i := range f.s.Cases { // what was open then had to be put right first
		if c := &f.s.Cases[i]; ofOrder(c, o.ID, o.Subject) && !c.Opened.After(o.Delivered) {
			r.Handover = later(r.Handover, c.Resolved)
		}
	}
	f.step(f.s.HandedOver())
}

// first is the first order when it was delivered right, or what stands for it when she does not wait for it any more; nil for none.
func (f *folding) first() *veiviser.Order {
	var right *veiviser.Order
	for i := range f.s.Orders {
		o := &f.s.Orders[i]
		ok := arrived(o) && !f.pending(o)
		switch {
		case o.ID == f.s.Relation.First && !o.Promised.IsZero() && o.Returned.IsZero():
			if ok {
				return o
			}
			return nil
		case ok && right == nil:
			right = o
		}
	}
	return right
}

// pending reports whether a case about an order, or about its subject, is open.
func (f *folding) pending(o *veiviser.Order) bool {
	return slices.ContainsFunc(f.s.Cases, func(c veiviser.Case) bool { return c.Open() && ofOrder(&c, o.ID, o.Subject) })
}
