package plan

import (
	"slices"

	"github.com/veiviser/veiviser/internal/eligible"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// UnknownStage says what is wrong with the name of a stage that a customer gives, "" when nothing is: it is a standard stage, or
// one of a customers' journey of the plan.
func (s *Snapshot) UnknownStage(name string) string {
	known := stageNames()
	for i := range s.Plan.Journeys {
		j := &s.Plan.Journeys[i]
		if j.Audience != "" && j.Audience != veiviser.AudienceCustomer {
			continue
		}
		for k := range j.Stages {
			if !slices.Contains(known, j.Stages[k].ID) {
				known = append(known, j.Stages[k].ID)
			}
		}
	}
	if slices.Contains(known, name) {
		return ""
	}
	return unknown("stage", name, known)
}

// UnknownKind says what is wrong with the name of a kind of item, "" when nothing is.
func UnknownKind(name string) string {
	if known := kindNames(); !slices.Contains(known, name) {
		return unknown("kind of item", name, known)
	}
	return ""
}

// Purpose finds a purpose of the plan; without one it says what is wrong with the name.
func (s *Snapshot) Purpose(id string) (p *veiviser.Purpose, wrong string) {
	known := make([]string, len(s.Plan.Purposes))
	for i := range s.Plan.Purposes {
		if known[i] = s.Plan.Purposes[i].ID; known[i] == id {
			return &s.Plan.Purposes[i], ""
		}
	}
	return nil, unknown("purpose", id, known)
}

// Effective says of each consent whether it is what holds now: the last word on a purpose of the plan, in the version it asks for.
func (s *Snapshot) Effective(st *veiviser.Standing) []bool {
	out := make([]bool, len(st.Consents))
	for i := range s.Plan.Purposes {
		word := eligible.Word(&s.Plan.Purposes[i], st)
		for k := range st.Consents {
			out[k] = out[k] || word == &st.Consents[k]
		}
	}
	return out
}
