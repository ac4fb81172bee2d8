package simulate

import (
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// begin lets a buyer visit at a time up to the moment of the decision.
func (r *run) begin(b *buyer, at time.Time) *open {
	w := r.world
	rnd := Stream(r.seed, forBefore, uint64(b.n), uint64(b.visits))
	t := &trace{world: w, buyer: b, rand: rnd, first: true, channel: b.channel, device: "desktop"}
	t.subject = Pick(rnd, w.classes[b.class].subjects)
	if rnd.Float64() < 0.2 {
		t.channel = map[string]string{"web": "app", "app": "web"}[b.channel]
	}
	if t.channel == "app" || rnd.Float64() < 0.4 {
		t.device = "phone"
	}
	t.referrer = referrer(rnd, b.state)
	n := 1 + count(rnd, 1.8)
	o := &open{}
	events := make([]veiviser.Event, n)
	pauses := make([]time.Duration, n)
	for i := range events {
		events[i], pauses[i] = t.deed(b.state)
	}
	moment := at.Add(-time.Second)
	for i := n - 1; i >= 0; i-- {
		events[i].Time = moment
		moment = moment.Add(-pauses[i])
	}
	for i := range events {
		b.history.add(&events[i])
	}
	last := &events[n-1]
	o.visit = Visit{
		N: r.decisions, Number: b.visits, VisitorID: b.id, Time: at, Events: events, History: &b.history, Arms: w.Arms,
		Fitting: w.fitting[t.subject], Seed: [2]uint64{r.seed, Mix(forPolicy, uint64(b.n), uint64(b.visits))},
		Context: veiviser.Context{
			Channel: t.channel, Device: t.device, Language: "nb", Referrer: t.referrer, Page: last.Attributes[veiviser.AttributePage],
			Query: last.Attributes[veiviser.AttributeQuery], Subject: w.subjects[t.subject], Attributes: b.told,
		},
	}
	b.open = o
	return o
}

// show lets what was chosen work: she clicks or not, moves on or not, and leaves more traces.
func (r *run) show(b *buyer) {
	o, w := b.open, r.world
	c := &w.classes[b.class]
	arm := o.choice.Arm
	if arm == Nothing {
		arm = len(w.Arms)
	}
	effect := &c.effects[b.state][arm]
	visit := uint64(b.visits)
	clicked := Stream(r.seed, forClick, uint64(b.n), visit).Float64() < effect.click
	moves := &effect.moves[0]
	if clicked {
		moves = &effect.moves[1]
	}
	o.to = State(Pick(Stream(r.seed, forMove, uint64(b.n), visit), moves[:]))
	rnd := Stream(r.seed, forAfter, uint64(b.n), visit)
	t := &trace{
		world: w, buyer: b, rand: rnd, subject: r.subject(o.visit.Context.Subject), channel: o.visit.Context.Channel,
		number: len(o.visit.Events),
	}
	at := o.visit.Time
	write := func(e veiviser.Event, pause time.Duration) {
		at = at.Add(pause)
		e.Time = at
		o.outcome.Events = append(o.outcome.Events, e)
	}
	if o.choice.Arm != Nothing {
		t.react(&w.Arms[arm], effect, clicked, ahead(b.state, o.to), write)
	}
	if b.state == Purchase && o.to == Waiting {
		t.buy(write)
	} else if n := count(rnd, 1.6); o.to != Left {
		for range n {
			write(t.deed(o.to))
		}
	}
	o.outcome.End = at.Add(time.Second)
}

// react writes what she does with the item shown: a click, and what few people say about it.
func (t *trace) react(a *Arm, e *effect, clicked, moved bool, write func(veiviser.Event, time.Duration)) {
	say := func(typ string, pause time.Duration) {
		ev := t.event(typ)
		ev.ItemID = a.ID
		if typ == veiviser.EventView {
			t.page(&ev, a.Page)
		}
		write(ev, wait(t.rand, pause))
	}
	// Each draw is made whether it is used or not, so that what comes after has the same luck.
	helped, early, irrelevant, dismissed := t.rand.Float64(), t.rand.Float64(), t.rand.Float64(), t.rand.Float64()
	if clicked {
		say("click", 5*time.Second)
		if a.Page != "" {
			say(veiviser.EventView, 2*time.Second)
		}
	}
	switch {
	case clicked && moved && helped < 0.25:
		say("helpful", time.Minute)
	case e.early > 0 && early < 0.03*float64(e.early):
		say("too_early", 10*time.Second)
	case e.taste < 0.2 && irrelevant < 0.05:
		say("not_relevant", 10*time.Second)
	case !clicked && (dismissed < 0.02 || e.early > 1 && dismissed < 0.08):
		say("dismiss", 5*time.Second)
	}
}

// buy writes the order.
func (t *trace) buy(write func(veiviser.Event, time.Duration)) {
	step := func(typ string) {
		e := t.event(typ)
		t.again(&e)
		if typ == veiviser.EventPurchase {
			e.Value = price(e.Subject)
		}
		t.follow(&e)
		write(e, wait(t.rand, 40*time.Second))
	}
	if !t.buyer.cart {
		step("cart_add")
	}
	step("checkout")
	step(veiviser.EventPurchase)
}

// price is what an order is worth, by what it is about.
func price(subject string) float64 {
	switch leaf(veiviser.SubjectAbove(subject)) {
	case "parts":
		return 600
	case "bike":
		return 18000
	default:
		return 1000
	}
}
