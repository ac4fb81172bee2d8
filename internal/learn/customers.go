package learn

import (
	"maps"
	"math"
	"strings"
	"time"

	"github.com/veiviser/veiviser/internal/relation"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// CellCount is what is known of first-time customers of one kind.
type CellCount struct {
	Customers int64 `json:"c"`
	Handovers int64 `json:"h"`
	// Days is the value of their purchases by day since the first order, the first day first.
	Days []float64 `json:"v"`
	// Began is who ordered first on which day, in days since 1970; those of maxCountedDays before the newest and earlier are left out.
	Began map[int64]DayCount `json:"b"`
}

// DayCount is how many ordered first on a day, and how many seconds into it all together.
type DayCount struct {
	N       int64   `json:"n"`
	Seconds float64 `json:"s"`
}

// Worth is what the customers are worth as far as it was observed by a moment: a day counts for those who have lived more than half of
// it, the day of the first order for all.
func (c *CellCount) Worth(now time.Time) relation.Worth {
	observed := make([]int64, maxCountedDays+1)
	long, oldest := c.Customers, 0
	for on, b := range c.Began {
		began := time.Unix(0, 0).Add(time.Duration(on)*day + time.Duration(b.Seconds/float64(b.N)*float64(time.Second)))
		last := int(math.Floor(now.Sub(began).Hours()/24 - 0.5)) // the last day that they have lived more than half of
		last = min(max(last, 0), maxCountedDays)
		observed[last] += b.N
		oldest, long = max(oldest, last), long-b.N
	}
	if long > 0 {
		observed[maxCountedDays] += long
		oldest = maxCountedDays
	}
	for d := oldest; d > 0; d-- {
		observed[d-1] += observed[d]
	}
	return relation.NewWorth(c.Days, observed[:oldest+1])
}

// dayOf is the day of a moment, in days since 1970 by UTC.
func dayOf(t time.Time) int64 { return int64(math.Floor(float64(t.Unix()) / day.Seconds())) }

// CustomerCount is how many first-time customers of a kind there were, and of them those whose first order was delivered right.
type CustomerCount struct{ Customers, Handovers int64 }

// cells changes the counts of the kinds of first-time customers that the person of a step is one of: all, those of her source, those
// of her segments, and of both.
func (r *Relations) cells(s *veiviser.Step, change func(*CellCount)) {
	sources := []string{""}
	if s.Source != "" {
		sources = append(sources, s.Source)
	}
	for _, source := range sources {
		for i := -1; i < len(s.Segments); i++ {
			key := source + "\n"
			if i >= 0 {
				key += s.Segments[i]
			}
			c := r.Cells[key]
			if c == nil {
				if len(r.Cells) >= maxCells {
					continue
				}
				c = &CellCount{}
				r.Cells[key] = c
			}
			change(c)
		}
	}
}

// began counts n first orders of a moment.
func (c *CellCount) began(at time.Time, n int64) {
	on := dayOf(at)
	c.Customers += n
	if c.Began == nil {
		c.Began = map[int64]DayCount{}
	}
	newest := on
	for d := range c.Began {
		newest = max(newest, d)
	}
	if on <= newest-maxCountedDays {
		return
	}
	b := c.Began[on]
	b.N += n
	b.Seconds += float64(n) * (float64(at.Unix()) - float64(on)*day.Seconds())
	c.Began[on] = b
	maps.DeleteFunc(c.Began, func(d int64, b DayCount) bool { return b.N == 0 || d <= newest-maxCountedDays })
}

// bought counts the value of a purchase so many days after the first order.
func (c *CellCount) bought(day int, value float64) {
	if day < 0 || day >= maxCountedDays {
		return
	}
	for len(c.Days) <= day {
		c.Days = append(c.Days, 0)
	}
	c.Days[day] += value
}

// cellOf reads the key of a cell.
func cellOf(key string) relation.Cell {
	source, segment, _ := strings.Cut(key, "\n")
	return relation.Cell{Source: source, Segment: segment}
}
