package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// library is a library over a fake store with bikes published as version 1.
func library(tb testing.TB) (*Library, *fakeStore) {
	tb.Helper()
	store := newFakeStore(tb)
	l := NewLibrary(store, nil)
	mustPublish(tb, l, bikes())
	return l, store
}

func mustPublish(tb testing.TB, l *Library, p *veiviser.Plan) veiviser.PlanVersion {
	tb.Helper()
	v, err := l.Publish(tb.Context(), p, 0, "ada", "because")
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

func named(name string) *veiviser.Plan {
	p := bikes()
	p.Name = name
	return p
}

func wantReason(tb testing.TB, err error, reason veiviser.Reason) {
	tb.Helper()
	if veiviser.ReasonOf(err) != reason {
		tb.Errorf("error is %v, want %s", err, reason)
	}
}

func TestPublish(t *testing.T) {
	store := newFakeStore(t)
	l, ctx := NewLibrary(store, nil), t.Context()
	if l.Active() != nil {
		t.Fatal("active before anything is published")
	}
	_, err := l.Version(ctx, 0)
	wantReason(t, err, veiviser.ReasonNoPlan)
	_, err = l.RollBack(ctx, 0, 0)
	wantReason(t, err, veiviser.ReasonNoPlan)
	_, err = l.Publish(ctx, bikes(), 4, "", "")
	wantReason(t, err, veiviser.ReasonPlanChanged)

	v := mustPublish(t, l, bikes())
	if v.Version != 1 || !v.Active || v.Author != "ada" || v.Note != "because" || len(v.Changes) == 0 || v.Published.IsZero() {
		t.Errorf("published %+v", v)
	}
	if s := l.Active(); s.Version != 1 || s.Activation != 1 {
		t.Errorf("active is %d, %d", s.Version, s.Activation)
	}
	if again := mustPublish(t, l, bikes()); again.Version != 1 || store.head.Activation != 1 {
		t.Error("the same plan was published twice")
	}
	wrong := bikes()
	wrong.Journeys[0].Stages[2].Standard, wrong.Segments[0].Rule = "x", "("
	_, err = l.Publish(ctx, wrong, 0, "", "")
	wantReason(t, err, veiviser.ReasonInvalidPlan)
	if e, ok := errors.AsType[*veiviser.Error](err); !ok || len(e.Violations) != 2 || e.Kind != veiviser.KindInvalid {
		t.Errorf("violations %v", e.Violations)
	}
	_, err = l.Publish(ctx, named("2"), 7, "", "")
	wantReason(t, err, veiviser.ReasonPlanChanged)
	v, err = l.Publish(ctx, named("2"), 1, "", "")
	if err != nil || v.Version != 2 || !slices.Equal(v.Changes, []veiviser.PlanChange{{Path: "name", Op: "changed", Before: "Bikes", After: "2"}}) {
		t.Errorf("%+v, %v", v, err)
	}
	list, err := l.Versions(ctx, 0, 10)
	if err != nil || len(list) != 2 || !list[0].Active || list[1].Active {
		t.Errorf("versions %+v, %v", list, err)
	}
	violations, changes := l.Check(named("3"))
	if len(violations) != 0 || len(changes) != 1 {
		t.Errorf("check: %v, %v", violations, changes)
	}
}

func TestPublishAgainstOthers(t *testing.T) {
	l, store := library(t)
	other := NewLibrary(store, nil)
	store.before = func() { mustPublish(t, other, named("theirs")) }
	v := mustPublish(t, l, named("mine")) // tried again, on top of theirs
	if v.Version != 3 || v.Changes[0].Before != "theirs" {
		t.Errorf("published %d with %v", v.Version, v.Changes)
	}
	store.before = func() { mustPublish(t, other, named("theirs too")) }
	_, err := l.Publish(t.Context(), named("never"), 3, "", "")
	wantReason(t, err, veiviser.ReasonPlanChanged)
}

func TestRollBack(t *testing.T) {
	l, store := library(t)
	ctx := t.Context()
	_, err := l.RollBack(ctx, 0, 0)
	wantReason(t, err, veiviser.ReasonUnknownVersion)
	for i := 2; i <= 4; i++ {
		mustPublish(t, l, named(fmt.Sprint(i)))
	}
	v, err := l.RollBack(ctx, 2, 4)
	if err != nil || v.Version != 2 || !v.Active || len(v.Changes) != 1 || v.Changes[0].Before != "4" || v.Changes[0].After != "2" {
		t.Errorf("rolled back to %+v, %v", v, err)
	}
	if s := l.Active(); s.Version != 2 || s.Plan.Name != "2" || s.Activation != 5 {
		t.Errorf("active is %d %s %d", s.Version, s.Plan.Name, s.Activation)
	}
	if v, err = l.RollBack(ctx, 0, 0); err != nil || v.Version != 4 {
		t.Errorf("back to the one before: %d, %v", v.Version, err)
	}
	if v, err = l.RollBack(ctx, 4, 0); err != nil || v.Version != 4 || store.head.Activation != 6 {
		t.Errorf("back to where one is: %d, %v", v.Version, err)
	}
	_, err = l.RollBack(ctx, 9, 0)
	wantReason(t, err, veiviser.ReasonUnknownVersion)
	_, err = l.RollBack(ctx, 1, 2)
	wantReason(t, err, veiviser.ReasonPlanChanged)
	if v := mustPublish(t, l, named("5")); v.Version != 5 {
		t.Errorf("published %d", v.Version)
	}
}

func TestBootstrap(t *testing.T) {
	store := newFakeStore(t)
	l, ctx := NewLibrary(store, nil), t.Context()
	boot := func(p *veiviser.Plan, want uint64) {
		t.Helper()
		if err := l.Bootstrap(ctx, p, "--plan", "at start"); err != nil {
			t.Fatal(err)
		}
		if l.Active().Version != want {
			t.Errorf("active is %d, want %d", l.Active().Version, want)
		}
	}
	boot(bikes(), 1)
	boot(bikes(), 1)
	mustPublish(t, l, named("by hand"))
	boot(bikes(), 2) // the same as at the last start: what was published since stays
	boot(named("edited"), 3)
	for i := range 60 {
		mustPublish(t, l, named(fmt.Sprint(i)))
	}
	boot(named("edited"), 63) // found on the second page
}

func TestItems(t *testing.T) {
	l, store := library(t)
	ctx := t.Context()
	guide, err := l.Item("guide")
	if err != nil || guide.Etag != "p1" || guide.Updated.IsZero() {
		t.Fatalf("guide is %+v, %v", guide, err)
	}
	_, err = l.Item("guid")
	wantReason(t, err, veiviser.ReasonUnknownItem)
	_, err = l.Item("a b")
	wantReason(t, err, veiviser.ReasonMalformedID)

	fresh := bikes().Items[0]
	fresh.ID = "fresh"
	bad := bikes().Items[0]
	bad.ID, bad.Kind = "bad", "x"
	guide.Boost = 0.5
	stale := bikes().Items[1]
	stale.Etag = "p0"
	results, err := l.Upsert(ctx, []veiviser.Item{fresh, bad, guide, stale})
	if err != nil {
		t.Fatal(err)
	}
	want := []veiviser.ItemResult{
		{ID: "fresh", Created: true, Etag: "1"}, {ID: "bad"}, {ID: "guide", Etag: "2"}, {ID: "fjell-29"},
	}
	if d := cmp.Diff(want, results, cmpopts.IgnoreFields(veiviser.ItemResult{}, "Err")); d != "" {
		t.Error(d)
	}
	if results[0].Err != nil || results[2].Err != nil || results[1].Err.Field() != "kind" || results[3].Err.Reason != veiviser.ReasonItemChanged {
		t.Errorf("errors %v", results)
	}
	if it, err := l.Item("guide"); err != nil || it.Boost != 0.5 || it.Etag != "2" {
		t.Errorf("guide is %+v, %v", it, err)
	}
	items, next, total := l.Items("", 2, "", "")
	if total != 3 || next != "fresh" || items[0].ID != "fjell-29" || items[0].Etag != "p1" {
		t.Errorf("listed %v, %q, %d", items, next, total)
	}
	if err := l.Delete(ctx, "fjell-29", "x"); veiviser.ReasonOf(err) != veiviser.ReasonItemChanged {
		t.Error(err)
	}
	for id, etag := range map[string]string{"fjell-29": "p1", "fresh": "1"} {
		if err := l.Delete(ctx, id, etag); err != nil {
			t.Error(err)
		}
		wantReason(t, l.Delete(ctx, id, ""), veiviser.ReasonUnknownItem)
	}
	// Publishing writes what the plan names, and leaves the rest.
	fresh.Etag = ""
	if _, err := l.Upsert(ctx, []veiviser.Item{fresh}); err != nil {
		t.Fatal(err)
	}
	mustPublish(t, l, named("again"))
	if it, err := l.Item("guide"); err != nil || it.Boost != 0 || it.Etag != "p2" {
		t.Errorf("guide is %+v, %v", it, err)
	}
	for _, id := range []string{"fjell-29", "fresh"} {
		if _, err := l.Item(id); err != nil {
			t.Error(err)
		}
	}
	// An item the plan overrode is written with the etag the plan gave it.
	guide.Etag = "p2"
	if results, err = l.Upsert(ctx, []veiviser.Item{guide}); err != nil || results[0].Err != nil || results[0].Created {
		t.Errorf("%+v, %v", results, err)
	}
	if other := NewLibrary(store, nil); other.Refresh(ctx) != nil || other.Active().CatalogRevision() != l.Active().CatalogRevision() {
		t.Error("another replica sees something else")
	} else if d := cmp.Diff(catalogView(l.Active().Catalog), catalogView(other.Active().Catalog), cmp.AllowUnexported(feature{}),
		cmpopts.IgnoreMapEntries(func(_ feature, ids []string) bool { return len(ids) == 0 })); d != "" {
		t.Error(d)
	}
	_, err = l.Upsert(ctx, make([]veiviser.Item, veiviser.MaxItemsPerUpsert+1))
	wantReason(t, err, veiviser.ReasonBatchTooLarge)
}

func TestAt(t *testing.T) {
	l, store := library(t)
	ctx := t.Context()
	for i := 2; i <= 7; i++ {
		mustPublish(t, l, named(fmt.Sprint(i)))
	}
	if _, err := l.Upsert(ctx, []veiviser.Item{{ID: "new", Kind: "content", Representations: bikes().Items[0].Representations}}); err != nil {
		t.Fatal(err)
	}
	for _, version := range []uint64{2, 3, 4, 5, 2, 7} {
		s, err := l.At(ctx, version)
		if err != nil || s.Version != version || s.Plan.Name != fmt.Sprint(version) {
			t.Errorf("version %d: %v", version, err)
			continue
		}
		if _, ok := s.Catalog.Lookup("new"); !ok {
			t.Errorf("version %d does not have what was written", version)
		}
	}
	before := store.reads
	one, _ := l.At(ctx, 2)
	if two, _ := l.At(ctx, 2); one != two || store.reads != before {
		t.Error("nothing is kept")
	}
	if err := l.Delete(ctx, "new", ""); err != nil {
		t.Fatal(err)
	}
	if s, err := l.At(ctx, 2); err != nil || s.Catalog.Len() != 2 {
		t.Errorf("still has what was deleted, %v", err)
	}
	_, err := l.At(ctx, 99)
	wantReason(t, err, veiviser.ReasonUnknownVersion)
}

func TestErrorsAreForPeople(t *testing.T) {
	e := invalidPlan([]veiviser.Violation{{Field: "name", Message: "x"}})
	if e.Message != "the plan has a mistake" || !strings.Contains(invalidPlan(make([]veiviser.Violation, 3)).Message, "3 mistakes") {
		t.Error(e)
	}
}
