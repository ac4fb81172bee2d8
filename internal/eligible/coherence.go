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

// ProductOf is what the price and the claims of an item are about: the item itself when it names no product.
func ProductOf(it *veiviser.Item) string {
	if it.Product != "" {
		return it.Product
	}
	return it.ID
}

// Facts are what whoever sees an item of a catalogue is told, the price first, then the claims by name; none for items that nobody
// holds to what they say.
func (c *Coherence) Facts(it *veiviser.Item, items Catalogue, now time.Time) []veiviser.Fact {
	if !it.Tells() || it.Product == "" && !c.declared && !items.Named(it.ID) {
		return nil
	}
	return c.facts(it, now)
}

// facts are what an item says.
func (c *Coherence) facts(it *veiviser.Item, now time.Time) []veiviser.Fact {
	f := veiviser.Fact{Product: ProductOf(it), Item: it.ID, Time: now, Keep: now.Add(c.window)}
	facts := make([]veiviser.Fact, 0, 1+len(it.Claims))
	if it.Price != nil {
		f.Value = priceFact(it.Price)
		facts = append(facts, f)
	}
	for _, claim := range slices.Sorted(maps.Keys(it.Claims)) {
		f.Claim, f.Value = claim, it.Claims[claim]
		facts = append(facts, f)
	}
	return facts
}

// priceFact is a price as facts keep it.
func priceFact(m *veiviser.Money) string { return m.Currency + " " + strconv.FormatInt(m.Micros, 10) }

// same reports whether two facts about one thing answer the same question: one claim, or the price in one currency.
func same(a, b *veiviser.Fact) bool {
	return a.Claim == b.Claim && (a.Claim != "" || currency(a.Value) == currency(b.Value))
}

func currency(price string) string {
	code, _, _ := strings.Cut(price, " ")
	return code
}

// contradict reports whether two facts about one thing cannot both be true. Prices in different currencies are not compared.
func (c *Coherence) contradict(a, b *veiviser.Fact) bool {
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
	mine, theirs := c.facts(a, time.Time{}), c.facts(b, time.Time{})
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
	items Catalogue
	now   time.Time
	facts []heard // the live ones, and what the answer itself says
	news  bool    // the answer has said something since bars were asked for
}

// heard is a fact, and what the item that told it is about now. When that is something else than it was then, the thing has got
// another name: it is held to both.
type heard struct {
	veiviser.Fact
	now string
}

// about reports whether it is about a product.
func (h *heard) about(product string) bool { return h.Product == product || h.now == product }

// Told gives what a person was told within the window, of the items of a catalogue.
func (c *Coherence) Told(s *veiviser.Standing, items Catalogue, now time.Time) *Told {
	t := &Told{rules: c, items: items, now: now}
	for i := range s.Facts {
		if f := &s.Facts[i]; c.live(f, now) {
			if t.facts == nil {
				t.facts = make([]heard, 0, len(s.Facts)-i+4)
			}
			t.facts = append(t.facts, heard{*f, c.calledNow(f, items)})
		}
	}
	return t
}

// calledNow is what the item that told a fact is about by now.
func (c *Coherence) calledNow(f *veiviser.Fact, items Catalogue) string {
	if it, ok := items.Lookup(f.Item); ok {
		return ProductOf(it)
	}
	return f.Product
}

// live reports whether she is held to have heard a fact. One told later than now counts, too.
func (c *Coherence) live(f *veiviser.Fact, now time.Time) bool {
	return f.Counts(now) && now.Sub(f.Time).Abs() < c.window
}

// ends is when she is held no more to have heard a fact.
func (c *Coherence) ends(f *veiviser.Fact) time.Time {
	at := f.Time.Add(c.window)
	if !f.Until.IsZero() && f.Until.Before(at) {
		return f.Until
	}
	return at
}

// Catalogue gives the items that say something of a product. Package plan's catalogue is one.
type Catalogue interface {
	// Lookup finds an item by its id.
	Lookup(itemID string) (*veiviser.Item, bool)
	// Named reports whether an item names a product as what it is about.
	Named(product string) bool
	// About yields the items whose price and claims are about a product.
	About(product string) func(yield func(*veiviser.Item) bool)
	// MostFacts is the largest number of facts that an item of the catalogue tells, or more.
	MostFacts() int
}

// Bars appends the bars of items that say something else than she was told. When no more can be remembered, what says anything
// new is kept away, too: a promise that cannot be remembered is not made.
func (t *Told) Bars(bars []veiviser.Bar) []veiviser.Bar {
	t.news = false
	for product := range t.products {
		b := veiviser.Bar{Reason: veiviser.ExcludedContradicts, About: product, Passes: veiviser.DutyTransactional}
		for it := range t.items.About(product) {
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
	if most := t.items.MostFacts(); t.free(most) < most {
		bars = append(bars, t.full())
	}
	return bars
}

// products yields what she was told something of, by the names it had then and has now, each once.
func (t *Told) products(yield func(string) bool) {
	for i := range t.facts {
		f := &t.facts[i]
		met := func(product string) bool {
			return slices.ContainsFunc(t.facts[:i], func(h heard) bool { return h.about(product) })
		}
		if !met(f.Product) && !yield(f.Product) {
			return
		}
		if f.now != f.Product && !met(f.now) && !yield(f.now) {
			return
		}
	}
}

// free is how many more facts can be remembered; it is exact when that is less than enough. What was told by several items is
// remembered once when there is no room, and so is what is reserved beside what was told for good.
func (t *Told) free(enough int) int {
	left := veiviser.MaxFacts - len(t.facts)
	if left >= enough {
		return left
	}
	for i := range t.facts {
		if f := &t.facts[i].Fact; slices.ContainsFunc(t.facts[i+1:], func(h heard) bool { return f.Repeats(&h.Fact) }) {
			left++
		}
	}
	return left
}

// full is the bar of what says anything that she was not told.
func (t *Told) full() veiviser.Bar {
	b := veiviser.Bar{Reason: veiviser.ExcludedMemory, Tells: true, Passes: veiviser.DutyTransactional}
	for i := range t.facts {
		if until := t.rules.ends(&t.facts[i].Fact); b.Until.IsZero() || until.Before(b.Until) {
			b.Until = until
		}
	}
	for product := range t.products {
		for it := range t.items.About(product) {
			if t.unheard(it) == 0 {
				b.Except = append(b.Except, it.ID)
			}
		}
	}
	return b
}

// otherwise reports whether an item says something else than she was told, and until when she is held to have heard it.
func (t *Told) otherwise(it *veiviser.Item) (until time.Time, found bool) {
	for _, f := range t.rules.Facts(it, t.items, t.now) {
		for i := range t.facts {
			if h := &t.facts[i]; h.about(f.Product) && t.rules.contradict(&f, &h.Fact) {
				if at := t.rules.ends(&h.Fact); at.After(until) {
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
	for _, f := range t.rules.Facts(it, t.items, t.now) {
		if !slices.ContainsFunc(t.facts, func(h heard) bool { return h.Repeats(&f) }) {
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
	if _, otherwise := t.otherwise(it); otherwise {
		return false
	}
	n := t.unheard(it)
	return n == 0 || n <= t.free(n)
}

// Add notes that the answer shows an item.
func (t *Told) Add(it *veiviser.Item) {
	for _, f := range t.rules.Facts(it, t.items, t.now) {
		t.facts, t.news = append(t.facts, heard{f, f.Product}), true
	}
}

// Room bounds a slate: what contradicts each other is not shown together, nor more than can be remembered. item gives the n
// items it is chosen from, none of which was barred before the answer showed what goes before them.
func (t *Told) Room(r *Room, n int, item func(k int) *veiviser.Item) {
	if t.news {
		r.bound(n, 0, func(k int) bool { return !t.Fits(item(k)) })
	}
	if r.Slots < 2 {
		return
	}
	of := byProduct(n, item)
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
	if most := t.items.MostFacts(); most > 0 {
		if left := t.free(most*r.Slots) / most; left < r.Slots {
			r.bound(n, left, func(k int) bool { return t.unheard(item(k)) > 0 })
		}
	}
}

// byProduct are the items that say something of each product that one of them names.
func byProduct(n int, item func(k int) *veiviser.Item) map[string][]int {
	var of map[string][]int
	for k := range n {
		if it := item(k); it.Product != "" && it.Tells() {
			if of == nil {
				of = map[string][]int{}
			}
			of[it.Product] = append(of[it.Product], k)
		}
	}
	for k := range n {
		if of == nil {
			break
		}
		if it := item(k); it.Product == "" && it.Tells() && of[it.ID] != nil {
			of[it.ID] = append(of[it.ID], k)
		}
	}
	return of
}

// Remember is what is kept of what she was told, once the facts of an answer are added: those within the window, or within that
// of the plan that told them, the oldest first. What was released stays as long, for its impression may come late, but makes room
// first. It is s.Facts when nothing was added.
func (c *Coherence) Remember(s *veiviser.Standing, told []veiviser.Fact, now time.Time) []veiviser.Fact {
	if len(told) == 0 {
		return s.Facts
	}
	facts := make([]veiviser.Fact, 0, len(s.Facts)+len(told))
	for i := range s.Facts {
		if f := &s.Facts[i]; now.Sub(f.Time) < c.window || now.Before(f.Keep) {
			facts = append(facts, *f)
		}
	}
	for i := range told {
		facts = veiviser.AddFact(facts, told[i])
	}
	veiviser.SortFacts(facts)
	return veiviser.KeepFacts(facts, func(f *veiviser.Fact) bool { return !c.live(f, now) })
}
