package decide

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/veiviser/veiviser/internal/eligible"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/rank"
	"github.com/veiviser/veiviser/internal/relation"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// Input is everything an answer depends upon, beside the snapshot.
type Input struct {
	// ID names the answer; "" leaves its decisions without names (previews, degraded answers).
	ID string
	// Visitor is her state with all events folded in; nil when nothing is known. It is not changed.
	Visitor *veiviser.Visitor
	// Account is the state of the account she acts for; nil for none, or when nothing is known of it. It is not changed.
	Account *veiviser.Visitor
	Request veiviser.Request
	Time    time.Time
	Seed    [2]uint64
	// Degraded says why her stored state is missing; "" when it is not. Then she is met as somebody who is not profiled, and what
	// something that holds for her might forbid is not shown.
	Degraded string
	// Made is the time by the service's clock.
	Made time.Time
	// Group says whether she is served or compared with.
	Group veiviser.Group
	// Learned is what was learned of usefulness; nil is nothing.
	Learned *rank.Learned
	// Customers is what was observed of first-time customers; nil is nothing.
	Customers relation.Book
	// Showing are hashes of the ids of decisions on her screen: they do not count against what is shown there on, and what of
	// them is shown on is counted once.
	Showing []uint64
	// Again, when not nil, is an answer that is made again: what the learned model said of the candidates is taken from it.
	Again *veiviser.Answer
	// If, with Again, is a switch that is taken for having been on, too; nil is none.
	If *veiviser.Switch
}

// Again is the input that made an answer: Decide(snap, Again(a)) with the snapshot of a.PlanVersion and a.Catalog gives
// a again, bit for bit.
func Again(a *veiviser.Answer) Input {
	in := Input{
		ID: a.ID, Account: a.Account, Request: a.Request, Time: a.Time, Seed: a.Seed, Degraded: a.Degraded, Made: a.Made,
		Group: a.Group, Again: a, Showing: a.Showing,
	}
	if a.Visitor.HasProfile() || len(a.Visitor.LinkedIDs) > 0 || !a.Visitor.Standing.IsZero() {
		in.Visitor = &a.Visitor
	}
	return in
}

// Decide answers. It is pure: the same snapshot and input give the same answer. The request must have been checked
// against the snapshot.
func Decide(snap *plan.Snapshot, in Input) veiviser.Answer {
	c := begin(snap, &in)
	defer c.tally.Release()
	a := veiviser.Answer{
		ID: in.ID, Time: in.Time, PlanVersion: snap.Version, Activation: snap.Activation, Catalog: snap.CatalogRevision(),
		Seed: in.Seed, Request: in.Request, Degraded: in.Degraded, Made: in.Made, Group: in.Group, Terms: snap.Terms,
		Model: in.Learned.Version(), Showing: in.Showing,
	}
	if in.Again != nil {
		a.Model = in.Again.Model
	}
	a.Request.Events = nil
	a.Visitor, a.Account, a.Margin = *c.visitor, c.account, c.margin
	a.Needs, a.Segments, a.Switches = c.needs, c.segments, c.switches
	a.Decisions = make([]veiviser.Decision, len(in.Request.Placements))
	for i := range in.Request.Placements {
		a.Decisions[i] = c.place(i)
		if in.ID != "" {
			a.Decisions[i].ID = in.ID + "." + strconv.Itoa(i)
		}
	}
	return a
}

// begin is an answer before any placement is looked at: who she is, what she is under way with, and where she belongs. Of the context
// it leaves in the input what the answer goes by.
func begin(snap *plan.Snapshot, in *Input) *choice {
	c := &choice{snap: snap, in: in, context: in.Request.Context, visitor: in.Visitor, account: in.Account}
	if c.visitor == nil {
		c.visitor = &veiviser.Visitor{ID: in.Request.VisitorID}
	}
	if in.Degraded != "" || !snap.Profiled(&c.visitor.Standing, in.Time) { // who knows whether she has objected?
		c.visitor = c.visitor.Unprofiled()
		if c.account != nil { // of the account she sees no more than a stranger, too
			c.account = c.account.Unprofiled()
		}
		if in.Degraded == "" { // which is not kept
			in.Request.Context = bare(snap, &in.Request.Context)
			c.context = in.Request.Context
		}
	}
	c.complete()
	c.source = cmp.Or(c.visitor.Standing.Relation.Source, c.snap.Source(c.context.Referrer, c.context.Channel))
	c.needs = orderNeeds(views(snap, c.visitor, c.account, c.context.Subject, in.Time), c.context.Subject, snap.Plan.Audiences)
	facts := eligible.Facts{Visitor: c.visitor, Context: &c.context, Source: c.source, Now: in.Time}
	if len(c.needs) > 0 {
		facts.Need = &c.needs[0]
	}
	c.segments = snap.Segments(&facts)
	c.switches = c.concerned()
	c.relate()
	c.tally = snap.Contact.Tally(&c.visitor.Standing, c.company(), in.Showing, in.Time, in.Degraded != "")
	c.heard = snap.Coherence.Told(&c.visitor.Standing, snap.Catalog, in.Time)
	return c
}

// bare is what an answer to somebody who is not profiled goes by, and what is kept with it, of the situation that she is in: without
// where she is, what she looks for and what else is told of her. It has her time zone and her region only where the plan spares
// people by them.
func bare(snap *plan.Snapshot, c *veiviser.Context) veiviser.Context {
	out := veiviser.Context{Channel: c.Channel, Language: c.Language, Subject: c.Subject}
	spared := func(name string) {
		if value := c.Attributes[name]; value != "" {
			if out.Attributes == nil {
				out.Attributes = make(map[string]string, 2)
			}
			out.Attributes[name] = value
		}
	}
	if len(snap.Plan.Contact.QuietHours) > 0 {
		spared(veiviser.AttributeTimeZone)
	}
	spared(snap.Crisis.Region)
	return out
}

// choice is one answer in the making.
type choice struct {
	snap    *plan.Snapshot
	in      *Input
	visitor *veiviser.Visitor
	account *veiviser.Visitor
	context veiviser.Context
	// source is where she came from first, as far as it is remembered, or else where the request says that she comes from now.
	source   string
	needs    []veiviser.NeedView
	segments []string
	// hers is what the answer shows to her, theirs what it shows to employees.
	hers, theirs side
	// switches are those that are about her, guessed the ids of those of which nobody knows.
	switches []veiviser.Switch
	guessed  []string
	// margin is what she is expected to be worth as a first-time customer beyond what she costs; 0 for who is none to be.
	margin float64
	// tally counts what she was shown, with what this answer shows; heard is what she was told.
	tally *eligible.Tally
	heard *eligible.Told
}

// complete fills in what the request leaves to the visit and the plan.
func (c *choice) complete() {
	if c.context.Language == "" {
		c.context.Language = c.visitor.Visit.Language
	}
	if c.context.Language == "" && len(c.snap.Plan.Languages) > 0 {
		c.context.Language = c.snap.Plan.Languages[0]
	}
}

// views are her needs, and those of the account she acts for.
func views(snap *plan.Snapshot, v, account *veiviser.Visitor, subject string, at time.Time) []veiviser.NeedView {
	if v == nil || v.Standing.Account == "" || !snap.Stages.HasGroup() {
		return snap.Stages.Views(v, subject, at)
	}
	return snap.Stages.SharedViews(v, account, subject, at)
}

// needFor is the first need whose audience the placement addresses: its index, or -1 when there is none. Of several needs
// about one subject only the first says who she is: somebody on the press journey is a journalist there, although what she
// does speaks of a purchase, too.
func (c *choice) needFor(p *plan.Placement) int {
	for i := range c.needs {
		shadowed := slices.ContainsFunc(c.needs[:i], func(n veiviser.NeedView) bool { return n.Subject == c.needs[i].Subject })
		if !shadowed && (len(p.Audiences) == 0 || slices.Contains(p.Audiences, c.needs[i].Audience)) {
			return i
		}
	}
	return -1
}
