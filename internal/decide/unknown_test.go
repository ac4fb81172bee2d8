package decide

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// unknownPlan has an item of every kind that something may forbid, and a letter that she must have agreed to.
func unknownPlan(t *testing.T, change func(*veiviser.Plan)) *plan.Snapshot {
	t.Helper()
	p := relationPlan(0.5)
	ask := veiviser.Item{
		ID: "ask", Kind: veiviser.KindAsk, Representations: []veiviser.Representation{{Format: "card", Title: "ask"}},
		Answers: []veiviser.AnswerOption{{ID: "yes", Text: veiviser.Text{"nb": "Ja"}}, {ID: "no", Text: veiviser.Text{"nb": "Nei"}}},
	}
	tells, owed := p.Items[0], p.Items[1]
	tells.ID, tells.Product, tells.Claims = "tells", "x", map[string]string{"made_in": "Norway"}
	owed.ID, owed.Duty, owed.Topics = "owed", veiviser.DutyTransactional, []string{"order"}
	p.Items = append(p.Items, ask, tells, owed)
	p.Policy.UnsureKinds = append(p.Policy.UnsureKinds, veiviser.KindAsk)
	p.Purposes = []veiviser.Purpose{{ID: "letters", Granted: true, Channels: []string{"mail"}}}
	p.Placements = []veiviser.Placement{
		{ID: "side", Channel: "web", Formats: []string{"card"}, Slots: 20, AttentionCost: new(-1.0)},
		{ID: "letter", Channel: "mail", Formats: []string{"card"}, Slots: 20, AttentionCost: new(-1.0)},
		{ID: "desk", Channel: "mail", Formats: []string{"card"}, Slots: 20, Staff: true},
	}
	if change != nil {
		change(p)
	}
	snap, err := plan.Compile(1, p)
	if err != nil {
		t.Fatal(err)
	}
	return snap
}

// decided shows the i-th placement of the plan: what is shown, and which items are out for a reason.
func decided(snap *plan.Snapshot, in *Input, placement string) (d veiviser.Decision, shown []string, out map[veiviser.ExclusionReason][]string) {
	in.Time, in.Request.VisitorID, in.Request.Explain = noon, "ada", true
	in.Request.Placements = []veiviser.PlacementRequest{{Placement: placement}}
	a := Decide(snap, *in)
	d = a.Decisions[0]
	for _, c := range d.Choices {
		shown = append(shown, c.ItemID)
	}
	slices.Sort(shown)
	out = map[veiviser.ExclusionReason][]string{}
	for _, x := range d.Excluded {
		out[x.Reason] = x.Items
	}
	return d, shown, out
}

// Without her record nobody knows what holds for her. What it might forbid is not shown, with a reason that says so.
func TestUnknownStanding(t *testing.T) {
	snap := unknownPlan(t, nil)
	onPage := []string{"ask", "offer", "tells"}
	open := veiviser.Standing{Cases: []veiviser.Case{{ID: "c", Opened: noon, Due: noon}}}
	for name, tt := range map[string]struct {
		placement             string
		standing              veiviser.Standing
		shown, unknown, about []string
	}{
		"a page":           {placement: "side", shown: []string{"guide", "help", "owed"}, unknown: onPage},
		"with an employee": {placement: "desk", shown: []string{"guide", "help", "owed"}, unknown: onPage},
		"a letter": {
			placement: "letter", shown: []string{"owed"}, about: []string{"letters"},
			unknown: []string{"ask", "case", "climb", "guide", "help", "offer", "tells", "win"},
		},
		"an open case": {placement: "side", standing: open, shown: []string{"case", "guide", "help"}, unknown: []string{"ask", "tells"}},
	} {
		t.Run(name, func(t *testing.T) {
			in := Input{Degraded: "STORE_UNAVAILABLE", Visitor: &veiviser.Visitor{ID: "ada", Standing: tt.standing}}
			d, shown, out := decided(snap, &in, tt.placement)
			if !cmp.Equal(shown, tt.shown) || d.Silence != veiviser.SilenceNone {
				t.Errorf("shown %v, silence %q", shown, d.Silence)
			}
			if diff := cmp.Diff(tt.unknown, out[veiviser.ExcludedUnknown]); diff != "" {
				t.Errorf("out since nobody knows (-want +got):\n%s", diff)
			}
			for _, x := range d.Excluded {
				if x.Reason == veiviser.ExcludedUnknown && !cmp.Equal(x.About, tt.about) {
					t.Errorf("about %v", x.About)
				}
			}
		})
	}
}

// A placement of which everything may be forbidden is silent, and says why: what is known goes before what is not.
func TestUnknownStandingSilences(t *testing.T) {
	refused := veiviser.Standing{Consents: []veiviser.Consent{{Purpose: "letters", Time: noon}}}
	paused := veiviser.Standing{Directives: []veiviser.Directive{{ID: "w", Kind: veiviser.NotNow, Expires: noon.Add(time.Hour)}}}
	gone := func(p *veiviser.Plan) { p.Items = p.Items[:len(p.Items)-1] } // nothing is owed to her
	bounded := func(change func(*veiviser.Plan)) func(*veiviser.Plan) {
		return func(p *veiviser.Plan) { gone(p); change(p) }
	}
	for name, tt := range map[string]struct {
		change    func(*veiviser.Plan)
		placement string
		standing  veiviser.Standing
		want      veiviser.SilenceReason
	}{
		"a letter":                 {gone, "letter", veiviser.Standing{}, veiviser.SilenceUnknown},
		"nobody agrees by default": {bounded(func(p *veiviser.Plan) { p.Purposes[0].Granted = false }), "letter", veiviser.Standing{}, veiviser.SilenceUnknown},
		"known to have refused":    {gone, "letter", refused, veiviser.SilenceConsent},
		"known to pause":           {gone, "letter", paused, veiviser.SilencePaused},
		"a cap": {bounded(func(p *veiviser.Plan) {
			p.Contact.Caps = []veiviser.Cap{{ID: "any", Limit: 9, Window: time.Hour}}
		}), "side", veiviser.Standing{}, veiviser.SilenceUnknown},
		"a budget": {bounded(func(p *veiviser.Plan) {
			p.Contact.Budget = veiviser.AttentionBudget{Amount: 9, Window: time.Hour}
		}), "side", veiviser.Standing{}, veiviser.SilenceUnknown},
		"offers alone": {func(p *veiviser.Plan) {
			p.Items, p.Relationship = p.Items[1:2], veiviser.Relationship{}
		}, "side", veiviser.Standing{}, veiviser.SilenceUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			in := Input{Degraded: "CORRUPT_RECORD", Visitor: &veiviser.Visitor{ID: "ada", Standing: tt.standing}}
			if d, shown, _ := decided(unknownPlan(t, tt.change), &in, tt.placement); d.Silence != tt.want || shown != nil {
				t.Errorf("%q, %v", d.Silence, shown)
			}
		})
	}
}

// With a healthy store nothing of that is kept away.
func TestKnownStanding(t *testing.T) {
	snap := unknownPlan(t, nil)
	for _, placement := range []string{"side", "letter", "desk"} {
		in := Input{Visitor: &veiviser.Visitor{ID: "ada"}}
		_, shown, out := decided(snap, &in, placement)
		for _, id := range []string{"offer", "ask", "tells", "win", "owed"} {
			if !slices.Contains(shown, id) {
				t.Errorf("%s: %s is not among %v", placement, id, shown)
			}
		}
		if out[veiviser.ExcludedUnknown] != nil {
			t.Errorf("%s: %v", placement, out)
		}
	}
}

// What was met lately binds when the store goes: by answers, and by what was written elsewhere in the process; what was taken back or
// erased does not.
func TestDegradedAnswersBind(t *testing.T) {
	m := newMemory()
	d, plans := decider(t, m)
	plans.set(unknownPlan(t, nil))
	m.visitors["ada"] = &veiviser.Visitor{ID: "ada", Standing: veiviser.Standing{Directives: []veiviser.Directive{
		{ID: "w", Kind: veiviser.MuteKind, Target: "content", Created: noon},
	}}}
	shows := func(item string, events ...veiviser.Event) bool {
		t.Helper()
		r, err := d.Recommend(t.Context(), veiviser.Request{VisitorID: "ada", Events: events, Placements: []veiviser.PlacementRequest{{Placement: "side"}}})
		if err != nil {
			t.Fatal(err)
		}
		if again := Decide(plans.Active(), Again(&r.Answer)); !cmp.Equal(r.Answer.Decisions, again.Decisions, cmpopts.EquateEmpty()) {
			t.Errorf("made again it is another: %s", cmp.Diff(r.Answer.Decisions, again.Decisions, cmpopts.EquateEmpty()))
		}
		return slices.ContainsFunc(r.Answer.Decisions[0].Choices, func(c veiviser.Choice) bool { return c.ItemID == item })
	}
	gone := func(context.Context) error { return away() }
	m.setLoad(gone)
	if !shows("guide") {
		t.Error("she was not met, and still nothing is shown")
	}
	m.setLoad(nil)
	if shows("guide") {
		t.Error("the wish does not bind")
	}
	m.setLoad(gone)
	if shows("guide") || !shows("help") {
		t.Error("the wish that was met does not bind without the store")
	}
	if !shows("case", veiviser.Event{ID: "1", VisitorID: "ada", Type: "complaint", Subject: ebike}) || shows("case") {
		t.Error("a complaint sent along is not heard")
	}
	m.setLoad(nil)
	m.visitors["ada"].Standing.Directives = nil
	shows("guide")
	m.setLoad(gone)
	if !shows("guide") {
		t.Error("what she took back binds")
	}
	d.Met("ada", &veiviser.Visitor{ID: "ada", Standing: veiviser.Standing{Directives: []veiviser.Directive{
		{ID: "w", Kind: veiviser.NotNow, Expires: noon.Add(time.Hour)},
	}}})
	if shows("guide") || shows("help") || !shows("owed") {
		t.Error("a pause that was set elsewhere in the process does not bind")
	}
	if d.Met("ada", nil); !shows("guide") {
		t.Error("who was erased is remembered")
	}
}

// An answer that could be made in full but not kept meets a complaint sent along only once it is recorded.
func TestOnlyWhatIsWrittenIsMet(t *testing.T) {
	m := newMemory()
	d, plans := decider(t, m)
	plans.set(unknownPlan(t, nil))
	complains := veiviser.Request{
		VisitorID: "ada", Events: []veiviser.Event{{ID: "1", VisitorID: "ada", Type: "complaint", Subject: ebike}},
		Placements: []veiviser.PlacementRequest{{Placement: "side"}},
	}
	knows := func() bool { return len(d.known.standing("ada", noon).Cases) > 0 }
	m.onCommit = func(context.Context) error { return away() }
	if _, err := d.Recommend(t.Context(), complains); err != nil || knows() {
		t.Errorf("known %v: %v", knows(), err)
	}
	m.onCommit = nil
	if _, err := d.Recommend(t.Context(), complains); err != nil || !knows() {
		t.Errorf("known %v: %v", knows(), err)
	}
}

// Nothing that she does speaks for a belief in a degraded answer: she may have objected.
func TestDegradedAnswersBelieveNothing(t *testing.T) {
	snap := sykkel(t)
	act := []veiviser.Event{
		{ID: "1", VisitorID: "ada", Time: noon, Type: "checkout", Subject: ebike, Attributes: map[string]string{"visitor.household": "family"}},
		{ID: "2", VisitorID: "ada", Time: noon, Type: "purchase", Subject: ebike, Value: 9000},
	}
	v := learn.Fold(snap, &veiviser.Loaded{VisitorID: "ada"}, act, noon).Visitor
	q := ask()
	q.Events = nil
	in := Input{Visitor: v, Request: q, Time: noon, Degraded: "STORE_UNAVAILABLE"}
	blank := in
	blank.Visitor = nil
	a, b := Decide(snap, in), Decide(snap, blank)
	if d := cmp.Diff(b.Needs, a.Needs); d != "" || !cmp.Equal(a.Segments, b.Segments) || a.Visitor.HasProfile() {
		t.Errorf("segments %v, without events %v; needs:\n%s", a.Segments, b.Segments, d)
	}
}

// A switch about a region or a segment binds in an answer without her record, too, unless the request says that she is elsewhere; what is
// said of it is only said where she is known to be meant.
func TestUnknownWhomASwitchIsAbout(t *testing.T) {
	plain := unknownPlan(t, func(p *veiviser.Plan) {
		said := p.Items[0]
		said.ID, said.Rule = "said", "false"
		p.Items = append(p.Items, said)
	})
	for name, tt := range map[string]struct {
		on       veiviser.Switch
		region   string
		degraded string
		shown    []string
		why      veiviser.ExclusionReason
	}{
		"nobody knows where she is": {veiviser.Switch{Region: "oslo"}, "", "STORE_UNAVAILABLE", []string{"owed"}, veiviser.ExcludedUnknown},
		"she left it blank":         {veiviser.Switch{Region: "oslo"}, " ", "STORE_UNAVAILABLE", []string{"owed"}, veiviser.ExcludedUnknown},
		"she is there":              {veiviser.Switch{Region: "oslo"}, "Oslo", "STORE_UNAVAILABLE", []string{"owed", "said"}, veiviser.ExcludedSwitch},
		"she is elsewhere":          {veiviser.Switch{Region: "oslo"}, "bergen", "STORE_UNAVAILABLE", []string{"guide", "help", "owed"}, ""},
		"segments":                  {veiviser.Switch{Segment: "loyal"}, "bergen", "STORE_UNAVAILABLE", []string{"owed"}, veiviser.ExcludedUnknown},
		"not in the segment":        {veiviser.Switch{Segment: "loyal"}, "bergen", "", []string{"ask", "climb", "guide", "help", "offer", "owed", "tells", "win"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			tt.on.ID, tt.on.Statement = "s", "said"
			in := Input{Degraded: tt.degraded, Visitor: &veiviser.Visitor{ID: "ada"}}
			in.Request.Context.Attributes = map[string]string{"region": tt.region}
			_, shown, out := decided(with(plain, tt.on), &in, "side")
			if !cmp.Equal(shown, tt.shown) {
				t.Errorf("shown %v", shown)
			}
			for _, why := range []veiviser.ExclusionReason{veiviser.ExcludedUnknown, veiviser.ExcludedSwitch} {
				if got := slices.Contains(out[why], "guide"); got != (why == tt.why) {
					t.Errorf("out %v", out)
				}
			}
		})
	}
}
