package learn

import (
	"fmt"
	"testing"
	"time"
)

// Places are bounded, whatever is sent: those seen lately stay, and are watched again when they come back.
func TestPlacesAreBounded(t *testing.T) {
	p, at := newPlaces(), time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)
	for i := range 3 * maxPlaces {
		at = at.Add(time.Minute)
		for whose := range uint64(fewPeople) {
			watched := p.seen("region", fmt.Sprint("r", i), whose+1, at)
			if watched != (whose == fewPeople-1) {
				t.Fatalf("r%d with %d people: %v", i, whose+1, watched)
			}
		}
		if !p.seen("region", "r0", 1, at) {
			t.Fatalf("a place where people are was forgotten after %d others", i)
		}
		p.seen("region", fmt.Sprint("rumour", i), 1, at)
	}
	if len(p.Known) > maxPlaces || len(p.Rumours) > maxRumours {
		t.Errorf("%d are watched, %d rumoured", len(p.Known), len(p.Rumours))
	}
	if p.seen("channel", "r0", 1, at) {
		t.Error("a region is taken for a channel")
	}
}
