package veiviser

import "time"

// Visitor is what is remembered about one person, across her linked identities. It is bounded: see the Max constants.
type Visitor struct {
	// ID is the identity under which the person is kept (the canonical one when identities are linked).
	ID string
	// LinkedIDs are the other identities of the same person, oldest link first, at most MaxLinkedIDs.
	LinkedIDs []string

	FirstSeen, LastSeen time.Time
	Visits, Events      uint32
	// Value is the sum of the values of her purchases.
	Value float64
	// Attributes are facts the sender attached to events under "visitor." (for example "visitor.country").
	Attributes map[string]string
	// Counts remembers how often and when last each event type happened, at most MaxTypeCounts types, sorted by type.
	Counts []TypeCount
	// Recent are the items she met last, newest last, at most MaxRecent.
	Recent []Seen
	Visit  Visit
	// Needs are her live decisions, most recently touched last, at most MaxNeeds.
	Needs []Need
	// Segments and Stage are the membership and the sure standard stage as last written to the log; segment profiles
	// count the difference from one log entry to the next.
	Segments []string
	Stage    StandardStage
}

// TypeCount is how often an event type happened.
type TypeCount struct {
	Type  string
	Count uint32
	// InVisit counts the current visit alone.
	InVisit uint32
	Last    time.Time
}

// Seen is an item or subject met recently.
type Seen struct {
	ItemID  string
	Subject string
	Count   uint32
	Last    time.Time
}

// Visit is the current visit, or the last one when it is over. A visit ends when the visitor is silent for the policy's
// visit gap.
type Visit struct {
	Start, Last time.Time
	Events      uint32
	Channel     string
	Device      string
	Language    string
	Referrer    string
	Page        string
	Query       string
}

// Need is one decision she is under way with: a belief over the stages of one journey about one subject.
type Need struct {
	Journey string
	// Version is the journey version the belief is expressed in.
	Version uint32
	Subject string
	Started time.Time
	// Updated is when the belief was last folded; drift counts from here.
	Updated time.Time
	Events  uint32
	// Stages and P are the belief: P[i] is the probability of Stages[i]; the sum of P is 1.
	Stages []string
	P      []float64
	// Evidence are the signals that moved the belief most recently, oldest first, at most MaxEvidence.
	Evidence []Evidence

	// What follows is the need's own past, as far as the signals of its journey ask for it; what they do not ask for
	// stays empty. It is kept per need so that two needs of one visitor never disturb each other.

	// VisitEvents is the number of the need's events in its current visit.
	VisitEvents uint32
	// VisitChannel and VisitReferrer (a class or a host) say where that visit takes place and where it came from.
	VisitChannel, VisitReferrer string
	// Repeats counts the events of that visit by type, in order of appearance, at most MaxRepeats types.
	Repeats []Repeat
	// Items are 32-bit FNV-1a hashes of the items met, newest last, at most MaxNeedItems.
	Items []uint32
}

// Repeat is how often an event type happened in the current visit of a need.
type Repeat struct {
	Type  string
	Count uint32
}

// Evidence is one signal and how far it moved the belief.
type Evidence struct {
	Signal string
	Time   time.Time
	// Count is how many times the signal fired while it was remembered.
	Count uint32
	// Stage is the stage whose probability the signal raised most when it fired last; "" when the plan has it no more.
	Stage string
	// Weight is ln(P after / P before) of that stage, in nats, summed over Count: what the signal did to the belief.
	Weight float64
}

// NeedView is a [Need] as seen at one moment: drifted to now, with its reading.
type NeedView struct {
	Need
	// Stage is the most probable stage, or "" when the journey says that this is too uncertain to act upon.
	Stage string
	// Standard is the standard stage of Stage; "" when unsure.
	Standard StandardStage
	// ByStandard is the belief folded onto the standard stages, indexed as StandardStages.
	ByStandard [NumStandardStages]float64
	Audience   string
	// New is true when nothing is known yet: the belief is the journey's prior.
	New bool
}

// StandardStage is one of the six stages that every journey maps its own onto.
type StandardStage string

// The standard stages, in the order of a decision that goes forward.
const (
	StageNeed     StandardStage = "need"
	StageSearch   StandardStage = "search"
	StageEvaluate StandardStage = "evaluate"
	StagePurchase StandardStage = "purchase"
	StageUse      StandardStage = "use"
	StageAdvocate StandardStage = "advocate"
)

// NumStandardStages is the number of standard stages.
const NumStandardStages = 6

// StandardStages returns the standard stages in order.
func StandardStages() [NumStandardStages]StandardStage {
	return [...]StandardStage{StageNeed, StageSearch, StageEvaluate, StagePurchase, StageUse, StageAdvocate}
}

// Index is the position of s in [StandardStages], or -1 when s is none of them.
func (s StandardStage) Index() int {
	for i, t := range StandardStages() {
		if s == t {
			return i
		}
	}
	return -1
}
