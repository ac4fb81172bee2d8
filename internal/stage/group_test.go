package stage_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/stage"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// companies has a journey of persons that covers everything, and one of companies.
func companies(t *testing.T) *stage.Set {
	t.Helper()
	stages := []veiviser.Stage{{ID: "look", Standard: "search", Prior: 1}, {ID: "buy", Standard: "purchase", Prior: 0.2}}
	set, err := stage.Compile(&veiviser.Plan{Journeys: []veiviser.Journey{
		{ID: "own", Stages: stages},
		{ID: "fleet", Stages: stages, Group: true, Subjects: []string{"fleet"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func journeys(views []veiviser.NeedView) (out []string) {
	for _, v := range views {
		s := v.Journey + ":" + v.Subject
		if v.Account {
			s += "!"
		}
		if v.New {
			s += "?"
		}
		out = append(out, s)
	}
	return out
}

func TestGroupNeedsAreTheAccounts(t *testing.T) {
	set, now := companies(t), time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	view := func(subject string, after time.Duration) *veiviser.Event {
		return &veiviser.Event{Type: "view", Subject: subject, Time: now.Add(after)}
	}
	member := &veiviser.Visitor{ID: "m", Standing: veiviser.Standing{Account: "acme"}}
	account := &veiviser.Visitor{ID: veiviser.AccountKey("acme")}
	for i, subject := range []string{"fleet/a", "bike", "fleet/b", ""} {
		e := view(subject, time.Duration(i)*time.Minute)
		set.Fold(member, e)
		if got, want := set.Concerns(e, stage.Told{}), subject != "" && subject != "bike"; got != want {
			t.Errorf("%q concerns companies: %v", subject, got)
		}
		if set.Concerns(e, stage.Told{}) && !set.FoldAccount(account, e, stage.Told{}) {
			t.Errorf("%q speaks for nothing", subject)
		}
	}
	if account.Events != 2 || len(account.Recent) != 0 || account.Visits != 0 || len(account.Attributes) != 0 {
		t.Errorf("the account holds what is not its own: %+v", account)
	}
	at := now.Add(time.Hour)
	for _, tt := range []struct {
		name  string
		views []veiviser.NeedView
		want  []string
	}{
		{"hers", set.Views(member, "", at), []string{"own:fleet/b", "own:bike", "own:fleet/a"}},
		{"the account's", set.AccountViews(account, "", at), []string{"fleet:fleet/b!", "fleet:fleet/a!"}},
		{"both", set.SharedViews(member, account, "", at), []string{"fleet:fleet/b!", "own:fleet/b", "own:bike", "fleet:fleet/a!", "own:fleet/a"}},
		{"a new subject", set.SharedViews(member, account, "fleet/c", at), []string{
			"fleet:fleet/b!", "own:fleet/b", "own:bike", "fleet:fleet/a!", "own:fleet/a", "own:fleet/c?", "fleet:fleet/c!?",
		}},
		{"of an unknown account", set.SharedViews(member, nil, "fleet/a", at), []string{"own:fleet/b", "own:bike", "own:fleet/a", "fleet:fleet/a!?"}},
	} {
		for _, v := range tt.views {
			if v.Subject == "" {
				t.Errorf("%s: %v", tt.name, v)
			}
		}
		if d := cmp.Diff(tt.want, journeys(tt.views)); d != "" {
			t.Errorf("%s: %s", tt.name, d)
		}
	}
	// Busy with it alone since, say because she is silent, she still acts for the account there.
	set.Fold(member, view("fleet/a", time.Minute*30))
	if got := journeys(set.SharedViews(member, account, "", at)); got[0] != "fleet:fleet/a!" {
		t.Error(got)
	}
	member.Standing.Account = ""
	set.Fold(member, view("fleet/d", 40*time.Minute))
	if got := journeys(set.Views(member, "", at)); got[0] != "fleet:fleet/d" {
		t.Errorf("after she left: %v", got)
	}
}

// Who is linked acts for the account she was last seen to act for.
func TestMergeAccounts(t *testing.T) {
	set, now := companies(t), time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	person := func(account string, seen time.Duration) *veiviser.Visitor {
		return &veiviser.Visitor{Events: 1, Visits: 1, LastSeen: now.Add(seen), FirstSeen: now, Standing: veiviser.Standing{Account: account, Role: account + "!"}}
	}
	for i, tt := range []struct {
		into, from *veiviser.Visitor
		want       string
	}{
		{person("a", time.Hour), person("b", 0), "a"},
		{person("a", 0), person("b", time.Hour), "b"},
		{&veiviser.Visitor{Events: 1, LastSeen: now.Add(time.Hour)}, person("b", 0), "b"},
		{&veiviser.Visitor{}, person("b", 0), "b"},
		{person("a", 0), &veiviser.Visitor{Events: 1, LastSeen: now.Add(time.Hour)}, "a"},
	} {
		set.Merge(tt.into, tt.from)
		if got := fmt.Sprint(tt.into.Standing.Account, tt.into.Standing.Role); got != tt.want+tt.want+"!" {
			t.Errorf("%d: %s", i, got)
		}
	}
}

// A member's own word on where her account stands is about the account's needs, not about what rests in her record; without a
// subject it is about what she met last herself, if a company may be about it.
func TestMembersWord(t *testing.T) {
	set, now := companies(t), time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	view := func(v *veiviser.Visitor, subject string, after time.Duration) {
		set.Fold(v, &veiviser.Event{Type: "view", Subject: subject, Time: now.Add(after)})
	}
	buys := func(v *veiviser.Visitor) (out []string) {
		for i := range v.Needs {
			if n := &v.Needs[i]; n.P[1] > 0.5 {
				out = append(out, n.Journey+":"+n.Subject)
			}
		}
		return out
	}
	for name, tt := range map[string]struct {
		subject string
		met     []string
		hers    []string
		account []string
	}{
		"the account's":         {"fleet", []string{"fleet/a"}, []string{"own:fleet/a"}, []string{"fleet:fleet"}},
		"hers":                  {"bike", []string{"fleet/a"}, []string{"own:bike"}, nil},
		"what she met last":     {"", []string{"bike", "fleet/a"}, []string{"own:fleet/a"}, []string{"fleet:fleet/a"}},
		"which is no company's": {"", []string{"fleet/a", "bike"}, []string{"own:bike"}, nil},
		"nothing":               {"", nil, []string{"own:"}, nil},
	} {
		member, account := &veiviser.Visitor{ID: "m"}, &veiviser.Visitor{}
		view(member, "fleet/a", -time.Hour) // on her own, before she had an account
		member.Standing.Account = "acme"
		if tt.met == nil {
			member.Needs, member.Recent = nil, nil
		}
		for i, subject := range tt.met {
			view(member, subject, time.Duration(i)*time.Minute)
		}
		w := set.Word(member, "purchase", tt.subject, now.Add(time.Hour))
		if heard := set.SaidOfAccount(account, w); heard != (tt.account != nil) || heard != set.HearsOfAccounts(w) {
			t.Errorf("%s: the account heard it: %v", name, heard)
		}
		set.Said(member, w)
		if got := buys(member); !cmp.Equal(got, tt.hers) {
			t.Errorf("%s: she buys %v", name, got)
		}
		if got := buys(account); !cmp.Equal(got, tt.account) || account.Events != 0 {
			t.Errorf("%s: the account buys %v", name, got)
		}
	}
	bikes, err := stage.Compile(&veiviser.Plan{Journeys: []veiviser.Journey{
		{ID: "own", Stages: []veiviser.Stage{{ID: "buy", Prior: 1}}, Subjects: []string{"bike"}},
		{ID: "fleet", Stages: []veiviser.Stage{{ID: "buy", Prior: 1}}, Group: true, Subjects: []string{"fleet"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	member := &veiviser.Visitor{ID: "m", Standing: veiviser.Standing{Account: "acme"}}
	for i, subject := range []string{"bike", "fleet/a", "shoes"} {
		bikes.Fold(member, &veiviser.Event{Type: "view", Subject: subject, Time: now.Add(time.Duration(i) * time.Minute)})
	}
	if w := bikes.Word(member, "buy", "", now); w.Subject != "fleet/a" {
		t.Errorf("where no journey of hers is about it, it is still what she met last: %+v", w)
	}
}
