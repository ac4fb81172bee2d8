package learn

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"time"

	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/relation"
	"github.com/veiviser/veiviser/internal/stage"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// DefaultWish is how long JUST_LOOKING and DECIDED hold when she does not say until when.
const DefaultWish = 30 * 24 * time.Hour

// sameCall is for how long the same wish again is taken for the same call made twice, and her word for said once.
const sameCall = time.Minute

// SetDirective records a wish of a person, known or not, and gives it as recorded: see [relation.Wish] for what makes room. What the
// wish says of her stage moves her belief, and that of the account she acts for, unless she is not profiled; who wishes not to be
// is forgotten.
//
// Errors: KindInvalid with the field at fault, KindExhausted with ReasonDirectiveLimit, and those of the store.
func (r *Recorder) SetDirective(ctx context.Context, visitorID string, d veiviser.Directive) (veiviser.Directive, error) {
	snap := r.plans.Active()
	if err := Ready(snap); err != nil {
		return d, err
	}
	call := rand.Text()                      // an account hears a word once, however often the call is tried,
	d.ID = strings.ToLower(rand.Text()[:13]) // and knows it by the id of the wish: 65 random bits
	err := r.change(ctx, snap, visitorID, func(f *Folded, now time.Time) error {
		if err := completeWish(snap, f.Visitor, &d, now); err != nil {
			return err
		}
		had := f.Visitor.Standing.Directives
		again, err := place(&f.Visitor.Standing, &d, now)
		if err != nil {
			return err
		}
		if d.Kind == veiviser.DoNotProfile {
			f.Forget = true
		} else if !again {
			f.said(snap, &d, missing(had, f.Visitor.Standing.Directives), call, now)
		}
		return nil
	})
	return d, err
}

// place puts a wish at the end of those there are. It reports whether the same was said a moment ago, and nothing else of her stage
// since.
func place(s *veiviser.Standing, d *veiviser.Directive, now time.Time) (again bool, err error) {
	for i := range slices.Backward(s.Directives) {
		if old := &s.Directives[i]; old.Kind.OnStage() {
			again = sameWish(old, d) && old.Binds(now) && now.Sub(old.Created) < sameCall
			break
		}
	}
	if n := len(s.Directives); n > 0 && !d.Created.After(s.Directives[n-1].Created) { // what was said later is told by the time
		d.Created = s.Directives[n-1].Created.Add(time.Millisecond)
	}
	if at := recorded(s, d); at >= 0 {
		d.ID = s.Directives[at].ID
	}
	if !relation.Wish(s, *d, now) {
		return false, veiviser.Failed(veiviser.KindExhausted, veiviser.ReasonDirectiveLimit, nil,
			"the visitor has %d wishes that hold, and no more are remembered; one has to be taken back first", veiviser.MaxDirectives)
	}
	return again, nil
}

// recorded is where she has the same wish already, -1 for nowhere.
func recorded(s *veiviser.Standing, d *veiviser.Directive) int {
	return slices.IndexFunc(s.Directives, func(o veiviser.Directive) bool { return sameWish(&o, d) })
}

func sameWish(a, b *veiviser.Directive) bool {
	return a.Kind == b.Kind && a.Target == b.Target && a.Subject == b.Subject
}

// Directives are the wishes of a person that hold now, oldest first.
func (r *Recorder) Directives(ctx context.Context, visitorID string) ([]veiviser.Directive, error) {
	loaded, err := r.store.Load(ctx, visitorID, nil)
	if err != nil || loaded.Visitor == nil {
		return nil, err
	}
	now := r.now()
	return slices.DeleteFunc(loaded.Visitor.Standing.Directives, func(d veiviser.Directive) bool { return !d.Binds(now) }), nil
}

// RemoveDirective takes a wish back. What a word on a stage did to her belief, and to that of the account she acts for, is taken out
// again: see [stage.TakeBack]. Who takes back that she is not to be profiled begins anew.
//
// Errors: KindNotFound with ReasonUnknownDirective, and those of the store.
func (r *Recorder) RemoveDirective(ctx context.Context, visitorID, directiveID string) error {
	snap := r.plans.Active()
	if err := Ready(snap); err != nil {
		return err
	}
	call := rand.Text()
	return r.change(ctx, snap, visitorID, func(f *Folded, now time.Time) error {
		s := &f.Visitor.Standing
		at := slices.IndexFunc(s.Directives, func(d veiviser.Directive) bool { return d.ID == directiveID })
		if at < 0 {
			return veiviser.NotFound(veiviser.ReasonUnknownDirective, "directive_id", "the visitor has no such wish")
		}
		d := s.Directives[at]
		s.Directives = slices.Delete(s.Directives, at, at+1)
		if d.Kind.OnStage() {
			f.takesBack(snap, &d, call, now)
		}
		return nil
	})
}

// SetConsent records what a person, known or not, said to a purpose of the plan; it gives it as recorded, and whether that is
// what holds now. Who takes back the consent to be profiled is forgotten.
//
// Errors: KindNotFound with ReasonUnknownPurpose, and those of the store.
func (r *Recorder) SetConsent(ctx context.Context, visitorID string, c veiviser.Consent) (recorded veiviser.Consent, effective bool, err error) {
	snap := r.plans.Active()
	if err := Ready(snap); err != nil {
		return c, false, err
	}
	p, wrong := snap.Purpose(c.Purpose)
	if p == nil {
		return c, false, veiviser.NotFound(veiviser.ReasonUnknownPurpose, "consent.purpose", "%s", wrong)
	}
	if c.Version == "" {
		c.Version = p.Version
	}
	err = r.change(ctx, snap, visitorID, func(f *Folded, now time.Time) error {
		c.Time = instant(now)
		s := &f.Visitor.Standing
		if n := len(s.Consents); n > 0 && c.Time.Before(s.Consents[n-1].Time) { // another replica's clock is ahead
			c.Time = s.Consents[n-1].Time
		}
		if n := len(s.Consents); n > 0 && sameWord(&s.Consents[n-1], &c) {
			s.Consents = s.Consents[:n-1]
		}
		s.Consents = relation.KeepConsents(append(s.Consents, c))
		all := snap.Effective(s)
		effective = all[len(all)-1]
		f.Forget = f.Forget || p.Profile && !c.Granted
		return nil
	})
	return c, effective, err
}

// sameWord reports whether two consents are the same call made twice.
func sameWord(a, b *veiviser.Consent) bool {
	return a.Purpose == b.Purpose && a.Granted == b.Granted && a.Version == b.Version && a.Source == b.Source &&
		b.Time.Sub(a.Time) < sameCall
}

// Consents are what a person said to purposes, oldest first, and of each whether it is what holds now.
func (r *Recorder) Consents(ctx context.Context, visitorID string) (list []veiviser.Consent, effective []bool, err error) {
	loaded, err := r.store.Load(ctx, visitorID, nil)
	if err != nil || loaded.Visitor == nil {
		return nil, nil, err
	}
	s := &loaded.Visitor.Standing
	if snap := r.plans.Active(); snap != nil {
		effective = snap.Effective(s)
	}
	return s.Consents, effective, nil
}

// change loads a person, lets her be altered and writes what became of her, again from the start when somebody else was faster.
func (r *Recorder) change(ctx context.Context, snap *plan.Snapshot, visitorID string, alter func(f *Folded, now time.Time) error) error {
	return Retry(ctx, func() error {
		loaded, err := r.store.Load(ctx, visitorID, nil)
		if err != nil {
			return err
		}
		var f Folded
		f.open(&loaded)
		now := r.now()
		if err := alter(&f, now); err != nil {
			return err
		}
		f.profiled(snap, now)
		if err := RecordAccounts(ctx, r.store, snap, f.Accounts); err != nil {
			return err
		}
		return r.store.Commit(ctx, veiviser.Change{
			Loaded: loaded, Visitor: f.Visitor, Log: f.Log, Forget: f.Forget, VisitorTTL: snap.Policy.VisitorTTL,
		})
	})
}

// said folds what a wish says of her stage into the belief, and notes what the account she acts for is to hear of it. instead are the
// words whose place it takes.
func (f *Folded) said(snap *plan.Snapshot, d *veiviser.Directive, instead []uint64, call string, now time.Time) {
	v := f.Visitor
	if !d.Kind.OnStage() || !snap.Profiled(&v.Standing, now) {
		return
	}
	w := snap.Stages.Word(v, spoken(d), d.Subject, now)
	w.Wish, w.Instead = veiviser.HashID(d.ID), instead
	f.speaks(snap, &w, call)
	if snap.Stages.Said(v, w) {
		f.moved(snap, d.Subject, now)
	}
}

// takesBack takes what a word that is no wish of hers any more did to the belief out again, with what words did that were no wishes of
// hers before, and lets the account she acts for hear of it.
func (f *Folded) takesBack(snap *plan.Snapshot, d *veiviser.Directive, call string, now time.Time) {
	v := f.Visitor
	words := []uint64{veiviser.HashID(d.ID)}
	for i := range v.Needs {
		for _, w := range v.Needs[i].Words {
			if !slices.ContainsFunc(v.Standing.Directives, func(o veiviser.Directive) bool { return veiviser.HashID(o.ID) == w.Wish }) {
				words = append(words, w.Wish)
			}
		}
	}
	if account := v.Standing.Account; account != "" {
		f.share(account, AccountEvent{ID: veiviser.AccountEventID(v.ID, call), Back: words})
	}
	if stage.TakeBack(v, words...) {
		f.moved(snap, d.Subject, now)
	}
}

// missing are hashes of the ids of the words on a stage that are no longer among her wishes.
func missing(had, has []veiviser.Directive) (words []uint64) {
	for i := range had {
		o := &had[i]
		if o.Kind.OnStage() && !slices.ContainsFunc(has, func(d veiviser.Directive) bool { return d.ID == o.ID }) {
			words = append(words, veiviser.HashID(o.ID))
		}
	}
	return words
}

// moved notes in what segments and at what stage her belief has left her, where that is known of her.
func (f *Folded) moved(snap *plan.Snapshot, subject string, now time.Time) {
	v := f.Visitor
	if before := memberOf(v); before.Known {
		after := MembershipAt(snap, v, subject, now)
		v.Segments, v.Stage = after.Segments, after.Stage
		f.Log = append(f.Log, veiviser.LogEntry{Time: now, Before: before, After: after})
	}
}

// spoken is the stage that a wish says she is in.
func spoken(d *veiviser.Directive) string {
	switch d.Kind {
	case veiviser.JustLooking:
		return string(veiviser.StageSearch)
	case veiviser.Decided:
		return string(veiviser.StagePurchase)
	default:
		return d.Target
	}
}

// instant is a moment as it is kept: in milliseconds, in UTC.
func instant(t time.Time) time.Time { return t.UTC().Round(0).Truncate(time.Millisecond) }
