package plan

import (
	"strings"
	"testing"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// worded is bikes with every vocabulary that rules may name.
func worded() *veiviser.Plan {
	p := bikes()
	p.Accounts.Roles = []veiviser.BuyingRole{{ID: "decider"}, {ID: "gatekeeper"}}
	p.Relationship.Rungs = []veiviser.Rung{{ID: "friend", Promote: "visitor.phase == 'customer'"}}
	p.Relationship.Tiers = []veiviser.Tier{{ID: "everyday", From: 1}}
	p.Acquisition.Costs = []veiviser.AcquisitionCost{{Source: "fair", Cost: 3}}
	p.Journeys[0].Signals[0].Match.Channels = []string{"till"}
	return p
}

func TestWordsOfRules(t *testing.T) {
	for rule, says := range map[string]string{
		"visitor.phase == 'custommer'":                             `there is no phase "custommer", did you mean "customer"?`,
		"visitor.rung == 'freind'":                                 `there is no rung "freind", did you mean "friend"?`,
		"visitor.tier != 'gold'":                                   `there is no tier "gold"; there is everyday`,
		"visitor.role in ['decider', 'boss']":                      `there is no role "boss"; there is decider, gatekeeper`,
		"'ads' == visitor.source":                                  `there is no source "ads", did you mean "ad"?`,
		"need.audience == 'pres' || false":                         `there is no audience "pres", did you mean "press"?`,
		"need.journey == 'considerd'":                              `there is no journey "considerd", did you mean "considered"?`,
		"need.standard == 'purchse'":                               `there is no standard stage "purchse", did you mean "purchase"?`,
		"visitor.phase == 'waiting' ? visitor.rung == '' : true":   "",
		"visitor.source in ['search', 'web', 'app', 'fair']":       "",
		"visitor.source == 'till' && visitor.role == 'gatekeeper'": "",
		"visitor.account == 'acme' && visit.channel == 'tty'":      "",
	} {
		p := worded()
		p.Segments[0].Rule = rule
		violations := Validate(p)
		if says == "" {
			for _, v := range violations {
				t.Errorf("%s: %v", rule, v)
			}
			continue
		}
		if len(violations) != 1 || violations[0].Field != "segments[0].rule" || violations[0].Message != says {
			t.Errorf("%s: not %q but %v", rule, says, violations)
		}
	}
}

// The words are looked at wherever a rule stands; of a plan that declares no roles a role is whatever events say.
func TestWordsOfRulesEverywhere(t *testing.T) {
	p := worded()
	p.Placements[0].Rule, p.Items[0].Rule = "visitor.tier == 'everday'", "item.kind == 'contents'"
	p.Relationship.Rungs[0].Promote, p.Relationship.Rungs[0].Keep = "visitor.role == 'decidr'", "visitor.phase == 'costumer'"
	want := []string{"placements[0].rule", "items[0].rule", "relationship.rungs[0].promote", "relationship.rungs[0].keep"}
	violations := Validate(p)
	for i, v := range violations {
		if i >= len(want) || v.Field != want[i] || !strings.Contains(v.Message, "did you mean") {
			t.Errorf("%v", v)
		}
	}
	if len(violations) != len(want) {
		t.Errorf("%v, not %v", violations, want)
	}
	free := worded()
	free.Accounts.Roles, free.Segments[0].Rule = nil, "visitor.role == 'boss'"
	for _, v := range Validate(free) {
		t.Error(v)
	}
}
