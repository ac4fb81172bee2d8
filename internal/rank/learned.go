package rank

import (
	"slices"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Learned is what [Experience] had come to at one moment. It never changes and is safe for concurrent use.
type Learned struct {
	weights table
	scale   float64
	version uint64
}

// Version grows with every change of the experience; 0 is nothing learned.
func (l *Learned) Version() uint64 {
	if l == nil {
		return 0
	}
	return l.version
}

// empty reports whether there is nothing to add to what the plan says.
func (l *Learned) empty() bool { return l == nil || l.weights.n == 0 }

// under is the belief about a weight with the given prior, and whether anything was learned about it.
func (l *Learned) under(key uint64, mean, variance float64) (m, v float64, ok bool) {
	e := l.weights.find(key)
	if e == nil {
		return mean, variance, false
	}
	m, v = e.under(mean, variance, l.scale)
	return m, v, true
}

// Features appends the features of showing it in this situation, with the plan's priors of their weights: the item in
// every stage, the plan's effects that hold, and the crosses. Their prior mean is that of [Scorer.Score] without anything
// learned, less value and boost and before context weights; so is the variance of all but the crosses.
func (sc *Scorer) Features(dst []Feature, it *veiviser.Item, format string) []Feature {
	m := sc.model
	prior, serves := m.priorFor(it.Kind), stagesServed(it)
	item := hash64(it.ID)
	for s := range sc.p {
		if sc.p[s] >= negligibleStage {
			mean, variance := m.stagePrior(prior, serves, s)
			dst = append(dst, Feature{itemStageKey(item, s), sc.p[s], mean, variance})
		}
	}
	var buf [32]effect
	effects, _ := sc.effectsOn(buf[:0], it, format)
	for i := range effects {
		e := &effects[i]
		x := 1.0
		if e.stage >= 0 {
			x = sc.p[e.stage]
		}
		if at := slices.IndexFunc(dst, func(f Feature) bool { return f.Key == e.key }); at >= 0 { // rows that ask for the same
			dst[at].Mean += e.add
			dst[at].Var += e.variance
			continue
		}
		dst = append(dst, Feature{e.key, x, e.add, e.variance})
	}
	if sc.outer == nil {
		sc.situate()
	}
	setOwn(&sc.values, it, format)
	var keys [64]weighed
	for i := range m.crosses {
		c := &m.crosses[i]
		joint := combine(keys[:0], weighed{c.seed, 1}, c.own, &sc.values)
		for _, own := range joint {
			for _, outer := range sc.outer[i] {
				dst = append(dst, Feature{mix(own.key ^ outer.key), own.x * outer.x, 0, c.variance})
			}
		}
	}
	return dst
}

// delta is what was learned adds to the mean and the variance of an item, beyond the plan's priors. Crosses move the mean
// alone: what is tried out is an item or a row of the plan, not a way in which they might suit some better than others.
// That costs far less than it brings, as every item meets many crosses.
func (sc *Scorer) delta(it *veiviser.Item, format string) (mean, variance float64) {
	add := func(x, was, wasVar, is, isVar float64) {
		mean += x * (is - was)
		variance += x * x * (isVar - wasVar)
	}
	m, l := sc.model, sc.learned
	prior, serves := m.priorFor(it.Kind), stagesServed(it)
	item := hash64(it.ID)
	for s := range sc.p {
		if sc.p[s] < negligibleStage {
			continue
		}
		was, wasVar := m.stagePrior(prior, serves, s)
		if is, isVar, ok := l.under(itemStageKey(item, s), was, wasVar); ok {
			add(sc.p[s], was, wasVar, is, isVar)
		}
	}
	for i := range sc.changed {
		c := &sc.changed[i]
		if (c.format == "" || c.format == format) && c.holds(it) {
			add(c.x, c.was.add, c.was.variance, c.is.add, c.is.variance)
		}
	}
	setOwn(&sc.values, it, format)
	var keys [64]weighed
	for i := range m.crosses {
		c := &m.crosses[i]
		for _, own := range combine(keys[:0], weighed{c.seed, 1}, c.own, &sc.values) {
			mean += own.x * sc.crossDelta(i, own.key, c)
		}
	}
	return mean, variance
}

// crossDelta sums what was learned about a value of the item over what the situation makes of it. What many items have in
// common is looked up once.
func (sc *Scorer) crossDelta(i int, own uint64, c *cross) float64 {
	keep := !c.byItem && len(sc.outer[i]) > 2 // fewer are looked up as fast
	if keep {
		for _, r := range sc.remembered {
			if r.key == own {
				return r.add
			}
		}
	}
	d := 0.0
	for _, outer := range sc.outer[i] {
		if is, _, ok := sc.learned.under(mix(own^outer.key), 0, c.variance); ok {
			d += outer.x * is
		}
	}
	if keep {
		sc.remembered = append(sc.remembered, rememberedSum{own, d})
	}
	return d
}

// rememberedSum is what crossDelta found for a value.
type rememberedSum struct {
	key uint64
	add float64
}

// changedEffect is a row of the plan's effects that holds in the situation and that something was learned about.
type changedEffect struct {
	*condition
	format  string
	x       float64
	was, is sum
}

// situate prepares the parts of keys that the situation gives.
func (sc *Scorer) situate() {
	setOuter(&sc.values, &sc.situation, &sc.p)
	m := sc.model
	sc.outer = make([][]weighed, len(m.crosses))
	for i := range m.crosses {
		sc.outer[i] = combine(nil, weighed{mix(m.crosses[i].seed), 1}, m.crosses[i].outer, &sc.values)
	}
}

// learn looks up which effects that hold here were learned about.
func (sc *Scorer) learn() {
	sc.situate()
	m := sc.model
	for _, rs := range [...]*ruleset{&m.static, &m.dynamic} {
		for i := range rs.rules {
			r := &rs.rules[i]
			for j := range r.effects {
				e := &r.effects[j]
				if e.segment != "" && !slices.Contains(sc.situation.Segments, e.segment) || e.channel != "" && e.channel != sc.situation.Channel {
					continue
				}
				is, isVar, ok := sc.learned.under(e.key, e.add, e.variance)
				if !ok {
					continue
				}
				x := 1.0
				if e.stage >= 0 {
					x = sc.p[e.stage]
				}
				sc.changed = append(sc.changed, changedEffect{&r.condition, e.format, x, sum{e.add, e.variance}, sum{is, isVar}})
			}
		}
	}
}
