package learn_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/raced"
	"github.com/veiviser/veiviser/internal/rank"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// terms are short ones: clicks count for a minute, purchases for ten.
func terms() veiviser.Terms {
	return veiviser.Terms{
		Outcomes: []veiviser.OutcomeRule{
			{Type: "click", Weight: 0.2, Window: time.Minute},
			{Type: "purchase", Weight: 1, Window: 10 * time.Minute},
		},
		ProgressWindow: time.Minute, ProgressWeight: 1, LiftWindow: 10 * time.Minute, LiftOutcome: "purchase",
	}
}

// decided is a decision that served items to somebody.
func decided(id, person string, items ...string) veiviser.OutboxEntry {
	d := &veiviser.LoggedDecision{
		DecisionID: id, Placement: "home_hero", Channel: "web", Silent: len(items) == 0, Time: time.Now(), Made: time.Now(),
		Group: veiviser.GroupTreated, Exploration: veiviser.ExplorationOn, Journey: "purchase", NeedSubject: ebike, Terms: terms(),
		ByStage: [veiviser.NumStandardStages]float64{0, 0, 1}, Stage: veiviser.StageEvaluate, Segments: []string{"newcomers"},
	}
	for _, it := range items {
		d.Choices = append(d.Choices, veiviser.LoggedChoice{ItemID: it, Kind: veiviser.KindContent, Format: "card", Propensity: 0.5})
	}
	return veiviser.OutboxEntry{
		Written: time.Now(), Person: person, First: true, Entry: veiviser.LogEntry{Time: time.Now(), Served: d},
	}
}

// cameOf is an outcome of a decision.
func cameOf(e veiviser.OutboxEntry, eventType string, choice int) veiviser.OutboxEntry {
	d := e.Entry.Served
	return veiviser.OutboxEntry{Written: time.Now(), Entry: veiviser.LogEntry{Time: time.Now(), Event: &veiviser.LoggedEvent{
		Type: eventType, DecisionID: d.DecisionID, Decision: d, Choice: choice,
	}}}
}

// usefulness is what a learner believes of an item, content in the evaluate stage.
func usefulness(t *testing.T, l *learn.Learner, item string) float64 {
	t.Helper()
	snap := sykkel(t)
	it, ok := snap.Catalog.Lookup(item)
	if !ok {
		t.Fatal("no item", item)
	}
	sc := snap.Response.Prepare(rank.Situation{ByStage: [veiviser.NumStandardStages]float64{0, 0, 1}, Channel: "web"}, l.Response())
	r := snap.Response.Response(it)
	mean, _ := sc.Score(it, &r, "card", sc.Learned(it, "card"))
	return mean
}

func TestLedgerJoinsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutboxes()
		l := learner(t, o, "a")
		a, b := decided("a.0", "1:ada", "guide-choose-bike"), decided("b.0", "1:bob", "guide-choose-bike")
		o.write(0, a)
		o.write(1, b)
		must(t, l.Step(t.Context()))
		before := usefulness(t, l, "guide-choose-bike")
		o.write(0, cameOf(a, "click", 0))
		o.write(0, cameOf(a, "click", 0)) // a second click of the same
		late := cameOf(b, "click", 0)
		late.Entry.Event.Late, late.Entry.Event.Decision = true, nil
		o.write(1, late)
		must(t, l.Step(t.Context()))
		if after := usefulness(t, l, "guide-choose-bike"); after <= before {
			t.Errorf("a click moved the belief from %g to %g", before, after)
		}
		want := learn.OutcomeCount{Joined: 1, Repeated: 1, Late: 1}
		if got := l.Shown().Outcomes["click"]; got != want {
			t.Errorf("clicks %+v, want %+v", got, want)
		}
		clicked := usefulness(t, l, "guide-choose-bike")
		time.Sleep(40 * time.Second)
		must(t, l.Step(t.Context()))
		if got := usefulness(t, l, "guide-choose-bike"); got != clicked {
			t.Errorf("before its window is over silence moved the belief from %g to %g", clicked, got)
		}
		time.Sleep(30 * time.Second)
		must(t, l.Step(t.Context()))
		if got := usefulness(t, l, "guide-choose-bike"); got >= clicked {
			t.Errorf("silence moved the belief from %g to %g", clicked, got)
		}
		if got := l.Shown().Outcomes["click"].Silent; got != 1 {
			t.Errorf("%d silent clicks", got)
		}
		o.write(0, cameOf(a, "purchase", 0))
		must(t, l.Step(t.Context()))
		time.Sleep(10 * time.Minute)
		must(t, l.Step(t.Context()))
		if got, want := l.Shown().Outcomes["purchase"], (learn.OutcomeCount{Joined: 1, Silent: 1}); got != want {
			t.Errorf("purchases %+v, want %+v", got, want)
		}
		reward, over := 0.0, 0
		for _, c := range o.settled.Closed {
			if c.AnswerID == "a" {
				reward += c.Reward
			}
			if c.Over {
				over++
			}
		}
		if math.Abs(reward-1.2) > 1e-9 || over != 2 || len(o.settled.Made) != 2 {
			t.Errorf("reward %g, %d over, made %v", reward, over, o.settled.Made)
		}
		for p, lines := range o.made {
			if len(lines) > 0 {
				t.Errorf("partition %d keeps %d decisions that are settled", p, len(lines))
			}
		}
	})
}

// Whatever call the process dies at, before or after it took effect: every outcome is joined exactly once, and every
// silence counted once.
func TestLedgerDiesAnywhere(t *testing.T) {
	lives := 300
	if raced.On {
		lives = 80
	}
	for _, call := range []string{"lease", "revision", "load", "serve", "read", "save", "trim", "now", "people", "forget"} {
		for _, applied := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/applied=%v", call, applied), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					o := newOutboxes()
					rng := rand.New(rand.NewPCG(1, 2))
					hook := func(c string) error {
						if c == call && rng.IntN(3) == 0 {
							return away()
						}
						return nil
					}
					clicks, choices := int64(0), int64(0)
					var waiting []veiviser.OutboxEntry
					l := learner(t, o, "first")
					for life := range lives {
						e := decided(fmt.Sprintf("d%d.0", life), fmt.Sprintf("%d:p", life%3), "guide-choose-bike", "guide-frame-size")
						o.write(life%3, e)
						choices += 2
						waiting = slices.DeleteFunc(append(waiting, e), func(e veiviser.OutboxEntry) bool {
							return time.Since(e.Written) > 50*time.Second // what comes later is too late, and said to be
						})
						if rng.IntN(2) == 0 {
							i := rng.IntN(len(waiting))
							o.write(rng.IntN(3), cameOf(waiting[i], "click", rng.IntN(2)))
							waiting[i] = waiting[len(waiting)-1] // one outcome each, so that none repeats another
							waiting = waiting[:len(waiting)-1]
							clicks++
						}
						if o.fail, o.after = hook, nil; applied {
							o.fail, o.after = nil, hook
						}
						if l.Step(t.Context()) != nil && rng.IntN(2) == 0 {
							time.Sleep(6 * time.Second) // the process died, and its lease runs out
							l = learner(t, o, fmt.Sprint("life ", life))
						}
						o.fail, o.after = nil, nil
						time.Sleep(time.Second)
					}
					time.Sleep(11 * time.Minute)
					must(t, l.Step(t.Context()))
					got := l.Shown().Outcomes["click"]
					if got.Joined != clicks || got.Silent != choices-clicks || got.Repeated+got.Late != 0 {
						t.Errorf("%+v of %d clicks on %d choices", got, clicks, choices)
					}
					over := map[string]int{}
					for _, c := range o.settled.Closed {
						if c.Over {
							over[c.AnswerID]++
						}
					}
					if len(over) != lives || len(o.settled.Made) != lives {
						t.Errorf("%d decisions are over, %d were made", len(over), len(o.settled.Made))
					}
					if got := l.Shown().Lifts[""]; got.Treated.Outcomes.N != int64(lives) {
						t.Errorf("%d visitors were compared", got.Treated.Outcomes.N)
					}
				})
			})
		}
	}
}

// An item that is clicked a lot and leaves people where they are loses against one that moves them on (E5).
func TestProgressBeatsClicks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutboxes()
		o.people = map[string]*veiviser.Visitor{}
		l := learner(t, o, "a")
		snap := sykkel(t)
		rng := rand.New(rand.NewPCG(5, 6))
		moving := map[string]float64{"guide-choose-bike": 0.1, "guide-frame-size": 0.9} // chance to go on after it
		clicking := map[string]float64{"guide-choose-bike": 0.5, "guide-frame-size": 0.2}
		for n := range 400 {
			for item := range moving {
				id, person := fmt.Sprintf("%s-%d", item, n), fmt.Sprintf("0:%s-%d", item, n)
				v := &veiviser.Visitor{ID: id}
				snap.Stages.Fold(v, &veiviser.Event{Type: "view", Subject: ebike, Time: time.Now()})
				e := decided(id+".0", person, item)
				d := e.Entry.Served
				for _, view := range snap.Stages.Views(v, ebike, time.Now()) {
					if view.Subject == ebike {
						d.Journey, d.NeedSubject, d.Value, d.ByStage, d.Stage = view.Journey, view.Subject, view.Value, view.ByStandard, view.Standard
					}
				}
				o.write(0, e)
				if rng.Float64() < clicking[item] {
					o.write(0, cameOf(e, "click", 0))
				}
				if rng.Float64() < moving[item] {
					for _, typ := range []string{"compare", "cart_add"} {
						snap.Stages.Fold(v, &veiviser.Event{Type: typ, Subject: ebike, Time: time.Now().Add(time.Second)})
					}
				}
				o.people[person] = v
			}
			time.Sleep(time.Second)
		}
		time.Sleep(11 * time.Minute)
		must(t, l.Step(t.Context()))
		bait, help := usefulness(t, l, "guide-choose-bike"), usefulness(t, l, "guide-frame-size")
		if help <= bait {
			t.Errorf("the click-bait is worth %g, what moves people on %g", bait, help)
		}
		moves := l.Shown().Moves["guide-frame-size"]["newcomers"]
		mean, low, high := moves.Mean()
		if moves.N != 400 || !(low < mean && mean < high) || mean <= 0 {
			t.Errorf("%d moves, %g [%g, %g]", moves.N, mean, low, high)
		}
	})
}

// A planted position effect is found, although the better items stand first more often.
func TestPositionEffectIsRecovered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutboxes()
		l := learner(t, o, "a")
		rng := rand.New(rand.NewPCG(7, 8))
		worth := map[string]float64{"guide-choose-bike": 0.5, "guide-frame-size": 0.3, "guide-road-fit": 0.15}
		items := []string{"guide-choose-bike", "guide-frame-size", "guide-road-fit"}
		seen := []float64{1, 0.6, 0.3}
		for n := range 6000 {
			order := rng.Perm(3)
			if n%2 == 0 {
				order = []int{0, 1, 2}
			}
			e := decided(fmt.Sprintf("d%d.0", n), "", items[order[0]], items[order[1]], items[order[2]])
			e.Entry.Served.Terms.Outcomes[0].Weight = 1
			o.write(n%4, e)
			for slot, i := range order {
				if rng.Float64() < seen[slot]*worth[items[i]] {
					o.write(n%4, cameOf(e, "click", slot))
				}
			}
			if n%50 == 0 {
				must(t, l.Step(t.Context()))
			}
			time.Sleep(2 * time.Second)
		}
		time.Sleep(20 * time.Minute)
		must(t, l.Step(t.Context()))
		for slot, x := range l.Shown().Slots["home_hero"] {
			if math.Abs(x.Examination-seen[slot]) > 0.08 {
				t.Errorf("slot %d is seen %.2f, found %.2f", slot+1, seen[slot], x.Examination)
			}
		}
	})
}

// Replicas show what the learner learned.
func TestFollowersShowTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutboxes()
		a, b := learner(t, o, "a"), learner(t, o, "b")
		ctx, stop := context.WithCancel(t.Context())
		go a.Run(ctx)
		go b.Run(ctx)
		e := decided("a.0", "1:ada", "guide-choose-bike")
		o.write(0, e)
		time.Sleep(time.Second)
		o.write(0, cameOf(e, "click", 0))
		time.Sleep(2 * time.Second)
		if x, y := a.Response().Version(), b.Response().Version(); x != y || x == 0 {
			t.Errorf("two seconds after an outcome the replicas hold versions %d and %d", x, y)
		}
		stop()
		synctest.Wait()
	})
}
