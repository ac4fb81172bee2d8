package simulate

import (
	"slices"
	"strings"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// act is something a buyer does that a shop can see.
type act struct {
	typ string
	// weights are how common it is in each state, relative to the others.
	weights [deciding]float64
	// pause is the mean time before it.
	pause time.Duration
	// write says more about it; nil when there is nothing more to say.
	write func(t *trace, e *veiviser.Event)
}

// acts are what buyers do. The numbers are of this world alone: no plan was asked how its signals are spread.
func acts() []act {
	const quick, usual, slow = 6 * time.Second, 45 * time.Second, 3 * time.Minute
	return []act{
		{"view", [deciding]float64{36, 14, 6, 6, 6, 6, 8}, quick, (*trace).shelf},
		{"view", [deciding]float64{28, 14, 5, 1, 1, 1, 1}, usual, (*trace).guide},
		{"view", [deciding]float64{9, 20, 14, 8, 2, 5, 5}, usual, (*trace).product},
		{"view", [deciding]float64{2, 6, 22, 20, 4, 4, 4}, usual, (*trace).again},
		{"search", [deciding]float64{6, 8, 2, 0.5, 0.5, 1, 0.5}, usual, (*trace).which},
		{"search", [deciding]float64{1, 20, 6, 3, 1, 2, 1}, usual, (*trace).thing},
		{"search", [deciding]float64{1, 5, 9, 2, 0, 0.5, 0.5}, usual, (*trace).opinions},
		{"search", [deciding]float64{1, 0.5, 0.3, 0.3, 1, 9, 3}, usual, (*trace).repair},
		{"compare", [deciding]float64{0.5, 3, 13, 2, 0, 0.2, 0.2}, usual, (*trace).again},
		{"save", [deciding]float64{1, 4, 7, 3, 0.2, 0.5, 0.5}, usual, (*trace).again},
		{"question", [deciding]float64{0.5, 1, 5, 3, 6, 4, 1}, slow, (*trace).again},
		{"test_ride_booked", [deciding]float64{0, 0.3, 3, 1, 0, 0, 0}, slow, (*trace).again},
		{"view", [deciding]float64{1, 4, 14, 5, 0.5, 0.5, 2}, slow, (*trace).tests},
		{"view", [deciding]float64{0.5, 1, 5, 10, 12, 1, 0.5}, usual, (*trace).terms},
		{"cart_add", [deciding]float64{0.1, 0.6, 2, 15, 0.2, 0.7, 0.3}, usual, (*trace).again},
		{"cart_remove", [deciding]float64{0, 0.1, 0.7, 2, 0, 0.1, 0}, usual, (*trace).again},
		{"checkout", [deciding]float64{0, 0, 0.2, 7, 0.2, 0.1, 0}, usual, (*trace).till},
		{"view", [deciding]float64{0, 0, 0, 1, 30, 3, 0.5}, usual, (*trace).order},
		{"view", [deciding]float64{0.3, 0.2, 0.1, 0.1, 3, 30, 14}, usual, (*trace).care},
		{"workshop_booked", [deciding]float64{0, 0, 0, 0, 0, 4, 1}, usual, nil},
		{"complaint", [deciding]float64{0, 0, 0, 0, 1, 1, 0}, slow, nil},
		{"review", [deciding]float64{0, 0, 0, 0, 0, 1, 14}, slow, (*trace).again},
		{"share", [deciding]float64{0.4, 0.6, 1, 0.3, 0.5, 1, 16}, usual, nil},
	}
}

// known are the acts of types that the shop keeps.
func known(list []act, eventTypes []string) []act {
	return slices.DeleteFunc(list, func(a act) bool {
		return !slices.Contains(veiviser.StandardEventTypes(), a.typ) && !slices.Contains(eventTypes, a.typ)
	})
}

// set writes an attribute of an event.
func set(e *veiviser.Event, key, value string) {
	if e.Attributes == nil {
		e.Attributes = make(map[string]string, 4)
	}
	e.Attributes[key] = value
}

func (t *trace) page(e *veiviser.Event, page string)   { set(e, veiviser.AttributePage, page) }
func (t *trace) query(e *veiviser.Event, query string) { set(e, veiviser.AttributeQuery, query) }

func (t *trace) shelf(e *veiviser.Event) { t.page(e, "/shop") }
func (t *trace) order(e *veiviser.Event) { t.page(e, "/orders/mine") }
func (t *trace) till(e *veiviser.Event)  { t.page(e, "/checkout") }

// product looks at something not seen before, most of the time.
func (t *trace) product(e *veiviser.Event) {
	name := leaf(e.Subject) + "-" + string(rune('a'+t.rand.IntN(12)))
	if !slices.Contains(t.buyer.seen, name) {
		t.buyer.seen = append(t.buyer.seen, name)
	}
	e.ItemID = name
	t.page(e, "/shop/"+name)
}

// again is about something seen before, the last one most likely.
func (t *trace) again(e *veiviser.Event) {
	n := len(t.buyer.seen)
	if n == 0 {
		t.product(e)
		return
	}
	e.ItemID = t.buyer.seen[n-1-t.rand.IntN(min(n, 2))]
	if e.Type == veiviser.EventView {
		t.page(e, "/shop/"+e.ItemID)
	}
}

func (t *trace) guide(e *veiviser.Event) { t.content(e, "/guides/choose", Need, Search) }
func (t *trace) care(e *veiviser.Event)  { t.content(e, "/care/first-month", Use, Use) }

// tests reads what others found, or what the shop has tested.
func (t *trace) tests(e *veiviser.Event) {
	if n := len(t.buyer.seen); n > 0 && t.rand.Float64() < 0.4 {
		t.page(e, "/"+t.buyer.seen[n-1]+"/reviews")
		return
	}
	t.content(e, "/guides/owners-say", Evaluate, Evaluate)
}

func (t *trace) terms(e *veiviser.Event) {
	t.page(e, []string{"/guides/delivery-how", "/guides/warranty-and-returns", "/stores/oslo"}[t.rand.IntN(3)])
}

// content opens a page of the shop's content for one of two states by herself, without its having been shown.
func (t *trace) content(e *veiviser.Event, otherwise string, one, other State) {
	page, n := otherwise, 0
	for _, a := range t.world.fitting[t.subject] {
		arm := &t.world.Arms[a]
		if arm.Kind != veiviser.KindContent || arm.Page == "" || !arm.serves(one.Standard()) && !arm.serves(other.Standard()) {
			continue
		}
		if n++; t.rand.IntN(n) == 0 {
			page = arm.Page
		}
	}
	t.page(e, page)
}

func (t *trace) which(e *veiviser.Event) {
	t.query(e, []string{"hvilken ", "hva passer ", "which "}[t.rand.IntN(3)]+word(e.Subject))
}

func (t *trace) thing(e *veiviser.Event) {
	t.query(e, word(e.Subject)+[]string{"", " 2026", " pris", " bla", " lett"}[t.rand.IntN(5)])
}

func (t *trace) opinions(e *veiviser.Event) {
	t.query(e, []string{"test ", "beste ", "omtale "}[t.rand.IntN(3)]+word(e.Subject))
}

func (t *trace) repair(e *veiviser.Event) {
	t.query(e, []string{"reparere ", "justere ", "service "}[t.rand.IntN(3)]+word(e.Subject))
}

// leaf is the last part of a subject; "goods" when there is none.
func leaf(subject string) string {
	if subject == "" {
		return "goods"
	}
	return subject[strings.LastIndexByte(subject, '/')+1:]
}

// word is what people call a subject.
func word(subject string) string {
	switch l := leaf(subject); l {
	case "bike":
		return "sykkel"
	case "ebike":
		return "elsykkel"
	case "kids":
		return "barnesykkel"
	case "cargo":
		return "lastesykkel"
	case "mountain":
		return "terrengsykkel"
	case "road":
		return "racersykkel"
	case "tyres":
		return "dekk"
	case "chain":
		return "kjede"
	case "brakes":
		return "bremseklosser"
	default:
		return l
	}
}
