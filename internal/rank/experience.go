package rank

import (
	"encoding/binary"
	"math"
	"time"
)

// Feature is one active feature of an observation: the weight it belongs to, its value, and the prior of the weight.
type Feature struct {
	// Key names the weight; never 0. See [Key].
	Key uint64
	// X is the value, 1 for a plain indicator.
	X float64
	// Mean and Var are the prior belief about the weight.
	Mean, Var float64
}

// Experience is what was observed of usefulness: a Gaussian belief over the weights of sparse features, kept as evidence
// beside priors that may change. An observation y of active features x is taken to be
//
//	y = Σ xᵢ·wᵢ + ε,   wᵢ ~ N(mᵢ, vᵢ) independent,   ε ~ N(0, σ²)
//
// and updates every active weight in closed form as if the others were as uncertain as they are and independent (assumed
// density filtering, as in Opper 1998 and, for sparse features, Graepel and others 2010):
//
//	dᵢ = σ² + Σ_{j≠i} xⱼ²·vⱼ     λᵢ += xᵢ²/dᵢ     ηᵢ += xᵢ·(y − Σ_{j≠i} xⱼ·mⱼ)/dᵢ
//
// Evidence loses half its weight in every half life, so that a weight nothing is observed about goes back to its prior and
// its variance grows again. The noise σ² is estimated along the way. It is not safe for concurrent use.
type Experience struct {
	weights  table
	halfLife time.Duration
	// epoch is the time at which stored evidence counts 1; later evidence is stored larger instead of shrinking all the rest.
	epoch time.Time
	now   time.Time
	// noise sums squared residuals beyond what the beliefs explain, and how many.
	noise, noiseWeight float64
	rows               uint64
	version            uint64
}

// How the noise is estimated: as if priorNoiseRows rows had shown priorNoise, the last noiseMemory rows or so counting.
const (
	priorNoise     = 0.09 // that of a yes or no with a chance of one in ten
	priorNoiseRows = 20
	noiseMemory    = 5000
	smallestNoise  = 1e-9
)

// NewExperience knows nothing yet. halfLife 0 forgets nothing.
func NewExperience(halfLife time.Duration) *Experience {
	return &Experience{halfLife: halfLife, noise: priorNoise * priorNoiseRows, noiseWeight: priorNoiseRows}
}

// Forget changes the half life; what was observed keeps the weight it has.
func (x *Experience) Forget(halfLife time.Duration) {
	if halfLife != x.halfLife {
		x.rebase()
		x.halfLife = halfLife
	}
}

// Advance moves the clock of forgetting; it never goes back.
func (x *Experience) Advance(now time.Time) {
	if !now.After(x.now) {
		return
	}
	if x.epoch.IsZero() {
		x.epoch = now
	}
	x.now = now
	if x.scale() < 1e-6 {
		x.rebase()
	}
}

// scale is what stored evidence is worth now.
func (x *Experience) scale() float64 {
	if x.halfLife <= 0 {
		return 1
	}
	return math.Exp2(-x.now.Sub(x.epoch).Seconds() / x.halfLife.Seconds())
}

// rebase makes now the epoch, dropping what counts for nothing any more.
func (x *Experience) rebase() {
	s := x.scale()
	x.weights.forget(s)
	for i := range x.weights.slots {
		x.weights.slots[i].eta *= s
		x.weights.slots[i].lambda *= s
	}
	x.epoch = x.now
}

// Noise is the variance of an observation around what is expected.
func (x *Experience) Noise() float64 { return max(x.noise/x.noiseWeight, smallestNoise) }

// Rows is how many observations were folded in.
func (x *Experience) Rows() uint64 { return x.rows }

// Version grows with every change.
func (x *Experience) Version() uint64 { return x.version }

// Weights is how many weights something is known about.
func (x *Experience) Weights() int { return x.weights.n }

// Now is the moment up to which forgetting is brought up to date.
func (x *Experience) Now() time.Time { return x.now }

// Predict is the belief about Σ xᵢ·wᵢ.
func (x *Experience) Predict(fs []Feature) (mean, variance float64) {
	s := x.scale()
	for i := range fs {
		f := &fs[i]
		m, v := f.Mean, f.Var
		if e := x.weights.find(f.Key); e != nil {
			m, v = e.under(m, v, s)
		}
		mean += f.X * m
		variance += f.X * f.X * v
	}
	return mean, variance
}

// Observe folds in that y was observed.
func (x *Experience) Observe(fs []Feature, y float64) {
	mean, variance := x.Predict(fs)
	r := y - mean
	x.noise += max(r*r-variance, 0)
	x.noiseWeight++
	if x.noiseWeight > noiseMemory {
		x.noise *= 0.5
		x.noiseWeight *= 0.5
	}
	x.update(fs, r, variance, x.Noise())
}

// ObserveWith folds in that y was observed, where the caller knows better than [Experience.Noise] how far observations lie
// around what is expected, as when some things are noisier than others. noise > 0 is that variance, in the unit of the
// priors' variances; if these count in some unit of the rewards' variance, then so do noise and the variances of
// [Experience.Predict]. The estimate of the noise takes nothing from it.
func (x *Experience) ObserveWith(fs []Feature, y, noise float64) {
	mean, variance := x.Predict(fs)
	x.update(fs, y-mean, variance, max(noise, smallestNoise))
}

// Expect folds in an observation that is still to come, as if it were to be what is expected: the beliefs get surer and stay
// where they are (as in batch Gaussian process bandits, Desautels, Krause, Burdick 2014). [Experience.Correct] makes up for
// the difference when it has come.
func (x *Experience) Expect(fs []Feature) {
	_, variance := x.Predict(fs)
	x.update(fs, 0, variance, x.Noise())
}

// update adds an observation that lies r above what is expected.
func (x *Experience) update(fs []Feature, r, variance, noise float64) {
	s := x.scale()
	total := noise + variance
	for i := range fs {
		f := &fs[i]
		if f.X == 0 || f.Var <= 0 {
			continue
		}
		e := x.weights.add(f.Key)
		m, v := e.under(f.Mean, f.Var, s)
		d := (total - f.X*f.X*v) * s // stored larger, as it counts fully now
		e.lambda += f.X * f.X / d
		e.eta += f.X * (r + f.X*m) / d
	}
	x.rows++
	x.version++
}

// Correct moves the beliefs by a part of an expected observation that has come out, which is r more than expected now. The
// beliefs get no surer: [Experience.Expect] has made them so.
func (x *Experience) Correct(fs []Feature, r float64) {
	if r == 0 {
		return
	}
	s := x.scale()
	_, variance := x.Predict(fs)
	total := x.Noise() + variance
	for i := range fs {
		f := &fs[i]
		if f.X == 0 || f.Var <= 0 {
			continue
		}
		e := x.weights.add(f.Key)
		_, v := e.under(f.Mean, f.Var, s)
		e.eta += f.X * r / ((total - f.X*f.X*v) * s)
	}
	x.version++
}

// Surprise tells the estimate of the noise how far a part of an observation lay from what was expected of it; share is what
// the part is of a whole one.
func (x *Experience) Surprise(r, share float64) {
	x.noise += r * r
	x.noiseWeight += share
	if x.noiseWeight > noiseMemory {
		x.noise, x.noiseWeight = x.noise/2, x.noiseWeight/2
	}
}

// Learned is the state as it is now, for scoring. It shares nothing with x.
func (x *Experience) Learned() *Learned {
	return &Learned{weights: x.weights.clone(), scale: x.scale(), version: x.version}
}

// experienceLayout is the first byte of what AppendTo writes.
const experienceLayout = 1

// AppendTo writes x; the same experience gives the same bytes.
func (x *Experience) AppendTo(b []byte) []byte {
	b = append(b, experienceLayout)
	for _, u := range [...]uint64{
		uint64(x.halfLife), unix(x.epoch), unix(x.now), math.Float64bits(x.noise), math.Float64bits(x.noiseWeight), x.rows, x.version,
	} {
		b = binary.LittleEndian.AppendUint64(b, u)
	}
	return x.weights.appendTo(b)
}

// ReadExperience reads what AppendTo wrote.
func ReadExperience(b []byte) (*Experience, error) {
	const head = 1 + 7*8
	if len(b) < head || b[0] != experienceLayout {
		return nil, errEvidence
	}
	var u [7]uint64
	for i := range u {
		u[i] = binary.LittleEndian.Uint64(b[1+8*i:])
	}
	x := &Experience{
		halfLife: time.Duration(u[0]), epoch: fromUnix(u[1]), now: fromUnix(u[2]), noise: math.Float64frombits(u[3]),
		noiseWeight: math.Float64frombits(u[4]), rows: u[5], version: u[6],
	}
	if x.halfLife < 0 || !(x.noise > 0) || !(x.noiseWeight > 0) || finite(x.noise) != x.noise || finite(x.noiseWeight) != x.noiseWeight ||
		x.now.Before(x.epoch) {
		return nil, errEvidence
	}
	var err error
	x.weights, err = readTable(b[head:])
	return x, err
}

// unix is a time in nanoseconds, 0 for the zero time.
func unix(t time.Time) uint64 {
	if t.IsZero() {
		return 0
	}
	return uint64(t.UnixNano())
}

func fromUnix(n uint64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, int64(n)).UTC()
}
