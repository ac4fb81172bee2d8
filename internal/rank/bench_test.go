package rank

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/veiviser/veiviser/internal/veiviser"
)

func BenchmarkChoose(b *testing.B) {
	all := sets()
	for _, c := range []struct {
		slots int
		set   string
	}{{1, "typical"}, {1, "sixty-four alike"}, {1, "sixty-four"}, {4, "sixty-four alike"}, {4, "sixty-four"}, {4, "sixty-four wild"}} {
		b.Run(fmt.Sprintf("%d of %s", c.slots, c.set), func(b *testing.B) {
			cands := all[c.set]
			rng := rand.New(rand.NewPCG(1, 2))
			for i := range cands {
				cands[i].Like = Likeness{Topics: [4]uint32{rng.Uint32N(20) + 1, rng.Uint32N(20) + 1}, Kind: rng.Uint32N(3) + 1}
			}
			o := Options{Slots: c.slots, Attention: 0.05, Explore: 1, Diversity: 0.05}
			b.ReportAllocs()
			for i := uint64(0); b.Loop(); i++ {
				o.Seed = [2]uint64{i, 1}
				Choose(cands, o)
			}
		})
	}
}

// benchPlan has 40 effects, eight of which hold in benchSituation, and ten of which name an item.
func benchPlan() *veiviser.Plan {
	plan := planWith(veiviser.Policy{ValueWeight: 0.1})
	for i := range 10 {
		plan.Policy.Effects = append(
			plan.Policy.Effects,
			veiviser.ResponseEffect{Segment: fmt.Sprint("s", i), Kind: veiviser.KindOffer, Add: 0.01, SD: 0.02},
			veiviser.ResponseEffect{Segment: fmt.Sprint("s", i), Topic: fmt.Sprint("t", i%3), Add: 0.01, SD: 0.02},
			veiviser.ResponseEffect{Channel: "web", Format: fmt.Sprint("f", i%3), Topic: fmt.Sprint("t", i), Add: 0.01},
			veiviser.ResponseEffect{ItemID: fmt.Sprint("i", i), Channel: "web", Add: 0.01},
		)
	}
	return plan
}

func benchSituation() Situation {
	return Situation{ByStage: [numStages]float64{0.1, 0.2, 0.4, 0.2, 0.1}, Segments: []string{"s0", "s1", "s4"}, Channel: "web"}
}

func BenchmarkScore(b *testing.B) {
	m := Compile(benchPlan())
	sc := m.Prepare(benchSituation(), nil)
	for name, it := range map[string]*veiviser.Item{
		"typical": {ID: "x", Kind: veiviser.KindOffer, Topics: []string{"t1/a", "t2"}},
		"named":   {ID: "i3", Kind: veiviser.KindOffer, Topics: []string{"t1/a"}},
	} {
		b.Run(name, func(b *testing.B) {
			r := m.Response(it)
			b.ReportAllocs()
			for b.Loop() {
				sc.Score(it, &r, "f1", Delta{})
			}
		})
	}
}

func BenchmarkPrepare(b *testing.B) {
	m, s := Compile(benchPlan()), benchSituation()
	b.ReportAllocs()
	for b.Loop() {
		m.Prepare(s, nil)
	}
}

func BenchmarkResponse(b *testing.B) {
	m := Compile(benchPlan())
	it := &veiviser.Item{ID: "i3", Kind: veiviser.KindOffer, Topics: []string{"t1/a", "t2"}, Stages: []veiviser.StandardStage{"search"}}
	b.ReportAllocs()
	for b.Loop() {
		m.Response(it)
	}
}

func BenchmarkParts(b *testing.B) {
	m := Compile(benchPlan())
	sc := m.Prepare(benchSituation(), nil)
	it := &veiviser.Item{ID: "i3", Kind: veiviser.KindOffer, Topics: []string{"t1/a", "t2"}, Value: 20}
	r := m.Response(it)
	b.ReportAllocs()
	for b.Loop() {
		sc.Parts(it, &r, "f1", Delta{})
	}
}

// TestAllocations holds what the package doc promises.
func TestAllocations(t *testing.T) {
	cands := sets()["sixty-four"]
	o := Options{Slots: 4, Attention: 0.05, Explore: 1, Diversity: 0.05, Seed: [2]uint64{1, 2}}
	if n := testing.AllocsPerRun(100, func() { Choose(cands, o) }); n > 1 {
		t.Errorf("Choose allocates %g times, want once for the picks", n)
	}
	o.Attention = 10
	if n := testing.AllocsPerRun(100, func() { Choose(cands, o) }); n > 0 {
		t.Errorf("a silent Choose allocates %g times", n)
	}
	m := Compile(benchPlan())
	sc := m.Prepare(benchSituation(), nil)
	for _, id := range []string{"x", "i3"} {
		it := &veiviser.Item{ID: id, Kind: veiviser.KindOffer, Topics: []string{"t1/a", "t2"}}
		r := m.Response(it)
		if n := testing.AllocsPerRun(100, func() { sc.Score(it, &r, "f1", Delta{}) }); n > 0 {
			t.Errorf("scoring %s allocates %g times", id, n)
		}
		if n := testing.AllocsPerRun(100, func() { r = m.Response(it) }); n > 0 {
			t.Errorf("the response of %s allocates %g times", id, n)
		}
	}
}
