package review

import (
	"context"

	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// moment is what was decided upon: a plan version, the activation under which it answered, and a revision of the catalogue.
type moment struct{ version, activation, revision uint64 }

func momentOf(a *veiviser.Answer) moment { return moment{a.PlanVersion, a.Activation, a.Catalog} }

// What is kept of the past at a time. A snapshot of a large catalogue takes hundreds of megabytes.
const (
	keptPlans     = 4
	keptSnapshots = 4
)

// past makes snapshots of moments, and keeps the last few. It is not safe for concurrent use.
type past struct {
	log   Log
	plans Plans
	bare  shelf[uint64, compiled]
	made  shelf[moment, found]
}

// compiled is a plan version without anything written beside it; when it does not compile any more, why.
type compiled struct {
	snap *plan.Snapshot
	why  error
}

// found is the snapshot of a moment. Without one the moment is not known any more, or, with why, does not compile.
type found struct {
	snap *plan.Snapshot
	why  error
}

func newPast(log Log, plans Plans) *past {
	return &past{log, plans, shelf[uint64, compiled]{room: keptPlans}, shelf[moment, found]{room: keptSnapshots}}
}

// at is the snapshot of a moment. The error is that of the store.
func (p *past) at(ctx context.Context, m moment) (found, error) {
	if s := p.plans.Active(); s != nil && m == (moment{s.Version, s.Activation, s.CatalogRevision()}) {
		return found{snap: s}, nil
	}
	if f, ok := p.made.get(m); ok {
		return f, nil
	}
	f, err := p.make(ctx, m)
	if veiviser.KindOf(err) == veiviser.KindNotFound {
		f, err = found{}, nil
	}
	if err != nil {
		return found{}, err
	}
	p.made.put(m, f)
	return f, nil
}

func (p *past) make(ctx context.Context, m moment) (found, error) {
	c, err := p.plan(ctx, m.version)
	if err != nil || c.snap == nil {
		return found{why: c.why}, err
	}
	items, err := p.log.ItemsAt(ctx, m.revision)
	if err != nil {
		return found{}, err
	}
	return found{snap: c.snap.With(items, m.revision, m.activation)}, nil
}

// plan is a plan version by itself.
func (p *past) plan(ctx context.Context, version uint64) (compiled, error) {
	if c, ok := p.bare.get(version); ok {
		return c, nil
	}
	if version == 0 { // assumed while the store was away, and never published
		return compiled{}, veiviser.NotFound(veiviser.ReasonUnknownVersion, "version", "there is no version 0")
	}
	v, err := p.plans.Version(ctx, version)
	if err != nil {
		return compiled{}, err
	}
	var c compiled
	c.snap, c.why = plan.Compile(version, &v.Plan)
	p.bare.put(version, c)
	return c, nil
}

// shelf keeps a few values, the one used last first.
type shelf[K comparable, V any] struct {
	room int
	kept []kept[K, V]
}

type kept[K comparable, V any] struct {
	key   K
	value V
}

func (s *shelf[K, V]) get(key K) (value V, ok bool) {
	for i, k := range s.kept {
		if k.key == key {
			copy(s.kept[1:i+1], s.kept[:i])
			s.kept[0] = k
			return k.value, true
		}
	}
	return value, false
}

func (s *shelf[K, V]) put(key K, value V) {
	if len(s.kept) < s.room {
		s.kept = append(s.kept, kept[K, V]{})
	}
	copy(s.kept[1:], s.kept)
	s.kept[0] = kept[K, V]{key, value}
}
