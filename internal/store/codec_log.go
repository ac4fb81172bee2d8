package store

import "github.com/veiviser/veiviser/internal/veiviser"

const minLoggedChoice = 11

// encodeEntry writes one entry of the outbox.
func encodeEntry(e *veiviser.LogEntry) []byte {
	w := writer{buf: make([]byte, 0, 160)}
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

func (w *writer) logEntry(e *veiviser.LogEntry) {
	w.baseTime(e.Time)
	for _, m := range [...]*veiviser.Membership{&e.Before, &e.After} {
		w.bool(m.Known)
		w.strings(m.Segments)
		w.string(string(m.Stage))
	}
	w.bool(e.Event != nil)
	if v := e.Event; v != nil {
		for _, s := range [...]string{v.Type, v.Subject, v.Channel, v.ItemID, v.DecisionID, v.Placement, string(v.Kind), v.Format} {
			w.string(s)
		}
		w.float(v.Value)
	}
	w.bool(e.Served != nil)
	if d := e.Served; d != nil {
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
		}
		w.bool(d.Silent)
	}
}

func (r *reader) logEntry(e *veiviser.LogEntry) {
	e.Time = r.baseTime()
	for _, m := range [...]*veiviser.Membership{&e.Before, &e.After} {
		m.Known = r.bool()
		m.Segments = r.strings()
		m.Stage = veiviser.StandardStage(r.string())
	}
	if r.bool() {
		e.Event = &veiviser.LoggedEvent{
			Type: r.string(), Subject: r.string(), Channel: r.string(), ItemID: r.string(), DecisionID: r.string(),
			Placement: r.string(), Kind: veiviser.ItemKind(r.string()), Format: r.string(), Value: r.float(),
		}
	}
	if r.bool() {
		d := &veiviser.LoggedDecision{DecisionID: r.string(), Placement: r.string(), Channel: r.string()}
		if n := r.count(minLoggedChoice); n > 0 {
			d.Choices = make([]veiviser.LoggedChoice, n)
			for i := range d.Choices {
				d.Choices[i] = veiviser.LoggedChoice{
					ItemID: r.string(), Kind: veiviser.ItemKind(r.string()), Format: r.string(), Propensity: r.float(),
				}
			}
		}
		d.Silent = r.bool()
		e.Served = d
	}
}
