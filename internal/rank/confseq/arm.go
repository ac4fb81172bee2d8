package confseq

import "math"

// Arm is what is kept of the outcomes of one group of people. The zero value is an empty group. It is plain data and can
// be stored as JSON while its outcomes are finite; it is not safe for concurrent use.
type Arm struct {
	// N is the number of people.
	N int64 `json:"n"`
	// NonZero is how many of them have an outcome other than 0, for instance bought. 0 beside an M2 above 0 means that it
	// was not counted.
	NonZero int64 `json:"non_zero,omitempty"`
	// Mean is the mean outcome per person.
	Mean float64 `json:"mean"`
	// M2 is the sum of squared deviations from the mean, in the square of the outcome's unit.
	M2 float64 `json:"m2"`
}

// Add counts one more person with the outcome x (Welford 1962). An x that is not finite spoils the arm: all its
// intervals are then unknown and say why.
func (a *Arm) Add(x float64) {
	a.N++
	if x != 0 {
		a.NonZero++
	}
	d := x - a.Mean
	a.Mean += d / float64(a.N)
	a.M2 += d * (x - a.Mean)
}

// Merge adds the people of b, none of whom may be in a already (Chan, Golub and LeVeque 1982).
func (a *Arm) Merge(b Arm) {
	if b.N == 0 {
		return
	}
	if a.N == 0 {
		*a = b
		return
	}
	n := float64(a.N) + float64(b.N)
	d := b.Mean - a.Mean
	a.M2 += b.M2 + d*d*float64(a.N)/n*float64(b.N)
	a.Mean += d * float64(b.N) / n
	a.N += b.N
	a.NonZero += b.NonZero
}

// Variance is the unbiased estimate of the variance of an outcome; NaN with fewer than two people.
func (a Arm) Variance() float64 {
	if a.N < 2 {
		return math.NaN()
	}
	return a.M2 / float64(a.N-1)
}

// Rate is the arm of n people of whom k, in [0, n], did what is counted: outcomes 1 and 0.
func Rate(k, n int64) Arm {
	if n <= 0 {
		return Arm{}
	}
	k = min(max(k, 0), n)
	p := float64(k) / float64(n)
	return Arm{N: n, NonZero: k, Mean: p, M2: float64(k) * (1 - p)}
}

// sound says whether the numbers can be those of a group at all.
func (a Arm) sound() bool {
	return a.N >= 0 && a.NonZero >= 0 && a.NonZero <= a.N && a.M2 >= 0 && a.M2 <= most && math.Abs(a.Mean) <= most
}

// most is the largest sum that is worked with, so that products of two do not overflow.
const most = 1e150
