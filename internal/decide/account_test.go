package decide

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/store"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// capped is a cap that counts for accounts.
func cappedAccount(p *veiviser.Plan) {
	p.Contact.Caps = append(p.Contact.Caps, veiviser.Cap{ID: "two", Limit: 2, Window: time.Hour, Account: true})
}

// redisStores are a store in this process and, when there is one, on a real Redis.
func redisStores(t *testing.T) map[string]*store.Store {
	t.Helper()
	all := map[string]store.Options{"embedded": {}}
	if url := os.Getenv("VEIVISER_TEST_REDIS"); url != "" {
		all["redis"] = store.Options{URL: url, Tenant: fmt.Sprintf("accounts-%d", rand.Uint64()), AllowEviction: true}
	}
	out := map[string]*store.Store{}
	for name, o := range all {
		o.CallTimeout = 5 * time.Second
		s, err := store.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		out[name] = s
	}
	return out
}

// flaky refuses some commits of a store before they are done, and loses the answer of others after that.
type flaky struct {
	*store.Store
	fail func() bool
}

func (f flaky) Commit(ctx context.Context, c veiviser.Change) error {
	if f.fail() {
		return away()
	}
	err := f.Store.Commit(ctx, c)
	if err == nil && f.fail() {
		return away()
	}
	return err
}

// Sixteen members at once, each of whose calls may be cut off anywhere and is then sent again: the account counts every event
// once.
func TestMembersAtOnce(t *testing.T) {
	const members, each = 16, 12
	for name, s := range redisStores(t) {
		t.Run(name, func(t *testing.T) {
			snap := sykkel(t)
			var fails atomic.Int64
			f := flaky{Store: s, fail: func() bool { return fails.Add(1)%7 == 0 }}
			r := learn.NewRecorder(f, publish(snap), func() time.Time { return noon }, nil)
			var wg sync.WaitGroup
			for i := range members {
				wg.Go(func() {
					who := fmt.Sprintf("member-%d", i)
					for k := range each {
						e := veiviser.Event{
							ID: fmt.Sprint(k), VisitorID: who, Time: noon.Add(time.Duration(k) * time.Second), Type: "view", Subject: "fleet/cargo",
							Attributes: map[string]string{veiviser.AttributeAccount: "acme"},
						}
						if !sendUntilTaken(t, r, e) {
							return
						}
					}
				})
			}
			wg.Wait()
			l, err := s.Load(t.Context(), veiviser.AccountKey("acme"), nil)
			if err != nil || l.Visitor == nil || l.Visitor.Events != members*each || l.Visitor.Needs[0].Events != members*each {
				t.Fatalf("%v: %+v", err, l.Visitor)
			}
			for i := range members {
				l, err := s.Load(t.Context(), fmt.Sprintf("member-%d", i), nil)
				if err != nil || l.Visitor.Events != each {
					t.Errorf("member %d: %v, %+v", i, err, l.Visitor)
				}
			}
		})
	}
}

// sendUntilTaken sends an event as a careful client does.
func sendUntilTaken(t *testing.T, r *learn.Recorder, e veiviser.Event) bool {
	for range 200 {
		res, err := r.Record(t.Context(), []veiviser.Event{e})
		if err == nil && res[0].Status != veiviser.EventRejected {
			return true
		}
	}
	t.Errorf("event %s of %s is never taken", e.ID, e.VisitorID)
	return false
}

// Members ask at once for what may be shown to an account five times: it is shown five times, whoever else is refused, and with
// members changed meanwhile, whose showings are given back.
func TestAccountCapAtOnce(t *testing.T) {
	const members, limit = 24, 5
	for name, s := range redisStores(t) {
		t.Run(name, func(t *testing.T) {
			snap := sykkel(t, cappedAccount)
			d := New(s, publish(snap), Options{Now: func() time.Time { return noon }})
			var shown, refused atomic.Int64
			var wg sync.WaitGroup
			for i := range members {
				wg.Go(func() {
					who := fmt.Sprintf("member-%d", i)
					err := learn.Retry(t.Context(), func() error {
						ok, err := d.showOnce(t.Context(), snap, who, limit, i%3 == 0)
						switch {
						case err != nil:
							return err
						case ok:
							shown.Add(1)
						default:
							refused.Add(1)
						}
						return nil
					})
					if err != nil {
						t.Error(who, err)
					}
				})
			}
			wg.Wait()
			a, err := d.Account(t.Context(), "acme", "", noon)
			if err != nil {
				t.Fatal(err)
			}
			if shown.Load() > limit || shown.Load()+refused.Load() != members || len(a.Contacts) < int(shown.Load()) {
				t.Errorf("%d shown, %d refused, %d counted", shown.Load(), refused.Load(), len(a.Contacts))
			}
			if shown.Load() < limit {
				t.Errorf("only %d shown", shown.Load())
			}
		})
	}
}

// showOnce shows something to a member unless her account has had it limit times: what a cap does. When disturbed, somebody
// else changes her in between, so that her own change is refused at first.
func (d *Decider) showOnce(ctx context.Context, snap *plan.Snapshot, who string, limit int, disturbed bool) (bool, error) {
	loaded, err := d.store.Load(ctx, who, nil)
	if err != nil {
		return false, err
	}
	v := loaded.Visitor.Clone()
	if v == nil {
		v = &veiviser.Visitor{ID: who}
	}
	v.Standing.Account = "acme"
	v.Events++
	a, err := d.account(ctx, snap, &veiviser.Request{}, &learn.Folded{}, v, noon)
	if err != nil {
		return false, err
	}
	if a.Record != nil && len(a.Record.Standing.Contacts) >= limit {
		return false, nil
	}
	if disturbed && loaded.Visitor == nil {
		other := veiviser.Change{Loaded: loaded, Visitor: &veiviser.Visitor{ID: who, Events: 1}}
		if err := d.store.Commit(ctx, other); err != nil {
			return false, err
		}
	}
	contact := veiviser.Contact{Time: noon, ItemID: "x", Decision: veiviser.HashID(who)}
	err = d.commit(ctx, snap, a, []veiviser.Contact{contact}, veiviser.Change{Loaded: loaded, Visitor: v})
	return err == nil, err
}

// What was reserved for an answer that was refused is given back; for one of which it is not known, it stays counted.
func TestReleaseAccount(t *testing.T) {
	for name, tt := range map[string]struct {
		refusal error
		want    int
	}{
		"refused": {changed(), 1}, "not known": {away(), 2}, "written": {nil, 2},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMemory()
			snap := sykkel(t, cappedAccount)
			d := New(m, publish(snap), Options{Now: func() time.Time { return noon }})
			old := veiviser.Contact{Time: noon.Add(-time.Minute), ItemID: "x", Decision: 1}
			lapsed := veiviser.Contact{Time: noon.Add(-time.Hour), ItemID: "x", Decision: 2, Until: noon.Add(-time.Hour / 2)}
			key := veiviser.AccountKey("acme")
			m.visitors[key] = &veiviser.Visitor{ID: key, Standing: veiviser.Standing{Contacts: []veiviser.Contact{lapsed, old}}}
			m.revision[key] = 1
			v := &veiviser.Visitor{ID: "kim", Standing: veiviser.Standing{Account: "acme"}}
			a, err := d.account(t.Context(), snap, &veiviser.Request{}, &learn.Folded{}, v, noon)
			if err != nil {
				t.Fatal(err)
			}
			calls := 0
			m.onCommit = func(context.Context) error {
				if calls++; calls == 2 { // hers
					return tt.refusal
				}
				return nil
			}
			fresh := veiviser.Contact{Time: noon, ItemID: "x", Decision: 3}
			err = d.commit(t.Context(), snap, a, []veiviser.Contact{fresh}, veiviser.Change{Loaded: veiviser.Loaded{VisitorID: "kim"}, Visitor: v})
			if !errors.Is(err, tt.refusal) {
				t.Fatal(err)
			}
			if got := m.visitors[key].Standing.Contacts; len(got) != tt.want || got[0].Decision != old.Decision {
				t.Errorf("%+v", got)
			}
		})
	}
}

// An answer to somebody who acts for an account is made again bit for bit, also after the store has kept it.
func TestDecideForMembers(t *testing.T) {
	snap := sykkel(t, cappedAccount)
	s, err := store.Open(t.Context(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	rapid.Check(t, func(t *rapid.T) {
		v := anyVisitor(t, snap)
		if v == nil {
			v = &veiviser.Visitor{ID: "ada"}
		}
		v.Standing.Account = "acme"
		if rapid.IntRange(0, 4).Draw(t, "profiled") == 0 {
			v.Standing.Directives = []veiviser.Directive{{Kind: veiviser.DoNotProfile}}
		}
		share := learn.AccountShare{Account: "acme"}
		for i, e := range anyEvents(t, snap) {
			e.Subject = rapid.SampledFrom([]string{"fleet", "fleet/cargo", ebike}).Draw(t, "of the fleet")
			share.Events = append(share.Events, learn.AccountEvent{ID: fmt.Sprint(i), Event: &e, Speaks: true})
		}
		a, err := learn.LoadAccount(context.Background(), newMemory(), snap, share)
		if err != nil {
			t.Fatal(err)
		}
		if a.Record != nil {
			a.Record.Standing.Contacts = []veiviser.Contact{{Time: noon, ItemID: "x", Topics: []string{"fleet"}, Until: noon}}
		}
		req := anyRequest(t, snap)
		req.Context.Subject = rapid.SampledFrom([]string{"", "fleet", "fleet/cargo", ebike}).Draw(t, "about")
		in := Input{ID: s.NewAnswerID("ada"), Visitor: v.Clone(), Account: a.Record.Clone(), Request: req, Time: noon, Seed: anySeed(t)}
		answer := Decide(snap, in)
		sound(t, snap, &answer)
		againOf(t, snap, &answer)
		if err := s.Commit(context.Background(), veiviser.Change{Loaded: veiviser.Loaded{VisitorID: "ada"}, Answer: &answer}); err != nil {
			t.Fatal(err)
		}
		_, kept, err := s.Answer(context.Background(), answer.ID)
		if err != nil {
			t.Fatal(err)
		}
		sameOf(t, &answer, &kept)
		againOf(t, snap, &kept)
		for _, n := range answer.Needs {
			if n.Journey == "fleet" && !n.Account || n.Account && len(v.Standing.Directives) > 0 && !n.New {
				t.Fatalf("%+v", n)
			}
		}
	})
}

func againOf(t *rapid.T, snap *plan.Snapshot, a *veiviser.Answer) {
	b := Decide(snap, Again(a))
	sameOf(t, a, &b)
}

// sameOf compares bit for bit with what pointers point to.
func sameOf(t *rapid.T, a, b *veiviser.Answer) {
	x, y := *a, *b
	if fmt.Sprintf("%+v", orNone(x.Account)) != fmt.Sprintf("%+v", orNone(y.Account)) {
		t.Fatalf("another account: %+v and %+v", x.Account, y.Account)
	}
	x.Account, y.Account = nil, nil
	same(t, "made again", &x, &y)
}

func orNone(v *veiviser.Visitor) veiviser.Visitor {
	if v == nil {
		return veiviser.Visitor{}
	}
	return *v
}

// A preview lets the account hear nothing, and an answer lets it hear what comes along once.
func TestEventsAlongReachTheAccount(t *testing.T) {
	m := newMemory()
	d, _ := decider(t, m)
	q := ask()
	q.Events[0].Subject = "fleet/cargo"
	q.Events[0].Attributes = map[string]string{veiviser.AttributeAccount: "acme"}
	q.Preview = true
	seen, err := d.Recommend(t.Context(), q)
	if err != nil || len(m.changes) != 0 || seen.Answer.Account == nil || seen.Answer.Account.Events != 1 {
		t.Fatalf("%v: %d changes, %+v", err, len(m.changes), seen.Answer.Account)
	}
	q.Preview = false
	for range 2 {
		r, err := d.Recommend(t.Context(), q)
		if err != nil || r.Answer.Account.Events != 1 {
			t.Fatalf("%v: %+v", err, r)
		}
	}
	if _, err := d.Account(t.Context(), "nobody", "", noon); veiviser.ReasonOf(err) != veiviser.ReasonUnknownAccount {
		t.Error(err)
	}
}

// Somebody without an account costs no second look.
func TestNoAccountNoLoad(t *testing.T) {
	m := newMemory()
	d, _ := decider(t, m)
	if _, err := d.Recommend(t.Context(), ask()); err != nil || m.loads != 1 {
		t.Errorf("%v after %d loads", err, m.loads)
	}
}

// Of who is not profiled, by her own word or for want of consent, the account is looked at only where caps count it.
func TestNoProfileNoAccountLoad(t *testing.T) {
	objected := veiviser.Standing{Directives: []veiviser.Directive{{ID: "d", Kind: veiviser.DoNotProfile, Created: noon}}}
	refused := veiviser.Standing{Consents: []veiviser.Consent{{Purpose: "profile", Version: "1", Time: noon}}}
	asks := func(p *veiviser.Plan) {
		p.Purposes = []veiviser.Purpose{{ID: "profile", Version: "1", Granted: true, Profile: true}}
	}
	for _, c := range []struct {
		name     string
		standing veiviser.Standing
		change   func(*veiviser.Plan)
		want     int
	}{
		{"profiled", veiviser.Standing{}, asks, 2},
		{"objected", objected, asks, 1},
		{"refused", refused, asks, 1},
		{"objected, capped", objected, cappedAccount, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMemory()
			d := New(m, publish(sykkel(t, c.change)), Options{Now: func() time.Time { return noon }})
			c.standing.Account = "acme"
			m.visitors["ada"] = &veiviser.Visitor{ID: "ada", Standing: c.standing}
			if _, err := d.Recommend(t.Context(), ask()); err != nil || m.loads != c.want {
				t.Errorf("%v, %d loads, want %d", err, m.loads, c.want)
			}
		})
	}
}

// Caps of accounts hold within the first answer that anybody of an account gets, and in answers without the store.
func TestAccountCapOfTheUnknown(t *testing.T) {
	snap := capped(t, veiviser.Cap{ID: "one", Limit: 1, Window: time.Hour, Account: true})
	req := veiviser.Request{VisitorID: "ada", Context: veiviser.Context{Subject: ebike}}
	for _, p := range snap.Plan.Placements {
		if !p.Staff {
			req.Placements = append(req.Placements, veiviser.PlacementRequest{Placement: p.ID})
		}
	}
	shows := func(account, degraded string) int {
		v := &veiviser.Visitor{ID: "ada", Standing: veiviser.Standing{Account: account}}
		a := Decide(snap, Input{Visitor: v, Request: req, Time: noon, Degraded: degraded})
		shown, _ := showings(snap, &a)
		return len(shown)
	}
	if n := shows("", ""); n < 2 {
		t.Fatalf("%d shown to somebody of her own", n)
	}
	if n := shows("acme", ""); n != 1 {
		t.Errorf("%d shown to the first of an account", n)
	}
	if n := shows("", "STORE_UNAVAILABLE"); n != 0 {
		t.Errorf("%d shown to whose account nobody knows", n)
	}
}

// What is on the screen of a member who watches is counted once for her account, stays there, and leaves nothing else room.
func TestWatchOfAMember(t *testing.T) {
	m := newMemory()
	d, plans := decider(t, m)
	plans.set(capped(t, veiviser.Cap{ID: "one", Limit: 1, Window: time.Hour, Account: true}, veiviser.Cap{ID: "hers", Limit: 1, Window: time.Hour}))
	m.visitors["ada"] = &veiviser.Visitor{ID: "ada", Standing: veiviser.Standing{Account: "acme"}}
	m.revision["ada"] = 1
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, d, func(q *veiviser.Request) {
			q.NoExploration, q.Placements = true, []veiviser.PlacementRequest{{Placement: "home_hero"}}
		})
		happen(t, m, d, "compare")
		time.Sleep(time.Minute)
		synctest.Wait()
		w.end(t)
		for _, r := range w.sent {
			if len(r.Answer.Decisions[0].Choices) != 1 {
				t.Errorf("%+v", r.Answer.Decisions[0])
			}
		}
	})
	last := ""
	if c := m.visitors[veiviser.AccountKey("acme")].Standing.Contacts; len(c) != 1 {
		t.Errorf("%+v", c)
	} else {
		last = c[0].ItemID
	}
	if got := m.visitors["ada"].Standing.Contacts; len(got) != 1 || got[0].ItemID != last {
		t.Errorf("hers %+v, the account's %s", got, last)
	}
}
