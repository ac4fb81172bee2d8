package bandit

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const goodMapping = `
context: [age, channel, zip]
text: [zip]
action: offer
reward: net
propensity: {constant: 0.1}
unit: customer
`

func TestReadMapping(t *testing.T) {
	got, err := ReadMapping("map.yaml", []byte(goodMapping))
	if err != nil {
		t.Fatal(err)
	}
	want := Mapping{
		Context: []string{"age", "channel", "zip"}, Text: []string{"zip"}, Action: "offer", Reward: "net",
		Propensity: Propensity{Constant: 0.1}, Unit: "customer",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	got, err = ReadMapping("map.yaml", []byte(strings.Replace(goodMapping, "constant: 0.1", "column: p", 1)))
	if err != nil || got.Propensity != (Propensity{Column: "p"}) {
		t.Error(got, err)
	}
}

func TestBadMappings(t *testing.T) {
	for _, c := range []struct{ old, with, want string }{
		{"action: offer", "acton: offer", `map.yaml:4: there is no key "acton"; did you mean "action"?`},
		{"constant: 0.1", "konstant: 0.1", `map.yaml:6: there is no key "konstant"; did you mean "constant"?`},
		{"constant: 0.1", "constant: 1.5", `map.yaml:6: there must be a probability above 0 and up to 1 here, not "1.5"`},
		{"constant: 0.1", "constant: .nan", `map.yaml:6: there must be a probability above 0 and up to 1 here, not ".nan"`},
		{"{constant: 0.1}", "{}", "map.yaml: propensity needs one of constant and column, as in {constant: 0.1}"},
		{"constant: 0.1", "constant: 0.1, column: p", "map.yaml: propensity needs one of constant and column, as in {constant: 0.1}"},
		{"{constant: 0.1}", "0.1", "map.yaml:6: there must be keys and values here"},
		{"action: offer\n", "", "map.yaml: action names no column"},
		{"reward: net\n", "", "map.yaml: reward names no column"},
		{"[age, channel, zip]", "[]", "map.yaml: context names no column"},
		{"[age, channel, zip]", "age", "map.yaml:2: there must be a list of columns here, as in [age, income]"},
		{"[age, channel, zip]", "[age, zip, age]", "map.yaml: context names age twice"},
		{"[age, channel, zip]", "[age, zip, net]", "map.yaml: context names net, which is known only after the choice"},
		{"text: [zip]", "text: [zap]", `map.yaml: text names zap, which is not in context; did you mean "zip"?`},
		{"action: offer", "action: [offer]", "map.yaml:4: there must be the name of a column here"},
		{"action: offer", "action: offer\naction: x", "map.yaml:5: action is given twice"},
		{goodMapping, "", "map.yaml: it is empty; it needs context, action, reward and propensity"},
		{"[zip]", "[zip", "map.yaml: line 2: did not find expected ',' or ']'"},
	} {
		_, err := ReadMapping("map.yaml", []byte(strings.Replace(goodMapping, c.old, c.with, 1)))
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.with, err, c.want)
		}
	}
}
