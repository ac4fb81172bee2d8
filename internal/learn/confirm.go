package learn

import (
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// impression is the type of event by which callers say that something was on her screen.
const impression = "impression"

// saw reports whether an event says that she saw an item of the decision it is about. An impression that names an item speaks for
// that one; whatever else she does about a decision, she had all of it before her.
func saw(e *veiviser.Event, item string) bool {
	return e.Type != impression || e.ItemID == "" || e.ItemID == item
}

// confirm lets the contacts and facts of a decision count for good once an event says that she saw it, and reports whether there
// were any that would have been released.
func confirm(s *veiviser.Standing, e *veiviser.Event) (found bool) {
	if e.DecisionID == "" {
		return false
	}
	hash := veiviser.HashID(e.DecisionID)
	for i := range s.Contacts {
		x := &s.Contacts[i]
		if !x.Until.IsZero() && x.By(hash) && saw(e, x.ItemID) {
			x.Until, found = time.Time{}, true
		}
	}
	for i := range s.Facts {
		f := &s.Facts[i]
		if !f.Until.IsZero() && f.By(hash) && saw(e, f.Item) {
			f.Until, f.Earlier, found = time.Time{}, nil, true
		}
	}
	return found
}
