package fit

import "math"

// curveRows is about how many rows a curvature is taken from.
const curveRows = 10000

// problem is the penalised loss of a head over a design. Its parameters are, class by class, the weights and then the
// bias; with one output the class of label 0 has log-odds 0.
type problem struct {
	g       *design
	outputs int
	centre  []float64 // of the penalty; its biases are those of the one observation
	lambda  float64
	without int // fold that is left out, or nobody
	workers int
}

// predict writes the log-odds of one row.
func predict(theta, z, eta []float64) {
	p := len(z) + 1
	for k := range eta {
		at := theta[k*p : (k+1)*p]
		eta[k] = at[len(z)] + dot(z, at[:len(z)])
	}
}

// soften turns log-odds into probabilities and returns the loss of the label.
func soften(eta, prob []float64, label uint8) float64 {
	if len(eta) == 1 {
		x := eta[0] // prob may be eta
		e := math.Exp(-math.Abs(x))
		prob[0] = 1 / (1 + e)
		if x < 0 {
			prob[0] = e / (1 + e)
		}
		loss := max(x, 0) + math.Log1p(e)
		if label == 1 {
			loss -= x
		}
		return loss
	}
	most := eta[0]
	for _, x := range eta {
		most = max(most, x)
	}
	sum, x := 0.0, eta[label]
	for k, x := range eta {
		prob[k] = math.Exp(x - most)
		sum += prob[k]
	}
	for k := range prob {
		prob[k] /= sum
	}
	return math.Log(sum) + most - x
}

// is gives 1 where output k speaks of the label, else 0.
func is(outputs, k int, label uint8) float64 {
	if outputs == 1 {
		return float64(label)
	}
	if int(label) == k {
		return 1
	}
	return 0
}

// eval returns the loss and writes its gradient.
func (p *problem) eval(theta, grad []float64) float64 {
	var loss [2]float64
	var parts [2][]float64
	halves(p.workers, func(half int) {
		parts[half] = make([]float64, len(theta))
		loss[half] = p.half(half, theta, parts[half])
	})
	for i := range grad {
		grad[i] = parts[0][i] + parts[1][i]
	}
	return loss[0] + loss[1] + p.prior(theta, grad)
}

func (p *problem) half(half int, theta, grad []float64) float64 {
	eta, prob := make([]float64, p.outputs), make([]float64, p.outputs)
	loss, size := 0.0, p.g.d+1
	p.g.each(half, p.wants, func(i int, z []float64) {
		w, label := p.g.weight[i], p.g.label[i]
		predict(theta, z, eta)
		loss += w * soften(eta, prob, label)
		for k, q := range prob {
			r := w * (q - is(p.outputs, k, label))
			at := grad[k*size : (k+1)*size]
			addTo(at[:len(z)], r, z)
			at[len(z)] += r
		}
	})
	return loss
}

func (p *problem) wants(fold uint8) bool { return int(fold) != p.without }

// prior adds the penalty and the one observation to the gradient, and returns their loss.
func (p *problem) prior(theta, grad []float64) float64 {
	size, loss := p.g.d+1, 0.0
	expect, prob := make([]float64, p.outputs), make([]float64, p.outputs)
	eta := make([]float64, p.outputs)
	for k := range p.outputs {
		eta[k] = p.centre[(k+1)*size-1]
	}
	soften(eta, expect, 0)
	for k := range p.outputs {
		eta[k] = theta[(k+1)*size-1]
		loss -= expect[k] * eta[k]
	}
	loss += soften(eta, prob, 0)
	if p.outputs > 1 {
		loss += eta[0] // soften counted the label 0
	}
	for k := range p.outputs {
		for j := k * size; j < (k+1)*size-1; j++ {
			off := theta[j] - p.centre[j]
			loss += p.lambda / 2 * off * off
			grad[j] += p.lambda * off
		}
		grad[(k+1)*size-1] += prob[k] - expect[k]
	}
	return loss
}

// score writes the log-odds of the rows of a fold.
func (p *problem) score(theta []float64, fold uint8, out []float64) {
	halves(p.workers, func(half int) {
		eta := make([]float64, p.outputs)
		p.g.each(half, func(f uint8) bool { return f == fold }, func(i int, z []float64) {
			predict(theta, z, eta)
			copy(out[i*p.outputs:], eta)
		})
	})
}

// curvature gives the second derivative of the loss, without priors, per unit of row weight. On a large design it is
// that of every so many-th row.
func (p *problem) curvature(theta []float64) matrix {
	size, every := p.g.d+1, 1+(p.g.n-1)/curveRows
	var parts [2]matrix
	var total [2]float64
	halves(p.workers, func(half int) {
		sum := newMatrix(p.outputs * size)
		eta, prob, one := make([]float64, p.outputs), make([]float64, p.outputs), make([]float64, size)
		p.g.each(half, func(uint8) bool { return true }, func(i int, z []float64) {
			if i%every != 0 {
				return
			}
			predict(theta, z, eta)
			soften(eta, prob, 0)
			copy(one, z)
			one[len(z)] = 1
			total[half] += p.g.weight[i]
			for k, q := range prob {
				for l, other := range prob[:k+1] {
					c := -p.g.weight[i] * q * other
					if l == k {
						c += p.g.weight[i] * q
					}
					sum.addOuter(k*size, l*size, c, one)
				}
			}
		})
		parts[half] = sum
	})
	addTo(parts[0].at, 1, parts[1].at)
	if all := total[0] + total[1]; all > 0 {
		for i := range parts[0].at {
			parts[0].at[i] /= all
		}
	}
	return parts[0]
}

// addOuter adds c·x·xᵀ to the block that begins at row r and column s; on the diagonal to its lower triangle.
func (m matrix) addOuter(r, s int, c float64, x []float64) {
	for i, v := range x {
		to := len(x)
		if r == s {
			to = i + 1
		}
		addTo(m.row(r + i)[s:s+to], c*v, x[:to])
	}
}
