package app_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/veiviser/veiviser/client"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// shown is a decision that a sender got to know.
type shown struct {
	id      string
	asked   time.Time // it was made after this
	visitor string
	items   []string
}

// happened is an event that is to count once.
type happened struct {
	event *veiviserv1.Event
	about *shown // nil for none
	// choice is what it is an outcome of, -1 for none; late is that it can not be in time.
	choice int
	late   bool
	// tries is how often it was sent, accepted how often that was the answer; acked is when it was first known to be stored.
	tries, accepted int
	acked           time.Time
}

// killLoad is the senders and what they know.
type killLoad struct {
	t      *testing.T
	client *client.Client
	seed   uint64
	stop   chan struct{}
	group  sync.WaitGroup

	mu        sync.Mutex
	visitors  map[string]bool      // who was asked for
	decisions map[string]*shown    // by id
	events    map[string]*happened // by id: senders give each one of its own
	asks      int                  // requests that may have made decisions
	lost      int                  // calls that were not answered, or without the store
	again     int                  // events that were answered to be duplicates
	wrong     []string
}

func newKillLoad(t *testing.T, x *stand, seed uint64) *killLoad {
	t.Helper()
	l := &killLoad{
		t: t, seed: seed, stop: make(chan struct{}),
		visitors: map[string]bool{}, decisions: map[string]*shown{}, events: map[string]*happened{},
	}
	l.client = x.client(client.WithDialOptions(grpc.WithUnaryInterceptor(l.sending)))
	return l
}

// sending notes every try of every call, the client's own included.
func (l *killLoad) sending(ctx context.Context, method string, in, out any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	var events []*veiviserv1.Event
	l.mu.Lock()
	switch in := in.(type) {
	case *veiviserv1.RecommendRequest:
		events = in.GetEvents()
		l.visitors[in.GetVisitorId()] = true
		l.asks++
	case *veiviserv1.RecordEventsRequest:
		events = in.GetEvents()
	}
	for _, e := range events {
		l.events[e.GetEventId()].tries++
	}
	l.mu.Unlock()
	err := invoke(ctx, method, in, out, conn, opts...)
	if err != nil {
		l.mu.Lock()
		l.lost++
		l.mu.Unlock()
	}
	return err
}

// say notes what is wrong, the first few times.
func (l *killLoad) say(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.wrong) < 20 {
		l.wrong = append(l.wrong, fmt.Sprintf(format, args...))
	}
}

// begin starts the senders.
func (l *killLoad) begin(senders int) {
	ctx, cancel := context.WithCancel(l.t.Context())
	for i := range senders {
		s := &killSender{killLoad: l, name: fmt.Sprint("s", i), random: rand.New(rand.NewPCG(l.seed, uint64(i)+1))}
		l.group.Go(func() { s.run(ctx) })
	}
	l.t.Cleanup(func() { cancel(); l.group.Wait() }) // before the processes end: what is open fails
}

// end lets the senders finish: everything is sent until it is acknowledged.
func (l *killLoad) end() {
	close(l.stop)
	l.group.Wait()
}

// killSender is one caller. It does one thing after the other.
type killSender struct {
	*killLoad
	name   string
	random *rand.Rand
	ids    int
	queue  []delayed
}

// delayed is what is sent later.
type delayed struct {
	due    time.Time
	events []*happened
}

// patient is how long one call is tried again: longer than any outage here.
const patient = 40 * time.Second

func (s *killSender) run(ctx context.Context) {
	for round := 0; ; round++ {
		select {
		case <-s.stop:
			s.sendDue(ctx, true)
			return
		case <-ctx.Done():
			return
		case <-time.After(time.Duration(5+s.random.IntN(40)) * time.Millisecond):
		}
		visitor := fmt.Sprint(s.name, "-", round/12)
		if s.chance(0.15) { // somebody whom others send about, too
			visitor = fmt.Sprint("shared-", round/12)
		}
		s.round(ctx, visitor)
		s.sendDue(ctx, false)
	}
}

func (s *killSender) chance(p float64) bool { return s.random.Float64() < p }

// round asks for a visitor and sends what came of it.
func (s *killSender) round(ctx context.Context, visitor string) {
	var along []*happened
	if s.chance(0.3) {
		along = append(along, s.event(visitor, "view", nil, -1))
	}
	decisions := s.ask(ctx, visitor, along)
	var now []*happened
	if s.chance(0.4) {
		now = append(now, s.event(visitor, []string{"view", "search", "compare", "save"}[s.random.IntN(4)], nil, -1))
	}
	for _, d := range decisions {
		if len(d.items) > 0 {
			now = append(now, s.outcomes(d)...)
		}
	}
	s.random.Shuffle(len(now), func(i, j int) { now[i], now[j] = now[j], now[i] })
	switch {
	case len(now) == 0:
	case s.chance(0.1): // twice at the same time
		var group sync.WaitGroup
		for range 2 {
			group.Go(func() { s.send(ctx, now) })
		}
		group.Wait()
	case s.chance(0.4):
		for _, e := range now {
			s.send(ctx, []*happened{e})
		}
	default:
		s.send(ctx, now)
	}
	if len(now) > 0 && s.chance(0.15) { // all over again
		s.queue = append(s.queue, delayed{time.Now().Add(time.Duration(s.random.IntN(3000)) * time.Millisecond), now})
	}
}

// ask asks once. A request whose answer is lost, or made without the store, is left alone; the events that went along are
// sent until they are known to be stored.
func (s *killSender) ask(ctx context.Context, visitor string, along []*happened) []*shown {
	in := &veiviserv1.RecommendRequest{
		VisitorId: visitor, Context: &veiviserv1.VisitContext{Subject: "bike/ebike"},
		Placements: []*veiviserv1.PlacementRequest{{Placement: "home_hero"}, {Placement: "product_side"}},
	}
	for _, e := range along {
		in.Events = append(in.Events, e.event)
	}
	asked := time.Now()
	out, err := s.client.Recommend(ctx, in)
	if err != nil || out.GetDegraded() {
		if err == nil {
			s.mu.Lock()
			s.lost++
			s.mu.Unlock()
		}
		if len(along) > 0 {
			s.send(ctx, along)
		}
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range along {
		e.acked = time.Now()
	}
	var list []*shown
	for _, d := range out.GetDecisions() {
		x := &shown{id: d.GetDecisionId(), asked: asked, visitor: visitor}
		for _, it := range d.GetItems() {
			x.items = append(x.items, it.GetItemId())
		}
		s.decisions[x.id] = x
		list = append(list, x)
	}
	return list
}

// event is a new one. choice is the item it names, -1 for none.
func (s *killSender) event(visitor, kind string, about *shown, choice int) *happened {
	e := &happened{about: about, choice: choice, event: &veiviserv1.Event{
		EventId: fmt.Sprint(s.name, "e", s.ids), VisitorId: visitor, Type: kind, Subject: "bike/ebike",
	}}
	s.ids++
	if about != nil {
		e.event.DecisionId = about.id
	}
	if choice >= 0 {
		e.event.ItemId = about.items[choice]
	}
	if kind == "purchase" {
		e.event.Value = float64(1 + s.random.IntN(900))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events[e.event.GetEventId()] = e
	return e
}

// outcomes are what comes of a decision: what is to be sent now; what is late by the clock waits.
func (s *killSender) outcomes(d *shown) (now []*happened) {
	which := func() int { return s.random.IntN(len(d.items)) }
	if s.chance(0.6) {
		choice := which()
		for range 1 + s.random.IntN(5)/3 { // the second click is a repeat
			now = append(now, s.event(d.visitor, "click", d, choice))
		}
	}
	if s.chance(0.2) {
		now = append(now, s.event(d.visitor, "helpful", d, which()))
	}
	if s.chance(0.15) { // names no item: it counts for the first
		e := s.event(d.visitor, "purchase", d, -1)
		e.choice = 0
		now = append(now, e)
	}
	if s.chance(0.05) { // says itself that it was too late
		e := s.event(d.visitor, "click", d, which())
		e.event.Time, e.late = timestamppb.New(time.Now().Add(killWindow+5*time.Second)), true
		now = append(now, e)
	}
	if s.chance(0.05) { // of something else
		e := s.event(d.visitor, "click", d, -1)
		e.event.ItemId = "not-shown"
		now = append(now, e)
	}
	if s.chance(0.1) {
		e := s.event(d.visitor, lateType, d, which())
		e.late = true
		s.queue = append(s.queue, delayed{time.Now().Add(lateWindow + 2200*time.Millisecond), []*happened{e}}) // 2 s are given
	}
	return now
}

// sendDue sends what is due; in the end it waits for all.
func (s *killSender) sendDue(ctx context.Context, all bool) {
	var wait []delayed
	for _, d := range s.queue {
		if all {
			time.Sleep(time.Until(d.due))
		}
		if time.Now().Before(d.due) {
			wait = append(wait, d)
			continue
		}
		s.send(ctx, d.events)
	}
	s.queue = wait
}

// send sends events, the same over and over, until each is known to be stored.
func (s *killSender) send(ctx context.Context, events []*happened) {
	for begun := time.Now(); len(events) > 0 && ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		if time.Since(begun) > patient {
			s.say("%d events, %v first, were not acknowledged within %v", len(events), events[0].event, patient)
			return
		}
		in := &veiviserv1.RecordEventsRequest{}
		before := map[*happened]bool{}
		s.mu.Lock()
		for _, e := range events {
			in.Events = append(in.Events, e.event)
			before[e] = !e.acked.IsZero()
		}
		s.mu.Unlock()
		out, err := s.client.RecordEvents(ctx, in)
		if err != nil {
			continue
		}
		var open []*happened
		for i, r := range out.GetResults() {
			if !s.answered(events[i], r, before[events[i]]) {
				open = append(open, events[i])
			}
		}
		events = open
	}
}

// answered notes what became of an event and reports whether it is stored; known is that this was known before it was sent.
func (s *killSender) answered(e *happened, r *veiviserv1.EventResult, known bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	wrong := func(what string) {
		if len(s.wrong) < 20 {
			s.wrong = append(s.wrong, fmt.Sprintf("%s: %v sent %d times: %v", what, e.event, e.tries, r))
		}
	}
	switch r.GetStatus() {
	case veiviserv1.EventStatus_EVENT_STATUS_ACCEPTED:
		if e.accepted++; e.accepted > 1 || known {
			wrong("counted twice")
		}
	case veiviserv1.EventStatus_EVENT_STATUS_DUPLICATE:
		if s.again++; e.tries < 2 {
			wrong("a duplicate of nothing")
		}
	default:
		if r.GetReason() != veiviserv1.ErrorReason_ERROR_REASON_STORE_UNAVAILABLE &&
			r.GetReason() != veiviserv1.ErrorReason_ERROR_REASON_DEADLINE_EXCEEDED &&
			r.GetReason() != veiviserv1.ErrorReason_ERROR_REASON_CONCURRENT_CHANGE {
			wrong("refused")
			return true
		}
		return false
	}
	if e.acked.IsZero() {
		e.acked = time.Now()
	}
	return true
}
