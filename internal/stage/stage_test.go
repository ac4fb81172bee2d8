package stage_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/veiviser"
)

func TestBackToSearchingLowersThePurchaseStage(t *testing.T) {
	s := compile(t, planOf(bikes()))
	events := []veiviser.Event{at(0, "search", "bike"), at(2, "compare", "bike"), at(4, "cart_add", "bike"), at(5, "checkout", "bike")}
	before := s.Views(fold(s, events...), "", day0.Add(5*time.Minute))[0]
	if before.Stage != "buy" || before.Standard != veiviser.StagePurchase {
		t.Fatalf("after the cart she is in %q (%q), want buy", before.Stage, before.Standard)
	}
	after := s.Views(fold(s, append(events, at(7, "search", "bike"), at(8, "search", "bike"))...), "", day0.Add(8*time.Minute))[0]
	if p(&after.Need, "buy") >= p(&before.Need, "buy")/2 || p(&after.Need, "search") <= p(&before.Need, "search") {
		t.Errorf("searching again: buy %.3f → %.3f, search %.3f → %.3f", p(&before.Need, "buy"), p(&after.Need, "buy"),
			p(&before.Need, "search"), p(&after.Need, "search"))
	}
}

func TestSilenceWidensTheBelief(t *testing.T) {
	s := compile(t, planOf(bikes()))
	v := fold(s, at(0, "cart_add", "bike"), at(1, "purchase", "bike"))
	kept := v.Clone()
	rest := []float64{3, 2, 1, 1, 0.5, 0.5, 3, 0.5}
	last, far := -1.0, math.Inf(1)
	for _, days := range []int{0, 1, 7, 30, 90} {
		n := s.Views(v, "", day0.Add(time.Minute).AddDate(0, 0, days))[0]
		h, d := 0.0, 0.0
		for i, q := range n.P {
			if q > 0 {
				h -= q * math.Log(q)
			}
			d += math.Abs(q - rest[i]/11.5)
		}
		if days <= 30 && h <= last || d >= far { // beyond that it is the return weights, which are narrower again
			t.Errorf("after %d days: entropy %.3f (before %.3f), distance to rest %.3f (before %.3f)", days, h, last, d, far)
		}
		last, far = h, d
		if days == 30 && n.Stage != "" {
			t.Errorf("after a month she is surely in %q", n.Stage)
		}
	}
	if diff := cmp.Diff(kept, v); diff != "" {
		t.Errorf("Views changed the visitor: %s", diff)
	}
}

// Drifting for a and then for b is drifting for a+b.
func TestDriftComposes(t *testing.T) {
	j := bikes()
	j.Transitions, j.Signals = nil, nil
	j.Stages[0].Rest, j.Stages[6].Rest = 0, 9
	s := compile(t, planOf(j))
	direct := fold(s, at(0, "view", "bike"), at(1e4, "view", "bike"))
	steps := fold(s, at(0, "view", "bike"), at(3e3, "view", "bike"), at(7e3, "view", "bike"), at(1e4, "view", "bike"))
	if diff := cmp.Diff(direct.Needs[0].P, steps.Needs[0].P, approx(1e-12)); diff != "" {
		t.Error(diff)
	}
	// One half-life takes half of the way from the prior to the return weights.
	half := s.Views(fold(s, at(0, "view", "bike")), "", day0.Add(veiviser.DefaultHalfLife))[0]
	if want := (3.0/12 + 0) / 2; math.Abs(half.P[0]-want) > 1e-12 {
		t.Errorf("half-way P[dream] = %v, want %v", half.P[0], want)
	}
}

func TestOneStreamUnderTwoJourneysGivesTwoStages(t *testing.T) {
	s := compile(t, planOf(bikes(), impulse()))
	v := fold(s, at(0, "compare", "bike/ebike"), at(1, "compare", "bike/ebike"))
	views := s.Views(v, "", day0.Add(time.Minute))
	got := map[string]string{}
	for _, w := range views {
		got[w.Journey+"/"+w.Audience] = w.Stage
	}
	if diff := cmp.Diff(map[string]string{"considered/customer": "compare", "impulse/press": "take"}, got); diff != "" {
		t.Error(diff)
	}
}

// One step by hand: prior, then drift, move and observe.
func TestOneStepByHand(t *testing.T) {
	j := veiviser.Journey{
		ID: "j", HalfLife: time.Hour,
		Stages:      []veiviser.Stage{{ID: "a", Prior: 3, Rest: 1}, {ID: "b", Prior: 1, Rest: 1}},
		Transitions: []veiviser.Transition{{From: "a", To: "b", Rate: 0.25}},
		Signals: []veiviser.Signal{
			{ID: "x", Match: veiviser.Match{Types: []string{"x"}}, Likelihood: map[string]float64{"b": 3}},
			{ID: "any", Match: veiviser.Match{}, Likelihood: map[string]float64{"b": 2}},
		},
	}
	s := compile(t, planOf(j))
	v := fold(s, at(0, "view", ""))
	a := 0.75 / (0.75 + 2*0.25)
	check(t, "opened", v.Needs[0].P, a, 1-a)
	e := at(120, "x", "")
	s.Fold(v, &e)
	a = 0.25*a + 0.75*0.5 // two half-lives
	a *= 0.75
	final := a / (a + 6*(1-a))
	check(t, "stepped", v.Needs[0].P, final, 1-final)
	b := 1 - a
	mid := 3 * b / (a + 3*b)
	want := []veiviser.Evidence{
		{Signal: "x", Time: e.Time, Count: 1, Stage: "b", Weight: math.Log(mid / b)},
		{Signal: "any", Time: e.Time, Count: 2, Stage: "b", Weight: math.Log((1-final)/mid) + math.Log(0.4/0.25)},
	}
	if diff := cmp.Diff(want, v.Needs[0].Evidence, approx(1e-12)); diff != "" {
		t.Errorf("evidence: %s", diff)
	}
}

func check(t *testing.T, what string, got []float64, want ...float64) {
	t.Helper()
	if diff := cmp.Diff(want, got, approx(1e-12)); diff != "" {
		t.Errorf("%s: %s", what, diff)
	}
}

func approx(by float64) cmp.Option {
	return cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) <= by })
}

func TestEvidenceIsBoundedAndMerged(t *testing.T) {
	s := compile(t, planOf(bikes()))
	v := fold(s, at(0, "search", "bike"), at(2, "compare", "bike"), at(4, "search", "bike"))
	var ids []string
	for _, e := range v.Needs[0].Evidence {
		ids = append(ids, e.Signal)
	}
	if !slices.Equal(ids, []string{"compared", "searched"}) {
		t.Fatalf("evidence %v, want compared, searched", ids)
	}
	if e := v.Needs[0].Evidence[1]; e.Count != 2 || e.Stage != "search" || !e.Time.Equal(day0.Add(4*time.Minute)) || e.Weight <= 0 {
		t.Errorf("the signal that fired twice is %+v", e)
	}
	for i := range 40 {
		for _, typ := range []string{"view", "search", "compare", "cart_add", "purchase", "delivery_confirmed"} {
			e := at(float64(10+i), typ, "bike")
			e.Attributes = map[string]string{"page": "/support/x", "query": "pris", "referrer": "google.no"}
			s.Fold(v, &e)
		}
	}
	if n := len(v.Needs[0].Evidence); n != veiviser.MaxEvidence {
		t.Errorf("%d pieces of evidence, want %d", n, veiviser.MaxEvidence)
	}
}

func TestEventsAboutNothing(t *testing.T) {
	s := compile(t, planOf(bikes(), impulse()))
	v := fold(s, at(0, "view", "bike/a"), at(1, "view", "bike/b"), at(2, "view", ""))
	if n := need(v, "considered", "bike/b"); n.Events != 2 {
		t.Errorf("the need touched last saw %d events, want 2", n.Events)
	}
	if n := need(v, "considered", "bike/a"); n.Events != 1 {
		t.Errorf("the other need saw %d events, want 1", n.Events)
	}
	if need(v, "considered", "") != nil || need(v, "impulse", "") != nil {
		t.Error("an event about nothing opened a need beside others")
	}
	v = fold(s, at(0, "view", ""))
	if need(v, "considered", "") != nil {
		t.Error("a journey about bikes took an event about nothing")
	}
	if need(v, "impulse", "") == nil {
		t.Error("a journey about everything did not take an event about nothing")
	}
}

func TestStartsOn(t *testing.T) {
	j := bikes()
	j.StartsOn = []veiviser.Match{{Types: []string{"search"}}, {Pages: []string{"/bikes/*"}}}
	s := compile(t, planOf(j))
	v := fold(s, at(0, "view", "bike"))
	if len(v.Needs) != 0 {
		t.Fatal("a view opened the need")
	}
	if views := s.Views(v, "bike", day0); len(views) != 0 {
		t.Errorf("a journey that was not started is viewed: %+v", views)
	}
	e := at(1, "view", "bike")
	e.Attributes = map[string]string{"page": "/bikes/x"}
	s.Fold(v, &e)
	e = at(2, "view", "bike")
	s.Fold(v, &e)
	if len(v.Needs) != 1 || v.Needs[0].Events != 2 {
		t.Errorf("needs %+v, want one with 2 events", v.Needs)
	}
}

func TestNeedsAreBounded(t *testing.T) {
	s := compile(t, planOf(impulse()))
	v := &veiviser.Visitor{}
	for i, subject := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "a", "i"} {
		e := at(float64(i), "view", subject)
		s.Fold(v, &e)
	}
	var got []string
	for _, n := range v.Needs {
		got = append(got, n.Subject)
	}
	if want := []string{"c", "d", "e", "f", "g", "h", "a", "i"}; !slices.Equal(got, want) {
		t.Errorf("needs %v, want %v", got, want)
	}
	late := at(-100, "view", "z")
	s.Fold(v, &late)
	if need(v, "impulse", "z") == nil || v.Needs[0].Subject != "z" || need(v, "impulse", "c") != nil {
		t.Errorf("a late need goes first and takes the place of the oldest: %v", v.Needs[0])
	}
}

func TestVersionChangeKeepsTheBelief(t *testing.T) {
	old := compile(t, planOf(bikes(), impulse()))
	v := fold(old, at(0, "cart_add", "bike"), at(1, "cart_add", "bike"))
	before := need(v, "considered", "bike").Clone()

	next := bikes()
	next.Version, next.Transitions, next.Signals = 2, nil, nil
	next.Stages = []veiviser.Stage{
		{ID: "search", Prior: 1}, {ID: "weigh", Prior: 1}, {ID: "order", Prior: 3}, {ID: "pay", Prior: 1}, {ID: "ride"},
	}
	next.StageMappings = []veiviser.StageMapping{
		{From: "compare", To: "weigh"},
		{From: "try", To: "weigh"},
		{From: "buy", To: "order"},
		{From: "buy", To: "pay"},
		{From: "wait", To: "ride"},
		{From: "search", To: "search"},
		{From: "gone", To: "nowhere"},
	}
	s := compile(t, planOf(next))
	w := s.Views(v, "bike", day0.Add(time.Minute))
	if len(w) != 1 {
		t.Fatalf("%d views, want 1: the other journey is gone", len(w))
	}
	loose := p(&before, "dream") + p(&before, "praise")
	check(t, "mapped", w[0].P,
		p(&before, "search")+loose/6, p(&before, "compare")+p(&before, "try")+loose/6,
		p(&before, "buy")*3/4+loose*3/6, p(&before, "buy")/4+loose/6,
		p(&before, "wait")+p(&before, "ride"))
	if w[0].Version != 2 || w[0].Evidence[0].Stage != "order" {
		t.Errorf("version %d, evidence %+v", w[0].Version, w[0].Evidence)
	}
	gone := need(v, "impulse", "bike").Clone()
	e := at(2, "view", "bike")
	s.Fold(v, &e)
	if diff := cmp.Diff(&gone, need(v, "impulse", "bike")); diff != "" {
		t.Errorf("a need without a journey changed: %s", diff)
	}
	if n := need(v, "considered", "bike"); n.Version != 2 || len(n.P) != 5 {
		t.Errorf("folding did not carry the need over: %+v", n)
	}
}

func TestViews(t *testing.T) {
	s := compile(t, planOf(bikes(), impulse()))
	v := fold(s, at(0, "compare", "bike"), at(1, "compare", "tent"))
	type row struct {
		Journey, Subject string
		New              bool
	}
	rows := func(v *veiviser.Visitor, subject string) []row {
		var out []row
		for _, w := range s.Views(v, subject, day0.Add(time.Hour)) {
			out = append(out, row{w.Journey, w.Subject, w.New})
			sum := 0.0
			for _, x := range w.ByStandard {
				sum += x
			}
			if math.Abs(sum-1) > 1e-12 {
				t.Errorf("%s: the standard stages sum to %v", w.Journey, sum)
			}
		}
		return out
	}
	known := []row{{"impulse", "tent", false}, {"impulse", "bike", false}, {"considered", "bike", false}}
	for _, c := range []struct {
		name, subject string
		v             *veiviser.Visitor
		want          []row
	}{
		{"nobody", "", nil, []row{{"impulse", "", true}}},
		{"nobody asks", "bike/x", &veiviser.Visitor{}, []row{{"considered", "bike/x", true}, {"impulse", "bike/x", true}}},
		{"known", "", v, known},
		{"known asks the same", "bike", v, known},
		{"known asks another", "bike/x", v, append(slices.Clone(known), row{"considered", "bike/x", true}, row{"impulse", "bike/x", true})},
	} {
		if diff := cmp.Diff(c.want, rows(c.v, c.subject)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
	w := s.Views(nil, "bike", day0)[0]
	if w.Stage != "" || w.Standard != "" || math.Abs(p(&w.Need, "search")-4.0/12) > 1e-12 {
		t.Errorf("a new need: %+v, want the prior and no sure stage", w)
	}
}

func TestTexts(t *testing.T) {
	s := compile(t, planOf(bikes()))
	if got := s.SignalText("considered", "searched").In("en"); got != "You searched" {
		t.Errorf("SignalText = %q", got)
	}
	if got := s.StageName("considered", "dream").In("en"); got != "Dreaming" {
		t.Errorf("StageName = %q", got)
	}
	for _, id := range []string{"considered", "other"} {
		if s.SignalText(id, "?") != nil || s.StageName(id, "?") != nil {
			t.Errorf("%s: something unknown has a name", id)
		}
	}
}

// An event about nothing in particular reaches the latest need of every journey, but does not say which one she is busy
// with.
func TestAnEventWithoutSubjectKeepsTheOrder(t *testing.T) {
	journey := func(id, subject string) veiviser.Journey {
		return veiviser.Journey{
			ID: id, Subjects: []string{subject},
			Stages: []veiviser.Stage{{ID: "a", Prior: 1}, {ID: "b", Prior: 1}},
		}
	}
	set := compile(t, &veiviser.Plan{Journeys: []veiviser.Journey{journey("first", "x"), journey("second", "y")}})
	var v veiviser.Visitor
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for i, subject := range []string{"y", "x", ""} {
		set.Fold(&v, &veiviser.Event{Type: "view", Subject: subject, Time: at.Add(time.Duration(i) * time.Minute)})
	}
	if got := set.Views(&v, "", at.Add(3*time.Minute))[0]; got.Journey != "first" || got.Events != 2 {
		t.Errorf("the need first viewed is %s with %d events, want first with 2", got.Journey, got.Events)
	}
}
