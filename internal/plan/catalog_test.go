package plan

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/veiviser/veiviser/internal/eligible"
	"github.com/veiviser/veiviser/internal/rank"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// ruleBook compiles rules for the naive check.
func ruleBook(tb testing.TB) func(string) *eligible.Rule {
	tb.Helper()
	c, err := eligible.NewCompiler()
	if err != nil {
		tb.Fatal(err)
	}
	known := map[string]*eligible.Rule{}
	return func(source string) *eligible.Rule {
		if r, ok := known[source]; ok {
			return r
		}
		r, err := c.Compile(source)
		if err != nil {
			r = nil
		}
		known[source] = r
		return r
	}
}

func TestEligibleIsTheNaiveCheck(t *testing.T) {
	rules := ruleBook(t)
	rapid.Check(t, func(t *rapid.T) {
		p := vary(t)
		s, err := Compile(1, p)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 { // the second time from what is kept of the first
			checkQuery(t, s, anyQuery(t, s), rules)
		}
	})
}

// checkQuery compares an answer with the naive check, before and after the short list.
func checkQuery(t *rapid.T, s *Snapshot, q *Query, rules func(string) *eligible.Rule) {
	want := map[veiviser.ExclusionReason][]string{}
	var eligibleIDs []string
	for slot, e := range s.Catalog.entries {
		if r := naive(s, q, e.item, slices.Contains(q.Taken, int32(slot)), rules); r != "" {
			want[r] = append(want[r], e.item.ID)
		} else {
			eligibleIDs = append(eligibleIDs, e.item.ID)
		}
	}
	e := s.Catalog.Eligible(q)
	defer e.Release()
	n := e.Count()
	for _, ex := range e.Exclusions() {
		n += ex.Count
	}
	if n != s.Catalog.Len() {
		t.Fatalf("eligible and excluded sum to %d of %d", n, s.Catalog.Len())
	}
	scorer := s.Response.Prepare(rank.Situation{ByStage: q.Facts.Need.ByStandard, Segments: q.Segments, Channel: q.Placement.Channel}, nil)
	var got []string
	for _, l := range s.Catalog.Shortlist(e, q, scorer) {
		got = append(got, l.Item.ID)
		if i := naiveRepresentation(s, q, l.Item); i != l.Representation || l.Format != l.Item.Representations[i].Format {
			t.Fatalf("item %s: representation %d, want %d", l.Item.ID, l.Representation, i)
		}
		if q.Channel == "" && s.Catalog.Representation(l.Slot, q.Placement, q.Language) != l.Representation {
			t.Fatalf("item %s: Representation differs from the list", l.Item.ID)
		}
	}
	slices.Sort(got)
	if d := cmp.Diff(eligibleIDs, got, cmpopts.EquateEmpty()); d != "" {
		t.Fatalf("eligible items (-naive +got):\n%s", d)
	}
	counts := map[veiviser.ExclusionReason]int{}
	for _, ex := range e.Exclusions() {
		counts[ex.Reason] = ex.Count
		if q.Explain && !slices.Equal(ex.Items, want[ex.Reason]) {
			t.Fatalf("%s: %v, want %v", ex.Reason, ex.Items, want[ex.Reason])
		}
		if !q.Explain && ex.Items != nil {
			t.Fatal("names without being asked for")
		}
	}
	for reason, ids := range want {
		if counts[reason] != len(ids) {
			t.Fatalf("%s: %d, want %v; all: %v", reason, counts[reason], ids, counts)
		}
	}
	if e.Count() != len(got) {
		t.Fatalf("Count is %d of %d listed", e.Count(), len(got))
	}
}

func TestShowable(t *testing.T) {
	rules := ruleBook(t)
	rapid.Check(t, func(t *rapid.T) {
		s, err := Compile(1, vary(t))
		if err != nil {
			t.Fatal(err)
		}
		q := anyQuery(t, s)
		wide := *q // what the fallback does not look at
		wide.Subject, wide.Unsure = "", false
		for slot, e := range s.Catalog.entries {
			anywhere := *e.item
			anywhere.Journeys = nil
			want := naive(s, &wide, &anywhere, slices.Contains(q.Taken, int32(slot)), rules) == ""
			at, representation, ok := s.Catalog.Showable(e.item.ID, q)
			if ok != want || at != int32(slot) || ok && representation != naiveRepresentation(s, q, e.item) {
				t.Fatalf("%s: slot %d, representation %d, %v, want %v", e.item.ID, at, representation, ok, want)
			}
		}
		if _, _, ok := s.Catalog.Showable("unheard-of", q); ok {
			t.Fatal("shows what is not there")
		}
	})
}

// catalogView is everything a catalogue answers with.
func catalogView(c *Catalog) map[string]any {
	var ids []string
	var orders [veiviser.NumStandardStages][]string
	for _, e := range c.entries {
		ids = append(ids, e.item.ID)
	}
	for stage := range c.order.slots {
		for _, key := range c.order.slots[stage] {
			orders[stage] = append(orders[stage], c.entries[uint32(key)].item.ID)
		}
	}
	features := map[feature][]string{}
	for f, i := range c.words.features {
		if f.class == hasShape {
			continue // numbered in the order of appearance
		}
		for slot := range c.sets[i].each {
			features[f] = append(features[f], c.entries[slot].item.ID)
		}
	}
	return map[string]any{"ids": ids, "orders": orders, "hopes": c.order.hopes, "features": features, "revision": c.revision}
}

func TestWithIsCompilingAnew(t *testing.T) {
	rules := ruleBook(t)
	rapid.Check(t, func(t *rapid.T) {
		p := vary(t)
		base, err := Compile(1, p)
		if err != nil {
			t.Fatal(err)
		}
		const activation = 5
		step, all := base.With(nil, 0, activation), []veiviser.CatalogChange(nil)
		want := slices.Clone(p.Items)
		later := rapid.Uint64Range(1, 5).Draw(t, "activated before") // the activation never goes back
		for revision := uint64(1); revision <= 4; revision++ {
			var changes []veiviser.CatalogChange
			for range rapid.IntRange(0, 5).Draw(t, "changes") {
				ch := veiviser.CatalogChange{
					Item: rapid.Custom(anyItem).Draw(t, "item"), Deleted: rapid.IntRange(0, 2).Draw(t, "deleted") == 0,
					Activation: activation - 1, Revision: revision,
				}
				if revision >= later {
					ch.Activation++
				}
				if slices.ContainsFunc(changes, func(o veiviser.CatalogChange) bool { return o.Item.ID == ch.Item.ID }) {
					continue
				}
				if ch.Deleted {
					ch.Item = veiviser.Item{ID: ch.Item.ID}
				}
				changes = append(changes, ch)
				want = overwrite(want, base.named[ch.Item.ID] != nil, &ch, activation)
			}
			step = step.With(changes, revision, activation)
			all = append(all, changes...)
		}
		checkQuery(t, step, anyQuery(t, step), rules)
		fresh := *p
		fresh.Items = want
		scratch, err := Compile(1, &fresh)
		if err != nil {
			t.Fatal(err)
		}
		// The value scale of the response model is the plan's own.
		scratch.Response, scratch.Policy = base.Response, base.Policy
		scratch.Catalog, _ = newCatalog(scratch, want)
		scratch.Catalog.revision = 4
		opts := []cmp.Option{cmpopts.EquateEmpty(), cmp.AllowUnexported(feature{}), cmpopts.IgnoreMapEntries(func(_ feature, ids []string) bool { return len(ids) == 0 })}
		if d := cmp.Diff(catalogView(scratch.Catalog), catalogView(step.Catalog), opts...); d != "" {
			t.Fatalf("step by step (-scratch +steps):\n%s", d)
		}
		if d := cmp.Diff(catalogView(scratch.Catalog), catalogView(base.With(all, 4, activation).Catalog), opts...); d != "" {
			t.Fatalf("at once (-scratch +once):\n%s", d)
		}
	})
}

// overwrite is what becomes of a list of items when a change is made, spelled out.
func overwrite(items []veiviser.Item, named bool, ch *veiviser.CatalogChange, activation uint64) []veiviser.Item {
	if named && ch.Activation < activation {
		return items
	}
	items = slices.DeleteFunc(slices.Clone(items), func(it veiviser.Item) bool { return it.ID == ch.Item.ID })
	if !ch.Deleted {
		items = append(items, ch.Item)
	}
	return items
}

func TestPage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, err := Compile(1, vary(t))
		if err != nil {
			t.Fatal(err)
		}
		kind := rapid.SampledFrom([]veiviser.ItemKind{"", veiviser.KindOffer, veiviser.KindContent}).Draw(t, "kind")
		topic := rapid.SampledFrom([]string{"", "bike", "bike/mtb", "boat", "bike/*"}).Draw(t, "topic")
		limit := rapid.IntRange(1, 20).Draw(t, "limit")
		var want, got []string
		for _, e := range s.Catalog.entries {
			about := topic == "" || slices.ContainsFunc(e.item.Topics, func(s string) bool { return veiviser.SubjectMatches(topic, s) })
			if about && (kind == "" || e.item.Kind == kind) {
				want = append(want, e.item.ID)
			}
		}
		for after := ""; ; {
			items, next, total := s.Catalog.Page(after, limit, kind, topic)
			if total != len(want) || len(items) > limit {
				t.Fatalf("total %d of %d, %d items of at most %d", total, len(want), len(items), limit)
			}
			for _, it := range items {
				got = append(got, it.ID)
			}
			if after = next; next == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}

// large is a snapshot with n items beside bikes.
func large(tb testing.TB, n int) *Snapshot {
	tb.Helper()
	p := bikes()
	p.Items = append(p.Items, manyItems(n-len(p.Items))...)
	return compiled(tb, p)
}

// manyItems are n items like those of a large shop.
func manyItems(n int) []veiviser.Item {
	r := rand.New(rand.NewPCG(1, 2))
	items := make([]veiviser.Item, n)
	for i := range items {
		it := &items[i]
		it.ID = itemID(i)
		it.Kind = kinds()[r.IntN(3)]
		it.Topics = []string{[]string{"bike", "bike/mtb", "bike/city", "boat", "boat/sail"}[r.IntN(5)]}
		it.Value, it.Boost = r.Float64()*100, r.Float64()/10
		it.Stages = []veiviser.StandardStage{veiviser.StandardStages()[r.IntN(6)]}
		it.Representations = []veiviser.Representation{{Format: "card", Language: "nb"}, {Format: "card", Language: "sv"}, {Format: "banner", Channels: []string{"web"}}}
		if r.IntN(4) == 0 {
			it.Segments = []string{"loyal"}
		}
		if r.IntN(10) == 0 {
			it.Start, it.End = noon.AddDate(0, 0, -r.IntN(30)), noon.AddDate(0, 0, 1+r.IntN(30))
		}
		switch r.IntN(10) {
		case 0:
			it.Rule = "visitor.visits > 1"
		case 1:
			it.Rule = "item.value > 5.0"
		}
	}
	return items
}

func itemID(i int) string {
	const digits = "0123456789"
	b := []byte("item-000000")
	for k := len(b) - 1; i > 0; k-- {
		b[k], i = digits[i%10], i/10
	}
	return string(b)
}

// usual is a question as shops ask it.
func usual(s *Snapshot) *Query {
	place, _ := s.Placement("hero")
	need := &veiviser.NeedView{ByStandard: [veiviser.NumStandardStages]float64{0.05, 0.3, 0.4, 0.15, 0.05, 0.05}}
	need.Subject = "bike/mtb"
	return &Query{
		Placement: place, Language: "nb-NO", Subject: "bike/mtb", Journey: "considered", Segments: []string{"loyal"}, Now: noon,
		Facts: &eligible.Facts{Visitor: &veiviser.Visitor{Visits: 4}, Need: need, Now: noon},
	}
}

func TestShortlistOfMany(t *testing.T) {
	rules := ruleBook(t)
	for _, n := range []int{300, 3000, 30_000} {
		s := large(t, n)
		for _, subject := range []string{"", "bike/mtb", "boat/sail/old"} {
			q := usual(s)
			q.Subject = subject
			scorer := s.Response.Prepare(rank.Situation{ByStage: *q.byStage(), Segments: q.Segments, Channel: "web"}, nil)
			e := s.Catalog.Eligible(q)
			before := e.Count()
			short := slices.Clone(s.Catalog.Shortlist(e, q, scorer))
			sum := e.Count()
			for _, ex := range e.Exclusions() {
				sum += ex.Count
			}
			if sum != n || e.Count() != len(short) || len(short) == 0 || before > ListAll && len(short) != ListKept {
				t.Errorf("%d items: %d eligible, %d listed, sum %d", n, before, len(short), sum)
			}
			best := 0.0
			for i, l := range short {
				if r := naive(s, q, l.Item, false, rules); r != "" {
					t.Errorf("%s is listed, but %s", l.Item.ID, r)
				}
				if i > 0 && l.Mean > short[i-1].Mean {
					t.Error("not in order")
				}
			}
			for slot, en := range s.Catalog.entries {
				if naive(s, q, en.item, false, rules) == "" {
					i := s.Catalog.Representation(int32(slot), q.Placement, q.Language)
					m, _ := scorer.Score(en.item, &en.response, en.item.Representations[i].Format, rank.Delta{})
					best = max(best, m)
				}
			}
			if short[0].Mean < best-0.02 {
				t.Errorf("%d items: the best listed has %v, the best of all %v", n, short[0].Mean, best)
			}
			again := s.Catalog.Eligible(q)
			if d := cmp.Diff(short, s.Catalog.Shortlist(again, q, scorer)); d != "" {
				t.Errorf("another list for the same question:\n%s", d)
			}
			e.Release()
			again.Release()
		}
	}
}

func TestSegments(t *testing.T) {
	s := compiled(t, bikes())
	v := &veiviser.Visitor{Visits: 5, Counts: []veiviser.TypeCount{{Type: "test_ride", Count: 1}}}
	if got := s.Segments(&eligible.Facts{Visitor: v, Now: noon}); !slices.Equal(got, []string{"loyal", "riders"}) {
		t.Errorf("got %v", got)
	}
	if got := s.Segments(&eligible.Facts{Now: noon}); got != nil {
		t.Errorf("nobody is in %v", got)
	}
}

func TestPlacement(t *testing.T) {
	s := compiled(t, bikes())
	hero, ok := s.Placement("hero")
	if !ok || hero.Room != 2 || hero.Attention != 0.05 || !hero.Sells() || !hero.Addresses("press") {
		t.Errorf("hero is %+v", hero)
	}
	help, _ := s.Placement("help")
	if help.Room != 1 || help.Attention != 0.02 || help.Sells() || !help.Allows(nil) {
		t.Errorf("help is %+v", help)
	}
	visit := veiviser.Visitor{Visit: veiviser.Visit{Events: 100}}
	if hero.Allows(&eligible.Facts{Visitor: &visit}) || !hero.Allows(&eligible.Facts{}) {
		t.Error("the rule does not decide")
	}
	if _, ok := s.Placement("nowhere"); ok {
		t.Error("found nowhere")
	}
}
