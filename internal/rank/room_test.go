package rank

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestRoomFrequencies resamples slates of which groups have little room, and compares how often each item got the second and
// the third slot with the propensities of what was left, by chi-square.
func TestRoomFrequencies(t *testing.T) {
	cands := slices.Clone(sets()["typical"])
	for i := range cands {
		cands[i].Groups = [...]uint64{1, 1, 2, 3, 0, 2, 1, 4}[i%8]
	}
	o := Options{Slots: 3, Attention: 0.1, Explore: 0.7, Room: []int{1, 2, 1}}
	n := 100_000
	if testing.Short() {
		n = 10_000
	}
	first, before := map[int]float64{}, map[string][]int{}
	for i := range n {
		o.Seed = [2]uint64{uint64(i), 17}
		next := len(cands) // stands for silence
		if picks := Choose(cands, o).Picks; len(picks) > 0 {
			next = picks[0].Index
		}
		first[next]++
	}
	p, silence := Propensities(cands, o)
	chiSquare(t, "first slot", append(p, silence), first)
	drawn := o
	drawn.Explore = 1
	counts := map[string]map[int]float64{}
	for i := range n {
		drawn.Seed = [2]uint64{uint64(i), 18}
		picks := Choose(cands, drawn).Picks
		if len(picks) == 0 {
			continue
		}
		next := len(cands)
		if len(picks) > 1 {
			next = picks[1].Index
		}
		key := fmt.Sprint(picks[0].Index)
		if counts[key] == nil {
			counts[key], before[key] = map[int]float64{}, []int{picks[0].Index}
		}
		counts[key][next]++
	}
	for _, key := range slices.Sorted(maps.Keys(counts)) {
		rest := without(cands, drawn.Room, before[key])
		p, silence := Propensities(rest, drawn)
		chiSquare(t, "second slot after "+key, append(p, silence), counts[key])
	}
}

// without are the candidates that may be picked yet after some were.
func without(cands []Candidate, room []int, picked []int) []Candidate {
	rest := slices.Clone(cands)
	left := slices.Clone(room)
	for _, i := range picked {
		rest[i].Var = math.NaN()
		for g := range left {
			if cands[i].Groups&(1<<g) != 0 {
				left[g]--
			}
		}
	}
	for i := range rest {
		for g := range left {
			if left[g] <= 0 && rest[i].Groups&(1<<g) != 0 {
				rest[i].Var = math.NaN()
			}
		}
	}
	for i := range rest {
		rest[i].Groups = 0
	}
	return rest
}

// TestRoomIsNeverExceeded draws candidates in groups: no group gets more than its room, and the propensity of every pick is that
// of choosing from what may be picked yet.
func TestRoomIsNeverExceeded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cands := drawCandidates(t)
		for i := range cands {
			cands[i].Groups = rapid.Uint64Range(0, 15).Draw(t, "groups")
		}
		o := Options{
			Slots: rapid.IntRange(0, 6).Draw(t, "slots"), Explore: rapid.SampledFrom([]float64{0, 1}).Draw(t, "explore"),
			Attention: rapid.Float64Range(-0.1, 0.3).Draw(t, "attention"),
			Room:      rapid.SliceOfN(rapid.IntRange(0, 3), 4, 4).Draw(t, "room"),
			Seed:      [2]uint64{rapid.Uint64().Draw(t, "seed"), 5},
		}
		slate := Choose(cands, o)
		used := make([]int, len(o.Room))
		var picked []int
		for k, pick := range slate.Picks {
			p, silence := Propensities(without(cands, o.Room, picked), o)
			if math.Abs(pick.Propensity-max(p[pick.Index], minPropensity)) > 1e-12 {
				t.Fatalf("slot %d: propensity %v, want %v", k, pick.Propensity, p[pick.Index])
			}
			if k == 0 && slate.Silence != silence {
				t.Fatalf("silence %v, want %v", slate.Silence, silence)
			}
			picked = append(picked, pick.Index)
			for g := range used {
				if cands[pick.Index].Groups&(1<<g) != 0 {
					used[g]++
				}
			}
		}
		for g := range used {
			if used[g] > o.Room[g] {
				t.Fatalf("group %d has room for %d and got %d: %v", g, o.Room[g], used[g], picked)
			}
		}
		dearer := o
		dearer.Attention += rapid.Float64Range(0, 0.3).Draw(t, "dearer")
		if _, more := Propensities(cands, dearer); more < slate.Silence-1e-12 {
			t.Fatalf("silence fell from %v to %v when attention became dearer", slate.Silence, more)
		}
	})
}
