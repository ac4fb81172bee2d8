package plan

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// TestRun follows another replica, through an outage and a store that lost everything.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		writer, store := library(t)
		l := NewLibrary(store, nil)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- l.Run(ctx) }()
		time.Sleep(2 * pollEvery)
		first := l.Active()
		if first == nil || first.Version != 1 {
			t.Fatal("does not follow")
		}
		time.Sleep(time.Minute)
		if l.Active() != first {
			t.Error("swapped without news")
		}
		synctest.Wait() // a look that is due this very moment comes before the publish, and the next one after the store is away
		mustPublish(t, writer, named("2"))
		store.setAway(true)
		time.Sleep(time.Minute)
		if l.Active() != first {
			t.Error("the last snapshot did not stay")
		}
		wantReason(t, l.Refresh(ctx), veiviser.ReasonStoreUnavailable)
		store.setAway(false)
		time.Sleep(2 * pollEvery)
		synctest.Wait()
		if l.Active().Version != 2 {
			t.Error("does not follow again")
		}
		empty := newFakeStore(t)
		store.mu.Lock()
		store.head, store.versions, store.changes = empty.head, nil, empty.changes
		store.mu.Unlock()
		time.Sleep(time.Minute)
		if l.Active().Version != 2 {
			t.Error("the last snapshot did not stay")
		}
		mustPublish(t, writer, named("anew"))
		time.Sleep(2 * pollEvery)
		if s := l.Active(); s.Version != 1 || s.Plan.Name != "anew" {
			t.Errorf("follows %d %s", s.Version, s.Plan.Name)
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// TestNewsWhileAPlanIsMissing: a version that cannot be read does not keep back what is written to the catalogue.
func TestNewsWhileAPlanIsMissing(t *testing.T) {
	l, store := library(t)
	store.mu.Lock()
	store.activate(9)
	store.write(veiviser.CatalogChange{Item: veiviser.Item{ID: "guide"}, Deleted: true}, "", false)
	store.mu.Unlock()
	for range 2 {
		wantReason(t, l.Refresh(t.Context()), veiviser.ReasonUnknownVersion)
		if s := l.Active(); s.Version != 1 || s.Catalog.Len() != 1 {
			t.Errorf("active is %d with %d items", s.Version, s.Catalog.Len())
		}
	}
}

// TestManyAtOnce lets replicas write, publish, roll back and read at the same time; in the end all see the same.
func TestManyAtOnce(t *testing.T) {
	_, store := library(t)
	ctx := t.Context()
	replicas := make([]*Library, 3)
	var wg sync.WaitGroup
	for i := range replicas {
		replicas[i] = NewLibrary(store, nil)
		if err := replicas[i].Refresh(ctx); err != nil {
			t.Fatal(err)
		}
		for k := range 4 {
			wg.Go(func() { busy(ctx, t, replicas[i], uint64(10*i+k)) })
		}
	}
	wg.Wait()
	for _, l := range replicas {
		if err := l.Refresh(ctx); err != nil {
			t.Fatal(err)
		}
		s := l.Active()
		if s.Version != store.head.Active || s.CatalogRevision() != store.head.Catalog || s.Activation != store.head.Activation {
			t.Errorf("at %d, %d, %d of %+v", s.Version, s.CatalogRevision(), s.Activation, store.head)
		}
		fresh := NewLibrary(store, nil)
		if err := fresh.Refresh(ctx); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(catalogView(fresh.Active().Catalog), catalogView(s.Catalog), cmp.AllowUnexported(feature{}), cmpopts.EquateEmpty(),
			cmpopts.IgnoreMapEntries(func(_ feature, ids []string) bool { return len(ids) == 0 })); d != "" {
			t.Error(d)
		}
	}
}

func busy(ctx context.Context, t *testing.T, l *Library, seed uint64) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 0))
	for n := range 25 {
		var err error
		switch r.IntN(5) {
		case 0:
			_, err = l.Publish(ctx, named(fmt.Sprint(seed, n)), 0, "", "")
		case 1:
			_, err = l.RollBack(ctx, 0, 0)
		case 2, 3:
			it := bikes().Items[r.IntN(2)]
			it.ID += []string{"", "-a", "-b"}[r.IntN(3)]
			it.Boost = r.Float64()
			if _, err = l.Upsert(ctx, []veiviser.Item{it}); err == nil {
				err = l.Delete(ctx, it.ID, "")
			}
		case 4:
			q := usual(l.Active())
			e := q.catalog(l).Eligible(q)
			e.Exclusions()
			e.Release()
		}
		switch veiviser.ReasonOf(err) {
		case "", veiviser.ReasonPlanChanged, veiviser.ReasonUnknownVersion, veiviser.ReasonUnknownItem:
		default:
			t.Error(err)
		}
	}
}

// catalog is the newest catalogue that knows the query's placement.
func (q *Query) catalog(l *Library) *Catalog {
	s := l.Active()
	q.Placement, _ = s.Placement(q.Placement.ID)
	return s.Catalog
}
