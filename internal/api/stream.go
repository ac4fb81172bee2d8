package api

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// maxStreamBatch is how many events of a stream are stored together at most: those that wait already when one is taken.
// It also bounds how far reading runs ahead of storing; what lies beyond stays with the sender.
const maxStreamBatch = 128

// StreamEvents stores events as they come and answers each, in order. Events that wait already are stored in one go, so
// that a busy connection costs no more round trips than batches would.
func (s *visits) StreamEvents(stream grpc.BidiStreamingServer[veiviserv1.StreamEventsRequest, veiviserv1.StreamEventsResponse]) error {
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	waiting := make(chan *veiviserv1.Event, maxStreamBatch)
	ended := make(chan error, 1)
	go func() {
		ended <- receive(ctx, stream, waiting)
		close(waiting)
	}()
	for {
		batch, err := takeWaiting(ctx, waiting)
		if err != nil {
			return err
		}
		if len(batch) == 0 { // the sender is done, or broke off: what it sent before is answered
			if err := <-ended; !errors.Is(err, io.EOF) {
				return err
			}
			return nil
		}
		if err := s.answer(ctx, stream, batch); err != nil {
			return err
		}
	}
}

// receive passes events on until the stream ends; the error says how it ended.
func receive(ctx context.Context, stream grpc.BidiStreamingServer[veiviserv1.StreamEventsRequest, veiviserv1.StreamEventsResponse],
	to chan<- *veiviserv1.Event,
) error {
	for {
		in, err := stream.Recv()
		if err != nil {
			return err
		}
		select {
		case to <- in.GetEvent():
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// takeWaiting waits for an event and takes all that wait behind it; none when no more will come.
func takeWaiting(ctx context.Context, from <-chan *veiviserv1.Event) ([]*veiviserv1.Event, error) {
	var batch []*veiviserv1.Event
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case e, ok := <-from:
		if !ok {
			return nil, nil
		}
		batch = append(batch, e)
	}
	for len(batch) < maxStreamBatch {
		select {
		case e, ok := <-from:
			if !ok {
				return batch, nil
			}
			batch = append(batch, e)
		default:
			return batch, nil
		}
	}
	return batch, nil
}

// answer stores events and sends their results. A batch has the time of a unary call, and is stored to its end when the
// service stops meanwhile or the sender leaves.
func (s *visits) answer(ctx context.Context, stream grpc.ServerStreamingServer[veiviserv1.StreamEventsResponse], batch []*veiviserv1.Event) error {
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.deadline)
	defer cancel()
	results, err := s.record(within, batch, func(int) string { return "event" })
	if err != nil {
		return err
	}
	for _, r := range results {
		if err := stream.Send(&veiviserv1.StreamEventsResponse{Result: r}); err != nil {
			return err
		}
	}
	return nil
}
