package eligible_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/eligible"
	"github.com/veiviser/veiviser/internal/veiviser"
)

func TestCompileErrors(t *testing.T) {
	c := compiler(t)
	for source, want := range map[string]string{
		"": "empty rule", " \n\t": "empty rule",
		"visitor.vists > 3":                   `line 1, column 1: unknown name "visitor.vists", did you mean "visitor.visits"?`,
		"true &&\n  now > visitor.frist_seen": `line 2, column 9: unknown name "visitor.frist_seen", did you mean "visitor.first_seen"?`,
		"'æøå' == visit.pge":                  `line 1, column 10: unknown name "visit.pge", did you mean "visit.page"?`,
		"visit.page == '\xff'":                "the rule is not valid UTF-8",
		"visits > 3":                          `line 1, column 1: unknown name "visits", did you mean "visitor.visits"?`,
		"nwo > now":                           `line 1, column 1: unknown name "nwo", did you mean "now"?`,
		"visitor.id == 'x'":                   `line 1, column 1: unknown name "visitor.id", a rule does not see who the visitor is`,
		"need.zzzzzzz":                        `line 1, column 1: unknown name "need.zzzzzzz"; need has account, audience, events, journey, new, p, stage, standard, started, subject, unsure, updated`,
		"item == item":                        `line 1, column 1: "item" cannot stand alone, write item.attributes`,
		"has(visitor.visits)":                 `line 1, column 5: has(visitor.visits) is always true; has() is for keys, as in has(visitor.attributes.country)`,
		"visitor.cuont('x') > 1":              `line 1, column 1: unknown function "visitor.cuont", did you mean "visitor.count"?`,
		"visitor.visits('x') > 1":             `line 1, column 1: unknown function "visitor.visits", did you mean "visitor.visits"?`,
		"visit.attributes.gett('a')=='b'":     `line 1, column 18: unknown function "gett", did you mean "get"?`,
		"foo(1)":                              `line 1, column 1: unknown function "foo"`,
		"dyn(1) == 2":                         `line 1, column 1: unknown function "dyn"`,
		"type(1) == int":                      `line 1, column 1: unknown function "type"`,
		"visitor.visits":                      `line 1, column 1: the rule gives int, but a rule must give true or false`,
		"now":                                 `line 1, column 1: the rule gives timestamp, but a rule must give true or false`,
		"visitor.visits +":                    `line 1, column 17: syntax error: the rule ends too early`,
		"((((":                                `line 1, column 5: syntax error: the rule ends too early`,
		"1 +* 2":                              `line 1, column 4: syntax error: extraneous input '*'`,
		"visitor.value * 2 > 3":               `line 1, column 15: "*" cannot be used with (double, int); write a whole number as 2.0 beside a decimal one, or convert with double() or int()`,
		"visit.page == 3":                     `line 1, column 12: "==" cannot be used with (string, int)`,
		"now > 3":                             `line 1, column 5: ">" cannot be used with (timestamp, int)`,
		"visit.attributes.get(1) == ''":       `line 1, column 21: "get" cannot be used with (map(string, string), int)`,
		"item.topics + ['x'] == []":           `line 1, column 13: lists cannot be joined with +`,
		"[1, 'a'] == [1, 'a']":                "line 1, column 5: expected type 'int' but found 'string'",
		"[item.topics, 1].exists(x, x.y)":     "line 1, column 15: expected type 'list(string)' but found 'int'",
		"[].exists(x, x.y == 1)":              `line 1, column 14: it cannot be told what type this has`,
		"b'a' + b'b' == b'ab'":                `line 1, column 6: bytes cannot be joined with +`,
		"{'a': true}['a']":                    `line 1, column 1: a rule cannot build maps or messages with {}`,
		"[[1]] == [[1]]":                      `line 1, column 1: a list cannot hold lists or maps`,
		"item.topics.exists(visitor, true)":   `line 1, column 19: a loop variable cannot be called "visitor"`,
		"visit.page.matches(visit.query)":     `line 1, column 20: the pattern of matches must be a literal text`,
		"visit.page.matches('(')":             "line 1, column 20: the pattern is no regular expression: error parsing regexp: missing closing ): `(`",
		"now.getHours('Europe/Olso')>8":       `line 1, column 14: unknown time zone "Europe/Olso"`,
		"now.getHours('Local') > 8":           `line 1, column 14: unknown time zone "Local"`,
		"now.getHours(visit.page) > 8":        `line 1, column 14: the time zone must be a literal text`,
		"visitor.since('a') > duration('3')":  `line 1, column 31: invalid duration argument`,
	} {
		rule, err := c.Compile(source)
		var e *veiviser.Error
		if rule != nil || !errors.As(err, &e) {
			t.Errorf("%s: rule %v, error %v", source, rule, err)
			continue
		}
		wantErr := &veiviser.Error{
			Kind: veiviser.KindInvalid, Reason: veiviser.ReasonInvalidPlan, Message: want, Violations: []veiviser.Violation{{Message: want}},
		}
		if diff := cmp.Diff(wantErr, e); diff != "" {
			t.Errorf("%s (-want +got):\n%s", source, diff)
		}
	}
}

func TestUses(t *testing.T) {
	type uses struct {
		Item, Need     bool
		Events, Stages []string
	}
	c := compiler(t)
	for source, want := range map[string]uses{
		"visitor.known":                             {},
		"visit.page == 'item.id need.p'":            {},
		"['item'].exists(i, i == 'item')":           {},
		"visitor.known || item.id == ''":            {Item: true},
		"visitor.met(item.id) > 0":                  {Item: true},
		"[1].exists(x, x > item.stock)":             {Item: true},
		"need.unsure":                               {Need: true},
		"need.p('search') + need.p('look') > 0.5":   {Need: true, Stages: []string{"look", "search"}},
		"visitor.count('a') + visit.count('a') > 0": {Events: []string{"a"}},
		"visitor.since(item.id) > visitor.since('b') && visitor.counts.c > visitor.counts['d'] && 'e' in visitor.counts": {
			Item: true, Events: []string{"b", "c", "d", "e"},
		},
		"has(visitor.counts.f)": {Events: []string{"f"}},
	} {
		rule, err := c.Compile(source)
		if err != nil {
			t.Error(err)
			continue
		}
		got := uses{rule.UsesItem(), rule.UsesNeed(), rule.EventTypes(), rule.Stages()}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", source, diff)
		}
		if rule.Source() != source {
			t.Errorf("Source() = %q, want %q", rule.Source(), source)
		}
	}
}

func TestComparisons(t *testing.T) {
	c := compiler(t)
	for source, want := range map[string][]eligible.Comparison{
		"visitor.known":         nil,
		"visitor.rung == ''":    nil,
		"visitor.rung == 'top'": {{Name: "visitor.rung", Word: "top"}},
		"'b' != visitor.tier || visitor.tier == 'a' || visitor.tier == 'a'": {{Name: "visitor.tier", Word: "a"}, {Name: "visitor.tier", Word: "b"}},
		"need.audience in ['press', 'investor']":                            {{Name: "need.audience", Word: "investor"}, {Name: "need.audience", Word: "press"}},
		"['x'].exists(t, visitor.role == t || t == 'y')":                    {{Name: "t", Word: "y"}},
		"visitor.visits == 3 && visit.page == visit.query":                  nil,
	} {
		rule, err := c.Compile(source)
		if err != nil {
			t.Error(err)
			continue
		}
		if diff := cmp.Diff(want, rule.Comparisons()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", source, diff)
		}
	}
}

func TestConstant(t *testing.T) {
	c := compiler(t)
	for source, want := range map[string][2]bool{ // verdict, constant
		"true":                            {true, true},
		"1 > 2":                           {false, true},
		"1 / 0 == 1":                      {false, true},
		"[1, 2].exists(x, x == 2)":        {true, true},
		"true || visitor.known":           {false, false},
		"now > timestamp(0)":              {false, false},
		"visitor.count('a') >= 0":         {false, false},
		"need.p('use') < 2.0":             {false, false},
		"has(visitor.attributes.country)": {false, false},
	} {
		rule, err := c.Compile(source)
		if err != nil {
			t.Error(err)
			continue
		}
		if verdict, constant := rule.Constant(); verdict != want[0] || constant != want[1] {
			t.Errorf("%s: %v, %v", source, verdict, constant)
		}
	}
}

func TestEvalErrors(t *testing.T) {
	c := compiler(t)
	for source, want := range map[string]string{
		"visit.attributes.country == 'NO'":        "no such key: country",
		"visitor.counts['return'] > 1":            "no such key: return",
		"item.topics[7] == ''":                    "index out of bounds: 7",
		"visitor.visits / visitor.count('x') > 1": "division by zero",
		"int(visit.page) > 1":                     "conversion error",
		"item.stock * 9223372036854775807 > 1":    "overflow",
	} {
		rule, err := c.Compile(source)
		if err != nil {
			t.Error(err)
			continue
		}
		ok, err := rule.Eval(someFacts())
		if ok || err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), source) {
			t.Errorf("%s = %v, %v; want an error with %q", source, ok, err, want)
		}
	}
}
