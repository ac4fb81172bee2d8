package plan

import (
	"slices"
	"strings"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// With is the snapshot with items written beside the plan: changes are those since the snapshot's catalogue revision (in
// any order; of one item the one with the highest revision counts), revision the store's count of writes that they lead
// to, and activation the one under which the plan became active. Per item the last writer wins: a change applies when it
// was made under that activation or a later one, or when the plan does not name the item.
//
// s is not changed. When the activation is another than that of s, start from a freshly compiled plan with all changes:
// what applied under one need not apply under the other.
func (s *Snapshot) With(changes []veiviser.CatalogChange, revision, activation uint64) *Snapshot {
	return s.with(apart(changes), revision, activation)
}

// with is With for changes that are kept anyway.
func (s *Snapshot) with(changes []*veiviser.CatalogChange, revision, activation uint64) *Snapshot {
	next := *s
	next.Activation = activation
	latest := latestOf(changes)
	k := &clerk{dictionary: s.Catalog.words, compiler: s.compiler, model: s.Response}
	var written []*entry
	gone := map[string]bool{}
	for _, ch := range latest {
		id := ch.Item.ID
		switch {
		case s.named[id] != nil && ch.Activation < activation:
			// The plan wrote it later.
		case ch.Deleted:
			gone[id] = true
		default:
			written = append(written, k.entry(&ch.Item, ch))
		}
	}
	if len(written) == 0 && len(gone) == 0 {
		next.Catalog = s.Catalog.at(revision)
		return &next
	}
	next.Catalog = s.Catalog.replace(k, written, gone, revision)
	return &next
}

// bare is the snapshot without anything written beside the plan.
func (s *Snapshot) bare() *Snapshot {
	next := *s
	next.Catalog, next.Activation = s.base, 0
	return &next
}

// latestOf keeps the last change of every item, sorted by id.
func latestOf(changes []*veiviser.CatalogChange) []*veiviser.CatalogChange {
	list := slices.Clone(changes)
	slices.SortStableFunc(list, func(a, b *veiviser.CatalogChange) int {
		if d := strings.Compare(a.Item.ID, b.Item.ID); d != 0 {
			return d
		}
		switch {
		case a.Revision < b.Revision:
			return 1
		case a.Revision > b.Revision:
			return -1
		}
		return 0
	})
	return slices.CompactFunc(list, func(a, b *veiviser.CatalogChange) bool { return a.Item.ID == b.Item.ID })
}

// at is the same items under another revision.
func (c *Catalog) at(revision uint64) *Catalog {
	return &Catalog{
		revision: revision, facts: c.facts, language: c.language, model: c.model, words: c.words, entries: c.entries, sets: c.sets,
		plain: c.plain, prior: c.prior, order: c.order, learned: c.learned, views: map[viewKey]*view{}, funnels: map[funnelKey]*funnel{},
	}
}

// replace is the catalogue with some items written and some gone. It costs time in proportion to the catalogue, but only
// a few nanoseconds an item: nothing about an item that stays is looked at again, only counted and copied.
func (c *Catalog) replace(k *clerk, written []*entry, gone map[string]bool, revision uint64) *Catalog {
	next := &Catalog{revision: revision, facts: c.facts, language: c.language, model: c.model, words: k.dictionary}
	for _, e := range written {
		next.facts = max(next.facts, factsOf(e.item))
	}
	m := merger{moved: make([]int32, len(c.entries))}
	m.run(c.entries, written, gone)
	next.entries = m.entries
	anew := wasteful(next)
	if anew {
		fresh := &clerk{dictionary: newDictionary(), owned: true, compiler: k.compiler, model: k.model}
		for i, e := range next.entries {
			next.entries[i] = fresh.entry(e.item, e.change)
		}
		next.words = fresh.dictionary
	}
	if anew || m.moves || !next.patch(c, m.fresh) {
		next.index()
	}
	next.prior = c.prior.merged(&m)
	if next.order = next.prior; c.order != c.prior {
		next.order = c.order.merged(&m)
	}
	return next
}

// maxPatched is how many sets are worth changing one by one.
const maxPatched = 256

// patch takes over the sets of the catalogue before, whose items lie in the same slots, and changes those that what is
// fresh belongs to, or did. It reports whether it did so: when there are too many, all are better built anew.
func (c *Catalog) patch(before *Catalog, fresh []int32) bool {
	changed := map[int32][]int32{} // the slots that enter or leave a set
	for _, slot := range fresh {
		was, is := before.entries[slot].features, c.entries[slot].features
		for _, f := range was {
			if _, stays := slices.BinarySearch(is, f); !stays {
				changed[f] = append(changed[f], slot)
			}
		}
		for _, f := range is {
			if _, stayed := slices.BinarySearch(was, f); !stayed {
				changed[f] = append(changed[f], slot)
			}
		}
		if len(changed) > maxPatched {
			return false
		}
	}
	c.sets = make([]set, len(c.words.features))
	copy(c.sets, before.sets)
	for f, slots := range changed {
		c.sets[f] = c.sets[f].toggled(slots, len(c.entries))
	}
	c.ready()
	return true
}

// wasteful reports whether most of what the dictionary knows is not in use any more.
func wasteful(c *Catalog) bool {
	if len(c.words.features) < 4096 {
		return false
	}
	used := make([]bool, len(c.words.features))
	n := 0
	for _, e := range c.entries {
		for _, f := range e.features {
			if !used[f] {
				used[f], n = true, n+1
			}
		}
	}
	return 2*n < len(used)
}

// merger merges two sorted lists of entries.
type merger struct {
	entries []*entry
	moved   []int32 // where the old slots went; -1 when replaced or gone
	moves   bool    // some item is in another slot, or gone
	fresh   []int32 // the slots of what was written
}

func (m *merger) run(old, written []*entry, gone map[string]bool) {
	m.entries = make([]*entry, 0, len(old)+len(written))
	put := func(e *entry) {
		m.fresh = append(m.fresh, int32(len(m.entries)))
		m.entries = append(m.entries, e)
	}
	for slot, e := range old {
		id := e.item.ID
		for len(written) > 0 && written[0].item.ID < id {
			put(written[0])
			written = written[1:]
			m.moves = true
		}
		m.moved[slot] = -1
		switch {
		case len(written) > 0 && written[0].item.ID == id:
			put(written[0])
			written = written[1:]
		case len(gone) > 0 && gone[id]:
			m.moves = true
		default:
			m.moved[slot] = int32(len(m.entries))
			m.entries = append(m.entries, e)
		}
	}
	for _, e := range written {
		put(e)
		m.moves = true
	}
}
