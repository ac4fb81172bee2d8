package rank

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

// node is a pair of nodes ±x of a Gauss-Legendre rule on [−1, 1], each with weight w.
type node struct{ x, w float64 }
