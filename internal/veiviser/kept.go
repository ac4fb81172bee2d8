package veiviser

import (
	"slices"
	"time"
)

// KeepEndless is how long what binds and has no end of its own still binds when nothing else is remembered of a person: five
// years. It counts from when the rest is forgotten, and anew when she is met.
const KeepEndless = 5 * 365 * 24 * time.Hour

// Kept is what stays of the visitor when what is remembered of her is forgotten at a moment, and until when: her identities, her
// group, and of her standing what binds then. That are wishes that bar something, refusals, open cases, and orders that are waited
// for with the phase she is in. It is nil when nothing binds. It may share with v.
func (v *Visitor) Kept(at time.Time) (kept *Visitor, until time.Time) {
	s := &v.Standing
	d := those(s.Directives, func(d *Directive) bool { return d.Kind != CorrectStage && d.Binds(at) })
	refused := those(s.Consents, s.refuses)
	open := those(s.Cases, (*Case).Open)
	waited := those(s.Orders, (*Order).Waited)
	if len(d)+len(refused)+len(open)+len(waited) == 0 {
		return nil, time.Time{}
	}
	kept = &Visitor{ID: v.ID, LinkedIDs: v.LinkedIDs, Group: v.Group}
	kept.Standing = Standing{Directives: d, Consents: refused, Cases: open, Orders: waited}
	endless := at.Add(KeepEndless)
	if len(open)+len(waited) > 0 {
		kept.Standing.Relation, kept.Standing.Recovery = v.Unprofiled().Standing.Relation, s.Recovery
		until = endless
	}
	if len(refused) > 0 {
		until = endless
	}
	for i := range d {
		end := d[i].Expires
		if end.IsZero() {
			end = endless
		}
		if end.After(until) {
			until = end
		}
	}
	return kept, until
}

// refuses reports whether a consent of the standing is a refusal, and her last word on its purpose.
func (s *Standing) refuses(c *Consent) bool {
	if c.Granted {
		return false
	}
	for i := range slices.Backward(s.Consents) {
		if s.Consents[i].Purpose == c.Purpose {
			return &s.Consents[i] == c
		}
	}
	return false
}

// those are the elements that are wanted; nil for none.
func those[T any](all []T, wanted func(*T) bool) []T {
	var out []T
	for i := range all {
		if wanted(&all[i]) {
			out = append(out, all[i])
		}
	}
	return out
}
