package bonds

import (
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Knowing is the shop that knows the truth: it shows what works best at that moment, and nothing that harms. What it reaches is what
// there is to be reached on one visit at a time.
func Knowing(goods []Goods) Shop { return &knowingShop{goods} }

// oracleName is what the shop that knows is called.
const oracleName = "oracle"

type knowingShop struct{ goods []Goods }

// Name is what the report calls it.
func (s *knowingShop) Name() string { return oracleName }

// About says how it decides.
func (s *knowingShop) About() string {
	return "who knows what works and how everybody is, and does what is best on one visit at a time"
}

// Receive gives a desk.
func (s *knowingShop) Receive(string) Desk { return &knowing{goods: s.goods} }

// Books are none.
func (s *knowingShop) Books([]Desk, time.Time) *Books { return nil }

type knowing struct{ goods []Goods }

// Hear needs not to be told anything.
func (k *knowing) Hear([]veiviser.Event, time.Time) error { return nil }

// Show is never asked: see.
func (k *knowing) Show(*Visit) ([]string, error) { return nil, nil }

// Look keeps no accounts.
func (k *knowing) Look(time.Time) Look { return Look{} }

// see chooses by the truth: the first kind of item, of those that work on her now, that the shop has for what she is after.
func (k *knowing) see(p *person, v *Visit) []string {
	var works func(g *Goods) bool
	switch t := &p.world.Truth; {
	case p.wronged():
		works = func(g *Goods) bool { return g.Help }
	case p.story.recovering(v.Time, p.world.Window) && !p.stepped(v.Time.Add(days(t.StepDays/2))):
		works = func(g *Goods) bool { return g.Step }
	case p.ripe(v.Time) && !p.waiting():
		works = func(g *Goods) bool { return g.Offer && g.fits(p.wish) }
	case p.customer():
		works = func(g *Goods) bool { return g.Rung }
	default:
		return nil
	}
	if i := slices.IndexFunc(k.goods, func(g Goods) bool { return works(&g) }); i >= 0 {
		return []string{k.goods[i].ID}
	}
	return nil
}
