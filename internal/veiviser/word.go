package veiviser

import (
	"slices"
	"time"
)

// Retells reports whether one wish says anew what another said: both are words on her stage, and this one is about all that the
// other is about.
func (d *Directive) Retells(o *Directive) bool {
	return d.Kind.OnStage() && o.Kind.OnStage() && covers(d.Subject, o.Subject)
}

// covers reports whether a subject of a wish, "" for everything, is that of another or lies above it.
func covers(subject, other string) bool {
	return subject == "" || other != "" && SubjectMatches(subject, other)
}

// SaidSince are the subjects below that of Directives[at], a word on her stage, of which she said something else later that holds
// now: of these the later word is meant. There are none for other wishes.
func (s *Standing) SaidSince(at int, now time.Time) []string {
	d := &s.Directives[at]
	if !d.Kind.OnStage() {
		return nil
	}
	var subjects []string
	for i := at + 1; i < len(s.Directives); i++ {
		later := &s.Directives[i]
		if later.Binds(now) && d.Retells(later) && !later.Retells(d) && !slices.Contains(subjects, later.Subject) {
			subjects = append(subjects, later.Subject)
		}
	}
	return subjects
}
