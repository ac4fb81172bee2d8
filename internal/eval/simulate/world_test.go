package simulate

import (
	"math"
	"slices"
	"testing"

	"github.com/veiviser/veiviser/internal/raced"
)

func TestChancesSumToOne(t *testing.T) {
	for _, name := range []string{"sykkel", "marketplace"} {
		w := bundled(t, name, 3)
		check := func(what string, p []float64) {
			t.Helper()
			sum := 0.0
			for _, v := range p {
				if v < 0 || v > 1 {
					t.Errorf("%s: %s has a chance of %v", name, what, v)
				}
				sum += v
			}
			if math.Abs(sum-1) > 1e-12 {
				t.Errorf("%s: %s sums to %v", name, what, sum)
			}
		}
		var shares, starts []float64
		for s := range w.drift {
			starts = append(starts, w.courses[s].start)
			check("drift from "+State(s).String(), w.drift[s][:])
		}
		check("start", starts)
		for c := range w.classes {
			k := &w.classes[c]
			shares = append(shares, k.share)
			check("subjects of "+k.topic, k.subjects)
			for s := range k.effects {
				for a := range k.effects[s] {
					e := &k.effects[s][a]
					mean := e.mean()
					for _, m := range [][]float64{e.moves[0][:], e.moves[1][:], mean[:], {e.click, 1 - e.click}} {
						check("move", m)
					}
				}
			}
		}
		check("classes", shares)
	}
}

// What the world is about: help in time and to taste moves, offers before their time drive away, bait is clicked and stalls.
func TestWhatHelps(t *testing.T) {
	w := bundled(t, "sykkel", 1)
	family := slices.IndexFunc(w.classes, func(c class) bool { return w.Types[c.typ].Name == "family" && c.topic == "bike/kids" })
	effect := func(s State, item string) (effect, row) {
		a := w.Arm(item)
		if a == Nothing && item != "" {
			t.Fatalf("no item %s", item)
		}
		if item == "" {
			a = len(w.Arms)
		}
		e := w.classes[family].effects[s][a]
		return e, e.mean()
	}
	_, nothing := effect(Evaluate, "")
	if _, help := effect(Evaluate, "service-test-ride"); help[Purchase] < 1.5*nothing[Purchase] {
		t.Errorf("a test ride moves %v on, nothing %v", help[Purchase], nothing[Purchase])
	}
	if _, other := effect(Evaluate, "guide-road-fit"); other[Purchase] > 1.5*nothing[Purchase] {
		t.Errorf("a guide about something else moves %v on, nothing %v", other[Purchase], nothing[Purchase])
	}
	_, nothing = effect(Need, "")
	if _, early := effect(Need, "offer-kids-knott-20"); early[Left] < nothing[Left]+0.05 {
		t.Errorf("an offer to somebody who only feels a need drives %v away, nothing %v", early[Left], nothing[Left])
	}
	for _, id := range w.Bait() {
		e, _ := effect(Search, id)
		_, nothing := effect(Search, "")
		if e.click < 0.25 || e.moves[1][Evaluate] >= nothing[Evaluate] {
			t.Errorf("bait %s: clicked %v, moves %v on, nothing %v", id, e.click, e.moves[1][Evaluate], nothing[Evaluate])
		}
	}
}

func TestValuesAreOrdered(t *testing.T) {
	w := bundled(t, "sykkel", 1)
	chance, silence := w.solve(evenly), w.solve(always(Nothing))
	for c := range w.classes {
		v := &w.values.V[c]
		for s := range v {
			if v[s] < chance.V[c][s] || v[s] < silence.V[c][s] {
				t.Errorf("class %d, %v: best %v, chance %v, nothing %v", c, State(s), v[s], chance.V[c][s], silence.V[c][s])
			}
		}
		if !slices.IsSorted(v[:Waiting+1]) {
			t.Errorf("class %d: further on is worth less: %v", c, *v)
		}
	}
}

// The values are those of the chain that is simulated, and regret is what was lost: for buyers seen to their end, the orders
// delivered right are the policy's value, and with the regret they make the value of the best.
func TestValuesAreThoseOfTheSimulation(t *testing.T) {
	buyers := 6000
	if testing.Short() || raced.On {
		buyers = 3000
	}
	w := bundled(t, "sykkel", 1)
	chance, fixed := w.solve(evenly), w.solve(always(5))
	best := w.newcomer(&w.values)
	for _, c := range []struct {
		policy Policy
		value  float64
	}{
		{NewUniform(1), w.newcomer(&chance)}, {NewOracle(w), best}, {NewFixed(w, 5), w.newcomer(&fixed)},
	} {
		config := Config{World: w, Seed: 5, Visits: 100 * buyers, PerDay: 1000}.withDefaults()
		r := newRun(&config, c.policy)
		r.buyers = buyers
		if err := r.run(t.Context(), config.Visits, func(int) {}); err != nil {
			t.Fatal(err)
		}
		if r.tally.buyers != buyers || r.tally.left != buyers {
			t.Fatalf("%s: %d buyers came, %d left", c.policy.Name(), r.tally.buyers, r.tally.left)
		}
		n := float64(buyers)
		got := float64(r.tally.reward) / n
		// The orders of a buyer have a variance of about v(1+v).
		tolerance := 4 * math.Sqrt(c.value*(1+c.value)/n)
		if math.Abs(got-c.value) > tolerance {
			t.Errorf("%s: %.4f orders delivered right by buyer, the value is %.4f ± %.4f", c.policy.Name(), got, c.value, tolerance)
		}
		if sum := c.value + r.tally.regret/n; math.Abs(sum-best) > 4*0.5/math.Sqrt(n) {
			t.Errorf("%s: value %.4f and regret %.4f by buyer make %.4f, the best is %.4f", c.policy.Name(), c.value, r.tally.regret/n, sum, best)
		}
	}
}
