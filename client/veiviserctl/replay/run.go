package replay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/veiviser/veiviser/client"
	"github.com/veiviser/veiviser/internal/eventlog"
)

// Options say what to play and how.
type Options struct {
	// Files are the logs, played one after the other; Log says how to read them.
	Files []string
	Log   eventlog.Options
	// Limit plays only so many events; 0 is all.
	Limit int
	// Placements are asked for with every Every-th event of the log; with none, or 0, nothing is asked for.
	Placements []string
	Every      int
	// Channel and Language are the context of what is asked for; Channel is also that of events which name none.
	Channel, Language string
	// Batch is how many events are sent together at most, 1–1,000; 0 is 500.
	Batch int
	// Concurrency is how many visitors are played at once; 0 is 4.
	Concurrency int
	// Patience is how long the service may fail without a success in between before playing ends; 0 is 30 s.
	Patience time.Duration
	// Progress, when set, is told ten times a second how many of how many events are settled.
	Progress func(settled, total int)
}

// tenths is into how many parts a log is divided for what changes over time.
const tenths = 10

// player is one run.
type player struct {
	o       Options
	client  *client.Client
	bounds  []time.Time // between the tenths
	total   int
	settled atomic.Int64

	cancel context.CancelCauseFunc
	mu     sync.Mutex
	since  time.Time // of the first failure without a success after it
}

// job is one event to play.
type job struct {
	event *veiviserv1.Event
	ask   bool
}

// Run plays the log and reports. The report is there also with an error, which says why not everything was played: a file
// that can not be read (a [*FileError]), a service that went away, the end of ctx.
func Run(ctx context.Context, c *client.Client, m *Meter, o Options) (*Report, error) {
	o.Concurrency = cmp.Or(max(o.Concurrency, 0), 4)
	o.Patience = cmp.Or(max(o.Patience, 0), 30*time.Second)
	p := &player{o: o, client: c}
	count, examples, err := p.recount(ctx)
	if err != nil {
		return newReport(o, count, examples), err
	}
	p.bounds, p.total = count.Split(tenths), count.Rows
	ctx, p.cancel = context.WithCancelCause(ctx)
	defer p.cancel(nil)

	began := time.Now()
	m.reset()
	stop := p.watchProgress()
	tallies, err := p.play(ctx)
	stop()
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	report := newReport(o, count, examples)
	report.fill(tallies, time.Since(began), m)
	return report, err
}

// FileError is a log that can not be read any further.
type FileError struct {
	Name string
	Err  error
}

// Error gives "name: error".
func (e *FileError) Error() string {
	if strings.Contains(e.Err.Error(), e.Name) { // as what the system says of files
		return e.Err.Error()
	}
	return e.Name + ": " + e.Err.Error()
}

// Unwrap gives the error.
func (e *FileError) Unwrap() error { return e.Err }

// rows gives the rows of all files, up to the limit; malformed gets those that make no sense, with their file.
func (p *player) rows(ctx context.Context, give func(*eventlog.Row) error, malformed func(name string, bad *eventlog.RowError)) error {
	left := p.o.Limit
	for _, name := range p.o.Files {
		r, err := eventlog.Open(name, p.o.Log)
		if err != nil {
			return &FileError{Name: name, Err: err}
		}
		for row, err := range r.Rows() {
			bad, isBad := errors.AsType[*eventlog.RowError](err)
			switch {
			case ctx.Err() != nil:
				err = ctx.Err()
			case isBad:
				malformed(name, bad)
				continue
			case err != nil:
				err = &FileError{Name: name, Err: err}
			default:
				err = give(&row)
			}
			if left--; err != nil || left == 0 {
				return errors.Join(err, r.Close())
			}
		}
		if err := r.Close(); err != nil {
			return &FileError{Name: name, Err: err}
		}
	}
	return nil
}

// maxExamples is how many examples of something wrong are kept.
const maxExamples = 20

// recount counts the log by itself, before anything is played.
func (p *player) recount(ctx context.Context) (count eventlog.Count, examples []string, err error) {
	var counter eventlog.Counter
	err = p.rows(ctx, func(row *eventlog.Row) error {
		counter.Add(row, nil)
		return nil
	}, func(name string, bad *eventlog.RowError) {
		counter.Add(nil, bad)
		if len(examples) < maxExamples {
			examples = append(examples, fmt.Sprintf("%s:%d: %s", name, bad.Line, bad.Text))
		}
	})
	return counter.Count(), examples, err
}

// watchProgress tells how far it is until stop is called.
func (p *player) watchProgress() (stop func()) {
	if p.o.Progress == nil {
		return func() {}
	}
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				p.o.Progress(int(p.settled.Load()), p.total)
			case <-end:
				p.o.Progress(int(p.settled.Load()), p.total)
				return
			}
		}
	}()
	return func() { close(end); <-ended }
}

// maxWaiting is how many events may wait for a worker. Logs are often sorted by visitor: the others have something to do
// only if one long history does not hold up the reading.
const maxWaiting = 4096

// play hands the events to workers, all of one visitor to the same.
func (p *player) play(ctx context.Context) ([]*tally, error) {
	queues := make([]chan job, p.o.Concurrency)
	tallies := make([]*tally, p.o.Concurrency)
	var workers sync.WaitGroup
	for i := range queues {
		queues[i], tallies[i] = make(chan job, maxWaiting), newTally()
		workers.Go(func() { p.work(ctx, queues[i], tallies[i]) })
	}
	n := 0
	err := p.rows(ctx, func(row *eventlog.Row) error {
		n++
		ask := p.o.Every > 0 && len(p.o.Placements) > 0 && n%p.o.Every == 0
		h := fnv.New32a()
		_, _ = h.Write([]byte(row.VisitorID)) // never fails
		select {
		case queues[h.Sum32()%uint32(len(queues))] <- job{event: p.event(row), ask: ask}:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}, func(string, *eventlog.RowError) {}) // the recount has told of them
	for _, q := range queues {
		close(q)
	}
	workers.Wait()
	return tallies, err
}

// event is a row as the contract has it.
func (p *player) event(row *eventlog.Row) *veiviserv1.Event {
	return &veiviserv1.Event{
		EventId: row.EventID, VisitorId: row.VisitorID, Time: timestamppb.New(row.Time), Type: row.Type, Subject: row.Subject,
		ItemId: row.ItemID, DecisionId: row.DecisionID, Channel: cmp.Or(row.Channel, p.o.Channel), Value: row.Value, Attributes: row.Attributes,
	}
}

// work plays the events of some visitors.
func (p *player) work(ctx context.Context, queue <-chan job, t *tally) {
	b := p.client.Events(client.BatchOptions{
		Size: p.o.Batch,
		OnError: func(err error) {
			t.failed("RecordEvents", err)
			p.failed(err)
		},
		OnResult: func(e *veiviserv1.Event, r *veiviserv1.EventResult) {
			p.succeeded()
			p.settled.Add(1)
			t.result(e, r)
		},
	})
	for j := range queue {
		if ctx.Err() != nil {
			continue // the queue is emptied, so that nobody waits to fill it
		}
		if b.Add(ctx, j.event) != nil || !j.ask {
			continue // an event that was not taken shows as one that is missing
		}
		if b.Flush(ctx) == nil {
			p.ask(ctx, j.event, t)
		}
	}
	_ = b.Close(ctx) // what stays undelivered is counted by what is missing
}

// ask asks for a recommendation at the moment of an event.
func (p *player) ask(ctx context.Context, e *veiviserv1.Event, t *tally) {
	req := &veiviserv1.RecommendRequest{
		VisitorId: e.GetVisitorId(), Time: e.GetTime(),
		Context: &veiviserv1.VisitContext{Subject: e.GetSubject(), Channel: p.o.Channel, Language: p.o.Language},
	}
	for _, name := range p.o.Placements {
		req.Placements = append(req.Placements, &veiviserv1.PlacementRequest{Placement: name})
	}
	answer, err := p.client.Recommend(ctx, req)
	if err != nil {
		if ctx.Err() == nil {
			t.failed("Recommend", err)
			p.failed(err)
		}
		return
	}
	p.succeeded()
	t.answer(p.tenth(e.GetTime().AsTime()), answer)
}

// tenth is the part of the log that a time lies in.
func (p *player) tenth(at time.Time) int {
	n := 0
	for n < len(p.bounds) && !at.Before(p.bounds[n]) {
		n++
	}
	return n
}

// failed notes a failure and ends the run when the service is gone, or says what waiting does not change.
func (p *player) failed(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.since.IsZero() {
		p.since = time.Now()
	}
	switch client.CodeOf(err) {
	case codes.Unauthenticated, codes.PermissionDenied, codes.Unimplemented, codes.FailedPrecondition, codes.NotFound:
		p.cancel(err)
	default:
		if time.Since(p.since) >= p.o.Patience {
			p.cancel(err)
		}
	}
}

func (p *player) succeeded() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.since = time.Time{}
}
