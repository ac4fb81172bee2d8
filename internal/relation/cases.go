package relation

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"hash/fnv"
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// open opens a case, unless it is one with another that is open.
func (f *folding) open(c veiviser.Case) {
	if slices.ContainsFunc(f.s.Cases, func(x veiviser.Case) bool { return x.Open() && sameCase(&x, &c) }) {
		return
	}
	c.ID = caseID(f.nonce, f.e.ID, &c)
	c.Channel, c.Due = f.e.Channel, c.Opened.Add(f.policy.RespondWithin)
	if len(f.s.Cases) >= veiviser.MaxCases {
		i := slices.IndexFunc(f.s.Cases, func(x veiviser.Case) bool { return !x.Open() })
		if i < 0 {
			i = 0
			f.step(f.s.Cases[0].Closed())
		}
		f.s.Cases = slices.Delete(f.s.Cases, i, i+1)
	}
	f.s.Cases = append(f.s.Cases, c)
	f.step(veiviser.Step{
		Kind: veiviser.StepCaseOpened, About: c.ID, Cause: c.Cause, Subject: c.Subject, Channel: c.Channel, At: c.Due,
		Took: f.policy.RespondWithin,
	})
}

// sameCase reports whether two cases are one: of one cause, and about one order, or when either is about none, about one subject.
func sameCase(a, b *veiviser.Case) bool {
	if a.Cause != b.Cause {
		return false
	}
	if a.Order != 0 && b.Order != 0 {
		return a.Order == b.Order
	}
	return a.Subject == b.Subject
}

// ofOrder reports whether a case is about an order: about itself, or about no order and its subject.
func ofOrder(c *veiviser.Case, order uint64, subject string) bool {
	return c.Order == order || c.Order == 0 && c.Subject == subject
}

// caseID is a new id. The nonce is random and kept nowhere, so that nobody can find out whose a case is, or guess an id; the event,
// the cause and the order tell the cases apart that are opened at once.
func caseID(nonce uint64, event string, c *veiviser.Case) string {
	h := fnv.New64a()
	h.Write(binary.LittleEndian.AppendUint64(nil, c.Order)) // a hash never fails
	h.Write([]byte(string(c.Cause) + "\x00" + event))
	return hex.EncodeToString(binary.BigEndian.AppendUint64(nil, mix(mix(nonce)^h.Sum64())))
}

// mix spreads every bit over all (the finalizer of MurmurHash3, Appleby 2011).
func mix(x uint64) uint64 {
	x = (x ^ x>>33) * 0xff51afd7ed558ccd
	x = (x ^ x>>33) * 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// concerned are the open cases that the event is about: the one it names; or else those of the order it names; or else those about its
// subject, or when there is none, about what lies below or above it; or else, when it says nothing, the oldest that may be.
func (f *folding) concerned(may func(*veiviser.Case) bool) []*veiviser.Case {
	about, most := f.aim(), len(f.s.Cases)
	if about == nil {
		about, most = may, 1
	}
	var out []*veiviser.Case
	for i := range f.s.Cases {
		if c := &f.s.Cases[i]; c.Open() && about(c) && len(out) < most {
			out = append(out, c)
		}
	}
	return out
}

// aim tells which cases the event says it is about; nil when it does not say.
func (f *folding) aim() func(*veiviser.Case) bool {
	id, order, subject := f.e.Attributes[attributeCase], named(f.e), f.e.Subject
	switch {
	case id != "":
		return func(c *veiviser.Case) bool { return c.ID == id }
	case order != 0:
		if o := f.meant(anyOrder); o != nil { // it may have been bought without a name
			order, subject = o.ID, cmp.Or(subject, o.Subject)
		}
		return func(c *veiviser.Case) bool { return ofOrder(c, order, subject) }
	case subject == "":
		return nil
	}
	exact := func(c *veiviser.Case) bool { return c.Subject == subject }
	if slices.ContainsFunc(f.s.Cases, func(c veiviser.Case) bool { return c.Open() && exact(&c) }) {
		return exact
	}
	return func(c *veiviser.Case) bool {
		return veiviser.SubjectMatches(subject, c.Subject) || veiviser.SubjectMatches(c.Subject, subject)
	}
}

func waits(c *veiviser.Case) bool { return c.Answered.IsZero() }

// answered notes that a person answered.
func (f *folding) answered() {
	for _, c := range f.concerned(waits) {
		if waits(c) {
			f.answer(c)
		}
	}
}

func (f *folding) answer(c *veiviser.Case) {
	c.Answered = later(f.now, c.Opened)
	f.step(veiviser.Step{
		Kind: veiviser.StepCaseAnswered, About: c.ID, Cause: c.Cause, Subject: c.Subject, Channel: f.e.Channel, At: c.Due,
		Took: c.Answered.Sub(c.Opened), Late: c.Answered.After(c.Due),
	})
}

// resolved notes that cases were put right. What is put right at once is recovered from once: the oldest of the cases stands for all.
func (f *folding) resolved() {
	for i, c := range f.concerned((*veiviser.Case).Open) {
		f.resolve(c, i == 0)
	}
}

func (f *folding) resolve(c *veiviser.Case, recovers bool) {
	if waits(c) {
		f.answer(c)
	}
	c.Resolved = later(f.now, c.Opened)
	f.step(veiviser.Step{
		Kind: veiviser.StepCaseResolved, About: c.ID, Cause: c.Cause, Subject: c.Subject, Channel: f.e.Channel, At: c.Due,
		Took: c.Resolved.Sub(c.Opened),
	})
	if recovers {
		f.leadBack(c)
	}
	if c.Cause != veiviser.CaseWrong {
		return
	}
	for i := range f.s.Orders {
		if o := &f.s.Orders[i]; o.ID == c.Order && o.Delivered.IsZero() {
			o.Delivered = c.Resolved
		}
	}
}

// leadBack begins the recovery of a case. Its group is the one of her recoveries before it, or else a draw, and by the first she is
// counted, once: steps work on a person, not on a case. Were each case drawn for itself, many of the control would come back for the
// steps of another case, and the effect would look smaller than it is; were each counted, who complains often would count as many.
// Without a control everybody is led back: who was of the control until then is of neither group.
func (f *folding) leadBack(c *veiviser.Case) {
	r, control := &f.s.Recovery, *f.policy.Recovery.Control
	switch {
	case r.Group != veiviser.GroupUnknown && control > 0:
		c.Ladder = r.Group
	case share(c.ID) < control:
		c.Ladder = veiviser.GroupControl
	default:
		c.Ladder = veiviser.GroupTreated
	}
	switch {
	case r.Group == veiviser.GroupUnknown:
		*r = veiviser.Recovering{Group: c.Ladder, Drawn: control > 0 && control < 1, Began: c.Resolved}
		f.step(r.Begun())
	case c.Ladder != r.Group && f.within(r.Began, c.Resolved):
		f.uncount()
	}
}

// uncount takes somebody out of the comparison whose group is no longer one.
func (f *folding) uncount() {
	r := &f.s.Recovery
	if !r.Counts() {
		return
	}
	f.step(veiviser.Undone(r.Begun()))
	if !r.Recovered.IsZero() {
		f.step(veiviser.Undone(r.CameBack()))
	}
	r.Mixed = true
}

// within reports whether something happened after a case was put right, and before its recovery was over.
func (f *folding) within(resolved, at time.Time) bool {
	return at.After(resolved) && at.Sub(resolved) <= f.policy.Recovery.Window
}

// share is a number in [0, 1) that the id of a case stands for.
func share(id string) float64 { return float64(mix(veiviser.HashID(id))>>11) / (1 << 53) }

// recovered notes that she came back by what she did at a moment, after cases that were put right before it.
func (f *folding) recovered(by string, at time.Time) {
	if !slices.Contains(f.policy.Recovery.Outcomes, by) {
		return
	}
	for i := range f.s.Cases {
		if c := &f.s.Cases[i]; !c.Open() && c.Ladder != veiviser.GroupUnknown && c.Recovered.IsZero() && f.within(c.Resolved, at) {
			c.Recovered = at
		}
	}
	if r := &f.s.Recovery; r.Counts() && r.Recovered.IsZero() && f.within(r.Began, at) {
		r.Recovered, r.By = at, by
		f.step(r.CameBack())
	}
}

// ordered notes that she came back by orders of which it was not known then: her other identity placed them, or the case was said to be
// put right after them.
func (f *folding) ordered() {
	for i := range f.s.Orders {
		if o := &f.s.Orders[i]; !o.Placed.IsZero() {
			f.recovered(veiviser.EventPurchase, o.Placed)
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
