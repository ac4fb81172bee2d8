package store

import (
	"context"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/sony/gobreaker/v2"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// unavailable says that the store is away.
func unavailable(cause error, after time.Duration) *veiviser.Error {
	e := veiviser.Failed(veiviser.KindUnavailable, veiviser.ReasonStoreUnavailable, cause, "the store is not available")
	e.RetryAfter = after
	return e
}

// conflict says that somebody else was faster.
func conflict(what string) *veiviser.Error {
	return veiviser.Failed(veiviser.KindConflict, veiviser.ReasonConcurrentChange, nil, "%s was changed at the same time", what)
}

// corrupt says that a stored value cannot be read.
func corrupt(cause error) *veiviser.Error {
	return veiviser.Failed(veiviser.KindInternal, veiviser.ReasonCorruptRecord, cause, "a stored record cannot be read")
}

// internal is a defect of this service.
func internal(cause error, format string, args ...any) *veiviser.Error {
	return veiviser.Failed(veiviser.KindInternal, veiviser.ReasonInternal, cause, format, args...)
}

// away are the first words of the replies by which a server says that it cannot serve now.
var away = [...]string{
	"LOADING", "READONLY", "CLUSTERDOWN", "MASTERDOWN", "MISCONF", "TRYAGAIN", "BUSY", "NOREPLICAS", "MOVED", "ASK",
	"NOAUTH", "WRONGPASS", "NOPERM", "UNKILLABLE", "ERR max number of clients", "ERR Cluster",
}

// translate turns what the driver says into an error of the vocabulary. ctx is the caller's: its own end is not the
// store's fault.
func translate(ctx context.Context, err error, retry time.Duration) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*veiviser.Error](err); ok {
		return e
	}
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return unavailable(err, retry)
	}
	if errors.Is(err, redis.Nil) {
		return internal(err, "something is missing in the store")
	}
	if e, ok := errors.AsType[redis.Error](err); ok {
		return translateReply(e, retry)
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return veiviser.Failed(veiviser.KindCanceled, veiviser.ReasonCanceled, err, "the caller left")
	}
	if timedOut(err) && pastDeadline(ctx) {
		return veiviser.Failed(veiviser.KindDeadline, veiviser.ReasonDeadlineExceeded, err, "the caller's time ran out")
	}
	// What is left are sockets, pools and replies that cannot be parsed: whatever it is, the node does not answer.
	return unavailable(err, retry)
}

// translateReply maps an error reply of the server.
func translateReply(err redis.Error, retry time.Duration) error {
	text := err.Error()
	switch {
	case strings.Contains(text, "WRONGTYPE"):
		return corrupt(err)
	case strings.HasPrefix(text, "OOM") || redis.IsOOMError(err):
		return veiviser.Failed(veiviser.KindExhausted, veiviser.ReasonOverloaded, err, "the store is full")
	}
	for _, word := range away {
		if strings.HasPrefix(text, word) {
			return unavailable(err, retry)
		}
	}
	return internal(err, "the store refused a command")
}

func timedOut(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}

// pastDeadline allows a little slack: a socket's deadline may fire just before the context's.
func pastDeadline(ctx context.Context) bool {
	d, ok := ctx.Deadline()
	return ok && time.Until(d) < 2*time.Millisecond
}
