package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/veiviser/veiviser/internal/eligible"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// UnknownStage says what is wrong with the name of a stage that a customer gives of a subject, "" for any; "" when nothing is: it is
// a stage of a customers' journey about it, or a standard stage that such a journey has.
func (s *Snapshot) UnknownStage(name, subject string) string {
	var known []string
	for i := range s.Plan.Journeys {
		j := &s.Plan.Journeys[i]
		if j.Audience != "" && j.Audience != veiviser.AudienceCustomer || subject != "" && !concerns(j, subject) {
			continue
		}
		for k := range j.Stages {
			known = append(known, j.Stages[k].ID, string(j.Stages[k].Standard))
		}
	}
	known = each(known)
	switch {
	case slices.Contains(known, name):
		return ""
	case subject != "":
		return unknown(fmt.Sprintf("journey about %q with a stage", subject), name, known)
	default:
		return unknown("stage", name, known)
	}
}

// concerns reports whether a journey is about a subject, or about something that lies below it.
func concerns(j *veiviser.Journey, subject string) bool {
	return veiviser.AnySubjectMatches(j.Subjects, subject) ||
		slices.ContainsFunc(j.Subjects, func(s string) bool { return veiviser.SubjectMatches(subject, s) })
}

// UnknownTopic says what is wrong with a topic that a customer gives, "" when nothing is: an item or a journey is about it, about what
// lies below it, or about something near it: what the shop may have tomorrow is no mistake of hers. Where neither names any topic
// the catalogue is others', and every one will do.
func (s *Snapshot) UnknownTopic(name string) string {
	known := s.Catalog.topics()
	for i := range s.Plan.Journeys {
		for _, t := range s.Plan.Journeys[i].Subjects {
			known = slices.AppendSeq(known, prefixes(strings.TrimSuffix(t, "/*")))
		}
	}
	known = each(slices.DeleteFunc(known, func(t string) bool { return t == "*" }))
	met := func(t string) bool { return slices.Contains(known, t) }
	if name == "*" || len(known) == 0 || slices.ContainsFunc(slices.Collect(prefixes(name)), met) {
		return ""
	}
	return unknown("topic", name, known)
}

// topics are the topics that some item is about, and those above them.
func (c *Catalog) topics() []string {
	var names []string
	for f, i := range c.words.features {
		if set := &c.sets[i]; f.class == belowTopic && (set.dense != nil || set.sparse != nil) {
			names = append(names, strings.TrimSuffix(f.name, "/*"))
		}
	}
	return names
}

// MisspeltChannel says what is wrong with a channel that a customer gives, "" when nothing is. Callers may speak of channels that
// neither plan nor catalogue names, "phone" say; but what looks like one of those and is none is a slip.
func (s *Snapshot) MisspeltChannel(name string) string {
	known := s.channels()
	if slices.Contains(known, name) || nearest(name, known) == "" {
		return ""
	}
	return unknown("channel", name, known)
}

// channels are the channels that the plan and the catalogue name, wherever they do.
func (s *Snapshot) channels() []string {
	p := s.Plan
	known := slices.Collect(maps.Keys(s.Catalog.words.channels))
	for i := range p.Placements {
		known = append(known, p.Placements[i].Channel)
	}
	for i := range p.Purposes {
		known = append(known, p.Purposes[i].Channels...)
	}
	for i := range p.Journeys {
		for k := range p.Journeys[i].Signals {
			known = append(known, p.Journeys[i].Signals[k].Match.Channels...)
		}
	}
	for i := range p.Policy.Weights {
		known = append(known, p.Policy.Weights[i].Channel)
	}
	for i := range p.Policy.Effects {
		known = append(known, p.Policy.Effects[i].Channel)
	}
	return each(known)
}

// each is names in order, each once, without the empty one.
func each(names []string) []string {
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(n string) bool { return n == "" })
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
