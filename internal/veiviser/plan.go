package veiviser

import "time"

// Plan is what marketers own. A published plan never changes; a change is a new version.
type Plan struct {
	Name string
	// Languages are the languages the plan is written in, the default first ("nb", "sv", "en").
	Languages []string
	// EventTypes are the plan's own event types, beside the standard ones.
	EventTypes []string
	Journeys   []Journey
	Segments   []Segment
	Placements []Placement
	Items      []Item
	Policy     Policy
	// Purposes are what people are asked to agree to.
	Purposes []Purpose
	// Contact bounds how often people are spoken to, Coherence keeps what they are told from contradicting itself.
	Contact   ContactPolicy
	Coherence Coherence
	// Relationship is how people are treated after their first order, Acquisition what winning them costs and brings.
	Relationship Relationship
	Acquisition  Acquisition
	Crisis       Crisis
	// Audiences are kinds of people with what holds for them; of several that somebody is, the first listed goes before.
	Audiences []Audience
	Accounts  Accounts
}

// Journey is a kind of decision as a graph of stages, with the signals by which a stage shows.
type Journey struct {
	ID string
	// Version counts the revisions of this journey; a need folded under an older version is mapped, see StageMappings.
	Version uint32
	Name    Text
	// Audience is the kind of person on this journey: "customer" when empty, or supplier, investor, press, neighbour, job_seeker.
	Audience string
	// Subjects are the subjects it is about, each covering what lies below it; empty covers all.
	Subjects []string
	// StartsOn limits which events open a need; empty means any event with a fitting subject. The need has no past then:
	// conditions on it (SameItem, MinRepeat above 1, pauses, ReturningVisit) never hold.
	StartsOn    []Match
	Stages      []Stage
	Transitions []Transition
	Signals     []Signal
	// HalfLife is the silence after which the belief has gone half way back to the stages' Rest weights; 0 is 14 days.
	HalfLife time.Duration
	// UnsureBelow is the probability under which the likeliest stage is too uncertain to act upon; 0 is 0.45.
	UnsureBelow float64
	// StageMappings say where visitors under way go whose need is of an older version.
	StageMappings []StageMapping
	// MeanEvents is how many events a need has on average before it ends, whichever way; 0 is 20. With the transitions it
	// gives the value of a stage.
	MeanEvents float64
	// Forecast is what visits of this journey go on to; its zero value forecasts nothing.
	Forecast Forecast
	// Fitted says what the numbers above were fitted from; the zero value is a journey written by hand.
	Fitted Provenance
	// Group makes it a decision of companies: a need belongs to the account of whoever has one, and the events of all its
	// members speak for its stage.
	Group bool
}

// Forecast gives the chance of every event type later in a visit, and of the next event, from what is known of a visitor.
// It is a set of linear heads over standardised covariates; package stage lists the covariates and gives the formula.
type Forecast struct {
	Covariates []Covariate
	Heads      []ForecastHead
	// Subjects are subjects whose events differ from the average.
	Subjects []SubjectTrait
}

// Covariate is one number known about a visitor, with the mean and the standard deviation that make it comparable.
type Covariate struct {
	ID       string
	Mean, SD float64
}

// ForecastHead is one linear function of the covariates, in log-odds.
type ForecastHead struct {
	// Type is the event type it speaks of; "" is the end of the visit, for Next only.
	Type string
	// Next makes it a head for the type of the next event, in competition with all the others; otherwise it gives the
	// chance that an event of the type comes later in the visit.
	Next bool
	Bias float64
	// Weights are by covariate; those not named weigh nothing.
	Weights map[string]float64
}

// SubjectTrait says how the events about a subject, and what lies below it, differ from the average.
type SubjectTrait struct {
	Subject string
	// Events is how many events that was seen in.
	Events float64
	// Rates are, by event type, ln(share of the type among the subject's events / its share overall), shrunk towards 0.
	Rates map[string]float64
}

// Provenance says what a journey was fitted from.
type Provenance struct {
	// Source names the logs.
	Source string
	// Events and Visitors were used, out of Rows read.
	Rows, Events, Visitors uint64
	// From and To are the times of the first and the last event.
	From, To time.Time
	Seed     uint64
	// Figures are measured on visitors that were held out: "cart_add.auc", "next_type.perplexity", …
	Figures map[string]float64
}

// Stage is one stage of a journey.
type Stage struct {
	ID       string
	Standard StandardStage
	Name     Text
	// Prior is the weight of this stage at first contact, relative to the others; at least one stage has one.
	Prior float64
	// Rest is the weight towards which silence drifts; all zero means the priors.
	Rest float64
}

// Transition is a move between stages that one event may bring, forward or backward.
type Transition struct {
	From, To string
	// Rate is the probability per event of the move; what is left of 1 stays. The rates out of a stage sum to less than 1.
	Rate float64
}

// Signal is something observable that speaks for some stages and against others.
type Signal struct {
	ID    string
	Match Match
	// Likelihood is how much more often the signal shows in a stage than on average: 1 says nothing, 3 speaks for the
	// stage, 0.3 against it. Stages not named count 1. Values lie in [0.01, 100].
	Likelihood map[string]float64
	// Text says what was observed, to the visitor: "You compared several products".
	Text Text
	// Sensitive keeps it from being named or put in words.
	Sensitive bool
}

// Match says which events show a signal: every condition that is set must hold. Conditions on the past speak of the
// need (the visitor's decision about one subject) and of its own events, never of what she did about other subjects: a
// visit of the need ends when the need is silent for the policy's visit gap.
type Match struct {
	Types []string
	// Pages are path patterns. "*" at the end covers everything that begins so ("/support/*" covers "/support" and all
	// below it, "/bikes/fjell-*" all that start so); "*" as a whole segment covers any one segment ("/bikes/*/reviews").
	// The page is the event's own, without query and trailing slash.
	Pages []string
	// QueryWords: the event's query holds one of these words (or words in a row), whatever the case; "*" is any query.
	QueryWords []string
	// Referrers are classes (search, social, mail, ad, direct, internal) or host suffixes ("example.no" covers
	// "www.example.no"). The referrer is the event's own, or else the one the need's visit came with; a match that asks
	// for nothing but the referrer holds only for the event that brings it, so that it counts once.
	Referrers []string
	// Channels: the event's own channel, or else that of the need's visit.
	Channels []string
	// SameItem: the need met this item before. SameSubject: the need had an event before.
	SameItem, SameSubject bool
	// MinRepeat: this is at least the n-th event of its type in this visit of the need.
	MinRepeat uint32
	// MinDepth and MaxDepth bound the position of the event in the need's visit, from 1; 0 is unbounded.
	MinDepth, MaxDepth uint32
	// MinPause and MaxPause bound the time since the previous event of the need; 0 is unbounded. The first event of a
	// need has no pause and satisfies neither.
	MinPause, MaxPause time.Duration
	// ReturningVisit: the event opens a visit of the need that is not its first.
	ReturningVisit bool
	// Attributes: the event has all of these, with exactly these values.
	Attributes map[string]string
}

// StageMapping moves the belief of an old stage onto a new one.
type StageMapping struct{ From, To string }

// Segment is a group of visitors, by a CEL rule evaluated at decision time.
type Segment struct {
	ID   string
	Name Text
	Rule string
	// Sensitive keeps it from being a reason, and from being named in answers.
	Sensitive bool
}

// Placement is a place where something can be shown.
type Placement struct {
	ID      string
	Name    Text
	Channel string
	// Formats are the representation formats that fit, best first.
	Formats []string
	// Slots is how many items fit at most; 0 is 1.
	Slots int
	// Kinds restricts what may be shown; empty is all kinds.
	Kinds []ItemKind
	// Objective is what the placement is for: "progress" (default), "care" or "inform"; care and inform never sell.
	Objective string
	// Audiences restricts who is addressed; empty is everyone.
	Audiences []string
	// Rule is CEL over visitor, visit, need and now; when false the placement stays silent.
	Rule string
	// Fallback are the items served, in order, when nothing else is eligible.
	Fallback []string
	// AttentionCost is what content must beat to be shown, in units of usefulness; nil is the policy's.
	AttentionCost *float64
	// Exploration in [0, 1] is the share of decisions that may try out what is not the best known; nil is the policy's.
	Exploration *float64
	// Attention is how much of the attention budget one showing takes; nil is 1.
	Attention *int
	// Impressions says that callers report impressions here (event impression with the decision): a showing without one is
	// released after ContactPolicy.ReserveFor.
	Impressions bool
	// Staff makes it a place for employees who talk with the visitor: what is shown is no contact with her.
	Staff bool
}

// Policy is how the plan decides.
type Policy struct {
	// VisitGap is the silence that ends a visit; 0 is 30 minutes.
	VisitGap time.Duration
	// VisitorTTL is how long a silent visitor is remembered; 0 is 90 days. What binds outlives it, see [Visitor.Kept].
	VisitorTTL time.Duration
	// DecisionTTL is how long a decision can be explained and rewarded; 0 is 7 days.
	DecisionTTL time.Duration
	// AttentionCost is what content must beat to be shown, in [0, 1]; see Placement.AttentionCost.
	AttentionCost float64
	// Diversity in [0, 1] is how much usefulness a slate gives up to avoid items alike; 0 ignores likeness.
	Diversity float64
	// UnsureKinds are the kinds that may be served while the stage is unsure; empty is content and service.
	UnsureKinds []ItemKind
	// OffStage in [0, 1] is the share of the usefulness an item keeps in stages it does not serve; 0 is 0.25.
	OffStage float64
	// ValueWeight is how much the relative value of an item less its cost counts beside usefulness; 0 ignores it.
	ValueWeight float64
	// Priors are what is believed about usefulness before anything is learned.
	Priors []ResponsePrior
	// Effects are what segment, channel, format and topic add to it.
	Effects []ResponseEffect
	// Weights multiply usefulness where the business wants more or less of something.
	Weights []ContextWeight
	// Learning is how the plan learns from what comes of its decisions.
	Learning Learning
	// Control is who is served without regard to who she is, for comparison.
	Control Control
	// Gate is what a plan must prove before it replaces this one.
	Gate Gate
}

// ResponsePrior is the belief that an item of a kind is useful in a stage. The most specific row wins: kind and stage,
// then kind, then stage, then neither.
type ResponsePrior struct {
	Kind  ItemKind      // "" is any
	Stage StandardStage // "" is any
	// Mean is the expected usefulness in [0, 1]; Strength is how many observations the belief is worth, at least 1.
	Mean, Strength float64
}

// ResponseEffect adds to the usefulness of items that match every field that is set.
type ResponseEffect struct {
	ItemID  string
	Kind    ItemKind
	Topic   string
	Stage   StandardStage
	Segment string
	Channel string
	Format  string
	// Add lies in [-1, 1]; SD is the uncertainty of it.
	Add, SD float64
}

// The values that stand in for what a plan leaves out.
const (
	DefaultVisitGap    = 30 * time.Minute
	DefaultVisitorTTL  = 90 * 24 * time.Hour
	DefaultDecisionTTL = 7 * 24 * time.Hour
	DefaultHalfLife    = 14 * 24 * time.Hour
	DefaultUnsureBelow = 0.45
	DefaultMeanEvents  = 20.0
	DefaultOffStage    = 0.25
	DefaultPriorMean   = 0.10
	DefaultStrength    = 10.0
	AudienceCustomer   = "customer"
)

// WithDefaults returns the policy with every unset field filled in.
func (p Policy) WithDefaults() Policy {
	setDuration(&p.VisitGap, DefaultVisitGap)
	setDuration(&p.VisitorTTL, DefaultVisitorTTL)
	setDuration(&p.DecisionTTL, DefaultDecisionTTL)
	if p.OffStage == 0 {
		p.OffStage = DefaultOffStage
	}
	if len(p.UnsureKinds) == 0 {
		p.UnsureKinds = []ItemKind{KindContent, KindService, KindAsk}
	}
	p.Learning = p.Learning.WithDefaults(p.DecisionTTL)
	p.Control = p.Control.WithDefaults(p.DecisionTTL)
	return p
}

func setDuration(d *time.Duration, def time.Duration) {
	if *d == 0 {
		*d = def
	}
}

// PlanVersion is a published plan.
type PlanVersion struct {
	// Version is the number by which answers name the plan, from 1.
	Version   uint64
	Plan      Plan
	Published time.Time
	Author    string
	Note      string
	// Changes is the difference to the version that was active before, one line each.
	Changes []PlanChange
	// Active is true for the version that answers now.
	Active bool
}

// PlanChange is one difference between two plans.
type PlanChange struct {
	// Path names what changed: "journeys/considered/stages/evaluate".
	Path string
	// Op is "added", "removed" or "changed".
	Op string
	// Before and After are short renderings of the value; "" when there is none.
	Before, After string
}
