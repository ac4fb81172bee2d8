package plan

import "github.com/veiviser/veiviser/internal/veiviser"

// staffed checks what a placement for employees cannot have: what is shown there is no contact with the visitor, so nothing is
// counted, reserved or tried out.
func (c *checker) staffed(at string, p *veiviser.Placement) {
	if !p.Staff {
		return
	}
	if p.Impressions {
		c.fail(at+".reports_impressions", "a placement for staff has no impressions: what is shown there is no contact with the visitor")
	}
	if p.Attention != nil && *p.Attention != 0 {
		c.fail(at+".attention", "a placement for staff takes nothing of the visitor's attention; leave it out")
	}
	if p.Exploration != nil && *p.Exploration != 0 {
		c.fail(at+".exploration", "nothing is tried out on people who talk with us; leave it out")
	}
}
