package veiviser

import "time"

// Request is what is asked of the service once.
type Request struct {
	VisitorID  string
	Context    Context
	Events     []Event
	Placements []PlacementRequest
	// Preview decides without leaving a trace.
	Preview bool
	// NoExploration serves the best known without trying others.
	NoExploration bool
	// Explain asks for the full why and why-not.
	Explain bool
	// Time is the moment to decide at; zero is now.
	Time time.Time
}

// PlacementRequest asks for items on one placement.
type PlacementRequest struct {
	Placement string
	// MaxItems is at most this many, 0 for all the slots the placement has.
	MaxItems int
	// Candidates, when not empty, are the only items allowed; Excluded are never served.
	Candidates, Excluded []string
}

// Answer is all decisions of one request, with everything needed to reproduce them: given the plan version, the
// catalogue revision and this record, deciding again yields the same bits.
type Answer struct {
	// ID is unguessable: the decisions are named ID + "." + their index.
	ID          string
	Time        time.Time
	PlanVersion uint64
	// Activation is the count of publishes and roll-backs under which the plan was active, Catalog the revision of the
	// catalogue that was decided upon.
	Activation, Catalog uint64
	// Model is the version of the learned response model, 0 before anything was learned.
	Model uint64
	// Made is when the answer was made by the service's clock; Time may be another moment that the request asked for.
	Made time.Time
	// Group says whether she was served or compared with.
	Group Group
	// Terms are what counts as what came of the decisions.
	Terms   Terms
	Seed    [2]uint64
	Request Request // without its events, which are already folded into Visitor
	// Visitor is the state decided upon, before it was changed by serving.
	Visitor   Visitor
	Needs     []NeedView
	Segments  []string
	Decisions []Decision
	// Degraded says that the visitor's state could not be had, and why.
	Degraded string
	// Switches are those that were on.
	Switches []Switch
	// Account is the state of the account she acts for; nil for none.
	Account *Visitor
	// Margin is what a first-time customer like her is expected to be worth beyond what she costs, as it was believed then.
	Margin float64
	// Showing is a hash of the decision ids on her screen, whose showings do not count against what is shown there on.
	Showing []uint64
}

// Decision is what was served on one placement.
type Decision struct {
	ID        string
	Placement string
	// Channel is that of the placement, or the caller's where the placement has none: how she may be contacted goes by it.
	Channel string
	// Staff says that it was for an employee who talks with her: no contact with her, and nothing to learn from.
	Staff bool
	// Need is the index into Answer.Needs that was served, -1 for none.
	Need    int
	Choices []Choice
	// Silence says why nothing was served; "" when something was.
	Silence  SilenceReason
	Fallback bool
	// SilencePropensity is the probability with which nothing would have been served.
	SilencePropensity float64
	// RunnersUp are the best candidates not chosen, best first, at most MaxRunnersUp.
	RunnersUp []Choice
	// Excluded counts the items of the catalogue that were out, by reason; Examples names some of each.
	Excluded []Exclusion
	// Exploration says whether the decision tried anything out.
	Exploration ExplorationState
	// Until is when the silence may end as far as is known; zero is unknown.
	Until time.Time
	// Scored is what the learned model said of the items that the short list was made from, where it said anything. With Visited
	// it is every item looked at, in order, also those the model said nothing of or whose own rule said no: the short list was
	// cut by what was learned.
	Scored  []Scored
	Visited bool
}

// MaxRunnersUp bounds Decision.RunnersUp.
const MaxRunnersUp = 8

// Choice is one candidate with its score.
type Choice struct {
	ItemID string
	Kind   ItemKind
	Format string
	// Representation is the index into the item's representations.
	Representation int
	// Score is the expected usefulness less the cost of attention with all levers, as ranked (sampled when exploring).
	Score float64
	// Mean and SD describe the belief about the usefulness the score was drawn from.
	Mean, SD float64
	// Propensity is the probability with which the policy puts this item here, given the slots before it.
	Propensity float64
	// Parts are what the mean is made of; they sum to Mean.
	Parts []Part
	// Reasons are why it was chosen, the strongest first, in codes that package decide turns into sentences.
	Reasons []Because
}

// Part is one named summand of a score.
type Part struct {
	// Name is "stage:evaluate", "segment:families", "channel:web", "value", "boost", "attention", …
	Name string
	Add  float64
}

// Because is one reason for a choice: a code and the thing it is about (a stage, a signal, a segment, a subject).
type Because struct {
	Code BecauseCode
	// About is an id of the plan: the stage, signal, segment or subject the reason speaks of.
	About string
	// Journey is where About is found when it is a stage or a signal.
	Journey string
}

// BecauseCode is a machine-readable reason for a choice.
type BecauseCode string

// The reasons for a choice.
const (
	BecauseStage    BecauseCode = "FITS_STAGE"      // it serves the stage she is in
	BecauseSignal   BecauseCode = "YOU_DID"         // something she did speaks for it
	BecauseSubject  BecauseCode = "ABOUT_SUBJECT"   // it is about what she is looking at
	BecauseSegment  BecauseCode = "LIKE_OTHERS"     // the plan, or what was learned, says that it suits people like her
	BecauseUnsure   BecauseCode = "GENERAL_HELP"    // we do not know where she is, this helps anyone
	BecauseFallback BecauseCode = "FALLBACK"        // nothing fitted better
	BecauseExplore  BecauseCode = "TRYING_OUT"      // the service is learning whether it helps
	BecauseBoost    BecauseCode = "PROMOTED"        // the shop promotes it
	BecauseDegraded BecauseCode = "WITHOUT_HISTORY" // chosen without looking at any history
	BecauseDuty     BecauseCode = "MUST_KNOW"       // it must reach her
	BecauseCase     BecauseCode = "PUTS_RIGHT"      // something between us is to be put right
	BecauseRecovery BecauseCode = "AFTER_CASE"      // something was put right lately
	BecauseHolding  BecauseCode = "STATEMENT"       // the shop says where it stands, and nothing else for now
	BecauseRung     BecauseCode = "NEXT_STEP"       // it helps to the next rung of the ladder
	BecauseYouSaid  BecauseCode = "YOU_SAID"        // she told us herself where she stands
)

// SilenceReason says why a placement stayed silent.
type SilenceReason string

// The reasons for silence.
const (
	SilenceNone        SilenceReason = ""
	SilenceNothing     SilenceReason = "NOTHING_ELIGIBLE" // no item may be shown and no fallback is declared
	SilenceNotUseful   SilenceReason = "NOT_USEFUL"       // nothing beat the cost of attention
	SilenceRule        SilenceReason = "PLACEMENT_RULE"   // the placement's own rule says no
	SilenceAudience    SilenceReason = "AUDIENCE"         // the placement does not address her
	SilenceNoRoom      SilenceReason = "NO_SLOTS"         // the request or other placements left no room
	SilenceUnavailable SilenceReason = "UNAVAILABLE"      // the store is away and nothing neutral exists
	SilenceControl     SilenceReason = "CONTROL_GROUP"    // she is compared with, and no fallback is declared

	// What bars that keep everything away give.
	SilencePaused  SilenceReason = "PAUSED"
	SilenceChannel SilenceReason = "MUTED_CHANNEL"
	SilenceConsent SilenceReason = "NO_CONSENT"
	SilenceQuiet   SilenceReason = "QUIET_HOURS"
	SilenceBudget  SilenceReason = "ATTENTION_BUDGET"
	SilenceSwitch  SilenceReason = "SWITCHED_OFF"
	SilenceCapped  SilenceReason = "CAPPED"
	SilenceUnknown SilenceReason = "STANDING_UNKNOWN"
	SilenceMemory  SilenceReason = "MEMORY_FULL"

	// What several of her wishes together give.
	SilenceMuted SilenceReason = "MUTED"
)

// Exclusion counts the items left out for one reason.
type Exclusion struct {
	Reason ExclusionReason
	Count  int
	// About are what is behind it: ids of directives, caps, cases, switches, audiences; none for most reasons.
	About []string
	// Items are all of them, at most MaxExclusionItems, in catalogue order.
	Items []string
}

// MaxExclusionItems bounds Exclusion.Items when an explanation is asked for; without it none are kept.
const MaxExclusionItems = 1000

// ExclusionReason says why an item was not a candidate.
type ExclusionReason string

// The reasons for exclusion, in the order in which they are looked at; an item counts under the first that holds.
const (
	ExcludedNotCandidate ExclusionReason = "NOT_A_CANDIDATE" // the request named other candidates
	ExcludedByRequest    ExclusionReason = "EXCLUDED_BY_REQUEST"
	ExcludedDraft        ExclusionReason = "DRAFT"
	ExcludedKind         ExclusionReason = "KIND_NOT_ALLOWED"
	ExcludedFormat       ExclusionReason = "NO_REPRESENTATION" // none in a format, channel and language that fits
	ExcludedDates        ExclusionReason = "OUTSIDE_DATES"
	ExcludedStock        ExclusionReason = "OUT_OF_STOCK"
	ExcludedAudience     ExclusionReason = "OTHER_AUDIENCE"
	ExcludedSubject      ExclusionReason = "OTHER_SUBJECT"
	ExcludedJourney      ExclusionReason = "OTHER_JOURNEY"
	ExcludedUnsure       ExclusionReason = "STAGE_UNSURE" // kinds that are kept back until the stage is known
	ExcludedSegment      ExclusionReason = "OTHER_SEGMENT"
	ExcludedRule         ExclusionReason = "RULE_FALSE"
	ExcludedRuleFailed   ExclusionReason = "RULE_FAILED"      // the rule could not be evaluated
	ExcludedElsewhere    ExclusionReason = "SERVED_ELSEWHERE" // another placement of the same request shows it
	ExcludedBelowShort   ExclusionReason = "NOT_SHORT_LISTED" // eligible, but far below the best
	ExcludedNotUseful    ExclusionReason = "BELOW_ATTENTION_COST"
	ExcludedOutranked    ExclusionReason = "OUTRANKED"

	// What bars give, see [Bar]; they are looked at after STAGE_UNSURE.
	ExcludedPaused      ExclusionReason = "PAUSED"        // she asked for nothing until later
	ExcludedChannel     ExclusionReason = "MUTED_CHANNEL" // she asked for nothing in this channel
	ExcludedConsent     ExclusionReason = "NO_CONSENT"    // she did not agree to be spoken to here
	ExcludedQuiet       ExclusionReason = "QUIET_HOURS"
	ExcludedBudget      ExclusionReason = "ATTENTION_BUDGET"  // enough was asked of her
	ExcludedMuted       ExclusionReason = "MUTED"             // she asked for nothing of the kind
	ExcludedJustLooking ExclusionReason = "JUST_LOOKING"      // she said that she only looks around
	ExcludedDecided     ExclusionReason = "DECIDED"           // she said that she has decided
	ExcludedCase        ExclusionReason = "OPEN_CASE"         // nothing is sold while something is to be put right
	ExcludedWaiting     ExclusionReason = "AWAITING_DELIVERY" // nor before the first order is delivered right
	ExcludedNoSell      ExclusionReason = "NO_SELL"           // nor to this kind of person
	ExcludedSwitch      ExclusionReason = "SWITCHED_OFF"      // the shop is silent about it for now
	ExcludedCapped      ExclusionReason = "CAPPED"            // it was shown often enough
	ExcludedContradicts ExclusionReason = "TOLD_OTHERWISE"    // she was told another price or claim
	ExcludedUnknown     ExclusionReason = "STANDING_UNKNOWN"  // what holds for her could not be looked at, and may forbid it
	ExcludedMemory      ExclusionReason = "MEMORY_FULL"       // it would have to be remembered, and so much is that there is no room
	ExcludedStanding    ExclusionReason = "OTHER_STANDING"    // it is for people with an open case, on another rung, or without an order; or a question she answered, or is not to be asked
)
