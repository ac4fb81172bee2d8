package eligible_test

import (
	"slices"
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/eligible"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// A word on her stage keeps nothing away of what she has said something else of since, while that holds.
func TestLaterWordBinds(t *testing.T) {
	now := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	looking := veiviser.Directive{ID: "looking", Kind: veiviser.JustLooking}
	offer := func(topics ...string) *veiviser.Item { return &veiviser.Item{Kind: veiviser.KindOffer, Topics: topics} }
	for name, tc := range map[string]struct {
		words []veiviser.Directive
		ebike bool // an offer of one is kept away
	}{
		"alone": {[]veiviser.Directive{looking}, true},
		"later": {[]veiviser.Directive{looking, {Kind: veiviser.Decided, Subject: "bike"}}, false},
		"corrected": {
			[]veiviser.Directive{looking, {Kind: veiviser.CorrectStage, Target: "purchase", Subject: "bike/ebike"}}, false,
		},
		"over":      {[]veiviser.Directive{looking, {Kind: veiviser.Decided, Subject: "bike", Expires: now}}, true},
		"earlier":   {[]veiviser.Directive{{Kind: veiviser.Decided, Subject: "bike"}, looking}, true},
		"no word":   {[]veiviser.Directive{looking, {Kind: veiviser.NotNow, Subject: "bike", Expires: now}}, true},
		"elsewhere": {[]veiviser.Directive{looking, {Kind: veiviser.Decided, Subject: "parts"}}, true},
	} {
		bars := eligible.Wishes(&veiviser.Standing{Directives: tc.words}, "web", now)
		kept := func(it *veiviser.Item) bool {
			return slices.ContainsFunc(bars, func(b veiviser.Bar) bool { return b.Keeps(it) })
		}
		if kept(offer("bike/ebike/cargo", "parts/lock")) != (tc.ebike && name != "elsewhere") || kept(offer("bike/ebike")) != tc.ebike {
			t.Errorf("%s: %+v", name, bars)
		}
		if !kept(offer("skis")) || !kept(offer()) {
			t.Errorf("%s: of the rest she said nothing else: %+v", name, bars)
		}
	}
}
