package client

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
)

// How a call is tried again.
const (
	maxTries    = 3
	baseBackoff = 25 * time.Millisecond
	maxBackoff  = 5 * time.Second
)

// patience is what calls get at least that value a plan on thousands of logged decisions: the client's timeout is made for
// answers to visitors.
const patience = 2 * time.Minute

// safe says whether doing a call twice does no harm.
type safe bool

const (
	once  safe = false
	again safe = true
)

// call makes a unary call with the client's deadline and, when it is safe, its retries.
func call[In, Out any](ctx context.Context, c *Client, s safe, in In,
	rpc func(context.Context, In, ...grpc.CallOption) (Out, error),
) (Out, error) {
	return callWithin(ctx, c, c.timeout, s, in, rpc)
}

// callPatiently is call for what may take minutes. The context's own end stays.
func callPatiently[In, Out any](ctx context.Context, c *Client, s safe, in In,
	rpc func(context.Context, In, ...grpc.CallOption) (Out, error),
) (Out, error) {
	timeout := c.timeout
	if timeout > 0 {
		timeout = max(timeout, patience)
	}
	return callWithin(ctx, c, timeout, s, in, rpc)
}

// callWithin is call with another timeout; 0 or less is none.
func callWithin[In, Out any](ctx context.Context, c *Client, timeout time.Duration, s safe, in In,
	rpc func(context.Context, In, ...grpc.CallOption) (Out, error),
) (Out, error) {
	var none Out
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	c.budget.earn()
	for try := 1; ; try++ {
		out, err := rpc(ctx, in)
		if err == nil {
			return out, nil
		}
		e := toError(err)
		if s == once || try == maxTries || !temporary(e) || !c.pause(ctx, backoffFor(try, e.RetryAfter)) {
			return none, e
		}
	}
}

// pause waits before a retry; false when the deadline or the budget forbids it.
func (c *Client) pause(ctx context.Context, d time.Duration) bool {
	if end, ok := ctx.Deadline(); ok && time.Until(end) <= d {
		return false
	}
	if !c.budget.spend() {
		return false
	}
	return sleep(ctx, d)
}

// temporary reports whether trying again, as it is, can help.
func temporary(e *Error) bool {
	switch e.Code {
	case codes.Unavailable:
		return true
	case codes.Aborted: // but not when the caller has to look first
		return e.Reason == veiviserv1.ErrorReason_ERROR_REASON_CONCURRENT_CHANGE ||
			e.Reason == veiviserv1.ErrorReason_ERROR_REASON_UNSPECIFIED
	case codes.ResourceExhausted:
		return e.RetryAfter > 0
	default:
		return false
	}
}

// backoffFor is how long to wait after so many tries: doubling, half of it random so that callers which failed together
// do not come back together, and never shorter than asked for.
func backoffFor(try int, asked time.Duration) time.Duration {
	d := maxBackoff
	if try < 9 { // 25 ms << 8 is more than maxBackoff
		d = min(baseBackoff<<(try-1), maxBackoff)
	}
	d = d/2 + rand.N(d/2+1)
	if asked > 0 {
		d = asked + rand.N(asked/10+1)
	}
	return d
}

// sleep waits; false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// budget is a bucket of retries: every call earns a part of one, every retry spends one.
type budget struct {
	mu           sync.Mutex
	tokens       float64
	ratio, burst float64
}

func newBudget(ratio float64, burst int) *budget {
	return &budget{tokens: float64(burst), ratio: ratio, burst: float64(burst)}
}

func (b *budget) earn() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tokens = min(b.tokens+b.ratio, b.burst)
}

func (b *budget) spend() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
