package learn

import (
	"github.com/veiviser/veiviser/internal/eligible"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/relation"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// foldStanding lets an event happen to what is between a person and the shop: cases, orders, the loyalty ladder. segments are those she
// was in before it. It holds also for who is not profiled, of whom neither where she came from nor the ladder is
// kept up, since both are told by what she does.
func foldStanding(snap *plan.Snapshot, v *veiviser.Visitor, e *veiviser.Event, nonce uint64, profiled bool, segments []string) []veiviser.Step {
	about := relation.About{Nonce: nonce}
	if profiled {
		about.Source, about.Segments = snap.Source(e.Attributes[veiviser.AttributeReferrer], e.Channel), segments
	}
	steps := relation.Fold(snap.Relation, &v.Standing, e, &about)
	if !profiled {
		return steps
	}
	for i := range steps { // what came back is worth nothing to the shop
		if s := &steps[i]; s.Kind == veiviser.StepReturned {
			v.Value = max(v.Value-s.Value, 0)
		}
	}
	facts := eligible.Facts{Visitor: v, Context: &veiviser.Context{}, Now: v.LastSeen}
	if views := snap.Stages.Views(v, e.Subject, v.LastSeen); len(snap.Relation.Rungs) > 0 && len(views) > 0 {
		facts.Need = &views[0]
	}
	return append(steps, snap.Climb(&v.Standing, &facts, e.Time)...)
}
