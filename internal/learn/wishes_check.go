package learn

import (
	"time"

	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// completeWish says what is wrong with a wish that is set at the time now, or fills in what it leaves open.
func completeWish(snap *plan.Snapshot, d *veiviser.Directive, now time.Time) error {
	for _, wrong := range [...]*veiviser.Error{wrongTarget(snap, d), wrongSubject(d), wrongEnd(d, now)} {
		if wrong != nil {
			return wrong
		}
	}
	d.Created = instant(now)
	if !d.Expires.IsZero() {
		d.Expires = instant(d.Expires)
	}
	if d.Expires.IsZero() && (d.Kind == veiviser.JustLooking || d.Kind == veiviser.Decided) {
		d.Expires = d.Created.Add(DefaultWish)
	}
	return nil
}

func wrongTarget(snap *plan.Snapshot, d *veiviser.Directive) *veiviser.Error {
	const field = "directive.target"
	wrong := ""
	switch d.Kind {
	case veiviser.MuteTopic, veiviser.MuteItem, veiviser.MuteChannel:
		if d.Target == "" {
			return veiviser.Invalid(veiviser.ReasonInvalidField, field, "%s needs a target: what she does not want", d.Kind)
		}
	case veiviser.MuteKind:
		wrong = plan.UnknownKind(d.Target)
	case veiviser.CorrectStage:
		wrong = snap.UnknownStage(d.Target)
	case veiviser.NotNow, veiviser.JustLooking, veiviser.Decided, veiviser.DoNotProfile:
		if d.Target != "" {
			return veiviser.Invalid(veiviser.ReasonInvalidField, field, "%s has no target", d.Kind)
		}
	default:
		return veiviser.Invalid(veiviser.ReasonInvalidField, "directive.kind", "there is no wish of this kind")
	}
	if wrong != "" {
		return veiviser.Invalid(veiviser.ReasonInvalidField, field, "%s", wrong)
	}
	return nil
}

func wrongSubject(d *veiviser.Directive) *veiviser.Error {
	if d.Subject == "" {
		return nil
	}
	switch d.Kind {
	case veiviser.MuteTopic:
		return veiviser.Invalid(veiviser.ReasonInvalidField, "directive.subject", "%s has no subject: its target is one", d.Kind)
	case veiviser.DoNotProfile:
		return veiviser.Invalid(veiviser.ReasonInvalidField, "directive.subject", "%s is about everything she does", d.Kind)
	default:
		return nil
	}
}

func wrongEnd(d *veiviser.Directive, now time.Time) *veiviser.Error {
	const field = "directive.expire_time"
	switch {
	case d.Kind == veiviser.NotNow && d.Expires.IsZero():
		return veiviser.Invalid(veiviser.ReasonInvalidField, field, "%s needs a time until when", d.Kind)
	case !d.Expires.IsZero() && !d.Expires.After(now):
		return veiviser.Invalid(veiviser.ReasonInvalidField, field, "lies in the past")
	default:
		return nil
	}
}
