package plan

import (
	"strings"
	"testing"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// shop is a plan that names topics, channels and stages in every place where it can.
func shop(t *testing.T) *Snapshot {
	t.Helper()
	s, err := Compile(1, &veiviser.Plan{
		Journeys: []veiviser.Journey{
			{
				ID: "any", Stages: []veiviser.Stage{{ID: "look", Standard: veiviser.StageSearch, Prior: 1}},
				Signals: []veiviser.Signal{{ID: "in_shop", Match: veiviser.Match{Channels: []string{"shop"}}}},
			},
			{
				ID: "parts", Subjects: []string{"parts/chain", "tools"},
				Stages: []veiviser.Stage{{ID: "worn", Standard: veiviser.StageNeed, Prior: 1}},
			},
			{ID: "news", Audience: "press", Stages: []veiviser.Stage{{ID: "asking", Standard: veiviser.StageNeed, Prior: 1}}},
		},
		Placements: []veiviser.Placement{{ID: "hero", Channel: "web", Formats: []string{"card"}}},
		Purposes:   []veiviser.Purpose{{ID: "letters", Channels: []string{"mail"}}},
		Policy: veiviser.Policy{
			Weights: []veiviser.ContextWeight{{Name: "w", Channel: "kiosk", Weight: 2}},
			Effects: []veiviser.ResponseEffect{{Channel: "phone"}},
		},
		Items: []veiviser.Item{
			{ID: "a", Kind: veiviser.KindContent, Topics: []string{"bike/ebike"}, Representations: []veiviser.Representation{
				{Format: "card", Title: "a", Channels: []string{"app"}},
			}},
			{ID: "b", Kind: veiviser.KindContent, Topics: []string{"*"}},
			{ID: "c", Kind: veiviser.KindContent, Topics: []string{"service/*"}, Status: veiviser.StatusDraft},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What the plan or the catalogue names anywhere is known, and so is what lies above or beside it.
func TestKnownTargets(t *testing.T) {
	s := shop(t)
	for _, name := range []string{"web", "app", "mail", "shop", "kiosk", "phone", "letter"} {
		if wrong := s.MisspeltChannel(name); wrong != "" {
			t.Error(wrong)
		}
	}
	for _, name := range []string{"*", "bike", "bike/ebike", "bike/ebike/long", "bike/kids", "parts", "parts/chain/steel", "tools", "service", "service/x"} {
		if wrong := s.UnknownTopic(name); wrong != "" {
			t.Error(wrong)
		}
	}
	for _, w := range [][2]string{
		{"look", ""}, {"search", "bike"}, {"worn", ""}, {"worn", "parts"}, {"worn", "parts/chain/steel"}, {"need", "tools"}, {"search", "parts"},
	} {
		if wrong := s.UnknownStage(w[0], w[1]); wrong != "" {
			t.Error(wrong)
		}
	}
	empty, err := Compile(1, &veiviser.Plan{Journeys: []veiviser.Journey{{ID: "any", Stages: []veiviser.Stage{{ID: "look", Prior: 1}}}}})
	if err != nil {
		t.Fatal(err)
	}
	if wrong := empty.UnknownTopic("bike"); wrong != "" {
		t.Errorf("nobody names topics, so none is unknown: %s", wrong)
	}
}

func TestUnknownTargets(t *testing.T) {
	s := shop(t)
	for got, want := range map[string]string{
		s.MisspeltChannel("Mail"):        `did you mean "mail"?`,
		s.MisspeltChannel("e-mail"):      `did you mean "mail"?`,
		s.UnknownTopic("Bike/ebike"):     `did you mean "bike/ebike"?`,
		s.UnknownTopic("bikes"):          `did you mean "bike"?`,
		s.UnknownTopic("gloves"):         `there is no topic "gloves"; there is bike, bike/ebike, parts, parts/chain, service, tools`,
		s.UnknownTopic("tool"):           `did you mean "tools"?`,
		s.UnknownStage("worn", "bike"):   `there is no journey about "bike" with a stage "worn"; there is look, search`,
		s.UnknownStage("lok", "bike"):    `did you mean "look"?`,
		s.UnknownStage("purchase", ""):   `there is no stage "purchase"; there is look, need, search, worn`,
		s.UnknownStage("asking", "bike"): `there is no journey about "bike" with a stage "asking"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q does not say %q", got, want)
		}
	}
}
