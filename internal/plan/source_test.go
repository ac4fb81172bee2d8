package plan

import (
	"testing"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Where somebody comes from is remembered in words that the plan knows, and all others in one.
func TestSource(t *testing.T) {
	p := bikes()
	p.Acquisition.Costs = append(p.Acquisition.Costs, veiviser.AcquisitionCost{Source: "partner", Cost: 5})
	p.Placements[0].Channel = "web"
	s, err := Compile(1, p)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ referrer, channel, want string }{
		{"https://www.google.com/", "web", "search"},
		{"", "web", "web"},
		{"", "partner", "partner"},
		{"", "", ""},
		{"", "kiosk-77", SourceOther},
		{"", SourceOther, SourceOther},
	} {
		if got := s.Source(tt.referrer, tt.channel); got != tt.want {
			t.Errorf("%q, %q: %q, want %q", tt.referrer, tt.channel, got, tt.want)
		}
	}
}
