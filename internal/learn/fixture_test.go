package learn_test

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/planpb/planpbtest"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// noon is when tests take place.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

const ebike = "bike/ebike"

// sykkel compiles the sample plan.
func sykkel(t testing.TB) *plan.Snapshot {
	t.Helper()
	s, err := plan.Compile(1, planpbtest.Plan(t, "sykkel"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// published is one plan for all time; the zero value has published none.
type published struct{ *plan.Snapshot }

func (p published) Active() *plan.Snapshot { return p.Snapshot }

// event is an event of visitor v about e-bikes.
func event(id, visitor, typ string) veiviser.Event {
	return veiviser.Event{ID: id, VisitorID: visitor, Time: noon, Type: typ, Subject: ebike, ItemID: "fjord-city", Channel: "web"}
}

// memory is a store of visitors that can be told to fail. It keeps every log line in the order written.
type memory struct {
	mu       sync.Mutex
	visitors map[string]*veiviser.Visitor
	revision map[string]uint64
	seen     map[string]map[string]bool
	outcomes map[string]veiviser.Given // by decision id; they belong to everybody
	lines    []line
	loads    int
	commits  int

	// onLoad and onCommit, when set, are asked before each call; what they return is the call's error. onCommit may change
	// the store as somebody else would.
	onLoad   func(id string) error
	onCommit func(m *memory, c *veiviser.Change) error
	onLink   func(canonical, other string) error
}

// line is a log line with whose it is.
type line struct {
	visitor string
	entry   veiviser.LogEntry
}

func newMemory() *memory {
	return &memory{
		visitors: map[string]*veiviser.Visitor{}, revision: map[string]uint64{}, seen: map[string]map[string]bool{},
		outcomes: map[string]veiviser.Given{},
	}
}

func (m *memory) Load(ctx context.Context, id string, events []veiviser.Event) (veiviser.Loaded, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.loads++
	if m.onLoad != nil {
		if err := m.onLoad(id); err != nil {
			return veiviser.Loaded{}, err
		}
	}
	l := veiviser.Loaded{
		VisitorID: id, Visitor: m.visitors[id].Clone(), Revision: m.revision[id], Duplicate: make([]bool, len(events)),
		Outcomes: maps.Clone(m.outcomes),
	}
	for i := range events {
		l.Duplicate[i] = m.seen[id][events[i].ID]
	}
	return l, ctx.Err()
}

func (m *memory) Commit(_ context.Context, c veiviser.Change) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.commits++
	if m.onCommit != nil {
		if err := m.onCommit(m, &c); err != nil {
			return err
		}
	}
	id := c.Loaded.VisitorID
	if c.Loaded.Revision != m.revision[id] {
		return changed()
	}
	m.apply(id, &c)
	return nil
}

// apply writes a change. The caller holds the lock.
func (m *memory) apply(id string, c *veiviser.Change) {
	m.visitors[id] = c.Visitor.Clone()
	m.revision[id]++
	if m.seen[id] == nil {
		m.seen[id] = map[string]bool{}
	}
	for _, e := range c.EventIDs {
		m.seen[id][e] = true
	}
	for _, e := range c.Log {
		m.lines = append(m.lines, line{id, e})
	}
}

func (m *memory) Link(_ context.Context, canonical, other string) error {
	if m.onLink == nil {
		return nil
	}
	return m.onLink(canonical, other)
}

func (m *memory) Erase(_ context.Context, id string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.visitors[id]
	if !ok {
		return false, nil
	}
	m.lines = append(m.lines, line{id, veiviser.LogEntry{
		Time: noon, Before: veiviser.Membership{Segments: slices.Clone(v.Segments), Stage: v.Stage, Known: true},
	}})
	delete(m.visitors, id)
	delete(m.seen, id)
	m.revision[id]++
	return true, nil
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
