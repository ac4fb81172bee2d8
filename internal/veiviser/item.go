package veiviser

import "time"

// ItemKind is what an item is.
type ItemKind string

// The kinds of item.
const (
	KindContent ItemKind = "content" // something to read, see or try
	KindOffer   ItemKind = "offer"   // something to buy
	KindService ItemKind = "service" // human help
	KindAsk     ItemKind = "ask"     // a question, whose answers are evidence
)

// ItemStatus is whether an item may be served.
type ItemStatus string

// The states of an item.
const (
	StatusLive  ItemStatus = "live"
	StatusDraft ItemStatus = "draft"
)

// Item is a content, an offer or a service that may be recommended.
type Item struct {
	ID   string
	Kind ItemKind
	Name Text
	// Status is live unless said otherwise.
	Status ItemStatus
	// Topics are the subjects the item is about; an item without topics fits every subject.
	Topics []string
	// Stages are the standard stages it serves; empty serves all alike.
	Stages []StandardStage
	// Journeys restricts it to these journeys; empty is all.
	Journeys []string
	// Audiences restricts it; empty is customers only for offers, everyone for the rest.
	Audiences []string
	// Segments: the visitor must be in one of these; empty is everyone.
	Segments []string
	// Rule is CEL over visitor, visit, need, item and now.
	Rule string
	// Start and End bound when it may be served; zero is unbounded. End is exclusive.
	Start, End time.Time
	// Stock is what is left of it; nil is unlimited. At 0 it is not served.
	Stock *int64
	// Value is what it is worth to the business when it works, Cost what serving it costs, in the shop's currency.
	Value, Cost float64
	// Boost is added to its usefulness, in [-1, 1], and shown in every explanation.
	Boost           float64
	Price           *Money
	Claims          map[string]string
	Attributes      map[string]string
	Representations []Representation
	// Duty is whether it must reach her whatever else holds.
	Duty Duty
	// Product is what price and claims are about; "" is the item itself.
	Product string
	// Care makes it for people with an open case: shown to them before everything that is ranked, and to nobody else.
	Care bool
	// TowardRung is the rung of the loyalty ladder it helps to reach: it is for who stands right below.
	TowardRung string
	// Acquires says that it is there to win first-time customers: it is for who has not ordered yet, and ranked by what those
	// cost and bring, too.
	Acquires bool
	// Answers are what an item of kind ask may be answered with (event answer, attribute "answer").
	Answers []AnswerOption
	// Etag changes with every write; Updated is when that was.
	Etag    string
	Updated time.Time
}

// Tells reports whether the item says a price or a claim.
func (it *Item) Tells() bool { return it.Price != nil || len(it.Claims) > 0 }

// Money is an amount in one currency.
type Money struct {
	Currency string // ISO 4217
	// Micros is the amount in millionths of the currency unit.
	Micros int64
}

// Representation is an item in one format and language.
type Representation struct {
	Format   string
	Language string // BCP 47 primary subtag; "" fits every language
	// Channels restricts where it may appear; empty is everywhere the format fits.
	Channels   []string
	Title      string
	Body       string
	URL        string
	ImageURL   string
	Attributes map[string]string
}

// Copy returns a deep copy, for whoever wants to change it.
func (m *Money) Copy() *Money {
	if m == nil {
		return nil
	}
	c := *m
	return &c
}
