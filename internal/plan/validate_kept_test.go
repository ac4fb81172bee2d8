package plan

import (
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// What counts for longer than people are remembered would be broken by whoever stays away for that long.
func TestPromisesLongerThanMemory(t *testing.T) {
	const day = 24 * time.Hour
	remember := func(p *veiviser.Plan) { p.Policy.VisitorTTL = 10 * day }
	for _, w := range []struct {
		change func(p *veiviser.Plan)
		field  string // "" when it is kept
	}{
		{remember, ""},
		{func(p *veiviser.Plan) { p.Contact.Caps = []veiviser.Cap{{ID: "x", Limit: 1, Window: 10 * day}} }, ""},
		{func(p *veiviser.Plan) { p.Contact.Caps = []veiviser.Cap{{ID: "x", Limit: 1, Window: 11 * day}} }, "contact.caps[0].window"},
		{func(p *veiviser.Plan) { p.Contact.Budget = veiviser.AttentionBudget{Amount: 1, Window: 11 * day} }, "contact.budget.window"},
		{func(p *veiviser.Plan) { p.Coherence.Window = 10 * day }, ""},
		{func(p *veiviser.Plan) { p.Coherence.Window = 11 * day }, "coherence.window"},
		{func(p *veiviser.Plan) { p.Items[1].Product = "fjell" }, "coherence.window"}, // 14 days by default
		{func(p *veiviser.Plan) { p.Relationship.Recovery.Window = 11 * day }, "relationship.recovery.window"},
		{func(p *veiviser.Plan) {
			p.Placements[0].Fallback = nil
			p.Relationship.Recovery.Steps = []veiviser.RecoveryStep{{Items: []string{"guide"}}}
		}, "relationship.recovery.window"},
		{func(p *veiviser.Plan) { p.Acquisition.Window = 11 * day }, "acquisition.window"},
		{func(p *veiviser.Plan) { p.Acquisition.Weight = 0.1 }, "acquisition.window"},
	} {
		p := bikes()
		remember(p)
		w.change(p)
		violations := Validate(p)
		if w.field == "" {
			for _, v := range violations {
				t.Error(v)
			}
		} else if len(violations) != 1 || !says(violations, w.field, "lengthen policy.visitor_ttl") {
			t.Errorf("%s: %v", w.field, violations)
		}
	}
}
