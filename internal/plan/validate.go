package plan

import (
	"fmt"
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/eligible"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// What a plan may hold at most; plan.proto says the same.
const (
	maxLanguages  = 16
	maxEventTypes = 64
	maxJourneys   = 32
	maxStages     = 16
	maxSignals    = 64
	maxSegments   = 256
	maxPlacements = 256
	maxSlots      = 50
	maxItems      = 10_000
	maxPriors     = 256
	maxEffects    = 1024
	maxWeights    = 64
	maxOutcomes   = 32
	maxCrosses    = 16
	maxCovariates = 256
	maxHeads      = 64
	maxTraits     = 5000
	maxFigures    = 1024
	maxTextBytes  = 1000
)

// MaxViolations is how many violations are told at once.
const MaxViolations = 1000

// maxSuggestions is after how many violations nobody looks for similar words any more: it costs time.
const maxSuggestions = 100

// maxLooked is how many elements of one list are looked at.
const maxLooked = 2048

// Validate says everything that is wrong with a plan (the first [MaxViolations] of it), in the order of the plan; nothing
// when it can be published. Fields are paths in the names of plan.proto ("journeys[0].stages[2].standard"); messages are for the marketer who wrote it.
func Validate(p *veiviser.Plan) []veiviser.Violation {
	if p == nil {
		p = &veiviser.Plan{}
	}
	c := newChecker(p)
	c.head()
	for i := range p.Journeys {
		c.journey(fmt.Sprintf("journeys[%d]", i), i)
	}
	for i := range p.Segments {
		c.segment(fmt.Sprintf("segments[%d]", i), i)
	}
	for i := range p.Placements {
		c.placement(fmt.Sprintf("placements[%d]", i), i)
	}
	for i := range p.Items {
		c.planItem(fmt.Sprintf("items[%d]", i), i)
	}
	c.policy(&p.Policy)
	c.purposes()
	c.relationships()
	c.contact()
	c.coherence()
	c.remembered()
	c.crisis(&p.Crisis)
	c.audiences()
	c.roles()
	return c.violations
}

// checker gathers what is wrong with a plan.
type checker struct {
	plan       *veiviser.Plan
	violations []veiviser.Violation
	rules      *itemChecker

	language   string   // the default
	eventTypes []string // the standard ones first
	types      register // of eventTypes
	journeys   register
	segments   register
	placements register
	items      register
	stages     register // of all journeys, and the standard ones
	forms      [][]form // of the plan's items

	channels     register              // of placements and representations
	vocabularies map[string]vocabulary // of rules, made when needed
}

// register is the ids there are of something.
type register struct {
	names []string       // in order of appearance
	index map[string]int // where each stands first
}

// add notes an id that stands at i.
func (r *register) add(id string, i int) {
	if _, ok := r.index[id]; ok {
		return
	}
	if r.index == nil {
		r.index = map[string]int{}
	}
	r.index[id] = i
	r.names = append(r.names, id)
}

func (r *register) has(id string) bool {
	_, ok := r.index[id]
	return ok
}

func newChecker(p *veiviser.Plan) *checker {
	c := &checker{
		plan: p, rules: newItemChecker(nil), eventTypes: slices.Concat(veiviser.StandardEventTypes(), p.EventTypes),
	}
	if len(p.Languages) > 0 {
		c.language = p.Languages[0]
	}
	for i, t := range c.eventTypes {
		c.types.add(t, i)
	}
	for i, s := range stageNames() {
		c.stages.add(s, i)
	}
	for i := range p.Journeys {
		c.journeys.add(p.Journeys[i].ID, i)
		for k := range p.Journeys[i].Stages {
			c.stages.add(p.Journeys[i].Stages[k].ID, k)
		}
	}
	for i := range p.Segments {
		c.segments.add(p.Segments[i].ID, i)
	}
	for i := range p.Placements {
		c.placements.add(p.Placements[i].ID, i)
	}
	for i := range p.Items {
		c.items.add(p.Items[i].ID, i)
		c.forms = append(c.forms, formsOf(&p.Items[i]))
	}
	for i := range p.Placements {
		c.channels.add(p.Placements[i].Channel, i)
	}
	for i := range p.Items {
		for k := range p.Items[i].Representations {
			for _, name := range p.Items[i].Representations[k].Channels {
				c.channels.add(name, i)
			}
		}
	}
	return c
}

func (c *checker) fail(field, format string, args ...any) {
	if len(c.violations) == MaxViolations {
		return
	}
	c.violations = append(c.violations, veiviser.Violation{Field: field, Message: fmt.Sprintf(format, args...)})
}

// head checks what stands at the top of a plan.
func (c *checker) head() {
	p := c.plan
	c.atMost("name", len(p.Name), 200, "bytes")
	if len(p.Languages) == 0 {
		c.fail("languages", "the plan needs at least one language, the default first")
	}
	c.atMost("languages", len(p.Languages), maxLanguages, "languages")
	for i, l := range p.Languages {
		at := fmt.Sprintf("languages[%d]", i)
		if msg := badLanguage(l); msg != "" {
			c.fail(at, "%s", msg)
		} else if slices.Index(p.Languages, l) < i {
			c.fail(at, "the language %q is there twice", l)
		}
	}
	c.atMost("event_types", len(p.EventTypes), maxEventTypes, "event types")
	for i, t := range p.EventTypes {
		at := fmt.Sprintf("event_types[%d]", i)
		switch msg := badID(t); {
		case msg != "":
			c.fail(at, "the event type %s", msg)
		case slices.Contains(veiviser.StandardEventTypes(), t):
			c.fail(at, "%q is a standard event type, which every plan has", t)
		case slices.Index(p.EventTypes, t) < i:
			c.fail(at, "the event type %q is there twice", t)
		}
	}
	c.atLeastOne("journeys", len(p.Journeys), "journey")
	c.atMost("journeys", len(p.Journeys), maxJourneys, "journeys")
	c.atMost("segments", len(p.Segments), maxSegments, "segments")
	c.atLeastOne("placements", len(p.Placements), "placement")
	c.atMost("placements", len(p.Placements), maxPlacements, "placements")
	c.atMost("items", len(p.Items), maxItems, "items; larger catalogues are written beside the plan")
	c.questions(p.Items)
}

func (c *checker) atLeastOne(field string, n int, what string) {
	if n == 0 {
		c.fail(field, "the plan needs at least one %s", what)
	}
}

func (c *checker) atMost(field string, n, limit int, what string) {
	if n > limit {
		c.fail(field, "has %d, at most %d are allowed: %s", n, limit, what)
	}
}

// id checks an id and that it stands here first.
func (c *checker) id(at, id string, i int, known map[string]int, what string) {
	if msg := badID(id); msg != "" {
		c.fail(at+".id", "the id of the %s %s", what, msg)
	} else if first := known[id]; first != i {
		c.fail(at+".id", "the id %q is taken by another %s, number %d", id, what, first+1)
	}
}

// text checks a text in several languages; none at all is allowed.
func (c *checker) text(at string, t veiviser.Text, limit int) {
	for _, l := range sortedKeys(t) {
		field := fmt.Sprintf("%s[%q]", at, l)
		if msg := badLanguage(l); msg != "" {
			c.fail(field, "%s", msg)
		}
		c.atMost(field, len(t[l]), limit, "bytes")
	}
	if _, ok := t[c.language]; len(t) > 0 && !ok && c.language != "" {
		c.fail(at, "the plan's default language %q is missing", c.language)
	}
}

// word checks that a word is one of the known; "" is allowed.
func (c *checker) word(at, what, word string, known []string) {
	if word != "" && !slices.Contains(known, word) {
		c.fail(at, "%s", c.unknown(what, word, known))
	}
}

// words checks that every word is one of the known, and there once.
func (c *checker) words(at, what string, list, known []string) {
	for i, w := range list[:min(len(list), maxLooked)] {
		field := fmt.Sprintf("%s[%d]", at, i)
		if !slices.Contains(known, w) {
			c.fail(field, "%s", c.unknown(what, w, known))
		} else if slices.Index(list, w) < i {
			c.fail(field, "%q is there twice", w)
		}
	}
}

// names checks words that are free but neither empty, long nor double.
func (c *checker) names(at, what string, list []string, limit int) {
	for i, w := range list[:min(len(list), maxLooked)] {
		field := fmt.Sprintf("%s[%d]", at, i)
		switch {
		case w == "":
			c.fail(field, "the %s is empty", what)
		case len(w) > limit:
			c.atMost(field, len(w), limit, "bytes")
		case slices.Index(list, w) < i:
			c.fail(field, "the %s %q is there twice", what, w)
		}
	}
}

// within checks a number; what is no number at all is outside every range.
func (c *checker) within(at string, x, low, high float64) {
	if !(x >= low && x <= high) {
		c.fail(at, "must lie in [%v, %v], is %v", low, high, x)
	}
}

func (c *checker) notNegative(at string, d time.Duration) {
	if d < 0 {
		c.fail(at, "must not be negative, is %v", d)
	}
}

// segment checks a segment.
func (c *checker) segment(at string, i int) {
	s := &c.plan.Segments[i]
	c.id(at, s.ID, i, c.segments.index, "segment")
	c.text(at+".name", s.Name, 200)
	if s.Rule == "" {
		c.fail(at+".rule", "a segment needs a rule that says who is in it, such as visitor.visits > 3")
		return
	}
	c.rule(at+".rule", s.Rule, false)
}

// unknown says that there is no such word, and which of the known ones may be meant.
func (c *checker) unknown(what, word string, known []string) string {
	if len(c.violations) >= maxSuggestions {
		return fmt.Sprintf("there is no %s %q", what, word)
	}
	return unknown(what, word, known)
}

// compile compiles a rule once.
func (k *itemChecker) compile(source string) (*eligible.Rule, error) {
	if known, ok := k.known[source]; ok {
		return known.rule, known.err
	}
	if k.compiler == nil {
		var err error
		if k.compiler, err = eligible.NewCompiler(); err != nil {
			return nil, err
		}
	}
	rule, err := k.compiler.Compile(source)
	k.known[source] = checkedRule{rule, err}
	return rule, err
}
