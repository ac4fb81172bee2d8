package learn

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// Store is what the write path needs of a store. Every method is one use case and, but for Link and Erase, one round
// trip. Errors are [*veiviser.Error].
type Store interface {
	// Load gives what is known of the person behind visitorID, and of each event whether it was folded before.
	Load(ctx context.Context, visitorID string, events []veiviser.Event) (veiviser.Loaded, error)
	// Commit writes a change, all of it or nothing; KindConflict when the visitor changed since it was loaded.
	Commit(ctx context.Context, change veiviser.Change) error
	// Link makes other an identity of canonical and merges their histories.
	Link(ctx context.Context, canonical, other string) error
	// Erase forgets a person; false when nothing was known.
	Erase(ctx context.Context, visitorID string) (bool, error)
}

// Plans gives the active plan; nil before anything is published.
type Plans interface{ Active() *plan.Snapshot }

// Recorder takes in events. It is safe for concurrent use.
type Recorder struct {
	store Store
	plans Plans
	now   func() time.Time
	log   *slog.Logger
}

// NewRecorder returns a recorder over a store and the active plan; now gives the time, nil is time.Now.
func NewRecorder(store Store, plans Plans, now func() time.Time, log *slog.Logger) *Recorder {
	if now == nil {
		now = time.Now
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Recorder{store: store, plans: plans, now: now, log: log}
}

// parallel is how many visitors of one batch are worked on at once: enough to hide the store's latency.
const parallel = 16

// Record folds events of many visitors, each visitor's in the order given. There is one result per event; an accepted
// event is stored. The error is for failures that hit every event alike.
func (r *Recorder) Record(ctx context.Context, events []veiviser.Event) ([]veiviser.EventResult, error) {
	snap := r.plans.Active()
	if err := Ready(snap); err != nil {
		return nil, err
	}
	results := make([]veiviser.EventResult, len(events))
	slots := make(chan struct{}, parallel)
	var wg sync.WaitGroup
	for _, group := range byVisitor(events) {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			batch := make([]veiviser.Event, len(group))
			for i, at := range group {
				batch[i] = events[at]
			}
			for i, res := range r.contained(ctx, snap, batch) {
				results[group[i]] = res
			}
		})
	}
	wg.Wait()
	return results, allFailed(results)
}

// byVisitor gives the indexes of the events of each visitor, visitors in order of first appearance.
func byVisitor(events []veiviser.Event) [][]int {
	at := make(map[string]int)
	var groups [][]int
	for i := range events {
		g, ok := at[events[i].VisitorID]
		if !ok {
			g = len(groups)
			at[events[i].VisitorID] = g
			groups = append(groups, nil)
		}
		groups[g] = append(groups[g], i)
	}
	return groups
}

// allFailed returns the error of a batch of which nothing could be stored because the store is away.
func allFailed(results []veiviser.EventResult) error {
	for i := range results {
		if results[i].Err == nil || results[i].Err.Kind != veiviser.KindUnavailable {
			return nil
		}
	}
	if len(results) == 0 {
		return nil
	}
	return results[0].Err
}

// contained is recordOne with a panic turned into the failure of these events: it would end the process, since nobody
// above sees this goroutine.
func (r *Recorder) contained(ctx context.Context, snap *plan.Snapshot, events []veiviser.Event) (results []veiviser.EventResult) {
	defer func() {
		if p := recover(); p != nil {
			r.log.ErrorContext(ctx, "recording events panicked", "panic", p, "stack", string(debug.Stack()))
			results = refused(events, fmt.Errorf("panic: %v", p))
		}
	}()
	return r.recordOne(ctx, snap, events)
}

// recordOne records the events of one visitor, starting again when somebody else changed her meanwhile.
func (r *Recorder) recordOne(ctx context.Context, snap *plan.Snapshot, events []veiviser.Event) []veiviser.EventResult {
	var folded Folded
	err := Retry(ctx, func() error {
		loaded, err := r.store.Load(ctx, events[0].VisitorID, events)
		if err != nil {
			return err
		}
		loaded.Nonce = rand.Uint64()
		folded = Fold(snap, &loaded, events, r.now())
		if folded.Visitor == nil {
			return nil
		}
		return r.store.Commit(ctx, veiviser.Change{
			Loaded: loaded, Visitor: folded.Visitor, EventIDs: folded.EventIDs, Log: folded.Log,
			VisitorTTL: snap.Policy.VisitorTTL,
		})
	})
	if err == nil {
		return folded.Results
	}
	return refused(events, err)
}

// refused is the result of events that all failed alike.
func refused(events []veiviser.Event, err error) []veiviser.EventResult {
	results := make([]veiviser.EventResult, len(events))
	for i := range events {
		results[i] = veiviser.EventResult{ID: events[i].ID, Status: veiviser.EventRejected, Err: asError(err)}
	}
	return results
}

// Link says that others are the same person as canonical.
func (r *Recorder) Link(ctx context.Context, canonical string, others []string) error {
	if err := Ready(r.plans.Active()); err != nil {
		return err
	}
	if slices.Contains(others, canonical) {
		return &veiviser.Error{
			Kind: veiviser.KindPrecondition, Reason: veiviser.ReasonLinkConflict, Message: "a visitor can not be linked with herself",
			Violations: []veiviser.Violation{{Field: "linked_visitor_ids", Message: "names the visitor herself"}},
		}
	}
	for _, other := range others {
		if err := Retry(ctx, func() error { return r.store.Link(ctx, canonical, other) }); err != nil {
			return err
		}
	}
	return nil
}

// Erase forgets a person with all her identities; false when nothing was known.
func (r *Recorder) Erase(ctx context.Context, visitorID string) (found bool, err error) {
	err = Retry(ctx, func() error {
		found, err = r.store.Erase(ctx, visitorID)
		return err
	})
	return found, err
}

// attempts is how often a change is tried that meets other changes of the same visitor.
const attempts = 12

// Retry runs a load-and-commit until it is not in conflict with others, with growing random pauses, at most a dozen
// times.
func Retry(ctx context.Context, once func() error) error {
	var err error
	for n := range attempts {
		if err = once(); err == nil || veiviser.KindOf(err) != veiviser.KindConflict ||
			veiviser.ReasonOf(err) != veiviser.ReasonConcurrentChange {
			return err
		}
		pause := time.NewTimer(rand.N(time.Millisecond << min(n, 5)))
		select {
		case <-ctx.Done():
			pause.Stop()
			return stopped(ctx)
		case <-pause.C:
		}
	}
	return err
}

// stopped says why a retry ended before its time.
func stopped(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return veiviser.Failed(veiviser.KindCanceled, veiviser.ReasonCanceled, context.Cause(ctx), "the caller left")
	}
	return veiviser.Failed(veiviser.KindDeadline, veiviser.ReasonDeadlineExceeded, context.Cause(ctx),
		"the deadline passed while others changed the same visitor")
}

// Ready says why nothing may be written in the words of a snapshot, or nil: there is none, or it is assumed to be what is
// published while the store is away.
func Ready(snap *plan.Snapshot) error {
	switch {
	case snap == nil:
		return ErrNoPlan()
	case snap.Version == 0:
		e := veiviser.Failed(veiviser.KindUnavailable, veiviser.ReasonStoreUnavailable, nil, "the store is not available")
		e.RetryAfter = time.Second
		return e
	default:
		return nil
	}
}

// ErrNoPlan is the answer before any plan is published.
func ErrNoPlan() error {
	return veiviser.Failed(veiviser.KindPrecondition, veiviser.ReasonNoPlan, nil, "no plan is published yet")
}
