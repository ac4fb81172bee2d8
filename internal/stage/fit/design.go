package fit

import (
	"math"
	"sync"
)

const (
	// blockRows is how many rows are standardised at a time; they fit into the first cache.
	blockRows = 64
	// clip bounds a standardised covariate, here as in serving.
	clip = 4.0
	// nobody is the fold that no row has.
	nobody = -1
)

// design is a table, or some of its rows, as the heads see it.
type design struct {
	n, d   int
	x      []float32 // raw, row by row; nil when z is there
	z      []float64 // standardised
	mean   []float64
	inv    []float64 // 1/sd
	weight []float64 // of mean 1 over the table
	fold   []uint8
	who    []int32 // visitor
	label  []uint8
	total  float64 // of the weights
}

// view gives the design of a table; the rows are standardised each time they are read.
func view(t *Table, mean, sd []float64, label []uint8) *design {
	g := &design{n: t.N, d: t.D, x: t.X, mean: mean, inv: make([]float64, t.D), fold: t.Fold, who: t.Visitor, label: label}
	for j := range g.inv {
		g.inv[j] = 1 / sd[j]
	}
	g.weight = make([]float64, t.N)
	sum := float64(t.N)
	if t.Weight != nil {
		sum = 0
		for _, w := range t.Weight {
			sum += w
		}
	}
	for i := range g.weight {
		g.weight[i] = 1
		if t.Weight != nil && sum > 0 {
			g.weight[i] = t.Weight[i] * (float64(t.N) / sum)
		}
		g.total += g.weight[i]
	}
	return g
}

// pick gives the design of some rows, standardised once and for all.
func (g *design) pick(rows []int32) *design {
	s := &design{n: len(rows), d: g.d, z: make([]float64, 0, len(rows)*g.d)}
	room := make([]float64, blockRows*g.d)
	for _, i := range rows {
		s.z = append(s.z, g.block(int(i), int(i)+1, room)...)
		s.weight = append(s.weight, g.weight[i])
		s.fold = append(s.fold, g.fold[i])
		s.who = append(s.who, g.who[i])
		s.label = append(s.label, g.label[i])
		s.total += g.weight[i]
	}
	return s
}

// block gives the rows from lo to hi, standardised, in room if it must.
func (g *design) block(lo, hi int, room []float64) []float64 {
	if g.x == nil {
		return g.z[lo*g.d : hi*g.d]
	}
	room = room[:(hi-lo)*g.d]
	mean, inv := g.mean[:g.d], g.inv[:g.d]
	for i := range hi - lo {
		x := g.x[(lo+i)*g.d:][:len(mean)]
		z := room[i*g.d:][:len(mean)]
		inv := inv[:len(mean)]
		for j, m := range mean {
			v := (float64(x[j]) - m) * inv[j]
			if v > clip {
				v = clip
			} else if !(v >= -clip) {
				v = low(v)
			}
			z[j] = v
		}
	}
	return room
}

// low is what stands for a value that is too small, or no number.
func low(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return -clip
}

// halves runs two parts of the work, at the same time when there are two workers. What they leave is the same.
func halves(workers int, run func(half int)) {
	if workers == 1 {
		run(0)
		run(1)
		return
	}
	var wg sync.WaitGroup
	wg.Go(func() { run(1) })
	run(0)
	wg.Wait()
}

// each reads the rows of one half that want accepts, block by block.
func (g *design) each(half int, want func(fold uint8) bool, row func(i int, z []float64)) {
	lo, hi := half*(g.n/2), g.n/2
	if half == 1 {
		hi = g.n
	}
	room := make([]float64, blockRows*g.d)
	for ; lo < hi; lo += blockRows {
		to := min(lo+blockRows, hi)
		z := g.block(lo, to, room)
		for i := lo; i < to; i++ {
			if want(g.fold[i]) {
				row(i, z[(i-lo)*g.d:(i-lo+1)*g.d])
			}
		}
	}
}

// dot is the scalar product, always summed in the same order.
func dot(a, b []float64) float64 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float64
	i := 0
	for ; i+4 <= len(a); i += 4 {
		x, y := a[i:i+4:i+4], b[i:i+4:i+4]
		s0 += x[0] * y[0]
		s1 += x[1] * y[1]
		s2 += x[2] * y[2]
		s3 += x[3] * y[3]
	}
	for ; i < len(a); i++ {
		s0 += a[i] * b[i]
	}
	return (s0 + s1) + (s2 + s3)
}

// addTo adds c·x to y.
func addTo(y []float64, c float64, x []float64) {
	y = y[:len(x)]
	i := 0
	for ; i+4 <= len(x); i += 4 {
		u, v := y[i:i+4:i+4], x[i:i+4:i+4]
		u[0] += c * v[0]
		u[1] += c * v[1]
		u[2] += c * v[2]
		u[3] += c * v[3]
	}
	for ; i < len(x); i++ {
		y[i] += c * x[i]
	}
}
