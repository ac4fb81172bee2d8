package learn_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/veiviser"
)

func recorder(t *testing.T, m *memory) *learn.Recorder {
	t.Helper()
	return learn.NewRecorder(m, published{sykkel(t)}, func() time.Time { return noon.Add(time.Hour) }, slog.New(slog.DiscardHandler))
}

func statuses(results []veiviser.EventResult) map[veiviser.EventStatus]int {
	n := map[veiviser.EventStatus]int{}
	for _, r := range results {
		n[r.Status]++
	}
	return n
}

func TestRecordWithoutAPlan(t *testing.T) {
	r := learn.NewRecorder(newMemory(), published{}, nil, nil)
	if _, err := r.Record(t.Context(), story()); veiviser.ReasonOf(err) != veiviser.ReasonNoPlan {
		t.Errorf("record: %v", err)
	}
	if err := r.Link(t.Context(), "a", []string{"b"}); veiviser.ReasonOf(err) != veiviser.ReasonNoPlan {
		t.Errorf("link: %v", err)
	}
}

func TestRecordNothing(t *testing.T) {
	got, err := recorder(t, newMemory()).Record(t.Context(), nil)
	if err != nil || len(got) != 0 {
		t.Errorf("%v, %v", got, err)
	}
}

// Events of many visitors, mixed: results in the order of the call, each visitor's events in her order, one load and
// one commit each.
func TestRecordKeepsTheOrderOfEachVisitor(t *testing.T) {
	m := newMemory()
	const visitors, each = 40, 12
	var events []veiviser.Event
	for i := range each {
		for v := range visitors {
			e := event(fmt.Sprintf("%d-%d", v, i), fmt.Sprintf("v%d", v), []string{"view", "search", "compare"}[i%3])
			e.Time, e.Value = noon.Add(time.Duration(i)*time.Second), float64(i)
			events = append(events, e)
		}
	}
	results, err := recorder(t, m).Record(t.Context(), events)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if r.ID != events[i].ID || r.Status != veiviser.EventAccepted {
			t.Fatalf("result %d: %+v for %s", i, r, events[i].ID)
		}
	}
	if m.loads != visitors || m.commits != visitors {
		t.Errorf("%d loads and %d commits for %d visitors", m.loads, m.commits, visitors)
	}
	next := map[string]float64{}
	for _, l := range m.lines {
		if l.entry.Event.Value != next[l.visitor] {
			t.Fatalf("%s: event %v came when %v was due", l.visitor, l.entry.Event.Value, next[l.visitor])
		}
		next[l.visitor]++
	}
	again, err := recorder(t, m).Record(t.Context(), events)
	if err != nil || statuses(again)[veiviser.EventDuplicate] != len(events) || m.commits != visitors {
		t.Errorf("a second time: %v, %v, %d commits", statuses(again), err, m.commits)
	}
}

func TestRecordStartsAgainAfterAConflict(t *testing.T) {
	m := newMemory()
	rivals := 0
	m.onCommit = func(m *memory, c *veiviser.Change) error {
		if rivals == 5 {
			return nil
		}
		rivals++ // somebody else was faster, and the first time with one of our events
		v := c.Visitor.Clone()
		other := veiviser.Change{Visitor: v}
		if rivals == 1 {
			other.EventIDs = []string{"compare"}
		}
		m.apply("ada", &other)
		return nil
	}
	results, err := recorder(t, m).Record(t.Context(), story())
	if err != nil {
		t.Fatal(err)
	}
	if m.loads != 6 || results[2].Status != veiviser.EventDuplicate || statuses(results)[veiviser.EventAccepted] != 5 {
		t.Errorf("%d loads, %v", m.loads, results)
	}
}

func TestRecordGivesUpAfterADozenConflicts(t *testing.T) {
	m := newMemory()
	m.onCommit = func(*memory, *veiviser.Change) error { return changed() }
	results, err := recorder(t, m).Record(t.Context(), story()[:2])
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if r.Status != veiviser.EventRejected || r.Err.Reason != veiviser.ReasonConcurrentChange || r.Err.Kind != veiviser.KindConflict {
			t.Errorf("%+v", r)
		}
	}
	if m.commits != 12 || len(m.lines) != 0 {
		t.Errorf("%d attempts, %d lines", m.commits, len(m.lines))
	}
}

// Two recorders on one visitor: everything is counted, once.
func TestRecordTogether(t *testing.T) {
	m := newMemory()
	var group sync.WaitGroup
	for range 4 {
		r := recorder(t, m)
		group.Go(func() {
			for i := range 25 {
				e := event(fmt.Sprint(i), "ada", "view")
				for { // the same 25 events from everybody, until none is refused
					got, err := r.Record(t.Context(), []veiviser.Event{e})
					if err == nil && got[0].Status != veiviser.EventRejected {
						break
					}
				}
			}
		})
	}
	group.Wait()
	if len(m.lines) != 25 || m.visitors["ada"].Events != 25 {
		t.Errorf("%d lines, %d events", len(m.lines), m.visitors["ada"].Events)
	}
}

func TestRecordWhenTheStoreIsAwayForSome(t *testing.T) {
	m := newMemory()
	m.onLoad = func(id string) error {
		if id == "bob" {
			return away()
		}
		return nil
	}
	events := []veiviser.Event{event("1", "ada", "view"), event("2", "bob", "view"), event("3", "bob", "view"), event("4", "eva", "view")}
	results, err := recorder(t, m).Record(t.Context(), events)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []veiviser.EventStatus{
		veiviser.EventAccepted, veiviser.EventRejected, veiviser.EventRejected, veiviser.EventAccepted,
	} {
		if results[i].Status != want {
			t.Errorf("event %d: %+v", i, results[i])
		}
	}
	if e := results[1].Err; e.Reason != veiviser.ReasonStoreUnavailable || e.RetryAfter == 0 {
		t.Errorf("%+v", e)
	}
	m.onLoad = nil
	results, err = recorder(t, m).Record(t.Context(), events)
	if err != nil || statuses(results)[veiviser.EventAccepted] != 2 || statuses(results)[veiviser.EventDuplicate] != 2 {
		t.Errorf("after it came back: %v, %v", results, err)
	}
}

func TestRecordWhenTheStoreIsAway(t *testing.T) {
	m := newMemory()
	m.onLoad = func(string) error { return away() }
	_, err := recorder(t, m).Record(t.Context(), []veiviser.Event{event("1", "ada", "view"), event("2", "bob", "view")})
	e, ok := errors.AsType[*veiviser.Error](err)
	if !ok || e.Kind != veiviser.KindUnavailable || e.Reason != veiviser.ReasonStoreUnavailable || e.RetryAfter == 0 {
		t.Errorf("%v", err)
	}
}

// An error that is none of the vocabulary is a defect and says nothing of itself.
func TestRecordHidesDefects(t *testing.T) {
	m := newMemory()
	m.onCommit = func(*memory, *veiviser.Change) error { return errors.New("dial tcp 10.0.0.7:6379") }
	results, err := recorder(t, m).Record(t.Context(), story()[:1])
	if err != nil || results[0].Err.Kind != veiviser.KindInternal || results[0].Err.Message != "internal error" {
		t.Errorf("%v, %v", results, err)
	}
}

// One bad event harms nobody but its sender.
func TestRecordContainsAPanic(t *testing.T) {
	m := newMemory()
	m.onCommit = func(_ *memory, c *veiviser.Change) error {
		if c.Loaded.VisitorID == "bob" {
			panic("poison")
		}
		return nil
	}
	results, err := recorder(t, m).Record(t.Context(), []veiviser.Event{event("1", "ada", "view"), event("2", "bob", "view")})
	if err != nil || results[0].Status != veiviser.EventAccepted || results[1].Err == nil || results[1].Err.Kind != veiviser.KindInternal {
		t.Errorf("%v, %+v", err, results)
	}
}

// Nothing is written in the words of a plan that is only assumed to be the one that is published.
func TestRecordUnderAnAssumedPlan(t *testing.T) {
	snap, m := *sykkel(t), newMemory()
	snap.Version = 0
	r := learn.NewRecorder(m, published{&snap}, nil, nil)
	if _, err := r.Record(t.Context(), story()); veiviser.KindOf(err) != veiviser.KindUnavailable || m.loads != 0 {
		t.Errorf("record: %v", err)
	}
	if err := r.Link(t.Context(), "a", []string{"b"}); veiviser.KindOf(err) != veiviser.KindUnavailable {
		t.Errorf("link: %v", err)
	}
}

// When the caller leaves, no attempt follows.
func TestRecordStopsWithItsCaller(t *testing.T) {
	m := newMemory()
	ctx, cancel := context.WithCancel(t.Context())
	m.onCommit = func(*memory, *veiviser.Change) error { cancel(); return changed() }
	_, _ = recorder(t, m).Record(ctx, story())
	if m.commits != 1 {
		t.Errorf("%d attempts after the caller left", m.commits-1)
	}
}

func TestRetryEndsWithTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
		defer cancel()
		began := time.Now()
		err := learn.Retry(ctx, func() error { time.Sleep(2 * time.Millisecond); return changed() })
		if veiviser.KindOf(err) != veiviser.KindDeadline && veiviser.KindOf(err) != veiviser.KindConflict {
			t.Errorf("%v", err)
		}
		if d := time.Since(began); d > 10*time.Millisecond {
			t.Errorf("ended after %v", d)
		}
	})
}

// Only a change by somebody else is worth another try.
func TestRetryOfOtherErrors(t *testing.T) {
	for _, want := range []error{
		nil, away(), errors.New("?"), veiviser.Failed(veiviser.KindConflict, veiviser.ReasonPlanChanged, nil, ""),
	} {
		n := 0
		if got := learn.Retry(t.Context(), func() error { n++; return want }); !errors.Is(got, want) || n != 1 {
			t.Errorf("%v: %v after %d attempts", want, got, n)
		}
	}
}

func TestLink(t *testing.T) {
	m := newMemory()
	var linked []string
	conflicts := 3
	m.onLink = func(canonical, other string) error {
		if conflicts--; conflicts >= 0 {
			return changed()
		}
		linked = append(linked, canonical+"="+other)
		return nil
	}
	r := recorder(t, m)
	if err := r.Link(t.Context(), "ada", []string{"x", "y"}); err != nil || !slices.Equal(linked, []string{"ada=x", "ada=y"}) {
		t.Errorf("%v, %v", linked, err)
	}
	linked = nil
	err := r.Link(t.Context(), "ada", []string{"x", "ada"})
	e, ok := errors.AsType[*veiviser.Error](err)
	if !ok || e.Reason != veiviser.ReasonLinkConflict || e.Field() != "linked_visitor_ids" || linked != nil {
		t.Errorf("with herself: %v, linked %v", err, linked)
	}
}

func TestErase(t *testing.T) {
	m := newMemory()
	r := recorder(t, m)
	if _, err := r.Record(t.Context(), story()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []bool{true, false} {
		if found, err := r.Erase(t.Context(), "ada"); err != nil || found != want {
			t.Errorf("%v, %v, want %v", found, err, want)
		}
	}
}
