package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// learns checks how the plan learns, with whom it compares, what it asks of its successor, and what the business wants more
// or less of.
func (c *checker) learns(p *veiviser.Policy) {
	c.atMost("policy.weights", len(p.Weights), maxWeights, "weights")
	var named register
	for i := range p.Weights[:min(len(p.Weights), maxLooked)] {
		c.contextWeight(fmt.Sprintf("policy.weights[%d]", i), &p.Weights[i], i, &named)
	}
	ttl := p.WithDefaults().DecisionTTL
	c.learning("policy.learning", &p.Learning, ttl)
	if s := p.Control.Share; s != nil {
		c.within("policy.control.share", *s, 0, 0.5)
	}
	if w := p.Control.Window; w != 0 {
		c.window("policy.control.window", w, ttl)
	}
	c.word("policy.control.outcome", "event type", p.Control.Outcome, c.eventTypes)
	if n := p.Gate.MinRows; n < 0 || n > maxGateRows {
		c.fail("policy.gate.min_rows", "must lie in 0–%d, is %d; 0 leaves the gate open", maxGateRows, n)
	}
	c.weight("policy.gate.max_loss", p.Gate.MaxLoss)
}

// maxGateRows is how many logged decisions are looked at, at most.
const maxGateRows = 200_000

// contextWeight checks what the business wants more or less of.
func (c *checker) contextWeight(at string, w *veiviser.ContextWeight, i int, named *register) {
	named.add(w.Name, i)
	if msg := badID(w.Name); msg != "" {
		c.fail(at+".name", "the name of the weight %s", msg)
	} else if first := named.index[w.Name]; first != i {
		c.fail(at+".name", "the name %q is taken by another weight, number %d", w.Name, first+1)
	}
	if w.Kind == "" && w.Topic == "" && w.Segment == "" && w.Channel == "" && w.Placement == "" {
		c.fail(at, "say what it is about: at least one of kind, topic, segment, channel, placement; a weight on everything changes nothing")
	}
	c.word(at+".kind", "kind", string(w.Kind), kindNames())
	c.atMost(at+".topic", len(w.Topic), 128, "bytes")
	if w.Segment != "" && !c.segments.has(w.Segment) {
		c.fail(at+".segment", "%s", c.unknown("segment", w.Segment, c.segments.names))
	}
	c.atMost(at+".channel", len(w.Channel), veiviser.MaxNameBytes, "bytes")
	if w.Placement != "" && !c.placements.has(w.Placement) {
		c.fail(at+".placement", "%s", c.unknown("placement", w.Placement, c.placements.names))
	}
	if !(w.Weight > 0 && w.Weight <= 10) {
		c.fail(at+".weight", "must lie above 0 and be at most 10, is %v; 1 changes nothing, and a rule is what keeps something away", w.Weight)
	}
}

// window checks how long after a decision something counts. What comes when the decision is forgotten cannot.
func (c *checker) window(at string, d, ttl time.Duration) {
	switch {
	case d <= 0:
		c.fail(at, "must be longer than 0, such as 30m or 3d, is %v", d)
	case ttl > 0 && d > ttl:
		c.fail(at, "is %v, but a decision is remembered for %v only: shorten it, or lengthen policy.decision_ttl", d, ttl)
	}
}

// learning checks how the plan learns; decisions are remembered for ttl.
func (c *checker) learning(at string, l *veiviser.Learning, ttl time.Duration) {
	c.atMost(at+".outcomes", len(l.Outcomes), maxOutcomes, "outcomes")
	var types register
	for i := range l.Outcomes[:min(len(l.Outcomes), maxLooked)] {
		o := &l.Outcomes[i]
		field := fmt.Sprintf("%s.outcomes[%d]", at, i)
		types.add(o.Type, i)
		switch first := types.index[o.Type]; {
		case o.Type == "":
			c.fail(field+".type", "say which event type is the outcome, such as \"click\"")
		case !c.types.has(o.Type):
			c.fail(field+".type", "%s", c.unknown("event type", o.Type, c.eventTypes))
		case first != i:
			c.fail(field+".type", "there is another outcome of type %q, number %d; only one can say what it is worth", o.Type, first+1)
		}
		c.within(field+".weight", o.Weight, -10, 10)
		c.window(field+".window", o.Window, ttl)
	}
	if w := l.ProgressWeight; w != nil {
		c.within(at+".progress_weight", *w, 0, 100)
	}
	if l.ProgressWindow != 0 {
		c.window(at+".progress_window", l.ProgressWindow, ttl)
	}
	if l.HalfLife != 0 && l.HalfLife < time.Minute {
		c.fail(at+".half_life", "must be at least %v, is %v: what was observed would be forgotten at once", time.Minute, l.HalfLife)
	}
	c.atMost(at+".crosses", len(l.Crosses), maxCrosses, "crosses")
	var crosses register
	for i := range l.Crosses[:min(len(l.Crosses), maxLooked)] {
		c.cross(fmt.Sprintf("%s.crosses[%d]", at, i), &l.Crosses[i], i, &crosses)
	}
	if e := l.Exploration; e != nil {
		c.within(at+".exploration", *e, 0, 1)
	}
}

// itemAttributes are those of [veiviser.CrossAttributes] that are of the item.
func itemAttributes() []string { return []string{"item", "kind", "topic", "format"} }

// cross checks what is learned about.
func (c *checker) cross(at string, x *veiviser.Cross, i int, crosses *register) {
	attributes := x.Attributes[:min(len(x.Attributes), maxLooked)]
	n := len(c.violations)
	if len(x.Attributes) < 1 || len(x.Attributes) > 3 {
		c.fail(at+".attributes", "a cross has 1–3 attributes, this one has %d", len(x.Attributes))
	}
	c.words(at+".attributes", "attribute", attributes, veiviser.CrossAttributes())
	if len(c.violations) == n { // else it is not known yet what is meant
		if !slices.ContainsFunc(attributes, func(a string) bool { return slices.Contains(itemAttributes(), a) }) {
			c.fail(at+".attributes", "needs at least one attribute of the item (%s): what is the same for all items cannot tell one from another",
				strings.Join(itemAttributes(), ", "))
		}
		key := strings.Join(slices.Sorted(slices.Values(attributes)), "+")
		crosses.add(key, i)
		if first := crosses.index[key]; first != i {
			c.fail(at+".attributes", "there is another cross of the same attributes, number %d", first+1)
		}
	}
	if !(x.SD >= 0 && x.SD <= 1) {
		c.fail(at+".standard_deviation", "must lie in (0, 1], or be left out for %v, is %v", veiviser.DefaultCrossSD, x.SD)
	}
}
