package decide

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/planpb/planpbtest"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// BenchmarkDecide is the decision alone: the sample plan with so many items beside it, somebody under way with three needs, one
// placement with three slots. Nothing is read or written.
func BenchmarkDecide(b *testing.B) {
	for _, items := range []int{100, 10_000, 100_000} {
		snap := stocked(b, items)
		now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
		in := Input{ID: "id", Visitor: busy(snap, now), Time: now, Request: veiviser.Request{
			VisitorID: "ada", Context: veiviser.Context{Channel: "web", Language: "nb", Subject: "bike/ebike"},
			Placements: []veiviser.PlacementRequest{{Placement: "product_side"}},
		}}
		for _, about := range []string{"bike/ebike", "bike", ""} { // narrow, wide, anything
			in.Request.Context.Subject = about
			b.Run(fmt.Sprintf("items=%d/subject=%q", items, about), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					in.Seed[0]++
					Decide(snap, in)
				}
			})
		}
	}
}

// BenchmarkFold is what one event sent along costs before the decision.
func BenchmarkFold(b *testing.B) {
	snap := stocked(b, 100)
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	loaded := veiviser.Loaded{VisitorID: "ada", Visitor: busy(snap, now)}
	events := []veiviser.Event{{ID: "e", VisitorID: "ada", Time: now, Type: "view", Subject: "bike/ebike", ItemID: "item-000007"}}
	b.ReportAllocs()
	for b.Loop() {
		learn.Fold(snap, &loaded, events, now)
	}
}

// stocked is the sample plan with synthetic items.
func stocked(b *testing.B, items int) *plan.Snapshot {
	b.Helper()
	p := planpbtest.Plan(b, "sykkel")
	r := rand.New(rand.NewPCG(1, 2))
	about := []string{"bike/ebike", "bike/kids", "bike/cargo", "bike/mountain", "bike/road", "parts/tyres", "parts/chain", "parts/brakes"}
	kinds := []veiviser.ItemKind{veiviser.KindContent, veiviser.KindContent, veiviser.KindOffer, veiviser.KindOffer, veiviser.KindService}
	stages := veiviser.StandardStages()
	for i := range items {
		it := veiviser.Item{
			ID: fmt.Sprintf("item-%06d", i), Kind: kinds[r.IntN(len(kinds))], Value: float64(r.IntN(500)),
			Topics: []string{about[r.IntN(len(about))]}, Stages: []veiviser.StandardStage{stages[r.IntN(len(stages))]},
		}
		if r.IntN(10) == 0 {
			it.Rule = "visitor.since('purchase') > duration('720h')"
		}
		for _, language := range []string{"nb", "sv", "en"} {
			it.Representations = append(it.Representations, veiviser.Representation{Format: "card", Language: language, Title: "Title"})
		}
		p.Items = append(p.Items, it)
	}
	snap, err := plan.Compile(1, p)
	if err != nil {
		b.Fatal(err)
	}
	return snap
}

// busy is somebody with three needs.
func busy(snap *plan.Snapshot, now time.Time) *veiviser.Visitor {
	var events []veiviser.Event
	for visit, typ := range []string{"search", "view", "view", "compare"} {
		for k, subject := range []string{"parts/tyres", "bike/kids", "bike/ebike"} {
			events = append(events, veiviser.Event{
				ID: fmt.Sprint(visit, k), VisitorID: "ada", Type: typ, Subject: subject, Channel: "web",
				ItemID: fmt.Sprintf("item-%06d", visit*3+k), Time: now.AddDate(0, 0, visit-6).Add(time.Duration(k) * time.Minute),
			})
		}
	}
	return learn.Fold(snap, &veiviser.Loaded{VisitorID: "ada"}, events, now).Visitor
}
