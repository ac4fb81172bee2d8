package plan

import (
	"context"
	"math"
	"runtime"
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/rank"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// Learn is the snapshot with a catalogue whose short lists are cut by what was learned, too: each item by what it may be
// worth when somebody is surely in a stage and nothing else is known of the situation. What was learned to be good is then
// looked at among thousands, and when what was tried disappoints, something else comes up. It takes a few microseconds an
// item; s is not changed. When nothing was learned, or nothing that tells items apart without a situation, lists are cut by
// what the plan says. Items written later count by the plan alone, until the next Learn.
func (s *Snapshot) Learn(l *rank.Learned) *Snapshot {
	if s.Catalog.knows(l) {
		return s
	}
	next := *s
	next.Catalog = s.Catalog.at(s.Catalog.revision)
	next.Catalog.learn(l)
	return &next
}

// knows reports whether all items are ordered by l already.
func (c *Catalog) knows(l *rank.Learned) bool {
	if l.Version() == 0 {
		return c.order == c.prior
	}
	return c.learned == l.Version()
}

// learn orders the items by what was learned. It may be called while nobody else knows c.
func (c *Catalog) learn(l *rank.Learned) {
	c.order, c.learned = c.prior, l.Version()
	if c.learned == 0 {
		return
	}
	o, said := &order{hopes: make([][veiviser.NumStandardStages]float32, len(c.entries))}, false
	for stage := range o.slots {
		var sure rank.Situation
		sure.ByStage[stage] = 1
		scorer := c.model.Prepare(sure, l)
		keys := make([]uint64, len(c.entries))
		for slot, e := range c.entries {
			if slot%256 == 255 {
				runtime.Gosched() // requests first: it would take a processor for a good part of a second
			}
			d := scorer.Learned(e.item, "")
			said = said || d != rank.Delta{}
			mean, variance := scorer.Score(e.item, &e.response, "", d)
			keys[slot] = o.note(stage, int32(slot), float32(mean+2*math.Sqrt(variance)))
		}
		slices.Sort(keys)
		o.slots[stage] = keys
	}
	if said {
		c.order = o
	}
}

// How often a library orders its catalogue by what was learned: no more often than learnEvery, and so that it rests for
// learnRest times what the last time cost, which keeps it under 1/(1+learnRest) of one processor.
const (
	learnEvery = 5 * time.Second
	learnRest  = 20
)

// Learn lets [Library.Run] cut the short lists of a large catalogue by what was learned, too, see [Snapshot.Learn]: whenever
// there is more of it, but not all the time. learned is called from Run, a few times a second at most. Learn may be called
// before Run.
func (l *Library) Learn(learned func() *rank.Learned) { l.learned = learned }

// relearn orders the catalogue anew when it is time to, and there is a reason.
func (l *Library) relearn(ctx context.Context) {
	if l.learned == nil || l.clock().Before(l.relearned) {
		return
	}
	was, learned := l.Active(), l.learned()
	if was == nil || was.Catalog.Len() <= ListAll || was.Catalog.knows(learned) {
		return
	}
	began := l.clock()
	next := was.Learn(learned) // nobody waits for it: what is written meanwhile is made up for
	cost := l.clock().Sub(began)
	select {
	case l.turn <- struct{}{}:
	case <-ctx.Done():
		return
	}
	defer func() { <-l.turn }()
	began = l.clock()
	if next = l.caughtUp(was, next); next != nil {
		l.active.Store(next)
	}
	ended := l.clock()
	cost += ended.Sub(began)
	l.relearned = ended.Add(max(learnEvery, learnRest*cost))
	l.log.Debug("the catalogue was ordered by what was learned", "items", was.Catalog.Len(), "cost", cost, "swapped", next != nil)
}

// caughtUp is next, made from was, with what was written to the catalogue since; nil when it is a plan's that does not
// answer any more. It is called in turn.
func (l *Library) caughtUp(was, next *Snapshot) *Snapshot {
	now := l.Active()
	if now == was {
		return next
	}
	if now.base != was.base || now.Activation != was.Activation {
		return nil
	}
	var since []*veiviser.CatalogChange
	for _, ch := range l.state.Load().overlay {
		if ch.Revision > was.CatalogRevision() {
			since = append(since, ch)
		}
	}
	return next.with(since, now.CatalogRevision(), now.Activation).switched(now.Switches)
}
