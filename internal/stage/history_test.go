package stage_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/veiviser/veiviser/internal/stage"
	"github.com/veiviser/veiviser/internal/veiviser"
)

func minute(m float64) time.Time { return day0.Add(time.Duration(m * float64(time.Minute))) }

func TestHistory(t *testing.T) {
	s := compile(t, planOf())
	first := at(0, "view", "bike")
	first.ItemID, first.Channel = "fjell", "web"
	first.Attributes = map[string]string{
		"page": "/bikes/fjell?x=1", "query": "sykkel", "referrer": "https://www.google.no/", "visitor.country": "NO",
		"device": "phone", "language": "nb", "visitor.": "nobody",
	}
	second := at(10, "view", "bike/ebike")
	second.ItemID = "fjell"
	second.Attributes = map[string]string{"page": "/bikes", "referrer": "internal"}
	bought := at(20, "purchase", "")
	bought.Value = 100
	broken := at(21, "purchase", "")
	broken.Value = math.NaN()
	free := at(22, "view", "tent")
	free.Value = 7
	v := fold(s, first, second, bought, broken, free)
	want := &veiviser.Visitor{
		FirstSeen: day0, LastSeen: minute(22), Visits: 1, Events: 5, Value: 100,
		Attributes: map[string]string{"country": "NO"},
		Counts: []veiviser.TypeCount{
			{Type: "purchase", Count: 2, InVisit: 2, Last: minute(21), At: 4, InVisitAt: 4, Pace: 1 + math.Exp(-1.0/33)},
			{Type: "view", Count: 3, InVisit: 3, Last: minute(22), At: 5, InVisitAt: 5, Pace: 1 + math.Exp(-3.0/33) + math.Exp(-4.0/33), Delay: math.Log(601)},
		},
		Recent: []veiviser.Seen{
			{ItemID: "fjell", Subject: "bike/ebike", Count: 2, First: day0, Last: minute(10), InVisit: 2, Acts: veiviser.ActOf("view")},
			{Subject: "tent", Count: 1, First: minute(22), Last: minute(22), InVisit: 1, Acts: veiviser.ActOf("view")},
		},
		Visit: veiviser.Visit{
			Start: day0, Last: minute(22), Events: 5, Channel: "web", Device: "phone", Language: "nb",
			Referrer: "https://www.google.no/", Page: "/bikes", Query: "sykkel",
		},
		Moment: veiviser.Moment{
			Type: "view", Before: "purchase", Subject: "tent", Pause: time.Minute, Run: 1, Items: 1, Subjects: 3,
		},
		Past: veiviser.Past{NewItems: 1},
	}
	views, purchases := veiviser.Deed("view"), veiviser.Deed("purchase")
	want.Sequels.Now[views], want.Sequels.Now[purchases] = 3, 2
	want.Sequels.Open[views][views], want.Sequels.Open[purchases][views] = 2, 2
	want.Sequels.Open[views][purchases], want.Sequels.Open[purchases][purchases] = 2, 1
	lately := cmp.Options{cmpopts.IgnoreFields(veiviser.TypeCount{}, "Lately"), cmpopts.IgnoreFields(veiviser.Past{}, "Lately")}
	if diff := cmp.Diff(want, v, approx(1e-12), lately); diff != "" {
		t.Error(diff)
	}
}

func TestVisitsAndLateEvents(t *testing.T) {
	s := compile(t, planOf())
	v := fold(s, at(0, "view", "a"), at(30, "view", "a"))
	if v.Visits != 1 || v.Visit.Events != 2 {
		t.Fatalf("a silence as long as the gap: %d visits, %+v", v.Visits, v.Visit)
	}
	e := at(61, "search", "b")
	e.Channel = "app"
	e.Attributes = map[string]string{"page": "/now", "visitor.country": "NO"}
	s.Fold(v, &e)
	if v.Visits != 2 || v.Visit.Events != 1 || !v.Visit.Start.Equal(e.Time) || v.Counts[1].InVisit != 0 {
		t.Fatalf("a longer silence: %d visits, %+v, %+v", v.Visits, v.Visit, v.Counts)
	}
	visit := v.Visit
	late := at(20, "view", "late")
	late.Channel = "web"
	late.Attributes = map[string]string{"page": "/then", "visitor.country": "SE", "visitor.city": "Oslo"}
	s.Fold(v, &late)
	if diff := cmp.Diff(visit, v.Visit); diff != "" {
		t.Errorf("a late event moved the visit: %s", diff)
	}
	if v.Events != 4 || v.Visits != 2 || !v.LastSeen.Equal(e.Time) || v.Counts[1].Count != 3 || !v.Counts[1].Last.Equal(minute(30)) {
		t.Errorf("a late event: %+v", v)
	}
	if diff := cmp.Diff(map[string]string{"country": "NO", "city": "Oslo"}, v.Attributes); diff != "" {
		t.Errorf("a late event overwrote what she is: %s", diff)
	}
	if r := v.Recent; len(r) != 3 || r[0].Subject != "late" || r[2].Subject != "b" {
		t.Errorf("recent %+v", r)
	}
	early := at(-60, "view", "")
	s.Fold(v, &early)
	if !v.FirstSeen.Equal(early.Time) {
		t.Errorf("first seen %v", v.FirstSeen)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	s := compile(t, planOf())
	v := &veiviser.Visitor{}
	for i := range 200 {
		e := at(float64(i), fmt.Sprintf("type%03d", i), "")
		e.ItemID = fmt.Sprint(i)
		e.Attributes = map[string]string{"page": strings.Repeat("ø", 400)}
		for k := range 5 {
			e.Attributes[fmt.Sprintf("visitor.%03d", i*5+k)] = "x"
		}
		s.Fold(v, &e)
		sound(t, v)
	}
	if len(v.Counts) != veiviser.MaxTypeCounts || len(v.Recent) != veiviser.MaxRecent || len(v.Attributes) != veiviser.MaxAttributes {
		t.Errorf("%d counts, %d recent, %d attributes", len(v.Counts), len(v.Recent), len(v.Attributes))
	}
	if v.Recent[0].ItemID != "168" || v.Recent[31].ItemID != "199" || v.Attributes["031"] != "x" || v.Visit.Page != strings.Repeat("ø", 256) {
		t.Errorf("kept %+v … %+v, %d bytes of page", v.Recent[0], v.Recent[31], len(v.Visit.Page))
	}
}

// A fact that the service goes by finds room among others, in a fold as in a merge, and makes none for others.
func TestFactsTheServiceGoesBy(t *testing.T) {
	s := compile(t, planOf())
	full := func(minute float64) *veiviser.Visitor {
		v, e := &veiviser.Visitor{}, at(minute, "view", "")
		e.Attributes = map[string]string{}
		for i := range veiviser.MaxAttributes {
			e.Attributes[fmt.Sprintf("visitor.%03d", i)] = "x"
		}
		s.Fold(v, &e)
		return v
	}
	ours := map[string]string{"audience": "press", "account": "acme", "role": "buyer", "time_zone": "Europe/Oslo"}
	says := at(1, "view", "")
	says.Attributes = map[string]string{"visitor.zodiac": "lion"}
	for name, value := range ours {
		says.Attributes["visitor."+name] = value
	}
	told, alone, merged := full(0), &veiviser.Visitor{}, full(2)
	s.Fold(told, &says)
	s.Fold(alone, &says)
	s.Merge(merged, alone)
	more := full(0)
	more.Attributes = told.Clone().Attributes
	again := at(3, "view", "")
	again.Attributes = map[string]string{"visitor.a": "x"}
	s.Fold(more, &again)
	for which, v := range map[string]*veiviser.Visitor{"told": told, "merged": merged, "told more": more} {
		for name, value := range ours {
			if v.Attributes[name] != value {
				t.Errorf("%s: %s is %q", which, name, v.Attributes[name])
			}
		}
		if _, other := v.Attributes["zodiac"]; other || len(v.Attributes) != veiviser.MaxAttributes || v.Attributes["027"] != "x" {
			t.Errorf("%s: %v", which, v.Attributes)
		}
	}
}

// The facts a need keeps for its signals.
func TestNeedRemembersWhatSignalsAsk(t *testing.T) {
	s := compile(t, planOf(bikes(), impulse()))
	from := at(0, "view", "bike")
	from.ItemID, from.Channel = "i", "app"
	from.Attributes = map[string]string{"referrer": "https://mail.google.com/"}
	plain := at(1, "view", "bike")
	plain.ItemID = "i"
	v := fold(s, from, plain)
	n := need(v, "considered", "bike")
	if n.VisitEvents != 2 || n.VisitChannel != "app" || n.VisitReferrer != "mail.google.com" || len(n.Items) != 1 ||
		cmp.Diff([]veiviser.Repeat{{Type: "view", Count: 2}}, n.Repeats) != "" {
		t.Errorf("remembered %+v", n)
	}
	fired := map[string]uint32{}
	for _, e := range n.Evidence {
		fired[e.Signal] = e.Count
	}
	if want := map[string]uint32{"viewed from mail": 2, "in app": 2, "again": 1}; cmp.Diff(want, fired) != "" {
		t.Errorf("fired %v, want %v", fired, want)
	}
	if n := need(v, "impulse", "bike"); n.VisitChannel != "" || n.VisitReferrer != "" || n.Items != nil || n.Repeats != nil {
		t.Errorf("remembered what no signal asks for: %+v", n)
	}
	again := at(100, "view", "bike")
	s.Fold(v, &again)
	if n := need(v, "considered", "bike"); n.VisitEvents != 1 || n.VisitChannel != "" || n.VisitReferrer != "" || n.Repeats[0].Count != 1 {
		t.Errorf("a new visit begins with %+v", n)
	}
}

// A signal that asks for the referrer alone counts once in a visit.
func TestReferrerCountsOnce(t *testing.T) {
	s := compile(t, planOf(bikes()))
	from := at(0, "view", "bike")
	from.Attributes = map[string]string{"referrer": "https://www.google.no/"}
	v := fold(s, from, at(1, "view", "bike"), at(2, "view", "bike"))
	for _, e := range v.Needs[0].Evidence {
		if e.Signal == "googled" && e.Count != 1 {
			t.Errorf("it counted %d times", e.Count)
		}
	}
}

func TestFoldDoesNotAllocate(t *testing.T) {
	s, v, events := steady(t)
	i := 0
	if n := testing.AllocsPerRun(500, func() {
		step(s, v, events, i)
		i++
	}); n != 0 {
		t.Errorf("%v allocations per event", n)
	}
}

// steady is a visitor who has seen everything there is to see, and the events that go on.
func steady(tb testing.TB) (*stage.Set, *veiviser.Visitor, []veiviser.Event) {
	tb.Helper()
	s := compile(tb, planOf(bikes()))
	events := make([]veiviser.Event, 16)
	for i := range events {
		e := &events[i]
		*e = at(0, []string{"view", "search", "view", "compare", "view", "cart_add"}[i%6], "bike")
		e.ItemID, e.Channel = fmt.Sprint(i%5), "app"
		e.Attributes = map[string]string{"page": "/support/x", "query": "beste pris", "referrer": "www.google.no", "visitor.country": "NO"}
	}
	v := &veiviser.Visitor{}
	for i := range 64 {
		step(s, v, events, i)
	}
	return s, v, events
}

func step(s *stage.Set, v *veiviser.Visitor, events []veiviser.Event, i int) {
	e := &events[i%len(events)]
	e.Time = v.LastSeen.Add(7 * time.Second)
	if v.Events == 0 {
		e.Time = day0
	}
	s.Fold(v, e)
}

func BenchmarkFold(b *testing.B) {
	s, v, events := steady(b)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		step(s, v, events, i)
		i++
	}
}

func BenchmarkViews(b *testing.B) {
	s, v, _ := steady(b)
	now := v.LastSeen.Add(time.Hour)
	b.ReportAllocs()
	for b.Loop() {
		s.Views(v, "bike", now)
	}
}
