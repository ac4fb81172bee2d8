package app_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/veiviser/veiviser/internal/app"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// shownOn is what one placement shows somebody who looks at electric bikes.
func shownOn(t *testing.T, c caller) string {
	t.Helper()
	out := ask[*veiviserv1.RecommendResponse](t, c, "DecisionService", "Recommend", &veiviserv1.RecommendRequest{
		VisitorId: "kari", Exploration: veiviserv1.Exploration_EXPLORATION_OFF, Preview: true,
		Context:    &veiviserv1.VisitContext{Subject: "bike/ebike"},
		Placements: []*veiviserv1.PlacementRequest{{Placement: "product_side"}},
	})
	var ids []string
	for _, it := range out.GetDecisions()[0].GetItems() {
		ids = append(ids, it.GetItemId())
	}
	return strings.Join(ids, " ")
}

// Every replica follows a switch within two seconds: when it is set, and with every stage that comes back. The one that was asked
// follows at once.
func TestReplicasFollowSwitches(t *testing.T) {
	t.Parallel()
	r := replicas(t, 3)
	before := shownOn(t, r[0])
	if !strings.Contains(before, "ebike") {
		t.Fatalf("nothing about electric bikes is shown: %s", before)
	}
	silent := func(c caller) bool {
		now := shownOn(t, c)
		return !strings.Contains(now, "ebike") && strings.Contains(now, "statement-looking-into-it")
	}
	for round := range 3 {
		id := fmt.Sprint("battery-", round)
		ask[*veiviserv1.SetSwitchResponse](t, r[round], "PlanService", "SetSwitch", &veiviserv1.SetSwitchRequest{
			Switch: &veiviserv1.Switch{SwitchId: id, Topic: "bike/ebike", StatementItemId: "statement-looking-into-it"}, Author: "kari",
		})
		if !silent(r[round]) {
			t.Errorf("the replica that was asked still shows %s", shownOn(t, r[round]))
		}
		within(t, "following a switch", func() bool { return silent(r[(round+1)%3]) && silent(r[(round+2)%3]) })
		ask[*veiviserv1.ResumeSwitchResponse](t, r[round], "PlanService", "ResumeSwitch", &veiviserv1.ResumeSwitchRequest{SwitchId: id, All: true})
		within(t, "following a resumption", func() bool { return shownOn(t, r[(round+1)%3]) == before && shownOn(t, r[(round+2)%3]) == before })
	}
}

// Complaints that come all at once are an alert: in the list, on the stream over gRPC and over HTTP, and in the metrics.
func TestAlerts(t *testing.T) {
	t.Parallel()
	p := samplePlan(t)
	p.Crisis = &veiviserv1.Crisis{Bucket: durationpb.New(10 * time.Second), FalseAlarms: 1000}
	cfg := settings("")
	cfg.Plan = planFolder(t, p)
	server := startServer(t, cfg)
	c := dialGRPC(t, server)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	streamed := make(chan *veiviserv1.Alert, 100)
	go func() {
		for m, err := range c.follow(ctx, method(t, "InsightService", "WatchAlerts"), &veiviserv1.WatchAlertsRequest{}) {
			if err != nil {
				return
			}
			streamed <- m.(*veiviserv1.WatchAlertsResponse).GetAlert()
		}
	}()
	lines := make(chan string, 1)
	go func() { lines <- firstLine(ctx, server) }()
	time.Sleep(time.Until(time.Now().Truncate(10 * time.Second).Add(21 * time.Second))) // a whole bucket, so that something is usual
	for i := range 60 {
		ask[*veiviserv1.RecordEventsResponse](t, c, "VisitService", "RecordEvents", &veiviserv1.RecordEventsRequest{Events: []*veiviserv1.Event{{
			EventId: fmt.Sprint("e", i), VisitorId: fmt.Sprint("v", i), Type: "complaint", Subject: "bike/ebike", Channel: "web",
			Attributes: map[string]string{"region": "bergen"},
		}}})
	}
	counts := func(dimension string) int64 {
		if dimension == "region" {
			return 58 // it is watched once three people were there
		}
		return 60
	}
	about := map[string]bool{}
	for !about["topic bike/ebike"] || !about["region bergen"] || !about["all "] {
		select {
		case a := <-streamed:
			about[a.GetDimension()+" "+a.GetValue()] = true
			t.Log(a.GetText())
			if a.GetKind() != "SURGE" || a.GetEvents() != counts(a.GetDimension()) || a.GetEvidence() < a.GetThreshold() ||
				!strings.Contains(a.GetText(), fmt.Sprint(counts(a.GetDimension()), " since")) {
				t.Errorf("alert %v", a)
			}
		case <-ctx.Done():
			t.Fatalf("no more than %v", about)
		}
	}
	select {
	case line := <-lines:
		if !strings.Contains(line, "alertId") || !strings.Contains(line, "SURGE") {
			t.Errorf("over HTTP came %q", line)
		}
	case <-ctx.Done():
		t.Error("nothing came over HTTP")
	}
	list := ask[*veiviserv1.ListAlertsResponse](t, c, "InsightService", "ListAlerts", &veiviserv1.ListAlertsRequest{PageSize: 2})
	next := ask[*veiviserv1.ListAlertsResponse](t, c, "InsightService", "ListAlerts", &veiviserv1.ListAlertsRequest{PageToken: list.GetNextPageToken()})
	if len(list.GetAlerts()) != 2 || len(next.GetAlerts()) < 1 || next.GetAlerts()[0].GetAlertId() == list.GetAlerts()[1].GetAlertId() {
		t.Errorf("listed %v, then %v", list, next)
	}
	_, metrics := get(t, server, "/metrics")
	if n := sample(metrics, "veiviser_alerts_open"); n == "" || n == "0" {
		t.Errorf("the metrics count %q open alerts", n)
	}
}

// firstLine is what the gateway's stream of alerts sends first.
func firstLine(ctx context.Context, server *app.App) string {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+server.HTTPAddr+"/v1/insights/alerts:watch", http.NoBody)
	if err != nil {
		return err.Error()
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	b := make([]byte, 4096)
	n, err := io.ReadAtLeast(resp.Body, b, 10)
	if err != nil {
		return err.Error()
	}
	return string(b[:n])
}
