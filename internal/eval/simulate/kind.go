package simulate

import (
	"slices"
	"strings"
)

// Type is a hidden type of buyer.
type Type struct {
	Name string
	// Share is how common it is, relative to the others.
	Share float64
	// Topics are what such buyers are after, one each.
	Topics []string
	// Attribute and Value are what some of them tell about themselves, for example household and family; Told is the share
	// that does.
	Attribute, Value string
	Told             float64
	// Pace multiplies the moves forward that come by themselves.
	Pace float64
	// Tolerance in [0, 1] is how little an offer before its time annoys.
	Tolerance float64
	// Takes is, by state, how well content, offers and human help serve such a buyer, in [0, 1].
	Takes [deciding][3]float64
}

// types are the hidden types of the sample audience, before they are fitted to the topics of a plan.
func types() []Type {
	return []Type{
		{
			Name: "family", Share: 0.26, Topics: []string{"bike/kids", "bike/cargo"}, Attribute: "household", Value: "family", Told: 0.5,
			Pace: 0.9, Tolerance: 0,
			Takes: [deciding][3]float64{{1, 0.1, 0.4}, {0.8, 0.2, 0.6}, {0.4, 0.3, 1}, {0.4, 0.5, 1}, {0.6, 0, 1}, {0.5, 0.2, 1}, {0.8, 0.2, 0.5}},
		},
		{
			Name: "commuter", Share: 0.30, Topics: []string{"bike/ebike"}, Attribute: "commute", Value: "yes", Told: 0.4,
			Pace: 1, Tolerance: 0.1,
			Takes: [deciding][3]float64{{0.9, 0.1, 0.2}, {1, 0.3, 0.3}, {1, 0.4, 0.4}, {0.4, 0.9, 0.5}, {1, 0, 0.6}, {0.9, 0.2, 0.6}, {0.9, 0.3, 0.4}},
		},
		{
			Name: "enthusiast", Share: 0.16, Topics: []string{"bike/mountain", "bike/road"},
			Pace: 1.1, Tolerance: 0.4,
			Takes: [deciding][3]float64{{0.5, 0.3, 0.1}, {0.8, 0.5, 0.2}, {0.8, 0.4, 0.9}, {0.2, 1, 0.4}, {0.7, 0.1, 0.5}, {0.5, 0.3, 0.8}, {1, 0.2, 0.3}},
		},
		{
			Name: "bargain hunter", Share: 0.14, Topics: []string{"bike/ebike", "bike/kids", "bike/mountain"},
			Pace: 0.9, Tolerance: 1,
			Takes: [deciding][3]float64{{0.4, 0.6, 0.1}, {0.3, 1, 0.2}, {0.3, 1, 0.3}, {0.2, 1, 0.3}, {0.6, 0.2, 0.6}, {0.3, 0.8, 0.3}, {0.3, 0.8, 0.2}},
		},
		{
			Name: "tinkerer", Share: 0.14, Topics: []string{"parts/tyres", "parts/chain", "parts/brakes"},
			Pace: 1.7, Tolerance: 0.5,
			Takes: [deciding][3]float64{{0.8, 0.4, 0.5}, {1, 0.5, 0.6}, {0.7, 0.7, 0.4}, {0.2, 1, 0.3}, {0.8, 0.2, 0.5}, {1, 0.3, 0.3}, {0.9, 0.2, 0.2}},
		},
	}
}

// fitted are the types with topics that the arms have: those of theirs that there are, else some that nobody else is after,
// else all; without any topics everybody is after "".
func fitted(list []Type, arms []Arm) []Type {
	leaves := leaves(arms)
	if len(leaves) == 0 {
		leaves = []string{""}
	}
	var free []string
	for _, leaf := range leaves {
		if !slices.ContainsFunc(list, func(t Type) bool { return slices.Contains(t.Topics, leaf) }) {
			free = append(free, leaf)
		}
	}
	for i := range list {
		list[i].Topics = slices.DeleteFunc(list[i].Topics, func(t string) bool { return !slices.Contains(leaves, t) })
		if len(list[i].Topics) > 0 {
			continue
		}
		for k, leaf := range free {
			if k%len(list) == i {
				list[i].Topics = append(list[i].Topics, leaf)
			}
		}
		if len(list[i].Topics) == 0 {
			list[i].Topics = leaves
		}
	}
	return list
}

// leaves are the topics of the arms with no other topic below them, sorted.
func leaves(arms []Arm) []string {
	var all []string
	for i := range arms {
		all = append(all, arms[i].Topics...)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	return slices.DeleteFunc(slices.Clone(all), func(t string) bool {
		return slices.ContainsFunc(all, func(o string) bool { return strings.HasPrefix(o, t+"/") })
	})
}
