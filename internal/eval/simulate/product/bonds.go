package product

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/veiviser/veiviser/internal/decide"
	"github.com/veiviser/veiviser/internal/eval/simulate"
	"github.com/veiviser/veiviser/internal/eval/simulate/bonds"
	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// Relationships is a simulation of relationships in which the service stands under a plan, beside the same plan without what it
// says of relationships, and the same again as an ad server would have it: offers before everything else. The placement is where
// they serve; the plan's priors decide, and nobody is in a control group but that of the recovery. The caller adds who comes and for
// how long.
func Relationships(p *veiviser.Plan, placement string, seed uint64) (bonds.Config, error) {
	relationship := p.Relationship.WithDefaults()
	c := bonds.Config{Seed: seed, Window: relationship.Recovery.Window, Goods: goods(p)}
	for i := range relationship.Rungs {
		c.Rungs = append(c.Rungs, relationship.Rungs[i].ID)
	}
	for i := range relationship.Tiers {
		c.Tiers = append(c.Tiers, relationship.Tiers[i].ID)
	}
	if len(relationship.Recovery.Steps) == 0 {
		return c, veiviser.Invalid(veiviser.ReasonInvalidField, "relationship", "the plan says nothing of recovery, so there is nothing to simulate")
	}
	served := *p
	served.Policy.Control.Share = new(0.0)
	all, none := served, served
	all.Relationship.Recovery.Control, none.Relationship.Recovery.Control = new(0.0), new(1.0)
	keepers := []*Keeper{
		{name: "veiviser", about: "the service under the plan", placement: placement, seed: seed},
		{name: "without", about: "the same plan without what it says about relationships: no recovery, no content for the ladder, offers also to whom something is owed", placement: placement, seed: seed},
		{name: "ad-server", about: "the same again, with offers before everything else", placement: placement, seed: seed},
		{name: "all", about: "the service when it leads everybody back", placement: placement, seed: seed},
		{name: "none", about: "the service when it leads nobody back", placement: placement, seed: seed},
	}
	for i, plans := range [][2]*veiviser.Plan{{&served}, {&served, unbound(&served, 0)}, {&served, unbound(&served, offersFirst)}, {&all}, {&none}} {
		if err := keepers[i].compile(plans[0], plans[1]); err != nil {
			return c, err
		}
	}
	c.Shops, c.All, c.None = []bonds.Shop{keepers[0], keepers[1], keepers[2]}, keepers[3], keepers[4]
	return c, nil
}

// offersFirst is what offers get beyond their usefulness when they go before everything else.
const offersFirst = 0.5

// goods are the items of a plan, as the audience takes them.
func goods(p *veiviser.Plan) []bonds.Goods {
	var list []bonds.Goods
	for i := range p.Items {
		it := &p.Items[i]
		list = append(list, bonds.Goods{
			ID: it.ID, Offer: it.Kind == veiviser.KindOffer, Help: it.Kind == veiviser.KindService, Step: leads(p, it.ID),
			Rung: it.TowardRung != "", Topics: it.Topics,
		})
	}
	return list
}

// leads reports whether an item is one of the plan's recovery.
func leads(p *veiviser.Plan, id string) bool {
	return slices.ContainsFunc(p.Relationship.Recovery.Steps, func(s veiviser.RecoveryStep) bool { return slices.Contains(s.Items, id) })
}

// unbound is a plan without what it says about relationships and about people who wait or complain. Its offers lose the rules that
// keep them from people who have just ordered, and get a boost.
func unbound(p *veiviser.Plan, boost float64) *veiviser.Plan {
	c := *p
	c.Relationship, c.Items, c.Policy.Effects = veiviser.Relationship{}, nil, nil
	for i := range p.Items {
		it := p.Items[i]
		if it.Care || it.TowardRung != "" || leads(p, it.ID) {
			continue
		}
		if it.Kind == veiviser.KindOffer {
			it.Rule = ""
			it.Boost += boost
		}
		c.Items = append(c.Items, it)
	}
	for _, e := range p.Policy.Effects {
		if e.Segment != "waiting" && e.Segment != "complaining" {
			c.Policy.Effects = append(c.Policy.Effects, e)
		}
	}
	return &c
}

// Keeper is the service in a simulation of relationships: the read path over a store of one visitor, and the write path.
type Keeper struct {
	name, about, placement string
	seed                   uint64
	// books is the plan under which the accounts are kept, careless another under which it serves; nil is the same.
	books, careless *plan.Snapshot
}

// compile readies the plans.
func (k *Keeper) compile(books, careless *veiviser.Plan) (err error) {
	if k.books, err = plan.Compile(1, books); err != nil {
		return err
	}
	if careless != nil {
		if k.careless, err = plan.Compile(1, careless); err != nil {
			return err
		}
	}
	if _, ok := k.books.Placement(k.placement); !ok {
		return veiviser.Invalid(veiviser.ReasonInvalidField, "placement", "the plan has no placement %q", k.placement)
	}
	return nil
}

// Name is what the report calls it.
func (k *Keeper) Name() string { return k.name }

// About says how it decides.
func (k *Keeper) About() string { return k.about }

// Receive gives the desk of a person.
func (k *Keeper) Receive(visitorID string) bonds.Desk {
	d := &desk{keeper: k, id: visitorID}
	d.decider = decide.New(&d.shelf, only{k.serving()}, decide.Options{
		Now:  func() time.Time { return d.shelf.now },
		Seed: func() [2]uint64 { return d.seed },
	})
	return d
}

// serving is the plan under which it decides.
func (k *Keeper) serving() *plan.Snapshot {
	if k.careless != nil {
		return k.careless
	}
	return k.books
}

// Books are what the learner counts of the log; see [learn.Related].
func (k *Keeper) Books(desks []bonds.Desk, until time.Time) *bonds.Books {
	var lines []veiviser.LogEntry
	for _, one := range desks {
		if d, ok := one.(*desk); ok {
			lines = append(lines, d.steps...)
		}
	}
	slices.SortStableFunc(lines, func(a, b veiviser.LogEntry) int { return a.Time.Compare(b.Time) })
	return booksOf(k.books, learn.Related(lines, until), until)
}

// only is the only plan there is.
type only struct{ snap *plan.Snapshot }

func (o only) Active() *plan.Snapshot                             { return o.snap }
func (o only) At(context.Context, uint64) (*plan.Snapshot, error) { return o.snap, nil }

// desk looks after one person.
type desk struct {
	keeper  *Keeper
	id      string
	decider *decide.Decider
	// shelf holds the visitor that is decided for, booked the one the accounts are kept of; they differ for the careless alone.
	shelf  shelf
	booked *veiviser.Visitor
	seed   [2]uint64
	events int
	steps  []veiviser.LogEntry
	look   bonds.Look
}

// Hear folds events in as the service does.
func (d *desk) Hear(events []veiviser.Event, now time.Time) error {
	events = slices.Clone(events)
	for i := range events {
		d.events++
		events[i].ID = strconv.Itoa(d.events)
	}
	k := d.keeper
	d.shelf.now = now
	careful := d.booked
	if k.careless == nil {
		careful = d.shelf.visitor
	}
	folded, err := d.fold(k.books, careful, events, now)
	if err != nil {
		return err
	}
	d.note(folded.Log)
	if d.booked = folded.Visitor; k.careless == nil {
		d.shelf.visitor = folded.Visitor
		return nil
	}
	if folded, err = d.fold(k.careless, d.shelf.visitor, events, now); err != nil {
		return err
	}
	d.shelf.visitor = folded.Visitor
	s := &d.shelf.visitor.Standing
	s.Cases, s.Orders, s.Relation = nil, nil, veiviser.Relation{} // an ad server knows of no such thing
	return nil
}

func (d *desk) fold(snap *plan.Snapshot, v *veiviser.Visitor, events []veiviser.Event, now time.Time) (learn.Folded, error) {
	loaded := veiviser.Loaded{VisitorID: d.id, Visitor: v, Nonce: simulate.Mix(d.keeper.seed, veiviser.HashID(d.id), uint64(d.events))}
	folded := learn.Fold(snap, &loaded, events, now)
	for i := range folded.Results {
		if err := folded.Results[i].Err; err != nil {
			return folded, err
		}
	}
	return folded, nil
}

// note keeps what changed between her and the shop.
func (d *desk) note(lines []veiviser.LogEntry) {
	for i := range lines {
		if len(lines[i].Steps) == 0 {
			continue
		}
		d.steps = append(d.steps, veiviser.LogEntry{Time: lines[i].Time, Steps: lines[i].Steps})
		for _, s := range lines[i].Steps {
			if s.Kind == veiviser.StepRecovering {
				d.look.Led, d.look.Compared = s.Group == veiviser.GroupTreated, s.Group == veiviser.GroupControl
			}
		}
	}
}

// Show answers a visit as the service does.
func (d *desk) Show(v *bonds.Visit) ([]string, error) {
	d.seed, d.shelf.now = v.Seed, v.Time
	d.shelf.id = d.id + "-" + strconv.Itoa(v.Number)
	reply, err := d.decider.Recommend(context.Background(), veiviser.Request{
		VisitorID: d.id, Context: v.Context, Placements: []veiviser.PlacementRequest{{Placement: d.keeper.placement, MaxItems: 1}},
	})
	if err != nil {
		return nil, err
	}
	if d.keeper.careless == nil {
		d.booked = d.shelf.visitor
		d.note(d.shelf.log)
	}
	d.shelf.log = nil
	var ids []string
	for _, c := range reply.Answer.Decisions[0].Choices {
		ids = append(ids, c.ItemID)
	}
	return ids, nil
}

// Look says how she stands.
func (d *desk) Look(time.Time) bonds.Look {
	l := d.look
	if d.booked != nil {
		l.Rung, l.Tier = d.booked.Standing.Relation.Rung, d.keeper.books.Relation.Tier(d.booked.Value)
	}
	if d.keeper.careless != nil {
		l.Led, l.Compared = false, false // it leads nobody back, whatever the books say
	}
	return l
}

// shelf is a store that holds one visitor.
type shelf struct {
	visitor *veiviser.Visitor
	now     time.Time
	id      string
	log     []veiviser.LogEntry
}

// Load gives her.
func (s *shelf) Load(_ context.Context, visitorID string, _ []veiviser.Event) (veiviser.Loaded, error) {
	return veiviser.Loaded{VisitorID: visitorID, Visitor: s.visitor}, nil
}

// Commit keeps her.
func (s *shelf) Commit(_ context.Context, c veiviser.Change) error {
	if c.Visitor != nil {
		s.visitor = c.Visitor
	}
	s.log = append(s.log, c.Log...)
	return nil
}

// NewAnswerID names the answer after the visit.
func (s *shelf) NewAnswerID(string) string { return s.id }

// Answer remembers none.
func (s *shelf) Answer(context.Context, string) (string, veiviser.Answer, error) {
	return "", veiviser.Answer{}, veiviser.NotFound(veiviser.ReasonUnknownDecision, "decision_id", "no answers are kept")
}

// Answers remembers none.
func (s *shelf) Answers(context.Context, string) ([]veiviser.Answer, error) { return nil, nil }

// Watch notes nothing.
func (s *shelf) Watch(context.Context, string) (<-chan struct{}, error) { return nil, nil }
