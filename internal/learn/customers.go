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
	// Began is how many ordered first on which day, in days since 1970; those of maxCountedDays before the newest and earlier are left out.
	Began map[int64]int64 `json:"b"`
}

// Worth is what the customers are worth as far as it was observed by a moment.
func (c *CellCount) Worth(now time.Time) relation.Worth {
	today, observed := dayOf(now), make([]int64, maxCountedDays+1)
	long, oldest := c.Customers, 0
	for began, n := range c.Began {
		age := min(max(int(today-began), 0), maxCountedDays)
		observed[age] += n
		oldest, long = max(oldest, age), long-n
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

// began counts n first orders of a day.
func (c *CellCount) began(on, n int64) {
	c.Customers += n
	if c.Began == nil {
		c.Began = map[int64]int64{}
	}
	newest := on
	for d := range c.Began {
		newest = max(newest, d)
	}
	if on <= newest-maxCountedDays {
		return
	}
	if c.Began[on] += n; c.Began[on] == 0 {
		delete(c.Began, on)
	}
	maps.DeleteFunc(c.Began, func(d, _ int64) bool { return d <= newest-maxCountedDays })
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
