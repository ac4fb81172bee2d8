package plan

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/veiviser/veiviser/internal/rank"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// pollEvery is how often a library looks for news.
const pollEvery = 500 * time.Millisecond

// Library is what is published and what is in the catalogue, as every replica sees it. Reading never waits for the store:
// while the store is away the last snapshot stays. It is safe for concurrent use.
type Library struct {
	store  Store
	log    *slog.Logger
	active atomic.Pointer[Snapshot]
	// turn is held while following the store; state is what was followed so far.
	turn  chan struct{}
	state atomic.Pointer[followed]
	older shelf
	// learned is what [Library.Learn] was given; relearned, which is Run's, is when the catalogue may be ordered again.
	learned   func() *rank.Learned
	relearned time.Time
	clock     func() time.Time
}

// followed is how far a library has followed its store.
type followed struct {
	head veiviser.Head
	// revision is that of the last change in overlay: everything written beside the plan, by id, whether or not it applies.
	revision uint64
	overlay  []*veiviser.CatalogChange
	// switches are those that are on.
	switches []veiviser.Switch
}

// NewLibrary returns a library that knows nothing yet; see [Library.Refresh] and [Library.Run].
func NewLibrary(store Store, log *slog.Logger) *Library {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	l := &Library{store: store, log: log, turn: make(chan struct{}, 1), clock: time.Now}
	l.state.Store(&followed{})
	return l
}

// Active is the snapshot that answers now; nil before anything is published. It never waits.
func (l *Library) Active() *Snapshot { return l.active.Load() }

// Assume lets p answer, as version 0, until it is known what is published: for a start while the store is away. It does
// nothing when something answers already.
func (l *Library) Assume(p *veiviser.Plan) error {
	s, err := Compile(0, p)
	if err != nil {
		return err
	}
	l.active.CompareAndSwap(nil, s)
	return nil
}

// Lost reports whether something was published that the store does not know any more: it was emptied. The last snapshot
// still answers.
func (l *Library) Lost() bool {
	s := l.Active()
	return s != nil && s.Version != 0 && l.state.Load().head.Active == 0
}

// Run follows the store until ctx ends, and returns nil then; see also [Library.Learn]. It logs when the store is lost and
// when it is back.
func (l *Library) Run(ctx context.Context) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	lost := false
	for {
		err := l.Refresh(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && !lost:
			l.log.Warn("plan and catalogue cannot be followed, the last ones stay", "error", err)
		case err == nil && lost:
			l.log.Info("plan and catalogue are followed again")
		}
		lost = err != nil
		l.relearn(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Refresh fetches what is new and swaps the snapshot. Calls take turns. On an error the last snapshot stays, or has at
// least the catalogue's news.
func (l *Library) Refresh(ctx context.Context) error {
	select {
	case l.turn <- struct{}{}:
	case <-ctx.Done():
		return stopped(ctx)
	}
	defer func() { <-l.turn }()
	head, err := l.store.Head(ctx)
	if err != nil {
		return err
	}
	if head == l.state.Load().head {
		return nil
	}
	return l.follow(ctx, head)
}

func stopped(ctx context.Context) error {
	if ctx.Err() == context.DeadlineExceeded {
		return veiviser.Failed(veiviser.KindDeadline, veiviser.ReasonDeadlineExceeded, ctx.Err(), "the time ran out")
	}
	return veiviser.Failed(veiviser.KindCanceled, veiviser.ReasonCanceled, ctx.Err(), "the caller left")
}

// follow brings the library to head.
func (l *Library) follow(ctx context.Context, head veiviser.Head) error {
	was, near := *l.state.Load(), l.Active()
	if head.Catalog < was.revision || head.Activation < was.head.Activation ||
		head.Switches < was.head.Switches {
		was, near = followed{}, nil // the store lost what it said before: begin anew
		l.log.Warn("the store holds less than before, plan and catalogue are read anew")
	}
	now := followed{head: head, revision: was.revision, overlay: was.overlay, switches: was.switches}
	var changes []*veiviser.CatalogChange
	if head.Catalog > was.revision {
		list, to, err := l.store.ItemsSince(ctx, was.revision)
		if err != nil {
			return err
		}
		changes = apart(list)
		now.revision, now.overlay = max(to, head.Catalog), merged(was.overlay, latestOf(changes))
	}
	if err := l.followSwitches(ctx, &was, &now); err != nil {
		return err
	}
	snap := l.Active()
	var err error
	switch {
	case head.Active == 0:
		// Nothing is published. If something was, the store lost it, and the last snapshot is better than none.
	case near == nil || snap.Version != head.Active || snap.Activation != head.Activation:
		var next *Snapshot
		if next, err = l.load(ctx, head.Active, near); err == nil {
			snap = next.with(now.overlay, now.revision, head.Activation)
			break
		}
		now.head.Active, now.head.Activation = was.head.Active, was.head.Activation // try again next time
		fallthrough
	default:
		if snap != nil && snap.CatalogRevision() != now.revision {
			snap = snap.with(changes, now.revision, snap.Activation)
		}
	}
	l.state.Store(&now)
	l.active.Store(snap.switched(now.switches))
	return err
}

// load compiles a published version; near may hold its plan already.
func (l *Library) load(ctx context.Context, version uint64, near *Snapshot) (*Snapshot, error) {
	if near != nil && near.Version == version {
		return near.bare(), nil
	}
	v, err := l.store.PlanVersion(ctx, version)
	if err != nil {
		return nil, err
	}
	s, err := Compile(version, &v.Plan)
	if err != nil {
		return nil, err
	}
	s.published = v.Published
	return s, nil
}

// apart gives every change memory of its own, so that one that stays does not keep a whole batch.
func apart(list []veiviser.CatalogChange) []*veiviser.CatalogChange {
	out := make([]*veiviser.CatalogChange, len(list))
	for i := range list {
		c := list[i]
		out[i] = &c
	}
	return out
}

// merged is a sorted overlay with sorted changes written over it.
func merged(overlay, changes []*veiviser.CatalogChange) []*veiviser.CatalogChange {
	out := make([]*veiviser.CatalogChange, 0, len(overlay)+len(changes))
	for _, o := range overlay {
		for len(changes) > 0 && changes[0].Item.ID < o.Item.ID {
			out, changes = append(out, changes[0]), changes[1:]
		}
		if len(changes) > 0 && changes[0].Item.ID == o.Item.ID {
			out, changes = append(out, changes[0]), changes[1:]
			continue
		}
		out = append(out, o)
	}
	return append(out, changes...)
}

// At is a published version with the catalogue of now, for explaining answers it gave. The last few are kept.
func (l *Library) At(ctx context.Context, version uint64) (*Snapshot, error) {
	if s := l.Active(); s != nil && s.Version == version {
		return s, nil
	}
	base := l.older.get(version)
	if base == nil {
		var err error
		if base, err = l.load(ctx, version, nil); err != nil {
			return nil, err
		}
	}
	now := l.state.Load()
	if base.CatalogRevision() != now.revision || base.Activation != now.head.Activation {
		base = base.bare().with(now.overlay, now.revision, now.head.Activation)
	}
	base = base.switched(now.switches)
	l.older.put(base)
	return base, nil
}

// shelf keeps the snapshots of a few older versions, the one used last first.
type shelf struct {
	mu   sync.Mutex
	kept []*Snapshot
}

// shelfSize is how many snapshots a shelf holds.
const shelfSize = 4

func (s *shelf) get(version uint64) *Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.kept {
		if k.Version == version {
			return k
		}
	}
	return nil
}

func (s *shelf) put(snap *Snapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := []*Snapshot{snap}
	for _, k := range s.kept {
		if k.Version != snap.Version && len(kept) < shelfSize {
			kept = append(kept, k)
		}
	}
	s.kept = kept
}
