package client_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"pgregory.net/rapid"

	"github.com/veiviser/veiviser/client"
)

// sent records the sizes of batches and when they came.
type sent struct {
	mu    sync.Mutex
	began time.Time
	log   []string
}

func (s *sent) accept(_ context.Context, in *veiviserv1.RecordEventsRequest) (*veiviserv1.RecordEventsResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, fmt.Sprintf("%d at %v", len(in.GetEvents()), time.Since(s.began)))
	return accept(in), nil
}

func TestBatchesGoBySizeByAgeAndByFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sent{began: time.Now()}
		b := client.NewBatcher(client.BatchOptions{Size: 3, Age: 100 * time.Millisecond}, s.accept)
		put := func(n int) {
			for range n {
				if err := b.Add(t.Context(), &veiviserv1.Event{}); err != nil {
					t.Fatal(err)
				}
			}
		}
		put(4) // three at once, the fourth when it is old enough
		time.Sleep(time.Second)
		put(2)
		if err := b.Flush(t.Context()); err != nil {
			t.Error(err)
		}
		put(1)
		if err := b.Close(t.Context()); err != nil {
			t.Error(err)
		}
		want := "3 at 0s, 1 at 100ms, 2 at 1s, 1 at 1s"
		if got := strings.Join(s.log, ", "); got != want {
			t.Errorf("sent %s, want %s", got, want)
		}
		if got := b.Stats(); got != (client.BatchStats{Added: 7, Sent: 7, Calls: 4, Accepted: 7}) || got.Pending() != 0 {
			t.Errorf("%+v", got)
		}
		if err := b.Add(t.Context(), &veiviserv1.Event{}); !errors.Is(err, client.ErrBatcherClosed) {
			t.Errorf("Add after Close: %v", err)
		}
		if err := b.Close(t.Context()); err != nil {
			t.Errorf("Close after Close: %v", err)
		}
	})
}

func TestEventsGetIDAndTime(t *testing.T) {
	b := client.NewBatcher(client.BatchOptions{}, (&sent{}).accept)
	e, own := &veiviserv1.Event{}, &veiviserv1.Event{EventId: "mine"}
	for _, e := range []*veiviserv1.Event{e, own} {
		if err := b.Add(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	if len(e.GetEventId()) < 26 || time.Since(e.GetTime().AsTime()) > time.Minute || own.GetEventId() != "mine" {
		t.Errorf("%v, %v", e, own)
	}
	for _, bad := range []*veiviserv1.Event{nil, {Type: "\xff"}, {Attributes: map[string]string{"a": "\xff"}}} {
		if err := b.Add(t.Context(), bad); err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
	if err := b.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAFullQueueRefusesOrWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var away atomic.Bool
		away.Store(true)
		send := func(_ context.Context, in *veiviserv1.RecordEventsRequest) (*veiviserv1.RecordEventsResponse, error) {
			if away.Load() {
				return nil, unavailable
			}
			return accept(in), nil
		}
		refuses := client.NewBatcher(client.BatchOptions{Queue: 2, Refuse: true}, send)
		waits := client.NewBatcher(client.BatchOptions{Queue: 2}, send)
		for _, b := range []*client.Batcher{refuses, waits} {
			for range 2 {
				if err := b.Add(t.Context(), &veiviserv1.Event{}); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := refuses.Add(t.Context(), &veiviserv1.Event{}); !errors.Is(err, client.ErrQueueFull) {
			t.Errorf("refusing: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := waits.Add(ctx, &veiviserv1.Event{}); !errors.Is(err, client.ErrQueueFull) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("waiting in vain: %v", err)
		}
		go func() { time.Sleep(time.Minute); away.Store(false) }()
		if err := waits.Add(t.Context(), &veiviserv1.Event{}); err != nil {
			t.Errorf("waiting: %v", err)
		}
		for _, b := range []*client.Batcher{refuses, waits} {
			if err := b.Close(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestCloseHandsBackWhatItCouldNotDeliver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := func(ctx context.Context, in *veiviserv1.RecordEventsRequest) (*veiviserv1.RecordEventsResponse, error) {
			if in.GetEvents()[0].GetEventId() == "hangs" {
				<-ctx.Done()
			}
			return nil, unavailable
		}
		for _, ids := range [][]string{{"a", "b", "c"}, {"hangs", "d"}} {
			b := client.NewBatcher(client.BatchOptions{Size: 2, Queue: 3}, hang)
			for _, id := range ids {
				if err := b.Add(t.Context(), &veiviserv1.Event{EventId: id}); err != nil {
					t.Fatal(err)
				}
			}
			waiting := make(chan error)
			if len(ids) == 3 {
				go func() { waiting <- b.Add(t.Context(), &veiviserv1.Event{}) }()
				synctest.Wait()
			}
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			err := b.Close(ctx)
			cancel()
			u, ok := errors.AsType[*client.UndeliveredError](err)
			if !ok || u.Events != len(ids) || !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("%v", err)
			}
			var got []string
			for _, e := range b.Undelivered() {
				got = append(got, e.GetEventId())
			}
			if !slices.Equal(got, ids) {
				t.Errorf("handed back %v, want %v", got, ids)
			}
			if len(ids) == 3 {
				if err := <-waiting; !errors.Is(err, client.ErrBatcherClosed) {
					t.Errorf("who waited for room got %v", err)
				}
				if !errors.Is(err, client.ErrStoreUnavailable) {
					t.Errorf("the last failure is lost: %v", err)
				}
			}
			if err := b.Flush(t.Context()); !errors.Is(err, client.ErrBatcherClosed) {
				t.Errorf("Flush after Close: %v", err)
			}
		}
	})
}

func TestWhatOneEventDoesWrongCostsItsNeighboursNothing(t *testing.T) {
	for _, tc := range []struct {
		name string
		err  error
	}{
		{"invalid", failure(codes.InvalidArgument, "INVALID_FIELD", "", 0)},
		{"too large", failure(codes.ResourceExhausted, "REQUEST_TOO_LARGE", "", 0)},
		{"brings out a defect", failure(codes.Internal, "INTERNAL", "", 0)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var stored, rejected []string
				b := client.NewBatcher(client.BatchOptions{Size: 64, OnResult: func(e *veiviserv1.Event, r *veiviserv1.EventResult) {
					if r.GetStatus() == veiviserv1.EventStatus_EVENT_STATUS_REJECTED {
						rejected = append(rejected, e.GetEventId()+" "+r.GetReason().String())
					} else {
						stored = append(stored, e.GetEventId())
					}
				}}, func(_ context.Context, in *veiviserv1.RecordEventsRequest) (*veiviserv1.RecordEventsResponse, error) {
					for _, e := range in.GetEvents() {
						if e.GetType() == "poison" {
							return nil, tc.err
						}
					}
					return accept(in), nil
				})
				var want []string
				for i := range 200 {
					e := &veiviserv1.Event{EventId: fmt.Sprint(i)}
					if i == 37 {
						e.Type = "poison"
					} else {
						want = append(want, e.GetEventId())
					}
					if err := b.Add(t.Context(), e); err != nil {
						t.Fatal(err)
					}
				}
				if err := b.Close(t.Context()); err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(stored, want) || len(rejected) != 1 || !strings.HasPrefix(rejected[0], "37 ERROR_REASON_I") && !strings.HasPrefix(rejected[0], "37 ERROR_REASON_REQ") {
					t.Errorf("stored %d in order %v, rejected %v", len(stored), slices.Equal(stored, want), rejected)
				}
			})
		})
	}
}

func TestLargeEventsMakeSmallBatches(t *testing.T) {
	s := &sent{}
	b := client.NewBatcher(client.BatchOptions{}, s.accept)
	for range 8 {
		if err := b.Add(t.Context(), &veiviserv1.Event{Attributes: map[string]string{"a": strings.Repeat("x", 400<<10)}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(s.log) != 4 {
		t.Errorf("batches %v", s.log)
	}
}

// ledger is a store that fails in every way, and remembers what it counted.
type ledger struct {
	mu      sync.Mutex
	counted map[string]int
	order   map[string][]string // ids by visitor, in the order in which they were counted
	fault   func() int
}

func (l *ledger) record(ctx context.Context, in *veiviserv1.RecordEventsRequest) (*veiviserv1.RecordEventsResponse, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	kind := l.fault()
	if kind == 1 {
		return nil, failure(codes.Unavailable, "STORE_UNAVAILABLE", "", time.Millisecond)
	}
	out := &veiviserv1.RecordEventsResponse{}
	away := make(map[string]bool) // a visitor whose partition fails, fails for the rest of the call
	for _, e := range in.GetEvents() {
		r := &veiviserv1.EventResult{EventId: e.GetEventId(), Status: veiviserv1.EventStatus_EVENT_STATUS_ACCEPTED}
		out.Results = append(out.Results, r)
		switch {
		case e.GetType() == "bad":
			r.Status, r.Reason = veiviserv1.EventStatus_EVENT_STATUS_REJECTED, veiviserv1.ErrorReason_ERROR_REASON_UNKNOWN_EVENT_TYPE
		case away[e.GetVisitorId()], kind == 2 && len(e.GetEventId())%2 == 0:
			away[e.GetVisitorId()] = true
			r.Status, r.Reason = veiviserv1.EventStatus_EVENT_STATUS_REJECTED, veiviserv1.ErrorReason_ERROR_REASON_STORE_UNAVAILABLE
		case l.counted[e.GetEventId()] > 0:
			r.Status = veiviserv1.EventStatus_EVENT_STATUS_DUPLICATE
		default:
			l.counted[e.GetEventId()]++
			l.order[e.GetVisitorId()] = append(l.order[e.GetVisitorId()], e.GetEventId())
		}
	}
	switch kind {
	case 3: // stored, and the answer is lost
		return nil, status.Error(codes.Unavailable, "connection reset")
	case 4: // as long as it takes the caller to give up
		l.mu.Unlock()
		<-ctx.Done()
		l.mu.Lock()
		return nil, status.FromContextError(ctx.Err()).Err()
	case 5:
		out.Results = out.GetResults()[:len(out.GetResults())/2]
	}
	return out, nil
}

func TestEveryEventCountsOnceWhateverFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // waits cost no time
		rapid.Check(struct{ rapid.TB }{t}, func(t *rapid.T) { // hides Deadline, which a bubble does not have
			faults := rapid.SliceOfN(rapid.IntRange(0, 5), 0, 60).Draw(t, "faults")
			l := &ledger{counted: make(map[string]int), order: make(map[string][]string), fault: func() int {
				if len(faults) == 0 {
					return 0
				}
				f := faults[0]
				faults = faults[1:]
				return f
			}}
			deliver(t, l, rapid.IntRange(0, 300).Draw(t, "events"), rapid.IntRange(1, 50).Draw(t, "size"),
				rapid.IntRange(2, 20).Draw(t, "every so many is bad"))
		})
	})
}

func deliver(t *rapid.T, l *ledger, n, size, bad int) {
	results := make(map[string]int)
	b := client.NewBatcher(client.BatchOptions{
		Size: size, Queue: 70, Age: time.Millisecond, Timeout: 2 * time.Millisecond,
		OnResult: func(e *veiviserv1.Event, _ *veiviserv1.EventResult) { results[e.GetEventId()]++ },
	}, l.record)
	ctx := context.Background()
	want := make(map[string][]string)
	rejected := uint64(0)
	for i := range n {
		e := &veiviserv1.Event{EventId: fmt.Sprint("e", i), VisitorId: fmt.Sprint("v", i%7), Type: "view"}
		if i%bad == 1 {
			e.Type = "bad"
			rejected++
		} else {
			want[e.GetVisitorId()] = append(want[e.GetVisitorId()], e.GetEventId())
		}
		if err := b.Add(ctx, e); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Close(ctx); err != nil {
		t.Fatal(err)
	}
	for v, ids := range want {
		if !slices.Equal(l.order[v], ids) {
			t.Fatalf("visitor %s: counted %v, want %v", v, l.order[v], ids)
		}
	}
	for id, times := range results {
		if times != 1 {
			t.Fatalf("%d results for %s", times, id)
		}
	}
	if s := b.Stats(); len(results) != n || s.Pending() != 0 || s.Rejected != rejected || s.Accepted+s.Duplicate+rejected != uint64(n) {
		t.Fatalf("%d results for %d events: %+v", len(results), n, s)
	}
}

func TestBackoffGrowsAndHonoursTheService(t *testing.T) {
	for try := 1; try < 40; try++ {
		if d := client.BackoffFor(try, 0); d <= 0 || d > 5*time.Second || try > 9 && d < 2*time.Second {
			t.Errorf("try %d: %v", try, d)
		}
		if d := client.BackoffFor(try, time.Second); d < time.Second || d > 1100*time.Millisecond {
			t.Errorf("try %d: %v though a second was asked for", try, d)
		}
	}
}
