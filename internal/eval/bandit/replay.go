package bandit

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
)

// Online is what a policy earned that began with nothing and learned from its own choices.
type Online struct {
	// MeanReward is per counted row, LastHalf that of the second half of them; Rows counts them.
	MeanReward float64 `json:"mean_reward"`
	LastHalf   float64 `json:"last_half"`
	Rows       int     `json:"rows"`
}

// When encoder and model are fitted again.
const (
	firstContexts = 200   // that the encoder is laid out by
	lastContexts  = 12800 // that it is fitted to, after 400, 800 …
	firstRefit    = 150   // counted rows, then by refitFactor more
	refitFactor   = 1.5
)

var errNothingCounts = errors.New("no choice was ever that of the log, so nothing can be said")

// Replay lets the online policy choose at every row of the log, in an order drawn by seed. A row counts, and teaches, if
// the log made the same choice (Li, Chu, Langford, Wang 2011), so what counts is a sample of what the policy would have
// met. Where the logger preferred some choices, rows of these are passed over with the odds that make up for it, so that
// all choices are left as likely, in however fewer rows. The encoder looks at
// the contexts of all rows met so far and of the first 200, counted or not. progress may be nil.
func Replay(ctx context.Context, t *Table, seed uint64, progress func(done, total int)) (Online, error) {
	r := newReplayer(t, seed)
	for k, row := range r.order {
		if k%256 == 0 {
			if err := ctx.Err(); err != nil {
				return Online{}, err
			}
			if progress != nil {
				progress(k, len(r.order))
			}
		}
		if err := r.step(k, row); err != nil {
			return Online{}, err
		}
	}
	if len(r.counted) == 0 {
		return Online{}, errNothingCounts
	}
	last := r.earned[len(r.earned)/2:]
	return Online{MeanReward: mean(r.earned), LastHalf: mean(last), Rows: len(r.earned)}, nil
}

func mean(xs []float64) float64 {
	sum := 0.0
	for _, x := range xs {
		sum += x
	}
	return sum / float64(len(xs))
}

// replayer is a replay under way.
type replayer struct {
	t     *Table
	rng   *rand.Rand
	order []int32
	e     *encoder
	coded coded
	b     *belief
	x     []feature

	contexts int     // at which the encoder is fitted next
	refit    float64 // counted rows at which the model is fitted next
	rarest   float64 // propensity
	counted  []int32 // rows
	earned   []float64
}

func newReplayer(t *Table, seed uint64) *replayer {
	r := &replayer{t: t, rng: rand.New(rand.NewPCG(seed, 77)), contexts: 2 * firstContexts, refit: firstRefit, rarest: slices.Min(t.Propensity)}
	for _, i := range r.rng.Perm(t.Rows()) {
		r.order = append(r.order, int32(i))
	}
	r.e = newEncoder(t, 0, r.order[:min(firstContexts, len(r.order))])
	r.coded = r.e.code(t)
	r.b = newBelief(len(t.Arms), r.e.width, len(t.Columns))
	return r
}

// step meets the k-th row.
func (r *replayer) step(k int, row int32) error {
	if k == r.contexts && k <= lastContexts {
		r.e.fit(r.t, r.order[:k])
		r.coded = r.e.code(r.t)
		r.contexts *= 2
	}
	r.x = r.coded.row(row, r.x)
	a := r.choose()
	if a != r.t.Arm[row] {
		return nil
	}
	if p := r.t.Propensity[row]; p > r.rarest && r.rng.Float64()*p >= r.rarest {
		return nil
	}
	y := r.t.Reward[row]
	r.b.observe(int(a), r.x, y)
	r.counted, r.earned = append(r.counted, row), append(r.earned, y)
	if r.b.n >= r.refit && r.b.anything {
		r.refit *= refitFactor
		return r.fitAnew()
	}
	return nil
}

// choose is Thompson sampling on the arms' intercepts, greedy on the effects of the context: these are many, and trying
// each of them out costs more than it brings. As long as nothing was ever earned it goes round, and an arm that was
// hardly tried comes first.
func (r *replayer) choose() int32 {
	best, most := 0, math.Inf(-1)
	level, fewest := r.b.level(), r.b.fewest()
	for a := range r.b.arms {
		n := r.b.arms[a].n
		mean, variance := r.b.predict(a, r.x, level)
		q := mean + r.b.doubt(a)*math.Sqrt(variance)*r.rng.NormFloat64()
		if r.b.n < 2 || !r.b.anything {
			q = r.rng.Float64() - 2*n
		}
		if n < fewest {
			q = 1e18 + 1e16*r.rng.Float64()
		}
		if q > most {
			best, most = a, q
		}
	}
	return int32(best)
}

// fitAnew fits the hierarchical model to all counted rows.
func (r *replayer) fitAnew() error {
	d := newDesign(r.e, false)
	of := newSums(len(r.t.Arms), d.width())
	var x, z []feature
	for _, row := range r.counted {
		x = r.coded.row(row, x)
		z = d.expand(x, z)
		of[r.t.Arm[row]].add(z, r.t.Reward[row])
	}
	h, err := fit(of, d.group, online())
	if err != nil {
		return err
	}
	r.b.refit(h)
	return nil
}
