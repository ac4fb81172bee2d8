package learn_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/stage"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// believed is the chance of a stage of her need on a journey about a subject, and how often her word was heard of it.
func believed(v *veiviser.Visitor, journey, subject, stageID string) (p float64, words uint32) {
	for i := range visitorOr(v).Needs {
		n := &v.Needs[i]
		if n.Journey != journey || n.Subject != subject {
			continue
		}
		for k, id := range n.Stages {
			if id == stageID {
				p = n.P[k]
			}
		}
		for _, e := range n.Evidence {
			if e.Signal == stage.ToldStage {
				words += e.Count
			}
		}
	}
	return p, words
}

// Who taps a wrong button and then the right one again is heard: only the newest of her words said twice is one call made twice.
func TestWordAfterAnother(t *testing.T) {
	for _, kinds := range [][2]veiviser.Directive{
		{{Kind: veiviser.JustLooking, Subject: ebike}, {Kind: veiviser.Decided, Subject: ebike}},
		{{Kind: veiviser.CorrectStage, Target: "search", Subject: ebike}, {Kind: veiviser.CorrectStage, Target: "purchase", Subject: ebike}},
		{{Kind: veiviser.JustLooking, Subject: "bike"}, {Kind: veiviser.Decided, Subject: ebike}},
	} {
		m := newMemory()
		r, now := wishing(t, m)
		if _, err := r.Record(t.Context(), []veiviser.Event{event("e", "ada", "compare")}); err != nil {
			t.Fatal(err)
		}
		for _, d := range []veiviser.Directive{kinds[0], kinds[1], kinds[0], kinds[0]} {
			*now = now.Add(time.Second)
			if _, err := r.SetDirective(t.Context(), "ada", d); err != nil {
				t.Fatal(err)
			}
		}
		if p, words := believed(m.visitors["ada"], "purchase", ebike, "search"); p < 0.6 || words != 3 {
			t.Errorf("after %v: searching is believed with %.2f after %d words", kinds, p, words)
		}
		if list, err := r.Directives(t.Context(), "ada"); err != nil || list[len(list)-1].Kind != kinds[0].Kind {
			t.Errorf("%+v, %v", list, err)
		}
	}
}

// A word that is taken back is as if it had not been said, however often it was, and with it go those it took the place of.
func TestWordTakenBack(t *testing.T) {
	for name, words := range map[string][]veiviser.Directive{
		"one":             {{Kind: veiviser.JustLooking, Subject: ebike}},
		"of everything":   {{Kind: veiviser.Decided}},
		"twice":           {{Kind: veiviser.Decided, Subject: ebike}, {Kind: veiviser.Decided, Subject: ebike}},
		"after another":   {{Kind: veiviser.JustLooking, Subject: ebike}, {Kind: veiviser.CorrectStage, Target: "use", Subject: ebike}},
		"after a smaller": {{Kind: veiviser.JustLooking, Subject: ebike}, {Kind: veiviser.Decided, Subject: "bike"}},
		"of what is new":  {{Kind: veiviser.JustLooking, Subject: "parts"}},
	} {
		m := newMemory()
		r, now := wishing(t, m)
		if _, err := r.Record(t.Context(), []veiviser.Event{event("e", "ada", "compare")}); err != nil {
			t.Fatal(err)
		}
		before := m.visitors["ada"].Clone()
		for _, d := range words {
			*now = now.Add(time.Hour)
			if _, err := r.SetDirective(t.Context(), "ada", d); err != nil {
				t.Fatal(err)
			}
		}
		list, err := r.Directives(t.Context(), "ada")
		if err != nil || len(list) != 1 || cmp.Equal(before.Needs, m.visitors["ada"].Needs) {
			t.Fatalf("%s: %+v, %v", name, list, err)
		}
		if err := r.RemoveDirective(t.Context(), "ada", list[0].ID); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(before, m.visitors["ada"], cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// "I have decided" and "I am only looking" about the same do not hold together.
func TestWordsContradict(t *testing.T) {
	m := newMemory()
	r, now := wishing(t, m)
	looking, err := r.SetDirective(t.Context(), "ada", veiviser.Directive{Kind: veiviser.JustLooking, Subject: ebike})
	if err != nil {
		t.Fatal(err)
	}
	*now = now.Add(time.Hour)
	decided, err := r.SetDirective(t.Context(), "ada", veiviser.Directive{Kind: veiviser.Decided, Subject: ebike})
	list := m.visitors["ada"].Standing.Directives
	if err != nil || len(list) != 1 || list[0] != decided || decided.ID == looking.ID {
		t.Errorf("%+v, %v", list, err)
	}
}

// What she said later was set later, whatever the clock of a replica says: joined with another identity it is still the later word.
func TestLaterWishesAreLater(t *testing.T) {
	m := newMemory()
	r, now := wishing(t, m)
	for i := range 3 {
		if _, err := r.SetDirective(t.Context(), "ada", veiviser.Directive{Kind: veiviser.MuteItem, Target: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
		*now = now.Add(-time.Second)
	}
	for i, d := range m.visitors["ada"].Standing.Directives {
		if d.Target != fmt.Sprint(i) || d.Created.Sub(noon) != time.Duration(i)*time.Millisecond {
			t.Errorf("%d: %+v", i, d)
		}
	}
}

// However much she wishes, she can still say that she is not to be profiled, and that she wants a pause.
func TestObjectionFindsRoom(t *testing.T) {
	m := newMemory()
	r, now := wishing(t, m)
	for i := range veiviser.MaxDirectives {
		if _, err := r.SetDirective(t.Context(), "ada", veiviser.Directive{Kind: veiviser.MuteItem, Target: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range []veiviser.Directive{
		{Kind: veiviser.NotNow, Expires: now.Add(time.Hour)},
		{Kind: veiviser.NotNow, Subject: ebike, Expires: now.Add(time.Hour)},
		{Kind: veiviser.DoNotProfile},
	} {
		if _, err := r.SetDirective(t.Context(), "ada", d); err != nil {
			t.Errorf("%s: %v", d.Kind, err)
		}
	}
	if list, err := r.Directives(t.Context(), "ada"); err != nil || len(list) != veiviser.MaxDirectives+3 {
		t.Errorf("%d wishes, %v", len(list), err)
	}
}

// What a wish names is taken without what is written around it, and refused when nothing answers to it.
func TestTargets(t *testing.T) {
	m := newMemory()
	r, _ := wishing(t, m)
	for _, tc := range []struct {
		kind            veiviser.DirectiveKind
		target, subject string
		field           string // at fault, "" for none
	}{
		{veiviser.MuteTopic, "bike/ebike/", "", ""},
		{veiviser.MuteTopic, "bike/gravel", "", ""},
		{veiviser.MuteTopic, "*", "", ""},
		{veiviser.MuteTopic, "bkie/ebike", "", "directive.target"},
		{veiviser.MuteTopic, " ", "", "directive.target"},
		{veiviser.MuteChannel, " mail ", "", ""},
		{veiviser.MuteChannel, "Mail", "", "directive.target"},
		{veiviser.MuteChannel, "e-mail", "", "directive.target"},
		{veiviser.MuteChannel, "phone", "", ""},
		{veiviser.MuteItem, " not-there-yet ", "", ""},
		{veiviser.MuteKind, "OFFER", "", "directive.target"},
		{veiviser.MuteKind, "offer", " / ", "directive.subject"},
		{veiviser.MuteKind, "offer", "ebike", "directive.subject"},
		{veiviser.MuteKind, "offer", "bike/gravel", ""},
		{veiviser.JustLooking, "", "bkie/ebike", "directive.subject"},
		{veiviser.Decided, "", "bike", ""},
		{veiviser.CorrectStage, "use", "nothing/here", "directive.subject"},
		{veiviser.CorrectStage, "worn", "parts/chain/ ", ""},
		{veiviser.CorrectStage, "worn", "", ""},
		{veiviser.CorrectStage, "worn", ebike, "directive.target"},
	} {
		d, err := r.SetDirective(t.Context(), "ada", veiviser.Directive{Kind: tc.kind, Target: tc.target, Subject: tc.subject})
		field := ""
		if e, ok := errors.AsType[*veiviser.Error](err); ok {
			field = e.Field()
		}
		if field != tc.field || err == nil && (d.Target != veiviser.TrimSubject(tc.target) || d.Subject != veiviser.TrimSubject(tc.subject)) {
			t.Errorf("%s %q about %q: %+v, %v", tc.kind, tc.target, tc.subject, d, err)
		}
	}
}

// publishing is a plan that a test replaces.
type publishing struct{ snap *plan.Snapshot }

func (p *publishing) Active() *plan.Snapshot { return p.snap }

// A wish that was recorded can be set again, and holds, whatever a later plan knows; and what she is busy with can be muted though
// no plan knows it.
func TestTargetsOutliveThePlan(t *testing.T) {
	m, plans := newMemory(), &publishing{sykkel(t)}
	r := learn.NewRecorder(m, plans, func() time.Time { return noon }, nil)
	topic := veiviser.Directive{Kind: veiviser.MuteTopic, Target: "parts/brakes"}
	first, err := r.SetDirective(t.Context(), "ada", topic)
	if err != nil {
		t.Fatal(err)
	}
	shoes := []veiviser.Item{{ID: "shoe", Kind: veiviser.KindContent, Topics: []string{"shoes"}}}
	plans.snap, err = plan.Compile(2, &veiviser.Plan{
		Journeys: sykkel(t).Plan.Journeys[:1], Items: shoes, Placements: []veiviser.Placement{{ID: "till", Channel: "till"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if again, err := r.SetDirective(t.Context(), "ada", topic); err != nil || again.ID != first.ID {
		t.Errorf("%+v, %v", again, err)
	}
	busy := event("e", "kim", "view")
	busy.Channel, busy.Subject = "tills", "parts/brakes"
	wishes := []veiviser.Directive{
		topic, {Kind: veiviser.MuteChannel, Target: "tills"}, {Kind: veiviser.MuteKind, Target: "offer", Subject: "parts/brakes"},
	}
	for _, d := range wishes {
		if _, err := r.SetDirective(t.Context(), "kim", d); veiviser.ReasonOf(err) != veiviser.ReasonInvalidField {
			t.Errorf("%s: nothing answers to it: %v", d.Kind, err)
		}
	}
	if _, err := r.Record(t.Context(), []veiviser.Event{busy}); err != nil {
		t.Fatal(err)
	}
	for _, d := range wishes {
		if _, err := r.SetDirective(t.Context(), "kim", d); err != nil {
			t.Errorf("%s: %v", d.Kind, err)
		}
	}
}

// What a member says of where her account's decision stands moves what is believed of the account, once, as what she does would.
func TestMemberSpeaksForHerAccount(t *testing.T) {
	const fleet = "fleet/cargo"
	contract := veiviser.Directive{Kind: veiviser.CorrectStage, Target: "contract", Subject: "fleet"}
	for name, tc := range map[string]struct {
		role  string
		wish  veiviser.Directive
		shy   bool
		cut   bool
		heard bool
	}{
		"a stage":           {wish: contract, heard: true},
		"below it":          {wish: veiviser.Directive{Kind: veiviser.Decided, Subject: fleet}, heard: true},
		"what she met last": {wish: veiviser.Directive{Kind: veiviser.Decided}, heard: true},
		"tried twice":       {wish: contract, cut: true, heard: true},
		"a silent role":     {wish: contract, role: "gatekeeper"},
		"not profiled":      {wish: contract, shy: true},
		"something else":    {wish: veiviser.Directive{Kind: veiviser.Decided, Subject: ebike}},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMemory()
			r, now := wishing(t, m)
			events := []veiviser.Event{acting("1", "kim", "view", "acme", "user", 0), acting("2", "ada", "view", "acme", tc.role, time.Minute)}
			if _, err := r.Record(t.Context(), events); err != nil {
				t.Fatal(err)
			}
			if tc.shy {
				if _, err := r.SetDirective(t.Context(), "ada", veiviser.Directive{Kind: veiviser.DoNotProfile}); err != nil {
					t.Fatal(err)
				}
			}
			account := func() *veiviser.Visitor { return m.visitors[veiviser.AccountKey("acme")] }
			before, counted := account().Clone(), account().Events
			m.onCommit = func(_ *memory, c *veiviser.Change) error {
				if tc.cut && c.Loaded.VisitorID == "ada" {
					tc.cut = false
					return changed()
				}
				return nil
			}
			*now = now.Add(time.Minute)
			if _, err := r.SetDirective(t.Context(), "ada", tc.wish); err != nil {
				t.Fatal(err)
			}
			was, _ := believed(before, "fleet", fleet, "contract")
			p, words := believed(account(), "fleet", fleet, "contract")
			if tc.heard && (p < 0.5 || words != 1) || !tc.heard && (p != was || words != 0) || account().Events != counted {
				t.Errorf("the contract was believed with %.2f, and is with %.2f after %d words", was, p, words)
			}
			*now = now.Add(time.Hour)
			if _, err := r.SetDirective(t.Context(), "ada", tc.wish); err != nil {
				t.Fatal(err)
			}
			if _, again := believed(account(), "fleet", fleet, "contract"); again != 2*words {
				t.Errorf("said again an hour later it was heard %d times", again)
			}
			*now = now.Add(time.Hour)
			if list, err := r.Directives(t.Context(), "ada"); err != nil || r.RemoveDirective(t.Context(), "ada", list[len(list)-1].ID) != nil {
				t.Fatal(err)
			}
			if p, words := believed(account(), "fleet", fleet, "contract"); p != was || words != 0 || len(account().Needs) != len(before.Needs) {
				t.Errorf("taken back, the contract is believed with %v after %d words, and was with %v", p, words, was)
			}
			for _, n := range m.visitors["ada"].Needs {
				if n.Journey == "fleet" {
					t.Errorf("the account's need is hers, too: %+v", n)
				}
			}
		})
	}
}
