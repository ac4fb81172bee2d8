package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"pgregory.net/rapid"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

func details(t *testing.T, s *spb.Status) (reason, field string) {
	t.Helper()
	for _, d := range status.FromProto(s).Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			reason = d.GetReason()
			if _, ok := veiviserv1.ErrorReason_value["ERROR_REASON_"+reason]; !ok || d.GetDomain() != "veiviser" {
				t.Errorf("%v is not of the contract", d)
			}
		case *errdetails.BadRequest:
			field = d.GetFieldViolations()[0].GetField()
		case error:
			t.Error(d)
		}
	}
	return reason, field
}

// Every HTTP route of the contract reaches its RPC, with what path, query and body say.
func TestRoutes(t *testing.T) {
	front, f := serve(t, Options{})
	plan := &veiviserv1.Plan{Name: "p"}
	tests := []struct {
		method, path, body, rpc string
		want                    proto.Message
	}{
		{"POST", "/v1/decisions:recommend", `{"visitorId":"v","placements":[{"placement":"banner","maxItems":2}]}`, "DecisionService/Recommend", &veiviserv1.RecommendRequest{VisitorId: "v", Placements: []*veiviserv1.PlacementRequest{{Placement: "banner", MaxItems: 2}}}},
		{"GET", "/v1/decisions:watch?visitorId=v&placements=a&placements=b&context.page=/x&maxItems=2&context.attributes[a.b]=c", "", "DecisionService/WatchRecommendations", &veiviserv1.WatchRecommendationsRequest{VisitorId: "v", Placements: []string{"a", "b"}, MaxItems: 2, Context: &veiviserv1.VisitContext{Page: "/x", Attributes: map[string]string{"a.b": "c"}}}},
		{"GET", "/v1/decisions/d1.0:explain?language=sv", "", "DecisionService/ExplainDecision", &veiviserv1.ExplainDecisionRequest{DecisionId: "d1.0", Language: "sv"}},
		{"POST", "/v1/events:record", `{"events":[{"eventId":"1"}]}`, "VisitService/RecordEvents", &veiviserv1.RecordEventsRequest{Events: []*veiviserv1.Event{{EventId: "1"}}}},
		{"GET", "/v1/visitors/v?language=nb", "", "VisitService/GetVisitor", &veiviserv1.GetVisitorRequest{VisitorId: "v", Language: "nb"}},
		{"POST", "/v1/visitors/v/directives", `{"kind":"DIRECTIVE_KIND_NOT_NOW"}`, "VisitService/SetDirective", &veiviserv1.SetDirectiveRequest{VisitorId: "v", Directive: &veiviserv1.Directive{Kind: veiviserv1.DirectiveKind_DIRECTIVE_KIND_NOT_NOW}}},
		{"GET", "/v1/visitors/v/directives", "", "VisitService/ListDirectives", &veiviserv1.ListDirectivesRequest{VisitorId: "v"}},
		{"DELETE", "/v1/visitors/v/directives/d", "", "VisitService/RemoveDirective", &veiviserv1.RemoveDirectiveRequest{VisitorId: "v", DirectiveId: "d"}},
		{"POST", "/v1/visitors/v:link", `{"linkedVisitorIds":["w"]}`, "VisitService/LinkVisitors", &veiviserv1.LinkVisitorsRequest{VisitorId: "v", LinkedVisitorIds: []string{"w"}}},
		{"GET", "/v1/visitors/v:export", "", "VisitService/ExportVisitor", &veiviserv1.ExportVisitorRequest{VisitorId: "v"}},
		{"DELETE", "/v1/visitors/v", "", "VisitService/EraseVisitor", &veiviserv1.EraseVisitorRequest{VisitorId: "v"}},
		{"POST", "/v1/items:upsert", `{"items":[{"itemId":"i"}]}`, "CatalogService/UpsertItems", &veiviserv1.UpsertItemsRequest{Items: []*veiviserv1.Item{{ItemId: "i"}}}},
		{"GET", "/v1/items/i", "", "CatalogService/GetItem", &veiviserv1.GetItemRequest{ItemId: "i"}},
		{"GET", "/v1/items?pageSize=3&kind=ITEM_KIND_OFFER&topic=bike", "", "CatalogService/ListItems", &veiviserv1.ListItemsRequest{PageSize: 3, Kind: veiviserv1.ItemKind_ITEM_KIND_OFFER, Topic: "bike"}},
		{"DELETE", "/v1/items/i?etag=e", "", "CatalogService/DeleteItem", &veiviserv1.DeleteItemRequest{ItemId: "i", Etag: "e"}},
		{"GET", "/v1/plan?version=3", "", "PlanService/GetPlan", &veiviserv1.GetPlanRequest{Version: "3"}},
		{"POST", "/v1/plan:validate", `{"plan":{"name":"p"}}`, "PlanService/ValidatePlan", &veiviserv1.ValidatePlanRequest{Plan: plan}},
		{"POST", "/v1/plan:publish", `{"plan":{"name":"p"},"expectedVersion":"2"}`, "PlanService/PublishPlan", &veiviserv1.PublishPlanRequest{Plan: plan, ExpectedVersion: "2"}},
		{"GET", "/v1/plan/versions?pageToken=x", "", "PlanService/ListPlanVersions", &veiviserv1.ListPlanVersionsRequest{PageToken: "x"}},
		{"POST", "/v1/plan:rollBack", `{}`, "PlanService/RollBackPlan", &veiviserv1.RollBackPlanRequest{}},
		{"POST", "/v1/plan:evaluate", `{"plan":{"name":"p"}}`, "InsightService/EvaluatePlan", &veiviserv1.EvaluatePlanRequest{Plan: plan}},
		{"GET", "/v1/segments?pageSize=3", "", "InsightService/ListSegmentProfiles", &veiviserv1.ListSegmentProfilesRequest{PageSize: 3}},
		{"GET", "/v1/segments/s", "", "InsightService/GetSegmentProfile", &veiviserv1.GetSegmentProfileRequest{SegmentId: "s"}},
		{"GET", "/v1/insights/funnel?journey=j", "", "InsightService/GetFunnel", &veiviserv1.GetFunnelRequest{Journey: "j"}},
		{"GET", "/v1/insights/readiness", "", "InsightService/GetReadiness", &veiviserv1.GetReadinessRequest{}},
		{"GET", "/v1/insights/cards", "", "InsightService/ListInsights", &veiviserv1.ListInsightsRequest{}},
		{"GET", "/v1/insights/alerts", "", "InsightService/ListAlerts", &veiviserv1.ListAlertsRequest{}},
		{"GET", "/v1/insights/lift", "", "InsightService/GetLift", &veiviserv1.GetLiftRequest{}},
		{"GET", "/v1/insights/acquisition", "", "InsightService/GetAcquisition", &veiviserv1.GetAcquisitionRequest{}},
	}
	for _, tt := range tests {
		t.Run(tt.rpc, func(t *testing.T) {
			got := do(t, front, tt.method, tt.path, tt.body)
			method, in, _ := f.asked()
			if got.code != http.StatusOK || method != "/veiviser.v1."+tt.rpc {
				t.Fatalf("%d from %q: %s", got.code, method, got.body)
			}
			if diff := cmp.Diff(tt.want, in, protocmp.Transform()); diff != "" {
				t.Error(diff)
			}
		})
	}
	if got := do(t, front, "POST", "/v1/plan:simulate", `{}`); got.code != http.StatusNotImplemented {
		t.Errorf("simulate: %d %s", got.code, got.body)
	}
}

// Ids hold any character; in paths they are percent-encoded, and arrive unescaped once.
func TestPathEscapes(t *testing.T) {
	front, f := serve(t, Options{})
	// escape also encodes what url.PathEscape leaves alone but routes give a meaning.
	escape := func(id string) string {
		return strings.NewReplacer(":", "%3A", ".", "%2E").Replace(url.PathEscape(id))
	}
	check := func(t interface{ Fatalf(string, ...any) }, id string) {
		req, err := http.NewRequestWithContext(context.Background(), "GET", front.URL+"/v1/visitors/"+escape(id)+":export", nil)
		if err != nil {
			t.Fatalf("%q: %v", id, err)
		}
		resp, err := front.Client().Do(req)
		if err != nil {
			t.Fatalf("%q: %v", id, err)
		}
		resp.Body.Close()
		_, in, _ := f.asked()
		if got, ok := in.(*veiviserv1.ExportVisitorRequest); !ok || got.GetVisitorId() != id {
			t.Fatalf("%q: %d, arrived as %v", id, resp.StatusCode, in)
		}
	}
	for _, id := range []string{"a/b", "a//b", "..", "a%2Fb", "%", "a b", "a+b", "a:link", "x:export", "{v}", "*", "å/ø", "?", "#", "a;b", "\\"} {
		check(t, id)
	}
	rapid.Check(t, func(t *rapid.T) { check(t, rapid.StringN(1, 20, 128).Draw(t, "id")) })
	got := do(t, front, "GET", "/v1/visitors/a:b", "")
	_, in, _ := f.asked()
	if asked, ok := in.(*veiviserv1.GetVisitorRequest); got.code != http.StatusOK || !ok || asked.GetVisitorId() != "a:b" {
		t.Errorf("a colon that is no verb: %d, %v", got.code, in)
	}
}

// Valuing a plan may take longer than the rest, and longer than the server lets an answer be written in.
func TestValuingPlansTakesLong(t *testing.T) {
	const short = 50 * time.Millisecond
	front, f := serve(t, Options{Timeout: short}, func(s *http.Server) { s.ReadTimeout, s.WriteTimeout = short, short })
	f.answerWith(func(ctx context.Context, _ proto.Message) (proto.Message, error) {
		select {
		case <-time.After(3 * short):
			return &veiviserv1.EvaluatePlanResponse{Rows: 7}, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	})
	if got := do(t, front, "POST", "/v1/plan:evaluate", `{"plan":{}}`); got.code != http.StatusOK || !strings.Contains(got.body, `"rows":"7"`) {
		t.Errorf("%d %s", got.code, got.body)
	}
}

// What the service says leaves whole, with the status that HTTP has for it.
func TestErrors(t *testing.T) {
	front, f := serve(t, Options{Timeout: 200 * time.Millisecond})
	tests := map[string]struct {
		method, path, body string
		answer             error
		code               int
		reason, field      string
		retryAfter         string
	}{
		"of the service": {
			"GET", "/v1/items/i", "",
			with(codes.NotFound, &errdetails.ErrorInfo{Reason: "UNKNOWN_ITEM", Domain: "veiviser"}, &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: "item_id"}}}),
			http.StatusNotFound, "UNKNOWN_ITEM", "item_id", "",
		},
		"with a pause": {
			"GET", "/v1/items/i", "",
			with(codes.Unavailable, &errdetails.ErrorInfo{Reason: "STORE_UNAVAILABLE", Domain: "veiviser"}, &errdetails.RetryInfo{RetryDelay: durationpb.New(1500 * time.Millisecond)}),
			http.StatusServiceUnavailable, "STORE_UNAVAILABLE", "", "2",
		},
		"overloaded":     {"GET", "/v1/items/i", "", with(codes.ResourceExhausted, &errdetails.ErrorInfo{Reason: "OVERLOADED", Domain: "veiviser"}), http.StatusTooManyRequests, "OVERLOADED", "", ""},
		"of grpc":        {"GET", "/v1/items/i", "", status.Error(codes.ResourceExhausted, "grpc: received message larger than max"), http.StatusRequestEntityTooLarge, "REQUEST_TOO_LARGE", "", ""},
		"of nobody":      {"GET", "/v1/items/i", "", status.Error(codes.Unknown, "redis at 10.0.0.7"), http.StatusInternalServerError, "INTERNAL", "", ""},
		"no credentials": {"GET", "/v1/items/i", "", with(codes.Unauthenticated, &errdetails.ErrorInfo{Reason: "INTERNAL", Domain: "veiviser"}), http.StatusUnauthorized, "INTERNAL", "", ""},
		"too slow":       {"GET", "/v1/items/slow", "", nil, http.StatusGatewayTimeout, "DEADLINE_EXCEEDED", "", ""},
		"unknown field":  {"POST", "/v1/events:record", `{"events":[{"eventId":"1","typ":"view"}]}`, nil, http.StatusBadRequest, "INVALID_FIELD", "typ", ""},
		"twice":          {"POST", "/v1/events:record", `{"events":[],"events":[]}`, nil, http.StatusBadRequest, "INVALID_FIELD", "events", ""},
		"another type":   {"POST", "/v1/events:record", `{"events":[{"eventId":7}]}`, nil, http.StatusBadRequest, "INVALID_FIELD", "eventId", ""},
		"no JSON":        {"POST", "/v1/events:record", `{"events":`, nil, http.StatusBadRequest, "INVALID_FIELD", "", ""},
		"more behind":    {"POST", "/v1/events:record", `{"events":[]} {"x":1}`, nil, http.StatusBadRequest, "INVALID_FIELD", "", ""},
		"no UTF-8":       {"POST", "/v1/events:record", "{\"events\":[{\"eventId\":\"a\xffb\"}]}", nil, http.StatusBadRequest, "INVALID_FIELD", "", ""},
		"deep":           {"POST", "/v1/events:record", `{"events":[{"attributes":` + strings.Repeat(`[`, 20000), nil, http.StatusBadRequest, "INVALID_FIELD", "", ""},
		"query":          {"GET", "/v1/items?pageSize=many", "", nil, http.StatusBadRequest, "INVALID_FIELD", "page_size", ""},
		"query twice":    {"GET", "/v1/decisions:watch?language=nb&language=sv", "", nil, http.StatusBadRequest, "INVALID_FIELD", "language", ""},
		"no enum":        {"GET", "/v1/decisions:watch?exploration=NO", "", nil, http.StatusBadRequest, "INVALID_FIELD", "exploration", ""},
		"no parameter":   {"GET", "/v1/decisions:watch?visitorId=v&languge=en", "", nil, http.StatusBadRequest, "INVALID_FIELD", "languge", ""},
		"none below":     {"GET", "/v1/decisions:watch?context.subjct=bike", "", nil, http.StatusBadRequest, "INVALID_FIELD", "context.subjct", ""},
		"no message":     {"GET", "/v1/decisions:watch?visitorId.x=y", "", nil, http.StatusBadRequest, "INVALID_FIELD", "visitorId.x", ""},
		"no map":         {"GET", "/v1/decisions:watch?placements[0]=a", "", nil, http.StatusBadRequest, "INVALID_FIELD", "placements[0]", ""},
		"in a map":       {"GET", "/v1/decisions:watch?context.attributes.region=oslo", "", nil, http.StatusBadRequest, "INVALID_FIELD", "context.attributes.region", ""},
		"half a name":    {"GET", "/v1/decisions:watch?context.attributes[region=oslo", "", nil, http.StatusBadRequest, "INVALID_FIELD", "context.attributes[region", ""},
		"two names":      {"GET", "/v1/decisions:watch?context.attributes[a[b]]=oslo", "", nil, http.StatusBadRequest, "INVALID_FIELD", "context.attributes[a[b]]", ""},
		"map twice":      {"GET", "/v1/decisions:watch?context.attributes[a]=1&context.attributes[a]=2", "", nil, http.StatusBadRequest, "INVALID_FIELD", "attributes", ""},
		"no name":        {"GET", "/v1/decisions:watch?%3Cb%3E=1", "", nil, http.StatusBadRequest, "INVALID_FIELD", "", ""},
		"no query":       {"GET", "/v1/items/i?languge=en", "", nil, http.StatusBadRequest, "INVALID_FIELD", "languge", ""},
		"of the path":    {"GET", "/v1/visitors/v?visitorId=w", "", nil, http.StatusBadRequest, "INVALID_FIELD", "visitorId", ""},
		"of the body":    {"POST", "/v1/decisions:recommend?preview=true", "{}", nil, http.StatusBadRequest, "INVALID_FIELD", "preview", ""},
		"of its part":    {"POST", "/v1/visitors/v/directives?directive.kind=x", "{}", nil, http.StatusBadRequest, "INVALID_FIELD", "directive.kind", ""},
		"no encoding":    {"GET", "/v1/items?topic=%zz", "", nil, http.StatusBadRequest, "INVALID_FIELD", "", ""},
		"bad escape":     {"GET", "/v1/visitors/a%zz", "", nil, http.StatusBadRequest, "", "", ""},
		"no route":       {"GET", "/v1/nothing", "", nil, http.StatusNotFound, "UNKNOWN_ROUTE", "", ""},
		"no page":        {"GET", "/nothing", "", nil, http.StatusNotFound, "UNKNOWN_ROUTE", "", ""},
		"slashes":        {"GET", "/v1//items", "", nil, http.StatusNotFound, "UNKNOWN_ROUTE", "", ""},
		"method":         {"PUT", "/v1/items/i", "", nil, http.StatusMethodNotAllowed, "UNKNOWN_ROUTE", "", ""},
		"method of page": {"POST", "/", "", nil, http.StatusMethodNotAllowed, "UNKNOWN_ROUTE", "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f.answerWith(func(ctx context.Context, in proto.Message) (proto.Message, error) {
				if in, ok := in.(*veiviserv1.GetItemRequest); ok && in.GetItemId() == "slow" {
					<-ctx.Done()
					return nil, ctx.Err()
				}
				return &veiviserv1.GetItemResponse{}, tt.answer
			})
			if name == "bad escape" {
				if got := raw(t, front, "GET "+tt.path+" HTTP/1.1\r\nHost: x\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 400 ") {
					t.Error(got)
				}
				return
			}
			got := do(t, front, tt.method, tt.path, tt.body)
			reason, field := got.status(t)
			if got.code != tt.code || reason != tt.reason || field != tt.field || got.header.Get("Retry-After") != tt.retryAfter {
				t.Errorf("%d %s %q, retry %q; want %d %s %q, retry %q: %s", got.code, reason, field, got.header.Get("Retry-After"), tt.code, tt.reason, tt.field, tt.retryAfter, got.body)
			}
			if strings.Contains(got.body, "10.0.0.7") {
				t.Errorf("the answer tells what only the log may know: %s", got.body)
			}
			if www := got.header.Get("WWW-Authenticate"); www != "" && www != "Bearer" {
				t.Errorf("WWW-Authenticate: %s", www)
			}
		})
	}
}

// with is a status with details.
func with(c codes.Code, d ...interface {
	Reset()
	String() string
	ProtoMessage()
},
) error {
	s := status.New(c, `said by the service "quote"`)
	for _, x := range d {
		s, _ = s.WithDetails(x)
	}
	return s.Err()
}

func TestStartPageAndDocument(t *testing.T) {
	front, _ := serve(t, Options{})
	for path, want := range map[string]string{
		"/": "<!doctype html>", "/start.js": `"use strict"`, "/start.css": ":root", "/openapi.json": `"swagger": "2.0"`,
	} {
		got := do(t, front, "GET", path, "")
		if got.code != http.StatusOK || !strings.Contains(got.body, want) || got.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %.80s", path, got.code, got.body)
		}
		if strings.Contains(got.body, "http://") && path != "/openapi.json" || strings.Contains(got.body, "https://") && path != "/openapi.json" {
			t.Errorf("%s loads from elsewhere", path)
		}
	}
	if got := do(t, front, "GET", "/", ""); !strings.Contains(got.header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Error("the start page has no policy")
	}
	if got := do(t, front, "GET", "/static/index.html", ""); got.code != http.StatusNotFound {
		t.Errorf("the folder itself is served: %d", got.code)
	}
}
