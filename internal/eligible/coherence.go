package eligible

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Coherence is what keeps people from being told one thing today and another tomorrow, made ready for deciding. It never changes.
type Coherence struct {
	window time.Duration
	// declared is true when the plan asks for it: then items without a product are held to what they said themselves.
	declared bool
	against  map[said][]said
}

// said is a claim with its value.
type said struct{ claim, value string }

// NewCoherence makes the coherence of a plan ready.
func NewCoherence(p *veiviser.Coherence) *Coherence {
	c := &Coherence{window: p.Window, declared: p.Window > 0 || len(p.Contradictions) > 0, against: map[said][]said{}}
	if c.window <= 0 {
		c.window = veiviser.DefaultCoherenceWindow
	}
	for _, x := range p.Contradictions {
		a, b := said{x.Claim, x.Value}, said{x.Other, x.OtherValue}
		c.against[a] = append(c.against[a], b)
		c.against[b] = append(c.against[b], a)
	}
	return c
}

// itemProduct begins the product of items that name none.
const itemProduct = "item:"

// ProductOf is what the price and the claims of an item are about: the item itself when it names no product.
func ProductOf(it *veiviser.Item) string {
	if it.Product != "" {
		return it.Product
	}
	return itemProduct + it.ID
}

// OwnItem is the item that a product is, for those that name no product.
func OwnItem(product string) (itemID string, ok bool) { return strings.CutPrefix(product, itemProduct) }

// Facts are what whoever sees an item is told, the price first, then the claims by name; none for items that nobody holds to
// what they say.
func (c *Coherence) Facts(it *veiviser.Item, now time.Time) []veiviser.Fact {
	if !it.Tells() || it.Product == "" && !c.declared {
		return nil
	}
	product := ProductOf(it)
	facts := make([]veiviser.Fact, 0, 1+len(it.Claims))
	if it.Price != nil {
		facts = append(facts, veiviser.Fact{Product: product, Value: priceFact(it.Price), Time: now})
	}
	for _, claim := range slices.Sorted(maps.Keys(it.Claims)) {
		facts = append(facts, veiviser.Fact{Product: product, Claim: claim, Value: it.Claims[claim], Time: now})
	}
	return facts
}

// priceFact is a price as facts keep it.
func priceFact(m *veiviser.Money) string { return m.Currency + " " + strconv.FormatInt(m.Micros, 10) }

// same reports whether two facts answer the same question: one claim of one product, or its price in one currency.
func same(a, b *veiviser.Fact) bool {
	return a.Product == b.Product && a.Claim == b.Claim && (a.Claim != "" || currency(a.Value) == currency(b.Value))
}

func currency(price string) string {
	code, _, _ := strings.Cut(price, " ")
	return code
}

// contradict reports whether two facts cannot both be true. Prices in different currencies are not compared.
func (c *Coherence) contradict(a, b *veiviser.Fact) bool {
	if a.Product != b.Product {
		return false
	}
	if same(a, b) {
		return a.Value != b.Value
	}
	return a.Claim != "" && b.Claim != "" && slices.Contains(c.against[said{a.Claim, a.Value}], said{b.Claim, b.Value})
}

// Contradict finds what two items say of one product that cannot both be true: the claim, "" for the price.
func (c *Coherence) Contradict(a, b *veiviser.Item) (claim string, found bool) {
	if !a.Tells() || !b.Tells() || ProductOf(a) != ProductOf(b) {
		return "", false
	}
	mine, theirs := c.Facts(a, time.Time{}), c.Facts(b, time.Time{})
	for i := range mine {
		for k := range theirs {
			if c.contradict(&mine[i], &theirs[k]) {
				return mine[i].Claim, true
			}
		}
	}
	return "", false
}

// Told is what one person was told, for one answer. It belongs to one goroutine.
type Told struct {
	rules *Coherence
	now   time.Time
	facts []veiviser.Fact // the live ones, and what the answer itself says
	news  bool            // the answer has said something since bars were asked for
}

// Told gives what a person was told within the window.
func (c *Coherence) Told(s *veiviser.Standing, now time.Time) *Told {
	t := &Told{rules: c, now: now}
	for i := range s.Facts {
		if f := &s.Facts[i]; c.live(f, now) {
			if t.facts == nil {
				t.facts = make([]veiviser.Fact, 0, len(s.Facts)-i+4)
			}
			t.facts = append(t.facts, *f)
		}
	}
	return t
}

// live reports whether she is held to have heard a fact. One told later than now counts, too.
func (c *Coherence) live(f *veiviser.Fact, now time.Time) bool {
	return now.Sub(f.Time).Abs() < c.window
}

// Catalogue gives the items that say something of a product. Package plan's catalogue is one.
type Catalogue interface {
	// About yields the items whose price and claims are about a product.
	About(product string) func(yield func(*veiviser.Item) bool)
	// MostFacts is the largest number of facts that an item of the catalogue tells, or more.
	MostFacts() int
}

// Bars appends the bars of items that say something else than she was told. When no more can be remembered, what says anything
// new is kept away, too: a promise that cannot be remembered is not made.
func (t *Told) Bars(bars []veiviser.Bar, items Catalogue) []veiviser.Bar {
	t.news = false
	for i := range t.facts {
		product := t.facts[i].Product
		if slices.ContainsFunc(t.facts[:i], func(f veiviser.Fact) bool { return f.Product == product }) {
			continue
		}
		b := veiviser.Bar{Reason: veiviser.ExcludedContradicts, About: product, Passes: veiviser.DutyTransactional}
		for it := range items.About(product) {
			if until, ok := t.otherwise(it); ok {
				b.Items = append(b.Items, it.ID)
				if b.Until.IsZero() || until.Before(b.Until) {
					b.Until = until
				}
			}
		}
		if len(b.Items) > 0 {
			bars = append(bars, b)
		}
	}
	if veiviser.MaxFacts-len(t.facts) < items.MostFacts() {
		bars = append(bars, t.full(items))
	}
	return bars
}

// full is the bar of what says anything that she was not told.
func (t *Told) full(items Catalogue) veiviser.Bar {
	b := veiviser.Bar{Reason: veiviser.ExcludedContradicts, Tells: true, Passes: veiviser.DutyTransactional}
	for i := range t.facts {
		if until := t.facts[i].Time.Add(t.rules.window); b.Until.IsZero() || until.Before(b.Until) {
			b.Until = until
		}
		product := t.facts[i].Product
		if slices.ContainsFunc(t.facts[:i], func(f veiviser.Fact) bool { return f.Product == product }) {
			continue
		}
		for it := range items.About(product) {
			if t.unheard(it) == 0 {
				b.Except = append(b.Except, it.ID)
			}
		}
	}
	return b
}

// otherwise reports whether an item says something else than she was told, and until when she is held to have heard it.
func (t *Told) otherwise(it *veiviser.Item) (until time.Time, found bool) {
	for _, f := range t.rules.Facts(it, t.now) {
		for i := range t.facts {
			if t.rules.contradict(&f, &t.facts[i]) {
				if at := t.facts[i].Time.Add(t.rules.window); at.After(until) {
					until = at
				}
				found = true
			}
		}
	}
	return until, found
}

// unheard is how many facts of an item she was not told.
func (t *Told) unheard(it *veiviser.Item) int {
	n := 0
	for _, f := range t.rules.Facts(it, t.now) {
		if !slices.ContainsFunc(t.facts, func(o veiviser.Fact) bool { return same(&f, &o) }) {
			n++
		}
	}
	return n
}

// Fits reports whether an item may be shown beside all that she was told.
func (t *Told) Fits(it *veiviser.Item) bool {
	if it.Duty.Passes(veiviser.DutyTransactional) || !it.Tells() {
		return true
	}
	_, otherwise := t.otherwise(it)
	return !otherwise && t.unheard(it) <= veiviser.MaxFacts-len(t.facts)
}

// Add notes that the answer shows an item.
func (t *Told) Add(it *veiviser.Item) {
	for _, f := range t.rules.Facts(it, t.now) {
		if i := slices.IndexFunc(t.facts, func(o veiviser.Fact) bool { return same(&f, &o) }); i >= 0 {
			t.facts[i], t.news = f, true
			continue
		}
		t.facts, t.news = append(t.facts, f), true
	}
}

// Room bounds a slate: what contradicts each other is not shown together, nor more than can be remembered. item gives the n
// items it is chosen from, none of which was barred before the answer showed what goes before them.
func (t *Told) Room(r *Room, items Catalogue, n int, item func(k int) *veiviser.Item) {
	if t.news {
		r.bound(n, 0, func(k int) bool { return !t.Fits(item(k)) })
	}
	if r.Slots < 2 {
		return
	}
	var of map[string][]int
	for k := range n {
		if it := item(k); it.Product != "" && it.Tells() {
			if of == nil {
				of = map[string][]int{}
			}
			of[it.Product] = append(of[it.Product], k)
		}
	}
	for _, product := range slices.Sorted(maps.Keys(of)) {
		list := of[product]
		for i, a := range list {
			for _, b := range list[:i] {
				if _, found := t.rules.Contradict(item(a), item(b)); found {
					r.bound(n, 1, func(k int) bool { return k == a || k == b })
				}
			}
		}
	}
	if most := items.MostFacts(); most > 0 {
		if left := (veiviser.MaxFacts - len(t.facts)) / most; left < r.Slots {
			r.bound(n, left, func(k int) bool { return t.unheard(item(k)) > 0 })
		}
	}
}

// Remember is what is kept of what she was told, once the facts of an answer are added: those within the window, the oldest
// first. It is s.Facts when nothing was added.
func (c *Coherence) Remember(s *veiviser.Standing, told []veiviser.Fact, now time.Time) []veiviser.Fact {
	if len(told) == 0 {
		return s.Facts
	}
	facts := make([]veiviser.Fact, 0, len(s.Facts)+len(told))
	for i := range s.Facts {
		f := &s.Facts[i]
		if now.Sub(f.Time) < c.window && !slices.ContainsFunc(told, func(o veiviser.Fact) bool { return same(f, &o) }) {
			facts = append(facts, *f)
		}
	}
	for i := range told {
		if !slices.ContainsFunc(told[i+1:], func(o veiviser.Fact) bool { return same(&told[i], &o) }) {
			facts = append(facts, told[i])
		}
	}
	slices.SortStableFunc(facts, func(a, b veiviser.Fact) int { return a.Time.Compare(b.Time) })
	return facts[max(0, len(facts)-veiviser.MaxFacts):]
}
