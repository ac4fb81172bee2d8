package veiviser

import (
	"fmt"
	"testing"
	"time"
)

var noonOn = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// told is a fact of an hour; a reserved one is released an hour later.
func told(item, value string, hour int, decision uint64, reserved bool) Fact {
	f := Fact{Product: "pump", Item: item, Value: value, Time: noonOn.Add(time.Duration(hour) * time.Hour), Decision: decision}
	if reserved {
		f.Until = f.Time.Add(time.Hour)
	}
	return f
}

func TestAddFact(t *testing.T) {
	for name, tt := range map[string]struct {
		facts []Fact
		want  string
	}{
		"the later one stays":            {[]Fact{told("a", "1", 0, 1, false), told("a", "1", 2, 2, false)}, "[a1@2]"},
		"an earlier clock changes none":  {[]Fact{told("a", "1", 2, 2, false), told("a", "1", 0, 1, false)}, "[a1@2]"},
		"both values stay":               {[]Fact{told("a", "1", 2, 1, false), told("a", "2", 0, 2, false)}, "[a1@2 a2@0]"},
		"whoever told it":                {[]Fact{told("a", "1", 0, 1, false), told("b", "1", 2, 2, false)}, "[a1@0 b1@2]"},
		"reserved beside told":           {[]Fact{told("a", "1", 0, 1, false), told("a", "1", 2, 2, true)}, "[a1@0 a1@2?]"},
		"told after reserved":            {[]Fact{told("a", "1", 0, 1, true), told("a", "1", 2, 2, false)}, "[a1@2]"},
		"reserved before told":           {[]Fact{told("a", "1", 2, 2, false), told("a", "1", 0, 1, true)}, "[a1@2]"},
		"reserved again":                 {[]Fact{told("a", "1", 0, 1, true), told("a", "1", 2, 2, true)}, "[a1@2?1]"},
		"reserved by an earlier clock":   {[]Fact{told("a", "1", 2, 2, true), told("a", "1", 0, 1, true)}, "[a1@2?1]"},
		"reserved twice beside the told": {[]Fact{told("a", "1", 0, 1, false), told("a", "1", 1, 2, true), told("a", "1", 2, 3, true)}, "[a1@0 a1@2?2]"},
	} {
		var list []Fact
		for _, f := range tt.facts {
			list = AddFact(list, f)
		}
		if got := fmt.Sprint(said(list)); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}

// said is what facts say, when, whether that is only reserved, and the decisions before.
func said(list []Fact) (out []string) {
	for i := range list {
		f := &list[i]
		s := fmt.Sprint(f.Item, f.Value, "@", f.Time.Sub(noonOn).Hours())
		if !f.Until.IsZero() {
			s += "?"
		}
		for _, d := range f.Earlier {
			s += fmt.Sprint(d)
		}
		out = append(out, s)
	}
	return out
}

// Where there is no room, what was released goes first, then what was said again, and then the oldest; what is said again in the
// hope of an impression lasts no less than what it repeats.
func TestKeepFacts(t *testing.T) {
	list := []Fact{told("old", "x", -9, 1, false), told("twice", "y", -8, 2, false), told("released", "z", -7, 3, true), told("again", "y", -1, 4, true)}
	for i := range MaxFacts - 2 {
		list = append(list, told("other", fmt.Sprint(i), 0, 5, false))
	}
	released := func(f *Fact) bool { return !f.Counts(noonOn.Add(-time.Minute)) }
	list = KeepFacts(list, released)
	if got := fmt.Sprint(said(list[:2])); len(list) != MaxFacts || got != "[oldx@-9 againy@-1]" {
		t.Errorf("%d left, the first %s", len(list), got)
	}
	list = KeepFacts(append(list, told("new", "w", 1, 6, false)), released)
	if got := fmt.Sprint(said(list[:1])); len(list) != MaxFacts || got != "[againy@-1]" {
		t.Errorf("%d left, the first %s", len(list), got)
	}
}
