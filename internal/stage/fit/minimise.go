package fit

import (
	"context"
	"math"
)

// matrix is the lower triangle of a symmetric matrix, row by row.
type matrix struct {
	n  int
	at []float64
}

func newMatrix(n int) matrix { return matrix{n: n, at: make([]float64, n*(n+1)/2)} }

// row gives the entries of row r up to the diagonal.
func (m matrix) row(r int) []float64 { return m.at[r*(r+1)/2 : (r+1)*(r+2)/2] }

// cholesky factors m in place. A pivot that rounding took away is replaced, which makes the factor that of a matrix
// close by.
func (m matrix) cholesky() {
	for i := range m.n {
		a := m.row(i)
		for j := range i {
			b := m.row(j)
			a[j] = (a[j] - dot(b[:j], a[:j])) / b[j]
		}
		pivot := a[i] - dot(a[:i], a[:i])
		if !(pivot > 1e-12*(1+math.Abs(a[i]))) {
			pivot = 1e-12 * (1 + math.Abs(a[i]))
		}
		a[i] = math.Sqrt(pivot)
	}
}

// solve replaces x by the solution of m·y = x, when m was factored.
func (m matrix) solve(x []float64) {
	for i := range m.n {
		a := m.row(i)
		x[i] = (x[i] - dot(a[:i], x[:i])) / a[i]
	}
	for i := m.n - 1; i >= 0; i-- {
		a := m.row(i)
		x[i] /= a[i]
		addTo(x[:i], -x[i], a[:i])
	}
}

const (
	// memory is the number of steps that L-BFGS remembers, mostSteps how many it takes.
	memory, mostSteps = 10, 300
)

// quasi is a convex function with a rough inverse of its curvature.
type quasi struct {
	eval  func(x, grad []float64) float64
	solve func(x []float64)
}

// pair is a step and the change of the gradient along it.
type pair struct {
	s, y []float64
	sy   float64
}

// minimise moves x to the minimum: L-BFGS with the rough inverse in the place of its diagonal (Nocedal 1980), and steps
// halved until they lower the function. It stops when what is left to gain, by the rough curvature, is below tol.
func (q quasi) minimise(ctx context.Context, x []float64, tol float64) error {
	n := len(x)
	grad, next, nextGrad, dir := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	var past []pair
	value := q.eval(x, grad)
	for range mostSteps {
		if err := ctx.Err(); err != nil {
			return err
		}
		copy(dir, grad)
		q.solve(dir)
		if dot(dir, grad)/2 <= tol {
			return nil
		}
		q.direction(dir, grad, past)
		slope := -dot(dir, grad)
		step, after := 1.0, 0.0
		for ; ; step /= 2 {
			if !(slope < 0) || step < 1e-10 || ctx.Err() != nil {
				return ctx.Err()
			}
			copy(next, x)
			addTo(next, -step, dir)
			after = q.eval(next, nextGrad)
			if after <= value+1e-4*step*slope {
				break
			}
		}
		p := pair{s: make([]float64, n), y: make([]float64, n)}
		for i := range n {
			p.s[i], p.y[i] = next[i]-x[i], nextGrad[i]-grad[i]
		}
		p.sy = dot(p.s, p.y)
		if p.sy > 1e-12*math.Sqrt(dot(p.s, p.s)*dot(p.y, p.y)) {
			past = append(past, p)
			past = past[max(0, len(past)-memory):]
		}
		copy(x, next)
		copy(grad, nextGrad)
		value = after
	}
	return nil
}

// direction writes the inverse curvature times grad, by what the past steps say on top of the rough inverse.
func (q quasi) direction(dir, grad []float64, past []pair) {
	copy(dir, grad)
	var room [memory]float64
	for i := len(past) - 1; i >= 0; i-- {
		room[i] = dot(past[i].s, dir) / past[i].sy
		addTo(dir, -room[i], past[i].y)
	}
	q.solve(dir)
	for i, p := range past {
		addTo(dir, room[i]-dot(p.y, dir)/p.sy, p.s)
	}
}
