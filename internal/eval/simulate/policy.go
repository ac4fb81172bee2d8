package simulate

import (
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Policy decides what is shown. It is called from one goroutine at a time, in the order of simulated time; what it is given
// may not be changed, and not be kept after the call except for the events. An error ends the run.
type Policy interface {
	// Name is what the report calls it, About says in a sentence how it decides.
	Name() string
	About() string
	// Decide chooses what one visit is shown.
	Decide(v *Visit) (Choice, error)
	// Observe tells what came of it, when the visit is over. Between Decide and Observe of a visit there may be others.
	Observe(v *Visit, c Choice, o *Outcome) error
}

// Listener is a policy that wants to know what happens between visits, such as a delivery, when it happens.
type Listener interface {
	Hear(e *veiviser.Event) error
}

// Nothing is the choice to show nothing.
const Nothing = -1

// Choice is what is shown: an index into [Visit.Arms] that is among [Visit.Fitting], or Nothing.
type Choice struct{ Arm int }

// Visit is what a shop sees at the moment it decides.
type Visit struct {
	// N counts the decisions of the run from 0, Number those for this visitor from 0.
	N, Number int
	VisitorID string
	Time      time.Time
	// Context is where she is: channel, device, language, referrer, page, query, subject, and what is known of her.
	Context veiviser.Context
	// Events are those of this visit so far, oldest first; the last happened just before Time.
	Events []veiviser.Event
	// History sums up all that she did up to now, this visit included.
	History *History
	Arms    []Arm
	// Fitting are the arms that fit the subject, ascending.
	Fitting []int
	// Seed is for the policy's own draws, when it wants the run to be the same again.
	Seed [2]uint64
}

// History sums up what a visitor did.
type History struct {
	Visits, Events int
	// Types counts her events by type, Sections her pages by first segment ("guides"), both without what came of being shown
	// something.
	Types, Sections map[string]int
	LastType        string
	// LastVisit is when the visit before was over; zero when there was none.
	LastVisit time.Time
}

// add folds an event in.
func (h *History) add(e *veiviser.Event) {
	h.Events++
	h.Types[e.Type]++
	h.LastType = e.Type
	if s := section(e.Attributes[veiviser.AttributePage]); s != "" {
		h.Sections[s]++
	}
}

// section is the first segment of a page.
func section(page string) string {
	if len(page) < 2 || page[0] != '/' {
		return ""
	}
	for i := 1; i < len(page); i++ {
		if page[i] == '/' {
			return page[1:i]
		}
	}
	return page[1:]
}

// Outcome is what a shop sees of what came of a decision.
type Outcome struct {
	// Events are those after the decision, until the visit was over, oldest first. What was done with the item shown (click,
	// dismiss, helpful, not_relevant, too_early) names it as its item, and is among the first.
	Events []veiviser.Event
	// End is when the visit was over.
	End time.Time
}

// Aimed reports whether an event is about the item that was shown: such an event names the decision it came of.
func Aimed(e *veiviser.Event) bool {
	switch e.Type {
	case "click", "dismiss", "helpful", "not_relevant", "too_early":
		return true
	}
	return false
}
