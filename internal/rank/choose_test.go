package rank

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/veiviser/veiviser/internal/veiviser"
	"pgregory.net/rapid"
)

// TestFrequencies resamples decisions and compares how often each item got the first and the second slot with the
// propensities computed for it, by chi-square at α = 1e-4. The seeds are fixed, so the outcome is too.
func TestFrequencies(t *testing.T) {
	all, n := sets(), 200_000
	if testing.Short() {
		n = 20_000
	}
	for name, attention := range map[string]float64{
		"two alike": 0.12, "three": 0.2, "typical": 0.15, "nearly certain": 0.0995, "certain and not": 0.115,
		"certain ties": 0.1, "steps of all sizes": 0.1, "far ahead": 0.89,
	} {
		t.Run(name, func(t *testing.T) {
			cands := slices.Clone(all[name])
			for i := range cands {
				cands[i].Like = Likeness{Topics: [4]uint32{uint32(i%3) + 1}, Kind: uint32(i%2) + 1}
			}
			resample(t, cands, Options{Slots: 2, Attention: attention, Explore: 1, Diversity: 0.04}, n)
		})
	}
}

func resample(t *testing.T, cands []Candidate, o Options, n int) {
	t.Helper()
	silent := len(cands) // stands for stopping
	first := make(map[int]float64)
	second := make(map[int]map[int]float64)
	for i := range n {
		o.Seed = [2]uint64{uint64(i), 3}
		picks := Choose(cands, o).Picks
		slate := [2]int{silent, silent}
		for k, p := range picks {
			slate[k] = p.Index
		}
		first[slate[0]]++
		if slate[0] != silent {
			if second[slate[0]] == nil {
				second[slate[0]] = make(map[int]float64)
			}
			second[slate[0]][slate[1]]++
		}
	}
	p, silence := Propensities(cands, o)
	chiSquare(t, "first slot", append(p, silence), first)
	for _, given := range slices.Sorted(maps.Keys(second)) {
		// The second slot is a first slot without the item picked, the others less what likeness costs.
		rest := slices.Clone(cands)
		for i := range rest {
			rest[i].Mean -= o.Diversity * cands[i].Like.To(cands[given].Like)
		}
		rest[given].Var = math.NaN()
		p, silence := Propensities(rest, o)
		chiSquare(t, fmt.Sprintf("second slot after %d", given), append(p, silence), second[given])
	}
}

// chiSquare compares counts with probabilities, joining cells that expect fewer than ten.
func chiSquare(t *testing.T, what string, p []float64, counts map[int]float64) {
	t.Helper()
	n, sum := 0.0, 0.0
	for _, c := range counts {
		n += c
	}
	chi, cells, restWant, restGot := 0.0, 0, 0.0, 0.0
	for i := range p {
		sum += p[i]
		if want := n * p[i]; want >= 10 {
			chi += (counts[i] - want) * (counts[i] - want) / want
			cells++
		} else {
			restWant, restGot = restWant+want, restGot+counts[i]
		}
	}
	if restWant >= 10 {
		chi += (restGot - restWant) * (restGot - restWant) / restWant
		cells++
	} else if restGot > restWant+6*math.Sqrt(restWant)+3 {
		t.Errorf("%s: %g rare choices, want %g", what, restGot, restWant)
	}
	if math.Abs(sum-1) > 1e-4 {
		t.Errorf("%s: propensities sum to %.9f", what, sum)
	}
	if cells < 2 {
		return
	}
	// Wilson and Hilferty's approximation of the quantile of order 1 − 1e-4.
	k := float64(cells - 1)
	limit := k * math.Pow(1-2/(9*k)+3.719*math.Sqrt(2/(9*k)), 3)
	if chi > limit {
		t.Errorf("%s: chi-square %.1f over %d cells of %g draws, limit %.1f", what, chi, cells, n, limit)
	}
	t.Logf("%s: chi-square %.1f, limit %.1f, n %g", what, chi, limit, n)
}

// TestPickedPropensity checks that the propensity reported for a pick is the one computed for all, in both slots.
func TestPickedPropensity(t *testing.T) {
	for name, cands := range sets() {
		o := Options{Slots: 2, Attention: 0.05, Explore: 1, Diversity: 0.1, Seed: [2]uint64{5, 6}}
		for i := range cands {
			cands[i].Like.Kind = uint32(i%4) + 1
		}
		slate := Choose(cands, o)
		picks, silence := slate.Picks, slate.Silence
		p, wantSilence := Propensities(cands, o)
		if silence != wantSilence {
			t.Errorf("%s: silence %g, want %g", name, silence, wantSilence)
		}
		for k, pick := range picks {
			if k == 1 {
				for i := range cands {
					cands[i].Mean -= o.Diversity * float64(float32(cands[i].Like.To(cands[picks[0].Index].Like)))
				}
				cands[picks[0].Index].Mean = math.Inf(-1)
				p, _ = Propensities(cands, o)
			}
			if pick.Propensity != p[pick.Index] {
				t.Errorf("%s: slot %d propensity %g, want %g", name, k, pick.Propensity, p[pick.Index])
			}
		}
	}
}

// TestReplayIsStable holds one slate for good: whoever changes how draws are made makes logged decisions irreproducible.
func TestReplayIsStable(t *testing.T) {
	cands := []Candidate{{Mean: 0.1, Var: 0.01}, {Mean: 0.15, Var: 0.004}, {Mean: 0.12, Var: 0.02}, {Mean: 0.06}}
	slate := Choose(cands, Options{Slots: 3, Attention: 0.1, Explore: 1, Seed: [2]uint64{20261122, 1}})
	picks, silence := slate.Picks, slate.Silence
	want := []Pick{
		{0, 0.11273246912679166, 0.21613354099025867},
		{1, 0.10870048659459905, 0.5017227645733279},
		{2, 0.08082444314019335, 0.5562314537190077},
	}
	if d := cmp.Diff(want, picks, near); d != "" || math.Abs(silence-0.047615848) > 1e-7 {
		t.Errorf("silence %.9f, picks (-want +got):\n%s", silence, d)
	}
}

func TestTiesGoToTheFirst(t *testing.T) {
	cands := []Candidate{{Mean: 0.1}, {Mean: 0.2}, {Mean: 0.2}, {Mean: 0.1}}
	for _, explore := range []float64{0, 1} {
		o := Options{Slots: 9, Explore: explore}
		slate := Choose(cands, o)
		picks, silence := slate.Picks, slate.Silence
		want := []Pick{{1, 0.2, 1}, {2, 0.2, 1}, {0, 0.1, 1}, {3, 0.1, 1}}
		if d := cmp.Diff(want, picks); d != "" || silence != 0 {
			t.Errorf("explore %g: silence %g, picks (-want +got):\n%s", explore, silence, d)
		}
		p, _ := Propensities(cands, o)
		if d := cmp.Diff([]float64{0, 1, 0, 0}, p); d != "" {
			t.Errorf("explore %g: propensities (-want +got):\n%s", explore, d)
		}
	}
}

func TestMeansDecideWithoutExploration(t *testing.T) {
	cands := []Candidate{{Mean: 0.3, Var: 1}, {Mean: 0.32, Var: 4}, {Mean: 0.1, Var: 9}}
	slate := Choose(cands, Options{Slots: 3, Attention: 0.2})
	picks, silence := slate.Picks, slate.Silence
	if d := cmp.Diff([]Pick{{1, 0.12, 1}, {0, 0.1, 1}}, picks, near); d != "" || silence != 0 {
		t.Errorf("silence %g, picks (-want +got):\n%s", silence, d)
	}
	slate = Choose(cands, Options{Slots: 3, Attention: 0.32})
	picks, silence = slate.Picks, slate.Silence
	if picks != nil || silence != 1 {
		t.Errorf("what only equals the cost of attention is shown: %v, silence %g", picks, silence)
	}
}

func TestDiversity(t *testing.T) {
	like := func(topics ...string) Likeness {
		return LikenessOf(&veiviser.Item{Kind: veiviser.KindContent, Topics: topics})
	}
	cands := []Candidate{
		{Mean: 0.30, Like: like("bike")}, {Mean: 0.29, Like: like("bike")}, {Mean: 0.27, Like: like("helmet")},
	}
	order := func(diversity float64) []int {
		var out []int
		picks := Choose(cands, Options{Slots: 3, Diversity: diversity}).Picks
		for _, p := range picks {
			out = append(out, p.Index)
		}
		return out
	}
	if d := cmp.Diff([]int{0, 1, 2}, order(0)); d != "" {
		t.Errorf("without diversity:\n%s", d)
	}
	if d := cmp.Diff([]int{0, 2, 1}, order(0.1)); d != "" {
		t.Errorf("with diversity:\n%s", d)
	}
	if d := cmp.Diff([]int{0, 2}, order(0.9)); d != "" {
		t.Errorf("with diversity so dear that silence is better:\n%s", d)
	}
}

func TestLikeness(t *testing.T) {
	of := func(kind veiviser.ItemKind, topics ...string) Likeness {
		return LikenessOf(&veiviser.Item{Kind: kind, Topics: topics})
	}
	for _, c := range []struct {
		a, b Likeness
		want float64
	}{
		{of("offer", "a"), of("offer", "a"), 1},
		{of("offer", "a"), of("content", "a"), 0.75},
		{of("offer", "a", "b"), of("offer", "b", "c"), 0.25 + 0.25},
		{of("offer"), of("offer"), 0.25},
		{of("offer"), of("content"), 0},
		{of("offer", "a", "a"), of("offer", "a", "a"), 1},
		{of("", "a", "b", "c", "d", "e"), of("", "e"), 0},
	} {
		if got, back := c.a.To(c.b), c.b.To(c.a); got != c.want || back != c.want {
			t.Errorf("%v to %v = %g, back %g, want %g", c.a, c.b, got, back, c.want)
		}
	}
}

func drawCandidates(t *rapid.T) []Candidate {
	odd := []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, -math.MaxFloat64, 0, 0.1, 1e-300, -1}
	number := func(from, to float64, label string) float64 {
		return rapid.OneOf(rapid.Float64Range(from, to), rapid.Float64Range(from, to), rapid.SampledFrom(odd)).Draw(t, label)
	}
	out := make([]Candidate, rapid.IntRange(0, 12).Draw(t, "n"))
	for i := range out {
		sd := number(0, 0.3, "sd")
		out[i] = Candidate{
			Mean: number(-0.2, 0.6, "mean"), Var: sd * math.Abs(sd),
			Like: Likeness{Topics: [4]uint32{rapid.Uint32Range(0, 3).Draw(t, "topic")}, Kind: rapid.Uint32Range(0, 2).Draw(t, "kind")},
		}
	}
	return out
}

func usable(c Candidate) bool {
	return math.Abs(c.Mean) <= largest && c.Var >= 0 && c.Var <= largest*largest
}

func TestChooseProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cands := drawCandidates(t)
		o := Options{
			Slots: rapid.IntRange(-1, 5).Draw(t, "slots"), Explore: rapid.SampledFrom([]float64{0, 0.3, 1}).Draw(t, "explore"),
			Attention: rapid.OneOf(rapid.Float64Range(-0.1, 0.6), rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1)})).Draw(t, "attention"),
			Diversity: rapid.Float64Range(0, 1).Draw(t, "diversity"),
			Seed:      [2]uint64{rapid.Uint64().Draw(t, "seed"), rapid.Uint64().Draw(t, "seed")},
		}
		slate := Choose(cands, o)
		picks, silence := slate.Picks, slate.Silence
		againSlate := Choose(cands, o)
		again, silenceAgain := againSlate.Picks, againSlate.Silence
		if !slices.Equal(picks, again) || silence != silenceAgain {
			t.Fatalf("the same seed gave %v and %v", picks, again)
		}
		if len(picks) > max(o.Slots, 0) || !(silence >= 0 && silence <= 1) {
			t.Fatalf("%d picks for %d slots, silence %g", len(picks), o.Slots, silence)
		}
		seen := make(map[int]bool)
		for _, p := range picks {
			if seen[p.Index] || !usable(cands[p.Index]) {
				t.Fatalf("candidate %d, %v, may not be picked (again)", p.Index, cands[p.Index])
			}
			seen[p.Index] = true
			if !(p.Propensity > 0 && p.Propensity <= 1) || !math.IsInf(o.Attention, -1) && !(p.Score > 0) {
				t.Fatalf("pick %+v", p)
			}
		}
		p, silence := Propensities(cands, o)
		sum := silence
		for i := range p {
			sum += p[i]
			if !(p[i] >= 0 && p[i] <= 1) || p[i] > 0 && !usable(cands[i]) {
				t.Fatalf("candidate %v has propensity %g", cands[i], p[i])
			}
		}
		if math.Abs(sum-1) > 1e-4 {
			t.Fatalf("propensities sum to %.9f", sum)
		}
		dearer := o
		dearer.Attention += rapid.Float64Range(0, 0.3).Draw(t, "dearer")
		if _, more := Propensities(cands, dearer); more < silence-1e-12 {
			t.Fatalf("silence fell from %.15f to %.15f when attention became dearer", silence, more)
		}
	})
}
