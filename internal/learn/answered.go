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

// happen lets an admitted event happen to her: what she tells us of something shown, or answers to a question, as what it says of
// her stage, anything else as it is. An answer is about the need that the question was shown for, or else about what the event
// is about.
func happen(snap *plan.Snapshot, v *veiviser.Visitor, e *veiviser.Event, g veiviser.Given) {
	if e.Type != veiviser.EventAnswer {
		snap.Stages.FoldTold(v, e, told(snap, g, e))
		return
	}
	var a stage.Answered
	if it, ok := snap.Catalog.Lookup(e.ItemID); ok {
		if o := option(it, e); o != nil {
			a.Likelihood, a.Attributes = o.Likelihood, o.Attributes
		}
	}
	if d := g.Decision(); d != nil && d.Need >= 0 && d.Need < len(g.Answer.Needs) {
		a.Journey, a.Subject = g.Answer.Needs[d.Need].Journey, g.Answer.Needs[d.Need].Subject
	}
	snap.Stages.FoldAnswer(v, e, a)
}

// noteAnswered remembers that a question was answered, so that it is not asked again, also of who is not profiled.
func noteAnswered(v *veiviser.Visitor, e *veiviser.Event) {
	if e.Type == veiviser.EventAnswer {
		v.Standing.Answered = answeredAlso(v.Standing.Answered, e.ItemID)
	}
}

// answeredAlso adds a question to those answered; the oldest makes room.
func answeredAlso(list []string, id string) []string {
	list = slices.DeleteFunc(list, func(s string) bool { return s == id })
	if over := len(list) + 1 - veiviser.MaxAnswered; over > 0 {
		list = slices.Delete(list, 0, over)
	}
	return append(list, id)
}
