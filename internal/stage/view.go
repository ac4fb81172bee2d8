package stage

import (
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Views says where the visitor is in her decisions at the time now: her needs with their beliefs drifted to now (in P;
// Updated stays the time of the last event), the one touched last first. v is not changed. The views share the rest of a
// need's past with it, so they hold until v is folded again; Stages is shared by all and must not be written to.
//
// After them come the decisions she may be at the beginning of, with New set and the journey's prior as the belief, in
// the order of the plan: for every journey that covers subject and has no need about it. When subject is "" they are
// given only if there is nothing else to view. A journey with StartsOn is begun by an event, so it gives no such view.
//
// Of somebody who acts for an account the needs on group journeys are left out, see [Set.AccountViews].
func (s *Set) Views(v *veiviser.Visitor, subject string, now time.Time) []veiviser.NeedView {
	return s.views(v, subject, now, journeysOf(v))
}

// AudienceOf is the audience of a journey, "" when there is no such journey.
func (s *Set) AudienceOf(journey string) string {
	if j := s.byID[journey]; j != nil {
		return j.audience
	}
	return ""
}

// views are those of the journeys that are hers.
func (s *Set) views(v *veiviser.Visitor, subject string, now time.Time, hers func(*journey) bool) []veiviser.NeedView {
	now = instant(now)
	var views []veiviser.NeedView
	visiting := s.visiting(v, now)
	if v != nil {
		views = make([]veiviser.NeedView, 0, len(v.Needs)+1)
		for i, n := range slices.Backward(v.Needs) {
			j := s.byID[n.Journey]
			if j == nil || !hers(j) {
				continue
			}
			n.P, n.Words = slices.Clone(n.P), nil
			j.adopt(&n)
			j.drift(n.P, now.Sub(n.Updated))
			settle(n.P, j.prior)
			w := j.read(n)
			if visiting && j.forecast != nil && i == j.current(v) {
				w.Forecast = j.predict(v)
			}
			views = append(views, w)
		}
	}
	if subject == "" && len(views) > 0 {
		return views
	}
	known := len(views)
	for _, j := range s.journeys {
		if !hers(j) || len(j.startsOn) > 0 || !veiviser.AnySubjectMatches(j.subjects, subject) {
			continue
		}
		if slices.ContainsFunc(views[:known], func(w veiviser.NeedView) bool { return w.Journey == j.id && w.Subject == subject }) {
			continue
		}
		w := j.read(veiviser.Need{
			Journey: j.id, Version: j.version, Subject: subject, Started: now, Updated: now,
			Stages: j.stages, Standard: j.standards, P: slices.Clone(j.prior),
		})
		w.New = true
		if visiting && j.forecast != nil && j.current(v) < 0 {
			w.Forecast = j.predict(v)
		}
		views = append(views, w)
	}
	return views
}

// read gives the reading of a belief. Of stages that are equally likely the first in the journey counts.
func (j *journey) read(n veiviser.Need) veiviser.NeedView {
	w := veiviser.NeedView{Need: n, Audience: j.audience}
	best, ahead := 0, 0.0
	for i, p := range n.P {
		w.Value += float64(p * j.value[i])
		if j.toNext[i] > 0 {
			w.EventsToNext += float64(p * j.toNext[i])
			ahead += p
		}
		if p > n.P[best] {
			best = i
		}
		if k := j.standard[i]; k >= 0 {
			w.ByStandard[k] += p
		}
	}
	w.Value = min(w.Value, 1)
	if ahead > 0.5 {
		w.EventsToNext /= ahead
	} else {
		w.EventsToNext = 0
	}
	if n.P[best] >= j.unsureBelow {
		w.Stage = j.stages[best]
		if k := j.standard[best]; k >= 0 {
			w.Standard = veiviser.StandardStages()[k]
		}
	}
	return w
}
