package veiviser_test

import (
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// However long something stays on a screen, the contact knows the latest decisions that showed it, and no more.
func TestStays(t *testing.T) {
	last := veiviser.Contact{Decision: 1, Until: time.Unix(60, 0)}
	for d := uint64(2); d <= 3*veiviser.MaxEarlier; d++ {
		next := veiviser.Contact{Decision: d, Until: time.Unix(60, 0)}
		next.Stays(&last)
		last = next
	}
	if len(last.Earlier) != veiviser.MaxEarlier || last.By(1) || last.Until.IsZero() {
		t.Errorf("%+v", last)
	}
	for d := uint64(2 * veiviser.MaxEarlier); d <= 3*veiviser.MaxEarlier; d++ {
		if !last.By(d) {
			t.Errorf("it is not of decision %d", d)
		}
	}
	seen := last
	seen.Until = time.Time{}
	next := veiviser.Contact{Until: time.Unix(60, 0)}
	if next.Stays(&seen); !next.Until.IsZero() {
		t.Error("what was seen is only reserved once it stays")
	}
}
