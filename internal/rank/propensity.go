package rank

import "math"

// A belief has no weight for the quadrature below its mean by more than below standard deviations (1e-7 of it lies
// there), and its distribution function counts as 1 above its mean by more than above (where it lacks 3e-6).
const (
	below = 5.2
	above = 4.5
	// fades is where the distribution function is so close to 1 (it lacks 7e-4) that its shape sets no limit to a panel.
	fades = 3.2
	// wide is how long a panel may be, in standard deviations of the narrowest belief that still matters in it.
	wide = 7
)

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
// Whatever is narrow has its step near the lower end of the range where the product has any weight, as below the highest
// of the lower ends nothing has. So the range is cut into panels that grow away from that end, each short beside the
// narrowest belief that still has weight in it, with a Gauss-Legendre rule in each; what lies above the last panel is known
// in closed form. The error is about 1e-6 at most, see TestWinChanceAccuracy.
func winChance(arms []arm, i int, a float64) float64 {
	w := arms[i]
	if w.sd == 0 {
		return certainWin(arms, i, a)
	}
	lo, hi := max(a, w.mean-below*w.sd), w.mean+above*w.sd
	for j := range arms {
		if j != i {
			lo = max(lo, arms[j].mean-below*arms[j].sd)
		}
	}
	var buf [inline]bell
	others := buf[:0]
	for j := range arms {
		if o := &arms[j]; j != i && o.sd > 0 && o.mean+above*o.sd > lo {
			others = append(others, bell{o.mean, o.inv * cellsPerUnit, o.mean + fades*o.sd, o.mean + above*o.sd})
		}
	}
	lo = raise(others, lo, hi)
	at, total := lo, 0.0
	for at < hi {
		var to, scale float64
		if others, to, scale = after(others, at); len(others) == 0 {
			break
		}
		to = min(max(to, at+wide*min(w.sd, scale), at+(at-lo)), hi)
		total += panel(&w, others, at, to)
		at = to
	}
	rest, _ := product2(others, at, at)
	total += cdf((w.mean-at)*w.inv) * rest
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

// bell is another belief as the quadrature needs it: scale is cells of the table per unit, and from fade and end on its
// distribution function is nearly and as good as 1.
type bell struct{ mean, scale, fade, end float64 }

// raise moves lo up to where the product of the distribution functions begins to have weight.
func raise(others []bell, lo, hi float64) float64 {
	if len(others) < 3 || !(lo < hi) {
		return lo
	}
	const weightless = 1e-7
	for range 3 { // to one part in 27
		step := (hi - lo) / 3
		p, q := product2(others, lo+step, lo+2*step)
		switch {
		case q < weightless:
			lo += 2 * step
		case p < weightless:
			lo, hi = lo+step, lo+2*step
		default:
			hi = lo + step
		}
	}
	return lo
}

// after drops the beliefs that end at x or below. Of the rest that has not faded there it says where the first fades and
// the smallest standard deviation; both are infinite when all have.
func after(bells []bell, x float64) (rest []bell, fade, sd float64) {
	n, scale := 0, 0.0
	fade = math.Inf(1)
	for i := range bells {
		b := &bells[i]
		if b.fade > x {
			fade, scale = min(fade, b.fade), max(scale, b.scale)
		}
		if b.end > x {
			bells[n] = *b
			n++
		}
	}
	return bells[:n], fade, cellsPerUnit / scale
}

// panel integrates the density of w times the product of the others' distribution functions from a to b.
func panel(w *arm, others []bell, a, b float64) float64 {
	half, mid := (b-a)/2, a+(b-a)/2
	sum := 0.0
	for k := range legendre16 {
		n := &legendre16[k]
		x, y := mid-half*n.x, mid+half*n.x
		zx, zy := (x-w.mean)*w.inv, (y-w.mean)*w.inv
		p, q := product2(others, x, y)
		sum += n.w * (math.Exp(-zx*zx/2)*p + math.Exp(-zy*zy/2)*q)
	}
	return sum * half * w.inv / math.Sqrt(2*math.Pi)
}

// product2 multiplies the distribution functions of bells at x and at y, neither of which lies more than 8 standard
// deviations below any mean. It is cdf written out for two places at once, as most of the time of Choose is spent here.
func product2(bells []bell, x, y float64) (p, q float64) {
	const last = cells - 1e-9
	p, q = 1, 1
	for i := range bells {
		b := &bells[i]
		t, u := (x-b.mean)*b.scale+cells/2, (y-b.mean)*b.scale+cells/2
		if t > last {
			t = last
		}
		if u > last {
			u = last
		}
		j, k := int(t), int(u)
		f, g := t-float64(j), u-float64(k)
		c, d := &normalCells[j&(cells-1)], &normalCells[k&(cells-1)]
		p *= c[0] + f*(c[1]+f*(c[2]+f*c[3]))
		q *= d[0] + g*(d[1]+g*(d[2]+g*d[3]))
	}
	return p, q
}
