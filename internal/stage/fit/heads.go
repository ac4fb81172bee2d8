package fit

import (
	"context"
	"errors"
	"fmt"
	"math"
)

// Table is what was known of visitors at N moments, and how much each counts.
type Table struct {
	// N is the number of rows, D that of covariates.
	N, D int
	// X are the covariates, row by row.
	X []float32
	// Visitor and Fold are by row; all rows of a visitor have the same fold.
	Visitor []int32
	Fold    []uint8
	// Weight is by row; nil counts all alike.
	Weight []float64
}

// HeadOptions say how a head is fitted; the zero value is sensible.
type HeadOptions struct {
	// Grid are the penalties to choose from; nil is seven from 300 to 30,000.
	Grid []float64
	// Rows bounds what the choice of the penalty is made on, by leaving out visitors; 0 is 60,000.
	Rows int
	// Workers is the number of goroutines, 1 or 2; 0 is 2. The result does not depend on it.
	Workers int
}

// Fitted is a head for one event type later in the visit.
type Fitted struct {
	// Bias and Weights are over standardised covariates, calibration included.
	Bias    float64
	Weights []float64
	// Lambda is the penalty that was chosen: +Inf when the labels never vary and the weights are the prior's.
	Lambda float64
	// Slope is what calibration multiplied the log-odds with.
	Slope float64
	// OOF is each row's calibrated probability, from a head that was fitted without the row's fold. On a table of more than
	// HeadOptions.Rows only the rows of the first fold have one; the others are not a number.
	OOF []float64
}

// FittedClasses are the heads of a set of events of which exactly one comes next.
type FittedClasses struct {
	// Bias and Weights are by class, over standardised covariates, calibration included.
	Bias    []float64
	Weights [][]float64
	// Lambda and Slope are as in Fitted.
	Lambda, Slope float64
	// OOF are the probabilities as in Fitted, row by row, all classes of a row together.
	OOF []float64
}

// Standardise gives the mean and the standard deviation of each covariate, 1 for one that does not vary. What is no
// number counts as absent.
func Standardise(t *Table) (mean, sd []float64) {
	mean, sd = make([]float64, t.D), make([]float64, t.D)
	count, shift, first := make([]float64, t.D), make([]float64, t.D), make([]bool, t.D)
	for i := range t.N {
		for j, x := range t.X[i*t.D : (i+1)*t.D] {
			x := float64(x)
			if math.IsNaN(x) || math.IsInf(x, 0) {
				continue
			}
			if !first[j] { // sums around a value of the column, so that little cancels
				first[j], shift[j] = true, x
			}
			x -= shift[j]
			count[j]++
			mean[j] += x
			sd[j] += x * x
		}
	}
	for j := range mean {
		if count[j] == 0 {
			sd[j] = 1
			continue
		}
		m := mean[j] / count[j]
		mean[j] = shift[j] + m
		sd[j] = math.Sqrt(max(0, sd[j]/count[j]-m*m))
		if !(sd[j] > 1e-9*(1+math.Abs(mean[j]))) {
			sd[j] = 1
		}
	}
	return mean, sd
}

// Logistic fits the chance that y holds, around the weights prior (nil is zero). priorBias matters only where y never
// varies: it is worth one observation.
func Logistic(
	ctx context.Context, t *Table, mean, sd []float64, y []bool, prior []float64, priorBias float64, o HeadOptions,
) (Fitted, error) {
	label := make([]uint8, len(y))
	for i, is := range y {
		if is {
			label[i] = 1
		}
	}
	centre := make([]float64, t.D+1)
	if prior != nil && len(prior) != t.D {
		return Fitted{}, fmt.Errorf("fit: %d prior weights for %d covariates", len(prior), t.D)
	}
	copy(centre, prior)
	centre[t.D] = priorBias
	h := &head{outputs: 1, centre: centre, o: o}
	if err := h.fit(ctx, t, mean, sd, label); err != nil {
		return Fitted{}, err
	}
	return Fitted{Bias: h.theta[t.D], Weights: h.theta[:t.D:t.D], Lambda: h.lambda, Slope: h.slope, OOF: h.oof}, nil
}

// Softmax fits the chances that each of so many classes is next, around the weights prior and the biases priorBias (nil
// is zero), both by class. Weights and biases of the result are relative: only differences between classes count.
func Softmax(
	ctx context.Context, t *Table, mean, sd []float64, next []uint8, classes int,
	prior [][]float64, priorBias []float64, o HeadOptions,
) (FittedClasses, error) {
	if classes < 2 {
		return FittedClasses{}, fmt.Errorf("fit: %d classes, at least two are needed", classes)
	}
	if prior != nil && len(prior) != classes || priorBias != nil && len(priorBias) != classes {
		return FittedClasses{}, fmt.Errorf("fit: priors for %d and %d classes of %d", len(prior), len(priorBias), classes)
	}
	p := t.D + 1
	centre := make([]float64, classes*p)
	for k := range prior {
		if len(prior[k]) != t.D {
			return FittedClasses{}, fmt.Errorf("fit: %d prior weights for %d covariates", len(prior[k]), t.D)
		}
		copy(centre[k*p:], prior[k])
	}
	for k := range priorBias {
		centre[k*p+t.D] = priorBias[k]
	}
	h := &head{outputs: classes, centre: centre, o: o}
	if err := h.fit(ctx, t, mean, sd, next); err != nil {
		return FittedClasses{}, err
	}
	f := FittedClasses{Lambda: h.lambda, Slope: h.slope, OOF: h.oof}
	mid := 0.0
	for k := range classes {
		mid += h.theta[k*p+t.D] / float64(classes)
	}
	for k := range classes {
		f.Weights = append(f.Weights, h.theta[k*p:k*p+t.D:k*p+t.D])
		f.Bias = append(f.Bias, h.theta[k*p+t.D]-mid)
	}
	return f, nil
}

// check refuses a table that cannot be fitted.
func (t *Table) check(mean, sd []float64, label []uint8, outputs int) error {
	switch {
	case t.N < 1 || t.D < 0 || len(t.X) != t.N*t.D:
		return fmt.Errorf("fit: a table of %d rows and %d covariates has %d values", t.N, t.D, len(t.X))
	case len(t.Visitor) != t.N || len(t.Fold) != t.N || len(label) != t.N || t.Weight != nil && len(t.Weight) != t.N:
		return errors.New("fit: visitors, folds, weights and labels must be one for each row")
	case len(mean) != t.D || len(sd) != t.D:
		return errors.New("fit: means and deviations must be one for each covariate")
	}
	for _, s := range sd {
		if !(s > 0) {
			return fmt.Errorf("fit: a standard deviation is %v", s)
		}
	}
	for i, l := range label {
		if int(l) >= max(2, outputs) {
			return fmt.Errorf("fit: row %d is of class %d", i, l)
		}
	}
	for i, w := range t.Weight {
		if !(w >= 0) || math.IsInf(w, 1) {
			return fmt.Errorf("fit: the weight of row %d is %v", i, w)
		}
	}
	return nil
}
