package rank_test

import (
	"fmt"

	"github.com/veiviser/veiviser/internal/rank"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// A visitor compares bicycles. The guide serves that stage, the sale does not; families like guides.
func Example() {
	plan := &veiviser.Plan{Policy: veiviser.Policy{
		Priors:  []veiviser.ResponsePrior{{Mean: 0.2, Strength: 30}},
		Effects: []veiviser.ResponseEffect{{Segment: "families", Kind: veiviser.KindContent, Add: 0.05, SD: 0.02}},
	}}
	items := []veiviser.Item{
		{ID: "guide", Kind: veiviser.KindContent, Stages: []veiviser.StandardStage{veiviser.StageEvaluate}},
		{ID: "sale", Kind: veiviser.KindOffer, Stages: []veiviser.StandardStage{veiviser.StagePurchase}, Boost: 0.03},
	}

	model := rank.Compile(plan) // once per plan version
	responses := make([]rank.Response, len(items))
	for i := range items {
		responses[i] = model.Response(&items[i]) // once per catalogue change
	}

	scorer := model.Prepare(rank.Situation{
		ByStage:  [veiviser.NumStandardStages]float64{0, 0.1, 0.7, 0.2, 0, 0},
		Segments: []string{"families"},
		Channel:  "web",
	}, nil)
	cands := make([]rank.Candidate, len(items))
	for i := range items {
		cands[i].Mean, cands[i].Var = scorer.Score(&items[i], &responses[i], "card", rank.Delta{})
		cands[i].Like = rank.LikenessOf(&items[i])
	}
	options := rank.Options{Slots: 1, Attention: 0.1, Explore: 1, Seed: [2]uint64{1, 2}}
	slate := rank.Choose(cands, options)
	for _, p := range slate.Picks {
		fmt.Printf("%s with propensity %.3f; silence %.3f\n", items[p.Index].ID, p.Propensity, slate.Silence)
		for _, part := range scorer.Parts(&items[p.Index], &responses[p.Index], "card", rank.Delta{}) {
			fmt.Printf("  %s %+.3f\n", part.Name, part.Add)
		}
	}
	// Output:
	// guide with propensity 0.929; silence 0.010
	//   stage:search +0.005
	//   stage:evaluate +0.140
	//   stage:purchase +0.010
	//   segment:families +0.050
}
