package replay

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/eventlog"
)

// Report is what came of a run. Lists are sorted, the most frequent first.
type Report struct {
	Files []string  `json:"files"`
	Log   LogReport `json:"log"`
	// Events counts what the service answered to the events of the log.
	Events EventReport `json:"events"`
	// Types has the same by type, beside the recount of the log.
	Types []TypeReport `json:"types"`
	// CountsEqual says that of every type as many events were settled as the log holds.
	CountsEqual bool `json:"counts_equal"`
	// Troubles are rejected events and failed calls, by cause.
	Troubles []Trouble `json:"troubles"`
	// Stages is where the needs of visitors stood, in each tenth of the log in order of time; Stages[i].Share is parallel
	// to StageNames.
	StageNames []string      `json:"stage_names"`
	Stages     []StageReport `json:"stages"`
	Served     ServedReport  `json:"served"`
	Speed      SpeedReport   `json:"speed"`
	// PlanVersions are the versions of the plan that answered.
	PlanVersions []string `json:"plan_versions"`
}

// LogReport is the recount of the log.
type LogReport struct {
	Events    int       `json:"events"`
	Malformed int       `json:"malformed"`
	Visitors  int       `json:"visitors"`
	First     time.Time `json:"first"`
	Last      time.Time `json:"last"`
	// Examples are malformed rows, as "file:line: why", at most 20.
	Examples []string `json:"malformed_examples"`
}

// EventReport counts results. Missing are events of the log that were never settled.
type EventReport struct {
	Accepted  int `json:"accepted"`
	Duplicate int `json:"duplicate"`
	Rejected  int `json:"rejected"`
	Missing   int `json:"missing"`
}

// TypeReport counts the events of one type.
type TypeReport struct {
	Type  string `json:"type"`
	InLog int    `json:"in_log"`
	EventReport
}

// Trouble is something that went wrong: an event that was rejected ("event") or a call that failed (its name), why, how
// often, and what one of them said. Calls that failed were tried again.
type Trouble struct {
	What    string `json:"what"`
	Name    string `json:"name"`
	Count   int    `json:"count"`
	Example string `json:"example"`
}

// StageReport is one tenth of the log, up to a time.
type StageReport struct {
	UpTo  time.Time `json:"up_to"`
	Needs int       `json:"needs"`
	Share []float64 `json:"share"`
}

// ServedReport is what was shown.
type ServedReport struct {
	Answers       int               `json:"answers"`
	Decisions     int               `json:"decisions"`
	Degraded      int               `json:"degraded"`
	SilenceShare  float64           `json:"silence_share"`
	FallbackShare float64           `json:"fallback_share"`
	Items         []Served          `json:"items"`
	Kinds         []Counted         `json:"kinds"`
	Silences      []Counted         `json:"silences"`
	Placements    []PlacementReport `json:"placements"`
}

// Served is how often one item was shown.
type Served struct {
	Item  string  `json:"item"`
	Kind  string  `json:"kind"`
	Title string  `json:"title"`
	Count int     `json:"count"`
	Share float64 `json:"share"`
}

// Counted is how often something happened.
type Counted struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
}

// PlacementReport is what was shown on one placement.
type PlacementReport struct {
	Placement string `json:"placement"`
	Decisions int    `json:"decisions"`
	Items     int    `json:"items"`
	Silent    int    `json:"silent"`
	Fallback  int    `json:"fallback"`
}

// SpeedReport is how fast it went. Recommendations count answers, each of which decides on every placement.
type SpeedReport struct {
	Seconds                  float64   `json:"seconds"`
	EventsPerSecond          float64   `json:"events_per_second"`
	RecommendationsPerSecond float64   `json:"recommendations_per_second"`
	Latency                  []Latency `json:"latency"`
}

// All reports whether every event of the log was settled in one way: "accepted" or "duplicate".
func (r *Report) All(how string) bool {
	n := r.Events.Accepted
	if how == "duplicate" {
		n = r.Events.Duplicate
	}
	return n == r.Log.Events
}

// InOrder reports whether every event was settled, none rejected, and every recommendation answered.
func (r *Report) InOrder() bool {
	for _, t := range r.Troubles {
		if t.What == "Recommend" {
			return false
		}
	}
	return r.CountsEqual && r.Events.Rejected == 0
}

// newReport is a report of a log that was recounted and not played.
func newReport(o Options, c eventlog.Count, examples []string) *Report {
	r := &Report{
		Files: o.Files, StageNames: stageNames(),
		Log: LogReport{Events: c.Rows, Malformed: c.Malformed, Visitors: c.Visitors, First: c.First, Last: c.Last, Examples: examples},
	}
	for t, n := range c.Types {
		r.Types = append(r.Types, TypeReport{Type: t, InLog: n})
	}
	for _, t := range append(c.Split(tenths), c.Last) {
		r.Stages = append(r.Stages, StageReport{UpTo: t, Share: make([]float64, len(r.StageNames))})
	}
	return r
}

// fill adds what was played.
func (r *Report) fill(tallies []*tally, took time.Duration, m *Meter) {
	t := newTally()
	for _, o := range tallies {
		t.merge(o)
	}
	r.countTypes(t)
	for _, v := range t.troubles {
		r.Troubles = append(r.Troubles, *v)
	}
	slices.SortFunc(r.Troubles, func(a, b Trouble) int {
		return cmp.Or(b.Count-a.Count, cmp.Compare(a.What+a.Name, b.What+b.Name))
	})
	for i := range r.Stages {
		r.Stages[i].Needs = t.needs[i]
		for k, name := range r.StageNames {
			r.Stages[i].Share[k] = ratio(t.stages[i][name], t.needs[i])
		}
	}
	r.countServed(t)
	r.PlanVersions = slices.Sorted(maps.Keys(t.plans))
	seconds := took.Seconds()
	settled := r.Events.Accepted + r.Events.Duplicate + r.Events.Rejected
	r.Speed = SpeedReport{
		Seconds: seconds, EventsPerSecond: float64(settled) / seconds, RecommendationsPerSecond: float64(t.answers) / seconds,
		Latency: []Latency{m.latency("RecordEvents")},
	}
	if l := m.latency("Recommend"); l.Calls > 0 {
		r.Speed.Latency = append(r.Speed.Latency, l)
	}
}

// countTypes lays what was settled beside the recount.
func (r *Report) countTypes(t *tally) {
	r.CountsEqual = true
	for i := range r.Types {
		c := &r.Types[i]
		if n := t.types[c.Type]; n != nil {
			c.Accepted, c.Duplicate, c.Rejected = n.accepted, n.duplicate, n.rejected
		}
		c.Missing = c.InLog - c.Accepted - c.Duplicate - c.Rejected
		r.CountsEqual = r.CountsEqual && c.Missing == 0
		r.Events.Accepted += c.Accepted
		r.Events.Duplicate += c.Duplicate
		r.Events.Rejected += c.Rejected
		r.Events.Missing += c.Missing
	}
	slices.SortFunc(r.Types, func(a, b TypeReport) int { return cmp.Or(b.InLog-a.InLog, cmp.Compare(a.Type, b.Type)) })
}

// countServed sums up what was shown.
func (r *Report) countServed(t *tally) {
	s := &r.Served
	s.Answers, s.Degraded = t.answers, t.degraded
	items, silent, fallback := 0, 0, 0
	for _, p := range t.placements {
		s.Placements = append(s.Placements, *p)
		s.Decisions += p.Decisions
		items += p.Items
		silent += p.Silent
		fallback += p.Fallback
	}
	s.SilenceShare, s.FallbackShare = ratio(silent, s.Decisions), ratio(fallback, s.Decisions)
	for _, v := range t.items {
		v.Share = ratio(v.Count, items)
		s.Items = append(s.Items, *v)
	}
	slices.SortFunc(s.Items, func(a, b Served) int { return cmp.Or(b.Count-a.Count, cmp.Compare(a.Item, b.Item)) })
	slices.SortFunc(s.Placements, func(a, b PlacementReport) int {
		return cmp.Or(b.Decisions-a.Decisions, cmp.Compare(a.Placement, b.Placement))
	})
	s.Kinds, s.Silences = counted(t.kinds), counted(t.silences)
}

// counted is a map as a list, the most frequent first.
func counted(m map[string]int) []Counted {
	out := make([]Counted, 0, len(m))
	for k, v := range m {
		out = append(out, Counted{k, v})
	}
	slices.SortFunc(out, func(a, b Counted) int { return cmp.Or(b.Count-a.Count, cmp.Compare(a.Name, b.Name)) })
	return out
}

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}
