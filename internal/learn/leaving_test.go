package learn

import (
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Silence is leaving only after days, and not while an order is under way.
func TestWorthLater(t *testing.T) {
	made := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	view := &veiviser.NeedView{Value: 0.4}
	view.ByStandard[veiviser.StageUse.Index()] = 0.1
	gone := veiviser.Visitor{Visit: veiviser.Visit{Start: made.Add(-time.Minute)}}
	back := veiviser.Visitor{Visit: veiviser.Visit{Start: made.Add(time.Hour)}}
	ordered := gone
	ordered.Counts = []veiviser.TypeCount{{Type: veiviser.EventPurchase, At: 7}}
	arrived := gone
	arrived.Counts = []veiviser.TypeCount{{Type: veiviser.EventPurchase, At: 7}, {Type: "delivery_confirmed", At: 8}}
	for _, x := range []struct {
		name   string
		window time.Duration
		person veiviser.Visitor
		want   float64
	}{
		{"gone", 7 * 24 * time.Hour, gone, 0.1},
		{"back", 7 * 24 * time.Hour, back, 0.4},
		{"too soon to say", 30 * time.Minute, gone, 0.4},
		{"waits for her order", 7 * 24 * time.Hour, ordered, 0.4},
		{"has got it, and is gone", 7 * 24 * time.Hour, arrived, 0.1},
	} {
		d := &veiviser.LoggedDecision{Time: made, Terms: veiviser.Terms{ProgressWindow: x.window}}
		if got := worthLater(view, &x.person, d); got != x.want {
			t.Errorf("%s: %g, want %g", x.name, got, x.want)
		}
	}
}
