package app_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// ask makes a call over gRPC and fails the test when it fails.
func ask[Out proto.Message](t *testing.T, c caller, service, rpc string, in proto.Message) Out {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	out, err := c.call(ctx, method(t, service, rpc), in)
	if err != nil {
		t.Fatalf("%s: %v", rpc, err)
	}
	typed, ok := out.(Out)
	if !ok {
		t.Fatalf("%s answers %T", rpc, out)
	}
	return typed
}

// versionOf is the version of the plan behind an answer of a server.
func versionOf(t *testing.T, c caller) string {
	t.Helper()
	return ask[*veiviserv1.RecommendResponse](t, c, "DecisionService", "Recommend", &veiviserv1.RecommendRequest{
		VisitorId: "probe", Placements: []*veiviserv1.PlacementRequest{{Placement: "home_hero"}}, Preview: true,
	}).GetPlanVersion()
}

// changed is the sample plan with another attention cost.
func changed(t *testing.T, cost float64) *veiviserv1.Plan {
	t.Helper()
	p := samplePlan(t)
	p.Policy.AttentionCost = cost
	return p
}

// Two servers in one process share nothing: no visitor, no plan, no item, no count.
func TestTwoServersShareNothing(t *testing.T) {
	t.Parallel()
	for _, s := range stores {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			url := s.url(t)
			one := dialGRPC(t, startServer(t, settings(url)))
			two := dialGRPC(t, startServer(t, settings(url)))
			event := &veiviserv1.Event{EventId: "e", VisitorId: "kari", Type: "view"}
			record := &veiviserv1.RecordEventsRequest{Events: []*veiviserv1.Event{event}}
			ask[*veiviserv1.RecordEventsResponse](t, one, "VisitService", "RecordEvents", record)
			ask[*veiviserv1.PublishPlanResponse](t, one, "PlanService", "PublishPlan", &veiviserv1.PublishPlanRequest{Plan: changed(t, 0.07)})
			ask[*veiviserv1.DeleteItemResponse](t, one, "CatalogService", "DeleteItem", &veiviserv1.DeleteItemRequest{ItemId: "offer-lock"})

			time.Sleep(1200 * time.Millisecond) // two looks of every replica at the store, were it the same
			if v1, v2 := versionOf(t, one), versionOf(t, two); v1 != "2" || v2 != "1" {
				t.Errorf("plan versions %s and %s, want 2 and 1", v1, v2)
			}
			ask[*veiviserv1.GetItemResponse](t, two, "CatalogService", "GetItem", &veiviserv1.GetItemRequest{ItemId: "offer-lock"})
			if _, err := two.call(t.Context(), method(t, "VisitService", "GetVisitor"), &veiviserv1.GetVisitorRequest{VisitorId: "kari"}); failure(err) != "error NOT_FOUND UNKNOWN_VISITOR visitor_id\n" {
				t.Errorf("the other server knows the visitor: %v", err)
			}
			again := ask[*veiviserv1.RecordEventsResponse](t, two, "VisitService", "RecordEvents", record)
			if got := again.GetResults()[0].GetStatus(); got != veiviserv1.EventStatus_EVENT_STATUS_ACCEPTED {
				t.Errorf("the same event on the other server is %v", got)
			}
			profile := ask[*veiviserv1.GetSegmentProfileResponse](t, two, "InsightService", "GetSegmentProfile", &veiviserv1.GetSegmentProfileRequest{SegmentId: "customers"})
			if profile.GetProfile().GetSize() != 0 {
				t.Errorf("the other server counted %v", profile)
			}
		})
	}
}

// replicas are servers of one tenant on one Redis.
func replicas(t *testing.T, n int) []caller {
	t.Helper()
	cfg := settings(redisURL(t))
	var out []caller
	for range n {
		out = append(out, dialGRPC(t, startServer(t, cfg)))
	}
	return out
}

// follows is how soon a replica must follow what another one did.
const follows = 2 * time.Second

// within waits until ok holds and says how long it took; it fails the test when that is longer than allowed.
func within(t *testing.T, what string, ok func() bool) {
	t.Helper()
	begun := time.Now()
	for !ok() {
		if time.Since(begun) > follows {
			t.Fatalf("%s took longer than %v", what, follows)
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Logf("%s took %v", what, time.Since(begun).Round(time.Millisecond))
}

// Replicas on one store follow each other within two seconds: plans published and rolled back, items written and deleted;
// visitors, duplicates and decisions at once.
func TestReplicasFollow(t *testing.T) {
	t.Parallel()
	r := replicas(t, 2)
	one, two := r[0], r[1]
	for i, cost := range []float64{0.07, 0.08} {
		want := fmt.Sprint(i + 2)
		ask[*veiviserv1.PublishPlanResponse](t, r[i], "PlanService", "PublishPlan", &veiviserv1.PublishPlanRequest{Plan: changed(t, cost)})
		if got := versionOf(t, r[i]); got != want {
			t.Errorf("the replica that published answers with %s, want %s", got, want)
		}
		within(t, "following a plan", func() bool { return versionOf(t, r[1-i]) == want })
	}
	ask[*veiviserv1.RollBackPlanResponse](t, one, "PlanService", "RollBackPlan", &veiviserv1.RollBackPlanRequest{Version: "1"})
	within(t, "following a rollback", func() bool { return versionOf(t, two) == "1" })

	item := &veiviserv1.Item{
		ItemId: "fresh", Kind: veiviserv1.ItemKind_ITEM_KIND_CONTENT, Boost: 0.5,
		Representations: []*veiviserv1.Representation{{Format: "card", Title: "Fresh"}},
	}
	ask[*veiviserv1.UpsertItemsResponse](t, one, "CatalogService", "UpsertItems", &veiviserv1.UpsertItemsRequest{Items: []*veiviserv1.Item{item}})
	request := &veiviserv1.RecommendRequest{
		VisitorId: "kari", Exploration: veiviserv1.Exploration_EXPLORATION_OFF,
		Placements: []*veiviserv1.PlacementRequest{{Placement: "product_side", MaxItems: 1}},
	}
	served := func(c caller) []string {
		var ids []string
		for _, it := range ask[*veiviserv1.RecommendResponse](t, c, "DecisionService", "Recommend", request).GetDecisions()[0].GetItems() {
			ids = append(ids, it.GetItemId())
		}
		return ids
	}
	within(t, "following an item", func() bool { return slices.Equal(served(two), []string{"fresh"}) })
	ask[*veiviserv1.DeleteItemResponse](t, two, "CatalogService", "DeleteItem", &veiviserv1.DeleteItemRequest{ItemId: "fresh"})
	within(t, "following a deletion", func() bool { return !slices.Contains(served(one), "fresh") })

	record := &veiviserv1.RecordEventsRequest{Events: []*veiviserv1.Event{{EventId: "e", VisitorId: "kari", Type: "view"}}}
	for i, want := range []string{"ACCEPTED", "DUPLICATE"} {
		out := ask[*veiviserv1.RecordEventsResponse](t, r[i], "VisitService", "RecordEvents", record)
		if got := short(out.GetResults()[0].GetStatus()); got != want {
			t.Errorf("on replica %d the event is %s, want %s", i, got, want)
		}
	}
	decision := ask[*veiviserv1.RecommendResponse](t, one, "DecisionService", "Recommend", request).GetDecisions()[0].GetDecisionId()
	ask[*veiviserv1.ExplainDecisionResponse](t, two, "DecisionService", "ExplainDecision", &veiviserv1.ExplainDecisionRequest{DecisionId: decision})
}

// A visit watched on one replica hears of events that come in on another.
func TestWatchAcrossReplicas(t *testing.T) {
	t.Parallel()
	r := replicas(t, 2)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	watch := &veiviserv1.WatchRecommendationsRequest{
		VisitorId: "kari", Placements: []string{"product_side"}, Exploration: veiviserv1.Exploration_EXPLORATION_OFF,
	}
	answers := 0
	var recorded time.Time
	for m, err := range r[0].follow(ctx, method(t, "DecisionService", "WatchRecommendations"), watch) {
		if err != nil {
			t.Fatal(err)
		}
		if answers++; answers == 2 {
			t.Logf("the answer came after %v", time.Since(recorded).Round(time.Millisecond))
			if needs := m.(*veiviserv1.WatchRecommendationsResponse).GetAnswer().GetNeeds(); len(needs) == 0 || needs[0].GetEvents() != 1 {
				t.Errorf("the answer knows of no event: %v", needs)
			}
			return
		}
		recorded = time.Now()
		ask[*veiviserv1.RecordEventsResponse](t, r[1], "VisitService", "RecordEvents", &veiviserv1.RecordEventsRequest{
			Events: []*veiviserv1.Event{{EventId: "e", VisitorId: "kari", Type: "compare", Subject: "bike/ebike"}},
		})
	}
	t.Fatalf("%d answers", answers)
}
