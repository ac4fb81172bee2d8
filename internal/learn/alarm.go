package learn

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/relation"
	"github.com/veiviser/veiviser/internal/surge"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// Whereabouts is where an event says that somebody is: its own attribute of that name, or what it says of the visitor; "" when it
// does not say.
func Whereabouts(name string, e *veiviser.Event) string {
	here := cmp.Or(strings.TrimSpace(e.Attributes[name]), strings.TrimSpace(e.Attributes[veiviser.AttributeVisitorPrefix+name]))
	if len(here) > veiviser.MaxRegionBytes {
		return ""
	}
	return here
}

// moved notes where she was last. What comes late does not overwrite.
func moved(name string, v *veiviser.Visitor, e *veiviser.Event) {
	if here := Whereabouts(name, e); here != "" && (v.Region == "" || !e.Time.Before(v.LastSeen)) {
		v.Region = here
	}
}

// regionOf is where somebody is as an event tells it, or else as is known of her.
func regionOf(name string, e *veiviser.Event, v *veiviser.Visitor) string {
	return cmp.Or(Whereabouts(name, e), v.Region, v.Attributes[name])
}

// watch counts an event that is watched for surges, at the time it was written: what comes in late comes in now. A subject that the
// shop has nothing about may be one person's own, and is not remembered: its event counts for what lies above it. Of regions and
// channels see [places].
func (s *state) watch(snap *plan.Snapshot, line *veiviser.OutboxEntry) {
	e := line.Entry.Event
	if e == nil {
		return
	}
	event := surge.Event{
		Topics: slices.DeleteFunc(subjects(e.Subject), func(t string) bool { return !snap.Topic(t) }), Segments: line.Entry.Before.Segments,
	}
	if s.Places.seen(surge.Region, e.Region, e.Whose, line.Written) {
		event.Region = e.Region
	}
	if snap.HasChannel(e.Channel) || s.Places.seen(surge.Channel, e.Channel, e.Whose, line.Written) {
		event.Channel = e.Channel
	}
	if e.Whose != 0 {
		event.Same = veiviser.HashID(strconv.FormatUint(e.Whose, 16) + "\x00" + e.Subject + "\x00" + e.ItemID)
	}
	for signal, types := range map[string][]string{
		surge.Complaints: snap.Crisis.Complaints, surge.Feedback: snap.Crisis.Feedback,
	} {
		if slices.Contains(types, e.Type) {
			event.Signal = signal
			s.Surge.Observe(line.Written, event)
		}
	}
}

// maxSubjects is how many subjects above one are watched.
const maxSubjects = 8

// subjects are a subject and those above it, the highest first.
func subjects(subject string) []string {
	var out []string
	for i := range len(subject) {
		if subject[i] == '/' && i > 0 && len(out) < maxSubjects-1 {
			out = append(out, subject[:i])
		}
	}
	if subject = strings.TrimSuffix(subject, "/"); subject != "" {
		out = append(out, subject)
	}
	return slices.Compact(out)
}

// alarm closes the buckets that are over. Everything written before now is counted by then.
func (l *Learner) alarm(ctx context.Context, snap *plan.Snapshot, now time.Time) error {
	c := &snap.Crisis
	was := l.state.Surge.List()
	if !l.state.Surge.Advance(now, surge.Config{
		Bucket: c.Bucket, Memory: c.Memory, FalseAlarms: c.FalseAlarms, LeastEvents: int64(c.LeastEvents),
	}) {
		return nil
	}
	if err := l.save(ctx); err != nil {
		return err
	}
	l.tell(ctx, was, l.state.Surge.List())
	return nil
}

// tell logs the alarms that were raised, and those that are over.
func (l *Learner) tell(ctx context.Context, was, is []veiviser.Alert) {
	for i := range is {
		a := &is[i]
		k := slices.IndexFunc(was, func(x veiviser.Alert) bool { return x.ID == a.ID })
		switch {
		case k < 0:
			l.slog.WarnContext(ctx, "a surge", "alert", a.ID, "signal", a.Signal, "dimension", a.Dimension, "value", a.Value,
				"events", a.Events, "usual", a.Usual)
		case was[k].Over.IsZero() && !a.Over.IsZero():
			l.slog.InfoContext(ctx, "a surge is over", "alert", a.ID, "events", a.Events, "usual", a.Usual)
		}
	}
}

// alerts are everything that needs the attention of people, open ones first, the newest first.
func (s *state) alerts() []veiviser.Alert {
	list := s.Surge.List()
	surge.Sort(list)
	return list
}

// AlertsAt are the alerts as of a moment: those that were counted, and complaints that wait for an answer longer than the response
// clock allows, which needs nothing but time.
func (s *Shown) AlertsAt(now time.Time) []veiviser.Alert {
	var overdue *veiviser.Alert
	if s.Relationships != nil {
		overdue = relation.OverdueAlert(&s.Relationships.Cases, now)
	}
	if overdue == nil {
		return s.Alerts
	}
	list := append(slices.Clone(s.Alerts), *overdue)
	surge.Sort(list)
	return list
}
