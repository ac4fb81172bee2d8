package review

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/decide"
	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/raced"
	"github.com/veiviser/veiviser/internal/store"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// A service at work: visitors come and click, the model learns from it, plans are published and rolled back, items are
// written and deleted. Every answer comes out the same from what the store has kept.
func TestReplayFromTheStore(t *testing.T) {
	rounds := 400
	if testing.Short() || raced.On {
		rounds = 80
	}
	ctx := t.Context()
	s, err := store.Open(ctx, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	library := plan.NewLibrary(s, nil)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err = library.Publish(ctx, sykkel(t), 0, "", "")
	must(err)
	learner := learn.NewLearner(s, library, "me", slog.New(slog.DiscardHandler))
	decider := decide.New(s, library, decide.Options{Learned: learner.Response})
	recorder := learn.NewRecorder(s, library, nil, slog.New(slog.DiscardHandler))
	random := rand.New(rand.NewPCG(1, 2))
	models := map[uint64]bool{}
	for i := range rounds {
		switch i % 40 {
		case 13:
			_, err = library.Publish(ctx, sykkel(t, func(p *veiviser.Plan) { p.Name = fmt.Sprint("plan ", i) }), 0, "", "")
		case 27:
			_, err = library.RollBack(ctx, 0, 0)
		case 5, 18, 31:
			it := library.Active().Plan.Items[random.IntN(20)]
			it.Boost = random.Float64()
			_, err = library.Upsert(ctx, []veiviser.Item{it})
		case 22:
			err = library.Delete(ctx, library.Active().Plan.Items[random.IntN(20)].ID, "")
		}
		must(err)
		visitor := fmt.Sprint("visitor ", random.IntN(30))
		reply, err := decider.Recommend(ctx, veiviser.Request{
			VisitorID: visitor, Context: veiviser.Context{Subject: "bike/ebike"},
			Events:     []veiviser.Event{{ID: fmt.Sprint("e", i), VisitorID: visitor, Type: "view", Subject: "bike/ebike", Time: time.Now()}},
			Placements: []veiviser.PlacementRequest{{Placement: "product_side"}, {Placement: "home_hero"}},
		})
		must(err)
		models[reply.Answer.Model] = true
		if d := &reply.Answer.Decisions[0]; len(d.Choices) > 0 && random.IntN(2) == 0 {
			_, err := recorder.Record(ctx, []veiviser.Event{{
				ID: fmt.Sprint("c", i), VisitorID: visitor, Type: "click", ItemID: d.Choices[0].ItemID, DecisionID: d.ID, Time: time.Now(),
			}})
			must(err)
		}
		if i%10 == 9 {
			must(learner.Step(ctx))
		}
	}
	must(learner.Step(ctx))
	var last Progress
	began := time.Now()
	must(New(s, library, learner.Response).Replay(ctx, 0, func(p Progress) error { last = p; return nil }))
	perMinute := float64(last.Checked) / time.Since(began).Minutes()
	t.Logf("%d answers of %d states of the model, %.0f a minute: %+v", last.Checked, len(models), perMinute, last)
	if last.Total != int64(rounds) || last.Identical != last.Total {
		t.Errorf("%d answers were given", rounds)
	}
	if len(models) < rounds/20 {
		t.Errorf("%d states of the model", len(models))
	}
}
