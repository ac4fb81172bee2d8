package learn

import (
	"math"

	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/rank"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// progressKind is what progress is called among the types of outcomes.
const progressKind = "progress"

// contribution is what a type of outcome contributes to rewards, over the settled choices: 0 where it did not come.
type contribution struct {
	N     float64 `json:"n"`
	Sum   float64 `json:"s"`
	SumSq float64 `json:"q"`
}

// contributionMemory is about how many settled choices count; contributionPrior is how many that contributed nothing they
// are mixed with.
const (
	contributionMemory = 50_000
	contributionPrior  = 20
)

func (c *contribution) add(x float64) {
	if c.N > contributionMemory {
		c.N, c.Sum, c.SumSq = c.N/2, c.Sum/2, c.SumSq/2
	}
	c.N++
	c.Sum += x
	c.SumSq += x * x
}

func (c *contribution) mean() float64 { return c.Sum / (c.N + contributionPrior) }

// spread is the variance, a little more than 0.
func (c *contribution) spread() float64 {
	m := c.mean()
	return c.SumSq/(c.N+contributionPrior) - m*m + 1e-4
}

func (l *Ledger) kind(kind string) *contribution {
	c := l.Kinds[kind]
	if c == nil {
		c = &contribution{}
		l.Kinds[kind] = c
	}
	return c
}

// residual is how much more a type of outcome contributed than the model expects of it now. The model expects a whole
// reward; a type is expected to contribute what it does on average, and of what the item is believed to be better or worse
// than the average, its share: that of its variance in the variance of all. The residuals of all types sum to the
// reward less what is expected of it.
func (l *Ledger) residual(d *veiviser.LoggedDecision, choice int, kind string, fs []rank.Feature, got float64) float64 {
	expected, _ := l.Response.Predict(fs)
	seen := l.examination(d.Placement, choice)
	mean, spread := 0.0, 0.0
	for i := range d.Terms.Outcomes {
		c := l.kind(d.Terms.Outcomes[i].Type)
		mean, spread = mean+c.mean(), spread+c.spread()
	}
	p := l.kind(progressKind)
	mean, spread = mean+p.mean(), spread+p.spread()
	c := l.kind(kind)
	return got - seen*c.mean() - (expected-seen*mean)*c.spread()/spread
}

// slotCount is what came of a slot and what was hoped for there had everybody looked.
type slotCount struct {
	Came  float64 `json:"c"`
	Hoped float64 `json:"h"`
	N     int64   `json:"n"`
}

// How the examination of slots is estimated.
const (
	slotPrior       = 2.0  // rewards that are taken to have come of as many hoped for, before any did
	slotMemory      = 2000 // hopes after which older ones count half
	leastSeen       = 0.05
	mostSeen        = 2.0
	leastUsefulness = 1e-3
)

// examined counts what came of a choice in its slot: against what its item is believed to be worth, so that slots are not
// taken for seldom seen because little worth seeing stands there (position-based model, Richardson and others 2007; the
// estimate is that of a ratio of sums, refined as the beliefs are).
func (l *Ledger) examined(snap *plan.Snapshot, d *veiviser.LoggedDecision, choice int, got float64) {
	slots := l.Slots[d.Placement]
	for len(slots) <= choice {
		slots = append(slots, slotCount{})
	}
	l.Slots[d.Placement] = slots
	fs := l.features(snap, d, choice)
	hoped, _ := l.Response.Predict(fs)
	s := &slots[choice]
	if s.Hoped > slotMemory {
		s.Came, s.Hoped = s.Came/2, s.Hoped/2
	}
	s.Came += got
	s.Hoped += max(hoped/l.examination(d.Placement, choice), leastUsefulness)
	s.N++
}

// examination is how much a slot is seen, relative to the first.
func (l *Ledger) examination(placement string, slot int) float64 {
	slots := l.Slots[placement]
	if slot == 0 || slot >= len(slots) {
		return 1
	}
	ratio := func(s *slotCount) float64 { return (s.Came + slotPrior) / (s.Hoped + slotPrior) }
	return min(max(ratio(&slots[slot])/ratio(&slots[0]), leastSeen), mostSeen)
}

// Moves is where visitors went who were shown an item.
type Moves struct {
	// N observations of a change of the stage value, their sum and the sum of their squares.
	N     int64   `json:"n"`
	Sum   float64 `json:"s"`
	SumSq float64 `json:"q"`
	// Counts is how many went from one sure stage to another, "from>to"; "" is unsure.
	Counts map[string]int64 `json:"c"`
}

// maxMoved bounds how many items, and segments of each, are counted apart.
const (
	maxMovedItems    = 10_000
	maxMovedSegments = 64
)

// moved counts where somebody went who was shown an item.
func (l *Ledger) moved(d *veiviser.LoggedDecision, choice int, to veiviser.StandardStage, change float64) {
	item := d.Choices[choice].ItemID
	bySegment := l.Moves[item]
	if bySegment == nil {
		if len(l.Moves) >= maxMovedItems {
			return
		}
		bySegment = map[string]*Moves{}
		l.Moves[item] = bySegment
	}
	for i := -1; i < len(d.Segments); i++ {
		segment := ""
		if i >= 0 {
			segment = d.Segments[i]
		}
		m := bySegment[segment]
		if m == nil {
			if len(bySegment) > maxMovedSegments {
				continue
			}
			m = &Moves{Counts: map[string]int64{}}
			bySegment[segment] = m
		}
		m.N++
		m.Sum += change
		m.SumSq += change * change
		m.Counts[string(d.Stage)+">"+string(to)]++
	}
}

// Mean is the mean change of the stage value with its 95 % interval (normal approximation); the interval is all there is,
// -1 to 1, for fewer than two observations.
func (m *Moves) Mean() (mean, low, high float64) {
	if m.N < 2 {
		return m.Sum / max(float64(m.N), 1), -1, 1
	}
	n := float64(m.N)
	mean = m.Sum / n
	half := 1.96 * math.Sqrt(max(m.SumSq/n-mean*mean, 0)/(n-1))
	return mean, mean - half, mean + half
}
