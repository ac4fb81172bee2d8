package learn

import (
	"slices"
	"strings"
	"time"

	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// completeWish says what is wrong with a wish that is set at the time now, or fills in what it leaves open.
func completeWish(snap *plan.Snapshot, v *veiviser.Visitor, d *veiviser.Directive, now time.Time) error {
	trim(d)
	for _, wrong := range [...]*veiviser.Error{wrongTarget(d), wrongSubject(d), wrongEnd(d, now), unknown(snap, v, d)} {
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

// trim takes off what is written around a target and a subject and means nothing. A subject of nothing but that stays, to be
// refused: without one the wish would be about everything.
func trim(d *veiviser.Directive) {
	d.Target = strings.TrimSpace(d.Target)
	if d.Kind == veiviser.MuteTopic {
		d.Target = veiviser.TrimSubject(d.Target)
	}
	if s := veiviser.TrimSubject(d.Subject); s != "" {
		d.Subject = s
	}
}

func wrongTarget(d *veiviser.Directive) *veiviser.Error {
	const field = "directive.target"
	switch d.Kind {
	case veiviser.MuteTopic, veiviser.MuteItem, veiviser.MuteKind, veiviser.MuteChannel, veiviser.CorrectStage:
		if d.Target == "" {
			return veiviser.Invalid(veiviser.ReasonInvalidField, field, "%s needs a target: what it is about", d.Kind)
		}
	case veiviser.NotNow, veiviser.JustLooking, veiviser.Decided, veiviser.DoNotProfile:
		if d.Target != "" {
			return veiviser.Invalid(veiviser.ReasonInvalidField, field, "%s has no target", d.Kind)
		}
	default:
		return veiviser.Invalid(veiviser.ReasonInvalidField, "directive.kind", "there is no wish of this kind")
	}
	return nil
}

// unknown says what is wrong with a wish that names what nothing answers to, so that it would do nothing. What she is busy with
// answers, whether the shop knows it or not; an item may come back under its id; and a wish that she has already holds whatever
// the plan has come to know since.
func unknown(snap *plan.Snapshot, v *veiviser.Visitor, d *veiviser.Directive) *veiviser.Error {
	if recorded(&v.Standing, d) >= 0 {
		return nil
	}
	if d.Subject != "" {
		if wrong := unknownTopic(snap, v, d.Subject); wrong != "" {
			return veiviser.Invalid(veiviser.ReasonInvalidField, "directive.subject", "%s", wrong)
		}
	}
	if wrong := unknownTarget(snap, v, d); wrong != "" {
		return veiviser.Invalid(veiviser.ReasonInvalidField, "directive.target", "%s", wrong)
	}
	return nil
}

func unknownTarget(snap *plan.Snapshot, v *veiviser.Visitor, d *veiviser.Directive) string {
	switch d.Kind {
	case veiviser.MuteTopic:
		return unknownTopic(snap, v, d.Target)
	case veiviser.MuteKind:
		return plan.UnknownKind(d.Target)
	case veiviser.MuteChannel:
		if d.Target == v.Visit.Channel {
			return ""
		}
		return snap.MisspeltChannel(d.Target)
	case veiviser.CorrectStage:
		return snap.UnknownStage(d.Target, d.Subject)
	default:
		return ""
	}
}

// unknownTopic says what is wrong with a topic, "" when nothing is: she has a need about it or met something of it, or the shop knows
// what it is.
func unknownTopic(snap *plan.Snapshot, v *veiviser.Visitor, topic string) string {
	if slices.ContainsFunc(v.Needs, func(n veiviser.Need) bool { return veiviser.SubjectMatches(topic, n.Subject) }) ||
		slices.ContainsFunc(v.Recent, func(r veiviser.Seen) bool { return veiviser.SubjectMatches(topic, r.Subject) }) {
		return ""
	}
	return snap.UnknownTopic(topic)
}

func wrongSubject(d *veiviser.Directive) *veiviser.Error {
	const field = "directive.subject"
	switch {
	case d.Subject == "":
		return nil
	case d.Kind == veiviser.MuteTopic:
		return veiviser.Invalid(veiviser.ReasonInvalidField, field, "%s has no subject: its target is one", d.Kind)
	case d.Kind == veiviser.DoNotProfile:
		return veiviser.Invalid(veiviser.ReasonInvalidField, field, "%s is about everything she does", d.Kind)
	case veiviser.TrimSubject(d.Subject) == "":
		return veiviser.Invalid(veiviser.ReasonInvalidField, field, "names nothing; without a subject the wish is about everything")
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
