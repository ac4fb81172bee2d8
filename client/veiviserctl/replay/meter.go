package replay

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
)

// Meter measures calls on their way, every try by itself. The zero value is ready; it is safe for concurrent use.
type Meter struct {
	mu    sync.Mutex
	calls map[string][]time.Duration // by name of the RPC
}

// Intercept is a [grpc.UnaryClientInterceptor].
func (m *Meter) Intercept(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	began := time.Now()
	err := invoke(ctx, method, req, reply, cc, opts...)
	took := time.Since(began)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.calls == nil {
		m.calls = make(map[string][]time.Duration)
	}
	name := method[strings.LastIndexByte(method, '/')+1:]
	m.calls[name] = append(m.calls[name], took)
	return err
}

func (m *Meter) reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls = nil
}

// Latency is how long the calls of one RPC took, in milliseconds.
type Latency struct {
	Call  string  `json:"call"`
	Calls int     `json:"calls"`
	P50   float64 `json:"p50_ms"`
	P90   float64 `json:"p90_ms"`
	P99   float64 `json:"p99_ms"`
	Max   float64 `json:"max_ms"`
	// Buckets count calls between powers of the square root of 2.
	Buckets []Bucket `json:"buckets"`
}

// Bucket counts calls that took at most UpTo milliseconds and more than the bucket before.
type Bucket struct {
	UpTo  float64 `json:"up_to_ms"`
	Calls int     `json:"calls"`
}

// latency sums the calls of one RPC up.
func (m *Meter) latency(call string) Latency {
	m.mu.Lock()
	sorted := slices.Clone(m.calls[call])
	m.mu.Unlock()
	slices.Sort(sorted)
	l := Latency{Call: call, Calls: len(sorted)}
	if len(sorted) == 0 {
		return l
	}
	at := func(p float64) float64 { return milli(sorted[min(int(p*float64(len(sorted))), len(sorted)-1)]) }
	l.P50, l.P90, l.P99, l.Max = at(0.5), at(0.9), at(0.99), milli(sorted[len(sorted)-1])
	bound := 0.0625
	for milli(sorted[0]) > bound*1.4142135623730951 {
		bound *= 1.4142135623730951
	}
	for rest := sorted; len(rest) > 0; {
		bound *= 1.4142135623730951
		n := 0
		for n < len(rest) && milli(rest[n]) <= bound {
			n++
		}
		l.Buckets = append(l.Buckets, Bucket{UpTo: bound, Calls: n})
		rest = rest[n:]
	}
	return l
}

func milli(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
