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
}

// Scorer scores items in one situation. It never changes and is safe for concurrent use.
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
func (m *Model) Prepare(s Situation) *Scorer {
	sc := &Scorer{model: m, situation: s}
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

// Score is the belief about how useful it is here in the given format: mean, with all levers, and variance. r must be
// the item's response under the same model; the item itself is read only when an effect names it. Score allocates
// nothing.
func (sc *Scorer) Score(it *veiviser.Item, r *Response, format string) (mean, variance float64) {
	mean, variance = float64(r.Lever), float64(r.common)
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
// "format:card", "kind:offer", "item", "general"), then "value" and "boost". Stages are always there; other parts are
// left out when they are zero. An effect with several conditions bears the name of the first of segment, item, topic,
// channel, format, kind and stage.
func (sc *Scorer) Parts(it *veiviser.Item, r *Response, format string) []veiviser.Part {
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
	value, boost := float64(r.Lever), 0.0
	if it.Boost != 0 {
		value = sc.model.value(it)
		boost = float64(r.Lever) - value
	}
	parts = addPart(parts, "value", value)
	parts = addPart(parts, "boost", boost)
	return slices.DeleteFunc(parts, func(p veiviser.Part) bool { return p.Add == 0 && !strings.HasPrefix(p.Name, "stage:") })
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
