package decide

import (
	"testing"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// A portrait says the class that what she bought for puts her in, and none of somebody who is not profiled: the value of her
// purchases is forgotten then.
func TestPortraitTier(t *testing.T) {
	snap := sykkel(t)
	v := &veiviser.Visitor{ID: "ada", Value: 12000}
	if p := portray(snap, v, "", noon); p.Tier != "everyday" {
		t.Errorf("got tier %q", p.Tier)
	}
	v.Standing.Directives = []veiviser.Directive{{Kind: veiviser.DoNotProfile, Created: noon}}
	if p := portray(snap, v, "", noon); p.Tier != "" || p.Profiled {
		t.Errorf("got tier %q of somebody who is not profiled", p.Tier)
	}
}
