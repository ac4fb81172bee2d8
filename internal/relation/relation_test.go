package relation_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/relation"
	"github.com/veiviser/veiviser/internal/veiviser"
)

var start = time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)

// policy waits a week for orders and a day for answers, with two recovery steps and a share of control.
func policy(control float64) *relation.Policy {
	return relation.NewPolicy(&veiviser.Plan{
		Relationship: veiviser.Relationship{
			RespondWithin: 24 * time.Hour,
			Recovery: veiviser.Recovery{Control: &control, Steps: []veiviser.RecoveryStep{
				{After: 24 * time.Hour, Items: []string{"sorry", "sorry-too"}}, {After: 72 * time.Hour, Items: []string{"gift"}},
			}},
			Rungs: []veiviser.Rung{{ID: "rider", Promote: "p", Keep: "k"}, {ID: "friend", Promote: "p"}},
		},
		Acquisition: veiviser.Acquisition{Weight: 0.5},
	})
}

// live folds events "type subject order=x" at hours after the start.
type life struct {
	t     *testing.T
	p     *relation.Policy
	s     veiviser.Standing
	n     int
	steps []veiviser.Step
	value float64 // of each event
}

// event gives the kinds of steps, but for when the next order should arrive, which most events of an order change.
func (l *life) event(hours float64, eventType, subject string, attributes ...string) []veiviser.StepKind {
	l.t.Helper()
	l.n++
	e := veiviser.Event{
		ID: string(rune('a' + l.n)), Time: start.Add(time.Duration(hours * float64(time.Hour))), Type: eventType, Subject: subject, Value: l.value,
		Attributes: map[string]string{},
	}
	for pair := range slices.Chunk(attributes, 2) {
		e.Attributes[pair[0]] = pair[1]
	}
	steps := relation.Fold(l.p, &l.s, &e, &relation.About{Nonce: uint64(l.n), Source: "search", Segments: []string{"families"}})
	l.steps = append(l.steps, steps...)
	var kinds []veiviser.StepKind
	for i := range steps {
		if k := steps[i].Kind; k != veiviser.StepPromised {
			kinds = append(kinds, k)
		}
	}
	return kinds
}

func (l *life) want(got []veiviser.StepKind, want ...veiviser.StepKind) {
	l.t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		l.t.Errorf("steps (-want +got):\n%s", diff)
	}
}

// A complaint opens a case once per subject, a person answers, and it is put right. By what she does then she is counted once, by the first.
func TestComplaint(t *testing.T) {
	l := &life{t: t, p: policy(0)}
	l.want(l.event(0, "complaint", "bike"), veiviser.StepCaseOpened)
	l.want(l.event(1, "complaint", "bike"))
	l.want(l.event(2, "complaint", "parts"), veiviser.StepCaseOpened)
	l.want(l.event(3, "complaint_response", "parts"), veiviser.StepCaseAnswered)
	l.want(l.event(30, "complaint_response", ""), veiviser.StepCaseAnswered)
	if late := []bool{l.steps[2].Late, l.steps[3].Late}; late[0] || !late[1] {
		t.Errorf("the answer after an hour and the one after thirty are late: %v", late)
	}
	l.want(l.event(31, "complaint_resolved", "bike/ebike"), veiviser.StepCaseResolved, veiviser.StepRecovering)
	l.want(l.event(32, "complaint_resolved", ""), veiviser.StepCaseResolved)
	l.want(l.event(33, "complaint_resolved", ""))
	l.want(l.event(34, "purchase", "bike", "order", "o1"), veiviser.StepFirstOrder, veiviser.StepRecovered)
	if n := l.s.OpenCases(start.Add(40 * time.Hour)); n != 0 {
		t.Errorf("%d cases are open", n)
	}
	if ids := []string{l.s.Cases[0].ID, l.s.Cases[1].ID}; ids[0] == ids[1] || len(ids[0]) != 16 {
		t.Errorf("ids %q", ids)
	}
}

// Complaints about ever more things leave room for the newest; who makes room is closed for the learner, too.
func TestRoomForCases(t *testing.T) {
	l := &life{t: t, p: policy(0)}
	for i := range veiviser.MaxCases {
		l.want(l.event(float64(i), "complaint", string(rune('a'+i))), veiviser.StepCaseOpened)
	}
	l.want(l.event(20, "complaint", "x"), veiviser.StepCaseClosed, veiviser.StepCaseOpened)
	l.want(l.event(21, "complaint_resolved", "x"), veiviser.StepCaseAnswered, veiviser.StepCaseResolved, veiviser.StepRecovering)
	l.want(l.event(22, "complaint", "y"), veiviser.StepCaseOpened)
	if len(l.s.Cases) != veiviser.MaxCases {
		t.Errorf("%d cases", len(l.s.Cases))
	}
}

// The first order ends acquisition when it has arrived right, and not before.
func TestHandover(t *testing.T) {
	for name, tt := range map[string]struct {
		live func(l *life)
		want veiviser.Phase
	}{
		"ordered":                {func(*life) {}, veiviser.PhaseWaiting},
		"arrived":                {func(l *life) { l.event(48, "delivery_confirmed", "", "order", "o1") }, veiviser.PhaseCustomer},
		"another arrived":        {func(l *life) { l.event(48, "delivery_confirmed", "", "order", "o9") }, veiviser.PhaseWaiting},
		"arrived, named by what": {func(l *life) { l.event(48, "delivery_confirmed", "bike") }, veiviser.PhaseCustomer},
		"late":                   {func(l *life) { l.event(24*8, "delivery_confirmed", "", "order", "o1") }, veiviser.PhaseWaiting},
		"late, and put right": {func(l *life) {
			l.event(24*8, "delivery_confirmed", "", "order", "o1")
			l.event(24*9, "complaint_resolved", "")
		}, veiviser.PhaseCustomer},
		"put right, and not there": {func(l *life) {
			l.event(24*8, "view", "bike")
			l.event(24*9, "complaint_resolved", "")
		}, veiviser.PhaseWaiting},
		"wrong": {func(l *life) { l.event(48, "delivery_failed", "", "order", "o1") }, veiviser.PhaseWaiting},
		"wrong, and put right": {func(l *life) {
			l.event(48, "delivery_failed", "", "order", "o1")
			l.event(72, "complaint_resolved", "")
		}, veiviser.PhaseCustomer},
		"a complaint about it": {func(l *life) {
			l.event(24, "complaint", "bike", "order", "o1")
			l.event(48, "delivery_confirmed", "", "order", "o1")
		}, veiviser.PhaseWaiting},
		"a complaint about something else": {func(l *life) {
			l.event(24, "complaint", "parts")
			l.event(48, "delivery_confirmed", "", "order", "o1")
		}, veiviser.PhaseCustomer},
		"returned": {func(l *life) { l.event(24, "return", "", "order", "o1") }, veiviser.PhaseWaiting},
		"returned, and the next arrived": {func(l *life) {
			l.event(24, "return", "", "order", "o1")
			l.event(48, "purchase", "parts", "order", "o2")
			l.event(72, "delivery_confirmed", "", "order", "o2")
		}, veiviser.PhaseCustomer},
		"said to be late, and was not": {func(l *life) {
			l.event(24*8, "view", "bike") // the case is opened
			l.event(24*6, "delivery_confirmed", "", "order", "o1")
		}, veiviser.PhaseCustomer},
	} {
		t.Run(name, func(t *testing.T) {
			l := &life{t: t, p: policy(0)}
			l.want(l.event(0, "purchase", "bike", "order", "o1"), veiviser.StepFirstOrder)
			tt.live(l)
			if got := l.s.Relation.Phase(); got != tt.want {
				t.Errorf("she is a %s, want %s; %+v", got, tt.want, l.s)
			}
		})
	}
}

// What is promised is kept until the moment, or until the day is over; without a promise the plan says.
func TestPromised(t *testing.T) {
	for promise, hours := range map[string]float64{
		"": 7 * 24, "2026-11-04": 2*24 + 16, "2026-11-03T10:00:00+01:00": 25, "soon": 7 * 24, "2020-01-01": 7 * 24,
	} {
		l := &life{t: t, p: policy(0)}
		l.event(0, "purchase", "bike", "promised", promise)
		due := start.Add(time.Duration(hours * float64(time.Hour)))
		if early, late := l.s.OpenCases(due), l.s.OpenCases(due.Add(1)); early != 0 || late != 1 {
			t.Errorf("promised %q: %d cases at the moment, %d after it", promise, early, late)
		}
	}
}

// A promise that nobody can read is refused, where orders are waited for.
func TestAdmit(t *testing.T) {
	for promise, wrong := range map[string]bool{
		"": false, "2026-11-04": false, "2026-11-03T10:00:00+01:00": false, "2020-01-01": false, "soon": true, "2026-13-01": true, "04.11.2026": true,
	} {
		e := veiviser.Event{Type: veiviser.EventPurchase, Attributes: map[string]string{"promised": promise}}
		if err := policy(0).Admit(&veiviser.Standing{}, &e); (err != nil) != wrong || wrong && err.Field() != `attributes["promised"]` {
			t.Errorf("%q: %v", promise, err)
		}
		if err := new(relation.Policy).Admit(&veiviser.Standing{}, &e); err != nil {
			t.Errorf("no orders are waited for, and yet: %v", err)
		}
		if e.Type = "view"; policy(0).Admit(&veiviser.Standing{}, &e) != nil {
			t.Errorf("%q is refused of a view", promise)
		}
	}
}

// A late order counts at once, and becomes a case with the next change, as of when it was promised.
func TestSettle(t *testing.T) {
	l := &life{t: t, p: policy(0)}
	l.event(0, "purchase", "bike", "order", "o1")
	at := start.Add(9 * 24 * time.Hour)
	if seen := relation.Settled(l.p, &l.s, at); len(seen.Cases) != 1 || seen.Cases[0].ID != "" || !seen.Orders[0].Late || l.s.Orders[0].Late || len(l.s.Cases) > 0 {
		t.Errorf("seen as %+v, and left as %+v", seen, l.s)
	}
	steps := relation.Settle(l.p, &l.s, at, 7)
	if len(steps) != 2 || steps[1].Kind != veiviser.StepPromised || !steps[1].At.IsZero() || steps[0].Cause != veiviser.CaseLate || !steps[0].At.Equal(start.Add(8*24*time.Hour)) {
		t.Errorf("steps %+v", steps)
	}
	if again := relation.Settle(l.p, &l.s, at, 8); again != nil || l.s.OpenCases(at) != 1 {
		t.Errorf("again %+v, %d open", again, l.s.OpenCases(at))
	}
}

// Whenever the order to come next is another one, or promised for another time, that is told.
func TestNextPromise(t *testing.T) {
	l := &life{t: t, p: policy(0)}
	promised := func() (at []time.Time) {
		for i := range l.steps {
			if s := &l.steps[i]; s.Kind == veiviser.StepPromised {
				at = append(at, s.At)
			}
		}
		l.steps = nil
		return at
	}
	day := func(n int) string { return start.AddDate(0, 0, n).Format(time.RFC3339) }
	for _, c := range []struct {
		event, order, promised string
		want                   []time.Time
	}{
		{"purchase", "o1", day(5), []time.Time{start.AddDate(0, 0, 5)}},
		{"purchase", "o2", day(3), []time.Time{start.AddDate(0, 0, 3)}},
		{"purchase", "o3", day(4), nil},
		{"purchase", "o2", day(6), []time.Time{start.AddDate(0, 0, 4)}},
		{"view", "", "", nil},
		{"delivery_confirmed", "o3", "", []time.Time{start.AddDate(0, 0, 5)}},
		{"delivery_failed", "o1", "", []time.Time{start.AddDate(0, 0, 6)}},
		{"return", "o2", "", []time.Time{{}}},
	} {
		l.event(1, c.event, "bike", "order", c.order, "promised", c.promised)
		if d := cmp.Diff(c.want, promised()); d != "" {
			t.Errorf("%s %s: %s", c.event, c.order, d)
		}
	}
}

// Without a relationship in the plan nothing is waited for: nobody says what arrives.
func TestUndeclared(t *testing.T) {
	l := &life{t: t, p: relation.NewPolicy(&veiviser.Plan{})}
	l.want(l.event(0, "purchase", "bike"), veiviser.StepFirstOrder)
	at := start.Add(900 * time.Hour)
	if bars := relation.Bars(l.p, &l.s, at, nil); l.s.Waits() || len(bars) > 0 || l.s.OpenCases(at) > 0 {
		t.Errorf("orders %v, bars %v", l.s.Orders, bars)
	}
	l.want(l.event(20, "delivery_confirmed", ""), veiviser.StepHandover)
}

// anything can be shown.
func anything(string) bool { return true }

// Steps are known again when the plan puts others before them, and one that shows the same as a step before it is another step.
func TestStepsAreKnownAgain(t *testing.T) {
	plan := func(steps ...string) *relation.Policy {
		p := veiviser.Plan{Relationship: veiviser.Relationship{Recovery: veiviser.Recovery{Control: new(0.0)}}}
		for _, s := range steps {
			p.Relationship.Recovery.Steps = append(p.Relationship.Recovery.Steps, veiviser.RecoveryStep{Items: []string{s}})
		}
		return relation.NewPolicy(&p)
	}
	at := start.Add(time.Hour)
	s := veiviser.Standing{Cases: []veiviser.Case{{ID: "c", Opened: start, Resolved: start, Ladder: veiviser.GroupTreated}}}
	show := func(p *relation.Policy) string {
		due := relation.Due(p, &s, at, anything)
		if len(due) == 0 {
			return ""
		}
		relation.Shown(p, &s, at, nil, func(id string) (uint64, bool) { return 1, id == due[0] })
		return due[0]
	}
	var got []string
	got = append(got, show(plan("sorry", "gift")))
	next := plan("call", "sorry", "gift", "sorry")
	for range 4 {
		got = append(got, show(next))
	}
	if diff := cmp.Diff([]string{"sorry", "call", "gift", "sorry", ""}, got); diff != "" {
		t.Error(diff)
	}
	if due := relation.Due(plan("call", "sorry", "gift"), &s, at, anything, 1); len(due) != 0 {
		t.Errorf("what is on the screen is a step that is no more, and yet %v", due)
	}
	many := s
	for i := range 40 { // more steps than are remembered
		show(plan(fmt.Sprint(i)))
	}
	if show(plan("39")) != "" || many.Cases[0].ID != "c" {
		t.Error("the last step is shown again")
	}
}

// A step of which nothing can be shown stops none behind it, and is made up for when it can.
func TestStepsPassOver(t *testing.T) {
	l := &life{t: t, p: policy(0)}
	l.event(0, "complaint", "bike")
	l.event(10, "complaint_resolved", "bike")
	at := start.Add(110 * time.Hour)
	out := func(id string) bool { return id == "gift" }
	if due := relation.Due(l.p, &l.s, at, out); len(due) == 0 || due[0] != "gift" {
		t.Fatalf("due %v", due)
	}
	if !relation.Shown(l.p, &l.s, at, nil, func(id string) (uint64, bool) { return 1, id == "gift" }) {
		t.Error("it was shown, and is not noted")
	}
	if due := relation.Due(l.p, &l.s, at, out); due != nil {
		t.Errorf("due again %v", due)
	}
	if due := relation.Due(l.p, &l.s, at, anything); len(due) == 0 || due[0] != "sorry" {
		t.Errorf("it can be shown by now: %v", due)
	}
}

// The next step comes when it is due, and no more when it was shown or while something is to be put right.
func TestNextDue(t *testing.T) {
	l := &life{t: t, p: policy(0)}
	l.event(0, "complaint", "bike")
	if at := relation.NextDue(l.p, &l.s, start); !at.IsZero() {
		t.Errorf("before it is put right: %v", at)
	}
	l.event(10, "complaint_resolved", "bike")
	var got []string
	for now := start.Add(10 * time.Hour); ; {
		at := relation.NextDue(l.p, &l.s, now)
		if at.IsZero() {
			break
		}
		now = at
		got = append(got, relation.Due(l.p, &l.s, now, anything)[0])
		relation.Shown(l.p, &l.s, now, nil, func(string) (uint64, bool) { return 1, true })
	}
	if diff := cmp.Diff([]string{"sorry", "gift"}, got); diff != "" {
		t.Error(diff)
	}
}

// Steps of the recovery come one after another, each once, and not to the control.
func TestDue(t *testing.T) {
	for _, control := range []float64{0, 1} {
		l := &life{t: t, p: policy(control)}
		l.event(0, "complaint", "bike")
		l.event(10, "complaint_resolved", "bike")
		var got []string
		for h := 0.0; h < 120; h += 6 {
			at := start.Add(time.Duration(h * float64(time.Hour)))
			due := relation.Due(l.p, &l.s, at, anything)
			if len(due) == 0 {
				continue
			}
			got = append(got, due[0])
			if !relation.Shown(l.p, &l.s, at, nil, func(id string) (uint64, bool) { return 0, id == due[len(due)-1] }) {
				t.Error("what was due was shown, and is not noted")
			}
		}
		want := []string{"sorry", "gift"}
		if control == 1 {
			want = nil
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("control %v: %s", control, diff)
		}
	}
}

func TestClimb(t *testing.T) {
	p := policy(0)
	var s veiviser.Standing
	promote, keep, known := true, true, true
	climb := func() string {
		relation.Climb(p, &s, start, func(_ int, up bool) (bool, bool) {
			if up {
				return promote, known
			}
			return keep, known
		})
		return s.Relation.Rung
	}
	got := []string{climb(), climb(), climb()}
	promote, keep = false, false // nothing is asked for to keep the highest
	got = append(got, climb(), relation.NextRung(p, &s))
	s.Relation.Rung, known = "rider", false
	got = append(got, climb(), relation.NextRung(p, &s))
	known = true
	got = append(got, climb())
	s.Relation.Rung = "of an older plan"
	got = append(got, climb())
	want := []string{"rider", "friend", "friend", "friend", "", "rider", "friend", "", ""}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// The most specific cost counts, and what is expected goes from what is declared to what was observed.
func TestMargin(t *testing.T) {
	a := veiviser.Acquisition{
		Window: 24 * time.Hour, Quality: 1000, Strength: 10, Scale: 500, Weight: 0.2, Costs: []veiviser.AcquisitionCost{
			{Cost: 10}, {Segment: "families", Cost: 20}, {Source: "ad", Cost: 900}, {Source: "ad", Segment: "families", Cost: 700},
		},
	}
	book := relation.Book{{Source: "ad", Segment: "families"}: relation.NewWorth([]float64{60000}, []int64{30})}
	for name, tt := range map[string]struct {
		source   string
		segments []string
		want     float64
	}{
		"neither": {"search", nil, 990}, "segment": {"search", []string{"x", "families"}, 980}, "source": {"ad", nil, 100},
		"both": {"ad", []string{"families"}, 1750 - 700},
	} {
		if got := relation.Margin(&a, book, tt.source, tt.segments); math.Abs(got-tt.want) > 1e-9 {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
	for margin, want := range map[float64]float64{250: 0.1, 9999: 0.2, -9999: -0.2, 0: 0} {
		if got := relation.Lever(&a, margin); math.Abs(got-want) > 1e-12 {
			t.Errorf("lever of %v is %v", margin, got)
		}
	}
}

// The intervals of Newcombe (1998), table II, method 10.
func TestNewcombe(t *testing.T) {
	for _, tt := range []struct {
		k1, n1, k2, n2 int64
		low, high      float64
	}{
		{56, 70, 48, 80, 0.0524, 0.3339},
		{9, 10, 3, 10, 0.1705, 0.8090},
		{5, 56, 0, 29, -0.0381, 0.1926},
		{0, 10, 0, 20, -0.1611, 0.2775},
		{0, 10, 0, 10, -0.2775, 0.2775},
		{10, 10, 0, 10, 0.6075, 1.0000},
	} {
		_, low, high := relation.Newcombe(tt.k1, tt.n1, tt.k2, tt.n2)
		if math.Abs(low-tt.low) > 1e-4 || math.Abs(high-tt.high) > 1e-4 {
			t.Errorf("%d/%d and %d/%d: %.4f to %.4f, published are %.4f to %.4f", tt.k1, tt.n1, tt.k2, tt.n2, low, high, tt.low, tt.high)
		}
	}
	if d, low, high := relation.Newcombe(1, 1, 0, 0); d != 0 || low != -1 || high != 1 {
		t.Error("nothing to compare with")
	}
}

func TestOverdueAlert(t *testing.T) {
	r := veiviser.CaseReport{Due: []time.Time{start, start.Add(time.Hour)}}
	if a := relation.OverdueAlert(&r, start); a != nil {
		t.Errorf("nothing is overdue: %+v", a)
	}
	if a := relation.OverdueAlert(&r, start.Add(2*time.Hour)); a == nil || a.Events != 2 || !a.Since.Equal(start) || a.Kind != veiviser.AlertOverdue {
		t.Errorf("%+v", a)
	}
}

// An order that comes back is worth nothing, once, on the day on which it was counted, in whatever order it is heard of.
func TestReturnedIsWorthNothing(t *testing.T) {
	for _, c := range []struct {
		name   string
		events []string
		want   float64
	}{
		{"returned", []string{"purchase", "return"}, 0},
		{"told of twice", []string{"purchase", "return", "return"}, 0},
		{"heard of first", []string{"return", "purchase"}, 0},
		{"kept", []string{"purchase", "delivery_confirmed"}, 100},
	} {
		l := &life{t: t, p: policy(0)}
		l.value = 100
		for i, event := range c.events {
			l.event(float64(24*i), event, "bike", "order", "o1")
		}
		sum, back := 0.0, 0.0
		for i := range l.steps {
			switch s := &l.steps[i]; s.Kind {
			case veiviser.StepFirstOrder, veiviser.StepWorth:
				worth := s.Value
				if s.Undo {
					worth = -worth
				}
				if sum += worth; s.Took != 0 {
					t.Errorf("%s: counted %v after the order", c.name, s.Took)
				}
			case veiviser.StepReturned:
				back += s.Value
			default:
			}
		}
		if sum != c.want || back != 100-c.want {
			t.Errorf("%s: worth %v, %v came back", c.name, sum, back)
		}
	}
}
