package app

import (
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// A link that is finished before there is a plan to merge by loses no wish.
func TestMergeWithoutAPlan(t *testing.T) {
	a := &App{library: plan.NewLibrary(nil, nil)}
	into := &veiviser.Visitor{ID: "ada"}
	a.merge(into, &veiviser.Visitor{ID: "cookie", Standing: veiviser.Standing{
		Directives: []veiviser.Directive{{ID: "d", Kind: veiviser.DoNotProfile, Created: time.Unix(1, 0)}},
	}})
	if len(into.Standing.Directives) != 1 {
		t.Errorf("%+v", into.Standing)
	}
}
