package veiviser

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Shown is what contacts must have in common to be counted as one; see [Contact.Shown].
type Shown struct {
	Item, Placement, Channel, topics string
	Kind                             ItemKind
	Attention                        uint32
}

// Shown is what a contact shows and where. Contacts of one item in one place differ in it when the item or the place was changed in
// between, and caps may count them otherwise.
func (c *Contact) Shown() Shown {
	return Shown{
		Item: c.ItemID, Placement: c.Placement, Channel: c.Channel, topics: strings.Join(c.Topics, "\x00"), Kind: c.Kind, Attention: c.Attention,
	}
}

// FoldContacts makes a list that is in order of time shorter by over contacts, or as many as can be folded: of those that count
// for good and show the same in the same place one is counted with the next. The shorter the time between them the sooner; that
// time is all that is forgotten of the earlier one, and it counts so much longer. The list may be overwritten.
func FoldContacts(list []Contact, over int) []Contact {
	type pair struct {
		earlier, later int
		between        time.Duration
	}
	var pairs []pair
	last := map[Shown]int{}
	for i := range list {
		if x := &list[i]; x.Until.IsZero() {
			shown := x.Shown()
			if k, met := last[shown]; met {
				pairs = append(pairs, pair{k, i, x.Time.Sub(list[k].Time)})
			}
			last[shown] = i
		}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return cmp.Compare(a.between, b.between) })
	pairs = pairs[:min(max(over, 0), len(pairs))]
	slices.SortFunc(pairs, func(a, b pair) int { return cmp.Compare(a.later, b.later) })
	gone := make([]bool, len(list))
	for _, p := range pairs {
		list[p.later].fold(&list[p.earlier])
		gone[p.earlier] = true
	}
	left := list[:0]
	for i := range list {
		if !gone[i] {
			left = append(left, list[i])
		}
	}
	return left
}

// fold counts an earlier contact with this one.
func (c *Contact) fold(earlier *Contact) {
	c.More += 1 + earlier.More
	c.Earlier = decisions(earlier.Earlier, earlier.Decision, c.Earlier)
	if earlier.Keep.After(c.Keep) {
		c.Keep = earlier.Keep
	}
}
