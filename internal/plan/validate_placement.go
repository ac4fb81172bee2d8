package plan

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// placement checks a placement, and that something can be shown there.
func (c *checker) placement(at string, i int) {
	p := &c.plan.Placements[i]
	c.id(at, p.ID, i, c.placements.index, "placement")
	c.text(at+".name", p.Name, 200)
	if p.Channel == "" {
		c.fail(at+".channel", "say the channel, such as \"web\"")
	}
	c.atMost(at+".channel", len(p.Channel), veiviser.MaxNameBytes, "bytes")
	if len(p.Formats) == 0 {
		c.fail(at+".formats", "say at least one format that fits, the best first")
	}
	c.names(at+".formats", "format", p.Formats, veiviser.MaxNameBytes)
	if p.Slots < 0 || p.Slots > maxSlots {
		c.fail(at+".slots", "must lie in 0–%d, is %d", maxSlots, p.Slots)
	}
	c.word(at+".objective", "objective", p.Objective, objectives())
	c.words(at+".kinds", "kind", names(p.Kinds), kindNames())
	place := &Placement{Placement: p}
	for i, k := range p.Kinds {
		if k == veiviser.KindOffer && !place.Sells() {
			c.fail(fmt.Sprintf("%s.kinds[%d]", at, i), "a placement for %q never sells, so it cannot show offers", p.Objective)
		}
	}
	c.words(at+".audiences", "audience", p.Audiences, audienceNames())
	if p.Rule != "" {
		c.rule(at+".rule", p.Rule, false)
	}
	if p.AttentionCost != nil {
		c.within(at+".attention_cost", *p.AttentionCost, 0, 1)
	}
	if p.Exploration != nil {
		c.within(at+".exploration", *p.Exploration, 0, 1)
	}
	c.attention(at, p)
	c.staffed(at, p)
	c.fillable(at, place)
	c.fallback(at, place)
}

// fillable finds placements that would always be empty as far as the plan's own items go. A plan without items leaves
// the catalogue to others.
func (c *checker) fillable(at string, p *Placement) {
	if len(c.plan.Items) == 0 || p.Channel == "" || len(p.Formats) == 0 {
		return
	}
	closest := ""
	for i := range c.plan.Items {
		why := c.unfit(p, i)
		if why == "" {
			return
		}
		if it := &c.plan.Items[i]; closest == "" && it.Status != veiviser.StatusDraft {
			closest = fmt.Sprintf("; item %q, for one, %s", it.ID, why)
		}
	}
	c.fail(at+".formats", "no live item of the plan can be shown here in %q%s", c.language, closest)
}

// unfit says why a placement could never show an item in the default language; "" when it could.
func (c *checker) unfit(p *Placement, i int) string {
	it := &c.plan.Items[i]
	allowed := len(p.Kinds) == 0 || slices.Contains(p.Kinds, it.Kind)
	to := audiences(it)
	switch {
	case it.Status == veiviser.StatusDraft:
		return "is a draft"
	case it.Kind == veiviser.KindOffer && !p.Sells():
		return fmt.Sprintf("is an offer, and a placement for %q never sells", p.Objective)
	case !allowed:
		return fmt.Sprintf("is of kind %q, and only %s may be shown here", it.Kind, strings.Join(names(p.Kinds), ", "))
	case len(to) > 0 && len(p.Audiences) > 0 && !meet(to, p.Audiences):
		return fmt.Sprintf("is for %s, and the placement for %s", strings.Join(to, ", "), strings.Join(p.Audiences, ", "))
	case it.Kind == veiviser.KindOffer && it.Duty == veiviser.DutyNone && !c.sellsHere(p, to):
		return "is an offer, and nothing is sold to who is met here (never_sell)"
	}
	if choose(c.forms[i], viewKey{p, p.Channel, language(c.language)}, language(c.language)) < 0 {
		return fmt.Sprintf("has no representation in format %s for channel %q and language %q",
			strings.Join(p.Formats, " or "), p.Channel, c.language)
	}
	return ""
}

// sellsHere reports whether a placement meets somebody of some audiences to whom anything is sold.
func (c *checker) sellsHere(p *Placement, to []string) bool {
	return slices.ContainsFunc(audienceNames(), func(a string) bool {
		return c.sellsTo(a) && (len(to) == 0 || slices.Contains(to, a)) && (len(p.Audiences) == 0 || slices.Contains(p.Audiences, a))
	})
}

// fallback checks that what is to be shown when nothing else can, can.
func (c *checker) fallback(at string, p *Placement) {
	for i, id := range p.Fallback[:min(len(p.Fallback), maxLooked)] {
		field := fmt.Sprintf("%s.fallback_item_ids[%d]", at, i)
		k, ok := c.items.index[id]
		switch {
		case !ok:
			c.fail(field, "%s", c.unknown("item", id, c.items.names))
		case slices.Index(p.Fallback, id) < i:
			c.fail(field, "the item %q is there twice", id)
		default:
			if why := c.unfit(p, k); why != "" {
				c.fail(field, "could never be shown here: the item %s", why)
			}
		}
	}
}

// policy checks how the plan decides.
func (c *checker) policy(p *veiviser.Policy) {
	c.notNegative("policy.visit_gap", p.VisitGap)
	c.notNegative("policy.visitor_ttl", p.VisitorTTL)
	c.notNegative("policy.decision_ttl", p.DecisionTTL)
	if d := p.WithDefaults(); d.VisitGap > 0 && d.VisitorTTL > 0 && d.VisitorTTL < d.VisitGap {
		c.fail("policy.visitor_ttl", "is %v, shorter than the visit gap of %v: visitors would be forgotten in the middle of a visit",
			d.VisitorTTL, d.VisitGap)
	}
	c.within("policy.attention_cost", p.AttentionCost, 0, 1)
	c.within("policy.diversity", p.Diversity, 0, 1)
	c.words("policy.unsure_kinds", "kind", names(p.UnsureKinds), kindNames())
	c.within("policy.off_stage", p.OffStage, 0, 1)
	c.within("policy.value_weight", p.ValueWeight, 0, 1)
	c.atMost("policy.priors", len(p.Priors), maxPriors, "priors")
	type row struct {
		kind  veiviser.ItemKind
		stage veiviser.StandardStage
	}
	seen := map[row]bool{}
	for i := range p.Priors {
		r := &p.Priors[i]
		at := fmt.Sprintf("policy.priors[%d]", i)
		c.word(at+".kind", "kind", string(r.Kind), kindNames())
		c.word(at+".stage", "standard stage", string(r.Stage), stageNames())
		c.within(at+".mean", r.Mean, 0, 1)
		if r.Strength != 0 && !(r.Strength >= 1 && r.Strength <= math.MaxFloat64) {
			c.fail(at+".strength", "must be at least 1, is %v", r.Strength)
		}
		if seen[row{r.Kind, r.Stage}] {
			c.fail(at, "there is another prior for the same kind and stage")
		}
		seen[row{r.Kind, r.Stage}] = true
	}
	c.atMost("policy.effects", len(p.Effects), maxEffects, "effects")
	for i := range p.Effects {
		c.effect(fmt.Sprintf("policy.effects[%d]", i), &p.Effects[i])
	}
	c.learns(p)
}

func (c *checker) effect(at string, e *veiviser.ResponseEffect) {
	if e.ItemID != "" && !c.items.has(e.ItemID) {
		c.fail(at+".item_id", "%s", c.unknown("item", e.ItemID, c.items.names))
	}
	if e.Segment != "" && !c.segments.has(e.Segment) {
		c.fail(at+".segment", "%s", c.unknown("segment", e.Segment, c.segments.names))
	}
	c.word(at+".kind", "kind", string(e.Kind), kindNames())
	c.word(at+".stage", "standard stage", string(e.Stage), stageNames())
	c.atMost(at+".topic", len(e.Topic), 128, "bytes")
	c.atMost(at+".channel", len(e.Channel), veiviser.MaxNameBytes, "bytes")
	c.atMost(at+".format", len(e.Format), veiviser.MaxNameBytes, "bytes")
	c.within(at+".add", e.Add, -1, 1)
	c.weight(at+".standard_deviation", e.SD)
}
