package decide

import (
	"container/list"
	"hash/maphash"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

const (
	// knownFor is how long after somebody was met what binds for her is known.
	knownFor = 24 * time.Hour
	// mostKnown is how many ids, wishes, refusals and cases are known in all: with texts of the usual length some megabytes.
	mostKnown = 1 << 15
)

// lastKnown is what binds for persons whom this process met lately, for answers in which their records cannot be looked at: wishes,
// refusals and open cases. Persons for whom nothing binds are not in it. It is a help and no record: another process may have met
// her since. Persons are found by a hash whose seed is this process's own, so that no id of anybody stands in it. The most recently
// met are kept. It is safe for concurrent use.
type lastKnown struct {
	seed maphash.Seed
	most int

	mu     sync.Mutex
	people map[uint64]*list.Element // of *knownPerson; one for each of her ids
	recent list.List                // those met last first
	size   int                      // of all of them
}

// knownPerson is what binds for one person.
type knownPerson struct {
	ids      []uint64
	standing veiviser.Standing // never changed
	met      time.Time
}

// size counts what is kept of a person.
func (p *knownPerson) size() int {
	s := &p.standing
	return len(p.ids) + len(s.Directives) + len(s.Consents) + len(s.Cases)
}

func newLastKnown(most int) *lastKnown {
	return &lastKnown{seed: maphash.MakeSeed(), most: most, people: map[uint64]*list.Element{}}
}

// meet notes what binds for a person as she was at a moment, nil for nobody: she is unknown, or was erased. What was noted of a later
// moment stays.
func (k *lastKnown) meet(visitorID string, v *veiviser.Visitor, at time.Time) {
	standing, binds := binding(v, at)
	var few [4]uint64 // most have one id, and nothing that binds
	ids := k.ids(few[:0], visitorID, v)
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, id := range ids {
		if e := k.people[id]; e != nil && person(e).met.After(at) {
			return
		}
	}
	for _, id := range ids {
		k.forget(k.people[id])
	}
	if binds {
		k.keep(&knownPerson{ids: slices.Clone(ids), standing: standing, met: at})
	}
	for last := k.recent.Back(); last != nil && (k.size > k.most || at.Sub(person(last).met) > knownFor); last = k.recent.Back() {
		k.forget(last)
	}
}

// standing is what is known to bind for the person behind an id; nothing when she was not met lately.
func (k *lastKnown) standing(visitorID string, now time.Time) veiviser.Standing {
	k.mu.Lock()
	defer k.mu.Unlock()
	e := k.people[maphash.String(k.seed, visitorID)]
	if e == nil || now.Sub(person(e).met) > knownFor {
		return veiviser.Standing{}
	}
	return person(e).standing
}

// ids appends hashes of the ids of a person, each once.
func (k *lastKnown) ids(ids []uint64, visitorID string, v *veiviser.Visitor) []uint64 {
	ids = append(ids, maphash.String(k.seed, visitorID))
	if v == nil {
		return ids
	}
	if v.ID != visitorID {
		ids = append(ids, maphash.String(k.seed, v.ID))
	}
	for _, other := range v.LinkedIDs {
		if other != visitorID {
			ids = append(ids, maphash.String(k.seed, other))
		}
	}
	return ids
}

// keep adds a person of whom nothing is kept. The caller holds the lock.
func (k *lastKnown) keep(p *knownPerson) {
	e := k.recent.PushFront(p)
	for _, id := range p.ids {
		k.people[id] = e
	}
	k.size += p.size()
}

// forget drops a person; nil is nobody. The caller holds the lock.
func (k *lastKnown) forget(e *list.Element) {
	if e == nil {
		return
	}
	p := person(e)
	for _, id := range p.ids {
		delete(k.people, id)
	}
	k.recent.Remove(e)
	k.size -= p.size()
}

func person(e *list.Element) *knownPerson {
	p, _ := e.Value.(*knownPerson) // nothing else is put in
	return p
}

// binding is a copy of what binds for a person in answers that know nothing else of her: the wishes that hold, the purposes she
// refused, and what is to be put right. binds is false when nothing does.
func binding(v *veiviser.Visitor, now time.Time) (s veiviser.Standing, binds bool) {
	if v == nil {
		return s, false
	}
	for _, d := range v.Standing.Directives {
		if d.Binds(now) && d.Kind != veiviser.CorrectStage { // which keeps nothing away
			d.ID, d.Target, d.Subject = strings.Clone(d.ID), strings.Clone(d.Target), strings.Clone(d.Subject)
			s.Directives = append(s.Directives, d)
		}
	}
	for i, c := range v.Standing.Consents {
		later := v.Standing.Consents[i+1:]
		if !c.Granted && !slices.ContainsFunc(later, func(o veiviser.Consent) bool { return o.Purpose == c.Purpose }) {
			s.Consents = append(s.Consents, veiviser.Consent{Purpose: strings.Clone(c.Purpose), Time: c.Time})
		}
	}
	for _, c := range v.Standing.Cases {
		if c.Open() {
			c.ID, c.Subject, c.Channel = strings.Clone(c.ID), strings.Clone(c.Subject), strings.Clone(c.Channel)
			s.Cases = append(s.Cases, c)
		}
	}
	return s, len(s.Directives)+len(s.Consents)+len(s.Cases) > 0
}
