package simulate

import (
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// buyer is one person, with her truth.
type buyer struct {
	n       int
	id      string
	class   int
	state   State
	visits  int
	channel string
	// told are what her first event says about herself.
	told    map[string]string
	history History
	// seen are the products she has met, newest last; cart is true when something lies in her cart.
	seen []string
	cart bool
	// open is the visit under way, nil between visits.
	open *open
	// news is what happens to her before the next visit, "" for nothing.
	news string
}

// open is a visit between decision and end.
type open struct {
	visit   Visit
	choice  Choice
	outcome Outcome
	to      State
}

// newcomer is buyer n; she is the same whatever the policy.
func (w *World) newcomerN(seed uint64, n int) *buyer {
	r := Stream(seed, forBuyer, uint64(n))
	shares := make([]float64, len(w.classes))
	for i := range shares {
		shares[i] = w.classes[i].share
	}
	starts := make([]float64, deciding)
	for s := range starts {
		starts[s] = w.courses[s].start
	}
	b := &buyer{
		n: n, id: "b" + strconv.Itoa(n), class: Pick(r, shares), state: State(Pick(r, starts)), channel: "web",
		history: History{Types: map[string]int{}, Sections: map[string]int{}},
	}
	if r.Float64() < 0.3 {
		b.channel = "app"
	}
	t := &w.Types[w.classes[b.class].typ]
	if t.Attribute != "" && r.Float64() < t.Told {
		b.told = map[string]string{t.Attribute: t.Value}
	}
	return b
}

// trace writes the events of one visit.
type trace struct {
	world    *World
	buyer    *buyer
	rand     *rand.Rand
	subject  int
	channel  string
	device   string
	referrer string
	// first is true until the first event of the visit is written.
	first  bool
	number int
}

// event begins an event of a type.
func (t *trace) event(typ string) veiviser.Event {
	e := veiviser.Event{
		ID:        t.buyer.id + "-" + strconv.Itoa(t.buyer.visits) + "-" + strconv.Itoa(t.number),
		VisitorID: t.buyer.id, Type: typ, Subject: t.world.subjects[t.subject], Channel: t.channel,
	}
	t.number++
	if t.first {
		t.first = false
		set(&e, veiviser.AttributeDevice, t.device)
		set(&e, veiviser.AttributeReferrer, t.referrer)
		if t.buyer.visits == 0 {
			for k, v := range t.buyer.told {
				set(&e, veiviser.AttributeVisitorPrefix+k, v)
			}
		}
	}
	return e
}

// referrer draws where a visit comes from: an advertisement or a post reaches those who are not looking, a search those who
// are.
func referrer(r *rand.Rand, s State) string {
	weights := [deciding][]float64{
		{0.15, 0.30, 0.30, 0.05, 0.20},
		{0.50, 0.08, 0.07, 0.05, 0.30},
		{0.30, 0.04, 0.04, 0.12, 0.50},
		{0.12, 0.02, 0.02, 0.14, 0.70},
		{0.02, 0.01, 0.01, 0.36, 0.60},
		{0.15, 0.02, 0.05, 0.28, 0.50},
		{0.05, 0.02, 0.28, 0.25, 0.40},
	}
	return []string{"search", "ad", "social", "mail", "direct"}[Pick(r, weights[s])]
}

// stray is how often somebody does what people in another state do.
const stray = 0.15

// deed is one act of somebody in a state, with the time before it.
func (t *trace) deed(s State) (veiviser.Event, time.Duration) {
	if t.rand.Float64() < stray {
		s = State(t.rand.IntN(deciding))
		if s == Purchase { // nobody goes to the checkout by mistake
			s = Search
		}
	}
	weights := make([]float64, len(t.world.acts))
	for i := range weights {
		weights[i] = t.world.acts[i].weights[s]
	}
	a := &t.world.acts[Pick(t.rand, weights)]
	e := t.event(a.typ)
	if a.write != nil {
		a.write(t, &e)
	}
	t.follow(&e)
	return e, wait(t.rand, a.pause)
}

// follow keeps the cart as events leave it.
func (t *trace) follow(e *veiviser.Event) {
	switch e.Type {
	case "cart_add":
		t.buyer.cart = true
	case "cart_remove", veiviser.EventPurchase:
		t.buyer.cart = false
	}
}

// wait is a time with a mean, at most four times as long.
func wait(r *rand.Rand, mean time.Duration) time.Duration {
	return time.Second + time.Duration(min(r.ExpFloat64(), 4)*float64(mean))
}

// count is how many events of a mean there are, at most four times as many.
func count(r *rand.Rand, mean float64) int {
	n := 0
	for n < int(4*mean) && r.Float64() < mean/(mean+1) {
		n++
	}
	return n
}
