package relation

import (
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Cell is a kind of first-time customers: where they came from and a segment they were in; "" is any.
type Cell struct{ Source, Segment string }

// Worth is what was observed of first-time customers of one kind: how the value of a customer grows with the days since the first order,
// the day of the first order being day 0. Those who ordered lately count for the days that they have lived, so that a kind that grows fast
// does not look poor: it is the mean cumulative function (Nelson, Confidence limits for recurrence data, 1995).
type Worth struct {
	// Mean is the mean value of a customer's purchases up to the end of each day.
	Mean []float64
	// Seen is how many customers were observed on each day, added up over the days.
	Seen []float64
}

// NewWorth is what was observed when the customers of a kind have bought for value, and so many of them were observed, on each day. Days on
// which nobody was say nothing, nor do those after them.
func NewWorth(value []float64, observed []int64) Worth {
	var w Worth
	mean, seen := 0.0, 0.0
	for d, n := range observed {
		if n <= 0 {
			break
		}
		if d < len(value) {
			mean += value[d] / float64(n)
		}
		seen += float64(n)
		w.Mean, w.Seen = append(w.Mean, mean), append(w.Seen, seen)
	}
	return w
}

// Within is the mean value of a customer within a window of the first order, as far as it was observed, and on how many customers it
// rests who were observed all that time, two for half of it being one.
func (w Worth) Within(window time.Duration) (mean, customers float64) {
	curve := w.Curve(window)
	if len(curve) == 0 {
		return 0, 0
	}
	last := len(curve) - 1
	return curve[last], w.Seen[last] / float64(daysIn(window))
}

// Curve is the mean value up to the end of each day of a window, as far as it was observed.
func (w Worth) Curve(window time.Duration) []float64 {
	return w.Mean[:min(daysIn(window), len(w.Mean))]
}

// daysIn is how many days a window reaches into.
func daysIn(window time.Duration) int { return max(int((window+day-1)/day), 1) }

// BreakEven is in how many days of the first order, within a window, the mean value of a customer comes to exceed a cost; -1 when it does
// not.
func (w Worth) BreakEven(cost float64, window time.Duration) float64 {
	return float64(slices.IndexFunc(w.Curve(window), func(mean float64) bool { return mean > cost }))
}

const day = 24 * time.Hour

// Book is what was observed, by kind. It must not be changed by whoever reads it.
type Book map[Cell]Worth

// CellOf is the kind that counts for somebody, and its cost: that of the most specific row of the plan (source and segment, then
// source, then segment, then neither; of equal ones the first of the plan). Without a row the kind is her source, and costs nothing.
func CellOf(a *veiviser.Acquisition, source string, segments []string) (Cell, float64) {
	best, cost, rank := Cell{Source: source}, 0.0, -1
	for i := range a.Costs {
		c := &a.Costs[i]
		if c.Source != "" && c.Source != source || c.Segment != "" && !slices.Contains(segments, c.Segment) {
			continue
		}
		r := 0
		if c.Source != "" {
			r += 2
		}
		if c.Segment != "" {
			r++
		}
		if r > rank {
			best, cost, rank = Cell{Source: source, Segment: c.Segment}, c.Cost, r
		}
	}
	return best, cost
}

// Quality is what the next first-time customer of a kind is expected to be worth within the window: what the plan declares, and what
// was observed, each by how many customers it rests on (the posterior mean of a normal with known variance).
func Quality(a *veiviser.Acquisition, w Worth) float64 {
	mean, customers := w.Within(a.Window)
	n := a.Strength + customers
	if n <= 0 {
		return a.Quality
	}
	return (a.Strength*a.Quality + customers*mean) / n
}

// Margin is what somebody is expected to be worth as a first-time customer, less what winning her costs.
func Margin(a *veiviser.Acquisition, b Book, source string, segments []string) float64 {
	cell, cost := CellOf(a, source, segments)
	return Quality(a, b[cell]) - cost
}

// Lever is what a margin adds to the usefulness of items that acquire.
func Lever(a *veiviser.Acquisition, margin float64) float64 {
	if a.Weight == 0 || !(a.Scale > 0) {
		return 0
	}
	return a.Weight * min(max(margin/a.Scale, -1), 1)
}
