// Package product lets the service itself stand in a simulation: the same read path, write path and learner, with a
// simulated clock and no store. It is apart from package simulate so that what judges shares no code with what is judged.
package product

import (
	"container/heap"
	"slices"
	"strconv"
	"time"

	"github.com/veiviser/veiviser/internal/decide"
	"github.com/veiviser/veiviser/internal/eval/simulate"
	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/rank"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// Policy decides as the service does. It belongs to one run.
type Policy struct {
	name, about string
	snap        *plan.Snapshot
	placement   string
	ledger      *learn.Ledger
	visitors    map[string]*veiviser.Visitor
	given       map[string]veiviser.Given // of the visits under way, by visitor
	learned     *rank.Learned
	stale       int
	due         dues
	events      int
	plain       bool
}

// Options say how the service stands in.
type Options struct {
	Name, About string
	// Placement is where it serves.
	Placement string
	// PlanOnly decides by the plan's priors alone.
	PlanOnly bool
}

// New returns the service with nothing learned yet. The plan must have been compiled.
func New(snap *plan.Snapshot, o Options) *Policy {
	return &Policy{
		name: o.Name, about: o.About, snap: snap, placement: o.Placement, ledger: learn.NewLedger(), plain: o.PlanOnly,
		visitors: map[string]*veiviser.Visitor{}, given: map[string]veiviser.Given{},
	}
}

// Policies are the service under a plan, the same when only orders teach it, and the plan by itself. No visitor is in a control
// group: all are decided for.
func Policies(p *veiviser.Plan, placement string) ([]simulate.Policy, error) {
	all := *p
	all.Policy.Control.Share = new(0.0)
	orders := all
	l := &orders.Policy.Learning
	window := 3 * 24 * time.Hour
	if ttl := p.Policy.DecisionTTL; ttl > 0 {
		window = min(window, ttl)
	}
	l.Outcomes = []veiviser.OutcomeRule{{Type: veiviser.EventPurchase, Weight: 1, Window: window}}
	l.ProgressWeight = new(0.0)
	var out []simulate.Policy
	for _, v := range []struct {
		plan    *veiviser.Plan
		options Options
	}{
		{&all, Options{Name: "veiviser", About: "the service under the plan, learning as the plan says"}},
		{&orders, Options{Name: "veiviser-orders", About: "the service under the plan, learning from orders alone"}},
		{&all, Options{Name: "plan-only", About: "the plan's priors alone, learning nothing", PlanOnly: true}},
	} {
		snap, err := plan.Compile(1, v.plan)
		if err != nil {
			return nil, err
		}
		if _, ok := snap.Placement(placement); !ok {
			return nil, veiviser.Invalid(veiviser.ReasonInvalidField, "placement", "the plan has no placement %q", placement)
		}
		v.options.Placement = placement
		out = append(out, New(snap, v.options))
	}
	return out, nil
}

// Name is what the report calls it.
func (p *Policy) Name() string { return p.name }

// About says how it decides.
func (p *Policy) About() string { return p.about }

// relearn is after how many decisions the latest that was learned is used: replicas follow within seconds, too.
const relearn = 8

// Decide answers a visit.
func (p *Policy) Decide(v *simulate.Visit) (simulate.Choice, error) {
	p.settle(v.Time)
	for i := range v.Events {
		p.fold(v.Events[i], veiviser.Given{}, v.Time)
	}
	if p.stale--; p.stale < 0 && !p.plain {
		p.learned, p.stale = p.ledger.Response.Learned(), relearn
	}
	ids := make([]string, len(v.Fitting))
	for i, arm := range v.Fitting {
		ids[i] = v.Arms[arm].ID
	}
	a := decide.Decide(p.snap, decide.Input{
		ID: "v" + strconv.Itoa(v.N), Visitor: p.visitors[v.VisitorID], Time: v.Time, Made: v.Time, Seed: v.Seed, Learned: p.learned,
		Group: veiviser.GroupTreated,
		Request: veiviser.Request{
			VisitorID: v.VisitorID, Context: v.Context,
			Placements: []veiviser.PlacementRequest{{Placement: p.placement, MaxItems: 1, Candidates: ids}},
		},
	})
	p.given[v.VisitorID] = veiviser.Given{Answer: &a}
	e := &veiviser.OutboxEntry{
		Written: v.Time, Person: v.VisitorID, Entry: veiviser.LogEntry{Time: v.Time, Served: learn.Logged(p.snap, &a, 0)},
	}
	p.ledger.Served(p.snap, e)
	for _, w := range a.Terms.Windows() {
		heap.Push(&p.due, due{v.Time.Add(w), w, e})
	}
	if d := &a.Decisions[0]; len(d.Choices) > 0 {
		return simulate.Choice{Arm: slices.IndexFunc(v.Arms, func(arm simulate.Arm) bool { return arm.ID == d.Choices[0].ItemID })}, nil
	}
	return simulate.Choice{Arm: simulate.Nothing}, nil
}

// Observe folds in what came of a visit. What was done with the item shown, and an order in the same visit, name the decision.
func (p *Policy) Observe(v *simulate.Visit, _ simulate.Choice, o *simulate.Outcome) error {
	for i := range o.Events {
		e := o.Events[i]
		var g veiviser.Given
		if simulate.Aimed(&e) || e.Type == veiviser.EventPurchase || e.Type == "cart_add" {
			g = p.given[v.VisitorID]
		}
		p.fold(e, g, e.Time)
	}
	delete(p.given, v.VisitorID)
	return nil
}

// Hear folds in what happens between visits.
func (p *Policy) Hear(e *veiviser.Event) error {
	p.fold(*e, veiviser.Given{}, e.Time)
	return nil
}

// fold folds in one event as the service does, an outcome of g when that is a decision.
func (p *Policy) fold(e veiviser.Event, g veiviser.Given, now time.Time) {
	p.settle(now)
	p.events++
	e.ID = strconv.Itoa(p.events)
	loaded := veiviser.Loaded{VisitorID: e.VisitorID, Visitor: p.visitors[e.VisitorID]}
	if d := g.Decision(); d != nil && len(d.Choices) > 0 {
		e.DecisionID = d.ID
		loaded.Outcomes = map[string]veiviser.Given{d.ID: g}
	}
	folded := learn.Fold(p.snap, &loaded, []veiviser.Event{e}, now)
	if folded.Visitor != nil {
		p.visitors[e.VisitorID] = folded.Visitor
	}
	for i := range folded.Log {
		if ev := folded.Log[i].Event; ev != nil && ev.DecisionID != "" {
			p.ledger.Came(p.snap, ev, now)
		}
	}
}

// settle closes the windows that are over.
func (p *Policy) settle(now time.Time) {
	for len(p.due) > 0 && p.due[0].at.Before(now) {
		d, _ := heap.Pop(&p.due).(due)
		p.ledger.Settled(p.snap, d.entry, d.window, p.visitors[d.entry.Person])
	}
}

// due is a window of a decision that is over at a time.
type due struct {
	at     time.Time
	window time.Duration
	entry  *veiviser.OutboxEntry
}

// dues is a heap, the earliest first; of equal ones the shorter window.
type dues []due

func (h dues) Len() int { return len(h) }
func (h dues) Less(i, j int) bool {
	if !h[i].at.Equal(h[j].at) {
		return h[i].at.Before(h[j].at)
	}
	return h[i].window < h[j].window
}
func (h dues) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *dues) Push(x any)   { d, _ := x.(due); *h = append(*h, d) }
func (h *dues) Pop() any {
	old := *h
	d := old[len(old)-1]
	*h = old[:len(old)-1]
	return d
}
