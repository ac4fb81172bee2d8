package decide

import (
	"context"
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// An answer to somebody who acts for an account looks at two records that may lie in different slots: hers and the account's.
// What must hold of both is kept by the order in which they are written.
//
//  1. Load her record; fold; load the account's, if the plan has caps of accounts, or group journeys and she is profiled.
//  2. Decide upon both.
//  3. Write the account, by compare-and-set on the revision that was decided upon: what it heard of the events sent along, and
//     the showings that its caps count. Of two members who are to get the last showing that a cap leaves, one is refused here
//     and decides again.
//  4. Write her, by compare-and-set on hers.
//
// When step 4 is refused, what step 3 reserved is given back and the answer is made again. When it is not known whether step 4
// was done, or giving back fails, the showings stay counted: a cap of an account may count too much for a while (until they are
// released, at most the window of the cap), never too little.

// account is what the account she acts for is known to be under way with and has been shown; nil when she acts for none, or the
// plan does not ask (see looksAtAccount). What other accounts are to hear of the events sent along is written, unless the answer is a preview.
func (d *Decider) account(ctx context.Context, snap *plan.Snapshot, req *veiviser.Request, folded *learn.Folded,
	visitor *veiviser.Visitor, at time.Time,
) (*learn.Account, error) {
	own := learn.AccountShare{}
	if visitor != nil && looksAtAccount(snap, &visitor.Standing, at) {
		own.Account = visitor.Standing.Account
	}
	others := folded.Accounts
	if i := slices.IndexFunc(others, func(s learn.AccountShare) bool { return s.Account == own.Account }); i >= 0 {
		own, others = others[i], slices.Delete(slices.Clone(others), i, i+1)
	}
	if !req.Preview {
		if err := learn.RecordAccounts(ctx, d.store, snap, others); err != nil {
			return nil, err
		}
	}
	if own.Account == "" {
		return nil, nil
	}
	return learn.LoadAccount(ctx, d.store, snap, own)
}

// looksAtAccount reports whether the account that somebody acts for matters to an answer: for what it has been shown, or for what it
// is under way with. Who is not profiled is told nothing of the latter.
func looksAtAccount(snap *plan.Snapshot, s *veiviser.Standing, at time.Time) bool {
	return snap.CapsAccounts() || snap.Stages.HasGroup() && snap.Profiled(s, at)
}

// recordOf is the record of an account; nil for none.
func recordOf(a *learn.Account) *veiviser.Visitor {
	if a == nil {
		return nil
	}
	return a.Record
}

// reserveAccount writes what an account heard and counts the showings of an answer among its own, all at once. Contacts are those
// that a cap of accounts counts; those in place of which they come, since they are of decisions on her screen, are returned. It
// fails with KindConflict when the account was changed since it was decided upon; then nothing is written, and the answer must be
// made again.
func (d *Decider) reserveAccount(ctx context.Context, snap *plan.Snapshot, a *learn.Account, contacts []veiviser.Contact,
	showing []uint64,
) (replaced []veiviser.Contact, err error) {
	if a == nil {
		return nil, nil
	}
	if len(contacts) > 0 {
		a.Record = a.Writable()
		s := &a.Record.Standing
		replaced = slices.DeleteFunc(slices.Clone(s.Contacts), func(x veiviser.Contact) bool { return !replaces(contacts, showing, &x) })
		carryOver(s.Contacts, contacts, showing)
		s.Contacts = without(s.Contacts, contacts, showing)
		s.Contacts = snap.Contact.RememberForAccount(s, contacts, contacts[0].Time, true)
	}
	return replaced, a.Write(ctx, d.store, snap)
}

// releaseAfter is how long giving back may take, whatever is left of the caller's time.
const releaseAfter = time.Second

// releaseAccount gives back what reserveAccount counted when the answer was refused after all, and counts again what it replaced. It
// tries its best.
func (d *Decider) releaseAccount(ctx context.Context, snap *plan.Snapshot, a *learn.Account, contacts, replaced []veiviser.Contact,
	cause error,
) {
	if a == nil || len(contacts) == 0 || veiviser.KindOf(cause) != veiviser.KindConflict {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseAfter)
	defer cancel()
	err := learn.Retry(ctx, func() error {
		now, err := learn.LoadAccount(ctx, d.store, snap, learn.AccountShare{Account: a.ID})
		if err != nil || now.Record == nil {
			return err
		}
		now.Record = now.Writable()
		left := append(givenBack(now.Record.Standing.Contacts, contacts), replaced...)
		slices.SortStableFunc(left, func(a, b veiviser.Contact) int { return a.Time.Compare(b.Time) })
		now.Record.Standing.Contacts = left
		return now.Write(ctx, d.store, snap)
	})
	if err != nil {
		d.log.DebugContext(ctx, "a showing stays counted for an account", "error", err)
	}
}

// givenBack is what is left of contacts once those of a decision are given back. Of what is counted with others one is.
func givenBack(contacts, back []veiviser.Contact) []veiviser.Contact {
	left := contacts[:0]
	for _, c := range contacts {
		i := slices.IndexFunc(back, func(r veiviser.Contact) bool {
			return r.Decision == c.Decision && r.ItemID == c.ItemID && r.Time.Equal(c.Time)
		})
		if i >= 0 && c.More <= back[i].More {
			continue
		}
		if i >= 0 {
			c.More -= 1 + back[i].More
		}
		left = append(left, c)
	}
	return left
}

// commit writes an answer with all that belongs to it: the account first, then the person.
func (d *Decider) commit(ctx context.Context, snap *plan.Snapshot, a *learn.Account, contacts []veiviser.Contact,
	change veiviser.Change,
) error {
	var showing []uint64
	if change.Answer != nil {
		showing = change.Answer.Showing
	}
	replaced, err := d.reserveAccount(ctx, snap, a, contacts, showing)
	if err != nil {
		return err
	}
	if err = d.store.Commit(ctx, change); err != nil {
		d.releaseAccount(ctx, snap, a, contacts, replaced, err)
	}
	return err
}

// AccountView is what is believed of an account at one moment.
type AccountView struct {
	ID       string
	Needs    []veiviser.NeedView
	Events   uint32
	Contacts []veiviser.Contact
	Voice    Voice
}

// Account shows an account as seen at a moment, now when it is zero; NotFound when nothing is known of it. It names nothing that the
// plan calls sensitive.
func (d *Decider) Account(ctx context.Context, accountID, language string, at time.Time) (*AccountView, error) {
	snap := d.plans.Active()
	if snap == nil {
		return nil, learn.ErrNoPlan()
	}
	a, err := learn.LoadAccount(ctx, d.store, snap, learn.AccountShare{Account: accountID})
	if err != nil {
		return nil, err
	}
	if a.Record == nil {
		return nil, veiviser.NotFound(veiviser.ReasonUnknownAccount, "account_id", "nothing is remembered of this account")
	}
	if at.IsZero() {
		at = d.now().UTC()
	}
	v := &AccountView{
		ID: accountID, Needs: snap.Stages.AccountViews(a.Record, "", at), Events: a.Record.Events,
		Contacts: slices.Clone(a.Record.Standing.Contacts), Voice: newVoice(snap, &veiviser.Answer{}, language),
	}
	v.Needs = discreetNeeds(snap, slices.DeleteFunc(v.Needs, func(n veiviser.NeedView) bool { return n.New }))
	v.Contacts = slices.DeleteFunc(v.Contacts, func(c veiviser.Contact) bool { return !c.Counts(at) })
	return v, nil
}
