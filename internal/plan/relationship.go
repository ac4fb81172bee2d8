package plan

import (
	"fmt"
	"time"

	"github.com/veiviser/veiviser/internal/eligible"
	"github.com/veiviser/veiviser/internal/relation"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// rung is a compiled rung of the loyalty ladder; keep is nil when it is kept for ever.
type rung struct{ promote, keep *eligible.Rule }

// relate compiles what the plan says about relationships, and says which of its rules do not compile.
func (s *Snapshot) relate() []veiviser.Violation {
	s.Relation = relation.NewPolicy(s.Plan)
	var violations []veiviser.Violation
	for i := range s.Relation.Rungs {
		r := &s.Relation.Rungs[i]
		var next rung
		var err error
		next.promote, err = s.compiler.Compile(r.Promote)
		violations = appendViolations(violations, fmt.Sprintf("relationship.rungs[%d].promote", i), err)
		if r.Keep != "" {
			next.keep, err = s.compiler.Compile(r.Keep)
			violations = appendViolations(violations, fmt.Sprintf("relationship.rungs[%d].keep", i), err)
		}
		s.rungs = append(s.rungs, next)
	}
	return violations
}

// Climb moves the person of f along the loyalty ladder by the rules of the plan, see [relation.Climb]. It changes s, which is hers.
// A rule without a verdict leaves her where she stands.
func (s *Snapshot) Climb(st *veiviser.Standing, f *eligible.Facts, now time.Time) []veiviser.Step {
	if len(s.rungs) == 0 && st.Relation.Rung == "" {
		return nil
	}
	return relation.Climb(s.Relation, st, now, func(i int, promote bool) (verdict, known bool) {
		rule := s.rungs[i].keep
		if promote {
			rule = s.rungs[i].promote
		}
		ok, err := rule.Eval(f)
		return ok, err == nil
	})
}
