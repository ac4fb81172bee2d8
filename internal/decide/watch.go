package decide

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// lookAgain is after how long a watched visit is looked at again without a note from the store and without anything that is known
// to come: time alone moves beliefs, and a new plan may be published.
const lookAgain = 10 * time.Second

// lookAtSwitches is how often a watched visit looks whether anything was switched off or on: what is on a screen already is to
// fall silent as soon as what comes after it.
const lookAtSwitches = 500 * time.Millisecond

// Watch sends an answer at once, and a new one whenever events of the visitor change it, or those of other members of the account
// she acts for, or an order that is late, a wish that ends, a step of recovery that comes; until ctx ends or send fails. It ends with
// ReasonErased once the visitor is erased, and writes nothing more: whoever comes after is somebody else, to be watched anew.
// The answer is made as a preview first and, when it differs from the last one sent, decided for real, so that only what is sent is
// logged.
func (d *Decider) Watch(ctx context.Context, req veiviser.Request, send func(*Reply) error) error {
	notes, err := d.store.Watch(ctx, req.VisitorID)
	if err != nil && !degradable(err) {
		return err
	}
	switched := time.NewTicker(lookAtSwitches)
	defer switched.Stop()
	screen := screen{seed: d.seed()}
	var theirs company
	defer theirs.end()
	for {
		on := d.switches()
		for _, n := range [...]<-chan struct{}{notes, theirs.notes} {
			select {
			case <-n: // of what the next look sees anyway
			default:
			}
		}
		if err = d.renew(ctx, req, &screen, send); err != nil {
			if ctx.Err() != nil { // whatever failed, this is why
				return context.Cause(ctx)
			}
			return err
		}
		theirs.follow(ctx, d, &screen)
		soon := d.alarm(&req, &screen)
		for wait := true; wait; {
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case _, open := <-notes:
				wait = false
				if !open {
					notes = nil
				}
			case _, open := <-theirs.notes:
				wait = false
				if !open {
					theirs.notes = nil
				}
			case <-soon.C:
				wait = false
			case <-switched.C:
				wait = slices.EqualFunc(on, d.switches(), sameStage)
			}
		}
		soon.Stop()
	}
}

// screen is what a watched visitor sees.
type screen struct {
	// seed is that of the previews: what is drawn changes nothing on it.
	seed [2]uint64
	// look is what was seen of her last; nil before the first.
	look *veiviser.Answer
	// seen is what a preview said when the last answer was made; nil before the first.
	seen *Reply
	// sent is the last answer.
	sent *Reply
	// showing are hashes of the ids of the decisions on it. What she was shown by them is no reason to take it away again.
	showing []uint64
	// erased is when the visitor had been erased, if ever, as the first look at the store said; looked is false before it.
	erased time.Time
	looked bool
}

// decisions are those on the screen; nil is a screen that nobody watches.
func (s *screen) decisions() []uint64 {
	if s == nil {
		return nil
	}
	return s.showing
}

// still says that the visitor was erased since the first look, or nil.
func (s *screen) still(l *veiviser.Loaded) error {
	switch {
	case s == nil:
		return nil
	case !s.looked:
		s.erased, s.looked = l.Erased, true
		return nil
	case l.Erased.After(s.erased):
		return veiviser.Failed(veiviser.KindPrecondition, veiviser.ReasonErased, nil, "the visitor was erased while she was watched")
	default:
		return nil
	}
}

// switches are those that are on.
func (d *Decider) switches() []veiviser.Switch {
	if snap := d.plans.Active(); snap != nil {
		return snap.Switches
	}
	return nil
}

// sameStage reports whether two are one switch that keeps the same away.
func sameStage(a, b veiviser.Switch) bool { return a.ID == b.ID && a.Stage == b.Stage }

// renew answers anew and sends the answer when it differs from the last one. Greedy previews tell whether it does, so
// that the luck of the draw alone sends nothing; one that says what is on the screen sends nothing either.
func (d *Decider) renew(ctx context.Context, req veiviser.Request, last *screen, send func(*Reply) error) error {
	look := req
	look.Preview, look.NoExploration = true, true
	seen, err := d.recommend(ctx, look, last.seed, last)
	if err != nil {
		return err
	}
	last.look = &seen.Answer
	if last.seen != nil && sameAnswer(&last.seen.Answer, &seen.Answer) {
		return nil
	}
	if last.sent != nil && sameAnswer(&last.sent.Answer, &seen.Answer) {
		last.seen = seen
		return nil
	}
	reply := seen
	if !req.Preview || !req.NoExploration {
		if reply, err = d.recommend(ctx, req, d.seed(), last); err != nil {
			return err
		}
	}
	last.seen, last.sent, last.showing = seen, reply, nil
	for i := range reply.Answer.Decisions {
		if id := reply.Answer.Decisions[i].ID; id != "" {
			last.showing = append(last.showing, veiviser.HashID(id))
		}
	}
	return send(reply)
}

// sameAnswer reports whether two answers show the same for the same reading of the visitor.
func sameAnswer(a, b *veiviser.Answer) bool {
	if a.PlanVersion != b.PlanVersion || a.Degraded != b.Degraded || len(a.Needs) != len(b.Needs) ||
		len(a.Segments) != len(b.Segments) {
		return false
	}
	for i := range a.Segments {
		if a.Segments[i] != b.Segments[i] {
			return false
		}
	}
	for i := range a.Needs {
		x, y := &a.Needs[i], &b.Needs[i]
		if x.Journey != y.Journey || x.Subject != y.Subject || x.Stage != y.Stage || x.Events != y.Events {
			return false
		}
	}
	return sameShown(a, b) && sameTalk(a, b)
}

// sameTalk reports whether an employee who watches has nothing new to know before speaking. What is said in other words only because
// time goes by is nothing new.
func sameTalk(a, b *veiviser.Answer) bool {
	if !slices.ContainsFunc(a.Decisions, func(d veiviser.Decision) bool { return d.Staff }) {
		return true
	}
	x, y := &a.Visitor.Standing, &b.Visitor.Standing
	on := func(s veiviser.Switch) string { return s.ID + strconv.Itoa(s.Stage) }
	return slices.Equal(x.Directives, y.Directives) && slices.Equal(x.Consents, y.Consents) && slices.EqualFunc(x.Cases, y.Cases, sameCase) &&
		slices.Equal(x.Orders, y.Orders) && sameFacts(x.Facts, y.Facts) && x.Relation == y.Relation && x.Account == y.Account && x.Role == y.Role &&
		slices.EqualFunc(a.Switches, b.Switches, func(s, t veiviser.Switch) bool { return on(s) == on(t) })
}

// sameFacts reports whether she was told the same: when, and in what order, is nothing new.
func sameFacts(a, b []veiviser.Fact) bool { return within(a, b) && within(b, a) }

// within reports whether everything she was told by a was told by b.
func within(a, b []veiviser.Fact) bool {
	return !slices.ContainsFunc(a, func(f veiviser.Fact) bool {
		return !slices.ContainsFunc(b, func(o veiviser.Fact) bool {
			return o.Product == f.Product && o.Claim == f.Claim && o.Value == f.Value
		})
	})
}

// sameCase reports whether two are one case as far as an employee is told of it. Previews of an overdue order open its case under
// another id each time.
func sameCase(a, b veiviser.Case) bool {
	a.ShownBy, b.ShownBy = 0, 0
	a.ID, b.ID = "", ""
	return a == b
}

// sameShown reports whether the same items are shown.
func sameShown(a, b *veiviser.Answer) bool {
	for i := range a.Decisions {
		x, y := &a.Decisions[i], &b.Decisions[i]
		if x.Silence != y.Silence || len(x.Choices) != len(y.Choices) {
			return false
		}
		for k := range x.Choices {
			if x.Choices[k].ItemID != y.Choices[k].ItemID {
				return false
			}
		}
	}
	return true
}
