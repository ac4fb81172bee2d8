package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// claims checks that contradictions speak of claims as the plan's items spell them, and that each is there once. A claim that no item
// of the plan has may be that of items written beside it.
func (c *checker) claims(list []veiviser.Contradiction) {
	values := c.claimed()
	known := sortedKeys(values)
	seen := map[veiviser.Contradiction]int{}
	for i := range list[:min(len(list), maxLooked)] {
		x := &list[i]
		at := fmt.Sprintf("coherence.contradictions[%d]", i)
		c.claim(at, ".claim", ".value", x.Claim, x.Value, known, values)
		c.claim(at, ".other_claim", ".other_value", x.Other, x.OtherValue, known, values)
		mirrored := veiviser.Contradiction{Claim: x.Other, Value: x.OtherValue, Other: x.Claim, OtherValue: x.Value}
		if first, met := seen[*x]; met {
			c.fail(at, "is the same as number %d", first+1)
		} else if first, met = seen[mirrored]; met {
			c.fail(at, "is the same as number %d, the other way round", first+1)
		}
		seen[*x] = i
	}
}

// claimed is the values of the claims of the plan's items.
func (c *checker) claimed() map[string][]string {
	values := map[string][]string{}
	for i := range c.plan.Items {
		for claim, v := range c.plan.Items[i].Claims {
			values[claim] = append(values[claim], v)
		}
	}
	for claim := range values {
		slices.Sort(values[claim])
		values[claim] = slices.Compact(values[claim])
	}
	return values
}

// claim finds slips of the pen in a claim, and in how its value is written.
func (c *checker) claim(at, field, valueField, claim, value string, known []string, values map[string][]string) {
	of, ok := values[claim]
	if !ok {
		if k := slices.IndexFunc(known, func(k string) bool { return slip(claim, k) }); k >= 0 {
			c.fail(at+field, "no item of the plan has a claim %q, did you mean %q?", claim, known[k])
		}
		return
	}
	written := func(v string) bool { return strings.EqualFold(strings.TrimSpace(v), strings.TrimSpace(value)) }
	if k := slices.IndexFunc(of, written); k >= 0 && !slices.Contains(of, value) {
		c.fail(at+valueField, "no item of the plan claims %q of %q, did you mean %q?", value, claim, of[k])
	}
}

// slip reports whether a word is another but for capitals, or for one letter that is wrong, missing, too many, or swapped with the next.
func slip(word, known string) bool {
	if strings.EqualFold(word, known) {
		return true
	}
	if len(word) < 4 || strings.ContainsAny(word, "0123456789") {
		return false
	}
	if distance(word, known) == 1 {
		return true
	}
	if len(word) != len(known) {
		return false
	}
	i := 0
	for word[i] == known[i] {
		i++
	}
	return i+1 < len(word) && word[i] == known[i+1] && word[i+1] == known[i] && word[i+2:] == known[i+2:]
}
