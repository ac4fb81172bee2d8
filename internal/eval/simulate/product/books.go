package product

import (
	"cmp"
	"slices"

	"github.com/veiviser/veiviser/internal/eval/simulate/bonds"
	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/relation"
)

// booksOf are the accounts as the service's insights tell them: the interval is that of GetRecovery, the customers are those of
// GetAcquisition.
func booksOf(snap *plan.Snapshot, r *learn.Relationships) *bonds.Books {
	t, c := r.Treated, r.Control
	b := &bonds.Books{
		Treated:     bonds.Recovered{Cases: int(t.Cases), Back: int(t.Recovered)},
		Control:     bonds.Recovered{Cases: int(c.Cases), Back: int(c.Recovered)},
		FirstOrders: int(r.FirstOrders), Handovers: int(r.Handovers), HandoverDays: r.MeanHandover.Hours() / 24,
	}
	b.Lift, b.Low, b.High = relation.Newcombe(t.Recovered, t.Cases, c.Recovered, c.Cases)
	cost := 0.0
	for cell, n := range r.Customers {
		if cell.Segment != "" || n.Customers == 0 {
			continue
		}
		a := bonds.Acquired{Source: cell.Source, Customers: int(n.Customers), Value: n.Value() / float64(n.Customers)}
		sum := 0.0
		for _, v := range n.Days {
			sum += v
			a.Curve = append(a.Curve, sum/float64(n.Customers))
		}
		if cell.Source != "" {
			_, a.Cost = relation.CellOf(&snap.Relation.Acquisition, cell.Source, nil)
			a.EvenDays = n.BreakEven(a.Cost)
		}
		b.Acquired = append(b.Acquired, a)
	}
	slices.SortFunc(b.Acquired, func(x, y bonds.Acquired) int { return cmp.Compare(x.Source, y.Source) })
	for _, a := range b.Acquired {
		cost += a.Cost * float64(a.Customers)
	}
	if len(b.Acquired) > 0 && b.Acquired[0].Source == "" { // all together cost what they cost on average
		whole := r.Customers[relation.Cell{}]
		b.Acquired[0].Cost = cost / float64(whole.Customers)
		b.Acquired[0].EvenDays = whole.BreakEven(b.Acquired[0].Cost)
	}
	return b
}
