package stage

import "github.com/veiviser/veiviser/internal/veiviser"

// Told is what an answer of the visitor ("too early", "I knew that") was about: the item, and the need it was shown for.
// Its zero value tells nothing.
type Told struct {
	// Stages are the standard stages that the item serves, as in [veiviser.Item]. None, or all six, tell nothing: such an item
	// cannot come at the wrong time.
	Stages []veiviser.StandardStage
	// Journey is that of the need that the item was shown for; "" is every journey that the event belongs to.
	Journey string
	// Subject is that of the need. It counts only for an event that is about nothing itself, which then belongs to the needs
	// about Subject instead of those touched last.
	Subject string
}

// The signals under which the answers of a visitor appear in [veiviser.Need.Evidence]. No plan has such ids.
const (
	ToldTooEarly = "told:too_early"
	ToldTooLate  = "told:too_late"
	ToldKnown    = "told:known"
	ToldHelpful  = "told:helpful"
	ToldStage    = "told:stage"
	ToldAnswer   = "told:answer"
)

// How much more often an answer is given in a stage than on average, by where the stage lies to those that the item
// serves: likelihood ratios like those of the signals of a plan, and like them within [0.01, 100].
//
// They are priors, not fitted: too few answers are given to fit them. What is sure is the direction, that somebody for whom
// an item came too early is rather before its stages than in them, and least of all beyond. The size is chosen so that one
// answer turns a belief that was not sure (7.5 to 1 between "not yet" and "here": from 70 % here to 24 %) and does
// not overthrow one that was (from 97 % to 81 %): people press a wrong button, or mean the offer and not its moment.
// Having known it already, or having been helped, says less about when: who is ahead knows more, but who is here may have
// read it elsewhere; and what helps does so mostly, but not only, in its own stages.
const (
	timingMeant   = 3.0  // on the side that she points to
	timingServed  = 0.4  // where the item would have been in time
	timingFarther = 0.25 // on the other side of it
	knownBeyond   = 1.5
	knownServed   = 1.0
	knownBefore   = 0.7
	helpedServed  = 1.5
	helpedOther   = 0.8
)

// heard is an answer that tells something: one more observation of the needs it is about.
type heard struct {
	journey, subject string
	signal           string
	likelihood       [veiviser.NumStandardStages]float64
}

// FoldTold is [Set.Fold] for an event that may be an answer to an item that was shown. An answer of type too_early,
// too_late, known or helpful says where in the decision she is, or is not; every other event, and an answer about an
// item that [Told] says nothing of, is folded exactly as Fold does.
//
// After the signals of the plan, the belief of the need that the answer is about is multiplied by the likelihood of the
// answer in each stage, by way of its standard stage; stages without one keep their weight. Compared with Fold, too_early
// raises the probability of the stages before the first one served and lowers the mean index of the standard stage,
// known and too_late the reverse (since their likelihoods are monotone in the standard stages); with it goes the value of
// the need in a journey whose stages are worth the more the further they lie. No other need is changed by it.
//
// The answer is kept as evidence under one of the Told signals when it moved anything. A repeated one counts again,
// as a repeated signal does: the belief tends to where she points, and a few observations that say otherwise bring it back.
func (s *Set) FoldTold(v *veiviser.Visitor, e *veiviser.Event, t Told) {
	f := facts{told: t.hear(e.Type)}
	s.fold(v, e, &f)
}

// hear makes the observation of an answer; nil when it tells nothing.
func (t *Told) hear(answer string) *heard {
	signal := ""
	// The likelihoods before the first stage served, of those served, of others that lie between them, and beyond the last.
	var before, served, between, beyond float64
	switch answer {
	case "too_early":
		signal, before, served, between, beyond = ToldTooEarly, timingMeant, timingServed, timingServed, timingFarther
	case "too_late":
		signal, before, served, between, beyond = ToldTooLate, timingFarther, timingServed, timingServed, timingMeant
	case "known":
		signal, before, served, between, beyond = ToldKnown, knownBefore, knownServed, knownServed, knownBeyond
	case "helpful":
		signal, before, served, between, beyond = ToldHelpful, helpedOther, helpedServed, helpedOther, helpedOther
	default:
		return nil
	}
	var serves [veiviser.NumStandardStages]bool
	first, last, n := len(serves), -1, 0
	for _, stage := range t.Stages {
		if i := stage.Index(); i >= 0 && !serves[i] {
			serves[i] = true
			first, last, n = min(first, i), max(last, i), n+1
		}
	}
	if n == 0 || n == len(serves) {
		return nil
	}
	h := &heard{journey: t.Journey, subject: t.Subject, signal: signal}
	for i := range h.likelihood {
		switch {
		case serves[i]:
			h.likelihood[i] = served
		case i < first:
			h.likelihood[i] = before
		case i > last:
			h.likelihood[i] = beyond
		default:
			h.likelihood[i] = between
		}
	}
	return h
}

// listen multiplies the belief by what was heard. It is bounded apart from the signals of the event, so that they cannot
// drown it.
func (j *journey) listen(n *veiviser.Need, f *facts) {
	h := f.told
	if h.journey != "" && h.journey != j.id {
		return
	}
	var likelihoods, factors [scratch]float64
	s := signal{likelihood: startFactors(likelihoods[:0], len(n.P))}
	differ := false
	for i, std := range j.standard {
		if std >= 0 {
			s.likelihood[i] = h.likelihood[std]
		}
		differ = differ || s.likelihood[i] != s.likelihood[0]
	}
	if !differ { // all the stages that this journey has
		return
	}
	if stage, weight := s.weigh(n.P, startFactors(factors[:0], len(n.P)), j.prior); stage >= 0 {
		remember(n, h.signal, j.stages[stage], weight, f.time)
	}
}
