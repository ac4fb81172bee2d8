package client

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// maxInternal is how often the service may fail on an event (INTERNAL) before that is taken as refused for good: some
// half a minute, in which a defect of the moment has passed.
const maxInternal = 12

// Identify gives an event the id (128 random bits) and time (now) by which it can be sent again without counting twice,
// where it has none. A [Batcher] does so by itself; do it before [Client.RecordEvents] and [Client.Recommend].
func Identify(e *veiviserv1.Event) {
	if e.GetEventId() == "" {
		e.EventId = rand.Text() // at least 128 random bits
	}
	if e.GetTime() == nil {
		e.Time = timestamppb.Now()
	}
}

// sendable reports why an event could never be sent: it would hold up all others.
func sendable(e *veiviserv1.Event) error {
	if e == nil {
		return errors.New("veiviser client: the event is nil")
	}
	for _, s := range []string{
		e.GetEventId(), e.GetVisitorId(), e.GetType(), e.GetSubject(), e.GetItemId(), e.GetDecisionId(), e.GetChannel(),
	} {
		if !utf8.ValidString(s) {
			return fmt.Errorf("veiviser client: the event holds a string that is not UTF-8: %q", s)
		}
	}
	for k, v := range e.GetAttributes() {
		if !utf8.ValidString(k) || !utf8.ValidString(v) {
			return fmt.Errorf("veiviser client: an attribute of the event is not UTF-8: %q: %q", k, v)
		}
	}
	return nil
}

// run sends batch after batch until the batcher is closed and empty, or ctx ends.
func (b *Batcher) run(ctx context.Context) {
	defer close(b.done)
	limit, failures := b.o.Size, 0
	for {
		batch := b.take(ctx, limit)
		if len(batch) == 0 {
			return
		}
		results, err := b.try(ctx, batch)
		o := b.settle(batch, results, err)
		switch {
		case o.split: // what is wrong with one must not hold up its neighbours
			limit = max(len(batch)/2, 1)
		case o.again:
			failures++
			if !sleep(ctx, backoffFor(failures, o.wait)) {
				return
			}
		default:
			limit, failures = min(limit*2, b.o.Size), 0
		}
	}
}

// take waits for a batch that is full, old, flushed or the last, and gives it without taking it off the queue. It is
// empty when there is nothing left to do.
func (b *Batcher) take(ctx context.Context, limit int) []queued {
	for {
		batch, wait, over := b.due(limit)
		if len(batch) > 0 || over {
			return batch
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-b.wake:
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
		timer.Stop()
	}
}

// due is the batch to send now, or how long to wait for one at most.
func (b *Batcher) due(limit int) (batch []queued, wait time.Duration, over bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := len(b.queue)
	if n == 0 {
		return nil, time.Hour, b.closed
	}
	first := b.queue[0]
	wait = b.o.Age - time.Since(first.added)
	if n < b.o.Size && wait > 0 && first.number >= b.flushTo {
		return nil, wait, false
	}
	size := 0
	for i, q := range b.queue[:min(n, limit)] {
		if size += proto.Size(q.event); size > maxBatchBytes && i > 0 {
			n = i
			break
		}
	}
	// A copy: the queue moves on while it is being sent.
	return append([]queued(nil), b.queue[:min(n, limit)]...), 0, false
}

// try makes one call.
func (b *Batcher) try(ctx context.Context, batch []queued) ([]*veiviserv1.EventResult, error) {
	ctx, cancel := context.WithTimeout(ctx, b.o.Timeout)
	defer cancel()
	in := &veiviserv1.RecordEventsRequest{Events: make([]*veiviserv1.Event, len(batch))}
	for i := range batch {
		in.Events[i] = batch[i].event
	}
	out, err := b.send(ctx, in)
	if err != nil {
		return nil, err
	}
	if got := len(out.GetResults()); got != len(batch) {
		return nil, status.Errorf(codes.Internal, "the service gave %d results for %d events", got, len(batch))
	}
	return out.GetResults(), nil
}

// outcome is what to do after a call.
type outcome struct {
	again bool          // something has to be sent again, after wait or longer
	wait  time.Duration // as the service asks
	split bool          // in smaller batches, at once
}

// settle tells the callbacks what became of a batch and moves the queue on.
func (b *Batcher) settle(batch []queued, results []*veiviserv1.EventResult, err error) outcome {
	o := outcome{}
	e := toError(err)
	if e != nil {
		results = make([]*veiviserv1.EventResult, len(batch))
		if o = afterError(e, len(batch), batch[0].tries); o == (outcome{}) {
			results[0] = &veiviserv1.EventResult{
				EventId: batch[0].event.GetEventId(), Status: veiviserv1.EventStatus_EVENT_STATUS_REJECTED, Reason: e.Reason, Message: e.Message,
			}
		}
		if b.o.OnError != nil {
			b.o.OnError(e)
		}
	}
	var kept []queued
	var stats BatchStats
	for i, q := range batch {
		switch {
		case !final(results[i], q.tries):
			if results[i].GetReason() == veiviserv1.ErrorReason_ERROR_REASON_INTERNAL || len(batch) == 1 && broken(e) {
				q.tries++
			}
			kept = append(kept, q)
			continue
		case results[i].GetStatus() == veiviserv1.EventStatus_EVENT_STATUS_ACCEPTED:
			stats.Accepted++
		case results[i].GetStatus() == veiviserv1.EventStatus_EVENT_STATUS_DUPLICATE:
			stats.Duplicate++
		default:
			stats.Rejected++
		}
		if b.o.OnResult != nil {
			b.o.OnResult(q.event, results[i])
		}
	}
	b.moveOn(len(batch), kept, stats, e)
	o.again = o.again || len(kept) > 0 && !o.split
	return o
}

// moveOn replaces the first n events of the queue, which were sent, by those of them that are kept.
func (b *Batcher) moveOn(n int, kept []queued, settled BatchStats, e *Error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	gone := n - len(kept)
	clear(b.queue[:gone]) // lets go of the events
	b.queue = b.queue[gone:]
	copy(b.queue, kept)
	b.stats.Calls++
	b.stats.Sent += uint64(n)
	b.stats.Accepted += settled.Accepted
	b.stats.Duplicate += settled.Duplicate
	b.stats.Rejected += settled.Rejected
	b.last = nil
	if e != nil {
		b.last = e
		b.stats.Failed++
	}
	b.announce()
}

// final reports whether a result settles its event. tries is how often INTERNAL was the answer before.
func final(r *veiviserv1.EventResult, tries int) bool {
	switch r.GetStatus() {
	case veiviserv1.EventStatus_EVENT_STATUS_ACCEPTED, veiviserv1.EventStatus_EVENT_STATUS_DUPLICATE:
		return true
	case veiviserv1.EventStatus_EVENT_STATUS_REJECTED:
	default:
		return false
	}
	switch r.GetReason() {
	case veiviserv1.ErrorReason_ERROR_REASON_STORE_UNAVAILABLE, veiviserv1.ErrorReason_ERROR_REASON_OVERLOADED,
		veiviserv1.ErrorReason_ERROR_REASON_CONCURRENT_CHANGE, veiviserv1.ErrorReason_ERROR_REASON_STOPPING,
		veiviserv1.ErrorReason_ERROR_REASON_DEADLINE_EXCEEDED, veiviserv1.ErrorReason_ERROR_REASON_CANCELED,
		veiviserv1.ErrorReason_ERROR_REASON_NO_PLAN_PUBLISHED:
		return false
	case veiviserv1.ErrorReason_ERROR_REASON_INTERNAL:
		return tries+1 >= maxInternal
	default:
		return true
	}
}

// afterError says what to do when a call with n events failed as a whole; nothing at all means that the one event in it is
// refused for good.
func afterError(e *Error, n, tries int) outcome {
	retry := outcome{again: true, wait: e.RetryAfter}
	switch e.Code {
	case codes.InvalidArgument, codes.OutOfRange:
	case codes.ResourceExhausted:
		if e.RetryAfter > 0 || e.Reason == veiviserv1.ErrorReason_ERROR_REASON_OVERLOADED {
			return retry
		}
	case codes.Internal, codes.DataLoss:
		if !broken(e) || n == 1 && tries+1 < maxInternal {
			return retry
		}
	default: // away, late, not allowed, not ready: none of it is the events' fault
		return retry
	}
	if n > 1 {
		return outcome{split: true}
	}
	return outcome{}
}

// broken reports whether e is a defect of the service, which one of the events may have brought out; INTERNAL without a
// reason is what grpc says of connections.
func broken(e *Error) bool {
	return e != nil && (e.Code == codes.Internal || e.Code == codes.DataLoss) && e.Reason != veiviserv1.ErrorReason_ERROR_REASON_UNSPECIFIED
}
