package client

import (
	"context"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// NewBatcher is a batcher over a function, so that time can be a test's own.
func NewBatcher(o BatchOptions, send func(context.Context, *veiviserv1.RecordEventsRequest) (*veiviserv1.RecordEventsResponse, error)) *Batcher {
	return newBatcher(o, send)
}

// BackoffFor is how long is waited after so many tries.
var BackoffFor = backoffFor
