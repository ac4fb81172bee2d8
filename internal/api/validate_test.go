package api

import (
	"math"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/veiviser/veiviser/internal/veiviser"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

func testValidator(tb testing.TB) *validator {
	tb.Helper()
	v, err := newValidator()
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

// recommend is a valid request, changed by f.
func recommend(f func(*veiviserv1.RecommendRequest)) *veiviserv1.RecommendRequest {
	r := typicalRequest()
	if f != nil {
		f(r)
	}
	return r
}

// typicalRequest is what a shop's page sends.
func typicalRequest() *veiviserv1.RecommendRequest {
	return &veiviserv1.RecommendRequest{
		VisitorId: "8c3f6f6e-5f0f-4b6e-9d0e-3f1c5a2b7d10",
		Context: &veiviserv1.VisitContext{
			Channel: "web", Device: "phone", Language: "nb-NO", Referrer: "search", Page: "/bikes/fjell-29",
			Subject: "bike/ebike", Attributes: map[string]string{"country": "NO", "weather": "rain"},
		},
		Events: []*veiviserv1.Event{{
			EventId: "e-1", Type: "view", Subject: "bike/ebike", ItemId: "bike-fjell-29", Channel: "web",
			Time: &timestamppb.Timestamp{Seconds: 1795000000}, Attributes: map[string]string{"page": "/bikes/fjell-29"},
		}},
		Placements: []*veiviserv1.PlacementRequest{{Placement: "product_help", MaxItems: 3}, {Placement: "banner"}},
	}
}

func TestRequestLimits(t *testing.T) {
	long := strings.Repeat("x", 129)
	events := func(n int) []*veiviserv1.Event { return make([]*veiviserv1.Event, n) }
	tests := map[string]struct {
		msg    proto.Message
		reason veiviser.Reason // "" is valid
		field  string
	}{
		"typical":            {msg: recommend(nil)},
		"no visitor":         {recommend(func(r *veiviserv1.RecommendRequest) { r.VisitorId = "" }), veiviser.ReasonMalformedID, "visitor_id"},
		"long visitor":       {recommend(func(r *veiviserv1.RecommendRequest) { r.VisitorId = long }), veiviser.ReasonMalformedID, "visitor_id"},
		"no placements":      {recommend(func(r *veiviserv1.RecommendRequest) { r.Placements = nil }), veiviser.ReasonInvalidField, "placements"},
		"17 placements":      {recommend(func(r *veiviserv1.RecommendRequest) { r.Placements = many(17, r.GetPlacements()[0]) }), veiviser.ReasonTooManyPlacements, "placements"},
		"16 placements":      {msg: recommend(func(r *veiviserv1.RecommendRequest) { r.Placements = many(16, r.GetPlacements()[0]) })},
		"empty placement":    {recommend(func(r *veiviserv1.RecommendRequest) { r.Placements[1].Placement = "" }), veiviser.ReasonInvalidField, "placements[1].placement"},
		"too many items":     {recommend(func(r *veiviserv1.RecommendRequest) { r.Placements[0].MaxItems = 51 }), veiviser.ReasonInvalidField, "placements[0].max_items"},
		"negative items":     {recommend(func(r *veiviserv1.RecommendRequest) { r.Placements[0].MaxItems = -1 }), veiviser.ReasonInvalidField, "placements[0].max_items"},
		"long candidate":     {recommend(func(r *veiviserv1.RecommendRequest) { r.Placements[0].CandidateItemIds = []string{"a", long} }), veiviser.ReasonMalformedID, "placements[0].candidate_item_ids[1]"},
		"101 events":         {recommend(func(r *veiviserv1.RecommendRequest) { r.Events = many(101, r.GetEvents()[0]) }), veiviser.ReasonBatchTooLarge, "events"},
		"event without type": {recommend(func(r *veiviserv1.RecommendRequest) { r.Events = many(3, r.GetEvents()[0]); r.Events[2].Type = "" }), veiviser.ReasonInvalidField, "events[0].type"},
		"event without id":   {recommend(func(r *veiviserv1.RecommendRequest) { r.Events[0].EventId = "" }), veiviser.ReasonMalformedID, "events[0].event_id"},
		"event worth NaN":    {recommend(func(r *veiviserv1.RecommendRequest) { r.Events[0].Value = math.NaN() }), veiviser.ReasonInvalidField, "events[0].value"},
		"event at no time": {recommend(func(r *veiviserv1.RecommendRequest) {
			r.Events[0].Time = &timestamppb.Timestamp{Seconds: math.MaxInt64}
		}), veiviser.ReasonInvalidField, "events[0].time"},
		"negative nanos":         {recommend(func(r *veiviserv1.RecommendRequest) { r.Time = &timestamppb.Timestamp{Seconds: 5, Nanos: -7} }), veiviser.ReasonInvalidField, "time"},
		"time before 1970":       {recommend(func(r *veiviserv1.RecommendRequest) { r.Time = &timestamppb.Timestamp{Seconds: -5} }), veiviser.ReasonInvalidField, "time"},
		"odd language":           {recommend(func(r *veiviserv1.RecommendRequest) { r.Context.Language = "n b" }), veiviser.ReasonInvalidField, "context.language"},
		"unknown exploration":    {recommend(func(r *veiviserv1.RecommendRequest) { r.Exploration = 77 }), veiviser.ReasonInvalidField, "exploration"},
		"33 attributes":          {recommend(func(r *veiviserv1.RecommendRequest) { r.Context.Attributes = attributes(33) }), veiviser.ReasonInvalidField, "context.attributes"},
		"attribute value":        {recommend(func(r *veiviserv1.RecommendRequest) { r.Context.Attributes["country"] = strings.Repeat("x", 513) }), veiviser.ReasonInvalidField, "context.attributes"},
		"1001 events":            {&veiviserv1.RecordEventsRequest{Events: events(1001)}, veiviser.ReasonBatchTooLarge, "events"},
		"no events":              {&veiviserv1.RecordEventsRequest{}, veiviser.ReasonInvalidField, "events"},
		"bad events are results": {msg: &veiviserv1.RecordEventsRequest{Events: []*veiviserv1.Event{{}}}},
		"1001 items":             {&veiviserv1.UpsertItemsRequest{Items: make([]*veiviserv1.Item, 1001)}, veiviser.ReasonBatchTooLarge, "items"},
		"page token":             {&veiviserv1.ListItemsRequest{PageToken: strings.Repeat("x", 513)}, veiviser.ReasonInvalidPageToken, "page_token"},
		"page size":              {&veiviserv1.ListItemsRequest{PageSize: -1}, veiviser.ReasonInvalidField, "page_size"},
		"linked id":              {&veiviserv1.LinkVisitorsRequest{VisitorId: "a", LinkedVisitorIds: []string{"b", ""}}, veiviser.ReasonMalformedID, "linked_visitor_ids[1]"},
		"plan name to validate":  {msg: &veiviserv1.ValidatePlanRequest{Plan: &veiviserv1.Plan{Name: strings.Repeat("x", 201)}}},
		"plan name to publish":   {&veiviserv1.PublishPlanRequest{Plan: &veiviserv1.Plan{Name: strings.Repeat("x", 201)}}, veiviser.ReasonInvalidPlan, "plan.name"},
		"no plan":                {&veiviserv1.PublishPlanRequest{}, veiviser.ReasonInvalidField, "plan"},
		"odd version":            {&veiviserv1.GetPlanRequest{Version: "01"}, veiviser.ReasonInvalidField, "version"},
	}
	v := testValidator(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := v.request(tt.msg)
			if got := veiviser.ReasonOf(err); got != tt.reason {
				t.Fatalf("reason = %q, want %q (%v)", got, tt.reason, err)
			}
			if e := foreseenOrNil(err); e.Field() != tt.field {
				t.Errorf("field = %q, want %q", e.Field(), tt.field)
			}
		})
	}
}

func foreseenOrNil(err error) *veiviser.Error {
	if err == nil {
		return &veiviser.Error{}
	}
	return foreseen(err)
}

func many[T any](n int, x T) []T {
	out := make([]T, n)
	for i := range out {
		out[i] = x
	}
	return out
}

func attributes(n int) map[string]string {
	m := make(map[string]string, n)
	for i := range n {
		m[strings.Repeat("k", i+1)] = "v"
	}
	return m
}

func FuzzRecommendRequest(f *testing.F) { fuzzRequest(f, typicalRequest()) }

func FuzzRecordEventsRequest(f *testing.F) {
	fuzzRequest(f, &veiviserv1.RecordEventsRequest{Events: typicalRequest().GetEvents()})
}

func FuzzUpsertItemsRequest(f *testing.F) {
	fuzzRequest(f, &veiviserv1.UpsertItemsRequest{Items: []*veiviserv1.Item{typicalItem()}})
}

func FuzzPublishPlanRequest(f *testing.F) {
	fuzzRequest(f, &veiviserv1.PublishPlanRequest{Plan: &veiviserv1.Plan{Name: "p", Items: []*veiviserv1.Item{typicalItem()}}})
}

func FuzzWatchRecommendationsRequest(f *testing.F) {
	fuzzRequest(f, &veiviserv1.WatchRecommendationsRequest{VisitorId: "v", Placements: []string{"banner"}})
}

func FuzzLinkVisitorsRequest(f *testing.F) {
	fuzzRequest(f, &veiviserv1.LinkVisitorsRequest{VisitorId: "a", LinkedVisitorIds: []string{"b"}})
}

// fuzzRequest proves that no bytes make decoding, checking and converting a request panic, and that what is accepted
// keeps the limits.
func fuzzRequest(f *testing.F, seed proto.Message) {
	f.Helper()
	b, err := proto.Marshal(seed)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte{0xff})
	v := testValidator(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		m := seed.ProtoReflect().New().Interface()
		elements(b, m.ProtoReflect().Descriptor())
		if proto.Unmarshal(b, m) != nil || v.request(m) != nil {
			return
		}
		switch m := m.(type) {
		case *veiviserv1.RecommendRequest:
			req, err := requestFromProto(m)
			if err == nil && (len(req.VisitorID) > veiviser.MaxIDBytes || len(req.Placements) > veiviser.MaxPlacements) {
				t.Errorf("accepted %v", m)
			}
		case *veiviserv1.RecordEventsRequest:
			for _, e := range m.GetEvents() {
				if v.event(e) == nil {
					eventFromProto(e)
				}
			}
		case *veiviserv1.UpsertItemsRequest:
			for _, it := range m.GetItems() {
				_ = v.item(it)
			}
		}
	})
}

// The cost of the limits on the path of every decision.
func BenchmarkValidateRecommend(b *testing.B) {
	v, r := testValidator(b), typicalRequest()
	b.ReportAllocs()
	for b.Loop() {
		if err := v.request(r); err != nil {
			b.Fatal(err)
		}
	}
}
