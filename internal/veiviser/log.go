package veiviser

import (
	"slices"
	"time"
)

// LogEntry is one line of a partition's outbox: what the learner needs to know, and nothing that names a person.
type LogEntry struct {
	Time time.Time
	// Before and After are her membership as last counted and as it is now; profiles count the difference.
	Before, After Membership
	// Event is set for an event, Served for what a decision served.
	Event  *LoggedEvent
	Served *LoggedDecision
	// Steps are what changed between her and the shop.
	Steps []Step
}

// Promises reports whether the line tells when her next order should arrive, so that the learner has to know whom to look after then.
func (e *LogEntry) Promises() bool {
	return slices.ContainsFunc(e.Steps, func(s Step) bool { return s.Kind == StepPromised })
}

// Membership is where a visitor stands: her segments and her stage.
type Membership struct {
	Segments []string
	Stage    StandardStage // "" when unsure or unknown
	// Known is false before the first entry of a visitor and after she is erased.
	Known bool
}

// LoggedEvent is an event as the learner sees it.
type LoggedEvent struct {
	Type, Subject, Channel string
	ItemID                 string
	Value                  float64
	// DecisionID, Placement, Kind and Format are filled in when the event is the outcome of a known decision; Channel and
	// ItemID are then where and what that decision served.
	DecisionID string
	Placement  string
	Kind       ItemKind
	Format     string
	// Decision is the decision it is an outcome of, Choice the index of the choice it is about (-1 for none); nil when it is
	// no outcome, or came too late to be one.
	Decision *LoggedDecision
	Choice   int
	// Late is true when it names a known decision but came after the window.
	Late bool
	// Again says that it tells of a purchase that was told before: it may be an outcome, and is not counted once more.
	Again bool
	// Region is where she is, as the plan says it is known, see [FoldRegion]; "" when it is not.
	Region string
	// Whose tells the events of one person from those of others, and is 0 when they may not be told apart.
	Whose uint64
}

// LoggedDecision is a decision as the learner sees it.
type LoggedDecision struct {
	DecisionID, Placement, Channel string
	Choices                        []LoggedChoice
	Silent                         bool
	Fallback                       bool
	// Staff says that it was for an employee: what came of it says nothing about showing it to her.
	Staff bool
	// Time is the moment decided at.
	Time time.Time
	// Made is when it was made by the service's clock; the windows of outcomes are measured from both.
	Made time.Time
	// Group is that of the visitor, Exploration that of the decision.
	Group       Group
	Exploration ExplorationState
	// Subject, Device and Language are those of the request, Journey and NeedSubject name the need served.
	Subject, Device, Language string
	Journey, NeedSubject      string
	// ByStage is the belief over the standard stages of the need served, Stage the sure one or ""; Value is the stage value.
	ByStage [NumStandardStages]float64
	Stage   StandardStage
	Value   float64
	// Segments are those she was in.
	Segments []string
	// Terms are those of the answer.
	Terms Terms
	// Counted is how often Terms.LiftOutcome had happened to her before, and Worth the value of her purchases.
	Counted uint32
	Worth   float64
}

// LoggedChoice is one served item.
type LoggedChoice struct {
	ItemID     string
	Kind       ItemKind
	Format     string
	Propensity float64
	// Topics are the item's, Mean what the response model expected of it without levers.
	Topics []string
	Mean   float64
}

// SegmentProfile is what is known about a segment, counted over the log.
type SegmentProfile struct {
	SegmentID string
	// Size is the number of remembered visitors in it.
	Size int64
	// Stages is how many of them are surely in which standard stage; the key "" counts the unsure.
	Stages map[StandardStage]int64
	// Events counts the events of members by type, Value sums the value of their purchases.
	Events map[string]int64
	Value  float64
	// Silent counts decisions that stayed silent, Decisions all of them.
	Decisions, Silent int64
	// Items, Kinds, Formats and Channels count how each was served and what came of it.
	Items, Kinds, Formats, Channels map[string]Response
	Updated                         time.Time
}

// Response is how often something was served and what came of it.
type Response struct {
	Served int64
	// Outcomes counts events that named a decision, by type.
	Outcomes map[string]int64
	Value    float64
}

// Change is what one request writes about one visitor: all of it or nothing.
type Change struct {
	// Loaded is what the change is based upon; the store refuses the change when somebody else was faster.
	Loaded Loaded
	// Visitor is her new state; nil leaves the stored state as it is: that she was met alone keeps it from being forgotten.
	Visitor *Visitor
	// EventIDs are the events folded into Visitor, remembered so that they count once.
	EventIDs []string
	// Answer is kept so that it can be explained and rewarded; nil for none.
	Answer *Answer
	Log    []LogEntry
	// Quiet writes the visitor without a note to those who watch her: nothing happened but that something was shown
	// that she knew.
	Quiet bool
	// Forget removes what was answered to her before, under all her identities, with her decisions that wait for what comes of
	// them: an answer holds what was known of her when it was made. Visitor must be set.
	Forget bool
	// VisitorTTL and AnswerTTL are how long the two are remembered from now. What binds is kept longer than the visitor, see
	// [Visitor.Kept].
	VisitorTTL, AnswerTTL time.Duration
}

// Loaded is what the store knows of a visitor at one moment.
type Loaded struct {
	// VisitorID is the identity asked for; Visitor.ID is the canonical one.
	VisitorID string
	// Visitor is nil when nothing is remembered.
	Visitor *Visitor
	// Nonce is a random number that whoever loads fills in anew each time: ids made from it say nothing about whose they are.
	Nonce uint64
	// Revision is the store's own count of changes, 0 when nothing is stored.
	Revision uint64
	// Expires is when what is remembered of her is forgotten unless she is met before; zero when nothing is, or that is so already and
	// Visitor is what was kept (see [Visitor.Kept]).
	Expires time.Time
	// Erased is when the identity she was asked for by was erased, ErasedRoot when the one was that it leads to, which is the same
	// unless it is linked; zero for never or long ago.
	Erased, ErasedRoot time.Time
	// Duplicate tells, for each event id asked about, whether it was folded before.
	Duplicate []bool
	// Outcomes are the decisions, by decision id, that the events asked about refer to and that belong to this person.
	Outcomes map[string]Given
}

// Given is a decision that was given to somebody: one of those of an answer.
type Given struct {
	Answer *Answer
	Index  int
}

// Decision is the decision itself; nil for none.
func (g Given) Decision() *Decision {
	if g.Answer == nil || g.Index < 0 || g.Index >= len(g.Answer.Decisions) {
		return nil
	}
	return &g.Answer.Decisions[g.Index]
}

// EventStatus is what became of a recorded event.
type EventStatus string

// What may become of an event.
const (
	EventAccepted  EventStatus = "ACCEPTED"
	EventDuplicate EventStatus = "DUPLICATE"
	EventRejected  EventStatus = "REJECTED"
)

// EventResult is what became of one event of a batch.
type EventResult struct {
	ID     string
	Status EventStatus
	// Err says why it was rejected; its fields are relative to the event ("type").
	Err *Error
}

// ItemResult is what became of one item of a batch.
type ItemResult struct {
	ID string
	// Created is true when there was no such item before.
	Created bool
	Etag    string
	// Err says why it was not written; its fields are relative to the item ("kind").
	Err *Error
}

// Head is what replicas poll to follow plan and catalogue.
type Head struct {
	// Active is the version of the plan that answers, 0 when none is published.
	Active uint64
	// Previous is the version that was active before, 0 when there was none.
	Previous uint64
	// Activation grows with every publish and every roll-back.
	Activation uint64
	// Catalog grows with every write to the catalogue.
	Catalog uint64
	// Switches grows with everything done with a switch.
	Switches uint64
}

// CatalogChange is one item written or deleted beside the plan.
type CatalogChange struct {
	// Item is what was written; when Deleted, only its ID is set.
	Item    Item
	Deleted bool
	// Activation is the head's at the time of writing: a plan activated later that names the item overrides the change.
	Activation uint64
	Revision   uint64
}
