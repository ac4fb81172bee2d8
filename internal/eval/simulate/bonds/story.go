package bonds

import (
	"slices"
	"time"
)

// group is who a recovery is counted with.
type group int

const (
	alone    group = iota // the shop leads nobody back
	led                   // led back
	compared              // in the control
)

// recovery is what came after something was put right.
type recovery struct {
	right time.Time
	group group
	// back is when she came back, zero for not within the window; by is true when she did it by recommending.
	back time.Time
	by   bool
}

// purchase is an order in the accounts.
type purchase struct {
	at    time.Time
	value float64
}

// climb is a move on the loyalty ladder.
type climb struct {
	at time.Time
	up bool
}

// story is what the report needs to know of a person.
type story struct {
	// first is her first order, handed when that was delivered right, left when she left; zero is never.
	first, handed, left time.Time
	fate                fate
	silently            int // how often she left without a word over something that went wrong
	counts              Shown
	recoveries          []recovery
	bought              []purchase
	climbs              []climb
	// samples are where she was at the end of each month.
	samples []int
}

// shown counts what a visit was shown.
func (s *story) shown(p *person, goods []*Goods) {
	c := &s.counts
	c.Visits++
	waiting, wronged := p.waiting(), p.wronged()
	if wronged {
		c.VisitsInCase++
	}
	if waiting {
		c.VisitsBeforeRight++
	}
	if len(goods) == 0 {
		c.Silent++
	}
	for _, g := range goods {
		switch {
		case g.Offer:
			c.Offers++
			if wronged {
				c.OffersInCase++
			}
			if waiting {
				c.OffersBeforeRight++
			}
		case g.Step:
			c.Steps++
		case g.Rung:
			c.Rungs++
		case g.Help && wronged:
			c.HelpInCase++
		}
	}
}

// putRight begins a recovery.
func (s *story) putRight(at time.Time, look Look) {
	g := alone
	switch {
	case look.Led:
		g = led
	case look.Compared:
		g = compared
	}
	s.recoveries = append(s.recoveries, recovery{right: at, group: g})
}

// recovering reports whether something was put right within the window before a time.
func (s *story) recovering(at time.Time, window time.Duration) bool {
	n := len(s.recoveries)
	return n > 0 && at.Sub(s.recoveries[n-1].right) < window
}

// back notes that she came back by an order; recommend that she did by recommending.
func (s *story) back(at time.Time, window time.Duration)      { s.returned(at, window, false) }
func (s *story) recommend(at time.Time, window time.Duration) { s.returned(at, window, true) }

func (s *story) returned(at time.Time, window time.Duration, by bool) {
	for i := range s.recoveries {
		if r := &s.recoveries[i]; r.back.IsZero() && at.Sub(r.right) < window {
			r.back, r.by = at, by
		}
	}
}

// buy notes an order.
func (s *story) buy(at time.Time, value float64) { s.bought = append(s.bought, purchase{at, value}) }

// moved notes a move on the ladder.
func (s *story) moved(at time.Time, from, to string, rungs []string) {
	if from == to {
		return
	}
	s.climbs = append(s.climbs, climb{at, slices.Index(rungs, to) > slices.Index(rungs, from)})
}

// Where a person may be at the end of a month: see [Result.Places]. Who has not ordered is nowhere.
const (
	isNowhere = -1
	isWaiting = 0
	isBelow   = 1 // a customer below the ladder
	isRung    = 2 // and more, for the rungs
)

// sample notes where she is.
func (s *story) sample(p *person) {
	at := isNowhere
	switch rung := slices.Index(p.world.Rungs, p.look.Rung); {
	case len(p.orders) == 0:
	case p.left:
		at = isRung + len(p.world.Rungs)
	case rung >= 0:
		at = isRung + rung
	case p.customer():
		at = isBelow
	default:
		at = isWaiting
	}
	s.samples = append(s.samples, at)
}

// value is what she bought in all.
func (s *story) value() float64 {
	sum := 0.0
	for _, b := range s.bought {
		sum += b.value
	}
	return sum
}
