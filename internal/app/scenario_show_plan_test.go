package app_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// explanation is the whole why and why-not of a decision. That its parts add up is checked elsewhere (see audit).
func (p *printer) explanation(e *veiviserv1.DecisionExplanation) {
	p.line("%s at %s plan %s%s%s", e.GetPlacement(), at(e.GetTime()), e.GetPlanVersion(), words(" segments", e.GetSegmentIds()),
		words("", marks(e)))
	if p.flags["needs"] {
		for _, n := range e.GetNeeds() {
			p.need(n)
		}
	}
	for _, s := range e.GetServed() {
		p.scored("served", s)
	}
	if len(e.GetServed()) == 0 {
		p.line("  silent %s p=%s", short(e.GetSilenceReason()), number(e.GetSilencePropensity()))
	}
	for _, s := range e.GetRunnersUp() {
		p.scored("next", s)
	}
	out := 0
	for _, x := range e.GetExcluded() {
		out += int(x.GetCount())
		ids := x.GetItemIds()
		if !p.flags["ids"] || len(ids) > 20 {
			ids = nil
		}
		p.line("  out %s %d%s%s", x.GetReason(), x.GetCount(), words(" by", behind(x)), words(":", ids))
	}
	p.line("  %d items: %d served, %d out", len(e.GetServed())+out, len(e.GetServed()), out)
	p.line("  %q", e.GetSummary())
}

func marks(e *veiviserv1.DecisionExplanation) []string {
	var out []string
	if e.GetFallback() {
		out = append(out, "fallback")
	}
	if e.GetExplored() {
		out = append(out, "explored")
	}
	if e.GetDegraded() {
		out = append(out, "degraded")
	}
	return out
}

func (p *printer) scored(as string, s *veiviserv1.ScoredItem) {
	var parts strings.Builder
	for _, part := range s.GetParts() {
		fmt.Fprintf(&parts, " %s %+.3f", part.GetName(), part.GetAdd())
	}
	p.line("  %s %s %s/%s score %.3f mean %.3f sd %.3f =%s", as, s.GetItemId(), strings.ToLower(short(s.GetKind())), s.GetFormat(),
		s.GetScore(), s.GetMean(), s.GetStandardDeviation(), parts.String())
}

func (p *printer) written(list []*veiviserv1.ItemResult) {
	for _, r := range list {
		p.line("%s %s%s%s", strings.ToLower(short(r.GetStatus())), orDash(r.GetItemId()),
			strings.TrimSuffix(" "+short(r.GetReason()), " UNSPECIFIED"), words("", nonEmpty(r.GetField())))
	}
}

func (p *printer) item(it *veiviserv1.Item) {
	var forms []string
	for _, r := range it.GetRepresentations() {
		forms = append(forms, r.GetFormat()+"/"+orDash(r.GetLanguage()))
	}
	p.line("%s %s%s%s%s%s", it.GetItemId(), strings.ToLower(short(it.GetKind())), words(" about", it.GetTopics()),
		words(" for", it.GetStages()), words(" to", it.GetSegments()), words(" as", forms))
	if it.GetStatus() == veiviserv1.ItemStatus_ITEM_STATUS_DRAFT {
		p.line("  draft")
	}
	if it.Stock != nil {
		p.line("  stock %d", it.GetStock())
	}
}

func (p *printer) items(m *veiviserv1.ListItemsResponse) {
	ids := make([]string, len(m.GetItems()))
	for i, it := range m.GetItems() {
		ids[i] = it.GetItemId()
	}
	p.line("%d of %d:%s%s", len(ids), m.GetTotalSize(), words("", ids), more(m.GetNextPageToken()))
}

func more(token string) string {
	if token == "" {
		return ""
	}
	return " … and more"
}

func (p *printer) plan(m *veiviserv1.GetPlanResponse) {
	v := m.GetPlan()
	p.line("version %s %q languages%s: %d journeys, %d segments, %d placements, %d items", m.GetVersion().GetVersion(), v.GetName(),
		words("", v.GetLanguages()), len(v.GetJourneys()), len(v.GetSegments()), len(v.GetPlacements()), len(v.GetItems()))
}

func (p *printer) verdict(m *veiviserv1.ValidatePlanResponse) {
	for _, v := range m.GetViolations() {
		p.line("wrong %s: %s", v.GetField(), v.GetMessage())
	}
	if len(m.GetViolations()) == 0 {
		p.line("valid")
	}
	p.changes(m.GetChanges())
}

func (p *printer) version(v *veiviserv1.PlanVersion) {
	state := "superseded"
	if v.GetActive() {
		state = "active"
	}
	p.line("version %s %q %s%s%s", v.GetVersion(), v.GetName(), state, words(" by", nonEmpty(v.GetAuthor())), words(" –", nonEmpty(v.GetNote())))
	p.changes(v.GetChanges())
}

func (p *printer) changes(list []*veiviserv1.PlanChange) {
	for _, c := range list {
		if !p.flags["changes"] {
			p.line("  %d changes", len(list))
			return
		}
		p.line("  %s %s: %s → %s", strings.ToLower(short(c.GetKind())), c.GetPath(), orDash(c.GetBefore()), orDash(c.GetAfter()))
	}
}

func (p *printer) versions(m *veiviserv1.ListPlanVersionsResponse) {
	for _, v := range m.GetVersions() {
		p.version(v)
	}
	if m.GetNextPageToken() != "" {
		p.line("… and more")
	}
}

func (p *printer) profiles(m *veiviserv1.ListSegmentProfilesResponse) {
	for _, s := range m.GetProfiles() {
		p.profile(s)
	}
	if m.GetNextPageToken() != "" {
		p.line("… and more")
	}
}

// profile leaves out what is 0.
func (p *printer) profile(s *veiviserv1.SegmentProfile) {
	var stages []string
	for _, c := range s.GetStages() {
		if c.GetCount() != 0 {
			name := c.GetStage()
			if name == "" {
				name = "unsure"
			}
			stages = append(stages, fmt.Sprintf("%s %d", name, c.GetCount()))
		}
	}
	p.line("%s size %d%s decisions %d silent %d value %g%s", s.GetSegmentId(), s.GetSize(), words(" =", stages), s.GetDecisions(),
		s.GetSilentDecisions(), s.GetValue(), words(" events", counts(s.GetEventCounts())))
	for _, r := range []struct {
		what string
		list []*veiviserv1.Response
	}{{"item", s.GetItems()}, {"kind", s.GetKinds()}, {"format", s.GetFormats()}, {"channel", s.GetChannels()}} {
		for _, x := range r.list {
			p.line("  %s %s served %d value %g%s", r.what, x.GetKey(), x.GetServed(), x.GetValue(), words(" then", counts(x.GetOutcomes())))
		}
	}
}

func counts(m map[string]int64) []string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, fmt.Sprintf("%s %d", k, m[k]))
	}
	return out
}

// behind is what keeps items away; ids that the service draws are not the same twice.
func behind(x *veiviserv1.ExcludedItems) []string {
	what := "wish"
	switch x.GetReason() {
	case "OPEN_CASE":
		what = "case"
	case "PAUSED", "MUTED_CHANNEL", "MUTED", "JUST_LOOKING", "DECIDED":
	default:
		return x.GetAbout()
	}
	return slices.Repeat([]string{what}, len(x.GetAbout()))
}
