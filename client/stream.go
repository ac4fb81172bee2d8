package client

import (
	"context"
	"errors"
	"io"
	"iter"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// streamWindow is how many events may wait for their result on a stream.
const streamWindow = 512

// StreamEvents sends events one by one over a long-lived connection and gives one result for each, in order. When the
// connection breaks it connects again and sends what was not answered with the same ids. Events without id get one. A
// [Batcher] costs less per event and resends what the service could not store; take a stream when every single event's
// result is waited for.
//
// events is read on another goroutine, at most 512 ahead of the results. The results end when events does and all are
// answered; with an [*Error] as the last element when ctx ends or the service refuses the call; or by break. What was read
// of events and not answered then may or may not have been recorded.
func (c *Client) StreamEvents(ctx context.Context, events iter.Seq[*veiviserv1.Event]) iter.Seq2[*veiviserv1.EventResult, error] {
	return func(yield func(*veiviserv1.EventResult, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		s := &eventStream{source: make(chan *veiviserv1.Event)}
		go feed(ctx, events, s.source)
		for try := 1; ; try++ {
			over, err := s.once(ctx, c, func(r *veiviserv1.EventResult) bool {
				try = 0
				return yield(r, nil)
			})
			if over {
				return
			}
			if e := toError(err); !resumable(ctx, e) || !sleep(ctx, backoffFor(try+1, e.RetryAfter)) {
				yield(nil, ended(ctx, e))
				return
			}
		}
	}
}

// feed hands events over until they or ctx end.
func feed(ctx context.Context, events iter.Seq[*veiviserv1.Event], to chan<- *veiviserv1.Event) {
	defer close(to)
	for e := range events {
		if e == nil {
			continue
		}
		Identify(e)
		select {
		case to <- e:
		case <-ctx.Done():
			return
		}
	}
}

// eventStream is what outlives one connection: the events to come and those sent and not answered.
type eventStream struct {
	source  chan *veiviserv1.Event
	pending []*veiviserv1.Event // oldest first
	drained bool                // source is closed
}

// once sends and receives over one connection. over says that all is answered or that the caller left the loop.
func (s *eventStream) once(ctx context.Context, c *Client, give func(*veiviserv1.EventResult) bool) (over bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	stream, err := c.visits.StreamEvents(ctx)
	if err != nil {
		cancel()
		return false, err
	}
	// While it runs the sender owns source and drained; sent carries what still has to be answered to the receiver.
	sent := make(chan *veiviserv1.Event, streamWindow)
	resend := s.pending
	s.pending = nil
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		s.send(ctx, stream, resend, sent)
		close(sent)
	}()
	over, err = s.receive(stream, sent, give)
	cancel()
	for e := range sent { // what was sent and not answered comes again
		s.pending = append(s.pending, e)
	}
	<-stopped
	if errors.Is(err, io.EOF) {
		over = s.drained && len(s.pending) == 0
		err = status.Error(codes.Unavailable, "the service ended the stream")
	}
	return over, err
}

// send writes what came before, then what comes, and says goodbye after the last.
func (s *eventStream) send(ctx context.Context, stream grpc.BidiStreamingClient[veiviserv1.StreamEventsRequest, veiviserv1.StreamEventsResponse],
	resend []*veiviserv1.Event, sent chan<- *veiviserv1.Event,
) {
	broken := false
	put := func(e *veiviserv1.Event) {
		select { // first, so that an event is never lost between source and pending
		case sent <- e:
		case <-ctx.Done(): // the receiver drains sent from here on
			sent <- e
		}
		broken = broken || stream.Send(&veiviserv1.StreamEventsRequest{Event: e}) != nil
	}
	for _, e := range resend {
		put(e)
	}
	for !broken && !s.drained {
		select {
		case e, ok := <-s.source:
			if s.drained = !ok; ok {
				put(e)
			}
		case <-ctx.Done():
			return
		}
	}
	if !broken {
		_ = stream.CloseSend() // never fails; what is wrong with the stream shows when receiving
	}
}

// receive gives results in order, each of the oldest event that was sent and not answered.
func (s *eventStream) receive(stream grpc.BidiStreamingClient[veiviserv1.StreamEventsRequest, veiviserv1.StreamEventsResponse],
	sent <-chan *veiviserv1.Event, give func(*veiviserv1.EventResult) bool,
) (over bool, err error) {
	for {
		m, err := stream.Recv()
		if err != nil {
			return false, err
		}
		if _, ok := <-sent; !ok {
			return false, status.Error(codes.Internal, "the service answered more events than were sent")
		}
		if !give(m.GetResult()) {
			return true, nil
		}
	}
}
