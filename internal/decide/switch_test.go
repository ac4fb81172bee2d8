package decide

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/veiviser/veiviser/internal/eligible"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/store"
	"github.com/veiviser/veiviser/internal/veiviser"
)

const holding = "statement-looking-into-it"

// with is a snapshot with switches that are on.
func with(snap *plan.Snapshot, on ...veiviser.Switch) *plan.Snapshot {
	next := *snap
	next.Switches = on
	return &next
}

// anySwitches draws switches that are on.
func anySwitches(t *rapid.T, snap *plan.Snapshot) []veiviser.Switch {
	var on []veiviser.Switch
	for i := range rapid.IntRange(0, 3).Draw(t, "switches") {
		s := veiviser.Switch{
			ID: fmt.Sprint("s", i), Topic: rapid.SampledFrom(subjects).Draw(t, "topic"),
			Region:    rapid.SampledFrom([]string{"", "", "oslo", "bergen"}).Draw(t, "region"),
			Segment:   rapid.SampledFrom([]string{"", "", "newcomers", "families"}).Draw(t, "segment"),
			Statement: rapid.SampledFrom([]string{"", holding, "service-call-us"}).Draw(t, "statement"),
			Resume:    snap.Crisis.Resume, Stage: rapid.IntRange(0, len(snap.Crisis.Resume)-1).Draw(t, "stage"), Created: noon.Add(time.Duration(i) * time.Hour),
		}
		if s.Topic != "" || s.Region != "" || s.Segment != "" {
			on = append(on, s)
		}
	}
	return on
}

// Whatever is switched off and however far it has come back: nothing is shown that a switch keeps away, a statement is shown her once
// and before what is ranked, the items add up, and the answer is made again bit for bit from what it holds alone, also after the
// store has kept it.
func TestSwitches(t *testing.T) {
	base := sykkel(t)
	s, err := store.Open(t.Context(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	answers, stated, silent := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		v := anyVisitor(t, base)
		for range perCheck {
			snap := with(base, anySwitches(t, base)...)
			in := Input{ID: s.NewAnswerID("ada"), Visitor: v.Clone(), Request: anyRequest(t, snap), Time: noon, Seed: anySeed(t)}
			in.Request.Context.Attributes = map[string]string{"region": rapid.SampledFrom([]string{"oslo", "bergen", ""}).Draw(t, "where")}
			a := Decide(snap, in)
			answers++
			silenced(t, snap, &a)
			for i := range a.Decisions {
				everyItem(t, snap, &a.Decisions[i])
				if a.Decisions[i].Silence == veiviser.SilenceSwitch {
					silent++
				}
				stated += states(&a.Decisions[i])
			}
			again(t, base, &a)
			if err := s.Commit(t.Context(), veiviser.Change{Loaded: veiviser.Loaded{VisitorID: "ada"}, Answer: &a}); err != nil {
				t.Fatal(err)
			}
			_, kept, err := s.Answer(t.Context(), a.ID)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "after the store has kept it", &a, &kept)
			again(t, base, &kept)
		}
	})
	t.Logf("%d answers, %d statements, %d decisions silent", answers, stated, silent)
}

// silenced fails when something is shown that must not be.
func silenced(t *rapid.T, snap *plan.Snapshot, a *veiviser.Answer) {
	var shown [2]map[string]int // to her, to an employee
	shown[0], shown[1] = map[string]int{}, map[string]int{}
	for i := range a.Decisions {
		ranked := false
		bars := eligible.Silenced(a.Switches, eligible.Hearer{
			ID: a.Visitor.ID, OpenCase: a.Visitor.Standing.OpenCases(a.Time) > 0, Staff: a.Decisions[i].Staff,
		})
		for _, c := range a.Decisions[i].Choices {
			it, _ := snap.Catalog.Lookup(c.ItemID)
			for k := range bars {
				if bars[k].Keeps(it) {
					t.Fatalf("%s is shown although %s keeps it away", c.ItemID, bars[k].About)
				}
			}
			isStatement := c.Reasons[0].Code == veiviser.BecauseHolding
			if isStatement && ranked {
				t.Fatalf("%s stands behind what is ranked", c.ItemID)
			}
			if isStatement {
				to := shown[0]
				if a.Decisions[i].Staff {
					to = shown[1]
				}
				if to[c.ItemID]++; to[c.ItemID] > 1 {
					t.Fatalf("%s is shown twice", c.ItemID)
				}
			}
			switch c.Reasons[0].Code { // what she is owed goes before it
			case veiviser.BecauseDuty, veiviser.BecauseCase, veiviser.BecauseRecovery:
			default:
				ranked = ranked || !isStatement
			}
			if c.ItemID == holding && !isStatement {
				t.Fatal("what is nothing but a statement is shown without a switch")
			}
		}
	}
	for i := range a.Switches {
		if !eligible.Concerns(&a.Switches[i], a.Request.Context.Attributes["region"], a.Segments) && a.Request.Context.Attributes["region"] != "" {
			t.Fatalf("the answer holds a switch that is not about her: %+v", a.Switches[i])
		}
	}
}

func states(d *veiviser.Decision) int {
	n := 0
	for _, c := range d.Choices {
		if c.Reasons[0].Code == veiviser.BecauseHolding {
			n++
		}
	}
	return n
}

// The control group hears what must be heard, too, and nothing that is switched off.
func TestSwitchesReachTheControlGroup(t *testing.T) {
	snap := with(sykkel(t), veiviser.Switch{ID: "all", Topic: "*", Statement: holding})
	a := Decide(snap, Input{
		Time: noon, Group: veiviser.GroupControl,
		Request: veiviser.Request{VisitorID: "ada", Placements: []veiviser.PlacementRequest{{Placement: "product_side"}}},
	})
	if c := a.Decisions[0].Choices; len(c) != 1 || c[0].ItemID != holding {
		t.Errorf("shown %+v", c)
	}
}

// A request that names candidates or excludes the statement gets none.
func TestStatementsObeyTheRequest(t *testing.T) {
	snap := with(sykkel(t), veiviser.Switch{ID: "all", Topic: "bike", Statement: holding})
	for name, p := range map[string]veiviser.PlacementRequest{
		"candidates": {Placement: "product_side", Candidates: []string{"guide-choose-bike"}},
		"excluded":   {Placement: "product_side", Excluded: []string{holding}},
		"kind":       {Placement: "app_push"},
	} {
		a := Decide(snap, Input{Time: noon, Request: veiviser.Request{
			VisitorID: "ada", Placements: []veiviser.PlacementRequest{p}, Context: veiviser.Context{Subject: "bike"},
		}})
		if slices.ContainsFunc(a.Decisions[0].Choices, func(c veiviser.Choice) bool { return c.ItemID == holding }) {
			t.Errorf("%s: shown %+v", name, a.Decisions[0].Choices)
		}
	}
}

// Of who is not profiled, or whose record is out of reach, the region that the last event of the request names counts for this answer,
// where its context names none. The answer keeps no word of it, and is made again.
func TestEventsAlongTellTheRegion(t *testing.T) {
	snap := with(sykkel(t), veiviser.Switch{ID: "flood", Region: "oslo"})
	in := func(name, value string, at time.Time) veiviser.Event {
		return veiviser.Event{Type: "view", Time: at, Attributes: map[string]string{name: value}}
	}
	noMore := veiviser.Standing{Directives: []veiviser.Directive{{ID: "d", Kind: veiviser.DoNotProfile, Created: noon}}}
	for name, tt := range map[string]struct {
		context string
		events  []veiviser.Event
		known   bool // the region is
		silent  bool
	}{
		"nothing":          {"", nil, false, false},
		"there":            {"", []veiviser.Event{in("region", " Oslo ", noon)}, true, true},
		"of herself":       {"", []veiviser.Event{in("visitor.region", "oslo", noon)}, true, true},
		"elsewhere":        {"", []veiviser.Event{in("region", "bergen", noon)}, true, false},
		"blank":            {" ", []veiviser.Event{in("region", " ", noon)}, false, false},
		"the last":         {"", []veiviser.Event{in("region", "oslo", time.Time{}), in("region", "bergen", noon.Add(-time.Hour))}, true, true},
		"the context says": {"bergen", []veiviser.Event{in("region", "oslo", noon)}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			q := veiviser.Request{
				VisitorID: "ada", Placements: []veiviser.PlacementRequest{{Placement: "product_side"}}, Events: tt.events,
				Context: veiviser.Context{Subject: ebike, Attributes: map[string]string{"region": tt.context}},
			}
			a := Decide(snap, Input{ID: "a", Time: noon, Visitor: &veiviser.Visitor{ID: "ada", Standing: noMore}, Request: q})
			if got := a.Decisions[0].Silence == veiviser.SilenceSwitch; got != tt.silent {
				t.Errorf("not profiled: silent %v, %+v", got, a.Switches)
			}
			if a.Visitor.Region != "" || a.Request.Context.Attributes["region"] != tt.context || a.Request.Events != nil {
				t.Errorf("kept %+v of %+v", a.Request, a.Visitor)
			}
			if d := cmp.Diff(a, Decide(snap, Again(&a)), cmpopts.EquateEmpty()); d != "" {
				t.Errorf("made again: %s", d)
			}
			a = Decide(snap, Input{Time: noon, Degraded: "STORE_UNAVAILABLE", Request: q})
			if got := len(a.Switches) > 0; got != (tt.silent || !tt.known) {
				t.Errorf("degraded: %+v", a.Switches)
			}
		})
	}
}

// With a statement nothing is sold: it is shown although there is none left of it, and the items still add up.
func TestStatementsNeedNoStock(t *testing.T) {
	base := sykkel(t, func(p *veiviser.Plan) {
		i := slices.IndexFunc(p.Items, func(it veiviser.Item) bool { return it.ID == holding })
		p.Items[i].Stock = new(int64(0))
	})
	snap := with(base, veiviser.Switch{ID: "all", Topic: "bike", Statement: holding})
	for _, explain := range []bool{false, true} {
		a := Decide(snap, Input{Time: noon, Request: veiviser.Request{
			VisitorID: "ada", Placements: []veiviser.PlacementRequest{{Placement: "product_side"}},
			Context: veiviser.Context{Subject: "bike"}, Explain: explain,
		}})
		if states(&a.Decisions[0]) != 1 {
			t.Errorf("shown %+v", a.Decisions[0].Choices)
		}
		everyItem(t, snap, &a.Decisions[0])
	}
}

// A visit that is watched falls silent within a second when something is switched off, and stays as it is when nothing is.
func TestWatchFollowsSwitches(t *testing.T) {
	d, plans := decider(t, newMemory())
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, d, func(q *veiviser.Request) {
			q.Context.Subject = ebike
			q.Placements = []veiviser.PlacementRequest{{Placement: "product_side"}}
		})
		time.Sleep(3100 * time.Millisecond)
		synctest.Wait()
		if len(w.sent) != 1 {
			t.Fatalf("%d answers", len(w.sent))
		}
		plans.set(with(plans.Active(), veiviser.Switch{ID: "a", Topic: ebike, Statement: holding}))
		time.Sleep(time.Second)
		synctest.Wait()
		if len(w.sent) != 2 || states(&w.sent[1].Answer.Decisions[0]) != 1 {
			t.Errorf("%d answers", len(w.sent))
		}
		w.end(t)
	})
}
