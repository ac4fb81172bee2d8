package app_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// versionsOf gives the sample plan with each of so many versions of the journey of purchases, from version 1: each has
// stages of its own names, one more than the version before, and says where some of the old ones went.
func versionsOf(t *testing.T, n int) []*veiviserv1.Plan {
	t.Helper()
	out := []*veiviserv1.Plan{samplePlan(t)}
	for version := 2; version <= n; version++ {
		p := proto.CloneOf(out[0])
		i := slices.IndexFunc(p.GetJourneys(), func(j *veiviserv1.Journey) bool { return j.GetId() == "purchase" })
		old, j := out[0].GetJourneys()[i], p.GetJourneys()[i]
		j.Version = uint32(version)
		rename := func(id string) string {
			if id == "need" { // is in all of them
				return id
			}
			return fmt.Sprintf("%s-%d", id, version)
		}
		for k, s := range j.GetStages() {
			s.Id = rename(s.GetId())
			if k%2 == version%2 { // the others go by their standard stage
				continue
			}
			j.StageMappings = append(j.StageMappings, &veiviserv1.StageMapping{From: old.GetStages()[k].GetId(), To: s.GetId()})
		}
		for _, m := range j.GetTransitions() {
			m.From, m.To = rename(m.GetFrom()), rename(m.GetTo())
		}
		for _, s := range j.GetSignals() {
			likelihood := map[string]float64{}
			for id, x := range s.GetLikelihood() {
				likelihood[rename(id)] = x
			}
			s.Likelihood = likelihood
		}
		for k := 2; k <= version; k++ { // no signal speaks of these
			id := fmt.Sprintf("linger-%d-%d", k, version)
			j.Stages = append(j.Stages, &veiviserv1.Stage{Id: id, Standard: "evaluate", Prior: 0.1, Name: map[string]string{"nb": "Nøler", "en": "Lingers", "sv": "Dröjer"}})
			j.Transitions = append(j.Transitions,
				&veiviserv1.Transition{From: "need", To: id, Rate: 0.01}, &veiviserv1.Transition{From: id, To: rename("evaluate"), Rate: 0.2})
		}
		out = append(out, p)
	}
	return out
}

// stagesByVersion are the ids of the stages of every version of every journey.
func stagesByVersion(plans []*veiviserv1.Plan) map[string][]string {
	out := map[string][]string{}
	for _, p := range plans {
		for _, j := range p.GetJourneys() {
			var ids []string
			for _, s := range j.GetStages() {
				ids = append(ids, s.GetId())
			}
			out[fmt.Sprint(j.GetId(), " ", j.GetVersion())] = ids
		}
	}
	return out
}

// beliefs checks what must hold of needs, whichever plan answers.
type beliefs struct {
	stages map[string][]string
	seen   sync.Map // the versions of the journey that needs were told in

	mu    sync.Mutex
	wrong []string
}

func (b *beliefs) check(needs []*veiviserv1.NeedBelief) {
	for _, n := range needs {
		version := fmt.Sprint(n.GetJourney(), " ", n.GetJourneyVersion())
		b.seen.Store(version, true)
		var ids []string
		sum := 0.0
		for _, s := range n.GetStages() {
			ids = append(ids, s.GetStage())
			sum += s.GetProbability()
		}
		want, ok := b.stages[version]
		if !ok || !slices.Equal(ids, want) || math.Abs(sum-1) > 1e-9 || n.GetStage() != "" && !slices.Contains(ids, n.GetStage()) {
			b.say("%s: stages %v sum to %v, told %q", version, ids, sum, n.GetStage())
		}
	}
}

// say notes what is wrong, the first few times.
func (b *beliefs) say(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.wrong) < 10 {
		b.wrong = append(b.wrong, fmt.Sprintf(format, args...))
	}
}

// Plans with other stages are published and rolled back while 200 callers ask and record: nobody is refused, every answer
// is one of a single plan, every belief is over the stages of the version that it names, and no event is lost.
func TestOpsVersionsUnderLoad(t *testing.T) {
	const callers, calls, rounds = 200, 8, 6
	plans := versionsOf(t, 4)
	for _, kind := range stores {
		t.Run(kind.name, func(t *testing.T) {
			cfg := settings(kind.url(t))
			cfg.StoreTimeout = 10 * time.Second // two hundred callers share the machine with the store
			s := connect(t, startServer(t, cfg))
			ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
			defer cancel()
			b := &beliefs{stages: stagesByVersion(plans)}
			var group sync.WaitGroup
			var left atomic.Int64
			var answered sync.Map // plan version to the version of the journey in its answers
			left.Store(callers)
			for i := range callers {
				group.Go(func() {
					defer left.Add(-1)
					for n := range calls {
						b.call(ctx, s, i, n, &answered)
					}
				})
			}
			published := changePlans(ctx, t, s, plans, rounds, func() bool { return left.Load() > 0 })
			group.Wait()
			for _, w := range b.wrong {
				t.Error(w)
			}
			answered.Range(func(plan, versions any) bool {
				if want := published[plan.(string)]; versions != want {
					t.Errorf("answers by plan %v are over version %v of the journey, want %v", plan, versions, want)
				}
				return true
			})
			for i := range callers { // after all is over
				out, err := s.visits.GetVisitor(ctx, &veiviserv1.GetVisitorRequest{VisitorId: fmt.Sprint("v", i)})
				if err != nil {
					t.Fatal(err)
				}
				b.check(out.GetVisitor().GetNeeds())
				if got := int(out.GetVisitor().GetEvents()); got != calls {
					t.Errorf("%d events count, want %d", got, calls)
				}
			}
			seen := 0
			for version := range len(plans) {
				if _, ok := b.seen.Load(fmt.Sprint("purchase ", version+1)); ok {
					seen++
				}
			}
			t.Logf("%d plans published or gone back to, needs told in %d versions of the journey", len(published), seen)
			if seen < 3 {
				t.Errorf("needs were told in %d versions of the journey: the test is blind", seen)
			}
		})
	}
}

// call records one event of the caller's visitor, alone or along with a request, and looks at the answer.
func (b *beliefs) call(ctx context.Context, s *services, i, n int, answered *sync.Map) {
	visitor := fmt.Sprint("v", i)
	event := &veiviserv1.Event{
		EventId: fmt.Sprintf("e%d-%d", i, n), VisitorId: visitor, ItemId: "offer-ebike-fjord-city", Subject: "bike/ebike",
		Type: []string{"view", "search", "compare", "save", "cart_add", "view", "checkout"}[(i+n)%7],
	}
	if (i+n)%2 == 0 {
		out, err := s.visits.RecordEvents(ctx, &veiviserv1.RecordEventsRequest{Events: []*veiviserv1.Event{event}})
		if err != nil {
			b.say("recording: %v", err)
		} else if r := out.GetResults()[0]; r.GetStatus() != veiviserv1.EventStatus_EVENT_STATUS_ACCEPTED {
			b.say("recording: %v", r)
		}
		got, err := s.visits.GetVisitor(ctx, &veiviserv1.GetVisitorRequest{VisitorId: visitor})
		if err != nil {
			b.say("looking at her: %v", err)
		}
		b.check(got.GetVisitor().GetNeeds())
		return
	}
	out, err := s.decisions.Recommend(ctx, &veiviserv1.RecommendRequest{
		VisitorId: visitor, Context: &veiviserv1.VisitContext{Subject: "bike/ebike"}, Events: []*veiviserv1.Event{event},
		Placements: []*veiviserv1.PlacementRequest{{Placement: "home_hero"}, {Placement: "product_side"}},
	})
	if err != nil || out.GetDegraded() || len(out.GetDecisions()) != 2 {
		b.say("asking: %v, degraded %q, %d decisions", err, out.GetDegradedReason(), len(out.GetDecisions()))
		return
	}
	b.check(out.GetNeeds())
	for _, need := range out.GetNeeds() {
		if need.GetJourney() != "purchase" {
			continue
		}
		if before, ok := answered.LoadOrStore(out.GetPlanVersion(), need.GetJourneyVersion()); ok && before != need.GetJourneyVersion() {
			b.say("plan %s answers over versions %v and %d of the journey", out.GetPlanVersion(), before, need.GetJourneyVersion())
		}
	}
}

// changePlans publishes the plans in turn and goes back after every second one, at least so many times and until nobody
// calls any more. It gives the version of the journey in every plan version that there was.
func changePlans(ctx context.Context, t *testing.T, s *services, plans []*veiviserv1.Plan, rounds int, busy func() bool) map[string]uint32 {
	t.Helper()
	published := map[string]uint32{"1": 1}
	for round := 0; round < rounds || busy(); round++ {
		next := round%(len(plans)-1) + 1
		out, err := s.plans.PublishPlan(ctx, &veiviserv1.PublishPlanRequest{Plan: plans[next]})
		if err != nil {
			t.Errorf("publishing: %v", err)
			return published
		}
		published[out.GetVersion().GetVersion()] = uint32(next + 1)
		time.Sleep(30 * time.Millisecond)
		if round%2 == 1 {
			continue
		}
		back := &veiviserv1.RollBackPlanRequest{}
		if round%4 == 2 {
			back.Version = "1"
		}
		if _, err := s.plans.RollBackPlan(ctx, back); err != nil {
			t.Errorf("rolling back: %v", err)
			return published
		}
		time.Sleep(30 * time.Millisecond)
	}
	return published
}
