package simulate

import (
	"slices"
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/planpb/planpbtest"
	"github.com/veiviser/veiviser/internal/stage"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// reader folds all events as the product does, and compares what it reads to the truth.
type reader struct {
	*Uniform
	t           *testing.T
	plan        *veiviser.Plan
	set         *stage.Set
	ids         map[string]bool
	visitors    map[string]*veiviser.Visitor
	last        map[string]time.Time
	now         time.Time
	right, told int
	beliefs     int
}

func (r *reader) fold(e *veiviser.Event) {
	if r.ids[e.ID] {
		r.t.Fatalf("event %s came twice", e.ID)
	}
	r.ids[e.ID] = true
	if !slices.Contains(veiviser.StandardEventTypes(), e.Type) && !slices.Contains(r.plan.EventTypes, e.Type) {
		r.t.Fatalf("event type %s", e.Type)
	}
	if e.Time.Before(r.last[e.VisitorID]) {
		r.t.Fatalf("event %s is older than the one before", e.ID)
	}
	r.last[e.VisitorID] = e.Time
	v := r.visitors[e.VisitorID]
	if v == nil {
		v = &veiviser.Visitor{ID: e.VisitorID}
		r.visitors[e.VisitorID] = v
	}
	r.set.Fold(v, e)
}

func (r *reader) at(now time.Time) {
	if now.Before(r.now) {
		r.t.Fatalf("the clock goes back from %v to %v", r.now, now)
	}
	r.now = now
}

func (r *reader) Decide(v *Visit) (Choice, error) {
	r.at(v.Time)
	for i := range v.Events {
		r.fold(&v.Events[i])
	}
	if e := &v.Events[len(v.Events)-1]; !e.Time.Before(v.Time) {
		r.t.Fatalf("event %s comes after the decision", e.ID)
	}
	return r.Uniform.Decide(v)
}

func (r *reader) Observe(v *Visit, c Choice, o *Outcome) error {
	r.at(o.End)
	for i := range o.Events {
		e := &o.Events[i]
		if Aimed(e) && (c.Arm == Nothing || e.ItemID != v.Arms[c.Arm].ID) {
			r.t.Fatalf("%s of %s, which was not shown", e.Type, e.ItemID)
		}
		r.fold(e)
	}
	return nil
}

func (r *reader) Hear(e *veiviser.Event) error {
	r.at(e.Time)
	r.fold(e)
	return nil
}

// Visits can be read by the sample plan's journeys, although they were not made from its numbers.
func TestVisitsCanBeRead(t *testing.T) {
	plan := planpbtest.Plan(t, "sykkel")
	set, err := stage.Compile(plan)
	if err != nil {
		t.Fatal(err)
	}
	w := NewWorld(ShopOf(plan, "card"), 1)
	reader := &reader{
		Uniform: NewUniform(1), t: t, plan: plan, set: set, ids: map[string]bool{}, visitors: map[string]*veiviser.Visitor{},
		last: map[string]time.Time{},
	}
	config := Config{World: w, Visits: 4000, Seed: 1}.withDefaults()
	r := newRun(&config, reader)
	var table [NumStates][veiviser.NumStandardStages]int
	for range config.Visits {
		before := r.decisions
		if err := r.run(t.Context(), before+1, func(int) {}); err != nil {
			t.Fatal(err)
		}
		e := r.latest // the buyer of that decision
		views := set.Views(reader.visitors[e.id], e.open.visit.Context.Subject, e.open.visit.Time)
		guess := 0
		for s, p := range views[0].ByStandard {
			if p > views[0].ByStandard[guess] {
				guess = s
			}
		}
		table[e.state][guess]++
		reader.told++
		if guess == e.state.Standard().Index() {
			reader.right++
		}
		if views[0].Stage != "" {
			reader.beliefs++
		}
	}
	for s := range table[:deciding] {
		t.Logf("%-9s %v", State(s), table[s])
	}
	share := float64(reader.right) / float64(reader.told)
	t.Logf("%.3f right, %.3f told", share, float64(reader.beliefs)/float64(reader.told))
	if share < 0.4 {
		t.Errorf("of the stages read %.3f are right", share)
	}
}
