package review

import (
	"math/bits"

	"github.com/veiviser/veiviser/internal/veiviser"
)

const (
	// folds is how many parts the persons are divided into: predictions for one come from the others.
	folds = 5
	// shrinkage is how many rows of the coarser mean a finer one is mixed with.
	shrinkage = 20
)

// predictor predicts rewards of things: one model for each part of the persons.
type predictor struct{ models [folds]rewards }

// without is the model that has not seen a person.
func (p *predictor) without(unit uint64) *rewards { return &p.models[fold(unit)] }

// fold is the part a person is in. Units may be numbers in a row, so they are mixed.
func fold(unit uint64) int {
	hi, _ := bits.Mul64(unit*0x9e3779b97f4a7c15, folds)
	return int(hi)
}

// stages are the standard ones and unsure.
const stages = veiviser.NumStandardStages + 1

// rewards predicts what is earned by showing a thing in a stage: the mean of its kind in that stage, shrunken towards that of
// the kind and of everything, and how much the thing itself is better, shrunken towards not at all.
type rewards struct {
	all    float64
	byKind map[veiviser.ItemKind]*[stages]float64
	things []float64
}

func (m *rewards) predict(kind veiviser.ItemKind, stage int, thing int32) float64 {
	mean := m.all
	if k := m.byKind[kind]; k != nil {
		mean = k[stage]
	}
	return mean + m.things[thing]
}

// cell is a sum over rows.
type cell struct{ n, sum float64 }

func (c *cell) add(x float64) { c.n, c.sum = c.n+1, c.sum+x }

// towards is the mean, mixed with that of a coarser cell.
func (c *cell) towards(mean float64) float64 { return (c.sum + shrinkage*mean) / (c.n + shrinkage) }

// predictions fits the models.
func (v *valuation) predictions() *predictor {
	p := &predictor{}
	for f := range p.models {
		p.models[f] = v.fit(f)
	}
	return p
}

// fit fits a model to the rows that are not in a fold.
func (v *valuation) fit(out int) rewards {
	var all cell
	type kindCells struct {
		all    cell
		stages [stages]cell
	}
	kinds := make(map[veiviser.ItemKind]*kindCells)
	for i := range v.rows {
		r := &v.rows[i]
		if fold(r.unit) == out {
			continue
		}
		kind := v.things[r.taken].kind
		k := kinds[kind]
		if k == nil {
			k = &kindCells{}
			kinds[kind] = k
		}
		all.add(r.reward)
		k.all.add(r.reward)
		k.stages[r.stage].add(r.reward)
	}
	m := rewards{all: all.towards(0), byKind: make(map[veiviser.ItemKind]*[stages]float64, len(kinds)), things: make([]float64, len(v.things))}
	for kind, k := range kinds {
		var means [stages]float64
		mean := k.all.towards(m.all)
		for s := range means {
			means[s] = k.stages[s].towards(mean)
		}
		m.byKind[kind] = &means
	}
	better := make([]cell, len(v.things))
	for i := range v.rows {
		if r := &v.rows[i]; fold(r.unit) != out {
			better[r.taken].add(r.reward - m.byKind[v.things[r.taken].kind][r.stage])
		}
	}
	for i := range better {
		m.things[i] = better[i].towards(0)
	}
	return m
}
