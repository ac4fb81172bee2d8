package store

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// typical is a visitor under way with three decisions.
func typical() *veiviser.Visitor {
	at := func(minutes int) time.Time { return codecNow.Add(-time.Duration(minutes) * time.Minute) }
	v := &veiviser.Visitor{
		ID: "c0ffee00-1234-4321-8888-0123456789ab", FirstSeen: at(50000), LastSeen: at(0), Visits: 7, Events: 83, Value: 1299,
		Attributes: map[string]string{"visitor.country": "NO", "visitor.customer": "yes"},
		Visit:      veiviser.Visit{Start: at(12), Last: at(0), Events: 9, Channel: "web", Device: "mobile", Language: "nb", Referrer: "search", Page: "/sykler/fjell-29", Query: "terrengsykkel dame"},
		Segments:   []string{"families", "bike_commuters"}, Stage: veiviser.StageEvaluate,
	}
	for i, typ := range []string{"view", "search", "compare", "save", "cart_add", "purchase", "click", "impression"} {
		v.Counts = append(v.Counts, veiviser.TypeCount{Type: typ, Count: uint32(40 - i), InVisit: uint32(i), Last: at(i * 60)})
	}
	for i := range 12 {
		v.Recent = append(v.Recent, veiviser.Seen{ItemID: fmt.Sprintf("bike-%04d", i*37), Subject: "bike/ebike", Count: 2, Last: at(i)})
	}
	for i, subject := range []string{"bike/ebike", "bike/kids", "insurance"} {
		n := veiviser.Need{
			Journey: "considered", Version: 3, Subject: subject, Started: at(9000 + i), Updated: at(i), Events: 21,
			Stages:      []string{"need", "search", "evaluate", "purchase", "use", "advocate"},
			P:           []float64{0.05, 0.21, 0.55, 0.12, 0.05, 0.02},
			VisitEvents: 4, VisitChannel: "web", VisitReferrer: "search",
			Repeats: []veiviser.Repeat{{Type: "view", Count: 3}, {Type: "compare", Count: 1}},
			Items:   []uint32{0x1234abcd, 0x9999abcd, 0x77777777},
		}
		for j := range 5 {
			n.Evidence = append(n.Evidence, veiviser.Evidence{Signal: fmt.Sprintf("signal_%d", j), Time: at(j), Count: 1, Stage: "evaluate", Weight: 0.31})
		}
		v.Needs = append(v.Needs, n)
	}
	return v
}

// typicalAnswer is one decision with two items about a typical visitor.
func typicalAnswer(id string) *veiviser.Answer {
	v := typical()
	a := &veiviser.Answer{ID: id, Time: codecNow, PlanVersion: 12, Catalog: 3400, Seed: [2]uint64{1 << 60, 1 << 59}, Visitor: *v, Segments: v.Segments}
	a.Activation, a.Model, a.Made, a.Group, a.Terms = 14, 90210, codecNow, veiviser.GroupTreated, typicalTerms()
	a.Visitor.Group = a.Group
	a.Request = veiviser.Request{VisitorID: v.ID, Context: veiviser.Context{Channel: "web", Language: "nb", Page: "/"}, Placements: []veiviser.PlacementRequest{{Placement: "home_hero"}}}
	for _, n := range v.Needs {
		a.Needs = append(a.Needs, veiviser.NeedView{Need: n, Stage: "evaluate", Standard: veiviser.StageEvaluate, Audience: "customer"})
	}
	choice := veiviser.Choice{
		ItemID: "guide-ebike-range", Kind: veiviser.KindContent, Format: "card", Score: 0.4, Mean: 0.38, SD: 0.1, Propensity: 0.7,
		Parts:   []veiviser.Part{{Name: "stage:evaluate", Add: 0.3}, {Name: "channel:web", Add: 0.05}, {Name: "boost", Add: 0.03}},
		Reasons: []veiviser.Because{{Code: veiviser.BecauseStage, About: "evaluate", Journey: "considered"}, {Code: veiviser.BecauseSubject, About: "bike/ebike"}},
	}
	d := veiviser.Decision{ID: id + ".0", Placement: "home_hero", Channel: "web", SilencePropensity: 0.05}
	d.Choices = []veiviser.Choice{choice, choice}
	for range veiviser.MaxRunnersUp {
		d.RunnersUp = append(d.RunnersUp, choice)
	}
	d.Excluded = []veiviser.Exclusion{{Reason: veiviser.ExcludedStock, Count: 12}, {Reason: veiviser.ExcludedSegment, Count: 120}}
	d.Exploration = veiviser.ExplorationOn
	for i := range 24 {
		d.Scored = append(d.Scored, veiviser.Scored{Slot: int32(i * 41), Mean: 0.02, Var: -0.001})
	}
	a.Decisions = []veiviser.Decision{d}
	return a
}

// typicalTerms are those of a plan that says nothing about learning.
func typicalTerms() veiviser.Terms {
	p := veiviser.Policy{}.WithDefaults()
	return p.Terms()
}

// typicalServed is the line about the decision of a typical answer.
func typicalServed() *veiviser.LogEntry {
	at := veiviser.Membership{Known: true, Segments: []string{"families", "bike_commuters"}, Stage: veiviser.StageEvaluate}
	choice := veiviser.LoggedChoice{
		ItemID: "guide-ebike-range", Kind: veiviser.KindContent, Format: "card", Propensity: 0.7, Topics: []string{"range", "battery"}, Mean: 0.38,
	}
	return &veiviser.LogEntry{Time: codecNow, Before: at, After: at, Served: &veiviser.LoggedDecision{
		DecisionID: "AAEabcdefghijklmnopqrst.0", Placement: "home_hero", Channel: "web", Choices: []veiviser.LoggedChoice{choice, choice},
		Time: codecNow, Made: codecNow, Group: veiviser.GroupTreated, Exploration: veiviser.ExplorationOn, Subject: "bike/ebike", Device: "mobile",
		Language: "nb", Journey: "considered", NeedSubject: "bike/ebike", ByStage: [...]float64{0.05, 0.21, 0.55, 0.12, 0.05, 0.02},
		Stage: veiviser.StageEvaluate, Value: 0.31, Segments: at.Segments, Terms: typicalTerms(), Counted: 1, Worth: 1299,
	}}
}

// best runs f in short stretches and reports the fastest of them beside the mean, which on a busy machine says more
// about the machine.
func best(b *testing.B, f func() error) {
	b.Helper()
	const stretch = 50
	fastest := time.Hour
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		for range stretch {
			if err := f(); err != nil {
				b.Fatal(err)
			}
		}
		fastest = min(fastest, time.Since(start)/stretch)
	}
	b.ReportMetric(float64(fastest.Nanoseconds()), "best-ns/each")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/stretch, "mean-ns/each")
}

func BenchmarkEncodeVisitor(b *testing.B) {
	r := record{kind: kindVisitor, revision: 1, expires: codecNow, visitor: typical()}
	best(b, func() error { _, err := r.encode(); return err })
	blob, _ := r.encode()
	b.ReportMetric(float64(len(blob)), "bytes")
}

func BenchmarkDecodeVisitor(b *testing.B) {
	blob, _ := EncodeVisitor(typical(), codecNow.Add(time.Hour))
	best(b, func() error { _, err := DecodeVisitor(blob, codecNow); return err })
}

func BenchmarkEncodeAnswer(b *testing.B) {
	a := typicalAnswer("id")
	best(b, func() error { _, err := encodeAnswer(a, "ada", codecNow); return err })
	blob, _ := encodeAnswer(a, "ada", codecNow)
	b.ReportMetric(float64(len(blob)), "bytes")
}

func BenchmarkDecodeAnswer(b *testing.B) {
	blob, _ := encodeAnswer(typicalAnswer("id"), "ada", codecNow)
	best(b, func() error { _, err := decodeAnswer(string(blob)); return err })
}

func BenchmarkEncodeServed(b *testing.B) {
	e := typicalServed()
	best(b, func() error { encodeEntry(e); return nil })
	b.ReportMetric(float64(len(encodeEntry(e))), "bytes")
}

func BenchmarkDecodeServed(b *testing.B) {
	line := string(encodeEntry(typicalServed()))
	best(b, func() error { _, err := decodeEntry(line); return err })
}

// BenchmarkLoadCommit is what one answered request costs: a load with one event, and a commit of visitor, answer and log.
func BenchmarkLoadCommit(b *testing.B) {
	for _, c := range []struct{ name, url string }{{"embedded", ""}, {"real", os.Getenv("VEIVISER_TEST_REDIS")}} {
		b.Run(c.name, func(b *testing.B) {
			if c.name == "real" && c.url == "" {
				b.Skip("set VEIVISER_TEST_REDIS to the address of a Redis")
			}
			s, err := Open(b.Context(), Options{URL: c.url, Tenant: fmt.Sprintf("bench-%d", time.Now().UnixNano()), CallTimeout: 5 * time.Second})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = s.Close() }()
			b.ReportAllocs()
			ctx, n := context.Background(), 0
			for b.Loop() {
				n++
				loadCommit(ctx, b, s, n)
			}
			b.StopTimer()
			if c.name == "real" {
				dropTenant(b, s)
			}
		})
	}
}

func loadCommit(ctx context.Context, b *testing.B, s *Store, n int) {
	b.Helper()
	id := fmt.Sprintf("visitor-%d", n%1000)
	event := fmt.Sprintf("event-%d", n)
	l, err := s.Load(ctx, id, []veiviser.Event{{ID: event, VisitorID: id}})
	if err != nil {
		b.Fatal(err)
	}
	v := l.Visitor
	if v == nil {
		v = typical()
		v.ID = id
	}
	c := veiviser.Change{Loaded: l, Visitor: v, EventIDs: []string{event}, Answer: typicalAnswer(s.NewAnswerID(id))}
	c.Log = []veiviser.LogEntry{{Time: codecNow, Event: &veiviser.LoggedEvent{Type: "view"}}, {Time: codecNow, Served: &veiviser.LoggedDecision{Placement: "home"}}}
	if err := s.Commit(ctx, c); err != nil {
		b.Fatal(err)
	}
}

// dropTenant removes what a benchmark wrote.
func dropTenant(b *testing.B, s *Store) {
	b.Helper()
	ctx := context.Background()
	iter := s.client.Scan(ctx, 0, s.keys.open+"*", 1000).Iterator()
	for iter.Next(ctx) {
		s.client.Unlink(ctx, iter.Val())
	}
	if err := iter.Err(); err != nil {
		b.Log(err)
	}
}
