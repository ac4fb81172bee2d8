package learn

import (
	"cmp"
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/relation"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// promised are people who wait for an order, by token, with when to look after them: about maxPromised at most, those to be
// looked after first. For whom there is no room the case of a late order is opened when she is met next.
type promised map[string]time.Time

// Bounds on looking after people.
const (
	maxPromised  = 20_000
	maxLookedFor = 500 // at once; the others follow half a second later
	// historyGrace is how long after it was told of an order that is late already may be told to have arrived: history that is loaded
	// tells of deliveries after purchases.
	historyGrace = 10 * time.Minute
)

// take notes what a line says of the next promise to somebody.
func (p promised) take(e *veiviser.OutboxEntry) {
	if e.Person == "" {
		return
	}
	for i := range e.Entry.Steps {
		if s := &e.Entry.Steps[i]; s.Kind == veiviser.StepPromised {
			p.set(e.Person, s.At, e.Written)
		}
	}
}

func (p promised) set(person string, at, written time.Time) {
	delete(p, person)
	if at.IsZero() {
		return
	}
	if !at.After(written) {
		at = written.Add(historyGrace)
	}
	if p[person] = at; len(p) > maxPromised+maxPromised/8 {
		for _, last := range p.byDue()[maxPromised:] {
			delete(p, last)
		}
	}
}

// byDue are all of them, who is due first first.
func (p promised) byDue() []string {
	return slices.SortedFunc(maps.Keys(p), func(a, b string) int { return cmp.Or(p[a].Compare(p[b]), cmp.Compare(a, b)) })
}

// due are those to be looked after by now, the longest overdue first.
func (p promised) due(now time.Time) []string {
	late := promised{}
	for person, at := range p {
		if now.After(at) {
			late[person] = at
		}
	}
	list := late.byDue()
	return list[:min(len(list), maxLookedFor)]
}

// lookAfter opens the cases of orders that should have arrived by now, where nobody else did. What a dead learner has done is found
// done by the next.
func (l *Learner) lookAfter(ctx context.Context, snap *plan.Snapshot, now time.Time) error {
	for _, person := range l.state.Promised.due(now) {
		var next time.Time
		err := Retry(ctx, func() (err error) {
			next, err = l.lookAfterOne(ctx, snap, person, now)
			return err
		})
		switch kind := veiviser.KindOf(err); {
		case err == nil:
		case kind == veiviser.KindConflict: // whoever changes her all the time opens the case
			continue
		case kind != veiviser.KindInternal:
			return err
		default: // passed over, so that one bad record cannot stop all learning
			l.slog.ErrorContext(ctx, "somebody who waits for an order can not be looked after", "error", err)
		}
		l.state.Promised.set(person, next, now)
	}
	return nil
}

// lookAfterOne opens the cases of one person's late orders, and says when to look after her next; zero is never.
func (l *Learner) lookAfterOne(ctx context.Context, snap *plan.Snapshot, person string, now time.Time) (next time.Time, err error) {
	loaded, err := l.log.LoadPerson(ctx, person)
	if err != nil || loaded.Visitor == nil {
		return time.Time{}, err
	}
	loaded.Nonce = rand.Uint64()
	var f Folded
	f.Settle(snap, &loaded, now)
	if f.Visitor == nil {
		return loaded.Visitor.Standing.NextPromise(), nil
	}
	return f.Visitor.Standing.NextPromise(), l.log.Commit(ctx, veiviser.Change{
		Loaded: loaded, Visitor: f.Visitor, Log: f.Log, VisitorTTL: snap.Policy.VisitorTTL,
	})
}

// Settle opens the cases that time has opened until a moment, so that they have ids and are counted.
func (f *Folded) Settle(snap *plan.Snapshot, loaded *veiviser.Loaded, at time.Time) {
	v := f.Visitor
	if v == nil {
		v = loaded.Visitor
	}
	if v == nil || !slices.ContainsFunc(v.Standing.Orders, func(o veiviser.Order) bool { return o.Overdue(at) }) {
		return
	}
	f.open(loaded)
	v = f.Visitor
	if steps := relation.Settle(snap.Relation, &v.Standing, at, loaded.Nonce); len(steps) > 0 {
		m := memberOf(v)
		f.Log = append(f.Log, veiviser.LogEntry{Time: at, Before: m, After: m, Steps: steps})
	}
}
