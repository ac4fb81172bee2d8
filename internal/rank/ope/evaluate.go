package ope

import (
	"fmt"
	"math"
	"slices"
)

// doubt is the confidence with which the mean weight must differ from 1 before propensities are called wrong, and
// harmless how far it may be from 1 without mattering.
const (
	doubt    = 0.999
	harmless = 0.01
)

// Evaluate says what the target policy of rows would have earned per row. The error is a [*veiviser.Error] that names
// the first malformed number; the report is then empty but for its Refusal. A log without rows is no error, only a
// Refusal. It is safe for concurrent use, keeps nothing of rows and takes about 0.3 µs per row of
// five actions.
func Evaluate(rows []Row, o Options) (Report, error) {
	o = o.withDefaults()
	r := Report{Rows: len(rows)}
	if err := check(rows); err != nil {
		r.Refusal = malformed(err)
		return r, err
	}
	if len(rows) == 0 {
		r.Refusal = Refusal{CodeNoRows, "Nothing has been logged yet that could be evaluated."}
		return r, nil
	}
	s := newSample(rows, o)
	r.Units, r.Estimates = s.units, s.estimates()
	r.Diagnostics, r.Refusal = s.judge()
	return r, nil
}

func malformed(err error) Refusal {
	return Refusal{CodeMalformed, "The log holds numbers that cannot be, so nothing can be concluded from it: " + err.Error()}
}

func (s *sample) estimates() []Estimate {
	inverse := make([]float64, s.n) // w·r
	for i, w := range s.weight {
		inverse[i] = w * s.reward[i]
	}
	return []Estimate{
		s.mean(IPS, inverse),
		s.ratio(SNIPS, s.reward, nil),
		s.mean(DM, s.predicted),
		s.mean(DR, s.robust(make([]float64, s.n))),
		s.ratio(SNDR, s.residual, s.predicted),
		s.tuned(SwitchDR),
		s.tuned(DROS),
	}
}

// robust fills xs with the summands of the doubly robust estimator.
func (s *sample) robust(xs []float64) []float64 {
	for i, w := range s.weight {
		xs[i] = s.predicted[i] + w*s.residual[i]
	}
	return xs
}

// mean estimates by the mean of xs.
func (s *sample) mean(name string, xs []float64) Estimate {
	m := mean(xs)
	return s.estimate(Estimate{Name: name, Value: m}, s.spread(func(i int) float64 { return xs[i] - m }))
}

// ratio estimates by Σ w·x / Σ w, plus the mean of base unless that is nil.
func (s *sample) ratio(name string, xs, base []float64) Estimate {
	level, quotient := 0.0, 0.0
	if base != nil {
		level = mean(base)
	}
	for i, w := range s.weight {
		quotient += w * xs[i]
	}
	if s.meanW == 0 {
		return Estimate{Name: name, Value: level, Low: math.Inf(-1), High: math.Inf(1)}
	}
	quotient /= s.meanW * float64(s.n)
	return s.estimate(Estimate{Name: name, Value: level + quotient}, s.spread(func(i int) float64 {
		x := s.weight[i] * (xs[i] - quotient) / s.meanW
		if base != nil {
			x += base[i] - level
		}
		return x
	}))
}

// estimate completes e by what its influences say. A single unit says nothing about how units differ.
func (s *sample) estimate(e Estimate, by spread) Estimate {
	down, up := by.ends(s.o.Confidence, e.Bias)
	e.Low, e.High, e.StdErr, e.Degrees = e.Value-down, e.Value+up, by.stderr, by.degrees
	if math.IsNaN(e.StdErr) {
		e.StdErr = 0
	}
	return e
}

// judge works out the diagnostics and whether a conclusion may be drawn.
func (s *sample) judge() (d Diagnostics, r Refusal) {
	sum, squares := 0.0, 0.0
	clear(s.sums)
	for i, w := range s.weight {
		sum, squares = sum+w, squares+w*w
		s.sums[s.unit[i]] += w
	}
	byUnit := 0.0
	for _, w := range s.sums {
		byUnit += w * w
	}
	if squares > 0 {
		d.EffectiveRows, d.EffectiveUnits = sum*sum/squares, sum*sum/byUnit
		sorted := slices.Sorted(slices.Values(s.weight))
		d.MaxWeight = sorted[s.n-1]
		for _, w := range sorted[s.n-max(1, s.n/100):] {
			d.TopShare += w / sum
		}
	}
	mass, square := 0.0, 0.0
	for _, p := range s.pairs {
		mass, square = mass+p.mass, square+p.mass*p.weight
	}
	if square > 0 {
		d.ExpectedRows = mass * mass / square
	}
	d.Unsupported = mean(s.lost)
	weight := s.mean("", s.weight)
	d.MeanWeight, d.MeanWeightLow, d.MeanWeightHigh = weight.Value, weight.Low, weight.High
	return d, s.refusal(&d)
}

func (s *sample) refusal(d *Diagnostics) Refusal {
	if d.Unsupported > s.o.MostUnsupported {
		return Refusal{CodeUnsupported, fmt.Sprintf("In %.1f %% of cases the new plan would show something that the log has never tried "+
			"in that situation; at most %.1f %% is allowed. Try those things on a part of the visitors first.",
			100*d.Unsupported, 100*s.o.MostUnsupported)}
	}
	if e := min(d.EffectiveRows, d.ExpectedRows, d.EffectiveUnits); e < s.o.LeastEffective {
		what := "decisions"
		if d.EffectiveUnits < min(d.EffectiveRows, d.ExpectedRows) {
			what = "customers"
		}
		return Refusal{CodeTooFew, fmt.Sprintf("The log is worth only about %.0f %s of the new plan; %.0f are needed. Wait for more, let "+
			"the current plan explore more, or evaluate a plan that is closer to it.", e, what, math.Ceil(s.o.LeastEffective))}
	}
	off := d.MeanWeight + d.Unsupported - 1
	down, up := s.spread(func(i int) float64 { return s.weight[i] + s.lost[i] - d.MeanWeight - d.Unsupported }).ends(doubt, 0)
	if off > max(harmless, down) || -off > max(harmless, up) {
		return Refusal{CodeMeanWeight, fmt.Sprintf("The logged probabilities cannot be right: weights that should be %.3f on average are "+
			"%.3f. Have the logging checked before anything is concluded from it.", 1-d.Unsupported, d.MeanWeight)}
	}
	return Refusal{}
}
