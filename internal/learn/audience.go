package learn

import (
	"slices"

	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/veiviser"
)

const attributeAudience = veiviser.AttributeVisitorPrefix + veiviser.AttributeAudience

// admitAudience says what is wrong with the audience that an event names: a word that means nothing would protect nobody.
func admitAudience(snap *plan.Snapshot, e *veiviser.Event) *veiviser.Error {
	if wrong := snap.UnknownAudience(e.Attributes[attributeAudience]); wrong != "" {
		return veiviser.Invalid(veiviser.ReasonInvalidField, "attributes[\""+attributeAudience+"\"]", "%s", wrong)
	}
	return nil
}

// noteAudiences keeps in her standing what she is seen as by her needs, by what is known of her, and by what the event says, as far
// as the plan binds it to the person. Needs and facts make room for others; what protects her does not. Of who is not profiled there
// is only what the event says.
func noteAudiences(snap *plan.Snapshot, v *veiviser.Visitor, e *veiviser.Event) {
	s := &v.Standing
	noteAudience(snap, s, e.Attributes[attributeAudience])
	noteAudience(snap, s, v.Attributes[veiviser.AttributeAudience])
	for i := range v.Needs {
		noteAudience(snap, s, snap.Stages.AudienceOf(v.Needs[i].Journey))
	}
}

func noteAudience(snap *plan.Snapshot, s *veiviser.Standing, audience string) {
	if !snap.Binds(audience) {
		return
	}
	if at, known := slices.BinarySearch(s.Audiences, audience); !known {
		s.Audiences = slices.Insert(s.Audiences, at, audience)
	}
}

// leaveAudiences forgets what she was seen as when an event says that she is none of it any more, and what it was seen by. An event
// older than what is known of her ends nothing.
func leaveAudiences(snap *plan.Snapshot, v *veiviser.Visitor, e *veiviser.Event) {
	if e.Attributes[attributeAudience] != veiviser.LeaveAudience || v.Events > 0 && e.Time.Before(v.LastSeen) {
		return
	}
	v.Standing.Audiences = nil
	v.Needs = slices.DeleteFunc(v.Needs, func(n veiviser.Need) bool { return snap.Binds(snap.Stages.AudienceOf(n.Journey)) })
}
