package decide

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/veiviser/veiviser/internal/eligible"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// view reads "press:bike/ebike", with a ? for what is only assumed.
func view(s string) veiviser.NeedView {
	audience, subject, _ := strings.Cut(s, ":")
	subject, assumed := strings.CutSuffix(subject, "?")
	return veiviser.NeedView{Need: veiviser.Need{Subject: subject}, Audience: audience, New: assumed}
}

func TestOrderNeeds(t *testing.T) {
	listed := []veiviser.Audience{{ID: "press"}, {ID: "supplier"}, {ID: "customer"}, {ID: "job_seeker"}}
	for name, tt := range map[string]struct {
		audiences []veiviser.Audience
		subject   string
		views     string // most recently touched first
		want      string
	}{
		"nothing declared, no subject": {nil, "", "customer:bike press:press", "customer:bike press:press"},
		"nothing declared, a subject": {
			nil, "press", "customer:bike press:press customer:press?", "press:press customer:press? customer:bike",
		},
		"the audience listed first goes first": {listed, "", "customer:bike press:press", "press:press customer:bike"},
		"a customer who was curious":           {listed, "", "job_seeker:jobs customer:bike", "customer:bike job_seeker:jobs"},
		"three at once": {
			listed, "", "job_seeker:jobs customer:bike supplier:suppliers press:press",
			"press:press supplier:suppliers customer:bike job_seeker:jobs",
		},
		"the subject decides first": {
			listed, "jobs", "customer:bike press:press job_seeker:jobs", "job_seeker:jobs press:press customer:bike",
		},
		"what lies above and below is nearer than elsewhere": {
			listed, "bike/ebike", "press:press customer:bike customer:bike/ebike/fjord",
			"customer:bike customer:bike/ebike/fjord press:press",
		},
		"equally near": {
			listed, "bike/ebike", "customer:bike press:bike/ebike/fjord", "press:bike/ebike/fjord customer:bike",
		},
		"what is assumed comes last, whoever it is for": {
			listed, "", "press:press? job_seeker:jobs", "job_seeker:jobs press:press?",
		},
		"about one subject the first says who she is": {
			listed, "", "job_seeker:jobs customer:jobs customer:bike", "customer:bike job_seeker:jobs customer:jobs",
		},
		"about the subject, too": {listed, "jobs", "job_seeker:jobs customer:jobs", "job_seeker:jobs customer:jobs"},
		"not listed": {
			[]veiviser.Audience{{ID: "customer"}},
			"", "neighbour:n press:p customer:bike investor:i",
			"customer:bike neighbour:n press:p investor:i",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var views []veiviser.NeedView
			for s := range strings.FieldsSeq(tt.views) {
				views = append(views, view(s))
			}
			var got []string
			for _, v := range orderNeeds(views, tt.subject, tt.audiences) {
				s := v.Audience + ":" + v.Subject
				if v.New {
					s += "?"
				}
				got = append(got, s)
			}
			if d := cmp.Diff(tt.want, strings.Join(got, " ")); d != "" {
				t.Error(d)
			}
		})
	}
}

// The order loses nothing, is the order for its own result, and never lets a need that is further from the subject, or only
// assumed, go first.
func TestOrderNeedsProperty(t *testing.T) {
	ids := veiviser.AudienceIDs()
	rapid.Check(t, func(t *rapid.T) {
		var views []veiviser.NeedView
		for i := range rapid.IntRange(0, 9).Draw(t, "needs") {
			views = append(views, veiviser.NeedView{
				Need: veiviser.Need{Journey: fmt.Sprint(i), Subject: rapid.SampledFrom(subjects).Draw(t, "about")},
				New:  rapid.Bool().Draw(t, "new"), Audience: rapid.SampledFrom(ids).Draw(t, "audience"),
			})
		}
		slices.SortStableFunc(views, func(a, b veiviser.NeedView) int { // as they come
			switch {
			case a.New == b.New:
				return 0
			case a.New:
				return 1
			default:
				return -1
			}
		})
		var audiences []veiviser.Audience
		for _, id := range rapid.SliceOfDistinct(rapid.SampledFrom(ids), rapid.ID[string]).Draw(t, "listed") {
			audiences = append(audiences, veiviser.Audience{ID: id})
		}
		subject := rapid.SampledFrom(subjects).Draw(t, "subject")
		got := orderNeeds(slices.Clone(views), subject, audiences)
		if len(got) != len(views) {
			t.Fatal("some are lost")
		}
		first := map[string]int{} // by subject and whether assumed: who she is there
		for i := range got {
			key := fmt.Sprint(got[i].Subject, got[i].New)
			if _, ok := first[key]; !ok {
				first[key] = eligible.Precedence(audiences, got[i].Audience)
			}
			if i == 0 {
				continue
			}
			a, b := &got[i-1], &got[i]
			da, db := distance(a.Subject, subject), distance(b.Subject, subject)
			if da > db || da == db && a.New && !b.New {
				t.Fatalf("%+v before %+v", a, b)
			}
			if da == db && a.New == b.New && first[fmt.Sprint(a.Subject, a.New)] > first[key] {
				t.Fatalf("precedence: %+v before %+v", a, b)
			}
		}
		if d := cmp.Diff(got, orderNeeds(slices.Clone(got), subject, audiences)); d != "" {
			t.Fatal(d)
		}
	})
}
