package rank

import "math"

// reach is how many standard deviations around its mean a belief is taken to have weight; beyond lie 1e-7 on each side.
const reach = 5.2

// noneAbove is the probability that no arm exceeds x: the product of their distribution functions.
func noneAbove(arms []arm, x float64) float64 {
	p := 1.0
	for i := range arms {
		a := &arms[i]
		if a.sd > 0 {
			p *= cdf((x - a.mean) * a.inv)
		} else if a.mean > x {
			return 0
		}
	}
	return p
}

// winChance is the probability that arm i is drawn highest and above the cost of attention a:
//
//	∫ₐ^∞ φᵢ(x) ∏_{j≠i} Φⱼ(x) dx
//
// The integrand is smooth on the scale of the narrowest belief that matters. Whatever is narrow has its step close to
// the lower end lo of the range where the product has any weight (its step lies within reach of its mean, and below the
// highest lower reach nothing has weight). So the range is cut into panels that grow away from lo; in each, Gauss-Legendre
// quadrature sees functions at most reach·2 scales long. Above the upper reach of all others the rest is known in closed form.
// Accuracy against a fine reference: about 1e-6, see TestWinChanceAccuracy.
func winChance(arms []arm, i int, a float64) float64 {
	w := arms[i]
	if w.sd == 0 {
		return certainWin(arms, i, a)
	}
	lo, hi := max(a, w.mean-reach*w.sd), w.mean+reach*w.sd
	for j := range arms {
		if j != i {
			lo = max(lo, arms[j].mean-reach*arms[j].sd)
		}
	}
	var buf [inline]arm
	others := buf[:0]
	for j := range arms {
		if j != i && arms[j].sd > 0 && arms[j].end() > lo {
			others = append(others, arms[j])
		}
	}
	lo = raise(others, lo, hi)
	others, next := after(others, lo)
	at, total := lo, 0.0
	for len(others) > 0 && at < hi {
		to := min(max(next, at+(at-lo)), hi)
		total += panel(&w, others, at, to)
		at = to
		others, next = after(others, at)
	}
	if at < hi {
		total += cdf((w.mean - at) * w.inv)
	}
	return min(max(total, 0), 1)
}

// certainWin is the chance of an arm without variance: the others must stay below its mean, and of equal certain arms
// the first wins.
func certainWin(arms []arm, i int, a float64) float64 {
	x := arms[i].mean
	if !(x > a) {
		return 0
	}
	for j := range i {
		if arms[j].sd == 0 && arms[j].mean == x {
			return 0
		}
	}
	return noneAbove(arms, x) // arm i itself counts 1, as its mean is not above x
}

// end is where the distribution function of the arm is 1 for all that matters.
func (a *arm) end() float64 { return a.mean + reach*a.sd }

// raise moves lo up to where the product of the distribution functions begins to have weight.
func raise(others []arm, lo, hi float64) float64 {
	if len(others) < 3 || !(lo < hi) {
		return lo
	}
	top := hi
	for range 6 {
		mid := lo + (top-lo)/2
		if product(others, mid, 1e-9) < 1e-9 {
			lo = mid
		} else {
			top = mid
		}
	}
	return lo
}

// after drops the arms that end at x or below, and says where the first of the rest ends.
func after(arms []arm, x float64) ([]arm, float64) {
	n, next := 0, math.Inf(1)
	for _, a := range arms {
		if e := a.end(); e > x {
			arms[n] = a
			n++
			next = min(next, e)
		}
	}
	return arms[:n], next
}

// panel integrates the density of w times the product of the others' distribution functions from a to b.
func panel(w *arm, others []arm, a, b float64) float64 {
	half, mid := (b-a)/2, a+(b-a)/2
	sum := 0.0
	for k := range legendre {
		n := &legendre[k]
		for _, x := range [2]float64{mid - half*n.x, mid + half*n.x} {
			z := (x - w.mean) * w.inv
			f := math.Exp(-z * z / 2)
			sum += n.w * f * product(others, x, 1e-10)
		}
	}
	return sum * half * w.inv / math.Sqrt(2*math.Pi)
}

// product multiplies the distribution functions of arms with variance at x; it gives up with 0 below the floor. It is
// cdf written out: four of five nanoseconds of Choose are spent here.
func product(arms []arm, x, floor float64) float64 {
	p := 1.0
	for i := range arms {
		t := (x-arms[i].mean)*arms[i].inv*cellsPerUnit + cells/2
		if t >= cells {
			continue
		}
		if t < 0 || p < floor {
			return 0
		}
		k := int(t)
		f := t - float64(k)
		c := &normalCells[k&(cells-1)]
		p *= c[0] + f*(c[1]+f*(c[2]+f*c[3]))
	}
	return p
}
