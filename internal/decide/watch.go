package decide

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// lookAgain is how often a watched visit is looked at without a note from the store: time alone moves beliefs, and a
// new plan may be published.
const lookAgain = 10 * time.Second

// Watch sends an answer at once, and a new one whenever events of the visitor change it, until ctx ends or send fails.
// The answer is made as a preview first and, when it differs from the last one sent, decided for real, so that only what
// is sent is logged.
func (d *Decider) Watch(ctx context.Context, req veiviser.Request, send func(*Reply) error) error {
	notes, err := d.store.Watch(ctx, req.VisitorID)
	if err != nil && !degradable(err) {
		return err
	}
	again := time.NewTicker(lookAgain)
	defer again.Stop()
	var last *Reply
	for {
		if last, err = d.renew(ctx, req, last, send); err != nil {
			if ctx.Err() != nil { // whatever failed, this is why
				return context.Cause(ctx)
			}
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case _, open := <-notes:
			if !open {
				notes = nil
			}
		case <-again.C:
		}
	}
}

// renew answers anew and sends the answer when it differs from the last one. Greedy previews tell whether it does, so
// that the luck of the draw alone sends nothing.
func (d *Decider) renew(ctx context.Context, req veiviser.Request, last *Reply, send func(*Reply) error) (*Reply, error) {
	look := req
	look.Preview, look.NoExploration = true, true
	seen, err := d.Recommend(ctx, look)
	if err != nil {
		return last, err
	}
	if last != nil && sameAnswer(&last.Answer, &seen.Answer) {
		return last, nil
	}
	reply := seen
	if !req.Preview || !req.NoExploration {
		if reply, err = d.Recommend(ctx, req); err != nil {
			return last, err
		}
	}
	return seen, send(reply)
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
	return slices.Equal(x.Directives, y.Directives) && slices.Equal(x.Cases, y.Cases) && slices.Equal(x.Orders, y.Orders) &&
		x.Relation == y.Relation && x.Account == y.Account && x.Role == y.Role &&
		slices.EqualFunc(a.Switches, b.Switches, func(s, t veiviser.Switch) bool { return on(s) == on(t) })
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
