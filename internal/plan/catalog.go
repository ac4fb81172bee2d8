package plan

import (
	"slices"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/veiviser/veiviser/internal/rank"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// Catalog is the items of a snapshot, indexed so that the question which of them may be shown costs about the same for a
// hundred and for a hundred thousand. It never changes and is safe for concurrent use.
type Catalog struct {
	revision uint64
	language string // the plan's default
	model    *rank.Model
	words    *dictionary
	entries  []*entry // by id; the position is the slot
	sets     []set    // by feature
	plain    []int32  // the rules of live sets that do not look at the item, in order
	// order is that by which short lists are cut. It is prior, which knows only what the plan says, or holds what was learned
	// up to version learned; 0 is something older.
	prior, order *order
	learned      uint64
	// facts is the largest number of prices and claims that an item says, or more.
	facts int

	scratch sync.Pool // of *Eligible
	window  atomic.Pointer[window]
	mu      sync.RWMutex
	views   map[viewKey]*view
	funnels map[funnelKey]*funnel
}

// newCatalog indexes items, and returns the entries of the ids it names.
func newCatalog(s *Snapshot, items []veiviser.Item) (*Catalog, map[string]*entry) {
	c := &Catalog{language: s.Language(), model: s.Response, words: newDictionary()}
	named := make(map[string]*entry, len(items))
	k := &clerk{dictionary: c.words, owned: true, compiler: s.compiler, model: s.Response}
	for i := range items {
		it := &items[i]
		if named[it.ID] != nil {
			continue // Validate says so; the first counts
		}
		e := k.entry(it, nil)
		named[it.ID] = e
		c.entries = append(c.entries, e)
		c.facts = max(c.facts, factsOf(it))
	}
	slices.SortFunc(c.entries, func(a, b *entry) int { return strings.Compare(a.item.ID, b.item.ID) })
	c.index()
	c.prior = orderOf(c.entries)
	c.order = c.prior
	return c, named
}

// index builds the sets from the entries.
func (c *Catalog) index() {
	c.sets = makeSets(c.entries, len(c.words.features))
	c.ready()
}

// ready finds the rules in use and makes room for what is kept between requests.
func (c *Catalog) ready() {
	for i := range c.words.compiled {
		r := &c.words.compiled[i]
		if s := &c.sets[r.feature]; (s.dense != nil || s.sparse != nil) && !r.looksAtItem() {
			c.plain = append(c.plain, int32(i))
		}
	}
	c.views, c.funnels = map[viewKey]*view{}, map[funnelKey]*funnel{}
}

// Len is the number of items.
func (c *Catalog) Len() int { return len(c.entries) }

// Revision is the store's count of writes up to which they are in.
func (c *Catalog) Revision() uint64 { return c.revision }

// Item is what lies in a slot. Nobody may change it.
func (c *Catalog) Item(slot int32) *veiviser.Item { return c.entries[slot].item }

// Response is the prepared belief about the item in a slot.
func (c *Catalog) Response(slot int32) *rank.Response { return &c.entries[slot].response }

// Lookup finds an item by its id. Nobody may change it.
func (c *Catalog) Lookup(id string) (*veiviser.Item, bool) {
	slot, ok := c.Slot(id)
	if !ok {
		return nil, false
	}
	return c.entries[slot].item, true
}

// Slot finds an item by its id. It holds for this catalogue only: the next revision may have it elsewhere.
func (c *Catalog) Slot(id string) (int32, bool) {
	i, ok := sort.Find(len(c.entries), func(i int) int { return strings.Compare(id, c.entries[i].item.ID) })
	return int32(i), ok
}

// set finds the set of a feature; the empty set when no item has it.
func (c *Catalog) set(class featureClass, name string) *set {
	if i, ok := c.words.features[feature{class, name}]; ok {
		return &c.sets[i]
	}
	return &set{}
}

// onDate reports whether the dates of an item allow it.
func onDate(it *veiviser.Item, now time.Time) bool {
	return (it.Start.IsZero() || !now.Before(it.Start)) && (it.End.IsZero() || now.Before(it.End))
}

// window is the slots that are outside their dates from one moment until just before another.
type window struct {
	from, until time.Time // zero is unbounded
	out         set
}

func (w *window) holds(now time.Time) bool {
	return !now.Before(w.from) && (w.until.IsZero() || now.Before(w.until))
}

// outside is the items outside their dates now. It is kept until the next date of any item.
func (c *Catalog) outside(now time.Time) *window {
	last := c.window.Load()
	if last != nil && last.holds(now) {
		return last
	}
	w := &window{}
	out := make(bitmap, words(len(c.entries)))
	for slot := range c.set(isDated, "").each {
		it := c.entries[slot].item
		if !onDate(it, now) {
			out.add(slot)
		}
		for _, t := range [...]time.Time{it.Start, it.End} {
			switch {
			case t.IsZero():
			case !now.Before(t):
				if t.After(w.from) {
					w.from = t
				}
			case w.until.IsZero() || t.Before(w.until):
				w.until = t
			}
		}
	}
	w.out = set{dense: out}
	if last == nil || w.from.After(last.from) {
		c.window.Store(w) // an explanation of an old answer does not push out what is asked for all the time
	}
	return w
}
