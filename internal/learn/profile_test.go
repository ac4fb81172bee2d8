package learn_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// happening draws what happens to a few visitors, records it, and gives the store that holds the log and the visitors.
func happening(t *rapid.T, snap *plan.Snapshot) *memory {
	m := newMemory()
	now := noon
	r := learn.NewRecorder(m, published{snap}, func() time.Time { return now }, nil)
	types := append(veiviser.StandardEventTypes(), "press_enquiry", "workshop_booked")
	subjects := []string{"", "bike", ebike, "bike/cargo", "bike/kids", "parts/chain", "press"}
	for n := range rapid.IntRange(1, 60).Draw(t, "steps") {
		id := fmt.Sprint("v", rapid.IntRange(0, 4).Draw(t, "who"))
		now = now.Add(time.Duration(rapid.SampledFrom([]int64{0, 1, 20, 2000, 1e5, 5e6}).Draw(t, "pause")) * time.Second)
		switch rapid.IntRange(0, 9).Draw(t, "what") {
		case 0:
			if _, err := r.Erase(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		case 1, 2:
			m.serve(t, id, now)
		default:
			e := veiviser.Event{
				ID: fmt.Sprint("e", n/2), VisitorID: id, Time: now, Type: rapid.SampledFrom(types).Draw(t, "type"),
				Subject: rapid.SampledFrom(subjects).Draw(t, "subject"),
				ItemID:  rapid.SampledFrom([]string{"", "i", "j"}).Draw(t, "item"),
				Value:   rapid.SampledFrom([]float64{0, 1, 249.5}).Draw(t, "value"),
			}
			if len(m.outcomes) > 0 && rapid.Bool().Draw(t, "outcome") {
				e.DecisionID = rapid.SampledFrom(slices.Sorted(maps.Keys(m.outcomes))).Draw(t, "decision")
			}
			if _, err := r.Record(t.Context(), []veiviser.Event{e}); err != nil {
				t.Fatal(err)
			}
		}
	}
	return m
}

// serve logs a decision for a visitor, known or not.
func (m *memory) serve(t *rapid.T, id string, now time.Time) {
	d := veiviser.Decision{ID: fmt.Sprintf("d%d", len(m.lines)), Placement: "home_hero", Channel: rapid.SampledFrom([]string{"web", "app"}).Draw(t, "channel")}
	served := &veiviser.LoggedDecision{DecisionID: d.ID, Placement: d.Placement, Channel: d.Channel, Silent: true}
	for range rapid.IntRange(0, 2).Draw(t, "choices") {
		c := veiviser.Choice{
			ItemID: rapid.SampledFrom([]string{"i", "j", "k"}).Draw(t, "served"), Kind: veiviser.KindOffer,
			Format: rapid.SampledFrom([]string{"card", "hero"}).Draw(t, "format"),
		}
		d.Choices, served.Silent = append(d.Choices, c), false
		served.Choices = append(served.Choices, veiviser.LoggedChoice{ItemID: c.ItemID, Kind: c.Kind, Format: c.Format})
	}
	m.outcomes[d.ID] = given(d)
	var at veiviser.Membership
	if v := m.visitors[id]; v != nil {
		at.Segments, at.Stage = v.Segments, v.Stage
	}
	m.lines = append(m.lines, line{id, veiviser.LogEntry{Time: now, After: at, Served: served}})
}

// figures are profiles as a flat list of counts, "segment/what/…" → count.
type figures map[string]float64

func flatten(list []veiviser.SegmentProfile) figures {
	f := figures{}
	for _, p := range list {
		set := func(n float64, path ...string) {
			if n != 0 {
				f[p.SegmentID+"/"+strings.Join(path, "/")] = n
			}
		}
		set(float64(p.Size), "size")
		set(p.Value, "value")
		set(float64(p.Decisions), "decisions")
		set(float64(p.Silent), "silent")
		for s, n := range p.Stages {
			set(float64(n), "stage", string(s))
		}
		for s, n := range p.Events {
			set(float64(n), "event", s)
		}
		for what, m := range map[string]map[string]veiviser.Response{"item": p.Items, "kind": p.Kinds, "format": p.Formats, "channel": p.Channels} {
			for id, r := range m {
				set(float64(r.Served), what, id, "served")
				set(r.Value, what, id, "value")
				for o, n := range r.Outcomes {
					set(float64(n), what, id, "outcome", o)
				}
			}
		}
	}
	return f
}

// recount counts what happened from the visitors as they are now and the log, with no bookkeeping in between.
func recount(m *memory) figures {
	f := figures{}
	for _, v := range m.visitors {
		for _, s := range v.Segments {
			f[s+"/size"]++
			f[s+"/stage/"+string(v.Stage)]++
		}
	}
	for _, l := range m.lines {
		for _, s := range l.entry.After.Segments {
			if e := l.entry.Event; e != nil {
				recountEvent(f, s, e)
			}
			if d := l.entry.Served; d != nil {
				recountServed(f, s, d)
			}
		}
	}
	maps.DeleteFunc(f, func(_ string, n float64) bool { return n == 0 })
	return f
}

func recountEvent(f figures, s string, e *veiviser.LoggedEvent) {
	f[s+"/event/"+e.Type]++
	if e.Type == "purchase" {
		f[s+"/value"] += e.Value
	}
	if e.DecisionID == "" {
		return
	}
	for _, key := range []string{"item/" + e.ItemID, "kind/" + string(e.Kind), "format/" + e.Format, "channel/" + e.Channel} {
		if !strings.HasSuffix(key, "/") {
			f[s+"/"+key+"/outcome/"+e.Type]++
			f[s+"/"+key+"/value"] += e.Value
		}
	}
}

func recountServed(f figures, s string, d *veiviser.LoggedDecision) {
	f[s+"/decisions"]++
	if len(d.Choices) == 0 {
		f[s+"/silent"]++
	}
	for _, c := range d.Choices {
		for _, key := range []string{"item/" + c.ItemID, "kind/" + string(c.Kind), "format/" + c.Format, "channel/" + d.Channel} {
			f[s+"/"+key+"/served"]++
		}
	}
}

// interleaved is the log with the lines of each visitor in order and the visitors mixed otherwise than they were.
func interleaved(lines []line, seed uint64) []line {
	rng := rand.New(rand.NewPCG(seed, 1))
	byVisitor := map[string][]line{}
	for _, l := range lines {
		byVisitor[l.visitor] = append(byVisitor[l.visitor], l)
	}
	var out []line
	for len(byVisitor) > 0 {
		ids := slices.Sorted(maps.Keys(byVisitor))
		id := ids[rng.IntN(len(ids))]
		out = append(out, byVisitor[id][0])
		if byVisitor[id] = byVisitor[id][1:]; len(byVisitor[id]) == 0 {
			delete(byVisitor, id)
		}
	}
	return out
}

func TestProfilesEqualARecount(t *testing.T) {
	snap := sykkel(t)
	near := cmpopts.EquateApprox(0, 1e-9)
	rapid.Check(t, func(t *rapid.T) {
		m := happening(t, snap)
		want := recount(m)
		for seed := range uint64(2) {
			p := learn.Profiles{}
			for _, l := range interleaved(m.lines, seed) {
				p.Fold(&l.entry)
				positive(t, p)
			}
			if d := cmp.Diff(want, flatten(p.Clone()), near); d != "" {
				t.Fatalf("the figures differ from a recount: %s", d)
			}
			b, err := json.Marshal(p)
			if err != nil {
				t.Fatal(err)
			}
			var back learn.Profiles
			if err := json.Unmarshal(b, &back); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, flatten(back.Clone()), near); d != "" {
				t.Fatalf("the figures differ after a snapshot: %s", d)
			}
		}
	})
}

// positive fails when somebody is counted out of where nobody was, or the stages are not those of the size.
func positive(t *rapid.T, p learn.Profiles) {
	for _, s := range p {
		sum := int64(0)
		for stage, n := range s.Stages {
			if sum += n; n <= 0 {
				t.Fatalf("%s: %d in stage %q", s.SegmentID, n, stage)
			}
		}
		if s.Size < 0 || sum != s.Size || s.Silent > s.Decisions {
			t.Fatalf("%s: size %d, stages sum to %d, %d of %d silent", s.SegmentID, s.Size, sum, s.Silent, s.Decisions)
		}
	}
}

// A profile that is given away does not change any more.
func TestProfilesCloneSharesNothing(t *testing.T) {
	p := learn.Profiles{}
	e := viewed().Entry
	e.Event.DecisionID, e.Event.ItemID, e.Event.Channel = "d.0", "i", "web"
	p.Fold(&e)
	given := p.Clone()
	before := flatten(given)
	for range 3 {
		p.Fold(&e)
	}
	if d := cmp.Diff(before, flatten(given)); d != "" {
		t.Error(d)
	}
}

// A profile counts so many items apart and no more; the totals go on.
func TestProfilesAreBounded(t *testing.T) {
	p := learn.Profiles{}
	const n = 10_050
	for i := range n {
		p.Fold(&veiviser.LogEntry{
			Time: noon, After: veiviser.Membership{Segments: []string{"s"}, Known: true},
			Before: veiviser.Membership{Segments: []string{"s"}, Known: i > 0},
			Served: &veiviser.LoggedDecision{DecisionID: "d", Channel: "web", Choices: []veiviser.LoggedChoice{{ItemID: fmt.Sprint(i), Kind: "offer"}}},
		})
	}
	s := p["s"]
	if len(s.Items) != 10_000 || s.Kinds["offer"].Served != n || s.Decisions != n || s.Size != 1 {
		t.Errorf("%d items, %d served, %d decisions, size %d", len(s.Items), s.Kinds["offer"].Served, s.Decisions, s.Size)
	}
	if s.Updated != noon || math.Signbit(s.Value) {
		t.Errorf("updated %v", s.Updated)
	}
}
