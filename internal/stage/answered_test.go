package stage_test

import (
	"maps"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/veiviser/veiviser/internal/stage"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// One answer by hand: prior 3 4 3 5 1 over the eight stages; "I want to order" is given six times as often by who buys.
func TestAnsweredByHand(t *testing.T) {
	j := bikes()
	j.Transitions, j.Signals = nil, nil
	s := compile(t, planOf(j))
	e, v := at(0, "answer", "bike"), &veiviser.Visitor{}
	s.FoldAnswer(v, &e, stage.Answered{
		Likelihood: map[veiviser.StandardStage]float64{veiviser.StagePurchase: 6, veiviser.StageNeed: 0.5},
		Attributes: map[string]string{"household": "family"},
	})
	before, n := fold(s, at(0, "answer", "bike")), &v.Needs[0]
	odds := func(n *veiviser.Need, id string) float64 { return p(n, id) / p(n, "search") }
	for id, want := range map[string]float64{"compare": 1, "buy": 6, "dream": 0.5} {
		if got := odds(n, id) / odds(&before.Needs[0], id); math.Abs(got-want) > 1e-9 {
			t.Errorf("against searching %s is %v times as likely as before, want %v", id, got, want)
		}
	}
	if len(n.Evidence) != 1 || n.Evidence[0].Signal != stage.ToldAnswer || n.Evidence[0].Stage != "buy" {
		t.Errorf("%+v", n.Evidence)
	}
	if v.Attributes["household"] != "family" {
		t.Errorf("%v", v.Attributes)
	}
}

// An answer that speaks for no stage is folded as any event; whatever it says, the belief stays a distribution, attributes stay
// bounded, a late one overwrites none, and the event and the option are left alone.
func TestAnsweredProperties(t *testing.T) {
	s := compile(t, planOf(bikes()))
	rapid.Check(t, func(t *rapid.T) {
		v, e := &veiviser.Visitor{}, at(float64(rapid.IntRange(0, 3).Draw(t, "when")), "answer", rapid.SampledFrom([]string{"", "bike"}).Draw(t, "subject"))
		for i := range rapid.IntRange(0, 5).Draw(t, "past") {
			old := at(float64(i), "view", "bike")
			s.Fold(v, &old)
		}
		v.Attributes = map[string]string{"known": "before"}
		for i := range rapid.IntRange(0, veiviser.MaxAttributes-1).Draw(t, "facts") {
			v.Attributes[string(rune('A'+i))] = "x"
		}
		late := e.Time.Before(v.LastSeen) && v.Events > 0
		a := stage.Answered{Attributes: map[string]string{"known": "now", "fresh": "yes", "other": "no"}}
		if rapid.Bool().Draw(t, "speaks") {
			a.Likelihood = map[veiviser.StandardStage]float64{}
			for _, std := range veiviser.StandardStages() {
				a.Likelihood[std] = rapid.SampledFrom([]float64{0.01, 1, 100, 0, -1, math.NaN(), math.Inf(1), 1e300}).Draw(t, "likelihood")
			}
		}
		said, twin := maps.Clone(a.Attributes), v.Clone()
		s.FoldAnswer(v, &e, a)
		for i := range v.Needs {
			sum := 0.0
			for _, q := range v.Needs[i].P {
				sum += q
			}
			if !(math.Abs(sum-1) < 1e-9) {
				t.Fatalf("the belief sums to %v", sum)
			}
		}
		if len(v.Attributes) > veiviser.MaxAttributes || late != (v.Attributes["known"] == "before") {
			t.Fatalf("late %v: %v", late, v.Attributes)
		}
		if !maps.Equal(a.Attributes, said) || len(e.Attributes) > 0 {
			t.Fatal("what was said changed")
		}
		if a.Likelihood == nil {
			s.Fold(twin, &e)
			if d := cmp.Diff(twin.Needs, v.Needs); d != "" {
				t.Fatal(d)
			}
		}
	})
}

// Of several needs only the one asked about hears the answer.
func TestAnsweredIsAboutOneNeed(t *testing.T) {
	s := compile(t, planOf(bikes()))
	v := fold(s, at(0, "view", "bike"), at(1, "view", "bike/cargo"))
	twin := v.Clone()
	e := at(2, "answer", "")
	a := stage.Answered{Likelihood: map[veiviser.StandardStage]float64{veiviser.StagePurchase: 9}, Journey: v.Needs[0].Journey, Subject: v.Needs[0].Subject}
	s.FoldAnswer(v, &e, a)
	told := 0
	for i := range v.Needs {
		for _, ev := range v.Needs[i].Evidence {
			if ev.Signal == stage.ToldAnswer {
				told++
				if v.Needs[i].Subject != a.Subject {
					t.Errorf("heard about %q", v.Needs[i].Subject)
				}
			}
		}
	}
	if told != 1 || len(v.Needs) != len(twin.Needs) {
		t.Errorf("heard %d times", told)
	}
}

// Of two identities that answered one question the answer of the one seen last stays, whichever is merged into the other.
func TestMergeAnswers(t *testing.T) {
	s := compile(t, planOf(bikes()))
	for _, into := range []int{0, 1} {
		var both [2]*veiviser.Visitor
		for i := range both {
			both[i] = fold(s, at(float64(i), "view", "bike"))
			both[i].Answers = map[string]string{"q": string(rune('a' + i)), string(rune('a' + i)): "own"}
		}
		s.Merge(both[into], both[1-into])
		if want := map[string]string{"q": "b", "a": "own", "b": "own"}; !maps.Equal(both[into].Answers, want) {
			t.Errorf("into %d: %v, want %v", into, both[into].Answers, want)
		}
	}
}
