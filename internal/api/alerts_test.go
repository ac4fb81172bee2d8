package api

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/veiviser"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// surgeOf is an alert about a topic that began so many minutes after noon.
func surgeOf(topic string, minute int) veiviser.Alert {
	return veiviser.Alert{
		ID: "surge-" + topic, Kind: veiviser.AlertSurge, Signal: "complaints", Dimension: "topic", Value: topic,
		Since: time.Date(2026, 11, 22, 12, minute, 0, 0, time.UTC), Events: 14, Usual: 0.3, Factor: 46.7, Evidence: 20, Threshold: 15,
	}
}

func TestListAlerts(t *testing.T) {
	s := serve(t, Options{})
	shown := &learn.Shown{}
	s.fake.shown = func() *learn.Shown { return shown }
	for i := range 5 {
		shown.Alerts = append(shown.Alerts, surgeOf(fmt.Sprint("t", i), 9-i))
	}
	var ids []string
	for token, pages := "", 0; ; pages++ {
		out, err := s.insights().ListAlerts(t.Context(), &veiviserv1.ListAlertsRequest{PageSize: 2, PageToken: token})
		if err != nil || pages > 3 {
			t.Fatal(err, pages)
		}
		for _, a := range out.GetAlerts() {
			ids = append(ids, a.GetAlertId())
		}
		if token = out.GetNextPageToken(); token == "" {
			break
		}
	}
	if got := strings.Join(ids, " "); got != "surge-t0 surge-t1 surge-t2 surge-t3 surge-t4" {
		t.Error(got)
	}
	first, err := s.insights().ListAlerts(t.Context(), &veiviserv1.ListAlertsRequest{PageSize: 2})
	if err != nil {
		t.Fatal(err)
	}
	shown = &learn.Shown{} // all are forgotten
	_, err = s.insights().ListAlerts(t.Context(), &veiviserv1.ListAlertsRequest{PageToken: first.GetNextPageToken()})
	if got := read(t, err); got.Reason != "INVALID_PAGE_TOKEN" {
		t.Errorf("%+v", got)
	}
	s.fake.shown = func() *learn.Shown { return nil }
	_, err = s.insights().ListAlerts(t.Context(), &veiviserv1.ListAlertsRequest{})
	if got := read(t, err); got.Code != codes.Unavailable {
		t.Errorf("%+v", got)
	}
}

// The stream sends what is open, what is raised and what is over, each once, and ends when the service stops.
func TestWatchAlerts(t *testing.T) {
	stopping := make(chan struct{})
	s := serve(t, Options{Stopping: stopping})
	looks := make(chan *learn.Shown, 10)
	last := &learn.Shown{}
	s.fake.shown = func() *learn.Shown {
		select {
		case last = <-looks:
		default:
		}
		return last
	}
	old, fresh := surgeOf("old", 0), surgeOf("fresh", 5)
	gone := surgeOf("gone", 1)
	gone.Over = gone.Since.Add(time.Minute)
	over := old
	over.Over = old.Since.Add(time.Hour)
	for _, alerts := range [][]veiviser.Alert{{old, gone}, {old, gone}, {fresh, old, gone}, {fresh, over, gone}} {
		looks <- &learn.Shown{Alerts: alerts}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	st, err := s.insights().WatchAlerts(ctx, &veiviserv1.WatchAlertsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"surge-old false", "surge-fresh false", "surge-old true"} {
		m, err := st.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(m.GetAlert().GetAlertId(), " ", m.GetAlert().GetEndTime() != nil); got != want {
			t.Errorf("%s came, want %s", got, want)
		}
	}
	close(stopping)
	if _, err := st.Recv(); read(t, err).Reason != "STOPPING" {
		t.Errorf("ended with %v", err)
	}
}

func TestAlertText(t *testing.T) {
	over := surgeOf("bike/ebike", 20)
	over.Over = over.Since.Add(90 * time.Minute)
	region, channel := surgeOf("", 0), surgeOf("", 0)
	region.Signal, region.Dimension, region.Value, region.Usual, region.Factor = "feedback", "region", "bergen", 4.25, 3.29
	channel.Dimension, channel.Value, channel.Usual = "all", "", 12.4
	for _, tt := range []struct {
		a    veiviser.Alert
		want string
	}{
		{over, `Complaints about "bike/ebike": 14 since 22 November 12:20 UTC, where 0.3 would be usual: 47 times as many. It was over on 22 November at 13:50 UTC.`},
		{region, `Negative feedback from the region "bergen": 14 since 22 November 12:00 UTC, where 4.2 would be usual: 3.3 times as many.`},
		{channel, `Complaints in all: 14 since 22 November 12:00 UTC, where 12 would be usual: 47 times as many.`},
		{
			veiviser.Alert{Kind: veiviser.AlertOverdue, Events: 3, Since: over.Since},
			`3 complaints wait for an answer for longer than the response clock allows, since 22 November 12:20 UTC.`,
		},
		{
			veiviser.Alert{Kind: veiviser.AlertOverdue, Events: 1, Since: over.Since},
			`1 complaint waits for an answer for longer than the response clock allows, since 22 November 12:20 UTC.`,
		},
	} {
		if got := alertText(&tt.a); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

func TestSwitchCalls(t *testing.T) {
	s := serve(t, Options{})
	set, err := s.plans().SetSwitch(t.Context(), &veiviserv1.SetSwitchRequest{Switch: &veiviserv1.Switch{Topic: "bike"}, Author: "kari", Note: "why"})
	if err != nil || set.GetPreview() != nil || set.GetSwitch().GetHistory()[0].GetAuthor() != "kari" {
		t.Errorf("%v, %v", set, err)
	}
	dry, err := s.plans().SetSwitch(t.Context(), &veiviserv1.SetSwitchRequest{Switch: &veiviserv1.Switch{Topic: "bike"}, DryRun: true})
	if p := dry.GetPreview(); err != nil || p.GetItemCount() != 1 || p.GetDecisions() != 5 || p.GetStoppedDecisions() != 2 || p.GetPeople() != 1 {
		t.Errorf("%v, %v", dry, err)
	}
	back, err := s.plans().ResumeSwitch(t.Context(), &veiviserv1.ResumeSwitchRequest{SwitchId: "battery"})
	if err != nil || back.GetSwitch().GetStageId() != "help" {
		t.Errorf("%v, %v", back, err)
	}
	list, err := s.plans().ListSwitches(t.Context(), &veiviserv1.ListSwitchesRequest{})
	if err != nil || len(list.GetSwitches()) != 1 {
		t.Errorf("%v, %v", list, err)
	}
	_, err = s.plans().ResumeSwitch(t.Context(), &veiviserv1.ResumeSwitchRequest{})
	if got := read(t, err); got.Reason != "MALFORMED_ID" {
		t.Errorf("%+v", got)
	}
}
