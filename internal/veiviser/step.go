package veiviser

import (
	"slices"
	"time"
)

// StepKind is something that changed between a person and the shop.
type StepKind string

// The steps.
const (
	StepCaseOpened   StepKind = "CASE_OPENED"   // About the case, Cause and Subject; At is when an answer is due, Took the time until then
	StepCaseAnswered StepKind = "CASE_ANSWERED" // a person answered; Took is the time it took, At when it was due
	StepCaseResolved StepKind = "CASE_RESOLVED" // Took is the time it took
	StepCaseClosed   StepKind = "CASE_CLOSED"   // forgotten with the person, or for want of room
	StepRecovering   StepKind = "RECOVERING"    // the recovery that she is counted by began; Group is hers, Drawn whether it was drawn, At when it began
	StepRecovered    StepKind = "RECOVERED"     // she came back within its window, by an event of type To; Group, Drawn and At as before
	StepFirstOrder   StepKind = "FIRST_ORDER"   // Source is where she had come from, Value that of the order, At when it was
	StepPromised     StepKind = "PROMISED"      // At is when the next order she waits for should arrive; zero when she waits for none
	StepHandover     StepKind = "HANDOVER"      // the first order was delivered right; Took is the time it took
	StepWorth        StepKind = "WORTH"         // a purchase after the first, or less its Value when it came back; Took is from the first order to it
	StepReturned     StepKind = "RETURNED"      // an order came back; Value is its value
	StepPromoted     StepKind = "PROMOTED"      // From a rung To the one above
	StepDemoted      StepKind = "DEMOTED"       // From a rung To the one below
	StepLeft         StepKind = "LEFT"          // From a rung, forgotten with the person or become one with another
)

// Step is one step as the learner sees it: nothing in it names a person.
type Step struct {
	Kind StepKind
	// About is the id of a case.
	About   string
	Cause   CaseCause
	Subject string
	Channel string
	At      time.Time
	Took    time.Duration
	Group   Group
	// Source and Segments are those of the person when she ordered first.
	Source   string
	Segments []string
	Value    float64
	From, To string
	// Late is true for an answer that came after it was due.
	Late bool
	// Drawn is true where the group was drawn, with a chance of either.
	Drawn bool
	// Undo is true where it turned out not to count, because two who were counted were one person.
	Undo bool
}

// CaseReport is how the shop answers complaints.
type CaseReport struct {
	// Open are the cases to be put right, those without an answer before the others, the one due first first, at most MaxCaseReport.
	Open []OpenCase
	// Due are when the answers were due that have not come, of all cases, in order. It is not to be changed.
	Due []time.Time
	// Opened, Answered, Resolved and Late count all cases there were; Late are those answered after they were due, or not yet.
	Opened, Answered, Resolved, Late int64
	// MeanAnswer and MeanResolve are the mean times taken.
	MeanAnswer, MeanResolve time.Duration
}

// Overdue is how many cases wait for an answer that was due before now, and since when the longest does.
func (r *CaseReport) Overdue(now time.Time) (n int64, since time.Time) {
	i, _ := slices.BinarySearchFunc(r.Due, now, time.Time.Compare)
	if i > 0 {
		since = r.Due[0]
	}
	return int64(i), since
}

// MaxCaseReport bounds CaseReport.Open.
const MaxCaseReport = 1000

// OpenCase is a case to be put right, without whose it is.
type OpenCase struct {
	ID               string
	Cause            CaseCause
	Subject, Channel string
	Opened, Due      time.Time
	Answered         bool
}

// AlertKind is what an alert is about.
type AlertKind string

// The kinds of alerts.
const (
	AlertSurge   AlertKind = "SURGE"            // something comes much more often than usual
	AlertOverdue AlertKind = "RESPONSE_OVERDUE" // complaints wait for an answer beyond the response clock
)

// Alert is something that needs the attention of people.
type Alert struct {
	ID   string
	Kind AlertKind
	// Signal is complaints or feedback, Dimension all, topic, region, segment or channel, and Value the one.
	Signal, Dimension, Value string
	// Since is when it began, Over when it ended; zero is not yet.
	Since, Over time.Time
	// Events is how many came since it began, Usual how many would have been usual, Factor how many times the usual rate it is.
	Events int64
	Usual  float64
	Factor float64
	// Evidence is by what the data are likelier under a surge than under the usual rate, as a natural logarithm; an alarm is raised
	// beyond Threshold.
	Evidence, Threshold float64
}
