package decide

import (
	"maps"
	"math"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/raced"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// comparing is somebody who compares e-bikes.
func comparing(t testing.TB, snap *plan.Snapshot) *veiviser.Visitor {
	t.Helper()
	var events []veiviser.Event
	for i, typ := range []string{"view", "search", "compare", "view", "compare"} {
		events = append(events, veiviser.Event{
			ID: string(rune('a' + i)), VisitorID: "ada", Time: noon.Add(time.Duration(i-10) * time.Minute), Type: typ,
			Subject: ebike, ItemID: "fjord-city", Channel: "web",
		})
	}
	f := learn.Fold(snap, &veiviser.Loaded{VisitorID: "ada"}, events, noon)
	if f.Visitor == nil || f.Visitor.Stage != veiviser.StageEvaluate {
		t.Fatalf("she is in %+v", f)
	}
	return f.Visitor
}

// tally counts the outcomes of one slot and remembers the propensity each was served with. What has none (that nothing
// more was shown) gets what is left of 1.
type tally struct {
	n          int
	count      map[string]int
	propensity map[string]float64
}

func newTally() *tally { return &tally{count: map[string]int{}, propensity: map[string]float64{}} }

func (c *tally) add(t *testing.T, item string, p float64) {
	c.n++
	c.count[item]++
	if was, ok := c.propensity[item]; ok && was != p {
		t.Errorf("%q has propensity %v, and %v before", item, p, was)
	}
	c.propensity[item] = p
}

// fits is the chi-square test at 1e-4: outcomes expected less than five times are one cell.
func (c *tally) fits(t *testing.T, what string) {
	t.Helper()
	left, rest := 1.0, float64(c.n)
	chi, cells := 0.0, 0
	cell := func(expected, got float64) {
		d := got - expected
		chi, cells = chi+d*d/expected, cells+1
	}
	for _, item := range slices.Sorted(maps.Keys(c.count)) {
		p, n := c.propensity[item], float64(c.count[item])
		if p*float64(c.n) >= 5 {
			left, rest = left-p, rest-n
			cell(p*float64(c.n), n)
		}
	}
	if left < -1e-4 {
		t.Errorf("%s: the propensities sum to %v", what, 1-left)
	}
	if left*float64(c.n) >= 5 {
		cell(left*float64(c.n), rest)
	} else if rest > 30 {
		t.Errorf("%s: %v outcomes whose propensities leave %v", what, rest, left)
	}
	k := float64(cells - 1) // Wilson and Hilferty 1931; 3.719 is the normal quantile of 1 - 1e-4
	critical := k * math.Pow(1-2/(9*k)+3.719*math.Sqrt(2/(9*k)), 3)
	t.Logf("%s: %d draws, %d cells, chi-square %.1f, critical %.1f", what, c.n, cells, chi, critical)
	if cells < 3 || chi > critical {
		t.Errorf("%s: frequencies are not the propensities: %v, %v", what, c.count, c.propensity)
	}
}

func TestMain(m *testing.M) {
	raced.FewerDraws()
	m.Run()
}

// What is served is served as often as it says it would be: first slot, and second slot after the most frequent first.
func TestPropensitiesMatchFrequencies(t *testing.T) {
	draws := 200_000
	if testing.Short() || raced.On {
		draws = 20_000
	}
	snap := sykkel(t, func(p *veiviser.Plan) {
		cost := 0.13 // so that silence is one of the outcomes
		for i := range p.Placements {
			if p.Placements[i].ID == "home_hero" {
				p.Placements[i].AttentionCost = &cost
			}
		}
	})
	v := comparing(t, snap)
	for _, placement := range []string{"home_hero", "product_side"} {
		if placement == "product_side" {
			draws /= 4
		}
		first, second := newTally(), map[string]*tally{}
		var mu sync.Mutex
		var group sync.WaitGroup
		workers := runtime.GOMAXPROCS(0)
		for w := range workers {
			group.Go(func() {
				in := Input{ID: "a", Visitor: v, Time: noon, Request: veiviser.Request{
					VisitorID: "ada", Context: veiviser.Context{Subject: ebike}, Placements: []veiviser.PlacementRequest{{Placement: placement}},
				}}
				for i := w; i < draws; i += workers {
					in.Seed = [2]uint64{20261122, uint64(i)}
					a := Decide(snap, in)
					mu.Lock()
					note(t, &a.Decisions[0], first, second)
					mu.Unlock()
				}
			})
		}
		group.Wait()
		first.fits(t, placement)
		if placement != "product_side" {
			continue
		}
		often := slices.MaxFunc(slices.Collect(maps.Keys(second)), func(a, b string) int { return first.count[a] - first.count[b] })
		second[often].fits(t, placement+" after "+often)
	}
}

// note tallies the outcome of a decision.
func note(t *testing.T, d *veiviser.Decision, first *tally, second map[string]*tally) {
	if len(d.Choices) == 0 {
		first.add(t, "", d.SilencePropensity)
		return
	}
	one := d.Choices[0]
	first.add(t, one.ItemID, one.Propensity)
	if second[one.ItemID] == nil {
		second[one.ItemID] = newTally()
	}
	if len(d.Choices) > 1 {
		second[one.ItemID].add(t, d.Choices[1].ItemID, d.Choices[1].Propensity)
	} else {
		second[one.ItemID].n++ // nothing more was worth showing
	}
}

// Making attention dearer never makes silence less likely, and with greed it goes from speaking to silence once.
func TestAttentionCostRaisesSilence(t *testing.T) {
	costs := []float64{0, 0.02, 0.05, 0.08, 0.11, 0.15, 0.25, 0.6, 1}
	snaps := make([]*plan.Snapshot, len(costs))
	for i, cost := range costs {
		snaps[i] = sykkel(t, func(p *veiviser.Plan) {
			for k := range p.Placements {
				p.Placements[k].AttentionCost = &cost
			}
		})
	}
	spoken, silent := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		v := anyVisitor(t, snaps[0])
		q := anyRequest(t, snaps[0])
		q.Placements = q.Placements[:1] // what a placement shows depends on what the ones before it show
		seed := anySeed(t)
		was := -1.0
		for i, snap := range snaps {
			a := Decide(snap, Input{ID: "a", Visitor: v, Request: q, Time: noon, Seed: seed})
			d := &a.Decisions[0]
			if d.SilencePropensity < was-1e-6 {
				t.Fatalf("silence has propensity %v at a cost of %v and %v before", d.SilencePropensity, costs[i], was)
			}
			if was = d.SilencePropensity; len(d.Choices) == 0 {
				silent++
			} else {
				spoken++
			}
		}
	})
	if spoken == 0 || silent == 0 {
		t.Errorf("%d spoken, %d silent", spoken, silent)
	}
}
