package decide

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// memory is a store that can be told to fail.
type memory struct {
	mu       sync.Mutex
	visitors map[string]*veiviser.Visitor
	revision map[string]uint64
	seen     map[string]bool // event ids
	erased   map[string]time.Time
	answers  map[string]veiviser.Answer
	ids      int
	loads    int
	changes  []veiviser.Change // every change that was written
	notes    map[string][]chan struct{}

	// onLoad and onCommit, when set, are called before each call, without the lock; their error is the call's.
	onLoad, onCommit func(ctx context.Context) error
	onWatch          error
}

func newMemory() *memory {
	return &memory{
		visitors: map[string]*veiviser.Visitor{}, revision: map[string]uint64{}, seen: map[string]bool{}, erased: map[string]time.Time{},
		answers: map[string]veiviser.Answer{}, notes: map[string][]chan struct{}{},
	}
}

func hook(ctx context.Context, h func(context.Context) error) error {
	if h != nil {
		if err := h(ctx); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return veiviser.Failed(veiviser.KindDeadline, veiviser.ReasonDeadlineExceeded, ctx.Err(), "the caller's time ran out")
	}
	return nil
}

func (m *memory) Load(ctx context.Context, id string, events []veiviser.Event) (veiviser.Loaded, error) {
	m.mu.Lock()
	onLoad := m.onLoad
	m.mu.Unlock()
	if err := hook(ctx, onLoad); err != nil {
		return veiviser.Loaded{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.loads++
	l := veiviser.Loaded{
		VisitorID: id, Visitor: m.visitors[id].Clone(), Revision: m.revision[id], Duplicate: make([]bool, len(events)),
		Outcomes: map[string]veiviser.Given{}, Erased: m.erased[id], ErasedRoot: m.erased[id],
	}
	for i := range events {
		l.Duplicate[i] = m.seen[events[i].ID]
	}
	for _, a := range m.answers {
		for k, d := range a.Decisions {
			l.Outcomes[d.ID] = veiviser.Given{Answer: &a, Index: k}
		}
	}
	return l, nil
}

func (m *memory) Commit(ctx context.Context, c veiviser.Change) error {
	if err := hook(ctx, m.onCommit); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	id := c.Loaded.VisitorID
	if !c.Loaded.Erased.Equal(m.erased[id]) {
		return changed()
	}
	if c.Visitor != nil {
		if c.Loaded.Revision != m.revision[id] {
			return changed()
		}
		m.visitors[id] = c.Visitor.Clone()
		m.revision[id]++
	}
	for _, e := range c.EventIDs {
		m.seen[e] = true
	}
	if c.Answer != nil {
		m.answers[c.Answer.ID] = *c.Answer
	}
	m.changes = append(m.changes, c)
	if c.Visitor != nil && !c.Quiet {
		m.note(id)
	}
	return nil
}

// erase forgets somebody, and tells the watchers.
func (m *memory) erase(id string, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.visitors, id)
	delete(m.revision, id)
	m.erased[id] = at
	m.note(id)
}

// setLoad changes onLoad while others load.
func (m *memory) setLoad(h func(context.Context) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.onLoad = h
}

// note tells the watchers of somebody. The caller holds the lock.
func (m *memory) note(id string) {
	for _, ch := range m.notes[id] {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}

func (m *memory) NewAnswerID(visitorID string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ids++
	return visitorID + "-" + string(rune('a'+m.ids))
}

func (m *memory) Answer(_ context.Context, id string) (string, veiviser.Answer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a, ok := m.answers[id]
	if !ok {
		return "", a, veiviser.NotFound(veiviser.ReasonUnknownDecision, "decision_id", "there is no such decision")
	}
	return a.Request.VisitorID, a, nil
}

func (m *memory) Answers(context.Context, string) ([]veiviser.Answer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []veiviser.Answer
	for _, c := range m.changes {
		if c.Answer != nil {
			out = append(out, *c.Answer)
		}
	}
	return out, nil
}

func (m *memory) Watch(_ context.Context, id string) (<-chan struct{}, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.onWatch != nil {
		return nil, m.onWatch
	}
	ch := make(chan struct{}, 1)
	m.notes[id] = append(m.notes[id], ch)
	return ch, nil
}

// kept is how many answers are kept, and how many event ids.
func (m *memory) kept() (answers, events int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.answers), len(maps.Clone(m.seen))
}

// The ways a store fails.
func changed() error {
	return veiviser.Failed(veiviser.KindConflict, veiviser.ReasonConcurrentChange, nil, "the visitor was changed at the same time")
}

func away() error {
	e := veiviser.Failed(veiviser.KindUnavailable, veiviser.ReasonStoreUnavailable, nil, "the store is not available")
	e.RetryAfter = time.Second
	return e
}

// hang waits for the caller's time to run out, as a store does that gets no reply.
func hang(ctx context.Context) error {
	<-ctx.Done()
	return veiviser.Failed(veiviser.KindDeadline, veiviser.ReasonDeadlineExceeded, ctx.Err(), "the caller's time ran out")
}
