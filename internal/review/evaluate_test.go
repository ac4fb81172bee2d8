package review

import (
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/decide"
	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/raced"
	"github.com/veiviser/veiviser/internal/rank"
	"github.com/veiviser/veiviser/internal/rank/ope"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// worth is what showing an item earns on average in the simulated world, between 0 and 0.5; silence earns 0.05.
func worth(item string) float64 {
	if item == "" {
		return 0.05
	}
	h := fnv.New64a()
	h.Write([]byte(item))
	sum := h.Sum64() * 0x9e3779b97f4a7c15
	return float64(sum>>40) / (1 << 25)
}

// people are visitors with different pasts.
func people(t testing.TB, snap *plan.Snapshot) []*veiviser.Visitor {
	t.Helper()
	out := []*veiviser.Visitor{nil}
	for i, acts := range [][]string{{"view"}, {"view", "search", "view"}, {"view", "compare", "view", "compare"}, {"search"}} {
		var events []veiviser.Event
		for k, typ := range acts {
			events = append(events, veiviser.Event{
				ID: fmt.Sprint(k), VisitorID: fmt.Sprint(i), Time: noon.Add(time.Duration(k-9) * time.Minute), Type: typ, Subject: ebike,
				ItemID: "fjord-city", Channel: "web",
			})
		}
		out = append(out, learn.Fold(snap, &veiviser.Loaded{VisitorID: fmt.Sprint(i)}, events, noon).Visitor)
	}
	return out
}

// exploring makes a plan try out a lot, so that a log says something about other plans.
func exploring(p *veiviser.Plan) {
	for i := range p.Policy.Priors {
		p.Policy.Priors[i].Strength = 3
	}
	p.Policy.Priors = append(p.Policy.Priors, veiviser.ResponsePrior{Mean: 0.2, Strength: 3})
	p.Policy.AttentionCost, p.Policy.OffStage, p.Policy.Learning.Exploration = 0.05, 0.2, new(1.0)
	for i := range p.Placements {
		p.Placements[i].AttentionCost, p.Placements[i].Exploration = nil, nil
	}
}

// leaning makes a plan prefer the items for which f is high: by an effect on each.
func leaning(f func(item string) float64) func(*veiviser.Plan) {
	return func(p *veiviser.Plan) {
		exploring(p)
		for i := range p.Items {
			p.Policy.Effects = append(p.Policy.Effects, veiviser.ResponseEffect{ItemID: p.Items[i].ID, Add: f(p.Items[i].ID), SD: 0.05})
		}
	}
}

// better and worse lean towards what is worth much, and towards what is worth little.
func better(item string) float64 { return 0.3 * (worth(item) - 0.25) }
func worse(item string) float64  { return -better(item) }

// logged simulates closed decisions of the active plan, of which several may be one person's.
func logged(t testing.TB, w *world, n int, seed uint64) {
	t.Helper()
	who, random := people(t, w.active), rand.New(rand.NewPCG(seed, 7))
	for i := range n {
		in := decide.Input{
			Visitor: who[random.IntN(len(who))], Request: home(), Time: noon, Seed: [2]uint64{random.Uint64(), random.Uint64()}, Group: veiviser.GroupTreated,
		}
		in.Request.Placements = append(in.Request.Placements, veiviser.PlacementRequest{Placement: "home_hero", MaxItems: 1})
		a := w.answer(in)
		for k := range a.Decisions {
			w.close(random, a, k, 1+uint64(i/3))
		}
	}
}

// close adds what came of a decision: a part that came early, and the rest when its windows were over.
func (w *world) close(random *rand.Rand, a *veiviser.Answer, i int, unit uint64) {
	c := veiviser.ClosedDecision{AnswerID: a.ID, Index: i}
	first := ""
	if len(a.Decisions[i].Choices) > 0 {
		first = a.Decisions[i].Choices[0].ItemID
	}
	if random.Float64() < worth(first) {
		part := c
		part.Reward, part.Outcomes = 0.8, []string{"click"}
		w.closed = append(w.closed, part)
		c.Reward = 0.2
	}
	c.Over, c.Unit = true, unit
	w.closed = append(w.closed, c)
}

// truth is what a plan earns per decision of this kind, by letting it decide many times.
func truth(t testing.TB, w *world, snap *plan.Snapshot) float64 {
	t.Helper()
	sum, n := 0.0, 0
	who, random := people(t, w.active), rand.New(rand.NewPCG(99, 9))
	times := 4000
	if raced.On {
		times = 1000
	}
	for range times {
		in := decide.Input{
			Visitor: who[random.IntN(len(who))], Request: home(), Time: noon, Seed: [2]uint64{random.Uint64(), random.Uint64()},
			Group: veiviser.GroupTreated,
		}
		in.Request.Placements = append(in.Request.Placements, veiviser.PlacementRequest{Placement: "home_hero", MaxItems: 1})
		a := decide.Decide(w.active, in) // the world of what the log's policy shows on the first placement
		b := decide.Decide(snap, in)
		for k := range a.Decisions {
			if k == 1 { // the second placement as this plan decides on it after what the logged plan showed on the first
				odds, _ := decide.Chances(snap, in, 1, a.Decisions[:1])
				sum += odds.Silence * worth("")
				for _, c := range odds.Items {
					sum += c.P * worth(c.ItemID)
				}
			} else if n++; len(b.Decisions[k].Choices) > 0 {
				sum += worth(b.Decisions[k].Choices[0].ItemID)
			} else {
				sum += worth("")
			}
		}
		n++
	}
	return sum / float64(n)
}

func evaluate(t testing.TB, w *world, p *veiviser.Plan, q Question) Report {
	t.Helper()
	r, err := New(w, w, nil).Evaluate(t.Context(), p, q)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The intervals hold the truth of a simulated world, of both plans and of their difference.
func TestEvaluateCoversTheTruth(t *testing.T) {
	if raced.On {
		t.Skip("thousands of decisions on one goroutine")
	}
	active, target := sykkel(t, exploring), sykkel(t, leaning(better))
	first := newWorld(t, active)
	snap, err := New(first, first, nil).published(t.Context(), target, first.active)
	if err != nil {
		t.Fatal(err)
	}
	wantActive, want := truth(t, first, first.active), truth(t, first, snap)
	worlds := 10
	if testing.Short() {
		worlds = 2
	}
	missed := map[string]int{}
	miss := func(name string, truth, low, high float64) {
		if truth < low || truth > high {
			missed[name]++
		}
	}
	var r Report
	for i := range worlds {
		w := newWorld(t, active)
		logged(t, w, 750, uint64(i))
		r = evaluate(t, w, target, Question{})
		if refusal := r.Refusal(); refusal.Refused() || r.Plan.Rows != 1500 || r.Plan.Units != 250 || r.LeftOut != 0 {
			t.Fatalf("%d rows, %d units, %d left out: %+v", r.Plan.Rows, r.Plan.Units, r.LeftOut, refusal)
		}
		for _, name := range []string{ope.IPS, ope.SNIPS, ope.DR, ope.SNDR, ope.SwitchDR, ope.DROS} {
			e, _ := r.Plan.Estimate(name)
			miss("plan "+name, want, e.Low, e.High)
			e, _ = r.Active.Estimate(name)
			miss("active "+name, wantActive, e.Low, e.High)
		}
		miss("difference", want-wantActive, r.Difference.Low, r.Difference.High)
	}
	dr, _ := r.Plan.Estimate(ope.DR)
	ips, _ := r.Plan.Estimate(ope.IPS)
	t.Logf("truth %.4f and %.4f; the last world says %.4f ± %.4f (ips ± %.4f), difference %.4f ± %.4f, detectable %.4f, effective %.0f, missed %v", want,
		wantActive, dr.Value, (dr.High-dr.Low)/2, (ips.High-ips.Low)/2, r.Difference.Value, (r.Difference.High-r.Difference.Low)/2, r.Difference.Detectable,
		r.Plan.Diagnostics.EffectiveRows, missed)
	for name, n := range missed {
		if n > 1+worlds/6 {
			t.Errorf("%s missed the truth in %d of %d worlds", name, n, worlds)
		}
	}
	if dr.High-dr.Low > ips.High-ips.Low {
		t.Error("the reward model makes intervals wider")
	}
	if want-wantActive < 0.01 {
		t.Error("the better plan is not better")
	}
}

// The gate lets a plan through that is not worse, and keeps one out that is.
func TestGate(t *testing.T) {
	if raced.On {
		t.Skip("six plans judged by 700 decisions, on one goroutine")
	}
	gated := func(rows int, loss float64) func(*veiviser.Plan) {
		return func(p *veiviser.Plan) { p.Policy.Gate = veiviser.Gate{MinRows: rows, MaxLoss: loss} }
	}
	w := newWorld(t, sykkel(t, exploring, gated(500, 0.01)))
	logged(t, w, 350, 5)
	r := New(w, w, nil)
	closed := func(what string, p *veiviser.Plan, want string) {
		t.Helper()
		err := r.Admit(t.Context(), p)
		if want == "" && err != nil || want != "" && (veiviser.ReasonOf(err) != veiviser.ReasonGateClosed || veiviser.KindOf(err) != veiviser.KindPrecondition) ||
			err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", what, err, want)
		}
	}
	closed("the active plan", sykkel(t, exploring, gated(500, 0.01)), "")
	closed("another name", sykkel(t, exploring, func(p *veiviser.Plan) { p.Name = "other" }), "")
	closed("a better plan", sykkel(t, leaning(better)), "")
	closed("a worse plan", sykkel(t, leaning(worse)), "by 700 logged decisions the plan changes the reward per decision by -0.")
	closed("mistakes", sykkel(t, func(p *veiviser.Plan) { p.Segments[0].Rule = "(" }), "")
	closed("what nobody tried", sykkel(t, func(p *veiviser.Plan) {
		leaning(better)(p)
		for i := range p.Items {
			p.Items[i].ID += "-new"
		}
		for i := range p.Placements {
			p.Placements[i].Fallback = nil
		}
		p.Policy.Effects, p.Relationship.Recovery.Steps = nil, nil
	}), "700 logged decisions allow no conclusion: In ")
	w.active.Policy.Gate.MinRows = 5000
	closed("too few", sykkel(t, leaning(better)), "it asks for 5000 logged decisions, and there are 700 that can be used; wait for 4300 more")
	w.active.Policy.Gate.MinRows = 0
	closed("no gate", sykkel(t, leaning(worse)), "")
}

func TestPassesGate(t *testing.T) {
	report := func(value, low, high float64) *Report {
		r := &Report{Difference: ope.Difference{Value: value, Low: low, High: high}}
		r.Plan.Rows = 1000
		return r
	}
	gate := veiviser.Gate{MinRows: 100, MaxLoss: 0.01}
	for _, c := range []struct {
		r    *Report
		want string
	}{
		{report(0, -0.01, 0.01), ""},
		{report(0, -0.02, 0.02), "about 4000 decisions would narrow the interval"},
		{report(-0.005, -0.02, 0.01), "about 9000 decisions would narrow the interval"},
		{report(-0.0099, -0.02, 0.01), "a plan that is closer to the active one, or better, passes"},
		{report(-0.02, -0.03, -0.01), "a plan that is not worse passes"},
		{report(0, math.Inf(-1), math.Inf(1)), "a plan that is closer to the active one, or better, passes"},
	} {
		passes, why := PassesGate(c.r, gate)
		if passes != (c.want == "") || !strings.HasSuffix(why, c.want) && !strings.Contains(why, c.want) {
			t.Errorf("%+v: %v, %q", c.r.Difference, passes, why)
		}
		if passes, _ := PassesGate(c.r, veiviser.Gate{}); !passes {
			t.Error("an open gate is closed")
		}
	}
}

// Which decisions count: not those of the control group, nor degraded ones, nor those whose answer or catalogue is gone, nor
// those that are still open.
func TestEvaluateLeavesOut(t *testing.T) {
	w := newWorld(t, sykkel(t, exploring))
	w.write(w.versions[0].Items[0], true)
	logged(t, w, 40, 1)
	change := func(i int, f func(*veiviser.Answer)) {
		a := w.answers[w.made[i]]
		a.Decisions = slices.Clone(a.Decisions)
		f(&a)
		w.answers[w.made[i]] = a
	}
	change(0, func(a *veiviser.Answer) { a.Group = veiviser.GroupControl })
	change(1, func(a *veiviser.Answer) { a.Degraded = "STORE_UNAVAILABLE" })
	change(2, func(a *veiviser.Answer) { a.Decisions = a.Decisions[:1] }) // the second is of no decision
	change(3, func(a *veiviser.Answer) { a.PlanVersion = 9 })
	change(4, func(a *veiviser.Answer) { a.Catalog = 0 })
	change(5, func(a *veiviser.Answer) { a.Decisions[1].SilencePropensity, a.Decisions[1].Choices = 0.7, nil }) // not what comes out again
	delete(w.answers, w.made[6])
	change(8, func(a *veiviser.Answer) { a.Decisions[0].Exploration = veiviser.ExplorationBuying })
	w.forgotten = 1
	last := w.closed[len(w.closed)-1]
	last.AnswerID, last.Over = w.made[7], false
	w.closed = append(w.closed, last, w.closed[len(w.closed)-1]) // an open part, and one closed twice
	r := evaluate(t, w, sykkel(t, leaning(better)), Question{})
	if r.LeftOut != 2+2+1+2+2+1+2+1 || r.Plan.Rows != 80-r.LeftOut {
		t.Errorf("%d rows, %d left out", r.Plan.Rows, r.LeftOut)
	}
	if got := evaluate(t, w, sykkel(t, leaning(better)), Question{Placement: "home_hero", Limit: 20}); got.Plan.Rows != 20 {
		t.Errorf("%d rows of at most 20", got.Plan.Rows)
	}
	if got := evaluate(t, w, sykkel(t, leaning(better)), Question{Placement: "nowhere"}); got.Plan.Refusal.Code != ope.CodeNoRows {
		t.Errorf("%+v", got.Plan.Refusal)
	}
	without := sykkel(t, exploring, func(p *veiviser.Plan) {
		p.Placements = slices.DeleteFunc(p.Placements, func(p veiviser.Placement) bool { return p.ID == "home_hero" })
	})
	if got := evaluate(t, w, without, Question{}); got.Plan.Rows != 34 {
		t.Errorf("%d rows on the placement that is left", got.Plan.Rows)
	}
}

// The same decisions give the same figures, whatever ran at once.
func TestEvaluateIsRepeatable(t *testing.T) {
	w := newWorld(t, sykkel(t, exploring))
	logged(t, w, 200, 3)
	target := sykkel(t, leaning(better))
	if diff := cmp.Diff(evaluate(t, w, target, Question{}), evaluate(t, w, target, Question{})); diff != "" {
		t.Error(diff)
	}
}

// The active plan has the catalogue of now, the candidate that of its publication, and both what is learned now.
func TestEvaluateTakesWhatIsThere(t *testing.T) {
	active := sykkel(t, exploring)
	w := newWorld(t, active)
	logged(t, w, 300, 3)
	// An item was deleted beside the plan since: the active plan does not show it any more, a new publication would.
	w.write(active.Items[0], true)
	r := New(w, w, nil)
	snap, err := r.published(t.Context(), active, w.active)
	if err != nil {
		t.Fatal(err)
	}
	_, now := w.active.Catalog.Lookup(active.Items[0].ID)
	_, then := snap.Catalog.Lookup(active.Items[0].ID)
	if now || !then || snap.Activation != w.activation+1 || snap.CatalogRevision() != 1 {
		t.Errorf("the deleted item is there: %v in the active catalogue, %v in that of a publication", now, then)
	}
	x := rank.NewExperience(0)
	var s rank.Situation
	for range 50 {
		for _, it := range active.Items {
			x.Observe(w.active.Response.Prepare(s, nil).Features(nil, &it, it.Representations[0].Format), 3*worth(it.ID))
		}
	}
	naive := evaluate(t, w, active, Question{})
	learned, err := New(w, w, x.Learned).Evaluate(t.Context(), active, Question{})
	if err != nil {
		t.Fatal(err)
	}
	before, _ := naive.Active.Estimate(ope.DM)
	after, _ := learned.Active.Estimate(ope.DM)
	if after.Value <= before.Value {
		t.Errorf("what was learned makes the plan worth %v instead of %v", after.Value, before.Value)
	}
}

func TestEvaluateRefuses(t *testing.T) {
	w := newWorld(t, sykkel(t))
	_, err := New(w, w, nil).Evaluate(t.Context(), sykkel(t, func(p *veiviser.Plan) { p.Segments[0].Rule, p.Segments[1].ID = "(", "" }), Question{})
	if e, ok := errors.AsType[*veiviser.Error](err); !ok || e.Reason != veiviser.ReasonInvalidPlan || len(e.Violations) < 2 {
		t.Error(err)
	}
	r := evaluate(t, w, sykkel(t), Question{})
	if refusal := r.Refusal(); refusal.Code != ope.CodeNoRows || r.Plan.Rows != 0 {
		t.Errorf("%+v", r)
	}
	if passes, why := PassesGate(&r, veiviser.Gate{MinRows: 1}); passes || !strings.Contains(why, "wait for 1 more") {
		t.Error(why)
	}
	w.active = nil
	if _, err := New(w, w, nil).Evaluate(t.Context(), sykkel(t), Question{}); veiviser.ReasonOf(err) != veiviser.ReasonNoPlan {
		t.Error(err)
	}
	if err := New(w, w, nil).Admit(t.Context(), sykkel(t)); err != nil {
		t.Error(err)
	}
}

func BenchmarkEvaluate(b *testing.B) {
	w := newWorld(b, sykkel(b, exploring))
	logged(b, w, 1000, 3)
	target := sykkel(b, leaning(better))
	b.ReportAllocs()
	for b.Loop() {
		evaluate(b, w, target, Question{})
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/2000, "µs/decision")
}
