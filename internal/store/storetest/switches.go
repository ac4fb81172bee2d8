package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Switches keeps what was silenced.
type Switches interface {
	PutSwitch(ctx context.Context, s veiviser.Switch, limit int, forget []string) error
	Switches(ctx context.Context) ([]veiviser.Switch, error)
}

var switchTests = map[string]func(scope){
	"SwitchesAreKept":     testSwitches,
	"SwitchesAreCompared": testSwitchRace,
	"SwitchesAreLimited":  testSwitchLimit,
}

func someSwitch(id string) veiviser.Switch {
	return veiviser.Switch{
		ID: id, Topic: "bike/ebike", Region: "øst: {*}", Segment: "families", Statement: "holding",
		Resume:  []veiviser.ResumeStage{{ID: "help", Kinds: []veiviser.ItemKind{veiviser.KindService}, Share: 0.5}, {ID: "all"}},
		Created: start, Author: "kari", Note: "første\n",
		History: []veiviser.SwitchChange{{Time: start, Author: "kari", Note: "første\n"}},
	}
}

// on goes one stage further.
func further(s veiviser.Switch, over bool) veiviser.Switch {
	s.Stage, s.Over, s.Resumed = s.Stage+1, over, start.Add(time.Hour)
	s.History = append(slices.Clone(s.History), veiviser.SwitchChange{Time: s.Resumed, Author: "ola", Stage: s.Stage, Over: over})
	return s
}

func (b *bench) switches() []veiviser.Switch {
	list, err := b.Switches(b.ctx())
	b.must(err)
	slices.SortFunc(list, func(a, b veiviser.Switch) int { return strings.Compare(a.ID, b.ID) })
	return list
}

func testSwitches(t scope) {
	b := open(t.T, t.target)
	if list := b.switches(); len(list) != 0 {
		t.Fatalf("an empty store: %+v", list)
	}
	one, two := someSwitch("one"), someSwitch("two")
	b.must(b.PutSwitch(b.ctx(), one, 64, nil))
	b.must(b.PutSwitch(b.ctx(), two, 64, nil))
	one = further(one, false)
	b.must(b.PutSwitch(b.ctx(), one, 64, nil))
	if d := cmp.Diff([]veiviser.Switch{one, two}, b.switches(), cmpopts.EquateEmpty()); d != "" {
		t.Error(d)
	}
	h, err := b.Head(b.ctx())
	b.must(err)
	if d := cmp.Diff(veiviser.Head{Switches: 3}, h); d != "" {
		t.Error(d)
	}
	two = further(two, true)
	b.must(b.PutSwitch(b.ctx(), two, 64, nil))
	b.must(b.PutSwitch(b.ctx(), someSwitch("three"), 64, []string{"two"}))
	if list := b.switches(); len(list) != 2 || list[1].ID != "three" {
		t.Errorf("kept %+v", list)
	}
}

// Of several who do something with a switch as it was, one does.
func testSwitchRace(t scope) {
	b := open(t.T, t.target)
	b.must(b.PutSwitch(b.ctx(), someSwitch("one"), 64, nil))
	b.wantReason(b.PutSwitch(b.ctx(), someSwitch("one"), 64, nil), veiviser.ReasonConcurrentChange)
	b.wantReason(b.PutSwitch(b.ctx(), further(someSwitch("other"), false), 64, nil), veiviser.ReasonConcurrentChange)
	var wg sync.WaitGroup
	won := make(chan int, 8)
	for i := range 8 {
		wg.Go(func() {
			s := further(someSwitch("one"), false)
			s.History[1].Author = fmt.Sprint(i)
			if b.PutSwitch(b.ctx(), s, 64, nil) == nil {
				won <- i
			}
		})
	}
	wg.Wait()
	close(won)
	winner, n := -1, 0
	for i := range won {
		winner, n = i, n+1
	}
	if list := b.switches(); n != 1 || len(list) != 1 || list[0].History[1].Author != fmt.Sprint(winner) {
		t.Errorf("%d won, kept %+v", n, list)
	}
}

// Only so many are on; those that are over, and those that are on already, do not count against it.
func testSwitchLimit(t scope) {
	b := open(t.T, t.target)
	for i := range 3 {
		b.must(b.PutSwitch(b.ctx(), someSwitch(fmt.Sprint("s", i)), 3, nil))
	}
	b.wantReason(b.PutSwitch(b.ctx(), someSwitch("more"), 3, nil), veiviser.ReasonSwitchLimit)
	b.must(b.PutSwitch(b.ctx(), further(someSwitch("s0"), false), 3, nil))
	b.wantReason(b.PutSwitch(b.ctx(), someSwitch("more"), 3, nil), veiviser.ReasonSwitchLimit)
	b.must(b.PutSwitch(b.ctx(), further(someSwitch("s1"), true), 3, nil))
	b.must(b.PutSwitch(b.ctx(), someSwitch("more"), 3, nil))
}
