package learn

import (
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/eligible"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// impression is the type of event by which callers say that something was on her screen.
const impression = "impression"

// saw reports whether an event says that she saw an item of the decision it is about. An impression that names an item speaks for
// that one; whatever else she does about a decision, she had all of it before her.
func saw(e *veiviser.Event, item string) bool {
	return e.Type != impression || e.ItemID == "" || e.ItemID == item
}

// confirm lets the contacts and facts of a decision count for good once an event says that she saw it, and reports whether there
// were any that would have been released.
func confirm(s *veiviser.Standing, e *veiviser.Event) (found bool) {
	if e.DecisionID == "" {
		return false
	}
	hash := veiviser.HashID(e.DecisionID)
	for i := range s.Contacts {
		x := &s.Contacts[i]
		if !x.Until.IsZero() && x.By(hash) && saw(e, x.ItemID) {
			x.Until, found = time.Time{}, true
		}
	}
	for i := range s.Facts {
		f := &s.Facts[i]
		if !f.Until.IsZero() && f.By(hash) && saw(e, f.Item) {
			f.Until, f.Earlier, found = time.Time{}, nil, true
		}
	}
	return found
}

// showedHer reports whether something is remembered that a decision showed or told her.
func showedHer(s *veiviser.Standing, decision string) bool {
	hash := veiviser.HashID(decision)
	return slices.ContainsFunc(s.Contacts, func(x veiviser.Contact) bool { return x.By(hash) }) ||
		slices.ContainsFunc(s.Facts, func(f veiviser.Fact) bool { return f.By(hash) })
}

// memory is how contacts of a person, or of an account, are remembered.
type memory struct {
	keep     func(*veiviser.Contact) time.Time
	remember func(s *veiviser.Standing, shown []veiviser.Contact, now time.Time, played bool) []veiviser.Contact
}

func ofPerson(c *eligible.Contact) memory  { return memory{c.Keep, c.Remember} }
func ofAccount(c *eligible.Contact) memory { return memory{c.KeepForAccount, c.RememberForAccount} }

// recall counts what a decision showed and an event says that she saw, if it had been released and forgotten before; it reports
// whether there was any. What it was is known from the decision.
func recall(snap *plan.Snapshot, s *veiviser.Standing, e *veiviser.Event, g veiviser.Given, m memory) bool {
	late := released(snap, s, e, g)
	for i := range late {
		late[i].Keep = m.keep(&late[i])
	}
	late = slices.DeleteFunc(late, func(x veiviser.Contact) bool { return !x.Keep.After(e.Time) })
	s.Contacts = m.remember(s, late, e.Time, true)
	return len(late) > 0
}

// released are the contacts of a decision that an event speaks for and that are not remembered. Only where impressions are reported
// is there any: elsewhere nothing is released.
func released(snap *plan.Snapshot, s *veiviser.Standing, e *veiviser.Event, g veiviser.Given) (late []veiviser.Contact) {
	d := g.Decision()
	if d == nil || d.Staff {
		return nil
	}
	p, ok := snap.Placement(d.Placement)
	if !ok || !p.Impressions {
		return nil
	}
	hash := veiviser.HashID(e.DecisionID)
	for i := range d.Choices {
		c := &d.Choices[i]
		it, ok := snap.Catalog.Lookup(c.ItemID)
		if !ok {
			it = &veiviser.Item{ID: c.ItemID, Kind: c.Kind}
		}
		if it.Duty.Passes(veiviser.DutyTransactional) || !saw(e, it.ID) || remembered(s, hash, it.ID) {
			continue
		}
		x := snap.Contact.Of(it, p.Placement, d.Channel, g.Answer.Time, hash)
		x.Until = time.Time{}
		late = append(late, x)
	}
	return late
}

// remembered reports whether a contact with an item is of a decision.
func remembered(s *veiviser.Standing, decision uint64, item string) bool {
	return slices.ContainsFunc(s.Contacts, func(x veiviser.Contact) bool { return x.ItemID == item && x.By(decision) })
}
