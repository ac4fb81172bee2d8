package simulate

import (
	"slices"
	"strings"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Arm is an item that may be shown.
type Arm struct {
	ID   string
	Kind veiviser.ItemKind
	// Topics are what it is about; none is everything.
	Topics []string
	// Stages are those it serves; none is all alike.
	Stages []veiviser.StandardStage
	// Page is the path it leads to; "" when it leads nowhere.
	Page string
}

// Shop is what a world needs to know of a plan: what may be shown, and the event types that are kept beside the standard ones.
type Shop struct {
	Arms       []Arm
	EventTypes []string
}

// ShopOf has the live items of a plan for customers that have a representation in one of the formats, in the plan's order;
// without formats, all of them. Rules, dates and stock are not looked at. What is for companies alone is left out, since in these
// worlds people buy for themselves, and so is what is for people of a certain standing (with an open case, on a rung of the loyalty
// ladder, led back, or not won yet), since nobody in this world has one.
func ShopOf(plan *veiviser.Plan, formats ...string) Shop {
	var arms []Arm
	companies := map[string]bool{}
	for i := range plan.Journeys {
		companies[plan.Journeys[i].ID] = plan.Journeys[i].Group
	}
	for i := range plan.Items {
		it := &plan.Items[i]
		if it.Status == veiviser.StatusDraft ||
			len(it.Audiences) > 0 && !slices.Contains(it.Audiences, veiviser.AudienceCustomer) || standing(plan, it) ||
			len(it.Journeys) > 0 && !slices.ContainsFunc(it.Journeys, func(j string) bool { return !companies[j] }) {
			continue
		}
		shown := slices.IndexFunc(it.Representations, func(r veiviser.Representation) bool {
			return len(formats) == 0 || slices.Contains(formats, r.Format)
		})
		if shown < 0 {
			continue
		}
		arms = append(arms, Arm{
			ID: it.ID, Kind: it.Kind, Topics: it.Topics, Stages: it.Stages, Page: it.Representations[shown].URL,
		})
	}
	return Shop{arms, plan.EventTypes}
}

// standing reports whether an item is for people of a certain standing alone, by what it says or by a rule that asks for it, or is
// never recommended, as statements are.
func standing(plan *veiviser.Plan, it *veiviser.Item) bool {
	asks := slices.ContainsFunc([]string{"visitor.phase", "visitor.open_cases", "visitor.rung", "visitor.tier"}, func(name string) bool {
		return strings.Contains(it.Rule, name)
	})
	steps := plan.Relationship.Recovery.Steps
	return asks || it.Rule == "false" || it.Care || it.TowardRung != "" || it.Acquires ||
		slices.ContainsFunc(steps, func(s veiviser.RecoveryStep) bool { return slices.Contains(s.Items, it.ID) })
}

// fits reports whether an arm is about a subject, or about something above or below it: what any shop would filter by.
func (a *Arm) fits(subject string) bool {
	return len(a.Topics) == 0 || subject == "" || slices.ContainsFunc(a.Topics, func(t string) bool {
		return veiviser.SubjectMatches(t, subject) || veiviser.SubjectMatches(subject, t)
	})
}

// kind is the index of the arm's kind in the tables of tastes.
func (a *Arm) kind() int {
	switch a.Kind {
	case veiviser.KindOffer:
		return 1
	case veiviser.KindService:
		return 2
	default:
		return 0
	}
}

// serves reports whether the arm serves a standard stage.
func (a *Arm) serves(s veiviser.StandardStage) bool { return slices.Contains(a.Stages, s) }
