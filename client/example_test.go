package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"time"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"google.golang.org/grpc"

	"github.com/veiviser/veiviser/client"
)

// demo stands in for the service, so that the examples run.
func demo() (addr string, stop func()) {
	f := &fake{recommend: func(_ context.Context, in *veiviserv1.RecommendRequest) (*veiviserv1.RecommendResponse, error) {
		if in.GetPlacements()[0].GetPlacement() != "home-hero" {
			return nil, failure(5, "UNKNOWN_PLACEMENT", "no placement is called "+in.GetPlacements()[0].GetPlacement(), 0)
		}
		return &veiviserv1.RecommendResponse{PlanVersion: "1", Decisions: []*veiviserv1.PlacementDecision{{
			Placement: "home-hero", DecisionId: "d1", Items: []*veiviserv1.RecommendedItem{{
				ItemId: "guide-ebike", Reasons: []*veiviserv1.Reason{{Code: "FITS_STAGE", Text: "Hjelper deg å sammenligne"}},
			}},
		}}}, nil
	}, watch: func(_ *veiviserv1.WatchRecommendationsRequest, s grpc.ServerStreamingServer[veiviserv1.WatchRecommendationsResponse]) error {
		for _, item := range []string{"guide-ebike", "test-ride"} {
			if err := s.Send(&veiviserv1.WatchRecommendationsResponse{Answer: &veiviserv1.RecommendResponse{
				Decisions: []*veiviserv1.PlacementDecision{{Items: []*veiviserv1.RecommendedItem{{ItemId: item}}}},
			}}); err != nil {
				return err
			}
		}
		<-s.Context().Done()
		return nil
	}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	s := f.server()
	go func() { _ = s.Serve(l) }()
	return l.Addr().String(), s.Stop
}

// What to show a visitor on the start page.
func Example() {
	addr, stop := demo() // in earnest "127.0.0.1:50051"
	defer stop()
	c, err := client.New(addr)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = c.Close() }()

	answer, err := c.Recommend(context.Background(), &veiviserv1.RecommendRequest{
		VisitorId:  "ana",
		Context:    &veiviserv1.VisitContext{Subject: "bike/ebike", Language: "nb"},
		Placements: []*veiviserv1.PlacementRequest{{Placement: "home-hero"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, item := range answer.GetDecisions()[0].GetItems() {
		fmt.Println(item.GetItemId(), "–", item.GetReasons()[0].GetText())
	}
	// Output: guide-ebike – Hjelper deg å sammenligne
}

// Errors are Go values with the reason of the contract.
func ExampleError() {
	addr, stop := demo()
	defer stop()
	c, err := client.New(addr)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = c.Close() }()

	_, err = c.Recommend(context.Background(), &veiviserv1.RecommendRequest{
		VisitorId: "ana", Placements: []*veiviserv1.PlacementRequest{{Placement: "hero"}},
	})
	if e, ok := errors.AsType[*client.Error](err); ok {
		fmt.Println(e.Code, e.Reason, errors.Is(err, client.ErrUnknownPlacement))
	}
	// Output: NotFound ERROR_REASON_UNKNOWN_PLACEMENT true
}

// Events are delivered in batches; Close returns when all are.
func ExampleClient_Events() {
	addr, stop := demo()
	defer stop()
	c, err := client.New(addr)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = c.Close() }()

	events := c.Events(client.BatchOptions{
		OnResult: func(e *veiviserv1.Event, r *veiviserv1.EventResult) {
			if r.GetStatus() == veiviserv1.EventStatus_EVENT_STATUS_REJECTED {
				log.Printf("event %s: %s", e.GetEventId(), r.GetMessage())
			}
		},
	})
	for _, what := range []string{"view", "compare", "save"} {
		if err := events.Add(context.Background(), &veiviserv1.Event{VisitorId: "ana", Type: what, Subject: "bike/ebike"}); err != nil {
			log.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := events.Close(ctx); err != nil {
		log.Printf("%v; kept for later: %d", err, len(events.Undelivered()))
	}
	fmt.Println(events.Stats().Accepted, "accepted")
	// Output: 3 accepted
}

// An answer of one's own when the service is away.
func ExampleWithFallback() {
	bestSellers := func(_ context.Context, req *veiviserv1.RecommendRequest, _ *client.Error) *veiviserv1.RecommendResponse {
		return &veiviserv1.RecommendResponse{Decisions: []*veiviserv1.PlacementDecision{{
			Placement: req.GetPlacements()[0].GetPlacement(), Fallback: true,
			Items: []*veiviserv1.RecommendedItem{{ItemId: "best-seller", Kind: veiviserv1.ItemKind_ITEM_KIND_OFFER}},
		}}}
	}
	c, err := client.New("127.0.0.1:1", client.WithFallback(bestSellers)) // nobody listens there
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = c.Close() }()

	answer, err := c.Recommend(context.Background(), &veiviserv1.RecommendRequest{
		VisitorId: "ana", Placements: []*veiviserv1.PlacementRequest{{Placement: "home-hero"}},
	})
	fmt.Println(answer.GetDecisions()[0].GetItems()[0].GetItemId(), answer.GetDegraded(), client.IsLocal(answer), err)
	// Output: best-seller true true <nil>
}

// A visit followed as it goes on.
func ExampleClient_Watch() {
	addr, stop := demo()
	defer stop()
	c, err := client.New(addr)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = c.Close() }()

	for answer, err := range c.Watch(context.Background(), &veiviserv1.WatchRecommendationsRequest{
		VisitorId: "ana", Placements: []string{"home-hero"},
	}) {
		if err != nil {
			log.Fatal(err)
		}
		item := answer.GetDecisions()[0].GetItems()[0].GetItemId()
		fmt.Println(item)
		if item == "test-ride" {
			break
		}
	}
	// Output:
	// guide-ebike
	// test-ride
}
