package api

import (
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/veiviser/veiviser/internal/veiviser"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// habitsToProto tells what is summed up of what somebody did; nil of nobody.
func habitsToProto(v *veiviser.Visitor) *veiviserv1.Habits {
	if !v.HasProfile() {
		return nil
	}
	p := &v.Past
	out := &veiviserv1.Habits{
		Visits: p.Visits, Events: p.Events, ActiveEvents: p.Active, Events_15M: p.Lately[0], Events_3H: p.Lately[1], NewItems: p.NewItems,
		Gap: spanToProto(p.Gap), Latest: latestToProto(&v.Moment), CountedSegmentIds: v.Segments, CountedStage: string(v.Stage),
	}
	types := veiviser.StandardEventTypes()
	for i := range v.Counts {
		c := &v.Counts[i]
		out.Types = append(out.Types, &veiviserv1.TypeHabit{
			Type: c.Type, At: c.At, InVisitAt: c.InVisitAt, Pace: c.Pace, Visits: c.Visits, Ahead: c.Ahead, Lately_5M: c.Lately[0],
			Lately_15M: c.Lately[1], Delay: c.Delay,
		})
	}
	s := &v.Sequels
	for i := range veiviser.NumDeeds {
		if n, now := s.Events[i], s.Now[i]; n > 0 || now > 0 {
			h := typeHabit(out, types[i])
			h.Finished, h.Current = n, now
		}
		for k := range veiviser.NumDeeds {
			if n, now := s.Ahead[i][k], s.Open[i][k]; n > 0 || now > 0 {
				out.Sequels = append(out.Sequels, &veiviserv1.Sequel{Type: types[i], Then: types[k], Finished: n, Current: now})
			}
		}
	}
	for i := range v.Recent {
		r := &v.Recent[i]
		out.Items = append(out.Items, &veiviserv1.ItemHabit{
			ItemId: r.ItemID, Subject: r.Subject, FirstTime: timeToProto(r.First), InVisit: r.InVisit, Types: actsToProto(r.Acts),
		})
	}
	return out
}

// typeHabit is the entry of an event type, which may not be counted otherwise.
func typeHabit(h *veiviserv1.Habits, name string) *veiviserv1.TypeHabit {
	i := slices.IndexFunc(h.GetTypes(), func(t *veiviserv1.TypeHabit) bool { return t.GetType() == name })
	if i < 0 {
		i = len(h.GetTypes())
		h.Types = append(h.Types, &veiviserv1.TypeHabit{Type: name})
	}
	return h.GetTypes()[i]
}

func latestToProto(m *veiviser.Moment) *veiviserv1.LatestEvent {
	return &veiviserv1.LatestEvent{
		Type: m.Type, Before: m.Before, Subject: m.Subject, Pause: spanToProto(m.Pause), ItemEvents: m.ItemEvents, ItemInVisit: m.ItemInVisit,
		SubjectEvents: m.SubjectEvents, SubjectInVisit: m.SubjectInVisit, ItemTypes: actsToProto(m.ItemActs),
		SubjectTypes: actsToProto(m.SubjectActs), ItemAge: spanToProto(m.ItemAge), Run: m.Run, Items: m.Items, Subjects: m.Subjects,
	}
}

// actsToProto names the event types of a set.
func actsToProto(acts veiviser.Acts) []string {
	var names []string
	for _, t := range veiviser.StandardEventTypes() {
		if acts&veiviser.ActOf(t) != 0 {
			names = append(names, t)
		}
	}
	return names
}

// spanToProto is a span of time, unset for none.
func spanToProto(d time.Duration) *durationpb.Duration {
	if d == 0 {
		return nil
	}
	return durationpb.New(d)
}
