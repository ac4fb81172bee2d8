package decide

import (
	"context"
	"time"

	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/relation"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// tickOver is how long after a moment it has surely come.
const tickOver = time.Millisecond

// alarm is a timer for the next look at a screen: at the next moment at which time alone changes something for the person before it, and
// after lookAgain at the latest. It is to be stopped.
func (d *Decider) alarm(req *veiviser.Request, last *screen) *time.Timer {
	wait := lookAgain
	if snap := d.plans.Active(); snap != nil && last.look != nil && req.Time.IsZero() {
		if next := nextChange(snap, last.look); !next.IsZero() {
			wait = min(wait, max(0, next.Sub(d.now()))+tickOver)
		}
	}
	return time.NewTimer(wait)
}

// nextChange is the next moment after an answer at which time alone changes something for her: an order should have arrived, a wish or
// a pause ends, a step of recovery comes. It is zero when none is known.
func nextChange(snap *plan.Snapshot, a *veiviser.Answer) time.Time {
	var next time.Time
	at := func(t time.Time) {
		if t.After(a.Time) && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	s := &a.Visitor.Standing
	for i := range s.Orders {
		if o := &s.Orders[i]; !o.Overdue(a.Time) && o.Overdue(o.Promised.Add(tickOver)) {
			at(o.Promised)
		}
	}
	for i := range s.Directives {
		at(s.Directives[i].Expires)
	}
	for i := range a.Decisions {
		at(a.Decisions[i].Until)
	}
	at(relation.NextDue(snap.Relation, s, a.Time))
	return next
}

// company is the account that a watched person acts for: what other members do may change what she is to see.
type company struct {
	account string
	notes   <-chan struct{}
	leave   context.CancelFunc
}

// follow listens to the account that she acted for when she was looked at last. While the store is away it is tried again with the
// next look.
func (c *company) follow(ctx context.Context, d *Decider, last *screen) {
	account := ""
	if snap := d.plans.Active(); snap != nil && last.look != nil && (snap.Stages.HasGroup() || snap.CapsAccounts()) {
		account = last.look.Visitor.Standing.Account
	}
	if account == c.account {
		return
	}
	c.end()
	if account == "" {
		return
	}
	ctx, leave := context.WithCancel(ctx)
	notes, err := d.store.Watch(ctx, veiviser.AccountKey(account))
	if err != nil {
		leave()
		return
	}
	c.account, c.notes, c.leave = account, notes, leave
}

// end stops listening.
func (c *company) end() {
	if c.leave != nil {
		c.leave()
	}
	*c = company{}
}
