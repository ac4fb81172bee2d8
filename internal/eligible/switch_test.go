package eligible

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/veiviser"
)

func TestConcerns(t *testing.T) {
	for _, tt := range []struct {
		s    veiviser.Switch
		want bool
	}{
		{veiviser.Switch{Topic: "bike"}, true},
		{veiviser.Switch{Region: "oslo"}, true},
		{veiviser.Switch{Region: "bergen"}, false},
		{veiviser.Switch{Segment: "families"}, true},
		{veiviser.Switch{Segment: "press"}, false},
		{veiviser.Switch{Region: "oslo", Segment: "press"}, false},
		{veiviser.Switch{Region: "oslo", Over: true}, false},
	} {
		if got := Concerns(&tt.s, "oslo", []string{"families"}); got != tt.want {
			t.Errorf("%+v: %v", tt.s, got)
		}
	}
	if !Concerns(&veiviser.Switch{Region: "oslo"}, " Oslo", nil) {
		t.Error("a region in another case is another region")
	}
	if Concerns(&veiviser.Switch{Region: "oslo"}, "", nil) {
		t.Error("somebody of whom no region is known is taken for somebody of a region")
	}
}

func TestRegion(t *testing.T) {
	v := &veiviser.Visitor{Attributes: map[string]string{"region": "oslo"}}
	for _, tt := range []struct {
		c    veiviser.Context
		v    *veiviser.Visitor
		want string
	}{
		{veiviser.Context{Attributes: map[string]string{"region": "bergen"}}, v, "bergen"},
		{veiviser.Context{Attributes: map[string]string{"region": " Bergen "}}, v, "Bergen"},
		{veiviser.Context{Attributes: map[string]string{"region": " "}}, v, "oslo"},
		{veiviser.Context{Attributes: map[string]string{"region": " "}}, nil, ""},
		{veiviser.Context{}, v, "oslo"},
		{veiviser.Context{}, &veiviser.Visitor{Region: "voss", Attributes: v.Attributes}, "voss"},
		{veiviser.Context{}, nil, ""},
		{veiviser.Context{Attributes: map[string]string{"county": "x"}}, nil, ""},
	} {
		if got := Region("region", &tt.c, tt.v); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt, got, tt.want)
		}
	}
}

func TestSilenced(t *testing.T) {
	resume := veiviser.Crisis{}.WithDefaults().Resume
	on := []veiviser.Switch{
		{ID: "a", Topic: "bike", Statement: "holding", Resume: resume}, {ID: "b", Region: "oslo", Resume: resume},
	}
	kari := Hearer{ID: "kari"}
	want := []veiviser.Bar{
		{Reason: veiviser.ExcludedSwitch, About: "a", Passes: veiviser.DutyTransactional, Topics: []string{"bike"}, Except: []string{"holding"}},
		{Reason: veiviser.ExcludedSwitch, About: "b", Passes: veiviser.DutyTransactional, Except: []string{"holding"}},
	}
	if d := cmp.Diff(want, Silenced(on, kari)); d != "" {
		t.Error(d)
	}
	for stage, kept := range [][]veiviser.ItemKind{nil, {veiviser.KindContent, veiviser.KindOffer}, {veiviser.KindOffer}} {
		on[0].Stage = stage
		if got := Silenced(on[:1], kari); len(got) != 1 || !slices.Equal(got[0].Kinds, kept) {
			t.Errorf("stage %d: %+v", stage, got)
		}
	}
	on[0].Stage = 3
	if got := Silenced(on[:1], kari); len(got) != 0 {
		t.Errorf("the last stage: %+v", got)
	}
	on[0].Stage = 9
	if got := Silenced(on[:1], kari); len(got) != 0 {
		t.Errorf("beyond the last stage: %+v", got)
	}
}

// Who has an open case gets help: what is made for her passes every switch, service those that are about people. Employees have
// service to talk about there, whoever they talk with.
func TestHelpGoesOn(t *testing.T) {
	items := map[string]veiviser.Item{
		"care": {ID: "care", Kind: veiviser.KindContent, Care: true, Topics: []string{"bike"}},
		"help": {ID: "help", Kind: veiviser.KindService}, "ride": {ID: "ride", Kind: veiviser.KindService, Topics: []string{"bike"}},
		"guide": {ID: "guide", Kind: veiviser.KindContent, Topics: []string{"bike"}}, "offer": {ID: "offer", Kind: veiviser.KindOffer},
	}
	topic, region := veiviser.Switch{ID: "s", Topic: "bike"}, veiviser.Switch{ID: "s", Region: "oslo"}
	for _, tt := range []struct {
		s    veiviser.Switch
		to   Hearer
		want []string
	}{
		{topic, Hearer{}, []string{"help", "offer"}},
		{topic, Hearer{OpenCase: true}, []string{"care", "help", "offer"}},
		{topic, Hearer{Staff: true}, []string{"help", "offer"}},
		{region, Hearer{}, nil},
		{region, Hearer{OpenCase: true}, []string{"care", "help", "ride"}},
		{region, Hearer{Staff: true}, []string{"help", "ride"}},
		{region, Hearer{OpenCase: true, Staff: true}, []string{"care", "help", "ride"}},
	} {
		var got []string
		bars := Silenced([]veiviser.Switch{tt.s}, tt.to)
		for id, it := range items {
			if !slices.ContainsFunc(bars, func(b veiviser.Bar) bool { return b.Keeps(&it) }) {
				got = append(got, id)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, tt.want) {
			t.Errorf("%+v leaves %v to %+v, want %v", tt.s, got, tt.to, tt.want)
		}
		if tt.s.Topic == "" && !bars[0].Everything() {
			t.Errorf("the silence of %+v has another reason", tt.to)
		}
	}
}

// A share of the people is let in, whoever was let in stays in while shares grow, and another switch draws lots anew.
func TestShares(t *testing.T) {
	stages := []veiviser.ResumeStage{{ID: "few", Share: 0.2}, {ID: "half", Share: 0.5}, {ID: "all"}}
	const n = 20_000
	in := func(id string, stage, visitor int) bool {
		return len(Silenced([]veiviser.Switch{{ID: id, Topic: "bike", Resume: stages, Stage: stage}}, Hearer{ID: fmt.Sprint("v", visitor)})) == 0
	}
	for stage, share := range []float64{0, 0.2, 0.5, 1} {
		let, both := 0, 0
		for v := range n {
			if in("a", stage, v) {
				let++
				if in("b", stage, v) {
					both++
				}
			} else if stage > 0 && in("a", stage-1, v) {
				t.Fatalf("visitor %d was let in in stage %d and is kept out in stage %d", v, stage-1, stage)
			}
		}
		if got := float64(let) / n; got < share-0.015 || got > share+0.015 {
			t.Errorf("stage %d lets in %v, want %v", stage, got, share)
		}
		if got := float64(both) / n; got < share*share-0.015 || got > share*share+0.015 {
			t.Errorf("stage %d: two switches let in %v, want %v", stage, got, share*share)
		}
	}
}
