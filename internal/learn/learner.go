package learn

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Log is what the learner needs of a store: the outboxes, one lease per tenant, and a place for its snapshot.
type Log interface {
	// ReadOutbox gives up to limit lines after the positions, by partition; each partition's lines in order.
	ReadOutbox(ctx context.Context, after map[int]string, limit int) ([]veiviser.OutboxEntry, error)
	// TrimOutbox forgets lines up to and including the positions.
	TrimOutbox(ctx context.Context, upTo map[int]string) error
	// AcquireLease takes or renews the lease; held is false while another owner has it. The fence grows with every change
	// of owner.
	AcquireLease(ctx context.Context, owner string, ttl time.Duration) (fence int64, held bool, err error)
	// SaveSnapshot stores the learner's state; KindConflict when a later fence was given out.
	SaveSnapshot(ctx context.Context, fence int64, state []byte) error
	// LoadSnapshot gives the state stored last; nil when there is none.
	LoadSnapshot(ctx context.Context) ([]byte, error)
}

// The learner's rhythm.
const (
	tick     = 500 * time.Millisecond // between looks at the outbox
	leaseTTL = 5 * time.Second        // how long a dead learner keeps the others waiting
	readMax  = 5000                   // lines at a time
)

// state is what a snapshot holds: the counts, and the positions up to which the outboxes are counted. Both are written
// together, so that a line is counted exactly once whatever dies in between.
type state struct {
	Positions map[int]string `json:"positions"`
	Profiles  Profiles       `json:"profiles"`
}

// Learner counts the log while it holds the lease; otherwise it shows what the holder has stored. It is safe for
// concurrent use.
type Learner struct {
	log   Log
	owner string
	slog  *slog.Logger

	shown atomic.Pointer[[]veiviser.SegmentProfile]

	mu    sync.Mutex // held by whoever steps
	state state
	held  bool
	fence int64
}

// NewLearner returns a learner that works while Run runs; owner tells it from the other replicas' learners.
func NewLearner(log Log, owner string, logger *slog.Logger) *Learner {
	return &Learner{log: log, owner: owner, slog: logger, state: state{Positions: map[int]string{}, Profiles: Profiles{}}}
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

// Step takes or renews the lease, and as its holder counts all lines there are; without the lease it loads what the holder
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
	if !held {
		return nil
	}
	return l.count(ctx)
}

// count folds lines until there are no more, storing a snapshot after each batch.
func (l *Learner) count(ctx context.Context) error {
	for {
		lines, err := l.log.ReadOutbox(ctx, l.state.Positions, readMax)
		if err != nil || len(lines) == 0 {
			return err
		}
		touched := make(map[int]string)
		for i := range lines {
			if err := lines[i].Err; err != nil { // passed over, so that one bad line cannot stop all learning
				l.slog.ErrorContext(ctx, "a line of the outbox can not be read", "partition", lines[i].Partition, "error", err)
			} else {
				l.state.Profiles.Fold(&lines[i].Entry)
			}
			l.state.Positions[lines[i].Partition] = lines[i].Position
			touched[lines[i].Partition] = lines[i].Position
		}
		if err := l.save(ctx); err != nil {
			l.held = false // what was counted since the last snapshot is counted anew from there
			return err
		}
		l.show()
		if err := l.log.TrimOutbox(ctx, touched); err != nil {
			return err
		}
		if len(lines) < readMax {
			return nil
		}
	}
}

func (l *Learner) save(ctx context.Context) error {
	b, err := json.Marshal(l.state)
	if err != nil {
		return veiviser.Failed(veiviser.KindInternal, veiviser.ReasonInternal, err, "the learner's state can not be written")
	}
	return l.log.SaveSnapshot(ctx, l.fence, b)
}

func (l *Learner) load(ctx context.Context) error {
	b, err := l.log.LoadSnapshot(ctx)
	if err != nil {
		return err
	}
	fresh := state{Positions: map[int]string{}, Profiles: Profiles{}}
	if b != nil {
		if err := json.Unmarshal(b, &fresh); err != nil {
			return veiviser.Failed(veiviser.KindInternal, veiviser.ReasonCorruptRecord, err, "the learner's state can not be read")
		}
	}
	l.state = fresh
	l.show()
	return nil
}

// show lets Profiles see the counts as they are now.
func (l *Learner) show() {
	profiles := l.state.Profiles.Clone()
	l.shown.Store(&profiles)
}

// Profiles gives the profile of every segment that was counted, in no order, as of at most a second or two ago. The
// caller must not change what it gets. It never waits for the store.
func (l *Learner) Profiles(context.Context) ([]veiviser.SegmentProfile, error) {
	if p := l.shown.Load(); p != nil {
		return *p, nil
	}
	return nil, nil
}

// Positions gives a copy of how far the outboxes are counted, for tests and diagnostics.
func (l *Learner) Positions() map[int]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.state.Positions)
}
