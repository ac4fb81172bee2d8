package app_test

import (
	"google.golang.org/protobuf/proto"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// crisis writes the answers about switches and alerts, and reports whether m is one. Moments of switches are the clock's.
func (p *printer) crisis(m proto.Message) bool {
	switch m := m.(type) {
	case *veiviserv1.SetSwitchResponse:
		p.silenced(m.GetSwitch())
		if v := m.GetPreview(); v != nil {
			p.line("  %d items would stop%s%s", v.GetItemCount(), words("", v.GetItemIds()), words(" empty", v.GetEmptyPlacements()))
			p.line("  %d decisions, %d stopped, %d people", v.GetDecisions(), v.GetStoppedDecisions(), v.GetPeople())
		}
	case *veiviserv1.ResumeSwitchResponse:
		p.silenced(m.GetSwitch())
	case *veiviserv1.ListSwitchesResponse:
		for _, s := range m.GetSwitches() {
			p.silenced(s)
		}
		p.line("%d switches", len(m.GetSwitches()))
	case *veiviserv1.ListAlertsResponse:
		for _, a := range m.GetAlerts() {
			p.line("%s %s %s %s", a.GetKind(), a.GetSignal(), a.GetDimension(), a.GetValue())
		}
		p.line("%d alerts", len(m.GetAlerts()))
	default:
		return false
	}
	return true
}

func (p *printer) silenced(s *veiviserv1.Switch) {
	id := s.GetSwitchId()
	if len(id) > 3 && id[:3] == "sw-" {
		id = "(assigned)"
	}
	over := ""
	if s.GetOver() {
		over = " over"
	}
	p.line("%s%s%s%s%s stage %d%s%s", id, word(" topic", s.GetTopic()), word(" region", s.GetRegion()), word(" segment", s.GetSegment()),
		word(" statement", s.GetStatementItemId()), s.GetStage(), word("", s.GetStageId()), over)
	for _, m := range s.GetMissing() {
		p.line("  without its %s", m)
	}
	for _, h := range s.GetHistory() {
		over = ""
		if h.GetOver() {
			over = " over"
		}
		p.line("  stage %d%s by %s: %s", h.GetStage(), over, h.GetAuthor(), h.GetNote())
	}
}

func word(name, value string) string {
	if value == "" {
		return ""
	}
	return name + " " + value
}
