package plan

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/veiviser/veiviser/internal/eligible"
	"github.com/veiviser/veiviser/internal/rank"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// alike is bikes with n items that the plan expects the same of, and that have nothing in common to learn about.
func alike(n int) *veiviser.Plan {
	p := bikes()
	p.Placements[0].Fallback, p.Policy.Effects = nil, nil
	p.Policy.Learning.Crosses = []veiviser.Cross{{Attributes: []string{"item", "device"}, SD: 0.05}}
	p.Items = make([]veiviser.Item, n)
	for i := range p.Items {
		p.Items[i] = veiviser.Item{
			ID: itemID(i), Kind: veiviser.KindContent, Representations: []veiviser.Representation{{Format: "card", Language: "nb", Title: "T"}},
		}
	}
	return p
}

// evaluating is a situation of somebody who is surely comparing.
func evaluating() rank.Situation {
	var s rank.Situation
	s.ByStage[veiviser.StageEvaluate.Index()] = 1
	s.Channel = "web"
	return s
}

// told is experience with items: what came of showing each of them, some times.
func told(s *Snapshot, x *rank.Experience, reward float64, times int, ids ...string) *rank.Learned {
	for range times {
		for _, id := range ids {
			if it, ok := s.Catalog.Lookup(id); ok {
				x.Observe(s.Response.Prepare(evaluating(), nil).Features(nil, it, "card"), reward)
			}
		}
	}
	return x.Learned()
}

// listed is the ids of the short list for somebody comparing.
func listed(s *Snapshot, l *rank.Learned) (ids []string, visited bool) {
	place, _ := s.Placement("hero")
	need := &veiviser.NeedView{ByStandard: evaluating().ByStage}
	q := &Query{Placement: place, Language: "nb", Now: noon, Facts: &eligible.Facts{Need: need, Visitor: &veiviser.Visitor{}, Now: noon}}
	e := s.Catalog.Eligible(q)
	defer e.Release()
	for _, it := range s.Catalog.Shortlist(e, q, s.Response.Prepare(evaluating(), l)) {
		ids = append(ids, it.Item.ID)
	}
	_, visited = e.Said()
	return ids, visited
}

func TestLearnFindsTheGoodOne(t *testing.T) {
	s := compiled(t, alike(2000))
	good := itemID(1500)
	l := told(s, rank.NewExperience(0), 1, 20, good)
	if ids, visited := listed(s, l); slices.Contains(ids, good) || visited {
		t.Error("it is listed before the order knows: this test tests nothing")
	}
	next := s.Learn(l)
	if ids, visited := listed(next, l); ids[0] != good || len(ids) != ListKept || !visited {
		t.Errorf("listed %v", ids)
	}
	if ids, _ := listed(s, l); slices.Contains(ids, good) {
		t.Error("the snapshot it was made from has changed")
	}
	if next.Learn(l) != next {
		t.Error("made again from the same")
	}
	back := next.Learn(nil)
	if d := cmp.Diff(catalogView(s.Catalog), catalogView(back.Catalog), cmp.AllowUnexported(feature{})); d != "" {
		t.Error(d)
	}
}

func TestLearnGivesOthersAChance(t *testing.T) {
	s := compiled(t, alike(2000))
	x := rank.NewExperience(0)
	tried, _ := listed(s, nil)
	seen := map[string]bool{}
	for round := range 5 { // one disappointment after another
		for _, id := range tried {
			if seen[id] {
				t.Fatalf("round %d lists %s again", round, id)
			}
			seen[id] = true
		}
		l := told(s, x, -1, 10, tried...)
		tried, _ = listed(s.Learn(l), l)
	}
}

// With nothing learned there is nothing to tell.
func TestLearnNothing(t *testing.T) {
	s := compiled(t, alike(300))
	if s.Learn(nil) != s || s.Learn(rank.NewExperience(0).Learned()) != s {
		t.Error("made a snapshot of nothing")
	}
	elsewhere := compiled(t, func() *veiviser.Plan { p := alike(1); p.Items[0].ID = "elsewhere"; return p }())
	l := told(elsewhere, rank.NewExperience(0), 1, 3, "elsewhere")
	if l.Version() == 0 || s.Learn(l).Catalog.order != s.Catalog.prior {
		t.Error("what was learned about other items counts")
	}
}

// What is written after Learn counts by the plan, everything else stays where it was put.
func TestWithAfterLearn(t *testing.T) {
	s := compiled(t, alike(600))
	good := itemID(500)
	l := told(s, rank.NewExperience(0), 1, 20, good, itemID(300))
	it := alike(1).Items[0]
	it.ID = "aaa"
	over := alike(301).Items[300]
	changes := []veiviser.CatalogChange{{Item: it, Revision: 1}, {Item: over, Revision: 2}, {Item: veiviser.Item{ID: itemID(7)}, Deleted: true, Revision: 3}}
	next := s.Learn(l).With(changes, 3, 0)
	if ids, visited := listed(next, l); ids[0] != good || !visited || !slices.Contains(ids, "aaa") {
		t.Errorf("listed %v", ids)
	}
	if next.Catalog.knows(l) || next.Catalog.knows(nil) {
		t.Error("takes the written for learned about")
	}
	slot, _ := next.Catalog.Slot(itemID(300))
	if next.Catalog.order.hopes[slot] != next.Catalog.prior.hopes[slot] {
		t.Error("what was written over does not count by the plan")
	}
	plain := s.With(changes, 3, 0)
	if d := cmp.Diff(plain.Catalog.prior, next.Catalog.prior, cmp.AllowUnexported(order{})); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(plain.Learn(l).Catalog.order, next.Learn(l).Catalog.order, cmp.AllowUnexported(order{})); d != "" {
		t.Error(d)
	}
}

// learning is a library with 300 items alike, and what it is told was learned.
func learning(t *testing.T) (l *Library, store *fakeStore, set func(*rank.Learned)) {
	t.Helper()
	l, store = library(t)
	mustPublish(t, l, alike(300))
	var mu sync.Mutex
	var now *rank.Learned
	l.Learn(func() *rank.Learned {
		mu.Lock()
		defer mu.Unlock()
		return now
	})
	return l, store, func(to *rank.Learned) {
		mu.Lock()
		defer mu.Unlock()
		now = to
	}
}

// TestPace holds that ordering takes a twentieth of the time at most, and happens every few seconds at most.
func TestPace(t *testing.T) {
	for _, cost := range []time.Duration{time.Millisecond, 100 * time.Millisecond, 400 * time.Millisecond, 3 * time.Second} {
		l, _, set := learning(t)
		now, called := noon, 0
		l.clock = func() time.Time {
			if called++; called == 3 { // what was Learn
				now = now.Add(cost)
			}
			return now
		}
		x, at, spent := rank.NewExperience(0), []time.Time(nil), time.Duration(0)
		for now.Before(noon.Add(10 * time.Minute)) {
			set(told(l.Active(), x, 1, 1, itemID(200)))
			was := l.Active()
			called = 0
			l.relearn(t.Context())
			if l.Active() != was {
				at, spent = append(at, now), spent+cost
			}
			now = now.Add(pollEvery)
		}
		for i := 1; i < len(at); i++ {
			if at[i].Sub(at[i-1]) < max(5*time.Second, 20*cost) {
				t.Errorf("cost %v: %v after the last", cost, at[i].Sub(at[i-1]))
			}
		}
		if most := int(10 * time.Minute / max(6*time.Second, 22*cost)); len(at) < most {
			t.Errorf("cost %v: only %d times of %d", cost, len(at), most)
		}
		if share := float64(spent) / float64(now.Sub(noon)); share > 0.05+float64(cost)/float64(10*time.Minute) {
			t.Errorf("cost %v: a share of %v", cost, share)
		}
	}
}

func TestRunLearns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _, set := learning(t)
		go func() { _ = l.Run(t.Context()) }()
		time.Sleep(time.Minute)
		first := l.Active()
		if _, visited := listed(first, nil); visited {
			t.Error("ordered by nothing")
		}
		good := itemID(222)
		set(told(first, rank.NewExperience(0), 1, 20, good))
		time.Sleep(2 * pollEvery)
		second := l.Active()
		if ids, visited := listed(second, l.learned()); ids[0] != good || !visited {
			t.Errorf("listed %v", ids)
		}
		time.Sleep(time.Minute)
		if l.Active() != second {
			t.Error("ordered again without a reason")
		}
		fresh := alike(1).Items[0]
		fresh.ID = "zzz"
		if _, err := l.Upsert(t.Context(), []veiviser.Item{fresh}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * learnEvery)
		if c := l.Active().Catalog; !c.knows(l.learned()) || c.Len() != 301 {
			t.Error("what was written is not put in order")
		}
		mustPublish(t, l, named("small")) // less than is worth it
		time.Sleep(2 * learnEvery)
		for id := range 300 {
			if err := l.Delete(t.Context(), itemID(id), ""); err != nil && veiviser.ReasonOf(err) != veiviser.ReasonUnknownItem {
				t.Fatal(err)
			}
		}
		time.Sleep(2 * learnEvery)
		if c := l.Active().Catalog; c.Len() > ListAll || c.knows(l.learned()) {
			t.Errorf("%d items are ordered", c.Len())
		}
	})
}

// TestRelearnMeanwhile: what happens while the catalogue is ordered is not lost.
func TestRelearnMeanwhile(t *testing.T) {
	meanwhile := func(t *testing.T, l *Library, do func()) {
		t.Helper()
		called := 0
		l.clock = func() time.Time {
			if called++; called == 3 {
				do()
			}
			return noon
		}
		l.relearn(t.Context())
	}
	l, _, set := learning(t)
	good := itemID(222)
	learned := told(l.Active(), rank.NewExperience(0), 1, 20, good)
	set(learned)
	meanwhile(t, l, func() {
		items := append(alike(1).Items, alike(224).Items[222:]...)
		items[0].ID, items[2].Boost = "zzz", 0.5
		if _, err := l.Upsert(t.Context(), items); err != nil {
			t.Error(err)
		}
		if err := l.Delete(t.Context(), itemID(3), ""); err != nil {
			t.Error(err)
		}
	})
	c := l.Active().Catalog
	if it, ok := c.Lookup(itemID(223)); !ok || it.Boost != 0.5 || c.Len() != 300 || c.order == c.prior || c.knows(learned) {
		t.Errorf("%d items, %+v", c.Len(), it)
	}
	l.relearned = time.Time{}
	meanwhile(t, l, func() { mustPublish(t, l, func() *veiviser.Plan { p := alike(300); p.Name = "other"; return p }()) })
	if s := l.Active(); s.Plan.Name != "other" || s.Catalog.order != s.Catalog.prior {
		t.Error("another plan is in the order of the last")
	}
	ctx, stop := context.WithCancel(t.Context())
	l.relearned = time.Time{}
	l.turn <- struct{}{}
	stop()
	was := l.Active()
	if l.relearn(ctx); l.Active() != was {
		t.Error("swapped out of turn")
	}
	<-l.turn
}

// TestRelearnManyAtOnce writes, publishes and reads while the catalogue is ordered all the time; in the end it is as if all
// had been done one after the other.
func TestRelearnManyAtOnce(t *testing.T) {
	l, store, set := learning(t)
	ctx, stop := context.WithCancel(t.Context())
	x := rank.NewExperience(0)
	l.clock = func() time.Time { return noon }
	var writers, others sync.WaitGroup
	others.Go(func() {
		for n := 0; ctx.Err() == nil; n++ {
			set(told(l.Active(), x, 1, 1, itemID(n%300)))
			l.relearned = time.Time{}
			l.relearn(ctx)
		}
	})
	others.Go(func() {
		for ctx.Err() == nil {
			listed(l.Active(), l.learned())
		}
	})
	for k := range uint64(3) {
		writers.Go(func() { rewrite(t, l, k) })
	}
	writers.Wait()
	stop()
	others.Wait()
	if err := l.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	fresh := NewLibrary(store, nil)
	if err := fresh.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	want, got := fresh.Active().Learn(l.learned()), l.Active().Learn(l.learned())
	if d := cmp.Diff(catalogView(want.Catalog), catalogView(got.Catalog), cmp.AllowUnexported(feature{}), cmpopts.EquateEmpty(),
		cmpopts.IgnoreMapEntries(func(_ feature, ids []string) bool { return len(ids) == 0 })); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(fresh.Active().Catalog.prior, l.Active().Catalog.prior, cmp.AllowUnexported(order{})); d != "" {
		t.Error(d)
	}
}

// rewrite changes items and, now and then, the plan.
func rewrite(t *testing.T, l *Library, seed uint64) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 0))
	for n := range 25 {
		var err error
		it := alike(1).Items[0]
		it.ID, it.Boost = itemID(r.IntN(310)), r.Float64()
		switch r.IntN(8) {
		case 0:
			p := alike(300)
			p.Name = fmt.Sprint(seed, n)
			_, err = l.Publish(t.Context(), p, 0, "", "")
		case 1, 2:
			err = l.Delete(t.Context(), it.ID, "")
		default:
			_, err = l.Upsert(t.Context(), []veiviser.Item{it})
		}
		if r := veiviser.ReasonOf(err); err != nil && r != veiviser.ReasonUnknownItem && r != veiviser.ReasonPlanChanged {
			t.Error(err)
		}
	}
}

// A snapshot that was never ordered makes a list again, whatever is asked of it.
func TestRevisitIsGuarded(t *testing.T) {
	s := compiled(t, alike(300))
	place, _ := s.Placement("hero")
	q := &Query{
		Placement: place, Language: "nb", Now: noon, Excluded: []string{itemID(5)}, Visited: true,
		Said: []veiviser.Scored{{Slot: 7, Mean: 0.5}, {Slot: -1}, {Slot: 300}, {Slot: 5}, {Slot: 7}, {Slot: 3}},
	}
	e := s.Catalog.Eligible(q)
	defer e.Release()
	var got []int32
	for _, it := range s.Catalog.Shortlist(e, q, s.Response.Prepare(evaluating(), nil)) {
		got = append(got, it.Slot)
	}
	if !slices.Equal(got, []int32{7, 3}) {
		t.Errorf("listed %v", got)
	}
}
