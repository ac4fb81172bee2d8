package app_test

import veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

// briefing is what an employee is told, one line each.
func (p *printer) briefing(lines []*veiviserv1.BriefingLine) {
	for _, l := range lines {
		p.line("  %s %s", l.GetCode(), l.GetText())
	}
}

// answers are what a question may be answered with.
func (p *printer) answers(list []*veiviserv1.AnswerChoice) {
	for _, a := range list {
		p.line("  · %s %s", a.GetAnswerId(), a.GetText())
	}
}
