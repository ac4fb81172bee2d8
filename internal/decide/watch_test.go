package decide

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// watching is a watched visit: what was sent, and how it ended.
type watching struct {
	mu   sync.Mutex
	sent []*Reply
	stop context.CancelFunc
	err  error
	done chan struct{}
}

// watch watches ada on the front page. It must be called in a bubble; the caller must end it.
func watch(t *testing.T, d *Decider, change func(*veiviser.Request)) *watching {
	t.Helper()
	q := ask()
	q.Events = nil
	if change != nil {
		change(&q)
	}
	ctx, stop := context.WithCancel(t.Context())
	w := &watching{stop: stop, done: make(chan struct{})}
	go func() {
		defer close(w.done)
		w.err = d.Watch(ctx, q, func(r *Reply) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.sent = append(w.sent, r)
			return nil
		})
	}()
	synctest.Wait()
	return w
}

// got is what was sent so far, to be read while more may come by time alone.
func (w *watching) got() []*Reply {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.sent)
}

func (w *watching) end(t *testing.T) {
	t.Helper()
	w.stop()
	<-w.done
	if !errors.Is(w.err, context.Canceled) {
		t.Errorf("ended with %v", w.err)
	}
}

// happen records events of ada, as another replica would.
func happen(t *testing.T, m *memory, d *Decider, types ...string) {
	t.Helper()
	snap := d.plans.Active()
	for _, typ := range types {
		m.mu.Lock()
		m.ids++
		id := fmt.Sprint("x", m.ids)
		m.mu.Unlock()
		events := []veiviser.Event{{ID: id, Time: noon, Type: typ, Subject: ebike, ItemID: "fjord-city"}}
		l, err := m.Load(t.Context(), "ada", events)
		if err != nil {
			t.Fatal(err)
		}
		f := learn.Fold(snap, &l, events, noon)
		if err := m.Commit(t.Context(), veiviser.Change{Loaded: l, Visitor: f.Visitor, EventIDs: f.EventIDs}); err != nil {
			t.Fatal(err)
		}
	}
	synctest.Wait()
}

func TestWatchSendsWhatChanged(t *testing.T) {
	m := newMemory()
	d, _ := decider(t, m)
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, d, nil)
		if len(w.sent) != 1 {
			t.Fatalf("%d answers at once", len(w.sent))
		}
		m.mu.Lock()
		m.note("ada") // a note without a change
		m.mu.Unlock()
		time.Sleep(time.Minute) // and time alone
		synctest.Wait()
		if len(w.sent) != 1 {
			t.Fatalf("%d answers though nothing changed", len(w.sent))
		}
		happen(t, m, d, "view", "compare", "compare")
		n := len(w.sent)
		if n < 2 || n > 4 {
			t.Fatalf("%d answers after three events", n)
		}
		if last := w.sent[n-1]; last.Answer.Visitor.Events != 3 || last.Answer.Needs[0].Standard != veiviser.StageEvaluate {
			t.Errorf("the last answer knows %d events: %+v", last.Answer.Visitor.Events, last.Answer.Needs)
		}
		happen(t, m, d, "cart_add")
		if len(w.sent) != n+1 {
			t.Errorf("%d answers after one more event, %d before", len(w.sent), n)
		}
		if answers, _ := m.kept(); answers != len(w.sent) {
			t.Errorf("%d answers sent and %d kept", len(w.sent), answers)
		}
		for _, r := range w.sent {
			if r.Answer.ID == "" || r.Answer.Decisions[0].ID == "" {
				t.Error("an answer that was sent can not be explained")
			}
		}
		w.end(t)
	})
}

// Whoever is erased is watched no more, and nothing is written of her: not of what the watch saw before, not when she is erased
// between the look and the answer, and not when she had been erased before it began.
func TestWatchEndsWithErasure(t *testing.T) {
	for _, between := range []bool{false, true} {
		m := newMemory()
		m.erase("ada", noon.Add(-time.Hour))
		d, _ := decider(t, m)
		synctest.Test(t, func(t *testing.T) {
			w := watch(t, d, nil)
			happen(t, m, d, "view", "compare", "compare")
			n, written := len(w.sent), len(m.changes)
			if n < 2 {
				t.Fatalf("%d answers", n)
			}
			if between {
				commits := 0
				m.onCommit = func(context.Context) error {
					if commits++; commits == 2 { // the first is the event's
						m.erase("ada", noon)
					}
					return nil
				}
				happen(t, m, d, "cart_add")
				written++
			} else {
				m.erase("ada", noon)
			}
			time.Sleep(time.Second) // until who was refused has tried again
			synctest.Wait()
			select {
			case <-w.done:
			default:
				t.Fatal("she is still watched")
			}
			if veiviser.ReasonOf(w.err) != veiviser.ReasonErased || veiviser.KindOf(w.err) != veiviser.KindPrecondition {
				t.Errorf("ended with %v", w.err)
			}
			if len(w.sent) != n || len(m.changes) != written || m.visitors["ada"] != nil {
				t.Errorf("between %v: %d answers more, %d changes more", between, len(w.sent)-n, len(m.changes)-written)
			}
			w.stop()
		})
	}
}

// Whoever talks with her is told at once what she was told elsewhere, and what she agreed to or refused; not that she was told the same
// again.
func TestWatchTellsStaffWhatSheWasTold(t *testing.T) {
	m := newMemory()
	d, plans := decider(t, m)
	plans.set(letters(t, func(p *veiviser.Plan) {
		p.Coherence = veiviser.Coherence{Window: 24 * time.Hour}
		p.Items[0].Claims = map[string]string{"made_in": "Norway"}
	}))
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, d, func(q *veiviser.Request) { q.Placements = []veiviser.PlacementRequest{{Placement: "desk"}} })
		told := func(r *Reply) int {
			n := 0
			for _, line := range r.Voice.Briefing(&r.Answer, 0) {
				if line.Code == BriefTold {
					n++
				}
			}
			return n
		}
		if len(w.sent) != 1 || told(w.sent[0]) != 0 {
			t.Fatalf("%d answers at once", len(w.sent))
		}
		for range 3 {
			q := ask()
			q.Events, q.Placements = nil, []veiviser.PlacementRequest{{Placement: "page"}}
			if _, err := d.Recommend(t.Context(), q); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if len(w.sent) != 2 || told(w.sent[1]) != 1 {
				t.Fatalf("%d answers after she was told something", len(w.sent))
			}
			time.Sleep(lookAgain)
		}
		rec := learn.NewRecorder(&linking{memory: m, snap: plans.Active(), alias: map[string]string{}, now: func() time.Time { return noon }}, plans, func() time.Time { return noon }, nil)
		if _, _, err := rec.SetConsent(t.Context(), "ada", veiviser.Consent{Purpose: "marketing_mail", Granted: false}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(lookAgain)
		synctest.Wait()
		if len(w.sent) != 3 {
			t.Errorf("%d answers after she refused something", len(w.sent))
		}
		w.end(t)
	})
}

func TestWatchPreviewKeepsNothing(t *testing.T) {
	m := newMemory()
	d, _ := decider(t, m)
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, d, func(q *veiviser.Request) { q.Preview = true })
		happen(t, m, d, "purchase")
		w.end(t)
		if answers, _ := m.kept(); len(w.sent) != 2 || answers != 0 {
			t.Errorf("%d sent, %d kept", len(w.sent), answers)
		}
	})
}

func TestWatchFollowsThePlan(t *testing.T) {
	m := newMemory()
	d, plans := decider(t, m)
	next := sykkel(t)
	next.Version = 8
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, d, nil)
		plans.set(next)
		time.Sleep(lookAgain + time.Millisecond)
		synctest.Wait()
		if len(w.sent) != 2 || w.sent[1].Answer.PlanVersion != 8 {
			t.Errorf("%d answers", len(w.sent))
		}
		w.end(t)
	})
}

// Without the store the visit is watched all the same: a degraded answer when it goes, a real one when it is back.
func TestWatchWithoutTheStore(t *testing.T) {
	for _, from := range []string{"later", "the start"} {
		t.Run(from, func(t *testing.T) {
			m := newMemory()
			fail := func(context.Context) error { return away() }
			if from == "the start" {
				m.onLoad, m.onWatch = fail, away()
			}
			d, _ := decider(t, m)
			synctest.Test(t, func(t *testing.T) {
				w := watch(t, d, nil)
				m.setLoad(fail)
				time.Sleep(2 * lookAgain)
				synctest.Wait()
				m.setLoad(nil)
				time.Sleep(2 * lookAgain)
				w.end(t)
				var got []string
				for _, r := range w.sent {
					got = append(got, r.Answer.Degraded)
				}
				want := []string{"", string(veiviser.ReasonStoreUnavailable), ""}
				if from == "the start" {
					want = want[1:]
				}
				if fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("sent %q, want %q", got, want)
				}
			})
		})
	}
}

// A visit that is being answered when the service stops ends for that reason, and not because the store gave up.
func TestWatchEndsWithItsCause(t *testing.T) {
	m := newMemory()
	d, _ := decider(t, m)
	stopping := errors.New("the service stops")
	ctx, stop := context.WithCancelCause(t.Context())
	m.onCommit = func(context.Context) error {
		stop(stopping)
		return veiviser.Failed(veiviser.KindCanceled, veiviser.ReasonCanceled, nil, "the caller left")
	}
	if err := d.Watch(ctx, ask(), nil); !errors.Is(err, stopping) {
		t.Errorf("%v", err)
	}
}

func TestWatchEnds(t *testing.T) {
	m := newMemory()
	d, _ := decider(t, m)
	q := ask()
	gone := errors.New("the stream is gone")
	if err := d.Watch(t.Context(), q, func(*Reply) error { return gone }); !errors.Is(err, gone) {
		t.Errorf("send failed: %v", err)
	}
	q.Placements[0].Placement = "attic"
	if err := d.Watch(t.Context(), q, nil); veiviser.ReasonOf(err) != veiviser.ReasonUnknownPlacement {
		t.Errorf("a wrong request: %v", err)
	}
	m.onWatch = veiviser.Failed(veiviser.KindInternal, veiviser.ReasonInternal, nil, "?")
	if err := d.Watch(t.Context(), ask(), nil); veiviser.ReasonOf(err) != veiviser.ReasonInternal {
		t.Errorf("a defect: %v", err)
	}
}
