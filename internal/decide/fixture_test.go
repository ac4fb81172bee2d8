package decide

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/planpb/planpbtest"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// noon is when tests take place.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

const ebike = "bike/ebike"

// sykkelPlan reads the sample plan.
func sykkelPlan(t testing.TB) *veiviser.Plan {
	t.Helper()
	return planpbtest.Plan(t, "sykkel")
}

// sykkel compiles the sample plan after changes.
func sykkel(t testing.TB, changes ...func(*veiviser.Plan)) *plan.Snapshot {
	t.Helper()
	p := sykkelPlan(t)
	for _, change := range changes {
		change(p)
	}
	s, err := plan.Compile(7, p)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// published is one plan for all time, unless somebody stores another; the zero value has published none.
type published struct {
	mu sync.Mutex
	s  *plan.Snapshot
}

func publish(s *plan.Snapshot) *published { return &published{s: s} }

func (p *published) Active() *plan.Snapshot {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.s
}

func (p *published) set(s *plan.Snapshot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.s = s
}

func (p *published) At(_ context.Context, version uint64) (*plan.Snapshot, error) {
	if s := p.Active(); s != nil && s.Version == version {
		return s, nil
	}
	return nil, veiviser.NotFound(veiviser.ReasonUnknownVersion, "version", "there is no version %d", version)
}

// anyEvents draws what somebody did, the last of it not after noon.
func anyEvents(t *rapid.T, snap *plan.Snapshot) []veiviser.Event {
	types := append(veiviser.StandardEventTypes(), snap.Plan.EventTypes...)
	n := rapid.IntRange(0, 25).Draw(t, "events")
	at := noon.Add(-time.Duration(rapid.SampledFrom([]int64{0, 60, 1e5, 3e6}).Draw(t, "silence")) * time.Second)
	subject := rapid.SampledFrom(subjects).Draw(t, "about")
	events := make([]veiviser.Event, n)
	for i := range slices.Backward(events) {
		e := veiviser.Event{
			ID: fmt.Sprint(i), VisitorID: "ada", Time: at, Type: rapid.SampledFrom(types).Draw(t, "type"), Subject: subject,
			ItemID:  rapid.SampledFrom([]string{"", "fjord-city", "guide-choose-bike", "guide-commute-year-round", "own"}).Draw(t, "item"),
			Channel: rapid.SampledFrom([]string{"", "web", "app", "mail"}).Draw(t, "channel"),
			Value:   rapid.SampledFrom([]float64{0, 0, 1, 24990.5}).Draw(t, "value"),
		}
		if rapid.IntRange(0, 5).Draw(t, "elsewhere") == 0 {
			e.Subject = rapid.SampledFrom(subjects).Draw(t, "subject")
		}
		if rapid.IntRange(0, 3).Draw(t, "said") == 0 {
			e.Attributes = map[string]string{
				"page":              rapid.SampledFrom([]string{"", "/guides/choose-bike", "/press/kit", "/checkout", "/tests/x"}).Draw(t, "page"),
				"query":             rapid.SampledFrom([]string{"", "elsykkel test", "pendle"}).Draw(t, "query"),
				"referrer":          rapid.SampledFrom([]string{"", "search", "ad", "https://www.google.no/"}).Draw(t, "referrer"),
				"language":          rapid.SampledFrom(languages).Draw(t, "spoken"),
				"visitor.household": rapid.SampledFrom([]string{"", "family"}).Draw(t, "household"),
			}
		}
		events[i] = e
		at = at.Add(-time.Duration(rapid.SampledFrom([]int64{1, 20, 300, 4000, 2e5}).Draw(t, "pause")) * time.Second)
	}
	return events
}

var (
	subjects  = []string{"", "bike", ebike, "bike/cargo", "bike/kids", "parts", "parts/chain", "press", "service", "moon"}
	languages = []string{"", "nb", "nb-NO", "sv", "en-GB", "fi"}
)

// anyVisitor draws somebody with a past; nil when she has none.
func anyVisitor(t *rapid.T, snap *plan.Snapshot) *veiviser.Visitor {
	return learn.Fold(snap, &veiviser.Loaded{VisitorID: "ada"}, anyEvents(t, snap), noon).Visitor
}

// anyRequest draws what may be asked.
func anyRequest(t *rapid.T, snap *plan.Snapshot) veiviser.Request {
	q := veiviser.Request{
		VisitorID: "ada",
		Context: veiviser.Context{
			Channel:  rapid.SampledFrom([]string{"", "web", "app"}).Draw(t, "channel"),
			Language: rapid.SampledFrom(languages).Draw(t, "language"),
			Subject:  rapid.SampledFrom(subjects).Draw(t, "subject"),
			Query:    rapid.SampledFrom([]string{"", "sykkel til jobb"}).Draw(t, "query"),
		},
		NoExploration: rapid.IntRange(0, 3).Draw(t, "greedy") == 0,
		Explain:       rapid.IntRange(0, 3).Draw(t, "explain") == 0,
	}
	if rapid.IntRange(0, 3).Draw(t, "attributes") == 0 {
		q.Context.Attributes = map[string]string{"country": "NO"}
	}
	items := snap.Plan.Items
	some := func(name string, most int) (ids []string) {
		if rapid.IntRange(0, 3).Draw(t, name) != 0 {
			return nil
		}
		for range rapid.IntRange(1, most).Draw(t, name+" many") {
			ids = append(ids, items[rapid.IntRange(0, len(items)-1).Draw(t, name+" item")].ID)
		}
		return ids
	}
	for range rapid.IntRange(1, 6).Draw(t, "placements") {
		q.Placements = append(q.Placements, veiviser.PlacementRequest{
			Placement: snap.Plan.Placements[rapid.IntRange(0, len(snap.Plan.Placements)-1).Draw(t, "placement")].ID,
			MaxItems:  rapid.IntRange(0, 4).Draw(t, "max"), Candidates: some("candidates", 30), Excluded: some("excluded", 20),
		})
	}
	return q
}

// anySeed draws a seed.
func anySeed(t *rapid.T) [2]uint64 {
	return [2]uint64{rapid.Uint64().Draw(t, "seed"), rapid.Uint64().Draw(t, "seed 2")}
}

// varied are snapshots of the sample plan and of plans that decide otherwise.
func varied(t testing.TB) []*plan.Snapshot {
	t.Helper()
	cost := func(c float64) func(*veiviser.Plan) {
		return func(p *veiviser.Plan) {
			p.Policy.AttentionCost = c
			for i := range p.Placements {
				p.Placements[i].AttentionCost = nil
			}
		}
	}
	shelves := func(p *veiviser.Plan) { // items that come and go
		none := int64(0)
		for i := range p.Items {
			switch it := &p.Items[i]; i % 7 {
			case 0:
				it.Status = veiviser.StatusDraft
			case 1:
				it.Stock = &none
			case 2:
				it.End = noon
			case 3:
				it.Rule = "visitor.events > 5 && item.kind != 'offer'"
			case 4:
				it.Segments = []string{"deciding", "customers"}
			}
		}
	}
	return []*plan.Snapshot{
		sykkel(t),
		sykkel(t, cost(0), func(p *veiviser.Plan) { p.Policy.Diversity = 0.4 }),
		sykkel(t, cost(0.15), shelves),
		sykkel(t, cost(0.9)),
		sykkel(t, dutiful),
	}
}
