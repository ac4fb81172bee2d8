package plan

import (
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

func TestWrongCrisis(t *testing.T) {
	service, content := []veiviser.ItemKind{veiviser.KindService}, []veiviser.ItemKind{veiviser.KindContent, veiviser.KindService}
	for _, w := range []struct {
		crisis veiviser.Crisis
		field  string // "" when it is right
		says   string
	}{
		{veiviser.Crisis{}, "", ""},
		{veiviser.Crisis{Complaints: []string{"complaint", "delivery_failed"}, Feedback: []string{"too_early"}}, "", ""},
		{veiviser.Crisis{Complaints: []string{"dismiss"}, Feedback: []string{"not_relevant"}}, "", ""},
		{veiviser.Crisis{Complaints: []string{"complaint", "impression"}}, "complaints[1]", "nothing that people complain by"},
		{veiviser.Crisis{Complaints: []string{"complaint_resolved"}}, "complaints[0]", "nothing that people complain by"},
		{veiviser.Crisis{Feedback: []string{"helpful"}}, "feedback[0]", "says nothing against"},
		{veiviser.Crisis{Complaints: []string{"return"}, Feedback: []string{"dismiss", "return"}}, "feedback[1]", "two alarms"},
		{veiviser.Crisis{Feedback: []string{"complaint"}}, "feedback[0]", "two alarms"},
		{veiviser.Crisis{Complaints: []string{"dismiss"}}, "complaints[0]", "two alarms"},
		{veiviser.Crisis{Bucket: 24 * time.Hour}, "memory", "at least ten buckets (240h0m0s)"},
		{veiviser.Crisis{Bucket: 24 * time.Hour, Memory: 240 * time.Hour}, "", ""},
		{veiviser.Crisis{Resume: []veiviser.ResumeStage{{ID: "a", Kinds: service}, {ID: "b", Kinds: content, Share: 0.1}, {ID: "c"}}}, "", ""},
		{veiviser.Crisis{Resume: []veiviser.ResumeStage{{ID: "a", Share: 0.1}, {ID: "b", Share: 0.5}, {ID: "c"}}}, "", ""},
		{veiviser.Crisis{Resume: []veiviser.ResumeStage{{ID: "a", Kinds: content}, {ID: "b", Kinds: service}}}, "resume[1].kinds", "takes back"},
		{veiviser.Crisis{Resume: []veiviser.ResumeStage{{ID: "a", Share: 0.5}, {ID: "b", Kinds: content}}}, "resume[1].kinds", "which is everything"},
		{veiviser.Crisis{Resume: []veiviser.ResumeStage{{ID: "a", Kinds: service}, {ID: "b", Kinds: service, Share: 0.1}}}, "resume[1].share", "brings nothing"},
		{veiviser.Crisis{Resume: []veiviser.ResumeStage{{ID: "a", Share: 0.5}, {ID: "b", Share: 0.5}}}, "resume[1].share", "brings nothing"},
	} {
		p := bikes()
		p.Crisis = w.crisis
		violations := Validate(p)
		if w.field == "" {
			for _, v := range violations {
				t.Errorf("%+v: %v", w.crisis, v)
			}
		} else if len(violations) != 1 || !says(violations, "crisis."+w.field, w.says) {
			t.Errorf("%s: not %q but %v", w.field, w.says, violations)
		}
	}
}
