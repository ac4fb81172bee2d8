package rank

import (
	"slices"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Likeness is what diversity compares: hashes of an item's first four distinct topics and of its kind, 0 for none; the first 0 ends the topics. Two topics
// with the same hash (one pair in four thousand million) count as the same.
type Likeness struct {
	Topics [4]uint32
	Kind   uint32
}

// LikenessOf is the likeness of it, prepared once per catalogue change.
func LikenessOf(it *veiviser.Item) Likeness {
	l := Likeness{Kind: hash(string(it.Kind))}
	n := 0
	for _, topic := range it.Topics {
		h := hash(topic)
		if n == len(l.Topics) {
			break
		}
		if h != 0 && !slices.Contains(l.Topics[:n], h) {
			l.Topics[n] = h
			n++
		}
	}
	return l
}

// To is how alike two items are, in [0, 1]: three quarters for the topics (shared ones over all of both, Jaccard), one
// quarter for being of the same kind. An item without topics shares none.
func (l Likeness) To(o Likeness) float64 {
	shared, mine, others := 0, 0, 0
	for mine < len(l.Topics) && l.Topics[mine] != 0 {
		mine++
	}
	for _, u := range o.Topics {
		if u == 0 {
			break
		}
		others++
		if slices.Contains(l.Topics[:mine], u) {
			shared++
		}
	}
	alike := 0.0
	if shared > 0 {
		alike = 0.75 * float64(shared) / float64(mine+others-shared)
	}
	if l.Kind != 0 && l.Kind == o.Kind {
		alike += 0.25
	}
	return alike
}

// hash is FNV-1a with 32 bits, never 0 except for "".
func hash(s string) uint32 {
	if s == "" {
		return 0
	}
	h := uint32(2166136261)
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return max(h, 1)
}
