package plan

import (
	"slices"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Binds reports whether nothing is sold anywhere to whoever was seen as one of an audience.
func (s *Snapshot) Binds(audience string) bool {
	return slices.ContainsFunc(s.Plan.Audiences, func(a veiviser.Audience) bool { return a.ID == audience && a.BindsHer() })
}

// UnknownAudience says what is wrong with an audience that an event names, "" for nothing. Where the plan declares no audiences the
// word is a fact like any other, and any is right.
func (s *Snapshot) UnknownAudience(audience string) string {
	if audience == "" || audience == veiviser.LeaveAudience || len(s.Plan.Audiences) == 0 {
		return ""
	}
	return wrongWord("audience", audience, audienceNames())
}

// wrongWord says that a word is none of those known, and which may be meant; "" when it is one.
func wrongWord(what, word string, known []string) string {
	if slices.Contains(known, word) {
		return ""
	}
	return unknown(what, word, known)
}
