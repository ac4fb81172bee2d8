package rank

import (
	"fmt"
	"math"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/veiviser/veiviser/internal/veiviser"
	"pgregory.net/rapid"
)

var near = cmpopts.EquateApprox(0, 1e-7)

func planWith(p veiviser.Policy) *veiviser.Plan { return &veiviser.Plan{Policy: p} }

func TestPriorSpecificity(t *testing.T) {
	m := Compile(planWith(veiviser.Policy{Priors: []veiviser.ResponsePrior{
		{Mean: 0.2, Strength: 4},
		{Stage: veiviser.StageUse, Mean: 0.3, Strength: 9},
		{Kind: veiviser.KindOffer, Mean: 0.4, Strength: 19},
		{Kind: veiviser.KindOffer, Stage: veiviser.StagePurchase, Mean: 0.6, Strength: 29},
		{Kind: veiviser.KindOffer, Stage: veiviser.StagePurchase, Mean: 0.9, Strength: 1},
	}}))
	offer := m.Response(&veiviser.Item{Kind: veiviser.KindOffer})
	content := m.Response(&veiviser.Item{Kind: veiviser.KindContent})
	if d := cmp.Diff([numStages]float32{0.4, 0.4, 0.4, 0.6, 0.4, 0.4}, offer.Mean, near); d != "" {
		t.Errorf("offer mean (-want +got):\n%s", d)
	}
	if d := cmp.Diff([numStages]float32{0.012, 0.012, 0.012, 0.008, 0.012, 0.012}, offer.Var, near); d != "" {
		t.Errorf("offer variance (-want +got):\n%s", d)
	}
	if d := cmp.Diff([numStages]float32{0.2, 0.2, 0.2, 0.2, 0.3, 0.2}, content.Mean, near); d != "" {
		t.Errorf("content mean (-want +got):\n%s", d)
	}
}

func TestDefaultsAndOffStage(t *testing.T) {
	it := &veiviser.Item{Kind: veiviser.KindContent, Stages: []veiviser.StandardStage{veiviser.StageSearch}}
	r := Compile(planWith(veiviser.Policy{})).Response(it)
	if d := cmp.Diff([numStages]float32{0.025, 0.1, 0.025, 0.025, 0.025, 0.025}, r.Mean, near); d != "" {
		t.Errorf("mean (-want +got):\n%s", d)
	}
	off := float32(0.025 * 0.975 / 11)
	if d := cmp.Diff([numStages]float32{off, 0.09 / 11, off, off, off, off}, r.Var, near); d != "" {
		t.Errorf("variance (-want +got):\n%s", d)
	}
	if got, want := r.Optimistic(1), float32(0.1+2*math.Sqrt(0.09/11)); math.Abs(float64(got-want)) > 1e-6 {
		t.Errorf("Optimistic(search) = %g, want %g", got, want)
	}
	if on, off, unknown := r.Optimistic(1), r.Optimistic(0), r.Optimistic(-1); !(on > unknown && unknown > 0 && on > off) {
		t.Errorf("Optimistic: served %g, not served %g, unknown %g", on, off, unknown)
	}
}

func TestLevers(t *testing.T) {
	plan := planWith(veiviser.Policy{ValueWeight: 0.2})
	plan.Items = []veiviser.Item{{Value: 300, Cost: 100}, {Value: 400}, {}}
	m := Compile(plan)
	it := &veiviser.Item{Value: 350, Cost: 50, Boost: 0.05}
	r := m.Response(it)
	value, alone := 0.2*math.Tanh(1), 0.2*math.Tanh(350.0/300)
	if got, want := float64(r.Lever), value+0.05; math.Abs(got-want) > 1e-7 {
		t.Errorf("Lever = %g, want %g", got, want)
	}
	sc := m.Prepare(Situation{ByStage: [numStages]float64{0, 0, 1}}, nil)
	want := []veiviser.Part{{Name: "stage:evaluate", Add: 0.1}, {Name: "value", Add: alone}, {Name: "cost", Add: value - alone}, {Name: "boost", Add: 0.05}}
	if d := cmp.Diff(want, sc.Parts(it, &r, "card", Delta{}), near); d != "" {
		t.Errorf("parts (-want +got):\n%s", d)
	}
	if got := Compile(planWith(veiviser.Policy{ValueWeight: 1})).value(&veiviser.Item{Value: 100}); math.Abs(got-math.Tanh(1)) > 1e-12 {
		t.Errorf("without items the scale is %g", 100/math.Atanh(got))
	}
}

func TestEffectsInParts(t *testing.T) {
	m := Compile(planWith(veiviser.Policy{Effects: []veiviser.ResponseEffect{
		{Topic: "bike", Add: 0.02, SD: 0.01},
		{Topic: "bike", Stage: veiviser.StageEvaluate, Add: 0.04},
		{Topic: "boat", Add: 0.5},
		{Segment: "families", Kind: veiviser.KindContent, Add: 0.03, SD: 0.1},
		{Segment: "families", Channel: "app", Add: 0.5},
		{Channel: "web", Add: -0.01},
		{Format: "card", Add: 0.005},
		{Format: "hero", Add: 0.5},
		{ItemID: "guide", Segment: "families", Add: 0.06},
		{ItemID: "guide", Add: 0.07},
		{ItemID: "other", Add: 0.5},
		{Stage: "no such stage", Add: 0.5},
	}}))
	it := &veiviser.Item{ID: "guide", Kind: veiviser.KindContent, Topics: []string{"bike/ebike", "bike"}}
	r := m.Response(it)
	sc := m.Prepare(Situation{
		ByStage: [numStages]float64{0.005, 0, 0.5, 0.495}, Segments: []string{"families", "families", "x"}, Channel: "web",
	}, nil)
	want := []veiviser.Part{
		{Name: "stage:evaluate", Add: 0.05},
		{Name: "stage:purchase", Add: 0.0495},
		{Name: "stage:other", Add: 0.0005},
		{Name: "topic:bike", Add: 0.02 + 0.5*0.04},
		{Name: "segment:families", Add: 0.03 + 0.06},
		{Name: "channel:web", Add: -0.01},
		{Name: "format:card", Add: 0.005},
		{Name: "item", Add: 0.07},
	}
	if d := cmp.Diff(want, sc.Parts(it, &r, "card", Delta{}), near); d != "" {
		t.Errorf("parts (-want +got):\n%s", d)
	}
	mean, variance := sc.Score(it, &r, "card", Delta{})
	if math.Abs(mean-0.295) > 1e-6 {
		t.Errorf("mean = %g", mean)
	}
	prior := 0.09 / 11 * (0.005*0.005 + 0.5*0.5 + 0.495*0.495)
	if want := prior + 0.01*0.01 + 0.1*0.1; math.Abs(variance-want) > 1e-7 {
		t.Errorf("variance = %g, want %g", variance, want)
	}
}

// TestScoreAgainstDefinition compares the indexed, folded score with the formula written down plainly, on random plans
// with so many rules that some have no bit, and checks that the parts sum to the mean.
func TestScoreAgainstDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plan := planWith(drawPolicy(t))
		m := Compile(plan)
		it := drawItem(t)
		s := Situation{
			Segments: rapid.SliceOfN(rapid.SampledFrom([]string{"s0", "s1", "s2", ""}), 0, 3).Draw(t, "segments"),
			Channel:  rapid.SampledFrom([]string{"", "web", "app"}).Draw(t, "channel"),
		}
		for i := range s.ByStage {
			s.ByStage[i] = rapid.Float64Range(0, 1).Draw(t, "p")
		}
		format := rapid.SampledFrom([]string{"card", "hero", ""}).Draw(t, "format")
		sc, r := m.Prepare(s, nil), m.Response(it)
		mean, variance := sc.Score(it, &r, format, Delta{})
		wantMean, wantVar := define(plan, s, it, format)
		if math.Abs(mean-wantMean) > 1e-5 || math.Abs(variance-wantVar) > 1e-5 {
			t.Fatalf("Score = %g, %g; want %g, %g", mean, variance, wantMean, wantVar)
		}
		sum := 0.0
		for _, p := range sc.Parts(it, &r, format, Delta{}) {
			sum += p.Add
		}
		if math.Abs(sum-mean) > 1e-9 {
			t.Fatalf("parts sum to %.12f, mean is %.12f", sum, mean)
		}
	})
}

func drawItem(t *rapid.T) *veiviser.Item {
	return &veiviser.Item{
		ID:     rapid.SampledFrom([]string{"", "i0", "i1"}).Draw(t, "id"),
		Kind:   rapid.SampledFrom([]veiviser.ItemKind{veiviser.KindContent, veiviser.KindOffer, "?"}).Draw(t, "kind"),
		Topics: rapid.SliceOfN(rapid.SampledFrom([]string{"a", "a/b", "a/b/c", "b", "", "/x", "ab"}), 0, 3).Draw(t, "topics"),
		Stages: rapid.SliceOfN(rapid.SampledFrom(append(allStages(), "?")), 0, 3).Draw(t, "stages"),
		Value:  rapid.Float64Range(0, 500).Draw(t, "value"),
		Cost:   rapid.Float64Range(0, 500).Draw(t, "cost"),
		Boost:  rapid.Float64Range(-1, 1).Draw(t, "boost"),
	}
}

func allStages() []veiviser.StandardStage {
	s := veiviser.StandardStages()
	return s[:]
}

func drawPolicy(t *rapid.T) veiviser.Policy {
	p := veiviser.Policy{ValueWeight: rapid.Float64Range(0, 1).Draw(t, "weight")}
	maybe := func(label string, values ...string) string {
		return rapid.SampledFrom(append(values, "", "")).Draw(t, label)
	}
	// Rules nobody meets use up the bits.
	for i := range rapid.SampledFrom([]int{0, 62, 70}).Draw(t, "idle rules") {
		p.Effects = append(p.Effects, veiviser.ResponseEffect{Topic: fmt.Sprint("idle", i), Channel: "web", Add: 1})
	}
	for range rapid.IntRange(0, 12).Draw(t, "effects") {
		p.Effects = append(p.Effects, veiviser.ResponseEffect{
			ItemID:  maybe("item", "i0", "i1"),
			Kind:    veiviser.ItemKind(maybe("kind", "content", "offer")),
			Topic:   maybe("topic", "a", "a/b", "a/*", "b", "*", "/*"),
			Stage:   veiviser.StandardStage(maybe("stage", "need", "evaluate", "?")),
			Segment: maybe("segment", "s0", "s1"),
			Channel: maybe("channel", "web", "app"),
			Format:  maybe("format", "card", "hero"),
			Add:     rapid.Float64Range(-1, 1).Draw(t, "add"),
			SD:      rapid.Float64Range(0, 1).Draw(t, "sd"),
		})
	}
	return p
}

// define is the formula of the package doc, written down plainly.
func define(plan *veiviser.Plan, s Situation, it *veiviser.Item, format string) (mean, variance float64) {
	total := 0.0
	for _, p := range s.ByStage {
		total += p
	}
	p := func(stage int) float64 {
		if total == 0 {
			return 1.0 / numStages
		}
		return s.ByStage[stage] / total
	}
	for i, stage := range veiviser.StandardStages() {
		m := veiviser.DefaultPriorMean
		served := len(it.Stages) == 0
		for _, x := range it.Stages {
			served = served || x == stage
		}
		if !served {
			m *= veiviser.DefaultOffStage
		}
		mean += p(i) * m
		variance += p(i) * p(i) * m * (1 - m) / (veiviser.DefaultStrength + 1)
	}
	for _, e := range plan.Policy.Effects {
		w, topic, segment := 1.0, e.Topic == "", e.Segment == ""
		for _, x := range it.Topics {
			topic = topic || veiviser.SubjectMatches(e.Topic, x)
		}
		for _, x := range s.Segments {
			segment = segment || x == e.Segment
		}
		if !topic || !segment || e.ItemID != "" && e.ItemID != it.ID || e.Kind != "" && e.Kind != it.Kind ||
			e.Channel != "" && e.Channel != s.Channel || e.Format != "" && e.Format != format ||
			e.Stage != "" && e.Stage.Index() < 0 {
			continue
		}
		if e.Stage != "" {
			w = p(e.Stage.Index())
		}
		mean += w * e.Add
		variance += w * w * e.SD * e.SD
	}
	mean += plan.Policy.ValueWeight*math.Tanh((it.Value-it.Cost)/DefaultValueScale) + it.Boost
	return mean, variance
}

func TestHostileNumbers(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	m := Compile(planWith(veiviser.Policy{
		ValueWeight: nan, OffStage: nan,
		Priors:  []veiviser.ResponsePrior{{Mean: nan, Strength: nan}, {Kind: veiviser.KindOffer, Mean: inf, Strength: -1}},
		Effects: []veiviser.ResponseEffect{{Add: nan, SD: inf}, {Segment: "s", Add: inf, SD: nan}},
	}))
	it := &veiviser.Item{Kind: veiviser.KindOffer, Value: inf, Cost: inf, Boost: nan, Stages: []veiviser.StandardStage{"?"}}
	r := m.Response(it)
	for _, s := range []Situation{{}, {ByStage: [numStages]float64{nan, inf, -1}, Segments: []string{"s"}}} {
		mean, variance := m.Prepare(s, nil).Score(it, &r, "", Delta{})
		if math.IsNaN(mean) || math.IsInf(mean, 0) || !(variance >= 0) || math.IsInf(variance, 0) {
			t.Errorf("Score = %g, %g", mean, variance)
		}
	}
}

func TestResponseIsSmall(t *testing.T) {
	if n := unsafe.Sizeof(Response{}); n > 64 {
		t.Errorf("a Response takes %d bytes", n)
	}
}
