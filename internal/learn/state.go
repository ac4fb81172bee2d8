package learn

import (
	"context"
	"encoding/json"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/veiviser/veiviser/internal/rank"
	"github.com/veiviser/veiviser/internal/relation"
	"github.com/veiviser/veiviser/internal/surge"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// state is what a snapshot holds: what was learned, and the positions up to which the log is taken in. All of it is
// written together, so that a line is taken in exactly once whatever dies in between.
type state struct {
	// Positions are in the outboxes, Decisions in the decisions as they are made.
	Positions map[int]string `json:"positions"`
	Decisions map[int]string `json:"decisions"`
	// Tails are in the decisions whose window is over, by window; Trimmed is what of them is gone.
	Tails    map[string]map[int]string `json:"tails"`
	Trimmed  map[int]string            `json:"trimmed"`
	Profiles Profiles                  `json:"profiles"`
	Ledger   *Ledger                   `json:"ledger"`
	// Relations are what the steps of the log come to.
	Relations *Relations `json:"relations"`
	// Promised are those who wait for an order.
	Promised promised `json:"promised,omitempty"`
	// Response is that of the ledger.
	Response []byte `json:"response"`
	// Surge watches for surges of complaints.
	Surge *surge.Watch `json:"surge"`
	// Places are the regions and channels that it watches.
	Places *places `json:"places"`
}

func newState() state {
	return state{
		Positions: map[int]string{}, Decisions: map[int]string{}, Tails: map[string]map[int]string{}, Trimmed: map[int]string{},
		Profiles: Profiles{}, Ledger: NewLedger(), Relations: newRelations(), Surge: surge.New(), Places: newPlaces(),
		Promised: promised{},
	}
}

func (s *state) encode() ([]byte, error) {
	s.Response = s.Ledger.Response.AppendTo(nil)
	b, err := json.Marshal(s)
	s.Response = nil
	if err != nil {
		return nil, veiviser.Failed(veiviser.KindInternal, veiviser.ReasonInternal, err, "the learner's state can not be written")
	}
	return b, nil
}

// decodeState reads a state. What an earlier release did not write begins empty.
func decodeState(b []byte) (state, error) {
	s := newState()
	if err := json.Unmarshal(b, &s); err != nil {
		return s, err
	}
	if s.Ledger == nil {
		s.Ledger = NewLedger()
	}
	if s.Relations == nil {
		s.Relations = newRelations()
	}
	if s.Promised == nil {
		s.Promised = promised{}
	}
	if s.Surge == nil {
		s.Surge = surge.New()
	}
	if s.Places == nil {
		s.Places = newPlaces()
	}
	if len(s.Response) > 0 {
		x, err := rank.ReadExperience(s.Response)
		if err != nil {
			return s, err
		}
		s.Ledger.Response, s.Response = x, nil
	}
	return s, nil
}

// positionBefore reports whether position a of a partition comes before b. Positions are "milliseconds-number".
func positionBefore(a, b string) bool {
	am, an := position(a)
	bm, bn := position(b)
	return am < bm || am == bm && an < bn
}

func position(s string) (ms, n uint64) {
	before, after, _ := strings.Cut(s, "-")
	ms, _ = strconv.ParseUint(before, 10, 64) // what is no number comes first
	n, _ = strconv.ParseUint(after, 10, 64)
	return ms, n
}

// Shown is what was learned as of at most a second or two ago. It never changes.
type Shown struct {
	Profiles []veiviser.SegmentProfile
	// Response is what was learned of usefulness.
	Response *rank.Learned
	// Noise is the variance of a reward around what is expected, Rows how many choices were taken in, Weights how many weights
	// something is known about.
	Noise   float64
	Rows    uint64
	Weights int
	// MeanReward is the mean reward of a choice whose windows are over.
	MeanReward float64
	Outcomes   map[string]OutcomeCount
	Explored   map[string]ExplorationCount
	Slots      map[string][]SlotExamination
	Moves      map[string]map[string]Moves
	Lifts      map[string]Lift
	// Relationships is what came of complaints, orders and the loyalty ladder.
	Relationships *Relationships
	// Alerts are what needs the attention of people: open ones first, the newest first.
	Alerts  []veiviser.Alert
	Updated time.Time
}

// SlotExamination is how much a slot is seen relative to the first, and on how many settled outcomes that rests.
type SlotExamination struct {
	Examination  float64
	Observations int64
}

// show lets readers see what is learned, as of a moment.
func (l *Learner) show(now time.Time) {
	g := l.state.Ledger
	s := &Shown{
		Profiles: l.state.Profiles.Clone(), Response: g.Response.Learned(), Noise: g.Response.Noise(), Rows: g.Response.Rows(),
		Weights: g.Response.Weights(), Outcomes: map[string]OutcomeCount{}, Explored: map[string]ExplorationCount{},
		Slots: map[string][]SlotExamination{}, Moves: map[string]map[string]Moves{}, Lifts: map[string]Lift{},
		Alerts: l.state.alerts(), Updated: g.Response.Now(), Relationships: l.state.Relations.shown(now),
	}
	for _, c := range g.Kinds {
		s.MeanReward += c.mean()
	}
	for kind, c := range g.Counts {
		s.Outcomes[kind] = *c
	}
	for place, c := range g.Explored {
		s.Explored[place] = ExplorationCount{c.Decisions, maps.Clone(c.States)}
	}
	for place, slots := range g.Slots {
		for i := range slots {
			s.Slots[place] = append(s.Slots[place], SlotExamination{g.examination(place, i), slots[i].N})
		}
	}
	for item, bySegment := range g.Moves {
		s.Moves[item] = make(map[string]Moves, len(bySegment))
		for segment, m := range bySegment {
			c := *m
			c.Counts = maps.Clone(m.Counts)
			s.Moves[item][segment] = c
		}
	}
	for place, x := range g.Lifts {
		s.Lifts[place] = *x
	}
	l.shown.Store(s)
}

// Shown is what was learned; nil before anything was looked at. It never waits for the store.
func (l *Learner) Shown() *Shown { return l.shown.Load() }

// Profiles gives the profile of every segment that was counted, in no order, as of at most a second or two ago. The
// caller must not change what it gets. It never waits for the store.
func (l *Learner) Profiles(context.Context) ([]veiviser.SegmentProfile, error) {
	if s := l.shown.Load(); s != nil {
		return s.Profiles, nil
	}
	return nil, nil
}

// Customers is what was observed of first-time customers; nil before anything was.
func (l *Learner) Customers() relation.Book {
	if s := l.shown.Load(); s != nil {
		return s.Relationships.Book
	}
	return nil
}

// Response is what was learned of usefulness; nil before anything was.
func (l *Learner) Response() *rank.Learned {
	if s := l.shown.Load(); s != nil {
		return s.Response
	}
	return nil
}
