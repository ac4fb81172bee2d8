package ope

// The defaults of [Options].
const (
	DefaultConfidence      = 0.95
	DefaultPower           = 0.8
	DefaultLeastEffective  = 100
	DefaultMostUnsupported = 0.01
)

// The names of the estimators, in the order of a report.
const (
	IPS      = "ips"
	SNIPS    = "snips"
	DM       = "dm"
	DR       = "dr"
	SNDR     = "sndr"
	SwitchDR = "switch-dr"
	DROS     = "dros"
)

// Options say what is asked of a log. The zero value is the defaults.
type Options struct {
	// Confidence of the intervals, in [0.5, 1).
	Confidence float64
	// Power is the probability, in (0, 1), with which [Difference].Detectable is to be found.
	Power float64
	// LeastEffective is how large the effective numbers of rows and of units must be for a conclusion.
	LeastEffective float64
	// MostUnsupported is the largest mean probability, in (0, 1], of actions that the logger never takes.
	MostUnsupported float64
	// Bound is how far the reward to be expected of an action may lie from its prediction, in the unit of rewards. It
	// enters the bias bounds of switch-dr and dros. 0: the largest distance of a logged reward from its prediction.
	Bound float64
}

func (o Options) withDefaults() Options {
	if !(o.Confidence >= 0.5 && o.Confidence < 1) {
		o.Confidence = DefaultConfidence
	}
	o.Confidence = min(o.Confidence, 1-1e-9)
	if !(o.Power > 0 && o.Power < 1) {
		o.Power = DefaultPower
	}
	if !(o.LeastEffective > 0) {
		o.LeastEffective = DefaultLeastEffective
	}
	if !(o.MostUnsupported > 0) {
		o.MostUnsupported = DefaultMostUnsupported
	}
	if !(o.Bound > 0) {
		o.Bound = 0
	}
	return o
}

// Report is what a log says about a target policy.
type Report struct {
	// Rows and Units count the log.
	Rows, Units int
	// Estimates has one entry per estimator, in the order of the constants; nil without rows or with malformed ones.
	Estimates   []Estimate
	Diagnostics Diagnostics
	// Refusal says why no conclusion may be drawn; its zero value allows one. Estimates are there all the same, to find
	// out what is wrong.
	Refusal Refusal
}

// Estimate returns the estimate of that name.
func (r Report) Estimate(name string) (Estimate, bool) {
	for _, e := range r.Estimates {
		if e.Name == name {
			return e, true
		}
	}
	return Estimate{}, false
}

// Estimate is the value of the target policy per row, in the unit of rewards, by one estimator.
type Estimate struct {
	Name  string
	Value float64
	// Low and High are the ends of the confidence interval; infinite with a single unit, or where an estimator that divides
	// by the sum of weights has none.
	Low, High float64
	// StdErr is the standard error of Value, clustered by unit, and Degrees its degrees of freedom.
	StdErr, Degrees float64
	// Bias is the bound on the bias that the interval of switch-dr and dros counts in; else 0.
	Bias float64
	// Tuned is the τ of switch-dr or the λ of dros that was chosen; else 0. At the largest weight, or a million times its
	// square, the estimator is that of dr.
	Tuned float64
}

// Diagnostics say what a log is good for.
type Diagnostics struct {
	// EffectiveRows is (Σw)²/Σw² over rows (Kish 1965): as many rows logged by the target itself would say about as much.
	// EffectiveUnits is the same over units, with the weights of each summed: no rows help that are one customer's.
	EffectiveRows, EffectiveUnits float64
	// ExpectedRows is what EffectiveRows should be by the probabilities of all actions, known where rows list them. It warns
	// when the heaviest weights have by chance not been drawn yet, which flatters the log. Without lists it is EffectiveRows.
	ExpectedRows float64
	// MaxWeight is the largest weight target/propensity.
	MaxWeight float64
	// TopShare is the share, in [0, 1], of all weight that the heaviest hundredth of the rows (at least one) carries.
	TopShare float64
	// MeanWeight is the mean weight, which is 1 − Unsupported in expectation if the propensities are right, and
	// MeanWeightLow and MeanWeightHigh its interval.
	MeanWeight, MeanWeightLow, MeanWeightHigh float64
	// Unsupported is the mean probability, in [0, 1], with which the target takes actions that the logger never takes.
	Unsupported float64
}

// Code is the machine-readable cause of a [Refusal].
type Code string

// The causes, gravest first.
const (
	CodeMalformed   Code = "MALFORMED_ROWS"    // numbers that cannot be; the error says which
	CodeNoRows      Code = "NO_ROWS"           // nothing was logged
	CodeUnsupported Code = "UNSUPPORTED"       // the target does what the log has never seen
	CodeTooFew      Code = "TOO_FEW"           // the effective number of rows or of units is too small
	CodeMeanWeight  Code = "PROPENSITIES_OFF"  // the mean weight shows that propensities are wrong
	CodeOtherRows   Code = "ROWS_DO_NOT_MATCH" // two targets are compared on different logs
)

// Refusal says that and why a log allows no conclusion. The zero value allows one.
type Refusal struct {
	Code Code
	// Message is a sentence or two for the marketer who asked.
	Message string
}

// Refused says whether there is a refusal.
func (r Refusal) Refused() bool { return r.Code != "" }
