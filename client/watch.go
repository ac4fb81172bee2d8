package client

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// WatchRecommendations opens one stream of answers, as the contract has it. It ends when the connection does;
// [Client.Watch] goes on.
//
// Errors: as Recommend.
func (c *Client) WatchRecommendations(ctx context.Context, req *veiviserv1.WatchRecommendationsRequest,
) (grpc.ServerStreamingClient[veiviserv1.WatchRecommendationsResponse], error) {
	stream, err := c.decisions.WatchRecommendations(ctx, req)
	return stream, wrap(err)
}

// Watch follows a visit: it gives an answer at once and a new one whenever the visitor's events change it, whatever
// channel they come from. When the connection breaks or the service stops it connects again, as long as ctx lasts,
// waiting longer each time; an answer equal to the last one is not given twice.
//
// The loop ends by break, or with an [*Error] as its last element: what the service refused (as Recommend), or the end of
// ctx (errors.Is context.Canceled or context.DeadlineExceeded). The client's timeout and retry budget do not apply: one
// watcher makes one connection attempt at a time.
//
//	for answer, err := range c.Watch(ctx, req) {
//		if err != nil { return err }
//		show(answer)
//	}
func (c *Client) Watch(ctx context.Context, req *veiviserv1.WatchRecommendationsRequest) iter.Seq2[*veiviserv1.RecommendResponse, error] {
	return func(yield func(*veiviserv1.RecommendResponse, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		var last *veiviserv1.RecommendResponse
		for try := 1; ; try++ {
			done, err := c.watchOnce(ctx, req, func(answer *veiviserv1.RecommendResponse) bool {
				try = 0
				if last != nil && proto.Equal(last, answer) {
					return true
				}
				last = answer
				return yield(answer, nil)
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

// watchOnce follows one stream; done says that the caller left the loop.
func (c *Client) watchOnce(ctx context.Context, req *veiviserv1.WatchRecommendationsRequest,
	give func(*veiviserv1.RecommendResponse) bool,
) (done bool, err error) {
	stream, err := c.decisions.WatchRecommendations(ctx, req)
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
		if !give(m.GetAnswer()) {
			return true, nil
		}
	}
}

// resumable reports whether a stream that ended with e is worth opening again.
func resumable(ctx context.Context, e *Error) bool {
	if ctx.Err() != nil {
		return false
	}
	switch e.Code {
	// INTERNAL is what grpc makes of a stream that was reset, for instance by a proxy that restarts.
	case codes.Internal:
		return e.Reason == veiviserv1.ErrorReason_ERROR_REASON_UNSPECIFIED
	// The deadline of a proxy: the caller's own has not passed.
	case codes.DeadlineExceeded, codes.Canceled:
		return true
	default:
		return temporary(e)
	}
}

// ended is the error a stream ends with: the end of its context, when that is why.
func ended(ctx context.Context, e *Error) *Error {
	if err := ctx.Err(); err != nil {
		return toError(err)
	}
	if end, ok := ctx.Deadline(); ok && time.Until(end) <= 0 {
		return toError(context.DeadlineExceeded)
	}
	return e
}
