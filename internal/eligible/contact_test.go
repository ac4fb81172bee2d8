package eligible

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/raced"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// noonOn is when the histories begin.
var noonOn = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// shop is a random contact policy with placements and items that its caps speak of.
type shop struct {
	policy  veiviser.ContactPolicy
	places  []veiviser.Placement
	items   []veiviser.Item
	contact *Contact
}

// draw gives one of several words, or a few of them.
func pick[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

func few[T any](r *rand.Rand, list ...T) []T {
	if r.IntN(3) > 0 {
		return nil
	}
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list[:1+r.IntN(2)]
}

func anyShop(r *rand.Rand) *shop {
	s := &shop{}
	for i := range 3 {
		p := veiviser.Placement{ID: fmt.Sprint("p", i), Channel: pick(r, "web", "app"), Slots: 1 + r.IntN(4), Impressions: r.IntN(3) == 0}
		if r.IntN(2) == 0 {
			p.Attention = new(r.IntN(4))
		}
		s.places = append(s.places, p)
	}
	kinds := []veiviser.ItemKind{veiviser.KindContent, veiviser.KindOffer, veiviser.KindService, veiviser.KindAsk}
	for i := range 8 {
		it := veiviser.Item{ID: fmt.Sprint("i", i), Kind: pick(r, kinds...), Topics: few(r, "bike", "bike/ebike", "bike/mtb", "gear/*", "*")}
		if r.IntN(8) == 0 {
			it.Duty = veiviser.DutyTransactional
		}
		s.items = append(s.items, it)
	}
	for i := range 1 + r.IntN(5) {
		s.policy.Caps = append(s.policy.Caps, veiviser.Cap{
			ID: fmt.Sprint("c", i), Limit: 1 + r.IntN(3), Window: time.Duration(1+r.IntN(48)) * time.Hour,
			Per:   pick(r, "", "", veiviser.PerItem, veiviser.PerTopic, veiviser.PerKind, veiviser.PerChannel),
			Kinds: few(r, kinds...), Topics: few(r, "bike", "bike/ebike", "gear", "*"), Items: few(r, "i0", "i1", "i2"),
			Channels: few(r, "web", "app"), Placements: few(r, "p0", "p1", "p2"),
		})
	}
	if r.IntN(2) == 0 {
		s.policy.Budget = veiviser.AttentionBudget{Amount: 3 + r.IntN(6), Window: time.Duration(1+r.IntN(30)) * time.Hour}
	}
	s.contact = NewContact(&s.policy)
	return s
}

// fitsCap says by the words of the contract whether a cap counts a showing.
func fitsCap(c *veiviser.Cap, x *veiviser.Contact) bool {
	return (len(c.Kinds) == 0 || slices.Contains(c.Kinds, x.Kind)) && (len(c.Items) == 0 || slices.Contains(c.Items, x.ItemID)) &&
		(len(c.Topics) == 0 || slices.ContainsFunc(x.Topics, func(t string) bool { return veiviser.AnySubjectMatches(c.Topics, t) })) &&
		(len(c.Channels) == 0 || slices.Contains(c.Channels, x.Channel)) &&
		(len(c.Placements) == 0 || slices.Contains(c.Placements, x.Placement))
}

// valuesOf are those that a cap counts by themselves.
func valuesOf(c *veiviser.Cap, x *veiviser.Contact) (list []string) {
	switch c.Per {
	case veiviser.PerItem:
		return []string{x.ItemID}
	case veiviser.PerKind:
		return []string{string(x.Kind)}
	case veiviser.PerChannel:
		return []string{x.Channel}
	case veiviser.PerTopic:
		for _, t := range x.Topics {
			if veiviser.AnySubjectMatches(c.Topics, t) {
				list = append(list, strings.TrimSuffix(t, "/*"))
			}
		}
		return list
	default:
		return []string{""}
	}
}

// exceeded recounts everything that was ever shown: a window that ends at a showing and holds more than a cap allows, or more
// attention than the budget; "" when there is none.
func (s *shop) exceeded(all []veiviser.Contact) string {
	for i := range s.policy.Caps {
		c := &s.policy.Caps[i]
		for k := range all {
			if !fitsCap(c, &all[k]) {
				continue
			}
			for _, v := range valuesOf(c, &all[k]) {
				n := 0
				for j := range all {
					x := &all[j]
					if age := all[k].Time.Sub(x.Time); age >= 0 && age < c.Window && x.Counts(all[k].Time) && fitsCap(c, x) && slices.Contains(valuesOf(c, x), v) {
						n++
					}
				}
				if n > c.Limit {
					return fmt.Sprintf("%+v: %d of %q within the window before %v", *c, n, v, all[k].Time)
				}
			}
		}
	}
	b := s.policy.Budget
	for k := range all {
		sum := 0
		for j := range all {
			if age := all[k].Time.Sub(all[j].Time); age >= 0 && age < b.Window && all[j].Counts(all[k].Time) {
				sum += int(all[j].Attention)
			}
		}
		if b.Amount > 0 && all[k].Attention > 0 && sum > b.Amount {
			return fmt.Sprintf("%+v: %d within the window before %v", b, sum, all[k].Time)
		}
	}
	return ""
}

// answer shows what it may on a few placements, in any order of items, and adds the showings to all.
func (s *shop) answer(t *testing.T, r *rand.Rand, st *veiviser.Standing, now time.Time, decision uint64, all []veiviser.Contact) []veiviser.Contact {
	tally := s.contact.Tally(st, nil, nil, now, false)
	defer tally.Release()
	var shown []veiviser.Contact
	var taken []string
	for range 1 + r.IntN(2) {
		p := &s.places[r.IntN(len(s.places))]
		channel := pick(r, p.Channel, p.Channel, "chat")
		bars := tally.Bars(nil, p, channel)
		var open []*veiviser.Item
		for i := range s.items {
			it := &s.items[i]
			barred := slices.ContainsFunc(bars, func(b veiviser.Bar) bool { return b.Keeps(it) })
			if fits := tally.Fits(it, p, channel); fits == barred {
				t.Fatalf("%s on %s: fits %v, barred %v by %+v", it.ID, p.ID, fits, barred, bars)
			}
			if !barred && !slices.Contains(taken, it.ID) && !it.Duty.Passes(veiviser.DutyTransactional) {
				open = append(open, it)
			}
		}
		for i := range bars {
			if u := bars[i].Until; !u.IsZero() && !u.After(now) {
				t.Fatalf("a bar ended already: %+v at %v", bars[i], now)
			}
		}
		r.Shuffle(len(open), func(i, j int) { open[i], open[j] = open[j], open[i] })
		room := Room{Slots: p.Slots}
		tally.Room(&room, p, channel, len(open), func(k int) *veiviser.Item { return open[k] })
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
			room.Slots--
			x := s.contact.Of(it, p, channel, now, decision)
			tally.Add(&x)
			shown, taken = append(shown, x), append(taken, it.ID)
		}
	}
	kept := slices.Clone(shown)
	for i := range kept {
		kept[i].Keep = s.contact.Keep(&kept[i])
	}
	kept = slices.DeleteFunc(kept, func(x veiviser.Contact) bool { return x.Keep.IsZero() })
	st.Contacts = s.contact.Remember(st, kept, now, true)
	return append(all, shown...)
}

// TestCapsAreNeverExceeded tells random histories of showings, impressions that come or do not, and time that mostly goes
// forward, and recounts them naively.
func TestCapsAreNeverExceeded(t *testing.T) {
	n := 10_000
	if testing.Short() || raced.On {
		n = 1000
	}
	shown := 0
	for seed := range n {
		r := rand.New(rand.NewPCG(uint64(seed), 5))
		s, now := anyShop(r), noonOn
		var st veiviser.Standing
		var all []veiviser.Contact
		for step := range 12 {
			now = now.Add(pick(r, 0, time.Minute, time.Hour, 7*time.Hour, 25*time.Hour) + time.Duration(r.IntN(1000))*time.Second)
			decision := uint64(step + 1)
			all = s.answer(t, r, &st, now, decision, all)
			if r.IntN(2) == 0 { // the impression comes at once
				for _, list := range [...][]veiviser.Contact{st.Contacts, all} {
					for i := range list {
						if list[i].Decision == decision {
							list[i].Until = time.Time{}
						}
					}
				}
			}
		}
		if wrong := s.exceeded(all); wrong != "" {
			t.Fatalf("history %d: %s", seed, wrong)
		}
		shown += len(all)
	}
	t.Logf("%d histories, %d showings", n, shown)
}

// TestEarlierAsked asks for moments before what was shown already: a window that holds both is short of room, too.
func TestEarlierAsked(t *testing.T) {
	for seed := range 1000 {
		r := rand.New(rand.NewPCG(uint64(seed), 6))
		s := anyShop(r)
		for i := range s.places {
			s.places[i].Impressions = false // what lapses in between is another matter
		}
		var st veiviser.Standing
		var all []veiviser.Contact
		for step := range 12 {
			all = s.answer(t, r, &st, noonOn.Add(time.Duration(r.IntN(72*3600))*time.Second), uint64(step+1), all)
		}
		// Pruning by the moment asked for may only forget what is older than any window.
		if wrong := s.exceeded(all); wrong != "" && len(st.Contacts) == len(all) {
			t.Fatalf("history %d: %s", seed, wrong)
		}
	}
}

// TestFoldedCapsAreNeverExceeded tells histories in which far more is shown than is remembered one by one: what is counted
// together is counted no less.
func TestFoldedCapsAreNeverExceeded(t *testing.T) {
	raced.Skip(t)
	shown, folded := 0, 0
	for seed := range 12 {
		r := rand.New(rand.NewPCG(uint64(seed), 7))
		s := anyShop(r)
		for i := range s.policy.Caps {
			c := &s.policy.Caps[i]
			c.Limit, c.Window = 30+r.IntN(70), time.Duration(20+r.IntN(70))*24*time.Hour
		}
		s.policy.Budget.Amount *= 50
		s.policy.Budget.Window *= 50
		s.contact = NewContact(&s.policy)
		var st veiviser.Standing
		var all []veiviser.Contact
		for step, now := 0, noonOn; step < 600; step++ {
			now = now.Add(time.Duration(r.IntN(300)) * time.Minute)
			if all = s.answer(t, r, &st, now, uint64(step+1), all); len(st.Contacts) > veiviser.MaxContacts {
				t.Fatalf("history %d: %d contacts", seed, len(st.Contacts))
			}
		}
		if wrong := s.exceeded(all); wrong != "" {
			t.Fatalf("history %d: %s", seed, wrong)
		}
		shown += len(all)
		for i := range st.Contacts {
			folded += int(st.Contacts[i].More)
		}
	}
	if t.Logf("%d showings, %d counted with others", shown, folded); folded == 0 {
		t.Error("nothing was counted together")
	}
}

// TestFoldedAreCounted shows sixty items fifty at a time: each as often as its cap allows, and neither less nor more.
func TestFoldedAreCounted(t *testing.T) {
	c := NewContact(&veiviser.ContactPolicy{Caps: []veiviser.Cap{{ID: "same", Limit: 9, Window: 30 * 24 * time.Hour, Per: veiviser.PerItem}}})
	p := &veiviser.Placement{ID: "wide", Channel: "web", Slots: 50}
	items := make([]*veiviser.Item, 60)
	for i := range items {
		items[i] = &veiviser.Item{ID: fmt.Sprint(i), Kind: veiviser.KindContent}
	}
	var st veiviser.Standing
	counts := map[string]int{}
	for step := range 20 {
		now := noonOn.Add(time.Duration(step) * time.Hour)
		tally := c.Tally(&st, nil, nil, now, false)
		var shown []veiviser.Contact
		for k := range 60 {
			it := items[(step*50+k)%60]
			if len(shown) == 50 || !tally.Fits(it, p, "web") {
				continue
			}
			x := c.Of(it, p, "web", now, uint64(step+1))
			x.Keep = c.Keep(&x)
			tally.Add(&x)
			shown = append(shown, x)
			counts[it.ID]++
		}
		tally.Release()
		st.Contacts = c.Remember(&st, shown, now, false)
	}
	kept := 0
	for i := range st.Contacts {
		kept += st.Contacts[i].Count()
	}
	for id, n := range counts {
		if n != 9 {
			t.Errorf("item %s was shown %d times", id, n)
		}
	}
	if len(counts) != 60 || len(st.Contacts) > veiviser.MaxContacts || kept != 540 {
		t.Errorf("%d items, %d contacts for %d showings", len(counts), len(st.Contacts), kept)
	}
}

// TestFullOfContacts fills what can be remembered with as many items: then what caps count is not shown rather than forgotten, and
// what only makes a contact stand for one more is.
func TestFullOfContacts(t *testing.T) {
	policy := &veiviser.ContactPolicy{Caps: []veiviser.Cap{
		{ID: "long", Limit: 100, Window: veiviser.MaxCapWindow, Per: veiviser.PerItem, Kinds: []veiviser.ItemKind{veiviser.KindOffer}},
	}}
	c, p := NewContact(policy), &veiviser.Placement{ID: "web", Channel: "web", Slots: 5}
	var st veiviser.Standing
	for i := range veiviser.MaxContacts - 2 {
		st.Contacts = append(st.Contacts, veiviser.Contact{
			Time: noonOn.Add(time.Duration(i) * time.Second), ItemID: fmt.Sprint(i), Kind: veiviser.KindOffer, Channel: "web", Placement: "web", Attention: 1,
		})
	}
	now := noonOn.Add(time.Hour)
	items := make([]*veiviser.Item, 5)
	for i := range items {
		items[i] = &veiviser.Item{ID: fmt.Sprint("new", i), Kind: veiviser.KindOffer}
	}
	known := &veiviser.Item{ID: "7", Kind: veiviser.KindOffer}
	tally := c.Tally(&st, nil, nil, now, false)
	defer tally.Release()
	room := Room{Slots: 6}
	tally.Room(&room, p, "web", 6, func(k int) *veiviser.Item { return append(items, known)[k] })
	if !slices.Equal(room.Left, []int{2}) || room.Groups[3] != 1 || room.Groups[5] != 0 {
		t.Errorf("room for two: %+v", room)
	}
	for i := range 2 {
		x := c.Of(items[i], p, "web", now, 0)
		tally.Add(&x)
	}
	bars := tally.Bars(nil, p, "web")
	if len(bars) != 1 || bars[0].Reason != veiviser.ExcludedMemory || bars[0].About != "" || !bars[0].Keeps(items[2]) ||
		bars[0].Keeps(&veiviser.Item{Kind: veiviser.KindContent}) || !bars[0].Until.Equal(noonOn.Add(veiviser.MaxCapWindow)) {
		t.Errorf("full: %+v", bars)
	}
	for _, it := range []*veiviser.Item{known, items[0]} {
		if bars[0].Keeps(it) || !tally.Fits(it, p, "web") {
			t.Errorf("%s is kept away, though it takes no place of its own", it.ID)
		}
	}
	reserved := &veiviser.Placement{ID: "web", Channel: "web", Impressions: true}
	if tally.Fits(known, reserved, "web") || !tally.Bars(nil, reserved, "web")[0].Keeps(known) {
		t.Error("what is reserved takes a place of its own")
	}
}

// TestRememberedToTheEnd publishes a plan that counts nothing, and rolls it back: what was counted when it was shown is counted
// again, and what nothing counted is not remembered.
func TestRememberedToTheEnd(t *testing.T) {
	counting := NewContact(&veiviser.ContactPolicy{Caps: []veiviser.Cap{{ID: "one", Limit: 1, Window: 7 * 24 * time.Hour, Channels: []string{"mail"}}}})
	silent := NewContact(&veiviser.ContactPolicy{})
	letter, it := &veiviser.Placement{ID: "letter", Channel: "mail"}, &veiviser.Item{ID: "tip"}
	x := counting.Of(it, letter, "mail", noonOn, 1)
	if x.Keep = counting.Keep(&x); !x.Keep.Equal(noonOn.Add(7 * 24 * time.Hour)) {
		t.Errorf("kept until %v", x.Keep)
	}
	if web := counting.Of(it, &veiviser.Placement{ID: "web"}, "web", noonOn, 2); !counting.Keep(&web).IsZero() || !silent.Keep(&x).IsZero() {
		t.Error("what nothing counts is kept")
	}
	st := veiviser.Standing{Contacts: []veiviser.Contact{x}}
	shown := []veiviser.Contact{{Time: noonOn.Add(time.Hour), ItemID: "other"}}
	st.Contacts = silent.Remember(&st, shown, noonOn.Add(time.Hour), false)
	tally := counting.Tally(&st, nil, nil, noonOn.Add(2*time.Hour), false)
	defer tally.Release()
	if tally.Fits(it, letter, "mail") {
		t.Error("another plan let the showing be forgotten")
	}
	if left := silent.Remember(&st, shown, noonOn.Add(8*24*time.Hour), false); len(left) != 1 {
		t.Errorf("after the window %+v", left)
	}
}

// TestUnknownHistory leaves out whatever a cap or the budget could count when nobody knows what she was shown.
func TestUnknownHistory(t *testing.T) {
	c := NewContact(&veiviser.ContactPolicy{
		Caps:   []veiviser.Cap{{ID: "offers", Limit: 9, Window: time.Hour, Channels: []string{"web"}, Kinds: []veiviser.ItemKind{veiviser.KindOffer}}},
		Budget: veiviser.AttentionBudget{Amount: 100, Window: time.Hour},
	})
	tally := c.Tally(&veiviser.Standing{}, nil, nil, noonOn, true)
	defer tally.Release()
	offer, guide := &veiviser.Item{ID: "o", Kind: veiviser.KindOffer}, &veiviser.Item{ID: "g", Kind: veiviser.KindContent}
	web := &veiviser.Placement{ID: "web", Channel: "web", Attention: new(0)}
	if tally.Fits(offer, web, "web") || !tally.Fits(guide, web, "web") || !tally.Fits(offer, web, "chat") {
		t.Error("without history a cap holds for what it counts, and for nothing else")
	}
	if tally.Fits(guide, &veiviser.Placement{ID: "push", Channel: "push"}, "push") {
		t.Error("without history the budget is spent")
	}
	if bars := tally.Bars(nil, &veiviser.Placement{ID: "desk", Staff: true}, "web"); bars != nil {
		t.Errorf("staff is barred: %+v", bars)
	}
}

// TestAccountCaps counts what all persons of an account were shown; who has none is not capped by it.
func TestAccountCaps(t *testing.T) {
	c := NewContact(&veiviser.ContactPolicy{Caps: []veiviser.Cap{{ID: "company", Limit: 1, Window: time.Hour, Account: true}}})
	shown := veiviser.Standing{Contacts: []veiviser.Contact{{Time: noonOn, ItemID: "i"}}}
	web, it := &veiviser.Placement{ID: "web"}, &veiviser.Item{ID: "i"}
	for _, x := range []struct {
		hers, account *veiviser.Standing
		fits          bool
	}{{&shown, nil, true}, {&shown, &veiviser.Standing{}, true}, {&veiviser.Standing{}, &shown, false}} {
		tally := c.Tally(x.hers, x.account, nil, noonOn, false)
		if got := tally.Fits(it, web, "web"); got != x.fits {
			t.Errorf("hers %d, account %v: fits %v", len(x.hers.Contacts), x.account, got)
		}
		tally.Release()
	}
}

// bigPolicy has 200 caps of all sorts.
func bigPolicy() *veiviser.ContactPolicy {
	p := &veiviser.ContactPolicy{Budget: veiviser.AttentionBudget{Amount: 1000, Window: 24 * time.Hour}}
	kinds := []veiviser.ItemKind{veiviser.KindContent, veiviser.KindOffer, veiviser.KindService, veiviser.KindAsk}
	for i := range 200 {
		c := veiviser.Cap{ID: fmt.Sprint("c", i), Limit: 40 + i%50, Window: time.Duration(1+i%60) * 24 * time.Hour}
		switch i % 5 {
		case 0:
			c.Topics = []string{fmt.Sprintf("shelf/%d", i)}
		case 1:
			c.Items, c.Per = []string{fmt.Sprint("item", i), fmt.Sprint("item", i+1)}, veiviser.PerItem
		case 2:
			c.Kinds, c.Per = []veiviser.ItemKind{kinds[i%4]}, veiviser.PerTopic
		case 3:
			c.Placements = []string{fmt.Sprint("p", i%20)}
		case 4:
			c.Channels, c.Kinds = []string{"web", "app"}, []veiviser.ItemKind{kinds[i%4]}
		}
		p.Caps = append(p.Caps, c)
	}
	return p
}

// BenchmarkContactBars is what 200 caps cost an answer with one and with four placements, for somebody with 30 contacts.
func BenchmarkContactBars(b *testing.B) {
	c := NewContact(bigPolicy())
	kinds := []veiviser.ItemKind{veiviser.KindContent, veiviser.KindOffer, veiviser.KindService}
	var st veiviser.Standing
	for i := range 30 {
		st.Contacts = append(st.Contacts, veiviser.Contact{
			Time: noonOn.Add(time.Duration(i) * time.Hour), ItemID: fmt.Sprint("item", i), Kind: kinds[i%3],
			Topics: []string{fmt.Sprintf("shelf/%d/deep", 5*i)}, Channel: "web", Placement: fmt.Sprint("p", i%4), Attention: 1,
		})
	}
	places := make([]veiviser.Placement, 4)
	for i := range places {
		places[i] = veiviser.Placement{ID: fmt.Sprint("p", i), Channel: "web"}
	}
	now := noonOn.Add(48 * time.Hour)
	for _, n := range []int{1, 4} {
		b.Run(fmt.Sprint("placements=", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				tally := c.Tally(&st, nil, nil, now, false)
				for i := range n {
					if bars := tally.Bars(nil, &places[i], "web"); len(bars) > 0 {
						b.Fatalf("%+v", bars)
					}
				}
				tally.Release()
			}
		})
	}
}
