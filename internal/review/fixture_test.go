package review

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/veiviser/veiviser/internal/decide"
	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/planpb/planpbtest"
	"github.com/veiviser/veiviser/internal/raced"
	"github.com/veiviser/veiviser/internal/rank"
	"github.com/veiviser/veiviser/internal/veiviser"
)

func TestMain(m *testing.M) {
	raced.FewerDraws()
	m.Run()
}

// noon is when tests take place.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

const ebike = "bike/ebike"

// sykkel is the sample plan after changes.
func sykkel(t testing.TB, changes ...func(*veiviser.Plan)) *veiviser.Plan {
	t.Helper()
	out := planpbtest.Plan(t, "sykkel")
	for _, change := range changes {
		change(out)
	}
	return out
}

// world is a shop with a history: plans that were published, items that were written, answers that were given. It is Log and
// Plans, and its catalogue goes on in the way a library follows a store.
type world struct {
	mu          sync.Mutex
	versions    []veiviser.Plan
	history     []veiviser.CatalogChange
	activation  uint64
	active      *plan.Snapshot
	made        []string // oldest first
	answers     map[string]veiviser.Answer
	closed      []veiviser.ClosedDecision // oldest first
	reads       map[string]int
	failing     error
	forgotten   uint64 // revisions below are not known any more
	onAnswers   func()
	perPageMost int
}

func newWorld(t testing.TB, p *veiviser.Plan) *world {
	t.Helper()
	w := &world{answers: map[string]veiviser.Answer{}, reads: map[string]int{}, perPageMost: 7}
	w.publish(t, p)
	return w
}

// fatal is what a test and a property check have in common.
type fatal interface{ Fatal(args ...any) }

func (w *world) publish(t fatal, p *veiviser.Plan) {
	w.versions = append(w.versions, *p)
	w.activate(t, uint64(len(w.versions)))
}

// activate makes a version the active one.
func (w *world) activate(t fatal, version uint64) {
	snap, err := plan.Compile(version, &w.versions[version-1])
	if err != nil {
		t.Fatal(err)
	}
	w.activation++
	items, err := w.ItemsAt(context.Background(), uint64(len(w.history)))
	if err != nil {
		t.Fatal(err)
	}
	w.active = snap.With(items, uint64(len(w.history)), w.activation)
}

// write writes or deletes an item beside the plan.
func (w *world) write(it veiviser.Item, deleted bool) {
	c := veiviser.CatalogChange{Item: it, Deleted: deleted, Activation: w.activation, Revision: uint64(len(w.history) + 1)}
	if deleted {
		c.Item = veiviser.Item{ID: it.ID}
	}
	w.history = append(w.history, c)
	w.active = w.active.With([]veiviser.CatalogChange{c}, c.Revision, w.activation)
}

// answer gives and remembers an answer.
func (w *world) answer(in decide.Input) *veiviser.Answer {
	in.ID = "answer" + strconv.Itoa(len(w.made))
	a := decide.Decide(w.active, in)
	w.made = append(w.made, a.ID)
	w.answers[a.ID] = a
	return &a
}

func (w *world) Active() *plan.Snapshot { return w.active }

func (w *world) Version(_ context.Context, n uint64) (veiviser.PlanVersion, error) {
	w.read("version")
	if n == 0 || n > uint64(len(w.versions)) {
		return veiviser.PlanVersion{}, veiviser.NotFound(veiviser.ReasonUnknownVersion, "version", "no such version")
	}
	return veiviser.PlanVersion{Version: n, Plan: w.versions[n-1]}, nil
}

func (w *world) read(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reads[what]++
}

func (w *world) MadeAnswers(_ context.Context, before string, limit int) ([]string, string, error) {
	page, next := newestFirst(w.made, before, min(limit, w.perPageMost))
	return page, next, w.failing
}

func (w *world) ClosedDecisions(_ context.Context, before string, limit int) ([]veiviser.ClosedDecision, string, error) {
	page, next := newestFirst(w.closed, before, min(limit, 500))
	return page, next, w.failing
}

func newestFirst[T any](list []T, before string, limit int) (page []T, next string) {
	n := len(list)
	if before != "" {
		n, _ = strconv.Atoi(before)
	}
	page = slices.Clone(list[max(0, n-limit):n])
	slices.Reverse(page)
	if n > limit {
		next = strconv.Itoa(n - limit)
	}
	return page, next
}

func (w *world) AnswersByID(_ context.Context, ids []string) (map[string]veiviser.Answer, error) {
	w.read("answers")
	if w.onAnswers != nil {
		w.onAnswers()
	}
	out := map[string]veiviser.Answer{}
	for _, id := range ids {
		if a, ok := w.answers[id]; ok {
			out[id] = a
		}
	}
	return out, w.failing
}

func (w *world) ItemsAt(_ context.Context, revision uint64) ([]veiviser.CatalogChange, error) {
	w.read("items")
	if revision < w.forgotten {
		return nil, veiviser.NotFound(veiviser.ReasonDecisionExpired, "revision", "not known any more")
	}
	last := map[string]veiviser.CatalogChange{}
	for _, c := range w.history[:revision] {
		last[c.Item.ID] = c
	}
	return slices.Collect(maps.Values(last)), w.failing
}

// someone draws a visitor with a past; nil when she has none.
func someone(t *rapid.T, snap *plan.Snapshot) *veiviser.Visitor {
	types := append(veiviser.StandardEventTypes(), snap.Plan.EventTypes...)
	events := make([]veiviser.Event, rapid.IntRange(0, 12).Draw(t, "events"))
	at := noon.Add(-time.Duration(rapid.SampledFrom([]int64{0, 60, 1e5}).Draw(t, "silence")) * time.Second)
	for i := range slices.Backward(events) {
		events[i] = veiviser.Event{
			ID: fmt.Sprint(i), VisitorID: "ada", Time: at, Type: rapid.SampledFrom(types).Draw(t, "type"),
			Subject: rapid.SampledFrom([]string{"", "bike", ebike, "press", "service"}).Draw(t, "subject"),
			ItemID:  rapid.SampledFrom([]string{"", "fjord-city", "guide-choose-bike"}).Draw(t, "item"), Channel: "web",
			Value:      rapid.SampledFrom([]float64{0, 24990.5}).Draw(t, "value"),
			Attributes: map[string]string{"visitor.household": "family", "page": "/guides/choose-bike"},
		}
		at = at.Add(-time.Duration(rapid.SampledFrom([]int64{1, 300, 2e5}).Draw(t, "pause")) * time.Second)
	}
	return learn.Fold(snap, &veiviser.Loaded{VisitorID: "ada"}, events, noon).Visitor
}

// something draws a request.
func something(t *rapid.T, snap *plan.Snapshot) veiviser.Request {
	q := veiviser.Request{
		VisitorID: "ada",
		Context: veiviser.Context{
			Language: rapid.SampledFrom([]string{"", "nb", "sv", "en-GB"}).Draw(t, "language"),
			Subject:  rapid.SampledFrom([]string{"", "bike", ebike, "press"}).Draw(t, "subject"),
		},
		NoExploration: rapid.IntRange(0, 5).Draw(t, "greedy") == 0,
		Explain:       rapid.IntRange(0, 5).Draw(t, "explain") == 0,
	}
	for range rapid.IntRange(1, 4).Draw(t, "placements") {
		places := snap.Plan.Placements
		q.Placements = append(q.Placements, veiviser.PlacementRequest{
			Placement: places[rapid.IntRange(0, len(places)-1).Draw(t, "placement")].ID, MaxItems: rapid.IntRange(0, 3).Draw(t, "max"),
		})
	}
	return q
}

// experienced adds what a few rewards taught.
func experienced(t *rapid.T, snap *plan.Snapshot, x *rank.Experience) {
	for range rapid.IntRange(0, 20).Draw(t, "observations") {
		var s rank.Situation
		s.ByStage[rapid.IntRange(0, veiviser.NumStandardStages-1).Draw(t, "stage")] = 1
		s.Channel, s.Placement = "web", "home_hero"
		it := snap.Catalog.Item(int32(rapid.IntRange(0, snap.Catalog.Len()-1).Draw(t, "item")))
		format := it.Representations[0].Format
		y := rapid.SampledFrom([]float64{-0.3, 0, 0.2, 1}).Draw(t, "reward")
		x.Observe(snap.Response.Prepare(s, nil).Features(nil, it, format), y)
	}
}
