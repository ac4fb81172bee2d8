package replay

import (
	"errors"
	"strings"
	"sync"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"google.golang.org/grpc/codes"

	"github.com/veiviser/veiviser/client"
)

// Standard stages in their order, and what stands for none.
const unsure = "unsure"

func stageNames() []string {
	return []string{"need", "search", "evaluate", "purchase", "use", "advocate", unsure}
}

// results counts what became of events of one type.
type results struct{ accepted, duplicate, rejected int }

// trouble is something that went wrong, with how often and an example.
type trouble struct {
	what, name string // the call, and reason or code
}

// tally is what one worker saw.
type tally struct {
	mu       sync.Mutex // the worker and its batcher both write
	types    map[string]*results
	troubles map[trouble]*Trouble
	stages   [tenths]map[string]int
	needs    [tenths]int

	answers, degraded int
	items             map[string]*Served
	kinds             map[string]int
	placements        map[string]*PlacementReport
	silences          map[string]int
	plans             map[string]int
}

func newTally() *tally {
	t := &tally{
		types: make(map[string]*results), troubles: make(map[trouble]*Trouble),
		items: make(map[string]*Served), kinds: make(map[string]int), placements: make(map[string]*PlacementReport),
		silences: make(map[string]int), plans: make(map[string]int),
	}
	for i := range t.stages {
		t.stages[i] = make(map[string]int)
	}
	return t
}

// result notes what became of an event.
func (t *tally) result(e *veiviserv1.Event, r *veiviserv1.EventResult) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.types[e.GetType()]
	if n == nil {
		n = &results{}
		t.types[e.GetType()] = n
	}
	switch r.GetStatus() {
	case veiviserv1.EventStatus_EVENT_STATUS_ACCEPTED:
		n.accepted++
	case veiviserv1.EventStatus_EVENT_STATUS_DUPLICATE:
		n.duplicate++
	default:
		n.rejected++
		t.note("event", strings.TrimPrefix(r.GetReason().String(), "ERROR_REASON_"), r.GetMessage())
	}
}

// failed notes a call that failed.
func (t *tally) failed(call string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	name := client.CodeOf(err).String()
	if e, ok := errors.AsType[*client.Error](err); ok {
		if e.Code == codes.Canceled {
			return // the run was ended
		}
		if e.Reason != veiviserv1.ErrorReason_ERROR_REASON_UNSPECIFIED {
			name = strings.TrimPrefix(e.Reason.String(), "ERROR_REASON_")
		}
	}
	t.note(call, name, err.Error())
}

// note counts trouble; mu is held.
func (t *tally) note(what, name, example string) {
	k := trouble{what, name}
	if t.troubles[k] == nil {
		t.troubles[k] = &Trouble{What: what, Name: name, Example: example}
	}
	t.troubles[k].Count++
}

// answer notes what was answered in a tenth of the log.
func (t *tally) answer(tenth int, a *veiviserv1.RecommendResponse) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.answers++
	t.plans[a.GetPlanVersion()]++
	if a.GetDegraded() {
		t.degraded++
	}
	for _, n := range a.GetNeeds() {
		if n.GetEvents() == 0 {
			continue // a prior says nothing about anybody
		}
		stage := n.GetStandardStage()
		if stage == "" {
			stage = unsure
		}
		t.stages[tenth][stage]++
		t.needs[tenth]++
	}
	for _, d := range a.GetDecisions() {
		p := t.placements[d.GetPlacement()]
		if p == nil {
			p = &PlacementReport{Placement: d.GetPlacement()}
			t.placements[d.GetPlacement()] = p
		}
		p.Decisions++
		p.Items += len(d.GetItems())
		if d.GetFallback() {
			p.Fallback++
		}
		if len(d.GetItems()) == 0 {
			p.Silent++
			t.silences[strings.TrimPrefix(d.GetSilenceReason().String(), "SILENCE_REASON_")]++
		}
		for _, item := range d.GetItems() {
			kind := strings.ToLower(strings.TrimPrefix(item.GetKind().String(), "ITEM_KIND_"))
			t.kinds[kind]++
			s := t.items[item.GetItemId()]
			if s == nil {
				s = &Served{Item: item.GetItemId(), Kind: kind, Title: item.GetRepresentation().GetTitle()}
				t.items[item.GetItemId()] = s
			}
			s.Count++
		}
	}
}

// merge adds what another worker saw.
func (t *tally) merge(o *tally) {
	for k, v := range o.types {
		n := t.types[k]
		if n == nil {
			n = &results{}
			t.types[k] = n
		}
		n.accepted += v.accepted
		n.duplicate += v.duplicate
		n.rejected += v.rejected
	}
	for k, v := range o.troubles {
		if t.troubles[k] == nil {
			t.troubles[k] = &Trouble{What: v.What, Name: v.Name, Example: v.Example}
		}
		t.troubles[k].Count += v.Count
	}
	for i := range o.stages {
		for k, v := range o.stages[i] {
			t.stages[i][k] += v
		}
		t.needs[i] += o.needs[i]
	}
	for k, v := range o.items {
		if t.items[k] == nil {
			t.items[k] = &Served{Item: v.Item, Kind: v.Kind, Title: v.Title}
		}
		t.items[k].Count += v.Count
	}
	for k, v := range o.placements {
		if t.placements[k] == nil {
			t.placements[k] = &PlacementReport{Placement: k}
		}
		p := t.placements[k]
		p.Decisions, p.Items, p.Silent, p.Fallback = p.Decisions+v.Decisions, p.Items+v.Items, p.Silent+v.Silent, p.Fallback+v.Fallback
	}
	t.answers += o.answers
	t.degraded += o.degraded
	add(t.kinds, o.kinds)
	add(t.silences, o.silences)
	add(t.plans, o.plans)
}

func add(to, from map[string]int) {
	for k, v := range from {
		to[k] += v
	}
}
