package eval

import (
	"math"
	"math/rand/v2"
	"slices"
)

// confidence is the share of resamples that an interval holds.
const confidence = 0.95

// The bits of a ranked entry below the visitor.
const (
	positive   = 1 << iota // it came true
	opensTie               // the first of its probability
	flags      = iota      // how many there are
	everyEvent = 0         // the group that is not one position
)

// ranking is one group of the predictions for a target (every event, or the events of one position) in the order of
// scores, made so that a weighted pass over it is short: 4 bytes each, with the visitor's weight the only other read.
type ranking struct {
	sums
	entries []uint32
	ends    [bins]int // entries[:ends[i]] are in the bins up to i
	// loss is the sum of the logarithmic losses of each visitor.
	loss []float64
}

// rank takes the events of a position, or every event, from scores.
func rank(scores []scored, position, visitors int) *ranking {
	r := &ranking{}
	last := math.NaN() // no probability equals it
	for i := range scores {
		s := &scores[i]
		if position != everyEvent && position != int(s.position) {
			continue
		}
		if r.loss == nil {
			r.loss = make([]float64, visitors)
		}
		entry := s.visitor << flags
		if s.happened {
			entry |= positive
		}
		if s.p != last {
			entry |= opensTie
			last = s.p
		}
		r.entries = append(r.entries, entry)
		r.ends[binOf(s.p)] = len(r.entries)
		r.add(s.p, s.happened)
		r.loss[s.visitor] += logLoss(s.p, s.happened)
	}
	for i := 1; i < bins; i++ {
		r.ends[i] = max(r.ends[i], r.ends[i-1])
	}
	return r
}

// pass is what one weighted pass over a ranking finds: twice the number of pairs in which the event that came true has
// the higher score, ties counting half, and what there is in the bins up to each.
type pass struct {
	twice                uint64
	positives, negatives [bins]uint64
}

// weigh goes over the ranking with a weight for each visitor. All its sums are whole numbers, so no order of adding
// can change them.
func (r *ranking) weigh(weights []uint32) (p pass) {
	var pos, neg, below uint64 // below is neg at the start of a tie
	from := 0
	for i, to := range r.ends {
		for _, e := range r.entries[from:to] {
			w := uint64(weights[e>>flags])
			if e&opensTie != 0 {
				below = neg
			}
			if e&positive != 0 { // all negatives of the tie are in neg
				p.twice += w * (neg + below)
				pos += w
			} else {
				neg += w
			}
		}
		from = to
		p.positives[i], p.negatives[i] = pos, neg
	}
	return p
}

// auc is the area under the curve by Mann and Whitney: how likely the event that came true has the higher score. It is
// NaN when all or none came true.
func (p *pass) auc() float64 {
	return float64(p.twice) / (2 * float64(p.positives[bins-1]) * float64(p.negatives[bins-1]))
}

// events is the weight of all events.
func (p *pass) events() float64 { return float64(p.positives[bins-1] + p.negatives[bins-1]) }

// rate is how often predictions of a bin came true, NaN when there are none.
func (p *pass) rate(i int) float64 {
	pos, neg := p.positives[i], p.negatives[i]
	if i > 0 {
		pos, neg = pos-p.positives[i-1], neg-p.negatives[i-1]
	}
	return float64(pos) / float64(pos+neg)
}

// sampler draws visitors with replacement, as many as there are: the events of one visitor depend on each other, so it
// is visitors that a second log would have others of. Samplers of one seed draw the same.
type sampler struct {
	random  *rand.Rand
	weights []uint32
}

func newSampler(seed uint64, visitors int) *sampler {
	return &sampler{rand.New(rand.NewPCG(seed, 0)), make([]uint32, visitors)}
}

// next is how often each visitor is in the next resample; it holds until the next call.
func (s *sampler) next() []uint32 {
	clear(s.weights)
	n := uint32(len(s.weights))
	for range n {
		s.weights[s.random.Uint32N(n)]++
	}
	return s.weights
}

// weighted is the sum of values, each as often as its weight.
func weighted(values []float64, weights []uint32) float64 {
	sum := 0.0
	for i, v := range values {
		sum += v * float64(weights[i])
	}
	return sum
}

// interval is the percentile interval of resampled values. It has none where a figure was undefined in half of the
// resamples or more.
func interval(values []float64) (low, high *float64) {
	known := slices.DeleteFunc(slices.Clone(values), math.IsNaN)
	if 2*len(known) <= len(values) {
		return nil, nil
	}
	slices.Sort(known)
	return new(quantile(known, (1-confidence)/2)), new(quantile(known, (1+confidence)/2))
}

// quantile of sorted values, in a straight line between two of them.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 == len(sorted) {
		return sorted[i]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}
