package stage_test

import (
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/veiviser/veiviser/internal/stage"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// One answer by hand: prior 3 4 3 5 1 over the eight stages, an item for those who weigh.
func TestToldByHand(t *testing.T) {
	j := bikes()
	j.Transitions, j.Signals = nil, nil
	s := compile(t, planOf(j))
	for name, c := range map[string]struct {
		want   [8]float64 // dream search | compare try | buy wait ride praise, to be normalised
		signal string
		stage  string
	}{
		"too_early": {[8]float64{9, 12, 0.8, 0.4, 0.25, 0, 0.25, 0}, stage.ToldTooEarly, "search"},
		"too_late":  {[8]float64{0.75, 1, 0.8, 0.4, 3, 0, 3, 0}, stage.ToldTooLate, "buy"},
		"known":     {[8]float64{2.1, 2.8, 2, 1, 1.5, 0, 1.5, 0}, stage.ToldKnown, "buy"},
		"helpful":   {[8]float64{2.4, 3.2, 3, 1.5, 0.8, 0, 0.8, 0}, stage.ToldHelpful, "compare"},
	} {
		t.Run(name, func(t *testing.T) {
			e := at(0, name, "bike")
			v := &veiviser.Visitor{}
			s.FoldTold(v, &e, stage.Told{Stages: []veiviser.StandardStage{veiviser.StageEvaluate}})
			n, sum := &v.Needs[0], 0.0
			for _, w := range c.want {
				sum += w
			}
			for i, w := range c.want {
				if got := n.P[i]; math.Abs(got-w/sum) > 1e-12 {
					t.Errorf("P[%s] = %v, want %v", n.Stages[i], got, w/sum)
				}
			}
			before := fold(s, at(0, name, "bike"))
			want := []veiviser.Evidence{{
				Signal: c.signal, Time: e.Time, Count: 1, Stage: c.stage,
				Weight: math.Log(p(n, c.stage) / p(&before.Needs[0], c.stage)),
			}}
			if diff := cmp.Diff(want, n.Evidence, approx(1e-12)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// An item for those who search and those who buy did not come at the wrong time only for them, but for all in between.
func TestToldSpansWhatLiesBetween(t *testing.T) {
	j := bikes()
	j.Transitions, j.Signals = nil, nil
	s := compile(t, planOf(j))
	odds := func(answer string) float64 {
		e, v := at(0, answer, "bike"), &veiviser.Visitor{}
		s.FoldTold(v, &e, stage.Told{Stages: []veiviser.StandardStage{veiviser.StagePurchase, veiviser.StageSearch, veiviser.StageSearch}})
		return p(&v.Needs[0], "compare") / p(&v.Needs[0], "search")
	}
	for answer, want := range map[string]float64{"too_early": 0.5, "too_late": 0.5, "known": 0.5, "helpful": 0.5 * 0.8 / 1.5} {
		if got := odds(answer); math.Abs(got-want) > 1e-12 {
			t.Errorf("%s: comparing against searching stands %v, want %v", answer, got, want)
		}
	}
}

// In a journey with signals and transitions the answer wins over the step that the event itself is, and the value follows.
func TestToldInAJourney(t *testing.T) {
	s := compile(t, planOf(bikes()))
	told := stage.Told{Stages: []veiviser.StandardStage{veiviser.StageEvaluate}}
	start := fold(s, at(0, "search", "bike"), at(1, "compare", "bike"), at(2, "compare", "bike"))
	was := s.Views(start, "", minute(2))[0]
	for answer, dir := range map[string]float64{"too_early": -1, "too_late": 1} {
		v, e := start.Clone(), at(3, answer, "bike")
		s.FoldTold(v, &e, told)
		is := s.Views(v, "", minute(3))[0]
		if dir*(index(&is)-index(&was)) <= 0.3 || dir*(is.Value-was.Value) <= 0.02 {
			t.Errorf("%s: mean stage %.3f → %.3f, value %.3f → %.3f", answer, index(&was), index(&is), was.Value, is.Value)
		}
		if last := is.Evidence[len(is.Evidence)-1]; last.Signal != "told:"+answer {
			t.Errorf("%s: the latest evidence is %+v", answer, last)
		}
	}
}

// What tells nothing is folded as ever, bit for bit.
func TestToldNothing(t *testing.T) {
	s := compile(t, planOf(bikes(), impulse()))
	all := veiviser.StandardStages()
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.SliceOfN(anyEvent(), 1, 20).Draw(t, "events")
		told := rapid.SampledFrom([]stage.Told{
			{},
			{Journey: "considered", Subject: "bike"},
			{Stages: all[:], Subject: "bike"},
			{Stages: []veiviser.StandardStage{"", "by"}, Subject: "bike"},
			{Stages: all[1:3], Subject: "bike"},
		}).Draw(t, "told")
		var v, want veiviser.Visitor
		for i := range events {
			e := &events[i]
			if len(told.Stages) == 2 && told.Stages[0] != "" { // it would tell something, were it said of these
				e.Type = rapid.SampledFrom([]string{"not_relevant", "dismiss", "click", "view", "", "own"}).Draw(t, "no answer")
			}
			s.Fold(&want, e)
			s.FoldTold(&v, e, told)
		}
		if diff := cmp.Diff(want, v); diff != "" {
			t.Fatal(diff)
		}
	})
	// An item for all the stages that the journey has tells nothing of it, either.
	e, v := at(0, "too_late", "tent"), &veiviser.Visitor{}
	s.FoldTold(v, &e, stage.Told{Stages: all[1:4]})
	if diff := cmp.Diff(fold(s, e), v); diff != "" {
		t.Error(diff)
	}
}

// An answer touches the need that it is about, and no other.
func TestToldIsAboutOneNeed(t *testing.T) {
	s := compile(t, planOf(bikes(), impulse()))
	stages := []veiviser.StandardStage{veiviser.StageEvaluate}
	start := fold(s, at(0, "view", "tent"), at(1, "compare", "bike/a"), at(2, "search", "bike/b"))
	for name, c := range map[string]struct {
		subject string
		told    stage.Told
		same    string // the subject of an event that does the same but for the answer
		moved   []string
	}{
		"its own subject":           {"bike/a", stage.Told{Stages: stages, Journey: "considered", Subject: "bike/b"}, "bike/a", []string{"considered bike/a"}},
		"every journey":             {"bike/a", stage.Told{Stages: stages}, "bike/a", []string{"considered bike/a", "impulse bike/a"}},
		"that of the decision":      {"", stage.Told{Stages: stages, Journey: "considered", Subject: "bike/a"}, "bike/a", []string{"considered bike/a"}},
		"touched last":              {"", stage.Told{Stages: stages, Journey: "considered"}, "", []string{"considered bike/b"}},
		"a new one":                 {"", stage.Told{Stages: stages, Journey: "considered", Subject: "bike/c"}, "bike/c", []string{"considered bike/c"}},
		"a journey that is no more": {"bike/a", stage.Told{Stages: stages, Journey: "gone"}, "bike/a", nil},
	} {
		t.Run(name, func(t *testing.T) {
			plain, told := start.Clone(), start.Clone()
			e, like := at(3, "too_early", c.subject), at(3, "too_early", c.same)
			s.Fold(plain, &like)
			s.FoldTold(told, &e, c.told)
			var moved []string
			for i := range plain.Needs {
				a := &plain.Needs[i]
				b := need(told, a.Journey, a.Subject)
				if b == nil {
					t.Fatalf("no need %s about %s", a.Journey, a.Subject)
				}
				if cmp.Equal(a, b) {
					continue
				}
				moved = append(moved, a.Journey+" "+a.Subject)
				b.P, b.Evidence = a.P, a.Evidence
				if diff := cmp.Diff(a, b); diff != "" {
					t.Errorf("more than the belief changed: %s", diff)
				}
			}
			if diff := cmp.Diff(c.moved, moved); diff != "" {
				t.Error(diff)
			}
			if len(plain.Needs) != len(told.Needs) {
				t.Errorf("%d needs, want %d", len(told.Needs), len(plain.Needs))
			}
			if c.subject == c.same { // nor did anything else happen to her
				plain.Needs, told.Needs = nil, nil
				if diff := cmp.Diff(plain, told); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

// The same answer a thousand times is believed more and more, never more than surely, and does not make the belief deaf.
func TestToldAgainAndAgain(t *testing.T) {
	s := compile(t, planOf(bikes()))
	told := stage.Told{Stages: []veiviser.StandardStage{veiviser.StageEvaluate}}
	v := fold(s, at(0, "compare", "bike"))
	last, step := 0.0, 0.0
	for i := range 1000 {
		e := at(1, "too_early", "bike")
		s.FoldTold(v, &e, told)
		sound(t, v)
		before := p(&v.Needs[0], "dream") + p(&v.Needs[0], "search")
		if i >= 2 && before < 0.95 {
			t.Fatalf("answer %d: P[before] = %v after %v", i+1, before, last)
		}
		last, step = before, before-last
	}
	if math.Abs(step) > 1e-9 {
		t.Errorf("the last of a thousand answers still changes P[before] by %v", step)
	}
	if last < 0.95 || last >= 1 {
		t.Errorf("after a thousand answers P[before] = %v", last)
	}
	ev := v.Needs[0].Evidence[len(v.Needs[0].Evidence)-1]
	if ev.Signal != stage.ToldTooEarly || ev.Count < 100 {
		t.Errorf("evidence %+v", ev)
	}
	for i := range 3 {
		e := at(2+float64(i), "cart_add", "bike")
		s.Fold(v, &e)
	}
	if got := s.Views(v, "", minute(5))[0].Stage; got != "buy" {
		t.Errorf("three steps to the cart later she is in %q", got)
	}
	for i := range 3 {
		early, late := at(6, "too_early", "bike"), at(6, "too_late", "bike")
		s.FoldTold(v, &early, told)
		s.FoldTold(v, &late, told)
		if sound(t, v); i == 2 && p(&v.Needs[0], "dream") > 0.5 {
			t.Errorf("contradicting answers made her dream: %v", v.Needs[0].P)
		}
	}
}

// A journey wider than the stack has room for, with stages that stand for nothing and signals at the bounds of an event.
func TestToldInAnExtremeJourney(t *testing.T) {
	j := veiviser.Journey{ID: "wide"}
	standards := veiviser.StandardStages()
	for i := range 40 {
		st := veiviser.Stage{ID: strconv.Itoa(i), Prior: 1}
		if i%7 < len(standards) {
			st.Standard = standards[i%7]
		}
		j.Stages = append(j.Stages, st)
	}
	for i := range 8 {
		l := map[string]float64{"0": 1e-300, "4": 1e300, "6": 1}
		j.Signals = append(j.Signals, veiviser.Signal{ID: strconv.Itoa(i), Likelihood: l})
	}
	s := compile(t, planOf(j))
	told := stage.Told{Stages: standards[2:4]}
	v := fold(s, at(0, "view", "x"))
	for i := range 200 {
		e := at(float64(i*i), []string{"too_early", "too_late", "known", "helpful"}[i%4], "x")
		plain := v.Clone()
		s.Fold(plain, &e)
		s.FoldTold(v, &e, told)
		sound(t, v)
		// A stage that stands for nothing keeps its weight against one that the answer does not speak of.
		if e.Type == "known" {
			a, b := plain.Needs[0].P, v.Needs[0].P
			if was, is := a[13]/a[9], b[13]/b[9]; math.Abs(was-is) > 1e-9*was {
				t.Fatalf("the stage without a standard stage went from %v to %v", was, is)
			}
		}
	}
}

func TestFoldToldDoesNotAllocate(t *testing.T) {
	s, v, events := steady(t)
	told := stage.Told{Stages: []veiviser.StandardStage{veiviser.StageEvaluate}, Subject: "bike"}
	fold := func(typ string) float64 {
		return testing.AllocsPerRun(200, func() {
			events[0].Type, events[0].Time = typ, v.LastSeen.Add(time.Second)
			s.FoldTold(v, &events[0], told)
		})
	}
	fold("too_early")
	if n := fold("click"); n != 0 {
		t.Errorf("%v allocations for an event that is no answer", n)
	}
	if n := fold("too_early"); n > 1 {
		t.Errorf("%v allocations for an answer", n)
	}
}

func BenchmarkFoldTold(b *testing.B) {
	s, v, events := steady(b)
	told := stage.Told{Stages: []veiviser.StandardStage{veiviser.StageEvaluate}, Journey: "considered", Subject: "bike"}
	for i := range events {
		events[i].Type = []string{"too_early", "too_late", "known", "helpful"}[i%4]
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		e := &events[i%len(events)]
		e.Time = v.LastSeen.Add(7 * time.Second)
		s.FoldTold(v, e, told)
		i++
	}
}
