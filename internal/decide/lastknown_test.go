package decide

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// somebody has a standing, under two ids.
func somebody(id string, s veiviser.Standing) *veiviser.Visitor {
	return &veiviser.Visitor{ID: id, LinkedIDs: []string{id + "-app"}, Standing: s}
}

func muted(topic string) veiviser.Standing {
	return veiviser.Standing{Directives: []veiviser.Directive{{ID: "w-" + topic, Kind: veiviser.MuteTopic, Target: topic, Created: noon}}}
}

func TestBinding(t *testing.T) {
	said := func(purpose string, granted bool) veiviser.Consent {
		return veiviser.Consent{Purpose: purpose, Granted: granted, Version: "2", Source: "phone", Time: noon}
	}
	open := veiviser.Case{ID: "c", Cause: veiviser.CaseComplaint, Subject: ebike, Opened: noon}
	v := somebody("ada", veiviser.Standing{
		Directives: []veiviser.Directive{
			{ID: "1", Kind: veiviser.NotNow, Expires: noon},
			{ID: "2", Kind: veiviser.MuteChannel, Target: "mail"},
			{ID: "3", Kind: veiviser.CorrectStage, Target: "purchase"},
		},
		Consents: []veiviser.Consent{said("mail", false), said("app", false), said("app", true), said("sms", true)},
		Cases:    []veiviser.Case{{ID: "old", Resolved: noon}, open},
		Contacts: []veiviser.Contact{{ItemID: "x"}}, Facts: []veiviser.Fact{{Product: "x"}}, Account: "acme",
	})
	got, binds := binding(v, noon)
	want := veiviser.Standing{
		Directives: v.Standing.Directives[1:2], Consents: []veiviser.Consent{{Purpose: "mail", Time: noon}}, Cases: []veiviser.Case{open},
	}
	if d := cmp.Diff(want, got); d != "" || !binds {
		t.Errorf("binds %v; %s", binds, d)
	}
	for name, v := range map[string]*veiviser.Visitor{
		"nobody": nil, "free": somebody("ada", veiviser.Standing{}),
		"no more": somebody("ada", veiviser.Standing{Directives: v.Standing.Directives[:1], Consents: v.Standing.Consents[1:], Cases: v.Standing.Cases[:1]}),
	} {
		if got, binds := binding(v, noon); binds || !got.IsZero() {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestLastKnown(t *testing.T) {
	k := newLastKnown(100)
	knows := func(id string, at time.Time) bool { return !cmp.Equal(k.standing(id, at), veiviser.Standing{}) }
	k.meet("ada-app", somebody("ada", muted("bike")), noon)
	if !knows("ada", noon) || !knows("ada-app", noon.Add(knownFor)) || knows("ada", noon.Add(knownFor+1)) || knows("eva", noon) {
		t.Error("known under her ids, for a day")
	}
	k.meet("ada", somebody("ada", veiviser.Standing{}), noon.Add(-time.Second))
	if !knows("ada", noon) {
		t.Error("what was read earlier undid what was met later")
	}
	k.meet("ada-app", &veiviser.Visitor{ID: "ada-app"}, noon) // of a link that is gone
	if knows("ada", noon) || knows("ada-app", noon) || len(k.people) != 0 || k.size != 0 {
		t.Error("who has nothing that binds is kept")
	}
	k.meet("ada", somebody("ada", muted("bike")), noon)
	if k.meet("ada-app", nil, noon); knows("ada", noon) || k.recent.Len() != 0 {
		t.Error("who was erased is kept")
	}
	k.meet("eva", somebody("eva", muted("bike")), noon)
	k.meet("ada", somebody("ada", muted("bike")), noon.Add(knownFor+1))
	if len(k.people) != 2 {
		t.Errorf("%d ids are kept, some for longer than a day", len(k.people))
	}
}

// However many are met, no more is kept than there is room for, the ones met last; and no text of anybody's record is held on to.
func TestLastKnownIsBounded(t *testing.T) {
	k := newLastKnown(30)
	for i := range 1000 {
		id := fmt.Sprint("v", i)
		k.meet(id, somebody(id, muted("bike")), noon)
		if len(k.people) > 30 || k.size > 30 || k.size != 3*k.recent.Len() {
			t.Fatalf("%d ids, size %d of %d people", len(k.people), k.size, k.recent.Len())
		}
	}
	if got := k.standing("v999", noon); got.IsZero() || !cmp.Equal(k.standing("v900", noon), veiviser.Standing{}) {
		t.Errorf("not the last ones: %+v", got)
	}
	large := muted("bike")
	large.Directives = slices.Repeat(large.Directives, 40)
	if k.meet("ada", somebody("ada", large), noon); k.size > 30 {
		t.Errorf("size %d", k.size)
	}
}

func TestLastKnownNamesNobody(t *testing.T) {
	k := newLastKnown(100)
	k.meet("ada-lovelace", &veiviser.Visitor{ID: "ada-lovelace", LinkedIDs: []string{"countess"}, Standing: muted("bike")}, noon)
	for e := k.recent.Front(); e != nil; e = e.Next() {
		if text := fmt.Sprintf("%+v", *person(e)); strings.Contains(text, "lovelace") || strings.Contains(text, "countess") {
			t.Error(text)
		}
	}
}

func TestLastKnownConcurrently(t *testing.T) {
	k := newLastKnown(50)
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			for i := range 500 {
				id := fmt.Sprint("v", (i*7+n)%40)
				switch i % 3 {
				case 0:
					k.meet(id, somebody(id, muted("bike")), noon)
				case 1:
					k.meet(id, somebody(id, veiviser.Standing{}), noon)
				default:
					if s := k.standing(id, noon); len(s.Directives) > 1 {
						t.Errorf("%+v", s)
					}
				}
			}
		})
	}
	wg.Wait()
	size := 0
	for e := k.recent.Front(); e != nil; e = e.Next() {
		size += person(e).size()
	}
	if size != k.size || size > 50 || len(k.people) != 2*k.recent.Len() {
		t.Errorf("size %d, counted %d; %d ids of %d people", k.size, size, len(k.people), k.recent.Len())
	}
}

// Who has nothing that binds, as nearly everybody, is met for next to nothing.
func BenchmarkLastKnownOfTheFree(b *testing.B) {
	k, v := newLastKnown(mostKnown), &veiviser.Visitor{ID: "ada"}
	k.meet("eva", somebody("eva", muted("bike")), noon)
	b.ReportAllocs()
	for b.Loop() {
		k.meet("ada", v, noon)
	}
}
