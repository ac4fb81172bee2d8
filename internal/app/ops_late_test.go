package app_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// An order that is late opens its case by itself: she is seen with it at once, and within two seconds the shop hears of it, though
// nobody has met her.
func TestLateOrderIsReported(t *testing.T) {
	t.Parallel()
	c := dialGRPC(t, startServer(t, settings("")))
	promised := time.Now().Add(2 * time.Second)
	e := &veiviserv1.Event{
		EventId: "e", VisitorId: "kari", Type: "purchase", Subject: "bike/ebike",
		Attributes: map[string]string{"order": "o-1", "promised": promised.UTC().Format(time.RFC3339Nano)},
	}
	out := ask[*veiviserv1.RecordEventsResponse](t, c, "VisitService", "RecordEvents", &veiviserv1.RecordEventsRequest{Events: []*veiviserv1.Event{e}})
	if len(out.GetResults()) != 1 || out.GetResults()[0].GetStatus() != veiviserv1.EventStatus_EVENT_STATUS_ACCEPTED {
		t.Fatal(out)
	}
	seen := func(at *timestamppb.Timestamp) *veiviserv1.Standing {
		return ask[*veiviserv1.GetVisitorResponse](t, c, "VisitService", "GetVisitor", &veiviserv1.GetVisitorRequest{VisitorId: "kari", Time: at}).GetVisitor().GetStanding()
	}
	if s := seen(nil); len(s.GetCases()) != 0 || s.GetOrders()[0].GetLate() {
		t.Errorf("before the order is late: %v", s)
	}
	if s := seen(timestamppb.New(promised.Add(time.Second))); len(s.GetCases()) != 1 || !s.GetOrders()[0].GetLate() || s.GetCases()[0].GetCaseId() != "" {
		t.Errorf("seen as of when it is late: %v", s)
	}
	time.Sleep(time.Until(promised))
	var list *veiviserv1.ListCasesResponse
	within(t, "hearing of a late order", func() bool {
		list = ask[*veiviserv1.ListCasesResponse](t, c, "InsightService", "ListCases", &veiviserv1.ListCasesRequest{})
		return len(list.GetOpen()) == 1
	})
	if s := seen(nil); len(s.GetCases()) != 1 || s.GetCases()[0].GetCaseId() != list.GetOpen()[0].GetCaseId() {
		t.Errorf("she has %v, the list %v", s.GetCases(), list)
	}
	l := ask[*veiviserv1.GetLoyaltyResponse](t, c, "InsightService", "GetLoyalty", &veiviserv1.GetLoyaltyRequest{})
	if l.GetDeliveryCases() != 1 {
		t.Errorf("%d cases of deliveries", l.GetDeliveryCases())
	}
}
