package plan

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// asked is bikes with two purposes.
func asked() *veiviser.Plan {
	p := bikes()
	p.Placements = append(p.Placements,
		veiviser.Placement{ID: "letter", Channel: "mail", Formats: []string{"card"}},
		veiviser.Placement{ID: "desk", Channel: "staff", Formats: []string{"card"}, Staff: true})
	p.Purposes = []veiviser.Purpose{
		{ID: "memory", Name: veiviser.Text{"nb": "Huske"}, Version: "1", Renew: true, Profile: true},
		{ID: "mail", Name: veiviser.Text{"nb": "Brev"}, Granted: true, Channels: []string{"mail"}},
	}
	return p
}

func TestWrongPurposes(t *testing.T) {
	for _, v := range Validate(asked()) {
		t.Error(v)
	}
	for _, tc := range []struct {
		change func(p *veiviser.Plan)
		field  string
		says   string
	}{
		{func(p *veiviser.Plan) { p.Purposes[0].ID = "" }, "purposes[0].id", "missing"},
		{func(p *veiviser.Plan) { p.Purposes[1].ID = "memory" }, "purposes[1].id", "taken"},
		{func(p *veiviser.Plan) { p.Purposes[1].Profile = true }, "purposes[1].profile", "purposes[0] is it"},
		{func(p *veiviser.Plan) { p.Purposes[0].Version = "" }, "purposes[0].renew", "version"},
		{func(p *veiviser.Plan) { p.Purposes[0].Granted = true }, "purposes[0].granted", "renew"},
		{func(p *veiviser.Plan) { p.Purposes[0].Version = strings.Repeat("x", 65) }, "purposes[0].version", "at most 64"},
		{func(p *veiviser.Plan) { p.Purposes[1].Channels[0] = "" }, "purposes[1].channels[0]", "empty"},
		{func(p *veiviser.Plan) { p.Purposes[1].Channels[0] = "mai" }, "purposes[1].channels[0]", `did you mean "mail"?`},
		{func(p *veiviser.Plan) { p.Purposes[1].Channels[0] = "staff" }, "purposes[1].channels[0]", "only placements for staff"},
		{func(p *veiviser.Plan) { p.Purposes[1].Channels = nil }, "purposes[1]", "binds nothing"},
		{func(p *veiviser.Plan) { p.Purposes[0].Name = nil }, "purposes[0].name", "say in words"},
		{func(p *veiviser.Plan) { p.Purposes[0].Name = veiviser.Text{"en": "x"} }, "purposes[0].name", "default language"},
		{func(p *veiviser.Plan) { p.Purposes = make([]veiviser.Purpose, 17) }, "purposes", "at most 16"},
		{func(p *veiviser.Plan) { p.Purposes[1].Channels = make([]string, 17) }, "purposes[1].channels", "at most 16"},
	} {
		p := asked()
		tc.change(p)
		if !slices.ContainsFunc(Validate(p), func(v veiviser.Violation) bool {
			return v.Field == tc.field && strings.Contains(v.Message, tc.says)
		}) {
			t.Errorf("%s: no violation says %q: %v", tc.field, tc.says, Validate(p))
		}
	}
}

// Names that a caller gives of stages, kinds and purposes are looked up, with the one that may be meant.
func TestWishWords(t *testing.T) {
	s, err := Compile(1, asked())
	if err != nil {
		t.Fatal(err)
	}
	if got := s.UnknownStage("purchase", "") + s.UnknownStage("look", "") + UnknownKind("offer"); got != "" {
		t.Error(got)
	}
	for got, want := range map[string]string{
		s.UnknownStage("serch", ""): `did you mean "search"?`, s.UnknownStage("loock", ""): `did you mean "look"?`,
		s.UnknownStage("", ""): "there is no stage", UnknownKind("Offers"): `did you mean "offer"?`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q does not say %q", got, want)
		}
	}
	if p, _ := s.Purpose("mail"); p == nil || p.ID != "mail" {
		t.Errorf("%v", p)
	}
	if p, wrong := s.Purpose("memry"); p != nil || !strings.Contains(wrong, `did you mean "memory"?`) {
		t.Errorf("%v, %s", p, wrong)
	}
	said := veiviser.Standing{Consents: []veiviser.Consent{
		{Purpose: "memory", Granted: true, Version: "0"},
		{Purpose: "gone"},
		{Purpose: "mail"},
		{Purpose: "mail", Granted: true},
		{Purpose: "memory", Granted: true, Version: "1"},
		{Purpose: "memory", Granted: true, Version: "0"},
	}}
	if got := s.Effective(&said); !slices.Equal(got, []bool{false, false, false, true, true, false}) {
		t.Errorf("what she agreed to in another version is passed over: %v", got)
	}
	said.Consents = append(said.Consents, veiviser.Consent{Purpose: "memory", Version: "0"})
	if got := s.Effective(&said); !got[6] {
		t.Errorf("a refusal counts in whatever version: %v", got)
	}
	said.Consents = append(said.Consents, veiviser.Consent{Purpose: "memory", Granted: true, Version: "0"})
	if got := s.Effective(&said); !got[6] || got[7] || s.Profiled(&said, time.Time{}) {
		t.Errorf("what she agreed to in another version undoes no refusal: %v", got)
	}
}
