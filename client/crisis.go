package client

import (
	"context"
	"errors"
	"io"
	"iter"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// The reasons that switches give, for errors.Is.
const (
	ErrUnknownSwitch = reasonError(veiviserv1.ErrorReason_ERROR_REASON_UNKNOWN_SWITCH)
	ErrSwitchExists  = reasonError(veiviserv1.ErrorReason_ERROR_REASON_SWITCH_EXISTS)
	ErrSwitchLimit   = reasonError(veiviserv1.ErrorReason_ERROR_REASON_SWITCH_LIMIT)
	ErrUnknownTopic  = reasonError(veiviserv1.ErrorReason_ERROR_REASON_UNKNOWN_TOPIC)
	ErrSwitchNeeds   = reasonError(veiviserv1.ErrorReason_ERROR_REASON_SWITCH_NEEDS)
	ErrSwitchOver    = reasonError(veiviserv1.ErrorReason_ERROR_REASON_SWITCH_OVER)
)

// SetSwitch silences what is about a topic, or what is said to people of a region or segment, at once; with dry_run it says what
// would stop, from as many logged decisions as the client's timeout leaves time for. With an id, or as a dry run, it is tried
// again by itself.
//
// Errors: ErrInvalidField, ErrUnknownItem, ErrUnknownSegment, ErrUnknownTopic, ErrSwitchExists, ErrSwitchLimit, ErrNoPlanPublished,
// ErrStoreUnavailable.
func (c *Client) SetSwitch(ctx context.Context, req *veiviserv1.SetSwitchRequest) (*veiviserv1.SetSwitchResponse, error) {
	return call(ctx, c, safe(req.GetDryRun() || req.GetSwitch().GetSwitchId() != ""), req, c.plans.SetSwitch)
}

// ResumeSwitch takes a switch one stage further back, or all the way. It is never tried again by itself: look at the switch when
// it failed.
//
// Errors: ErrMalformedID, ErrUnknownSwitch, ErrSwitchOver, ErrConcurrentChange, ErrStoreUnavailable.
func (c *Client) ResumeSwitch(ctx context.Context, req *veiviserv1.ResumeSwitchRequest) (*veiviserv1.ResumeSwitchResponse, error) {
	return call(ctx, c, once, req, c.plans.ResumeSwitch)
}

// ListSwitches lists switches with all that was done with them, those that are on first.
//
// Errors: ErrStoreUnavailable.
func (c *Client) ListSwitches(ctx context.Context, req *veiviserv1.ListSwitchesRequest) (*veiviserv1.ListSwitchesResponse, error) {
	return call(ctx, c, again, req, c.plans.ListSwitches)
}

// ListAlerts gives one page of what needs the attention of people; [Client.Alerts] gives all of it.
//
// Errors: ErrInvalidField, ErrInvalidPageToken, ErrStoreUnavailable.
func (c *Client) ListAlerts(ctx context.Context, req *veiviserv1.ListAlertsRequest) (*veiviserv1.ListAlertsResponse, error) {
	return call(ctx, c, again, req, c.insights.ListAlerts)
}

// Alerts is every alert, open ones first, the newest first. An error ends it.
func (c *Client) Alerts(ctx context.Context, req *veiviserv1.ListAlertsRequest) iter.Seq2[*veiviserv1.Alert, error] {
	return pages(req, func(req *veiviserv1.ListAlertsRequest, token string) ([]*veiviserv1.Alert, string, error) {
		if token != "" {
			req.PageToken = token
		}
		page, err := c.ListAlerts(ctx, req)
		return page.GetAlerts(), page.GetNextPageToken(), err
	})
}

// WatchAlerts gives every alert that is open at once, and each that is raised or over from then on. When the connection breaks or
// the service stops it connects again, as long as ctx lasts, waiting longer each time; an open alert is not given twice. One that
// was over meanwhile is not told.
//
// The loop ends by break, or with an [*Error] as its last element: what the service refused, or the end of ctx.
func (c *Client) WatchAlerts(ctx context.Context, req *veiviserv1.WatchAlertsRequest) iter.Seq2[*veiviserv1.Alert, error] {
	return func(yield func(*veiviserv1.Alert, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		told := map[string]bool{} // by id, whether it was over
		for try := 1; ; try++ {
			done, err := c.watchAlertsOnce(ctx, req, func(a *veiviserv1.Alert) bool {
				try = 0
				over := a.GetEndTime() != nil
				if was, ok := told[a.GetAlertId()]; ok && was == over {
					return true
				}
				told[a.GetAlertId()] = over
				return yield(a, nil)
			})
			if done {
				return
			}
			if e := toError(err); !resumable(ctx, e) || !sleep(ctx, backoffFor(try+1, e.RetryAfter)) {
				yield(nil, ended(ctx, e))
				return
			}
		}
	}
}

// watchAlertsOnce follows one stream; done says that the caller left the loop.
func (c *Client) watchAlertsOnce(ctx context.Context, req *veiviserv1.WatchAlertsRequest, give func(*veiviserv1.Alert) bool) (done bool, err error) {
	stream, err := c.insights.WatchAlerts(ctx, req)
	if err != nil {
		return false, err
	}
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return false, status.Error(codes.Unavailable, "the service ended the stream")
		}
		if err != nil {
			return false, err
		}
		if !give(m.GetAlert()) {
			return true, nil
		}
	}
}
