package rank

import (
	"math"
	"math/rand/v2"
)

// Candidate is one item that may be chosen: the belief about its usefulness with all levers, as [Scorer.Score] gives it,
// and what it is like. A candidate whose numbers are not finite (or beyond 1e100), or whose variance is negative, is
// never chosen.
type Candidate struct {
	Mean, Var float64
	Like      Likeness
	// Groups are those that it takes room of, bit i for Options.Room[i].
	Groups uint64
}

// Options say how to choose.
type Options struct {
	// Slots is how many items may be picked at most.
	Slots int
	// Attention is the cost of her attention, in units of usefulness: what is not better than this is not shown. With
	// negative infinity something is always shown, with positive infinity or no number nothing ever is.
	Attention float64
	// Explore in [0, 1] is the chance that the slate is drawn from the beliefs; otherwise the means decide.
	Explore float64
	// Diversity is how much usefulness an item loses when it is entirely like one picked before; at least 0.
	Diversity float64
	// Room is how many of each group may be picked, at most 64 groups; nil is no groups.
	Room []int
	// Seed decides the draws: the same candidates, options and seed give the same picks, bit for bit, on the same build.
	Seed [2]uint64
}

// Pick is one item of a slate.
type Pick struct {
	// Index is the position among the candidates.
	Index int
	// Score is what the item was ranked by, less the cost of attention: the draw (the mean without exploration) less what
	// likeness to earlier picks costs. It is positive. When Attention is negative infinity, nothing is taken off for it.
	Score float64
	// Propensity is the probability that this item gets this slot, given the picks before it; in (0, 1].
	Propensity float64
}

// Slate is what was chosen.
type Slate struct {
	Picks []Pick
	// Silence is the probability with which the slate would have been empty.
	Silence float64
	// Explored is true when the slate was drawn from the beliefs.
	Explored bool
}

const (
	// inline is how many candidates Choose handles without allocating.
	inline = 64
	// largest is the largest mean and standard deviation that is taken for a number to work with.
	largest = 1e100
	// smallestSD is the standard deviation, relative to max(1, |mean|), under which a belief counts as certain.
	smallestSD = 1e-9
	// minPropensity is what a pick gets whose chance the quadrature cannot tell from none.
	minPropensity = 1e-9
)

// arm is a candidate at work.
type arm struct {
	mean, sd float64
	inv      float64 // 1/sd, 0 when certain
	alike    float32 // likeness to what has been picked
	index    int32   // among the candidates
}

// Choose fills a slate, slot after slot. In every slot the usefulness of each remaining candidate is drawn anew and
// independently from its belief, less Diversity times its greatest likeness to the picks before; the best draw gets the
// slot (of equal ones the lower index), unless it does not beat the cost of attention: then the slate ends there.
// Candidates whose chance of being best is below one in a million are left out before the draw, see [Propensities].
//
// Of all slates a share of o.Explore comes about so; in the others the means decide. Propensities are those of the whole:
// a pick of both ways has the chance of both.
//
// Whatever is in a group of which as many were picked as Options.Room allows is left out from there on; the propensities are
// those of what remains.
//
// Up to 64 usable candidates nothing but the result is allocated. Choose has no state and is safe for concurrent use.
func Choose(cands []Candidate, o Options) Slate {
	var armBuf, liveBuf, meanBuf [inline]arm
	arms := gather(armBuf[:0], cands)
	var used rooms
	if used.closed = closed(o.Room); used.closed != 0 {
		arms = open(arms, cands, used.closed)
	}
	var pcg rand.PCG
	pcg.Seed(o.Seed[0], o.Seed[1])
	out := Slate{Silence: 1, Explored: o.Explore >= 1 || o.Explore > 0 && uniform(&pcg) < o.Explore}
	odds := chances{explore: min(max(o.Explore, 0), 1)}
	odds.exploit = 1 - odds.explore
	slots := min(o.Slots, len(arms))
	for slot := range max(slots, 0) {
		live := survivors(liveBuf[:0], arms, o, odds.explore > 0)
		sure := -1 // the arm the means are for, as an index of the candidates
		if odds.exploit > 0 {
			sure = highest(survivors(meanBuf[:0], arms, o, false))
		}
		best, score := -1, o.Attention
		for i := range live {
			if !out.Explored && int(live[i].index) != sure {
				continue
			}
			if x := live[i].draw(&pcg, score, out.Explored); x > score {
				best, score = i, x
			}
		}
		if slot == 0 {
			out.Silence = odds.silence(live, sure, o.Attention)
		}
		if best < 0 {
			break
		}
		if out.Picks == nil {
			out.Picks = make([]Pick, 0, slots)
		}
		p := Pick{Index: int(live[best].index), Score: score}
		if !math.IsInf(o.Attention, -1) {
			p.Score -= o.Attention
		}
		p.Propensity = odds.take(live, best, sure, o.Attention)
		out.Picks = append(out.Picks, p)
		if slot < slots-1 {
			arms = take(arms, p.Index, cands, o.Diversity)
			if used.take(cands[p.Index].Groups, o.Room) {
				arms = open(arms, cands, used.closed)
			}
		}
	}
	return out
}

// chances are those of having come this far by drawing and by the means.
type chances struct{ explore, exploit float64 }

// silence is the chance that nothing beats the cost of attention in the first slot.
func (c *chances) silence(live []arm, sure int, attention float64) float64 {
	p := 0.0
	if c.explore > 0 {
		p += c.explore * noneAbove(live, attention)
	}
	if sure < 0 {
		p += c.exploit
	}
	return p
}

// take is the chance of the best arm given what was picked before, and carries the chances on.
func (c *chances) take(live []arm, best, sure int, attention float64) float64 {
	before := c.explore + c.exploit
	if c.explore > 0 {
		c.explore *= max(winChance(live, best, attention), minPropensity)
	}
	if int(live[best].index) != sure {
		c.exploit = 0
	}
	after := c.explore + c.exploit
	p := min(after/before, 1)
	c.explore, c.exploit = c.explore/after, c.exploit/after // of what is left, so that long slates do not vanish
	return max(p, minPropensity)
}

// highest is the candidate with the highest mean, the first of equal ones; -1 when there is none.
func highest(live []arm) int {
	best := -1
	for i := range live {
		if best < 0 || live[i].mean > live[best].mean {
			best = i
		}
	}
	if best < 0 {
		return -1
	}
	return int(live[best].index)
}

// Propensities is the probability of every candidate to get the first slot, and that of silence, under the policy of
// [Choose]. They sum to 1 (to 1e-5 for 64 candidates). It takes a quadrature per candidate and is for explanations and tests.
func Propensities(cands []Candidate, o Options) (p []float64, silence float64) {
	p = make([]float64, len(cands))
	if o.Slots < 1 {
		return p, 1
	}
	var armBuf, liveBuf, meanBuf [inline]arm
	arms := open(gather(armBuf[:0], cands), cands, closed(o.Room))
	odds := chances{explore: min(max(o.Explore, 0), 1)}
	odds.exploit = 1 - odds.explore
	live := survivors(liveBuf[:0], arms, o, true)
	sure := highest(survivors(meanBuf[:0], arms, o, false))
	if odds.explore > 0 {
		for i := range live {
			p[live[i].index] = odds.explore * winChance(live, i, o.Attention)
		}
	}
	if sure >= 0 {
		p[sure] += odds.exploit
	}
	return p, odds.silence(live, sure, o.Attention)
}

// gather appends the candidates that have numbers to work with.
func gather(dst []arm, cands []Candidate) []arm {
	for i := range cands {
		c := &cands[i]
		if !(math.Abs(c.Mean) <= largest) || !(c.Var >= 0 && c.Var <= largest*largest) {
			continue
		}
		a := arm{mean: c.Mean, sd: math.Sqrt(c.Var), index: int32(i)}
		if a.sd < smallestSD*max(1, math.Abs(c.Mean)) {
			a.sd = 0
		} else {
			a.inv = 1 / a.sd
		}
		dst = append(dst, a)
	}
	return dst
}

// survivors appends the arms with a chance worth looking at, with what likeness costs taken off. An arm is out when it
// beats the cost of attention with a probability below 3e-7 (5 standard deviations), or the most reliable of the good
// ones with a probability below 5e-7 (4.9 standard deviations of the difference).
func survivors(dst, arms []arm, o Options, explore bool) []arm {
	reference, floor := 0, math.Inf(-1)
	for _, a := range arms {
		a.mean -= max(o.Diversity, 0) * float64(a.alike)
		margin := 5 * a.sd
		if !explore {
			margin = 0
		}
		if !(a.mean+margin > o.Attention) {
			continue
		}
		dst = append(dst, a)
		if low := a.mean - margin; low > floor {
			reference, floor = len(dst)-1, low
		}
	}
	if len(dst) == 0 {
		return dst
	}
	best := dst[reference]
	n := 0
	for _, a := range dst {
		gap, spread := best.mean-a.mean, a.sd*a.sd+best.sd*best.sd
		if !explore {
			spread = 0
		}
		if gap > 0 && gap*gap > 4.9*4.9*spread {
			continue
		}
		dst[n] = a
		n++
	}
	return dst[:n]
}

// take removes the arm with that index, keeping the order, and notes how like it the others are when that counts.
func take(arms []arm, index int, cands []Candidate, diversity float64) []arm {
	n, like := 0, cands[index].Like
	for _, a := range arms {
		if int(a.index) == index {
			continue
		}
		if diversity > 0 {
			a.alike = max(a.alike, float32(like.To(cands[a.index].Like)))
		}
		arms[n] = a
		n++
	}
	return arms[:n]
}

// draw draws from the belief of a, or gives its mean. A draw that clearly is not above score is not worked out: negative
// infinity stands for it.
func (a *arm) draw(pcg *rand.PCG, score float64, explore bool) float64 {
	if !explore || a.sd == 0 {
		return a.mean
	}
	p := uniform(pcg)
	if p+quantileError < cdf((score-a.mean)*a.inv) {
		return math.Inf(-1)
	}
	return a.mean + a.sd*quantile(p)
}
