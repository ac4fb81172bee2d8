package plan

import (
	"fmt"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// What a plan may hold at most of purposes; contact.proto says the same.
const (
	maxPurposes        = 16
	maxPurposeChannels = 16
)

// purposes checks what people are asked to agree to.
func (c *checker) purposes() {
	c.atMost("purposes", len(c.plan.Purposes), maxPurposes, "purposes")
	known, profile := map[string]int{}, -1
	for i := range c.plan.Purposes[:min(len(c.plan.Purposes), maxLooked)] {
		p, at := &c.plan.Purposes[i], fmt.Sprintf("purposes[%d]", i)
		if _, twice := known[p.ID]; !twice {
			known[p.ID] = i
		}
		c.id(at, p.ID, i, known, "purpose")
		if len(p.Name) == 0 {
			c.fail(at+".name", "say in words what she is asked to agree to")
		}
		c.text(at+".name", p.Name, 200)
		c.atMost(at+".version", len(p.Version), veiviser.MaxNameBytes, "bytes")
		if p.Renew && p.Version == "" {
			c.fail(at+".renew", "say the version of the text, or nobody could agree to another one")
		}
		if p.Renew && p.Granted {
			c.fail(at+".granted", "would stand for whoever agreed to an earlier version, and nobody would be asked again: leave it out, or renew")
		}
		if p.Profile && profile >= 0 {
			c.fail(at+".profile", "only one purpose can be the one without which nothing is remembered; purposes[%d] is it", profile)
		} else if p.Profile {
			profile = i
		}
		c.atMost(at+".channels", len(p.Channels), maxPurposeChannels, "channels")
		c.names(at+".channels", "channel", p.Channels, veiviser.MaxNameBytes)
		c.known(at+".channels", "channel", p.Channels, &c.channels)
		c.notStaff(at+".channels", p.Channels)
		if !p.Profile && len(p.Channels) == 0 {
			c.fail(at, "binds nothing: say in which channels only who agreed is spoken to, or that nothing is remembered without it (profile)")
		}
	}
}
