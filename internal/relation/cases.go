package relation

import (
	"encoding/binary"
	"encoding/hex"
	"hash/fnv"
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// open opens a case, unless one about the same order or subject is open.
func (f *folding) open(c veiviser.Case) {
	if slices.ContainsFunc(f.s.Cases, func(x veiviser.Case) bool {
		return x.Open() && (c.Order != 0 && x.Order == c.Order || x.Subject == c.Subject && (c.Order == 0 || x.Order == 0))
	}) {
		return
	}
	c.ID = caseID(f.nonce, f.e.ID, c.Order)
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

// caseID is a new id. The nonce is random and kept nowhere, so that nobody can find out whose a case is, or guess an id; the event
// and the order tell the cases apart that are opened at once.
func caseID(nonce uint64, event string, order uint64) string {
	h := fnv.New64a()
	h.Write(binary.LittleEndian.AppendUint64(nil, order)) // a hash never fails
	h.Write([]byte(event))
	return hex.EncodeToString(binary.BigEndian.AppendUint64(nil, mix(mix(nonce)^h.Sum64())))
}

// mix spreads every bit over all (the finalizer of MurmurHash3, Appleby 2011).
func mix(x uint64) uint64 {
	x = (x ^ x>>33) * 0xff51afd7ed558ccd
	x = (x ^ x>>33) * 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// answered notes that a person answered.
func (f *folding) answered() {
	found := false
	for i := range f.s.Cases {
		if c := &f.s.Cases[i]; c.Open() && c.Answered.IsZero() && f.e.Subject != "" && c.Subject == f.e.Subject {
			f.answer(c)
			found = true
		}
	}
	if found {
		return
	}
	for i := range f.s.Cases {
		if c := &f.s.Cases[i]; c.Open() && c.Answered.IsZero() {
			f.answer(c)
			return
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

// resolved puts right the cases about the subject, or what lies below or above it; without a subject the oldest.
func (f *folding) resolved() {
	exact := slices.ContainsFunc(f.s.Cases, func(c veiviser.Case) bool { return c.Open() && c.Subject == f.e.Subject })
	for i := range f.s.Cases {
		c := &f.s.Cases[i]
		switch {
		case !c.Open():
			continue
		case f.e.Subject == "":
			f.resolve(c)
			f.handOver(false)
			return
		case c.Subject == f.e.Subject,
			!exact && (veiviser.SubjectMatches(f.e.Subject, c.Subject) || veiviser.SubjectMatches(c.Subject, f.e.Subject)):
			f.resolve(c)
		}
	}
	f.handOver(false)
}

func (f *folding) resolve(c *veiviser.Case) {
	if c.Answered.IsZero() {
		f.answer(c)
	}
	c.Resolved = later(f.now, c.Opened)
	c.Ladder = f.group(c)
	f.step(veiviser.Step{
		Kind: veiviser.StepCaseResolved, About: c.ID, Cause: c.Cause, Subject: c.Subject, Channel: f.e.Channel, At: c.Due,
		Took: c.Resolved.Sub(c.Opened), Group: c.Ladder,
	})
	if c.Cause != veiviser.CaseWrong {
		return
	}
	for i := range f.s.Orders {
		if o := &f.s.Orders[i]; o.ID == c.Order && o.Delivered.IsZero() {
			o.Delivered = c.Resolved
		}
	}
}

// group is that of the recovery of a case: the one of her recoveries before it, or else a draw. Steps work on a person, not on a case:
// were each case drawn for itself, many of the control would come back for the steps of another case, and the effect would look
// smaller than it is. Without a control everybody is led back.
func (f *folding) group(c *veiviser.Case) veiviser.Group {
	control := *f.policy.Recovery.Control
	for i := range f.s.Cases {
		if g := f.s.Cases[i].Ladder; g != veiviser.GroupUnknown && control > 0 {
			return g
		}
	}
	if share(c.ID) < control {
		return veiviser.GroupControl
	}
	return veiviser.GroupTreated
}

// share is a number in [0, 1) that the id of a case stands for.
func share(id string) float64 { return float64(mix(veiviser.HashID(id))>>11) / (1 << 53) }

// withdraw closes the case of an order that was not late after all.
func (f *folding) withdraw(order uint64) {
	f.s.Cases = slices.DeleteFunc(f.s.Cases, func(c veiviser.Case) bool {
		if !c.Open() || c.Cause != veiviser.CaseLate || c.Order != order {
			return false
		}
		f.step(c.Closed())
		return true
	})
}

// recovered notes that she came back after a case was put right.
func (f *folding) recovered() {
	if !slices.Contains(f.policy.Recovery.Outcomes, f.e.Type) {
		return
	}
	for i := range f.s.Cases {
		c := &f.s.Cases[i]
		if c.Open() || !c.Recovered.IsZero() || !f.now.After(c.Resolved) || f.now.Sub(c.Resolved) > f.policy.Recovery.Window {
			continue
		}
		c.Recovered = f.now
		f.step(veiviser.Step{
			Kind: veiviser.StepRecovered, About: c.ID, Cause: c.Cause, Subject: c.Subject, Group: c.Ladder, To: f.e.Type,
			Took: f.now.Sub(c.Resolved),
		})
	}
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
