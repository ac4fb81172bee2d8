package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// maxRoles bounds the roles of a plan; contact.proto says the same.
const maxRoles = 32

// audiences checks the kinds of people and what holds for them.
func (c *checker) audiences() {
	known := audienceNames()
	var ids register
	for i := range c.plan.Audiences {
		ids.add(c.plan.Audiences[i].ID, i)
	}
	for i := range c.plan.Audiences[:min(len(c.plan.Audiences), maxLooked)] {
		a := &c.plan.Audiences[i]
		at := fmt.Sprintf("audiences[%d]", i)
		switch first := ids.index[a.ID]; {
		case a.ID == "":
			c.fail(at+".id", "say which audience this is about: %s", strings.Join(known, ", "))
		case first != i:
			c.fail(at+".id", "the audience %q is there already, as number %d; it can stand in the order only once", a.ID, first+1)
		default:
			c.word(at+".id", "audience", a.ID, known)
		}
		if len(a.Name) > 0 {
			c.text(at+".name", a.Name, 200)
		}
		if a.NeverSell && a.ID == veiviser.AudienceCustomer {
			c.fail(at+".never_sell", "customers are who offers are for; to sell nothing, leave the offers out or make them drafts")
		}
		c.word(at+".binds", "word", a.Binds, []string{veiviser.BindsNeed, veiviser.BindsPerson})
		if a.Binds == veiviser.BindsPerson && !a.NeverSell {
			c.fail(at+".binds", "says where never_sell holds, which is not set")
		}
	}
}

// sellsTo reports whether anything is ever sold to an audience. To customers it is, whatever the plan says: that is refused by itself.
func (c *checker) sellsTo(audience string) bool {
	return audience == veiviser.AudienceCustomer || !slices.ContainsFunc(c.plan.Audiences, func(a veiviser.Audience) bool { return a.NeverSell && a.ID == audience })
}

// roles checks the parts in a company's decision.
func (c *checker) roles() {
	roles := c.plan.Accounts.Roles
	c.atMost("accounts.roles", len(roles), maxRoles, "roles")
	var ids register
	for i := range roles {
		ids.add(roles[i].ID, i)
	}
	for i := range roles[:min(len(roles), maxLooked)] {
		r := &roles[i]
		at := fmt.Sprintf("accounts.roles[%d]", i)
		c.id(at, r.ID, i, ids.index, "role")
		if len(r.Name) > 0 {
			c.text(at+".name", r.Name, 200)
		}
	}
}
