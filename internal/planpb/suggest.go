package planpb

import (
	"fmt"
	"strings"
)

// didYouMean is `, did you mean "title"?` for the word most like name, or "" when none is like it.
func didYouMean(name string, words []string) string {
	if len(name) > 64 {
		return ""
	}
	plain := bare(name)
	best, least := "", 2*max(2, len(plain)/3)+1
	for _, w := range words {
		d := 2 * distance(plain, bare(w))
		if strings.HasSuffix(w, "_"+name) || strings.HasPrefix(w, name+"_") {
			d = min(d, 3) // half the name is less likely meant than one letter wrong, and likelier than two
		}
		if d < least {
			best, least = w, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(", did you mean %q?", best)
}

// bare is a name without what spellings differ in: unsureBelow and unsure-below are unsure_below.
func bare(s string) string {
	return strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(s))
}

// distance is how many letters must be put in, left out, changed or swapped with their neighbour to make b of a (optimal
// string alignment, a restriction of Damerau 1964).
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := range x {
		row[0] = i + 1
		for j := range y {
			change := last[j]
			if x[i] != y[j] {
				change++
			}
			row[j+1] = min(change, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}
