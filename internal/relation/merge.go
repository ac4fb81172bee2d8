// Package relation keeps the standing of a person: what holds between her and the shop whatever is believed about her.
package relation

import (
	"slices"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// MergeStanding makes the standings of two identities of one person one: into becomes that of both, from is not changed. What was
// shown and told to either counts for her, the newest being kept when it is too much.
func MergeStanding(into, from *veiviser.Standing) {
	into.Contacts = newest(veiviser.MaxContacts, into.Contacts, from.Contacts, func(a, b veiviser.Contact) int { return a.Time.Compare(b.Time) })
	facts := slices.DeleteFunc(slices.Clone(into.Facts), func(f veiviser.Fact) bool {
		return slices.ContainsFunc(from.Facts, func(o veiviser.Fact) bool { return supersedes(&o, &f) })
	})
	more := slices.DeleteFunc(slices.Clone(from.Facts), func(f veiviser.Fact) bool {
		return slices.ContainsFunc(facts, func(o veiviser.Fact) bool { return o == f })
	})
	into.Facts = newest(veiviser.MaxFacts, facts, more, func(a, b veiviser.Fact) int { return a.Time.Compare(b.Time) })
}

// supersedes reports whether a fact was told with the same value, later.
func supersedes(later, f *veiviser.Fact) bool {
	return later.Product == f.Product && later.Claim == f.Claim && later.Value == f.Value && later.Time.After(f.Time)
}

// newest are the newest of both lists, oldest first.
func newest[T any](most int, a, b []T, compare func(a, b T) int) []T {
	list := slices.Concat(a, b)
	slices.SortStableFunc(list, compare)
	return list[max(0, len(list)-most):]
}
