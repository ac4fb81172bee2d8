package eval

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

const (
	// bins is how many parts of equal width [0,1] has for the calibration error.
	bins = 15
	// positions is how many events at the start of a visit have figures of their own.
	positions = 5
	// least keeps logarithms finite: a probability counts as at least least and at most 1-least.
	least = 1e-12
	// rounding is how far outside [0,1] a sum of probabilities may fall by rounding.
	rounding = 1e-9
)

// Prediction is what the model said after one event of the log, and what the rest of the log says to it.
type Prediction struct {
	Visitor  int
	Visit    int // tells the visits of one visitor apart; 32 bits count
	Position int // of the event in its visit, from 1
	// Later has for each target the probability that an event of this type comes later in the same visit, Happened
	// whether one came.
	Later    []float64
	Happened []bool
	// Next is the probability given to the type of event that came next, where the end of the visit is a type too.
	Next float64
	// Stage is the likeliest stage of the need, -1 when unsure; Guess is the likeliest also when unsure. Hindsight is the stage that later events give, -1 when
	// they give none; then the stage is not judged.
	Stage     int
	Guess     int
	Hindsight int
}

// Tally gathers predictions. It keeps 5 bytes for each of them and 8⅛ for each of its targets; what goes into sums
// only is kept by visitor (24 bytes, and an entry of a map), and a visit costs an entry of a set. It is not safe for
// concurrent use.
//
// The report depends on the order of the predictions only in the last bits of its sums and in which visitors the
// bootstrap draws.
type Tally struct {
	targets, stages []string
	// Parallel, an element for each prediction.
	visitor  []uint32
	position []uint8 // 0 when it is none of the first
	later    [][]float64
	happened [][]uint64 // bits

	ids    map[int]uint32 // of visitors: the index in people
	people []person
	visits map[uint64]struct{}
	// answers[h][s] counts predictions with stage s where hindsight gives h; flow[i][j] is mass from i to j. The last
	// index of a stage is unsure.
	answers, flow [][]float64
}

// person sums what a bootstrap needs of one visitor.
type person struct {
	surprise                float64 // of what came next, in nats
	events                  uint32
	judged, answered, right uint32 // stages
	guessed                 uint32 // right had unsure been no answer
}

// NewTally is an empty tally for target event types, of different names, and the stages of a journey in their order.
func NewTally(targets, stages []string) *Tally {
	return &Tally{
		targets: slices.Clone(targets), stages: slices.Clone(stages),
		later: make([][]float64, len(targets)), happened: make([][]uint64, len(targets)),
		ids: map[int]uint32{}, visits: map[uint64]struct{}{},
		answers: matrix(len(stages) + 1), flow: matrix(len(stages) + 1),
	}
}

func matrix(n int) [][]float64 {
	m := make([][]float64, n)
	for i := range m {
		m[i] = make([]float64, n)
	}
	return m
}

// Add adds a prediction. It panics when one of its probabilities is none, or when it has not one for every target:
// then the model is wrong, and its figures would be too.
func (t *Tally) Add(p Prediction) {
	if len(p.Later) != len(t.targets) || len(p.Happened) != len(t.targets) {
		panic(fmt.Sprintf("eval: %d probabilities and %d outcomes for %d targets", len(p.Later), len(p.Happened), len(t.targets)))
	}
	id, known := t.ids[p.Visitor]
	if !known {
		id = uint32(len(t.people))
		t.ids[p.Visitor] = id
		t.people = append(t.people, person{})
	}
	t.visits[uint64(id)<<32|uint64(uint32(p.Visit))] = struct{}{}
	n := len(t.visitor)
	t.visitor = append(t.visitor, id)
	if p.Position < 1 || p.Position > positions {
		p.Position = 0
	}
	t.position = append(t.position, uint8(p.Position))
	for i := range t.targets {
		t.later[i] = append(t.later[i], probability(p.Later[i]))
		if n%64 == 0 {
			t.happened[i] = append(t.happened[i], 0)
		}
		if p.Happened[i] {
			t.happened[i][n/64] |= 1 << (n % 64)
		}
	}
	who := &t.people[id]
	who.events++
	who.surprise += logLoss(probability(p.Next), true)
	if p.Hindsight < 0 {
		return
	}
	t.answers[t.stage(p.Hindsight)][t.stage(p.Stage)]++
	who.judged++
	if p.Stage >= 0 {
		who.answered++
	}
	if p.Guess == p.Hindsight {
		who.guessed++
	}
	if p.Stage == p.Hindsight {
		who.right++
	}
}

// Flow adds belief that moved from one stage to another, or stayed, between two events of one need. An index of -1 is
// unsure.
func (t *Tally) Flow(from, to int, mass float64) {
	t.flow[t.stage(from)][t.stage(to)] += mass
}

// stage is the index of a stage in a matrix.
func (t *Tally) stage(i int) int {
	if i < 0 {
		return len(t.stages)
	}
	return i
}

// probability takes away what rounding left outside [0,1].
func probability(p float64) float64 {
	if !(p >= -rounding && p <= 1+rounding) { // NaN is neither
		panic(fmt.Sprintf("eval: %v is not a probability", p))
	}
	return min(max(p, 0), 1)
}

// scored is one prediction for one target.
type scored struct {
	p        float64
	visitor  uint32
	position uint8
	happened bool
}

// scores are the predictions for a target from the least probable to the most, in a tie those that did not come true
// first.
func (t *Tally) scores(target int) []scored {
	list := make([]scored, len(t.visitor))
	for i, p := range t.later[target] {
		list[i] = scored{p, t.visitor[i], t.position[i], t.happened[target][i/64]>>(i%64)&1 == 1}
	}
	slices.SortFunc(list, func(a, b scored) int {
		switch {
		case a.p != b.p:
			return cmp.Compare(a.p, b.p)
		case a.happened == b.happened:
			return 0
		case b.happened:
			return -1
		}
		return 1
	})
	return list
}

// sums are what the figures of a target are made of, the area under the curve aside.
type sums struct {
	n, positives int
	loss, brier  float64
	bins         [bins]bin
}

// bin holds the predictions within one part of [0,1].
type bin struct {
	n, positives int
	p            float64 // sum of the probabilities
}

func (s *sums) add(p float64, happened bool) {
	b := &s.bins[binOf(p)]
	b.n++
	b.p += p
	s.n++
	s.loss += logLoss(p, happened)
	if happened {
		b.positives++
		s.positives++
		s.brier += (1 - p) * (1 - p)
	} else {
		s.brier += p * p
	}
}

// metrics are the figures, without the area under the curve and without intervals.
func (s *sums) metrics() Metrics {
	n := float64(s.n)
	return Metrics{
		N: s.n, Positives: s.positives,
		LogLoss: defined(s.loss / n), Brier: defined(s.brier / n), ECE: defined(s.calibrationError()),
	}
}

// calibrationError is the expected calibration error of Guo et al. 2017: the mean distance between probability and
// frequency in a bin, weighted by the share of the predictions that fall into it.
func (s *sums) calibrationError() float64 {
	sum := 0.0
	for _, b := range s.bins {
		sum += math.Abs(float64(b.positives) - b.p)
	}
	return sum / float64(s.n)
}

// binOf is the bin of a probability. Bins are open below and closed above, as Guo et al. have them; 0 is in the first.
func binOf(p float64) int {
	return min(max(int(math.Ceil(p*bins))-1, 0), bins-1)
}

// logLoss is the logarithmic loss in nats.
func logLoss(p float64, happened bool) float64 {
	if !happened {
		p = 1 - p
	}
	return -math.Log(min(max(p, least), 1-least))
}

// defined is a figure, or nil where it has no value.
func defined(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}
