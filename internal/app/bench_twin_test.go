package app

import (
	"cmp"
	"context"
	"crypto/rand"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/veiviser/veiviser/internal/store/storetest"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// recorded is what the service did for some requests: what it asked of Redis and what it answered.
type recorded struct {
	script  string
	traces  []storetest.Trace
	replies []*veiviserv1.RecommendResponse
}

// record lets a server answer some visitors and writes down everything that leaves it.
func record(b *testing.B) *recorded {
	b.Helper()
	redis, err := storetest.NewRecorder()
	if err != nil {
		b.Fatal(err)
	}
	defer redis.Close()
	s := newService(b, redis.URL(), 1000, 128)
	defer s.stop()
	client := dial(b, s.app.GRPCAddr)
	out := &recorded{}
	out.script, _ = storetest.Traces(redis.Take())
	for v := range 128 {
		reply, err := client.Recommend(b.Context(), s.people.message(v))
		if err != nil {
			b.Fatal(err)
		}
		out.replies = append(out.replies, reply)
	}
	_, out.traces = storetest.Traces(redis.Take())
	if out.script == "" || len(out.traces) != len(out.replies) {
		b.Fatalf("%d answers were given and %d were written", len(out.replies), len(out.traces))
	}
	return out
}

// twinServer is the bare twin.
type twinServer struct {
	veiviserv1.UnimplementedDecisionServiceServer
	twin    *storetest.Twin
	replies []*veiviserv1.RecommendResponse
	people  *people
	addr    string
}

func newTwinServer(b *testing.B, url string, rec *recorded, p *people) *twinServer {
	b.Helper()
	tenant := "bench-" + strings.ToLower(rand.Text()[:8])
	twin, err := storetest.NewTwin(b.Context(), url, tenant, rec.script, rec.traces, p.ids)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = twin.Close() })
	t := &twinServer{twin: twin, replies: rec.replies, people: p}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	t.addr = l.Addr().String()
	server := grpc.NewServer(grpc.NumStreamWorkers(64)) // as the service
	veiviserv1.RegisterDecisionServiceServer(server, t)
	go func() { _ = server.Serve(l) }()
	b.Cleanup(server.Stop)
	return t
}

// Recommend gives back an answer that the service gave to another.
func (t *twinServer) Recommend(ctx context.Context, in *veiviserv1.RecommendRequest) (*veiviserv1.RecommendResponse, error) {
	i, err := t.twin.Do(ctx, in.GetVisitorId())
	return t.replies[i], err
}

func dial(b *testing.B, addr string) veiviserv1.DecisionServiceClient {
	b.Helper()
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	return veiviserv1.NewDecisionServiceClient(conn)
}

// side is one of the two that are compared: a call by a caller, her n-th.
type side func(caller, n int) error

// sideOf are calls over a few connections. A visitor belongs to one caller, so that nobody waits for another.
func sideOf(b *testing.B, addr string, p *people, callers int) side {
	b.Helper()
	clients := make([]veiviserv1.DecisionServiceClient, min(callers, 4))
	for i := range clients {
		clients[i] = dial(b, addr)
	}
	each := len(p.ids) / callers
	return func(caller, n int) error {
		_, err := clients[caller%len(clients)].Recommend(context.Background(), p.message(caller+n%each*callers))
		return err
	}
}

func (s *service) side(b *testing.B, callers int) side {
	b.Helper()
	return sideOf(b, s.app.GRPCAddr, s.people, callers)
}

func (t *twinServer) side(b *testing.B, callers int) side {
	b.Helper()
	return sideOf(b, t.addr, t.people, callers)
}

// figures are what half a round shows.
type figures struct {
	rate                             float64 // calls per second
	p50, p99                         time.Duration
	cpu                              time.Duration // per call
	allocs, bytes                    float64       // per call, of both ends
	redisIn, redisOut, redisCommands float64       // per call
}

// compare lets both sides run in turns, one round per iteration.
func compare(b *testing.B, scope *storetest.Scope, ours, twins side, callers int) {
	_, span := benchScale()
	for _, s := range []side{ours, twins} {
		drive(b, scope, s, callers, span/2) // connections, pools and caches
	}
	var our, twin []figures
	for round := 0; b.Loop(); round++ {
		for turn := range 2 {
			if turn == round%2 { // ABBAABBA
				our = append(our, drive(b, scope, ours, callers, span))
			} else {
				twin = append(twin, drive(b, scope, twins, callers, span))
			}
		}
	}
	ratio := make([]float64, len(our))
	for i := range our {
		ratio[i] = our[i].rate / twin[i].rate
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(ratio), "ratio")
	for _, x := range []struct {
		prefix string
		all    []figures
	}{{"", our}, {"twin-", twin}} {
		report := func(unit string, get func(f *figures) float64) {
			values := make([]float64, len(x.all))
			for i := range x.all {
				values[i] = get(&x.all[i])
			}
			if m := median(values); m > 0 {
				b.ReportMetric(m, x.prefix+unit)
			}
		}
		report("calls/s", func(f *figures) float64 { return f.rate })
		report("p50-us", func(f *figures) float64 { return float64(f.p50.Microseconds()) })
		report("p99-us", func(f *figures) float64 { return float64(f.p99.Microseconds()) })
		report("cpu-us", func(f *figures) float64 { return float64(f.cpu.Nanoseconds()) / 1000 })
		report("allocs", func(f *figures) float64 { return f.allocs })
		report("B", func(f *figures) float64 { return f.bytes })
		report("redis-in-B", func(f *figures) float64 { return f.redisIn })
		report("redis-out-B", func(f *figures) float64 { return f.redisOut })
		report("redis-commands", func(f *figures) float64 { return f.redisCommands })
	}
}

func median[T cmp.Ordered](values []T) T {
	s := slices.Sorted(slices.Values(values))
	return s[len(s)/2]
}

// drive lets callers call, each as soon as she has her answer, until the time is over.
func drive(b *testing.B, scope *storetest.Scope, call side, callers int, span time.Duration) figures {
	b.Helper()
	took := make([][]time.Duration, callers)
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	in, out, commands := scope.Traffic(b.Context())
	cpu, start := processTime(b), time.Now()
	var callersDone sync.WaitGroup
	for caller := range callers {
		callersDone.Go(func() {
			for n, now := 0, start; now.Sub(start) < span; n++ {
				if err := call(caller, n); err != nil {
					b.Error(err)
					return
				}
				then := now
				now = time.Now()
				took[caller] = append(took[caller], now.Sub(then))
			}
		})
	}
	callersDone.Wait()
	elapsed := time.Since(start)
	spent := processTime(b) - cpu
	runtime.ReadMemStats(&after)
	all := slices.Sorted(slices.Values(slices.Concat(took...)))
	if b.Failed() || len(all) == 0 {
		b.FailNow()
	}
	n := float64(len(all))
	f := figures{
		rate: n / elapsed.Seconds(), p50: all[len(all)/2], p99: all[len(all)*99/100], cpu: spent / time.Duration(len(all)),
		allocs: float64(after.Mallocs-before.Mallocs) / n, bytes: float64(after.TotalAlloc-before.TotalAlloc) / n,
	}
	in2, out2, commands2 := scope.Traffic(b.Context())
	f.redisIn, f.redisOut, f.redisCommands = float64(in2-in)/n, float64(out2-out)/n, float64(commands2-commands)/n
	return f
}

// processTime is how much processor time this process has used.
func processTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
