package fit

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
)

const (
	leastLambda, mostLambda = 300, 30000
	lambdas                 = 7
	// choiceRows is how many rows the penalty is chosen on.
	choiceRows = 60000
	// frozen is a penalty under which weights do not move.
	frozen = 1e12
	// roughly and finely are how much a row may still have to gain, in nats, when its penalty is judged and at the end.
	roughly, finely = 1e-7, 1e-9
)

// head is one fit under way.
type head struct {
	outputs int
	centre  []float64 // the prior
	o       HeadOptions

	folds  []uint8
	rough  matrix // curvature of the sample, per unit of weight
	theta  []float64
	lambda float64
	slope  float64
	oof    []float64
}

// fit chooses the penalty, fits on all rows and without each fold in turn, and calibrates.
func (h *head) fit(ctx context.Context, t *Table, mean, sd []float64, label []uint8) error {
	if err := t.check(mean, sd, label, h.outputs); err != nil {
		return err
	}
	h.folds = slices.Compact(slices.Sorted(slices.Values(t.Fold)))
	if len(h.folds) < 2 {
		return errors.New("fit: all rows are in one fold")
	}
	all := view(t, mean, sd, label)
	rows := t.sample(h.o.rows())
	some := all.pick(rows)
	if len(rows) == t.N {
		all = some
	}
	h.theta = h.start(all)
	varies := len(slices.Compact(slices.Clone(label))) > 1
	if varies {
		if err := h.choose(ctx, some); err != nil {
			return err
		}
	} else {
		h.lambda = frozen
		h.rough = h.on(some, nobody).curvature(h.theta)
	}
	if err := h.finish(ctx, all); err != nil {
		return err
	}
	if varies {
		h.calibrate(all)
		return nil
	}
	h.lambda, h.slope = math.Inf(1), 1
	for j := range h.theta {
		if j%(t.D+1) < t.D {
			h.theta[j] = h.centre[j]
		}
	}
	h.probabilities()
	return nil
}

func (o *HeadOptions) rows() int {
	if o.Rows <= 0 {
		return choiceRows
	}
	return o.Rows
}

// start gives the prior weights, with the biases of the shares of the classes.
func (h *head) start(g *design) []float64 {
	theta, size := slices.Clone(h.centre), g.d+1
	share, eta := make([]float64, h.outputs), make([]float64, h.outputs)
	for k := range eta {
		eta[k] = h.centre[(k+1)*size-1]
	}
	soften(eta, share, 0)
	for i, w := range g.weight {
		for k := range share {
			share[k] += w * is(h.outputs, k, g.label[i])
		}
	}
	for k, s := range share {
		other := 1.0
		if h.outputs == 1 {
			other = 1 + g.total - s
		}
		theta[(k+1)*size-1] = math.Log(max(s, 1e-300) / max(other, 1e-300))
	}
	return theta
}

// on is the problem over a design, without a fold.
func (h *head) on(g *design, without int) *problem {
	return &problem{g: g, outputs: h.outputs, centre: h.centre, lambda: h.lambda, without: without, workers: h.o.Workers}
}

// solve moves theta to the minimum over a design without a fold.
func (h *head) solve(ctx context.Context, g *design, without int, theta []float64, tol float64) error {
	weight := g.total
	if without != nobody {
		weight *= 1 - 1/float64(len(h.folds))
	}
	size := g.d + 1
	rough := newMatrix(h.rough.n)
	addTo(rough.at, weight, h.rough.at)
	for r := range rough.n {
		if r%size < g.d {
			rough.row(r)[r] += h.lambda
		} else {
			rough.row(r)[r] += 0.1 // about what the one observation adds
		}
	}
	rough.cholesky()
	q := quasi{eval: h.on(g, without).eval, solve: rough.solve}
	return q.minimise(ctx, theta, tol*g.total)
}

// choose sets the penalty to the firmest of the grid that is not told apart from the best on the folds left out, once they
// are calibrated, and theta to its solution.
func (h *head) choose(ctx context.Context, g *design) error {
	grid := slices.Clone(h.o.Grid)
	if len(grid) == 0 {
		for i := range lambdas {
			grid = append(grid, leastLambda*math.Pow(mostLambda/leastLambda, float64(i)/(lambdas-1)))
		}
	}
	slices.Sort(grid)
	slices.Reverse(grid) // from the firm to the loose, each starting where the one before ended
	h.lambda = grid[0]
	h.rough = h.on(g, nobody).curvature(h.theta)
	if err := h.solve(ctx, g, nobody, h.theta, roughly); err != nil {
		return err
	}
	h.rough = h.on(g, nobody).curvature(h.theta)
	left := make([][]float64, len(grid)) // log-odds of the folds left out
	for i := range left {
		left[i] = make([]float64, g.n*h.outputs)
	}
	for _, f := range h.folds {
		theta := slices.Clone(h.theta)
		for i := range grid {
			h.lambda = grid[i]
			if err := h.solve(ctx, g, int(f), theta, roughly); err != nil {
				return err
			}
			h.on(g, nobody).score(theta, f, left[i])
		}
	}
	best := firmest(h.judge(g, left))
	h.lambda = grid[best]
	if err := h.solve(ctx, g, nobody, h.theta, roughly); err != nil {
		return err
	}
	h.rough = h.on(g, nobody).curvature(h.theta)
	return nil
}

// judge gives, for each penalty, the loss of the calibrated log-odds by visitor.
func (h *head) judge(g *design, left [][]float64) [][]float64 {
	number := map[int32]int{}
	for _, v := range g.who {
		if _, known := number[v]; !known {
			number[v] = len(number)
		}
	}
	losses := make([][]float64, len(left))
	eta, prob := make([]float64, h.outputs), make([]float64, h.outputs)
	for i := range left {
		losses[i] = make([]float64, len(number))
		c := h.calibrated(g, left[i])
		for row, v := range g.who {
			for k := range eta {
				eta[k] = c.x[k] + c.x[h.outputs]*left[i][row*h.outputs+k]
			}
			losses[i][number[v]] += soften(eta, prob, g.label[row])
		}
	}
	return losses
}

// firmest is the first penalty, from the firm to the loose, whose loss is no more above the least one than half a standard
// error of the difference, over visitors (the one-standard-error rule of Breiman et al. 1984, on paired differences). With
// few visitors that have much of the loss, the least one is a matter of luck.
func firmest(losses [][]float64) int {
	best, least := 0, math.Inf(1)
	for i, by := range losses {
		if sum := total(by); sum < least {
			best, least = i, sum
		}
	}
	for i, by := range losses[:best] {
		n := float64(len(by))
		mean := (total(by) - least) / n
		square := 0.0
		for v := range by {
			d := by[v] - losses[best][v] - mean
			square += d * d
		}
		if n > 1 && mean <= math.Sqrt(square/(n-1)/n)/2 {
			return i
		}
	}
	return best
}

func total(list []float64) float64 {
	sum := 0.0
	for _, x := range list {
		sum += x
	}
	return sum
}

// finish fits all rows, and the log-odds of each fold without it: on a table too large to choose on, of the first fold
// alone. The others are not numbers then.
func (h *head) finish(ctx context.Context, g *design) error {
	if err := h.solve(ctx, g, nobody, h.theta, finely); err != nil {
		return err
	}
	h.oof = make([]float64, g.n*h.outputs)
	folds := h.folds
	if g.n > h.o.rows() {
		folds = folds[:1]
		for i := range h.oof {
			h.oof[i] = math.NaN()
		}
	}
	for _, f := range folds {
		theta := slices.Clone(h.theta)
		if err := h.solve(ctx, g, int(f), theta, finely); err != nil {
			return err
		}
		h.on(g, nobody).score(theta, f, h.oof)
	}
	return nil
}

// sample gives the rows of as many visitors as it takes for most rows, in the order of the table. It takes visitors in the
// order of a hash, so which ones does not depend on who else is there.
func (t *Table) sample(most int) []int32 {
	rows := make([]int32, 0, min(t.N, 2*most))
	if t.N <= most {
		for i := range t.N {
			rows = append(rows, int32(i))
		}
		return rows
	}
	count := map[int32]int{}
	for _, v := range t.Visitor {
		count[v]++
	}
	visitors := make([]int32, 0, len(count))
	for v := range count {
		visitors = append(visitors, v)
	}
	slices.SortFunc(visitors, func(a, b int32) int { return cmp.Compare(mix(a), mix(b)) })
	in, taken, folds := map[int32]bool{}, 0, map[uint8]bool{}
	for _, v := range visitors {
		if taken >= most {
			break
		}
		in[v] = true
		taken += count[v]
	}
	for i, v := range t.Visitor {
		if in[v] {
			rows = append(rows, int32(i))
			folds[t.Fold[i]] = true
		}
	}
	if len(folds) < 2 { // a few visitors with most of the rows
		return (&Table{N: t.N}).sample(t.N)
	}
	return rows
}

// mix spreads ids over all 64-bit numbers without collisions (the finaliser of SplitMix64; Steele, Lea and Flood 2014).
func mix(v int32) uint64 {
	h := uint64(uint32(v)) + 0x9e3779b97f4a7c15
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}
