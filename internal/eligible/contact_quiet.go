package eligible

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
	_ "time/tzdata" // quiet hours must not depend on what the machine has installed

	"github.com/veiviser/veiviser/internal/veiviser"
)

// quietRule is quiet hours at work: minutes of the day by the wall clock.
type quietRule struct {
	*veiviser.QuietHours
	from, to int
	days     [7]bool // by time.Weekday, those on which they begin
}

// Weekdays are the days by which quiet hours name them, Sunday first as in package time.
func Weekdays() [7]string { return [...]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} }

// TimeOfDay reads "21:00" as minutes after midnight.
func TimeOfDay(s string) (minutes int, ok bool) {
	if len(s) != 5 || s[2] != ':' {
		return 0, false
	}
	for _, i := range [...]int{0, 1, 3, 4} {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	h, m := int(s[0]-'0')*10+int(s[1]-'0'), int(s[3]-'0')*10+int(s[4]-'0')
	return h*60 + m, h < 24 && m < 60
}

// Zone finds a time zone by its IANA name. The zone of the machine is none.
func Zone(name string) (*time.Location, bool) {
	if name == "" || name == "Local" || len(name) > 64 {
		return nil, false
	}
	loc, err := time.LoadLocation(name)
	return loc, err == nil
}

// set reads the quiet hours and the zone of a policy.
func (c *quietClock) set(p *veiviser.ContactPolicy) {
	c.zones, c.absent, c.zone = &sync.Map{}, &atomic.Int32{}, time.UTC
	if loc, ok := Zone(p.TimeZone); ok {
		c.zone = loc
	}
	for i := range p.QuietHours {
		q := quietRule{QuietHours: &p.QuietHours[i]}
		var from, to bool
		q.from, from = TimeOfDay(q.From)
		q.to, to = TimeOfDay(q.To)
		if !from || !to {
			continue
		}
		for d, name := range Weekdays() {
			q.days[d] = len(q.Days) == 0 || slices.Contains(q.Days, name)
		}
		c.quiet = append(c.quiet, q)
	}
}

// in is the first zone among some names, or that of the plan when none is one.
func (c *quietClock) in(names []string) *time.Location {
	for _, name := range names {
		if loc := c.named(name); loc != nil {
			return loc
		}
	}
	return c.zone
}

// named is the zone of a name; nil when there is no such zone.
func (c *quietClock) named(name string) *time.Location {
	if name == "" {
		return nil
	}
	if known, ok := c.zones.Load(name); ok {
		if loc, ok := known.(*time.Location); ok {
			return loc
		}
	}
	loc, ok := Zone(name)
	if !ok && c.absent.Add(1) > cachedZones {
		return nil
	}
	c.zones.Store(name, loc)
	return loc
}

// Quiet is the bar of quiet hours on a placement, by the clock of the first of zones that is a time zone, the plan's when none is;
// false when none are now.
func (c *Contact) Quiet(p *veiviser.Placement, channel string, now time.Time, zones ...string) (veiviser.Bar, bool) {
	if len(c.quiet) == 0 || p.Staff {
		return veiviser.Bar{}, false
	}
	loc := c.in(zones)
	first := c.quietAt(p.ID, channel, now.In(loc))
	if first == nil {
		return veiviser.Bar{}, false
	}
	b := veiviser.Bar{Reason: veiviser.ExcludedQuiet, About: first.ID, Passes: veiviser.DutyTransactional}
	q, at := first, now
	for range 2 * 7 * len(c.quiet) { // hours may follow hours; after a week of them nobody knows
		at = q.end(at.In(loc))
		if q = c.quietAt(p.ID, channel, at.In(loc)); q == nil {
			b.Until = at.In(time.UTC)
			return b, true
		}
	}
	return b, true
}

// quietAt is the first quiet hours that hold; nil for none.
func (c *Contact) quietAt(placement, channel string, local time.Time) *quietRule {
	for i := range c.quiet {
		q := &c.quiet[i]
		if (len(q.Channels) == 0 || slices.Contains(q.Channels, channel)) &&
			(len(q.Placements) == 0 || slices.Contains(q.Placements, placement)) && q.holds(local) {
			return q
		}
	}
	return nil
}

// holds reports whether it is quiet by a wall clock. Hours past midnight belong to the day on which they begin.
func (q *quietRule) holds(local time.Time) bool {
	m, day := local.Hour()*60+local.Minute(), local.Weekday()
	if q.from < q.to {
		return q.days[day] && q.from <= m && m < q.to
	}
	return q.days[day] && m >= q.from || q.days[(day+6)%7] && m < q.to
}

// end is the first moment after local, at which the hours hold, when they do not: when the clock shows the end, or has jumped over
// it.
func (q *quietRule) end(local time.Time) time.Time {
	day := local.Day()
	if q.from >= q.to && local.Hour()*60+local.Minute() >= q.to {
		day++
	}
	at := time.Date(local.Year(), local.Month(), day, q.to/60, q.to%60, 0, 0, local.Location())
	if _, change := local.ZoneBounds(); at.After(local) && (change.IsZero() || change.After(at.Add(4*time.Hour))) {
		return at
	}
	// The clock changes until then: look at it minute by minute.
	for step := local.Truncate(time.Minute); step.Before(local.Add(26 * time.Hour)); step = step.Add(time.Minute) {
		if step.After(local) && !q.holds(step) {
			return step
		}
	}
	return at
}
