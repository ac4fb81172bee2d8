package bandit

import (
	"math"
	"slices"
	"sort"
)

// feature is a part of a context: which, and how much of it.
type feature struct {
	at int32
	x  float64
}

// The kinds of a column in an [encoder].
const (
	kindTwo    = "two-valued" // (x − mean)/sd
	kindRanked = "ranked"     // its mid-rank among those seen, standardised, and hats over the mid-rank
	kindText   = "text"       // half a one for each of its levels
)

const (
	quantiles   = 65  // that a distribution is kept as
	leastSpread = 0.1 // so that what hardly varies does not become huge
	ofLevel     = 0.5 // value of the feature of a level
	mostLevels  = 64  // of a column of words; rarer ones have no feature
)

// encoder makes features of contexts: an intercept is not among them. A missing number has the value of the mean, and a
// feature of its own tells that it is missing if any is in the log that the encoder was laid out for.
type encoder struct {
	Columns []encoding `json:"columns"`
	width   int
}

// encoding is how a column is encoded.
type encoding struct {
	Name      string    `json:"name"`
	Kind      string    `json:"kind"`
	Mean      float64   `json:"mean,omitempty"`
	Spread    float64   `json:"sd,omitempty"`
	Quantiles []float64 `json:"quantiles,omitempty"`
	Levels    []string  `json:"levels,omitempty"`
	// Hats is how many hat functions there are over the mid-rank, whose tops are (k + 1/2)/Hats.
	Hats int `json:"hats,omitempty"`
	// Missing is the share of missing numbers, 0 where there is no feature for it.
	Missing float64 `json:"missing,omitempty"`
	at      int
}

// features is how many features a column has.
func (e *encoding) features() int {
	n := 1 + e.Hats
	if e.Kind == kindText {
		n = len(e.Levels)
	}
	if e.Missing > 0 {
		n++
	}
	return n
}

// place gives every column its features.
func (e *encoder) place() {
	e.width = 0
	for c := range e.Columns {
		e.Columns[c].at = e.width
		e.width += e.Columns[c].features()
	}
}

// newEncoder lays out the features for a table, by the contexts of rows, and fits it to them.
func newEncoder(t *Table, hats int, rows []int32) *encoder {
	e := &encoder{Columns: make([]encoding, len(t.Columns))}
	for c := range t.Columns {
		from, to := &t.Columns[c], &e.Columns[c]
		to.Name = from.Name
		if !from.Numeric {
			to.Kind, to.Levels = kindText, commonest(from)
			continue
		}
		to.Kind = kindTwo
		distinct := map[float64]bool{}
		for _, r := range rows {
			if x := from.Numbers[from.Codes[r]]; !math.IsNaN(x) {
				distinct[x] = true
			}
		}
		if len(distinct) > 2 {
			to.Kind, to.Hats = kindRanked, hats
		}
		for _, code := range from.Codes {
			if math.IsNaN(from.Numbers[code]) {
				to.Missing += 1 / float64(len(from.Codes))
			}
		}
	}
	e.place()
	e.fit(t, rows)
	return e
}

// commonest are the commonest texts of a column, in the order in which they come.
func commonest(col *Column) []string {
	count := make([]int, len(col.Texts))
	for _, code := range col.Codes {
		count[code]++
	}
	order := make([]int, len(count))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(i, k int) bool { return count[order[i]] > count[order[k]] })
	order = order[:min(len(order), mostLevels)]
	slices.Sort(order)
	levels := make([]string, len(order))
	for i, k := range order {
		levels[i] = col.Texts[k]
	}
	return levels
}

// fit estimates distributions from the contexts of rows; the layout stays.
func (e *encoder) fit(t *Table, rows []int32) {
	for c := range e.Columns {
		to, from := &e.Columns[c], &t.Columns[c]
		if to.Kind == kindText {
			continue
		}
		values := make([]float64, 0, len(rows))
		for _, r := range rows {
			if x := from.Numbers[from.Codes[r]]; !math.IsNaN(x) {
				values = append(values, x)
			}
		}
		if len(values) == 0 {
			to.Mean, to.Spread, to.Quantiles = 0, 1, nil
			continue
		}
		if to.Kind == kindRanked {
			slices.Sort(values)
			to.Quantiles = make([]float64, quantiles)
			for i := range to.Quantiles {
				to.Quantiles[i] = values[i*(len(values)-1)/(quantiles-1)]
			}
			for i, x := range values {
				values[i] = to.rank(x)
			}
		}
		to.Mean, to.Spread = moments2(values)
		to.Spread = max(to.Spread, leastSpread)
	}
}

// moments2 are the mean and the standard deviation.
func moments2(values []float64) (mean, sd float64) {
	for _, x := range values {
		mean += x
	}
	mean /= float64(len(values))
	for _, x := range values {
		sd += (x - mean) * (x - mean)
	}
	return mean, math.Sqrt(sd / float64(len(values)))
}

// rank is the mid-rank of x among the quantiles, in [0, 1].
func (e *encoding) rank(x float64) float64 {
	q := e.Quantiles
	lo := sort.SearchFloat64s(q, x)
	hi := lo
	for hi < len(q) && q[hi] == x {
		hi++
	}
	switch {
	case hi > lo:
		return float64(lo+hi) / 2 / float64(len(q))
	case lo == 0:
		return 0
	case lo == len(q):
		return 1
	}
	return (float64(lo) - 0.5 + (x-q[lo-1])/(q[lo]-q[lo-1])) / float64(len(q))
}

// number appends the features of a number, NaN for a missing one.
func (e *encoding) number(x float64, out []feature) []feature {
	at := int32(e.at)
	missing := 0.0
	switch {
	case math.IsNaN(x):
		missing = 1
	case e.Kind == kindTwo:
		out = append(out, feature{at, (x - e.Mean) / e.Spread})
	case len(e.Quantiles) > 0:
		u := e.rank(x)
		out = append(out, feature{at, (u - e.Mean) / e.Spread})
		if e.Hats > 0 {
			top := min(max(u*float64(e.Hats)-0.5, 0), float64(e.Hats-1))
			k := int(top)
			out = append(out, feature{at + 1 + int32(k), 1 - (top - float64(k))})
			if top > float64(k) {
				out = append(out, feature{at + 2 + int32(k), top - float64(k)})
			}
		}
	}
	if e.Missing > 0 {
		spread := max(math.Sqrt(e.Missing*(1-e.Missing)), leastSpread)
		out = append(out, feature{at + 1 + int32(e.Hats), (missing - e.Missing) / spread})
	}
	return out
}

// coded holds the features of every distinct value of a table, so that a row is looked up.
type coded []codedColumn

type codedColumn struct {
	codes    []int32
	from     []int32 // where the features of a code begin
	features []feature
}

// code encodes the distinct values of a table whose columns are those of the encoder, in the same order.
func (e *encoder) code(t *Table) coded {
	out := make(coded, len(e.Columns))
	for c := range e.Columns {
		by, col := &e.Columns[c], &t.Columns[c]
		level := make(map[string]int32, len(by.Levels))
		for i, text := range by.Levels {
			level[text] = int32(i)
		}
		to := codedColumn{codes: col.Codes, from: make([]int32, len(col.Texts)+1)}
		for i, text := range col.Texts {
			if by.Kind != kindText {
				to.features = by.number(col.Numbers[i], to.features)
			} else if k, ok := level[text]; ok {
				to.features = append(to.features, feature{int32(by.at) + k, ofLevel})
			}
			to.from[i+1] = int32(len(to.features))
		}
		out[c] = to
	}
	return out
}

// row puts the features of a row into out, ascending.
func (c coded) row(i int32, out []feature) []feature {
	out = out[:0]
	for k := range c {
		code := c[k].codes[i]
		out = append(out, c[k].features[c[k].from[code]:c[k].from[code+1]]...)
	}
	return out
}
