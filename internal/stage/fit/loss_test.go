package fit

import (
	"math"
	"math/rand/v2"
	"testing"
)

func small(outputs int) (p *problem, theta []float64) {
	rnd := rand.New(rand.NewPCG(5, uint64(outputs)))
	const n, d = 60, 3
	t := &Table{N: n, D: d}
	label := make([]uint8, n)
	for i := range n {
		t.Visitor = append(t.Visitor, int32(i))
		t.Fold = append(t.Fold, uint8(i%3))
		t.Weight = append(t.Weight, rnd.Float64())
		label[i] = uint8(rnd.IntN(max(2, outputs)))
		for range d {
			t.X = append(t.X, float32(rnd.NormFloat64()))
		}
	}
	mean, sd := Standardise(t)
	p = &problem{g: view(t, mean, sd, label), outputs: outputs, lambda: 0.7, without: 1, workers: 2}
	for range outputs * (d + 1) {
		theta = append(theta, rnd.NormFloat64())
		p.centre = append(p.centre, rnd.NormFloat64())
	}
	return p, theta
}

func TestGradientAgainstDifferences(t *testing.T) {
	for _, outputs := range []int{1, 4} {
		p, theta := small(outputs)
		grad, rest := make([]float64, len(theta)), make([]float64, len(theta))
		p.eval(theta, grad)
		for j := range theta {
			const h = 1e-5
			old := theta[j]
			theta[j] = old + h
			up := p.eval(theta, rest)
			theta[j] = old - h
			down := p.eval(theta, rest)
			theta[j] = old
			if want := (up - down) / (2 * h); math.Abs(grad[j]-want) > 1e-6*(1+math.Abs(want)) {
				t.Errorf("%d outputs, parameter %d: gradient %v, difference %v", outputs, j, grad[j], want)
			}
		}
	}
}

func TestCurvatureAgainstDifferences(t *testing.T) {
	for _, outputs := range []int{1, 4} {
		p, theta := small(outputs)
		p.lambda, p.without = 0, nobody
		for j := range p.centre {
			p.centre[j] = 0
		}
		m := p.curvature(theta)
		up, down := make([]float64, len(theta)), make([]float64, len(theta))
		for j := range theta {
			const h = 1e-5
			old := theta[j]
			theta[j] = old + h
			p.eval(theta, up)
			p.priorless(theta, up)
			theta[j] = old - h
			p.eval(theta, down)
			p.priorless(theta, down)
			theta[j] = old
			for r := j; r < len(theta); r++ {
				want := (up[r] - down[r]) / (2 * h) / p.g.total
				if got := m.row(r)[j]; math.Abs(got-want) > 1e-6 {
					t.Errorf("%d outputs, entry %d,%d: %v, difference %v", outputs, r, j, got, want)
				}
			}
		}
	}
}

// priorless takes what prior added off a gradient.
func (p *problem) priorless(theta, grad []float64) {
	off := make([]float64, len(grad))
	p.prior(theta, off)
	for j := range grad {
		grad[j] -= off[j]
	}
}

func TestCalibrationGradientAgainstDifferences(t *testing.T) {
	for _, outputs := range []int{1, 4} {
		p, _ := small(outputs)
		rnd := rand.New(rand.NewPCG(6, 6))
		c := &calibration{g: p.g, outputs: outputs, workers: 1}
		for range p.g.n * outputs {
			c.eta = append(c.eta, rnd.NormFloat64())
		}
		x := make([]float64, outputs+1)
		for k := range x {
			x[k] = rnd.NormFloat64()
		}
		_, grad, curve := c.eval(x)
		for k := range x {
			const h = 1e-5
			old := x[k]
			x[k] = old + h
			up, upGrad, _ := c.eval(x)
			x[k] = old - h
			down, downGrad, _ := c.eval(x)
			x[k] = old
			if want := (up - down) / (2 * h); math.Abs(grad[k]-want) > 1e-5 {
				t.Errorf("parameter %d: gradient %v, difference %v", k, grad[k], want)
			}
			for r := k; r < len(x); r++ {
				if want := (upGrad[r] - downGrad[r]) / (2 * h); math.Abs(curve.row(r)[k]-want) > 1e-5 {
					t.Errorf("entry %d,%d: %v, difference %v", r, k, curve.row(r)[k], want)
				}
			}
		}
	}
}
