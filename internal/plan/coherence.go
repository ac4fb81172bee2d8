package plan

import (
	"github.com/veiviser/veiviser/internal/eligible"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// tellingFeatures notes what an item says, and of what.
func (c *clerk) tellingFeatures(it *veiviser.Item) {
	if !it.Tells() {
		return
	}
	c.add(isTelling, "")
	if it.Product != "" {
		c.add(ofProduct, it.Product)
	}
}

// factsOf is how many facts an item says at most.
func factsOf(it *veiviser.Item) int {
	n := len(it.Claims)
	if it.Price != nil {
		n++
	}
	return n
}

// About yields the items whose price and claims are about a product, in the order of the catalogue; see
// [eligible.ProductOf].
func (c *Catalog) About(product string) func(yield func(*veiviser.Item) bool) {
	return func(yield func(*veiviser.Item) bool) {
		if id, own := eligible.OwnItem(product); own {
			if it, ok := c.Lookup(id); ok && it.Product == "" {
				yield(it)
			}
			return
		}
		c.set(ofProduct, product).each(func(slot int32) bool { return yield(c.entries[slot].item) })
	}
}

// MostFacts is the largest number of prices and claims that an item says, or more.
func (c *Catalog) MostFacts() int { return c.facts }
