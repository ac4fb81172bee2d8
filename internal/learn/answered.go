package learn

import (
	"slices"
	"strings"

	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/stage"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// admitAnswer says what is wrong with an event as an answer to a question, or nil; other events are right.
func admitAnswer(snap *plan.Snapshot, e *veiviser.Event) *veiviser.Error {
	if e.Type != veiviser.EventAnswer {
		return nil
	}
	if e.ItemID == "" {
		return veiviser.Invalid(veiviser.ReasonInvalidField, "item_id", "an answer names the question it is about")
	}
	it, ok := snap.Catalog.Lookup(e.ItemID)
	if !ok || it.Kind != veiviser.KindAsk {
		return veiviser.Invalid(veiviser.ReasonInvalidField, "item_id", "an answer is about an item of kind ask; %q is none", e.ItemID)
	}
	if option(it, e) == nil {
		ids := make([]string, len(it.Answers))
		for i := range it.Answers {
			ids[i] = it.Answers[i].ID
		}
		return veiviser.Invalid(veiviser.ReasonInvalidField, "attributes."+veiviser.AttributeAnswer,
			"%q is no answer to %q; there are %s", e.Attributes[veiviser.AttributeAnswer], it.ID, strings.Join(ids, ", "))
	}
	return nil
}

// option is the answer that an event gives to a question; nil when it is none of its answers.
func option(it *veiviser.Item, e *veiviser.Event) *veiviser.AnswerOption {
	for i := range it.Answers {
		if it.Answers[i].ID == e.Attributes[veiviser.AttributeAnswer] {
			return &it.Answers[i]
		}
	}
	return nil
}

// foldAnswer lets an answer to a question, which was admitted, happen to her: it is evidence for the need that the question was
// shown for, or else for what the event is about, and the question is not asked again.
func foldAnswer(snap *plan.Snapshot, v *veiviser.Visitor, e *veiviser.Event, g veiviser.Given) {
	it, ok := snap.Catalog.Lookup(e.ItemID)
	if !ok {
		snap.Stages.Fold(v, e)
		return
	}
	var a stage.Answered
	if o := option(it, e); o != nil {
		a.Likelihood, a.Attributes = o.Likelihood, o.Attributes
	}
	if d := g.Decision(); d != nil && d.Need >= 0 && d.Need < len(g.Answer.Needs) {
		a.Journey, a.Subject = g.Answer.Needs[d.Need].Journey, g.Answer.Needs[d.Need].Subject
	}
	snap.Stages.FoldAnswer(v, e, a)
	v.Standing.Answered = answeredAlso(v.Standing.Answered, it.ID)
}

// answeredAlso adds a question to those answered; the oldest makes room.
func answeredAlso(list []string, id string) []string {
	list = slices.DeleteFunc(list, func(s string) bool { return s == id })
	if over := len(list) + 1 - veiviser.MaxAnswered; over > 0 {
		list = slices.Delete(list, 0, over)
	}
	return append(list, id)
}
