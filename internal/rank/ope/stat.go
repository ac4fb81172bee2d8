package ope

import "math"

// spread is how the influences of an estimate, summed by unit, scatter.
type spread struct {
	// stderr is the standard error of the estimate, NaN with fewer than two units, and degrees its degrees of freedom.
	stderr, degrees float64
	// lean is the skewness of the sums over the square root of their number, in [-1, 1].
	lean float64
}

// spread works that out for influences that sum to 0 over the rows.
func (s *sample) spread(influence func(i int) float64) spread {
	if s.units < 2 {
		return spread{stderr: math.NaN()}
	}
	clear(s.sums)
	for i, u := range s.unit {
		s.sums[u] += influence(i)
	}
	two, three, four := 0.0, 0.0, 0.0
	for _, x := range s.sums {
		two += x * x
		three += x * x * x
		four += x * x * x * x
	}
	g := float64(s.units)
	out := spread{stderr: math.Sqrt(two*g/(g-1)) / float64(s.n), degrees: g - 1}
	if rest := four - two*two/g; rest > 0 { // it is 0 when all sums are equally large
		out.degrees = max(1, min(g-1, 2*two*two/rest))
	}
	if root := math.Sqrt(two); two*root > 0 {
		out.lean = min(max(three/(two*root), -1), 1)
	}
	return out
}

// ends are how far an interval reaches down and up from an estimate whose bias is at most bias.
func (s spread) ends(confidence, bias float64) (down, up float64) {
	switch {
	case math.IsNaN(s.stderr):
		return math.Inf(1), math.Inf(1)
	case s.stderr == 0:
		return bias, bias
	}
	t := student(0.5+confidence/2, s.degrees)
	scale := s.stderr
	if bias > 0 {
		scale *= folded(confidence, bias/s.stderr) / gauss(0.5+confidence/2)
	}
	return scale * max(t, s.straight(t)), scale * max(t, -s.straight(-t))
}

// straight is the inverse of Hall's transformation, which takes the skewness out of a studentised mean.
func (s spread) straight(x float64) float64 {
	if math.Abs(s.lean) < 1e-6 {
		return x
	}
	return 3 / s.lean * (math.Cbrt(1+s.lean*(x-s.lean/6)) - 1)
}

// gauss is the quantile of the standard normal distribution, p in (0, 1).
func gauss(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }

// folded is the quantile of |N(shift, 1)| for p in [1/2, 1), shift ≥ 0. It lies above shift, by no more than the quantile
// without a shift.
func folded(p, shift float64) float64 {
	lo, hi := shift, shift+gauss(0.5+p/2)
	for range 60 {
		x := (lo + hi) / 2
		if (math.Erf((x-shift)/math.Sqrt2)+math.Erf((x+shift)/math.Sqrt2))/2 < p {
			lo = x
		} else {
			hi = x
		}
	}
	return hi
}

// student is the quantile of Student's distribution for p in (0, 1), p ≥ 1/2, and degrees ≥ 1.
func student(p, degrees float64) float64 {
	z := gauss(p)
	if degrees > 100 { // the expansion of Cornish and Fisher; the next term is below 1e-8
		v, q := degrees, z*z
		return z * (1 + (q+1)/(4*v) + ((5*q+16)*q+3)/(96*v*v) + (((3*q+19)*q+17)*q-15)/(384*v*v*v) +
			((((79*q+776)*q+1482)*q-1920)*q-945)/(92160*v*v*v*v))
	}
	lo, hi := 0.0, 1.0
	for tail(hi, degrees) > 1-p && hi < 1e12 {
		lo, hi = hi, 2*hi
	}
	for range 60 {
		if x := (lo + hi) / 2; tail(x, degrees) > 1-p {
			lo = x
		} else {
			hi = x
		}
	}
	return (lo + hi) / 2
}

// tail is the probability that Student's t with v degrees of freedom exceeds x ≥ 0: half the regularised incomplete beta
// function I(v/(v+x²); v/2, 1/2).
func tail(x, v float64) float64 {
	a, b := v/2, 0.5
	at := v / (v + x*x)
	la, _ := math.Lgamma(a)
	lb, _ := math.Lgamma(b)
	lab, _ := math.Lgamma(a + b)
	front := math.Exp(lab - la - lb + a*math.Log(at) + b*math.Log1p(-at))
	switch {
	case at >= 1:
		return 0.5
	case at < (a+1)/(a+b+2):
		return front * fraction(at, a, b) / a / 2
	}
	return (1 - front*fraction(1-at, b, a)/b) / 2
}

// fraction is the continued fraction of the incomplete beta function, evaluated from the front (Lentz 1976).
func fraction(x, a, b float64) float64 {
	const tiny = 1e-300
	away := func(y float64) float64 {
		if math.Abs(y) < tiny {
			return tiny
		}
		return y
	}
	c, d := 1.0, 1/away(1-(a+b)*x/(a+1))
	f := d
	for k := 1.0; k < 300; k++ {
		even := k * (b - k) * x / ((a + 2*k - 1) * (a + 2*k))
		d, c = 1/away(1+even*d), away(1+even/c)
		f *= d * c
		odd := -(a + k) * (a + b + k) * x / ((a + 2*k) * (a + 2*k + 1))
		d, c = 1/away(1+odd*d), away(1+odd/c)
		step := d * c
		f *= step
		if math.Abs(step-1) < 1e-15 {
			break
		}
	}
	return f
}
