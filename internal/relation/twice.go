package relation

import "github.com/veiviser/veiviser/internal/veiviser"

// Twice is what was counted of purchases under both of two identities that became one.
type Twice struct {
	Purchases uint32
	Value     float64
}

// CountedTwice is what two identities have both counted of the orders that both have heard of.
func CountedTwice(a, b *veiviser.Visitor) Twice {
	var out Twice
	for i := range a.Standing.Orders {
		x := &a.Standing.Orders[i]
		for k := range b.Standing.Orders {
			if o := &b.Standing.Orders[k]; o.ID == x.ID && !o.Placed.IsZero() && !x.Placed.IsZero() {
				out.Purchases++
				out.Value += min(x.Value, o.Value)
			}
		}
	}
	out.Purchases = min(out.Purchases, purchases(a), purchases(b)) // who was not profiled then has counted none
	out.Value = max(min(out.Value, a.Value, b.Value), 0)
	return out
}

// TakeFrom takes out of the person that two identities became what they had counted twice.
func (t Twice) TakeFrom(v *veiviser.Visitor) {
	v.Value -= t.Value
	for i := range v.Counts {
		if c := &v.Counts[i]; c.Type == veiviser.EventPurchase {
			c.Count -= min(t.Purchases, c.Count)
			c.InVisit = min(c.InVisit, c.Count)
		}
	}
}

func purchases(v *veiviser.Visitor) uint32 {
	for i := range v.Counts {
		if c := &v.Counts[i]; c.Type == veiviser.EventPurchase {
			return c.Count
		}
	}
	return 0
}
