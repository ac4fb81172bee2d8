package learn

import (
	"context"
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/stage"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// AccountShare is what an account is to hear of a batch of a member's events, in their order, or of her word.
type AccountShare struct {
	Account string
	Events  []AccountEvent
}

// AccountEvent is a member's event, or her own word on where a decision stands, or that she takes it back, as her account hears it.
type AccountEvent struct {
	// ID is that of [veiviser.AccountEventID].
	ID string
	// Event is what she did, nil for a word.
	Event *veiviser.Event
	// Given is the decision it is about, Told what that decision showed.
	Given veiviser.Given
	Told  stage.Told
	// Speaks says that the event may speak for the account's needs; otherwise it only tells what its member saw.
	Speaks bool
	// Word is what she said, nil for an event.
	Word *stage.Word
	// Back are the words that she takes back, see [stage.TakeBack]; none for an event and a word.
	Back []uint64
}

// admitAccount says what is wrong with the account or the role that an event names.
func admitAccount(snap *plan.Snapshot, e *veiviser.Event) *veiviser.Error {
	if n := len(e.Attributes[veiviser.AttributeAccount]); n > veiviser.MaxIDBytes {
		return veiviser.Invalid(veiviser.ReasonInvalidField, "attributes[\""+veiviser.AttributeAccount+"\"]",
			"the id of an account has at most %d bytes, this one has %d", veiviser.MaxIDBytes, n)
	}
	if n := len(e.Attributes[veiviser.AttributeRole]); n > veiviser.MaxNameBytes {
		return veiviser.Invalid(veiviser.ReasonInvalidField, "attributes[\""+veiviser.AttributeRole+"\"]",
			"a role has at most %d bytes, this one has %d", veiviser.MaxNameBytes, n)
	}
	if wrong := snap.UnknownRole(e.Attributes[veiviser.AttributeRole]); wrong != "" {
		return veiviser.Invalid(veiviser.ReasonInvalidField, "attributes[\""+veiviser.AttributeRole+"\"]", "%s", wrong)
	}
	return nil
}

// acts lets an event say for which company its visitor acts, and notes what that company is to hear of it. It comes before the
// event is folded into her, and also where nothing of it is. given is the decision that the event is about, t what it told of it. What
// is not new speaks for none of the company's needs.
//
// Named once, the account stays: an event that names none, or an empty one, is of the account she acts for. "-" ends that, and
// with the account her role; so does another account, for a role in one company says nothing about another. An event older than
// what is known of her changes neither; if it names an account it still is of that one, since she acted for it then.
func (f *Folded) acts(snap *plan.Snapshot, v *veiviser.Visitor, e *veiviser.Event, given veiviser.Given, t stage.Told, isNew bool,
	now time.Time,
) {
	account, role := v.Standing.Account, v.Standing.Role
	counted := countedFor(snap, given, e, account)
	if named := e.Attributes[veiviser.AttributeAccount]; named == veiviser.LeaveAccount {
		account, role = "", ""
	} else if named != "" && named != account {
		account, role = named, ""
	}
	if named := e.Attributes[veiviser.AttributeRole]; named == veiviser.LeaveAccount || account == "" {
		role = ""
	} else if named != "" {
		role = named
	}
	if v.Events == 0 || !e.Time.Before(v.LastSeen) {
		v.Standing.Account, v.Standing.Role = account, role
	}
	speaks := isNew && account != "" && snap.Stages.Concerns(e, t) && !snap.Silent(role) && snap.Profiled(&v.Standing, now)
	if !speaks && counted == "" {
		return
	}
	heard := AccountEvent{ID: veiviser.AccountEventID(v.ID, e.ID), Event: e, Given: given, Told: t, Speaks: speaks}
	if speaks {
		f.share(account, heard)
	}
	if counted != "" && !(speaks && counted == account) {
		heard.Speaks = false
		f.share(counted, heard)
	}
}

// countedFor is the account that the showings of the decision an event is about were counted for, "" for none: the one she acted for
// then, whichever she acts for now. Where the decision was forgotten it may be the one she acted for until now, which knows by the
// decision's id what it counted.
func countedFor(snap *plan.Snapshot, g veiviser.Given, e *veiviser.Event, account string) string {
	switch {
	case e.DecisionID == "" || !snap.CapsAccounts():
		return ""
	case g.Answer == nil:
		return account
	default:
		return g.Answer.Visitor.Standing.Account
	}
}

// speaks notes what the account she acts for is to hear of her word. As what she does it is not heard from who is silent there.
// call is an id of the call it came with.
func (f *Folded) speaks(snap *plan.Snapshot, w *stage.Word, call string) {
	s := &f.Visitor.Standing
	if s.Account != "" && !snap.Silent(s.Role) && snap.Stages.HearsOfAccounts(*w) {
		f.share(s.Account, AccountEvent{ID: veiviser.AccountEventID(f.Visitor.ID, call), Word: w})
	}
}

// share notes what an account is to hear.
func (f *Folded) share(account string, e AccountEvent) {
	i := slices.IndexFunc(f.Accounts, func(s AccountShare) bool { return s.Account == account })
	if i < 0 {
		f.Accounts = append(f.Accounts, AccountShare{Account: account})
		i = len(f.Accounts) - 1
	}
	f.Accounts[i].Events = append(f.Accounts[i].Events, e)
}

// Account is an account as it was loaded, with what it has heard since and was not written yet.
type Account struct {
	ID     string
	Loaded veiviser.Loaded
	// Record is its state with everything heard; nil when nothing is known of it. Loaded.Visitor stays as it was.
	Record *veiviser.Visitor
	// EventIDs are those of what it heard and had not heard before. Without any, Record is that of Loaded.
	EventIDs []string
}

// AccountStore is what accounts need of a store: the record of an account is loaded and committed as a visitor's is, under the
// identity of [veiviser.AccountKey].
type AccountStore interface {
	Load(ctx context.Context, visitorID string, events []veiviser.Event) (veiviser.Loaded, error)
	Commit(ctx context.Context, change veiviser.Change) error
}

// LoadAccount reads an account and lets it hear its share of a batch; what it heard before it does not hear again.
func LoadAccount(ctx context.Context, store AccountStore, snap *plan.Snapshot, share AccountShare) (*Account, error) {
	ids := make([]veiviser.Event, len(share.Events))
	for i := range share.Events {
		ids[i].ID = share.Events[i].ID
	}
	loaded, err := store.Load(ctx, veiviser.AccountKey(share.Account), ids)
	if err != nil {
		return nil, err
	}
	a := &Account{ID: share.Account, Loaded: loaded, Record: loaded.Visitor}
	for i := range share.Events {
		if loaded.Duplicate == nil || !loaded.Duplicate[i] {
			a.hear(snap, &share.Events[i])
		}
	}
	return a, nil
}

// hear folds what a member did, said or takes back.
func (a *Account) hear(snap *plan.Snapshot, e *AccountEvent) {
	next, heard := a.Writable(), false
	switch {
	case e.Word != nil:
		heard = snap.Stages.SaidOfAccount(next, *e.Word)
	case len(e.Back) > 0:
		heard = stage.TakeBack(next, e.Back...)
	default:
		spoke := e.Speaks && snap.Stages.FoldAccount(next, e.Event, e.Told)
		confirmed := confirm(&next.Standing, e.Event)
		recalled := recall(snap, &next.Standing, e.Event, e.Given, ofAccount(snap.Contact))
		heard = spoke || confirmed || recalled
	}
	if heard {
		a.Record, a.EventIDs = next, append(a.EventIDs, e.ID)
	}
}

// Writable is the record as a copy of its own, empty when nothing is known.
func (a *Account) Writable() *veiviser.Visitor {
	if a.Record == nil {
		return &veiviser.Visitor{ID: veiviser.AccountKey(a.ID)}
	}
	return a.Record.Clone()
}

// Write writes the record if it has changed; KindConflict when somebody else did meanwhile.
func (a *Account) Write(ctx context.Context, store AccountStore, snap *plan.Snapshot) error {
	if a.Record == a.Loaded.Visitor {
		return nil
	}
	return store.Commit(ctx, veiviser.Change{
		Loaded: a.Loaded, Visitor: a.Record, EventIDs: a.EventIDs, VisitorTTL: snap.Policy.VisitorTTL,
	})
}

// RecordAccounts lets accounts hear what their members did. It comes before the members' own change is written, so that an
// event counts once for both: when the process ends in between, the event is no duplicate for her and is sent again; the account
// has it by the id made of hers and takes it only once. The other way round the event would be a duplicate for her, and the
// account would never hear of it. Until she sends it again, an event that she got no answer for may count for the account
// alone. So may a word on a stage; said again, it is a word more.
func RecordAccounts(ctx context.Context, store AccountStore, snap *plan.Snapshot, shares []AccountShare) error {
	for _, share := range shares {
		err := Retry(ctx, func() error {
			a, err := LoadAccount(ctx, store, snap, share)
			if err != nil {
				return err
			}
			return a.Write(ctx, store, snap)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
