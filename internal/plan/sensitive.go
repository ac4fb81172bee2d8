package plan

import "github.com/veiviser/veiviser/internal/veiviser"

// sensitive is what a plan calls sensitive, by name; nil maps when nothing is.
type sensitive struct {
	segments, weights map[string]bool
	signals           map[signalKey]bool
}

type signalKey struct{ journey, signal string }

// sensitiveOf gathers what a plan calls sensitive: segments, signals, and weights that are for a sensitive segment.
func sensitiveOf(p *veiviser.Plan) sensitive {
	var s sensitive
	for i := range p.Segments {
		if p.Segments[i].Sensitive {
			s.segments = note(s.segments, p.Segments[i].ID)
		}
	}
	for i := range p.Policy.Weights {
		if w := &p.Policy.Weights[i]; s.segments[w.Segment] {
			s.weights = note(s.weights, w.Name)
		}
	}
	for i := range p.Journeys {
		for k := range p.Journeys[i].Signals {
			if sig := &p.Journeys[i].Signals[k]; sig.Sensitive {
				s.signals = note(s.signals, signalKey{p.Journeys[i].ID, sig.ID})
			}
		}
	}
	return s
}

func note[K comparable](m map[K]bool, key K) map[K]bool {
	if m == nil {
		m = map[K]bool{}
	}
	m[key] = true
	return m
}

// Sensitive reports whether the plan calls anything sensitive.
func (s *Snapshot) Sensitive() bool { return len(s.sensitive.segments)+len(s.sensitive.signals) > 0 }

// SensitiveSegment reports whether membership of a segment is not to be spoken of.
func (s *Snapshot) SensitiveSegment(id string) bool { return s.sensitive.segments[id] }

// SensitiveWeight reports whether a weight, by its name, is for a segment that is not to be spoken of.
func (s *Snapshot) SensitiveWeight(name string) bool { return s.sensitive.weights[name] }

// SensitiveSignal reports whether a signal of a journey is not to be spoken of.
func (s *Snapshot) SensitiveSignal(journey, signal string) bool {
	return s.sensitive.signals[signalKey{journey, signal}]
}
