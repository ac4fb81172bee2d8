package plan

import (
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// related is bikes with a relationship, an acquisition and audiences in which everything is right.
func related() *veiviser.Plan {
	p := bikes()
	for _, id := range []string{"sorry", "trial", "apart"} {
		it := p.Items[0]
		it.ID = id
		p.Items = append(p.Items, it)
	}
	p.Items[3].Acquires, p.Items[3].Audiences = true, []string{veiviser.AudienceCustomer, "press"}
	p.Relationship = veiviser.Relationship{
		DeliverWithin: time.Minute, RespondWithin: time.Hour,
		Recovery: veiviser.Recovery{
			Steps: []veiviser.RecoveryStep{{Items: []string{"sorry"}}}, Window: 30 * 24 * time.Hour, Outcomes: []string{"purchase", "view", "test_ride"},
		},
		Rungs: []veiviser.Rung{{ID: "guest", Promote: "true"}, {ID: "friend", Promote: "visitor.count('purchase') > 1", Keep: "visitor.open_cases == 0"}},
	}
	p.Acquisition = veiviser.Acquisition{Costs: []veiviser.AcquisitionCost{{Source: "social", Cost: 1}, {Source: "app", Cost: 2}, {Source: "fair", Cost: 3}, {}}}
	p.Audiences = []veiviser.Audience{{ID: "press", NeverSell: true}, {ID: veiviser.AudienceCustomer}}
	return p
}

func TestWrongRelationship(t *testing.T) {
	for _, v := range Validate(related()) {
		t.Error(v)
	}
	for _, w := range []struct {
		change func(p *veiviser.Plan)
		field  string
		says   string
	}{
		{func(p *veiviser.Plan) { p.Relationship.DeliverWithin = 1 }, "relationship.deliver_within", "between 1m0s and 365 days"},
		{func(p *veiviser.Plan) { p.Relationship.DeliverWithin = 366 * 24 * time.Hour }, "relationship.deliver_within", "between 1m0s and 365 days"},
		{func(p *veiviser.Plan) { p.Relationship.RespondWithin = time.Second }, "relationship.respond_within", "between 1m0s and 365 days"},
		{func(p *veiviser.Plan) { p.Relationship.Recovery.Window = 1 }, "relationship.recovery.window", "between 1m0s and 365 days"},
		{func(p *veiviser.Plan) { p.Acquisition.Window = 3000 * 24 * time.Hour }, "acquisition.window", "between 1m0s and 365 days"},
		{func(p *veiviser.Plan) { p.Items[2].Care = true }, "relationship.recovery.steps[0].item_ids[0]", "open case"},
		{func(p *veiviser.Plan) { p.Items[2].Acquires = true }, "relationship.recovery.steps[0].item_ids[0]", "there to win people"},
		{func(p *veiviser.Plan) { p.Items[2].TowardRung = "friend" }, "relationship.recovery.steps[0].item_ids[0]", "toward_rung"},
		{func(p *veiviser.Plan) { p.Items[2].Rule = "false" }, "relationship.recovery.steps[0].item_ids[0]", "never holds"},
		{func(p *veiviser.Plan) { p.Placements[1].Fallback = []string{"sorry"} }, "relationship.recovery.steps[0].item_ids[0]", `placement "help" falls back on`},
		{func(p *veiviser.Plan) { p.Relationship.Recovery.Outcomes[1] = "complaint" }, "relationship.recovery.outcomes[1]", "nobody comes back by it"},
		{func(p *veiviser.Plan) { p.Relationship.Recovery.Outcomes[0] = "return" }, "relationship.recovery.outcomes[0]", "nobody comes back by it"},
		{func(p *veiviser.Plan) { p.Relationship.Recovery.Outcomes[0] = "impression" }, "relationship.recovery.outcomes[0]", "nobody comes back by it"},
		{func(p *veiviser.Plan) { p.Crisis.Complaints = []string{"test_ride"} }, "relationship.recovery.outcomes[2]", "nobody comes back by it"},
		{func(p *veiviser.Plan) { p.Relationship.Rungs[0].Promote = "1 > 2" }, "relationship.rungs[0].promote", "nobody could climb"},
		{func(p *veiviser.Plan) { p.Relationship.Rungs[1].Keep = "false" }, "relationship.rungs[1].keep", "would leave it with the next event"},
		{func(p *veiviser.Plan) { p.Relationship.Rungs[1].Promote = "true" }, "relationship.rungs[1].promote", "would climb again"},
		{func(p *veiviser.Plan) { p.Acquisition.Costs[0].Source = "socail" }, "acquisition.costs[0].source", `did you mean "social"?`},
		{func(p *veiviser.Plan) { p.Acquisition.Costs[0].Source = "facebook.com" }, "acquisition.costs[0].source", "looks like a referrer"},
		{func(p *veiviser.Plan) { p.Items[3].Care = true }, "items[3].acquires", "nobody is won while a case is open"},
		{func(p *veiviser.Plan) { p.Items[3].Audiences = []string{"press"} }, "items[3].acquires", "for press only"},
		{func(p *veiviser.Plan) { p.Items[1].Audiences = []string{"press"} }, "items[1].audiences", "nothing is sold to press"},
		{func(p *veiviser.Plan) {
			p.Placements[0].Audiences, p.Placements[0].Fallback = []string{"press"}, []string{"fjell-29"}
			p.Items[1].Audiences = []string{"press", veiviser.AudienceCustomer}
		}, "placements[0].fallback_item_ids[0]", "nothing is sold to who is met here"},
	} {
		p := related()
		w.change(p)
		if violations := Validate(p); !says(violations, w.field, w.says) {
			t.Errorf("%s: nothing says %q: %v", w.field, w.says, violations)
		}
	}
}
