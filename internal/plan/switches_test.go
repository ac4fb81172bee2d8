package plan

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/veiviser"
)

func (s *fakeStore) Switches(ctx context.Context) ([]veiviser.Switch, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	var out []veiviser.Switch
	for _, w := range s.switches {
		out = append(out, through(s, w))
	}
	return out, nil
}

func (s *fakeStore) PutSwitch(ctx context.Context, w veiviser.Switch, limit int, forget []string) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	old, had := s.switches[w.ID]
	if len(old.History) != len(w.History)-1 {
		return veiviser.Failed(veiviser.KindConflict, veiviser.ReasonConcurrentChange, nil, "changed")
	}
	on := 0
	for _, x := range s.switches {
		if !x.Over {
			on++
		}
	}
	if !had && on >= limit {
		return veiviser.Failed(veiviser.KindExhausted, veiviser.ReasonSwitchLimit, nil, "too many")
	}
	for _, id := range forget {
		delete(s.switches, id)
	}
	s.switches[w.ID] = through(s, w)
	s.head.Switches++
	return nil
}

// switchLibraries are two replicas of one store with a plan.
func switchLibraries(t *testing.T) (a, b *Library) {
	t.Helper()
	store := newFakeStore(t)
	a, b = NewLibrary(store, nil), NewLibrary(store, nil)
	p := &veiviser.Plan{
		Name: "p", Languages: []string{"en"},
		Segments:   []veiviser.Segment{{ID: "families", Name: veiviser.Text{"en": "F"}, Rule: "true"}},
		Placements: []veiviser.Placement{{ID: "home", Formats: []string{"card"}}, {ID: "sale", Kinds: []veiviser.ItemKind{veiviser.KindOffer}, Formats: []string{"card"}}},
		Items: []veiviser.Item{
			{ID: "fjord", Kind: veiviser.KindOffer, Topics: []string{"bike/ebike"}, Status: veiviser.StatusLive, Representations: card()},
			{ID: "guide", Kind: veiviser.KindContent, Topics: []string{"helmet"}, Status: veiviser.StatusLive, Representations: card()},
			{ID: "holding", Kind: veiviser.KindService, Status: veiviser.StatusLive, Rule: "false", Representations: card()},
			{ID: "draft", Kind: veiviser.KindService, Status: veiviser.StatusDraft, Representations: card()},
			{ID: "later", Kind: veiviser.KindService, Status: veiviser.StatusLive, Start: time.Now().Add(time.Hour), Representations: card()},
			{ID: "news", Kind: veiviser.KindService, Status: veiviser.StatusLive, Audiences: []string{"press"}, Representations: card()},
		},
	}
	store.mu.Lock()
	store.versions = append(store.versions, veiviser.PlanVersion{Version: 1, Plan: *p})
	store.activate(1)
	store.mu.Unlock()
	for _, l := range []*Library{a, b} {
		if err := l.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return a, b
}

func card() []veiviser.Representation {
	return []veiviser.Representation{{Format: "card", Language: "en", Title: "x"}}
}

func TestSwitchIsFollowed(t *testing.T) {
	a, b := switchLibraries(t)
	ctx := t.Context()
	catalog := a.Active().Catalog
	set, err := a.SetSwitch(ctx, veiviser.Switch{ID: "battery", Topic: "bike/*", Statement: "holding"}, "kari", "recall")
	if err != nil {
		t.Fatal(err)
	}
	if set.Topic != "bike" || set.Author != "kari" || len(set.History) != 1 || set.History[0].Note != "recall" {
		t.Errorf("set %+v", set)
	}
	again, err := a.SetSwitch(ctx, veiviser.Switch{ID: "battery", Topic: "bike", Statement: "holding"}, "ola", "")
	if err != nil || cmp.Diff(set, again) != "" {
		t.Errorf("set again: %v, %s", err, cmp.Diff(set, again))
	}
	if err := b.Refresh(ctx); err != nil {
		t.Fatal(err)
	}
	for name, l := range map[string]*Library{"the one": a, "the other": b} {
		on := l.Active().Switches
		if len(on) != 1 || on[0].ID != "battery" || on[0].History != nil || on[0].Note != "" {
			t.Errorf("%s replica: %+v", name, on)
		}
	}
	if a.Active().Catalog != catalog {
		t.Error("the catalogue was made anew for a switch")
	}
	for i, want := range []struct {
		stage int
		over  bool
	}{{1, false}, {2, false}, {3, true}} {
		got, err := b.ResumeSwitch(ctx, "battery", false, "ola", fmt.Sprint(i))
		if err != nil || got.Stage != want.stage || got.Over != want.over || len(got.History) != i+2 || got.Resumed.IsZero() {
			t.Errorf("resumed %+v, %v", got, err)
		}
	}
	if err := a.Refresh(ctx); err != nil || len(a.Active().Switches) != 0 {
		t.Errorf("%v, still on: %+v", err, a.Active().Switches)
	}
	_, err = a.ResumeSwitch(ctx, "battery", true, "", "")
	if veiviser.ReasonOf(err) != veiviser.ReasonSwitchOver {
		t.Errorf("resumed what is over: %v", err)
	}
	_, err = a.SetSwitch(ctx, veiviser.Switch{ID: "battery", Topic: "bike", Statement: "holding"}, "", "")
	if veiviser.ReasonOf(err) != veiviser.ReasonSwitchExists {
		t.Errorf("set what is over: %v", err)
	}
	list, err := a.Switches(ctx)
	if err != nil || len(list) != 1 || len(list[0].History) != 4 {
		t.Errorf("listed %+v, %v", list, err)
	}
}

func TestSwitchesThatCannotBe(t *testing.T) {
	a, _ := switchLibraries(t)
	for name, tt := range map[string]struct {
		s      veiviser.Switch
		reason veiviser.Reason
		field  string
	}{
		"about nothing":    {veiviser.Switch{}, veiviser.ReasonInvalidField, "switch.topic"},
		"bad id":           {veiviser.Switch{ID: "A b", Topic: "x"}, veiviser.ReasonInvalidField, "switch.switch_id"},
		"long topic":       {veiviser.Switch{Topic: strings.Repeat("x", 129)}, veiviser.ReasonInvalidField, "switch.topic"},
		"long region":      {veiviser.Switch{Region: strings.Repeat("x", 129)}, veiviser.ReasonInvalidField, "switch.region"},
		"no such topic":    {veiviser.Switch{Topic: "bkie"}, veiviser.ReasonUnknownTopic, "switch.topic"},
		"topic's case":     {veiviser.Switch{Topic: "Bike/ebike"}, veiviser.ReasonUnknownTopic, "switch.topic"},
		"slash at the end": {veiviser.Switch{Topic: "bike/ebike/"}, veiviser.ReasonInvalidField, "switch.topic"},
		"slash in front":   {veiviser.Switch{Topic: "/bike/ebike"}, veiviser.ReasonInvalidField, "switch.topic"},
		"control in topic": {veiviser.Switch{Topic: "a\x00b"}, veiviser.ReasonInvalidField, "switch.topic"},
		"only control":     {veiviser.Switch{Region: "\a"}, veiviser.ReasonInvalidField, "switch.region"},
		"only space":       {veiviser.Switch{Region: " "}, veiviser.ReasonInvalidField, "switch.topic"},
		"selling instead":  {veiviser.Switch{Topic: "bike", Statement: "fjord"}, veiviser.ReasonInvalidField, "switch.statement_item_id"},
		"no such segment":  {veiviser.Switch{Segment: "x"}, veiviser.ReasonUnknownSegment, "switch.segment"},
		"no such item":     {veiviser.Switch{Topic: "bike", Statement: "x"}, veiviser.ReasonUnknownItem, "switch.statement_item_id"},
		"draft statement":  {veiviser.Switch{Topic: "bike", Statement: "draft"}, veiviser.ReasonInvalidField, "switch.statement_item_id"},
		"for some only":    {veiviser.Switch{Topic: "bike", Statement: "news"}, veiviser.ReasonInvalidField, "switch.statement_item_id"},
		"future statement": {veiviser.Switch{Topic: "bike", Statement: "later"}, veiviser.ReasonInvalidField, "switch.statement_item_id"},
	} {
		_, err := a.SetSwitch(t.Context(), tt.s, "", "")
		e, ok := errors.AsType[*veiviser.Error](err)
		if !ok || e.Reason != tt.reason || len(e.Violations) != 1 || e.Violations[0].Field != tt.field {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := a.ResumeSwitch(t.Context(), "x", false, "", ""); veiviser.ReasonOf(err) != veiviser.ReasonUnknownSwitch {
		t.Errorf("resumed nothing: %v", err)
	}
	for i := range MaxSwitchesOn {
		if _, err := a.SetSwitch(t.Context(), veiviser.Switch{Region: fmt.Sprint(i)}, "", ""); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.SetSwitch(t.Context(), veiviser.Switch{Region: "one more"}, "", ""); veiviser.ReasonOf(err) != veiviser.ReasonSwitchLimit {
		t.Errorf("one too many: %v", err)
	}
	if n := len(a.Active().Switches); n != MaxSwitchesOn {
		t.Errorf("%d on", n)
	}
}

func TestSilences(t *testing.T) {
	a, _ := switchLibraries(t)
	snap, now := a.Active(), time.Now()
	items, empty := snap.Silences(&veiviser.Switch{Topic: "bike", Statement: "holding"}, now)
	if d := cmp.Diff([]string{"fjord"}, items) + cmp.Diff([]string{"sale"}, empty); d != "" {
		t.Error(d)
	}
	items, empty = snap.Silences(&veiviser.Switch{Region: "oslo"}, now)
	slices.Sort(items)
	if d := cmp.Diff([]string{"fjord", "guide", "news"}, items) + cmp.Diff([]string{"home", "sale"}, empty); d != "" {
		t.Error(d)
	}
}
