package api

import (
	"github.com/veiviser/veiviser/internal/decide"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// briefingToProto tells an employee what to know.
func briefingToProto(lines []decide.Briefing) []*veiviserv1.BriefingLine {
	if len(lines) == 0 {
		return nil
	}
	out := make([]*veiviserv1.BriefingLine, len(lines))
	for i, l := range lines {
		out[i] = &veiviserv1.BriefingLine{Code: string(l.Code), Text: l.Text}
	}
	return out
}

// optionsToProto are what a question may be answered with.
func optionsToProto(options []decide.Option) []*veiviserv1.AnswerChoice {
	if len(options) == 0 {
		return nil
	}
	out := make([]*veiviserv1.AnswerChoice, len(options))
	for i, o := range options {
		out[i] = &veiviserv1.AnswerChoice{AnswerId: o.ID, Text: o.Text}
	}
	return out
}
