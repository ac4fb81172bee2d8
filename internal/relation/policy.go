package relation

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Policy is what a plan says about relationships, with every default filled in. It does not change.
type Policy struct {
	veiviser.Relationship
	Acquisition veiviser.Acquisition
	// Deliveries is whether orders are waited for: the plan declares a relationship, see [veiviser.Relationship.Declared].
	Deliveries bool
	// stepItems are the items of all recovery steps.
	stepItems []string
	// stepIDs tell the recovery steps apart, wherever they stand; see [stepID].
	stepIDs []uint32
}

// NewPolicy is the policy of a plan.
func NewPolicy(p *veiviser.Plan) *Policy {
	out := &Policy{
		Relationship: p.Relationship.WithDefaults(), Acquisition: p.Acquisition.WithDefaults(), Deliveries: p.Relationship.Declared(),
	}
	for i := range out.Recovery.Steps {
		out.stepItems = append(out.stepItems, out.Recovery.Steps[i].Items...)
		out.stepIDs = append(out.stepIDs, stepID(out.Recovery.Steps[:i], out.Recovery.Steps[i].Items))
	}
	return out
}

// stepID is a hash by which a step is known again when others come before it: of its items, and of how many steps before it have the
// same ones.
func stepID(before []veiviser.RecoveryStep, items []string) uint32 {
	same := 0
	for i := range before {
		if slices.Equal(before[i].Items, items) {
			same++
		}
	}
	h := mix(veiviser.HashID(strconv.Itoa(same) + "\x00" + strings.Join(items, "\x00")))
	return max(uint32(h), 1)
}

// promised is when an order that was placed at a time should arrive: what its event says (attribute "promised", a moment of RFC 3339
// or a date, which is over when the day is, in UTC), or else what the plan says. What lies before the order is no promise.
func (p *Policy) promised(e *veiviser.Event) time.Time {
	if t, ok := promise(e); ok {
		return t
	}
	return e.Time.Add(p.DeliverWithin)
}

// promise is what the event of an order says of when it should arrive, if it says so.
func promise(e *veiviser.Event) (time.Time, bool) {
	t, err := moment(e.Attributes[attributePromised])
	return t.UTC(), err == nil && !t.Before(e.Time)
}

// moment reads a moment of RFC 3339, or the end of a date.
func moment(text string) (time.Time, error) {
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t.AddDate(0, 0, 1), nil
	}
	return time.Parse(time.RFC3339, text)
}

// Admit says what is wrong with what an event says of an order or a case of hers, or nil. A plan that waits for no orders asks nothing
// of them.
func (p *Policy) Admit(s *veiviser.Standing, e *veiviser.Event) *veiviser.Error {
	if id := e.Attributes[attributeCase]; id != "" && (e.Type == eventResponse || e.Type == eventResolved) && !hasCase(s, id) {
		return veiviser.Invalid(veiviser.ReasonInvalidField, "attributes[\""+attributeCase+"\"]",
			"the person has no case %q, or it is no longer remembered", id)
	}
	text := e.Attributes[attributePromised]
	if !p.Deliveries || e.Type != veiviser.EventPurchase || text == "" {
		return nil
	}
	if _, err := moment(text); err != nil {
		return veiviser.Invalid(veiviser.ReasonInvalidField, "attributes[\""+attributePromised+"\"]",
			"%q is neither a date like 2026-11-04 nor a moment of RFC 3339", text)
	}
	return nil
}

func hasCase(s *veiviser.Standing, id string) bool {
	return slices.ContainsFunc(s.Cases, func(c veiviser.Case) bool { return c.ID == id })
}

// The events that move a relationship, and the attributes they bring.
const (
	eventComplaint = "complaint"
	eventResponse  = "complaint_response"
	eventResolved  = "complaint_resolved"
	eventConfirmed = "delivery_confirmed"
	eventFailed    = "delivery_failed"
	eventReturn    = "return"

	attributeOrder    = "order"
	attributePromised = "promised"
	attributeCase     = "case"
)
