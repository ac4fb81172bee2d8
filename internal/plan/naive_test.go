package plan

import (
	"slices"

	"github.com/veiviser/veiviser/internal/eligible"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// naive is the rules of eligibility spelled out for one item: the first reason that holds, "" for none. It shares no
// code with the catalogue.
func naive(s *Snapshot, q *Query, it *veiviser.Item, taken bool, rules func(string) *eligible.Rule) veiviser.ExclusionReason {
	p := q.Placement.Placement
	in := func(list []string, s string) bool { return slices.Contains(list, s) }
	sells := p.Objective != "care" && p.Objective != "inform"
	to := it.Audiences
	if len(to) == 0 && it.Kind == "offer" {
		to = []string{"customer"}
	}
	asked := q.Audience
	if asked == "" {
		asked = "customer"
	}
	about := len(it.Topics) == 0 || q.Subject == ""
	for _, topic := range it.Topics {
		about = about || veiviser.SubjectMatches(topic, q.Subject) || veiviser.SubjectMatches(q.Subject, topic)
	}
	member := len(it.Segments) == 0
	for _, seg := range it.Segments {
		member = member || in(q.Segments, seg)
	}
	unsureKinds := s.Plan.Policy.UnsureKinds
	switch {
	case len(q.Candidates) > 0 && !in(q.Candidates, it.ID):
		return veiviser.ExcludedNotCandidate
	case in(q.Excluded, it.ID):
		return veiviser.ExcludedByRequest
	case it.Status == "draft":
		return veiviser.ExcludedDraft
	case !sells && it.Kind == "offer", len(p.Kinds) > 0 && !slices.Contains(p.Kinds, it.Kind):
		return veiviser.ExcludedKind
	case naiveRepresentation(s, q, it) < 0:
		return veiviser.ExcludedFormat
	case !it.Start.IsZero() && q.Now.Before(it.Start), !it.End.IsZero() && !q.Now.Before(it.End):
		return veiviser.ExcludedDates
	case it.Stock != nil && *it.Stock == 0:
		return veiviser.ExcludedStock
	case len(to) > 0 && !in(to, asked):
		return veiviser.ExcludedAudience
	case !about:
		return veiviser.ExcludedSubject
	case len(it.Journeys) > 0 && !in(it.Journeys, q.Journey):
		return veiviser.ExcludedJourney
	case q.Unsure && it.Duty == "" && !slices.Contains(unsureKinds, it.Kind):
		return veiviser.ExcludedUnsure
	case !member:
		return veiviser.ExcludedSegment
	}
	if it.Rule != "" {
		rule := rules(it.Rule)
		if rule == nil {
			return veiviser.ExcludedRuleFailed
		}
		f := *q.Facts
		f.Item = it
		if ok, err := rule.Eval(&f); err != nil {
			return veiviser.ExcludedRuleFailed
		} else if !ok {
			return veiviser.ExcludedRule
		}
	}
	if taken {
		return veiviser.ExcludedElsewhere
	}
	return ""
}

// naiveRepresentation is the representation that fits best: the language asked for or none before the default language,
// then the first format, then the language asked for before none, then the first.
func naiveRepresentation(s *Snapshot, q *Query, it *veiviser.Item) int {
	fallback := veiviser.PrimaryLanguage(s.Plan.Languages[0])
	language, channel := veiviser.PrimaryLanguage(q.Language), q.Channel
	if q.Language == "" {
		language = fallback
	}
	if channel == "" {
		channel = q.Placement.Channel
	}
	best, least := -1, 1<<30
	for i, r := range it.Representations {
		format := slices.Index(q.Placement.Formats, r.Format)
		if format < 0 || len(r.Channels) > 0 && !slices.Contains(r.Channels, channel) {
			continue
		}
		cost := 0
		switch veiviser.PrimaryLanguage(r.Language) {
		case language:
			cost = format * 10
		case "":
			cost = format*10 + 1
		case fallback:
			cost = 1000 + format*10
		default:
			continue
		}
		if cost < least {
			best, least = i, cost
		}
	}
	return best
}
