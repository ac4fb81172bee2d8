package relation_test

import (
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/relation"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// What two identities have both counted is counted once for the person that they are.
func TestCountedTwice(t *testing.T) {
	person := func(value float64, count uint32, orders ...string) *veiviser.Visitor {
		v := &veiviser.Visitor{Value: value, Counts: []veiviser.TypeCount{{Type: "purchase", Count: count, InVisit: count}}}
		for _, id := range orders {
			v.Standing.Orders = append(v.Standing.Orders, veiviser.Order{ID: veiviser.HashID(id), Named: true, Placed: start, Value: 100})
		}
		return v
	}
	unheard := person(0, 0, "A")
	unheard.Standing.Orders[0].Placed = time.Time{}
	for name, tt := range map[string]struct {
		a, b *veiviser.Visitor
		want relation.Twice
	}{
		"one of two":       {person(200, 2, "A", "B"), person(300, 3, "B", "C", "D"), relation.Twice{Purchases: 1, Value: 100}},
		"none":             {person(200, 2, "A", "B"), person(100, 1, "C"), relation.Twice{}},
		"not profiled":     {person(0, 0, "A"), person(100, 1, "A"), relation.Twice{}},
		"only the arrival": {unheard, person(100, 1, "A"), relation.Twice{}},
	} {
		if got := relation.CountedTwice(tt.a, tt.b); got != tt.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
	v := person(500, 5)
	relation.Twice{Purchases: 1, Value: 100}.TakeFrom(v)
	if c := &v.Counts[0]; v.Value != 400 || c.Count != 4 || c.InVisit != 4 {
		t.Errorf("%+v", v)
	}
}
