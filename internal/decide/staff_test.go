package decide

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// side makes a placement for staff of each of her own: the same but for whom it is for.
func sides(p *veiviser.Plan) {
	for _, own := range slices.Clone(p.Placements) {
		own.ID, own.Staff, own.Exploration = "staff_"+own.ID, true, nil
		p.Placements = append(p.Placements, own)
	}
}

// On every placement an employee sees what she would see there herself, if nothing were tried out and nobody compared: whatever is
// known of her, and whatever she wishes but for how she is contacted.
func TestStaffSeesTheSame(t *testing.T) {
	snap := sykkel(t, sides)
	own := slices.DeleteFunc(slices.Clone(snap.Plan.Placements), func(p veiviser.Placement) bool { return p.Staff })
	rapid.Check(t, func(t *rapid.T) {
		visitor := anyVisitor(t, snap)
		if visitor == nil {
			visitor = &veiviser.Visitor{ID: "ada"}
		}
		visitor.Standing.Directives = anyWishes(t)
		req := anyRequest(t, snap)
		req.NoExploration = true
		place := rapid.SampledFrom(own).Draw(t, "place")
		req.Placements = req.Placements[:1]
		req.Placements[0].Placement = place.ID
		in := Input{Visitor: visitor, Request: req, Time: noon, Made: noon, Seed: anySeed(t), Group: veiviser.GroupTreated}
		hers := Decide(snap, in)
		in.Request.Placements = slices.Clone(req.Placements)
		in.Request.Placements[0].Placement = "staff_" + place.ID
		in.Request.NoExploration = false
		in.Group = rapid.SampledFrom([]veiviser.Group{veiviser.GroupTreated, veiviser.GroupControl}).Draw(t, "group")
		theirs := Decide(snap, in)
		contact := func(r veiviser.SilenceReason) bool {
			return r == veiviser.SilencePaused || r == veiviser.SilenceChannel
		}
		if d := cmp.Diff(hers.Needs, theirs.Needs); d != "" {
			t.Fatalf("another stage: %s", d)
		}
		x, y := hers.Decisions[0], theirs.Decisions[0]
		paused := slices.ContainsFunc(visitor.Standing.Directives, func(d veiviser.Directive) bool {
			return d.Binds(noon) && (d.Kind == veiviser.NotNow || d.Kind == veiviser.MuteChannel && d.Target == x.Channel)
		})
		if contact(y.Silence) || y.Silence == veiviser.SilenceControl {
			t.Fatalf("the employee is kept from helping: %s", y.Silence)
		}
		if !y.Staff || y.Exploration == veiviser.ExplorationOn {
			t.Fatalf("%+v", y)
		}
		if paused {
			return
		}
		same := cmpopts.IgnoreFields(veiviser.Choice{}, "Propensity", "Parts")
		if d := cmp.Diff(ids(x.Choices), ids(y.Choices), same); d != "" && place.Rule == "" {
			t.Fatalf("other items (-hers +theirs): %s", d)
		}
	})
}

// Nothing that an employee is shown in an answer takes anything away from her, and nothing that she is shown from him: each sees what
// an answer for one alone would show, whatever leads, states, follows up or is ranked.
func TestStaffAndSheTakeNothingFromEachOther(t *testing.T) {
	base := sykkel(t, sides)
	rapid.Check(t, func(t *rapid.T) {
		snap := with(base, anySwitches(t, base)...)
		v := anyVisitor(t, snap)
		if v == nil {
			v = &veiviser.Visitor{ID: "ada"}
		}
		switch rapid.IntRange(0, 2).Draw(t, "case") {
		case 1:
			v.Standing.Cases = []veiviser.Case{{ID: "c", Cause: veiviser.CaseComplaint, Opened: noon.Add(-time.Hour)}}
		case 2:
			v.Standing.Cases = []veiviser.Case{{
				ID: "c", Cause: veiviser.CaseComplaint, Opened: noon.Add(-90 * time.Hour), Resolved: noon.Add(-72 * time.Hour), Ladder: veiviser.GroupTreated,
			}}
		}
		in := Input{Visitor: v, Request: anyRequest(t, snap), Time: noon, Made: noon, Seed: anySeed(t), Group: veiviser.GroupTreated}
		in.Request.NoExploration = true
		both := Decide(snap, in)
		for _, staff := range []bool{false, true} {
			alone := in
			alone.Request.Placements = nil
			var want [][]string
			for i, q := range in.Request.Placements {
				if both.Decisions[i].Staff == staff {
					alone.Request.Placements = append(alone.Request.Placements, q)
					want = append(want, ids(both.Decisions[i].Choices))
				}
			}
			var got [][]string
			for _, d := range Decide(snap, alone).Decisions {
				got = append(got, ids(d.Choices))
			}
			if d := cmp.Diff(got, want); d != "" {
				t.Fatalf("staff %v (-alone +beside the other): %s", staff, d)
			}
		}
	})
}

// What must reach her, what puts things right, what follows up and what is said in a crisis is for her and for whoever talks with her.
func TestStaffSeesWhatLeads(t *testing.T) {
	open := veiviser.Standing{Cases: []veiviser.Case{{ID: "c", Cause: veiviser.CaseComplaint, Opened: noon.Add(-time.Hour)}}}
	resolved := veiviser.Standing{Cases: []veiviser.Case{{
		ID: "c", Cause: veiviser.CaseComplaint, Opened: noon.Add(-90 * time.Hour), Resolved: noon.Add(-72 * time.Hour), Ladder: veiviser.GroupTreated,
	}}}
	recall := letters(t, func(p *veiviser.Plan) { p.Items = append(p.Items, slip("recall", veiviser.DutyMandatory)) })
	care := letters(t, func(p *veiviser.Plan) { p.Items = append(p.Items, slip("sorry", "")); p.Items[1].Care = true })
	step := letters(t, func(p *veiviser.Plan) {
		p.Items = append(p.Items, slip("all-well", ""))
		p.Relationship.Recovery.Steps = []veiviser.RecoveryStep{{After: time.Hour, Items: []string{"all-well"}}}
	})
	crisis := with(letters(t, func(p *veiviser.Plan) { p.Items = append(p.Items, slip("held", "")); p.Items[1].Rule = "false" }),
		veiviser.Switch{ID: "all", Topic: "*", Statement: "held"})
	for _, c := range []struct {
		snap     *plan.Snapshot
		standing veiviser.Standing
		item     string
		because  veiviser.BecauseCode
	}{
		{recall, veiviser.Standing{}, "recall", veiviser.BecauseDuty},
		{care, open, "sorry", veiviser.BecauseCase},
		{step, resolved, "all-well", veiviser.BecauseRecovery},
		{crisis, veiviser.Standing{}, "held", veiviser.BecauseHolding},
	} {
		for _, places := range [][]string{{"desk", "page", "letter"}, {"page", "desk", "letter"}, {"page", "letter", "desk"}} {
			a := asked(c.snap, c.standing, veiviser.Context{Subject: "bike"}, places...)
			shown := [2]int{}
			for i := range a.Decisions {
				for _, ch := range a.Decisions[i].Choices {
					if ch.ItemID == c.item && ch.Reasons[0].Code == c.because {
						shown[map[bool]int{true: 1}[a.Decisions[i].Staff]]++
					}
				}
			}
			if shown != [2]int{1, 1} {
				t.Errorf("%s on %v: shown to her %d times, to staff %d times", c.item, places, shown[0], shown[1])
			}
		}
	}
}

func ids(choices []veiviser.Choice) []string {
	var out []string
	for i := range choices {
		out = append(out, choices[i].ItemID)
	}
	return out
}

// anyWishes draws what she may wish, some of which has ended.
func anyWishes(t *rapid.T) []veiviser.Directive {
	var out []veiviser.Directive
	for range rapid.IntRange(0, 4).Draw(t, "wishes") {
		d := rapid.SampledFrom([]veiviser.Directive{
			{Kind: veiviser.MuteTopic, Target: "bike/kids"},
			{Kind: veiviser.MuteTopic, Target: "bike"},
			{Kind: veiviser.MuteItem, Target: "guide-choose-bike"},
			{Kind: veiviser.MuteKind, Target: "offer"},
			{Kind: veiviser.MuteChannel, Target: "web"},
			{Kind: veiviser.NotNow},
			{Kind: veiviser.JustLooking},
			{Kind: veiviser.Decided},
			{Kind: veiviser.CorrectStage, Target: "use"},
		}).Draw(t, "wish")
		d.ID = string(rune('a' + len(out)))
		d.Expires = noon.Add(time.Duration(rapid.SampledFrom([]int{-1, 1}).Draw(t, "ends")) * time.Hour)
		out = append(out, d)
	}
	return out
}

// An employee is kept from what she asked not to hear of, and from selling where the shop does not sell; not from speaking.
func TestStaffBars(t *testing.T) {
	var all []veiviser.Bar
	var want []veiviser.ExclusionReason
	for _, r := range []veiviser.ExclusionReason{
		veiviser.ExcludedPaused, veiviser.ExcludedChannel, veiviser.ExcludedConsent, veiviser.ExcludedQuiet, veiviser.ExcludedBudget,
		veiviser.ExcludedCapped, veiviser.ExcludedMemory, veiviser.ExcludedMuted, veiviser.ExcludedJustLooking, veiviser.ExcludedDecided, veiviser.ExcludedCase,
		veiviser.ExcludedWaiting, veiviser.ExcludedNoSell, veiviser.ExcludedSwitch, veiviser.ExcludedContradicts, veiviser.ExcludedStanding,
	} {
		all = append(all, veiviser.Bar{Reason: r})
		if len(all) > 7 {
			want = append(want, r)
		}
	}
	var got []veiviser.ExclusionReason
	for _, b := range inConversation(all) {
		got = append(got, b.Reason)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// A question that was answered is not asked again, anywhere, and who is not profiled is asked none.
func TestQuestionsThatWouldNotHelp(t *testing.T) {
	snap := sykkel(t)
	const question = "ask-what-are-you-after"
	ask := func(v *veiviser.Visitor) veiviser.Decision {
		return Decide(snap, Input{
			Visitor: v, Time: noon, Made: noon, Group: veiviser.GroupTreated,
			Request: veiviser.Request{
				VisitorID: "ada", Explain: true, NoExploration: true, Context: veiviser.Context{Subject: "bike"},
				Placements: []veiviser.PlacementRequest{{Placement: "question", Candidates: []string{question}}},
			},
		}).Decisions[0]
	}
	if d := ask(nil); !slices.Equal(ids(d.Choices), []string{question}) {
		t.Fatalf("not asked: %+v", d)
	}
	for name, s := range map[string]veiviser.Standing{
		"answered": {Answered: []string{"other", question}},
		"objected": {Directives: []veiviser.Directive{{ID: "w", Kind: veiviser.DoNotProfile}}},
		"refused":  {Consents: []veiviser.Consent{{Purpose: "personalization", Time: noon}}, Answered: []string{"other"}},
	} {
		d := ask(&veiviser.Visitor{ID: "ada", Standing: s})
		if len(d.Choices) > 0 || !slices.ContainsFunc(d.Excluded, func(x veiviser.Exclusion) bool {
			return x.Reason == veiviser.ExcludedStanding && slices.Contains(x.Items, question)
		}) {
			t.Errorf("%s, and asked: %+v", name, d)
		}
	}
}
