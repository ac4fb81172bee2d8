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
	// Region is where she was last, as her events said (see the plan's crisis); "" is not known.
	Region string
	// Answers are what she answered to questions, by question, as far as her needs have it: those of Standing.Answered that were
	// answered while she was profiled.
	Answers map[string]string
	// Counts remembers how often and when last each event type happened, at most MaxTypeCounts types, sorted by type.
	Counts []TypeCount
	// Recent are the items she met last, newest last, at most MaxRecent.
	Recent []Seen
	Visit  Visit
	// Moment is her latest event, seen against what came before it.
	Moment Moment
	// Past sums her finished visits up, Sequels what followed what in them.
	Past    Past
	Sequels Sequels
	// Needs are her live decisions, most recently touched last, at most MaxNeeds.
	Needs []Need
	// Segments and Stage are the membership and the sure standard stage as last written to the log; segment profiles
	// count the difference from one log entry to the next.
	Segments []string
	Stage    StandardStage
	// Group is fixed with her first event, so that it stays when identities are linked.
	Group Group
	// Standing holds whatever is believed about her.
	Standing Standing
}

// TypeCount is how often an event type happened.
type TypeCount struct {
	Type  string
	Count uint32
	// InVisit counts the current visit alone.
	InVisit uint32
	Last    time.Time
	// At is the visitor's event, counted from 1, that was the latest of this type; InVisitAt the same within that visit.
	At, InVisitAt uint32
	// Pace is the count with each event weighing less than the next one: what it was at event At (see package stage).
	Pace float64
	// Visits and Ahead sum over finished visits, the old ones weighing less: visits that had the type, and events of them
	// that had it still ahead.
	Visits, Ahead float64
	// Lately is the count with each event weighing half as much after 5 and after 15 minutes: what it was at Last.
	Lately [2]float64
	// Delay sums ln(1 + seconds since the item was first met) over the events of the type.
	Delay float64
}

// Seen is an item or subject met recently.
type Seen struct {
	ItemID  string
	Subject string
	Count   uint32
	Last    time.Time
	// First is when it was met first, as far back as it was remembered; InVisit counts the visit of the last time.
	First   time.Time
	InVisit uint32
	// Acts are the types of event it was met in.
	Acts Acts
}

// Acts is a set of standard event types: bit i is StandardEventTypes()[i].
type Acts uint32

// ActOf is the set of one type; empty for a type of a plan's own.
func ActOf(eventType string) Acts {
	for i, t := range standardEventTypes {
		if t == eventType {
			return 1 << i
		}
	}
	return 0
}

// Moment is the latest event seen against what came before it. What is said of items and subjects goes back as far as
// Visitor.Recent does, and counts events before the latest.
type Moment struct {
	// Type is the type of the latest event, Before that of the one before it in the visit, "" for none.
	Type, Before string
	Subject      string
	// Pause is the time since the event before; for the first of a visit since the last visit, 0 for the very first.
	Pause time.Duration
	// Item and Subject counts: events about the same item or subject, ever and in this visit.
	ItemEvents, ItemInVisit, SubjectEvents, SubjectInVisit uint32
	// ItemActs and SubjectActs are what happened to them.
	ItemActs, SubjectActs Acts
	// ItemAge is the time since the item was met first.
	ItemAge time.Duration
	// Run is the number of events in a row about the subject, with this one.
	Run uint32
	// Items and Subjects are how many different ones the visit has met.
	Items, Subjects uint32
}

// NumDeeds is the number of event types whose sequels are counted: the first of [StandardEventTypes], from view to purchase.
const NumDeeds = 9

// Deed is the index of an event type among those whose sequels are counted, -1 for any other.
func Deed(eventType string) int {
	for i, t := range standardEventTypes[:NumDeeds] {
		if t == eventType {
			return i
		}
	}
	return -1
}

// Sequels counts what followed what within visits, by index of event type.
type Sequels struct {
	// Events counts the events of finished visits by type; Ahead[c][t] are those of type c that had one of type t still
	// ahead in their visit.
	Events [NumDeeds]uint32
	Ahead  [NumDeeds][NumDeeds]uint32
	// Now counts the events of the current visit by type; Open[c][t] are those of type c before its latest one of type t.
	Now  [NumDeeds]uint32
	Open [NumDeeds][NumDeeds]uint32
}

// Past sums the finished visits up, the old ones weighing less.
type Past struct {
	// Visits is how many there were, Events and Active how many events they had (decayed at two rates; see package stage).
	Visits, Events, Active float64
	// Lately counts all her events, each weighing half as much after 15 minutes and after 3 hours: what it was at LastSeen.
	Lately [2]float64
	// NewItems counts her views of items that she had not met lately.
	NewItems uint32
	// Gap is the silence between the visit before and the current one; 0 when there was none before.
	Gap time.Duration
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
	// Standard are the standard stages of Stages, "" for none, as they were at that version: where the belief goes when a
	// stage is no more.
	Standard []StandardStage
	// Evidence are the signals that moved the belief most recently, oldest first, at most MaxEvidence.
	Evidence []Evidence
	// Words are her own words on where she stands that are in the belief and that she can take back, oldest first, at most MaxNeedWords;
	// of more the oldest stay said. A [NeedView] has none.
	Words []NeedWord

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

// NeedWord is a word of hers on where she stands, as one of her needs heard it.
type NeedWord struct {
	// Wish is a hash of the id of the wish that said it; see [HashID].
	Wish uint64
	Time time.Time
	// Stage and Weight are what it did to the belief, as in [Evidence].
	Stage  string
	Weight float64
	// P is the belief as it would be without this word and those after it, folded until Updated.
	P       []float64
	Updated time.Time
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
	// Value is the chance that the need ends in an order that was delivered right, from the belief.
	Value float64
	// EventsToNext is the expected number of further events until she is in a stage further ahead, if she goes on; 0 when
	// most likely there is none ahead.
	EventsToNext float64
	// Forecast is what comes in the rest of the visit; nil when the journey forecasts nothing or the visit is over.
	Forecast *VisitForecast
	// New is true when nothing is known yet: the belief is the journey's prior.
	New bool
	// Account is true for a need of the account she acts for.
	Account bool
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

// VisitForecast is what comes after the latest event of a visit.
type VisitForecast struct {
	// Later are the chances that an event of a type comes later in the visit, each by itself.
	Later []Chance
	// Next are the chances of the type of the next event; with End they sum to 1.
	Next []Chance
	// End is the chance that the visit is over.
	End float64
}

// Chance is the chance of an event type.
type Chance struct {
	Type string
	P    float64
}
