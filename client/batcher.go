package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// What stands in for batch options that are not set.
const (
	DefaultBatchSize    = 500
	DefaultBatchAge     = 200 * time.Millisecond
	DefaultBatchQueue   = 10_000
	DefaultBatchTimeout = 5 * time.Second
)

// maxBatch is how many events one call may carry, maxBatchBytes how large they may be together: well below the 4 MiB that
// the service takes.
const (
	maxBatch      = 1000
	maxBatchBytes = 1 << 20
)

// ErrQueueFull says that a [Batcher] holds as many undelivered events as it may. ErrBatcherClosed says that it takes no
// more.
var (
	ErrQueueFull     = errors.New("veiviser client: the queue of events is full")
	ErrBatcherClosed = errors.New("veiviser client: the batcher is closed")
)

// BatchOptions tune a [Batcher]. The zero value is a good one.
type BatchOptions struct {
	// Size is how many events are sent together, at most 1,000; 0 is 500.
	Size int
	// Age is how long an event waits at most for others to be sent with it; 0 is 200 ms.
	Age time.Duration
	// Queue is how many undelivered events are held at most, in memory; 0 is 10,000.
	Queue int
	// Refuse makes Add fail with [ErrQueueFull] when the queue is full; otherwise it waits for room.
	Refuse bool
	// Timeout bounds every call; 0 is 5 s. The client's own timeout does not apply.
	Timeout time.Duration
	// OnResult, when set, is told what became of every event, once: ACCEPTED, DUPLICATE, or REJECTED for good, which
	// means that sending it again would not help. It is called on the goroutine that sends, one event at a time, and
	// must not call Flush or Close.
	OnResult func(*veiviserv1.Event, *veiviserv1.EventResult)
	// OnError, when set, is told of every call that failed and is tried again. It is called like OnResult.
	OnError func(error)
}

// BatchStats counts what became of events.
type BatchStats struct {
	// Added is how many events Add took.
	Added uint64
	// Sent is how many events calls carried; it counts again what was sent again.
	Sent uint64
	// Calls is how many calls were made, Failed how many of them failed as a whole.
	Calls, Failed uint64
	// Accepted, Duplicate and Rejected are the events that were settled. A duplicate is as good as accepted: the answer to
	// the first try was lost.
	Accepted, Duplicate, Rejected uint64
}

// Pending is how many events are not settled yet.
func (s BatchStats) Pending() uint64 { return s.Added - s.Accepted - s.Duplicate - s.Rejected }

// UndeliveredError says that a [Batcher] was closed, or stopped waiting, with events that the service has not
// acknowledged.
type UndeliveredError struct {
	// Events is how many.
	Events int
	// Cause is why waiting ended: the end of the context.
	Cause error
	// Last is how the last call failed; nil when none did.
	Last error
}

// Error says how many and why.
func (e *UndeliveredError) Error() string {
	text := fmt.Sprintf("veiviser client: %d events undelivered: %v", e.Events, e.Cause)
	if e.Last != nil {
		text += "; last failure: " + e.Last.Error()
	}
	return text
}

// Unwrap gives cause and last failure.
func (e *UndeliveredError) Unwrap() []error {
	if e.Last == nil {
		return []error{e.Cause}
	}
	return []error{e.Cause, e.Last}
}

// Batcher delivers events in batches. Every event that Add took is sent until the service has settled it: accepted it,
// known it already, or refused it for good. Events keep the order in which they were added, across failures too, except
// that the service may store a part of a batch: then the rest comes later. It is safe for concurrent use.
type Batcher struct {
	o    BatchOptions
	send func(context.Context, *veiviserv1.RecordEventsRequest) (*veiviserv1.RecordEventsResponse, error)

	mu      sync.Mutex
	queue   []queued // oldest first; what is being sent stays at its head until it is settled
	next    uint64   // number of the next event
	flushTo uint64   // events below this number are sent without waiting for more
	closed  bool
	stats   BatchStats
	last    error         // how the last call failed, nil after one that did not
	changed chan struct{} // closed and replaced when events were settled, or none will be

	wake   chan struct{} // there is something new to look at
	cancel context.CancelFunc
	done   chan struct{} // the goroutine has ended
}

// queued is one event with its number and the time it came.
type queued struct {
	event  *veiviserv1.Event
	number uint64
	added  time.Time
	tries  int // how often the service failed on it alone
}

// Events starts a batcher. Close it when done: it owns a goroutine and, most of the time, events.
func (c *Client) Events(o BatchOptions) *Batcher {
	return newBatcher(o, func(ctx context.Context, in *veiviserv1.RecordEventsRequest) (*veiviserv1.RecordEventsResponse, error) {
		return c.visits.RecordEvents(ctx, in)
	})
}

func newBatcher(o BatchOptions,
	send func(context.Context, *veiviserv1.RecordEventsRequest) (*veiviserv1.RecordEventsResponse, error),
) *Batcher {
	o.Size = min(cmp.Or(max(o.Size, 0), DefaultBatchSize), maxBatch)
	o.Age = cmp.Or(max(o.Age, 0), DefaultBatchAge)
	o.Queue = cmp.Or(max(o.Queue, 0), DefaultBatchQueue)
	o.Timeout = cmp.Or(max(o.Timeout, 0), DefaultBatchTimeout)
	ctx, cancel := context.WithCancel(context.Background())
	b := &Batcher{
		o: o, send: send, cancel: cancel,
		changed: make(chan struct{}), wake: make(chan struct{}, 1), done: make(chan struct{}),
	}
	go b.run(ctx)
	return b
}

// Add hands an event over; it belongs to the batcher from then on. An event without id gets a random one, one without
// time the present, so that sending it again changes nothing; both are set in e.
//
// When the queue is full it waits for room until ctx ends, or fails with [ErrQueueFull] when the options say so. After
// Close it fails with [ErrBatcherClosed]. When Add fails the event was not taken.
func (b *Batcher) Add(ctx context.Context, e *veiviserv1.Event) error {
	if err := sendable(e); err != nil {
		return err
	}
	for {
		taken, changed, err := b.tryAdd(e)
		if taken || err != nil {
			return err
		}
		select {
		case <-changed:
		case <-b.done:
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ErrQueueFull, ctx.Err())
		}
	}
}

// tryAdd takes an event if there is room; otherwise changed tells when to look again.
func (b *Batcher) tryAdd(e *veiviserv1.Event) (taken bool, changed <-chan struct{}, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed:
		return false, nil, ErrBatcherClosed
	case len(b.queue) < b.o.Queue:
	case b.o.Refuse:
		return false, nil, ErrQueueFull
	default:
		return false, b.changed, nil
	}
	Identify(e)
	b.queue = append(b.queue, queued{event: e, number: b.next, added: time.Now()})
	b.next++
	b.stats.Added++
	if n := len(b.queue); n == 1 || n >= b.o.Size {
		b.nudge()
	}
	return true, nil, nil
}

// nudge makes the sender look at the queue.
func (b *Batcher) nudge() {
	select {
	case b.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// announce wakes everybody who waits; mu is held.
func (b *Batcher) announce() {
	close(b.changed)
	b.changed = make(chan struct{})
}

// Flush sends what was added before without waiting for more and returns when all of it is settled, or with an
// [*UndeliveredError] when ctx ends first; delivery goes on then.
func (b *Batcher) Flush(ctx context.Context) error {
	b.mu.Lock()
	target := b.next
	b.flushTo = max(b.flushTo, target)
	b.mu.Unlock()
	b.nudge()
	return b.wait(ctx, target)
}

// wait returns when every event below target is settled.
func (b *Batcher) wait(ctx context.Context, target uint64) error {
	for {
		b.mu.Lock()
		changed, left, last := b.changed, b.below(target), b.last
		b.mu.Unlock()
		if left == 0 {
			return nil
		}
		select {
		case <-changed:
		case <-b.done: // closed: nobody sends any more
			return &UndeliveredError{Events: left, Cause: ErrBatcherClosed, Last: last}
		case <-ctx.Done():
			return &UndeliveredError{Events: left, Cause: ctx.Err(), Last: last}
		}
	}
}

// below counts the events in the queue whose number is lower than target.
func (b *Batcher) below(target uint64) int {
	n := 0
	for n < len(b.queue) && b.queue[n].number < target {
		n++
	}
	return n
}

// Close takes no more events, delivers those it has and stops. When ctx ends first it gives up and returns an
// [*UndeliveredError]; [Batcher.Undelivered] has the events then. Closing twice is closing once, with a new deadline.
func (b *Batcher) Close(ctx context.Context) error {
	b.mu.Lock()
	b.closed = true
	b.flushTo = b.next
	target := b.next
	b.announce()
	b.mu.Unlock()
	b.nudge()
	err := b.wait(ctx, target)
	b.cancel()
	<-b.done
	if err != nil { // what was settled in the last moment is settled
		b.mu.Lock()
		defer b.mu.Unlock()
		left := len(b.queue)
		if left == 0 {
			return nil
		}
		if u, ok := errors.AsType[*UndeliveredError](err); ok {
			u.Events = left
		}
	}
	return err
}

// Undelivered is every event that is not settled, oldest first: after Close, what was given up. Those that were under way
// may have been recorded; sending them again with their ids does no harm.
func (b *Batcher) Undelivered() []*veiviserv1.Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]*veiviserv1.Event, len(b.queue))
	for i := range b.queue {
		out[i] = b.queue[i].event
	}
	return out
}

// Stats counts what happened until now.
func (b *Batcher) Stats() BatchStats {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.stats
}
