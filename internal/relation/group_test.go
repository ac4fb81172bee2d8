package relation_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/relation"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// Steps work on people: who is in the control once is so for all her recoveries, and one in five is.
func TestGroupIsThePersons(t *testing.T) {
	p := relation.NewPolicy(&veiviser.Plan{Relationship: veiviser.Relationship{
		Recovery: veiviser.Recovery{Control: new(0.2), Steps: []veiviser.RecoveryStep{{Items: []string{"sorry"}}}},
	}})
	at := time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)
	const people = 2000
	control := 0
	for n := range uint64(people) {
		var s veiviser.Standing
		for k := range 4 {
			for _, typ := range []string{"complaint", "complaint_resolved"} {
				at = at.Add(time.Hour)
				e := veiviser.Event{ID: strconv.Itoa(k) + typ, Type: typ, Subject: "bike/" + strconv.Itoa(k), Time: at}
				relation.Fold(p, &s, &e, &relation.About{Nonce: 1000*n + uint64(k)})
			}
		}
		for i := range s.Cases {
			if s.Cases[i].Ladder != s.Cases[0].Ladder {
				t.Fatalf("person %d is in two groups: %+v", n, s.Cases)
			}
		}
		if s.Cases[0].Ladder == veiviser.GroupControl {
			control++
		}
	}
	if control < people/6 || control > people/4 {
		t.Errorf("%d of %d are in the control", control, people)
	}
}
