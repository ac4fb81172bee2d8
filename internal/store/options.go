package store

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"runtime"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Options say where and how to keep state. The zero value is an embedded store for trying out.
type Options struct {
	// URL is "" for the embedded server, or one of
	//
	//	redis://[user:password@]host:port[/db]      rediss:// for TLS
	//	unix:///path/to.sock
	//	redis://h1:p1,h2:p2,h3:p3                   a cluster; one address with ?cluster=true does as well
	//	redis+sentinel://[user:password@]h1:p1,h2:p2/master[/db]
	URL string
	// Tenant separates customers in one Redis; "" is "default".
	Tenant string
	// Partitions is fixed when the tenant is created; 0 is 256, at most 4096.
	Partitions int
	// Logger gets what an operator must know; nil discards it. It is never given an identity.
	Logger *slog.Logger
	// Merge makes two histories one: what from remembers is added to into. Needed for [Store.Link].
	Merge func(into, from *veiviser.Visitor)
	// Keep is how long it is remembered that a person was erased, as long as visitors are remembered; nil is
	// DefaultVisitorTTL.
	Keep func() time.Duration
	// AllowEviction opens a Redis that may evict keys under memory pressure, which forgets counted events.
	AllowEviction bool
	// Patient opens a store that is away: every call fails with KindUnavailable until it is there and fits, and if it
	// never fits, forever.
	Patient bool

	// CallTimeout bounds one call about one visitor; 0 is 200 ms, and 2 s embedded.
	CallTimeout time.Duration
	// BulkTimeout bounds one round trip about plans, the catalogue, the outbox and snapshots; 0 is 2 s.
	BulkTimeout time.Duration
	// ProbeEvery is how often a store that is away is tried again; 0 is 500 ms.
	ProbeEvery time.Duration
	// PoolSize bounds the connections to one node; 0 is 10 per processor, at least 32.
	PoolSize int
	// Now is the clock that expiry is judged by; nil is time.Now.
	Now func() time.Time
}

const (
	defaultPartitions = 256
	maxPartitions     = 4096
	dialTimeout       = 200 * time.Millisecond
	reloadInterval    = time.Second
)

func (o Options) withDefaults() Options {
	if o.Tenant == "" {
		o.Tenant = "default"
	}
	if o.Partitions == 0 {
		o.Partitions = defaultPartitions
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.CallTimeout == 0 {
		o.CallTimeout = 200 * time.Millisecond
		if o.URL == "" {
			o.CallTimeout = 2 * time.Second
		}
	}
	if o.BulkTimeout == 0 {
		o.BulkTimeout = 2 * time.Second
	}
	if o.ProbeEvery == 0 {
		o.ProbeEvery = 500 * time.Millisecond
	}
	if o.PoolSize == 0 {
		o.PoolSize = max(32, 10*runtime.GOMAXPROCS(0))
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// shape is the kind of Redis that a URL names.
type shape uint8

const (
	shapeSingle shape = iota
	shapeCluster
	shapeSentinel
)

// parseURL reads Options.URL into driver options. Errors never repeat the URL, which may hold a password.
func parseURL(raw string) (*redis.UniversalOptions, shape, error) {
	bad := func(what string) (*redis.UniversalOptions, shape, error) {
		return nil, 0, veiviser.Invalid(veiviser.ReasonInvalidField, "redis", "the address of Redis cannot be read: %s", what)
	}
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok {
		return bad("it has no scheme such as redis://")
	}
	kind := shapeSingle
	if s, found := strings.CutSuffix(scheme, "+sentinel"); found {
		scheme, kind = s, shapeSentinel
	}
	addrs, master := []string(nil), ""
	if scheme != "unix" {
		end := strings.IndexAny(rest, "/?")
		if end < 0 {
			end = len(rest)
		}
		at := strings.LastIndexByte(rest[:end], '@') + 1
		addrs = strings.Split(rest[at:end], ",")
		if len(addrs) > 1 && kind == shapeSingle {
			kind = shapeCluster
		}
		tail := rest[end:]
		if kind == shapeSentinel {
			master, tail = cutMaster(tail)
			if master == "" {
				return bad("a sentinel address ends in /master")
			}
		}
		var cluster bool
		tail, cluster = cutClusterFlag(tail)
		if cluster {
			kind = shapeCluster
		}
		rest = rest[:at] + addrs[0] + tail
	}
	o, err := redis.ParseURL(scheme + "://" + rest)
	if err != nil {
		return bad("it is not of a known form")
	}
	u := &redis.UniversalOptions{
		Addrs: addrs, DB: o.DB, Username: o.Username, Password: o.Password, TLSConfig: o.TLSConfig, MasterName: master,
	}
	if len(addrs) < 2 {
		u.Addrs = []string{o.Addr}
	}
	if o.Network == "unix" {
		u.Dialer = unixDialer(o.Addr)
	}
	return u, kind, nil
}

// cutMaster takes the master's name off "/master/0?x=y".
func cutMaster(tail string) (master, rest string) {
	tail = strings.TrimPrefix(tail, "/")
	end := strings.IndexAny(tail, "/?")
	if end < 0 {
		end = len(tail)
	}
	return tail[:end], tail[end:]
}

// cutClusterFlag takes the parameter cluster off the query, since the driver does not know it.
func cutClusterFlag(tail string) (string, bool) {
	path, query, ok := strings.Cut(tail, "?")
	if !ok {
		return tail, false
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return tail, false
	}
	cluster := values.Get("cluster") == "true"
	values.Del("cluster")
	if len(values) > 0 {
		path += "?" + values.Encode()
	}
	return path, cluster
}

// harden sets everything the driver would otherwise wait for too long.
func harden(u *redis.UniversalOptions, o Options) {
	u.Protocol = 2
	u.DisableIdentity = true
	u.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	u.ContextTimeoutEnabled = true
	u.MaxRetries = -1 // a write that may have been applied is not sent again behind the caller's back
	u.MaxRedirects = 3
	u.DialTimeout = dialTimeout
	u.DialerRetries = 1
	u.ReadTimeout = o.BulkTimeout
	u.WriteTimeout = o.BulkTimeout
	u.PoolSize = o.PoolSize
	u.PipelinePoolSize = -1 // pipelines and scripts share one bounded pool
	u.MaxActiveConns = o.PoolSize
	u.MaxConcurrentDials = 4
	u.PoolTimeout = o.CallTimeout
	u.ConnMaxIdleTime = 5 * time.Minute
}

// newClient builds the driver for a shape.
func newClient(u *redis.UniversalOptions, kind shape) redis.UniversalClient {
	switch kind {
	case shapeCluster:
		c := u.Cluster()
		c.ClusterStateReloadInterval = reloadInterval
		return redis.NewClusterClient(c)
	case shapeSentinel:
		return redis.NewFailoverClient(u.Failover())
	default:
		return redis.NewClient(u.Simple())
	}
}

// SetDriverLog sends what the driver itself says (refused connections, mostly) to l instead of to standard error. The
// driver has one log for the whole process, so this is for whoever owns the process to call, once.
func SetDriverLog(l *slog.Logger) { redis.SetLogger(driverLog{l}) }

type driverLog struct{ log *slog.Logger }

// Printf implements the driver's logging interface.
func (d driverLog) Printf(ctx context.Context, format string, args ...any) {
	d.log.WarnContext(ctx, "the driver of Redis says something", "text", fmt.Sprintf(format, args...))
}
