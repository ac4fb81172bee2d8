package web

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// Answers of a watched visit come as they are made, a line or an event each, and the service hears when the reader left.
func TestWatch(t *testing.T) {
	for _, tt := range []struct{ accept, contentType, first, second string }{
		{"", "application/x-ndjson", `{"result":{"answer":{`, `"planVersion":"2"`},
		{"text/event-stream", "text/event-stream", `data: {"answer":{`, `"planVersion":"2"`},
		{"text/event-stream, */*;q=0.1", "text/event-stream", `data: {"answer":{`, `"planVersion":"2"`},
	} {
		t.Run(tt.accept, func(t *testing.T) {
			front, f := serve(t, Options{})
			next, left := make(chan struct{}), make(chan struct{})
			f.watch = func(st grpc.ServerStreamingServer[veiviserv1.WatchRecommendationsResponse]) error {
				defer close(left)
				for _, v := range []string{"1", "2"} {
					if err := st.Send(&veiviserv1.WatchRecommendationsResponse{Answer: &veiviserv1.RecommendResponse{PlanVersion: v}}); err != nil {
						return err
					}
					<-next
				}
				<-st.Context().Done()
				return st.Context().Err()
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			req, err := http.NewRequestWithContext(ctx, "GET", front.URL+"/v1/decisions:watch?visitorId=v&placements=banner", nil)
			if err != nil {
				t.Fatal(err)
			}
			if tt.accept != "" {
				req.Header.Set("Accept", tt.accept)
			}
			resp, err := front.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if got := resp.Header.Get("Content-Type"); got != tt.contentType {
				t.Errorf("content type %q", got)
			}
			lines := bufio.NewScanner(resp.Body)
			read := func() string {
				for lines.Scan() {
					if lines.Text() != "" {
						return strings.ReplaceAll(lines.Text(), " ", "")
					}
				}
				t.Fatal(lines.Err())
				return ""
			}
			if got := read(); !strings.HasPrefix(got, strings.ReplaceAll(tt.first, " ", "")) || !strings.Contains(got, `"planVersion":"1"`) {
				t.Errorf("first: %s", got)
			}
			next <- struct{}{} // only now is the second made: the first was flushed
			if got := read(); !strings.Contains(got, tt.second) {
				t.Errorf("second: %s", got)
			}
			next <- struct{}{}
			cancel()
			<-left
		})
	}
}

// A stream that fails says so: in an answer like that of any other error when nothing was sent yet, as its last message otherwise.
func TestWatchFails(t *testing.T) {
	front, f := serve(t, Options{})
	sent := 0
	f.watch = func(st grpc.ServerStreamingServer[veiviserv1.WatchRecommendationsResponse]) error {
		for range sent {
			if err := st.Send(&veiviserv1.WatchRecommendationsResponse{}); err != nil {
				return err
			}
		}
		return with(codes.Unavailable, &errdetails.ErrorInfo{Reason: "STORE_UNAVAILABLE", Domain: "veiviser"}, &errdetails.RetryInfo{RetryDelay: durationpb.New(time.Second)})
	}
	for _, accept := range []string{"", "text/event-stream"} {
		for sent = range 2 {
			got := do(t, front, "GET", "/v1/decisions:watch", "", "Accept", accept)
			if want := []int{http.StatusServiceUnavailable, http.StatusOK}[sent]; got.code != want || !strings.Contains(got.body, "STORE_UNAVAILABLE") {
				t.Errorf("%q after %d: %d %s", accept, sent, got.code, got.body)
			}
			if sent > 0 {
				continue
			}
			if reason, _ := got.status(t); reason != "STORE_UNAVAILABLE" || got.header.Get("Retry-After") != "1" {
				t.Errorf("%q: %s, %v", accept, got.body, got.header)
			}
		}
	}
}

// A stream outlives the timeouts of the server; what is no stream does not.
func TestWatchOutlivesTimeouts(t *testing.T) {
	const short = 50 * time.Millisecond
	front, f := serve(t, Options{}, func(s *http.Server) { s.ReadTimeout, s.WriteTimeout = short, short })
	f.watch = func(st grpc.ServerStreamingServer[veiviserv1.WatchRecommendationsResponse]) error {
		for range 3 {
			if err := st.Send(&veiviserv1.WatchRecommendationsResponse{}); err != nil {
				return err
			}
			select {
			case <-time.After(2 * short):
			case <-st.Context().Done():
				return st.Context().Err()
			}
		}
		return nil
	}
	if got := do(t, front, "GET", "/v1/decisions:watch", ""); strings.Count(got.body, "result") != 3 || strings.Contains(got.body, "error") {
		t.Errorf("%d %s", got.code, got.body)
	}
	if got := raw(t, front, "POST /v1/events:record HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n{"); strings.HasPrefix(got, "HTTP/1.1 200") {
		t.Errorf("a body that never came: %s", got)
	}
}
