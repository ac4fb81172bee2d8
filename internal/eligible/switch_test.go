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
		{veiviser.Context{}, v, "oslo"},
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
	on := []veiviser.Switch{{ID: "a", Topic: "bike", Statement: "holding"}, {ID: "b", Region: "oslo"}}
	want := []veiviser.Bar{
		{Reason: veiviser.ExcludedSwitch, About: "a", Passes: veiviser.DutyTransactional, Topics: []string{"bike"}, Except: []string{"holding"}},
		{Reason: veiviser.ExcludedSwitch, About: "b", Passes: veiviser.DutyTransactional, Except: []string{"holding"}},
	}
	if d := cmp.Diff(want, Silenced(on, resume, "kari")); d != "" {
		t.Error(d)
	}
	for stage, kept := range [][]veiviser.ItemKind{nil, {veiviser.KindContent, veiviser.KindOffer}, {veiviser.KindOffer}} {
		on[0].Stage = stage
		if got := Silenced(on[:1], resume, "kari"); len(got) != 1 || !slices.Equal(got[0].Kinds, kept) {
			t.Errorf("stage %d: %+v", stage, got)
		}
	}
	on[0].Stage = 3
	if got := Silenced(on[:1], resume, "kari"); len(got) != 0 {
		t.Errorf("the last stage: %+v", got)
	}
	on[0].Stage = 9 // a plan with fewer stages was published since
	if got := Silenced(on[:1], resume, "kari"); len(got) != 0 {
		t.Errorf("beyond the last stage: %+v", got)
	}
}

// A share of the people is let in, whoever was let in stays in while shares grow, and another switch draws lots anew.
func TestShares(t *testing.T) {
	stages := []veiviser.ResumeStage{{ID: "few", Share: 0.2}, {ID: "half", Share: 0.5}, {ID: "all"}}
	const n = 20_000
	in := func(id string, stage, visitor int) bool {
		return len(Silenced([]veiviser.Switch{{ID: id, Topic: "bike", Stage: stage}}, stages, fmt.Sprint("v", visitor))) == 0
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
