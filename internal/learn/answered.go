package learn

import (
	"maps"
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
	if option(it, e.Attributes[veiviser.AttributeAnswer]) == nil {
		ids := make([]string, len(it.Answers))
		for i := range it.Answers {
			ids[i] = it.Answers[i].ID
		}
		return veiviser.Invalid(veiviser.ReasonInvalidField, "attributes."+veiviser.AttributeAnswer,
			"%q is no answer to %q; there are %s", e.Attributes[veiviser.AttributeAnswer], it.ID, strings.Join(ids, ", "))
	}
	return nil
}

// option is an answer to a question by its id; nil when it is none of its answers.
func option(it *veiviser.Item, id string) *veiviser.AnswerOption {
	for i := range it.Answers {
		if it.Answers[i].ID == id {
			return &it.Answers[i]
		}
	}
	return nil
}

// happen lets an admitted event happen to her: what she tells us of something shown, or answers to a question, as what it says of
// her stage, anything else as it is.
func happen(snap *plan.Snapshot, v *veiviser.Visitor, e *veiviser.Event, g veiviser.Given) {
	if e.Type != veiviser.EventAnswer {
		snap.Stages.FoldTold(v, e, told(snap, g, e))
		return
	}
	answers(snap, v, e, g)
}

// answers lets her answer a question. It is about the need that the question was shown for, or else about what the event is about.
// Her last word counts, and once: the same answer again says nothing new, and another one takes the place of the first.
func answers(snap *plan.Snapshot, v *veiviser.Visitor, e *veiviser.Event, g veiviser.Given) {
	said, before := e.Attributes[veiviser.AttributeAnswer], v.Answers[e.ItemID]
	if said == before {
		stage.Note(v, e)
		return
	}
	var a stage.Answered
	if it, ok := snap.Catalog.Lookup(e.ItemID); ok {
		now, then := option(it, said), option(it, before)
		if now != nil {
			a.Likelihood, a.Attributes = now.Likelihood, now.Attributes
		}
		if then != nil {
			a.Likelihood = instead(a.Likelihood, then.Likelihood)
			unsay(v, then.Attributes)
		}
	}
	if d := g.Decision(); d != nil && d.Need >= 0 && d.Need < len(g.Answer.Needs) {
		a.Journey, a.Subject = g.Answer.Needs[d.Need].Journey, g.Answer.Needs[d.Need].Subject
	}
	snap.Stages.FoldAnswer(v, e, a)
	if v.Answers == nil {
		v.Answers = map[string]string{}
	}
	v.Answers[e.ItemID] = said
}

// instead is how much an answer speaks for each stage when it takes the place of one that was heard before.
func instead(now, then map[veiviser.StandardStage]float64) map[veiviser.StandardStage]float64 {
	out := make(map[veiviser.StandardStage]float64, veiviser.NumStandardStages)
	for _, s := range veiviser.StandardStages() {
		out[s] = 1
		if l, ok := now[s]; ok {
			out[s] = l
		}
		if l, ok := then[s]; ok && l > 0 {
			out[s] /= l
		}
	}
	return out
}

// unsay forgets what an answer said of her, as far as nothing else has been said since.
func unsay(v *veiviser.Visitor, attributes map[string]string) {
	for name, value := range attributes {
		if v.Attributes[name] == value {
			delete(v.Attributes, name)
		}
	}
}

// noteAnswered remembers that a question was answered, so that it is not asked again. Who is not profiled is asked nothing, and what she
// answers all the same is not kept.
func noteAnswered(snap *plan.Snapshot, v *veiviser.Visitor, e *veiviser.Event) {
	if e.Type != veiviser.EventAnswer {
		return
	}
	asked := func(id string) bool {
		it, ok := snap.Catalog.Lookup(id)
		return ok && it.Kind == veiviser.KindAsk
	}
	v.Standing.Answered = answeredAlso(v.Standing.Answered, e.ItemID, asked)
	maps.DeleteFunc(v.Answers, func(id, _ string) bool { return !slices.Contains(v.Standing.Answered, id) })
}

// answeredAlso adds a question to those answered. Where there is no room, those that are asked no more make some, and then the oldest;
// of a plan's own questions there are no more than room for.
func answeredAlso(list []string, id string, asked func(string) bool) []string {
	list = slices.DeleteFunc(list, func(s string) bool { return s == id })
	over := len(list) + 1 - veiviser.MaxAnswered
	list = slices.DeleteFunc(list, func(s string) bool {
		if over <= 0 || asked(s) {
			return false
		}
		over--
		return true
	})
	return append(slices.Delete(list, 0, max(over, 0)), id)
}
