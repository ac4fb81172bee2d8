package plan

import (
	"fmt"
	"math"
	"strings"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// journey checks a journey with all that belongs to it.
func (c *checker) journey(at string, i int) {
	j := &c.plan.Journeys[i]
	c.id(at, j.ID, i, c.journeys.index, "journey")
	c.text(at+".name", j.Name, 200)
	c.word(at+".audience", "audience", j.Audience, audienceNames())
	c.names(at+".subjects", "subject", j.Subjects, 128)
	for i := range j.StartsOn {
		field := fmt.Sprintf("%s.starts_on[%d]", at, i)
		c.match(field, &j.StartsOn[i])
		c.noPast(field, &j.StartsOn[i])
	}
	var stages register
	for i := range j.Stages {
		stages.add(j.Stages[i].ID, i)
	}
	c.stageList(at, j, stages.index)
	c.transitions(at, j, &stages)
	c.reachable(at, j, stages.index)
	c.signals(at, j, &stages)
	c.notNegative(at+".half_life", j.HalfLife)
	if j.UnsureBelow != 0 && !(j.UnsureBelow > 0 && j.UnsureBelow < 1) {
		c.fail(at+".unsure_below", "must lie between 0 and 1, is %v", j.UnsureBelow)
	}
	seen := map[veiviser.StageMapping]bool{}
	for i, m := range j.StageMappings {
		field := fmt.Sprintf("%s.stage_mappings[%d]", at, i)
		if m.From == "" {
			c.fail(field+".from", "must name a stage of an older version")
		}
		if seen[m] {
			c.fail(field, "%q is mapped to %q already", m.From, m.To)
		}
		seen[m] = true
		c.stageName(field+".to", m.To, &stages)
	}
	c.fitted(at, j)
}

func (c *checker) stageName(at, name string, stages *register) {
	if !stages.has(name) {
		c.fail(at, "%s", c.unknown("stage", name, stages.names))
	}
}

func (c *checker) stageList(at string, j *veiviser.Journey, ids map[string]int) {
	if n := len(j.Stages); n < 2 || n > maxStages {
		c.fail(at+".stages", "a journey has 2–%d stages, this one has %d", maxStages, n)
	}
	prior := false
	for i := range j.Stages {
		st := &j.Stages[i]
		field := fmt.Sprintf("%s.stages[%d]", at, i)
		c.id(field, st.ID, i, ids, "stage")
		c.text(field+".name", st.Name, 200)
		if st.Standard == "" {
			c.fail(field+".standard", "say which standard stage this is: %s", strings.Join(stageNames(), ", "))
		}
		c.word(field+".standard", "standard stage", string(st.Standard), stageNames())
		c.weight(field+".prior", st.Prior)
		c.weight(field+".rest", st.Rest)
		prior = prior || st.Prior > 0
	}
	if !prior && len(j.Stages) > 0 {
		c.fail(at+".stages", "no stage has a prior above 0, so nobody could be in any")
	}
}

func (c *checker) weight(at string, w float64) {
	if !(w >= 0 && w <= math.MaxFloat64) {
		c.fail(at, "must be a number from 0, is %v", w)
	}
}

func (c *checker) transitions(at string, j *veiviser.Journey, stages *register) {
	out := make([]float64, len(j.Stages))
	type move struct{ from, to string }
	seen := map[move]bool{}
	for i, t := range j.Transitions {
		field := fmt.Sprintf("%s.transitions[%d]", at, i)
		c.stageName(field+".from", t.From, stages)
		c.stageName(field+".to", t.To, stages)
		if t.From == t.To {
			c.fail(field+".to", "leads where it comes from; what the rates leave of 1 stays by itself")
		} else if seen[move{t.From, t.To}] {
			c.fail(field, "the move from %q to %q is there twice", t.From, t.To)
		}
		seen[move{t.From, t.To}] = true
		if !(t.Rate > 0 && t.Rate < 1) {
			c.fail(field+".rate", "must lie between 0 and 1, is %v", t.Rate)
		} else if k, ok := stages.index[t.From]; ok {
			out[k] += t.Rate
		}
	}
	for k, sum := range out {
		if sum >= 1 {
			c.fail(at+".transitions", "the rates out of stage %q sum to %.4g, they must stay below 1", j.Stages[k].ID, sum)
		}
	}
}

// reachable finds stages nobody could ever be in.
func (c *checker) reachable(at string, j *veiviser.Journey, ids map[string]int) {
	reached := make([]bool, len(j.Stages))
	some := false
	for i := range j.Stages {
		reached[i] = j.Stages[i].Prior > 0
		some = some || reached[i]
	}
	for changed := some; changed; {
		changed = false
		for _, t := range j.Transitions {
			from, okFrom := ids[t.From]
			to, okTo := ids[t.To]
			if okFrom && okTo && reached[from] && !reached[to] && t.Rate > 0 {
				reached[to], changed = true, true
			}
		}
	}
	for i, ok := range reached {
		if some && !ok {
			c.fail(fmt.Sprintf("%s.stages[%d]", at, i), "nobody can reach stage %q: it has no prior, and no transitions lead to it from one that has", j.Stages[i].ID)
		}
	}
}

func (c *checker) signals(at string, j *veiviser.Journey, stages *register) {
	c.atMost(at+".signals", len(j.Signals), maxSignals, "signals")
	var ids register
	for i := range j.Signals {
		ids.add(j.Signals[i].ID, i)
	}
	for i := range j.Signals {
		s := &j.Signals[i]
		field := fmt.Sprintf("%s.signals[%d]", at, i)
		c.id(field, s.ID, i, ids.index, "signal")
		c.match(field+".match", &s.Match)
		for _, stage := range sortedKeys(s.Likelihood) {
			entry := fmt.Sprintf("%s.likelihood[%q]", field, stage)
			c.stageName(entry, stage, stages)
			c.within(entry, s.Likelihood[stage], 0.01, 100)
		}
		c.text(field+".text", s.Text, maxTextBytes)
	}
}

// match checks which events are meant.
func (c *checker) match(at string, m *veiviser.Match) {
	if unconditional(m) {
		c.fail(at, "sets no condition, so every event would do")
	}
	c.words(at+".types", "event type", m.Types, c.eventTypes)
	c.names(at+".pages", "page", m.Pages, maxTextBytes)
	for i, p := range m.Pages {
		if p != "" && p[0] != '/' && p != "*" {
			c.fail(fmt.Sprintf("%s.pages[%d]", at, i), "a page is a path and begins with /, as in %q", "/"+p)
		}
	}
	c.names(at+".query_words", "query word", m.QueryWords, maxTextBytes)
	c.names(at+".referrers", "referrer", m.Referrers, maxTextBytes)
	c.names(at+".channels", "channel", m.Channels, veiviser.MaxNameBytes)
	if m.MaxDepth > 0 && m.MinDepth > m.MaxDepth {
		c.fail(at+".max_depth", "is %d, below min_depth %d: this never holds", m.MaxDepth, m.MinDepth)
	}
	c.notNegative(at+".min_pause", m.MinPause)
	c.notNegative(at+".max_pause", m.MaxPause)
	if m.MaxPause > 0 && m.MinPause > m.MaxPause {
		c.fail(at+".max_pause", "is %v, below min_pause %v: this never holds", m.MaxPause, m.MinPause)
	}
	c.atMost(at+".attributes", len(m.Attributes), veiviser.MaxAttributes, "attributes")
}

func unconditional(m *veiviser.Match) bool {
	return len(m.Types)+len(m.Pages)+len(m.QueryWords)+len(m.Referrers)+len(m.Channels)+len(m.Attributes) == 0 &&
		!m.SameItem && !m.SameSubject && !m.ReturningVisit && m.MinRepeat < 2 && m.MinDepth < 2 && m.MaxDepth == 0 &&
		m.MinPause == 0 && m.MaxPause == 0
}

// noPast refuses conditions on the past of a need where it has none yet.
func (c *checker) noPast(at string, m *veiviser.Match) {
	for _, asks := range []struct {
		field string
		set   bool
	}{
		{"same_item", m.SameItem},
		{"same_subject", m.SameSubject},
		{"min_repeat", m.MinRepeat > 1},
		{"min_depth", m.MinDepth > 1},
		{"min_pause", m.MinPause > 0},
		{"max_pause", m.MaxPause > 0},
		{"returning_visit", m.ReturningVisit},
	} {
		if asks.set {
			c.fail(at+"."+asks.field, "a need that begins has no past, so this never holds")
		}
	}
}
