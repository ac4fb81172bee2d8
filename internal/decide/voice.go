package decide

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/stage"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// Voice tells an answer in one language: it turns codes into sentences that a customer would accept and finds the
// representations that were chosen. A Voice does not change and is safe for concurrent use.
type Voice struct {
	snap *plan.Snapshot
	// language is that in which the plan's own things are named. spoken is that of sentences: the same, if the service speaks it.
	language, spoken string
}

// newVoice is the voice for an answer: the language asked for, else that of the visit, else the plan's first. A language
// that the plan does not speak gives way to the plan's first, as it does for representations: nobody gets a card in one
// language and the reason for it in another that the plan speaks, too.
func newVoice(snap *plan.Snapshot, a *veiviser.Answer, language string) Voice {
	l := cmp.Or(language, a.Request.Context.Language, a.Visitor.Visit.Language)
	if !speaks(snap.Plan, l) {
		l = cmp.Or(snap.Language(), "en")
	}
	return Voice{snap: snap, language: l, spoken: spokenBy(snap.Plan, l)}
}

// spokenBy is the language of the sentences that go with a language of a plan: that language, or else the first of the plan that
// the service speaks, or else English.
func spokenBy(p *veiviser.Plan, language string) string {
	known := func(l string) bool { _, ok := standingUnsure.Exactly(l); return ok }
	if known(language) {
		return language
	}
	if i := slices.IndexFunc(p.Languages, known); i >= 0 {
		return p.Languages[i]
	}
	return "en"
}

// speaks reports whether a language is among those a plan is written in.
func speaks(p *veiviser.Plan, language string) bool {
	return slices.ContainsFunc(p.Languages, func(l string) bool {
		return veiviser.PrimaryLanguage(l) == veiviser.PrimaryLanguage(language)
	})
}

// Language is the BCP 47 tag the voice speaks.
func (v Voice) Language() string { return v.language }

// Reason is a reason for a choice as a sentence, always in the same language: where the plan has no words in it, those of the
// service stand.
func (v Voice) Reason(b veiviser.Because) string {
	if b.Code == veiviser.BecauseStage && v.buys(b.Journey) {
		if t, ok := stageSentences[veiviser.StandardStage(b.About)]; ok {
			return t.In(v.spoken)
		}
	}
	if b.Code == veiviser.BecauseSignal {
		if s := v.Evidence(b.Journey, b.About); s != "" {
			return sentence(s)
		}
	}
	if b.Code == veiviser.BecauseYouSaid && b.About == stage.ToldStage {
		return sentence(v.Evidence(b.Journey, b.About))
	}
	return sentences[b.Code].In(v.spoken)
}

// buys reports whether a journey is that of a customer. The sentences of stages speak of buying, which nobody else is about: an
// applicant has bought nothing that she could get the most out of.
func (v Voice) buys(journey string) bool {
	j := v.journey(journey)
	return j == nil || cmp.Or(j.Audience, veiviser.AudienceCustomer) == veiviser.AudienceCustomer
}

// group reports whether a journey is that of a company.
func (v Voice) group(journey string) bool {
	j := v.journey(journey)
	return j != nil && j.Group
}

// journey is a journey of the plan, nil for none of that id.
func (v Voice) journey(id string) *veiviser.Journey {
	for i := range v.snap.Plan.Journeys {
		if j := &v.snap.Plan.Journeys[i]; j.ID == id {
			return j
		}
	}
	return nil
}

// sentence ends a text of a plan, which may stand alone or among the sentences of the service.
func sentence(s string) string {
	if last, _ := utf8.DecodeLastRuneInString(s); strings.ContainsRune(".!?…", last) {
		return s
	}
	return s + "."
}

// Evidence is what a signal observed, as the plan says it, or what she told us; "" when the plan has no text for it in the language
// of reasons, or it is not to be spoken of.
func (v Voice) Evidence(journey, signal string) string {
	if v.snap.SensitiveSignal(journey, signal) {
		return ""
	}
	if signal == stage.ToldStage && v.group(journey) {
		return groupSaid.In(v.spoken)
	}
	if t, ok := answers[signal]; ok {
		return t.In(v.spoken)
	}
	text, _ := v.snap.Stages.SignalText(journey, signal).Exactly(v.spoken)
	return text
}

// Representation is the form in which a choice is shown; false when the item is gone from the catalogue.
func (v Voice) Representation(c veiviser.Choice) (veiviser.Representation, bool) {
	it, ok := v.snap.Catalog.Lookup(c.ItemID)
	if !ok || c.Representation < 0 || c.Representation >= len(it.Representations) {
		return veiviser.Representation{}, false
	}
	return it.Representations[c.Representation], true
}

// Summary tells a decision as one paragraph: where she stands, what was shown and why, or why nothing was.
func (v Voice) Summary(a *veiviser.Answer, decision int) string {
	d := &a.Decisions[decision]
	var b strings.Builder
	b.WriteString(v.standing(a, d))
	switch {
	case len(d.Choices) == 0:
		b.WriteString(" " + silences[d.Silence].In(v.spoken))
	case d.Fallback:
		b.WriteString(" " + sentences[veiviser.BecauseFallback].In(v.spoken))
	default:
		for _, r := range d.Choices[0].Reasons {
			b.WriteString(" " + v.Reason(r))
		}
	}
	return b.String()
}

// standing says where she is in the decision that was served.
func (v Voice) standing(a *veiviser.Answer, d *veiviser.Decision) string {
	if d.Need < 0 || d.Need >= len(a.Needs) || a.Needs[d.Need].Stage == "" {
		return standingUnsure.In(v.spoken)
	}
	n := &a.Needs[d.Need]
	name, _ := v.snap.Stages.StageName(n.Journey, n.Stage).Exactly(v.spoken)
	if name == "" && v.buys(n.Journey) {
		name = briefings[spokenIn(v.spoken)].stages[n.Standard]
	}
	name = cmp.Or(name, n.Stage)
	p := 0.0
	for i, s := range n.Stages {
		if s == n.Stage {
			p = n.P[i]
		}
	}
	return fmt.Sprintf(standing.In(v.spoken), name, 100*p)
}
