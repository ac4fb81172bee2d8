package store

import (
	"testing"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Who had ordered before standings were kept is a customer, and waits for nothing.
func TestCustomerOfOld(t *testing.T) {
	v := veiviser.Visitor{Counts: []veiviser.TypeCount{{Type: "purchase", Count: 2, Last: codecNow}, {Type: "view", Count: 9, Last: codecNow}}}
	customer(&v)
	if r := &v.Standing.Relation; r.Phase() != veiviser.PhaseCustomer || !r.FirstOrder.Equal(codecNow) {
		t.Errorf("she is a %s: %+v", r.Phase(), r)
	}
	v = veiviser.Visitor{Counts: v.Counts[1:]}
	if customer(&v); v.Standing.Relation.Phase() != veiviser.PhaseProspect {
		t.Error("who never ordered is a customer")
	}
}
