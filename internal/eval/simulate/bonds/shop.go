package bonds

import (
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Shop decides what people are shown. It is safe for concurrent use: people are simulated several at a time.
type Shop interface {
	// Name is what the report calls it, About says in a sentence how it decides.
	Name() string
	About() string
	// Receive gives the desk that looks after one person. Each person has one, and it is used by one goroutine at a time.
	Receive(visitorID string) Desk
	// Books are the shop's own accounts as they stand at a time, over the desks it gave, in the order of the people; nil when it
	// keeps none.
	Books(desks []Desk, until time.Time) *Books
}

// Desk looks after one person.
type Desk interface {
	// Hear takes in what happened, oldest first; the last of it happened at now.
	Hear(events []veiviser.Event, now time.Time) error
	// Show chooses what a visit is shown, by item id; empty is nothing.
	Show(v *Visit) ([]string, error)
	// Look says how she stands with the shop, by its own account.
	Look(now time.Time) Look
}

// Visit is what a shop sees at the moment it decides.
type Visit struct {
	VisitorID string
	// Number counts her visits from 0.
	Number  int
	Time    time.Time
	Context veiviser.Context
	// Seed is for the shop's own draws.
	Seed [2]uint64
}

// Look is how a person stands with a shop by its own account.
type Look struct {
	// Rung is that of the loyalty ladder, "" below it; Tier her class of value, "" for none.
	Rung, Tier string
	// Led says that she is led back since the first of her cases was put right, Compared that she is in the control. Neither is so where
	// the shop leads nobody back.
	Led, Compared bool
}

// Books are a shop's own accounts.
type Books struct {
	// Treated and Control are the people whose case was put right, by whether they were led back.
	Treated Recovered `json:"treated"`
	Control Recovered `json:"control"`
	// Lift is the difference of their rates with its 95 % interval.
	Lift float64 `json:"lift"`
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	// FirstOrders were placed, Handovers of them delivered right; HandoverDays is the mean time that took.
	FirstOrders  int     `json:"first_orders"`
	Handovers    int     `json:"handovers"`
	HandoverDays float64 `json:"handover_days"`
	// Acquired is what first-time customers cost and brought, by where they came from; the first row is all together.
	Acquired []Acquired `json:"acquired,omitempty"`
}

// Recovered counts people a first case of whom was put right.
type Recovered struct {
	People int `json:"people"`
	// Back are those who came back within the window.
	Back int `json:"back"`
}

// Rate is the share that came back.
func (r Recovered) Rate() float64 { return float64(r.Back) / float64(max(r.People, 1)) }

// Acquired is what the first-time customers of one source cost and brought, in the shop's currency.
type Acquired struct {
	// Source is "" for all together.
	Source    string  `json:"source"`
	Customers int     `json:"customers"`
	Cost      float64 `json:"cost"`
	// Value is the mean of their purchases within the window of acquisition; EvenDays is after how many days that exceeds the
	// cost, -1 for never.
	Value    float64 `json:"value"`
	EvenDays float64 `json:"even_days"`
	// Curve is the mean of their purchases by so many days after the first order.
	Curve []float64 `json:"curve"`
}

// Goods is what a world needs to know of an item to let it work.
type Goods struct {
	ID string
	// Offer is something to buy, Help human help, Step a step of the recovery, Rung content towards a rung of the ladder.
	Offer, Help, Step, Rung bool
	// Topics are what it is about; none is everything.
	Topics []string
}

// fits reports whether it is about a subject, or about something above or below it.
func (g *Goods) fits(subject string) bool {
	return len(g.Topics) == 0 || subject == "" || slices.ContainsFunc(g.Topics, func(t string) bool {
		return veiviser.SubjectMatches(t, subject) || veiviser.SubjectMatches(subject, t)
	})
}
