package learn

import (
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// confirm lets the contacts of a decision count for good once an event says that she saw it. An impression that names an item
// speaks for that one; whatever else she does about a decision, she had all of it before her.
func confirm(v *veiviser.Visitor, e *veiviser.Event) {
	if e.DecisionID == "" {
		return
	}
	hash := veiviser.HashID(e.DecisionID)
	for i := range v.Standing.Contacts {
		x := &v.Standing.Contacts[i]
		if x.Decision == hash && (e.Type != impression || e.ItemID == "" || e.ItemID == x.ItemID) {
			x.Until = time.Time{}
		}
	}
}

// impression is the type of event by which callers say that something was on her screen.
const impression = "impression"
