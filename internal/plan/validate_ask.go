package plan

import (
	"fmt"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// How many answers a question has.
const (
	minAnswers = 2
	maxAnswers = 16
)

// questions checks that a plan asks no more than is remembered to have been answered, so that nobody is asked again.
func (c *checker) questions(items []veiviser.Item) {
	asked := 0
	for i := range items {
		if items[i].Kind == veiviser.KindAsk {
			asked++
		}
	}
	c.atMost("items", asked, veiviser.MaxAnswered, "questions (items of kind ask), since no more are remembered to have been answered")
}

// answers checks what a question may be answered with; other items have no answers.
func (c *checker) answers(at string, it *veiviser.Item) {
	if it.Kind != veiviser.KindAsk {
		if len(it.Answers) > 0 {
			c.fail(at+"answers", "only items of kind ask have answers")
		}
		return
	}
	if n := len(it.Answers); n < minAnswers || n > maxAnswers {
		c.fail(at+"answers", "a question has %d–%d answers; this one has %d", minAnswers, maxAnswers, n)
	}
	first := map[string]int{}
	for i := range it.Answers[:min(len(it.Answers), maxLooked)] {
		o, field := &it.Answers[i], fmt.Sprintf("%sanswers[%d]", at, i)
		if msg := badID(o.ID); msg != "" {
			c.fail(field+".id", "%s", msg)
		} else if k, ok := first[o.ID]; ok {
			c.fail(field+".id", "the id %q is taken by another answer, number %d", o.ID, k+1)
		} else {
			first[o.ID] = i
		}
		c.answerText(field+".text", o.Text)
		for _, s := range sortedKeys(o.Likelihood) {
			entry := fmt.Sprintf("%s.likelihood[%q]", field, string(s))
			if s == "" {
				c.fail(entry, "say the standard stage")
			}
			c.word(entry, "standard stage", string(s), stageNames())
			c.within(entry, o.Likelihood[s], 0.01, 100)
		}
		c.facts(field+".attributes", o.Attributes, 8, veiviser.MaxAttributeBytes)
		if c.plan != nil && len(c.plan.Audiences) > 0 { // an item alone does not know whether the word means anything
			c.word(field+".attributes[\""+veiviser.AttributeAudience+"\"]", "audience", o.Attributes[veiviser.AttributeAudience], audienceNames())
		}
	}
}

// answerText checks that an answer can be read, at least in the default language of the plan as far as that is known.
func (c *checker) answerText(at string, t veiviser.Text) {
	if len(t) == 0 {
		c.fail(at, "say what the answer is")
	}
	c.atMost(at, len(t), 16, "languages")
	for _, l := range sortedKeys(t) {
		field := fmt.Sprintf("%s[%q]", at, l)
		if msg := badLanguage(l); msg != "" {
			c.fail(field, "%s", msg)
		}
		if t[l] == "" {
			c.fail(field, "is empty")
		}
		c.atMost(field, len(t[l]), 200, "bytes")
	}
	if _, ok := t[c.language]; len(t) > 0 && !ok && c.language != "" {
		c.fail(at, "the plan's default language %q is missing", c.language)
	}
}
