package bonds

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// visit lets her visit: she leaves traces, is shown something, and it works.
func (p *person) visit(at time.Time) error {
	if p.left {
		return nil
	}
	if p.wish != "" && at.After(p.wishEnds) { // she got it elsewhere
		p.rest(at)
	}
	r := p.draw(forVisit, p.visits)
	if err := p.hear(at, p.browse(r, at)...); err != nil {
		return err
	}
	v := &Visit{
		VisitorID: p.id, Number: p.visits, Time: at, Seed: p.seed(),
		Context: veiviser.Context{Channel: p.channel, Language: "nb", Subject: p.subject()},
	}
	shown, err := p.show(v)
	if err != nil {
		return err
	}
	p.visits++
	gap := r.ExpFloat64()
	after := at.Add(2 * time.Minute)
	if err := p.act(r, after, shown); err != nil || p.left {
		return err
	}
	mean := 22.0
	switch {
	case p.wish != "":
		mean = 2.5
	case p.wronged():
		mean = 4
	case len(p.orders) == 0:
		mean = 20
	}
	p.come(after.Add(time.Hour + days(min(gap, 4)*mean)))
	return nil
}

// show asks the shop what to show, and counts it.
func (p *person) show(v *Visit) ([]*Goods, error) {
	var ids []string
	var err error
	if k, ok := p.desk.(*knowing); ok {
		ids = k.see(p, v)
	} else {
		ids, err = p.desk.Show(v)
	}
	if err != nil {
		return nil, err
	}
	var shown []*Goods
	for _, id := range ids {
		g, ok := p.world.goods[id]
		if !ok {
			return nil, veiviser.Invalid(veiviser.ReasonInvalidField, "item", "the shop has nothing called %q", id)
		}
		shown = append(shown, g)
	}
	p.story.shown(p, shown)
	return shown, nil
}

// subject is what a visit is about: what she is after, or else what she ordered last.
func (p *person) subject() string {
	switch {
	case p.wish != "":
		return p.wish
	case len(p.orders) > 0:
		return p.orders[len(p.orders)-1].subject
	default:
		return p.kind.first[0]
	}
}

// browse are the traces of a visit before the decision.
func (p *person) browse(r *rand.Rand, at time.Time) []veiviser.Event {
	var events []veiviser.Event
	subject := p.subject()
	note := func(typ, page string) {
		e := p.event(typ, at)
		e.Subject = subject
		e.Attributes = map[string]string{}
		if page != "" {
			e.Attributes[veiviser.AttributePage] = page
		}
		if len(events) == 0 && p.visits == 0 {
			e.Attributes[veiviser.AttributeReferrer] = p.source
		} else if len(events) == 0 {
			e.Attributes[veiviser.AttributeReferrer] = "direct"
		}
		events = append(events, e)
	}
	deep := r.Float64()
	switch {
	case p.wronged():
		note("view", "/orders/status")
	case p.ripe(at):
		note("view", "/products/"+strconv.Itoa(r.IntN(8)))
		note([]string{"compare", "save", "cart_add"}[int(deep*3)], "")
	case p.wish != "":
		note("search", "")
		note("view", "/guides/"+strconv.Itoa(r.IntN(8)))
	case p.waiting():
		note("view", "/orders/status")
	case len(p.orders) > 0:
		note("view", "/care/all")
	default:
		note("view", "/guides/choose-bike")
	}
	return events
}

// act is what she does after she was shown something: order, recommend, leave, or none of it.
func (p *person) act(r *rand.Rand, at time.Time, shown []*Goods) error {
	orders, recommends, review, leaves, wants := r.Float64(), r.Float64(), r.Float64(), r.Float64(), r.Float64()
	p.work(at, shown, wants)
	switch {
	case orders < p.mayOrder(at, shown):
		return p.order(at)
	case recommends < p.mayRecommend(at):
		typ := "share"
		if review < 0.6 {
			typ = "review"
		}
		p.recommended = at
		p.story.recommend(at, p.world.Window)
		e := p.event(typ, at)
		e.Subject = p.subject()
		return p.hear(at, e)
	case leaves < p.mayLeave(at, shown):
		p.leave(at)
	}
	return nil
}

// work lets what she was shown work for the time to come; wants is her luck in being made to want something.
func (p *person) work(at time.Time, shown []*Goods, wants float64) {
	for _, g := range shown {
		if g.Step && !p.wronged() && p.story.recovering(at, p.world.Window) {
			p.stepUntil = at.Add(days(p.world.Truth.StepDays))
			if wants < p.world.Truth.StepWish {
				p.hurry(at)
			}
		}
		if g.Rung && p.customer() && !p.wronged() {
			p.nudge(at)
		}
	}
}

// hurry brings her next wish forward to now.
func (p *person) hurry(at time.Time) {
	for i := range p.agenda {
		if e := &p.agenda[i]; e.what == wishing {
			e.at = at.Add(time.Hour)
		}
	}
}

// nudge is what content towards a rung does: the next wish comes sooner, and is likelier to lead here.
func (p *person) nudge(at time.Time) {
	if !at.Before(p.rungUntil) {
		for i := range p.agenda {
			if e := &p.agenda[i]; e.what == wishing {
				e.at = at.Add(time.Duration(float64(e.at.Sub(at)) / p.world.Truth.RungFactor))
			}
		}
	}
	p.rungUntil = at.Add(days(p.world.Truth.RungDays))
}

// stepped reports whether a step of the recovery is at work.
func (p *person) stepped(at time.Time) bool { return at.Before(p.stepUntil) }

// mayOrder is the chance that she orders now.
func (p *person) mayOrder(at time.Time, shown []*Goods) float64 {
	if p.wish == "" {
		return 0
	}
	t := &p.world.Truth
	c := 0.22 * (0.4 + 0.8*p.goodwill)
	if !p.ripe(at) {
		c *= 0.2
	}
	if len(p.orders) == 0 {
		c *= 0.5
	}
	if p.wronged() {
		return c * 0.1
	}
	if p.stepped(at) {
		c *= t.StepFactor
	}
	if at.Before(p.rungUntil) {
		c *= t.RungFactor
	}
	if p.ripe(at) && !p.waiting() && slices.ContainsFunc(shown, func(g *Goods) bool { return g.Offer && g.fits(p.wish) }) {
		c *= t.OfferFactor
	}
	return min(c, 0.95)
}

// mayRecommend is the chance that she writes a review or shares something now.
func (p *person) mayRecommend(at time.Time) float64 {
	if !p.customer() || p.wronged() || at.Sub(p.recommended) < days(30) {
		return 0
	}
	c := 0.06 * p.goodwill
	if p.stepped(at) {
		c *= p.world.Truth.StepFactor
	}
	return c
}

// mayLeave is the chance that she leaves for good now.
func (p *person) mayLeave(at time.Time, shown []*Goods) float64 {
	t := &p.world.Truth
	offer := slices.ContainsFunc(shown, func(g *Goods) bool { return g.Offer })
	help := slices.ContainsFunc(shown, func(g *Goods) bool { return g.Help })
	c := 0.012 * (1.6 - p.goodwill)
	switch {
	case p.wronged():
		c = 0.05
		if help {
			c *= t.HelpStay
		}
		if offer {
			c += t.OfferInCase
		}
	case p.waiting():
		if offer {
			c += t.OfferBeforeRight
		}
	case len(p.orders) == 0 && p.wish == "":
		c = 0.10
	}
	if p.stepped(at) {
		c *= t.StepStay
	}
	switch {
	case !offer || p.ripe(at):
	case p.wish == "":
		c += t.OfferUnasked
	default:
		c += t.OfferEarly
	}
	return c
}

// order writes an order.
func (p *person) order(at time.Time) error {
	subject := p.wish
	p.story.back(at, p.world.Window)
	p.place(at)
	o := p.orders[len(p.orders)-1]
	var events []veiviser.Event
	for i, typ := range []string{"cart_add", "checkout", veiviser.EventPurchase} {
		e := p.event(typ, at.Add(time.Duration(i-2)*30*time.Second))
		e.Subject = subject
		events = append(events, e)
	}
	bought := &events[2]
	bought.Value = o.value
	bought.Attributes = map[string]string{"order": o.id, "promised": o.promised.Format(time.RFC3339)}
	return p.hear(at, events...)
}
