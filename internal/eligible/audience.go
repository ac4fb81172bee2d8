package eligible

import (
	"slices"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Precedence is where an audience stands in the order in which a plan lists them; those it does not list come after all of them,
// equal among themselves.
func Precedence(audiences []veiviser.Audience, id string) int {
	if i := slices.IndexFunc(audiences, func(a veiviser.Audience) bool { return a.ID == id }); i >= 0 {
		return i
	}
	return len(audiences)
}

// NoSell are the bars that keep offers from people to whom the plan never sells, in the order of the plan: from whoever is
// served a need of such an audience, and where the audience binds the person, from whoever is known to be one, whatever is
// served. Served is nil for none. What she asked for herself, such as an order, passes.
func NoSell(audiences []veiviser.Audience, v *veiviser.Visitor, needs []veiviser.NeedView, served *veiviser.NeedView) []veiviser.Bar {
	var bars []veiviser.Bar
	for i := range audiences {
		a := &audiences[i]
		if !a.NeverSell {
			continue
		}
		if served != nil && served.Audience == a.ID || a.BindsHer() && IsOne(a.ID, v, needs) {
			bars = append(bars, veiviser.Bar{
				Reason: veiviser.ExcludedNoSell, About: a.ID, Passes: veiviser.DutyTransactional,
				Kinds: []veiviser.ItemKind{veiviser.KindOffer},
			})
		}
	}
	return bars
}

// IsOne reports whether somebody is known to be of an audience: she was seen as one while the plan bound it to the person
// (Standing.Audiences), something was observed about a need on one of its journeys that is remembered, or the sender says so
// (attribute "visitor.audience" of an event). What is only assumed of a subject does not count.
func IsOne(audience string, v *veiviser.Visitor, needs []veiviser.NeedView) bool {
	if v != nil && (v.Attributes[veiviser.AttributeAudience] == audience || slices.Contains(v.Standing.Audiences, audience)) {
		return true
	}
	return slices.ContainsFunc(needs, func(n veiviser.NeedView) bool { return !n.New && n.Audience == audience })
}
