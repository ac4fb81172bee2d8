package decide

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// check says what is wrong with a request that is well formed, or nil.
func check(snap *plan.Snapshot, req *veiviser.Request, wall time.Time) error {
	for i := range req.Placements {
		id := req.Placements[i].Placement
		if _, ok := snap.Placement(id); !ok {
			return veiviser.NotFound(veiviser.ReasonUnknownPlacement, fmt.Sprintf("placements[%d].placement", i),
				"plan version %d has no placement %q", snap.Version, id)
		}
	}
	if req.Time.After(wall.Add(learn.MaxFuture)) {
		return veiviser.Invalid(veiviser.ReasonInvalidField, "time", "lies more than %v in the future", learn.MaxFuture)
	}
	return nil
}

// foldEvents folds the events sent along, which take from the context what they do not say themselves. One that is not
// admitted refuses the request; duplicates are left out.
func foldEvents(snap *plan.Snapshot, loaded *veiviser.Loaded, req *veiviser.Request, wall time.Time) (learn.Folded, error) {
	if len(req.Events) == 0 {
		return learn.Folded{}, nil
	}
	now := wall
	if !req.Time.IsZero() {
		now = req.Time
	}
	events := slices.Clone(req.Events)
	for i := range events {
		inContext(&events[i], &req.Context, snap.Crisis.Region)
		if events[i].Time.IsZero() {
			events[i].Time = now
		}
	}
	folded := learn.Fold(snap, loaded, events, wall)
	for i := range folded.Results {
		if err := folded.Results[i].Err; err != nil {
			refused := *err
			refused.Violations = slices.Clone(err.Violations)
			for k := range refused.Violations {
				refused.Violations[k].Field = fmt.Sprintf("events[%d].%s", i, refused.Violations[k].Field)
			}
			return learn.Folded{}, &refused
		}
	}
	return folded, nil
}

// inContext lets an event take from the situation what it does not say itself; region is the attribute that says where she is.
func inContext(e *veiviser.Event, c *veiviser.Context, region string) {
	if e.Channel == "" {
		e.Channel = c.Channel
	}
	own := e.Attributes
	shared := false
	for _, a := range [...]struct{ name, value string }{
		{veiviser.AttributePage, c.Page},
		{veiviser.AttributeQuery, c.Query},
		{veiviser.AttributeReferrer, c.Referrer},
		{veiviser.AttributeDevice, c.Device},
		{veiviser.AttributeLanguage, c.Language},
		{region, c.Attributes[region]},
	} {
		if a.value == "" || own[a.name] != "" {
			continue
		}
		if !shared { // the request's own map stays as it is
			if own = maps.Clone(own); own == nil {
				own = make(map[string]string, 6)
			}
			shared = true
		}
		own[a.name] = a.value
	}
	e.Attributes = own
}
