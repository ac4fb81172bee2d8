package relation

import (
	"slices"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Cell is a kind of first-time customers: where they came from and a segment they were in; "" is any.
type Cell struct{ Source, Segment string }

// Worth is what was observed of first-time customers of one kind.
type Worth struct {
	// Customers is how many ordered first; Value sums their purchases within the window of acquisition.
	Customers int64
	Value     float64
}

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
// was observed, each by how many observations it rests on (the posterior mean of a normal with known variance).
func Quality(a *veiviser.Acquisition, w Worth) float64 {
	n := a.Strength + float64(w.Customers)
	if n <= 0 {
		return a.Quality
	}
	return (a.Strength*a.Quality + w.Value) / n
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
