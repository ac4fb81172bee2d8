package plan

import (
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Standing is what a query says of a person beside what bars say: which items are made for people like her.
type Standing struct {
	// OpenCase lets items through that are for people with an open case.
	OpenCase bool
	// First are items of which one, the first that may be shown, goes before everything that is ranked, after those that must reach
	// her and those that put something right. The others are then not shown.
	First []string
	// NextRung lets items through that help to this rung; "" lets none.
	NextRung string
	// Prospect lets items through that are to win first-time customers.
	Prospect bool
}

// standingFeatures notes what bars and standings ask of an item.
func (c *clerk) standingFeatures(it *veiviser.Item) {
	if it.Duty != veiviser.DutyNone {
		c.add(hasDuty, string(it.Duty))
	}
	if it.Care {
		c.add(isCare, "")
	}
	if it.TowardRung != "" {
		c.restrict(ofRung, hasRung, []string{it.TowardRung})
	}
	if it.Acquires {
		c.add(isAcquiring, "")
	}
	last := -1
	for _, s := range it.Stages {
		last = max(last, s.Index())
	}
	if last >= 0 {
		c.add(lastStage, strconv.Itoa(last))
	}
}

// barred takes out what bars keep away, in the order of the bars, and what is made for people of another standing.
func (e *Eligible) barred(q *Query) {
	for i := range q.Bars {
		b := &q.Bars[i]
		e.behind(b)
		if r := reasonOf(b.Reason); e.tmp.count() > 0 {
			e.about[r] = appendOnce(e.about[r], b.About)
			e.out(r)
		}
	}
	if !q.Standing.OpenCase {
		e.drop(standing, e.c.set(isCare, ""))
	}
	if e.c.has(ofRung) {
		e.restrict(standing, ofRung, e.c.namedSet(hasRung, q.Standing.NextRung))
	}
	if !q.Standing.Prospect {
		e.drop(standing, e.c.set(isAcquiring, ""))
	}
}

// behind makes tmp the slots that a bar keeps away.
func (e *Eligible) behind(b *veiviser.Bar) {
	c := e.c
	copy(e.tmp, e.left)
	if len(b.Kinds) > 0 {
		mask := maskOf(b.Kinds)
		for i := range len(kinds()) + 1 {
			if mask&(1<<i) == 0 {
				c.set(isKind, string(rune('0'+i))).takeFrom(e.tmp)
			}
		}
	}
	if len(b.Topics) > 0 {
		e.keep(func(yield func(*set)) {
			for _, t := range b.Topics {
				if b.Exact && t != "*" {
					yield(c.set(hasTopic, trimAll(t)))
					continue
				}
				yield(c.below(t))
			}
		})
	}
	if b.Tells {
		e.keep(func(yield func(*set)) { yield(c.set(isTelling, "")) })
	}
	if b.Before != "" {
		e.keep(func(yield func(*set)) {
			for i := range b.Before.Index() {
				yield(c.set(lastStage, strconv.Itoa(i)))
			}
		})
	}
	if len(b.Items) > 0 {
		e.keepItems(b.Items)
	}
	for _, d := range [...]veiviser.Duty{veiviser.DutyTransactional, veiviser.DutyMandatory} {
		if d.Passes(b.Passes) {
			c.set(hasDuty, string(d)).takeFrom(e.tmp)
		}
	}
	if b.Care {
		c.set(isCare, "").takeFrom(e.tmp)
	}
	for _, k := range b.Spares {
		c.set(isKind, string(rune('0'+kindIndex(k)))).takeFrom(e.tmp)
	}
	for _, t := range b.Beyond {
		c.below(t).takeFrom(e.tmp)
	}
	for _, id := range b.Except {
		if slot, ok := c.Slot(id); ok {
			e.tmp.drop(slot)
		}
	}
}

// below are the items about a topic, which may be "*", and what lies below it.
func (c *Catalog) below(topic string) *set {
	if topic == "*" {
		return c.set(hasAnyTopic, "")
	}
	return c.set(belowTopic, trimAll(topic))
}

// keep leaves in tmp only what is in one of some sets.
func (e *Eligible) keep(sets func(yield func(*set))) {
	if e.union == nil {
		e.union = make(bitmap, len(e.tmp))
	}
	clear(e.union)
	sets(func(s *set) { s.addTo(e.union) })
	for i := range e.tmp {
		e.tmp[i] &= e.union[i]
	}
}

// keepItems leaves in tmp only the named items.
func (e *Eligible) keepItems(ids []string) {
	if e.union == nil {
		e.union = make(bitmap, len(e.tmp))
	}
	clear(e.union)
	for _, id := range ids {
		if slot, ok := e.c.Slot(id); ok && e.tmp.has(slot) {
			e.union.add(slot)
		}
	}
	copy(e.tmp, e.union)
}

// fits reports whether an item may be shown to a person of a standing.
func (s *Standing) fits(it *veiviser.Item) bool {
	return (!it.Care || s.OpenCase) && (it.TowardRung == "" || it.TowardRung == s.NextRung) && (!it.Acquires || s.Prospect)
}

// kept reports whether a bar of the query keeps an item away.
func (q *Query) kept(it *veiviser.Item) bool {
	return slices.ContainsFunc(q.Bars, func(b veiviser.Bar) bool { return b.Keeps(it) })
}

// reasonOf is the reason that a bar gives; what is none of its reasons counts as muted.
func reasonOf(r veiviser.ExclusionReason) reason {
	for k := firstBar; k <= lastBar; k++ {
		if k.name() == r {
			return k
		}
	}
	return muted
}

func appendOnce(list []string, s string) []string {
	if s == "" || slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

func trimAll(topic string) string {
	if n := len(topic); n > 2 && topic[n-2:] == "/*" {
		return topic[:n-2]
	}
	return topic
}

// Leader is an item that goes before everything that is ranked.
type Leader struct {
	Listed
	// Propensity is the probability with which it comes next, given those before it.
	Propensity float64
}

// Lead is the items that go before everything that is ranked: mandatory ones, then transactional ones, then those that are made
// for people with an open case; within each in the order of the catalogue; last the one of [Standing.First]. When there is no room
// for all that must reach her, the seed draws which of it comes, and in what order, so that nothing waits for ever behind something
// else. They are taken out of e, at most so many of them. Rules that look at the item are evaluated; fits, nil for everything, is
// asked of each whether it may be shown beside those before it, and notes that it is.
func (e *Eligible) Lead(room int, seed [2]uint64, fits func(*veiviser.Item) bool) []Leader {
	var list []Leader
	owed := e.owed()
	drawn := len(owed) > room
	if drawn {
		rand.New(rand.NewPCG(seed[0], seed[1])).Shuffle(len(owed), func(i, k int) { owed[i], owed[k] = owed[k], owed[i] })
	}
	for i, slot := range owed {
		if len(list) == room {
			break
		}
		if !e.fitting(slot, fits) {
			continue
		}
		l := e.leading(slot)
		if drawn {
			l.Propensity = 1 / float64(len(owed)-i)
		}
		list = append(list, l)
	}
	return e.leadFirst(e.leadCare(list, room, fits), room, fits)
}

// LeadOdds are the items of which [Eligible.Lead] may put one first when there is so much room, whatever the seed and whatever was
// shown before; none when nothing leads.
func (e *Eligible) LeadOdds(room int) []Leader {
	owed := e.owed()
	switch {
	case len(owed) == 0:
		return e.leadFirst(e.leadCare(nil, 1, nil), 1, nil)
	case len(owed) <= room:
		return []Leader{e.leading(owed[0])}
	}
	list := make([]Leader, len(owed))
	for i, slot := range owed {
		list[i] = e.leading(slot)
		list[i].Propensity = 1 / float64(len(owed))
	}
	return list
}

// owed are the slots of what must reach her, in the order of [Eligible.Lead]; what its own rule forbids is taken out.
func (e *Eligible) owed() (slots []int32) {
	for _, duty := range [...]veiviser.Duty{veiviser.DutyMandatory, veiviser.DutyTransactional} {
		s := e.c.set(hasDuty, string(duty))
		if !s.meets(e.left) {
			continue
		}
		s.each(func(slot int32) bool {
			if e.left.has(slot) && e.may(slot) {
				slots = append(slots, slot)
			}
			return true
		})
	}
	return slots
}

// may takes the item in a slot out when its own rule says no.
func (e *Eligible) may(slot int32) bool {
	v := e.itemVerdict(slot)
	if v != numReasons {
		e.outOne(v, slot)
	}
	return v == numReasons
}

// fitting takes the item in a slot out when it may not be shown beside what leads already.
func (e *Eligible) fitting(slot int32, fits func(*veiviser.Item) bool) bool {
	if fits == nil || fits(e.c.entries[slot].item) {
		return true
	}
	e.outOne(capped, slot)
	return false
}

// leadCare adds what is made for people with an open case.
func (e *Eligible) leadCare(list []Leader, room int, fits func(*veiviser.Item) bool) []Leader {
	care := e.c.set(isCare, "")
	if len(list) >= room || !care.meets(e.left) {
		return list
	}
	care.each(func(slot int32) bool {
		if e.left.has(slot) && e.may(slot) && e.fitting(slot, fits) {
			list = append(list, e.leading(slot))
		}
		return len(list) < room
	})
	return list
}

// leadFirst adds the first of the items that the standing names that may be shown, and takes the others out.
func (e *Eligible) leadFirst(list []Leader, room int, fits func(*veiviser.Item) bool) []Leader {
	shown := len(list) >= room
	for _, id := range e.first {
		slot, ok := e.c.Slot(id)
		switch {
		case !ok || !e.left.has(slot):
		case shown:
			e.outOne(standing, slot)
		case e.may(slot) && e.fitting(slot, fits):
			list = append(list, e.leading(slot))
			shown = true
		}
	}
	return list
}

// leading takes the item in a slot out of what is left, to go first.
func (e *Eligible) leading(slot int32) Leader {
	en := e.c.entries[slot]
	l := Leader{Listed: Listed{Slot: slot, Item: en.item, Representation: int(e.view.choice[en.shape]), Like: en.like}, Propensity: 1}
	l.Format = e.c.words.forms[en.shape][l.Representation].format
	e.left.drop(slot)
	e.led++
	return l
}

// PassOver counts everything that is left as not listed: there was no room for it.
func (e *Eligible) PassOver() {
	copy(e.tmp, e.left)
	e.out(notListed)
}

// served takes out what other placements show.
func (e *Eligible) served(taken []int32) {
	for _, slot := range taken {
		if int(slot) >= len(e.c.entries) || slot < 0 || !e.left.has(slot) {
			continue
		}
		if v := e.itemVerdict(slot); v != numReasons {
			e.outOne(v, slot)
		} else {
			e.outOne(elsewhere, slot)
		}
	}
}
