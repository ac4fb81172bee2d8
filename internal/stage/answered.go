package stage

import (
	"math"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Answered is what an answer to a question says: which stages it speaks for, and what is remembered of whoever gives it. Its
// zero value says nothing.
type Answered struct {
	// Likelihood is how much likelier the answer is given in a standard stage than on average, in [0.01, 100]; stages not named
	// count 1, and so does what is no such number.
	Likelihood map[veiviser.StandardStage]float64
	// Attributes are remembered of the visitor, within the bounds of [veiviser.Visitor].Attributes.
	Attributes map[string]string
	// Journey and Subject are those of the need that the question was shown for, as in [Told].
	Journey, Subject string
}

// FoldAnswer is [Set.Fold] for an event that answers a question. After the signals of the plan, the belief of the need that was
// asked about is multiplied by the likelihood of the answer, as [Set.FoldTold] does with other answers, and kept as evidence under
// [ToldAnswer] when it moved anything. No other need is changed by it.
func (s *Set) FoldAnswer(v *veiviser.Visitor, e *veiviser.Event, a Answered) {
	late := v.Events > 0 && instant(e.Time).Before(v.LastSeen)
	f := facts{told: a.hear()}
	s.fold(v, e, &f)
	if len(a.Attributes) == 0 {
		return
	}
	own := make(map[string]string, len(a.Attributes))
	for name, value := range a.Attributes {
		own[veiviser.AttributeVisitorPrefix+name] = value
	}
	attributes(v, own, late)
}

// hear makes the observation of an answer; nil when it speaks for no stage.
func (a *Answered) hear() *heard {
	if len(a.Likelihood) == 0 {
		return nil
	}
	h := &heard{journey: a.Journey, subject: a.Subject, signal: ToldAnswer}
	for i, std := range veiviser.StandardStages() {
		h.likelihood[i] = 1
		if l, ok := a.Likelihood[std]; ok && l > 0 && !math.IsInf(l, 0) {
			h.likelihood[i] = min(max(l, 0.01), 100)
		}
	}
	return h
}
