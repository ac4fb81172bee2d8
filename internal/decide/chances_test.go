package decide

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// What Decide records of the first item, or of silence, is what Chances says of it, whoever asks for whatever: for every
// placement of an answer, given what the ones before it show.
func TestChancesAreThoseOfDecide(t *testing.T) {
	snaps := varied(t)
	spoken, silent, fallen := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		snap := rapid.SampledFrom(snaps).Draw(t, "plan")
		v := anyVisitor(t, snap)
		for range perCheck {
			in := Input{ID: "a", Visitor: v, Request: anyRequest(t, snap), Time: noon, Seed: anySeed(t)}
			in.Group = rapid.SampledFrom([]veiviser.Group{veiviser.GroupTreated, veiviser.GroupTreated, veiviser.GroupControl}).Draw(t, "group")
			a := Decide(snap, in)
			for i := range a.Decisions {
				d := &a.Decisions[i]
				in.Seed = [2]uint64{} // does not matter
				odds, ok := Chances(snap, in, i, a.Decisions[:i])
				sum, first, p := odds.Silence, "", d.SilencePropensity
				if len(d.Choices) > 0 {
					first, p = d.Choices[0].ItemID, d.Choices[0].Propensity
				}
				for _, c := range odds.Items {
					sum += c.P
				}
				if !ok || math.Abs(sum-1) > 1e-4 || math.Abs(odds.Of(first)-p) > 1e-5 || math.Abs(odds.Silence-d.SilencePropensity) > 1e-9 {
					t.Fatalf("%q has %v, silence %v, in all %v; the decision says %v and %v", first, odds.Of(first), odds.Silence, sum, p, d.SilencePropensity)
				}
				switch {
				case d.Fallback:
					fallen++
				case first == "":
					silent++
				default:
					spoken++
				}
			}
		}
	})
	if spoken == 0 || silent == 0 || fallen == 0 {
		t.Errorf("%d spoken, %d silent, %d fallbacks", spoken, silent, fallen)
	}
}

func TestChancesElsewhere(t *testing.T) {
	snap := sykkel(t)
	in := Input{Request: veiviser.Request{Placements: []veiviser.PlacementRequest{{Placement: "nowhere"}}}}
	for _, i := range []int{-1, 0, 1} {
		if _, ok := Chances(snap, in, i, nil); ok {
			t.Errorf("placement %d of the request has chances", i)
		}
	}
}

func BenchmarkChances(b *testing.B) {
	snap := sykkel(b)
	in := Input{Visitor: comparing(b, snap), Time: noon, Request: veiviser.Request{
		VisitorID: "ada", Context: veiviser.Context{Subject: ebike}, Placements: []veiviser.PlacementRequest{{Placement: "product_side"}},
	}}
	b.ReportAllocs()
	for b.Loop() {
		Chances(snap, in, 0, nil)
	}
}
