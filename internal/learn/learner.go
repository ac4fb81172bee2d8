package learn

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// Log is what the learner needs of a store.
type Log interface {
	Outbox
	Waiting
	Waiters
	Keeper
}

// Outbox is what happened to visitors, line by line, in partitions.
type Outbox interface {
	// ReadOutbox gives up to limit lines after the positions, by partition; each partition's lines in order.
	ReadOutbox(ctx context.Context, after map[int]string, limit int) ([]veiviser.OutboxEntry, error)
	// TrimOutbox forgets lines up to and including the positions.
	TrimOutbox(ctx context.Context, upTo map[int]string) error
}

// Waiting is the decisions that wait for what comes of them.
type Waiting interface {
	// ReadDecisions gives up to limit lines after the positions that were written before a time; the zero time is no bound.
	ReadDecisions(ctx context.Context, after map[int]string, before time.Time, limit int) ([]veiviser.OutboxEntry, error)
	// TrimDecisions forgets lines up to and including the positions.
	TrimDecisions(ctx context.Context, upTo map[int]string) error
	// People gives who is behind the tokens of lines now, as far as anything is known.
	People(ctx context.Context, tokens []string) (map[string]*veiviser.Visitor, error)
	// Now is the time by the clock that lines are written by.
	Now(ctx context.Context) (time.Time, error)
}

// Waiters are people who wait for what they were promised.
type Waiters interface {
	// LoadPerson gives what is known of the person behind the token of a line; no Visitor when nothing is.
	LoadPerson(ctx context.Context, token string) (veiviser.Loaded, error)
	// Commit is that of [Store].
	Commit(ctx context.Context, change veiviser.Change) error
}

// Keeper is one lease per tenant, and a place for what its holder has learned.
type Keeper interface {
	// AcquireLease takes or renews the lease; held is false while another owner has it. The fence grows with every change
	// of owner.
	AcquireLease(ctx context.Context, owner string, ttl time.Duration) (fence int64, held bool, err error)
	// SaveSnapshot stores the learner's state, and with it what was settled since the last; KindConflict when a later fence was
	// given out.
	SaveSnapshot(ctx context.Context, fence int64, state []byte, settled veiviser.Settled) error
	// LoadSnapshot gives the state stored last; nil when there is none.
	LoadSnapshot(ctx context.Context) ([]byte, error)
	// SnapshotRevision grows with every snapshot stored.
	SnapshotRevision(ctx context.Context) (uint64, error)
}

// The learner's rhythm.
const (
	tick     = 500 * time.Millisecond // between looks at the outbox
	leaseTTL = 5 * time.Second        // how long a dead learner keeps the others waiting
	readMax  = 5000                   // lines at a time
)

// Learner counts the log while it holds the lease; otherwise it shows what the holder has stored. It is safe for
// concurrent use.
type Learner struct {
	log   Log
	plans Plans
	owner string
	slog  *slog.Logger

	shown atomic.Pointer[Shown]

	mu       sync.Mutex // held by whoever steps
	state    state
	settled  veiviser.Settled // since the last snapshot
	held     bool
	fence    int64
	revision uint64 // of the snapshot that was loaded last
	dirty    bool   // the state has gone on since
}

// NewLearner returns a learner that works while Run runs; owner tells it from the other replicas' learners.
func NewLearner(log Log, plans Plans, owner string, logger *slog.Logger) *Learner {
	return &Learner{log: log, plans: plans, owner: owner, slog: logger, state: newState()}
}

// Run learns until ctx ends. Trouble with the store is logged once when it begins and once when it is over.
func (l *Learner) Run(ctx context.Context) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	failing := false
	for {
		err := l.Step(ctx)
		if ctx.Err() != nil {
			return
		}
		if (err != nil) != failing {
			failing = err != nil
			if failing {
				l.slog.WarnContext(ctx, "learning paused", "error", err)
			} else {
				l.slog.InfoContext(ctx, "learning again")
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Step takes or renews the lease, and as its holder takes in all there is; without the lease it loads what the holder
// stored.
func (l *Learner) Step(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	fence, held, err := l.log.AcquireLease(ctx, l.owner, leaseTTL)
	if err != nil {
		l.held = false // whatever the store is when it comes back, its snapshot fits its outboxes, and ours may not
		return err
	}
	if !held || !l.held || fence != l.fence {
		if err := l.load(ctx); err != nil {
			l.held = false
			return err
		}
	}
	l.held, l.fence = held, fence
	l.dirty = l.dirty || held
	snap := l.plans.Active()
	if !held || snap == nil {
		return nil
	}
	// Asked for before anything is read: a window is closed only over outcomes that are taken in.
	now, err := l.log.Now(ctx)
	if err != nil {
		return err
	}
	for _, work := range [...]func(context.Context, *plan.Snapshot, time.Time) error{l.serve, l.count, l.lookAfter, l.alarm, l.settle} {
		if err := work(ctx, snap, now); err != nil {
			return err
		}
	}
	return nil
}

// more reports whether there may be lines yet that were written before now: a read gives a part of each partition only.
func more(lines []veiviser.OutboxEntry, now time.Time) bool {
	return len(lines) == readMax || slices.ContainsFunc(lines, func(e veiviser.OutboxEntry) bool { return e.Written.Before(now) })
}

// count folds what happened until there is no more, storing a snapshot after each batch.
func (l *Learner) count(ctx context.Context, snap *plan.Snapshot, now time.Time) error {
	for {
		lines, err := l.log.ReadOutbox(ctx, l.state.Positions, readMax)
		if err != nil || len(lines) == 0 {
			return err
		}
		touched := l.each(ctx, lines, l.state.Positions, func(e *veiviser.OutboxEntry) {
			l.state.Profiles.Fold(&e.Entry)
			l.state.Relations.Fold(&e.Entry)
			l.state.Promised.take(e)
			l.state.watch(snap, e)
			if ev := e.Entry.Event; ev != nil && ev.DecisionID != "" {
				if closed, ok := l.state.Ledger.Came(snap, ev, e.Written); ok {
					l.settled.Closed = append(l.settled.Closed, closed)
				}
			}
		})
		if err := l.save(ctx); err != nil {
			return err
		}
		if err := l.log.TrimOutbox(ctx, touched); err != nil {
			return err
		}
		if !more(lines, now) {
			return nil
		}
	}
}

// serve takes in the decisions that were made.
func (l *Learner) serve(ctx context.Context, snap *plan.Snapshot, now time.Time) error {
	for {
		lines, err := l.log.ReadDecisions(ctx, l.state.Decisions, time.Time{}, readMax)
		if err != nil || len(lines) == 0 {
			return err
		}
		l.each(ctx, lines, l.state.Decisions, func(e *veiviser.OutboxEntry) {
			if e.Entry.Served == nil {
				return
			}
			l.state.Profiles.Fold(&e.Entry)
			l.state.Ledger.Served(snap, e)
			for _, w := range e.Entry.Served.Terms.Windows() {
				if name := w.String(); l.state.Tails[name] == nil {
					l.state.Tails[name] = map[int]string{}
				}
			}
			if answer, index := answerOf(e.Entry.Served.DecisionID); index == 0 {
				l.settled.Made = append(l.settled.Made, answer)
			}
		})
		if err := l.save(ctx); err != nil {
			return err
		}
		if !more(lines, now) {
			return nil
		}
	}
}

// settleGrace is how long after its end a window is closed: by then every outcome that was in time has been written.
const settleGrace = 5 * time.Second

// settle closes the windows that are over.
func (l *Learner) settle(ctx context.Context, snap *plan.Snapshot, now time.Time) error {
	if len(l.state.Tails) == 0 {
		return nil
	}
	windows, err := l.windows()
	if err != nil {
		return err
	}
	for _, window := range windows {
		if err := l.settleWindow(ctx, snap, window, now.Add(-window-settleGrace)); err != nil {
			return err
		}
	}
	l.state.Ledger.purge(now) // every window that is over is closed: what still waits lost its line
	return l.trimDecisions(ctx)
}

// windows are those that decisions have, the shortest first: the longest forgets what the others have to look at.
func (l *Learner) windows() ([]time.Duration, error) {
	var out []time.Duration
	for name := range l.state.Tails {
		w, err := time.ParseDuration(name)
		if err != nil {
			return nil, veiviser.Failed(veiviser.KindInternal, veiviser.ReasonCorruptRecord, err, "the learner's state can not be read")
		}
		out = append(out, w)
	}
	slices.Sort(out)
	return out, nil
}

// settleWindow closes one window of the decisions that were made before a time.
func (l *Learner) settleWindow(ctx context.Context, snap *plan.Snapshot, window time.Duration, before time.Time) error {
	tail := l.state.Tails[window.String()]
	for {
		lines, err := l.log.ReadDecisions(ctx, tail, before, readMax)
		if err != nil || len(lines) == 0 {
			return err
		}
		people, err := l.log.People(ctx, inQuestion(lines, window))
		if err != nil {
			return err
		}
		l.each(ctx, lines, tail, func(e *veiviser.OutboxEntry) {
			if d := e.Entry.Served; d == nil || !slices.Contains(d.Terms.Windows(), window) {
				return
			}
			if closed, ok := l.state.Ledger.Settled(snap, e, window, people[e.Person]); ok {
				l.settled.Closed = append(l.settled.Closed, closed)
			}
		})
		if err := l.save(ctx); err != nil {
			return err
		}
	}
}

// inQuestion are the persons whom closing a window has to look at.
func inQuestion(lines []veiviser.OutboxEntry, window time.Duration) []string {
	var tokens []string
	for i := range lines {
		d := lines[i].Entry.Served
		if d == nil || lines[i].Person == "" {
			continue
		}
		if window == d.Terms.ProgressWindow && d.Journey != "" || window == d.Terms.LiftWindow && lines[i].First {
			tokens = append(tokens, lines[i].Person)
		}
	}
	slices.Sort(tokens)
	return slices.Compact(tokens)
}

// trimDecisions forgets the decisions that every window has passed.
func (l *Learner) trimDecisions(ctx context.Context) error {
	upTo := map[int]string{}
	for partition, made := range l.state.Decisions {
		least := made
		for _, tail := range l.state.Tails {
			if at := tail[partition]; at == "" {
				least = ""
			} else if least != "" && positionBefore(at, least) {
				least = at
			}
		}
		if least != "" && least != l.state.Trimmed[partition] {
			upTo[partition] = least
		}
	}
	if len(upTo) == 0 {
		return nil
	}
	if err := l.log.TrimDecisions(ctx, upTo); err != nil {
		return err
	}
	maps.Copy(l.state.Trimmed, upTo)
	return nil
}

// each takes in lines, and moves the positions behind them.
func (l *Learner) each(ctx context.Context, lines []veiviser.OutboxEntry, positions map[int]string, take func(*veiviser.OutboxEntry)) map[int]string {
	touched := make(map[int]string)
	for i := range lines {
		e := &lines[i]
		if e.Err != nil { // passed over, so that one bad line cannot stop all learning
			l.slog.ErrorContext(ctx, "a line of the log can not be read", "partition", e.Partition, "error", e.Err)
		} else {
			take(e)
		}
		positions[e.Partition] = e.Position
		touched[e.Partition] = e.Position
	}
	return touched
}

// save stores what was learned, and shows it.
func (l *Learner) save(ctx context.Context) error {
	b, err := l.state.encode()
	if err == nil {
		err = l.log.SaveSnapshot(ctx, l.fence, b, l.settled)
	}
	l.settled = veiviser.Settled{}
	if err != nil {
		l.held = false // what was taken in since the last snapshot is taken in anew from there
		return err
	}
	return l.showNow(ctx)
}

// load takes over what is stored, if it is not the same as last time.
func (l *Learner) load(ctx context.Context) error {
	revision, err := l.log.SnapshotRevision(ctx)
	if err != nil {
		return err
	}
	if !l.held && revision == l.revision && revision != 0 && l.shown.Load() != nil && !l.dirty {
		return nil
	}
	b, err := l.log.LoadSnapshot(ctx)
	if err != nil {
		return err
	}
	fresh := newState()
	if b != nil {
		if fresh, err = decodeState(b); err != nil {
			return veiviser.Failed(veiviser.KindInternal, veiviser.ReasonCorruptRecord, err, "the learner's state can not be read")
		}
	}
	l.state, l.settled, l.revision, l.dirty = fresh, veiviser.Settled{}, revision, false
	return l.showNow(ctx)
}

// showNow lets readers see what is learned, as of now.
func (l *Learner) showNow(ctx context.Context) error {
	now, err := l.log.Now(ctx)
	if err != nil {
		return err
	}
	l.show(now)
	return nil
}

// Positions gives a copy of how far the outboxes are counted, for tests and diagnostics.
func (l *Learner) Positions() map[int]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.state.Positions)
}
