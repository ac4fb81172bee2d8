package stage

import (
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// On a group journey the needs of whoever acts for an account are those of the account: what she does is folded into its record
// (see [veiviser.AccountKey]) and not into hers, and [Set.Views] of hers leaves them out. What she was under way with there
// before she had an account rests in her record until she has none.

// HasGroup reports whether any journey is one of companies.
func (s *Set) HasGroup() bool { return slices.ContainsFunc(s.journeys, (*journey).ofAccounts) }

// Concerns reports whether an event, or the answer that it is, is about what a group journey covers. What is about nothing in
// particular says nothing about a company.
func (s *Set) Concerns(e *veiviser.Event, t Told) bool {
	subject := e.Subject
	if subject == "" {
		subject = t.Subject
	}
	return subject != "" && slices.ContainsFunc(s.journeys, func(j *journey) bool {
		return j.group && veiviser.AnySubjectMatches(j.subjects, subject)
	})
}

// FoldAccount lets an event of a member happen to an account: to its needs on group journeys, and to nothing else of its record.
// It reports whether the event spoke for any; an event that did not leaves the record as it was. What holds of [Set.Fold] holds
// here.
func (s *Set) FoldAccount(a *veiviser.Visitor, e *veiviser.Event, t Told) bool {
	f := facts{told: t.hear(e.Type)}
	f.read(e)
	if !s.touch(a, &f, (*journey).ofAccounts) {
		return false
	}
	if a.Events == 0 || f.time.Before(a.FirstSeen) {
		a.FirstSeen = f.time
	}
	if f.time.After(a.LastSeen) {
		a.LastSeen = f.time
	}
	a.Events = more(a.Events, 1)
	return true
}

// AccountViews says where an account is in its decisions, as [Set.Views] does for a person; a is nil when nothing is known of
// it. Account is set in all of them.
func (s *Set) AccountViews(a *veiviser.Visitor, subject string, now time.Time) []veiviser.NeedView {
	views := s.views(a, subject, now, (*journey).ofAccounts)
	for i := range views {
		views[i].Account, views[i].Forecast = true, nil // a company makes no visit
	}
	return views
}

// SharedViews are the needs of a person who acts for an account, and those of the account among them, in the order of
// [Set.Views]. Of two about the same subject the account's comes first, also when she alone was busy with it since: there she
// acts for the account.
func (s *Set) SharedViews(v, a *veiviser.Visitor, subject string, now time.Time) []veiviser.NeedView {
	own := s.Views(v, subject, now)
	views := append(s.AccountViews(a, subject, now), own...)
	if subject == "" && slices.ContainsFunc(views, known) {
		views = slices.DeleteFunc(views, func(w veiviser.NeedView) bool { return w.New })
	}
	touched := func(w *veiviser.NeedView) time.Time {
		t := w.Updated
		for i := range own {
			if w.Account && !own[i].New && own[i].Subject == w.Subject {
				t = latest(t, own[i].Updated)
			}
		}
		return t
	}
	slices.SortStableFunc(views, func(x, y veiviser.NeedView) int {
		switch {
		case x.New != y.New && x.New:
			return 1
		case x.New != y.New:
			return -1
		case x.New:
			return s.position(x.Journey) - s.position(y.Journey)
		default:
			return touched(&y).Compare(touched(&x))
		}
	})
	return views
}

func known(w veiviser.NeedView) bool { return !w.New }

// position is where a journey stands in the plan.
func (s *Set) position(id string) int {
	return slices.IndexFunc(s.journeys, func(j *journey) bool { return j.id == id })
}

// ofAccounts picks the journeys of an account.
func (j *journey) ofAccounts() bool { return j.group }

// anyJourney picks all journeys.
func (j *journey) anyJourney() bool { return true }

// ofPersons picks the journeys of somebody who acts for an account.
func (j *journey) ofPersons() bool { return !j.group }

// journeysOf picks the journeys on which the needs of v are her own.
func journeysOf(v *veiviser.Visitor) func(*journey) bool {
	if v != nil && v.Standing.Account != "" {
		return (*journey).ofPersons
	}
	return (*journey).anyJourney
}

// mergeAccount lets a person act for the account that she was last seen to act for.
func mergeAccount(into, from *veiviser.Visitor) {
	if from.Standing.Account != "" && (into.Standing.Account == "" || from.LastSeen.After(into.LastSeen)) {
		into.Standing.Account, into.Standing.Role = from.Standing.Account, from.Standing.Role
	}
}
