package app_test

import veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

// account is what is believed of a company, and what its members were shown as far as it is counted.
func (p *printer) account(a *veiviserv1.GetAccountResponse) {
	p.line("%s events %d", a.GetAccountId(), a.GetEvents())
	for _, n := range a.GetNeeds() {
		p.need(n)
	}
	for _, c := range a.GetContacts() {
		p.line("shown %s on %s at %s", c.GetItemId(), c.GetPlacement(), at(c.GetTime()))
	}
}
