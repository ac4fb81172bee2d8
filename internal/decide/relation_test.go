package decide

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/relation"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// relationPlan has an item for every standing.
func relationPlan(weight float64) *veiviser.Plan {
	item := func(id string, kind veiviser.ItemKind) veiviser.Item {
		return veiviser.Item{ID: id, Kind: kind, Representations: []veiviser.Representation{{Format: "card", Title: id}}}
	}
	p := &veiviser.Plan{
		Languages: []string{"nb"}, Items: []veiviser.Item{
			item("guide", veiviser.KindContent), item("offer", veiviser.KindOffer), item("help", veiviser.KindService),
			item("case", veiviser.KindService), item("win", veiviser.KindContent), item("climb", veiviser.KindContent), item("sorry", veiviser.KindService),
		},
		Journeys: []veiviser.Journey{{
			ID: "buy", Version: 1, Stages: []veiviser.Stage{{ID: "look", Standard: veiviser.StageSearch, Prior: 1}, {ID: "use", Standard: veiviser.StageUse, Prior: 1}},
		}},
		Placements: []veiviser.Placement{{ID: "side", Channel: "web", Formats: []string{"card"}, Slots: 3}, {ID: "top", Channel: "app", Formats: []string{"card"}, Slots: 1}},
		Relationship: veiviser.Relationship{
			Recovery: veiviser.Recovery{Control: new(0.0), Steps: []veiviser.RecoveryStep{{Items: []string{"sorry"}}}},
			Rungs:    []veiviser.Rung{{ID: "friend", Promote: "visitor.phase == 'customer'"}},
		},
		Acquisition: veiviser.Acquisition{Weight: weight, Quality: 700, Scale: 1000, Costs: []veiviser.AcquisitionCost{{Source: "ad", Cost: 900}}},
		Policy:      veiviser.Policy{UnsureKinds: []veiviser.ItemKind{"content", "service", "offer"}},
	}
	p.Items[3].Care, p.Items[4].Acquires, p.Items[5].TowardRung = true, true, "friend"
	return p
}

// Whatever stands between her and the shop: offers stay away while they must, help goes before what else is ranked, parts sum to the
// mean, and the answer can be made again bit for bit although what was observed has changed.
func TestRelationDecisions(t *testing.T) {
	now := time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		snap, err := plan.Compile(1, relationPlan(rapid.SampledFrom([]float64{0, 0.3, 1}).Draw(t, "weight")))
		if err != nil {
			t.Fatal(err)
		}
		v := &veiviser.Visitor{ID: "v", Events: 1, LastSeen: now}
		for n := range rapid.IntRange(0, 8).Draw(t, "events") {
			e := veiviser.Event{
				ID: string(rune('a' + n)), Time: now.Add(time.Duration(n-200) * time.Hour),
				Type: rapid.SampledFrom([]string{"complaint", "complaint_resolved", "purchase", "delivery_confirmed", "delivery_failed"}).Draw(t, "type"),
			}
			relation.Fold(snap.Relation, &v.Standing, &e, &relation.About{Nonce: rapid.Uint64().Draw(t, "nonce"), Source: "ad"})
		}
		open, phase := v.Standing.OpenCases(now), v.Standing.Relation.Phase()
		a := Decide(snap, Input{
			ID: "a", Visitor: v, Time: now, Seed: [2]uint64{rapid.Uint64().Draw(t, "seed")},
			Customers: relation.Book{{Source: "ad"}: relation.NewWorth([]float64{rapid.Float64Range(0, 40000).Draw(t, "value")}, []int64{10})},
			Request:   veiviser.Request{VisitorID: "v", Explain: true, Placements: []veiviser.PlacementRequest{{Placement: "side"}, {Placement: "top"}}},
		})
		for i := range a.Decisions {
			d := &a.Decisions[i]
			for k := range d.Choices {
				ch := &d.Choices[k]
				sum := 0.0
				for _, p := range ch.Parts {
					sum += p.Add
				}
				if math.Abs(sum-ch.Mean) > 1e-9 {
					t.Fatalf("%s: parts sum to %v, the mean is %v", ch.ItemID, sum, ch.Mean)
				}
				if ch.ItemID == "offer" && (open > 0 || phase == veiviser.PhaseWaiting && v.Standing.Waits()) {
					t.Fatalf("an offer to a %s with %d cases", phase, open)
				}
			}
		}
		first := a.Decisions[0].Choices
		leads := func(id string) bool { return len(first) > 0 && first[0].ItemID == id }
		if open > 0 && (!leads("case") || first[0].Reasons[0].Code != veiviser.BecauseCase || first[1].ItemID != "help") {
			t.Fatalf("with %d cases: %+v", open, first)
		}
		due := relation.Due(snap.Relation, &v.Standing, now, func(string) bool { return true }) != nil
		if due != (leads("sorry") && first[0].Reasons[0].Code == veiviser.BecauseRecovery) {
			t.Fatalf("a step is due: %v; %+v", due, first)
		}
		if _, wins := servedBy(&a, "win"); wins && phase != veiviser.PhaseProspect {
			t.Fatal("she is won already")
		}
		if again := Decide(snap, Again(&a)); !cmp.Equal(a, again, cmpopts.EquateEmpty()) {
			t.Fatalf("made again it is another:\n%s", cmp.Diff(a, again, cmpopts.EquateEmpty()))
		}
	})
}

// What goes before everything that is ranked takes room of caps and tells prices, too: what is ranked after it in the same place
// keeps to what is left.
func TestWhatLeadsTakesRoom(t *testing.T) {
	now := time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)
	v := &veiviser.Visitor{ID: "v", Standing: veiviser.Standing{Cases: []veiviser.Case{{ID: "c", Opened: now, Due: now}}}}
	for name, tt := range map[string]struct {
		change func(p *veiviser.Plan)
		want   []string
	}{
		"nothing bounds": {func(*veiviser.Plan) {}, []string{"case", "help", "climb"}},
		"a cap": {func(p *veiviser.Plan) {
			p.Contact.Caps = []veiviser.Cap{{ID: "one", Limit: 1, Window: time.Hour, Placements: []string{"side"}}}
		}, []string{"case"}},
		"coherence": {func(p *veiviser.Plan) {
			for i, value := range map[int]string{2: "a month", 3: "a day"} {
				p.Items[i].Product, p.Items[i].Claims = "x", map[string]string{"takes": value}
			}
		}, []string{"case", "climb", "guide"}},
	} {
		p := relationPlan(0)
		tt.change(p)
		snap, err := plan.Compile(1, p)
		if err != nil {
			t.Fatal(err)
		}
		a := Decide(snap, Input{
			Visitor: v, Time: now, Request: veiviser.Request{VisitorID: "v", Placements: []veiviser.PlacementRequest{{Placement: "side"}}},
		})
		var got []string
		for _, c := range a.Decisions[0].Choices {
			got = append(got, c.ItemID)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A step of recovery stays on the screen of who watches, is noted once, and has gone when she comes back.
func TestWatchKeepsTheStep(t *testing.T) {
	snap, err := plan.Compile(1, relationPlan(0))
	if err != nil {
		t.Fatal(err)
	}
	m := newMemory()
	d, plans := decider(t, m)
	plans.set(snap)
	put := noon.Add(-time.Hour)
	m.visitors["ada"] = &veiviser.Visitor{ID: "ada", Standing: veiviser.Standing{Cases: []veiviser.Case{
		{ID: "c", Opened: put, Due: noon, Answered: put, Resolved: put, Ladder: veiviser.GroupTreated},
	}}}
	m.revision["ada"] = 1
	side := func(q *veiviser.Request) { q.Placements = []veiviser.PlacementRequest{{Placement: "side"}} }
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, d, side)
		time.Sleep(3 * lookAgain)
		synctest.Wait()
		w.end(t)
		if _, ok := servedBy(&w.sent[0].Answer, "sorry"); !ok || len(w.sent) != 1 {
			t.Errorf("%d sent, the first %+v", len(w.sent), w.sent[0].Answer.Decisions[0].Choices)
		}
	})
	if c := &m.visitors["ada"].Standing.Cases[0]; c.Shown[0] == 0 || c.ShownBy == 0 {
		t.Errorf("%+v", c)
	}
	q := ask()
	q.Events = nil
	side(&q)
	r, err := d.Recommend(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := servedBy(&r.Answer, "sorry"); ok {
		t.Error("the step is shown again")
	}
}

// On her very first answer nothing is remembered of where somebody came from: the request says so, for ranking and for rules alike.
func TestSourceOfTheFirstAnswer(t *testing.T) {
	p := relationPlan(0.5)
	p.Segments = []veiviser.Segment{{ID: "by-ad", Rule: "visitor.source == 'ad'"}, {ID: "by-web", Rule: "visitor.source == 'web'"}}
	p.Items[0].Rule = "visitor.source == 'ad'"
	snap, err := plan.Compile(1, p)
	if err != nil {
		t.Fatal(err)
	}
	known := &veiviser.Visitor{ID: "v", Standing: veiviser.Standing{Relation: veiviser.Relation{Source: "search"}}}
	for name, tt := range map[string]struct {
		visitor  *veiviser.Visitor
		context  veiviser.Context
		margin   float64
		segments []string
		guide    bool
	}{
		"nothing is said":   {nil, veiviser.Context{}, 700, nil, false},
		"a referrer":        {nil, veiviser.Context{Channel: "web", Referrer: "https://ads.google.com/x"}, -200, []string{"by-ad"}, true},
		"a channel":         {nil, veiviser.Context{Channel: "web"}, 700, []string{"by-web"}, false},
		"an unknown site":   {nil, veiviser.Context{Channel: "web", Referrer: "https://example.org/"}, 700, []string{"by-web"}, false},
		"known from before": {known, veiviser.Context{Channel: "web", Referrer: "ad"}, 700, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			a := Decide(snap, Input{
				ID: "a", Visitor: tt.visitor, Time: noon,
				Request: veiviser.Request{VisitorID: "v", Context: tt.context, Placements: []veiviser.PlacementRequest{{Placement: "side"}}},
			})
			_, guide := servedBy(&a, "guide")
			if a.Margin != tt.margin || !cmp.Equal(a.Segments, tt.segments) || guide != tt.guide {
				t.Errorf("margin %v, segments %v, the guide is shown: %v", a.Margin, a.Segments, guide)
			}
			if again := Decide(snap, Again(&a)); !cmp.Equal(a, again, cmpopts.EquateEmpty()) {
				t.Errorf("made again it is another:\n%s", cmp.Diff(a, again, cmpopts.EquateEmpty()))
			}
		})
	}
}
