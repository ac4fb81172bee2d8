package plan

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/eligible"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// What a contact policy may hold at most; contact.proto says the same.
const (
	maxCaps           = eligible.MaxCaps
	maxQuietHours     = 32
	maxCapTopics      = 32
	maxCapItems       = 256
	maxCapChannels    = 16
	maxCapPlacements  = 64
	maxBudget         = 1000
	maxAttention      = 100
	maxContradictions = 256

	leastWindow = time.Second
)

// contact checks how often people are spoken to, and when.
func (c *checker) contact() {
	p := &c.plan.Contact
	c.atMost("contact.caps", len(p.Caps), maxCaps, "caps")
	topics := c.topics()
	caps := map[string]int{}
	for i := range p.Caps[:min(len(p.Caps), maxLooked)] {
		at := fmt.Sprintf("contact.caps[%d]", i)
		c.ownID(at, p.Caps[i].ID, i, caps, "cap")
		c.cap(at, &p.Caps[i], &topics)
	}
	c.atMost("contact.quiet_hours", len(p.QuietHours), maxQuietHours, "quiet hours")
	hours := map[string]int{}
	for i := range p.QuietHours[:min(len(p.QuietHours), maxLooked)] {
		at := fmt.Sprintf("contact.quiet_hours[%d]", i)
		c.ownID(at, p.QuietHours[i].ID, i, hours, "quiet hours")
		c.quietHours(at, &p.QuietHours[i])
	}
	c.silent(p.QuietHours)
	if p.Budget.Amount < 0 || p.Budget.Amount > maxBudget {
		c.fail("contact.budget.amount", "must lie in 0–%d, is %d; 0 is no bound", maxBudget, p.Budget.Amount)
	}
	if p.Budget.Amount != 0 || p.Budget.Window != 0 {
		c.capWindow("contact.budget.window", p.Budget.Window)
	}
	c.reserve("contact.reserve_for", p.ReserveFor)
	if _, ok := eligible.Zone(p.TimeZone); p.TimeZone != "" && !ok {
		c.fail("contact.time_zone", "there is no time zone %q; use an IANA name such as \"Europe/Oslo\"", p.TimeZone)
	}
}

// ownID notes an id and checks it against those noted before.
func (c *checker) ownID(at, id string, i int, known map[string]int, what string) {
	if _, met := known[id]; !met {
		known[id] = i
	}
	c.id(at, id, i, known, what)
}

// topics are those of the plan's items and journeys.
func (c *checker) topics() register {
	var r register
	for i := range c.plan.Items {
		for _, t := range c.plan.Items[i].Topics {
			r.add(t, i)
		}
	}
	for i := range c.plan.Journeys {
		for _, t := range c.plan.Journeys[i].Subjects {
			r.add(t, i)
		}
	}
	return r
}

// topicsKnown checks topics against those of the plan's items and journeys: one must cover the other.
func (c *checker) topicsKnown(at string, topics []string, there *register) {
	if len(there.names) == 0 {
		return // the catalogue is others'
	}
	for i, t := range topics[:min(len(topics), maxLooked)] {
		known := t == "*" || slices.ContainsFunc(there.names, func(s string) bool {
			return veiviser.SubjectMatches(t, s) || veiviser.SubjectMatches(s, t)
		})
		if t != "" && !known {
			c.fail(fmt.Sprintf("%s[%d]", at, i), "%s", c.unknown("topic", t, there.names))
		}
	}
}

// cap checks one cap.
func (c *checker) cap(at string, x *veiviser.Cap, topics *register) {
	if x.Limit < 1 {
		c.fail(at+".limit", "must lie in 1–%d, is %d; what is never to be shown is a draft, or switched off",
			veiviser.MaxCapLimit, x.Limit)
	}
	c.atMost(at+".limit", x.Limit, veiviser.MaxCapLimit, "showings")
	c.capWindow(at+".window", x.Window)
	c.word(at+".per", "way to count", x.Per, []string{veiviser.PerItem, veiviser.PerTopic, veiviser.PerKind, veiviser.PerChannel})
	group := slices.ContainsFunc(c.plan.Journeys, func(j veiviser.Journey) bool { return j.Group })
	if x.Account && len(c.plan.Accounts.Roles) == 0 && !group {
		c.fail(at+".account", "the plan knows no accounts: it declares no buying roles, and no journey is one of groups")
	}
	c.words(at+".kinds", "kind", names(x.Kinds), kindNames())
	c.atMost(at+".topics", len(x.Topics), maxCapTopics, "topics")
	c.names(at+".topics", "topic", x.Topics, 128)
	c.topicsKnown(at+".topics", x.Topics, topics)
	c.atMost(at+".item_ids", len(x.Items), maxCapItems, "items")
	c.names(at+".item_ids", "item", x.Items, veiviser.MaxIDBytes)
	c.known(at+".item_ids", "item", x.Items, &c.items)
	if places := c.where(at, x.Channels, x.Placements); len(places) > 0 {
		c.counts(at, x, places)
	}
}

// capWindow checks a sliding window.
func (c *checker) capWindow(at string, d time.Duration) {
	if d < leastWindow || d > veiviser.MaxCapWindow {
		c.fail(at, "must lie between %v and %s, is %v", leastWindow, days(veiviser.MaxCapWindow), d)
	}
}

// reserve checks how long a showing waits for its impression; 0 is unset.
func (c *checker) reserve(at string, d time.Duration) {
	switch ttl := c.plan.Policy.WithDefaults().DecisionTTL; {
	case d == 0:
	case d < leastWindow || d > veiviser.MaxCapWindow:
		c.fail(at, "must lie between %v and %s, is %v", leastWindow, days(veiviser.MaxCapWindow), d)
	case ttl > 0 && d > ttl:
		c.fail(at, "is %v, but an impression names a decision, which is remembered for %v only: shorten it, or lengthen policy.decision_ttl", d, ttl)
	}
}

func days(d time.Duration) string { return fmt.Sprintf("%d days", d/(24*time.Hour)) }

func (c *checker) quietHours(at string, q *veiviser.QuietHours) {
	for _, t := range [...]struct{ field, value string }{{".from", q.From}, {".to", q.To}} {
		if _, ok := eligible.TimeOfDay(t.value); !ok {
			c.fail(at+t.field, "%q is no time of day; write it as \"21:00\", from 00:00 to 23:59", t.value)
		}
	}
	week := eligible.Weekdays()
	c.words(at+".days", "day", q.Days, slices.Concat(week[1:], week[:1]))
	c.where(at, q.Channels, q.Placements)
}

// attention checks how much of the budget a placement takes.
func (c *checker) attention(at string, p *veiviser.Placement) {
	takes := 1
	if p.Attention != nil {
		takes = *p.Attention
	}
	if takes < 0 || takes > maxAttention {
		c.fail(at+".attention", "must lie in 0–%d, is %d", maxAttention, takes)
	} else if b := c.plan.Contact.Budget.Amount; b > 0 && takes > b {
		c.fail(at+".attention", "takes %d of a budget of %d: nothing could ever be shown here", takes, b)
	}
}

// said checks what an item says, of what, and whether it must reach people.
func (c *checker) said(at string, it *veiviser.Item) {
	c.word(at+"duty", "duty", string(it.Duty), []string{string(veiviser.DutyTransactional), string(veiviser.DutyMandatory)})
	c.atMost(at+"product", len(it.Product), 128, "bytes")
	if k, ok := c.items.index[it.Product]; ok && it.Tells() {
		if other := &c.plan.Items[k]; other.Tells() && eligible.ProductOf(other) != it.Product {
			c.fail(at+"product", "%q is an item, and that one is about product %q; name the same product, or another", it.Product, other.Product)
		}
	}
	if it.Duty == veiviser.DutyTransactional && it.Rule == "" && len(it.Segments)+len(it.Journeys)+len(it.Topics) == 0 && !it.Care {
		c.fail(at+"duty", "would go to everybody, before everything and at every hour: say whose order or request it is about, with a rule, "+
			"segments, journeys or topics")
	}
}

// coherence checks that the plan does not contradict itself.
func (c *checker) coherence() {
	p := &c.plan.Coherence
	if p.Window != 0 && (p.Window < leastWindow || p.Window > veiviser.MaxCapWindow) {
		c.fail("coherence.window", "must lie between %v and %s, or be left out for %s, is %v", leastWindow, days(veiviser.MaxCapWindow),
			days(veiviser.DefaultCoherenceWindow), p.Window)
	}
	c.atMost("coherence.contradictions", len(p.Contradictions), maxContradictions, "contradictions")
	for i := range p.Contradictions[:min(len(p.Contradictions), maxLooked)] {
		at := fmt.Sprintf("coherence.contradictions[%d]", i)
		x := &p.Contradictions[i]
		for _, f := range [...]struct {
			field, value string
			limit        int
		}{{".claim", x.Claim, 64}, {".value", x.Value, 200}, {".other_claim", x.Other, 64}, {".other_value", x.OtherValue, 200}} {
			if f.value == "" {
				c.fail(at+f.field, "say it: two claims with their values")
			}
			c.atMost(at+f.field, len(f.value), f.limit, "bytes")
		}
		if x.Claim != "" && x.Claim == x.Other {
			c.fail(at+".other_claim", "a claim always contradicts itself with another value; name another claim")
		}
	}
	c.claims(p.Contradictions)
	c.contradictions()
}

// contradictions finds items of one product that would tell the same people different things at the same time.
func (c *checker) contradictions() {
	rules := eligible.NewCoherence(&c.plan.Coherence)
	of := map[string][]int{}
	for i := range c.plan.Items {
		it := &c.plan.Items[i]
		if it.Status == veiviser.StatusDraft || !it.Tells() {
			continue
		}
		if claim, found := rules.Contradict(it, it); found {
			c.fail(fmt.Sprintf("items[%d].claims[%q]", i, claim), "contradicts another claim of the same item %q", it.ID)
		}
		product := eligible.ProductOf(it)
		for _, k := range of[product] {
			if len(c.violations) == MaxViolations {
				return
			}
			c.contradict(rules, k, i)
		}
		of[product] = append(of[product], i)
	}
}

// contradict checks two items of one product.
func (c *checker) contradict(rules *eligible.Coherence, i, k int) {
	a, b := &c.plan.Items[i], &c.plan.Items[k]
	if !overlap(a, b) || !meet(audiences(a), audiences(b)) || a.ID == b.ID {
		return
	}
	claim, found := rules.Contradict(b, a)
	if !found {
		return
	}
	at, what := fmt.Sprintf("items[%d].price", k), "the price"
	if claim != "" {
		at, what = fmt.Sprintf("items[%d].claims[%q]", k, claim), fmt.Sprintf("the claim %q", claim)
	}
	c.fail(at, "items %q and %q say different things of product %q at the same time: %s", a.ID, b.ID, cmp.Or(b.Product, b.ID), what)
}

// overlap reports whether there is a moment at which two items may both be shown.
func overlap(a, b *veiviser.Item) bool {
	return (a.End.IsZero() || b.Start.IsZero() || b.Start.Before(a.End)) && (b.End.IsZero() || a.Start.IsZero() || a.Start.Before(b.End))
}
