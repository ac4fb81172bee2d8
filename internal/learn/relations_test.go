package learn

import (
	"encoding/json"
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/veiviser/veiviser/internal/relation"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// Planted economics are found: what people of a source are worth, and after how many days they have paid for themselves. Those who ordered
// yesterday count for the day that they were seen, and do not make their source look poor.
func TestPlantedAcquisition(t *testing.T) {
	r, began := newRelations(), time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	now := began.Add(100 * day)
	bring := func(n int, at time.Time) {
		for range n {
			first := veiviser.Step{Kind: veiviser.StepFirstOrder, Source: "ad", Segments: []string{"families"}, Value: 300, At: at}
			r.Fold(&veiviser.LogEntry{Steps: []veiviser.Step{first}})
			for _, d := range []int{10, 20, 30, 95} {
				s := first
				s.Kind, s.Value, s.Took = veiviser.StepWorth, 250, time.Duration(d)*day+time.Hour
				if at.Add(s.Took).Before(now) {
					r.Fold(&veiviser.LogEntry{Steps: []veiviser.Step{s}})
				}
			}
		}
	}
	bring(40, began)
	r.Fold(&veiviser.LogEntry{Steps: []veiviser.Step{{Kind: veiviser.StepFirstOrder, Source: "search", Value: 100, At: began}}})
	a := veiviser.Acquisition{Quality: 50, Strength: 10, Window: 90 * day}
	look := func(wants map[relation.Cell][2]float64) *Relationships {
		t.Helper()
		shown := r.shown(now)
		for cell, want := range wants {
			mean, n := shown.Book[cell].Within(a.Window)
			if math.Abs(mean-want[0]) > 1e-9 || math.Abs(n-want[1]) > 1e-9 {
				t.Errorf("%+v: %v, resting on %v, want %v", cell, mean, n, want)
			}
		}
		return shown
	}
	shown := look(map[relation.Cell][2]float64{
		{Source: "ad"}: {1050, 40}, {Source: "ad", Segment: "families"}: {1050, 40}, {Segment: "families"}: {1050, 40},
		{}: {42100. / 41, 41}, {Source: "search"}: {100, 1}, {Source: "mail"}: {0, 0},
	})
	ads := shown.Book[relation.Cell{Source: "ad"}]
	for cost, days := range map[float64]float64{0: 0, 299: 0, 500: 10, 799: 20, 1000: 30, 1050: -1, 1100: -1} {
		if got := ads.BreakEven(cost, a.Window); got != days {
			t.Errorf("at a cost of %v it pays after %v days, want %v", cost, got, days)
		}
	}
	if got := relation.Quality(&a, ads); math.Abs(got-850) > 1e-9 {
		t.Errorf("expected quality %v", got)
	}
	bring(360, now.Add(-30*time.Hour))
	look(map[relation.Cell][2]float64{{Source: "ad"}: {1050, 40 + 360/90.}})
	bring(900, now.Add(-2*time.Hour))
	look(map[relation.Cell][2]float64{{Source: "ad"}: {1050, 40 + 360/90. + 900/90.}})
	bring(90, now.Add(-40*time.Hour))
	look(map[relation.Cell][2]float64{{Source: "ad"}: {1050, 40 + 360/90. + 900/90. + 90*2/90.}})
}

// Who ordered first longer ago than is told apart counts as seen all the time, and a snapshot stays small.
func TestCustomersOfLongAgo(t *testing.T) {
	r, began := newRelations(), time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	for d := range 3 * maxCountedDays {
		at := began.Add(time.Duration(d) * day)
		for _, k := range []veiviser.StepKind{veiviser.StepFirstOrder, veiviser.StepRecovering, veiviser.StepRecovered} {
			r.Fold(&veiviser.LogEntry{Steps: []veiviser.Step{{Kind: k, Value: 10, At: at, Drawn: true, Group: veiviser.GroupControl}}})
		}
	}
	now := began.Add(3 * maxCountedDays * day)
	c := r.Cells["\n"]
	if len(c.Began) != maxCountedDays || len(r.Recoveries) != maxCountedDays+2 {
		t.Errorf("%d days of customers and %d of recoveries are kept", len(c.Began), len(r.Recoveries))
	}
	mean, n := r.shown(now).Book[relation.Cell{}].Within(day)
	if math.Abs(mean-10) > 1e-9 || n != 3*maxCountedDays {
		t.Errorf("worth %v, resting on %v", mean, n)
	}
	over, waiting := r.shown(now).Recovery(now, 10*day)
	if want := (RecoveryCount{People: 3*maxCountedDays - 10, Recovered: 3*maxCountedDays - 10}); over.Control != want || waiting != 10 {
		t.Errorf("%+v, %d wait", over, waiting)
	}
}

// What is counted equals what standings say at the end, and a snapshot holds all of it.
func TestRelationsEqualStandings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := relation.NewPolicy(&veiviser.Plan{Relationship: veiviser.Relationship{
			Rungs: []veiviser.Rung{{ID: "a"}, {ID: "b", Keep: "k"}}, Recovery: veiviser.Recovery{Control: new(0.5)},
		}})
		people, r := make([]veiviser.Standing, 3), newRelations()
		var led, recovered int64
		at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		for n := range rapid.IntRange(1, 60).Draw(t, "events") {
			at = at.Add(time.Duration(rapid.IntRange(0, 60).Draw(t, "hours")) * time.Hour)
			s := &people[rapid.IntRange(0, 2).Draw(t, "who")]
			e := veiviser.Event{ID: strconv.Itoa(n), Time: at, Subject: rapid.SampledFrom([]string{"x", "y"}).Draw(t, "subject"), Type: rapid.SampledFrom([]string{
				"complaint", "complaint_resolved", "purchase", "delivery_confirmed", "delivery_failed", "review",
			}).Draw(t, "type")}
			steps := relation.Fold(p, s, &e, &relation.About{Nonce: rapid.Uint64().Draw(t, "nonce")})
			steps = append(steps, relation.Climb(p, s, at, func(int, bool) (bool, bool) { return rapid.Bool().Draw(t, "rule"), true })...)
			if rapid.IntRange(0, 20).Draw(t, "erased") == 0 {
				steps = append(steps, s.Left()...)
				*s = veiviser.Standing{}
			}
			for i := range steps {
				switch steps[i].Kind {
				case veiviser.StepRecovering:
					led++
				case veiviser.StepRecovered:
					recovered++
				default:
				}
			}
			r.Fold(&veiviser.LogEntry{Steps: steps})
		}
		open, rungs := 0, map[string]int64{"a": 0, "b": 0}
		for i := range people {
			for k := range people[i].Cases {
				if people[i].Cases[k].Open() {
					open++
				}
			}
			if id := people[i].Relation.Rung; id != "" {
				rungs[id]++
			}
		}
		shown := r.shown(at)
		over, waiting := shown.Recovery(at.Add(2*day), day)
		got := map[string]int64{"a": shown.Rungs["a"].People, "b": shown.Rungs["b"].People}
		if diff := cmp.Diff(rungs, got); diff != "" {
			t.Fatal(diff)
		}
		if len(shown.Cases.Open) != open || over.Treated.People+over.Control.People != led || waiting != 0 ||
			over.Treated.Recovered+over.Control.Recovered != recovered {
			t.Fatalf("%d open, want %d; %+v of %d, %d", len(shown.Cases.Open), open, over, led, recovered)
		}
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		back := newRelations()
		if err := json.Unmarshal(b, back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r.shown(at), back.shown(at)); diff != "" {
			t.Fatalf("a snapshot loses something: %s", diff)
		}
	})
}

// What is overdue is counted, and listed, however many cases wait for nothing but being put right.
func TestOverdueIsNotHidden(t *testing.T) {
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	line := veiviser.LogEntry{}
	for i := range veiviser.MaxCaseReport + 1 {
		id := strconv.Itoa(i)
		line.Steps = append(line.Steps, veiviser.Step{Kind: veiviser.StepCaseOpened, About: id, At: noon}, veiviser.Step{Kind: veiviser.StepCaseAnswered, About: id})
	}
	line.Steps = append(line.Steps, veiviser.Step{Kind: veiviser.StepCaseOpened, About: "unheard", At: noon.Add(time.Hour)})
	cases := Related([]veiviser.LogEntry{line}, noon).Cases
	if len(cases.Open) != veiviser.MaxCaseReport || cases.Open[0].ID != "unheard" || cases.Open[1].ID != "0" {
		t.Errorf("%d listed, first %+v", len(cases.Open), cases.Open[:2])
	}
	if n, since := cases.Overdue(noon.Add(2 * time.Hour)); n != 1 || !since.Equal(noon.Add(time.Hour)) {
		t.Errorf("%d overdue since %v", n, since)
	}
}
