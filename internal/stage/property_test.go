package stage_test

import (
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/veiviser/veiviser/internal/stage"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// anyEvent draws events as hostile as the type allows.
func anyEvent() *rapid.Generator[veiviser.Event] {
	times := []time.Time{
		{},
		day0, day0.Add(time.Second), day0.Add(time.Hour), day0.AddDate(0, 1, 0), day0.AddDate(-1, 0, 0),
		day0.AddDate(8000, 0, 0), day0.AddDate(-1e6, 0, 0), time.Unix(1<<62, 0), time.Unix(-1<<62, 0),
	}
	types := append(veiviser.StandardEventTypes(), "", "own", "own2", "own3", "own4")
	return rapid.Custom(func(t *rapid.T) veiviser.Event {
		e := veiviser.Event{
			Type:    rapid.SampledFrom(types).Draw(t, "type"),
			Subject: rapid.SampledFrom([]string{"", "bike", "bike/a", "tent", "*", "/"}).Draw(t, "subject"),
			ItemID:  rapid.SampledFrom([]string{"", "i", "j", "k"}).Draw(t, "item"),
			Channel: rapid.SampledFrom([]string{"", "web", "app"}).Draw(t, "channel"),
			Value:   rapid.SampledFrom([]float64{0, 9, math.NaN(), math.Inf(-1), math.MaxFloat64}).Draw(t, "value"),
		}
		if rapid.Bool().Draw(t, "near") {
			e.Time = day0.Add(time.Duration(rapid.Int64Range(-1e13, 1e15).Draw(t, "after")))
		} else {
			e.Time = rapid.SampledFrom(times).Draw(t, "time")
		}
		if rapid.Bool().Draw(t, "said") {
			e.Attributes = map[string]string{
				"page":      rapid.SampledFrom([]string{"", "/support/x", "/support", "//"}).Draw(t, "page"),
				"query":     rapid.SampledFrom([]string{"", "Pris", "\xff"}).Draw(t, "query"),
				"referrer":  rapid.SampledFrom([]string{"", "google.no", "mail", "://@:"}).Draw(t, "referrer"),
				"visitor.x": rapid.SampledFrom([]string{"", "1", "2"}).Draw(t, "x"),
			}
		}
		return e
	})
}

// sound fails when something of the visitor is beyond its bounds.
func sound(t interface{ Fatalf(string, ...any) }, v *veiviser.Visitor) {
	if len(v.Needs) > veiviser.MaxNeeds || len(v.Counts) > veiviser.MaxTypeCounts || len(v.Recent) > veiviser.MaxRecent ||
		len(v.Attributes) > veiviser.MaxAttributes {
		t.Fatalf("beyond the bounds: %d needs, %d counts, %d recent, %d attributes", len(v.Needs), len(v.Counts), len(v.Recent), len(v.Attributes))
	}
	if math.IsNaN(v.Value) || math.IsInf(v.Value, 0) {
		t.Fatalf("value %v", v.Value)
	}
	if !slices.IsSortedFunc(v.Needs, func(a, b veiviser.Need) int { return a.Updated.Compare(b.Updated) }) {
		t.Fatalf("needs out of order")
	}
	if !slices.IsSortedFunc(v.Recent, func(a, b veiviser.Seen) int { return a.Last.Compare(b.Last) }) {
		t.Fatalf("recent out of order")
	}
	for i := range v.Needs {
		n := &v.Needs[i]
		distribution(t, n)
		if len(n.Evidence) > veiviser.MaxEvidence || len(n.Repeats) > veiviser.MaxRepeats || len(n.Items) > veiviser.MaxNeedItems {
			t.Fatalf("need beyond the bounds: %+v", n)
		}
		for _, e := range n.Evidence {
			if math.IsNaN(e.Weight) || math.IsInf(e.Weight, 0) || e.Count == 0 || e.Stage == "" {
				t.Fatalf("evidence %+v", e)
			}
		}
	}
}

func distribution(t interface{ Fatalf(string, ...any) }, n *veiviser.Need) {
	sum := 0.0
	for _, q := range n.P {
		if !(q >= 0 && q <= 1) {
			t.Fatalf("%s: probability %v", n.Journey, q)
		}
		sum += q
	}
	if math.Abs(sum-1) > 1e-12 || len(n.P) != len(n.Stages) {
		t.Fatalf("%s: %d stages, sum %v", n.Journey, len(n.Stages), sum)
	}
}

// Whatever happens, in whatever order, a belief is a distribution and a visitor is bounded.
func TestFoldIsAlwaysSound(t *testing.T) {
	s := compile(t, planOf(bikes(), impulse()))
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.SliceOfN(anyEvent(), 1, 40).Draw(t, "events")
		v, seen := &veiviser.Visitor{}, time.Time{}
		for i := range events {
			s.Fold(v, &events[i])
			sound(t, v)
			if i > 0 && v.LastSeen.Before(seen) || v.FirstSeen.After(v.LastSeen) {
				t.Fatalf("time went back: %v, %v, %v", v.FirstSeen, seen, v.LastSeen)
			}
			seen = v.LastSeen
		}
		for _, now := range []time.Time{{}, day0, time.Unix(1<<62, 0)} {
			for _, w := range s.Views(v, "bike/new", now) {
				distribution(t, &w.Need)
			}
		}
	})
}

// The same events give the same bits.
func TestFoldIsDeterministic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.SliceOfN(anyEvent(), 1, 20).Draw(t, "events")
		a, err := stage.Compile(planOf(bikes(), impulse()))
		if err != nil {
			t.Fatal(err)
		}
		b, err := stage.Compile(planOf(bikes(), impulse()))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(fold(a, events...), fold(b, events...)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// Two streams for two needs, interleaved, give exactly what each stream gives alone.
func TestInterleavedIsAlone(t *testing.T) {
	s := compile(t, planOf(bikes(), impulse()))
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.SliceOfN(anyEvent(), 1, 40).Draw(t, "events")
		streams := map[string][]veiviser.Event{}
		for i := range events {
			e := &events[i]
			e.Subject = rapid.SampledFrom([]string{"bike/a", "bike/b", "tent"}).Draw(t, "stream")
			streams[e.Subject] = append(streams[e.Subject], *e)
		}
		together := fold(s, events...)
		for _, subject := range []string{"bike/a", "bike/b", "tent"} {
			alone := fold(s, streams[subject]...)
			for _, journey := range []string{"considered", "impulse"} {
				if diff := cmp.Diff(need(alone, journey, subject), need(together, journey, subject)); diff != "" {
					t.Fatalf("%s about %s: %s", journey, subject, diff)
				}
			}
		}
	})
}

// A belief that comes damaged from outside is mended by the next event and in every view.
func TestDamagedBeliefsAreMended(t *testing.T) {
	s := compile(t, planOf(bikes()))
	for _, damage := range [][]float64{
		nil,
		{1},
		{0, 0, 0, 0, 0, 0, 0, 0},
		{-1, 2, 0, 0, 0, 0, 0, 0},
		{math.NaN(), 1, 0, 0, 0, 0, 0, 0},
		{math.Inf(1), 0, 0, 0, 0, 0, 0, 0},
		{1e-320, 0, 0, 0, 0, 0, 0, 0},
		{5, 5, 0, 0, 0, 0, 0, 0},
		{math.MaxFloat64, math.MaxFloat64, 0, 0, 0, 0, 0, 0},
	} {
		v := fold(s, at(0, "view", "bike"))
		v.Needs[0].P = damage
		distribution(t, &s.Views(v, "", day0)[0].Need)
		e := at(1, "purchase", "bike")
		s.Fold(v, &e)
		sound(t, v)
		v.Needs[0].P, v.Needs[0].Version = damage, 77
		distribution(t, &s.Views(v, "", day0)[0].Need)
	}
}

// Thousands of contradicting signals neither underflow nor make the belief deaf.
func TestLongEvidenceStaysReversible(t *testing.T) {
	j := bikes()
	j.Transitions = nil
	s := compile(t, planOf(j))
	v := &veiviser.Visitor{}
	for i := range 3000 {
		e := at(float64(i)/100, "purchase", "bike")
		s.Fold(v, &e)
	}
	sound(t, v)
	for i := range 20 {
		e := at(31+float64(i)*60*24, "search", "bike")
		s.Fold(v, &e)
	}
	sound(t, v)
	if got := p(&v.Needs[0], "search"); got < 0.5 {
		t.Errorf("after three weeks of searching P[search] = %v", got)
	}
}

// More stages than the stack has room for, and likelihoods at the ends of what a float can hold.
func TestExtremeJourney(t *testing.T) {
	j := veiviser.Journey{ID: "wide"}
	for i := range 40 {
		id := strconv.Itoa(i)
		j.Stages = append(j.Stages, veiviser.Stage{ID: id, Prior: 1})
		j.Transitions = append(j.Transitions, veiviser.Transition{From: id, To: strconv.Itoa((i + 1) % 40), Rate: 1})
	}
	for i, l := range []float64{math.MaxFloat64, math.SmallestNonzeroFloat64, 1e300, 1e-300, 1e9, 1e-9} {
		j.Signals = append(j.Signals, veiviser.Signal{ID: strconv.Itoa(i), Likelihood: map[string]float64{strconv.Itoa(i): l, "39": l}})
	}
	s := compile(t, planOf(j))
	v := &veiviser.Visitor{}
	for i := range 100 {
		e := at(float64(i*i), "view", "")
		s.Fold(v, &e)
		sound(t, v)
	}
}

func FuzzFold(f *testing.F) {
	f.Add("purchase", "bike", "i", "web", 9.5, int64(0), "/support/x", "pris", "google.no", "visitor.country", "NO", uint8(3))
	f.Add("", "", "", "", math.Inf(1), int64(math.MaxInt64), "?", "\xff", "://", "visitor.", "", uint8(0))
	f.Add("view", "*", "i", "app", math.NaN(), int64(math.MinInt64), "a/*", "* *", "@:]", "page", "x", uint8(255))
	s := compile(f, planOf(bikes(), impulse()))
	f.Fuzz(func(t *testing.T, typ, subject, item, channel string, value float64, sec int64, page, query, referrer, key, text string, n uint8) {
		v := fold(s, at(0, "compare", "bike"), at(1, "view", ""))
		for i := range int64(n%8) + 1 {
			s.Fold(v, &veiviser.Event{
				Type: typ, Subject: subject, ItemID: item, Channel: channel, Value: value, Time: time.Unix(sec*i, i),
				Attributes: map[string]string{"page": page, "query": query, "referrer": referrer, key: text},
			})
			sound(t, v)
		}
		for _, w := range s.Views(v, subject, time.Unix(sec, 0)) {
			distribution(t, &w.Need)
		}
		other := fold(s, at(3, typ, subject))
		s.Merge(other, v)
		sound(t, other)
		j := bikes()
		j.Signals[0].Match = veiviser.Match{Pages: []string{page, query}, QueryWords: []string{query}, Referrers: []string{referrer}}
		v = fold(compile(t, planOf(j)), veiviser.Event{Type: typ, Subject: "bike", Attributes: map[string]string{"page": page, "query": text, "referrer": text}})
		sound(t, v)
	})
}
