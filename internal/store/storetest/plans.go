package storetest

import (
	"fmt"
	"sync"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/veiviser"
)

var planTests = map[string]func(scope){
	"PlansAreVersions":       testPlans,
	"PlansArePublishedInRow": testPlanRace,
	"CatalogIsFollowed":      testCatalog,
	"CatalogIsPaged":         testCatalogPages,
	"ItemsAreCompared":       testEtags,
}

func somePlan(name string) veiviser.PlanVersion {
	cost := 0.25
	return veiviser.PlanVersion{
		Plan: veiviser.Plan{
			Name: name, Languages: []string{"nb"},
			Journeys:   []veiviser.Journey{{ID: "considered", Name: veiviser.Text{"nb": "Overveid kjøp"}, HalfLife: 3600}},
			Placements: []veiviser.Placement{{ID: "home", AttentionCost: &cost}},
		},
		Published: start, Author: "kari", Note: "første", Changes: []veiviser.PlanChange{{Path: "journeys", Op: "added"}},
	}
}

func testPlans(t scope) {
	b := open(t.T, t.target)
	if h, err := b.Head(b.ctx()); err != nil || h != (veiviser.Head{}) {
		t.Fatalf("an empty store: %+v, %v", h, err)
	}
	if l, err := b.PlanVersions(b.ctx(), 0, 10); err != nil || len(l) != 0 {
		t.Fatalf("an empty store: %v, %v", l, err)
	}
	for i := range 5 {
		n, err := b.SavePlan(b.ctx(), somePlan(fmt.Sprint("plan", i)), uint64(i))
		b.must(err)
		if n != uint64(i+1) {
			t.Errorf("version %d, want %d", n, i+1)
		}
	}
	_, err := b.SavePlan(b.ctx(), somePlan("late"), 4)
	b.wantReason(err, veiviser.ReasonPlanChanged)
	b.must(b.ActivatePlan(b.ctx(), 2, 0))
	b.must(b.ActivatePlan(b.ctx(), 2, 0))
	b.wantReason(b.ActivatePlan(b.ctx(), 6, 0), veiviser.ReasonUnknownVersion)
	b.wantReason(b.ActivatePlan(b.ctx(), 3, 5), veiviser.ReasonPlanChanged)
	h, err := b.Head(b.ctx())
	b.must(err)
	if d := cmp.Diff(veiviser.Head{Active: 2, Previous: 5, Activation: 6}, h); d != "" {
		t.Error(d)
	}
	got, err := b.PlanVersion(b.ctx(), 2)
	b.must(err)
	want := somePlan("plan1")
	want.Version, want.Active = 2, true
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	_, err = b.PlanVersion(b.ctx(), 99)
	b.wantReason(err, veiviser.ReasonUnknownVersion)
	list, err := b.PlanVersions(b.ctx(), 5, 3)
	b.must(err)
	if len(list) != 3 || list[0].Version != 4 || list[2].Version != 2 || !list[2].Active || list[0].Active || list[0].Plan.Name != "plan3" || len(list[0].Plan.Journeys) != 0 || list[0].Author != "kari" {
		t.Errorf("listed %+v", list)
	}
}

func testPlanRace(t scope) {
	b := open(t.T, t.target)
	_, err := b.SavePlan(b.ctx(), somePlan("first"), 0)
	b.must(err)
	var wg sync.WaitGroup
	won := make(chan uint64, 8)
	for range 8 {
		wg.Go(func() {
			n, err := b.SavePlan(b.ctx(), somePlan("mine"), 1)
			if err == nil {
				won <- n
			} else if veiviser.ReasonOf(err) != veiviser.ReasonPlanChanged {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(won) != 1 || <-won != 2 {
		t.Error("not exactly one of several was published")
	}
}

func item(id string, stock int64) veiviser.Item {
	return veiviser.Item{ID: id, Kind: veiviser.KindOffer, Name: veiviser.Text{"nb": "Ting: " + id}, Stock: &stock, Updated: start, Claims: map[string]string{"a": "b:c\nd"}}
}

func testCatalog(t scope) {
	b := open(t.T, t.target)
	_, err := b.SavePlan(b.ctx(), somePlan("p"), 0)
	b.must(err)
	res, rev, err := b.UpsertItems(b.ctx(), []veiviser.Item{item("a", 1), item("b", 2), item("c", 3)}, nil)
	b.must(err)
	if len(res) != 3 || rev != 3 || !res[0].Created || res[0].Etag == "" || res[0].Etag == res[1].Etag {
		t.Errorf("wrote %+v, revision %d", res, rev)
	}
	got, upTo, err := b.ItemsSince(b.ctx(), 0)
	b.must(err)
	if len(got) != 3 || upTo != rev || got[1].Revision != 2 || got[1].Activation != 1 {
		t.Fatalf("%+v up to %d", got, upTo)
	}
	want := item("b", 2)
	want.Etag = res[1].Etag
	if d := cmp.Diff(want, got[1].Item); d != "" {
		t.Error(d)
	}
	b.must(b.activateAgain())
	_, _, err = b.UpsertItems(b.ctx(), []veiviser.Item{item("a", 9)}, nil)
	b.must(err)
	rev, err = b.DeleteItem(b.ctx(), "b", "")
	b.must(err)
	got, upTo, err = b.ItemsSince(b.ctx(), 3)
	b.must(err)
	if len(got) != 2 || upTo != rev || got[0].Item.ID != "a" || *got[0].Item.Stock != 9 || got[0].Activation != 2 || !got[1].Deleted || got[1].Item.ID != "b" {
		t.Errorf("%+v up to %d", got, upTo)
	}
	h, err := b.Head(b.ctx())
	b.must(err)
	if h.Catalog != upTo || upTo != 5 {
		t.Errorf("head %+v, followed up to %d", h, upTo)
	}
	if got, upTo, err = b.ItemsSince(b.ctx(), 5); len(got) != 0 || upTo != 5 || err != nil {
		t.Errorf("%v, %d, %v", got, upTo, err)
	}
}

func (b *bench) activateAgain() error {
	_, err := b.SavePlan(b.ctx(), somePlan("again"), 0)
	return err
}

func testCatalogPages(t scope) {
	b := open(t.T, t.target)
	items := make([]veiviser.Item, 1203)
	for i := range items {
		items[i] = item(fmt.Sprint("item", i), int64(i))
	}
	res, rev, err := b.UpsertItems(b.ctx(), items, nil)
	b.must(err)
	got, upTo, err := b.ItemsSince(b.ctx(), 0)
	b.must(err)
	if len(res) != len(items) || len(got) != len(items) || upTo != rev || upTo != 1203 {
		t.Fatalf("%d results, %d changes up to %d of %d", len(res), len(got), upTo, rev)
	}
	for i := range got {
		if got[i].Item.ID != items[i].ID || got[i].Item.Etag != res[i].Etag {
			t.Fatalf("change %d is %+v", i, got[i])
		}
	}
}

func testEtags(t scope) {
	b := open(t.T, t.target)
	res, _, err := b.UpsertItems(b.ctx(), []veiviser.Item{item("a", 1)}, map[string]string{"a": ""})
	b.must(err)
	etag := res[0].Etag
	res, rev, err := b.UpsertItems(b.ctx(), []veiviser.Item{item("a", 2), item("b", 2), item("c", 2)}, map[string]string{"a": "", "b": "7"})
	b.must(err)
	if rev != 2 || res[0].Err == nil || res[0].Err.Reason != veiviser.ReasonItemChanged || res[1].Err == nil || res[2].Err != nil {
		t.Errorf("%+v, revision %d", res, rev)
	}
	res, _, err = b.UpsertItems(b.ctx(), []veiviser.Item{item("a", 3)}, map[string]string{"a": etag})
	b.must(err)
	if res[0].Err != nil || res[0].Created || res[0].Etag == etag {
		t.Errorf("%+v", res)
	}
	_, err = b.DeleteItem(b.ctx(), "a", etag)
	b.wantReason(err, veiviser.ReasonItemChanged)
	_, err = b.DeleteItem(b.ctx(), "a", res[0].Etag)
	b.must(err)
	_, err = b.DeleteItem(b.ctx(), "a", res[0].Etag)
	b.wantReason(err, veiviser.ReasonItemChanged)
	res, _, err = b.UpsertItems(b.ctx(), []veiviser.Item{item("a", 4)}, map[string]string{"a": ""})
	b.must(err)
	if res[0].Err != nil || !res[0].Created {
		t.Errorf("an item that was deleted cannot come back: %+v", res)
	}
}
