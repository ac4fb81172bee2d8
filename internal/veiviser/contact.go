package veiviser

import "time"

// Purpose is something that what is known of a person may be used for, if she agrees.
type Purpose struct {
	ID   string
	Name Text
	// Version is that of the text she is asked with; a consent to another version does not count when Renew is set.
	Version string
	Renew   bool
	// Granted is what holds until she says otherwise.
	Granted bool
	// Profile makes it the purpose without which nothing is remembered of what she does; at most one purpose has it.
	Profile bool
	// Channels are those in which only who agreed is spoken to, transactional and mandatory items apart.
	Channels []string
}

// ContactPolicy bounds how often people are spoken to, and when.
type ContactPolicy struct {
	Caps []Cap
	// QuietHours are when nothing is sent, in the visitor's time zone.
	QuietHours []QuietHours
	Budget     AttentionBudget
	// ReserveFor is how long a showing counts whose impression has not come, on placements that report impressions; 0 is 30 minutes.
	ReserveFor time.Duration
	// TimeZone is that of visitors who have none (IANA, "Europe/Oslo"); "" is UTC. A visitor's is her attribute "time_zone", or
	// that of the context.
	TimeZone string
}

// AttributeTimeZone is the attribute of a context or a visitor that names a time zone (IANA).
const AttributeTimeZone = "time_zone"

// Cap is how often what matches every field that is set may be shown to one person within a sliding window.
type Cap struct {
	ID string
	// Limit is at least 1: what is never to be shown is a draft, or switched off.
	Limit  int
	Window time.Duration
	// Per counts every item, topic, kind or channel by itself; "" counts all that matches together.
	Per string
	// Account counts all persons of an account together; who has none is not capped by it.
	Account bool
	// What it is about; empty is everything. A topic covers what lies below it.
	Kinds      []ItemKind
	Topics     []string
	Items      []string
	Channels   []string
	Placements []string
}

// What Cap.Per may be.
const (
	PerItem    = "item"
	PerTopic   = "topic"
	PerKind    = "kind"
	PerChannel = "channel"
)

// MaxCapLimit and MaxCapWindow bound a cap.
const (
	MaxCapLimit  = 100
	MaxCapWindow = 90 * 24 * time.Hour
)

// QuietHours are hours of the day in which nothing is sent in some channels, transactional and mandatory items apart.
type QuietHours struct {
	ID string
	// Channels and Placements are where; all of them must hold, empty is everywhere.
	Channels   []string
	Placements []string
	// From and To are times of day, "21:00", [From, To); when To is not after From the hours go past midnight.
	From, To string
	// Days are those on which the hours begin, mon to sun; empty is every day.
	Days []string
}

// AttentionBudget is how much attention is asked of a person within a sliding window; what would go beyond it is not shown.
type AttentionBudget struct {
	// Amount is in units: one showing takes Placement.Attention of them. 0 is no bound.
	Amount int
	Window time.Duration
}

// Coherence keeps a person from being told one thing today and another tomorrow.
type Coherence struct {
	// Window is how long she is held to have heard a price or a claim; 0 is 14 days.
	Window time.Duration
	// Contradictions are claims of one product that cannot both be true.
	Contradictions []Contradiction
}

// Contradiction is two claims that cannot both be true of one product. A claim always contradicts itself with another value.
type Contradiction struct{ Claim, Value, Other, OtherValue string }

// Duty is whether an item must reach her whatever else holds.
type Duty string

// The duties.
const (
	DutyNone Duty = ""
	// DutyTransactional is about something she asked for, such as an order: it passes caps, budget, quiet hours, pauses and
	// consent, and is shown before everything that is ranked. A muted item or channel keeps it away.
	DutyTransactional Duty = "transactional"
	// DutyMandatory must reach her by law or for safety: it passes her mutes, too.
	DutyMandatory Duty = "mandatory"
)

// Default values of the contact policy and of coherence.
const (
	DefaultReserveFor      = 30 * time.Minute
	DefaultCoherenceWindow = 14 * 24 * time.Hour
)

// Audience is a kind of person, with what holds for whoever is one.
type Audience struct {
	// ID is customer, supplier, investor, press, neighbour or job_seeker.
	ID   string
	Name Text
	// NeverSell bars offers.
	NeverSell bool
	// Binds says where that holds: "need" where the need served is on one of its journeys (the default), "person" everywhere once
	// she is known to be one.
	Binds string
}

// What Audience.Binds may be.
const (
	BindsNeed   = "need"
	BindsPerson = "person"
)

// Accounts is how companies decide together.
type Accounts struct {
	Roles []BuyingRole
}

// BuyingRole is a part in a company's decision: user, influencer, decider, buyer, gatekeeper, …
type BuyingRole struct {
	ID   string
	Name Text
	// Silent keeps what she does from moving the account's stage.
	Silent bool
}

// The attributes by which an event says for which company somebody acts, and in which role.
const (
	AttributeAccount = "visitor.account"
	AttributeRole    = "visitor.role"
)

// AnswerOption is one answer to an item of kind ask, and what it is evidence for.
type AnswerOption struct {
	ID   string
	Text Text
	// Likelihood is how much likelier she gives the answer in a standard stage than on average, in [0.01, 100]; stages not named
	// count 1.
	Likelihood map[StandardStage]float64
	// Attributes are remembered of whoever gives it ("household": "family").
	Attributes map[string]string
}

// AttributeAnswer is the attribute of an event of type answer that names the AnswerOption.
const AttributeAnswer = "answer"
