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

// Planted economics are found: what people of a source are worth, and after how many days they have paid for themselves.
func TestPlantedAcquisition(t *testing.T) {
	r := newRelations()
	for range 40 {
		first := veiviser.Step{Kind: veiviser.StepFirstOrder, Source: "ad", Segments: []string{"families"}, Value: 300}
		r.Fold(&veiviser.LogEntry{Steps: []veiviser.Step{first}})
		for _, d := range []int{10, 20, 30} {
			s := first
			s.Kind, s.Value, s.Took = veiviser.StepWorth, 250, time.Duration(d)*day+time.Hour
			r.Fold(&veiviser.LogEntry{Steps: []veiviser.Step{s}})
		}
	}
	r.Fold(&veiviser.LogEntry{Steps: []veiviser.Step{{Kind: veiviser.StepFirstOrder, Source: "search", Value: 100}}})
	shown := r.shown()
	for cell, want := range map[relation.Cell]relation.Worth{
		{Source: "ad"}: {Customers: 40, Value: 42000}, {Source: "ad", Segment: "families"}: {Customers: 40, Value: 42000},
		{Segment: "families"}: {Customers: 40, Value: 42000}, {}: {Customers: 41, Value: 42100},
		{Source: "search"}: {Customers: 1, Value: 100},
	} {
		if got := shown.Book[cell]; got != want {
			t.Errorf("%+v: %+v, want %+v", cell, got, want)
		}
	}
	ads := shown.Customers[relation.Cell{Source: "ad"}]
	for cost, days := range map[float64]float64{0: 0, 299: 0, 500: 10, 799: 20, 1000: 30, 1050: -1} {
		if got := ads.BreakEven(cost); got != days {
			t.Errorf("at a cost of %v it pays after %v days, want %v", cost, got, days)
		}
	}
	a := veiviser.Acquisition{Quality: 50, Strength: 10}
	if got := relation.Quality(&a, shown.Book[relation.Cell{Source: "ad"}]); math.Abs(got-850) > 1e-9 {
		t.Errorf("expected quality %v", got)
	}
}

// What is counted equals what standings say at the end, and a snapshot holds all of it.
func TestRelationsEqualStandings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := relation.NewPolicy(&veiviser.Plan{Relationship: veiviser.Relationship{
			Rungs: []veiviser.Rung{{ID: "a"}, {ID: "b", Keep: "k"}}, Recovery: veiviser.Recovery{Control: new(0.5)},
		}})
		people, r := make([]veiviser.Standing, 3), newRelations()
		var resolved, recovered int64
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
				case veiviser.StepCaseResolved:
					if steps[i].Group != veiviser.GroupUnknown {
						resolved++
					}
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
		shown := r.shown()
		got := map[string]int64{"a": shown.Rungs["a"].People, "b": shown.Rungs["b"].People}
		if diff := cmp.Diff(rungs, got); diff != "" {
			t.Fatal(diff)
		}
		if len(shown.Cases.Open) != open || shown.Treated.Cases+shown.Control.Cases != resolved ||
			shown.Treated.Recovered+shown.Control.Recovered != recovered {
			t.Fatalf("%d open, want %d; %+v", len(shown.Cases.Open), open, shown)
		}
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		back := newRelations()
		if err := json.Unmarshal(b, back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r.shown(), back.shown()); diff != "" {
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
	cases := Related([]veiviser.LogEntry{line}).Cases
	if len(cases.Open) != veiviser.MaxCaseReport || cases.Open[0].ID != "unheard" || cases.Open[1].ID != "0" {
		t.Errorf("%d listed, first %+v", len(cases.Open), cases.Open[:2])
	}
	if n, since := cases.Overdue(noon.Add(2 * time.Hour)); n != 1 || !since.Equal(noon.Add(time.Hour)) {
		t.Errorf("%d overdue since %v", n, since)
	}
}
