package stage

import (
	"math"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// How much of the past counts on. Pace forgets by event, the others by finished visit: what a visitor did 33 events ago
// counts 1/e in her pace, what she did 5 visits ago a third in her shares of visits, 20 visits ago a third in ahead.
const (
	paceMemory = 33.0
	visitKept  = 0.8
	aheadKept  = 0.95
)

// The half-lives of what happened lately: of events of one type, and of all events.
var (
	typeLately  = [2]time.Duration{5 * time.Minute, 15 * time.Minute}
	eventLately = [2]time.Duration{15 * time.Minute, 3 * time.Hour}
)

// lately is what is left of two counts after a silence.
func lately(counts [2]float64, halfLives *[2]time.Duration, silence time.Duration) [2]float64 {
	if silence <= 0 {
		return counts
	}
	for i := range counts {
		counts[i] *= math.Exp2(-float64(silence) / float64(halfLives[i]))
	}
	return counts
}

// paceKept is the share of a pace that is left after so many further events.
func paceKept(events uint32) float64 {
	if events < uint32(len(paceSoon)) {
		return paceSoon[events]
	}
	return math.Exp(-float64(events) / paceMemory)
}

// paceSoon is paceKept of few events, which is what it is asked for nearly always.
var paceSoon = func() (kept [64]float64) {
	for n := range kept {
		kept[n] = math.Exp(-float64(n) / paceMemory)
	}
	return kept
}()

// paceOf is how much of paceMemory's window the first n events fill: the sum of their weights.
func paceOf(n uint32) float64 { return (1 - paceKept(n)) / (1 - math.Exp(-1/paceMemory)) }

// closeVisit sums the visit that is over up; the next one begins at t.
func closeVisit(v *veiviser.Visitor, t time.Time) {
	for i := range v.Counts {
		c := &v.Counts[i]
		c.Visits *= visitKept
		if c.InVisit > 0 {
			c.Visits++
			c.Ahead += float64(max(c.InVisitAt, 1) - 1)
		}
		c.Ahead *= aheadKept
		c.InVisit, c.InVisitAt = 0, 0
	}
	closeSequels(&v.Sequels)
	n := float64(v.Visit.Events)
	v.Past.Visits = float64(v.Past.Visits*visitKept) + 1
	v.Past.Events = float64(v.Past.Events*visitKept) + n
	v.Past.Active = (v.Past.Active + n) * aheadKept
	v.Past.Gap = max(0, t.Sub(v.Visit.Last))
}

// closeSequels adds the current visit, which is over, to the finished ones.
func closeSequels(s *veiviser.Sequels) {
	for c := range s.Now {
		s.Events[c] = more(s.Events[c], s.Now[c])
		for t := range s.Open[c] {
			s.Ahead[c][t] = more(s.Ahead[c][t], s.Open[c][t])
		}
	}
	s.Now, s.Open = [veiviser.NumDeeds]uint32{}, [veiviser.NumDeeds][veiviser.NumDeeds]uint32{}
}

// follow counts one more event of the current visit.
func follow(s *veiviser.Sequels, eventType string) {
	t := veiviser.Deed(eventType)
	if t < 0 {
		return
	}
	for c := range s.Now {
		s.Open[c][t] = s.Now[c]
	}
	s.Now[t] = more(s.Now[t], 1)
}

// notice describes the newest event by what came before it. It is called before anything else of the event is counted.
func notice(v *veiviser.Visitor, f *facts, opens bool) {
	e := f.event
	was := v.Moment
	m := veiviser.Moment{Type: e.Type, Subject: e.Subject, Run: 1}
	if opens {
		m.Pause = v.Past.Gap
	} else {
		m.Before, m.Pause = was.Type, max(0, f.time.Sub(v.Visit.Last))
		m.Items, m.Subjects = was.Items, was.Subjects
		if was.Subject == e.Subject {
			m.Run = more(was.Run, 1)
		}
	}
	start := v.Visit.Start
	if e.ItemID != "" {
		if f.seen >= 0 {
			r := &v.Recent[f.seen]
			m.ItemEvents, m.ItemActs = r.Count, r.Acts
			m.ItemAge = max(0, f.time.Sub(r.First))
			if !r.Last.Before(start) {
				m.ItemInVisit = r.InVisit
			}
		} else if e.Type == veiviser.EventView {
			v.Past.NewItems = more(v.Past.NewItems, 1)
		}
	}
	follow(&v.Sequels, e.Type)
	for i, n := range lately(v.Past.Lately, &eventLately, f.time.Sub(v.LastSeen)) {
		v.Past.Lately[i] = n + 1
	}
	if e.Subject != "" {
		for i := range v.Recent {
			r := &v.Recent[i]
			if r.Subject != e.Subject {
				continue
			}
			m.SubjectEvents = more(m.SubjectEvents, r.Count)
			m.SubjectActs |= r.Acts
			if !r.Last.Before(start) {
				m.SubjectInVisit = more(m.SubjectInVisit, r.InVisit)
			}
		}
		if m.SubjectInVisit == 0 {
			m.Subjects = more(m.Subjects, 1)
		}
	}
	if e.ItemID != "" && m.ItemInVisit == 0 {
		m.Items = more(m.Items, 1)
	}
	v.Moment = m
}
