package bonds

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/veiviser/veiviser/internal/eval/simulate"
)

// What draws are for: every purpose has a stream of its own; see [simulate.Stream]. They are apart from those of package simulate
// by the offset.
const (
	forPerson = iota + 100
	forWish
	forVisit
	forOrder
	forTrouble
	forShop
)

// person is one human being, with her truth.
type person struct {
	world *world
	desk  Desk
	n     int
	id    string
	kind  *kind
	// source is where she comes from first, channel where she is mostly.
	source, channel string
	// patience in [0, 1] is how likely she says what is wrong rather than leaving; goodwill in [0, 1] is what she thinks of the
	// shop.
	patience, goodwill float64

	agenda   agenda
	visits   int
	wishes   int
	events   int
	orders   []*order
	troubles []*trouble
	// wish is what she is after, "" for nothing, until wishEnds; before wishRipe she looks around, then she is about to decide.
	wish               string
	wishRipe, wishEnds time.Time
	// stepUntil and rungUntil are how long what she was shown works.
	stepUntil, rungUntil time.Time
	recommended          time.Time // last
	left                 bool
	// look is how she stood with the shop when it last heard of her.
	look  Look
	story story
}

// order is something she ordered.
type order struct {
	id      string
	subject string
	value   float64
	placed  time.Time
	// promised is when it should come, arrived when it came right; zero is not yet.
	promised, arrived time.Time
	fate              fate
}

// fate is how a delivery goes.
type fate int

const (
	inTime fate = iota
	late
	wrong // or not at all
	numFates
)

// String is what the report calls it.
func (f fate) String() string {
	return [numFates]string{"in time", "late", "wrong or lost"}[f]
}

// trouble is something that went wrong.
type trouble struct {
	n     int
	order *order
	began time.Time
	// right is when it was put right; zero is not yet. failed is true after a try that did not help.
	right  time.Time
	failed bool
}

// open reports whether it is still to be put right.
func (t *trouble) open() bool { return t.right.IsZero() }

// newPerson is person n, the same whatever the shop; she comes first within the days of arriving.
func (w *world) newPerson(n int) *person {
	r := simulate.Stream(w.Seed, forPerson, uint64(n))
	shares := make([]float64, len(w.kinds))
	for i := range w.kinds {
		shares[i] = w.kinds[i].share
	}
	p := &person{world: w, n: n, id: "p" + strconv.Itoa(n), kind: &w.kinds[simulate.Pick(r, shares)], channel: "web"}
	p.source = sources[simulate.Pick(r, p.kind.sources[:])]
	if r.Float64() < 0.3 {
		p.channel = "app"
	}
	p.patience = 0.15 + 0.8*r.Float64()
	p.goodwill = 0.45 + 0.3*r.Float64()
	comes := w.Start.Add(time.Duration(r.Float64() * w.arriving * float64(day)))
	p.wishFor(r, p.kind.first, comes)
	p.desk = w.shop.Receive(p.id)
	p.come(comes)
	return p
}

// wishFor lets her be after one of some things. She looks around for some days.
func (p *person) wishFor(r *rand.Rand, of []string, at time.Time) {
	p.wishes++
	p.wish = of[r.IntN(len(of))]
	p.wishRipe, p.wishEnds = at.Add(wait(r, 3)), at.Add(days(21))
}

// ripe reports whether she is about to decide on something.
func (p *person) ripe(at time.Time) bool { return p.wish != "" && !at.Before(p.wishRipe) }

// draw is a stream of her own.
func (p *person) draw(purpose, number int) *rand.Rand {
	return simulate.Stream(p.world.Seed, uint64(purpose), uint64(p.n), uint64(number))
}

// days is a number of days as a duration.
func days(n float64) time.Duration { return time.Duration(n * float64(day)) }

// wait is a time with a mean in days, at most four times as long.
func wait(r *rand.Rand, mean float64) time.Duration {
	return time.Minute + days(min(r.ExpFloat64(), 4)*mean)
}

// customer reports whether her first order was delivered right and nothing about it is open; waiting whether she has ordered and
// that is not so yet.
func (p *person) customer() bool { return !p.story.handed.IsZero() }
func (p *person) waiting() bool  { return len(p.orders) > 0 && !p.customer() }

// wronged reports whether something is still to be put right.
func (p *person) wronged() bool {
	for _, t := range p.troubles {
		if t.open() {
			return true
		}
	}
	return false
}

// what may be on the agenda.
type what int

const (
	visiting  what = iota // she comes
	wishing               // she comes to want something
	promised              // an order should have come by now
	failing               // an order comes wrong, or is known to be lost
	arriving              // an order comes right
	complains             // she says what is wrong
	answered              // staff answer
	righted               // staff have put it right
)

// entry is something that happens at a time, to an order or a trouble.
type entry struct {
	at      time.Time
	what    what
	order   *order
	trouble *trouble
}

// agenda is what lies ahead of a person, in no order: there is never much.
type agenda []entry

// put puts something on the agenda.
func (p *person) put(e entry) { p.agenda = append(p.agenda, e) }

// come has her visit at a time, unless she comes earlier anyway.
func (p *person) come(at time.Time) {
	for i := range p.agenda {
		if e := &p.agenda[i]; e.what == visiting {
			if at.Before(e.at) {
				e.at = at
			}
			return
		}
	}
	p.put(entry{at: at, what: visiting})
}

// next takes what comes first off the agenda, of several at one time the one put there first.
func (p *person) next() (entry, bool) {
	if len(p.agenda) == 0 {
		return entry{}, false
	}
	first := 0
	for i := range p.agenda {
		if p.agenda[i].at.Before(p.agenda[first].at) {
			first = i
		}
	}
	e := p.agenda[first]
	p.agenda = slices.Delete(p.agenda, first, first+1)
	return e, true
}
