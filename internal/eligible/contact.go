package eligible

import (
	"math/bits"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// MaxCaps is how many caps a policy may have.
const MaxCaps = 256

// Contact is a contact policy made ready for deciding. It is safe for concurrent use.
//
// Every contact is looked up once per answer in tables by kind, item, topic, channel and placement, which give a set of the
// caps that count it; so many caps cost little more than few.
type Contact struct {
	caps    []capRule // the shortest window first
	all     capSet
	account capSet // those that count all persons of an account
	kinds   [5]capSet
	items   table
	topics  table
	anyTop  capSet // those of topics that "*" covers
	chans   table
	places  table
	// byTopic is true when some cap asks for topics.
	byTopic bool
	budget  veiviser.AttentionBudget
	reserve time.Duration
	quietClock
	tallies sync.Pool // of *Tally
}

// capRule is a cap at work.
type capRule struct {
	*veiviser.Cap
	kinds uint8 // by position in kindsOf, 0 for all
}

// capSet is a set of caps.
type capSet [MaxCaps / 64]uint64

func (s *capSet) add(i int)      { s[i/64] |= 1 << (i % 64) }
func (s *capSet) has(i int) bool { return s[i/64]&(1<<(i%64)) != 0 }

func (s capSet) and(o *capSet) capSet {
	for i := range s {
		s[i] &= o[i]
	}
	return s
}

func (s capSet) or(o *capSet) capSet {
	for i := range s {
		s[i] |= o[i]
	}
	return s
}

func (s capSet) not(o *capSet) capSet {
	for i := range s {
		s[i] &^= o[i]
	}
	return s
}

func (s *capSet) empty() bool { return *s == capSet{} }

// last is the highest cap of the set; false for none.
func (s *capSet) last() (i int, ok bool) {
	for k := len(s) - 1; k >= 0; k-- {
		if s[k] != 0 {
			return 64*k + bits.Len64(s[k]) - 1, true
		}
	}
	return 0, false
}

// from leaves out those below n.
func (s capSet) from(n int) capSet {
	for i := range s {
		switch {
		case n >= 64*(i+1):
			s[i] = 0
		case n > 64*i:
			s[i] &= ^uint64(0) << (n - 64*i)
		}
	}
	return s
}

// each yields the caps of the set, in order.
func (s capSet) each(yield func(int) bool) {
	for i, w := range s {
		for ; w != 0; w &= w - 1 {
			if !yield(64*i + bits.TrailingZeros64(w)) {
				return
			}
		}
	}
}

// table gives, by a word, the caps that the word does not keep out. Words it does not have keep out all caps that ask for some.
type table struct {
	by    map[string]capSet
	other capSet
}

// get gives the caps for a word.
func (t *table) get(word string) capSet {
	if s, ok := t.by[word]; ok {
		return s
	}
	return t.other
}

// note enters the words of a cap; words must be entered cap by cap.
func (t *table) note(i int, words []string) {
	if len(words) == 0 {
		t.other.add(i)
	}
	for _, w := range words {
		s := t.by[w]
		s.add(i)
		if t.by == nil {
			t.by = map[string]capSet{}
		}
		t.by[w] = s
	}
}

// seal lets what holds for all words hold for those of the table, too.
func (t *table) seal() {
	for w, s := range t.by {
		t.by[w] = s.or(&t.other)
	}
}

// NewContact makes a policy ready. Caps beyond [MaxCaps], quiet hours that say no time of day and unknown time zones are left
// out: validation refuses them.
func NewContact(p *veiviser.ContactPolicy) *Contact {
	c := &Contact{budget: p.Budget, reserve: p.ReserveFor}
	if c.reserve <= 0 {
		c.reserve = veiviser.DefaultReserveFor
	}
	for i := range p.Caps[:min(len(p.Caps), MaxCaps)] {
		c.caps = append(c.caps, capRule{Cap: &p.Caps[i]})
	}
	slices.SortStableFunc(c.caps, func(a, b capRule) int { return int(min(max(a.Window-b.Window, -1), 1)) })
	for i := range c.caps {
		c.note(i)
	}
	for _, t := range [...]*table{&c.items, &c.topics, &c.chans, &c.places} {
		t.seal()
	}
	c.quietClock.set(p)
	return c
}

// note enters a cap into the tables.
func (c *Contact) note(i int) {
	r := &c.caps[i]
	c.all.add(i)
	for _, k := range r.Kinds {
		r.kinds |= 1 << kindOf(k)
	}
	for k := range c.kinds {
		if r.kinds == 0 || r.kinds&(1<<k) != 0 {
			c.kinds[k].add(i)
		}
	}
	if r.Account {
		c.account.add(i)
	}
	topics := make([]string, 0, len(r.Topics))
	for _, t := range r.Topics {
		if t == "*" {
			c.anyTop.add(i)
		}
		topics = append(topics, strings.TrimSuffix(t, "/*"))
	}
	c.byTopic = c.byTopic || len(topics) > 0
	c.items.note(i, r.Items)
	c.topics.note(i, topics)
	c.chans.note(i, r.Channels)
	c.places.note(i, r.Placements)
}

// kindOf is the position of a kind in the tables; kinds the vocabulary does not have share the last.
func kindOf(k veiviser.ItemKind) int {
	switch k {
	case veiviser.KindContent:
		return 0
	case veiviser.KindOffer:
		return 1
	case veiviser.KindService:
		return 2
	case veiviser.KindAsk:
		return 3
	default:
		return 4
	}
}

// at is the caps that look at a placement in a channel.
func (c *Contact) at(placement, channel string) capSet {
	places := c.places.get(placement)
	return c.chans.get(channel).and(&places)
}

// of is the caps that look at items such as this.
func (c *Contact) of(item string, kind veiviser.ItemKind, topics []string) capSet {
	s := c.items.get(item).and(&c.kinds[kindOf(kind)])
	if !c.byTopic {
		return s
	}
	about := c.topics.other
	if len(topics) > 0 {
		about = about.or(&c.anyTop)
	}
	for _, t := range topics {
		for at := range len(t) {
			if t[at] == '/' {
				about = c.above(about, t[:at])
			}
		}
		about = c.above(about, t)
	}
	return s.and(&about)
}

// above adds the caps about a topic.
func (c *Contact) above(to capSet, topic string) capSet {
	if s, ok := c.topics.by[topic]; ok {
		return to.or(&s)
	}
	return to
}

// younger is the first cap whose window is longer than an age.
func (c *Contact) younger(age time.Duration) int {
	lo, hi := 0, len(c.caps)
	for lo < hi {
		if mid := (lo + hi) / 2; c.caps[mid].Window > age {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}

// Bounds reports whether the policy counts anything.
func (c *Contact) Bounds() bool { return len(c.caps) > 0 || c.budget.Amount > 0 }

// Keep is until when a cap or the budget counts a contact of a person, unless it is released; zero when none does. Caps of accounts
// count what the account remembers.
func (c *Contact) Keep(x *veiviser.Contact) time.Time {
	s := c.matching(x)
	until := c.longest(x, s.not(&c.account))
	if at := x.Time.Add(c.budget.Window); c.budget.Amount > 0 && x.Attention > 0 && at.After(until) {
		until = at
	}
	return until
}

// KeepForAccount is [Contact.Keep] for an account: until when a cap of accounts counts it.
func (c *Contact) KeepForAccount(x *veiviser.Contact) time.Time {
	s := c.matching(x)
	return c.longest(x, s.and(&c.account))
}

// longest is when a contact leaves the longest window of some caps; zero for none.
func (c *Contact) longest(x *veiviser.Contact, of capSet) time.Time {
	if i, ok := of.last(); ok {
		return x.Time.Add(c.caps[i].Window)
	}
	return time.Time{}
}

// matching is the caps that count a contact, whatever its age.
func (c *Contact) matching(x *veiviser.Contact) capSet {
	here := c.at(x.Placement, x.Channel)
	return c.matchingAt(x, &here)
}

// matchingAt is matching of those that look at where it was.
func (c *Contact) matchingAt(x *veiviser.Contact, here *capSet) capSet {
	if here.empty() {
		return capSet{}
	}
	return c.of(x.ItemID, x.Kind, x.Topics).and(here)
}

// Of is the contact that showing an item on a placement makes: until when it is reserved is set where impressions are reported.
func (c *Contact) Of(it *veiviser.Item, p *veiviser.Placement, channel string, now time.Time, decision uint64) veiviser.Contact {
	x := veiviser.Contact{
		Time: now, ItemID: it.ID, Kind: it.Kind, Topics: it.Topics, Channel: channel, Placement: p.ID,
		Attention: uint32(attention(p)), Decision: decision,
	}
	if p.Impressions {
		x.Until = now.Add(c.reserve)
	}
	return x
}

// attention is how much of the budget a showing takes.
func attention(p *veiviser.Placement) int {
	if p.Attention == nil {
		return 1
	}
	return max(*p.Attention, 0)
}

// cachedZones is how many names of time zones that there are not are remembered.
const cachedZones = 1024

// quietClock is the quiet hours of a policy, and the time zones met so far.
type quietClock struct {
	quiet  []quietRule
	zone   *time.Location
	zones  *sync.Map // of *time.Location by name, nil for what there is not
	absent *atomic.Int32
}

// How much longer than they count contacts are kept, for calls that were overtaken by others: what they are about to decide is
// decided by an earlier clock. Calls that name their moment, as when a log is played, may be further apart than those of now.
const (
	keepLonger = 10 * time.Second
	keepPlayed = 10 * time.Minute
)

// Remember is what is kept of what she was shown, once the contacts of an answer are added: those that have not been released, and
// that a cap or the budget counts, or counted when they were shown; and those that did a little while ago. The oldest come
// first. Where there is no room, earlier showings are counted with later ones; see [veiviser.FoldContacts]. It is s.Contacts when
// nothing was added. played says that the moment is not the clock's.
func (c *Contact) Remember(s *veiviser.Standing, shown []veiviser.Contact, now time.Time, played bool) []veiviser.Contact {
	return remember(s, shown, now, played, c.Keep)
}

// RememberForAccount is [Contact.Remember] for an account.
func (c *Contact) RememberForAccount(s *veiviser.Standing, shown []veiviser.Contact, now time.Time, played bool) []veiviser.Contact {
	return remember(s, shown, now, played, c.KeepForAccount)
}

// remember keeps all that counts: what would be too much was not shown, or comes from identities that were joined, and goes when
// it is old. until says until when something counts by the plan of now; what counted only by an earlier one makes room.
func remember(s *veiviser.Standing, shown []veiviser.Contact, now time.Time, played bool,
	until func(*veiviser.Contact) time.Time,
) []veiviser.Contact {
	if len(shown) == 0 {
		return s.Contacts
	}
	then := now.Add(-keepLonger)
	if played {
		then = now.Add(-keepPlayed)
	}
	list := make([]veiviser.Contact, 0, len(s.Contacts)+len(shown))
	for i := range s.Contacts {
		if x := &s.Contacts[i]; x.Counts(then) && (x.Keep.After(then) || until(x).After(then)) {
			list = append(list, *x)
		}
	}
	list = append(list, shown...)
	slices.SortStableFunc(list, func(a, b veiviser.Contact) int { return a.Time.Compare(b.Time) })
	return fitted(list, now, until)
}

// fitted makes room where there is too little: what counts no more goes, then showings are counted together, and then what counts by
// earlier plans alone goes.
func fitted(list []veiviser.Contact, now time.Time, until func(*veiviser.Contact) time.Time) []veiviser.Contact {
	if len(list) > veiviser.MaxContacts {
		list = slices.DeleteFunc(list, func(x veiviser.Contact) bool {
			return !x.Counts(now) || !x.Keep.After(now) && !until(&x).After(now)
		})
	}
	if over := len(list) - veiviser.MaxContacts; over > 0 {
		list = veiviser.FoldContacts(list, over)
	}
	if len(list) > veiviser.MaxContacts {
		list = slices.DeleteFunc(list, func(x veiviser.Contact) bool { return !until(&x).After(now) })
	}
	return list
}
