package plan

import (
	"cmp"
	"math"
	"slices"

	"github.com/veiviser/veiviser/internal/rank"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// Shortlist picks the items worth ranking, the most useful (by mean) first, and evaluates the rules that look at the
// item. Up to [ListAll] eligible items are all listed. Of more, the most promising ones by what they may be worth in the
// stages she may be in are scored, and the [ListKept] best by mean plus two standard deviations are listed; the others
// count as NOT_SHORT_LISTED. The same catalogue, query and scorer give the same list. What is promising is what the plan and,
// after [Snapshot.Learn], what was learned says; a query with Said gives the list that was made then, with either catalogue.
//
// The list is good until e is released. It may be made once.
func (c *Catalog) Shortlist(e *Eligible, q *Query, scorer *rank.Scorer) []Listed {
	eligible := e.Count()
	stages := q.byStage()
	// Looking at every eligible item costs a few times less than a step along the orders, and 96 eligible items are met in
	// about 96·N/E steps.
	switch {
	case eligible == 0:
		return e.short
	case e.visited:
		e.revisit(scorer)
	case eligible <= ListAll:
		for slot := range e.left.slots {
			e.list(slot, scorer)
		}
	case eligible*eligible <= 32*len(c.entries):
		e.visited = e.order != c.prior
		e.scan(stages, scorer)
	default:
		e.visited = e.order != c.prior
		e.walk(stages, scorer)
	}
	if len(e.short) > ListKept && eligible > ListAll {
		e.arrange(func(l *Listed) float64 { return l.Mean + 2*l.SD() }, ListKept)
	}
	e.arrange(func(l *Listed) float64 { return l.Mean }, len(e.short))
	e.passOver()
	return e.short
}

// list scores an item and puts it on the list, unless its own rule says no. It reports whether it did.
func (e *Eligible) list(slot int32, scorer *rank.Scorer) bool {
	if v := e.itemVerdict(slot); v != numReasons {
		if e.visited && !e.again {
			e.said = append(e.said, veiviser.Scored{Slot: slot})
		}
		e.outOne(v, slot)
		return false
	}
	en := e.c.entries[slot]
	s := Listed{Slot: slot, Item: en.item, Representation: int(e.view.choice[en.shape]), Like: en.like}
	s.Format = e.c.words.forms[en.shape][s.Representation].format
	s.Learned = e.learned(&s, scorer)
	s.Mean, s.Var = scorer.Score(en.item, &en.response, s.Format, s.Learned)
	e.short = append(e.short, s)
	return true
}

// learned is what the learned model says of an item, or said when a decision is made again.
func (e *Eligible) learned(s *Listed, scorer *rank.Scorer) rank.Delta {
	if e.again {
		for i := range e.before {
			if e.before[i].Slot == s.Slot {
				return rank.Delta{Mean: e.before[i].Mean, Var: e.before[i].Var}
			}
		}
		return rank.Delta{}
	}
	d := scorer.Learned(s.Item, s.Format)
	if e.visited || d != (rank.Delta{}) {
		e.said = append(e.said, veiviser.Scored{Slot: s.Slot, Mean: d.Mean, Var: d.Var})
	}
	return d
}

// Said is what the learned model said of the items that the short list was made from. When the list was cut by what was
// learned, it is visited: every item looked at, in order. Otherwise it is those of which something was said.
func (e *Eligible) Said() (said []veiviser.Scored, visited bool) {
	if e.again {
		return slices.Clone(e.before), e.visited
	}
	return slices.Clone(e.said), e.visited
}

// revisit looks at the items that were looked at when the decision was made.
func (e *Eligible) revisit(scorer *rank.Scorer) {
	unseen := e.tmp
	copy(unseen, e.left)
	for i := range e.before {
		if slot := e.before[i].Slot; slot >= 0 && int(slot) < len(e.c.entries) && unseen.has(slot) {
			unseen.drop(slot)
			e.list(slot, scorer)
		}
	}
}

// mayEvaluate reports whether the item has no rule of its own, or there is time left to evaluate it.
func (e *Eligible) mayEvaluate(slot int32) bool {
	if e.evaluated < maxItemRules {
		return true
	}
	rule := e.c.entries[slot].rule
	return rule < 0 || !e.c.words.compiled[rule].looksAtItem()
}

// scan looks at every eligible item: the best by the hope for the stages, weighted by their probability.
func (e *Eligible) scan(stages *[veiviser.NumStandardStages]float64, scorer *rank.Scorer) {
	var weights [veiviser.NumStandardStages]float32
	for i, p := range weigh(stages) {
		weights[i] = float32(p)
	}
	e.heap = e.heap[:0]
	for slot := range e.left.slots {
		hopes := &e.order.hopes[slot]
		hope := float32(0)
		for i, w := range weights {
			hope += float32(w * hopes[i])
		}
		if hope != hope {
			hope = float32(math.Inf(-1))
		}
		e.heap = append(e.heap, sortKey(hope)<<32|uint64(slot))
	}
	h := keyHeap(e.heap)
	h.build()
	for len(e.short) < listLooked && len(h) > 0 {
		if slot := int32(uint32(h.pop())); e.mayEvaluate(slot) {
			e.list(slot, scorer)
		}
	}
}

// walk goes along the orders of the stages, as often along each as it is probable.
func (e *Eligible) walk(stages *[veiviser.NumStandardStages]float64, scorer *rank.Scorer) {
	weights := weigh(stages)
	var credit [veiviser.NumStandardStages]float64
	orders := e.order.slots // each without what was passed
	unseen := e.tmp
	copy(unseen, e.left)
	for len(e.short) < listLooked {
		stage, most, some := 0, 0.0, false
		for i, w := range weights {
			if len(orders[i]) == 0 || w == 0 {
				continue
			}
			if credit[i] += w; !some || credit[i] > most {
				stage, most, some = i, credit[i], true
			}
		}
		if !some {
			return
		}
		credit[stage]--
		orders[stage] = e.next(orders[stage], unseen, scorer)
	}
}

// next lists the first item of an order that is eligible and not seen, and returns what comes after it.
func (e *Eligible) next(order []uint64, unseen bitmap, scorer *rank.Scorer) []uint64 {
	for i, key := range order {
		slot := int32(uint32(key))
		if !unseen.has(slot) {
			continue
		}
		unseen.drop(slot)
		if e.mayEvaluate(slot) && e.list(slot, scorer) {
			return order[i+1:]
		}
	}
	return nil
}

// weigh scales a belief to sum 1 and leaves out stages that hardly matter; without any all stages count alike.
func weigh(stages *[veiviser.NumStandardStages]float64) [veiviser.NumStandardStages]float64 {
	var w [veiviser.NumStandardStages]float64
	sum := 0.0
	for i := range w {
		if stages != nil && stages[i] >= negligible {
			w[i] = stages[i]
		}
		sum += w[i]
	}
	for i := range w {
		if sum > 0 && !math.IsInf(sum, 0) {
			w[i] /= sum
		} else {
			w[i] = 1.0 / veiviser.NumStandardStages
		}
	}
	return w
}

// negligible is the probability under which a stage has no say in cutting a list short.
const negligible = 0.01

// keyed stands for a listed item while the list is put in order.
type keyed struct {
	key      float64
	at, slot int32
}

// arrange puts the list in order, the greatest key first and the lowest slot among equals, and keeps so many.
func (e *Eligible) arrange(key func(*Listed) float64, keep int) {
	e.keys = e.keys[:0]
	for i := range e.short {
		e.keys = append(e.keys, keyed{key(&e.short[i]), int32(i), e.short[i].Slot})
	}
	slices.SortFunc(e.keys, func(a, b keyed) int {
		if c := cmp.Compare(b.key, a.key); c != 0 {
			return c
		}
		return cmp.Compare(a.slot, b.slot)
	})
	e.spare = e.spare[:0]
	for _, k := range e.keys[:keep] {
		e.spare = append(e.spare, e.short[k.at])
	}
	e.short, e.spare = e.spare, e.short
}

// passOver counts what is eligible but not listed, and leaves what is listed.
func (e *Eligible) passOver() {
	copy(e.tmp, e.left)
	for i := range e.short {
		e.tmp.drop(e.short[i].Slot)
	}
	e.out(notListed)
}

// keyHeap is a binary heap with the smallest key on top.
type keyHeap []uint64

func (h keyHeap) build() {
	for i := len(h)/2 - 1; i >= 0; i-- {
		h.sink(i)
	}
}

func (h *keyHeap) pop() uint64 {
	s := *h
	top := s[0]
	s[0] = s[len(s)-1]
	*h = s[:len(s)-1]
	h.sink(0)
	return top
}

func (h keyHeap) sink(i int) {
	for {
		child := 2*i + 1
		if child >= len(h) {
			return
		}
		if child+1 < len(h) && h[child+1] < h[child] {
			child++
		}
		if h[i] <= h[child] {
			return
		}
		h[i], h[child] = h[child], h[i]
		i = child
	}
}
