package client

import (
	"fmt"
	"time"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
)

// Client calls one service. It is safe for concurrent use.
type Client struct {
	settings
	conn   *grpc.ClientConn // nil when it belongs to somebody else
	budget *budget

	decisions veiviserv1.DecisionServiceClient
	visits    veiviserv1.VisitServiceClient
	catalog   veiviserv1.CatalogServiceClient
	plans     veiviserv1.PlanServiceClient
	insights  veiviserv1.InsightServiceClient
}

// maxReply is how large an answer may be: plans and exports are larger than grpc's 4 MiB.
const maxReply = 64 << 20

// serviceConfig spreads calls over all addresses of the target; retries are the client's own.
const serviceConfig = `{"loadBalancingConfig":[{"round_robin":{}}]}`

// New makes a client of the service at target: "host:port", or any name that grpc resolves, as in
// "dns:///veiviser.internal:50051" for several replicas. It does not connect yet, so it fails only for options or
// targets that make no sense; the first call connects. Close releases the connection.
func New(target string, opts ...Option) (*Client, error) {
	s := defaults()
	for _, o := range opts {
		o(&s)
	}
	if s.credentials == nil {
		s.credentials = insecure.NewCredentials()
	}
	dial := []grpc.DialOption{
		grpc.WithTransportCredentials(s.credentials),
		grpc.WithDisableServiceConfig(),
		grpc.WithDefaultServiceConfig(serviceConfig),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxReply)),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 5 * time.Second},
			MinConnectTimeout: 5 * time.Second,
		}),
		// Finds a connection that is dead without a word, which a watched visit would wait on for ever.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 30 * time.Second, Timeout: 10 * time.Second}),
	}
	if s.userAgent != "" {
		dial = append(dial, grpc.WithUserAgent(s.userAgent))
	}
	conn, err := grpc.NewClient(target, append(dial, s.dial...)...)
	if err != nil {
		return nil, fmt.Errorf("veiviser client for %q: %w", target, err)
	}
	c := newClient(conn, s)
	c.conn = conn
	return c, nil
}

// FromConn makes a client over a connection that stays the caller's: Close does not close it. Options about the
// connection (credentials, user agent, dial options) have no effect.
func FromConn(conn grpc.ClientConnInterface, opts ...Option) *Client {
	s := defaults()
	for _, o := range opts {
		o(&s)
	}
	return newClient(conn, s)
}

func newClient(conn grpc.ClientConnInterface, s settings) *Client {
	return &Client{
		settings:  s,
		budget:    newBudget(s.retryRatio, s.retryBurst),
		decisions: veiviserv1.NewDecisionServiceClient(conn),
		visits:    veiviserv1.NewVisitServiceClient(conn),
		catalog:   veiviserv1.NewCatalogServiceClient(conn),
		plans:     veiviserv1.NewPlanServiceClient(conn),
		insights:  veiviserv1.NewInsightServiceClient(conn),
	}
}

// Close ends the connection; calls under way fail with CANCELED. Close a [Batcher] before its client.
func (c *Client) Close() error {
	if c.conn == nil {
		return nil
	}
	return c.conn.Close()
}
