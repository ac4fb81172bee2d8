package stage

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// smoothing is the share of the uniform distribution that [Set.Merge] mixes into beliefs before it multiplies them, so
// that a stage ruled out by one history is not ruled out by that alone.
const smoothing = 0.01

// Merge makes two histories one: into becomes the history of both, from is not changed. It is for identities found to
// be one person, whose events are disjoint.
//
// Exact are FirstSeen, LastSeen, Events, Value, counts by type and the order of what was met; which of the two is
// into makes no difference to them nor to any belief. Approximate are
//
//   - Moment and Past: the later moment stands, the sums over finished visits are added up as they are;
//   - Visits: two current visits that touch or overlap, give or take the visit gap, become one visit;
//   - Attributes and Answers: when the two disagree the one seen last is right;
//   - the bounded lists: what one history forgot before, the other does not bring back;
//   - beliefs about the same need. Each is drifted to the time of the later one, and they are pooled as independent
//     experts with the common prior π, p ← p·q/π normalised, all three smoothed with a hundredth of the uniform
//     distribution. That is exact for a stage that stood still all the time; moves under way are counted in both, so the
//     pool is somewhat too sure.
//
// Merge leaves ID, LinkedIDs, Segments and Stage of into alone: who is linked, and what was logged, is the caller's to
// say.
func (s *Set) Merge(into, from *veiviser.Visitor) {
	if from == nil || into == from {
		return
	}
	mergeAccount(into, from)
	from = from.Clone()
	switch {
	case blank(from):
		return
	case blank(into):
		from.ID, from.LinkedIDs, from.Segments, from.Stage = into.ID, into.LinkedIDs, into.Segments, into.Stage
		from.Standing.Account, from.Standing.Role = into.Standing.Account, into.Standing.Role
		*into = *from
		return
	}
	mergeAttributes(into, from)
	mergeRegion(into, from)
	mergeAnswers(into, from)
	s.mergeVisits(into, from)
	into.Events = more(into.Events, from.Events)
	if value := into.Value + from.Value; !math.IsNaN(value) && !math.IsInf(value, 0) {
		into.Value = value
	}
	mergeRecent(into, from)
	s.mergeNeeds(into, from)
}

// blank reports whether nothing ever happened to v.
func blank(v *veiviser.Visitor) bool {
	return v.Events == 0 && len(v.Needs) == 0 && len(v.Attributes) == 0
}

// mergeVisits unites when she was seen. The later visit is the current one, or both are one visit when they touch.
func (s *Set) mergeVisits(into, from *veiviser.Visitor) {
	switch {
	case from.Events == 0:
		return
	case into.Events == 0:
		into.FirstSeen, into.LastSeen, into.Visits, into.Visit = from.FirstSeen, from.LastSeen, from.Visits, from.Visit
		into.Moment, into.Past, into.Sequels = from.Moment, from.Past, from.Sequels
		mergeCounts(into, from, false, true)
		return
	}
	if into.FirstSeen.After(from.FirstSeen) {
		into.FirstSeen = from.FirstSeen
	}
	seen := into.LastSeen
	into.LastSeen = latest(into.LastSeen, from.LastSeen)
	into.Visits = more(into.Visits, from.Visits)
	old, last := into.Visit, from.Visit
	fromLast := !last.Last.Before(old.Last)
	if !fromLast {
		old, last = last, old
	}
	together := last.Start.Sub(old.Last) <= s.visitGap
	if together {
		into.Visits = max(into.Visits, 2) - 1
		last.Events = more(last.Events, old.Events)
		if old.Start.Before(last.Start) {
			last.Start = old.Start
			last.Referrer = either(old.Referrer, last.Referrer)
		}
		last.Channel, last.Referrer = either(last.Channel, old.Channel), either(last.Referrer, old.Referrer)
		last.Device, last.Language = either(last.Device, old.Device), either(last.Language, old.Language)
		last.Page, last.Query = either(last.Page, old.Page), either(last.Query, old.Query)
	}
	gap := shortest(into.Past.Gap, from.Past.Gap)
	if !together {
		gap = into.Past.Gap
		if fromLast {
			gap = from.Past.Gap
		}
		gap = shortest(gap, last.Start.Sub(old.Last))
	}
	if last := from.LastSeen.Compare(seen); last > 0 || last == 0 && lesser(&from.Moment, &into.Moment) {
		into.Moment = from.Moment
	}
	into.Visit = last
	into.Past.Gap = gap
	into.Past.NewItems = more(into.Past.NewItems, from.Past.NewItems)
	now, then := lately(into.Past.Lately, &eventLately, into.LastSeen.Sub(seen)), lately(from.Past.Lately, &eventLately, into.LastSeen.Sub(from.LastSeen))
	into.Past.Lately = [2]float64{now[0] + then[0], now[1] + then[1]}
	mergeSequels(&into.Sequels, &from.Sequels, together || !fromLast, together || fromLast)
	into.Past.Visits += from.Past.Visits
	into.Past.Events += from.Past.Events
	into.Past.Active += from.Past.Active
	if !together { // the current visit of the one last seen earlier is over now
		into.Past.Visits++
		into.Past.Events += float64(old.Events)
		into.Past.Active += float64(old.Events)
	}
	mergeCounts(into, from, together || !fromLast, together || fromLast)
}

// lesser is an order of moments of the same time, so that it does not matter which history is merged into which.
func lesser(a, b *veiviser.Moment) bool {
	return cmp.Or(
		strings.Compare(a.Type, b.Type), strings.Compare(a.Subject, b.Subject), strings.Compare(a.Before, b.Before),
		cmp.Compare(a.Pause, b.Pause), cmp.Compare(a.Run, b.Run), cmp.Compare(a.Items, b.Items), cmp.Compare(a.Subjects, b.Subjects),
		cmp.Compare(a.ItemEvents, b.ItemEvents), cmp.Compare(a.ItemInVisit, b.ItemInVisit), cmp.Compare(a.ItemActs, b.ItemActs),
		cmp.Compare(a.SubjectEvents, b.SubjectEvents), cmp.Compare(a.SubjectInVisit, b.SubjectInVisit),
		cmp.Compare(a.SubjectActs, b.SubjectActs),
	) < 0
}

// shortest is the shorter of two silences, of which 0 is none.
func shortest(a, b time.Duration) time.Duration {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// mergeSequels adds what followed what; keepInto and keepFrom say whose current visit goes on.
func mergeSequels(into, from *veiviser.Sequels, keepInto, keepFrom bool) {
	f := *from
	if !keepInto {
		closeSequels(into)
	}
	if !keepFrom {
		closeSequels(&f)
	}
	for c := range into.Events {
		into.Events[c], into.Now[c] = more(into.Events[c], f.Events[c]), more(into.Now[c], f.Now[c])
		for t := range into.Ahead[c] {
			into.Ahead[c][t], into.Open[c][t] = more(into.Ahead[c][t], f.Ahead[c][t]), more(into.Open[c][t], f.Open[c][t])
		}
	}
}

// mergeCounts adds the counts by type; keepInto and keepFrom say whose counts of the visit go on.
func mergeCounts(into, from *veiviser.Visitor, keepInto, keepFrom bool) {
	all := append(slices.Clone(into.Counts), from.Counts...)
	for i := range all {
		c, total := &all[i], into.Events
		if i >= len(into.Counts) {
			total = from.Events
		}
		if i < len(into.Counts) && !keepInto || i >= len(into.Counts) && !keepFrom {
			if c.InVisit > 0 {
				c.Visits++
				c.Ahead += float64(max(c.InVisitAt, 1) - 1)
			}
			c.InVisit, c.InVisitAt = 0, 0
		}
		since := total - min(c.At, total) // from here on At is the number of events since
		c.Pace, c.At = float64(c.Pace*paceKept(since)), since
	}
	slices.SortStableFunc(all, func(a, b veiviser.TypeCount) int { return strings.Compare(a.Type, b.Type) })
	merged := all[:0]
	for _, c := range all {
		if n := len(merged); n > 0 && merged[n-1].Type == c.Type {
			m := &merged[n-1]
			last := latest(m.Last, c.Last)
			m.Lately, c.Lately = lately(m.Lately, &typeLately, last.Sub(m.Last)), lately(c.Lately, &typeLately, last.Sub(c.Last))
			m.Count, m.InVisit, m.Last = more(m.Count, c.Count), more(m.InVisit, c.InVisit), latest(m.Last, c.Last)
			m.Lately = [2]float64{m.Lately[0] + c.Lately[0], m.Lately[1] + c.Lately[1]}
			m.Delay += c.Delay
			m.Pace, m.Visits, m.Ahead = m.Pace+c.Pace, m.Visits+c.Visits, m.Ahead+c.Ahead
			m.At, m.InVisitAt = min(m.At, c.At), max(m.InVisitAt, c.InVisitAt)
			continue
		}
		merged = append(merged, c)
	}
	total := more(into.Events, from.Events)
	for i := range merged {
		m := &merged[i]
		if kept := paceKept(m.At); kept > 1e-300 {
			m.Pace /= kept
		} else {
			m.Pace = 0
		}
		m.At = max(total-min(m.At, total), 1)
	}
	for len(merged) > veiviser.MaxTypeCounts {
		rarest := 0
		for i := range merged {
			if merged[i].Count < merged[rarest].Count {
				rarest = i
			}
		}
		merged = slices.Delete(merged, rarest, rarest+1)
	}
	into.Counts = merged
}

func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// mergeRegion keeps where she was seen last.
func mergeRegion(into, from *veiviser.Visitor) {
	if from.Region != "" && (into.Region == "" || !into.LastSeen.After(from.LastSeen)) {
		into.Region = from.Region
	}
}

// mergeAttributes unites the facts; when there is no room those that come first stay (see first).
func mergeAttributes(into, from *veiviser.Visitor) {
	into.Attributes = unite(into, from, func(v *veiviser.Visitor) map[string]string { return v.Attributes }, first, veiviser.MaxAttributes)
}

// mergeAnswers unites what was answered; when there is no room the questions first in the alphabet stay.
func mergeAnswers(into, from *veiviser.Visitor) {
	into.Answers = unite(into, from, func(v *veiviser.Visitor) map[string]string { return v.Answers }, strings.Compare, veiviser.MaxAnswered)
}

// unite is what two say of themselves, at most so many words in an order; of one word what was said by who was seen last.
func unite(into, from *veiviser.Visitor, of func(*veiviser.Visitor) map[string]string, order func(a, b string) int, most int,
) map[string]string {
	if len(of(from)) == 0 {
		return of(into)
	}
	older, newer := into, from
	if into.LastSeen.After(from.LastSeen) {
		older, newer = from, into
	}
	all := make(map[string]string, len(of(into))+len(of(from)))
	maps.Copy(all, of(older))
	maps.Copy(all, of(newer))
	for _, k := range slices.SortedFunc(maps.Keys(all), order)[min(len(all), most):] {
		delete(all, k)
	}
	return all
}

// mergeRecent unites what was met last, in order of Last; equal times are told apart by item and subject.
func mergeRecent(into, from *veiviser.Visitor) {
	for i := range from.Recent {
		f := &from.Recent[i]
		at := slices.IndexFunc(into.Recent, func(r veiviser.Seen) bool { return same(&r, f.ItemID, f.Subject) })
		if at < 0 {
			into.Recent = append(into.Recent, *f)
			continue
		}
		r := &into.Recent[at]
		r.Count = more(r.Count, f.Count)
		r.InVisit = more(r.InVisit, f.InVisit)
		r.Acts |= f.Acts
		if f.First.Before(r.First) {
			r.First = f.First
		}
		if f.Last.After(r.Last) {
			r.Last, r.Subject = f.Last, f.Subject
		}
	}
	slices.SortStableFunc(into.Recent, func(a, b veiviser.Seen) int {
		if c := a.Last.Compare(b.Last); c != 0 {
			return c
		}
		if c := strings.Compare(a.ItemID, b.ItemID); c != 0 {
			return c
		}
		return strings.Compare(a.Subject, b.Subject)
	})
	into.Recent = newest(into.Recent, veiviser.MaxRecent)
}

// newest keeps the last of a list that is in order of time.
func newest[T any](list []T, most int) []T {
	if over := len(list) - most; over > 0 {
		return slices.Delete(list, 0, over)
	}
	return list
}

// mergeNeeds unites the needs, in order of Updated; equal times are told apart by journey and subject.
func (s *Set) mergeNeeds(into, from *veiviser.Visitor) {
	for i := range from.Needs {
		f := &from.Needs[i]
		at := slices.IndexFunc(into.Needs, func(n veiviser.Need) bool {
			return n.Journey == f.Journey && n.Subject == f.Subject
		})
		switch j := s.byID[f.Journey]; {
		case at < 0:
			into.Needs = append(into.Needs, *f)
		case j != nil:
			into.Needs[at] = j.pool(into.Needs[at], *f, s.visitGap)
		case f.Updated.After(into.Needs[at].Updated):
			into.Needs[at] = *f
		}
	}
	slices.SortStableFunc(into.Needs, func(a, b veiviser.Need) int {
		if c := a.Updated.Compare(b.Updated); c != 0 {
			return c
		}
		if c := strings.Compare(a.Journey, b.Journey); c != 0 {
			return c
		}
		return strings.Compare(a.Subject, b.Subject)
	})
	into.Needs = newest(into.Needs, veiviser.MaxNeeds)
}

// pool makes one need of two about the same subject. Both are the caller's to change.
func (j *journey) pool(a, b veiviser.Need, gap time.Duration) veiviser.Need {
	j.adopt(&a)
	j.adopt(&b)
	if a.Updated.After(b.Updated) {
		a, b = b, a // b is the later one
	}
	j.drift(a.P, b.Updated.Sub(a.Updated))
	for _, words := range [...][]veiviser.NeedWord{a.Words, b.Words} {
		for i := range words {
			j.drift(words[i].P, b.Updated.Sub(words[i].Updated))
		}
	}
	b.Words = j.poolWords(&a, &b)
	b.P = j.pooled(a.P, b.P)
	if b.Started.After(a.Started) {
		b.Started = a.Started
	}
	b.Events = more(b.Events, a.Events)
	b.Evidence = mergeEvidence(a.Evidence, b.Evidence)
	for _, h := range b.Items {
		if at := slices.Index(a.Items, h); at >= 0 {
			a.Items = slices.Delete(a.Items, at, at+1)
		}
	}
	b.Items = newest(append(a.Items, b.Items...), veiviser.MaxNeedItems)
	if b.Updated.Sub(a.Updated) > gap {
		return b
	}
	b.VisitEvents = more(b.VisitEvents, a.VisitEvents)
	b.VisitChannel, b.VisitReferrer = either(b.VisitChannel, a.VisitChannel), either(a.VisitReferrer, b.VisitReferrer)
	for _, r := range a.Repeats {
		at := slices.IndexFunc(b.Repeats, func(o veiviser.Repeat) bool { return o.Type == r.Type })
		if at >= 0 {
			b.Repeats[at].Count = more(b.Repeats[at].Count, r.Count)
		} else if len(b.Repeats) < veiviser.MaxRepeats {
			b.Repeats = append(b.Repeats, r)
		}
	}
	return b
}

// pooled is the belief of two.
func (j *journey) pooled(a, b []float64) []float64 {
	p := make([]float64, len(j.prior))
	for i := range p {
		p[i] = j.smooth(a[i]) * j.smooth(b[i]) / j.smooth(j.prior[i])
	}
	settle(p, j.prior)
	return p
}

func (j *journey) smooth(p float64) float64 {
	return float64((1-smoothing)*p) + smoothing/float64(len(j.stages))
}

// mergeEvidence unites what two needs remember of the same signals.
func mergeEvidence(a, b []veiviser.Evidence) []veiviser.Evidence {
	for _, e := range b {
		at := slices.IndexFunc(a, func(o veiviser.Evidence) bool { return o.Signal == e.Signal })
		if at < 0 {
			a = append(a, e)
			continue
		}
		o := &a[at]
		o.Count, o.Weight = more(o.Count, e.Count), o.Weight+e.Weight
		if !e.Time.Before(o.Time) {
			o.Time, o.Stage = e.Time, e.Stage
		}
	}
	slices.SortStableFunc(a, func(x, y veiviser.Evidence) int {
		if c := x.Time.Compare(y.Time); c != 0 {
			return c
		}
		return strings.Compare(x.Signal, y.Signal)
	})
	return newest(a, veiviser.MaxEvidence)
}
