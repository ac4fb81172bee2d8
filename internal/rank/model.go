package rank

import (
	"math"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// DefaultValueScale is the difference of value and cost, in the currency of the shop, at which the value lever reaches
// tanh(1) ≈ 0.76 of its weight when no item of the plan states a value or a cost. Otherwise the scale is the mean of
// |value − cost| over the items of the plan that state one, so that a weight means the same in a shop of books and a shop
// of boats, and stays put until the plan changes.
const DefaultValueScale = 100.0

// numStages is short for the number of standard stages.
const numStages = veiviser.NumStandardStages

// Model is what a plan believes about usefulness. It never changes and is safe for concurrent use.
type Model struct {
	offStage    float64
	valueWeight float64
	valueScale  float64
	// base is the prior of every kind the plan names, anyKind that of every other.
	base    map[veiviser.ItemKind]*priors
	anyKind priors
	// static effects depend on the item and the stage alone and are folded into every Response; dynamic ones wait for the
	// request.
	static, dynamic ruleset
	// bySegment finds the dynamic effects of rules that name no item; "" holds those for every segment.
	bySegment map[string][]ref
	// crosses are what is learned about beside items, weights multiply usefulness.
	crosses []cross
	weights []veiviser.ContextWeight
}

// priors is the prior mean and strength for each standard stage.
type priors [numStages]struct{ mean, strength float64 }

// Response is the belief about the usefulness of one item before anything is known about the request: 64 bytes and no
// pointers, so that a catalogue can keep one per item. It belongs to the [Model] that made it.
type Response struct {
	// Mean is the expected usefulness in each standard stage, with the effects that depend on the item and the stage alone.
	Mean [numStages]float32
	// Var is the variance of Mean in each stage, without what the stages have in common.
	Var [numStages]float32
	// Lever is what value and boost add in every stage.
	Lever float32
	// common is the variance all stages share, from effects that depend on the item alone.
	common float32
	// match has a bit for every fast rule of the model's dynamic effects that this item meets, and the bit slow when
	// there may be others.
	match uint64
}

// Compile prepares the response model of plan. It reads the policy, and the items for the value scale. It expects a
// validated plan but never fails: numbers that are not finite are left out, means are clamped to [0, 1], a prior without
// a positive strength gets [veiviser.DefaultStrength], and rows for unknown stages match nothing. Of several priors
// equally specific the first wins.
func Compile(plan *veiviser.Plan) *Model {
	p := plan.Policy.WithDefaults()
	m := &Model{
		offStage:    min(max(finite(p.OffStage), 0), 1),
		valueWeight: finite(p.ValueWeight),
		valueScale:  valueScale(plan.Items),
		base:        make(map[veiviser.ItemKind]*priors),
		anyKind:     priorsOf("", p.Priors),
		bySegment:   make(map[string][]ref),
		crosses:     compileCrosses(p.Learning.Crosses),
		weights:     p.Weights,
	}
	for _, row := range p.Priors {
		if _, done := m.base[row.Kind]; !done && row.Kind != "" {
			prior := priorsOf(row.Kind, p.Priors)
			m.base[row.Kind] = &prior
		}
	}
	m.addEffects(p.Effects)
	return m
}

// valueScale is the mean of |value − cost| over the items that state one.
func valueScale(items []veiviser.Item) float64 {
	sum, n := 0.0, 0.0
	for i := range items {
		if d := math.Abs(finite(items[i].Value - items[i].Cost)); d > 0 {
			sum, n = sum+d, n+1
		}
	}
	if scale := sum / n; scale > 0 && !math.IsInf(scale, 0) {
		return scale
	}
	return DefaultValueScale
}

// priorsOf picks the most specific row for kind in every stage: kind and stage, then kind, then stage, then neither.
func priorsOf(kind veiviser.ItemKind, rows []veiviser.ResponsePrior) priors {
	var out priors
	for i, stage := range veiviser.StandardStages() {
		out[i].mean, out[i].strength = veiviser.DefaultPriorMean, veiviser.DefaultStrength
		best := -1
		for _, row := range rows {
			if row.Kind != "" && row.Kind != kind || row.Stage != "" && row.Stage != stage {
				continue
			}
			rank := 0
			if row.Kind != "" {
				rank += 2
			}
			if row.Stage != "" {
				rank++
			}
			if rank <= best || math.IsNaN(row.Mean) {
				continue
			}
			best = rank
			out[i].mean, out[i].strength = min(max(row.Mean, 0), 1), veiviser.DefaultStrength
			if row.Strength > 0 && !math.IsInf(row.Strength, 0) {
				out[i].strength = row.Strength
			}
		}
	}
	return out
}

// Response is the belief about it as far as it depends on the item and the stage alone. It takes about a microsecond
// and is meant to be called once per item whenever the catalogue changes; when the plan changes, all responses must be
// made anew.
func (m *Model) Response(it *veiviser.Item) Response {
	var mean, variance [numStages]float64
	prior, serves := m.priorFor(it.Kind), stagesServed(it)
	for s := range mean {
		mean[s], variance[s] = m.stagePrior(prior, serves, s)
	}
	common := 0.0
	var buf [16]int32
	for _, i := range m.static.matching(buf[:0], it) {
		for _, e := range m.static.rules[i].effects {
			if e.stage >= 0 {
				mean[e.stage] += e.add
				variance[e.stage] += e.variance
				continue
			}
			for s := range mean {
				mean[s] += e.add
			}
			common += e.variance
		}
	}
	r := Response{Lever: float32(m.value(it) + finite(it.Boost)), common: float32(common), match: m.dynamic.mask(it)}
	for s := range mean {
		r.Mean[s], r.Var[s] = float32(mean[s]), float32(variance[s])
	}
	return r
}

// priorFor is the prior of a kind.
func (m *Model) priorFor(kind veiviser.ItemKind) *priors {
	if p, ok := m.base[kind]; ok {
		return p
	}
	return &m.anyKind
}

// stagePrior is the prior belief about the usefulness of an item in a stage, without effects.
func (m *Model) stagePrior(p *priors, serves [numStages]bool, stage int) (mean, variance float64) {
	mean = p[stage].mean
	if !serves[stage] {
		mean *= m.offStage
	}
	return mean, mean * (1 - mean) / (p[stage].strength + 1)
}

// stagesServed tells for each standard stage whether it serves it; an item that lists none serves all.
func stagesServed(it *veiviser.Item) [numStages]bool {
	var serves [numStages]bool
	for s := range serves {
		serves[s] = len(it.Stages) == 0
	}
	for _, stage := range it.Stages {
		if s := stage.Index(); s >= 0 {
			serves[s] = true
		}
	}
	return serves
}

// value is what the worth of the item adds: the weight times the squashed difference of value and cost.
func (m *Model) value(it *veiviser.Item) float64 { return m.worth(it.Value - it.Cost) }

// worth squashes an amount of money.
func (m *Model) worth(amount float64) float64 {
	return m.valueWeight * math.Tanh(finite(amount)/m.valueScale)
}

// Optimistic is what the item may be worth in a stage if things go well: mean plus two standard deviations plus levers.
// It orders the items of a catalogue so that a short list can be cut before the request is looked at, and leaves out
// what depends on the request. Any stage outside the standard ones means that nothing is known: all are equally likely.
func (r *Response) Optimistic(stage int) float32 {
	if stage >= 0 && stage < numStages {
		return r.Mean[stage] + 2*float32(math.Sqrt(float64(r.Var[stage]+r.common))) + r.Lever
	}
	mean, variance := float32(0), r.common
	for s := range r.Mean {
		mean += r.Mean[s] / numStages
		variance += r.Var[s] / (numStages * numStages)
	}
	return mean + 2*float32(math.Sqrt(float64(variance))) + r.Lever
}

// finite is x, or 0 when x is no number to work with.
func finite(x float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	return x
}
