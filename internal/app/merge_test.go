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

// An order that was told to both of two identities is one for the person that they are.
func TestMergeCountsAnOrderOnce(t *testing.T) {
	own, err := readPlan(samplePlan)
	if err != nil {
		t.Fatal(err)
	}
	library := plan.NewLibrary(nil, nil)
	if err := library.Assume(own); err != nil {
		t.Fatal(err)
	}
	a := &App{library: library}
	at := time.Unix(1_800_000_000, 0)
	of := func(id string, value float64) *veiviser.Visitor {
		return &veiviser.Visitor{
			ID: id, Events: 1, FirstSeen: at, LastSeen: at, Visits: 1, Value: value,
			Counts: []veiviser.TypeCount{{Type: "purchase", Count: 1, Last: at}},
			Standing: veiviser.Standing{Orders: []veiviser.Order{{
				ID: 7, Named: true, Placed: at, Promised: at.AddDate(1, 0, 0), Value: value,
			}}},
		}
	}
	into := of("ada", 6000)
	a.merge(into, of("erp", 5900))
	if into.Value != 6000 || into.Counts[0].Count != 1 || len(into.Standing.Orders) != 1 {
		t.Errorf("worth %v, %+v, %+v", into.Value, into.Counts, into.Standing.Orders)
	}
}
