package stage

import (
	"math"
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// What her own word does to a belief.
//
// Like the other answers (see told.go) it is a likelihood: how much oftener "I am in this stage" is said there than on
// average. It is the strongest single observation there is, 200 to 1, since she knows what we can only guess; it is no
// certainty, since people say "just looking" to be left alone. Where she contradicts the belief, doubt of the belief comes
// first: a tenth of it gives way to "it could be any stage", for that we were sure of something else is, after her word, best
// explained by a mistake of ours, such as a device that somebody else had used. So the likelihood has something to work with,
// whatever the belief was: in a journey of six stages 97 % elsewhere becomes at least 77 % where she says (16 stages: 55 %),
// 3 % there becomes 90 %.
//
// From then on it is a belief like any other: it drifts to rest with the half-life of the journey, and what she does
// afterwards speaks against it as it would against any.
const (
	saidMeant = 20.0
	saidOther = 0.1
	saidDoubt = 0.1
)

// Word is what a visitor says of where she stands.
type Word struct {
	// Stage is a stage of a journey, or a standard stage, which is every stage of it.
	Stage string
	// Subject is what she says it of, with what lies below it, or with Exact that alone.
	Subject string
	Exact   bool
	Time    time.Time
	// Wish is a hash of the id of the wish that says it, by which it can be taken back (see [TakeBack]); 0 for none. Instead are those of
	// earlier ones whose place it takes.
	Wish    uint64
	Instead []uint64
}

// Word is the visitor's own word on where she stands; an empty subject means what she was busy with last.
func (s *Set) Word(v *veiviser.Visitor, stage, subject string, at time.Time) Word {
	w := Word{Stage: stage, Subject: subject, Time: instant(at)}
	if subject == "" {
		w.Subject, w.Exact = s.busyWith(v), true
	}
	return w
}

// Said folds the visitor's own word. It concerns the needs of customers about its subject; when there is none a need is opened in
// every customers' journey that covers the subject and is not begun by events of its own. Journeys that have no such stage are
// left alone, and so are those of the account she acts for: see [Set.SaidOfAccount].
//
// The belief is drifted to the time of her word and multiplied by the likelihoods above. Her word is remembered under the
// signal [ToldStage]. It is no event: nothing is counted. It reports whether anything was folded.
func (s *Set) Said(v *veiviser.Visitor, w Word) bool { return s.said(v, w, journeysOf(v)) }

// SaidOfAccount folds a member's own word into the needs of her account, as Said does into hers. A word about nothing in particular
// says nothing about a company.
func (s *Set) SaidOfAccount(a *veiviser.Visitor, w Word) bool {
	return w.Subject != "" && s.said(a, w, (*journey).ofAccounts)
}

// HearsOfAccounts reports whether a group journey covers what a word is about.
func (s *Set) HearsOfAccounts(w Word) bool {
	return s.Concerns(&veiviser.Event{Subject: w.Subject}, Told{})
}

func (s *Set) said(v *veiviser.Visitor, w Word, of func(*journey) bool) bool {
	folded := false
	for _, j := range s.journeys {
		meant := j.meant(w.Stage)
		if j.audience != veiviser.AudienceCustomer || !of(j) || !slices.Contains(meant, true) {
			continue
		}
		for _, i := range j.concerned(v, w.Subject, w.Exact, w.Time) {
			j.hearStage(&v.Needs[i], meant, &w)
			folded = true
		}
	}
	byUpdated(v)
	return folded
}

// byUpdated puts the needs in their order.
func byUpdated(v *veiviser.Visitor) {
	slices.SortStableFunc(v.Needs, func(a, b veiviser.Need) int { return a.Updated.Compare(b.Updated) })
}

// busyWith is what the customer's need that was touched last is about, "" when there is none. The needs of an account are touched by
// others, too: there what the member met herself counts.
func (s *Set) busyWith(v *veiviser.Visitor) string {
	subject, at := "", time.Time{}
	of := journeysOf(v)
	for _, n := range slices.Backward(v.Needs) {
		if j := s.byID[n.Journey]; j != nil && j.audience == veiviser.AudienceCustomer && of(j) {
			subject, at = n.Subject, n.Updated
			break
		}
	}
	if v.Standing.Account == "" {
		return subject
	}
	for _, r := range slices.Backward(v.Recent) {
		if !r.Last.After(at) {
			break
		}
		if s.HearsOfAccounts(Word{Subject: r.Subject}) {
			return r.Subject
		}
	}
	return subject
}

// meant says of each stage of the journey whether a word names it: by its own name, or else by that of its standard stage.
func (j *journey) meant(stage string) []bool {
	out := make([]bool, len(j.stages))
	if i := slices.Index(j.stages, stage); i >= 0 {
		out[i] = true
		return out
	}
	for i, std := range j.standards {
		out[i] = stage != "" && string(std) == stage
	}
	return out
}

// concerned are the indexes of the needs of the journey that are about a subject, exactly or with what lies below it. When
// there is none it opens one, which makes room as any need does.
func (j *journey) concerned(v *veiviser.Visitor, subject string, exactly bool, at time.Time) []int {
	var list []int
	for i := range v.Needs {
		n := &v.Needs[i]
		if n.Journey == j.id && (n.Subject == subject || !exactly && veiviser.SubjectMatches(subject, n.Subject)) {
			list = append(list, i)
		}
	}
	if len(list) > 0 || len(j.startsOn) > 0 || !veiviser.AnySubjectMatches(j.subjects, subject) {
		return list
	}
	insert(v, veiviser.Need{
		Journey: j.id, Version: j.version, Subject: subject, Started: at, Updated: at, Stages: j.stages, Standard: j.standards,
		P: slices.Clone(j.prior),
	})
	return []int{j.find(v.Needs, subject)}
}

// hearStage multiplies the belief by her word.
func (j *journey) hearStage(n *veiviser.Need, meant []bool, word *Word) {
	at := word.Time
	j.adopt(n)
	said := veiviser.NeedWord{Wish: word.Wish, Time: at, P: slices.Clone(n.P), Updated: n.Updated}
	j.drift(n.P, at.Sub(n.Updated))
	best := 0
	for i, p := range n.P {
		if p > n.P[best] {
			best = i
		}
	}
	before := slices.Clone(n.P)
	if !meant[best] {
		for i := range n.P {
			n.P[i] = float64((1-saidDoubt)*n.P[i]) + saidDoubt/float64(len(n.P))
		}
	}
	var likelihoods, factors [scratch]float64
	s := signal{likelihood: startFactors(likelihoods[:0], len(n.P))}
	for i := range s.likelihood {
		if s.likelihood[i] = saidOther; meant[i] {
			s.likelihood[i] = saidMeant
		}
	}
	s.weigh(n.P, startFactors(factors[:0], len(n.P)), j.prior)
	settle(n.P, j.prior)
	if at.After(n.Updated) {
		n.Updated = at
	}
	if i, weight := risen(before, n.P); i >= 0 {
		remember(n, ToldStage, j.stages[i], weight, at)
		said.Stage, said.Weight = j.stages[i], weight
	}
	keepWord(n, said, word.Instead)
}

// risen is the stage whose probability rose most between two beliefs and the log of how many times it rose; -1 when none did.
func risen(before, after []float64) (stage int, weight float64) {
	stage, best := -1, 1e-12
	for i := range after {
		if rise := after[i] - before[i]; rise > best {
			stage, best = i, rise
		}
	}
	if stage < 0 {
		return -1, 0
	}
	return stage, math.Log(after[stage] / max(before[stage], leastFactor))
}
