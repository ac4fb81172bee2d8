package veiviser

import (
	"cmp"
	"slices"
	"time"
)

// Event is one thing that happened to one visitor.
type Event struct {
	// ID is the sender's; the same id for the same person counts once.
	ID        string
	VisitorID string
	// Time is when it happened, in UTC; the service fills in the time of receipt when the sender gave none.
	Time time.Time
	// Type is a standard type or one the plan declares.
	Type string
	// Subject is what the need is about, a path such as "bike/ebike"; "" when the event is about nothing in particular.
	Subject string
	ItemID  string
	// DecisionID is set when the event is the outcome of a decision.
	DecisionID string
	Channel    string
	// Value is what the event is worth, in the currency of the shop; 0 when it has no value.
	Value      float64
	Attributes map[string]string
}

// Well-known attributes of an event; what context of a request says is copied here when the event itself is silent.
const (
	AttributePage     = "page"     // path of the page, "/bikes/fjell-29"
	AttributeQuery    = "query"    // what the visitor searched for
	AttributeReferrer = "referrer" // where the visit came from: a host or one of search, social, mail, ad, direct, internal
	AttributeDevice   = "device"   // what she uses: "phone", "desktop"
	AttributeLanguage = "language" // BCP 47
	// AttributeVisitorPrefix marks a fact about the visitor herself: "visitor.country" is remembered as "country".
	AttributeVisitorPrefix = "visitor."
)

// The standard event types. A plan may add its own.
const (
	EventView     = "view"
	EventPurchase = "purchase"
	// EventAnswer is an answer to a question; see [AnswerOption].
	EventAnswer = "answer"
)

// StandardEventTypes returns the event types every plan knows, in a fixed order.
func StandardEventTypes() []string { return slices.Clone(standardEventTypes) }

var standardEventTypes = []string{
	"view", "search", "compare", "save", "question", "cart_add", "cart_remove", "checkout", "purchase",
	"delivery_confirmed", "delivery_failed", "return", "complaint", "complaint_resolved", "review", "share",
	"subscribe", "unsubscribe", "impression", "click", "dismiss", "helpful", "not_relevant", "too_early", "too_late",
	"known", "answer", "complaint_response",
}

// Context is the situation in which an answer is asked for. It is not remembered, except what the visit keeps.
type Context struct {
	Channel  string // "web", "app", "mail", …
	Device   string
	Language string // BCP 47
	Referrer string
	Page     string
	Query    string
	Subject  string
	// Attributes are free facts for rules (country, weather, customer number class), at most 32.
	Attributes map[string]string
}

// ChannelAt is the channel she is in when she meets a placement of some channel: the one the caller names, or else the
// placement's. What is learned goes by it; how she may be contacted goes by [Decision.Channel].
func (c *Context) ChannelAt(placement string) string { return cmp.Or(c.Channel, placement) }

// Limits on what one request and one visitor may hold. They are stated again beside the proto fields.
const (
	MaxIDBytes           = 128
	MaxNameBytes         = 64
	MaxAttributes        = 32
	MaxAttributeBytes    = 512
	MaxEventsPerCall     = 1000
	MaxEventsPerDecision = 100
	MaxPlacements        = 16
	MaxItemsPerUpsert    = 1000
	MaxCandidateItems    = 1000
	MaxNeeds             = 8
	MaxEvidence          = 8
	MaxRecent            = 32
	MaxTypeCounts        = 48
	MaxLinkedIDs         = 16
	MaxRepeats           = 8
	MaxNeedItems         = 16
	MaxNeedWords         = 8
)
