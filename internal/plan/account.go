package plan

import (
	"slices"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// CapsAccounts reports whether any cap counts all persons of an account together.
func (s *Snapshot) CapsAccounts() bool {
	return slices.ContainsFunc(s.Plan.Contact.Caps, func(c veiviser.Cap) bool { return c.Account })
}

// Silent reports whether what somebody in this role does says nothing about the stage of the account. A role that the plan does
// not know speaks.
func (s *Snapshot) Silent(role string) bool {
	return slices.ContainsFunc(s.Plan.Accounts.Roles, func(r veiviser.BuyingRole) bool { return r.ID == role && r.Silent })
}
