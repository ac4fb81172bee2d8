package decide

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// briefed is an answer to an employee about somebody of whom there is everything to say.
func briefed() *veiviser.Answer {
	a := voiced()
	a.Time = noon
	ago := func(d time.Duration) time.Time { return noon.Add(-d) }
	const day = 24 * time.Hour
	a.Needs[0].Subject = ebike
	a.Needs[0].Evidence = []veiviser.Evidence{
		{Signal: "compared", Stage: "evaluate", Weight: 1},
		{Signal: "saved", Stage: "evaluate", Weight: -2},
		{Signal: "searched", Stage: "search", Weight: 0.1},
		{Signal: "tests_read", Stage: "evaluate", Weight: 0.5},
		{Signal: "no such", Weight: 9},
	}
	a.Segments = []string{"families"}
	a.Switches = []veiviser.Switch{
		{Topic: ebike, Statement: "service-call-us"}, {Region: "oslo"}, {Segment: "families"}, {Segment: "press"}, {Topic: "parts", Over: true},
	}
	a.Visitor.Events, a.Visitor.Value = 9, 30000
	s := &a.Visitor.Standing
	s.Cases = []veiviser.Case{
		{Cause: veiviser.CaseComplaint, Subject: ebike, Opened: ago(2 * time.Hour), Due: noon.Add(22 * time.Hour)},
		{Cause: veiviser.CaseLate, Opened: ago(3 * day), Due: ago(day)},
		{Cause: veiviser.CaseWrong, Subject: "parts", Opened: ago(5 * day), Answered: ago(4 * day), Due: ago(3 * day)},
		{Cause: veiviser.CaseComplaint, Opened: ago(20 * day), Resolved: ago(10 * day)},
		{Cause: veiviser.CaseComplaint, Opened: ago(200 * day), Resolved: ago(100 * day)},
	}
	s.Directives = []veiviser.Directive{
		{Kind: veiviser.MuteTopic, Target: "bike/kids"},
		{Kind: veiviser.MuteItem, Target: "fjord-city"},
		{Kind: veiviser.MuteKind, Target: "offer", Subject: "parts"},
		{Kind: veiviser.MuteChannel, Target: "mail"},
		{Kind: veiviser.NotNow, Expires: noon.Add(3 * day)},
		{Kind: veiviser.JustLooking},
		{Kind: veiviser.Decided, Subject: ebike},
		{Kind: veiviser.CorrectStage, Target: "evaluate"},
		{Kind: veiviser.MuteTopic, Target: "gone", Expires: ago(day)},
	}
	s.Orders = []veiviser.Order{
		{Subject: ebike, Placed: ago(9 * day), Promised: ago(2 * day)},
		{Placed: ago(time.Hour), Promised: noon.Add(5 * day)},
		{Placed: noon, Promised: noon.Add(day)},
		{Subject: "arrived", Placed: ago(9 * day), Promised: ago(2 * day), Late: true, Delivered: ago(day)},
	}
	s.Facts = []veiviser.Fact{
		{Product: "fjord-city", Value: "NOK 24990000000", Time: ago(2 * day)},
		{Product: "own", Claim: "frame", Value: "steel", Time: ago(90 * time.Minute)},
		{Product: "service-call-us", Value: "NOK 150000000", Time: ago(3 * day)},
		{Product: "old", Value: "NOK 1", Time: ago(60 * day)},
		{Product: "unseen", Value: "NOK 2000000", Time: ago(time.Minute), Until: noon.Add(time.Minute)},
	}
	s.Relation = veiviser.Relation{FirstOrder: ago(100 * day), Handover: ago(90 * day), Rung: "friend"}
	s.Account, s.Role = "acme", "decider"
	for i := range a.Decisions {
		a.Decisions[i].Staff = true
	}
	return a
}

// briefingPlan has what briefings name.
func briefingPlan(p *veiviser.Plan) {
	p.Relationship.Rungs = []veiviser.Rung{{ID: "friend", Name: veiviser.Text{"nb": "Venn", "sv": "Vän", "en": "Friend"}, Promote: "visitor.events > 1", Keep: "visitor.events > 1"}}
	p.Relationship.Tiers = []veiviser.Tier{{ID: "small"}, {ID: "big", From: 20000, Name: veiviser.Text{"nb": "Stor", "sv": "Stor", "en": "Big"}}, {ID: "huge", From: 1e6}}
	p.Accounts.Roles = []veiviser.BuyingRole{{ID: "decider", Name: veiviser.Text{"nb": "beslutter", "sv": "beslutsfattare", "en": "decider"}}}
}

// What an employee reads stands in testdata/briefing.golden: go test ./internal/decide -run TestBriefing -update
func TestBriefing(t *testing.T) {
	snap, a := sykkel(t, briefingPlan), briefed()
	var b bytes.Buffer
	tell := func(title string, a *veiviser.Answer) {
		for _, l := range spoken {
			fmt.Fprintf(&b, "# %s: %s\n", l, title)
			for _, line := range newVoice(snap, a, l).Briefing(a, 0) {
				fmt.Fprintf(&b, "%s %s\n", line.Code, line.Text)
			}
		}
	}
	tell("everything", a)
	quiet := briefed()
	quiet.Visitor.Standing.Directives = []veiviser.Directive{{Kind: veiviser.DoNotProfile}}
	quiet.Visitor = *quiet.Visitor.Unprofiled()
	tell("not profiled", quiet)
	tell("somebody new", &veiviser.Answer{Time: noon, Decisions: []veiviser.Decision{{Staff: true, Need: -1}}})
	tell("without the store", &veiviser.Answer{Time: noon, Degraded: "STORE_UNAVAILABLE", Decisions: []veiviser.Decision{{Staff: true, Need: -1}}})
	const golden = "testdata/briefing.golden"
	if *update {
		if err := os.WriteFile(golden, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), b.String()); d != "" {
		t.Errorf("the words changed; if they should, run with -update: %s", d)
	}
}

func TestBriefingIsForStaffOnly(t *testing.T) {
	a := briefed()
	a.Decisions[0].Staff = false
	if lines := newVoice(sykkel(t), a, "nb").Briefing(a, 0); lines != nil {
		t.Errorf("she would read %v", lines)
	}
}

// The words for employees are there in every language: none is empty, and formats take the same arguments.
func TestBriefingWords(t *testing.T) {
	if len(briefings) != len(spoken) {
		t.Errorf("%d languages", len(briefings))
	}
	verbs := func(words *briefingWords) []string {
		var out []string
		for _, s := range []string{
			words.about, words.caseOpen, words.caseResolved, words.caseAnswered, words.caseOverdue, words.caseDue, words.switchTopic,
			words.switchRegion, words.switchAll, words.switchSay, words.unprofiled, words.wishBeyond, words.order, words.orderLate, words.orderDue,
			words.toldPrice, words.toldClaim, words.noHistory, words.evidence, words.prospect, words.waiting, words.customer, words.rung,
			words.tier, words.account, words.accountRole, words.justNow, words.past, words.minute, words.minutes, words.hour, words.hours,
			words.day, words.days,
		} {
			if s == "" {
				t.Error("a text is empty")
			}
			out = append(out, strings.Repeat("%s", strings.Count(s, "%s")))
		}
		for _, k := range []veiviser.DirectiveKind{
			veiviser.MuteTopic, veiviser.MuteItem, veiviser.MuteKind, veiviser.MuteChannel, veiviser.NotNow, veiviser.JustLooking,
			veiviser.Decided, veiviser.CorrectStage, veiviser.DoNotProfile,
		} {
			if words.wishes[k] == "" {
				t.Errorf("no words for %s", k)
			}
			out = append(out, strings.Repeat("%s", strings.Count(words.wishes[k], "%s")))
		}
		for _, c := range []veiviser.CaseCause{veiviser.CaseComplaint, veiviser.CaseLate, veiviser.CaseWrong} {
			if words.causes[c] == "" {
				t.Errorf("no words for %s", c)
			}
		}
		if len(words.kinds) != 4 || len(words.stages) != veiviser.NumStandardStages {
			t.Errorf("%v %v", words.kinds, words.stages)
		}
		return out
	}
	for _, l := range spoken {
		if diff := cmp.Diff(verbs(briefings["en"]), verbs(briefings[l])); diff != "" {
			t.Errorf("%s: %s", l, diff)
		}
	}
}

func TestSpan(t *testing.T) {
	w := briefings["en"]
	for d, want := range map[time.Duration]string{
		-time.Hour: "1 minute", 0: "1 minute", 89 * time.Second: "1 minute", 99 * time.Minute: "99 minutes", 2 * time.Hour: "2 hours",
		35 * time.Hour: "35 hours", 36 * time.Hour: "2 days", 9*24*time.Hour + 13*time.Hour: "10 days",
	} {
		if got := w.span(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}

func TestPrice(t *testing.T) {
	w := briefings["nb"]
	for value, want := range map[string]string{
		"NOK 24990000000": "24 990 NOK", "EUR 1234567890": "1 234,56 EUR", "SEK 5000000": "5 SEK", "NOK -12000000": "−12 NOK",
		"NOK": "NOK", "NOK x": "NOK x", "SEK 1000000000000": "1 000 000 SEK",
	} {
		if got := strings.ReplaceAll(w.price(value), "\u00a0", " "); got != want {
			t.Errorf("%q is %q, want %q", value, got, want)
		}
	}
}
