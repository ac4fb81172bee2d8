package learn

import (
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// confirm lets the contacts of a decision count for good once an event says that she saw it, and reports whether there were any that
// would have been released. An impression that names an item speaks for that one; whatever else she does about a decision, she had
// all of it before her.
func confirm(contacts []veiviser.Contact, e *veiviser.Event) (found bool) {
	if e.DecisionID == "" {
		return false
	}
	hash := veiviser.HashID(e.DecisionID)
	for i := range contacts {
		x := &contacts[i]
		if x.By(hash) && (e.Type != impression || e.ItemID == "" || e.ItemID == x.ItemID) && !x.Until.IsZero() {
			x.Until, found = time.Time{}, true
		}
	}
	return found
}

// impression is the type of event by which callers say that something was on her screen.
const impression = "impression"
