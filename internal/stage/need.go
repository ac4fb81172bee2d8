package stage

import (
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// touch feeds the event to the needs of every journey it fits. An event about nothing in particular does not say which
// of her needs she is busy with, so it leaves their order among themselves alone. Only journeys that are hers are looked at;
// it reports whether a need was touched.
func (s *Set) touch(v *veiviser.Visitor, f *facts, hers func(*journey) bool) (touched bool) {
	about := f.subject != ""
	for _, j := range s.journeys {
		if !hers(j) {
			continue
		}
		at := j.find(v.Needs, f.subject)
		if at >= 0 {
			touched = true
			j.advance(&v.Needs[at], f, s.visitGap)
			if about {
				settleOrder(v.Needs, at)
			}
			continue
		}
		if !veiviser.AnySubjectMatches(j.subjects, f.subject) {
			continue
		}
		f.open()
		if j.starts(f) {
			touched = true
			insert(v, j.begin(f))
		}
	}
	if !about {
		slices.SortStableFunc(v.Needs, func(a, b veiviser.Need) int { return a.Updated.Compare(b.Updated) })
	}
	return touched
}

// find gives the need of the journey that an event about subject touches, -1 for none: the one about the same subject,
// and for "" the one touched last.
func (j *journey) find(needs []veiviser.Need, subject string) int {
	for i := range slices.Backward(needs) {
		if needs[i].Journey == j.id && (subject == "" || needs[i].Subject == subject) {
			return i
		}
	}
	return -1
}

func (j *journey) starts(f *facts) bool {
	for i := range j.startsOn {
		if j.startsOn[i].holds(f, false) {
			return true
		}
	}
	return len(j.startsOn) == 0
}

// open sets the facts of a need that has no past.
func (f *facts) open() {
	f.first, f.returning, f.sameItem = true, false, false
	f.repeat, f.depth, f.pause = 1, 1, 0
	f.channel = f.event.Channel
	f.referrer, f.ownReferrer, f.classed = f.origin, f.origin != "", false
}

// begin opens a need with the event, whose facts are those of a need without past.
func (j *journey) begin(f *facts) veiviser.Need {
	n := veiviser.Need{
		Journey: j.id, Version: j.version, Subject: f.subject, Started: f.time, Updated: f.time,
		Events: 1, Stages: j.stages, Standard: j.standards, P: slices.Clone(j.prior), VisitEvents: 1,
	}
	j.keep(&n, f)
	j.observe(&n, f)
	settle(n.P, j.prior)
	return n
}

// advance is one event of a need that has a past.
func (j *journey) advance(n *veiviser.Need, f *facts, gap time.Duration) {
	j.adopt(n)
	pause := max(0, f.time.Sub(n.Updated))
	f.first, f.pause, f.returning = false, pause, pause > gap
	if f.returning {
		n.VisitEvents, n.VisitChannel, n.VisitReferrer = 0, "", ""
		n.Repeats = n.Repeats[:0]
	}
	n.VisitEvents = more(n.VisitEvents, 1)
	n.Events = more(n.Events, 1)
	f.depth = n.VisitEvents
	j.keep(n, f)

	j.drift(n.P, pause)
	j.move(n.P)
	before := unobserved(n)
	j.observe(n, f)
	j.unsaid(n, before, f.time)
	settle(n.P, j.prior)
	if f.time.After(n.Updated) {
		n.Updated = f.time
	}
}

// keep remembers of the event what the signals of the journey ask about a need's past, and tells f what was known.
func (j *journey) keep(n *veiviser.Need, f *facts) {
	f.channel = f.event.Channel
	if j.asks.channel {
		if f.channel == "" {
			f.channel = n.VisitChannel
		}
		n.VisitChannel = f.channel
	}
	f.referrer, f.ownReferrer, f.classed = f.origin, f.origin != "", false
	if j.asks.referrer {
		if n.VisitReferrer == "" {
			n.VisitReferrer = f.origin
		}
		if f.referrer == "" {
			f.referrer = n.VisitReferrer
		}
	}
	f.repeat = 1
	if j.asks.anyRepeats || j.asks.repeats[f.event.Type] {
		f.repeat = repeat(n, f.event.Type)
	}
	f.sameItem = false
	if j.asks.items && f.event.ItemID != "" {
		f.sameItem = meet(n, f.event.ItemID)
	}
}

// repeat counts one more event of the type in the need's visit. Types beyond MaxRepeats are not counted.
func repeat(n *veiviser.Need, typ string) uint32 {
	for i := range n.Repeats {
		if n.Repeats[i].Type == typ {
			n.Repeats[i].Count = more(n.Repeats[i].Count, 1)
			return n.Repeats[i].Count
		}
	}
	if len(n.Repeats) < veiviser.MaxRepeats {
		n.Repeats = append(n.Repeats, veiviser.Repeat{Type: typ, Count: 1})
	}
	return 1
}

// meet notes an item and reports whether it was met before.
func meet(n *veiviser.Need, item string) bool {
	h := hash(item)
	at := slices.Index(n.Items, h)
	if at < 0 && len(n.Items) < veiviser.MaxNeedItems {
		n.Items = append(n.Items, h)
		return false
	}
	first := max(at, 0) // what makes room: the item itself, or the one met longest ago
	copy(n.Items[first:], n.Items[first+1:])
	n.Items[len(n.Items)-1] = h
	return at >= 0
}

// hash is 32-bit FNV-1a (draft-eastlake-fnv).
func hash(s string) uint32 {
	h := uint32(2166136261)
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return h
}

// settleOrder moves the need at i, which was just touched, to its place in the order of Updated: after all that were
// updated no later.
func settleOrder(needs []veiviser.Need, i int) {
	for ; i+1 < len(needs) && !needs[i+1].Updated.After(needs[i].Updated); i++ {
		needs[i], needs[i+1] = needs[i+1], needs[i]
	}
}

// insert adds a need in its place; the need updated least recently makes room.
func insert(v *veiviser.Visitor, n veiviser.Need) {
	if over := len(v.Needs) - veiviser.MaxNeeds + 1; over > 0 {
		v.Needs = slices.Delete(v.Needs, 0, over)
	}
	v.Needs = append(v.Needs, n)
	for i := len(v.Needs) - 1; i > 0 && v.Needs[i-1].Updated.After(n.Updated); i-- {
		v.Needs[i], v.Needs[i-1] = v.Needs[i-1], v.Needs[i]
	}
}

// adopt carries the belief of a need over to the journey as it is now, and mends one that is no distribution.
func (j *journey) adopt(n *veiviser.Need) {
	if n.Version == j.version && slices.Equal(n.Stages, j.stages) && len(n.P) == len(j.stages) {
		n.Stages, n.Standard = j.stages, j.standards
		if slices.ContainsFunc(n.Words, func(w veiviser.NeedWord) bool { return len(w.P) != len(n.P) }) {
			n.Words = nil
		}
		settle(n.P, j.prior)
		return
	}
	p := j.carry(n, n.P)
	n.Evidence = slices.Clone(n.Evidence) // a view shares it with the visitor, and the words
	for i := range n.Evidence {
		n.Evidence[i].Stage = j.heir(n, n.Evidence[i].Stage)
	}
	n.Words = slices.Clone(n.Words)
	for i := range n.Words {
		n.Words[i].P, n.Words[i].Stage = j.carry(n, n.Words[i].P), j.heir(n, n.Words[i].Stage)
	}
	n.Version, n.Stages, n.Standard, n.P = j.version, j.stages, j.standards, p
}

// carry gives a belief over the stages of a need as one over those of the journey.
func (j *journey) carry(n *veiviser.Need, belief []float64) []float64 {
	p := make([]float64, len(j.stages))
	loose := 0.0
	if len(belief) == len(n.Stages) {
		old := slices.Clone(belief)
		settle(old, old)
		for i := range n.Stages {
			if !j.pass(p, n, i, old[i]) {
				loose += old[i]
			}
		}
	} else {
		loose = 1
	}
	for i := range p {
		p[i] += float64(loose * j.prior[i])
	}
	settle(p, j.prior)
	return p
}

// pass gives the mass of the old stage i of a need to its heirs: the stages it is mapped onto, or else the one of the same
// id, or else those of the same standard stage; false when there is none.
func (j *journey) pass(p []float64, n *veiviser.Need, i int, mass float64) bool {
	old := n.Stages[i]
	return j.spread(p, mass, func(k int) bool {
		return slices.Contains(j.mappings, veiviser.StageMapping{From: old, To: j.stages[k]})
	}) ||
		j.spread(p, mass, func(k int) bool { return j.stages[k] == old }) ||
		i < len(n.Standard) && n.Standard[i] != "" && j.spread(p, mass, func(k int) bool { return j.standards[k] == n.Standard[i] })
}

// spread gives mass to the stages that are heirs, in proportion to their priors; false when there is none.
func (j *journey) spread(p []float64, mass float64, heir func(k int) bool) bool {
	total, heirs := 0.0, 0
	for k := range p {
		if heir(k) {
			total += j.prior[k]
			heirs++
		}
	}
	for k := range p {
		switch {
		case !heir(k):
		case total > 0:
			p[k] += float64(mass * (j.prior[k] / total))
		default:
			p[k] += mass / float64(heirs)
		}
	}
	return heirs > 0
}

// heir is the stage that stands for an old one of the need: "" when none does. Of several it is the one with most prior.
func (j *journey) heir(n *veiviser.Need, old string) string {
	for _, m := range j.mappings {
		if m.From == old && contains(j.stages, m.To) {
			return m.To
		}
	}
	if contains(j.stages, old) {
		return old
	}
	i := position(n.Stages, old)
	if i < 0 || i >= len(n.Standard) || n.Standard[i] == "" {
		return ""
	}
	best := -1
	for k, std := range j.standards {
		if std == n.Standard[i] && (best < 0 || j.prior[k] > j.prior[best]) {
			best = k
		}
	}
	if best < 0 {
		return ""
	}
	return j.stages[best]
}
