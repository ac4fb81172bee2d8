package client

import (
	"context"
	"crypto/tls"
	"time"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// What stands in for options that are not given.
const (
	DefaultTimeout = time.Second
	// DefaultRetryRatio is how many retries every call earns, DefaultRetryBurst how many can be saved up.
	DefaultRetryRatio = 0.1
	DefaultRetryBurst = 10
)

// Option sets something about a [Client].
type Option func(*settings)

// settings are what the options set.
type settings struct {
	timeout     time.Duration
	retryRatio  float64
	retryBurst  int
	fallback    FallbackFunc
	userAgent   string
	credentials credentials.TransportCredentials
	dial        []grpc.DialOption
}

func defaults() settings {
	return settings{timeout: DefaultTimeout, retryRatio: DefaultRetryRatio, retryBurst: DefaultRetryBurst}
}

// FallbackFunc answers a Recommend that the service could not, because of cause: from a file of best-sellers, from the
// last answer, from nothing. It runs on the caller's goroutine, may be called from many at once, and should be quick: the
// deadline of the call has often passed by then, so ctx carries the values of the call but not its end. A nil answer
// means that there is none, and the caller gets the error.
//
// Whatever it leaves out is filled in: the answer is marked degraded, decisions stand in the order of the request's
// placements with those missing silent (UNAVAILABLE), and no decision has an id.
type FallbackFunc func(ctx context.Context, req *veiviserv1.RecommendRequest, cause *Error) *veiviserv1.RecommendResponse

// WithTimeout bounds every unary call whose context ends later; 0 or less leaves the bound to the context alone. What values a
// plan (EvaluatePlan, PublishPlan) gets two minutes at least.
func WithTimeout(d time.Duration) Option { return func(s *settings) { s.timeout = d } }

// WithRetryBudget lets every call earn ratio retries, of which burst can be saved up; a new client has burst. A burst of 0
// switches retries off.
func WithRetryBudget(ratio float64, burst int) Option {
	return func(s *settings) { s.retryRatio, s.retryBurst = max(ratio, 0), max(burst, 0) }
}

// WithFallback answers Recommend locally when the service can not: when it is away, late, overloaded or broken, or has no
// plan. Mistakes of the caller (INVALID_ARGUMENT, NOT_FOUND, …) stay errors.
func WithFallback(f FallbackFunc) Option { return func(s *settings) { s.fallback = f } }

// WithUserAgent names the caller in the service's log, before grpc's own name: "shop-frontend/3.2".
func WithUserAgent(name string) Option { return func(s *settings) { s.userAgent = name } }

// WithTLS connects with TLS; nil takes the system's certificate authorities and the name in the target. Without TLS or
// credentials of its own a client speaks in the clear, as the service does by default.
func WithTLS(config *tls.Config) Option {
	return func(s *settings) { s.credentials = credentials.NewTLS(config) }
}

// WithTransportCredentials connects with these credentials.
func WithTransportCredentials(c credentials.TransportCredentials) Option {
	return func(s *settings) { s.credentials = c }
}

// WithDialOptions adds options of grpc, after the client's own: interceptors, a dialer, per-call credentials.
func WithDialOptions(opts ...grpc.DialOption) Option {
	return func(s *settings) { s.dial = append(s.dial, opts...) }
}
