package client_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"github.com/veiviser/veiviser/client"
)

type replayStream = grpc.ServerStreamingServer[veiviserv1.ReplayDecisionsResponse]

// replayed plays a replay and gives what was checked by each report, and how it ended.
func replayed(t *testing.T, replay func(*veiviserv1.ReplayDecisionsRequest, replayStream) error, leaveAt int64) (checked []int64, err error) {
	t.Helper()
	f := &fake{replay: replay}
	for report, err := range f.start(t, client.WithTimeout(time.Nanosecond)).ReplayDecisions(t.Context(), &veiviserv1.ReplayDecisionsRequest{Limit: 3}) {
		if err != nil {
			return checked, err
		}
		if checked = append(checked, report.GetChecked()); report.GetChecked() == leaveAt {
			break
		}
	}
	return checked, nil
}

func TestReplayDecisions(t *testing.T) {
	send := func(s replayStream, n int64) error {
		return s.Send(&veiviserv1.ReplayDecisionsResponse{Total: 3, Checked: n, Done: n == 3})
	}
	whole := func(in *veiviserv1.ReplayDecisionsRequest, s replayStream) error {
		if in.GetLimit() != 3 {
			t.Errorf("asked for %v", in)
		}
		return errors.Join(send(s, 0), send(s, 2), send(s, 3))
	}
	if got, err := replayed(t, whole, -1); err != nil || !slices.Equal(got, []int64{0, 2, 3}) {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := replayed(t, whole, 2); err != nil || !slices.Equal(got, []int64{0, 2}) {
		t.Errorf("left the loop after %v, %v", got, err)
	}
	got, err := replayed(t, func(_ *veiviserv1.ReplayDecisionsRequest, s replayStream) error {
		if err := send(s, 0); err != nil {
			return err
		}
		return failure(codes.Unavailable, "STORE_UNAVAILABLE", "", 0)
	}, -1)
	if !errors.Is(err, client.ErrStoreUnavailable) || len(got) != 1 {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := replayed(t, func(_ *veiviserv1.ReplayDecisionsRequest, s replayStream) error { return send(s, 1) }, -1); client.CodeOf(err) != codes.Unavailable {
		t.Errorf("a replay that ends before it is done: %v", err)
	}
}

// The timeout that is right for answers to visitors is not for valuing a plan; the caller's own end is.
func TestEvaluatePlanIsPatient(t *testing.T) {
	var left time.Duration
	f := &fake{evaluate: func(ctx context.Context) (*veiviserv1.EvaluatePlanResponse, error) {
		end, ok := ctx.Deadline()
		if left = time.Until(end); !ok {
			left = -1
		}
		return &veiviserv1.EvaluatePlanResponse{}, failure(codes.FailedPrecondition, "GATE_CLOSED", "", 0)
	}}
	for _, tc := range []struct {
		timeout, ctx time.Duration
		least, most  time.Duration
	}{
		{time.Second, 0, time.Minute, 2 * time.Minute},
		{time.Hour, 0, 30 * time.Minute, time.Hour},
		{time.Second, 30 * time.Second, time.Second, 30 * time.Second},
		{0, 0, -1, -1},
	} {
		ctx, cancel := t.Context(), func() {}
		if tc.ctx > 0 {
			ctx, cancel = context.WithTimeout(ctx, tc.ctx)
		}
		_, err := f.start(t, client.WithTimeout(tc.timeout)).EvaluatePlan(ctx, &veiviserv1.EvaluatePlanRequest{})
		cancel()
		if !errors.Is(err, client.ErrGateClosed) || left < tc.least || left > tc.most {
			t.Errorf("%+v: %v left, %v", tc, left, err)
		}
	}
}
