package decide

import (
	"slices"
	"strings"

	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/rank"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// maxReasons is how many reasons a choice gives: what a customer will read.
const maxReasons = 3

// told describes a chosen item: what its score is made of and why it was chosen, the strongest reason first.
func (c *choice) told(l *plan.Listed, need *veiviser.NeedView, sc *rank.Scorer, tried bool) veiviser.Choice {
	ch := c.scored(l, sc)
	ch.Reasons = c.because(l.Item, ch.Parts, need, tried)
	return ch
}

// because are the reasons for an item. tried says that something else was expected to be more useful. That the shop promotes
// an item, or tries it out, is always among them: what is shown for our sake is not to look as if it were for hers alone.
func (c *choice) because(it *veiviser.Item, parts []veiviser.Part, need *veiviser.NeedView, tried bool) []veiviser.Because {
	out := make([]veiviser.Because, 0, maxReasons+2)
	room := maxReasons
	promoted := it.Boost > 0
	for _, ours := range [...]bool{promoted, tried} {
		if ours {
			room--
		}
	}
	add := func(b veiviser.Because) {
		if len(out) < room {
			out = append(out, b)
		}
	}
	if c.in.Degraded != "" {
		add(veiviser.Because{Code: veiviser.BecauseDegraded})
	}
	if it.TowardRung != "" {
		add(veiviser.Because{Code: veiviser.BecauseRung, About: it.TowardRung})
	}
	switch {
	case need == nil || need.Stage == "":
		add(veiviser.Because{Code: veiviser.BecauseUnsure})
	case len(it.Stages) == 0 || slices.Contains(it.Stages, need.Standard):
		add(veiviser.Because{Code: veiviser.BecauseStage, About: string(need.Standard), Journey: need.Journey})
		if signal := strongest(need); signal != "" {
			add(veiviser.Because{Code: veiviser.BecauseSignal, About: signal, Journey: need.Journey})
		}
	}
	if need != nil && need.Subject != "" && isAbout(it, need.Subject) {
		add(veiviser.Because{Code: veiviser.BecauseSubject, About: need.Subject})
	}
	if segment := helpedBy(parts); segment != "" {
		add(veiviser.Because{Code: veiviser.BecauseSegment, About: segment})
	}
	if promoted {
		out = append(out, veiviser.Because{Code: veiviser.BecauseBoost})
	}
	if tried {
		out = append(out, veiviser.Because{Code: veiviser.BecauseExplore})
	}
	if len(out) == 0 { // made for another stage, and still the most useful there is
		add(veiviser.Because{Code: veiviser.BecauseUnsure})
	}
	return out
}

// strongest is the signal that spoke most for the stage she is in, "" when none did.
func strongest(need *veiviser.NeedView) string {
	signal, weight := "", 0.0
	for i := range need.Evidence {
		if e := &need.Evidence[i]; e.Stage == need.Stage && e.Weight > weight {
			signal, weight = e.Signal, e.Weight
		}
	}
	return signal
}

// isAbout reports whether a topic of the item covers the subject or lies below it.
func isAbout(it *veiviser.Item, subject string) bool {
	return slices.ContainsFunc(it.Topics, func(t string) bool {
		return veiviser.SubjectMatches(t, subject) || veiviser.SubjectMatches(subject, t)
	})
}

// helpedBy is the segment that added most to the score, "" when none added anything.
func helpedBy(parts []veiviser.Part) string {
	segment, most := "", 0.0
	for _, p := range parts {
		if id, ok := strings.CutPrefix(p.Name, "segment:"); ok && p.Add > most {
			segment, most = id, p.Add
		}
	}
	return segment
}
