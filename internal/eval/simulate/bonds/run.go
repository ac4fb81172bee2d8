package bonds

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Config says what is simulated.
type Config struct {
	// People is how many there are: 1,500 when 0. They come first within the first half of the time.
	People int
	// Days is how long it goes on: 540 when 0, at least 90.
	Days int
	// Seed decides who comes and what luck they have.
	Seed uint64
	// Truth is what is true of them; that of the sample audience when zero.
	Truth Truth
	// Goods are what the shops may show.
	Goods []Goods
	// Shops are compared, each on an audience of its own that is the same for all. The first is the one that is judged; a shop
	// that knows the truth is added to them.
	Shops []Shop
	// All is the first shop when it leads everybody back, None when it leads nobody back: the difference is the true effect of
	// leading back. Without them it stays unknown.
	All, None Shop
	// Rungs are the ids of the loyalty ladder and Tiers those of the classes of value, the lowest first.
	Rungs, Tiers []string
	// Window is how long after something was put right coming back counts: 60 days when 0.
	Window time.Duration
	// Start is when the first may come: the first of January 2026 when zero.
	Start time.Time
	// Workers is how many people are simulated at once: 1 when 0. The result does not depend on it.
	Workers int
	// Title and Source head the report.
	Title, Source string
}

// withDefaults is the config with what was left out.
func (c Config) withDefaults() Config {
	if c.People == 0 {
		c.People = 1500
	}
	if c.Days == 0 {
		c.Days = 540
	}
	if c.Truth == (Truth{}) {
		c.Truth = TruthOfSample()
	}
	if c.Window == 0 {
		c.Window = days(60)
	}
	if c.Start.IsZero() {
		c.Start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if c.Title == "" {
		c.Title = "Simulation of relationships"
	}
	c.Workers = max(c.Workers, 1)
	return c
}

// Run lets every shop look after the audience. Progress, when set, hears now and then how many lives of all were lived. The result
// depends on the config alone.
func Run(ctx context.Context, c Config, progress func(done, total int)) (*Result, error) {
	c = c.withDefaults()
	if len(c.Shops) == 0 || c.People < 1 || c.Days < 90 {
		return nil, veiviser.Invalid(veiviser.ReasonInvalidField, "", "a simulation of relationships needs a shop, people, and at least 90 days")
	}
	if progress == nil {
		progress = func(int, int) {}
	}
	shops := append(append([]Shop(nil), c.Shops...), Knowing(c.Goods))
	whole := append(append([]Shop(nil), shops...), c.All, c.None)
	result := newResult(&c)
	var told [2][]*person
	for i, shop := range whole {
		if shop == nil {
			continue
		}
		w := newWorld(&c, shop)
		people, err := w.run(ctx, func(done int) { progress(i*c.People+done, len(whole)*c.People) })
		if err != nil {
			return nil, fmt.Errorf("shop %s: %w", shop.Name(), err)
		}
		if i < len(shops) {
			result.Shops = append(result.Shops, account(w, people))
		} else {
			told[i-len(shops)] = people
		}
	}
	result.compare(&c, told[0], told[1])
	return result, nil
}

// world is an audience before one shop.
type world struct {
	*Config
	shop     Shop
	kinds    []kind
	goods    map[string]*Goods
	end      time.Time
	months   int
	arriving float64 // days within which people come first
}

func newWorld(c *Config, shop Shop) *world {
	w := &world{
		Config: c, shop: shop, kinds: kinds(), goods: map[string]*Goods{}, end: c.Start.Add(days(float64(c.Days))), months: c.Days / 30,
		arriving: float64(c.Days) / 2,
	}
	for i := range c.Goods {
		w.goods[c.Goods[i].ID] = &c.Goods[i]
	}
	return w
}

// month is the end of a month of thirty days.
func (w *world) month(n int) time.Time { return w.Start.Add(days(float64(30 * (n + 1)))) }

// run lets everybody live.
func (w *world) run(ctx context.Context, progress func(done int)) ([]*person, error) {
	people := make([]*person, w.People)
	errs := make([]error, w.People)
	for n := range people { // desks are given out in order
		people[n] = w.newPerson(n)
	}
	var next, done atomic.Int64
	var wg sync.WaitGroup
	var said sync.Mutex
	for range w.Workers {
		wg.Go(func() {
			for ctx.Err() == nil {
				n := int(next.Add(1)) - 1
				if n >= len(people) {
					return
				}
				errs[n] = people[n].live()
				if d := done.Add(1); d%16 == 0 {
					said.Lock()
					progress(int(d))
					said.Unlock()
				}
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	progress(w.People)
	return people, nil
}
