package decide

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/store"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// perCheck is how many answers one check of rapid looks at: with its default of 100 checks that makes 2,100.
const perCheck = 21

// Whatever she did and whatever is asked: the answer is sound, is made again bit for bit from what it holds, and so it is
// after the store has kept it.
func TestDecide(t *testing.T) {
	snaps := varied(t)
	s, err := store.Open(t.Context(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	answers := 0
	rapid.Check(t, func(t *rapid.T) {
		snap := rapid.SampledFrom(snaps).Draw(t, "plan")
		v := anyVisitor(t, snap)
		for range perCheck {
			in := Input{ID: s.NewAnswerID("ada"), Visitor: v.Clone(), Request: anyRequest(t, snap), Time: noon, Seed: anySeed(t)}
			a := Decide(snap, in)
			if !reflect.DeepEqual(v, in.Visitor) {
				t.Fatal("the visitor was changed")
			}
			sound(t, snap, &a)
			again(t, snap, &a)
			if err := s.Commit(t.Context(), veiviser.Change{Loaded: veiviser.Loaded{VisitorID: "ada"}, Answer: &a}); err != nil {
				t.Fatal(err)
			}
			owner, kept, err := s.Answer(t.Context(), a.ID)
			if err != nil || owner != "ada" {
				t.Fatal(owner, err)
			}
			same(t, "after the store has kept it", &a, &kept)
			again(t, snap, &kept)
			answers++
		}
	})
	t.Logf("%d answers", answers)
}

// again makes an answer from what it holds.
func again(t *rapid.T, snap *plan.Snapshot, a *veiviser.Answer) {
	b := Decide(snap, Again(a))
	same(t, "made again", a, &b)
}

// same compares bit for bit. Printing gives every number exactly, tells 0 from -0, and does not tell an empty list from
// none, which is all that the store may change.
func same(t *rapid.T, when string, a, b *veiviser.Answer) {
	if fmt.Sprintf("%+v", *a) != fmt.Sprintf("%+v", *b) {
		t.Fatalf("%s the answer is another: %s", when, gocmp.Diff(a, b, cmpopts.EquateEmpty()))
	}
}

// sound fails when something is wrong with an answer that can be seen without knowing how it came about.
func sound(t *rapid.T, snap *plan.Snapshot, a *veiviser.Answer) {
	for i := range a.Needs {
		distribution(t, a.Needs[i].P)
		distribution(t, a.Needs[i].ByStandard[:])
	}
	type seen struct { // by her, or by an employee
		item  string
		staff bool
	}
	served := map[seen]bool{}
	for i := range a.Decisions {
		d := &a.Decisions[i]
		p, _ := snap.Placement(a.Request.Placements[i].Placement)
		if d.ID != fmt.Sprintf("%s.%d", a.ID, i) || d.Placement != p.ID || d.Channel != p.Channel {
			t.Fatalf("decision %d is %s on %s", i, d.ID, d.Placement)
		}
		slots(t, p, &a.Request.Placements[i], d)
		for k := range d.Choices {
			c := &d.Choices[k]
			if served[seen{c.ItemID, d.Staff}] {
				t.Fatalf("%s is served twice", c.ItemID)
			}
			served[seen{c.ItemID, d.Staff}] = true
			allowed(t, snap, a, d, p, &a.Request.Placements[i], c)
		}
		silent := len(d.Choices) == 0
		if silent != (d.Silence != veiviser.SilenceNone) || silent && d.Fallback {
			t.Fatalf("%d choices, silence %q, fallback %v", len(d.Choices), d.Silence, d.Fallback)
		}
		everyItem(t, snap, d)
		chances(t, a, d)
	}
}

func distribution(t *rapid.T, p []float64) {
	sum := 0.0
	for _, x := range p {
		if !(x >= 0 && x <= 1) {
			t.Fatalf("probability %v", x)
		}
		sum += x
	}
	if math.Abs(sum-1) > 1e-9 {
		t.Fatalf("probabilities sum to %v", sum)
	}
}

func slots(t *rapid.T, p *plan.Placement, q *veiviser.PlacementRequest, d *veiviser.Decision) {
	most := max(p.Slots, 1)
	if q.MaxItems > 0 {
		most = min(most, q.MaxItems)
	}
	if len(d.Choices) > most {
		t.Fatalf("%d items in %d slots of %s", len(d.Choices), most, p.ID)
	}
}

// allowed checks what may be served: of the request, the placement and the item itself.
func allowed(t *rapid.T, snap *plan.Snapshot, a *veiviser.Answer, d *veiviser.Decision, p *plan.Placement,
	q *veiviser.PlacementRequest, c *veiviser.Choice,
) {
	it, ok := snap.Catalog.Lookup(c.ItemID)
	if !ok || it.Kind != c.Kind || c.Representation < 0 || c.Representation >= len(it.Representations) {
		t.Fatalf("no such item or representation: %+v", c)
	}
	r := it.Representations[c.Representation]
	if r.Format != c.Format || !slices.Contains(p.Formats, r.Format) || len(r.Channels) > 0 && !slices.Contains(r.Channels, a.Request.Context.ChannelAt(d.Channel)) {
		t.Fatalf("%s shows %s in %s as %s for %v", p.ID, c.ItemID, d.Channel, r.Format, r.Channels)
	}
	if slices.Contains(q.Excluded, c.ItemID) || len(q.Candidates) > 0 && !slices.Contains(q.Candidates, c.ItemID) {
		t.Fatalf("%s was not to be served", c.ItemID)
	}
	if it.Status == veiviser.StatusDraft || it.Stock != nil && *it.Stock == 0 || !it.End.IsZero() && !a.Time.Before(it.End) {
		t.Fatalf("%s is not on the shelf", c.ItemID)
	}
	if len(p.Kinds) > 0 && !slices.Contains(p.Kinds, it.Kind) || !p.Sells() && it.Kind == veiviser.KindOffer {
		t.Fatalf("%s shows a %s", p.ID, it.Kind)
	}
	if (d.Need < 0 || a.Needs[d.Need].Stage == "") && it.Duty == veiviser.DutyNone && !slices.Contains(snap.Policy.UnsureKinds, it.Kind) {
		t.Fatalf("%s, a %s, is served while the stage is unsure", c.ItemID, it.Kind)
	}
	if len(c.Reasons) == 0 || len(c.Reasons) > maxReasons {
		t.Fatalf("%d reasons", len(c.Reasons))
	}
}

// everyItem adds up the catalogue: each item is served or out, and those out because of their rank are known.
func everyItem(t rapid.TB, snap *plan.Snapshot, d *veiviser.Decision) {
	if d.Silence == veiviser.SilenceAudience || d.Silence == veiviser.SilenceRule {
		if d.Excluded != nil {
			t.Fatalf("looked at items on a placement that is not hers: %+v", d)
		}
		return
	}
	n, ranked := 0, 0
	for _, e := range d.Excluded {
		if n += e.Count; e.Count <= 0 || len(e.Items) > e.Count {
			t.Fatalf("exclusion %+v", e)
		}
		if e.Reason == veiviser.ExcludedNotUseful || e.Reason == veiviser.ExcludedOutranked {
			ranked += e.Count
		}
	}
	if !d.Fallback {
		n += len(d.Choices)
	}
	if n != snap.Catalog.Len() {
		t.Fatalf("%d of %d items are accounted for: %+v", n, snap.Catalog.Len(), d)
	}
	if len(d.RunnersUp) != min(ranked, veiviser.MaxRunnersUp) {
		t.Fatalf("%d runners-up of %d", len(d.RunnersUp), ranked)
	}
	for i, up := range d.RunnersUp {
		if i > 0 && up.Mean > d.RunnersUp[i-1].Mean || slices.ContainsFunc(d.Choices, func(c veiviser.Choice) bool { return c.ItemID == up.ItemID }) {
			t.Fatalf("runner-up %d: %+v", i, up)
		}
	}
}

// chances checks propensities and the parts of scores.
func chances(t *rapid.T, a *veiviser.Answer, d *veiviser.Decision) {
	if !(d.SilencePropensity >= 0 && d.SilencePropensity <= 1) {
		t.Fatalf("silence propensity %v", d.SilencePropensity)
	}
	if len(d.Choices) > 0 && d.SilencePropensity+d.Choices[0].Propensity > 1+1e-5 {
		t.Fatalf("silence %v and the first choice %v", d.SilencePropensity, d.Choices[0].Propensity)
	}
	for i := range d.Choices {
		c := &d.Choices[i]
		if !(c.Propensity > 0 && c.Propensity <= 1) || a.Request.NoExploration && c.Propensity != 1 && c.Reasons[0].Code != veiviser.BecauseDuty {
			t.Fatalf("propensity %v, greedy %v", c.Propensity, a.Request.NoExploration)
		}
		if d.Fallback || len(c.Parts) == 0 && c.Mean == 0 { // what goes before everything is not ranked
			continue
		}
		sum := 0.0
		for _, p := range c.Parts {
			sum += p.Add
		}
		if math.Abs(sum-c.Mean) > 1e-6 || !(c.Score > 0) || !(c.SD >= 0) {
			t.Fatalf("parts sum to %v: %+v", sum, c)
		}
	}
}

// Of who is not profiled neither page nor query nor anything else of the situation is kept but what the answer went by; and what is
// kept makes it again.
func TestUnprofiledLeavesNoContext(t *testing.T) {
	snap := sykkel(t, func(p *veiviser.Plan) { p.Crisis.Region = "country" })
	q := ask()
	q.Events, q.Explain = nil, true
	q.Context.Query, q.Context.Device, q.Context.Referrer = "secret", "mobile", "https://example.com/secret"
	q.Context.Attributes = map[string]string{"country": "NO", "weather": "secret", veiviser.AttributeTimeZone: "Asia/Tokyo"}
	in := Input{ID: "a", Request: q, Time: noon, Made: noon, Seed: [2]uint64{1, 2}, Visitor: &veiviser.Visitor{ID: "ada", Standing: veiviser.Standing{
		Directives: []veiviser.Directive{{ID: "d", Kind: veiviser.DoNotProfile, Created: noon}},
	}}}
	a := Decide(snap, in)
	want := veiviser.Context{Channel: "web", Subject: ebike, Language: "en", Attributes: map[string]string{"country": "NO"}}
	if len(snap.Plan.Contact.QuietHours) > 0 {
		want.Attributes[veiviser.AttributeTimeZone] = "Asia/Tokyo"
	}
	if !reflect.DeepEqual(a.Request.Context, want) {
		t.Errorf("kept %+v, want %+v", a.Request.Context, want)
	}
	again := Again(&a)
	again.Request.Explain = true
	if diff := gocmp.Diff(a, Decide(snap, again), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("made again: (-first +again)\n%s", diff)
	}
	if q.Context.Query != "secret" {
		t.Error("the request was changed")
	}
	in.Visitor = nil
	if a := Decide(snap, in); a.Request.Context.Query != "secret" {
		t.Error("of who is profiled the query is lost")
	}
}
