package plan

import (
	"fmt"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// remembered checks that what the plan promises of people is not longer than it remembers them: whoever stays away is forgotten after
// policy.visitor_ttl, with all that was counted, told and put right.
func (c *checker) remembered() {
	p := c.plan
	ttl := p.Policy.WithDefaults().VisitorTTL
	if ttl <= 0 {
		return
	}
	for i := range p.Contact.Caps[:min(len(p.Contact.Caps), maxLooked)] {
		c.shorter(fmt.Sprintf("contact.caps[%d].window", i), p.Contact.Caps[i].Window, ttl, veiviser.MaxCapWindow)
	}
	c.shorter("contact.budget.window", p.Contact.Budget.Window, ttl, veiviser.MaxCapWindow)
	if c.tells() {
		c.shorter("coherence.window", p.Coherence.WithDefaults().Window, ttl, veiviser.MaxCapWindow)
	}
	if r := p.Relationship.WithDefaults().Recovery; p.Relationship.Recovery.Window != 0 || len(r.Steps) > 0 {
		c.shorter("relationship.recovery.window", r.Window, ttl, maxRelationTime)
	}
	if a := p.Acquisition; a.Window != 0 || a.Weight > 0 || len(a.Costs) > 0 {
		c.shorter("acquisition.window", a.WithDefaults().Window, ttl, maxRelationTime)
	}
}

// tells reports whether the plan holds anything against what people were told.
func (c *checker) tells() bool {
	if c.plan.Coherence.Window != 0 || len(c.plan.Coherence.Contradictions) > 0 {
		return true
	}
	for i := range c.plan.Items {
		if it := &c.plan.Items[i]; it.Product != "" && it.Tells() {
			return true
		}
	}
	return false
}

// shorter checks a time against ttl; what is longer than its limit is told of already.
func (c *checker) shorter(at string, d, ttl, limit time.Duration) {
	if d > ttl && d <= limit {
		c.fail(at, "is %v, but whoever stays away is forgotten after %v: shorten it, or lengthen policy.visitor_ttl", d, ttl)
	}
}
