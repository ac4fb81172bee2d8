package learn_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/stage"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// acting is an event about fleets of somebody who acts for an account; "" says nothing about it.
func acting(id, visitor, typ, account, role string, after time.Duration) veiviser.Event {
	e := veiviser.Event{ID: id, VisitorID: visitor, Time: noon.Add(after - time.Hour), Type: typ, Subject: "fleet/cargo", Channel: "web"}
	e.Attributes = map[string]string{veiviser.AttributeAccount: account, veiviser.AttributeRole: role}
	return e
}

// Whoever did what, and however often the way between the account and her own record was cut: the account is what one stream of
// its members' events in that order makes it, and each of them is counted once.
func TestMembersMakeOneStream(t *testing.T) {
	snap := sykkel(t)
	types := []string{"view", "search", "compare", "question", "fleet_quote", "purchase"}
	members := []string{"ada", "kim", "ola"}
	rapid.Check(t, func(t *rapid.T) {
		m := newMemory()
		r := learn.NewRecorder(m, published{snap}, func() time.Time { return noon }, nil)
		whole := &veiviser.Visitor{ID: veiviser.AccountKey("acme")}
		for i := range rapid.IntRange(1, 20).Draw(t, "events") {
			who := rapid.SampledFrom(members).Draw(t, "who")
			e := acting(fmt.Sprint(i), who, rapid.SampledFrom(types).Draw(t, "type"), "acme", "", time.Duration(i)*time.Minute)
			e.Subject = rapid.SampledFrom([]string{"fleet/cargo", "fleet", "bike", ""}).Draw(t, "about")
			cut := rapid.IntRange(0, 2).Draw(t, "cut")
			m.onCommit = func(_ *memory, c *veiviser.Change) error {
				if _, ok := veiviser.AccountOf(c.Loaded.VisitorID); !ok && cut > 0 {
					cut--
					return away() // the account has it, she has not
				}
				return nil
			}
			sent := 0
			for ; ; sent++ {
				res, err := r.Record(context.Background(), []veiviser.Event{e})
				if err == nil && res[0].Status != veiviser.EventRejected {
					break
				}
				if sent > 3 {
					t.Fatal(err, res)
				}
			}
			if e.Subject == "fleet/cargo" || e.Subject == "fleet" {
				snap.Stages.FoldAccount(whole, &e, stage.Told{})
			}
		}
		got := m.visitors[veiviser.AccountKey("acme")]
		if whole.Events == 0 {
			whole = nil
		}
		if d := cmp.Diff(whole, got); d != "" {
			t.Fatal(d)
		}
		for _, who := range members {
			for _, n := range visitorOr(m.visitors[who]).Needs {
				if n.Journey == "fleet" {
					t.Fatalf("%s has a need that is the account's: %+v", who, n)
				}
			}
		}
	})
}

func visitorOr(v *veiviser.Visitor) *veiviser.Visitor {
	if v == nil {
		return &veiviser.Visitor{}
	}
	return v
}

func TestActsFor(t *testing.T) {
	snap := sykkel(t)
	for name, tt := range map[string]struct {
		events       []veiviser.Event
		account      string
		role         string
		heard        string // what which account hears
		unprofilable bool
	}{
		"named":            {events: []veiviser.Event{acting("1", "v", "view", "acme", "user", 0)}, account: "acme", role: "user", heard: "acme:1"},
		"stays":            {events: []veiviser.Event{acting("1", "v", "view", "acme", "user", 0), acting("2", "v", "view", "", "", 1)}, account: "acme", role: "user", heard: "acme:1,2"},
		"leaves":           {events: []veiviser.Event{acting("1", "v", "view", "acme", "user", 0), acting("2", "v", "view", "-", "", 1)}, heard: "acme:1"},
		"another":          {events: []veiviser.Event{acting("1", "v", "view", "acme", "user", 0), acting("2", "v", "view", "globex", "", 1)}, account: "globex", heard: "acme:1 globex:2"},
		"no role any more": {events: []veiviser.Event{acting("1", "v", "view", "acme", "user", 0), acting("2", "v", "view", "", "-", 1)}, account: "acme", heard: "acme:1,2"},
		"a role of nobody": {events: []veiviser.Event{acting("1", "v", "view", "", "user", 0)}},
		"late":             {events: []veiviser.Event{acting("1", "v", "view", "acme", "user", 5), acting("2", "v", "view", "globex", "buyer", 0)}, account: "acme", role: "user", heard: "acme:1 globex:2"},
		"late and unnamed": {events: []veiviser.Event{acting("1", "v", "view", "acme", "user", 5), acting("2", "v", "view", "", "", 0)}, account: "acme", role: "user", heard: "acme:1,2"},
		"silent":           {events: []veiviser.Event{acting("1", "v", "view", "acme", "gatekeeper", 0)}, account: "acme", role: "gatekeeper"},
		"not profiled":     {events: []veiviser.Event{acting("1", "v", "view", "acme", "user", 0)}, account: "acme", role: "user", unprofilable: true},
	} {
		t.Run(name, func(t *testing.T) {
			loaded := veiviser.Loaded{VisitorID: "v"}
			if tt.unprofilable {
				loaded.Visitor = &veiviser.Visitor{ID: "v", Standing: veiviser.Standing{Directives: []veiviser.Directive{{Kind: veiviser.DoNotProfile}}}}
			}
			f := learn.Fold(snap, &loaded, tt.events, noon)
			var heard []string
			for _, s := range f.Accounts {
				var ids []string
				for _, e := range s.Events {
					if e.ID != veiviser.AccountEventID("v", e.Event.ID) {
						t.Errorf("the id %s of %s", e.ID, e.Event.ID)
					}
					ids = append(ids, e.Event.ID)
				}
				heard = append(heard, s.Account+":"+strings.Join(ids, ","))
			}
			s := f.Visitor.Standing
			if s.Account != tt.account || s.Role != tt.role || strings.Join(heard, " ") != tt.heard {
				t.Errorf("acts for %q as %q, and %v heard of it", s.Account, s.Role, heard)
			}
		})
	}
}

func TestAccountsAreNamedShortly(t *testing.T) {
	snap := sykkel(t)
	for field, e := range map[string]veiviser.Event{
		`attributes["visitor.account"]`: acting("1", "v", "view", strings.Repeat("a", 129), "", 0),
		`attributes["visitor.role"]`:    acting("1", "v", "view", "acme", strings.Repeat("r", 65), 0),
	} {
		f := learn.Fold(snap, &veiviser.Loaded{VisitorID: "v"}, []veiviser.Event{e}, noon)
		if f.Results[0].Status != veiviser.EventRejected || f.Results[0].Err.Field() != field {
			t.Errorf("%+v", f.Results[0])
		}
	}
}

// A role or an audience that means nothing is refused where the plan says which there are, with what may be meant.
func TestWordsThatMeanNothing(t *testing.T) {
	snap := sykkel(t)
	open := *snap
	bare := *snap.Plan
	bare.Audiences, bare.Accounts.Roles = nil, nil
	open.Plan = &bare
	const audience = "visitor.audience"
	for name, tt := range map[string]struct{ attribute, word, want string }{
		"a role misspelt":      {veiviser.AttributeRole, "desider", `did you mean "decider"?`},
		"a role in capitals":   {veiviser.AttributeRole, "Buyer", `did you mean "buyer"?`},
		"a role like no other": {veiviser.AttributeRole, "king", "there is user, influencer, decider, buyer, gatekeeper"},
		"a role":               {veiviser.AttributeRole, "gatekeeper", ""},
		"no role any more":     {veiviser.AttributeRole, "-", ""},
		"nothing of a role":    {veiviser.AttributeRole, "", ""},
		"press in capitals":    {audience, "Press", `did you mean "press"?`},
		"press misspelt":       {audience, "pres", `did you mean "press"?`},
		"royalty":              {audience, "royalty", "there is customer, supplier, investor, press, neighbour, job_seeker"},
		"press":                {audience, "press", ""},
		"none any more":        {audience, "-", ""},
		"nothing":              {audience, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			e := acting("1", "v", "view", "acme", "", 0)
			e.Attributes[tt.attribute] = tt.word
			f := learn.Fold(snap, &veiviser.Loaded{VisitorID: "v"}, []veiviser.Event{e}, noon)
			switch err := f.Results[0].Err; {
			case tt.want == "" && err != nil, tt.want != "" && err == nil:
				t.Error(err)
			case err != nil && (!strings.Contains(err.Error(), tt.want) || err.Field() != `attributes["`+tt.attribute+`"]`):
				t.Error(err, err.Field())
			}
			if f = learn.Fold(&open, &veiviser.Loaded{VisitorID: "v"}, []veiviser.Event{e}, noon); f.Results[0].Err != nil {
				t.Error("where the plan declares none:", f.Results[0].Err)
			}
		})
	}
}

// A showing that was reserved counts for good once a member has seen it, and only with a plan that counts for accounts.
func TestImpressionsOfMembers(t *testing.T) {
	for _, capped := range []bool{false, true} {
		snap := sykkel(t)
		snap.Plan.Contact.Caps = []veiviser.Cap{{ID: "c", Limit: 1, Window: time.Hour, Account: capped}}
		m := newMemory()
		m.outcomes["d.0"] = shownFor("acme")
		key := veiviser.AccountKey("acme")
		m.visitors[key] = &veiviser.Visitor{ID: key, Standing: veiviser.Standing{Contacts: []veiviser.Contact{
			{ItemID: "a", Decision: veiviser.HashID("d.0"), Until: noon.Add(time.Minute)},
			{ItemID: "b", Decision: veiviser.HashID("d.0"), Until: noon.Add(time.Minute)},
		}}}
		m.revision[key] = 1
		e := acting("1", "kim", "impression", "acme", "gatekeeper", 0)
		e.Subject, e.ItemID, e.DecisionID = "", "b", "d.0"
		r := learn.NewRecorder(m, published{snap}, func() time.Time { return noon }, nil)
		if res, err := r.Record(t.Context(), []veiviser.Event{e}); err != nil || res[0].Err != nil {
			t.Fatal(err, res)
		}
		got := m.visitors[key].Standing.Contacts
		if got[0].Until.IsZero() || got[1].Until.IsZero() != capped || m.visitors[key].Events != 0 {
			t.Errorf("capped %v: %+v", capped, got)
		}
		e.ID, e.Type = "2", "dismiss" // she had all of it before her
		if res, err := r.Record(t.Context(), []veiviser.Event{e}); err != nil || res[0].Err != nil {
			t.Fatal(err, res)
		}
		if got = m.visitors[key].Standing.Contacts; got[0].Until.IsZero() != capped {
			t.Errorf("dismissed, capped %v: %+v", capped, got)
		}
	}
}

// shownFor is a decision made for somebody who acted for an account.
func shownFor(account string) veiviser.Given {
	return veiviser.Given{Answer: &veiviser.Answer{Visitor: veiviser.Visitor{Standing: veiviser.Standing{Account: account}}}}
}

// What was shown counts for the account that she acted for then, whichever she acts for when she says that she saw it.
func TestImpressionsCountWhereTheyWereShown(t *testing.T) {
	snap := sykkel(t)
	snap.Plan.Contact.Caps = []veiviser.Cap{{ID: "c", Limit: 1, Window: time.Hour, Account: true}}
	for name, tt := range map[string]struct {
		shown, acts, names string
		subject            string
		heard              string
	}{
		"the same":              {shown: "acme", acts: "acme", heard: "acme"},
		"left before":           {shown: "acme", heard: "acme"},
		"leaves by it":          {shown: "acme", acts: "acme", names: "-", heard: "acme"},
		"another by it":         {shown: "acme", acts: "acme", names: "globex", heard: "acme"},
		"another, and speaks":   {shown: "acme", acts: "globex", subject: "fleet", heard: "globex speaks, acme"},
		"the same, and speaks":  {shown: "acme", acts: "acme", subject: "fleet", heard: "acme speaks"},
		"shown before she was":  {acts: "acme", heard: ""},
		"before, but it speaks": {acts: "acme", subject: "fleet", heard: "acme speaks"},
	} {
		t.Run(name, func(t *testing.T) {
			loaded := veiviser.Loaded{
				VisitorID: "v", Visitor: &veiviser.Visitor{ID: "v", Standing: veiviser.Standing{Account: tt.acts}},
				Outcomes: map[string]veiviser.Given{"d.0": shownFor(tt.shown)},
			}
			e := acting("1", "v", "impression", tt.names, "", 0)
			e.Subject, e.DecisionID = tt.subject, "d.0"
			var heard []string
			for _, s := range learn.Fold(snap, &loaded, []veiviser.Event{e}, noon).Accounts {
				if len(s.Events) != 1 {
					t.Errorf("%s hears %d events", s.Account, len(s.Events))
				}
				if s.Events[0].Speaks {
					s.Account += " speaks"
				}
				heard = append(heard, s.Account)
			}
			if got := strings.Join(heard, ", "); got != tt.heard {
				t.Errorf("heard by %q, want %q", got, tt.heard)
			}
		})
	}
}
