package decide

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/rank"
	"github.com/veiviser/veiviser/internal/store"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// crowded adds items to the sample plan that it expects much the same of, some with rules that look at them; three in so many
// are about something that is asked for.
func crowded(items, of int) func(*veiviser.Plan) {
	return func(p *veiviser.Plan) {
		for i := range items {
			it := veiviser.Item{ID: fmt.Sprintf("many-%05d", i), Kind: []veiviser.ItemKind{veiviser.KindContent, veiviser.KindOffer}[i%2]}
			for _, format := range []string{"card", "banner", "tile", "mail", "note"} {
				it.Representations = append(it.Representations, veiviser.Representation{Format: format, Title: "Title"})
			}
			switch i / 2 % of {
			case 0: // fits everything
			case 1:
				it.Topics = []string{"bike"}
			case 2:
				it.Topics = []string{"moon"}
			default:
				it.Topics = []string{"elsewhere/far"}
			}
			if i%5 == 0 {
				it.Rule, it.Value = "item.value > 4.0", float64(i%7)
			}
			p.Items = append(p.Items, it)
		}
	}
}

// anySituation is one in which something was observed.
func anySituation(t *rapid.T) rank.Situation {
	var s rank.Situation
	s.ByStage[rapid.IntRange(0, veiviser.NumStandardStages-1).Draw(t, "stage")] = 1
	s.Channel = rapid.SampledFrom([]string{"", "web", "app"}).Draw(t, "shown on")
	s.Segments = rapid.SampledFrom([][]string{nil, {"deciding"}, {"customers"}}).Draw(t, "of")
	return s
}

// observe adds to what is known of usefulness.
func observe(t *rapid.T, snap *plan.Snapshot, x *rank.Experience) {
	n := int32(snap.Catalog.Len() - 1)
	first := rapid.Int32Range(0, n).Draw(t, "first observed")
	y := rapid.SampledFrom([]float64{-1, 0, 0.3, 1}).Draw(t, "came of it")
	sc := snap.Response.Prepare(anySituation(t), nil)
	for i := range rapid.Int32Range(1, 120).Draw(t, "observed") {
		it := snap.Catalog.Item(min(first+i, n))
		x.Observe(sc.Features(nil, it, "card"), y)
	}
}

// anyChanges are what may be written to the catalogue.
func anyChanges(t *rapid.T, snap *plan.Snapshot) (changes []veiviser.CatalogChange) {
	for i := range rapid.IntRange(1, 6).Draw(t, "changes") {
		it := *snap.Catalog.Item(rapid.Int32Range(0, int32(snap.Catalog.Len()-1)).Draw(t, "changed"))
		ch := veiviser.CatalogChange{Revision: uint64(i + 1)}
		switch rapid.IntRange(0, 2).Draw(t, "how") {
		case 0:
			it.ID += "-new"
		case 1:
			it.Boost = 0.2
		case 2:
			it, ch.Deleted = veiviser.Item{ID: it.ID}, true
		}
		ch.Item = it
		changes = append(changes, ch)
	}
	return changes
}

// An answer on a catalogue ordered by whatever was learned, long ago or just now, is sound, and is made again bit for bit from
// what it holds on a catalogue that is not, also after the store has kept it. An answer from before is made again on one that is.
func TestDecideByLearnedOrder(t *testing.T) {
	s, err := store.Open(t.Context(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	for _, c := range []struct{ items, of int }{{600, 4}, {4000, 20}} { // of many, a few are cut in another way
		t.Run(fmt.Sprint(c.items), func(t *testing.T) {
			o := ordered{store: s, fresh: sykkel(t, crowded(c.items, c.of)), compiled: sykkel(t, crowded(c.items, c.of))}
			rapid.Check(t, o.check)
			t.Logf("%d of %d decisions by a learned order", o.visited, o.decisions)
			if o.visited < o.decisions/10 {
				t.Error("this tests next to nothing")
			}
		})
	}
}

// ordered checks answers by a learned order. The two snapshots are of the same plan.
type ordered struct {
	store              *store.Store
	fresh, compiled    *plan.Snapshot
	decisions, visited int
}

func (o *ordered) check(t *rapid.T) {
	x := rank.NewExperience(0)
	snap, plain := o.fresh, o.compiled
	for range rapid.IntRange(1, 3).Draw(t, "orders") {
		observe(t, snap, x)
		snap = snap.Learn(x.Learned())
	}
	if rapid.Bool().Draw(t, "written") {
		changes := anyChanges(t, snap)
		snap, plain = snap.With(changes, 9, 1), plain.With(changes, 9, 1)
		if rapid.Bool().Draw(t, "ordered again") {
			snap = snap.Learn(x.Learned())
		}
	}
	if rapid.Bool().Draw(t, "more") {
		observe(t, snap, x)
	}
	v := anyVisitor(t, snap)
	for range 3 {
		in := Input{
			ID: o.store.NewAnswerID("ada"), Visitor: v, Request: anyRequest(t, snap), Time: noon, Seed: anySeed(t), Learned: x.Learned(),
		}
		a := Decide(snap, in)
		sound(t, snap, &a)
		again(t, plain, &a)
		again(t, snap, &a)
		if err := o.store.Commit(t.Context(), veiviser.Change{Loaded: veiviser.Loaded{VisitorID: "ada"}, Answer: &a}); err != nil {
			t.Fatal(err)
		}
		_, kept, err := o.store.Answer(t.Context(), a.ID)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "after the store has kept it", &a, &kept)
		again(t, plain, &kept)
		before := Decide(plain, in)
		again(t, snap, &before)
		for i := range a.Decisions {
			o.decisions++
			if a.Decisions[i].Visited {
				o.visited++
			}
			if before.Decisions[i].Visited {
				t.Fatal("what the plan says is taken for learned")
			}
		}
	}
}

// Chances are made again as well.
func TestChancesByLearnedOrder(t *testing.T) {
	fresh := sykkel(t, crowded(600, 4))
	in := Input{ID: "id", Time: noon, Request: veiviser.Request{
		VisitorID: "ada", Context: veiviser.Context{Channel: "web", Subject: "bike"},
		Placements: []veiviser.PlacementRequest{{Placement: "home_hero"}},
	}}
	x, good := rank.NewExperience(0), "many-00592"
	it, _ := fresh.Catalog.Lookup(good)
	for i := range 60 {
		var s rank.Situation
		s.ByStage[i%veiviser.NumStandardStages] = 1
		x.Observe(fresh.Response.Prepare(s, nil).Features(nil, it, ""), 1)
	}
	in.Learned = x.Learned()
	if odds, ok := Chances(fresh, in, 0, nil); !ok || odds.Of(good) != 0 {
		t.Fatalf("chance %v, %v before it is in order", odds.Of(good), ok)
	}
	snap := fresh.Learn(in.Learned)
	odds, _ := Chances(snap, in, 0, nil)
	if odds.Of(good) < 0.5 {
		t.Errorf("chance %v", odds.Of(good))
	}
	a := Decide(snap, in)
	later, _ := Chances(fresh, Again(&a), 0, nil)
	if !slices.Equal(later.Items, odds.Items) || later.Silence != odds.Silence {
		t.Errorf("%+v, then %+v", odds, later)
	}
}
