package stage

import (
	"maps"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Fold lets one event happen to a visitor: her history, her visit and her needs. It is the only way an event changes
// her. An event older than what is known still counts and still speaks for a stage, but moves no clock backwards. The
// order of late events matters a little: a filter cannot go back.
//
// Fold changes v in place, including the slices and the map it holds (see [veiviser.Visitor.Clone]), and is not to be
// called for the same visitor twice at once. It does not know which events were folded before. It sets neither v.ID
// nor v.Segments nor v.Stage. It never fails: whatever the event holds, every belief stays a distribution.
func (s *Set) Fold(v *veiviser.Visitor, e *veiviser.Event) {
	s.Trace(v, e, nil)
}

// Step is one step of the filter of a need, as a fit wants to know it.
type Step struct {
	Journey, Subject string
	// Opens says that the event opened the need: there was no drift and no move before it.
	Opens bool
	// Pause is the time since the need's event before.
	Pause time.Duration
	// Signals are the indexes of the signals that the event showed, in the order of the journey. They hold until the call
	// returns.
	Signals []int32
}

// Trace is [Set.Fold] that tells every step of every need the event touches. The steps do not depend on the numbers of a
// journey, only on what its signals match.
func (s *Set) Trace(v *veiviser.Visitor, e *veiviser.Event, step func(Step)) {
	f := facts{trace: step}
	s.fold(v, e, &f)
}

// fold is the one way in which an event happens; f holds what is known about it beside what it says itself.
func (s *Set) fold(v *veiviser.Visitor, e *veiviser.Event, f *facts) {
	f.read(e)
	s.history(v, f)
	s.touch(v, f, journeysOf(v))
}

// history folds what does not depend on the plan's journeys.
func (s *Set) history(v *veiviser.Visitor, f *facts) {
	e, t := f.event, f.time
	known := v.Events > 0
	late := known && t.Before(v.LastSeen)
	inVisit := known && !t.Before(v.Visit.Start)
	opens := !known || t.Sub(v.Visit.Last) > s.visitGap
	if opens {
		if known {
			closeVisit(v, t)
		}
		v.Visits = more(v.Visits, 1)
		v.Visit = veiviser.Visit{Start: t, Last: t}
		inVisit = true
	}
	f.seen = seenAt(v.Recent, e.ItemID, e.Subject)
	if inVisit && !late {
		notice(v, f, opens)
	}
	if !known || t.Before(v.FirstSeen) {
		v.FirstSeen = t
	}
	if !late {
		v.LastSeen = t
	}
	v.Events = more(v.Events, 1)
	if inVisit {
		v.Visit.Events = more(v.Visit.Events, 1)
	}
	if inVisit && !late {
		v.Visit.Last = t
		visit(&v.Visit, f)
	}
	if value := v.Value + e.Value; e.Type == veiviser.EventPurchase && !math.IsNaN(value) && !math.IsInf(value, 0) {
		v.Value = value
	}
	count(v, f, inVisit, late)
	see(v, f)
	attributes(v, e.Attributes, late)
}

// visit lets the newest event say where the visitor is; where she came from is what the visit's first referrer says.
func visit(c *veiviser.Visit, f *facts) {
	if f.event.Channel != "" {
		c.Channel = f.event.Channel
	}
	a := f.event.Attributes
	if len(a) == 0 {
		return
	}
	set(&c.Page, a[veiviser.AttributePage])
	set(&c.Query, a[veiviser.AttributeQuery])
	set(&c.Device, a[veiviser.AttributeDevice])
	set(&c.Language, a[veiviser.AttributeLanguage])
	if c.Referrer == "" {
		set(&c.Referrer, a[veiviser.AttributeReferrer])
	}
}

func set(field *string, value string) {
	if value != "" {
		*field = clip(value)
	}
}

// clip bounds a remembered text to MaxAttributeBytes, between characters.
func clip(s string) string {
	if len(s) <= veiviser.MaxAttributeBytes {
		return s
	}
	end := veiviser.MaxAttributeBytes
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

// count adds one event of a type. Types beyond MaxTypeCounts are not counted.
func count(v *veiviser.Visitor, f *facts, inVisit, late bool) {
	typ, t := f.event.Type, f.time
	at := 0
	for at < len(v.Counts) && v.Counts[at].Type < typ {
		at++
	}
	if at == len(v.Counts) || v.Counts[at].Type != typ {
		if len(v.Counts) >= veiviser.MaxTypeCounts {
			return
		}
		v.Counts = slices.Insert(v.Counts, at, veiviser.TypeCount{Type: typ, Last: t})
	}
	c := &v.Counts[at]
	c.Count = more(c.Count, 1)
	if inVisit {
		c.InVisit = more(c.InVisit, 1)
	}
	if !late {
		c.Pace = float64(c.Pace*paceKept(v.Events-min(c.At, v.Events))) + 1
		c.At, c.InVisitAt = v.Events, v.Visit.Events
		for i, n := range lately(c.Lately, &typeLately, t.Sub(c.Last)) {
			c.Lately[i] = n + 1
		}
		c.Delay += math.Log1p(seconds(v.Moment.ItemAge))
	}
	if t.After(c.Last) {
		c.Last = t
	}
}

// see remembers the item, or else the subject, of an event among the most recent ones, which are in order of Last.
func see(v *veiviser.Visitor, f *facts) {
	e, t, at := f.event, f.time, f.seen
	if e.ItemID == "" && e.Subject == "" {
		return
	}
	if at < 0 {
		entry := veiviser.Seen{ItemID: e.ItemID, Subject: e.Subject, First: t, Last: t}
		if len(v.Recent) < veiviser.MaxRecent {
			at = 0
			v.Recent = slices.Insert(v.Recent, 0, entry)
		} else if oldest := &v.Recent[0]; oldest.Last.After(t) {
			return
		} else {
			at, *oldest = 0, entry
		}
	}
	r := &v.Recent[at]
	r.Count = more(r.Count, 1)
	if r.Last.Before(v.Visit.Start) {
		r.InVisit = 0
	}
	r.InVisit = more(r.InVisit, 1)
	r.Acts |= veiviser.ActOf(e.Type)
	if e.Subject != "" && !t.Before(r.Last) {
		r.Subject = e.Subject
	}
	if t.After(r.Last) {
		r.Last = t
	}
	if t.Before(r.First) {
		r.First = t
	}
	for ; at+1 < len(v.Recent) && !v.Recent[at+1].Last.After(v.Recent[at].Last); at++ {
		v.Recent[at], v.Recent[at+1] = v.Recent[at+1], v.Recent[at]
	}
}

// seenAt finds what is remembered about the item, or about the subject when there is no item; -1 for nothing.
func seenAt(recent []veiviser.Seen, item, subject string) int {
	for i := range recent {
		if same(&recent[i], item, subject) {
			return i
		}
	}
	return -1
}

// same reports whether r is about the item, or about the subject when neither has an item.
func same(r *veiviser.Seen, item, subject string) bool {
	return r.ItemID == item && (item != "" || r.Subject == subject)
}

// Note remembers what an event says about the visitor herself, and nothing else of it: it told of something that happened before.
func Note(v *veiviser.Visitor, e *veiviser.Event) {
	attributes(v, e.Attributes, v.Events > 0 && e.Time.Before(v.LastSeen))
}

// attributes remembers what the event says about the visitor herself. A late event does not overwrite. When there is
// no more room, the facts that come first get it (see first), so that no map order shows; facts that the service goes by have
// those make room that come last.
func attributes(v *veiviser.Visitor, all map[string]string, late bool) {
	var fresh []string
	for key, value := range all {
		name, ok := strings.CutPrefix(key, veiviser.AttributeVisitorPrefix)
		if !ok || name == "" {
			continue
		}
		old, known := v.Attributes[name]
		switch {
		case !known:
			fresh = append(fresh, name)
		case !late && old != value:
			v.Attributes[name] = clip(value)
		}
	}
	slices.SortFunc(fresh, first)
	for _, name := range fresh {
		if len(v.Attributes) >= veiviser.MaxAttributes && !makeRoom(v.Attributes, name) {
			return
		}
		if v.Attributes == nil {
			v.Attributes = map[string]string{}
		}
		v.Attributes[name] = clip(all[veiviser.AttributeVisitorPrefix+name])
	}
}

// makeRoom drops the fact that comes last for one that the service goes by, and reports whether it did.
func makeRoom(facts map[string]string, name string) bool {
	if !goesBy(name) {
		return false
	}
	last := slices.MaxFunc(slices.Collect(maps.Keys(facts)), first)
	if goesBy(last) {
		return false
	}
	delete(facts, last)
	return true
}

// first is the order in which facts about a visitor get room: what the service goes by, then the others, in the order of the
// alphabet.
func first(a, b string) int {
	switch x, y := goesBy(a), goesBy(b); {
	case x == y:
		return strings.Compare(a, b)
	case x:
		return -1
	default:
		return 1
	}
}

// goesBy reports whether the service itself goes by a fact about a visitor, whatever rules do.
func goesBy(name string) bool {
	switch name {
	case veiviser.AttributeAudience, veiviser.AttributeTimeZone,
		veiviser.AttributeAccount[len(veiviser.AttributeVisitorPrefix):], veiviser.AttributeRole[len(veiviser.AttributeVisitorPrefix):]:
		return true
	default:
		return false
	}
}
