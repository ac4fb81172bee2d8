package relation_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/relation"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// mutes are wishes that keep so many items away for good, by an identity of her.
func mutes(who string, n int) []veiviser.Directive {
	list := make([]veiviser.Directive, n)
	for i := range list {
		list[i] = veiviser.Directive{ID: fmt.Sprint(who, i), Kind: veiviser.MuteItem, Target: fmt.Sprint(who, i), Created: noon.Add(-time.Hour)}
	}
	return list
}

func ids(list []veiviser.Directive) (out []string) {
	for i := range list {
		out = append(out, list[i].ID)
	}
	return out
}

// However many wishes keep something away, all of them do when identities are joined; what has ended makes room, and then corrected
// stages.
func TestMergeKeepsEveryBar(t *testing.T) {
	a, b := veiviser.Standing{Directives: mutes("a", 20)}, veiviser.Standing{Directives: mutes("b", 20)}
	a.Directives = append(a.Directives, veiviser.Directive{ID: "word", Kind: veiviser.CorrectStage, Target: "search", Created: noon})
	b.Directives = append(b.Directives, veiviser.Directive{ID: "over", Kind: veiviser.MuteKind, Target: "offer", Created: noon, Expires: noon})
	b.Directives = append(b.Directives, veiviser.Directive{ID: "shy", Kind: veiviser.DoNotProfile, Created: noon})
	relation.Merge(&a, &b, noon)
	got := ids(a.Directives)
	if len(got) != 41 || !slices.Contains(got, "a0") || !slices.Contains(got, "b0") || !slices.Contains(got, "shy") {
		t.Errorf("%d wishes: %v", len(got), got)
	}
	few := veiviser.Standing{Directives: []veiviser.Directive{{ID: "word", Kind: veiviser.CorrectStage, Target: "search", Created: noon}}}
	more := veiviser.Standing{Directives: mutes("c", veiviser.MaxDirectives-1)}
	more.Directives[3].Expires = noon
	relation.Merge(&few, &more, noon)
	if got := ids(few.Directives); len(got) != veiviser.MaxDirectives || !slices.Contains(got, "word") || !slices.Contains(got, "c3") {
		t.Errorf("there is room for what has ended, too: %v", got)
	}
}

// What one identity wished for a shorter time, or until a time that is over, does not shorten what another did.
func TestMergeShortensNoWish(t *testing.T) {
	for _, kind := range []veiviser.DirectiveKind{veiviser.DoNotProfile, veiviser.MuteTopic, veiviser.NotNow} {
		for _, until := range []time.Duration{-time.Second, 0, time.Hour} {
			a := veiviser.Standing{Directives: []veiviser.Directive{{ID: "long", Kind: kind, Created: noon.Add(-2 * time.Hour)}}}
			b := veiviser.Standing{Directives: []veiviser.Directive{
				{ID: "short", Kind: kind, Created: noon.Add(-time.Hour), Expires: noon.Add(until)},
			}}
			relation.Merge(&b, &a, noon)
			if got := ids(b.Directives); !slices.Equal(got, []string{"long"}) {
				t.Errorf("%s until %v: %v", kind, until, got)
			}
		}
	}
}

// Of what two identities said of a stage the later word holds, while it does.
func TestMergeHearsTheLaterWord(t *testing.T) {
	said := func(kind veiviser.DirectiveKind, at, until time.Duration) veiviser.Directive {
		return veiviser.Directive{ID: string(kind), Kind: kind, Subject: "bike", Created: noon.Add(at), Expires: noon.Add(until)}
	}
	looking := said(veiviser.JustLooking, -3*time.Hour, time.Hour)
	for _, tc := range []struct {
		later veiviser.Directive
		want  string
	}{
		{said(veiviser.Decided, -2*time.Hour, time.Minute), "DECIDED"},
		{said(veiviser.CorrectStage, -2*time.Hour, time.Minute), "CORRECT_STAGE"},
		{said(veiviser.Decided, -2*time.Hour, -time.Minute), "JUST_LOOKING"},
		{said(veiviser.Decided, -4*time.Hour, time.Minute), "JUST_LOOKING"},
	} {
		a, b := veiviser.Standing{Directives: []veiviser.Directive{looking}}, veiviser.Standing{Directives: []veiviser.Directive{tc.later}}
		relation.Merge(&a, &b, noon)
		if got := ids(a.Directives); !slices.Equal(got, []string{tc.want}) {
			t.Errorf("%+v: %v", tc.later, got)
		}
	}
}

// A list makes room as joining does; an objection and a pause need none of the others' room.
func TestWishMakesRoom(t *testing.T) {
	s := veiviser.Standing{Directives: mutes("m", veiviser.MaxDirectives-2)}
	set := func(kind veiviser.DirectiveKind, target, subject string) bool {
		t.Helper()
		return relation.Wish(&s, veiviser.Directive{
			ID: fmt.Sprint(kind, target, subject), Kind: kind, Target: target, Subject: subject, Created: noon,
		}, noon)
	}
	s.Directives[0].Expires = noon
	for _, about := range []string{"a", "b", "c"} { // the one that has ended goes for the third
		if !set(veiviser.CorrectStage, "search", about) {
			t.Errorf("no room for a word about %s", about)
		}
	}
	if got := ids(s.Directives); len(got) != veiviser.MaxDirectives || got[0] != "m1" {
		t.Errorf("%d wishes: %v", len(got), got)
	}
	if !set(veiviser.CorrectStage, "purchase", "a") || len(s.Directives) != veiviser.MaxDirectives {
		t.Errorf("a word takes the place of that before about the same: %v", ids(s.Directives))
	}
	for _, channel := range []string{"web", "app", "mail"} { // the words go, the oldest first
		if !set(veiviser.MuteChannel, channel, "") {
			t.Errorf("no room for %s", channel)
		}
	}
	full := slices.Clone(s.Directives)
	if set(veiviser.MuteKind, "offer", "") || set(veiviser.CorrectStage, "search", "d") || !slices.Equal(full, s.Directives) {
		t.Errorf("there is no room: %v", ids(s.Directives))
	}
	if !set(veiviser.MuteChannel, "web", "") {
		t.Error("the same again needs no room")
	}
	for i := range veiviser.MaxDirectives {
		if !set(veiviser.NotNow, "", fmt.Sprint(i)) {
			t.Fatalf("no room for pause %d", i)
		}
	}
	if set(veiviser.NotNow, "", "x") {
		t.Error("there is no end of pauses")
	}
	if !set(veiviser.NotNow, "", "") || !set(veiviser.DoNotProfile, "", "") || set(veiviser.MuteKind, "offer", "") {
		t.Error("a pause from everything and an objection always find room, and give none away")
	}
	if n := len(s.Directives); n != 2*veiviser.MaxDirectives+2 {
		t.Errorf("%d wishes", n)
	}
}

// Words on her stage about one subject contradict one another: the last is the one she means, also of what lies below it. What she
// said of more than that stays.
func TestWishHasOneWordOnAStage(t *testing.T) {
	var s veiviser.Standing
	for i, tc := range []struct{ subject, stay string }{
		{"", "0"}, {"bike", "01"}, {"bike/ebike", "012"}, {"bike/ebike", "013"}, {"parts", "0134"}, {"bike", "045"}, {"bike", "046"}, {"", "7"},
	} {
		kind := []veiviser.DirectiveKind{veiviser.JustLooking, veiviser.Decided, veiviser.CorrectStage}[i%3]
		d := veiviser.Directive{ID: fmt.Sprint(i), Kind: kind, Subject: tc.subject, Created: noon}
		if got := relation.Wish(&s, d, noon); !got || strings.Join(ids(s.Directives), "") != tc.stay {
			t.Fatalf("after word %d about %q: %v", i, tc.subject, ids(s.Directives))
		}
	}
}

// A word that one identity said later takes the place of what another said of less, and leaves what that said of more.
func TestMergeHearsTheLaterWordOfLess(t *testing.T) {
	word := func(id, subject string, at time.Duration) veiviser.Directive {
		return veiviser.Directive{ID: id, Kind: veiviser.Decided, Subject: subject, Created: noon.Add(at)}
	}
	a := veiviser.Standing{Directives: []veiviser.Directive{word("all", "", -4), word("ebike", "bike/ebike", -2)}}
	b := veiviser.Standing{Directives: []veiviser.Directive{word("kids", "bike/kids", -3), word("bike", "bike", -1)}}
	relation.Merge(&a, &b, noon)
	if got := ids(a.Directives); !slices.Equal(got, []string{"all", "bike"}) {
		t.Error(got)
	}
}
