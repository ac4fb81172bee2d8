package decide

import (
	"slices"
	"strings"

	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// What parts of a score are called that come of a segment, and of a weight.
const (
	partSegment = "segment:"
	partWeight  = "weight:"
)

// discreet is an answer as it is told: without the names of what the plan calls sensitive. Membership of a sensitive segment is
// left out, and what it added to a score is called "segment"; evidence of a sensitive signal keeps its weight and loses its name.
// What is kept, and decided again, has them all. The answer given is not changed.
func discreet(snap *plan.Snapshot, a veiviser.Answer) veiviser.Answer {
	if !snap.Sensitive() {
		return a
	}
	a.Segments, a.Needs = discreetSegments(snap, a.Segments), discreetNeeds(snap, a.Needs)
	a.Decisions = slices.Clone(a.Decisions)
	for i := range a.Decisions {
		d := &a.Decisions[i]
		d.Choices, d.RunnersUp = unnamed(snap, d.Choices), unnamed(snap, d.RunnersUp)
	}
	return a
}

// discreet leaves the names of what the plan calls sensitive out of a portrait, as [discreet] does. An export has them: it is whole.
func (p *Portrait) discreet(snap *plan.Snapshot) *Portrait {
	if snap.Sensitive() {
		p.Segments, p.Needs = discreetSegments(snap, p.Segments), discreetNeeds(snap, p.Needs)
		acquired := &p.Visitor.Standing.Acquired.Segments
		*acquired = discreetSegments(snap, *acquired)
	}
	return p
}

// discreetSegments are those of a list that are not sensitive.
func discreetSegments(snap *plan.Snapshot, ids []string) []string {
	return slices.DeleteFunc(slices.Clone(ids), snap.SensitiveSegment)
}

// discreetNeeds are needs whose evidence does not name what is sensitive.
func discreetNeeds(snap *plan.Snapshot, needs []veiviser.NeedView) []veiviser.NeedView {
	needs = slices.Clone(needs)
	for i := range needs {
		n := &needs[i]
		n.Evidence = slices.Clone(n.Evidence)
		for k := range n.Evidence {
			if snap.SensitiveSignal(n.Journey, n.Evidence[k].Signal) {
				n.Evidence[k].Signal = ""
			}
		}
	}
	return needs
}

// unnamed are choices whose parts do not name what is sensitive.
func unnamed(snap *plan.Snapshot, choices []veiviser.Choice) []veiviser.Choice {
	choices = slices.Clone(choices)
	for i := range choices {
		c := &choices[i]
		c.Parts = slices.Clone(c.Parts)
		for k := range c.Parts {
			name := &c.Parts[k].Name
			if id, ok := strings.CutPrefix(*name, partSegment); ok && snap.SensitiveSegment(id) {
				*name = "segment"
			} else if id, ok := strings.CutPrefix(*name, partWeight); ok && snap.SensitiveWeight(id) {
				*name = "weight"
			}
		}
	}
	return choices
}
