package product_test

import (
	"bytes"
	"testing"

	"github.com/veiviser/veiviser/internal/eval/simulate/bonds"
	"github.com/veiviser/veiviser/internal/eval/simulate/product"
	"github.com/veiviser/veiviser/internal/raced"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// related simulates relationships under the sample plan.
func related(tb testing.TB, people, days int, seed uint64, change func(c *bonds.Config)) *bonds.Result {
	tb.Helper()
	c, err := product.Relationships(sykkel(tb), side, seed)
	if err != nil {
		tb.Fatal(err)
	}
	c.People, c.Days, c.Workers = people, days, 2
	if change != nil {
		change(&c)
	}
	r, err := bonds.Run(tb.Context(), c, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func TestRelationshipsAreKept(t *testing.T) {
	if raced.On {
		t.Skip("a world of people, some fifteen times slower under the race detector; they live without it")
	}
	r := related(t, 200, 300, 1, nil)
	ours, without, ads := &r.Shops[0], &r.Shops[1], &r.Shops[2]
	if s := &ours.Shown; s.OffersInCase != 0 || s.OffersBeforeRight != 0 || s.VisitsInCase == 0 || s.VisitsBeforeRight == 0 || s.Offers == 0 {
		t.Errorf("offers at the wrong time: %+v", s)
	}
	if s := &ours.Shown; s.HelpInCase != s.VisitsInCase {
		t.Errorf("people waited for something to be put right on %d visits and were offered help on %d", s.VisitsInCase, s.HelpInCase)
	}
	for _, s := range []*bonds.ShopResult{without, ads} {
		if s.Shown.OffersInCase == 0 || s.Shown.OffersBeforeRight == 0 || s.Shown.Steps != 0 || s.Shown.Rungs != 0 {
			t.Errorf("%s knows of relationships: %+v", s.Name, s.Shown)
		}
		if s.Led.People != 0 || s.Compared.People != 0 || s.Alone.People == 0 {
			t.Errorf("%s leads people back: %+v, %+v, %+v", s.Name, s.Led, s.Compared, s.Alone)
		}
	}
	if e := &r.Effect; !e.Known || !e.Estimated || e.True <= 0 || !e.Held {
		t.Errorf("leading back: %+v", e)
	}
	// What the service counts is what there was.
	b := ours.Books
	if b.FirstOrders != ours.FirstOrders || b.Handovers != ours.Handovers || b.Treated != ours.Led || b.Control != ours.Compared {
		t.Errorf("the books say %+v\n%d first orders, %d handovers, %+v led back and %+v not", b, ours.FirstOrders, ours.Handovers, ours.Led, ours.Compared)
	}
	if len(b.Acquired) < 3 || b.Acquired[0].Customers != ours.FirstOrders {
		t.Errorf("first-time customers: %+v", b.Acquired)
	}
}

func TestRelationshipsSameSeedSameBytes(t *testing.T) {
	people, days := 30, 200
	if raced.On {
		people, days = 8, 90
	}
	once := func(seed uint64, workers int) string {
		r := related(t, people, days, seed, func(c *bonds.Config) { c.Workers = workers })
		var b bytes.Buffer
		if err := r.HTML(&b); err != nil {
			t.Fatal(err)
		}
		if err := r.JSON(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	first := once(4, 1)
	if first != once(4, 3) {
		t.Error("the same seed gives another result")
	}
	if first == once(5, 1) {
		t.Error("another seed gives the same result")
	}
}

func TestRelationshipsRefuse(t *testing.T) {
	if _, err := product.Relationships(sykkel(t), "nowhere", 1); err == nil {
		t.Error("a placement that there is not is taken")
	}
	p := sykkel(t)
	p.Relationship = veiviser.Relationship{}
	if _, err := product.Relationships(p, side, 1); err == nil {
		t.Error("a plan without recovery is taken")
	}
}

// The interval of the service is to hold the true effect on nineteen of twenty audiences.
func TestIntervalHoldsTheTruth(t *testing.T) {
	if testing.Short() || raced.On {
		t.Skip("a year and a half with each of twenty audiences, three times over")
	}
	const audiences = 20
	held, estimates, truths := 0, 0.0, 0.0
	for seed := range uint64(audiences) {
		e := related(t, 200, 540, 100+seed, func(c *bonds.Config) { c.Shops = c.Shops[:1] }).Effect
		t.Logf("seed %d: truth %.3f, estimate %.3f in [%.3f, %.3f]: %v", 100+seed, e.True, e.Estimate, e.Low, e.High, e.Held)
		estimates += e.Estimate / audiences
		truths += e.True / audiences
		if e.Held {
			held++
		}
	}
	t.Logf("the interval held the truth for %d of %d audiences; the mean truth is %.3f, the mean estimate %.3f", held, audiences, truths, estimates)
	if held < 17 { // by chance once in sixty times, were it nineteen of twenty
		t.Errorf("the interval held the truth for %d of %d audiences only", held, audiences)
	}
}
