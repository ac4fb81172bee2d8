package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// badID says what is wrong with the id of a journey, stage, segment, placement, signal or event type; "" when nothing is.
func badID(id string) string {
	switch {
	case id == "":
		return "is missing"
	case len(id) > veiviser.MaxNameBytes:
		return fmt.Sprintf("is %d bytes long, at most %d are allowed", len(id), veiviser.MaxNameBytes)
	case id[0] < 'a' || id[0] > 'z':
		return fmt.Sprintf("%q must begin with a lower-case letter a–z", id)
	}
	for i := range len(id) {
		c := id[i]
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '-') {
			return fmt.Sprintf("%q may hold only lower-case letters a–z, digits, _ and -", id)
		}
	}
	return ""
}

// badItemID says what is wrong with the id of an item; "" when nothing is.
func badItemID(id string) string {
	switch {
	case id == "":
		return "the id is missing"
	case len(id) > veiviser.MaxIDBytes:
		return fmt.Sprintf("the id is %d bytes long, at most %d are allowed", len(id), veiviser.MaxIDBytes)
	}
	for i := range len(id) {
		c := id[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("._~/:@+-", c) >= 0) {
			return fmt.Sprintf("the id %q may hold only letters a–z, digits and . _ ~ / : @ + -", id)
		}
	}
	return ""
}

// badLanguage says what is wrong with the language of a plan or a text; "" when nothing is.
func badLanguage(tag string) string {
	if tag == "" || len(tag) > 8 || strings.Trim(strings.ToLower(tag), "abcdefghijklmnopqrstuvwxyz-_") != "" {
		return fmt.Sprintf("%q is no language; write a BCP 47 primary subtag such as \"nb\", \"sv\" or \"en\"", tag)
	}
	if p := veiviser.PrimaryLanguage(tag); p != tag {
		return fmt.Sprintf("texts are kept by primary subtag: write %q for %q", p, tag)
	}
	return ""
}

// audienceNames are the audiences there are.
func audienceNames() []string { return veiviser.AudienceIDs() }

func objectives() []string { return []string{ObjectiveProgress, ObjectiveCare, ObjectiveInform} }

func stageNames() []string {
	var names []string
	for _, s := range veiviser.StandardStages() {
		names = append(names, string(s))
	}
	return names
}

func kindNames() []string {
	var names []string
	for _, k := range kinds() {
		names = append(names, string(k))
	}
	return names
}

// unknown says that there is no such word, and which of the known ones may be meant.
func unknown(what, word string, known []string) string {
	if best := nearest(word, known); best != "" {
		return fmt.Sprintf("there is no %s %q, did you mean %q?", what, word, best)
	}
	if len(known) == 0 {
		return fmt.Sprintf("there is no %s %q, and none at all", what, word)
	}
	if len(known) <= 12 {
		return fmt.Sprintf("there is no %s %q; there is %s", what, word, strings.Join(known, ", "))
	}
	return fmt.Sprintf("there is no %s %q", what, word)
}

// nearest is the known word that is most like word, "" when none is like it.
func nearest(word string, known []string) string {
	best, least := "", min(max(1, len(word)/3), 3)+1
	for _, k := range known {
		if strings.EqualFold(k, word) {
			return k
		}
		if d := distance(word, k); d < least {
			best, least = k, d
		}
	}
	return best
}

// distance is the Levenshtein distance: how many letters to insert, delete or replace to get from a to b. Words that
// are too long or too different in length are as far apart as can be.
func distance(a, b string) int {
	if d := len(a) - len(b); len(a) > 128 || d > 3 || d < -3 {
		return 1 << 10
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			d := diagonal
			if a[i] != b[j] {
				d = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], d
		}
	}
	return row[len(b)]
}

// sortedKeys are the keys of a map in order, so that what is said about a map never depends on its order.
func sortedKeys[K ~string, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
