package plan

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/veiviser/veiviser/internal/eligible"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// where checks in which channels and on which placements a cap or quiet hours hold, and gives the placements; none when something is
// wrong. Placements for staff are never among them: what is shown there is no contact with the visitor.
func (c *checker) where(at string, channels, placements []string) []*veiviser.Placement {
	n := len(c.violations)
	c.atMost(at+".channels", len(channels), maxCapChannels, "channels")
	c.names(at+".channels", "channel", channels, veiviser.MaxNameBytes)
	c.known(at+".channels", "channel", channels, &c.channels)
	c.notStaff(at+".channels", channels)
	c.atMost(at+".placements", len(placements), maxCapPlacements, "placements")
	c.names(at+".placements", "placement", placements, veiviser.MaxNameBytes)
	c.known(at+".placements", "placement", placements, &c.placements)
	for i, id := range placements[:min(len(placements), maxLooked)] {
		if k, ok := c.placements.index[id]; ok && c.plan.Placements[k].Staff {
			c.fail(fmt.Sprintf("%s.placements[%d]", at, i), "%q is for staff, and what is shown there is no contact with the visitor: it never holds there", id)
		}
	}
	if len(c.violations) > n {
		return nil
	}
	places := c.reached(channels, placements)
	if len(places) == 0 && len(channels) > 0 && len(placements) > 0 {
		c.fail(at+".placements", "no placement of these is in channel %s, so that it never holds", strings.Join(channels, " or "))
	}
	return places
}

// notStaff refuses channels in which all placements are for staff.
func (c *checker) notStaff(at string, channels []string) {
	for i, name := range channels[:min(len(channels), maxLooked)] {
		if here := c.reached([]string{name}, nil); len(here) == 0 && c.channels.has(name) {
			c.fail(fmt.Sprintf("%s[%d]", at, i), "only placements for staff are in channel %q, and what is shown there is no contact with the visitor: "+
				"it never holds there", name)
		}
	}
}

// reached are the placements, but for those of staff, in one of some channels and among some placements; of either none is all. A
// channel that only representations have reaches all: a request may name it.
func (c *checker) reached(channels, placements []string) []*veiviser.Placement {
	all := len(channels) == 0
	for _, name := range channels {
		all = all || !slices.ContainsFunc(c.plan.Placements, func(p veiviser.Placement) bool { return p.Channel == name })
	}
	var list []*veiviser.Placement
	for i := range c.plan.Placements {
		p := &c.plan.Placements[i]
		if !p.Staff && (all || slices.Contains(channels, p.Channel)) && (len(placements) == 0 || slices.Contains(placements, p.ID)) {
			list = append(list, p)
		}
	}
	return list
}

// counts checks that what a cap names could be counted by it.
func (c *checker) counts(at string, x *veiviser.Cap, places []*veiviser.Placement) {
	shown := func(k veiviser.ItemKind) bool {
		return slices.ContainsFunc(places, func(p *veiviser.Placement) bool {
			return (len(p.Kinds) == 0 || slices.Contains(p.Kinds, k)) && (k != veiviser.KindOffer || (&Placement{Placement: p}).Sells())
		})
	}
	for i, k := range x.Kinds[:min(len(x.Kinds), maxLooked)] {
		if slices.Contains(kinds(), k) && !shown(k) {
			c.fail(fmt.Sprintf("%s.kinds[%d]", at, i), "no placement that this cap looks at shows anything of kind %q", k)
		}
	}
	for i, id := range x.Items[:min(len(x.Items), maxLooked)] {
		k, ok := c.items.index[id]
		if !ok {
			continue
		}
		it, field := &c.plan.Items[k], fmt.Sprintf("%s.item_ids[%d]", at, i)
		switch about := func(t string) bool { return veiviser.AnySubjectMatches(x.Topics, t) }; {
		case it.Duty != veiviser.DutyNone:
			c.fail(field, "the item %q is %s: it must reach people, and no cap counts it", id, it.Duty)
		case len(x.Kinds) > 0 && !slices.Contains(x.Kinds, it.Kind):
			c.fail(field, "the item %q is of kind %q, which this cap does not count", id, it.Kind)
		case len(x.Topics) > 0 && !slices.ContainsFunc(it.Topics, about):
			c.fail(field, "the item %q is about none of the topics of this cap", id)
		case !shown(it.Kind):
			c.fail(field, "no placement that this cap looks at shows anything of kind %q, which the item %q is of", it.Kind, id)
		}
	}
}

// silent finds placements to which quiet hours leave no minute of the week. What two of them leave together counts.
func (c *checker) silent(list []veiviser.QuietHours) {
	quiet := make([]week, len(c.plan.Placements))
	for i := range list[:min(len(list), maxQuietHours)] {
		q := &list[i]
		hours, ok := weekOf(q)
		if !ok {
			continue
		}
		var never []string
		for k := range c.plan.Placements {
			p := &c.plan.Placements[k]
			here := len(q.Channels) == 0 || slices.Contains(q.Channels, p.Channel)
			if p.Staff || !here || len(q.Placements) > 0 && !slices.Contains(q.Placements, p.ID) || quiet[k].full() {
				continue
			}
			if quiet[k].add(&hours); quiet[k].full() {
				never = append(never, p.ID)
			}
		}
		if len(never) > 0 {
			c.fail(fmt.Sprintf("contact.quiet_hours[%d]", i), "no minute of the week is left in which anything could be shown on %s",
				strings.Join(never[:min(len(never), 12)], ", "))
		}
	}
}

const (
	minutesOfDay  = 24 * 60
	minutesOfWeek = 7 * minutesOfDay
)

// week is a set of minutes of the week, from Sunday on.
type week [(minutesOfWeek + 63) / 64]uint64

// weekOf is when quiet hours hold; false when that cannot be read.
func weekOf(q *veiviser.QuietHours) (w week, ok bool) {
	from, okFrom := eligible.TimeOfDay(q.From)
	to, okTo := eligible.TimeOfDay(q.To)
	if !okFrom || !okTo {
		return w, false
	}
	if to <= from {
		to += minutesOfDay
	}
	for d, name := range eligible.Weekdays() {
		if len(q.Days) > 0 && !slices.Contains(q.Days, name) {
			continue
		}
		for m := d*minutesOfDay + from; m < d*minutesOfDay+to; m++ {
			at := m % minutesOfWeek
			w[at/64] |= 1 << (at % 64)
		}
	}
	return w, true
}

func (w *week) add(o *week) {
	for i := range w {
		w[i] |= o[i]
	}
}

// full reports whether every minute is in w.
func (w *week) full() bool {
	n := 0
	for _, x := range w {
		n += bits.OnesCount64(x)
	}
	return n == minutesOfWeek
}
