package plan

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Rungs, tiers, steps and costs are known by what they are, and told in the names of the contract.
func TestDiffOfRelationships(t *testing.T) {
	before := &veiviser.Plan{
		Relationship: veiviser.Relationship{
			Rungs: []veiviser.Rung{{ID: "rider", Promote: "true"}}, Tiers: []veiviser.Tier{{ID: "low", From: 1}},
			Recovery: veiviser.Recovery{Control: new(0.2), Steps: []veiviser.RecoveryStep{{After: time.Hour, Items: []string{"a"}}}},
		},
		Acquisition: veiviser.Acquisition{Costs: []veiviser.AcquisitionCost{{Source: "ad", Segment: "families", Cost: 1}}},
	}
	after := &veiviser.Plan{
		Relationship: veiviser.Relationship{
			Rungs: []veiviser.Rung{{ID: "rider", Promote: "false"}}, Tiers: []veiviser.Tier{{ID: "low", From: 2}},
			Recovery: veiviser.Recovery{Control: new(0.3), Steps: []veiviser.RecoveryStep{{After: time.Hour, Items: []string{"b"}}}},
		},
		Acquisition: veiviser.Acquisition{Costs: []veiviser.AcquisitionCost{{Source: "ad", Segment: "families", Cost: 2}}},
	}
	var got []string
	for _, c := range Diff(before, after) {
		got = append(got, c.Path)
	}
	slices.Sort(got)
	want := []string{
		"acquisition/costs/source=ad,segment=families/cost", "relationship/recovery/control_share",
		"relationship/recovery/steps/1h0m0s/item_ids", "relationship/rungs/rider/promote", "relationship/tiers/low/from",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
