package decide

import (
	"slices"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// side is what an answer shows to one of the two who look at it: to her, on her own placements, or to an employee, on those for
// staff. Neither takes anything from the other: what an employee sees she has not seen, and it is what her placements would show.
type side struct {
	// taken are the catalogue slots served on earlier placements, stated the statements among them.
	taken  []int32
	stated []string
	// due are the items of the recovery step that has come for her, until one is shown.
	due []string
}

// side is that of employees, or hers.
func (c *choice) side(staff bool) *side {
	if staff {
		return &c.theirs
	}
	return &c.hers
}

// shows notes an item that an earlier placement shows, and for what reason.
func (s *side) shows(slot int32, ch *veiviser.Choice) {
	s.taken = append(s.taken, slot)
	for _, r := range ch.Reasons {
		switch r.Code {
		case veiviser.BecauseRecovery:
			s.due = nil // one of them is enough
		case veiviser.BecauseHolding:
			s.stated = append(s.stated, ch.ItemID)
		default:
		}
	}
}

// said reports whether a statement was shown.
func (s *side) said(statement string) bool { return slices.Contains(s.stated, statement) }
