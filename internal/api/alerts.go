package api

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"

	"github.com/veiviser/veiviser/internal/veiviser"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

const (
	// defaultAlertsPage is the page size of ListAlerts when the caller names none.
	defaultAlertsPage = 50
	// alertsEvery is how often a stream of alerts looks whether there is anything to send.
	alertsEvery = 500 * time.Millisecond
)

// ListAlerts lists what needs the attention of people: open alerts first, the newest first.
func (s *insights) ListAlerts(_ context.Context, in *veiviserv1.ListAlertsRequest) (*veiviserv1.ListAlertsResponse, error) {
	list, size := pageOf("alerts"), pageSize(in.GetPageSize(), defaultAlertsPage)
	after, err := list.cursor(in.GetPageToken())
	if err != nil {
		return nil, err
	}
	shown, err := s.shown()
	if err != nil {
		return nil, err
	}
	alerts := shown.AlertsAt(time.Now())
	from := 1 + slices.IndexFunc(alerts, func(a veiviser.Alert) bool { return a.ID == after })
	if after != "" && from == 0 { // it was over for so long that it is forgotten
		return nil, errPageToken()
	}
	page := alerts[from:min(from+size, len(alerts))]
	out := &veiviserv1.ListAlertsResponse{}
	for i := range page {
		out.Alerts = append(out.Alerts, alertToProto(&page[i]))
	}
	if from+size < len(alerts) {
		out.NextPageToken = list.token(page[len(page)-1].ID)
	}
	return out, nil
}

// WatchAlerts sends every open alert at once, and each that is raised or over from then on, until the caller leaves or the
// service stops.
func (s *insights) WatchAlerts(_ *veiviserv1.WatchAlertsRequest, stream grpc.ServerStreamingServer[veiviserv1.WatchAlertsResponse]) error {
	ctx := stream.Context()
	tick := time.NewTicker(alertsEvery)
	defer tick.Stop()
	var open map[string]veiviser.Alert // what was sent and is not over; nil before the first look
	for {
		if shown := s.learning.Shown(); shown != nil {
			var err error
			if open, err = sendAlerts(shown.AlertsAt(time.Now()), open, stream.Send); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// sendAlerts sends what was raised and what is over since the look that left open, and gives what is open now.
func sendAlerts(alerts []veiviser.Alert, open map[string]veiviser.Alert, send func(*veiviserv1.WatchAlertsResponse) error) (map[string]veiviser.Alert, error) {
	now := make(map[string]veiviser.Alert)
	for id, a := range open { // what needs no more attention and leaves no trace: the clock stopped
		if !slices.ContainsFunc(alerts, func(x veiviser.Alert) bool { return x.ID == id }) {
			a.Over = time.Now()
			if err := send(&veiviserv1.WatchAlertsResponse{Alert: alertToProto(&a)}); err != nil {
				return open, err
			}
		}
	}
	for i := range slices.Backward(alerts) { // in the order in which they began
		a := &alerts[i]
		over := !a.Over.IsZero()
		if !over {
			now[a.ID] = *a
		}
		if _, sent := open[a.ID]; over != sent {
			continue
		}
		if err := send(&veiviserv1.WatchAlertsResponse{Alert: alertToProto(a)}); err != nil {
			return open, err
		}
	}
	return now, nil
}

func alertToProto(a *veiviser.Alert) *veiviserv1.Alert {
	return &veiviserv1.Alert{
		AlertId: a.ID, Text: alertText(a), StartTime: timeToProto(a.Since), Kind: string(a.Kind), Signal: a.Signal, Dimension: a.Dimension,
		Value: a.Value, EndTime: timeToProto(a.Over), Events: a.Events, UsualEvents: a.Usual, Factor: a.Factor, Evidence: a.Evidence,
		Threshold: a.Threshold,
	}
}

// alertText says in the language of operators what an alert is about.
func alertText(a *veiviser.Alert) string {
	var b strings.Builder
	since := "since " + a.Since.UTC().Format("2 January 15:04 UTC")
	if a.Kind == veiviser.AlertOverdue {
		what := "complaints wait"
		if a.Events == 1 {
			what = "complaint waits"
		}
		fmt.Fprintf(&b, "%d %s for an answer for longer than the response clock allows, %s.", a.Events, what, since)
	} else {
		what := "Complaints"
		if a.Signal == "feedback" {
			what = "Negative feedback"
		}
		fmt.Fprintf(&b, "%s%s: %d %s, where %s would be usual: %s times as many.", what, aboutWhat(a), a.Events, since, amount(a.Usual), amount(a.Factor))
	}
	if !a.Over.IsZero() {
		fmt.Fprintf(&b, " It was over on %s.", a.Over.UTC().Format("2 January at 15:04 UTC"))
	}
	return b.String()
}

func aboutWhat(a *veiviser.Alert) string {
	switch a.Dimension {
	case "topic":
		return fmt.Sprintf(" about %q", a.Value)
	case "region":
		return fmt.Sprintf(" from the region %q", a.Value)
	case "segment":
		return fmt.Sprintf(" from the segment %q", a.Value)
	case "channel":
		return fmt.Sprintf(" in the channel %q", a.Value)
	default:
		return " in all"
	}
}

// amount writes a number with two digits that count.
func amount(x float64) string {
	switch {
	case x >= 10:
		return fmt.Sprintf("%.0f", x)
	case x >= 1:
		return fmt.Sprintf("%.1f", x)
	default:
		return fmt.Sprintf("%.2g", x)
	}
}
