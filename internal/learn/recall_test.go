package learn_test

import (
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/planpb"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// reporting is the sample plan with impressions reported on its hero, and these caps.
func reporting(t *testing.T, caps ...veiviser.Cap) *plan.Snapshot {
	t.Helper()
	folder, err := planpb.Bundle("sykkel")
	if err != nil {
		t.Fatal(err)
	}
	message, _, err := planpb.ReadFS(folder)
	if err != nil {
		t.Fatal(err)
	}
	p := planpb.FromProto(message)
	p.Contact = veiviser.ContactPolicy{Caps: caps}
	for i := range p.Placements {
		p.Placements[i].Impressions = p.Placements[i].ID == "home_hero"
	}
	s, err := plan.Compile(1, p)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// An impression that comes after its showing was released and forgotten counts it again, from when it was shown; once, however often
// it is told, and only what a cap counts.
func TestLateImpression(t *testing.T) {
	const item = "service-call-us"
	capped := veiviser.Cap{ID: "all", Limit: 9, Window: 24 * time.Hour}
	shown := noon.Add(-2 * time.Hour)
	given := veiviser.Given{Answer: &veiviser.Answer{Time: shown, Decisions: []veiviser.Decision{
		{ID: "d.0", Placement: "home_hero", Channel: "web", Choices: []veiviser.Choice{{ItemID: item}, {ItemID: "gone", Kind: veiviser.KindOffer}}},
		{ID: "d.1", Placement: "product_side", Channel: "web", Choices: []veiviser.Choice{{ItemID: item}}},
	}}}
	aside := given
	aside.Index = 1
	seen := func(id, decision, item string) veiviser.Event {
		return veiviser.Event{ID: id, VisitorID: "v", Time: noon, Type: "impression", DecisionID: decision, ItemID: item}
	}
	for name, tt := range map[string]struct {
		caps   []veiviser.Cap
		events []veiviser.Event
		given  veiviser.Given
		had    []veiviser.Contact
		want   int
	}{
		"forgotten":                      {[]veiviser.Cap{capped}, []veiviser.Event{seen("1", "d.0", "")}, given, nil, 2},
		"one of them":                    {[]veiviser.Cap{capped}, []veiviser.Event{seen("1", "d.0", item)}, given, nil, 1},
		"told twice":                     {[]veiviser.Cap{capped}, []veiviser.Event{seen("1", "d.0", item), seen("2", "d.0", item)}, given, nil, 1},
		"still remembered":               {[]veiviser.Cap{capped}, []veiviser.Event{seen("1", "d.0", item)}, given, []veiviser.Contact{{Time: shown, ItemID: item, Decision: veiviser.HashID("d.0"), Until: shown.Add(time.Minute)}}, 1},
		"no cap counts it":               {nil, []veiviser.Event{seen("1", "d.0", item)}, given, nil, 0},
		"the window is over":             {[]veiviser.Cap{{ID: "all", Limit: 9, Window: time.Hour}}, []veiviser.Event{seen("1", "d.0", item)}, given, nil, 0},
		"where no impression is awaited": {[]veiviser.Cap{capped}, []veiviser.Event{seen("1", "d.1", item)}, aside, nil, 0},
	} {
		loaded := &veiviser.Loaded{VisitorID: "v", Outcomes: map[string]veiviser.Given{tt.events[0].DecisionID: tt.given}}
		if tt.had != nil {
			loaded.Visitor = &veiviser.Visitor{ID: "v", Standing: veiviser.Standing{Contacts: tt.had}}
		}
		f := learn.Fold(reporting(t, tt.caps...), loaded, tt.events, noon)
		got := f.Visitor.Standing.Contacts
		if len(got) != tt.want {
			t.Errorf("%s: %d contacts: %+v", name, len(got), got)
		}
		for i := range got {
			if x := &got[i]; !x.Until.IsZero() || !x.Time.Equal(shown) || !x.By(veiviser.HashID("d.0")) ||
				tt.had == nil && (x.Placement != "home_hero" || x.Channel != "web" || !x.Keep.Equal(shown.Add(24*time.Hour))) {
				t.Errorf("%s: %+v", name, x)
			}
		}
	}
}

// A late impression of a member counts for her account, too.
func TestLateImpressionOfMember(t *testing.T) {
	snap := reporting(t, veiviser.Cap{ID: "company", Limit: 1, Window: 24 * time.Hour, Account: true})
	m := newMemory()
	answer := &veiviser.Answer{Time: noon.Add(-time.Hour), Decisions: []veiviser.Decision{
		{ID: "d.0", Placement: "home_hero", Channel: "web", Choices: []veiviser.Choice{{ItemID: "service-call-us"}}},
	}}
	answer.Visitor.Standing.Account = "acme"
	m.outcomes["d.0"] = veiviser.Given{Answer: answer}
	e := acting("1", "kim", "impression", "acme", "gatekeeper", 0)
	e.Subject, e.ItemID, e.DecisionID = "", "", "d.0"
	r := learn.NewRecorder(m, published{snap}, func() time.Time { return noon }, nil)
	if res, err := r.Record(t.Context(), []veiviser.Event{e}); err != nil || res[0].Err != nil {
		t.Fatal(err, res)
	}
	if a := m.visitors[veiviser.AccountKey("acme")]; a == nil || len(a.Standing.Contacts) != 1 || len(m.visitors["kim"].Standing.Contacts) != 0 {
		t.Errorf("the account %+v, hers %+v", a, m.visitors["kim"].Standing.Contacts)
	}
}

// A price told where impressions are reported was told for good once one came, also after it was released.
func TestImpressionTells(t *testing.T) {
	for _, until := range []time.Time{noon.Add(time.Minute), noon.Add(-time.Hour)} {
		facts := []veiviser.Fact{
			{Item: "a", Value: "NOK 1", Decision: veiviser.HashID("d.0"), Until: until},
			{Item: "a", Value: "NOK 2", Decision: veiviser.HashID("e.0"), Earlier: []uint64{veiviser.HashID("d.0")}, Until: until},
			{Item: "b", Value: "NOK 3", Decision: veiviser.HashID("d.0"), Until: until},
			{Item: "a", Value: "NOK 4", Decision: veiviser.HashID("e.0"), Until: until},
		}
		loaded := &veiviser.Loaded{
			VisitorID: "v", Outcomes: map[string]veiviser.Given{"d.0": {}}, Visitor: &veiviser.Visitor{ID: "v", Standing: veiviser.Standing{Facts: facts}},
		}
		e := veiviser.Event{ID: "1", VisitorID: "v", Time: noon, Type: "impression", DecisionID: "d.0", ItemID: "a"}
		got := learn.Fold(sykkel(t), loaded, []veiviser.Event{e}, noon).Visitor.Standing.Facts
		for i, told := range []bool{true, true, false, false} {
			if got[i].Until.IsZero() != told {
				t.Errorf("%+v", got[i])
			}
		}
	}
}
