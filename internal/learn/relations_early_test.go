package learn

import (
	"testing"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// The end of a case may be heard before its beginning, from another partition: it is not open then, whatever the order.
func TestCasesEndInWhateverOrderTheyAreHeard(t *testing.T) {
	step := func(k veiviser.StepKind, id string) *veiviser.LogEntry {
		return &veiviser.LogEntry{Steps: []veiviser.Step{{Kind: k, About: id}}}
	}
	opened, answered, closed := step(veiviser.StepCaseOpened, "a"), step(veiviser.StepCaseAnswered, "a"), step(veiviser.StepCaseClosed, "a")
	for _, order := range [][]*veiviser.LogEntry{
		{opened, answered, closed},
		{opened, closed, answered},
		{answered, opened, closed},
		{answered, closed, opened},
		{closed, opened, answered},
		{closed, answered, opened},
	} {
		r := newRelations()
		for _, e := range order {
			r.Fold(e)
		}
		if len(r.Open) != 0 || r.Opened != 1 || r.Answered != 1 {
			t.Errorf("%v: %+v", order, r)
		}
	}
	r := newRelations()
	r.Fold(answered)
	r.Fold(opened)
	if c, ok := r.Open["a"]; !ok || !c.Answered || len(r.Early) != 0 {
		t.Errorf("answered before it was opened: %+v", r)
	}
}
