package plan

import (
	"slices"
	"strings"

	"github.com/veiviser/veiviser/internal/eligible"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// reason is the position of an exclusion reason in [reasons].
type reason int

// The reasons a catalogue knows, in the order in which they are looked at.
const (
	notCandidate reason = iota
	byRequest
	draft
	kind
	format
	dates
	stock
	audience
	subject
	journey
	unsure
	// What bars say, see veiviser.Bar.
	paused
	mutedChannel
	noConsent
	quiet
	budget
	muted
	justLooking
	decided
	openCase
	waiting
	noSell
	switchedOff
	capped
	contradicts
	standingUnknown
	memoryFull
	standing
	inSegment
	ruleFalse
	ruleFailed
	elsewhere
	notListed
	numReasons

	firstBar = paused
	lastBar  = standing
)

// reasons names them.
func (r reason) name() veiviser.ExclusionReason {
	return [numReasons]veiviser.ExclusionReason{
		veiviser.ExcludedNotCandidate, veiviser.ExcludedByRequest, veiviser.ExcludedDraft, veiviser.ExcludedKind,
		veiviser.ExcludedFormat, veiviser.ExcludedDates, veiviser.ExcludedStock, veiviser.ExcludedAudience,
		veiviser.ExcludedSubject, veiviser.ExcludedJourney, veiviser.ExcludedUnsure,
		veiviser.ExcludedPaused, veiviser.ExcludedChannel, veiviser.ExcludedConsent, veiviser.ExcludedQuiet, veiviser.ExcludedBudget,
		veiviser.ExcludedMuted, veiviser.ExcludedJustLooking, veiviser.ExcludedDecided, veiviser.ExcludedCase, veiviser.ExcludedWaiting,
		veiviser.ExcludedNoSell, veiviser.ExcludedSwitch, veiviser.ExcludedCapped, veiviser.ExcludedContradicts, veiviser.ExcludedUnknown,
		veiviser.ExcludedMemory, veiviser.ExcludedStanding, veiviser.ExcludedSegment,
		veiviser.ExcludedRule, veiviser.ExcludedRuleFailed, veiviser.ExcludedElsewhere, veiviser.ExcludedBelowShort,
	}[r]
}

// Eligible is the items that may be shown, and why the others may not. It belongs to one goroutine, and must be given
// back with Release when it is not needed any more.
type Eligible struct {
	c      *Catalog
	view   *view
	facts  eligible.Facts
	left   bitmap // the slots that may be shown
	tmp    bitmap // at work: slots about to be taken out
	counts [numReasons]int32
	gone   []bitmap // by reason, when names are asked for
	// about is what is behind bars, by reason.
	about [numReasons][]string
	// union is at work: slots of one set or another. led is how many items were taken out to go first.
	union bitmap
	led   int
	// first are the items of which one goes before what is ranked.
	first []string
	short []Listed
	spare []Listed // at work: the list in another order
	keys  []keyed
	heap  []uint64
	// said is what the learned model said of the items scored, where it said anything; before is what it is to have said.
	said, before []veiviser.Scored
	again        bool
	// visited says that said or before is every item looked at, in order.
	visited bool
	// order is that by which the list is cut.
	order *order
	// evaluated counts the rules evaluated for single items.
	evaluated int
}

// Eligible finds the items that may be shown. Rules that look at the item are left for [Catalog.Shortlist]; until then
// their items count as eligible.
func (c *Catalog) Eligible(q *Query) *Eligible {
	e := c.take(q.Explain)
	e.facts, e.first = q.facts(), q.Standing.First
	e.order, e.before, e.again, e.visited = c.order, q.Said, q.Said != nil, false
	if e.again {
		e.order, e.visited = c.prior, q.Visited
	}
	key := funnelKey{
		view: c.viewKey(q.Placement, q.Channel, q.Language), audience: q.audience(), subject: q.Subject,
		journey: q.Journey, unsure: q.Unsure,
	}
	e.view = c.viewOf(key.view)
	switch {
	case len(c.entries) == 0:
		return e
	case q.Explain || len(q.Candidates) > 0 || len(q.Excluded) > 0:
		e.asked(q)
		e.narrow(q, &key)
	default:
		e.usual(q, &key)
	}
	e.barred(q)
	if len(q.Segments) > 0 || c.has(ofSegment) {
		e.segments(q.Segments)
	}
	e.rules()
	e.served(q.Taken)
	return e
}

// usual narrows by what is the same for many requests, or recalls how it came out last.
func (e *Eligible) usual(q *Query, key *funnelKey) {
	if f := e.c.funnelFor(key, q.Now); f != nil {
		copy(e.left, f.left)
		e.counts = f.counts
		return
	}
	e.left.fill(len(e.c.entries))
	at := e.narrow(q, key)
	e.c.keep(key, &funnel{at: at, left: slices.Clone(e.left), counts: e.counts})
}

// facts are what rules see, without an item.
func (q *Query) facts() eligible.Facts {
	if q.Facts == nil {
		return eligible.Facts{Now: q.Now}
	}
	f := *q.Facts
	f.Item = nil
	return f
}

// take gets room for an answer.
func (c *Catalog) take(explain bool) *Eligible {
	e, ok := c.scratch.Get().(*Eligible)
	if !ok {
		size := words(len(c.entries))
		room := make(bitmap, 2*size)
		e = &Eligible{c: c, left: room[:size:size], tmp: room[size:]}
	}
	e.counts, e.gone, e.evaluated, e.short = [numReasons]int32{}, nil, 0, e.short[:0]
	e.about, e.led = [numReasons][]string{}, 0
	e.said = e.said[:0]
	if explain {
		e.gone = make([]bitmap, numReasons)
	}
	return e
}

// Release gives the room back. Neither e nor a short list made from it may be used afterwards.
func (e *Eligible) Release() {
	e.facts, e.view, e.gone, e.before, e.first = eligible.Facts{}, nil, nil, nil, nil
	e.c.scratch.Put(e)
}

// Count is how many items may be shown beside those that lead: once a short list is made, how many are on it.
func (e *Eligible) Count() int {
	n := len(e.c.entries) - e.led
	for _, out := range e.counts {
		n -= int(out)
	}
	return n
}

// Has reports whether the item in a slot may be shown.
func (e *Eligible) Has(slot int32) bool { return e.left.has(slot) }

// Exclusions says how many items are out for each reason, in the order in which reasons are looked at; together with
// Count they are all items. Items are named when the query asked for it, at most [veiviser.MaxExclusionItems] for each.
func (e *Eligible) Exclusions() []veiviser.Exclusion {
	var list []veiviser.Exclusion
	for r, n := range e.counts {
		if n == 0 {
			continue
		}
		ex := veiviser.Exclusion{Reason: reason(r).name(), Count: int(n), About: e.about[r]}
		if e.gone != nil {
			ex.Items = e.names(e.gone[r], int(n))
		}
		if list == nil {
			list = make([]veiviser.Exclusion, 0, 8)
		}
		list = append(list, ex)
	}
	return list
}

func (e *Eligible) names(of bitmap, n int) []string {
	names := make([]string, 0, min(n, veiviser.MaxExclusionItems))
	for slot := range of.slots {
		if len(names) == cap(names) {
			break
		}
		names = append(names, e.c.entries[slot].item.ID)
	}
	return names
}

// out takes the slots in tmp out of what is left, for a reason. They must be in it.
func (e *Eligible) out(r reason) {
	n := e.tmp.count()
	if n == 0 {
		return
	}
	e.counts[r] += int32(n)
	e.left.without(e.tmp)
	if e.gone != nil {
		if e.gone[r] == nil {
			e.gone[r] = make(bitmap, len(e.left))
		}
		for i, w := range e.tmp {
			e.gone[r][i] |= w
		}
	}
}

// outOne takes one slot out.
func (e *Eligible) outOne(r reason, slot int32) {
	e.counts[r]++
	e.left.drop(slot)
	if e.gone != nil {
		if e.gone[r] == nil {
			e.gone[r] = make(bitmap, len(e.left))
		}
		e.gone[r].add(slot)
	}
}

// drop takes the slots of s out.
func (e *Eligible) drop(r reason, s *set) {
	if s.meet(e.tmp, e.left) {
		e.out(r)
	}
}

// asked looks at the items that the request names.
func (e *Eligible) asked(q *Query) {
	e.left.fill(len(e.c.entries))
	if len(q.Candidates) > 0 {
		copy(e.tmp, e.left)
		for _, id := range q.Candidates {
			if slot, ok := e.c.Slot(id); ok {
				e.tmp.drop(slot)
			}
		}
		e.out(notCandidate)
	}
	for _, id := range q.Excluded {
		if slot, ok := e.c.Slot(id); ok && e.left.has(slot) {
			e.outOne(byRequest, slot)
		}
	}
}

// narrow looks at everything that is the same for many requests, and says until when the result holds.
func (e *Eligible) narrow(q *Query, key *funnelKey) *window {
	c := e.c
	e.drop(draft, c.set(isDraft, ""))
	e.kinds(kind, q.Placement.kinds)
	copy(e.tmp, e.left)
	e.tmp.without(e.view.fits)
	e.out(format)
	at := c.outside(q.Now)
	e.drop(dates, &at.out)
	e.drop(stock, c.set(isSoldOut, ""))
	e.restrict(audience, ofAudience, c.set(hasAudience, key.audience))
	if key.subject != "" && key.subject != "*" {
		e.subject(key.subject)
	}
	e.restrict(journey, ofJourney, c.namedSet(hasJourney, key.journey))
	if key.unsure {
		e.unsure(q.Placement.unsureKinds)
	}
	return at
}

// namedSet is the set of a feature; empty when there is no name.
func (c *Catalog) namedSet(class featureClass, name string) *set {
	if name == "" {
		return &set{}
	}
	return c.set(class, name)
}

// has reports whether some item has a feature without a name.
func (c *Catalog) has(class featureClass) bool {
	s := c.set(class, "")
	return s.dense != nil || s.sparse != nil
}

// kinds takes out the kinds that are not in allowed.
func (e *Eligible) kinds(r reason, allowed kindMask) {
	for i := range len(kinds()) + 1 {
		if allowed&(1<<i) == 0 {
			e.drop(r, e.c.set(isKind, string(rune('0'+i))))
		}
	}
}

// unsure takes out the kinds that are kept back while her stage is not known, save what must reach her whatever it is.
func (e *Eligible) unsure(allowed kindMask) {
	for i := range len(kinds()) + 1 {
		if allowed&(1<<i) == 0 && e.c.set(isKind, string(rune('0'+i))).meet(e.tmp, e.left) {
			e.c.set(hasDuty, string(veiviser.DutyMandatory)).takeFrom(e.tmp)
			e.c.set(hasDuty, string(veiviser.DutyTransactional)).takeFrom(e.tmp)
			e.out(unsure)
		}
	}
}

// restrict takes out the items that are restricted in a respect, save those in allowed.
func (e *Eligible) restrict(r reason, of featureClass, allowed *set) {
	if e.c.set(of, "").meet(e.tmp, e.left) {
		allowed.takeFrom(e.tmp)
		e.out(r)
	}
}

// subject takes out the items that are about something else: no topic covers s, and s covers no topic.
func (e *Eligible) subject(s string) {
	if !e.c.set(ofTopic, "").meet(e.tmp, e.left) {
		return
	}
	for p := range prefixes(s) {
		e.c.set(hasTopic, p).takeFrom(e.tmp)
	}
	e.c.set(belowTopic, strings.TrimSuffix(s, "/*")).takeFrom(e.tmp)
	e.out(subject)
}

// segments takes out the items for segments she is not in.
func (e *Eligible) segments(in []string) {
	if !e.c.set(ofSegment, "").meet(e.tmp, e.left) {
		return
	}
	for _, s := range in {
		e.c.set(hasSegment, s).takeFrom(e.tmp)
	}
	e.out(inSegment)
}

// rules evaluates every rule that does not look at the item once, if some item with it is left.
func (e *Eligible) rules() {
	for _, i := range e.c.plain {
		r := &e.c.words.compiled[i]
		s := &e.c.sets[r.feature]
		if !s.meets(e.left) {
			continue
		}
		if verdict := e.verdict(r); verdict != numReasons && s.meet(e.tmp, e.left) {
			e.out(verdict)
		}
	}
}

// verdict evaluates a rule on the facts as they are: numReasons when it holds.
func (e *Eligible) verdict(r *itemRule) reason {
	if r.rule == nil {
		return ruleFailed
	}
	switch ok, err := r.rule.Eval(&e.facts); {
	case err != nil:
		return ruleFailed
	case !ok:
		return ruleFalse
	default:
		return numReasons
	}
}

// itemVerdict evaluates the rule of the item in a slot if it looks at the item: numReasons when it holds, or has been
// evaluated for all its items before.
func (e *Eligible) itemVerdict(slot int32) reason {
	en := e.c.entries[slot]
	if en.rule < 0 {
		return numReasons
	}
	r := &e.c.words.compiled[en.rule]
	if !r.looksAtItem() {
		return numReasons
	}
	e.evaluated++
	e.facts.Item = en.item
	v := e.verdict(r)
	e.facts.Item = nil
	return v
}
