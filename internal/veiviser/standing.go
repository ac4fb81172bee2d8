package veiviser

import (
	"slices"
	"time"
)

// Standing is what holds between a person and the shop whatever is believed about her: her wishes and consents, what she has
// been told and how often, her orders and open cases. It is kept, and binds, also where she is not profiled. It is bounded: see
// the Max constants.
type Standing struct {
	// Directives are her wishes, oldest first. Beyond MaxDirectives there are only such as keep something away: pauses, for which
	// there is as much room again, an objection to being profiled, and what several identities brought along. Those that have ended
	// stay until there is need of room.
	Directives []Directive
	// Consents are what she agreed to or refused, oldest first, at most MaxConsents; the last one of a purpose holds.
	Consents []Consent
	// Contacts are what she was shown as far as the contact policy counts it, oldest first, at most MaxContacts.
	Contacts []Contact
	// Facts are the prices and claims she was told lately, oldest first, at most MaxFacts.
	Facts []Fact
	// Cases are her complaints and what was not delivered right, oldest first, at most MaxCases; resolved ones make room first.
	Cases []Case
	// Orders are hers as far as they are remembered, oldest first, at most MaxOrders; those she does not wait for any more make room
	// first. The first order of all stays until it was delivered right.
	Orders []Order
	// Relation is how far she has come with the shop.
	Relation Relation
	// Answered are the questions (items of kind ask) that she has answered, oldest first, at most MaxAnswered.
	Answered []string
	// Acquired says as what she is counted who ordered first.
	Acquired Acquired
	// Recovery says as what she is counted who was let down.
	Recovery Recovering
	// Account is the company she acts for and Role her part in its decisions; "" for a person of her own.
	Account, Role string
	// Audiences are those that the plan binds to the person (see [Audience].BindsHer) and that she was seen as, in the order of the
	// alphabet. There are at most as many as AudienceIDs.
	Audiences []string
}

// Limits on what one standing may hold.
const (
	MaxDirectives = 32
	MaxConsents   = 32
	MaxContacts   = 256
	MaxFacts      = 64
	MaxCases      = 8
	MaxShownSteps = 16
	MaxOrders     = 32
	MaxAnswered   = 32
)

// Clone returns a copy that can be changed without changing s. The slices inside contacts are shared and must not be written to.
func (s *Standing) Clone() Standing {
	c := *s
	c.Directives = slices.Clone(s.Directives)
	c.Consents = slices.Clone(s.Consents)
	c.Contacts = slices.Clone(s.Contacts)
	c.Facts = slices.Clone(s.Facts)
	c.Cases = slices.Clone(s.Cases)
	c.Orders = slices.Clone(s.Orders)
	c.Answered = slices.Clone(s.Answered)
	c.Acquired.Segments = slices.Clone(s.Acquired.Segments)
	c.Audiences = slices.Clone(s.Audiences)
	return c
}

// IsZero reports whether there is nothing in it.
func (s *Standing) IsZero() bool {
	return len(s.Directives) == 0 && len(s.Consents) == 0 && len(s.Contacts) == 0 && len(s.Facts) == 0 && len(s.Cases) == 0 &&
		len(s.Orders) == 0 && s.Relation == Relation{} && s.Acquired.Source == "" && len(s.Acquired.Segments) == 0 && s.Recovery == Recovering{} && len(s.Answered) == 0 && s.Account == "" && s.Role == "" &&
		len(s.Audiences) == 0
}

// DirectiveKind is what a visitor wishes.
type DirectiveKind string

// The wishes. Except where it is said, they hold until they are taken back or their Expires is over.
const (
	MuteTopic    DirectiveKind = "MUTE_TOPIC"     // nothing about Target and what lies below it
	MuteItem     DirectiveKind = "MUTE_ITEM"      // not the item Target
	MuteKind     DirectiveKind = "MUTE_KIND"      // no item of kind Target
	MuteChannel  DirectiveKind = "MUTE_CHANNEL"   // nothing in the channel Target
	NotNow       DirectiveKind = "NOT_NOW"        // nothing until Expires, which must be set
	JustLooking  DirectiveKind = "JUST_LOOKING"   // no offers (about Subject); also says that she is searching
	Decided      DirectiveKind = "DECIDED"        // nothing that would have her choose anew (about Subject); also says that she is buying
	CorrectStage DirectiveKind = "CORRECT_STAGE"  // her stage is Target (about Subject): evidence, which decays; bars nothing
	DoNotProfile DirectiveKind = "DO_NOT_PROFILE" // what was known is forgotten, and nothing more is remembered
)

// OnStage reports whether a wish of this kind is her word on where she stands: JUST_LOOKING, DECIDED or CORRECT_STAGE.
func (k DirectiveKind) OnStage() bool { return k == JustLooking || k == Decided || k == CorrectStage }

// Directive is a wish of the visitor, which binds from the next decision on.
type Directive struct {
	// ID is the service's.
	ID   string
	Kind DirectiveKind
	// Target is the topic, item, kind, channel or stage it is about; "" for the kinds that are about none.
	Target string
	// Subject limits it to what is about this and what lies below it; "" is everything.
	Subject string
	Created time.Time
	// Expires is when it ends; zero is never.
	Expires time.Time
}

// Binds reports whether the wish holds at a moment.
func (d *Directive) Binds(now time.Time) bool { return d.Expires.IsZero() || now.Before(d.Expires) }

// Consent is what she said to a purpose, in which words.
type Consent struct {
	Purpose string
	Granted bool
	// Version is that of the text she was shown.
	Version string
	Time    time.Time
	// Source is where she said it: "cookie banner", "phone".
	Source string
}

// Contact is one showing of one item, as the contact policy counts it, or several of them. It carries what caps look at, as it was
// then.
type Contact struct {
	// Time is when it was shown, the last time of several.
	Time      time.Time
	ItemID    string
	Kind      ItemKind
	Topics    []string
	Channel   string
	Placement string
	// Attention is how much of the attention budget it took, each time.
	Attention uint32
	// More is how many earlier showings of the same item in the same place are counted with it; see [FoldContacts].
	More uint32
	// Decision is a hash of the decision's id, 0 for none; see [HashID].
	Decision uint64
	// Earlier are those of decisions that showed it on the same screen before, when it stayed there: an impression may be reported
	// for any of them. The latest [MaxEarlier] are kept.
	Earlier []uint64
	// Until is when it is released unless an impression comes before; zero counts for good.
	Until time.Time
	// Keep is until when the caps and the budget that counted it when it was shown look back at it: so long it is remembered,
	// whatever the plan says meanwhile.
	Keep time.Time
}

// Count is how many showings it stands for.
func (c *Contact) Count() int { return 1 + int(c.More) }

// Counts reports whether the contact counts at a moment: it was not released.
func (c *Contact) Counts(now time.Time) bool { return c.Until.IsZero() || now.Before(c.Until) }

// MaxEarlier is how many decisions before the last a contact or a fact remembers.
const MaxEarlier = 16

// By reports whether a decision made the contact.
func (c *Contact) By(decision uint64) bool {
	return c.Decision == decision || slices.Contains(c.Earlier, decision)
}

// Stays notes that the contact is the one that an earlier decision made, and counts it as that one did.
func (c *Contact) Stays(earlier *Contact) {
	c.Earlier = decisions(earlier.Earlier, earlier.Decision, nil)
	c.More += earlier.More
	if earlier.Until.IsZero() {
		c.Until = time.Time{}
	}
}

// decisions are those before and one after them, unless it is none, then those of another list; the latest [MaxEarlier].
func decisions(before []uint64, then uint64, after []uint64) []uint64 {
	all := slices.Clone(before)
	if then != 0 {
		all = append(all, then)
	}
	all = append(all, after...)
	return all[max(0, len(all)-MaxEarlier):]
}

// CaseCause is why a case was opened.
type CaseCause string

// The causes of cases.
const (
	CaseComplaint CaseCause = "COMPLAINT"      // she complained
	CaseLate      CaseCause = "LATE_DELIVERY"  // an order did not arrive in time
	CaseWrong     CaseCause = "WRONG_DELIVERY" // an order arrived wrong, or not at all
)

// Case is something that the shop has to put right.
type Case struct {
	// ID is the service's; it says nothing about whose it is.
	ID      string
	Cause   CaseCause
	Subject string
	Channel string
	Opened  time.Time
	// Due is when an answer is due by the response clock.
	Due time.Time
	// Answered is when a person answered, Resolved when it was put right; zero is not yet.
	Answered, Resolved time.Time
	// Ladder is the group of the recovery that follows: whether she is led back or compared with. What is put right at once has one
	// recovery; the others of its cases have none.
	Ladder Group
	// Recovered is when she came back (see the plan's recovery); zero is not yet.
	Recovered time.Time
	// Order is the ID of the order it is about, 0 for none.
	Order uint64
	// Shown are the steps of the recovery that she was shown, the last one first, 0 for none: hashes that stay the same when the plan
	// puts other steps before, behind or between them.
	Shown [MaxShownSteps]uint32
	// ShownBy is a hash of the id of the decision that showed the last of them, 0 for none; see [HashID].
	ShownBy uint64
}

// Open reports whether it is still to be put right.
func (c *Case) Open() bool { return c.Resolved.IsZero() }

// Order is an order of hers. It is remembered also when she does not wait for it any more: whatever is heard of it again, of whichever
// of her identities and in whatever order, then counts once.
type Order struct {
	// ID is a hash of the order's id (attribute "order"), or else of the event that told of it; see Named.
	ID uint64
	// Named says that it has an id of its own, by which it is known wherever it is heard of.
	Named   bool
	Subject string
	// Placed is when she ordered; zero while something was heard of the order, but not yet of its purchase.
	Placed time.Time
	// Promised is when it should arrive; zero when nobody waits for it.
	Promised time.Time
	// Late is true once a case was opened for it.
	Late  bool
	Value float64
	// Delivered is when it arrived, or what was wrong with it was put right, Returned when it came back; zero is not.
	Delivered, Returned time.Time
}

// Waited reports whether she waits for it.
func (o *Order) Waited() bool {
	return !o.Promised.IsZero() && o.Delivered.IsZero() && o.Returned.IsZero()
}

// Overdue reports whether it came later than promised, or should have come by now, and nobody has opened a case for it yet.
func (o *Order) Overdue(now time.Time) bool {
	if o.Late || o.Promised.IsZero() || !o.Returned.IsZero() {
		return false
	}
	if !o.Delivered.IsZero() {
		now = o.Delivered
	}
	return now.After(o.Promised)
}

// Waits reports whether she waits for an order.
func (s *Standing) Waits() bool {
	return slices.ContainsFunc(s.Orders, func(o Order) bool { return o.Waited() })
}

// NextPromise is when the next order that she waits for should arrive, of those that no case was opened for; zero when there is none.
func (s *Standing) NextPromise() time.Time {
	var next time.Time
	for i := range s.Orders {
		if o := &s.Orders[i]; !o.Late && o.Waited() && (next.IsZero() || o.Promised.Before(next)) {
			next = o.Promised
		}
	}
	return next
}

// OpenCases is how many things are to be put right at a moment: cases, and orders that are late without one. Lateness counts at
// once; its case is kept with the next change of the person.
func (s *Standing) OpenCases(now time.Time) int {
	n := 0
	for i := range s.Cases {
		if s.Cases[i].Open() {
			n++
		}
	}
	for i := range s.Orders {
		if s.Orders[i].Overdue(now) {
			n++
		}
	}
	return n
}

// Acquired is as what somebody is counted among the first-time customers.
type Acquired struct {
	// Source is where she had come from when she ordered first, Segments are those she was in then.
	Source   string
	Segments []string
}

// Recovering is as what somebody is counted who was let down: by the first of her cases that was put right. It stays when the case is
// forgotten, so that she is counted once.
type Recovering struct {
	// Group is whether she is led back or compared with, unknown while nothing was put right. Drawn says that it was drawn, with a chance
	// of either.
	Group Group
	Drawn bool
	// Began is when the case was put right; Recovered is when she came back, by an event of type By, zero is not yet.
	Began, Recovered time.Time
	By               string
	// Mixed says that she is counted no more: she was of one group and of the other.
	Mixed bool
}

// Relation is how far a person has come with the shop.
type Relation struct {
	// Source is where she came from first: a class of referrer (search, social, mail, ad, direct, internal) or a channel.
	Source string
	// FirstOrder is when she ordered first, First the ID of that order, 0 when it is not known. Handover is when it had been delivered
	// right: there acquisition ends.
	FirstOrder, Handover time.Time
	First                uint64
	// Rung is where she stands on the plan's loyalty ladder, "" below it; RungSince is since when.
	Rung      string
	RungSince time.Time
}

// Phase is a part of the way from stranger to customer.
type Phase string

// The phases.
const (
	PhaseProspect Phase = "prospect" // she has not ordered
	PhaseWaiting  Phase = "waiting"  // the first order is not delivered right yet
	PhaseCustomer Phase = "customer"
)

// Phase is the phase she is in.
func (r *Relation) Phase() Phase {
	switch {
	case r.FirstOrder.IsZero():
		return PhaseProspect
	case r.Handover.IsZero():
		return PhaseWaiting
	default:
		return PhaseCustomer
	}
}

// HashID is a 64-bit FNV-1a hash of an id (draft-eastlake-fnv), never 0 but for "".
func HashID(id string) uint64 {
	if id == "" {
		return 0
	}
	h := uint64(14695981039346656037)
	for i := range len(id) {
		h = (h ^ uint64(id[i])) * 1099511628211
	}
	return max(h, 1)
}
