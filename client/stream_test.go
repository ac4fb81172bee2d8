package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/veiviser/veiviser/client"
)

type (
	watchStream = grpc.ServerStreamingServer[veiviserv1.WatchRecommendationsResponse]
	eventStream = grpc.BidiStreamingServer[veiviserv1.StreamEventsRequest, veiviserv1.StreamEventsResponse]
)

func TestWatchGoesOnAfterBreaks(t *testing.T) {
	var connections atomic.Int64
	send := func(s watchStream, version string) error {
		return s.Send(&veiviserv1.WatchRecommendationsResponse{Answer: &veiviserv1.RecommendResponse{PlanVersion: version}})
	}
	f := &fake{watch: func(_ *veiviserv1.WatchRecommendationsRequest, s watchStream) error {
		switch connections.Add(1) {
		case 1:
			return errors.Join(send(s, "1"), send(s, "2"))
		case 2:
			return failure(codes.Unavailable, "STOPPING", "", 10*time.Millisecond)
		default:
			if err := errors.Join(send(s, "2"), send(s, "3")); err != nil { // 2 was given already
				return err
			}
			return failure(codes.NotFound, "UNKNOWN_PLACEMENT", "", 0)
		}
	}}
	c := f.start(t)
	var got []string
	for answer, err := range c.Watch(t.Context(), &veiviserv1.WatchRecommendationsRequest{}) {
		if err != nil {
			if !errors.Is(err, client.ErrUnknownPlacement) {
				t.Error(err)
			}
			got = append(got, "end")
			continue
		}
		got = append(got, answer.GetPlanVersion())
	}
	if want := []string{"1", "2", "3", "end"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestWatchEndsWithItsContextAndWithBreak(t *testing.T) {
	f := &fake{watch: func(_ *veiviserv1.WatchRecommendationsRequest, s watchStream) error {
		_ = s.Send(&veiviserv1.WatchRecommendationsResponse{Answer: &veiviserv1.RecommendResponse{}})
		<-s.Context().Done()
		return s.Context().Err()
	}}
	c := f.start(t)
	for _, err := range c.Watch(t.Context(), &veiviserv1.WatchRecommendationsRequest{}) {
		if err != nil {
			t.Error(err)
		}
		break
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	for _, err := range c.Watch(ctx, &veiviserv1.WatchRecommendationsRequest{}) {
		cancel()
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("ended with %v", last)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	for _, err := range c.Watch(ctx, &veiviserv1.WatchRecommendationsRequest{}) {
		last = err
	}
	if !errors.Is(last, context.DeadlineExceeded) {
		t.Errorf("ended with %v", last)
	}
	stream, err := c.WatchRecommendations(ctx, &veiviserv1.WatchRecommendationsRequest{})
	if err == nil {
		_, err = stream.Recv()
	}
	if err == nil {
		t.Error("a stream after the deadline")
	}
}

func TestStreamedEventsAreAnsweredOnceAndInOrder(t *testing.T) {
	const n = 2000
	var mu sync.Mutex
	seen := make(map[string]bool)
	rnd := rand.New(rand.NewPCG(1, 2))
	f := &fake{stream: func(s eventStream) error {
		for {
			in, err := s.Recv()
			if err != nil {
				return done(err)
			}
			mu.Lock()
			st := veiviserv1.EventStatus_EVENT_STATUS_ACCEPTED
			if id := in.GetEvent().GetEventId(); seen[id] {
				st = veiviserv1.EventStatus_EVENT_STATUS_DUPLICATE
			} else {
				seen[id] = true
			}
			fail := rnd.IntN(150) == 0
			mu.Unlock()
			if fail { // after it was stored, before it is answered
				return status.Error(codes.Unavailable, "gone")
			}
			if err := s.Send(&veiviserv1.StreamEventsResponse{Result: &veiviserv1.EventResult{EventId: in.GetEvent().GetEventId(), Status: st}}); err != nil {
				return err
			}
		}
	}}
	c := f.start(t)
	i := 0
	for r, err := range c.StreamEvents(t.Context(), numbered(n)) {
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("e%d", i); r.GetEventId() != want {
			t.Fatalf("result %d is of %s, want %s", i, r.GetEventId(), want)
		}
		i++
	}
	if i != n || len(seen) != n {
		t.Errorf("%d results, %d events stored, want %d", i, len(seen), n)
	}
}

func TestStreamEndsWithItsContextAndWithBreak(t *testing.T) {
	f := &fake{stream: func(s eventStream) error {
		for {
			in, err := s.Recv()
			if err != nil {
				return done(err)
			}
			_ = s.Send(&veiviserv1.StreamEventsResponse{Result: &veiviserv1.EventResult{EventId: in.GetEvent().GetEventId()}})
		}
	}}
	c := f.start(t)
	for _, err := range c.StreamEvents(t.Context(), numbered(10_000)) {
		if err != nil {
			t.Error(err)
		}
		break
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	for _, err := range c.StreamEvents(ctx, numbered(10_000)) {
		cancel()
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("ended with %v", last)
	}
	f.stream = func(eventStream) error { return failure(codes.InvalidArgument, "INVALID_FIELD", "", 0) }
	for _, err := range c.StreamEvents(t.Context(), numbered(10_000)) {
		last = err
	}
	if !errors.Is(last, client.ErrInvalidField) {
		t.Errorf("ended with %v", last)
	}
}

// done is how a stream ends whose sender said goodbye.
func done(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// numbered is n events, some of them nil or the first without id.
func numbered(n int) iter.Seq[*veiviserv1.Event] {
	return func(yield func(*veiviserv1.Event) bool) {
		for i := range n {
			if i%100 == 7 && !yield(nil) {
				return
			}
			if !yield(&veiviserv1.Event{EventId: fmt.Sprintf("e%d", i), Type: "view"}) {
				return
			}
		}
	}
}
