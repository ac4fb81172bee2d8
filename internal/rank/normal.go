package rank

import (
	"math"
	"math/rand/v2"
)

// The standard normal distribution function is read from a table of cubics, one per cell of a sixteenth of a standard
// deviation from −8 to 8, that meet the function and its density at both ends of the cell. The error is below 6e-8.
const (
	cells        = 256
	cellsPerUnit = 16
)

// cdf is the standard normal distribution function Φ(z).
func cdf(z float64) float64 {
	t := z*cellsPerUnit + cells/2
	switch {
	case t >= cells:
		return 1
	case !(t >= 0):
		return 0
	}
	k := int(t)
	f := t - float64(k)
	c := &normalCells[k&(cells-1)]
	return c[0] + f*(c[1]+f*(c[2]+f*c[3]))
}

// uniform is one draw from the open interval (0, 1). A normal draw is its quantile: one number of the source for one
// draw, so that replay depends on the documented generator alone and not on how a library samples.
func uniform(pcg *rand.PCG) float64 {
	return (float64(pcg.Uint64()>>11) + 0.5) / (1 << 53)
}

// quantileError is more than cdf and quantile together ever miss, as a probability.
const quantileError = 1e-6

// quantile is the inverse of the standard normal distribution function for p in (0, 1), to one part in ten million:
// PPND7 of Wichura, Algorithm AS 241, Applied Statistics 37 (1988).
func quantile(p float64) float64 {
	q := p - 0.5
	if math.Abs(q) <= 0.425 {
		r := 0.180625 - q*q
		return q * (((59.109374720*r+159.29113202)*r+50.434271938)*r + 3.3871327179) /
			(((67.187563600*r+78.757757664)*r+17.895169469)*r + 1)
	}
	r := math.Sqrt(-math.Log(min(p, 1-p)))
	var z float64
	if r <= 5 {
		r -= 1.6
		z = (((0.17023821103*r+1.3067284816)*r+2.7568153900)*r + 1.4234372777) / ((0.12021132975*r+0.73700164250)*r + 1)
	} else {
		r -= 5
		z = (((0.017337203997*r+0.42868294337)*r+3.0812263860)*r + 6.6579051150) / ((0.012258202635*r+0.24197894225)*r + 1)
	}
	return math.Copysign(z, q)
}

// node is a pair of nodes ±x of a Gauss-Legendre rule on [−1, 1], each with weight w.
type node struct{ x, w float64 }
