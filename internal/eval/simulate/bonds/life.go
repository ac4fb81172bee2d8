package bonds

import (
	"strconv"
	"time"

	"github.com/veiviser/veiviser/internal/eval/simulate"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// live lets a person live until the end, and looks at her once a month.
func (p *person) live() error {
	month := 0
	for {
		e, ok := p.next()
		for month < p.world.months && (!ok || !e.at.Before(p.world.month(month))) {
			p.story.sample(p)
			month++
		}
		if !ok || !e.at.Before(p.world.end) {
			return nil
		}
		if err := p.happen(&e); err != nil {
			return err
		}
	}
}

// happen lets one thing happen.
func (p *person) happen(e *entry) error {
	switch e.what {
	case visiting:
		return p.visit(e.at)
	case wishing:
		p.wants(e.at)
	case promised:
		p.lateNow(e)
	case failing:
		return p.failed(e)
	case arriving:
		return p.arrive(e)
	case complains:
		return p.complain(e)
	case answered:
		if e.at.Sub(e.trouble.began) > day {
			p.feel(-0.08)
		} else {
			p.feel(0.03)
		}
		return p.tell(e.at, "complaint_response", e.order)
	case righted:
		return p.putRight(e)
	}
	return nil
}

// feel moves what she thinks of the shop.
func (p *person) feel(by float64) { p.goodwill = min(max(p.goodwill+by, 0), 1) }

// leave is for good.
func (p *person) leave(at time.Time) {
	if !p.left {
		p.left, p.story.left = true, at
	}
}

// wants lets her come to want something.
func (p *person) wants(at time.Time) {
	if p.left {
		return
	}
	r := p.draw(forWish, p.wishes)
	if len(p.orders) == 0 {
		p.wishFor(r, p.kind.first, at)
	} else {
		p.wishFor(r, p.kind.then, at)
	}
	p.come(at.Add(wait(r, 1)))
}

// rest ends a wish and says when the next one comes.
func (p *person) rest(at time.Time) {
	p.wish = ""
	r := p.draw(forWish, p.wishes+10000)
	pause := wait(r, p.kind.every)
	if at.Before(p.rungUntil) {
		pause = time.Duration(float64(pause) / p.world.Truth.RungFactor)
	}
	p.put(entry{at: at.Add(pause), what: wishing})
}

// place places an order at a time, whose fate is drawn at once.
func (p *person) place(at time.Time) {
	k := len(p.orders)
	r := p.draw(forOrder, k)
	o := &order{id: p.id + "-o" + strconv.Itoa(k), subject: p.wish, placed: at}
	if k == 0 {
		p.story.first = at
	}
	o.value = float64(int(price(o.subject) * (0.5 + r.Float64())))
	within := 4 + 4*r.Float64()
	o.promised = at.Add(days(within))
	p.orders = append(p.orders, o)
	p.story.buy(at, o.value)
	t := p.world.Truth
	delay, how := r.Float64(), r.Float64()
	switch {
	case how < t.Late:
		o.fate = late
		p.put(entry{at: o.promised, what: promised, order: o})
		p.put(entry{at: o.promised.Add(days(2 + 10*delay)), what: arriving, order: o})
	case how < t.Late+t.Wrong:
		o.fate = wrong
		p.put(entry{at: at.Add(days(within * (0.4 + 0.5*delay))), what: failing, order: o})
	case how < t.Late+t.Wrong+t.Never:
		o.fate = wrong
		p.put(entry{at: o.promised.Add(days(2 + 2*delay)), what: failing, order: o})
	default:
		p.put(entry{at: at.Add(days(within * (0.3 + 0.6*delay))), what: arriving, order: o})
	}
	if k == 0 {
		p.story.fate = o.fate
	}
	p.rest(at)
}

// trouble begins a trouble with an order and lets her complain, leave, or bear it. Who leaves says nothing. Staff see to it whether
// she says anything or not.
func (p *person) trouble(at time.Time, o *order, upset float64) *trouble {
	t := &trouble{n: len(p.troubles), order: o, began: at}
	p.troubles = append(p.troubles, t)
	r := p.draw(forTrouble, t.n)
	p.feel(-upset / 2)
	says, goes, when := r.Float64(), r.Float64(), wait(r, 1.2)
	switch {
	case p.left:
	case says < (0.3+0.7*p.patience)*min(2*upset, 1):
		p.put(entry{at: at.Add(when), what: complains, order: o, trouble: t})
	case goes < (1-p.patience)*upset:
		p.leave(at)
		p.story.silently++
	}
	answer := wait(r, 0.6)
	p.put(entry{at: at.Add(answer), what: answered, order: o, trouble: t})
	p.put(entry{at: at.Add(answer + wait(r, 3)), what: righted, order: o, trouble: t})
	return t
}

// lateNow is when an order should have come and has not.
func (p *person) lateNow(e *entry) { p.trouble(e.at, e.order, 0.35) }

// failed is when an order came wrong or is known to be lost; what was ordered is sent anew.
func (p *person) failed(e *entry) error {
	t := p.trouble(e.at, e.order, 0.5)
	again := 2 + 5*p.draw(forTrouble, 1000+t.n).Float64()
	p.put(entry{at: e.at.Add(days(again)), what: arriving, order: e.order})
	return p.tell(e.at, "delivery_failed", e.order)
}

// arrive is when an order comes right.
func (p *person) arrive(e *entry) error {
	o := e.order
	o.arrived = e.at
	if o.fate == inTime {
		p.feel(0.06)
	}
	if err := p.tell(e.at, "delivery_confirmed", o); err != nil {
		return err
	}
	p.handOver(e.at)
	r := p.draw(forOrder, 1000+len(p.orders))
	if faulty, after := r.Float64() < p.world.Truth.Fault, wait(r, 12); faulty && o.fate == inTime {
		p.put(entry{at: e.at.Add(after), what: complains, order: o})
	}
	return nil
}

// handOver ends acquisition when the first order has come right and nothing about it is open.
func (p *person) handOver(at time.Time) {
	if !p.story.handed.IsZero() || p.orders[0].arrived.IsZero() {
		return
	}
	for _, t := range p.troubles {
		if t.order == p.orders[0] && t.open() {
			return
		}
	}
	p.story.handed = at
}

// complain is when she says what is wrong: with a delivery, or, without a trouble yet, with what came right and turned out faulty.
// Who lacks the patience for that bears it, and thinks less of the shop.
func (p *person) complain(e *entry) error {
	if p.left {
		return nil
	}
	if e.trouble == nil {
		p.feel(-0.15)
		if p.draw(forTrouble, 2000+len(p.troubles)).Float64() > p.patience {
			return nil
		}
		e.trouble = &trouble{n: len(p.troubles), order: e.order, began: e.at}
		p.troubles = append(p.troubles, e.trouble)
		r := p.draw(forTrouble, 3000+e.trouble.n)
		answer := wait(r, 0.6)
		p.put(entry{at: e.at.Add(answer), what: answered, order: e.order, trouble: e.trouble})
		p.put(entry{at: e.at.Add(answer + wait(r, 3)), what: righted, order: e.order, trouble: e.trouble})
	}
	if !e.trouble.open() {
		return nil // it was put right before she got to it
	}
	p.come(e.at.Add(wait(p.draw(forTrouble, 6000+e.trouble.n), 2)))
	return p.tell(e.at, "complaint", e.order)
}

// putRight is when staff have put something right, or failed to: then some go, and staff try again. What was ordered must have come,
// too.
func (p *person) putRight(e *entry) error {
	r := p.draw(forTrouble, 4000+e.trouble.n)
	fails, goes, again := r.Float64(), r.Float64(), wait(r, 10)
	retry := entry{what: righted, order: e.order, trouble: e.trouble}
	switch {
	case e.order.arrived.IsZero():
		retry.at = e.at.Add(days(1))
	case !e.trouble.failed && fails > p.world.Truth.Resolved:
		e.trouble.failed = true
		retry.at = e.at.Add(days(3) + again)
		if goes < 0.6 {
			p.leave(e.at)
		}
	default:
		return p.closed(e.trouble, e.at)
	}
	p.put(retry)
	return nil
}

// closed is when a trouble is over. Most look soon whether all is well.
func (p *person) closed(t *trouble, at time.Time) error {
	t.right = at
	p.feel(0.1)
	r := p.draw(forTrouble, 5000+t.n)
	if looks, soon := r.Float64() < 0.8, wait(r, 3); looks && !p.left {
		p.come(at.Add(soon))
	}
	if err := p.tell(at, "complaint_resolved", t.order); err != nil {
		return err
	}
	p.story.putRight(at, p.look)
	p.handOver(at)
	return nil
}

// tell lets the shop hear of something that happened to an order.
func (p *person) tell(at time.Time, typ string, o *order) error {
	e := p.event(typ, at)
	e.Subject = o.subject
	e.Attributes = map[string]string{"order": o.id}
	return p.hear(at, e)
}

// hear lets the shop hear of events, and notes how she stands with it then.
func (p *person) hear(now time.Time, events ...veiviser.Event) error {
	if err := p.desk.Hear(events, now); err != nil {
		return err
	}
	was := p.look
	p.look = p.desk.Look(now)
	p.story.moved(now, was.Rung, p.look.Rung, p.world.Rungs)
	return nil
}

// event begins an event of hers.
func (p *person) event(typ string, at time.Time) veiviser.Event {
	p.events++
	return veiviser.Event{ID: p.id + "-" + strconv.Itoa(p.events), VisitorID: p.id, Type: typ, Time: at, Channel: p.channel}
}

// seed is for the shop's own draws on a visit.
func (p *person) seed() [2]uint64 {
	return [2]uint64{p.world.Seed, simulate.Mix(forShop, uint64(p.n), uint64(p.visits))}
}
