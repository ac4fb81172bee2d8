package app

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/decide"
	"github.com/veiviser/veiviser/internal/store/storetest"
)

// What the benchmarks below show, and how to run them:
//
//	go test -run '^$' -bench Recommend -benchtime 1x ./internal/app       a few seconds: one short round each
//	VEIVISER_BENCH=full VEIVISER_TEST_REDIS=redis://127.0.0.1:6379 \
//	  go test -run '^$' -bench Recommend -benchtime 7x -timeout 1h ./internal/app
//
// Figures of one machine mean little on another, and little on the same one an hour later. So everything is measured
// against a bare twin in the same run, in turns: a gRPC server that takes the same requests, gives back answers that the
// service gave, and sends Redis the very commands that the service sent, with values of the same size, but looks at
// nothing and decides nothing. -benchtime says how many rounds; figures are medians over the rounds, "ratio" is that of
// the throughput of service and twin in the same round. Callers, service, twin and an embedded Redis share the processors,
// and "cpu" is what all of them but a real Redis spend on a call. Allocations are of callers and service together. The
// collector is set as the server sets it; GOGC=100 shows what that gives.

// benchSizes are the sizes of catalogue to measure.
func benchSizes() []int {
	if os.Getenv("VEIVISER_BENCH") == "full" {
		return []int{100, 10_000, 100_000}
	}
	return []int{100}
}

// benchScale is how many visitors there are and how long half a round takes.
func benchScale() (visitors int, span time.Duration) {
	if os.Getenv("VEIVISER_BENCH") == "full" {
		return 4000, time.Second
	}
	return 256, 100 * time.Millisecond
}

// BenchmarkRecommend is Recommend end to end over the loopback, beside the bare twin.
func BenchmarkRecommend(b *testing.B) {
	url, name := benchRedis(b)
	visitors, _ := benchScale()
	rec := record(b)
	for _, items := range benchSizes() {
		b.Run(fmt.Sprintf("%s/items=%d", name, items), func(b *testing.B) {
			service := newService(b, url, items, visitors)
			twin := newTwinServer(b, url, rec, service.people)
			for _, callers := range []int{1, 16, 64} {
				b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
					compare(b, service.scope, service.side(b, callers), twin.side(b, callers), callers)
				})
			}
		})
	}
}

// BenchmarkRecommendGrowth is what a call costs with the largest catalogue, beside the smallest in place of the twin.
func BenchmarkRecommendGrowth(b *testing.B) {
	url, name := benchRedis(b)
	visitors, _ := benchScale()
	sizes := benchSizes()
	small := newService(b, url, sizes[0], visitors)
	large := newService(b, url, sizes[len(sizes)-1], visitors)
	for _, callers := range []int{1, 16} {
		b.Run(fmt.Sprintf("%s/items=%d/callers=%d", name, large.items, callers), func(b *testing.B) {
			compare(b, large.scope, large.side(b, callers), small.side(b, callers), callers)
		})
	}
}

// BenchmarkRecommendInProcess is Recommend without gRPC: load, fold, decide, commit. With a real Redis the allocations are
// those of the service alone.
func BenchmarkRecommendInProcess(b *testing.B) {
	url, name := benchRedis(b)
	visitors, _ := benchScale()
	for _, items := range benchSizes() {
		service := newService(b, url, items, visitors)
		d := decide.New(service.app.store, service.app.library, decide.Options{})
		b.Run(fmt.Sprintf("%s/items=%d", name, items), func(b *testing.B) {
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				n++
				if _, err := d.Recommend(b.Context(), service.people.ask(n%len(service.people.ids))); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkRecommendMemory is what Redis holds of one visitor after so many events, each sent along with a request. It needs a
// real Redis.
func BenchmarkRecommendMemory(b *testing.B) {
	url := os.Getenv("VEIVISER_TEST_REDIS")
	if url == "" {
		b.Skip("set VEIVISER_TEST_REDIS to the address of a Redis")
	}
	const visitors = 32
	service := newService(b, url, 100, visitors)
	d := decide.New(service.app.store, service.app.library, decide.Options{})
	sizes := []int{20}
	if os.Getenv("VEIVISER_BENCH") == "full" {
		sizes = []int{20, 200, 2000}
	}
	sent := 0
	for _, events := range sizes {
		for ; sent < events; sent++ {
			for v := range visitors {
				if _, err := d.Recommend(b.Context(), service.people.ask(v)); err != nil {
					b.Fatal(err)
				}
			}
		}
		reportMemory(b, service.scope, events, visitors)
	}
	b.ReportMetric(0, "ns/op") // it is not about time: one round is all
}

// reportMemory tells the bytes per visitor by what they are.
func reportMemory(b *testing.B, scope *storetest.Scope, events, visitors int) {
	b.Helper()
	used, err := scope.Memory(context.Background())
	if err != nil {
		b.Skip("this Redis does not tell the memory of a key: ", err)
	}
	for kind, unit := range map[string]string{"v": "record", "e": "ids", "i": "answer-list", "d": "answers"} {
		b.ReportMetric(float64(used[kind])/float64(visitors), fmt.Sprintf("%s-B@%d", unit, events))
	}
}
