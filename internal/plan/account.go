package plan

import (
	"slices"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// CapsAccounts reports whether any cap counts all persons of an account together.
func (s *Snapshot) CapsAccounts() bool {
	return slices.ContainsFunc(s.Plan.Contact.Caps, func(c veiviser.Cap) bool { return c.Account })
}

// UnknownRole says what is wrong with a role that an event names, "" for nothing. Any is right where the plan declares none.
func (s *Snapshot) UnknownRole(role string) string {
	if role == "" || role == veiviser.LeaveAccount || len(s.Plan.Accounts.Roles) == 0 {
		return ""
	}
	return wrongWord("role", role, ids(s.Plan.Accounts.Roles, func(r *veiviser.BuyingRole) string { return r.ID }))
}

// Silent reports whether what somebody in this role does says nothing about the stage of the account. A role that the plan does
// not know, and did when it was named, speaks.
func (s *Snapshot) Silent(role string) bool {
	return slices.ContainsFunc(s.Plan.Accounts.Roles, func(r veiviser.BuyingRole) bool { return r.ID == role && r.Silent })
}
