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

func (s shelf) MostFacts() int {
	most := 0
	for _, it := range s {
		most = max(most, len(it.Claims)+1)
	}
	return most
}

// heard is something she was told, as the test remembers it.
type heard struct {
	it *veiviser.Item
	at time.Time
}

// clash says by the words of the contract whether two items tell of one product what cannot both be true.
func clash(p *veiviser.Coherence, a, b *veiviser.Item) bool {
	if ProductOf(a) != ProductOf(b) {
		return false
	}
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

// TestCoherence tells random histories in which prices and claims change all the time: everything that contradicts what she was
// told within the window is caught, and nothing else, in the bars, one by one and within a slate.
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
			it := &veiviser.Item{ID: fmt.Sprint(i), Product: pick(r, "x", "y", "")}
			anyFacts(r, it)
			items = append(items, it)
		}
		var st veiviser.Standing
		var told []heard
		now := noonOn
		for range 15 {
			now = now.Add(time.Duration(r.IntN(20)) * time.Hour)
			anyFacts(r, items[r.IntN(len(items))])
			lie := func(it *veiviser.Item) bool {
				return slices.ContainsFunc(told, func(h heard) bool { return now.Sub(h.at) < p.Window && clash(p, it, h.it) })
			}
			l := c.Told(&st, now)
			bars := l.Bars(nil, items)
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
			l.Room(&room, items, len(open), func(k int) *veiviser.Item { return open[k] })
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
				was := *it
				told = append(told, heard{&was, now})
				facts = append(facts, c.Facts(it, now)...)
				l.Add(it)
				shown++
			}
			st.Facts = c.Remember(&st, facts, now)
		}
	}
	t.Logf("%d histories, %d showings, %d kept away", n, shown, caught)
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
			st.Facts = append(st.Facts, c.Facts(it, noonOn)...)
		}
	}
	l := c.Told(&st, noonOn)
	room := Room{Slots: 3}
	l.Room(&room, items, 3, func(k int) *veiviser.Item { return items[len(items)-3+k] })
	if !slices.Equal(room.Left, []int{1}) {
		t.Errorf("room for one new price: %+v", room)
	}
	l.Add(items[len(items)-1])
	bars := l.Bars(nil, items)
	keeps := func(it *veiviser.Item) bool {
		return slices.ContainsFunc(bars, func(b veiviser.Bar) bool { return b.Keeps(it) })
	}
	if keeps(items[0]) || !keeps(items[len(items)-2]) || keeps(&veiviser.Item{ID: "mute"}) || !bars[0].Until.Equal(noonOn.Add(time.Hour)) {
		t.Errorf("full: %+v", bars)
	}
	if l.Fits(items[len(items)-2]) || !l.Fits(items[0]) {
		t.Error("one by one it is otherwise")
	}
}

// TestUndeclared holds items without a product to nothing unless the plan asks for it.
func TestUndeclared(t *testing.T) {
	it := &veiviser.Item{ID: "i", Price: &veiviser.Money{Currency: "NOK", Micros: 1}}
	if f := NewCoherence(&veiviser.Coherence{}).Facts(it, noonOn); f != nil {
		t.Errorf("facts %+v", f)
	}
	if f := NewCoherence(&veiviser.Coherence{Window: time.Hour}).Facts(it, noonOn); len(f) != 1 || f[0].Product != "item:i" || f[0].Value != "NOK 1" {
		t.Errorf("facts %+v", f)
	}
}
