package product

import (
	"cmp"
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/eval/simulate/bonds"
	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/relation"
)

// booksOf are the accounts as the service's insights tell them: the interval is that of GetRecovery, the customers are those of
// GetAcquisition.
func booksOf(snap *plan.Snapshot, r *learn.Relationships, now time.Time) *bonds.Books {
	over, _ := r.Recovery(now, snap.Relation.Recovery.Window)
	t, c, a := over.Treated, over.Control, &snap.Relation.Acquisition
	b := &bonds.Books{
		Treated:     bonds.Recovered{People: int(t.People), Back: int(t.Recovered)},
		Control:     bonds.Recovered{People: int(c.People), Back: int(c.Recovered)},
		FirstOrders: int(r.FirstOrders), Handovers: int(r.Handovers), HandoverDays: r.MeanHandover.Hours() / 24,
	}
	b.Lift, b.Low, b.High = relation.Newcombe(t.Recovered, t.People, c.Recovered, c.People)
	cost := 0.0
	for cell, n := range r.Customers {
		if cell.Segment != "" || n.Customers == 0 {
			continue
		}
		worth := r.Book[cell]
		row := bonds.Acquired{Source: cell.Source, Customers: int(n.Customers), Curve: worth.Curve(a.Window)}
		row.Value, _ = worth.Within(a.Window)
		if cell.Source != "" {
			_, row.Cost = relation.CellOf(a, cell.Source, nil)
			row.EvenDays = worth.BreakEven(row.Cost, a.Window)
		}
		b.Acquired = append(b.Acquired, row)
	}
	slices.SortFunc(b.Acquired, func(x, y bonds.Acquired) int { return cmp.Compare(x.Source, y.Source) })
	for _, a := range b.Acquired {
		cost += a.Cost * float64(a.Customers)
	}
	if len(b.Acquired) > 0 && b.Acquired[0].Source == "" { // all together cost what they cost on average
		whole := r.Customers[relation.Cell{}]
		b.Acquired[0].Cost = cost / float64(whole.Customers)
		b.Acquired[0].EvenDays = r.Book[relation.Cell{}].BreakEven(b.Acquired[0].Cost, a.Window)
	}
	return b
}
