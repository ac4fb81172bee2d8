package store

import (
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// The least number of bytes that an element of a list takes.
const (
	minDirective = 6
	minConsent   = 5
	minContact   = 12
	minFact      = 9
	minCase      = 12
	minOrder     = 7 + bytesFloat
	minSwitch    = 13
	minResume    = 2 + bytesFloat
	minChange    = 5
	minStep      = 15 + bytesFloat
)

// standing writes s; nothing at all takes one byte.
func (w *writer) standing(s *veiviser.Standing) {
	if s.IsZero() {
		w.bool(false)
		return
	}
	w.bool(true)
	each(w, s.Directives, w.directive)
	each(w, s.Consents, w.consent)
	each(w, s.Contacts, w.contact)
	each(w, s.Facts, w.fact)
	each(w, s.Cases, w.kase)
	each(w, s.Orders, w.order)
	w.strings(s.Answered)
	r := &s.Relation
	w.string(r.Source)
	w.time(r.FirstOrder)
	w.time(r.Handover)
	w.uint(r.First)
	w.string(r.Rung)
	w.time(r.RungSince)
	w.string(s.Acquired.Source)
	w.strings(s.Acquired.Segments)
	w.recovering(&s.Recovery)
	w.string(s.Account)
	w.string(s.Role)
	w.strings(s.Audiences)
}

func (r *reader) standing(s *veiviser.Standing) {
	if r.version < 4 || !r.bool() {
		return
	}
	s.Directives = list(r, minDirective, r.directive)
	s.Consents = list(r, minConsent, r.consent)
	s.Contacts = list(r, minContact, r.contact)
	s.Facts = list(r, minFact, r.fact)
	s.Cases = list(r, minCase, r.kase)
	s.Orders = list(r, minOrder, r.order)
	s.Answered = r.strings()
	s.Relation = veiviser.Relation{
		Source: r.string(), FirstOrder: r.time(), Handover: r.time(), First: r.uint(), Rung: r.string(), RungSince: r.time(),
	}
	s.Acquired = veiviser.Acquired{Source: r.string(), Segments: r.strings()}
	r.recovering(&s.Recovery)
	s.Account, s.Role, s.Audiences = r.string(), r.string(), r.strings()
}

// customer notes of somebody who was kept before standings were that she has ordered: what she ordered then is not waited for.
func customer(v *veiviser.Visitor) {
	for i := range v.Counts {
		if c := &v.Counts[i]; c.Type == veiviser.EventPurchase && c.Count > 0 {
			v.Standing.Relation.FirstOrder, v.Standing.Relation.Handover = c.Last, c.Last
		}
	}
}

// each writes how many there are, and these.
func each[T any](w *writer, all []T, write func(*T)) {
	w.uint(uint64(len(all)))
	for i := range all {
		write(&all[i])
	}
}

// list reads what each wrote; nil for none.
func list[T any](r *reader, least int, read func(*T)) []T {
	n := r.count(least)
	if n == 0 {
		return nil
	}
	out := make([]T, n)
	for i := range out {
		read(&out[i])
	}
	return out
}

func (w *writer) directive(d *veiviser.Directive) {
	w.string(d.ID)
	w.string(string(d.Kind))
	w.string(d.Target)
	w.string(d.Subject)
	w.time(d.Created)
	w.time(d.Expires)
}

func (r *reader) directive(d *veiviser.Directive) {
	*d = veiviser.Directive{
		ID: r.string(), Kind: veiviser.DirectiveKind(r.string()), Target: r.string(), Subject: r.string(), Created: r.time(),
		Expires: r.time(),
	}
}

func (w *writer) consent(c *veiviser.Consent) {
	w.string(c.Purpose)
	w.bool(c.Granted)
	w.string(c.Version)
	w.time(c.Time)
	w.string(c.Source)
}

func (r *reader) consent(c *veiviser.Consent) {
	*c = veiviser.Consent{Purpose: r.string(), Granted: r.bool(), Version: r.string(), Time: r.time(), Source: r.string()}
}

func (w *writer) contact(c *veiviser.Contact) {
	w.time(c.Time)
	w.string(c.ItemID)
	w.string(string(c.Kind))
	w.strings(c.Topics)
	w.string(c.Channel)
	w.string(c.Placement)
	w.uint(uint64(c.Attention))
	w.uint(uint64(c.More))
	w.showing(c.Decision, c.Earlier, c.Until, c.Keep)
}

// showing writes what made a contact or a fact, and how long it lasts.
func (w *writer) showing(decision uint64, earlier []uint64, until, keep time.Time) {
	w.uint(decision)
	each(w, earlier, func(d *uint64) { w.uint(*d) })
	w.time(until)
	w.time(keep)
}

func (r *reader) showing(decision *uint64, earlier *[]uint64, until, keep *time.Time) {
	*decision = r.uint()
	*earlier = list(r, 1, func(d *uint64) { *d = r.uint() })
	*until, *keep = r.time(), r.time()
}

func (r *reader) contact(c *veiviser.Contact) {
	*c = veiviser.Contact{
		Time: r.time(), ItemID: r.string(), Kind: veiviser.ItemKind(r.string()), Topics: r.strings(), Channel: r.string(),
		Placement: r.string(), Attention: r.uint32(), More: r.uint32(),
	}
	r.showing(&c.Decision, &c.Earlier, &c.Until, &c.Keep)
}

func (w *writer) fact(f *veiviser.Fact) {
	w.string(f.Product)
	w.string(f.Item)
	w.string(f.Claim)
	w.string(f.Value)
	w.time(f.Time)
	w.showing(f.Decision, f.Earlier, f.Until, f.Keep)
}

func (r *reader) fact(f *veiviser.Fact) {
	*f = veiviser.Fact{Product: r.string(), Item: r.string(), Claim: r.string(), Value: r.string(), Time: r.time()}
	r.showing(&f.Decision, &f.Earlier, &f.Until, &f.Keep)
}

func (w *writer) kase(c *veiviser.Case) {
	for _, s := range [...]string{c.ID, string(c.Cause), c.Subject, c.Channel, string(c.Ladder)} {
		w.string(s)
	}
	for _, t := range [...]time.Time{c.Opened, c.Due, c.Answered, c.Resolved, c.Recovered} {
		w.time(t)
	}
	w.uint(c.Order)
	n := len(c.Shown)
	for n > 0 && c.Shown[n-1] == 0 {
		n--
	}
	each(w, c.Shown[:n], func(step *uint32) { w.uint(uint64(*step)) })
	w.uint(c.ShownBy)
}

func (r *reader) kase(c *veiviser.Case) {
	c.ID, c.Cause, c.Subject, c.Channel, c.Ladder = r.string(), veiviser.CaseCause(r.string()), r.string(), r.string(), veiviser.Group(r.string())
	for _, t := range [...]*time.Time{&c.Opened, &c.Due, &c.Answered, &c.Resolved, &c.Recovered} {
		*t = r.time()
	}
	c.Order = r.uint()
	copy(c.Shown[:], list(r, 1, func(step *uint32) { *step = r.uint32() }))
	c.ShownBy = r.uint()
}

// recovering writes as what she is counted who was let down; nothing takes one byte.
func (w *writer) recovering(x *veiviser.Recovering) {
	there := *x != veiviser.Recovering{}
	if w.bool(there); !there {
		return
	}
	w.string(string(x.Group))
	w.bool(x.Drawn)
	w.bool(x.Mixed)
	w.time(x.Began)
	w.time(x.Recovered)
	w.string(x.By)
}

func (r *reader) recovering(x *veiviser.Recovering) {
	if !r.bool() {
		return
	}
	x.Group, x.Drawn, x.Mixed, x.Began, x.Recovered, x.By = veiviser.Group(r.string()), r.bool(), r.bool(), r.time(), r.time(), r.string()
}

func (w *writer) order(o *veiviser.Order) {
	w.uint(o.ID)
	w.bool(o.Named)
	w.string(o.Subject)
	w.time(o.Placed)
	w.time(o.Promised)
	w.bool(o.Late)
	w.float(o.Value)
	w.time(o.Delivered)
	w.time(o.Returned)
}

func (r *reader) order(o *veiviser.Order) {
	*o = veiviser.Order{
		ID: r.uint(), Named: r.bool(), Subject: r.string(), Placed: r.time(), Promised: r.time(), Late: r.bool(), Value: r.float(),
		Delivered: r.time(), Returned: r.time(),
	}
}

// swtch writes a switch.
func (w *writer) swtch(s *veiviser.Switch) {
	for _, x := range [...]string{s.ID, s.Topic, s.Region, s.Segment, s.Statement, s.Author, s.Note} {
		w.string(x)
	}
	each(w, s.Resume, w.resume)
	w.int(int64(s.Stage))
	w.time(s.Created)
	w.time(s.Resumed)
	w.bool(s.Over)
	each(w, s.History, w.change)
}

func (r *reader) swtch(s *veiviser.Switch) {
	for _, x := range [...]*string{&s.ID, &s.Topic, &s.Region, &s.Segment, &s.Statement, &s.Author, &s.Note} {
		*x = r.string()
	}
	s.Resume = list(r, minResume, r.resume)
	s.Stage, s.Created, s.Resumed, s.Over = int(r.int()), r.time(), r.time(), r.bool()
	s.History = list(r, minChange, r.change)
}

func (w *writer) resume(s *veiviser.ResumeStage) {
	w.string(s.ID)
	w.uint(uint64(len(s.Kinds)))
	for _, k := range s.Kinds {
		w.string(string(k))
	}
	w.float(s.Share)
}

func (r *reader) resume(s *veiviser.ResumeStage) {
	s.ID = r.string()
	s.Kinds = list(r, 1, func(k *veiviser.ItemKind) { *k = veiviser.ItemKind(r.string()) })
	s.Share = r.float()
}

func (w *writer) change(c *veiviser.SwitchChange) {
	w.time(c.Time)
	w.string(c.Author)
	w.string(c.Note)
	w.int(int64(c.Stage))
	w.bool(c.Over)
}

func (r *reader) change(c *veiviser.SwitchChange) {
	*c = veiviser.SwitchChange{Time: r.time(), Author: r.string(), Note: r.string(), Stage: int(r.int()), Over: r.bool()}
}

func (w *writer) step(s *veiviser.Step) {
	for _, x := range [...]string{
		string(s.Kind), s.About, string(s.Cause), s.Subject, s.Channel, string(s.Group), s.Source, s.From, s.To,
	} {
		w.string(x)
	}
	w.time(s.At)
	w.int(int64(s.Took))
	w.strings(s.Segments)
	w.float(s.Value)
	w.bool(s.Late)
	w.bool(s.Drawn)
	w.bool(s.Undo)
}

func (r *reader) step(s *veiviser.Step) {
	*s = veiviser.Step{
		Kind: veiviser.StepKind(r.string()), About: r.string(), Cause: veiviser.CaseCause(r.string()), Subject: r.string(),
		Channel: r.string(), Group: veiviser.Group(r.string()), Source: r.string(), From: r.string(), To: r.string(),
		At: r.time(), Took: time.Duration(r.int()), Segments: r.strings(), Value: r.float(),
		Late: r.bool(), Drawn: r.bool(), Undo: r.bool(),
	}
}
