package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/veiviser/veiviser/internal/config"
	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/store/storetest"
	"github.com/veiviser/veiviser/internal/telemetry"
	"github.com/veiviser/veiviser/internal/veiviser"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// subjects are what the synthetic shop is about: the sample plan has journeys for both kinds.
var subjects = []string{
	"bike/ebike", "bike/kids", "bike/cargo", "bike/mountain", "bike/road", "parts/tyres", "parts/chain", "parts/brakes",
}

// benchRedis is the Redis to measure on: the one that is named, or else one of the embedded kind, shared by service and twin.
func benchRedis(b *testing.B) (url, name string) {
	b.Helper()
	collectSeldom() // as the server does
	if url = os.Getenv("VEIVISER_TEST_REDIS"); url != "" {
		return url, "redis"
	}
	server := miniredis.RunT(b)
	return "redis://" + server.Addr(), "embedded"
}

// service is a whole server with a catalogue and visitors.
type service struct {
	app    *App
	items  int
	people *people
	scope  *storetest.Scope
	// stop ends the server and removes what it wrote; once.
	stop func()
}

// newService starts a server with the sample plan, so many synthetic items beside it, and so many visitors.
func newService(b *testing.B, url string, items, visitors int) *service {
	b.Helper()
	return newServiceOf(b, url, "", items, visitors)
}

// newServiceOf is newService with the plan in a folder; "" is the sample plan.
func newServiceOf(b *testing.B, url, folder string, items, visitors int) *service {
	b.Helper()
	cfg := config.Default()
	cfg.Plan = folder
	cfg.GRPCAddr, cfg.HTTPAddr, cfg.AdminAddr = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	cfg.RedisURL, cfg.Tenant = url, "bench-"+strings.ToLower(rand.Text()[:8])
	s := &service{items: items, people: newPeople(visitors)}
	var err error
	if s.scope, err = storetest.NewScope(url, cfg.Tenant); err != nil {
		b.Fatal(err)
	}
	if s.app, err = Start(b.Context(), cfg, telemetry.Logger(io.Discard, cfg.LogFormat, cfg.LogLevel)); err != nil {
		b.Fatal(err)
	}
	s.stop = sync.OnceFunc(func() {
		if err := errors.Join(s.app.Stop(), s.scope.Close()); err != nil {
			b.Error(err)
		}
	})
	b.Cleanup(s.stop)
	s.stock(b)
	s.remember(b)
	return s
}

// stock writes the catalogue.
func (s *service) stock(b *testing.B) {
	b.Helper()
	for batch := range slices.Chunk(catalogue(s.items), veiviser.MaxItemsPerUpsert) {
		results, err := s.app.library.Upsert(context.Background(), batch)
		if err != nil {
			b.Fatal(err)
		}
		for _, r := range results {
			if r.Err != nil {
				b.Fatal(r.ID, r.Err)
			}
		}
	}
}

// remember records what the visitors did before. What a busy machine was too slow for is sent again.
func (s *service) remember(b *testing.B) {
	b.Helper()
	recorder := learn.NewRecorder(s.app.store, s.app.library, nil, s.app.log)
	todo := s.people.history(time.Now().UTC())
	for attempt := 0; len(todo) > 0; attempt++ {
		var failed []veiviser.Event
		for batch := range slices.Chunk(todo, 1200) {
			results, _ := recorder.Record(context.Background(), batch)
			for i, r := range results {
				if r.Err == nil {
					continue
				}
				if failed = append(failed, batch[i]); attempt == 10 {
					b.Fatal(r.Err)
				}
			}
		}
		todo = failed
	}
}

// catalogue makes items as a shop has them: half content and half things to buy, some human help; most about one of its
// subjects and for one or two stages; some for a segment, with a rule, with dates, out of stock.
func catalogue(n int) []veiviser.Item {
	r := mathrand.New(mathrand.NewPCG(1, 2))
	stages := veiviser.StandardStages()
	list := make([]veiviser.Item, n)
	for i := range list {
		it := &list[i]
		*it = veiviser.Item{
			ID: fmt.Sprintf("item-%06d", i), Kind: veiviser.KindContent, Status: veiviser.StatusLive,
			Name:   veiviser.Text{"nb": fmt.Sprintf("Vare nummer %d", i), "en": fmt.Sprintf("Item number %d", i)},
			Topics: []string{subjects[r.IntN(len(subjects))]},
			Stages: []veiviser.StandardStage{stages[r.IntN(len(stages))]},
			Value:  float64(r.IntN(500)), Cost: float64(r.IntN(20)),
		}
		switch k := r.IntN(20); {
		case k < 9:
			it.Kind, it.Stock = veiviser.KindOffer, new(int64(r.IntN(20)))
			it.Price = &veiviser.Money{Currency: "NOK", Micros: int64(100+r.IntN(30000)) * 1e6}
		case k < 11:
			it.Kind = veiviser.KindService
		}
		if r.IntN(2) == 0 { // finer than what visitors look at
			it.Topics[0] += fmt.Sprintf("/%02d", r.IntN(40))
		}
		if s := stages[r.IntN(len(stages))]; r.IntN(2) == 0 && s != it.Stages[0] {
			it.Stages = append(it.Stages, s)
		}
		switch r.IntN(20) {
		case 0:
			it.Segments = []string{"customers"}
		case 1:
			it.Rule = "visitor.since('purchase') > duration('720h')"
		case 2:
			it.Rule = "item.price < 20000.0 || visitor.visits > 1"
		case 3:
			it.Start, it.End = benchDay.AddDate(0, 0, -r.IntN(30)), benchDay.AddDate(1, 0, r.IntN(30))
		case 4:
			it.Boost = 0.05
		}
		it.Representations = representations(r, i)
	}
	return list
}

var benchDay = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// representations are cards in three languages, and larger pictures for some.
func representations(r *mathrand.Rand, i int) []veiviser.Representation {
	var list []veiviser.Representation
	for _, format := range []string{"card", "hero"} {
		for _, language := range []string{"nb", "sv", "en"} {
			list = append(list, veiviser.Representation{
				Format: format, Language: language, Title: fmt.Sprintf("Nummer %d for deg", i),
				Body: "Tre ting å se etter, hva de koster, og hvem som angrer på hva. Lest på fire minutter.",
				URL:  fmt.Sprintf("/things/item-%06d", i),
			})
		}
		if r.IntN(3) > 0 {
			break
		}
	}
	return list
}

// people are visitors, each under way with three decisions.
type people struct {
	ids   []string
	cares [][3]string // the subjects of each
	// events counts the events sent, for their ids.
	events atomic.Uint64
}

func newPeople(n int) *people {
	r := mathrand.New(mathrand.NewPCG(3, 4))
	p := &people{}
	for range n {
		p.ids = append(p.ids, fmt.Sprintf("%08x-%04x-4000-8000-%012x", r.Uint32(), r.Uint32()>>16, r.Uint64()>>16))
		at := r.Perm(len(subjects))
		p.cares = append(p.cares, [3]string{subjects[at[0]], subjects[at[1]], subjects[at[2]]})
	}
	return p
}

// history is what the visitors did before: visits over two weeks, an event about each need in each. It is as much as is
// ever remembered of somebody, so that records do not grow while they are measured.
func (p *people) history(now time.Time) []veiviser.Event {
	const visits = 12
	types := []string{"search", veiviser.EventView, veiviser.EventView, "compare"}
	var list []veiviser.Event
	for v, id := range p.ids {
		for visit := range visits {
			for k, subject := range p.cares[v] {
				list = append(list, veiviser.Event{
					ID: p.eventID(), VisitorID: id, Type: types[visit%len(types)], Subject: subject, Channel: "web",
					ItemID:     fmt.Sprintf("item-%06d", (v*7+visit*3+k)%100),
					Time:       now.Add(time.Duration(visit-visits)*28*time.Hour + time.Duration(k)*40*time.Second),
					Attributes: map[string]string{"page": "/things", "language": "nb", "referrer": "search"},
				})
			}
		}
	}
	return list
}

func (p *people) eventID() string { return fmt.Sprintf("e-%012d", p.events.Add(1)) }

// what is asked next: mostly three items beside a product, sometimes one on the front page.
func (p *people) turn(v int) (n uint64, subject, placement, typ string) {
	n = p.events.Load()
	subject = p.cares[v][n%3]
	placement, typ = "product_side", veiviser.EventView
	if n%4 == 0 {
		placement = "home_hero"
	}
	if n%8 == 0 {
		typ = "search"
	}
	return n, subject, placement, typ
}

// message is a request of a visitor as it is sent: what she just looked at, and what to show her now.
func (p *people) message(v int) *veiviserv1.RecommendRequest {
	n, subject, placement, typ := p.turn(v)
	return &veiviserv1.RecommendRequest{
		VisitorId: p.ids[v],
		Context: &veiviserv1.VisitContext{
			Channel: "web", Device: "phone", Language: "nb", Page: "/things/" + subject, Subject: subject,
		},
		Events: []*veiviserv1.Event{{
			EventId: p.eventID(), Type: typ, Subject: subject, ItemId: fmt.Sprintf("item-%06d", n%100), Time: timestamppb.Now(),
		}},
		Placements: []*veiviserv1.PlacementRequest{{Placement: placement}},
	}
}

// ask is the same request in the words of the core.
func (p *people) ask(v int) veiviser.Request {
	n, subject, placement, typ := p.turn(v)
	return veiviser.Request{
		VisitorID: p.ids[v],
		Context:   veiviser.Context{Channel: "web", Device: "phone", Language: "nb", Page: "/things/" + subject, Subject: subject},
		Events: []veiviser.Event{{
			ID: p.eventID(), VisitorID: p.ids[v], Type: typ, Subject: subject, ItemID: fmt.Sprintf("item-%06d", n%100), Time: time.Now(),
		}},
		Placements: []veiviser.PlacementRequest{{Placement: placement}},
	}
}
