package product_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/veiviser/veiviser/internal/eval/simulate"
	"github.com/veiviser/veiviser/internal/eval/simulate/product"
	"github.com/veiviser/veiviser/internal/planpb/planpbtest"
	"github.com/veiviser/veiviser/internal/raced"
	"github.com/veiviser/veiviser/internal/veiviser"
)

const side = "product_side"

// What share of the regret of others the product may have, at most.
const (
	maxOfUniform = 0.60
	maxOfLinUCB  = 0.80
	maxOfPlan    = 1.00
	maxOfOrders  = 0.90
)

func sykkel(tb testing.TB) *veiviser.Plan {
	tb.Helper()
	return planpbtest.Plan(tb, "sykkel")
}

// simulated lets the product decide beside the policies that more gives; they come first.
func simulated(tb testing.TB, visits int, seed uint64, more func(w *simulate.World) []simulate.Policy) *simulate.Result {
	tb.Helper()
	p := sykkel(tb)
	w := simulate.NewWorld(simulate.ShopOf(p, "card"), seed)
	policies, err := product.Policies(p, side)
	if err != nil {
		tb.Fatal(err)
	}
	if more != nil {
		policies = append(more(w), policies...)
	}
	r, err := simulate.Run(tb.Context(), simulate.Config{World: w, Visits: visits, Seed: seed, Policies: policies}, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func TestSameSeedSameBytes(t *testing.T) {
	visits := 600
	if raced.On {
		visits = 60
	}
	once := func(seed uint64) string {
		var b bytes.Buffer
		if err := simulated(t, visits, seed, nil).JSON(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	first := once(4)
	if first != once(4) {
		t.Error("the same seed gives another result")
	}
	if first == once(5) {
		t.Error("another seed gives the same result")
	}
}

func TestUnknownPlacement(t *testing.T) {
	if _, err := product.Policies(sykkel(t), "nowhere"); err == nil {
		t.Error("a placement that there is not is taken")
	}
}

// The margins hold for the mean of two seeds, neither of which anything was tuned on.
func TestProductLosesLess(t *testing.T) {
	if testing.Short() || raced.On {
		t.Skip("twenty thousand visits for each of six policies on two seeds")
	}
	seeds := []uint64{4, 5}
	mean, curves := map[string]float64{}, map[string][]float64{}
	var points []int
	for _, seed := range seeds {
		r := simulated(t, 20000, seed, func(w *simulate.World) []simulate.Policy {
			return []simulate.Policy{
				simulate.NewUniform(seed), simulate.NewLinUCB(w, "linucb", simulate.DisjointAlpha, simulate.Progress),
				simulate.NewSharedLinUCB(w, "linucb-shared", simulate.SharedAlpha, simulate.Progress),
			}
		})
		points = r.Points
		for i := range r.Policies {
			q := &r.Policies[i]
			mean[q.Name] += q.Regret / float64(len(seeds))
			if curves[q.Name] == nil {
				curves[q.Name] = make([]float64, len(points))
			}
			for at, c := range q.ConversionCurve {
				if c != nil {
					curves[q.Name][at] += *c / float64(len(seeds))
				}
			}
			t.Logf("seed %d: regret of %s is %.0f", seed, q.Name, q.Regret)
		}
	}
	t.Logf("mean of seeds %v: %v", seeds, mean)
	logReach(t, points, curves["veiviser"], curves["veiviser-orders"])
	for other, most := range map[string]float64{"uniform": maxOfUniform, "linucb": maxOfLinUCB, "linucb-shared": maxOfLinUCB, "plan-only": maxOfPlan, "veiviser-orders": maxOfOrders} {
		if share := mean["veiviser"] / mean[other]; !(share <= most) {
			t.Errorf("the regret is %.2f of that of %s, more than %.2f", share, other, most)
		}
	}
}

// logReach says how many decisions it takes to convert as well as the service does that learns from orders alone, and the other
// way round. The rates roll over a tenth of the visits and are the means over the seeds; nothing is asked of them, as the
// difference of two such rates is often noise.
func logReach(tb testing.TB, points []int, staged, orders []float64) {
	tb.Helper()
	until := func(curve []float64, rate float64) string {
		for i, c := range curve {
			if c >= rate {
				return fmt.Sprint(points[i])
			}
		}
		return fmt.Sprintf("more than %d", points[len(points)-1])
	}
	tb.Logf("the best rate of orders alone (%.4f): %s decisions with all rewards, %s with orders alone",
		slices.Max(orders), until(staged, slices.Max(orders)), until(orders, slices.Max(orders)))
	for _, part := range []int{10, 20, 33, 50} {
		rate := staged[part*len(points)/100-1]
		tb.Logf("the rate of all rewards after %d decisions (%.4f): first had after %s, with orders alone after %s",
			points[part*len(points)/100-1], rate, until(staged, rate), until(orders, rate))
	}
}
