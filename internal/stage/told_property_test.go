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

// timed draws a journey, a belief in it as extreme as one can be, and what an item serves.
type timed struct {
	set    *stage.Set
	v      *veiviser.Visitor
	told   stage.Told
	serves [veiviser.NumStandardStages]bool
	value  []float64 // by stage
}

func anyTimed(t *rapid.T) timed {
	standards := veiviser.StandardStages()
	j := veiviser.Journey{ID: "j", Version: 1}
	level := 0
	for i := range rapid.IntRange(2, 9).Draw(t, "stages") {
		level = min(level+rapid.IntRange(0, 2).Draw(t, "up"), len(standards)-1)
		j.Stages = append(j.Stages, veiviser.Stage{ID: strconv.Itoa(i), Standard: standards[level], Prior: 1})
	}
	for i := range j.Stages[1:] { // a chain, so that what lies further ahead is worth more
		j.Transitions = append(j.Transitions,
			veiviser.Transition{From: strconv.Itoa(i), To: strconv.Itoa(i + 1), Rate: rapid.Float64Range(0, 0.5).Draw(t, "on")},
			veiviser.Transition{From: strconv.Itoa(i + 1), To: strconv.Itoa(i), Rate: rapid.Float64Range(0, 0.5).Draw(t, "back")})
	}
	out := timed{set: compileRapid(t, j)}
	out.v = fold(out.set, at(0, "view", "x"))
	n := &out.v.Needs[0]
	for i := range n.P {
		one := out.v.Clone()
		one.Needs[0].P = make([]float64, len(n.P))
		one.Needs[0].P[i] = 1
		out.value = append(out.value, out.set.Views(one, "", day0)[0].Value)
	}
	for i := range n.P {
		n.P[i] = rapid.SampledFrom([]float64{0, 5e-324, 1e-300, 1e-12, 1e-3, 0.3, 1, 1e3, 1e300, math.Inf(1), math.NaN()}).Draw(t, "p")
	}
	for i := range out.serves {
		if out.serves[i] = rapid.Bool().Draw(t, "serves"); out.serves[i] {
			out.told.Stages = append(out.told.Stages, standards[i])
		}
	}
	return out
}

func compileRapid(t *rapid.T, j veiviser.Journey) *stage.Set {
	s, err := stage.Compile(planOf(j))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// sides are the probabilities before the first stage served, up to the last, and beyond it.
func (c *timed) sides(w *veiviser.NeedView) (before, within, beyond float64) {
	first, last := len(c.serves), -1
	for i, serves := range c.serves {
		if serves {
			first, last = min(first, i), i
		}
	}
	for i, q := range w.ByStandard {
		switch {
		case i < first:
			before += q
		case i > last:
			beyond += q
		default:
			within += q
		}
	}
	return before, within, beyond
}

// index is the mean index of the standard stage.
func index(w *veiviser.NeedView) float64 {
	sum := 0.0
	for i, q := range w.ByStandard {
		sum += float64(i) * q
	}
	return sum
}

// Whatever the journey, the belief and the item: "too early" moves the belief back, "too late" and "known" move it on,
// "helpful" towards what the item serves, and the value of the need moves with it.
func TestToldMovesTheRightWay(t *testing.T) {
	const tiny = 1e-6
	moved := 0
	rapid.Check(t, func(t *rapid.T) {
		c := anyTimed(t)
		answer := rapid.SampledFrom([]string{"too_early", "too_late", "known", "helpful"}).Draw(t, "answer")
		e := at(rapid.SampledFrom([]float64{-5, 0, 5, 1e5}).Draw(t, "minutes"), answer, "x")
		plain, told := c.v.Clone(), c.v
		c.set.Fold(plain, &e)
		c.set.FoldTold(told, &e, c.told)
		sound(t, told)
		a, b := &c.set.Views(plain, "", plain.LastSeen)[0], &c.set.Views(told, "", told.LastSeen)[0]
		if len(c.told.Stages)%veiviser.NumStandardStages == 0 {
			if diff := cmp.Diff(plain, told); diff != "" {
				t.Fatalf("an item for everyone told something: %s", diff)
			}
			return
		}
		before, within, beyond := c.sides(a)
		before2, within2, beyond2 := c.sides(b)
		split := max(min(before, within+beyond), min(within, before+beyond)) > tiny
		dir := map[string]float64{"too_early": -1, "too_late": 1, "known": 1}[answer]
		if by := dir * (index(b) - index(a)); dir != 0 && (by < -1e-12 || split && by <= 0) {
			t.Fatalf("%s moved the mean stage from %v to %v", answer, index(a), index(b))
		}
		if by := dir * (b.Value - a.Value); dir != 0 && by < -1e-12 {
			t.Fatalf("%s moved the value from %v to %v", answer, a.Value, b.Value)
		}
		switch {
		case answer == "too_early" && min(before, 1-before) > tiny && before2 <= before,
			answer == "too_late" && min(beyond, 1-beyond) > tiny && beyond2 <= beyond,
			answer == "known" && min(beyond, 1-beyond) > tiny && beyond2 <= beyond:
			t.Fatalf("%s: before %v → %v, within %v → %v, beyond %v → %v", answer, before, before2, within, within2, beyond, beyond2)
		}
		if answer == "helpful" {
			c.helped(t, a, b)
		}
		if split && dir != 0 {
			moved++
			if len(b.Evidence) != 1 || b.Evidence[0].Signal != "told:"+answer || b.Evidence[0].Weight <= 0 {
				t.Fatalf("evidence %+v", b.Evidence)
			}
		}
	})
	if moved == 0 {
		t.Error("nothing was moved")
	}
}

// helped fails when what the item serves became less likely.
func (c *timed) helped(t *rapid.T, a, b *veiviser.NeedView) {
	was, is := 0.0, 0.0
	for i, serves := range c.serves {
		if serves {
			was, is = was+a.ByStandard[i], is+b.ByStandard[i]
		}
	}
	if is < was-1e-12 || min(was, 1-was) > 1e-6 && is <= was {
		t.Fatalf("helpful: what it serves went from %v to %v", was, is)
	}
}

func FuzzFoldTold(f *testing.F) {
	f.Add("too_early", "bike", "considered", "bike", "evaluate", "purchase", int64(60), 0.1, 0.9, 0.0)
	f.Add("too_late", "", "", "bike/x", "advocate", "", int64(-1), math.Inf(1), 0.0, -1.0)
	f.Add("known", "*", "gone", "", "need", "need", int64(math.MaxInt64), math.NaN(), 1e-320, 1e308)
	s := compile(f, planOf(bikes(), impulse()))
	f.Fuzz(func(t *testing.T, typ, subject, journey, about, first, second string, sec int64, a, b, c float64) {
		v := fold(s, at(0, "compare", "bike"), at(1, "view", ""))
		v.Needs[0].P[0], v.Needs[0].P[3], v.Needs[0].P[1] = a, b, c
		told := stage.Told{Journey: journey, Subject: about, Stages: []veiviser.StandardStage{veiviser.StandardStage(first), veiviser.StandardStage(second)}}
		for i := range int64(3) {
			s.FoldTold(v, &veiviser.Event{Type: typ, Subject: subject, Time: time.Unix(sec*i, i)}, told)
			for _, w := range s.Views(v, subject, time.Unix(sec, 0)) { // a need that it does not touch is mended there
				distribution(t, &w.Need)
			}
		}
		if n := need(v, "considered", about); n != nil && subject == about {
			distribution(t, n)
		}
	})
}
