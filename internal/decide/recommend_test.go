package decide

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// ask is a request of a visitor with a click on an e-bike.
func ask() veiviser.Request {
	return veiviser.Request{
		VisitorID: "ada", Context: veiviser.Context{Channel: "web", Subject: ebike, Page: "/bikes/fjord-city", Language: "en"},
		Events:     []veiviser.Event{{ID: "1", VisitorID: "ada", Type: "view", Subject: ebike, ItemID: "fjord-city"}},
		Placements: []veiviser.PlacementRequest{{Placement: "home_hero"}, {Placement: "product_side"}},
	}
}

// decider answers over m with the sample plan, always alike.
func decider(t *testing.T, m *memory) (*Decider, *published) {
	t.Helper()
	plans := publish(sykkel(t))
	rng := rand.New(rand.NewPCG(1, 2))
	return New(m, plans, Options{
		Now:  func() time.Time { return noon },
		Seed: func() [2]uint64 { return [2]uint64{rng.Uint64(), rng.Uint64()} },
	}), plans
}

func TestRecommendCommitsWhatItAnswers(t *testing.T) {
	m := newMemory()
	d, plans := decider(t, m)
	r, err := d.Recommend(t.Context(), ask())
	if err != nil {
		t.Fatal(err)
	}
	if len(m.changes) != 1 || r.Answer.Degraded != "" {
		t.Fatalf("%d changes, degraded %q", len(m.changes), r.Answer.Degraded)
	}
	c := m.changes[0]
	if d := cmp.Diff(r.Answer, *c.Answer); d != "" {
		t.Errorf("another answer is kept: %s", d)
	}
	if len(c.EventIDs) != 1 || c.Visitor.Events != 1 || c.Visitor.Visit.Page != "/bikes/fjord-city" || c.Visitor.Visit.Channel != "web" {
		t.Errorf("the event takes what it does not say from the context: %+v", c.Visitor.Visit)
	}
	if !c.Visitor.LastSeen.Equal(noon) {
		t.Errorf("the event is of %v", c.Visitor.LastSeen)
	}
	served := 0
	for _, l := range c.Log {
		if l.Served != nil {
			served++
			if l.Served.Silent != (len(l.Served.Choices) == 0) || l.Before.Known || l.After.Known {
				t.Errorf("%+v", l)
			}
		}
	}
	if served != 2 || len(c.Log) != 3 {
		t.Errorf("%d lines, %d of them of decisions", len(c.Log), served)
	}
	policy := plans.Active().Policy
	if c.VisitorTTL != policy.VisitorTTL || c.AnswerTTL != policy.DecisionTTL+lookBack {
		t.Errorf("kept for %v and %v", c.VisitorTTL, c.AnswerTTL)
	}
	again, err := d.Recommend(t.Context(), ask()) // the event is a duplicate now
	if err != nil || again.Answer.Visitor.Events != 1 || m.changes[1].Visitor != nil {
		t.Errorf("%v: %+v", err, again)
	}
}

func TestRecommendExplainedLater(t *testing.T) {
	m := newMemory()
	d, _ := decider(t, m)
	r, err := d.Recommend(t.Context(), ask())
	if err != nil {
		t.Fatal(err)
	}
	got, at, err := d.Explain(t.Context(), r.Answer.Decisions[1].ID, "sv")
	if err != nil || at != 1 || got.Voice.Language() != "sv" {
		t.Fatal(at, err)
	}
	named := 0
	for i, e := range got.Answer.Decisions[1].Excluded {
		if named += len(e.Items); e.Count != r.Answer.Decisions[1].Excluded[i].Count {
			t.Errorf("%+v was %+v", e, r.Answer.Decisions[1].Excluded[i])
		}
	}
	if d := cmp.Diff(r.Answer.Decisions[1].Choices, got.Answer.Decisions[1].Choices); d != "" || named == 0 {
		t.Errorf("%d items named; %s", named, d)
	}
	for _, id := range []string{"", ".0", "x", "x.", "x.-1", "x.+1", "x.16", "x.99999999999999999999"} {
		if _, _, err := d.Explain(t.Context(), id, ""); veiviser.ReasonOf(err) != veiviser.ReasonMalformedID {
			t.Errorf("%q: %v", id, err)
		}
	}
	for _, id := range []string{"x.0", r.Answer.ID + ".2"} {
		if _, _, err := d.Explain(t.Context(), id, ""); veiviser.ReasonOf(err) != veiviser.ReasonUnknownDecision {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func TestRecommendPreviewLeavesNoTrace(t *testing.T) {
	m := newMemory()
	d, _ := decider(t, m)
	q := ask()
	q.Preview = true
	r, err := d.Recommend(t.Context(), q)
	if err != nil || r.Answer.ID != "" || r.Answer.Decisions[0].ID != "" || r.Answer.Visitor.Events != 1 {
		t.Errorf("%v: %+v", err, r)
	}
	if len(m.changes) != 0 {
		t.Errorf("%+v", m.changes)
	}
}

func TestRecommendRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*veiviser.Request)
		kind   veiviser.Kind
		reason veiviser.Reason
		field  string
	}{
		"placement":       {func(q *veiviser.Request) { q.Placements[1].Placement = "attic" }, veiviser.KindNotFound, veiviser.ReasonUnknownPlacement, "placements[1].placement"},
		"time":            {func(q *veiviser.Request) { q.Time = noon.Add(6 * time.Minute) }, veiviser.KindInvalid, veiviser.ReasonInvalidField, "time"},
		"event type":      {func(q *veiviser.Request) { q.Events[0].Type = "viewed" }, veiviser.KindInvalid, veiviser.ReasonUnknownEventType, "events[0].type"},
		"event time":      {func(q *veiviser.Request) { q.Events[0].Time = noon.Add(time.Hour) }, veiviser.KindInvalid, veiviser.ReasonEventInFuture, "events[0].time"},
		"decision":        {func(q *veiviser.Request) { q.Events[0].DecisionID = "x.0" }, veiviser.KindNotFound, veiviser.ReasonUnknownDecision, "events[0].decision_id"},
		"reused event id": {func(q *veiviser.Request) { q.Events = append(q.Events, q.Events[0]); q.Events[1].Type = "search" }, veiviser.KindInvalid, veiviser.ReasonEventIDReused, "events[1].event_id"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMemory()
			d, _ := decider(t, m)
			q := ask()
			c.change(&q)
			_, err := d.Recommend(t.Context(), q)
			e, ok := errors.AsType[*veiviser.Error](err)
			if !ok || e.Kind != c.kind || e.Reason != c.reason || e.Field() != c.field || len(m.changes) != 0 {
				t.Errorf("%v; %d changes", err, len(m.changes))
			}
		})
	}
	if _, err := New(newMemory(), publish(nil), Options{}).Recommend(t.Context(), ask()); veiviser.ReasonOf(err) != veiviser.ReasonNoPlan {
		t.Errorf("without a plan: %v", err)
	}
}

// degradedAnswer checks that an answer says of itself that it was made without the store.
func degradedAnswer(t *testing.T, r *Reply, err error, reason veiviser.Reason) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	a := &r.Answer
	if a.Degraded != string(reason) || a.ID != "" || len(a.Decisions) != 2 {
		t.Fatalf("degraded %q, id %q", a.Degraded, a.ID)
	}
	for i := range a.Decisions {
		d := &a.Decisions[i]
		if d.ID != "" {
			t.Errorf("decision %d has the id %q, though nobody will know it", i, d.ID)
		}
		for _, c := range d.Choices {
			if !d.Fallback && c.Reasons[0].Code != veiviser.BecauseDegraded {
				t.Errorf("decision %d: the first reason is %+v", i, c.Reasons)
			}
		}
	}
	if len(a.Decisions[1].Choices) == 0 {
		t.Errorf("nothing is served: %+v", a.Decisions[1])
	}
}

func TestRecommendWithoutTheStore(t *testing.T) {
	say := func(err error) func(context.Context) error { return func(context.Context) error { return err } }
	full := veiviser.Failed(veiviser.KindExhausted, veiviser.ReasonOverloaded, nil, "the store is full")
	broken := veiviser.Failed(veiviser.KindInternal, veiviser.ReasonCorruptRecord, nil, "a stored record cannot be read")
	for name, c := range map[string]struct {
		load, commit func(context.Context) error
		want         veiviser.Reason
	}{
		"away before loading":   {say(away()), nil, veiviser.ReasonStoreUnavailable},
		"away before commiting": {nil, say(away()), veiviser.ReasonStoreUnavailable},
		"full":                  {nil, say(full), veiviser.ReasonStoreUnavailable},
		"record is corrupt":     {say(broken), nil, veiviser.ReasonCorruptRecord},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMemory()
			m.onLoad, m.onCommit = c.load, c.commit
			d, _ := decider(t, m)
			q := ask()
			q.Events[0].DecisionID = "somebody.0" // nobody can tell now whether it exists
			if c.load == nil {
				q.Events[0].DecisionID = ""
			}
			r, err := d.Recommend(t.Context(), q)
			degradedAnswer(t, r, err, c.want)
			if r.Answer.Visitor.HasProfile() || !r.Answer.Needs[0].New {
				t.Errorf("what she did is believed although she may have objected: %+v", r.Answer.Needs)
			}
			if answers, events := m.kept(); answers != 0 || events != 0 {
				t.Errorf("kept %d answers, %d events", answers, events)
			}
			q.Events[0].Type = "viewed"
			if _, err := d.Recommend(t.Context(), q); veiviser.ReasonOf(err) != veiviser.ReasonUnknownEventType {
				t.Errorf("a wrong event: %v", err)
			}
		})
	}
}

// Until it is known what is published, the assumed plan answers and nothing is asked of the store.
func TestRecommendUnderAnAssumedPlan(t *testing.T) {
	m := newMemory()
	d, plans := decider(t, m)
	assumed := *plans.Active()
	assumed.Version = 0
	plans.set(&assumed)
	r, err := d.Recommend(t.Context(), ask())
	degradedAnswer(t, r, err, veiviser.ReasonStoreUnavailable)
	if m.loads != 0 {
		t.Error("the store was asked")
	}
}

// A defect of the service is no reason to answer as if the store were away.
func TestRecommendDoesNotHideDefects(t *testing.T) {
	m := newMemory()
	m.onLoad = func(context.Context) error {
		return veiviser.Failed(veiviser.KindInternal, veiviser.ReasonInternal, nil, "?")
	}
	d, _ := decider(t, m)
	if _, err := d.Recommend(t.Context(), ask()); veiviser.ReasonOf(err) != veiviser.ReasonInternal {
		t.Errorf("%v", err)
	}
}

// A store that does not reply costs the caller her deadline less the reserve, and no more.
func TestRecommendInTimeWhenTheStoreIsSlow(t *testing.T) {
	for name, set := range map[string]func(*memory){
		"loading":    func(m *memory) { m.onLoad = hang },
		"committing": func(m *memory) { m.onCommit = hang },
		"in conflict": func(m *memory) {
			m.onCommit = func(ctx context.Context) error {
				ctx, cancel := context.WithTimeout(ctx, 30*time.Millisecond)
				defer cancel()
				<-ctx.Done()
				return changed()
			}
		},
	} {
		for _, deadline := range []time.Duration{10 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond} {
			t.Run(name+" "+deadline.String(), func(t *testing.T) {
				m := newMemory()
				set(m)
				d, _ := decider(t, m)
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithTimeout(t.Context(), deadline)
					defer cancel()
					began := time.Now()
					r, err := d.Recommend(ctx, ask())
					degradedAnswer(t, r, err, veiviser.ReasonStoreUnavailable)
					if took := time.Since(began); took > max(deadline-20*time.Millisecond, 0) {
						t.Errorf("took %v of %v", took, deadline)
					}
				})
			})
		}
	}
}

func TestRecommendAfterTheCallerLeft(t *testing.T) {
	m := newMemory()
	ctx, leave := context.WithCancel(t.Context())
	m.onLoad = func(context.Context) error { leave(); return away() }
	d, _ := decider(t, m)
	if r, err := d.Recommend(ctx, ask()); err == nil {
		t.Errorf("answered nobody: %+v", r)
	}
}

func TestRecommendInConflict(t *testing.T) {
	m := newMemory()
	d, _ := decider(t, m)
	left := 5
	m.onCommit = func(context.Context) error {
		if left--; left >= 0 {
			return changed()
		}
		return nil
	}
	r, err := d.Recommend(t.Context(), ask())
	if err != nil || r.Answer.Degraded != "" || m.loads != 6 || len(m.changes) != 1 {
		t.Errorf("%v, %d loads, %d changes", err, m.loads, len(m.changes))
	}
	left, m.loads = 1000, 0
	_, err = d.Recommend(t.Context(), ask())
	if veiviser.KindOf(err) != veiviser.KindConflict || veiviser.ReasonOf(err) != veiviser.ReasonConcurrentChange || m.loads != 12 {
		t.Errorf("%v after %d attempts", err, m.loads)
	}
}

func TestVisitorAndExport(t *testing.T) {
	m := newMemory()
	d, _ := decider(t, m)
	if _, err := d.Visitor(t.Context(), "ada", "", time.Time{}); veiviser.ReasonOf(err) != veiviser.ReasonUnknownVisitor {
		t.Errorf("%v", err)
	}
	for range 2 {
		if _, err := d.Recommend(t.Context(), ask()); err != nil {
			t.Fatal(err)
		}
	}
	p, answers, err := d.Export(t.Context(), "ada")
	if err != nil || p.Visitor.ID != "ada" || len(p.Needs) != 1 || len(answers) != 2 || answers[0].ID != m.changes[1].Answer.ID {
		t.Errorf("%v: %+v, %d answers, the newest first", err, p, len(answers))
	}
	month, err := d.Visitor(t.Context(), "ada", "sv", noon.AddDate(0, 1, 0))
	if err != nil || month.Voice.Language() != "sv" || cmp.Equal(month.Needs[0].P, p.Needs[0].P) {
		t.Errorf("%v: a month later the belief is the same", err)
	}
	m.onLoad = func(context.Context) error { return away() }
	if _, err := d.Visitor(t.Context(), "ada", "", time.Time{}); veiviser.KindOf(err) != veiviser.KindUnavailable {
		t.Errorf("%v", err)
	}
}
