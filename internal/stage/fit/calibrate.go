package fit

import "math"

const (
	// slopeSD is how far the slope of a calibration may well be from 1, offsetSD an offset from 0. A head on little data is
	// shrunk far, and what is left of its slope is too flat by as much.
	slopeSD, offsetSD = 0.5, 10.0
	// mostTurns bounds the Newton steps of a calibration.
	mostTurns = 50
)

// calibrate finds the slope and the offsets that make the log-odds of the folds left out most probable (Platt 1999),
// folds them into the head and turns those log-odds into probabilities.
func (h *head) calibrate(g *design) {
	c := h.calibrated(g, h.oof)
	h.slope = c.x[h.outputs]
	size := g.d + 1
	for j := range h.theta {
		h.theta[j] *= h.slope
	}
	for k := range h.outputs {
		h.theta[(k+1)*size-1] += c.x[k]
	}
	for i := range g.n {
		for k, eta := range h.oof[i*h.outputs : (i+1)*h.outputs] {
			h.oof[i*h.outputs+k] = c.x[k] + h.slope*eta
		}
	}
	h.probabilities()
}

// calibrated is the calibration of log-odds of rows that were left out. Rows count alike, whatever they weigh in the fit:
// probabilities are for the events as they come.
func (h *head) calibrated(g *design, eta []float64) *calibration {
	c := &calibration{g: g, outputs: h.outputs, eta: eta, workers: h.o.Workers}
	c.x = make([]float64, h.outputs+1)
	c.x[h.outputs] = 1
	c.newton()
	if c.x[h.outputs] < 0 {
		c.x[h.outputs] = 0
		c.fixed = true
		c.newton()
	}
	return c
}

// probabilities turns log-odds in oof into probabilities.
func (h *head) probabilities() {
	for i := 0; i < len(h.oof); i += h.outputs {
		row := h.oof[i : i+h.outputs]
		soften(row, row, 0)
	}
}

// calibration is the fit of offsets, one an output, and a slope.
type calibration struct {
	g       *design
	outputs int
	eta     []float64
	x       []float64 // offsets, slope
	fixed   bool      // the slope does not move
	workers int
}

func (c *calibration) newton() {
	m := c.outputs + 1
	value, grad, curve := c.eval(c.x)
	for range mostTurns {
		if c.fixed {
			grad[c.outputs] = 0
			row := curve.row(c.outputs)
			clear(row)
			row[c.outputs] = 1
		}
		curve.cholesky()
		dir := make([]float64, m)
		copy(dir, grad)
		curve.solve(dir)
		gain := dot(dir, grad)
		if !(gain > 1e-12*(1+math.Abs(value))) {
			return
		}
		step, next := 1.0, make([]float64, m)
		for ; ; step /= 2 {
			copy(next, c.x)
			addTo(next, -step, dir)
			var after float64
			if after, grad, curve = c.eval(next); after <= value-1e-4*step*gain {
				value = after
				break
			}
			if step < 1e-6 {
				return
			}
		}
		copy(c.x, next)
	}
}

// eval returns the loss at x with its gradient and curvature.
func (c *calibration) eval(x []float64) (loss float64, grad []float64, curve matrix) {
	m := c.outputs + 1
	var losses [2]float64
	var grads [2][]float64
	var curves [2]matrix
	halves(c.workers, func(half int) {
		grads[half], curves[half] = make([]float64, m), newMatrix(m)
		losses[half] = c.half(half, x, grads[half], curves[half])
	})
	loss, grad, curve = losses[0]+losses[1], grads[0], curves[0]
	addTo(grad, 1, grads[1])
	addTo(curve.at, 1, curves[1].at)
	for k := range m {
		off, sd := x[k], offsetSD
		if k == c.outputs {
			off, sd = x[k]-1, slopeSD
		}
		loss += off * off / (2 * sd * sd)
		grad[k] += off / (sd * sd)
		curve.row(k)[k] += 1 / (sd * sd)
	}
	return loss, grad, curve
}

func (c *calibration) half(half int, x, grad []float64, curve matrix) float64 {
	k := c.outputs
	eta, prob := make([]float64, k), make([]float64, k)
	lo, hi := half*(c.g.n/2), c.g.n/2
	if half == 1 {
		hi = c.g.n
	}
	loss, slope := 0.0, curve.row(k)
	for i := lo; i < hi; i++ {
		raw, label := c.eta[i*k:(i+1)*k], c.g.label[i]
		if math.IsNaN(raw[0]) {
			continue // was not left out
		}
		for a := range eta {
			eta[a] = x[a] + x[k]*raw[a]
		}
		loss += soften(eta, prob, label)
		mid, square := 0.0, 0.0
		for a, q := range prob {
			mid += q * raw[a]
			square += q * raw[a] * raw[a]
		}
		for a, q := range prob {
			r := q - is(k, a, label)
			grad[a] += r
			grad[k] += r * raw[a]
			row := curve.row(a)
			addTo(row[:a], -q, prob[:a])
			row[a] += q * (1 - q)
			slope[a] += q * (raw[a] - mid)
		}
		slope[k] += square - mid*mid
	}
	return loss
}
