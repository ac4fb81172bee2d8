package app_test

import (
	"context"
	"syscall"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// What a degraded answer promises: nothing is sold to anybody, a letter needs a word that nobody can look up, and what binds for who was
// met lately binds, also when it was said a moment before Redis froze.
func TestOpsDegradedAnswersAreCareful(t *testing.T) {
	r := ownRedis(t)
	r.start()
	plan := samplePlan(t)
	plan.Contact = nil // or caps would keep the offers away
	for _, p := range plan.GetPlacements() {
		p.Rule = "" // the newsletter is for subscribers
	}
	cfg := settings(r.url())
	cfg.Plan = planFolder(t, plan)
	s := connect(t, startServer(t, cfg))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	events := func(visitor string, types ...string) (list []*veiviserv1.Event) {
		for _, kind := range types {
			list = append(list, &veiviserv1.Event{EventId: visitor + "-" + kind, VisitorId: visitor, Type: kind, Subject: "bike/ebike"})
		}
		return list
	}
	recommend := func(visitor string, degraded bool) []*veiviserv1.PlacementDecision {
		t.Helper()
		out, err := s.decisions.Recommend(ctx, &veiviserv1.RecommendRequest{
			VisitorId: visitor, Events: events(visitor, "compare", "cart_add", "checkout"), Context: &veiviserv1.VisitContext{Subject: "bike/ebike"},
			Exploration: veiviserv1.Exploration_EXPLORATION_OFF,
			Placements:  []*veiviserv1.PlacementRequest{{Placement: "product_side"}, {Placement: "newsletter"}},
		})
		if err != nil || out.GetDegraded() != degraded {
			t.Fatalf("%v, %v", out, err)
		}
		return out.GetDecisions()
	}
	offers := func(d *veiviserv1.PlacementDecision) (n int) {
		for _, item := range d.GetItems() {
			if item.GetKind() == veiviserv1.ItemKind_ITEM_KIND_OFFER {
				n++
			}
		}
		return n
	}
	if n := offers(recommend("buyer", false)[0]); n == 0 {
		t.Error("nothing is sold to who is about to buy: the test is blind")
	}
	if _, err := s.visits.SetDirective(ctx, &veiviserv1.SetDirectiveRequest{VisitorId: "pausing", Directive: &veiviserv1.Directive{
		Kind: veiviserv1.DirectiveKind_DIRECTIVE_KIND_NOT_NOW, ExpireTime: timestamppb.New(time.Now().Add(time.Hour)),
	}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.visits.RecordEvents(ctx, &veiviserv1.RecordEventsRequest{Events: events("complaining", "complaint")}); err != nil {
		t.Fatal(err)
	}
	r.signal(syscall.SIGSTOP)
	defer r.signal(syscall.SIGCONT)
	for _, visitor := range []string{"buyer", "stranger", "complaining", "pausing"} {
		d := recommend(visitor, true)
		page, letter := d[0], d[1]
		if offers(page) > 0 || len(letter.GetItems()) > 0 {
			t.Errorf("%s: %v", visitor, d)
		}
		silence, letters := veiviserv1.SilenceReason_SILENCE_REASON_UNSPECIFIED, veiviserv1.SilenceReason_SILENCE_REASON_STANDING_UNKNOWN
		if visitor == "pausing" {
			silence, letters = veiviserv1.SilenceReason_SILENCE_REASON_PAUSED, veiviserv1.SilenceReason_SILENCE_REASON_PAUSED
		}
		if page.GetSilenceReason() != silence || letter.GetSilenceReason() != letters {
			t.Errorf("%s: the page is silent with %v, the letter with %v", visitor, page.GetSilenceReason(), letter.GetSilenceReason())
		}
		if first := page.GetItems(); visitor == "complaining" && (len(first) == 0 || first[0].GetReasons()[0].GetCode() != "PUTS_RIGHT") {
			t.Errorf("%s: help does not go first: %v", visitor, first)
		}
	}
}
