package app_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// cappedPlan is the sample plan with caps over months, which nothing leaves during a test, and one over two minutes.
func cappedPlan(t *testing.T) *veiviserv1.Plan {
	t.Helper()
	p := samplePlan(t)
	long := durationpb.New(90 * 24 * time.Hour)
	p.Contact = &veiviserv1.ContactPolicy{Caps: []*veiviserv1.Cap{
		{Id: "in-all", Limit: 100, Window: long, Placements: []string{"home_hero", "product_side"}},
		{Id: "front", Limit: 40, Window: long, Placements: []string{"home_hero"}},
		{Id: "item", Limit: 37, Window: long, Per: "item", Placements: []string{"home_hero", "product_side"}},
		{Id: "top", Limit: 3, Window: durationpb.New(2 * time.Minute), Placements: []string{"search_top"}},
	}}
	return p
}

// showing is one item that was served.
type showing struct {
	placement, item string
	at              time.Time
}

// crowd is many callers that ask for one person by several names.
type crowd struct {
	mu      sync.Mutex
	showed  []showing
	answers int
	busy    atomic.Int64 // calls that gave up because too many changed the person at once, or had no store in time
}

// ask makes one call at a moment, and notes what it served.
func (c *crowd) ask(t *testing.T, by caller, name string, at time.Time, placements ...string) {
	req := &veiviserv1.RecommendRequest{VisitorId: name, Time: timestamppb.New(at)}
	for _, p := range placements {
		req.Placements = append(req.Placements, &veiviserv1.PlacementRequest{Placement: p, MaxItems: 1})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	out, err := by.call(ctx, method(t, "DecisionService", "Recommend"), req)
	if status.Code(err) == codes.Aborted {
		c.busy.Add(1)
		return
	}
	if err != nil {
		t.Errorf("asking for %s: %v", name, err)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers++
	answer, ok := out.(*veiviserv1.RecommendResponse)
	if !ok {
		t.Errorf("answered %v", out)
		return
	}
	if answer.GetDegraded() { // on a busy machine; what it shows counts all the same
		c.busy.Add(1)
	}
	for _, d := range answer.GetDecisions() {
		for _, it := range d.GetItems() {
			c.showed = append(c.showed, showing{d.GetPlacement(), it.GetItemId(), at})
		}
	}
}

// many lets 64 callers make n calls in all.
func (c *crowd) many(t *testing.T, servers []caller, n int, one func(r *rand.Rand, by caller)) {
	var wg sync.WaitGroup
	var left atomic.Int64
	left.Store(int64(n))
	for k := range 64 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(k), 64))
			for left.Add(-1) >= 0 {
				one(r, servers[r.IntN(len(servers))])
			}
		})
	}
	wg.Wait()
}

// count is how many showings are such.
func (c *crowd) count(such func(s showing) bool) int {
	n := 0
	for _, s := range c.showed {
		if such(s) {
			n++
		}
	}
	return n
}

// TestOpsCapsHold lets 64 callers ask two servers for one person under three names, which are linked in the middle. Counted are
// the items in all the answers, those before the names were linked, too: no cap is ever exceeded, and those with room are used up.
func TestOpsCapsHold(t *testing.T) {
	t.Parallel()
	cfg := settings(redisURL(t))
	cfg.Plan = planFolder(t, cappedPlan(t))
	cfg.StoreTimeout = 5 * time.Second
	servers := []caller{dialGRPC(t, startServer(t, cfg)), dialGRPC(t, startServer(t, cfg))}
	names := []string{"phone", "laptop", "kari"}
	base := time.Now().Add(-time.Hour).UTC()
	c := &crowd{}

	// Each call shows two items at most, so that all of these have room together, whenever the names are linked.
	linked := make(chan struct{})
	go func() {
		defer close(linked)
		time.Sleep(20 * time.Millisecond)
		for _, name := range names[:2] {
			ask[*veiviserv1.LinkVisitorsResponse](t, servers[0], "VisitService", "LinkVisitors", &veiviserv1.LinkVisitorsRequest{
				VisitorId: "kari", LinkedVisitorIds: []string{name},
			})
		}
	}()
	c.many(t, servers, 36, func(r *rand.Rand, by caller) {
		c.ask(t, by, names[r.IntN(3)], base.Add(time.Duration(r.IntN(300))*time.Second), "home_hero", "product_side")
	})
	<-linked
	before := len(c.showed)
	c.many(t, servers, 600, func(r *rand.Rand, by caller) {
		c.ask(t, by, names[r.IntN(3)], base.Add(time.Duration(r.IntN(300))*time.Second),
			[][]string{{"home_hero", "product_side"}, {"product_side"}, {"search_top", "home_hero"}}[r.IntN(3)]...)
	})

	front := c.count(func(s showing) bool { return s.placement == "home_hero" })
	all := front + c.count(func(s showing) bool { return s.placement == "product_side" })
	if front > 40 || all > 100 || before >= 100 {
		t.Errorf("%d on the front page, %d in all, %d of them before; caps are 40 and 100", front, all, before)
	}
	if all < 90 {
		t.Errorf("only %d were shown; there is room for 100", all)
	}
	for _, s := range c.showed {
		if n := c.count(func(o showing) bool { return o.item == s.item && o.placement != "search_top" }); n > 37 {
			t.Fatalf("item %s was shown %d times, the cap is 37", s.item, n)
		}
	}
	top := slices.DeleteFunc(slices.Clone(c.showed), func(s showing) bool { return s.placement != "search_top" })
	for _, s := range top {
		n := 0
		for _, o := range top {
			if age := s.at.Sub(o.at); age >= 0 && age < 2*time.Minute {
				n++
			}
		}
		if n > 3 {
			t.Fatalf("%d above the search results within two minutes before %v, the cap is 3", n, s.at)
		}
	}
	t.Logf("%d answers, %d gave up; %d showings before the link was surely done, %d in all, %d on the front page, %d above the search",
		c.answers, c.busy.Load(), before, all, front, len(top))
	if c.busy.Load() > 64 {
		t.Errorf("%d calls gave up", c.busy.Load())
	}
}
