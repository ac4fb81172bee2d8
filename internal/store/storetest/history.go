package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/veiviser"
)

var historyTests = map[string]func(scope){
	"CatalogAtAnyRevision":     testItemsAt,
	"CatalogHistoryIsPaged":    testItemsAtPages,
	"CatalogHistoryIsBounded":  testItemsAtCut,
	"CatalogHistoryHasNoHoles": testItemsAtHole,
	"CatalogAmongWriters":      testItemsAtRace,
}

// written is the naive catalogue: every change there was, in order.
type written []veiviser.CatalogChange

// at is the last change of every item up to a revision.
func (w written) at(revision uint64) []veiviser.CatalogChange {
	last := map[string]int{}
	for i, c := range w {
		if c.Revision <= revision {
			last[c.Item.ID] = i
		}
	}
	var out []veiviser.CatalogChange
	for i, c := range w {
		if at, ok := last[c.Item.ID]; ok && at == i {
			out = append(out, c)
		}
	}
	return out
}

// wantItemsAt compares the catalogue at a revision.
func (b *bench) wantItemsAt(revision uint64, want []veiviser.CatalogChange) {
	b.t.Helper()
	got, err := b.ItemsAt(b.ctx(), revision)
	b.must(err)
	if d := cmp.Diff(want, got); d != "" {
		b.t.Errorf("at revision %d: %s", revision, d)
	}
}

// testItemsAt writes and deletes at random and compares every moment with a list of all that happened.
func testItemsAt(t scope) {
	rng := rand.New(rand.NewPCG(4, 2))
	for range 2 {
		b := open(t.T, t.target)
		var all written
		activation, seen := uint64(0), map[uint64][]veiviser.CatalogChange{}
		for range 60 {
			switch rng.IntN(8) {
			case 0:
				b.must(b.activateAgain())
				activation++
			case 1, 2:
				id := fmt.Sprint("item:", rng.IntN(12))
				rev, err := b.DeleteItem(b.ctx(), id, "")
				b.must(err)
				all = append(all, veiviser.CatalogChange{Item: veiviser.Item{ID: id}, Deleted: true, Revision: rev, Activation: activation})
			default:
				items, expect := []veiviser.Item{}, map[string]string{}
				for range 1 + rng.IntN(4) {
					it := item(fmt.Sprint("item:", rng.IntN(12)), rng.Int64N(1000))
					items = append(items, it)
					if rng.IntN(4) == 0 {
						expect[it.ID] = "999999"
					}
				}
				res, _, err := b.UpsertItems(b.ctx(), items, expect)
				b.must(err)
				for i, r := range res {
					if r.Err != nil {
						continue
					}
					rev, err := strconv.ParseUint(r.Etag, 10, 64)
					b.must(err)
					items[i].Etag = r.Etag
					all = append(all, veiviser.CatalogChange{Item: items[i], Revision: rev, Activation: activation})
				}
			}
			now, rev, err := b.ItemsSince(b.ctx(), 0)
			b.must(err)
			seen[rev] = now
		}
		for rev := range uint64(len(all)) + 1 {
			b.wantItemsAt(rev, all.at(rev))
			if now, ok := seen[rev]; ok && rev > 0 {
				b.wantItemsAt(rev, now)
			}
		}
		_, err := b.ItemsAt(b.ctx(), uint64(len(all))+1)
		b.wantReason(err, veiviser.ReasonDecisionExpired)
	}
}

func testItemsAtPages(t scope) {
	b := open(t.T, t.target)
	var all written
	write := func(round, from, n int) {
		items := make([]veiviser.Item, n)
		for i := range items {
			items[i] = item(fmt.Sprint("item", from+i), int64(round))
		}
		res, _, err := b.UpsertItems(b.ctx(), items, nil)
		b.must(err)
		for i := range items {
			items[i].Etag = res[i].Etag
			all = append(all, veiviser.CatalogChange{Item: items[i], Revision: uint64(len(all) + 1)})
		}
	}
	write(0, 0, 1203)
	write(1, 100, 1103)
	write(2, 600, 1003) // 600 … 1202 again, 400 new ones
	for _, rev := range []uint64{1, 500, 1203, 1204, 2000, 2306, 2307, uint64(len(all))} {
		b.wantItemsAt(rev, all.at(rev))
	}
}

// history is the key of what was overwritten.
func (b *bench) history() string { return "vv1:{" + b.opts.Tenant + "/plan}:ch" }

func testItemsAtCut(t scope) {
	b := open(t.T, t.target)
	var items []veiviser.Item
	for i := range 5 {
		items = append(items, item(fmt.Sprint("item", i), 1))
	}
	for range 4 { // revisions 1 … 5 are new, 6 … 20 overwrite
		_, _, err := b.UpsertItems(b.ctx(), items, nil)
		b.must(err)
	}
	if n := b.raw.XLen(b.ctx(), b.history()).Val(); n != 15 {
		t.Fatalf("the history has %d entries, want 15", n)
	}
	for rev := range uint64(21) {
		if _, err := b.ItemsAt(b.ctx(), rev); err != nil {
			t.Errorf("revision %d: %v", rev, err)
		}
	}
	b.must(b.raw.XTrimMaxLen(b.ctx(), b.history(), 6).Err()) // what replaced 15 … 20 is left
	for rev := range uint64(21) {
		got, err := b.ItemsAt(b.ctx(), rev)
		if known := rev == 0 || rev >= 14; known != (err == nil) || !known && (veiviser.KindOf(err) != veiviser.KindNotFound || veiviser.ReasonOf(err) != veiviser.ReasonDecisionExpired) {
			t.Errorf("revision %d: %d items, %v", rev, len(got), err)
		}
	}
	b.must(b.raw.XTrimMaxLen(b.ctx(), b.history(), 0).Err())
	_, err := b.ItemsAt(b.ctx(), 19)
	b.wantReason(err, veiviser.ReasonDecisionExpired)
	got, err := b.ItemsAt(b.ctx(), 20)
	b.must(err)
	if len(got) != 5 {
		t.Errorf("%d items now, want 5", len(got))
	}
}

// testItemsAtHole has somebody write who knows of no history: an older version of the service, or a hand.
func testItemsAtHole(t scope) {
	b := open(t.T, t.target)
	open := strings.TrimSuffix(b.history(), "ch")
	foreign := func(id string) {
		n := b.raw.HIncrBy(b.ctx(), open+"head", "catalog", 1).Val()
		b.raw.HSet(b.ctx(), open+"ci", id, fmt.Sprintf(`%d:0:{"ID":%q}`, n, id))
		b.raw.ZAdd(b.ctx(), open+"cz", redisZ(n, id))
	}
	known := func(revisions ...uint64) {
		t.Helper()
		h, err := b.Head(b.ctx())
		b.must(err)
		for rev := uint64(1); rev <= h.Catalog; rev++ {
			got, err := b.ItemsAt(b.ctx(), rev)
			if want := slices.Contains(revisions, rev); want != (err == nil) || !want && veiviser.ReasonOf(err) != veiviser.ReasonDecisionExpired {
				t.Errorf("of %d, revision %d: %v, %v", h.Catalog, rev, got, err)
			}
		}
	}
	foreign("a")
	foreign("b")
	known(2) // before the first write with a history
	ours := func(id string) {
		_, _, err := b.UpsertItems(b.ctx(), []veiviser.Item{item(id, 1)}, nil)
		b.must(err)
	}
	ours("a")
	ours("c")
	known(2, 3, 4)
	foreign("c")
	known(5)
	ours("a")
	known(5, 6)
	got, err := b.ItemsAt(b.ctx(), 5)
	b.must(err)
	if len(got) != 3 || got[0].Item.ID != "b" || got[1].Item.ID != "a" || got[2].Item.ID != "c" {
		t.Errorf("%+v", got)
	}
	b.raw.Del(b.ctx(), open+"head", open+"ci", open+"cz") // somebody lost all but the history
	ours("a")
	ours("a")
	known(1, 2)
}

// testItemsAtRace reads an old revision while all of it is overwritten.
func testItemsAtRace(t scope) {
	b := open(t.T, t.target)
	items := make([]veiviser.Item, 1200)
	for i := range items {
		items[i] = item(fmt.Sprint("item", i), 1)
	}
	_, rev, err := b.UpsertItems(b.ctx(), items, nil)
	b.must(err)
	want, _, err := b.ItemsSince(b.ctx(), 0)
	b.must(err)
	var wg sync.WaitGroup
	wg.Go(func() {
		rng := rand.New(rand.NewPCG(1, 2))
		for range 100 {
			var part []veiviser.Item
			for range 20 {
				part = append(part, item(items[rng.IntN(len(items))].ID, 2))
			}
			if _, _, err := b.UpsertItems(b.ctx(), part, nil); err != nil {
				t.Error(err)
			}
		}
	})
	for range 6 {
		b.wantItemsAt(rev, want)
	}
	wg.Wait()
	b.wantItemsAt(rev, want)
}
