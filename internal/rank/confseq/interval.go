package confseq

import (
	"fmt"
	"math"
)

// The defaults of [Options].
const (
	DefaultConfidence   = 0.95
	DefaultPlanned      = 20_000
	DefaultLeastUnits   = 50
	DefaultLeastNonZero = 20
)

// pooling is the number of people of the common variance that count towards the variance of either group.
const pooling = 1000

// Options say how an interval is made. They must stay as they are during a test: choosing them by its results undoes
// the promise. The zero value is the defaults.
type Options struct {
	// Confidence is the probability, in (0, 1), that no interval of the whole test leaves the truth out.
	Confidence float64
	// Planned is the number of people, of both groups together, at which the interval is to be narrowest for its size.
	// A guess within a factor of five costs at most a fifth of the width.
	Planned int64
	// ControlShare, in (0, 1), is the planned share of the control. Set, the interval also holds when shares change
	// during the test. 0: shares stay the same, whatever they are. It does not matter to [Mean].
	ControlShare float64
	// LeastUnits is how many people each group must have before there is an interval, LeastNonZero how many outcomes
	// other than 0 (where they were counted). A negative number asks for none.
	LeastUnits, LeastNonZero int64
}

func (o Options) withDefaults() Options {
	if !(o.Confidence > 0 && o.Confidence < 1) {
		o.Confidence = DefaultConfidence
	}
	if o.Planned <= 0 {
		o.Planned = DefaultPlanned
	}
	if !(o.ControlShare > 0 && o.ControlShare < 1) {
		o.ControlShare = 0
	}
	if o.LeastUnits == 0 {
		o.LeastUnits = DefaultLeastUnits
	}
	if o.LeastNonZero == 0 {
		o.LeastNonZero = DefaultLeastNonZero
	}
	return o
}

// Interval is an estimate and what may be said about the truth at this look and every other.
type Interval struct {
	// Value is the estimate, in the unit of the outcome per person ([Lift]: a share, 0.1 for a tenth more). It is 0 while
	// an arm it needs is empty.
	Value float64
	// Low and High bound the truth; infinite while Known is false.
	Low, High float64
	// StdErr is the standard error of Value, as at a single look, without pooling; 0 for [Lift] and while Known is false.
	StdErr float64
	// Known is false while too little is known for any statement.
	Known bool
	// Why says, in a sentence for the person who watches the test, what is missing; "" when Known.
	Why string
}

// Width is the distance of the ends, infinite while the interval is not known.
func (i Interval) Width() float64 { return i.High - i.Low }

// Excludes says whether x lies outside; 0 is the x of "no difference". Who stops a test without a difference at the first
// look at which 0 is outside is wrong with probability one minus the confidence.
func (i Interval) Excludes(x float64) bool { return x < i.Low || x > i.High }

func unknown(value float64, format string, args ...any) Interval {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		value = 0
	}
	return Interval{Value: value, Low: math.Inf(-1), High: math.Inf(1), Why: fmt.Sprintf(format, args...)}
}

// Mean is the interval for the mean outcome of one group.
func Mean(a Arm, o Options) Interval {
	o = o.withDefaults()
	if why := o.missing("the group", a); why != "" {
		return unknown(a.Mean, "%s", why)
	}
	squared := a.Variance() / float64(a.N)
	margin := math.Sqrt(squared * o.factor(float64(a.N)/float64(o.Planned)))
	return known(a.Mean, margin, math.Sqrt(squared))
}

// Difference is the interval for the mean of treated minus that of control.
func Difference(treated, control Arm, o Options) Interval {
	o = o.withDefaults()
	value := treated.Mean - control.Mean
	if why := o.missingOf(treated, control); why != "" {
		return unknown(value, "%s", why)
	}
	t, c := o.margins(treated, control)
	stderr := math.Sqrt(treated.Variance()/float64(treated.N) + control.Variance()/float64(control.N))
	return known(value, math.Sqrt(t+c), stderr)
}

// Lift is the interval for the mean of treated over that of control, minus 1: by what share treatment raises the mean.
// It is unknown until the mean of the control is above 0 beyond doubt.
func Lift(treated, control Arm, o Options) Interval {
	o = o.withDefaults()
	value := treated.Mean/control.Mean - 1
	if why := o.missingOf(treated, control); why != "" {
		return unknown(value, "%s", why)
	}
	t, c := o.margins(treated, control)
	// All r with (mT − r·mC)² ≤ t + r²·c, in units of the control's mean: Fieller.
	ratio := treated.Mean / control.Mean
	c /= control.Mean * control.Mean
	t /= control.Mean * control.Mean
	if !(control.Mean > 0 && c < 1) {
		return unknown(value, "The mean of the control cannot be told apart from 0 yet, so nothing can be said in percent of it.")
	}
	half := math.Sqrt((1-c)*t + ratio*ratio*c)
	return Interval{Value: value, Low: (ratio-half)/(1-c) - 1, High: (ratio+half)/(1-c) - 1, Known: true}
}

func known(value, margin, stderr float64) Interval {
	return Interval{Value: value, Low: value - margin, High: value + margin, StdErr: stderr, Known: true}
}

// margins returns t and c so that p·mT + q·mC is within √(p²·t + q²·c) of the truth at every look.
func (o Options) margins(treated, control Arm) (t, c float64) {
	nt, nc := float64(treated.N), float64(control.N)
	pooled := (treated.M2 + control.M2) / max(1, nt+nc-2)
	t, c = o.variance(treated, pooled)/nt, o.variance(control, pooled)/nc
	planned := float64(o.Planned)
	if o.ControlShare == 0 {
		factor := o.factor((nt + nc) / planned)
		return t * factor, c * factor
	}
	best := peak(o.Confidence, 2)
	xt, xc := best*nt/(planned*(1-o.ControlShare)), best*nc/(planned*o.ControlShare)
	both := math.Log1p(xt) + math.Log1p(xc) - 2*math.Log(1-o.Confidence)
	return t * both * (1 + 1/xt), c * both * (1 + 1/xc)
}

// variance is that of an arm, at least as large as with some people more of the pooled variance.
func (o Options) variance(a Arm, pooled float64) float64 {
	return max(a.Variance(), (a.M2+pooling*pooled)/(float64(a.N-1)+pooling))
}

// factor is the square of what the standard error is multiplied with when done, the share of the planned people, is in.
func (o Options) factor(done float64) float64 {
	x := done * peak(o.Confidence, 1)
	return (1 + 1/x) * (math.Log1p(x) - 2*math.Log(1-o.Confidence))
}

// peak is where the boundary of a mixture over arms is narrowest for its size: x = ln(1+x) + 2·ln(1/α)/arms. The steps
// shrink by 1/(1+x) each; that they stop early for a tiny confidence costs width, not validity.
func peak(confidence float64, arms int) float64 {
	level := -2 * math.Log(1-confidence) / float64(arms)
	x := level + 2
	for range 60 {
		last := x
		if x = level + math.Log1p(x); math.Abs(x-last) < 1e-12 {
			break
		}
	}
	return x
}

func (o Options) missingOf(treated, control Arm) string {
	if why := o.missing("the treated group", treated); why != "" {
		return why
	}
	return o.missing("the control group", control)
}

// missing says what an arm lacks, "" if nothing.
func (o Options) missing(name string, a Arm) string {
	switch {
	case !a.sound():
		return fmt.Sprintf("The numbers of %s are not those of finite outcomes.", name)
	case a.N < max(2, o.LeastUnits):
		return fmt.Sprintf("Too early: %s has %d people so far, %d are needed.", name, a.N, max(2, o.LeastUnits))
	case a.M2 == 0:
		return fmt.Sprintf("Too early: all outcomes in %s are the same so far.", name)
	case a.NonZero > 0 && a.NonZero < o.LeastNonZero:
		return fmt.Sprintf("Too early: %d people in %s have an outcome other than 0 so far, %d are needed.", a.NonZero, name, o.LeastNonZero)
	}
	return ""
}
