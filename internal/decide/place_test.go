package decide

import (
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/raced"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// letters is a plan with a place in mail, one on the web and one for staff, and a single thing to show there.
func letters(t testing.TB, changes ...func(*veiviser.Plan)) *plan.Snapshot {
	t.Helper()
	place := func(id, channel string) veiviser.Placement {
		return veiviser.Placement{ID: id, Channel: channel, Formats: []string{"slip"}, AttentionCost: new(0.0)}
	}
	return sykkel(t, append([]func(*veiviser.Plan){func(p *veiviser.Plan) {
		p.Placements = []veiviser.Placement{place("letter", "mail"), place("page", "web"), place("desk", "staff")}
		p.Placements[2].Staff = true
		p.Items = []veiviser.Item{slip("tip", "")}
		p.Contact, p.Coherence = veiviser.ContactPolicy{}, veiviser.Coherence{}
	}}, changes...)...)
}

// slip is an item for the places of letters.
func slip(id string, duty veiviser.Duty) veiviser.Item {
	return veiviser.Item{
		ID: id, Kind: veiviser.KindContent, Duty: duty, Boost: 0.5,
		Representations: []veiviser.Representation{{Format: "slip", Language: "nb", Title: id}},
	}
}

// asked is what a snapshot decides for somebody of whom nothing but a standing is known, on some placements.
func asked(snap *plan.Snapshot, s veiviser.Standing, c veiviser.Context, placements ...string) veiviser.Answer {
	in := Input{
		ID: "a", Visitor: &veiviser.Visitor{ID: "ada", Standing: s}, Time: noon, Made: noon, Group: veiviser.GroupTreated,
		Request: veiviser.Request{VisitorID: "ada", NoExploration: true, Context: c},
	}
	for _, p := range placements {
		in.Request.Placements = append(in.Request.Placements, veiviser.PlacementRequest{Placement: p})
	}
	return Decide(snap, in)
}

// A place in a channel is in that channel, whoever asks from where: what she wishes, refused, and was promised holds there, and what
// she is shown there is counted there. What is learned goes by where she is.
func TestChannelIsThatOfThePlacement(t *testing.T) {
	mail := []string{"mail"}
	snap := letters(t, func(p *veiviser.Plan) {
		p.Items = append(p.Items, slip("tale", ""))
		p.Purposes = []veiviser.Purpose{{ID: "letters", Granted: true, Channels: mail}}
		p.Contact = veiviser.ContactPolicy{
			Caps:       []veiviser.Cap{{ID: "one", Limit: 1, Window: 24 * time.Hour, Channels: mail}},
			QuietHours: []veiviser.QuietHours{{ID: "night", Channels: mail, From: "21:00", To: "08:00"}},
		}
	})
	zone := func(name string) map[string]string { return map[string]string{veiviser.AttributeTimeZone: name} }
	for name, c := range map[string]struct {
		standing   veiviser.Standing
		attributes map[string]string
		want       veiviser.SilenceReason
	}{
		"nothing": {},
		"muted": {
			standing: veiviser.Standing{Directives: []veiviser.Directive{{ID: "w", Kind: veiviser.MuteChannel, Target: "mail"}}},
			want:     veiviser.SilenceChannel,
		},
		"the caller's muted": {
			standing: veiviser.Standing{Directives: []veiviser.Directive{{ID: "w", Kind: veiviser.MuteChannel, Target: "phone"}}},
		},
		"refused": {standing: veiviser.Standing{Consents: []veiviser.Consent{{Purpose: "letters"}}}, want: veiviser.SilenceConsent},
		"capped": {
			standing: veiviser.Standing{Contacts: []veiviser.Contact{{Time: noon.Add(-time.Hour), ItemID: "other", Channel: "mail", Placement: "letter"}}},
			want:     veiviser.SilenceCapped,
		},
		"quiet": {attributes: zone("Asia/Tokyo"), want: veiviser.SilenceQuiet}, // 21:00 there
	} {
		for _, channel := range []string{"", "mail", "web", "Mail", "phone"} {
			a := asked(snap, c.standing, veiviser.Context{Channel: channel, Attributes: c.attributes}, "page", "letter")
			if d := &a.Decisions[1]; d.Silence != c.want || d.Channel != "mail" {
				t.Errorf("%s, asked from %q: silence %q in %q, want %q", name, channel, d.Silence, d.Channel, c.want)
			}
		}
	}
	snap = letters(t, func(p *veiviser.Plan) {
		p.Contact.Caps = []veiviser.Cap{{ID: "one", Limit: 9, Window: 24 * time.Hour, Channels: mail}}
	})
	a := asked(snap, veiviser.Standing{}, veiviser.Context{Channel: "web"}, "letter")
	if s, ok := reserve(snap, &a, &veiviser.Standing{}); !ok || len(s.Contacts) != 1 || s.Contacts[0].Channel != "mail" {
		t.Errorf("counted as %+v", s.Contacts)
	}
	if l := learn.Logged(snap, &a, 0); l.Channel != "web" {
		t.Errorf("learned of in %q", l.Channel)
	}
}

// The first that is a time zone counts: what the caller says, or else what is known of her, or else the plan's.
func TestTimeZoneIsTheFirstThatIsOne(t *testing.T) {
	snap := letters(t, func(p *veiviser.Plan) {
		p.Contact.TimeZone = "Europe/Oslo"
		p.Contact.QuietHours = []veiviser.QuietHours{{ID: "night", From: "21:00", To: "08:00"}}
	})
	for _, c := range []struct {
		said, known string
		quiet       bool
	}{
		{"", "", false},
		{"", "Asia/Tokyo", true},
		{"Mars/Olympus", "Asia/Tokyo", true},
		{"Local", "Asia/Tokyo", true},
		{"Europe/Oslo", "Asia/Tokyo", false},
		{"Asia/Tokyo", "Mars/Olympus", true},
		{"Mars/Olympus", "Middle/Earth", false},
	} {
		in := Input{
			Visitor: &veiviser.Visitor{ID: "ada", Attributes: map[string]string{veiviser.AttributeTimeZone: c.known}}, Time: noon, Made: noon,
			Request: veiviser.Request{
				VisitorID: "ada", Context: veiviser.Context{Attributes: map[string]string{veiviser.AttributeTimeZone: c.said}},
				Placements: []veiviser.PlacementRequest{{Placement: "letter"}},
			},
		}
		if d := Decide(snap, in).Decisions[0]; (d.Silence == veiviser.SilenceQuiet) != c.quiet {
			t.Errorf("%+v: %q", c, d.Silence)
		}
	}
}

// When there is no room for all that must reach her, each of it comes as often as the answer says; the answer is made again bit for
// bit, the chances are those of the draw, and whoever is compared with gets the same.
func TestWhatMustReachHerTakesTurns(t *testing.T) {
	raced.Skip(t)
	snap := letters(t, func(p *veiviser.Plan) {
		p.Items = append(p.Items, slip("recall-a", veiviser.DutyMandatory), slip("recall-b", veiviser.DutyMandatory), slip("order", veiviser.DutyTransactional))
		p.Placements[1].Slots = 2
	})
	for _, group := range []veiviser.Group{veiviser.GroupTreated, veiviser.GroupControl} {
		first, all := map[string]int{}, map[string]int{}
		for n := range uint64(600) {
			in := Input{
				ID: "a", Time: noon, Made: noon, Seed: [2]uint64{n, n * n}, Group: group,
				Request: veiviser.Request{VisitorID: "ada", NoExploration: true, Placements: []veiviser.PlacementRequest{{Placement: "letter"}}},
			}
			for i, place := range []string{"letter", "page"} {
				in.Request.Placements[0].Placement = place
				a := Decide(snap, in)
				shown := a.Decisions[0].Choices
				if len(shown) != i+1 || a.Decisions[0].SilencePropensity != 0 {
					t.Fatalf("%s: %+v", place, a.Decisions[0])
				}
				for k := range shown {
					if shown[k].Reasons[0].Code != veiviser.BecauseDuty || math.Abs(shown[k].Propensity-1/float64(3-k)) > 1e-12 {
						t.Fatalf("%s: %+v", place, shown[k])
					}
					all[shown[k].ItemID]++
				}
				first[shown[0].ItemID]++
				b := Decide(snap, Again(&a))
				if d := cmp.Diff(a, b, cmpopts.EquateEmpty()); d != "" {
					t.Fatalf("made again (-was +again): %s", d)
				}
				odds, ok := Chances(snap, in, 0, nil)
				if !ok || len(odds.Items) != 3 || odds.Of(shown[0].ItemID) != shown[0].Propensity || odds.Silence != 0 {
					t.Fatalf("chances %+v", odds)
				}
			}
		}
		for _, id := range []string{"recall-a", "recall-b", "order"} {
			if first[id] < 340 || first[id] > 460 || all[id] < 530 || all[id] > 670 {
				t.Errorf("group %v: first %v, shown %v", group, first, all)
			}
		}
	}
	snap = letters(t, func(p *veiviser.Plan) {
		p.Items = append(p.Items, slip("order", veiviser.DutyTransactional), slip("recall", veiviser.DutyMandatory))
		p.Placements[1].Slots = 2
	})
	a := asked(snap, veiviser.Standing{}, veiviser.Context{}, "page")
	if got := ids(a.Decisions[0].Choices); !slices.Equal(got, []string{"recall", "order"}) || a.Decisions[0].Choices[0].Propensity != 1 {
		t.Errorf("with room for all: %+v", a.Decisions[0].Choices)
	}
}

// looks watches ada on a placement for so many looks, and gives what was sent.
func looks(t *testing.T, d *Decider, placement string, n int, then func(sent []*Reply)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, d, func(q *veiviser.Request) {
			q.Context, q.Placements = veiviser.Context{}, []veiviser.PlacementRequest{{Placement: placement}}
		})
		time.Sleep(time.Duration(n) * lookAgain)
		synctest.Wait()
		then(w.sent)
		w.end(t)
	})
}

// A visit that is watched is not disturbed by the luck of the draw.
func TestWatchLeavesWhatWasDrawn(t *testing.T) {
	d, plans := decider(t, newMemory())
	plans.set(letters(t, func(p *veiviser.Plan) {
		p.Items = append(p.Items, slip("recall-a", veiviser.DutyMandatory), slip("recall-b", veiviser.DutyMandatory))
	}))
	looks(t, d, "page", 20, func(sent []*Reply) {
		if len(sent) != 1 {
			t.Errorf("%d answers though nothing changed", len(sent))
		}
	})
}

// What must reach her does so while nobody knows where she stands, of whatever kind it is.
func TestDutyPassesAnUnsureStage(t *testing.T) {
	for duty, want := range map[veiviser.Duty][]string{"": {"tip"}, veiviser.DutyTransactional: {"sale"}, veiviser.DutyMandatory: {"sale"}} {
		snap := letters(t, func(p *veiviser.Plan) {
			sale := slip("sale", duty)
			sale.Kind = veiviser.KindOffer
			p.Items = append(p.Items, sale)
			p.Policy.UnsureKinds = []veiviser.ItemKind{veiviser.KindContent}
		})
		a := asked(snap, veiviser.Standing{}, veiviser.Context{}, "letter")
		if got := ids(a.Decisions[0].Choices); !slices.Equal(got, want) {
			t.Errorf("duty %q: %v", duty, got)
		}
	}
}

// A statement that must reach her is accounted for under the reason that kept it away until it was shown.
func TestStatementWithADuty(t *testing.T) {
	snap := with(letters(t, func(p *veiviser.Plan) {
		held := slip("held", veiviser.DutyMandatory)
		held.Kind, held.Rule = veiviser.KindOffer, "false"
		p.Items = append(p.Items, held)
		p.Policy.UnsureKinds = []veiviser.ItemKind{veiviser.KindContent}
	}), veiviser.Switch{ID: "all", Topic: "*", Statement: "held"})
	d := asked(snap, veiviser.Standing{}, veiviser.Context{Subject: "bike"}, "letter").Decisions[0]
	if got := ids(d.Choices); !slices.Equal(got, []string{"held"}) {
		t.Fatalf("shown %v", got)
	}
	for _, x := range d.Excluded {
		if x.Count <= 0 || x.Reason == veiviser.ExcludedUnsure || x.Reason == veiviser.ExcludedRule {
			t.Errorf("excluded %+v", x)
		}
	}
}

// When something could be shown but for what she asked not to see, that is why nothing is.
func TestSilenceByHerWish(t *testing.T) {
	mute := func(kinds ...string) (s veiviser.Standing) {
		for _, k := range kinds {
			s.Directives = append(s.Directives, veiviser.Directive{ID: k, Kind: veiviser.MuteKind, Target: k})
		}
		return s
	}
	snap := letters(t, func(p *veiviser.Plan) {
		sale := slip("sale", "")
		sale.Kind, sale.Topics = veiviser.KindOffer, []string{"bike"}
		only := slip("recall", veiviser.DutyMandatory)
		only.Rule = "false"
		p.Items = append(p.Items, sale, only)
		p.Policy.UnsureKinds = []veiviser.ItemKind{veiviser.KindContent, veiviser.KindOffer}
		p.Placements[1].Kinds = []veiviser.ItemKind{veiviser.KindOffer}
	})
	looking := veiviser.Standing{Directives: []veiviser.Directive{{ID: "l", Kind: veiviser.JustLooking}}}
	topic := veiviser.Standing{Directives: []veiviser.Directive{{ID: "t", Kind: veiviser.MuteTopic, Target: "bike"}}}
	paused := mute("content", "offer")
	paused.Directives = append(paused.Directives, veiviser.Directive{ID: "p", Kind: veiviser.NotNow, Expires: noon.Add(time.Hour)})
	for _, c := range []struct {
		name     string
		standing veiviser.Standing
		place    string
		want     veiviser.SilenceReason
	}{
		{"all kinds", mute("content", "offer", "service", "ask"), "letter", veiviser.SilenceMuted},
		{"one of two", mute("offer"), "letter", veiviser.SilenceNone},
		{"all a place shows", mute("offer"), "page", veiviser.SilenceMuted},
		{"what a place does not show", mute("content"), "page", veiviser.SilenceNone},
		{"just looking", looking, "page", veiviser.SilenceMuted},
		{"a topic", topic, "page", veiviser.SilenceMuted},
		{"a pause goes first", paused, "letter", veiviser.SilencePaused},
		{"to an employee", mute("content", "offer"), "desk", veiviser.SilenceMuted},
	} {
		a := asked(snap, c.standing, veiviser.Context{}, c.place)
		if got := a.Decisions[0].Silence; got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	press := mute("service")
	snap = letters(t, func(p *veiviser.Plan) { p.Items[0].Segments = []string{"families"} })
	if a := asked(snap, press, veiviser.Context{}, "letter"); a.Decisions[0].Silence != veiviser.SilenceNothing {
		t.Errorf("for lack of anything: %q", a.Decisions[0].Silence)
	}
	control := Decide(snap, Input{
		Visitor: &veiviser.Visitor{ID: "ada", Standing: mute("content")}, Time: noon, Group: veiviser.GroupControl,
		Request: veiviser.Request{VisitorID: "ada", Placements: []veiviser.PlacementRequest{{Placement: "letter"}}},
	})
	if s := control.Decisions[0].Silence; s != veiviser.SilenceControl {
		t.Errorf("compared with: %q", s)
	}
}
