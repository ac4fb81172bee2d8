package learn_test

import (
	"testing"

	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// A case is named by its id; a name that is none of hers is refused.
func TestCaseByName(t *testing.T) {
	complaint := event("1", "ada", "complaint")
	once := learn.Fold(sykkel(t), &veiviser.Loaded{VisitorID: "ada"}, []veiviser.Event{complaint}, noon)
	loaded := veiviser.Loaded{VisitorID: "ada", Visitor: once.Visitor}
	for id, open := range map[string]int{once.Visitor.Standing.Cases[0].ID: 0, "another": 1} {
		e := event("2", "ada", "complaint_resolved")
		e.Attributes = map[string]string{"case": id}
		got := learn.Fold(sykkel(t), &loaded, []veiviser.Event{e}, noon)
		if r := got.Results[0]; (r.Err != nil) != (open == 1) || r.Err != nil && r.Err.Field() != `attributes["case"]` {
			t.Errorf("%s: %v", id, r.Err)
		}
		if got.Visitor != nil && got.Visitor.Standing.OpenCases(noon) != open {
			t.Errorf("%s: %+v", id, got.Visitor.Standing.Cases)
		}
	}
}
