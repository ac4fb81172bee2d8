package eventlog

import (
	"errors"
	"slices"
	"time"
)

// Count is what a log holds.
type Count struct {
	// Rows is how many events it has, Malformed how many rows make no sense.
	Rows, Malformed int
	// Types is how many events there are of each type, after mapping.
	Types map[string]int
	// Visitors is how many different visitors it has.
	Visitors int
	// First and Last are the earliest and latest time.
	First, Last time.Time
	// times are those of evenly spaced rows, sorted; every row's when there are few.
	times []time.Time
}

// maxSample bounds the times that are kept.
const maxSample = 1 << 14

// Counter counts rows one after the other. The zero value has counted none.
type Counter struct {
	count    Count
	visitors map[string]struct{}
	stride   int
}

// Add counts what [Reader.Rows] gave; an error that is no [*RowError] is not counted.
func (c *Counter) Add(row *Row, err error) {
	if err != nil {
		if _, ok := errors.AsType[*RowError](err); ok {
			c.count.Malformed++
		}
		return
	}
	if c.visitors == nil {
		c.visitors, c.count.Types, c.stride = make(map[string]struct{}), make(map[string]int), 1
	}
	n := &c.count
	if n.Rows == 0 || row.Time.Before(n.First) {
		n.First = row.Time
	}
	if n.Rows == 0 || row.Time.After(n.Last) {
		n.Last = row.Time
	}
	if n.Rows%c.stride == 0 {
		if len(n.times) == maxSample { // half of them, twice as far apart, is as even
			for i := range maxSample / 2 {
				n.times[i] = n.times[2*i]
			}
			n.times = n.times[:maxSample/2]
			c.stride *= 2
		}
		if n.Rows%c.stride == 0 {
			n.times = append(n.times, row.Time)
		}
	}
	n.Rows++
	n.Types[row.Type]++
	c.visitors[row.VisitorID] = struct{}{}
}

// Count is what was counted.
func (c *Counter) Count() Count {
	out := c.count
	out.Visitors = len(c.visitors)
	out.times = slices.Clone(out.times)
	slices.SortFunc(out.times, time.Time.Compare)
	return out
}

// Split gives n-1 times that part the log, in order of time, into n parts with about as many events each; fewer events
// than parts give equal times.
func (c *Count) Split(n int) []time.Time {
	out := make([]time.Time, max(n-1, 0))
	for i := range out {
		if k := len(c.times); k > 0 {
			out[i] = c.times[min((i+1)*k/n, k-1)]
		}
	}
	return out
}
