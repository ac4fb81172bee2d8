package store

import (
	"math"
	"slices"

	"github.com/veiviser/veiviser/internal/veiviser"
)

const minLoggedChoice = 11

// encodeEntry writes one entry of the outbox.
func encodeEntry(e *veiviser.LogEntry) []byte {
	size := 160
	if e.Served != nil || e.Event != nil && e.Event.Decision != nil {
		size = 480
	}
	w := writer{buf: make([]byte, 0, size)}
	w.byte(codecVersion)
	w.logEntry(e)
	w.seal(0)
	return w.buf
}

// decodeEntry reads what encodeEntry wrote.
func decodeEntry(s string) (veiviser.LogEntry, error) {
	body, err := unseal(s)
	if err != nil {
		return veiviser.LogEntry{}, corrupt(err)
	}
	return decodeEntryBody(body)
}

func decodeEntryBody(body string) (veiviser.LogEntry, error) {
	r := reader{s: body}
	if !r.payload() {
		return veiviser.LogEntry{}, corrupt(errVersion)
	}
	var e veiviser.LogEntry
	r.logEntry(&e)
	if err := r.done(); err != nil {
		return veiviser.LogEntry{}, corrupt(err)
	}
	return e, nil
}

// membershipSame stands where a membership begins, for one that is as the one before it.
const membershipSame = 2

func sameMembership(a, b *veiviser.Membership) bool {
	return a.Known == b.Known && a.Stage == b.Stage && slices.Equal(a.Segments, b.Segments)
}

func (w *writer) membership(m *veiviser.Membership) {
	w.bool(m.Known)
	w.strings(m.Segments)
	w.string(string(m.Stage))
}

func (r *reader) membership(m *veiviser.Membership) {
	m.Known = r.bool()
	m.Segments = r.strings()
	m.Stage = veiviser.StandardStage(r.string())
}

func (w *writer) logEntry(e *veiviser.LogEntry) {
	w.baseTime(e.Time)
	w.membership(&e.Before)
	if sameMembership(&e.Before, &e.After) { // the common case
		w.byte(membershipSame)
	} else {
		w.membership(&e.After)
	}
	w.bool(e.Event != nil)
	if v := e.Event; v != nil {
		for _, s := range [...]string{v.Type, v.Subject, v.Channel, v.ItemID, v.DecisionID, v.Placement, string(v.Kind), v.Format} {
			w.string(s)
		}
		w.float(v.Value)
		w.bool(v.Decision != nil)
		if v.Decision != nil {
			w.loggedDecision(v.Decision)
		}
		w.int(int64(v.Choice))
		w.bool(v.Late)
		w.string(v.Region)
		w.bool(v.Again)
		w.uint(v.Whose)
	}
	w.bool(e.Served != nil)
	if e.Served != nil {
		w.loggedDecision(e.Served)
	}
	each(w, e.Steps, w.step)
}

func (r *reader) logEntry(e *veiviser.LogEntry) {
	e.Time = r.baseTime()
	r.membership(&e.Before)
	if r.version >= 3 && r.left() > 0 && r.s[r.pos] == membershipSame {
		r.pos++
		e.After = e.Before
		e.After.Segments = slices.Clone(e.Before.Segments)
	} else {
		r.membership(&e.After)
	}
	if r.bool() {
		e.Event = new(veiviser.LoggedEvent)
		r.loggedEvent(e.Event)
	}
	if r.bool() {
		e.Served = new(veiviser.LoggedDecision)
		r.loggedDecision(e.Served)
	}
	if r.version >= 4 {
		e.Steps = list(r, minStep, r.step)
	}
}

func (r *reader) loggedEvent(v *veiviser.LoggedEvent) {
	*v = veiviser.LoggedEvent{
		Type: r.string(), Subject: r.string(), Channel: r.string(), ItemID: r.string(), DecisionID: r.string(),
		Placement: r.string(), Kind: veiviser.ItemKind(r.string()), Format: r.string(), Value: r.float(),
	}
	if r.version < 3 {
		return
	}
	if r.bool() {
		v.Decision = new(veiviser.LoggedDecision)
		r.loggedDecision(v.Decision)
	}
	v.Choice = int(r.int())
	v.Late = r.bool()
	if r.version >= 4 {
		v.Region, v.Again, v.Whose = r.string(), r.bool(), r.uint()
	}
}

func (w *writer) loggedDecision(d *veiviser.LoggedDecision) {
	w.string(d.DecisionID)
	w.string(d.Placement)
	w.string(d.Channel)
	w.uint(uint64(len(d.Choices)))
	for i := range d.Choices {
		c := &d.Choices[i]
		w.string(c.ItemID)
		w.string(string(c.Kind))
		w.string(c.Format)
		w.float(c.Propensity)
		w.strings(c.Topics)
		w.float(c.Mean)
	}
	w.bool(d.Silent)
	w.bool(d.Fallback)
	w.time(d.Time)
	w.time(d.Made)
	for _, s := range [...]string{
		string(d.Group), string(d.Exploration), d.Subject, d.Device, d.Language, d.Journey, d.NeedSubject, string(d.Stage),
	} {
		w.string(s)
	}
	w.belief(&d.ByStage)
	w.float(d.Value)
	w.strings(d.Segments)
	w.terms(&d.Terms)
	w.uint(uint64(d.Counted))
	w.number(d.Worth)
	w.bool(d.Staff)
}

func (r *reader) loggedDecision(d *veiviser.LoggedDecision) {
	d.DecisionID, d.Placement, d.Channel = r.string(), r.string(), r.string()
	if n := r.count(minLoggedChoice); n > 0 {
		d.Choices = make([]veiviser.LoggedChoice, n)
		for i := range d.Choices {
			c := &d.Choices[i]
			c.ItemID, c.Kind, c.Format, c.Propensity = r.string(), veiviser.ItemKind(r.string()), r.string(), r.float()
			if r.version >= 3 {
				c.Topics, c.Mean = r.strings(), r.float()
			}
		}
	}
	d.Silent = r.bool()
	if r.version < 3 {
		return
	}
	d.Fallback = r.bool()
	d.Time, d.Made = r.time(), r.time()
	d.Group, d.Exploration = veiviser.Group(r.string()), veiviser.ExplorationState(r.string())
	d.Subject, d.Device, d.Language = r.string(), r.string(), r.string()
	d.Journey, d.NeedSubject = r.string(), r.string()
	d.Stage = veiviser.StandardStage(r.string())
	r.belief(&d.ByStage)
	d.Value = r.float()
	d.Segments = r.strings()
	r.terms(&d.Terms)
	d.Counted = r.uint32()
	d.Worth = r.number()
	if r.version >= 4 {
		d.Staff = r.bool()
	}
}

// belief writes only what is not zero: without a need all of it is.
func (w *writer) belief(p *[veiviser.NumStandardStages]float64) {
	bits := byte(0)
	for i, f := range p {
		if math.Float64bits(f) != 0 {
			bits |= 1 << i
		}
	}
	w.byte(bits)
	for _, f := range p {
		if math.Float64bits(f) != 0 {
			w.float(f)
		}
	}
}

func (r *reader) belief(p *[veiviser.NumStandardStages]float64) {
	bits := r.byte()
	for i := range p {
		if bits>>i&1 == 1 {
			p[i] = r.float()
		}
	}
}
