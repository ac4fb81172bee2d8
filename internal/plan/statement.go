package plan

import (
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/eligible"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// Statement finds the item that stands for what a switch keeps away: whether it may be shown although it is not about what was
// asked for. It looks at everything that [Catalog.Showable] does except stock, since nothing is sold with it, segments and the
// item's own rule, so that an item with the rule "false" is shown as a statement and nowhere else.
func (c *Catalog) Statement(id string, q *Query) (l Listed, ok bool) {
	slot, ok := c.Slot(id)
	if !ok || slices.Contains(q.Taken, slot) || slices.Contains(q.Excluded, id) ||
		len(q.Candidates) > 0 && !slices.Contains(q.Candidates, id) {
		return Listed{}, false
	}
	e := c.entries[slot]
	representation := int(c.viewOf(c.viewKey(q.Placement, q.Channel, q.Language)).choice[e.shape])
	if representation < 0 || !q.allowsAnybody(e.item) {
		return Listed{}, false
	}
	return Listed{Slot: slot, Item: e.item, Representation: representation, Format: e.item.Representations[representation].Format}, true
}

// Behind are the ids of what kept items away for a reason.
func (e *Eligible) Behind(r veiviser.ExclusionReason) []string { return e.about[reasonOf(r)] }

// Show takes an item that [Catalog.Statement] found out of what may be shown beside it, and out of what may not.
func (e *Eligible) Show(slot int32, q *Query) {
	if e.left.has(slot) {
		e.left.drop(slot)
	} else {
		r := e.whyOut(slot, q)
		e.counts[r]--
		if e.gone != nil && e.gone[r] != nil {
			e.gone[r].drop(slot)
		}
	}
	e.led++
}

// whyOut is the reason for which a statement is none of the items that may be shown: one of those that it is excused from, in the
// order in which they are looked at.
func (e *Eligible) whyOut(slot int32, q *Query) reason {
	it := e.c.entries[slot].item
	about := func(t string) bool {
		return veiviser.SubjectMatches(t, q.Subject) || veiviser.SubjectMatches(q.Subject, t)
	}
	switch {
	case !inStock(it):
		return stock
	case q.Subject != "" && q.Subject != "*" && len(it.Topics) > 0 && !slices.ContainsFunc(it.Topics, about):
		return subject
	case len(it.Journeys) > 0 && !slices.Contains(it.Journeys, q.Journey):
		return journey
	case q.Unsure && it.Duty == veiviser.DutyNone && q.Placement.unsureKinds&(1<<kindIndex(it.Kind)) == 0:
		return unsure
	case len(it.Segments) > 0 && !slices.ContainsFunc(it.Segments, func(s string) bool { return slices.Contains(q.Segments, s) }):
		return inSegment
	}
	e.facts.Item = it
	defer func() { e.facts.Item = nil }()
	if v := e.verdict(&e.c.words.compiled[e.c.entries[slot].rule]); v != numReasons {
		return v
	}
	return ruleFalse
}

// Silences says what a switch keeps away of what could be shown now to those it is about: the items, in the order of the
// catalogue, and the placements that could show something and can not any more, but for the statement.
func (s *Snapshot) Silences(w *veiviser.Switch, now time.Time) (items, empty []string) {
	bars := eligible.Silenced([]veiviser.Switch{*w}, eligible.Hearer{})
	left, had := map[string]bool{}, map[string]bool{}
	for _, e := range s.Catalog.entries {
		it := e.item
		if it.Status == veiviser.StatusDraft || !onDate(it, now) || !inStock(it) || it.Rule == "false" || it.ID == w.Statement {
			continue
		}
		gone := slices.ContainsFunc(bars, func(b veiviser.Bar) bool { return b.Keeps(it) })
		if gone {
			items = append(items, it.ID)
		}
		for id, p := range s.placements {
			if s.Catalog.couldShow(e, p) {
				had[id], left[id] = true, left[id] || !gone
			}
		}
	}
	for i := range s.Plan.Placements {
		if id := s.Plan.Placements[i].ID; had[id] && !left[id] {
			empty = append(empty, id)
		}
	}
	return items, empty
}

// couldShow reports whether a placement could show an item to somebody.
func (c *Catalog) couldShow(e *entry, p *Placement) bool {
	to := audiences(e.item)
	return p.kinds&(1<<kindIndex(e.item.Kind)) != 0 && c.viewOf(c.viewKey(p, "", "")).choice[e.shape] >= 0 &&
		(len(to) == 0 || slices.ContainsFunc(to, p.Addresses))
}
