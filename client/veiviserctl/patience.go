package main

import (
	"context"
	"sync"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/veiviser/veiviser/client"
)

// patience ends a context when the service has failed for longer than a limit without a success in between: a batcher
// would try for ever. It is safe for concurrent use.
type patience struct {
	cancel context.CancelFunc
	limit  time.Duration

	mu    sync.Mutex
	since time.Time // of the first failure since the last success
	last  error
	over  bool
}

// newPatience gives a context and what ends it.
func newPatience(ctx context.Context, limit time.Duration) (context.Context, *patience) {
	ctx, cancel := context.WithCancel(ctx)
	return ctx, &patience{limit: limit, cancel: cancel}
}

func (p *patience) stop() { p.cancel() }

// failed notes a failure. One that waiting does not help ends the context at once.
func (p *patience) failed(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return
	}
	if p.since.IsZero() {
		p.since = time.Now()
	}
	p.last = err
	switch client.CodeOf(err) {
	case codes.Unauthenticated, codes.PermissionDenied, codes.Unimplemented, codes.FailedPrecondition:
	default:
		if time.Since(p.since) < p.limit {
			return
		}
	}
	p.over = true
	p.cancel()
}

// succeeded forgets what failed before.
func (p *patience) succeeded() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.since = time.Time{}
}

// err is the failure that ended the context; nil when none did.
func (p *patience) err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return p.last
	}
	return nil
}
