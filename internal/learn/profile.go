package learn

import (
	"maps"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Profiles counts the log into segment profiles, by segment id. The zero value is not ready; use NewProfiles.
type Profiles map[string]*veiviser.SegmentProfile

// maxTracked bounds how many items one profile counts apart.
const maxTracked = 10_000

// Fold counts one line of the log. The order of lines of different visitors does not matter.
func (p Profiles) Fold(e *veiviser.LogEntry) {
	if e.Before.Known {
		p.move(e.Before, -1, e.Time)
	}
	if e.After.Known {
		p.move(e.After, +1, e.Time)
	}
	for _, id := range e.After.Segments {
		s := p.at(id, e.Time)
		if e.Event != nil && !e.Event.Again {
			event(s, e.Event)
		}
		if e.Served != nil && !e.Served.Staff {
			served(s, e.Served)
		}
	}
}

// move counts a visitor into, or out of, the segments and the stage of a membership.
func (p Profiles) move(m veiviser.Membership, by int64, at time.Time) {
	for _, id := range m.Segments {
		s := p.at(id, at)
		s.Size += by
		if s.Stages[m.Stage] += by; s.Stages[m.Stage] == 0 {
			delete(s.Stages, m.Stage)
		}
	}
}

// at is the profile of a segment, made on first use.
func (p Profiles) at(id string, at time.Time) *veiviser.SegmentProfile {
	s, ok := p[id]
	if !ok {
		s = &veiviser.SegmentProfile{
			SegmentID: id, Stages: map[veiviser.StandardStage]int64{}, Events: map[string]int64{},
			Items: map[string]veiviser.Response{}, Kinds: map[string]veiviser.Response{},
			Formats: map[string]veiviser.Response{}, Channels: map[string]veiviser.Response{},
		}
		p[id] = s
	}
	if at.After(s.Updated) {
		s.Updated = at
	}
	return s
}

func event(s *veiviser.SegmentProfile, e *veiviser.LoggedEvent) {
	s.Events[e.Type]++
	if e.Type == veiviser.EventPurchase {
		s.Value += e.Value
	}
	if e.DecisionID == "" {
		return
	}
	add := func(r *veiviser.Response) {
		if r.Outcomes == nil {
			r.Outcomes = map[string]int64{}
		}
		r.Outcomes[e.Type]++
		r.Value += e.Value
	}
	track(s.Items, e.ItemID, add)
	track(s.Kinds, string(e.Kind), add)
	track(s.Formats, e.Format, add)
	track(s.Channels, e.Channel, add)
}

func served(s *veiviser.SegmentProfile, d *veiviser.LoggedDecision) {
	s.Decisions++
	if d.Silent {
		s.Silent++
		return
	}
	add := func(r *veiviser.Response) { r.Served++ }
	for _, c := range d.Choices {
		track(s.Items, c.ItemID, add)
		track(s.Kinds, string(c.Kind), add)
		track(s.Formats, c.Format, add)
		track(s.Channels, d.Channel, add)
	}
}

// track changes the response of a key; keys beyond maxTracked are not counted apart.
func track(m map[string]veiviser.Response, key string, change func(*veiviser.Response)) {
	r, ok := m[key]
	if key == "" || !ok && len(m) >= maxTracked {
		return
	}
	change(&r)
	m[key] = r
}

// Clone returns copies that share nothing with p.
func (p Profiles) Clone() []veiviser.SegmentProfile {
	out := make([]veiviser.SegmentProfile, 0, len(p))
	for _, s := range p {
		c := *s
		c.Stages, c.Events = maps.Clone(s.Stages), maps.Clone(s.Events)
		c.Items, c.Kinds = responses(s.Items), responses(s.Kinds)
		c.Formats, c.Channels = responses(s.Formats), responses(s.Channels)
		out = append(out, c)
	}
	return out
}

func responses(m map[string]veiviser.Response) map[string]veiviser.Response {
	c := maps.Clone(m)
	for k, r := range c {
		r.Outcomes = maps.Clone(r.Outcomes)
		c[k] = r
	}
	return c
}
