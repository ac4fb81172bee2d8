package plan

import (
	"sort"
	"strings"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Page lists items in the order of their ids: at most limit of those after the id after ("" for the first), of a kind
// ("" for any) and about a topic or below it ("" for any). next is what to pass as after for the next page, "" on the
// last one; total counts all items of the kind and topic. Nobody may change the items.
func (c *Catalog) Page(after string, limit int, kind veiviser.ItemKind, topic string) (items []*veiviser.Item, next string, total int) {
	if len(c.entries) == 0 || limit < 1 {
		return nil, "", 0
	}
	all := make(bitmap, words(len(c.entries)))
	if topic == "" || topic == "*" {
		all.fill(len(c.entries))
	} else {
		c.set(belowTopic, strings.TrimSuffix(topic, "/*")).addTo(all)
	}
	from := int32(sort.Search(len(c.entries), func(i int) bool { return c.entries[i].item.ID > after }))
	if after == "" {
		from = 0
	}
	for slot := range all.slots {
		it := c.entries[slot].item
		if kind != "" && it.Kind != kind {
			continue
		}
		total++
		switch {
		case slot < from:
		case len(items) < limit:
			items = append(items, it)
		default:
			next = items[len(items)-1].ID
		}
	}
	return items, next, total
}
