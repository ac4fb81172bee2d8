package rank

import (
	"math"
	"math/bits"
	"slices"
	"strings"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Situation is what a request says about usefulness, beside the item.
type Situation struct {
	// ByStage is the belief over the standard stages. It is scaled to sum to 1; a belief without any weight (no need is
	// known) counts as every stage being equally likely.
	ByStage [numStages]float64
	// Segments are the ids of the segments the visitor is in. The scorer keeps the slice.
	Segments []string
	Channel  string
	// What else crosses may ask for.
	Placement, Device, Language, Subject string
	// Levers are added to the usefulness of what they are about, beside value, cost and boost. The scorer keeps the slice.
	Levers []Lever
}

// Lever is what is added for a reason that lies with the person: something is to be put right, or she is worth winning.
type Lever struct {
	// Name is that of its part in explanations: "case" or "acquisition".
	Name string
	Add  float64
	// Kind is what it is about, "" every kind; Acquires limits it to items that are there to win first-time customers.
	Kind     veiviser.ItemKind
	Acquires bool
}

// The names of levers.
const (
	LeverCase        = "case"
	LeverAcquisition = "acquisition"
)

// about reports whether the lever is about an item.
func (l *Lever) about(it *veiviser.Item) bool {
	return (l.Kind == "" || l.Kind == it.Kind) && (!l.Acquires || it.Acquires)
}

// Scorer scores items in one situation. It keeps notes: one goroutine at a time may use it.
type Scorer struct {
	model     *Model
	situation Situation
	// p and pp are the stage probabilities and their squares.
	p, pp [numStages]float64
	// every counts for any format, formats for one each: only those that some effect that holds here names.
	every   effectSums
	formats []effectSums
	// slow are the effects that hold here and whose rule found no bit.
	slow []ref
	// weights are the context weights that hold here, for some items.
	weights []*veiviser.ContextWeight

	// learned is what was learned; nil is nothing. outer are the parts of keys that the situation gives, by cross; changed
	// are the plan's effects that something was learned about; remembered and values are notes.
	learned    *Learned
	outer      [][]weighed
	changed    []changedEffect
	remembered []rememberedSum
	values     [numAttributes][]weighed
}

// effectSums is what the effects that hold in a situation come to, by bit of the rule.
type effectSums struct {
	format string
	bits   uint64
	sums   []sum
}

type sum struct{ add, variance float64 }

// Prepare looks up the effects that hold in s, so that scoring an item costs next to nothing. It takes time in
// proportion to the effects that name one of the segments or none.
func (m *Model) Prepare(s Situation, learned *Learned) *Scorer {
	sc := &Scorer{model: m, situation: s, learned: learned}
	total := 0.0
	for _, p := range s.ByStage {
		total += max(finite(p), 0)
	}
	for i, p := range s.ByStage {
		sc.p[i] = 1.0 / numStages
		if total > 0 {
			sc.p[i] = max(finite(p), 0) / total
		}
		sc.pp[i] = sc.p[i] * sc.p[i]
	}
	sc.addAll(m.bySegment[""])
	for i, segment := range s.Segments {
		if segment != "" && slices.Index(s.Segments, segment) == i {
			sc.addAll(m.bySegment[segment])
		}
	}
	for i := range m.weights {
		w := &m.weights[i]
		if (w.Segment == "" || slices.Contains(s.Segments, w.Segment)) && (w.Channel == "" || w.Channel == s.Channel) &&
			(w.Placement == "" || w.Placement == s.Placement) {
			sc.weights = append(sc.weights, w)
		}
	}
	if !learned.empty() {
		sc.learn()
	}
	return sc
}

// addAll adds those of refs that hold on this channel.
func (sc *Scorer) addAll(refs []ref) {
	rs := &sc.model.dynamic
	for _, at := range refs {
		e := &rs.rules[at.rule].effects[at.effect]
		if e.channel != "" && e.channel != sc.situation.Channel {
			continue
		}
		if rs.bit[at.rule] < 0 {
			sc.slow = append(sc.slow, at)
			continue
		}
		sums := sc.sumsFor(e.format)
		if sums.sums == nil {
			sums.sums = make([]sum, len(rs.fast))
		}
		w := sc.weigh(e)
		bit := rs.bit[at.rule]
		sums.bits |= 1 << bit
		sums.sums[bit].add += w.add
		sums.sums[bit].variance += w.variance
	}
}

// sumsFor finds or makes the sums of a format, "" for any.
func (sc *Scorer) sumsFor(format string) *effectSums {
	if format == "" {
		return &sc.every
	}
	i := slices.IndexFunc(sc.formats, func(f effectSums) bool { return f.format == format })
	if i < 0 {
		i = len(sc.formats)
		sc.formats = append(sc.formats, effectSums{format: format})
	}
	return &sc.formats[i]
}

// weigh is what an effect comes to under the stage probabilities of this situation.
func (sc *Scorer) weigh(e *effect) sum {
	if e.stage < 0 {
		return sum{e.add, e.variance}
	}
	return sum{sc.p[e.stage] * e.add, sc.pp[e.stage] * e.variance}
}

// Delta is what was learned about an item here, beyond the plan's priors: what it adds to the mean and to the variance of its
// usefulness. It is rounded so that it can be kept with a decision, and made again from it bit for bit.
type Delta struct{ Mean, Var float32 }

// leastDelta is the smallest difference of usefulness that is one.
const leastDelta = 1e-9

// Learned is what was learned about showing it here; zero when nothing was.
func (sc *Scorer) Learned(it *veiviser.Item, format string) Delta {
	if sc.learned.empty() {
		return Delta{}
	}
	mean, variance := sc.delta(it, format)
	if math.Abs(mean) < leastDelta { // the last bits of a sum: what is equal stays equal
		mean = 0
	}
	return Delta{float32(mean), float32(variance)}
}

// Score is the belief about how useful it is here in the given format: mean, with all levers, and variance. r must be
// the item's response under the same model, and d what was learned about it. Score allocates nothing.
func (sc *Scorer) Score(it *veiviser.Item, r *Response, format string, d Delta) (mean, variance float64) {
	mean, variance = sc.usefulness(it, r, format)
	mean, variance = mean+float64(d.Mean), max(variance+float64(d.Var), 0)
	if w := sc.weight(it); w != 1 {
		mean, variance = w*mean, w*w*variance
	}
	for i := range sc.situation.Levers {
		if l := &sc.situation.Levers[i]; l.about(it) {
			mean += l.Add
		}
	}
	return mean + float64(r.Lever), variance
}

// weight is the product of the context weights that hold for it.
func (sc *Scorer) weight(it *veiviser.Item) float64 {
	product := 1.0
	for _, w := range sc.weights {
		if weighs(w, it) {
			product *= w.Weight
		}
	}
	return product
}

// weighs reports whether a context weight that holds in the situation is about it.
func weighs(w *veiviser.ContextWeight, it *veiviser.Item) bool {
	c := condition{kind: w.Kind, topic: w.Topic}
	return c.holds(it)
}

// usefulness is what the plan believes, without levers.
func (sc *Scorer) usefulness(it *veiviser.Item, r *Response, format string) (mean, variance float64) {
	variance = float64(r.common)
	for s := range sc.p {
		mean += sc.p[s] * float64(r.Mean[s])
		variance += sc.pp[s] * float64(r.Var[s])
	}
	mean, variance = sc.every.addTo(mean, variance, r.match)
	for i := range sc.formats {
		if f := &sc.formats[i]; f.format == format {
			mean, variance = f.addTo(mean, variance, r.match)
			break
		}
	}
	if r.match&slow != 0 {
		add := sc.slowSum(it, format)
		mean, variance = mean+add.add, variance+add.variance
	}
	return mean, variance
}

// addTo adds the sums of the rules whose bit match has.
func (f *effectSums) addTo(mean, variance float64, match uint64) (float64, float64) {
	for b := match & f.bits; b != 0; b &= b - 1 {
		s := &f.sums[bits.TrailingZeros64(b)]
		mean, variance = mean+s.add, variance+s.variance
	}
	return mean, variance
}

// slowSum adds up the effects that have no bit: those that name the item and those beyond the first [fastRules] rules.
func (sc *Scorer) slowSum(it *veiviser.Item, format string) sum {
	var total sum
	rs := &sc.model.dynamic
	for _, at := range sc.slow {
		e := &rs.rules[at.rule].effects[at.effect]
		if (e.format == "" || e.format == format) && rs.rules[at.rule].holds(it) {
			w := sc.weigh(e)
			total.add, total.variance = total.add+w.add, total.variance+w.variance
		}
	}
	for _, i := range rs.byItem[it.ID] {
		if !rs.rules[i].holds(it) {
			continue
		}
		for j := range rs.rules[i].effects {
			if e := &rs.rules[i].effects[j]; sc.holds(e, format) {
				w := sc.weigh(e)
				total.add, total.variance = total.add+w.add, total.variance+w.variance
			}
		}
	}
	return total
}

// holds reports whether e holds in this situation for a representation of the format.
func (sc *Scorer) holds(e *effect, format string) bool {
	return (e.segment == "" || slices.Contains(sc.situation.Segments, e.segment)) &&
		(e.channel == "" || e.channel == sc.situation.Channel) &&
		(e.format == "" || e.format == format)
}

// negligible is the stage probability under which a stage gets no part of its own.
const negligible = 0.01

// Parts is what the mean of [Scorer.Score] is made of; the parts sum to it. There is one for every stage with a
// probability of 0.01 or more ("stage:evaluate"; the others together are "stage:other"), then the effects that hold, in
// the order of the plan and those of one name together ("segment:families", "topic:bike", "channel:app",
// "format:card", "kind:offer", "item", "general"), then "learned", then what context weights make of it all
// ("weight:app-service"), then "value", "cost" and "boost", then the levers of the situation ("case", "acquisition"). Stages are always there; other parts are
// left out when they are zero. An effect with several conditions bears the name of the first of segment, item, topic,
// channel, format, kind and stage. Everything before the weights is what was expected of its usefulness, see [Usefulness].
func (sc *Scorer) Parts(it *veiviser.Item, r *Response, format string, d Delta) []veiviser.Part {
	var buf [32]effect
	effects, folded := sc.effectsOn(buf[:0], it, format)
	parts := make([]veiviser.Part, 0, numStages+1+len(effects)+2)
	other := 0.0
	for s, stage := range veiviser.StandardStages() {
		add := sc.p[s] * (float64(r.Mean[s]) - folded[s])
		if sc.p[s] < negligible {
			other += add
			continue
		}
		parts = append(parts, veiviser.Part{Name: "stage:" + string(stage), Add: add})
	}
	if other != 0 {
		parts = append(parts, veiviser.Part{Name: "stage:other", Add: other})
	}
	for i := range effects {
		parts = addPart(parts, effects[i].part, sc.weigh(&effects[i]).add)
	}
	parts = addPart(parts, partLearned, float64(d.Mean))
	mean := Usefulness(parts)
	for _, w := range sc.weights {
		if weighs(w, it) {
			parts = addPart(parts, partWeight+w.Name, (w.Weight-1)*mean)
			mean *= w.Weight
		}
	}
	value, boost := sc.model.worth(it.Value), 0.0
	cost := sc.model.value(it) - value
	if it.Boost != 0 {
		boost = float64(r.Lever) - value - cost
	} else {
		value = float64(r.Lever) - cost
	}
	parts = addPart(parts, partValue, value)
	parts = addPart(parts, partCost, cost)
	parts = addPart(parts, partBoost, boost)
	for i := range sc.situation.Levers {
		if l := &sc.situation.Levers[i]; l.about(it) {
			parts = addPart(parts, l.Name, l.Add)
		}
	}
	return slices.DeleteFunc(parts, func(p veiviser.Part) bool { return p.Add == 0 && !strings.HasPrefix(p.Name, "stage:") })
}

// The parts that are not what was expected of an item's usefulness to her.
const (
	partLearned = "learned"
	partWeight  = "weight:"
	partValue   = "value"
	partCost    = "cost"
	partBoost   = "boost"
)

// Usefulness is what was expected of an item by itself, from the parts of its score: without context weights, value, cost,
// boost and the levers of the situation. It is what outcomes are compared with.
func Usefulness(parts []veiviser.Part) float64 {
	sum := 0.0
	for _, p := range parts {
		switch p.Name {
		case partValue, partCost, partBoost, LeverCase, LeverAcquisition:
			continue
		}
		if !strings.HasPrefix(p.Name, partWeight) {
			sum += p.Add
		}
	}
	return sum
}

// effectsOn appends every effect that holds for it here, in the order of the plan, and says what of it each stage of the
// item's response holds already.
func (sc *Scorer) effectsOn(dst []effect, it *veiviser.Item, format string) ([]effect, [numStages]float64) {
	var folded [numStages]float64
	var buf [32]int32
	m := sc.model
	for _, i := range m.static.matching(buf[:0], it) {
		for _, e := range m.static.rules[i].effects {
			dst = append(dst, e)
			for s := range folded {
				if e.stage < 0 || e.stage == s {
					folded[s] += e.add
				}
			}
		}
	}
	for _, i := range m.dynamic.matching(buf[:0], it) {
		for _, e := range m.dynamic.rules[i].effects {
			if sc.holds(&e, format) {
				dst = append(dst, e)
			}
		}
	}
	slices.SortFunc(dst, func(a, b effect) int { return a.row - b.row })
	return dst, folded
}

// addPart adds to the part of that name, or appends it.
func addPart(parts []veiviser.Part, name string, add float64) []veiviser.Part {
	if math.IsNaN(add) || add == 0 {
		return parts
	}
	if i := slices.IndexFunc(parts, func(p veiviser.Part) bool { return p.Name == name }); i >= 0 {
		parts[i].Add += add
		return parts
	}
	return append(parts, veiviser.Part{Name: name, Add: add})
}
