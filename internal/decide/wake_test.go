package decide

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// What only time changes is seen when its time comes, not with the next look at everything: an order that should have arrived, a pause
// that ends, a step of recovery.
func TestWatchWakes(t *testing.T) {
	for name, tt := range map[string]struct {
		standing  veiviser.Standing
		at        time.Duration
		was, then string
	}{
		"an order is late": {veiviser.Standing{
			Relation: veiviser.Relation{FirstOrder: noon.Add(-time.Hour), Handover: noon},
			Orders:   []veiviser.Order{{ID: 1, Subject: "bike", Placed: noon.Add(-time.Minute), Promised: noon.Add(12300 * time.Millisecond)}},
		}, 12300 * time.Millisecond, "guide", "case"},
		"a pause ends": {veiviser.Standing{Directives: []veiviser.Directive{
			{ID: "w", Kind: veiviser.NotNow, Created: noon, Expires: noon.Add(3700 * time.Millisecond)},
		}}, 3700 * time.Millisecond, "", "guide"},
		"a step comes": {veiviser.Standing{Cases: []veiviser.Case{
			{ID: "c", Opened: noon.Add(-time.Hour), Due: noon, Resolved: noon.Add(-57 * time.Second), Ladder: veiviser.GroupTreated},
		}}, 3 * time.Second, "guide", "sorry"},
	} {
		t.Run(name, func(t *testing.T) {
			p := relationPlan(0)
			p.Relationship.Recovery.Steps[0].After = time.Minute
			p.Policy.UnsureKinds = []veiviser.ItemKind{veiviser.KindContent, veiviser.KindService, veiviser.KindOffer}
			snap, err := plan.Compile(1, p)
			if err != nil {
				t.Fatal(err)
			}
			m := newMemory()
			m.visitors["ada"], m.revision["ada"] = &veiviser.Visitor{ID: "ada", Standing: tt.standing}, 1
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				d := New(m, publish(snap), Options{Now: func() time.Time { return noon.Add(time.Since(began)) }})
				w := watch(t, d, func(q *veiviser.Request) {
					q.Placements, q.NoExploration = []veiviser.PlacementRequest{{Placement: "side"}}, true
				})
				shows := func(r *Reply, id string) bool {
					if id == "" {
						return len(r.Answer.Decisions[0].Choices) == 0
					}
					return slices.ContainsFunc(r.Answer.Decisions[0].Choices, func(c veiviser.Choice) bool { return c.ItemID == id })
				}
				time.Sleep(tt.at - 10*time.Millisecond)
				synctest.Wait()
				if sent := w.got(); len(sent) != 1 || !shows(sent[0], tt.was) {
					t.Errorf("%d sent before it, the last %+v", len(sent), sent[len(sent)-1].Answer.Decisions[0].Choices)
				}
				time.Sleep(50 * time.Millisecond)
				synctest.Wait()
				if sent := w.got(); len(sent) != 2 || !shows(sent[1], tt.then) {
					t.Errorf("%d sent after it, the last %+v", len(sent), sent[len(sent)-1].Answer.Decisions[0].Choices)
				}
				w.end(t)
			})
		})
	}
}

// Whoever acts for a company sees at once what other members do, as long as she acts for it.
func TestWatchHearsOtherMembers(t *testing.T) {
	m := newMemory()
	d, _ := decider(t, m)
	snap := d.plans.Active()
	m.visitors["ada"], m.revision["ada"] = &veiviser.Visitor{ID: "ada", Standing: veiviser.Standing{Account: "school"}}, 1
	member := func(t *testing.T, id, account string) {
		t.Helper()
		e := veiviser.Event{
			ID: id, Time: noon, Type: "compare", Subject: "fleet/cargo",
			Attributes: map[string]string{veiviser.AttributeAccount: account},
		}
		f := learn.Fold(snap, &veiviser.Loaded{VisitorID: "bob"}, []veiviser.Event{e}, noon)
		if err := learn.RecordAccounts(t.Context(), m, snap, f.Accounts); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
	}
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, d, func(q *veiviser.Request) { q.Context.Subject = "fleet/cargo" })
		member(t, "x1", "school")
		if n := len(w.sent); n != 2 {
			t.Errorf("%d answers after another member's event", n)
		}
		member(t, "x2", "other school")
		if n := len(w.sent); n != 2 {
			t.Errorf("%d answers after an event of another account", n)
		}
		leaves := veiviser.Event{ID: "x3", Time: noon, Type: "view", Attributes: map[string]string{veiviser.AttributeAccount: veiviser.LeaveAccount}}
		l, err := m.Load(t.Context(), "ada", []veiviser.Event{leaves})
		if err != nil {
			t.Fatal(err)
		}
		f := learn.Fold(snap, &l, []veiviser.Event{leaves}, noon)
		if err := m.Commit(t.Context(), veiviser.Change{Loaded: l, Visitor: f.Visitor, EventIDs: f.EventIDs}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		n, loads := len(w.sent), m.loads
		member(t, "x4", "school")
		if len(w.sent) != n || m.loads != loads+1 { // that of the account itself
			t.Errorf("%d answers and %d looks more after she has left", len(w.sent)-n, m.loads-loads-1)
		}
		w.end(t)
	})
}
