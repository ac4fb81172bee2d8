package planpb_test

import (
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/decide"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// served counts, over many seeds, what one placement of the sample plan shows a visitor: items by kind, and "" for
// silence.
func served(snap *plan.Snapshot, v *veiviser.Visitor, subject, placement string, now time.Time) map[veiviser.ItemKind]int {
	count := map[veiviser.ItemKind]int{}
	for seed := range uint64(100) {
		a := decide.Decide(snap, decide.Input{
			ID: "a", Visitor: v, Time: now, Seed: [2]uint64{seed, 7},
			Request: veiviser.Request{
				Context:    veiviser.Context{Language: "nb", Subject: subject},
				Placements: []veiviser.PlacementRequest{{Placement: placement}},
			},
		})
		for _, c := range a.Decisions[0].Choices {
			count[c.Kind]++
		}
		if len(a.Decisions[0].Choices) == 0 {
			count[""]++
		}
	}
	return count
}

func TestStoryOfBuyingABikeIsAnswered(t *testing.T) {
	p, _ := bundle(t, "sykkel")
	snap, err := plan.Compile(1, p)
	if err != nil {
		t.Fatal(err)
	}
	v, now := &veiviser.Visitor{ID: "v"}, time.Date(2026, 11, 2, 18, 0, 0, 0, time.UTC)
	for i, s := range buying() {
		now = now.Add(s.after)
		s.event.Time = now
		snap.Stages.Fold(v, &s.event)
		side, push := served(snap, v, ebike, "product_side", now), served(snap, v, ebike, "app_push", now)
		t.Logf("%2d %-18s side %v push %v", i+1, s.event.Type, side, push)
		offers, all := side[veiviser.KindOffer], side[veiviser.KindOffer]+side[veiviser.KindContent]+side[veiviser.KindService]
		switch s.event.Type {
		case "view", "search":
			if i < 2 && offers > 0 {
				t.Errorf("%d offers to somebody who has just begun", offers)
			}
		case "question":
			if side[veiviser.KindService] < all/4 {
				t.Errorf("only %d times a human to somebody who asks", side[veiviser.KindService])
			}
			if push[""] == 0 || push[""] == 100 {
				t.Errorf("silent on the telephone %d times of 100", push[""])
			}
		case "cart_add", "checkout":
			if offers < all/2 {
				t.Errorf("only %d offers of %d items to somebody who buys", offers, all)
			}
		case "purchase", "delivery_confirmed":
			if offers > 0 {
				t.Errorf("%d offers to somebody who has just bought", offers)
			}
		default:
		}
	}
}

func TestStoryOfAJournalistIsAnsweredWithoutSelling(t *testing.T) {
	p, _ := bundle(t, "sykkel")
	snap, err := plan.Compile(1, p)
	if err != nil {
		t.Fatal(err)
	}
	v, now := &veiviser.Visitor{ID: "v"}, time.Date(2026, 11, 2, 18, 0, 0, 0, time.UTC)
	for _, e := range []veiviser.Event{event("view", "", "", "page", "/press"), event("press_download", "", ""), event("press_enquiry", "", "")} {
		now = now.Add(time.Minute)
		e.Time = now
		snap.Stages.Fold(v, &e)
		for _, pl := range p.Placements {
			if n := served(snap, v, "", pl.ID, now)[veiviser.KindOffer]; n > 0 {
				t.Errorf("%s: %d offers to a journalist", pl.ID, n)
			}
		}
	}
}
