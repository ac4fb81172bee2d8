package eligible

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// shelf is a catalogue as coherence sees it.
type shelf []*veiviser.Item

func (s shelf) About(product string) func(yield func(*veiviser.Item) bool) {
	return func(yield func(*veiviser.Item) bool) {
		for _, it := range s {
			if it.Tells() && ProductOf(it) == product && !yield(it) {
				return
			}
		}
	}
}

func (s shelf) Lookup(id string) (*veiviser.Item, bool) {
	for _, it := range s {
		if it.ID == id {
			return it, true
		}
	}
	return nil, false
}

func (s shelf) Named(product string) bool {
	return slices.ContainsFunc(s, func(it *veiviser.Item) bool { return it.Tells() && it.Product == product })
}

func (s shelf) MostFacts() int {
	most := 0
	for _, it := range s {
		most = max(most, len(it.Claims)+1)
	}
	return most
}

// telling is something she was told, as the test remembers it.
type telling struct {
	it        *veiviser.Item // as it was
	at, until time.Time
	decision  uint64
}

// concerns says by the words of the contract whether she was told something of what an item is about.
func (h *telling) concerns(items shelf, it *veiviser.Item) bool {
	now, _ := items.Lookup(h.it.ID)
	return ProductOf(h.it) == ProductOf(it) || ProductOf(now) == ProductOf(it)
}

// clash says by the words of the contract whether two items tell of one product what cannot both be true.
func clash(p *veiviser.Coherence, a, b *veiviser.Item) bool {
	if a.Price != nil && b.Price != nil && a.Price.Currency == b.Price.Currency && a.Price.Micros != b.Price.Micros {
		return true
	}
	for claim, v := range a.Claims {
		if w, ok := b.Claims[claim]; ok && w != v {
			return true
		}
		for _, x := range p.Contradictions {
			if x.Claim == claim && x.Value == v && b.Claims[x.Other] == x.OtherValue || x.Other == claim && x.OtherValue == v && b.Claims[x.Claim] == x.Value {
				return true
			}
		}
	}
	return false
}

func anyFacts(r *rand.Rand, it *veiviser.Item) {
	it.Price, it.Claims = nil, nil
	if r.IntN(2) == 0 {
		it.Price = &veiviser.Money{Currency: pick(r, "NOK", "NOK", "SEK"), Micros: int64(1 + r.IntN(2))}
	}
	if r.IntN(2) == 0 {
		it.Claims = map[string]string{pick(r, "range", "made_in", "shipped_from"): pick(r, "a", "b")}
	}
}

// TestCoherence tells random histories in which prices, claims and the names of products change all the time, the clock goes back
// now and then, and impressions come early, late or never: everything that contradicts what she was told within the window is
// caught, and nothing else, in the bars, one by one and within a slate.
func TestCoherence(t *testing.T) {
	n, caught, shown := 2000, 0, 0
	for seed := range n {
		r := rand.New(rand.NewPCG(uint64(seed), 3))
		p := &veiviser.Coherence{Window: 48 * time.Hour, Contradictions: []veiviser.Contradiction{
			{Claim: "made_in", Value: "a", Other: "shipped_from", OtherValue: "b"},
		}}
		c := NewCoherence(p)
		var items shelf
		for i := range 6 {
			it := &veiviser.Item{ID: fmt.Sprint(i), Product: pick(r, "x", "y", "0", "")}
			anyFacts(r, it)
			items = append(items, it)
		}
		var st veiviser.Standing
		var told []telling
		now, latest, swept := noonOn, noonOn, noonOn // when what was over was forgotten last
		for step := range 15 {
			now = latest.Add(time.Duration(r.IntN(20)-r.IntN(2)*r.IntN(30)) * time.Hour)
			if now.After(latest) {
				latest = now
			}
			anyFacts(r, items[r.IntN(len(items))])
			if r.IntN(4) == 0 {
				items[r.IntN(len(items))].Product = pick(r, "x", "y", "z", "0", "")
			}
			lie := func(it *veiviser.Item) bool {
				return slices.ContainsFunc(told, func(h telling) bool {
					return (h.until.IsZero() || now.Before(h.until)) && now.Sub(h.at).Abs() < p.Window && swept.Sub(h.at) < p.Window &&
						h.concerns(items, it) && clash(p, it, h.it)
				})
			}
			l := c.Told(&st, items, now)
			bars := l.Bars(nil)
			var open []*veiviser.Item
			for _, it := range items {
				barred := slices.ContainsFunc(bars, func(b veiviser.Bar) bool { return b.Keeps(it) })
				if want := lie(it); barred != want || l.Fits(it) == want {
					t.Fatalf("history %d: %+v barred %v, fits %v, contradicts %v\n%+v", seed, it, barred, l.Fits(it), want, st.Facts)
				}
				if barred {
					caught++
					continue
				}
				open = append(open, it)
			}
			r.Shuffle(len(open), func(i, j int) { open[i], open[j] = open[j], open[i] })
			room := Room{Slots: 3}
			l.Room(&room, len(open), func(k int) *veiviser.Item { return open[k] })
			var facts []veiviser.Fact
			left := slices.Clone(room.Left)
			for k, it := range open {
				full := room.Slots == 0
				for g := range left {
					full = full || room.Groups[k]&(1<<g) != 0 && left[g] == 0
				}
				if full {
					continue
				}
				for g := range left {
					if room.Groups[k]&(1<<g) != 0 {
						left[g]--
					}
				}
				if room.Slots--; lie(it) {
					t.Fatalf("history %d: a slate contradicts itself with %+v", seed, it)
				}
				until := pick(r, time.Time{}, time.Time{}, now.Add(time.Hour))
				for _, f := range c.Facts(it, items, now) {
					f.Decision, f.Until = uint64(step+1), until
					facts = append(facts, f)
					told = append(told, telling{alone(it, &f), now, until, f.Decision})
				}
				l.Add(it)
				shown++
			}
			if st.Facts = c.Remember(&st, facts, now); len(facts) > 0 && now.After(swept) {
				swept = now
			}
			for _, f := range st.Facts {
				if r.IntN(6) > 0 || f.Until.IsZero() {
					continue
				}
				see(st.Facts, told, f)
			}
		}
	}
	t.Logf("%d histories, %d showings, %d kept away", n, shown, caught)
}

// alone is an item as it is, with one of its facts.
func alone(it *veiviser.Item, f *veiviser.Fact) *veiviser.Item {
	was := &veiviser.Item{ID: it.ID, Product: it.Product, Price: it.Price}
	if f.Claim != "" {
		was.Price, was.Claims = nil, map[string]string{f.Claim: f.Value}
	}
	return was
}

// see lets an impression come of all that made a fact. Of what it told several times she is held to have heard the last.
func see(facts []veiviser.Fact, told []telling, of veiviser.Fact) {
	for i := range facts {
		if f := &facts[i]; f.Item == of.Item && !f.Until.IsZero() && f.By(of.Decision) {
			for k := range told {
				if h := &told[k]; h.it.ID == f.Item && f.By(h.decision) && f.Product == ProductOf(h.it) &&
					(f.Claim == "" && h.it.Price != nil && f.Value == priceFact(h.it.Price) || f.Claim != "" && h.it.Claims[f.Claim] == f.Value) {
					h.until = time.Time{}
				}
			}
			f.Until, f.Earlier = time.Time{}, nil
		}
	}
}

// TestFullOfFacts fills what can be remembered: what says anything new is kept away then, and what she knows is not.
func TestFullOfFacts(t *testing.T) {
	c := NewCoherence(&veiviser.Coherence{Window: time.Hour})
	var st veiviser.Standing
	var items shelf
	for i := range veiviser.MaxFacts + 2 {
		it := &veiviser.Item{ID: fmt.Sprint(i), Price: &veiviser.Money{Currency: "NOK", Micros: int64(i)}}
		items = append(items, it)
		if i < veiviser.MaxFacts-1 {
			st.Facts = append(st.Facts, c.Facts(it, items, noonOn)...)
		}
	}
	l := c.Told(&st, items, noonOn)
	room := Room{Slots: 3}
	l.Room(&room, 3, func(k int) *veiviser.Item { return items[len(items)-3+k] })
	if !slices.Equal(room.Left, []int{1}) {
		t.Errorf("room for one new price: %+v", room)
	}
	l.Add(items[len(items)-1])
	bars := l.Bars(nil)
	keeps := func(it *veiviser.Item) bool {
		return slices.ContainsFunc(bars, func(b veiviser.Bar) bool { return b.Keeps(it) })
	}
	if keeps(items[0]) || !keeps(items[len(items)-2]) || keeps(&veiviser.Item{ID: "mute"}) || !bars[0].Until.Equal(noonOn.Add(time.Hour)) ||
		bars[0].Reason != veiviser.ExcludedMemory {
		t.Errorf("full: %+v", bars)
	}
	if l.Fits(items[len(items)-2]) || !l.Fits(items[0]) {
		t.Error("one by one it is otherwise")
	}
}

// TestUndeclared holds items without a product to nothing unless the plan asks for it, or another item is about them.
func TestUndeclared(t *testing.T) {
	it := &veiviser.Item{ID: "i", Price: &veiviser.Money{Currency: "NOK", Micros: 1}}
	letter := &veiviser.Item{ID: "l", Product: "i", Price: it.Price}
	if f := NewCoherence(&veiviser.Coherence{}).Facts(it, shelf{it}, noonOn); f != nil {
		t.Errorf("facts %+v", f)
	}
	for _, f := range [][]veiviser.Fact{
		NewCoherence(&veiviser.Coherence{Window: time.Hour}).Facts(it, shelf{it}, noonOn),
		NewCoherence(&veiviser.Coherence{}).Facts(it, shelf{it, letter}, noonOn),
	} {
		if len(f) != 1 || f[0].Product != "i" || f[0].Item != "i" || f[0].Value != "NOK 1" {
			t.Errorf("facts %+v", f)
		}
	}
}
