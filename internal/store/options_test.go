package store

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/veiviser/veiviser/internal/veiviser"
)

func TestParseURL(t *testing.T) {
	type want struct {
		Addrs      []string
		Kind       shape
		DB         int
		User, Pass string
		Master     string
		TLS        bool
	}
	for raw, w := range map[string]want{
		"redis://localhost":                            {Addrs: []string{"localhost:6379"}},
		"redis://u:p@h:1/2":                            {Addrs: []string{"h:1"}, DB: 2, User: "u", Pass: "p"},
		"rediss://:p%40ss@h:1":                         {Addrs: []string{"h:1"}, Pass: "p@ss", TLS: true},
		"unix:///run/redis.sock":                       {Addrs: []string{"/run/redis.sock"}},
		"redis://a:1,b:2,c:3":                          {Addrs: []string{"a:1", "b:2", "c:3"}, Kind: shapeCluster},
		"redis://u:p@a:1,b:2":                          {Addrs: []string{"a:1", "b:2"}, Kind: shapeCluster, User: "u", Pass: "p"},
		"redis://a:1?cluster=true":                     {Addrs: []string{"a:1"}, Kind: shapeCluster},
		"redis+sentinel://a:1,b:2/mymaster":            {Addrs: []string{"a:1", "b:2"}, Kind: shapeSentinel, Master: "mymaster"},
		"redis+sentinel://u:p@a:1/mymaster/3":          {Addrs: []string{"a:1"}, Kind: shapeSentinel, Master: "mymaster", DB: 3, User: "u", Pass: "p"},
		"rediss+sentinel://a:1,b:2,c:3/main?cluster=x": {Addrs: []string{"a:1", "b:2", "c:3"}, Kind: shapeSentinel, Master: "main", TLS: true},
	} {
		u, kind, err := parseURL(raw)
		if err != nil {
			t.Errorf("%s: %v", raw, err)
			continue
		}
		got := want{u.Addrs, kind, u.DB, u.Username, u.Password, u.MasterName, u.TLSConfig != nil}
		if d := cmp.Diff(w, got); d != "" {
			t.Errorf("%s: %s", raw, d)
		}
	}
	for _, raw := range []string{"localhost:6379", "http://h", "redis://h:1/x", "redis+sentinel://a:1", "redis://h:1?nonsense=1", "redis://a b:1", "://"} {
		_, _, err := parseURL(raw)
		if veiviser.KindOf(err) != veiviser.KindInvalid {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

// TestEffectiveOptions looks at what the driver makes of our settings: its own defaults would make a dead or frozen node
// cost seconds, and a cluster a minute.
func TestEffectiveOptions(t *testing.T) {
	o := Options{URL: "redis://x"}.withDefaults()
	for _, raw := range []string{"redis://127.0.0.1:1", "redis+sentinel://127.0.0.1:1/m", "redis://127.0.0.1:1,127.0.0.1:2"} {
		u, kind, err := parseURL(raw)
		if err != nil {
			t.Fatal(err)
		}
		harden(u, o)
		type effective struct {
			Context                                         bool
			Retries, DialRetries, Pool, Active, Dials, Pipe int
			Dial, Read, Write, Wait                         time.Duration
		}
		want := effective{true, 0, 1, o.PoolSize, o.PoolSize, 4, -1, 200 * time.Millisecond, 2 * time.Second, 2 * time.Second, 200 * time.Millisecond}
		var got effective
		switch c := newClient(u, kind).(type) {
		case *redis.Client:
			p := c.Options()
			got = effective{p.ContextTimeoutEnabled, p.MaxRetries, p.DialerRetries, p.PoolSize, p.MaxActiveConns, p.MaxConcurrentDials, p.PipelinePoolSize, p.DialTimeout, p.ReadTimeout, p.WriteTimeout, p.PoolTimeout}
			_ = c.Close()
		case *redis.ClusterClient:
			p := c.Options()
			got = effective{p.ContextTimeoutEnabled, p.MaxRetries, p.DialerRetries, p.PoolSize, p.MaxActiveConns, p.MaxConcurrentDials, p.PipelinePoolSize, p.DialTimeout, p.ReadTimeout, p.WriteTimeout, p.PoolTimeout}
			if p.ClusterStateReloadInterval != time.Second {
				t.Errorf("the map of the cluster is read every %v", p.ClusterStateReloadInterval)
			}
			if p.ReadOnly || p.RouteByLatency || p.RouteRandomly || p.MaxRedirects != 3 {
				t.Errorf("%s: reads may go to replicas", raw)
			}
			if got.Retries == -1 { // a cluster client keeps the spelling of "none"
				got.Retries = 0
			}
			_ = c.Close()
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", raw, d)
		}
	}
}
