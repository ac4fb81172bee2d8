package plan

import (
	"slices"

	"github.com/veiviser/veiviser/internal/eligible"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// rule checks a rule, which may look at the item or may not.
func (c *checker) rule(at, source string, withItem bool) {
	r, err := c.rules.compile(source)
	if err != nil {
		c.violations = appendViolations(c.violations, at, err)
		return
	}
	if r.UsesItem() && !withItem {
		c.fail(at, "this rule is about the visitor, it cannot look at an item")
	}
	for _, t := range r.EventTypes() {
		c.word(at, "event type", t, c.eventTypes)
	}
	for _, s := range r.Stages() {
		if !c.stages.has(s) {
			c.fail(at, "%s", c.unknown("stage", s, c.stages.names))
		}
	}
	c.comparisons(at, r)
}

// vocabulary is the words that a name of rules can be.
type vocabulary struct {
	what  string
	words []string
}

// comparisons finds words that a name of the rule can never be.
func (c *checker) comparisons(at string, r *eligible.Rule) {
	for _, x := range r.Comparisons() {
		if v, closed := c.closed(x.Name); closed {
			c.word(at, v.what, x.Word, v.words)
		}
	}
}

// closed is the vocabulary of a name; false for names that may be anything.
func (c *checker) closed(name string) (vocabulary, bool) {
	if c.vocabularies == nil {
		c.vocabularies = c.vocabulary()
	}
	v, ok := c.vocabularies[name]
	return v, ok
}

func (c *checker) vocabulary() map[string]vocabulary {
	p := c.plan
	all := map[string]vocabulary{
		"visitor.phase": {"phase", names([]veiviser.Phase{veiviser.PhaseProspect, veiviser.PhaseWaiting, veiviser.PhaseCustomer})},
		"visitor.source": {"source", slices.Concat(sources(p),
			ids(p.Acquisition.Costs, func(x *veiviser.AcquisitionCost) string { return x.Source }))},
		"visitor.rung":  {"rung", ids(p.Relationship.Rungs, func(r *veiviser.Rung) string { return r.ID })},
		"visitor.tier":  {"tier", ids(p.Relationship.Tiers, func(t *veiviser.Tier) string { return t.ID })},
		"need.audience": {"audience", audienceNames()},
		"need.journey":  {"journey", c.journeys.names},
		"need.standard": {"standard stage", stageNames()},
		"item.kind":     {"kind", kindNames()},
	}
	if len(p.Accounts.Roles) > 0 { // else a role is whatever events say
		all["visitor.role"] = vocabulary{"role", ids(p.Accounts.Roles, func(r *veiviser.BuyingRole) string { return r.ID })}
	}
	return all
}

// ids are the names of the elements of a list.
func ids[T any](list []T, of func(*T) string) []string {
	out := make([]string, len(list))
	for i := range list {
		out[i] = of(&list[i])
	}
	return out
}
