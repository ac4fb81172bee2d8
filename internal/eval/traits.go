package eval

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/veiviser/veiviser/internal/stage"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// traits counts events by subject and type, each towards all subjects above it as well.
type traits struct {
	types  []string
	share  []float64 // of all events, by type
	counts map[string]*traitCount
}

type traitCount struct {
	events int
	byType []int
}

func newTraits(l *Log, types []string) *traits {
	t := &traits{types: types, share: make([]float64, len(types)), counts: map[string]*traitCount{}}
	for i := range l.NumVisitors() {
		t.count(t.counts, l, i)
	}
	shares := l.TypeShares()
	for k, typ := range types {
		t.share[k] = float64(shares[typ]) / float64(l.Events)
	}
	return t
}

func (t *traits) count(into map[string]*traitCount, l *Log, i int) {
	for _, e := range l.visitors[i].events {
		typ := slices.Index(t.types, l.strings[e.typ])
		for s := l.strings[e.subject]; s != ""; s = veiviser.SubjectAbove(s) {
			c := into[s]
			if c == nil {
				c = &traitCount{byType: make([]int, len(t.types))}
				into[s] = c
			}
			if c.events++; typ >= 0 {
				c.byType[typ]++
			}
		}
	}
}

// of counts the events of one visitor, who is left out of what is known of subjects when her own rows are made.
func (t *traits) of(l *Log, i int) map[string]*traitCount {
	own := map[string]*traitCount{}
	t.count(own, l, i)
	return own
}

// columns finds the covariates that come from traits: the index of the type, -1 for the number of events, -2 for others.
func (t *traits) columns(covariates []veiviser.Covariate) []int {
	out := make([]int, len(covariates))
	for i, c := range covariates {
		switch name, typ, _ := strings.Cut(c.ID, "."); name {
		case stage.CovariateTrait:
			out[i] = slices.Index(t.types, typ)
		case stage.CovariateKnown:
			out[i] = -1
		default:
			out[i] = -2
		}
	}
	return out
}

// fill writes the covariates from traits as they would be had the visitor's own events not been there.
func (t *traits) fill(x []float64, columns []int, subject string, own map[string]*traitCount) {
	var all, mine *traitCount
	left := 0
	for ; subject != ""; subject = veiviser.SubjectAbove(subject) {
		all, mine = t.counts[subject], own[subject]
		if all == nil {
			continue
		}
		if left = all.events; mine != nil {
			left -= mine.events
		}
		if left >= minTrait {
			break
		}
	}
	for i, k := range columns {
		switch {
		case k == -2:
			continue
		case subject == "":
			x[i] = 0
		case k == -1:
			x[i] = math.Log1p(float64(left))
		default:
			n := all.byType[k]
			if mine != nil {
				n -= mine.byType[k]
			}
			x[i] = t.rate(k, n, left)
		}
	}
}

func (t *traits) rate(k, n, events int) float64 {
	return math.Log((float64(n) + traitPrior*t.share[k]) / (float64(events) + traitPrior) / t.share[k])
}

// list are the traits of the subjects with most events.
func (t *traits) list() []veiviser.SubjectTrait {
	var out []veiviser.SubjectTrait
	for s, c := range t.counts {
		if c.events < minTrait {
			continue
		}
		trait := veiviser.SubjectTrait{Subject: s, Events: float64(c.events), Rates: map[string]float64{}}
		for k, typ := range t.types {
			if typ != veiviser.EventView {
				trait.Rates[typ] = t.rate(k, c.byType[k], c.events)
			}
		}
		out = append(out, trait)
	}
	slices.SortFunc(out, func(a, b veiviser.SubjectTrait) int {
		return cmp.Or(cmp.Compare(b.Events, a.Events), strings.Compare(a.Subject, b.Subject))
	})
	return out[:min(len(out), maxTraits)]
}
