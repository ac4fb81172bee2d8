package eligible

import "github.com/veiviser/veiviser/internal/veiviser"

// stay is an item on her screen that is counted already: shown on in the same place it takes no room a second time.
type stay struct {
	item, place string
	// caps and budget are what counts it, kept is whether it is among what must be remembered.
	caps         capSet
	budget, kept bool
}

// stays notes that a contact that was just counted is of what is on her screen.
func (t *Tally) stays(x *veiviser.Contact, of stay) {
	of.item, of.place = x.ItemID, x.Placement
	if s := t.staying(x.ItemID, x.Placement); s != nil {
		s.caps, s.budget, s.kept = s.caps.or(&of.caps), s.budget || of.budget, s.kept || of.kept
		return
	}
	t.screen = append(t.screen, of)
}

// staying is an item on her screen in a place; nil when it is not.
func (t *Tally) staying(item, place string) *stay {
	for i := range t.screen {
		if t.screen[i].item == item && t.screen[i].place == place {
			return &t.screen[i]
		}
	}
	return nil
}

// free are the items on her screen in a place that take no more room of something.
func (t *Tally) free(place string, such func(*stay) bool) (items []string) {
	for i := range t.screen {
		if s := &t.screen[i]; s.place == place && such(s) {
			items = append(items, s.item)
		}
	}
	return items
}
