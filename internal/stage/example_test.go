package stage_test

import (
	"fmt"
	"time"

	"github.com/veiviser/veiviser/internal/stage"
	"github.com/veiviser/veiviser/internal/veiviser"
)

func Example() {
	set, err := stage.Compile(&veiviser.Plan{Journeys: []veiviser.Journey{{
		ID: "considered", Subjects: []string{"bike"},
		Stages: []veiviser.Stage{
			{ID: "looking", Standard: veiviser.StageSearch, Prior: 6},
			{ID: "choosing", Standard: veiviser.StageEvaluate, Prior: 3},
			{ID: "buying", Standard: veiviser.StagePurchase, Prior: 1},
		},
		Transitions: []veiviser.Transition{
			{From: "looking", To: "choosing", Rate: 0.1},
			{From: "choosing", To: "buying", Rate: 0.1},
			{From: "choosing", To: "looking", Rate: 0.05},
		},
		Signals: []veiviser.Signal{
			{ID: "compared", Match: veiviser.Match{Types: []string{"compare"}}, Likelihood: map[string]float64{"choosing": 5}},
			{ID: "carted", Match: veiviser.Match{Types: []string{"cart_add"}}, Likelihood: map[string]float64{"buying": 12, "looking": 0.2}},
		},
	}}})
	if err != nil {
		fmt.Println(err)
		return
	}

	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	visitor := &veiviser.Visitor{ID: "anna"}
	show := func(what string, now time.Time) {
		n := set.Views(visitor, "bike", now)[0]
		fmt.Printf("%-12s %.2f %s\n", what, n.P, n.Stage)
	}
	show("at first", noon)
	set.Fold(visitor, &veiviser.Event{Type: "compare", Subject: "bike", Time: noon})
	show("compared", noon)
	set.Fold(visitor, &veiviser.Event{Type: "cart_add", Subject: "bike", Time: noon.Add(5 * time.Minute)})
	show("carted", noon.Add(5*time.Minute))
	show("weeks later", noon.AddDate(0, 0, 40))
	// Output:
	// at first     [0.60 0.30 0.10] looking
	// compared     [0.27 0.68 0.05] choosing
	// carted       [0.03 0.30 0.67] buying
	// weeks later  [0.52 0.30 0.18] looking
}
