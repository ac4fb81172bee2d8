package bonds_test

import (
	"hash/fnv"
	"time"

	"github.com/veiviser/veiviser/internal/eval/simulate/bonds"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// goods are what the fakes may show.
func goods() []bonds.Goods {
	return []bonds.Goods{
		{ID: "offer", Offer: true},
		{ID: "help", Help: true},
		{ID: "step", Step: true},
		{ID: "club", Rung: true},
		{ID: "guide"},
	}
}

// fake is a shop of few rules, made from nothing but events.
type fake struct {
	name string
	// control is the share of recoveries without steps; always is shown whatever holds.
	control float64
	// person draws the control by person instead of by case.
	person bool
	always string
	desks  []*fakeDesk
}

func (f *fake) Name() string  { return f.name }
func (f *fake) About() string { return "a fake" }
func (f *fake) Receive(id string) bonds.Desk {
	d := &fakeDesk{shop: f, id: id}
	f.desks = append(f.desks, d)
	return d
}
func (f *fake) Books([]bonds.Desk, time.Time) *bonds.Books { return nil }

type fakeDesk struct {
	shop          *fake
	id            string
	open          map[string]bool
	look          bonds.Look
	treated       bool
	steps         int
	types         []string
	first, handed string
}

func (d *fakeDesk) Hear(events []veiviser.Event, _ time.Time) error {
	if d.open == nil {
		d.open = map[string]bool{}
	}
	for i := range events {
		e := &events[i]
		d.types = append(d.types, e.Type)
		switch e.Type {
		case "complaint", "delivery_failed", "complaint_response":
			d.open[e.Attributes["order"]] = true
		case "purchase":
			if d.first == "" {
				d.first = e.Attributes["order"]
			}
		case "delivery_confirmed":
			if e.Attributes["order"] == d.first {
				d.handed = d.first
			}
		case "complaint_resolved":
			delete(d.open, e.Attributes["order"])
			h := fnv.New64a()
			if d.shop.person {
				h.Write([]byte(d.id))
			} else {
				h.Write([]byte(e.ID))
			}
			d.treated = float64(h.Sum64()%1000) >= 1000*d.shop.control
			d.look.Led, d.look.Compared = d.treated, !d.treated
			d.steps = 0
		}
	}
	return nil
}

func (d *fakeDesk) Show(*bonds.Visit) ([]string, error) {
	switch d.shop.always {
	case "":
	case "nothing":
		return nil, nil
	default:
		return []string{d.shop.always}, nil
	}
	switch {
	case len(d.open) > 0:
		return []string{"help"}, nil
	case d.treated && d.steps < 2:
		d.steps++
		return []string{"step"}, nil
	case d.first != "" && d.handed == "":
		return []string{"guide"}, nil
	default:
		return []string{"club"}, nil
	}
}

func (d *fakeDesk) Look(time.Time) bonds.Look { return d.look }
