package bonds

import (
	"slices"
	"time"
)

// handoverDays is how far the curves of handovers go.
const handoverDays = 40

// account sums up what came of a shop.
func account(w *world, people []*person) ShopResult {
	r := ShopResult{
		Name: w.shop.Name(), About: w.shop.About(), Promoted: make([]int, w.months), Demoted: make([]int, w.months),
	}
	for range w.months {
		r.Months = append(r.Months, make([]int, isRung+len(w.Rungs)+1))
	}
	desks := make([]Desk, len(people))
	for i, p := range people {
		desks[i] = p.desk
		s := &p.story
		r.Shown.add(&s.counts)
		r.Orders += len(p.orders)
		r.Value += s.value()
		r.Troubles += len(p.troubles)
		r.Silently += s.silently
		for m, at := range s.samples {
			if at != isNowhere {
				r.Months[m][at]++
			}
		}
		for _, c := range s.climbs {
			m := min(int(c.at.Sub(w.Start)/days(30)), w.months-1)
			if c.up {
				r.Promoted[m]++
			} else {
				r.Demoted[m]++
			}
		}
	}
	r.handovers(people)
	r.keep(w, people)
	r.groups(w, people)
	r.worth(w, people)
	r.Books = w.shop.Books(desks, w.end)
	return r
}

// groups compares who was led back with who was not.
func (r *ShopResult) groups(w *world, people []*person) {
	of := func(g group) (Recovered, []float64) {
		return recovered(w.Config, people, func(x *recovery) bool { return x.group == g })
	}
	r.Led, r.LedCurve = of(led)
	r.Compared, r.ComparedCurve = of(compared)
	r.Alone, _ = of(alone)
}

// recovered counts the people by their first recovery, when it counts and its window is over, and the share that had come back by each day.
func recovered(c *Config, people []*person, counts func(*recovery) bool) (Recovered, []float64) {
	var n Recovered
	end := c.Start.Add(days(float64(c.Days)))
	curve := make([]float64, int(c.Window/day)+1)
	for _, p := range people {
		if len(p.story.recoveries) == 0 {
			continue
		}
		x := &p.story.recoveries[0]
		if !counts(x) || x.right.Add(c.Window).After(end) {
			continue
		}
		n.People++
		if !x.back.IsZero() {
			n.Back++
			for d := int(x.back.Sub(x.right)/day) + 1; d < len(curve); d++ {
				curve[d]++
			}
		}
	}
	for d := range curve {
		curve[d] /= float64(max(n.People, 1))
	}
	return n, curve
}

// handovers sums up first orders.
func (r *ShopResult) handovers(people []*person) {
	for f := range numFates {
		x := Fate{Name: f.String(), Curve: make([]float64, handoverDays+1)}
		var took []float64
		for _, p := range people {
			s := &p.story
			if s.first.IsZero() || s.fate != f {
				continue
			}
			x.Orders++
			if s.handed.IsZero() {
				continue
			}
			took = append(took, s.handed.Sub(s.first).Hours()/24)
			for d := int(took[len(took)-1]) + 1; d <= handoverDays; d++ {
				x.Curve[d]++
			}
		}
		for d := range x.Curve {
			x.Curve[d] /= float64(max(x.Orders, 1))
		}
		if x.Handed = len(took); x.Handed > 0 {
			slices.Sort(took)
			x.MedianDays = took[len(took)/2]
		}
		r.FirstOrders += x.Orders
		r.Handovers += x.Handed
		r.Fates = append(r.Fates, x)
	}
}

// keep says how many of those who ordered stayed.
func (r *ShopResult) keep(w *world, people []*person) {
	r.KeptStep = 10
	n := (w.Days/2 - 30) / r.KeptStep
	long := days(float64(n * r.KeptStep))
	r.Kept = make([]float64, n+1)
	for _, p := range people {
		s := &p.story
		if s.first.IsZero() || s.first.Add(long).After(w.end) {
			continue
		}
		r.KeptOf++
		for i := range r.Kept {
			if at := s.first.Add(days(float64(i * r.KeptStep))); !p.left || s.left.After(at) {
				r.Kept[i]++
			}
		}
	}
	for i := range r.Kept {
		r.Kept[i] /= float64(max(r.KeptOf, 1))
	}
}

// worth sums up what people ordered, by class of value and by where they came from.
func (r *ShopResult) worth(w *world, people []*person) {
	r.Tiers = append(r.Tiers, Tier{})
	for _, t := range w.Tiers {
		r.Tiers = append(r.Tiers, Tier{Tier: t})
	}
	for _, s := range sources {
		r.Sources = append(r.Sources, Source{Source: s})
	}
	for _, p := range people {
		if len(p.orders) == 0 {
			continue
		}
		value := p.story.value()
		t := &r.Tiers[slices.Index(w.Tiers, p.look.Tier)+1]
		t.People++
		t.Value += value
		s := &r.Sources[slices.Index(sources[:], p.source)]
		s.Customers++
		s.Value += value
	}
	for i := range r.Sources {
		r.Sources[i].Value /= float64(max(r.Sources[i].Customers, 1))
	}
}

// shareKept is the share that stayed to the end of the curve, and how long that is.
func (r *ShopResult) shareKept() (float64, time.Duration) {
	n := len(r.Kept) - 1
	return r.Kept[n], days(float64(n * r.KeptStep))
}
