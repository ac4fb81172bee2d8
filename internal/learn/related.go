package learn

import (
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Related is what the steps of a whole log come to, oldest line first: what a learner shows that has taken in all of it, at a moment.
func Related(lines []veiviser.LogEntry, now time.Time) *Relationships {
	r := newRelations()
	for i := range lines {
		r.Fold(&lines[i])
	}
	return r.shown(now)
}
