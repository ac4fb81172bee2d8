package review

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/veiviser/veiviser/internal/decide"
	"github.com/veiviser/veiviser/internal/rank"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// replay replays and gives the last report.
func replay(t interface {
	Helper()
	Fatal(args ...any)
}, w *world, limit int64,
) Progress {
	t.Helper()
	var last Progress
	if err := New(w, w, nil).Replay(context.Background(), limit, func(p Progress) error { last = p; return nil }); err != nil {
		t.Fatal(err)
	}
	if !last.Done || last.Checked != last.Total || last.Checked != last.Identical+last.Different+last.Gone {
		t.Fatal("the last report is", last)
	}
	return last
}

// lived is a shop that has gone through a lot: plans came, went and came back, items were written and deleted, and all the
// while the model learned.
func lived(t *rapid.T, plans []*veiviser.Plan) *world {
	w := &world{answers: map[string]veiviser.Answer{}, reads: map[string]int{}, perPageMost: 7}
	w.publish(t, plans[0])
	learned := rank.NewExperience(time.Hour)
	for range rapid.IntRange(1, 60).Draw(t, "steps") {
		switch rapid.IntRange(0, 6).Draw(t, "step") {
		case 0:
			w.publish(t, rapid.SampledFrom(plans).Draw(t, "plan"))
		case 1:
			w.activate(t, uint64(rapid.IntRange(1, len(w.versions)).Draw(t, "version")))
		case 2, 3:
			items := w.versions[0].Items
			it := items[rapid.IntRange(0, len(items)-1).Draw(t, "item")]
			it.ID += rapid.SampledFrom([]string{"", "", "-new"}).Draw(t, "new")
			it.Boost = rapid.SampledFrom([]float64{0, 0.3}).Draw(t, "boost")
			it.Rule = rapid.SampledFrom([]string{"", "visitor.events > 3"}).Draw(t, "rule")
			w.write(it, rapid.IntRange(0, 2).Draw(t, "delete") == 0)
		default:
			learned.Advance(noon.Add(time.Duration(len(w.made)) * time.Minute))
			experienced(t, w.active, learned)
			w.answer(decide.Input{
				Visitor: someone(t, w.active), Request: something(t, w.active), Time: noon, Made: noon.Add(time.Second),
				Seed: [2]uint64{rapid.Uint64().Draw(t, "seed")}, Learned: learned.Learned(),
				Group: rapid.SampledFrom([]veiviser.Group{veiviser.GroupTreated, veiviser.GroupControl}).Draw(t, "group"),
			})
		}
	}
	return w
}

// variants are plans that decide otherwise.
func variants(t testing.TB) []*veiviser.Plan {
	return []*veiviser.Plan{
		sykkel(t),
		sykkel(t, func(p *veiviser.Plan) { p.Policy.Diversity, p.Policy.AttentionCost = 0.4, 0.02 }),
		sykkel(t, func(p *veiviser.Plan) { p.Items, p.Segments = p.Items[:len(p.Items)/2], p.Segments[:2] }),
	}
}

// Whatever the shop went through, every answer comes out the same; and when a number in one was changed, that is found.
func TestReplayFindsAllTheSame(t *testing.T) {
	plans := variants(t)
	answers, moments, spoilt := 0, map[moment]bool{}, 0
	rapid.Check(t, func(t *rapid.T) {
		w := lived(t, plans)
		p := replay(t, w, 0)
		if p.Different != 0 || p.Gone != 0 || p.Total != int64(len(w.made)) {
			t.Fatalf("%+v", p)
		}
		answers += len(w.made)
		for _, a := range w.answers {
			moments[momentOf(&a)] = true
		}
		id := ""
		if len(w.made) > 0 {
			id = rapid.SampledFrom(w.made).Draw(t, "spoilt")
		}
		a := w.answers[id]
		i := slices.IndexFunc(a.Decisions, func(d veiviser.Decision) bool { return len(d.Choices) > 0 })
		if i < 0 {
			return
		}
		spoilt++
		choices := slices.Clone(a.Decisions[i].Choices)
		a.Decisions = slices.Clone(a.Decisions)
		a.Decisions[i].Choices = choices
		choices[0].Propensity = math.Nextafter(choices[0].Propensity, 2)
		w.answers[id] = a
		p = replay(t, w, 0)
		if p.Different != 1 || len(p.Differences) != 1 || p.Differences[0].AnswerID != id ||
			!strings.Contains(p.Differences[0].Detail, "].Choices[0].Propensity: ") {
			t.Fatalf("after one bit of a propensity was changed: %+v", p)
		}
	})
	t.Logf("%d answers of %d moments, %d spoilt", answers, len(moments), spoilt)
	if spoilt == 0 {
		t.Error("nothing was spoilt")
	}
}

// home is a plain request.
func home() veiviser.Request {
	return veiviser.Request{
		VisitorID: "ada", Context: veiviser.Context{Subject: ebike}, Placements: []veiviser.PlacementRequest{{Placement: "product_side"}},
	}
}

func TestReplayReports(t *testing.T) {
	w := newWorld(t, sykkel(t))
	for i := range 2*chunkSize + 10 {
		w.answer(decide.Input{Request: home(), Time: noon, Seed: [2]uint64{uint64(i)}})
	}
	delete(w.answers, w.made[3])
	for i, id := range w.made[100:130] { // the newest come first
		a := w.answers[id]
		a.Needs = slices.Clone(a.Needs)
		a.Needs[0].ByStandard[2] = float64(i)
		w.answers[id] = a
	}
	never := w.answers[w.made[5]]
	never.PlanVersion = 9
	w.answers[w.made[5]] = never
	var reports []Progress
	err := New(w, w, nil).Replay(t.Context(), 0, func(p Progress) error { reports = append(reports, p); return nil })
	if err != nil || len(reports) != 4 {
		t.Fatalf("%d reports, %v", len(reports), err)
	}
	last := reports[3]
	if first := reports[0]; first.Total != 510 || first.Checked != 0 || reports[1].Checked != chunkSize || reports[1].Done || len(reports[1].Differences) != 0 {
		t.Errorf("%+v, %+v", first, reports[1])
	}
	if len(last.Differences) != 20 || last.Differences[0].AnswerID != w.made[129] || !strings.HasPrefix(last.Differences[0].Detail, "Needs[0].ByStandard[2]: 29 was logged, 0.") {
		t.Errorf("differences %+v", last.Differences)
	}
	last.Differences = nil
	if diff := cmp.Diff(Progress{Total: 510, Checked: 510, Identical: 478, Different: 30, Gone: 2, Done: true}, last); diff != "" {
		t.Error(diff)
	}
	if p := replay(t, w, 17); p.Total != 17 || p.Identical != 17 {
		t.Errorf("%+v", p)
	}
	if w.reads["version"] > 2 { // that of the active plan is never asked for
		t.Errorf("read %v", w.reads)
	}
}

// A catalogue that is not known any more makes its answers gone; a plan that does not compile any more makes them different.
func TestReplayWithoutThePast(t *testing.T) {
	w := newWorld(t, sykkel(t))
	w.answer(decide.Input{Request: home(), Time: noon})
	w.write(w.versions[0].Items[0], true)
	w.answer(decide.Input{Request: home(), Time: noon})
	w.publish(t, sykkel(t, func(p *veiviser.Plan) { p.Name = "other" }))
	w.answer(decide.Input{Request: home(), Time: noon})
	w.forgotten = 1
	if p := replay(t, w, 0); p.Gone != 1 || p.Identical != 2 {
		t.Errorf("%+v", p)
	}
	w.versions[0].Segments[0].Rule = "("
	p := replay(t, w, 0)
	if p.Different != 2 || !strings.HasPrefix(p.Differences[0].Detail, "plan version 1 does not compile any more: ") {
		t.Errorf("%+v", p)
	}
	a := w.answers["answer2"]
	a.Request.Placements = []veiviser.PlacementRequest{{Placement: "nowhere"}}
	if got := Again(w.active, &a); got != `Request.Placements[0]: plan version 2 has no placement "nowhere"` {
		t.Error(got)
	}
}

func TestReplayEnds(t *testing.T) {
	w := newWorld(t, sykkel(t))
	w.answer(decide.Input{Request: home(), Time: noon})
	r, enough := New(w, w, nil), errors.New("enough")
	if err := r.Replay(t.Context(), 0, func(Progress) error { return enough }); !errors.Is(err, enough) {
		t.Error(err)
	}
	w.failing = veiviser.Failed(veiviser.KindUnavailable, veiviser.ReasonStoreUnavailable, nil, "away")
	if err := r.Replay(t.Context(), 0, func(Progress) error { return nil }); !errors.Is(err, w.failing) {
		t.Error(err)
	}
	ctx, stop := context.WithCancelCause(t.Context())
	stop(enough)
	for _, err := range []error{
		r.Replay(ctx, 0, func(Progress) error { return nil }),
		func() error { _, err := r.Evaluate(ctx, sykkel(t), Question{}); return err }(),
	} {
		if !errors.Is(err, enough) {
			t.Errorf("%v, want the cause", err)
		}
	}
	// One that waits for another leaves when its time is over.
	w.failing = nil
	began, end := make(chan struct{}), make(chan struct{})
	w.onAnswers = func() { close(began); <-end }
	done := make(chan error)
	go func() { done <- r.Replay(t.Context(), 0, func(Progress) error { return nil }) }()
	<-began
	short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := r.Replay(short, 0, func(Progress) error { return nil }); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	close(end)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestDiffer(t *testing.T) {
	w := newWorld(t, sykkel(t))
	a := *w.answer(decide.Input{Request: home(), Time: noon})
	for name, c := range map[string]struct {
		change func(*veiviser.Answer)
		want   string
	}{
		"nothing": {func(*veiviser.Answer) {}, ""},
		"empty lists": {func(a *veiviser.Answer) {
			a.Visitor.Counts, a.Visitor.Attributes = []veiviser.TypeCount{}, map[string]string{}
		}, ""},
		"time zone": {func(a *veiviser.Answer) { a.Time = a.Time.In(time.FixedZone("there", 3600)) }, ""},
		"zero":      {func(a *veiviser.Answer) { a.Visitor.Value = math.Copysign(0, -1) }, "Visitor.Value: -0 was logged, 0 comes now"},
		"score":     {func(a *veiviser.Answer) { a.Decisions[0].Choices[0].Score = math.NaN() }, "Decisions[0].Choices[0].Score: NaN was logged, "},
		"length":    {func(a *veiviser.Answer) { a.Decisions[0].RunnersUp = nil }, "Decisions[0].RunnersUp: 0 were logged, "},
		"text":      {func(a *veiviser.Answer) { a.Decisions[0].Choices[0].Reasons[0].About = "x" }, `Decisions[0].Choices[0].Reasons[0].About: "x" was logged, `},
		"pointer":   {func(a *veiviser.Answer) { a.Needs[0].Forecast = &veiviser.VisitForecast{} }, "Needs[0].Forecast"},
		"truth":     {func(a *veiviser.Answer) { a.Decisions[0].Fallback = true }, "Decisions[0].Fallback: true was logged, false comes now"},
		"terms":     {func(a *veiviser.Answer) { a.Terms.LiftWindow++ }, "Terms.LiftWindow: 168h0m0.000000001s was logged, 168h0m0s comes now"},
	} {
		b := decide.Decide(w.active, decide.Again(&a))
		c.change(&b)
		if got := Again(w.active, &b); !strings.HasPrefix(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func BenchmarkAgain(b *testing.B) {
	w := newWorld(b, sykkel(b))
	a := w.answer(decide.Input{Request: home(), Time: noon})
	b.ReportAllocs()
	for b.Loop() {
		if got := Again(w.active, a); got != "" {
			b.Fatal(got)
		}
	}
}
