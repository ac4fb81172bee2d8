package web

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// raw sends bytes to the server and gives what comes back until it closes or pauses.
func raw(t *testing.T, front *httptest.Server, text string) string {
	t.Helper()
	c, err := net.Dial("tcp", front.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	if err := c.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return fmt.Sprintf("%s %s\n%s", resp.Proto, resp.Status, b)
}

// No header of a client becomes metadata, another method, a deadline or an address, on any kind of route.
func TestHeaderSmuggling(t *testing.T) {
	front, f := serve(t, Options{})
	var left time.Duration
	f.answerWith(func(ctx context.Context, _ proto.Message) (proto.Message, error) {
		left = -1
		if d, ok := ctx.Deadline(); ok {
			left = time.Until(d)
		}
		return &veiviserv1.GetItemResponse{}, nil
	})
	routes := []struct{ method, path, body, rpc string }{
		{"POST", "/v1/decisions:recommend", `{}`, "DecisionService/Recommend"},
		{"GET", "/v1/decisions:watch", "", "DecisionService/WatchRecommendations"},
		{"GET", "/v1/visitors/v", "", "VisitService/GetVisitor"},
		{"DELETE", "/v1/visitors/v", "", "VisitService/EraseVisitor"},
		{"POST", "/v1/items:upsert", `{}`, "CatalogService/UpsertItems"},
		{"POST", "/v1/plan:publish", `{}`, "PlanService/PublishPlan"},
		{"GET", "/v1/segments", "", "InsightService/ListSegmentProfiles"},
	}
	headers := [][2]string{
		{"Grpc-Metadata-Authorization", "Bearer evil"},
		{"grpc-metadata-x-tenant-id", "evil"},
		{"Grpc-Metadata-Trace-Bin", "ZXZpbA=="},
		{"X-Tenant-Id", "evil"},
		{"X-Forwarded-For", "evil"},
		{"X-Forwarded-Host", "evil"},
		{"X-Real-Ip", "evil"},
		{"Forwarded", "for=evil"},
		{"X-Http-Method-Override", "DELETE"},
		{"X-Method-Override", "DELETE"},
		{"Cookie", "a=evil"},
		{"Te", "trailers"},
		{"Grpc-Timeout", "99999999H"},
		{"Grpc-Timeout", "1n"},
		{"Grpc-Timeout", "-1S"},
		{"Grpc-Encoding", "evil"},
		{"Grpcgateway-User", "evil"},
		{"Content-Type", "application/x-www-form-urlencoded"},
		{"X-Data-Bin", "%%%"},
		{"User-Agent", "evil"},
		{"Trace-Proto-Bin", "ZXZpbA=="},
	}
	allowed := map[string]bool{":authority": true, "content-type": true, "user-agent": true, "x-forwarded-for": true, "grpc-accept-encoding": true}
	for _, r := range routes {
		for _, h := range headers {
			got := do(t, front, r.method, r.path, r.body, h[0], h[1])
			method, _, md := f.asked()
			if got.code != http.StatusOK || method != "/veiviser.v1."+r.rpc {
				t.Errorf("%s with %v: %d from %q", r.rpc, h, got.code, method)
			}
			for k, values := range md {
				if !allowed[k] || strings.Contains(fmt.Sprint(values), "evil") {
					t.Errorf("%s with %v: metadata %s = %v", r.rpc, h, k, values)
				}
			}
			if ip := md.Get("x-forwarded-for"); len(ip) != 1 || ip[0] != "127.0.0.1" {
				t.Errorf("%s with %v: came from %v", r.rpc, h, ip)
			}
			most := DefaultTimeout
			if r.rpc == "PlanService/PublishPlan" {
				most = patience
			}
			if r.rpc != "DecisionService/WatchRecommendations" && (left <= time.Second || left > most) {
				t.Errorf("%s with %v: %v left", r.rpc, h, left)
			}
		}
	}
	do(t, front, "GET", "/v1/segments", "", "Authorization", "Bearer mine", "Traceparent", "00-1-2-01", "Accept-Language", "nb")
	_, _, md := f.asked()
	for k, want := range map[string]string{"authorization": "Bearer mine", "traceparent": "00-1-2-01", "accept-language": "nb"} {
		if got := md.Get(k); len(got) != 1 || got[0] != want {
			t.Errorf("%s = %v, want %q alone", k, got, want)
		}
	}
}

// zeros is a body of any size that costs nothing.
type zeros struct{ left int64 }

func (z *zeros) Read(p []byte) (int, error) {
	if z.left <= 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), z.left))
	for i := range p[:n] {
		p[i] = ' '
	}
	z.left -= int64(n)
	return n, nil
}

func TestBodyLimit(t *testing.T) {
	front, f := serve(t, Options{})
	for _, tt := range []struct {
		path string
		size int64
		code int
	}{
		{"/v1/decisions:recommend", maxBody, http.StatusOK},
		{"/v1/decisions:recommend", maxBody + 1, http.StatusRequestEntityTooLarge},
		{"/v1/events:record", 256 << 20, http.StatusRequestEntityTooLarge},
		{"/v1/items:upsert", maxItemsBody, http.StatusOK},
		{"/v1/items:upsert", maxItemsBody + 1, http.StatusRequestEntityTooLarge},
		{"/v1/plan:publish", maxPlanBody, http.StatusOK},
		{"/v1/plan:publish", maxPlanBody + 1, http.StatusRequestEntityTooLarge},
		{"/v1/visitors/v:link", maxBody + 1, http.StatusRequestEntityTooLarge},
	} {
		req, err := http.NewRequestWithContext(t.Context(), "POST", front.URL+tt.path, io.NopCloser(&zeros{left: tt.size})) // chunked: no length is announced
		if err != nil {
			t.Fatal(err)
		}
		resp, err := front.Client().Do(req)
		if err != nil && tt.code == http.StatusRequestEntityTooLarge {
			continue // refused before it was read: the connection was closed on the sender
		}
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		a := answered{code: resp.StatusCode, header: resp.Header, body: string(b)}
		if a.code != tt.code {
			t.Errorf("%s with %d bytes: %d %s", tt.path, tt.size, a.code, a.body)
		}
		if method, _, _ := f.asked(); (method == "") != (tt.code != http.StatusOK) {
			t.Errorf("%s with %d bytes reached %q", tt.path, tt.size, method)
		}
		if tt.code != http.StatusOK {
			if reason, _ := a.status(t); reason != "REQUEST_TOO_LARGE" {
				t.Errorf("reason %s", reason)
			}
		}
	}
	got := do(t, front, "POST", "/v1/plan:publish", `{"plan":{"items":[`+strings.Repeat("{},", 5<<20)+`{}]}}`)
	if reason, _ := got.status(t); reason != "REQUEST_TOO_LARGE" || got.code != http.StatusRequestEntityTooLarge {
		t.Errorf("five million empty items: %d %s", got.code, got.body)
	}
}

func TestOtherOrigins(t *testing.T) {
	closed, f := serve(t, Options{})
	open, fo := serve(t, Options{Origins: []string{"https://shop.example"}})
	for _, tt := range []struct {
		front  *httptest.Server
		origin string
		site   string
		code   int
		allow  string
	}{
		{closed, "https://shop.example", "cross-site", http.StatusForbidden, ""},
		{closed, "null", "", http.StatusForbidden, ""},
		{closed, "", "", http.StatusOK, ""}, // no browser
		{open, "https://shop.example", "cross-site", http.StatusOK, "https://shop.example"},
		{open, "https://shop.example.evil", "cross-site", http.StatusForbidden, ""},
		{open, "http://shop.example", "cross-site", http.StatusForbidden, ""},
		{open, "null", "cross-site", http.StatusForbidden, ""},
	} {
		var h []string
		if tt.origin != "" {
			h = append(h, "Origin", tt.origin)
		}
		if tt.site != "" {
			h = append(h, "Sec-Fetch-Site", tt.site)
		}
		got := do(t, tt.front, "POST", "/v1/decisions:recommend", `{}`, h...)
		if got.code != tt.code || got.header.Get("Access-Control-Allow-Origin") != tt.allow || got.header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%q: %d %v", tt.origin, got.code, got.header)
		}
		m1, _, _ := f.asked()
		m2, _, _ := fo.asked()
		if (m1+m2 == "") != (tt.code != http.StatusOK) {
			t.Errorf("%q reached %q", tt.origin, m1+m2)
		}
		if tt.code == http.StatusForbidden {
			if reason, _ := got.status(t); reason != "FOREIGN_ORIGIN" {
				t.Errorf("reason %s", reason)
			}
		}
	}
	for origin, want := range map[string]string{"https://shop.example": "https://shop.example", "https://evil.example": ""} {
		got := do(t, open, "OPTIONS", "/v1/decisions:recommend", "", "Origin", origin, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type")
		if got.header.Get("Access-Control-Allow-Origin") != want {
			t.Errorf("preflight of %s: %v", origin, got.header)
		}
	}
	for _, origin := range []string{"*", "https://*.example", "shop.example", "https://shop.example/", ""} {
		if _, err := Handler(t.Context(), Options{Origins: []string{origin}}); err == nil {
			t.Errorf("%q was taken as an origin", origin)
		}
	}
}

// Whoever dribbles a request is cut off, and large headers are refused.
func TestServerLimits(t *testing.T) {
	s := Server(http.NotFoundHandler())
	for name, d := range map[string]time.Duration{"ReadHeaderTimeout": s.ReadHeaderTimeout, "ReadTimeout": s.ReadTimeout, "WriteTimeout": s.WriteTimeout, "IdleTimeout": s.IdleTimeout} {
		if d <= 0 || d > 2*time.Minute {
			t.Errorf("%s = %v", name, d)
		}
	}
	front, _ := serve(t, Options{})
	if got := raw(t, front, "GET / HTTP/1.1\r\nHost: x\r\nX: "+strings.Repeat("x", 32<<10)+"\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 431") {
		t.Errorf("32 KiB of headers: %s", got)
	}
}
