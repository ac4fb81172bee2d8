package decide

import (
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/eligible"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/relation"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// contact appends the bars of what the shop promised itself: when it is quiet, how much it asks of her, and that it does not tell
// her one thing today and another tomorrow.
func (c *choice) contact(bars []veiviser.Bar, p *plan.Placement, channel string) []veiviser.Bar {
	said, known := c.context.Attributes[veiviser.AttributeTimeZone], c.visitor.Attributes[veiviser.AttributeTimeZone]
	if b, quiet := c.snap.Contact.Quiet(p.Placement, channel, c.in.Time, said, known); quiet {
		bars = append(bars, b)
	}
	bars = c.tally.Bars(bars, p.Placement, channel)
	return c.heard.Bars(bars)
}

// fits reports whether an item may be shown on a placement beside what the answer shows already, and notes that it is.
func (c *choice) fits(it *veiviser.Item, p *plan.Placement, channel string) bool {
	if !c.tally.Fits(it, p.Placement, channel) || !c.heard.Fits(it) {
		return false
	}
	c.shows(it, p, channel)
	return true
}

// shows notes that the answer shows an item.
func (c *choice) shows(it *veiviser.Item, p *plan.Placement, channel string) {
	if p.Staff {
		return
	}
	c.heard.Add(it)
	if c.tally != nil && !it.Duty.Passes(veiviser.DutyTransactional) {
		x := c.snap.Contact.Of(it, p.Placement, channel, c.in.Time, 0)
		c.tally.Add(&x)
	}
}

// bounded keeps a slate within what caps, budget and coherence have room for.
func (f *field) bounded(c *choice, p *plan.Placement, channel string, slots int) {
	r := eligible.Room{Slots: slots}
	item := func(k int) *veiviser.Item { return f.short[k].Item }
	c.tally.Room(&r, p.Placement, channel, len(f.short), item)
	c.heard.Room(&r, len(f.short), item)
	f.options.Slots, f.options.Room = r.Slots, r.Left
	for k := range r.Groups {
		f.cands[k].Groups = r.Groups[k]
	}
}

// company is the standing of the account she acts for, an empty one when nothing is known of it yet; nil for none.
func (c *choice) company() *veiviser.Standing {
	switch {
	case c.account != nil:
		return &c.account.Standing
	case c.visitor.Standing.Account != "":
		return &veiviser.Standing{}
	default:
		return nil
	}
}

// showings are the contacts and facts that an answer makes, whether or not they must be remembered. What staff was shown is none,
// and what must reach her is no contact.
func showings(snap *plan.Snapshot, a *veiviser.Answer) (shown []veiviser.Contact, told []veiviser.Fact) {
	for i := range a.Decisions {
		d := &a.Decisions[i]
		p, known := snap.Placement(d.Placement)
		if !known || p.Staff {
			continue
		}
		hash := veiviser.HashID(d.ID)
		for k := range d.Choices {
			it, known := snap.Catalog.Lookup(d.Choices[k].ItemID)
			if !known {
				continue
			}
			x := snap.Contact.Of(it, p.Placement, d.Channel, a.Time, hash)
			for _, f := range snap.Coherence.Facts(it, snap.Catalog, a.Time) {
				f.Decision, f.Until = hash, x.Until
				told = append(told, f)
			}
			if !it.Duty.Passes(veiviser.DutyTransactional) {
				shown = append(shown, x)
			}
		}
	}
	return shown, told
}

// reserve is her standing once she was shown what an answer shows: with the contacts and facts that must be remembered. ok is
// false when none must, and nothing needs to be written. s is not changed.
func reserve(snap *plan.Snapshot, a *veiviser.Answer, s *veiviser.Standing) (next veiviser.Standing, ok bool) {
	if a.Degraded != "" {
		return *s, false
	}
	shown, told := showings(snap, a)
	if shown = counted(shown, snap.Contact.Keep); len(shown) == 0 && len(told) == 0 {
		return *s, false
	}
	before := *s
	before.Contacts = without(s.Contacts, shown, a.Showing)
	carryOver(s.Contacts, shown, a.Showing)
	retell(s.Facts, told, a.Showing)
	next = *s
	next.Contacts = snap.Contact.Remember(&before, shown, a.Time, !a.Time.Equal(a.Made))
	next.Facts = snap.Coherence.Remember(s, told, a.Time)
	return next, true
}

// counted are the contacts that something counts, with until when it does.
func counted(shown []veiviser.Contact, until func(*veiviser.Contact) time.Time) []veiviser.Contact {
	for i := range shown {
		shown[i].Keep = until(&shown[i])
	}
	return slices.DeleteFunc(shown, func(x veiviser.Contact) bool { return x.Keep.IsZero() })
}

// forAccount are the contacts of an answer that caps of accounts count.
func forAccount(snap *plan.Snapshot, a *veiviser.Answer) []veiviser.Contact {
	if !snap.CapsAccounts() || a.Degraded != "" {
		return nil
	}
	shown, _ := showings(snap, a)
	return counted(shown, snap.Contact.KeepForAccount)
}

// shownTo is what is to be written of a person who was shown an answer: what events and time made of her, if they did, with what
// must be remembered of the answer. It is nil when there is nothing to write, and quiet when she did nothing and was told nothing new.
// Neither visitor is changed; nil is nobody known.
func shownTo(snap *plan.Snapshot, a *veiviser.Answer, folded, loaded *veiviser.Visitor) (changed *veiviser.Visitor, quiet bool) {
	var v veiviser.Visitor
	switch {
	case folded != nil:
		v = *folded
	case loaded != nil:
		v = *loaded
	default:
		v.ID = a.Request.VisitorID
	}
	standing, ok := reserve(snap, a, &v.Standing)
	if len(standing.Cases) > 0 {
		standing.Cases = slices.Clone(standing.Cases)
		ok = relation.Shown(snap.Relation, &standing, a.Time, a.Showing, func(id string) (uint64, bool) { return servedBy(a, id) }) || ok
	}
	if !ok {
		return folded, false
	}
	quiet = folded == nil && within(standing.Facts, v.Standing.Facts) // who talks with her hears at once what she was told
	v.Standing = standing
	return &v, quiet
}

// without leaves out the contacts with what stays on her screen: it is counted from now on instead.
func without(contacts, shown []veiviser.Contact, showing []uint64) []veiviser.Contact {
	if len(showing) == 0 {
		return contacts
	}
	return slices.DeleteFunc(slices.Clone(contacts), func(x veiviser.Contact) bool { return replaces(shown, showing, &x) })
}

// carryOver lets what stays on her screen be one showing, whichever decision it is reported for: nobody reports it twice.
func carryOver(contacts, shown []veiviser.Contact, showing []uint64) {
	for i := range contacts {
		x := &contacts[i]
		if !replaces(shown, showing, x) {
			continue
		}
		for k := range shown {
			if shown[k].ItemID == x.ItemID && shown[k].Placement == x.Placement {
				shown[k].Stays(x)
			}
		}
	}
}

// retell lets what stays on her screen and was seen there be told for good: nobody reports it twice.
func retell(facts, told []veiviser.Fact, showing []uint64) {
	if len(showing) == 0 {
		return
	}
	for i := range told {
		f := &told[i]
		if slices.ContainsFunc(facts, func(o veiviser.Fact) bool {
			return o.Until.IsZero() && o.Decision != 0 && slices.Contains(showing, o.Decision) && o.Item == f.Item && o.Repeats(f)
		}) {
			f.Until = time.Time{}
		}
	}
}

// replaces reports whether a contact is with what stays on her screen.
func replaces(shown []veiviser.Contact, showing []uint64, x *veiviser.Contact) bool {
	return x.Decision != 0 && slices.Contains(showing, x.Decision) && slices.ContainsFunc(shown, func(y veiviser.Contact) bool {
		return x.ItemID == y.ItemID && x.Placement == y.Placement
	})
}
