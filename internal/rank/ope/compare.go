package ope

import (
	"fmt"
	"math"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Difference is how much more one target policy earns than another, by the doubly robust estimator on the same rows:
// what chance did to both cancels.
type Difference struct {
	// Value is the first target's value minus the second's per row, in the unit of rewards; Low and High are the ends of
	// its confidence interval, infinite with a single unit.
	Value, Low, High float64
	// StdErr is the standard error of Value, clustered by unit, and Degrees its degrees of freedom.
	StdErr, Degrees float64
	// Detectable is the smallest difference, either way, that a log like this would find with the probability Options.Power.
	// Targets that are closer cannot be told apart, whatever Value is. Infinite with a single unit.
	Detectable float64
	// Refusal says why no conclusion may be drawn on one of the two; its zero value allows one.
	Refusal Refusal
}

// CanTell says whether the interval leaves 0 out and a conclusion is allowed.
func (d Difference) CanTell() bool { return !d.Refusal.Refused() && (d.Low > 0 || d.High < 0) }

// Compare is the difference of the target of a and that of b. Both must hold the same rows, so that only Target, QTarget,
// Unsupported and the targets in Actions differ. Errors are those of [Evaluate], or say which row is not the same.
func Compare(a, b []Row, o Options) (Difference, error) {
	o = o.withDefaults()
	if err := sameRows(a, b); err != nil {
		return Difference{Refusal: Refusal{CodeOtherRows, "The two plans are not evaluated on the same log: " + err.Error()}}, err
	}
	for _, rows := range [][]Row{a, b} {
		if err := check(rows); err != nil {
			return Difference{Refusal: malformed(err)}, err
		}
	}
	if len(a) == 0 {
		return Difference{Refusal: Refusal{CodeNoRows, "Nothing has been logged yet that could be compared."}}, nil
	}
	s, other := newSample(a, o), newSample(b, o)
	xs := s.robust(make([]float64, s.n))
	for i, x := range other.robust(make([]float64, s.n)) {
		xs[i] -= x
	}
	e := s.mean("", xs)
	d := Difference{Value: e.Value, Low: e.Low, High: e.High, StdErr: e.StdErr, Degrees: e.Degrees, Detectable: math.Inf(1)}
	if s.units > 1 {
		d.Detectable = (e.High-e.Low)/2 + gauss(o.Power)*e.StdErr
	}
	for i, s := range []*sample{s, other} {
		if _, r := s.judge(); r.Refused() && !d.Refusal.Refused() {
			d.Refusal = Refusal{r.Code, [...]string{"First plan: ", "Second plan: "}[i] + r.Message}
		}
	}
	return d, nil
}

func sameRows(a, b []Row) error {
	if len(a) != len(b) {
		return veiviser.Invalid(veiviser.ReasonInvalidField, "rows", "there are %d rows for one target and %d for the other", len(a), len(b))
	}
	for i := range a {
		x, y := &a[i], &b[i]
		// Compared as bits, so that a NaN is left for check to name.
		if x.Unit != y.Unit || math.Float64bits(x.Reward) != math.Float64bits(y.Reward) ||
			math.Float64bits(x.Propensity) != math.Float64bits(y.Propensity) {
			return veiviser.Invalid(veiviser.ReasonInvalidField, fmt.Sprintf("rows[%d]", i), "unit, reward or propensity is not the same for both targets")
		}
	}
	return nil
}
