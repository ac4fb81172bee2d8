package learn

import (
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

func TestConfirm(t *testing.T) {
	until := time.Date(2026, 11, 22, 12, 30, 0, 0, time.UTC)
	for _, c := range []struct {
		event veiviser.Event
		left  int // that are still only reserved
	}{
		{veiviser.Event{Type: "impression"}, 3},
		{veiviser.Event{Type: "impression", DecisionID: "other.0"}, 3},
		{veiviser.Event{Type: "impression", DecisionID: "a.0"}, 1},
		{veiviser.Event{Type: "impression", DecisionID: "a.0", ItemID: "guide"}, 2},
		{veiviser.Event{Type: "click", DecisionID: "a.0", ItemID: "guide"}, 1},
		{veiviser.Event{Type: "dismiss", DecisionID: "a.0"}, 1},
		{veiviser.Event{Type: "impression", DecisionID: "a.1"}, 2},
		{veiviser.Event{Type: "impression", DecisionID: "before.1"}, 2}, // on her screen since then
	} {
		v := &veiviser.Visitor{}
		for item, decision := range map[string]string{"guide": "a.0", "offer": "a.0", "call": "a.1"} {
			x := veiviser.Contact{ItemID: item, Decision: veiviser.HashID(decision), Until: until}
			if item == "call" {
				x.Earlier = []uint64{veiviser.HashID("first.1"), veiviser.HashID("before.1")}
			}
			v.Standing.Contacts = append(v.Standing.Contacts, x)
		}
		found := confirm(&v.Standing, &c.event)
		left := 0
		for _, x := range v.Standing.Contacts {
			if !x.Until.IsZero() {
				left++
			}
		}
		if left != c.left || found != (left < 3) {
			t.Errorf("%+v: %d are still reserved, want %d", c.event, left, c.left)
		}
	}
}
