package store

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// TestNumbers holds that numbers and durations come back bit by bit, and that those which people write are short.
func TestNumbers(t *testing.T) {
	for want, size := range map[float64]int{
		0: 1, 1: 3, -1: 3, 0.2: 2, -0.5: 3, 10: 3, 0.0001: 1, 12490: 5, 1e9: 7, math.Copysign(0, -1): 9, 1.0 / 3: 9, math.Inf(1): 9,
		math.MaxFloat64: 9, math.SmallestNonzeroFloat64: 9, 1e12: 9,
	} {
		w := writer{}
		w.number(want)
		r := reader{s: string(w.buf)}
		if got := r.number(); math.Float64bits(got) != math.Float64bits(want) || r.done() != nil || len(w.buf) != size {
			t.Errorf("%v became %v in %d bytes, %v", want, got, len(w.buf), r.err)
		}
	}
	for want, size := range map[time.Duration]int{
		0: 1, time.Second: 1, 30 * time.Minute: 2, 72 * time.Hour: 3, 7 * 24 * time.Hour: 3, -time.Hour: 2, time.Millisecond: 4,
		math.MaxInt64: 11, math.MinInt64: 11, math.MaxInt64 / time.Second * time.Second: 5,
	} {
		w := writer{}
		w.duration(want)
		r := reader{s: string(w.buf)}
		if got := r.duration(); got != want || r.done() != nil || len(w.buf) != size {
			t.Errorf("%v became %v in %d bytes, %v", want, got, len(w.buf), r.err)
		}
	}
	w := writer{}
	w.uint(math.MaxUint64)
	for _, read := range []func(*reader){func(r *reader) { r.number() }, func(r *reader) { r.duration() }} {
		r := reader{s: string(w.buf)}
		if read(&r); r.done() == nil {
			t.Error("a number that nobody writes is read")
		}
	}
}

// What the learner is told of a decision, and what an answer keeps for making it again, is kept as it is.
func TestLearningRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		terms := rapid.Make[veiviser.Terms]().Draw(t, "terms")
		decision := veiviser.Decision{
			Exploration: veiviser.ExplorationOn, Scored: rapid.Make[[]veiviser.Scored]().Draw(t, "scored"), Visited: rapid.Bool().Draw(t, "visited"),
		}
		entry := veiviser.LogEntry{Time: codecNow, Event: &veiviser.LoggedEvent{Type: "click"}}
		entry.Event.Decision = drawLogged(t)
		entry.Event.Choice = rapid.IntRange(-1, 20).Draw(t, "choice")
		entry.Event.Late = rapid.Bool().Draw(t, "late")
		entry.Served = drawLogged(t)

		w := writer{}
		w.terms(&terms)
		w.decision(&decision)
		r := reader{s: string(w.buf), version: codecVersion}
		var got veiviser.Terms
		r.terms(&got)
		var again veiviser.Decision
		r.decision(&again)
		if err := r.done(); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(terms, got, sameBits, emptyIsNil) + cmp.Diff(decision, again, sameBits, sameBits32, emptyIsNil); d != "" {
			t.Fatal(d)
		}
		back, err := decodeEntry(string(encodeEntry(&entry)))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(entry, back, sameBits, emptyIsNil); d != "" {
			t.Fatal(d)
		}
	})
}

func drawLogged(t *rapid.T) *veiviser.LoggedDecision {
	d := rapid.Make[veiviser.LoggedDecision]().Draw(t, "decision")
	d.Time, d.Made = genTime().Draw(t, "time"), genTime().Draw(t, "made")
	return &d
}

var sameBits32 = cmp.Comparer(func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) })

// Hostile lengths do not make the reader allocate for them.
func TestLearningIsBounded(t *testing.T) {
	w := writer{}
	w.uint(1 << 40)
	r := reader{s: string(w.buf), version: codecVersion}
	if got := r.scored(); got != nil || r.done() == nil {
		t.Errorf("%v, %v", got, r.err)
	}
	r = reader{s: string(w.buf), version: codecVersion}
	var terms veiviser.Terms
	if r.terms(&terms); terms.Outcomes != nil || r.done() == nil {
		t.Errorf("%v, %v", terms, r.err)
	}
}
