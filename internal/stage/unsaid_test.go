package stage_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/veiviser/veiviser/internal/stage"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// says lets her say with a wish where she stands.
func says(t *testing.T, s *stage.Set, v *veiviser.Visitor, wish uint64, in, subject string, at time.Time, instead ...uint64) {
	t.Helper()
	w := s.Word(v, in, subject, at)
	w.Wish, w.Instead = wish, instead
	if !s.Said(v, w) {
		t.Fatalf("%s of %q was not heard", in, subject)
	}
}

// asIf compares what is believed of two. How far a signal moved the belief stays as it was when it did.
func asIf(t *testing.T, want, got *veiviser.Visitor) {
	t.Helper()
	if d := cmp.Diff(want.Needs, got.Needs, cmpopts.EquateApprox(0, 1e-9), cmpopts.IgnoreFields(veiviser.Evidence{}, "Weight"), cmpopts.EquateEmpty()); d != "" {
		t.Errorf("she is believed in another way than if she had not said it: %s", d)
	}
}

// A word that is taken back leaves nothing, whatever she did before and since.
func TestTakeBackIsAsIfUnsaid(t *testing.T) {
	s := compile(t, planOf(bikes()))
	for before := range 4 {
		for since := range 4 {
			said, unsaid := &veiviser.Visitor{}, &veiviser.Visitor{}
			for i := range before {
				e := at(float64(i), "view", "bike")
				s.Fold(said, &e)
				s.Fold(unsaid, &e)
			}
			if before == 0 && since > 0 {
				continue // what is done first opens the need
			}
			when := day0
			if before > 0 {
				when = said.Needs[0].Updated
			}
			says(t, s, said, 7, "search", "bike", when)
			for i := range since {
				e := at(float64(before+i), []string{"compare", "view", "cart"}[i], "bike")
				s.Fold(said, &e)
				s.Fold(unsaid, &e)
			}
			if stage.TakeBack(said, 8) || !stage.TakeBack(said, 9, 7) || stage.TakeBack(said, 7) {
				t.Error("what was taken back is not told")
			}
			asIf(t, unsaid, said)
		}
	}
}

// Of several words those that she does not take back stay, the last one exactly.
func TestTakeBackOneOfSeveral(t *testing.T) {
	s := compile(t, planOf(bikes()))
	history := func(words ...uint64) *veiviser.Visitor {
		v := fold(s, at(0, "view", "bike/ebike"))
		for _, w := range words {
			switch w {
			case 1:
				says(t, s, v, 1, "search", "bike", v.Needs[0].Updated)
			case 2:
				says(t, s, v, 2, "buy", "bike/ebike", v.Needs[0].Updated.Add(time.Hour))
			}
		}
		return v
	}
	v := history(1, 2)
	stage.TakeBack(v, 2)
	asIf(t, history(1), v)
	stage.TakeBack(v, 1)
	asIf(t, history(), v)

	v = history(1, 2)
	stage.TakeBack(v, 1)
	n := &v.Needs[0]
	if e := n.Evidence[len(n.Evidence)-1]; e.Signal != stage.ToldStage || e.Count != 1 || e.Stage != "buy" {
		t.Errorf("the evidence is %+v", e)
	}
	stage.TakeBack(v, 2)
	asIf(t, history(), v)

	v = history(1)
	says(t, s, v, 3, "buy", "bike", v.Needs[0].Updated.Add(time.Hour), 1)
	says(t, s, v, 3, "buy", "bike", v.Needs[0].Updated.Add(time.Hour), 1)
	stage.TakeBack(v, 3)
	asIf(t, history(), v)
}

// A word can be taken back when the journey has another version, and when it was said under another identity.
func TestTakeBackLater(t *testing.T) {
	old := compile(t, planOf(bikes()))
	next := bikes()
	next.Version = 2
	s := compile(t, planOf(next))
	said, unsaid := fold(old, at(0, "view", "bike")), fold(old, at(0, "view", "bike"))
	says(t, old, said, 1, "search", "bike", said.Needs[0].Updated)
	for _, v := range []*veiviser.Visitor{said, unsaid} {
		e := at(1, "compare", "bike")
		s.Fold(v, &e)
		other := fold(s, at(1, "view", "bike"))
		s.Merge(v, other)
	}
	if p(&said.Needs[0], "search") <= p(&unsaid.Needs[0], "search") {
		t.Fatal("it is not believed")
	}
	stage.TakeBack(said, 1)
	asIf(t, unsaid, said)
}
