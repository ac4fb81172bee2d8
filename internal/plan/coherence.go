package plan

import (
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

// About yields the items whose price and claims are about a product: those that name it, in the order of the catalogue, and the item
// of that name when it names none; see [eligible.ProductOf].
func (c *Catalog) About(product string) func(yield func(*veiviser.Item) bool) {
	return func(yield func(*veiviser.Item) bool) {
		for slot := range c.set(ofProduct, product).each {
			if !yield(c.entries[slot].item) {
				return
			}
		}
		if it, ok := c.Lookup(product); ok && it.Product == "" {
			yield(it)
		}
	}
}

// Named reports whether an item that says something names a product.
func (c *Catalog) Named(product string) bool {
	for range c.set(ofProduct, product).each {
		return true
	}
	return false
}

// MostFacts is the largest number of prices and claims that an item says, or more.
func (c *Catalog) MostFacts() int { return c.facts }
