package stage_test

import (
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/veiviser/veiviser/internal/stage"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// Her word by hand: prior 3 4 3 5 1 over the stages, and she says that she is searching, which a tenth of doubt and 200 to 1
// make of it.
func TestSaidByHand(t *testing.T) {
	j := bikes()
	j.Transitions, j.Signals = nil, nil
	s := compile(t, planOf(j))
	v := &veiviser.Visitor{}
	if !s.Said(v, s.Word(v, "search", "bike", day0)) {
		t.Fatal("it was not heard")
	}
	n := &v.Needs[0]
	prior := map[string]float64{}
	fresh := s.Views(&veiviser.Visitor{}, "bike", day0)[0]
	best := slices.Max(fresh.P)
	for i, id := range fresh.Stages {
		prior[id] = fresh.P[i]
	}
	doubt := func(q float64) float64 { return q }
	if prior["search"] < best {
		doubt = func(q float64) float64 { return 0.9*q + 0.1/float64(len(fresh.P)) }
	}
	q := doubt(prior["search"])
	want := 20 * q / (20*q + 0.1*(1-q))
	if got := p(n, "search"); math.Abs(got-want) > 1e-12 {
		t.Errorf("P[search] = %v, want %v", got, want)
	}
	if n.Events != 0 || v.Events != 0 || len(n.Evidence) != 1 || n.Evidence[0].Signal != stage.ToldStage || n.Evidence[0].Stage != "search" {
		t.Errorf("need %+v of %d events", n, v.Events)
	}
}

// Whatever was believed: afterwards it is a distribution, the stage she named is likelier than before and the likeliest, at more
// than a half; and with silence it goes back to rest.
func TestSaidIsBelievedAndFades(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyTimed(t)
		n := &c.v.Needs[0]
		view := func(at time.Time) veiviser.NeedView { return c.set.Views(c.v, "x", at)[0] }
		before := view(day0)
		k := rapid.IntRange(0, len(n.P)-1).Draw(t, "stage")
		if !c.set.Said(c.v, c.set.Word(c.v, strconv.Itoa(k), "x", day0)) {
			t.Fatal("it was not heard")
		}
		sound(t, c.v)
		after := view(day0)
		if was, is := before.P[k], after.P[k]; is < was-1e-12 || is <= 0.6 || is < slices.Max(after.P) {
			t.Fatalf("%v became %v of %v", was, is, after.P)
		}
		rest := view(day0.AddDate(20, 0, 0)).P[k]
		last := after.P[k]
		for _, days := range []int{1, 7, 14, 60, 400} {
			p := view(day0.AddDate(0, 0, days)).P[k]
			if math.Abs(p-rest) > math.Abs(last-rest)+1e-12 {
				t.Fatalf("after %d days %v is further from %v than %v was", days, p, rest, last)
			}
			last = p
		}
		if math.Abs(last-rest) > 1e-3 {
			t.Fatalf("after 400 days it is %v, at rest %v", last, rest)
		}
	})
}

// A sure belief of 97 % elsewhere gives way, and a few events that say otherwise bring it back.
func TestSaidIsContradicted(t *testing.T) {
	s := compile(t, planOf(bikes()))
	v := fold(s, at(0, "view", "bike"))
	n := &v.Needs[0]
	buy := slices.Index(n.Stages, "buy")
	for i := range n.P {
		n.P[i] = 0.03 / float64(len(n.P)-1)
	}
	n.P[buy] = 0.97
	s.Said(v, s.Word(v, "dream", "", n.Updated))
	if got := p(&v.Needs[0], "dream"); got < 0.6 {
		t.Errorf("from 97 %% elsewhere her word makes %v", got)
	}
	for i := range 6 {
		e := at(float64(i+1), "checkout", "bike")
		s.Fold(v, &e)
	}
	if got := p(&v.Needs[0], "dream"); got > 0.3 {
		t.Errorf("after six times at the checkout she is still believed: %v", got)
	}
}

// It is about the needs of the subject and what lies below it, or those she was busy with; journeys of other people and without
// such a stage are left alone.
func TestSaidIsAbout(t *testing.T) {
	press := impulse()
	press.ID, press.Audience = "press", "press"
	s := compile(t, planOf(bikes(), press))
	v := fold(s, at(0, "view", "bike/a"), at(1, "view", "bike/b"))
	belief := func(subject string) []float64 {
		for i := range v.Needs {
			if v.Needs[i].Journey == "considered" && v.Needs[i].Subject == subject {
				return slices.Clone(v.Needs[i].P)
			}
		}
		return nil
	}
	a, b := belief("bike/a"), belief("bike/b")
	s.Said(v, s.Word(v, "buy", "", day0.Add(time.Hour)))
	if slices.Equal(b, belief("bike/b")) || !slices.Equal(a, belief("bike/a")) {
		t.Error("without a subject it is about what she was busy with last")
	}
	b = belief("bike/b")
	s.Said(v, s.Word(v, "dream", "bike", day0.Add(2*time.Hour)))
	if slices.Equal(b, belief("bike/b")) || slices.Equal(a, belief("bike/a")) || belief("bike") != nil {
		t.Error("a subject is about what lies below it")
	}
	if s.Said(v, s.Word(v, "nowhere", "bike", day0)) || s.Said(v, s.Word(v, "", "bike", day0)) {
		t.Error("there is no such stage")
	}
	for i := range v.Needs {
		if n := &v.Needs[i]; n.Journey == "press" && len(n.Evidence) > 0 && n.Evidence[len(n.Evidence)-1].Signal == stage.ToldStage {
			t.Error("a journalist's journey was moved")
		}
	}
}
