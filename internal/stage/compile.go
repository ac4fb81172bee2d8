package stage

import (
	"fmt"
	"math"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Set is the compiled journeys of one plan version. It never changes and is safe for concurrent use.
type Set struct {
	journeys []*journey // in the order of the plan
	byID     map[string]*journey
	visitGap time.Duration
}

// journey is a journey with everything a step of the filter needs, laid out densely.
type journey struct {
	id          string
	version     uint32
	audience    string
	group       bool // its needs are those of accounts
	subjects    []string
	startsOn    []match
	stages      []string                 // ids; shared with every need that is folded, so nobody may write to it
	standard    []int8                   // index of the standard stage, -1 for none
	standards   []veiviser.StandardStage // shared like stages
	names       []veiviser.Text
	prior       []float64 // sums to 1
	rest        []float64 // sums to 1
	moves       []float64 // n×n, row by row, each row sums to 1
	static      bool      // moves is the identity
	halfLife    float64   // nanoseconds
	unsureBelow float64
	mappings    []veiviser.StageMapping
	signals     []signal
	byType      map[string][]int32 // the signals an event of this type can show, in the order of the plan
	anyType     []int32            // the same for every other type
	asks        asks
	value       []float64 // chance to end in a delivered order, by stage
	toNext      []float64 // expected events to a stage further ahead, by stage; 0 for none
	forecast    *forecast // nil for none
}

// signal is one compiled signal.
type signal struct {
	id         string
	match      match
	likelihood []float64
	text       veiviser.Text
}

// asks is what the signals of a journey want to know about a need's past; the rest is not kept.
type asks struct {
	items, channel, referrer bool
	repeats                  map[string]bool // types whose repetition counts
	anyRepeats               bool            // any type's
}

// Compile prepares the journeys of a plan. It assumes nothing validated, and fails with a [*veiviser.Error] of kind
// KindInvalid and reason ReasonInvalidPlan that names every cause at once, but only for what makes filtering impossible:
// no stages, ids that are not unique, unknown stages, weights, rates, likelihoods and times out of range.
func Compile(plan *veiviser.Plan) (*Set, error) {
	var c compiler
	s := &Set{byID: map[string]*journey{}}
	if plan == nil {
		plan = &veiviser.Plan{}
	}
	s.visitGap = plan.Policy.WithDefaults().VisitGap
	if s.visitGap < 0 {
		c.fail("policy.visit_gap", "must not be negative, is %v", s.visitGap)
	}
	for i := range plan.Journeys {
		j := &plan.Journeys[i]
		c.path = fmt.Sprintf("journeys[%d]", i)
		if j.ID == "" || s.byID[j.ID] != nil {
			c.fail(c.path+".id", "must be unique and not empty, is %q", j.ID)
			continue
		}
		s.byID[j.ID] = c.journey(j)
		s.journeys = append(s.journeys, s.byID[j.ID])
	}
	if len(c.violations) > 0 {
		return nil, &veiviser.Error{
			Kind: veiviser.KindInvalid, Reason: veiviser.ReasonInvalidPlan,
			Message: "the journeys of the plan cannot be followed", Violations: c.violations,
		}
	}
	return s, nil
}

// compiler gathers what is wrong.
type compiler struct {
	path       string // of the journey at work
	violations []veiviser.Violation
}

func (c *compiler) fail(field, format string, args ...any) {
	c.violations = append(c.violations, veiviser.Violation{Field: field, Message: fmt.Sprintf(format, args...)})
}

func (c *compiler) journey(src *veiviser.Journey) *journey {
	j := &journey{
		id: src.ID, version: src.Version, audience: src.Audience, group: src.Group, subjects: src.Subjects,
		halfLife: float64(src.HalfLife), unsureBelow: src.UnsureBelow, mappings: src.StageMappings,
	}
	if j.audience == "" {
		j.audience = veiviser.AudienceCustomer
	}
	if src.HalfLife == 0 {
		j.halfLife = float64(veiviser.DefaultHalfLife)
	}
	if j.halfLife < 0 {
		c.fail(c.path+".half_life", "must not be negative, is %v", src.HalfLife)
	}
	if j.unsureBelow == 0 {
		j.unsureBelow = veiviser.DefaultUnsureBelow
	}
	if !(j.unsureBelow >= 0 && j.unsureBelow <= 1) {
		c.fail(c.path+".unsure_below", "must lie in [0, 1], is %v", src.UnsureBelow)
	}
	index := c.stages(j, src)
	c.transitions(j, src, index)
	c.signals(j, src, index)
	for i := range src.StartsOn {
		j.startsOn = append(j.startsOn, compileMatch(&src.StartsOn[i]))
		j.asks.add(&src.StartsOn[i])
	}
	meanEvents := src.MeanEvents
	if meanEvents == 0 {
		meanEvents = veiviser.DefaultMeanEvents
	}
	if !(meanEvents >= 1 && meanEvents <= math.MaxFloat64) {
		c.fail(c.path+".mean_events", "must be a number from 1, is %v", src.MeanEvents)
		meanEvents = veiviser.DefaultMeanEvents
	}
	j.worth(meanEvents)
	j.forecast = c.forecast(j, &src.Forecast)
	return j
}

// stages fills in the stages with their weights and returns their indexes by id.
func (c *compiler) stages(j *journey, src *veiviser.Journey) map[string]int {
	index := make(map[string]int, len(src.Stages))
	if len(src.Stages) == 0 {
		c.fail(c.path+".stages", "a journey needs at least one stage")
	}
	for i := range src.Stages {
		st := &src.Stages[i]
		at := fmt.Sprintf("%s.stages[%d]", c.path, i)
		if _, twice := index[st.ID]; twice || st.ID == "" {
			c.fail(at+".id", "must be unique and not empty, is %q", st.ID)
		}
		index[st.ID] = i
		if !weight(st.Prior) {
			c.fail(at+".prior", "must be a number from 0, is %v", st.Prior)
		}
		if !weight(st.Rest) {
			c.fail(at+".rest", "must be a number from 0, is %v", st.Rest)
		}
		j.stages = append(j.stages, st.ID)
		j.standard = append(j.standard, int8(st.Standard.Index()))
		j.standards = append(j.standards, st.Standard)
		j.names = append(j.names, st.Name)
		j.prior = append(j.prior, st.Prior)
		j.rest = append(j.rest, st.Rest)
	}
	if !share(j.prior) && len(j.prior) > 0 {
		c.fail(c.path+".stages", "at least one stage needs a prior above 0")
	}
	if !share(j.rest) {
		j.rest = j.prior
	}
	return index
}

// weight reports whether w can be a weight.
func weight(w float64) bool { return w >= 0 && w <= math.MaxFloat64 }

// share scales weights to sum 1; false when none is positive. It scales by the largest first, which no sum overflows.
func share(w []float64) bool {
	most, sum := 0.0, 0.0
	for _, x := range w {
		most = max(most, x)
	}
	if !(most > 0) || math.IsInf(most, 1) {
		return false
	}
	for i := range w {
		w[i] /= most
		sum += w[i]
	}
	for i := range w {
		w[i] /= sum
	}
	return true
}

func (c *compiler) transitions(j *journey, src *veiviser.Journey, index map[string]int) {
	n := len(j.stages)
	j.moves = make([]float64, n*n)
	j.static = true
	for i := range src.Transitions {
		t := &src.Transitions[i]
		at := fmt.Sprintf("%s.transitions[%d]", c.path, i)
		from, okFrom := index[t.From]
		to, okTo := index[t.To]
		switch {
		case !okFrom:
			c.fail(at+".from", "there is no stage %q", t.From)
		case !okTo:
			c.fail(at+".to", "there is no stage %q", t.To)
		case !(t.Rate >= 0 && t.Rate <= 1):
			c.fail(at+".rate", "must lie in [0, 1], is %v", t.Rate)
		case from != to && t.Rate > 0:
			j.moves[from*n+to] += t.Rate
			j.static = false
		}
	}
	for i := range n {
		out := 0.0
		for _, rate := range j.moves[i*n : (i+1)*n] {
			out += rate
		}
		if out > 1+1e-9 {
			c.fail(c.path+".transitions", "the rates out of stage %q sum to %v, more than 1", j.stages[i], out)
		}
		j.moves[i*n+i] = max(0, 1-out)
	}
}

func (c *compiler) signals(j *journey, src *veiviser.Journey, index map[string]int) {
	j.byType = map[string][]int32{}
	for i := range src.Signals {
		s := &src.Signals[i]
		likelihood := make([]float64, len(j.stages))
		for k := range likelihood {
			likelihood[k] = 1
		}
		for _, id := range sortedKeys(s.Likelihood) {
			at, l := fmt.Sprintf("%s.signals[%d].likelihood[%q]", c.path, i, id), s.Likelihood[id]
			k, ok := index[id]
			switch {
			case !ok:
				c.fail(at, "there is no stage %q", id)
			case !(l > 0 && l <= math.MaxFloat64):
				c.fail(at, "must be a number above 0, is %v", l)
			default:
				likelihood[k] = l
			}
		}
		j.signals = append(j.signals, signal{id: s.ID, match: compileMatch(&s.Match), likelihood: likelihood, text: s.Text})
		j.asks.add(&s.Match)
		for _, t := range s.Match.Types {
			j.byType[t] = nil
		}
	}
	for i := range j.signals {
		types := src.Signals[i].Match.Types
		if len(types) == 0 {
			j.anyType = append(j.anyType, int32(i))
		}
		for _, t := range sortedKeys(j.byType) {
			if len(types) == 0 || contains(types, t) {
				j.byType[t] = append(j.byType[t], int32(i))
			}
		}
	}
}

// add notes what m asks about a need's past.
func (a *asks) add(m *veiviser.Match) {
	a.items = a.items || m.SameItem
	a.channel = a.channel || len(m.Channels) > 0
	a.referrer = a.referrer || len(m.Referrers) > 0
	if m.MinRepeat < 2 {
		return
	}
	if len(m.Types) == 0 {
		a.anyRepeats = true
	}
	if a.repeats == nil {
		a.repeats = map[string]bool{}
	}
	for _, t := range m.Types {
		a.repeats[t] = true
	}
}

// SignalText is what a signal says was observed, in the plan's words; nil when the plan does not know it.
func (s *Set) SignalText(journey, signal string) veiviser.Text {
	if j := s.byID[journey]; j != nil {
		for i := range j.signals {
			if j.signals[i].id == signal {
				return j.signals[i].text
			}
		}
	}
	return nil
}

// StageName is the name of a stage of a journey; nil when the plan does not know it.
func (s *Set) StageName(journey, stage string) veiviser.Text {
	if j := s.byID[journey]; j != nil {
		if i := position(j.stages, stage); i >= 0 {
			return j.names[i]
		}
	}
	return nil
}
