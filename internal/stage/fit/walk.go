package fit

import (
	"context"
	"math"
)

// walk runs forward and backward over needs, one at a time.
type walk struct {
	c      *chain
	l      *lane
	factor []float64 // by set of signals and stage

	alpha, drifted []float64 // by step of the need and stage
	z, kept        []float64 // by step of the need
	beta, next, v  []float64

	first, rest, moves []float64 // expected counts; moves lack their factor T
	shown              []float64 // by set of signals and stage
	lnZ                float64
}

func newWalk(c *chain, t *Trace, l *lane) *walk {
	w := &walk{
		c: c, l: l, factor: make([]float64, len(t.ends)*c.n),
		alpha: make([]float64, l.long*c.n), drifted: make([]float64, l.long*c.n),
		z: make([]float64, l.long), kept: make([]float64, l.long),
		beta: make([]float64, c.n), next: make([]float64, c.n), v: make([]float64, c.n),
		first: make([]float64, c.n), rest: make([]float64, c.n), moves: make([]float64, c.n*c.n),
		shown: make([]float64, len(t.ends)*c.n),
	}
	for s := range t.ends {
		c.factors(t.signals(int32(s)), w.factor[s*c.n:(s+1)*c.n])
	}
	return w
}

// forward filters a need and adds to lnZ. It returns the number of steps.
func (w *walk) forward(need int) int {
	n, from := w.c.n, int(w.l.start[need])
	steps := int(w.l.start[need+1]) - from
	product := 1.0 // of z: a logarithm now and then is enough
	for i := range steps {
		p := w.alpha[i*n : (i+1)*n : (i+1)*n]
		if i == 0 {
			copy(p, w.c.prior)
		} else {
			w.step(i, w.c.keep(w.l.pause[from+i]), p)
		}
		f := w.factor[int(w.l.shown[from+i])*n:][:len(p)]
		z := 0.0
		for k := range p {
			p[k] *= f[k]
			z += p[k]
		}
		for k := range p {
			p[k] /= z
		}
		w.z[i] = z
		if product *= z; product > 1e250 || product < 1e-250 {
			w.lnZ += math.Log(product)
			product = 1
		}
	}
	w.lnZ += math.Log(product)
	return steps
}

// step drifts and moves the belief before step i into p.
func (w *walk) step(i int, kept float64, p []float64) {
	n := len(p)
	d, before := w.drifted[i*n:(i+1)*n], w.alpha[(i-1)*n:i*n]
	w.kept[i] = kept
	rest, moves := w.c.rest[:n], w.c.moves
	clear(p)
	for a, x := range before {
		if kept < 1 {
			x = kept*x + (1-kept)*rest[a]
		}
		d[a] = x
		row := moves[a*n:][:len(p)]
		for b, m := range row {
			p[b] += x * m
		}
	}
}

// backward smooths a need that was filtered and adds to the counts. It tells see, unless that is nil, of every step,
// the last first.
func (w *walk) backward(need int, see func(step int, gamma []float64)) {
	n, from := w.c.n, int(w.l.start[need])
	steps := int(w.l.start[need+1]) - from
	beta, gamma := w.beta[:n], w.next[:n]
	for k := range beta {
		beta[k] = 1
	}
	for i := steps - 1; i >= 0; i-- {
		set := int(w.l.shown[from+i])
		alpha, shown, factor := w.alpha[i*n:][:n], w.shown[set*n:][:n], w.factor[set*n:][:n]
		for k, b := range beta {
			g := alpha[k] * b
			gamma[k] = g
			shown[k] += g
			beta[k] = b * factor[k] / w.z[i]
		}
		if see != nil {
			see(i, gamma)
		}
		if i > 0 {
			w.back(i)
		}
	}
	if steps > 0 {
		addTo(w.first, 1, gamma)
	}
}

// back takes the message over the move and the drift of step i, and counts them.
func (w *walk) back(i int) {
	n := w.c.n
	beta, rest, v := w.beta[:n], w.c.rest[:n], w.v[:n]
	d := w.drifted[i*n:][:n]
	drawn := 0.0
	for a, x := range d {
		row, count := w.c.moves[a*n:][:len(beta)], w.moves[a*n:][:len(beta)]
		sum := 0.0
		for b, m := range beta {
			sum += row[b] * m
			count[b] += x * m
		}
		v[a] = sum
		drawn += rest[a] * sum
	}
	kept := w.kept[i]
	if kept == 1 {
		copy(beta, v)
		return
	}
	for a, x := range v {
		beta[a] = kept*x + (1-kept)*drawn
		w.rest[a] += (1 - kept) * rest[a] * x
	}
}

// counts are what a journey makes of a trace.
type counts struct {
	first, rest, moves []float64 // expected, by stage and pair of stages
	shown              []float64 // by set of signals and stage
	lnZ                float64
}

// count is the E-step.
func (c *chain) count(ctx context.Context, t *Trace, l *lane, workers int) (*counts, error) {
	w, err := c.walks(ctx, t, l, workers, true)
	if err != nil {
		return nil, err
	}
	k := &counts{first: w[0].first, rest: w[0].rest, moves: w[0].moves, shown: w[0].shown, lnZ: w[0].lnZ + w[1].lnZ}
	addTo(k.first, 1, w[1].first)
	addTo(k.rest, 1, w[1].rest)
	addTo(k.moves, 1, w[1].moves)
	addTo(k.shown, 1, w[1].shown)
	for i := range k.moves {
		k.moves[i] *= c.moves[i]
	}
	return k, nil
}

// walks runs over both halves of the needs, forward and perhaps backward.
func (c *chain) walks(ctx context.Context, t *Trace, l *lane, workers int, back bool) (w [2]*walk, err error) {
	needs := len(l.start) - 1
	halves(workers, func(half int) {
		w[half] = newWalk(c, t, l)
		lo, hi := 0, l.cut
		if half == 1 {
			lo, hi = l.cut, needs
		}
		for n, steps := lo, 0; n < hi; n++ {
			if steps >= 1<<14 {
				if steps = 0; ctx.Err() != nil {
					return
				}
			}
			steps += w[half].forward(n)
			if back {
				w[half].backward(n, nil)
			}
		}
	})
	return w, ctx.Err()
}
