package decide

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/raced"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// capped is the sample plan with these caps and no other bounds.
func capped(t testing.TB, caps ...veiviser.Cap) *plan.Snapshot {
	t.Helper()
	return sykkel(t, func(p *veiviser.Plan) {
		p.Contact, p.Coherence = veiviser.ContactPolicy{Caps: caps}, veiviser.Coherence{}
		for i := range p.Placements {
			p.Placements[i].Impressions = false
		}
	})
}

// TestWatchDoesNotChaseItself watches a place where one item a day may be shown: what is on the screen stays there and counts once,
// also when something happened that would have something else shown.
func TestWatchDoesNotChaseItself(t *testing.T) {
	m := newMemory()
	d, plans := decider(t, m)
	plans.set(capped(t, veiviser.Cap{ID: "once", Limit: 1, Window: 24 * time.Hour, Placements: []string{"home_hero"}}))
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, d, func(q *veiviser.Request) { q.Placements = []veiviser.PlacementRequest{{Placement: "home_hero"}} })
		if len(w.sent) != 1 || len(w.sent[0].Answer.Decisions[0].Choices) != 1 {
			t.Fatalf("%d answers at once: %+v", len(w.sent), w.sent[0].Answer.Decisions[0])
		}
		for range 5 {
			m.mu.Lock()
			m.note("ada")
			m.mu.Unlock()
			time.Sleep(time.Minute)
			synctest.Wait()
		}
		if len(w.sent) != 1 {
			t.Fatalf("%d answers though nothing changed", len(w.sent))
		}
		happen(t, m, d, "compare")
		last := &w.sent[len(w.sent)-1].Answer
		if len(w.sent) != 2 || len(last.Decisions[0].Choices) != 1 || len(last.Showing) == 0 {
			t.Errorf("after an event %d answers, the last %+v", len(w.sent), last.Decisions[0])
		}
		if kept := m.visitors["ada"].Standing.Contacts; len(kept) != 1 {
			t.Errorf("contacts %+v", kept)
		}
		again := Decide(plans.Active(), Again(last))
		if diff := cmp.Diff(*last, again, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("deciding again (-was +again):\n%s", diff)
		}
		w.end(t)
		q := ask()
		q.Events, q.Placements = nil, []veiviser.PlacementRequest{{Placement: "home_hero"}}
		r, err := d.Recommend(t.Context(), q)
		if err != nil || r.Answer.Decisions[0].Silence != veiviser.SilenceCapped {
			t.Errorf("beside the watch: %+v, %v", r.Answer.Decisions[0], err)
		}
	})
}

// TestReserve looks at what an answer leaves behind: the contacts that a cap counts, quietly; nothing when none does.
func TestReserve(t *testing.T) {
	m := newMemory()
	d, plans := decider(t, m)
	front := veiviser.Cap{ID: "front", Limit: 9, Window: time.Hour, Placements: []string{"home_hero"}}
	plans.set(capped(t, front))
	q := ask()
	q.Events, q.Placements = nil, []veiviser.PlacementRequest{{Placement: "home_hero"}, {Placement: "product_side"}}
	last := func() veiviser.Change {
		if _, err := d.Recommend(t.Context(), q); err != nil {
			t.Fatal(err)
		}
		return m.changes[len(m.changes)-1]
	}
	c := last()
	got := c.Visitor.Standing.Contacts
	if !c.Quiet || len(got) != 1 || got[0].Placement != "home_hero" || got[0].Decision != veiviser.HashID(c.Answer.Decisions[0].ID) || !got[0].Until.IsZero() {
		t.Errorf("quiet %v, contacts %+v", c.Quiet, got)
	}
	if c.Visitor.Events != 0 || c.Visitor.Group != veiviser.GroupUnknown || c.Visitor.ID != "ada" {
		t.Errorf("being shown something made her known: %+v", c.Visitor)
	}
	if _, err := d.Visitor(t.Context(), "ada", "", time.Time{}); veiviser.ReasonOf(err) != veiviser.ReasonUnknownVisitor {
		t.Errorf("who was only shown something is known: %v", err)
	}
	if p, _, err := d.Export(t.Context(), "ada"); err != nil || len(p.Visitor.Standing.Contacts) != 1 {
		t.Errorf("her export lacks what she was shown: %+v, %v", p, err)
	}
	q.Events = ask().Events
	if c = last(); c.Quiet || len(c.Visitor.Standing.Contacts) != 2 || c.Visitor.Events == 0 {
		t.Errorf("with events: quiet %v, %+v", c.Quiet, c.Visitor.Standing)
	}
	q.Events = nil
	for what, change := range map[string]func(p *veiviser.Plan){
		"a cap on something else": func(p *veiviser.Plan) { p.Contact.Caps[0].Placements = []string{"app_push"} },
		"staff": func(p *veiviser.Plan) {
			for i := range p.Placements {
				p.Placements[i].Staff = true
			}
		},
		"what must reach her": func(p *veiviser.Plan) {
			for i := range p.Items {
				p.Items[i].Duty = veiviser.DutyTransactional
			}
		},
	} {
		plans.set(sykkel(t, func(p *veiviser.Plan) {
			p.Contact, p.Coherence = veiviser.ContactPolicy{Caps: []veiviser.Cap{front}}, veiviser.Coherence{}
			change(p)
		}))
		if c = last(); c.Visitor != nil {
			t.Errorf("%s: she was written for nothing: %+v", what, c.Visitor.Standing.Contacts)
		}
	}
}

// TestAnswersKeepCaps tells random histories of answers with several placements, which try things out, and recounts what they
// show; every answer is made again, bit for bit.
func TestAnswersKeepCaps(t *testing.T) {
	caps := []veiviser.Cap{
		{ID: "item", Limit: 2, Window: 24 * time.Hour, Per: veiviser.PerItem},
		{ID: "kind", Limit: 3, Window: 6 * time.Hour, Per: veiviser.PerKind, Placements: []string{"product_side", "app_card"}},
		{ID: "topic", Limit: 4, Window: 24 * time.Hour, Per: veiviser.PerTopic, Topics: []string{"bike"}},
		{ID: "all", Limit: 5, Window: 12 * time.Hour, Channels: []string{"web"}},
	}
	snap := capped(t, caps...)
	shown := 0
	for seed := range 60 {
		r := rand.New(rand.NewPCG(uint64(seed), 8))
		v := &veiviser.Visitor{ID: "ada"}
		now := noon
		var all []veiviser.Contact
		for step := range 15 {
			now = now.Add(time.Duration(r.IntN(5*3600)) * time.Second)
			q := veiviser.Request{VisitorID: "ada", Context: veiviser.Context{Subject: []string{ebike, "bike/kids", "gear/lock", ""}[r.IntN(4)]}}
			for _, k := range r.Perm(4)[:1+r.IntN(3)] {
				q.Placements = append(q.Placements, veiviser.PlacementRequest{Placement: []string{"home_hero", "product_side", "search_top", "app_card"}[k]})
			}
			a := Decide(snap, Input{ID: fmt.Sprint("a", step), Visitor: v, Request: q, Time: now, Seed: [2]uint64{r.Uint64(), 1}, Group: veiviser.GroupTreated})
			if step%5 == 0 {
				if diff := cmp.Diff(a, Decide(snap, Again(&a)), cmpopts.EquateEmpty()); diff != "" {
					t.Fatalf("deciding again (-was +again):\n%s", diff)
				}
			}
			for i := range a.Decisions {
				d := &a.Decisions[i]
				p, _ := snap.Placement(d.Placement)
				for k := range d.Choices {
					it, _ := snap.Catalog.Lookup(d.Choices[k].ItemID)
					all = append(all, snap.Contact.Of(it, p.Placement, d.Channel, now, 0))
				}
			}
			v, _ = shownTo(snap, &a, v, nil)
		}
		for i := range caps {
			if n := most(&caps[i], all); n > caps[i].Limit {
				t.Fatalf("history %d: %d by %+v", seed, n, caps[i])
			}
		}
		shown += len(all)
	}
	t.Logf("%d showings", shown)
}

// most is the most that a cap counts within one window.
func most(c *veiviser.Cap, all []veiviser.Contact) (most int) {
	for i := range all {
		counts := map[string]int{}
		for k := range all {
			x := &all[k]
			age := all[i].Time.Sub(x.Time)
			if age < 0 || age >= c.Window || len(c.Placements) > 0 && !slices.Contains(c.Placements, x.Placement) ||
				len(c.Channels) > 0 && !slices.Contains(c.Channels, x.Channel) {
				continue
			}
			switch c.Per {
			case veiviser.PerItem:
				counts[x.ItemID]++
			case veiviser.PerKind:
				counts[string(x.Kind)]++
			case veiviser.PerTopic:
				for _, t := range x.Topics {
					if veiviser.SubjectMatches("bike", t) {
						counts[t]++
					}
				}
			default:
				counts[""]++
			}
		}
		for _, n := range counts {
			most = max(most, n)
		}
	}
	return most
}

// TestDearerAttentionNeverSpeaksMore tells the same histories at several costs of attention, with the budget as a hard bound: the
// dearer attention is, the more often nothing is shown, over whole histories.
func TestDearerAttentionNeverSpeaksMore(t *testing.T) {
	costs := []float64{0, 0.04, 0.08, 0.1, 0.12, 0.15, 0.2}
	snaps := make([]*plan.Snapshot, len(costs))
	for i := range costs {
		snaps[i] = sykkel(t, func(p *veiviser.Plan) {
			p.Contact = veiviser.ContactPolicy{Budget: veiviser.AttentionBudget{Amount: 4, Window: 24 * time.Hour}}
			p.Coherence = veiviser.Coherence{}
			for k := range p.Placements {
				p.Placements[k].AttentionCost, p.Placements[k].Fallback, p.Placements[k].Attention = &costs[i], nil, nil
				p.Placements[k].Impressions = false // what lapses makes room again
			}
		})
	}
	rises, histories := 0, 60
	if raced.On {
		histories = 10
	}
	for seed := range histories {
		before := -1
		for i, snap := range snaps {
			r := rand.New(rand.NewPCG(uint64(seed), 9))
			v, now, silent := &veiviser.Visitor{ID: "ada"}, noon, 0
			for step := range 30 {
				now = now.Add(time.Duration(r.IntN(4*3600)) * time.Second)
				q := veiviser.Request{
					VisitorID: "ada", Context: veiviser.Context{Subject: []string{ebike, "bike/kids", "gear/lock", "parts/tyres", ""}[r.IntN(5)]},
					Placements:    []veiviser.PlacementRequest{{Placement: []string{"home_hero", "product_side", "app_card"}[r.IntN(3)], MaxItems: 1}},
					NoExploration: true,
				}
				a := Decide(snap, Input{ID: fmt.Sprint("a", step), Visitor: v, Request: q, Time: now, Group: veiviser.GroupTreated})
				if len(a.Decisions[0].Choices) == 0 {
					silent++
				}
				v, _ = shownTo(snap, &a, v, nil)
			}
			if silent < before {
				t.Fatalf("history %d: silent %d times at %v, %d times at %v", seed, before, costs[i-1], silent, costs[i])
			}
			if silent > before && before >= 0 {
				rises++
			}
			before = silent
		}
	}
	if rises == 0 {
		t.Error("the cost of attention made no difference")
	}
	t.Logf("%d rises", rises)
}

// What was seen and stays on the screen counts for good, since nobody reports it twice; what comes new is reserved.
func TestStaysSeen(t *testing.T) {
	snap := sykkel(t, func(p *veiviser.Plan) {
		p.Contact = veiviser.ContactPolicy{Caps: []veiviser.Cap{{ID: "all", Limit: 9, Window: time.Hour}}}
		for i := range p.Placements {
			p.Placements[i].Impressions = true
		}
	})
	for _, seen := range []bool{true, false} {
		s := veiviser.Standing{Contacts: []veiviser.Contact{{Time: noon, ItemID: "offer-ebike-fjord-city", Placement: "home_hero", Decision: 7, Until: noon.Add(time.Minute)}}}
		if seen {
			s.Contacts[0].Until = time.Time{}
		}
		a := veiviser.Answer{Time: noon.Add(time.Second), Showing: []uint64{7}, Decisions: []veiviser.Decision{
			{ID: "a.0", Placement: "home_hero", Choices: []veiviser.Choice{{ItemID: "offer-ebike-fjord-city"}, {ItemID: "guide-choose-bike"}}},
		}}
		next, ok := reserve(snap, &a, &s)
		if !ok || len(next.Contacts) != 2 || next.Contacts[0].Until.IsZero() != seen || next.Contacts[1].Until.IsZero() ||
			next.Contacts[0].ItemID != "offer-ebike-fjord-city" {
			t.Errorf("seen %v: %+v", seen, next.Contacts)
		}
		for _, d := range []uint64{7, veiviser.HashID("a.0")} {
			if !next.Contacts[0].By(d) {
				t.Errorf("what stays is not of decision %d: %+v", d, next.Contacts[0])
			}
		}
	}
}

// What is told where impressions are reported is reserved like its showing, unless it was seen and stays on the screen; elsewhere it
// is told.
func TestReservedFacts(t *testing.T) {
	const bike = "offer-ebike-fjord-city"
	snap := sykkel(t, func(p *veiviser.Plan) {
		p.Contact = veiviser.ContactPolicy{ReserveFor: time.Hour}
		for i := range p.Placements {
			p.Placements[i].Impressions = p.Placements[i].ID == "home_hero"
		}
	})
	it, _ := snap.Catalog.Lookup(bike)
	facts := snap.Coherence.Facts(it, snap.Catalog, noon.Add(-time.Minute))
	if len(facts) == 0 {
		t.Fatal("the sample's bike says nothing")
	}
	for i := range facts {
		facts[i].Decision = 7
	}
	for _, tt := range []struct {
		placement string
		showing   []uint64
		released  time.Time
		facts     int
	}{
		{"home_hero", nil, noon.Add(time.Hour), 2},
		{"home_hero", []uint64{7}, time.Time{}, 1},
		{"home_hero", []uint64{8}, noon.Add(time.Hour), 2},
		{"product_side", nil, time.Time{}, 1},
	} {
		a := veiviser.Answer{Time: noon, Showing: tt.showing, Decisions: []veiviser.Decision{
			{ID: "a.0", Placement: tt.placement, Choices: []veiviser.Choice{{ItemID: bike}}},
		}}
		next, ok := reserve(snap, &a, &veiviser.Standing{Facts: facts})
		if last := next.Facts[len(next.Facts)-1]; !ok || !last.Until.Equal(tt.released) || !last.By(veiviser.HashID("a.0")) || !last.Time.Equal(noon) {
			t.Errorf("%+v: %+v", tt, next.Facts)
		}
		n := 0
		for i := range next.Facts {
			if next.Facts[i].Repeats(&facts[0]) {
				n++
			}
		}
		if n != tt.facts {
			t.Errorf("%+v: remembered %d times: %+v", tt, n, next.Facts)
		}
	}
}

// What is counted with others gives back the one showing that was refused.
func TestGivenBack(t *testing.T) {
	mine := veiviser.Contact{Time: noon, ItemID: "x", Decision: 3}
	folded, other := mine, veiviser.Contact{Time: noon, ItemID: "y", Decision: 4, More: 1}
	folded.More = 4
	stayed := mine
	stayed.More = 2
	for name, tt := range map[string]struct {
		kept, back veiviser.Contact
		want       []int
	}{
		"alone":          {mine, mine, []int{2}},
		"with others":    {folded, mine, []int{4, 2}},
		"as it replaced": {stayed, stayed, []int{2}},
	} {
		var got []int
		for _, c := range givenBack([]veiviser.Contact{tt.kept, other}, []veiviser.Contact{tt.back}) {
			got = append(got, c.Count())
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v are left, want %v", name, got, tt.want)
		}
	}
}
