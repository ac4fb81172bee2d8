package plan

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Bounds of switches.
const (
	// MaxSwitchesOn is how many switches may be on at once.
	MaxSwitchesOn = 64
	// maxSwitchesOver is how many that are over are kept; beyond it those that have been over longest are forgotten.
	maxSwitchesOver = 1000
	maxTopicBytes   = 128
)

// switched is the snapshot with switches that are on.
func (s *Snapshot) switched(on []veiviser.Switch) *Snapshot {
	if s == nil || len(s.Switches) == 0 && len(on) == 0 || len(on) > 0 && len(s.Switches) == len(on) && &s.Switches[0] == &on[0] {
		return s
	}
	next := *s
	next.Switches = on
	return &next
}

// followSwitches reads the switches when something was done with one.
func (l *Library) followSwitches(ctx context.Context, was, now *followed) error {
	if now.head.Switches == was.head.Switches {
		return nil
	}
	all, err := l.store.Switches(ctx)
	if err != nil {
		return err
	}
	now.switches = switchesOn(all)
	return nil
}

// switchesOn are those that are on, the oldest first, without their history, which no answer depends upon.
func switchesOn(all []veiviser.Switch) []veiviser.Switch {
	var on []veiviser.Switch
	for i := range all {
		if !all[i].Over {
			s := all[i]
			s.History, s.Author, s.Note = nil, "", ""
			on = append(on, s)
		}
	}
	slices.SortFunc(on, func(a, b veiviser.Switch) int {
		if d := a.Created.Compare(b.Created); d != 0 {
			return d
		}
		return strings.Compare(a.ID, b.ID)
	})
	return on
}

// Switches are all switches with their history: those that are on first, the newest first. At most 64 are on, and at most 1,000
// that are over are kept. Errors are those of the store.
func (l *Library) Switches(ctx context.Context) ([]veiviser.Switch, error) {
	all, err := l.store.Switches(ctx)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b veiviser.Switch) int {
		switch {
		case a.Over != b.Over && b.Over:
			return -1
		case a.Over != b.Over:
			return 1
		case !a.Created.Equal(b.Created):
			return b.Created.Compare(a.Created)
		default:
			return strings.Compare(a.ID, b.ID)
		}
	})
	return all, nil
}

// CheckSwitch says what is wrong with a switch that somebody wants to set, or gives it as it would be. Errors: KindInvalid with
// INVALID_FIELD, NotFound with UNKNOWN_ITEM, UNKNOWN_SEGMENT or UNKNOWN_TOPIC, KindExists with SWITCH_EXISTS, KindPrecondition with
// NO_PLAN_PUBLISHED, and those of the store.
func (l *Library) CheckSwitch(ctx context.Context, s veiviser.Switch, author, note string) (veiviser.Switch, error) {
	all, err := l.store.Switches(ctx)
	if err != nil {
		return s, err
	}
	return l.wanted(&s, all, author, note)
}

// wanted is a switch that somebody wants to set as it would be, beside all that there are.
func (l *Library) wanted(s *veiviser.Switch, all []veiviser.Switch, author, note string) (veiviser.Switch, error) {
	snap := l.Active()
	if snap == nil {
		return *s, noPlan()
	}
	now := l.clock().UTC().Truncate(time.Millisecond)
	if err := snap.checkSwitch(s, now); err != nil {
		return *s, err
	}
	set := veiviser.Switch{
		ID: s.ID, Topic: s.Topic, Region: s.Region, Segment: s.Segment, Statement: s.Statement, Resume: snap.Crisis.Resume, Created: now,
		Author: author, Note: note, History: []veiviser.SwitchChange{{Time: now, Author: author, Note: note}},
	}
	if i := slices.IndexFunc(all, func(o veiviser.Switch) bool { return o.ID == s.ID }); i >= 0 {
		return setAgain(&set, all[i])
	}
	return set, nil
}

// SetSwitch silences what a switch is about, and swaps the snapshot of this replica; the others follow within two seconds. One of
// the same id and content that is on already is given as it is when nothing of it has come back, and is else set back to where
// nothing has. Errors: those of [Library.CheckSwitch], KindExhausted with SWITCH_LIMIT.
func (l *Library) SetSwitch(ctx context.Context, s veiviser.Switch, author, note string) (veiviser.Switch, error) {
	if err := l.Refresh(ctx); err != nil {
		return s, err
	}
	if s.ID == "" {
		s.ID = newSwitchID()
	}
	for try := 1; ; try++ {
		all, err := l.store.Switches(ctx)
		if err != nil {
			return s, err
		}
		set, err := l.wanted(&s, all, author, note)
		if err != nil || slices.ContainsFunc(all, func(o veiviser.Switch) bool { return o.ID == set.ID && len(o.History) == len(set.History) }) {
			return set, err // it is so already
		}
		err = l.store.PutSwitch(ctx, set, MaxSwitchesOn, forgettable(all))
		if veiviser.KindOf(err) == veiviser.KindConflict && try < maxTries {
			continue
		}
		if err != nil {
			return set, err
		}
		l.log.InfoContext(ctx, "a switch was set", "switch", set.ID, "topic", set.Topic, "region", set.Region, "segment", set.Segment,
			"statement", set.Statement, "author", author, "note", note)
		l.catchUp(ctx)
		return set, nil
	}
}

// newSwitchID is an id for a switch that came without one.
func newSwitchID() string {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails
	return "sw-" + hex.EncodeToString(b[:])
}

// setAgain is what there is already under the id of s, if it is on and says the same, with nothing of it back.
func setAgain(s *veiviser.Switch, was veiviser.Switch) (veiviser.Switch, error) {
	exists := func(format string, args ...any) error {
		e := veiviser.Failed(veiviser.KindExists, veiviser.ReasonSwitchExists, nil, format, args...)
		e.Violations = []veiviser.Violation{{Field: "switch.switch_id", Message: e.Message}}
		return e
	}
	switch {
	case was.Topic != s.Topic || was.Region != s.Region || was.Segment != s.Segment || was.Statement != s.Statement:
		return was, exists("there is a switch %q that says something else: choose another id", s.ID)
	case was.Over:
		return was, exists("the switch %q is over: choose another id to set it again", s.ID)
	case was.Stage > 0:
		was.Stage, was.Resumed = 0, time.Time{}
		was.History = append(was.History, s.History...)
	}
	return was, nil
}

// forgettable are the ids of switches that have been over longest, beyond how many are kept.
func forgettable(all []veiviser.Switch) []string {
	over := slices.DeleteFunc(slices.Clone(all), func(s veiviser.Switch) bool { return !s.Over })
	if len(over) < maxSwitchesOver {
		return nil
	}
	slices.SortFunc(over, func(a, b veiviser.Switch) int { return a.Resumed.Compare(b.Resumed) })
	var ids []string
	for _, s := range over[:len(over)-maxSwitchesOver+1] {
		ids = append(ids, s.ID)
	}
	return ids
}

// ResumeSwitch takes a switch one of its resume stages further back, or with all to the end of all. It is over when
// everything may be shown to everybody again: in a last stage without kinds and share, or with the step beyond the last stage.
// Errors: NotFound with UNKNOWN_SWITCH, KindPrecondition with SWITCH_OVER, KindConflict when others change it all the while, and
// those of the store.
func (l *Library) ResumeSwitch(ctx context.Context, id string, all bool, author, note string) (veiviser.Switch, error) {
	if err := l.Refresh(ctx); err != nil {
		return veiviser.Switch{}, err
	}
	for try := 1; ; try++ {
		list, err := l.store.Switches(ctx)
		if err != nil {
			return veiviser.Switch{}, err
		}
		i := slices.IndexFunc(list, func(o veiviser.Switch) bool { return o.ID == id })
		if i < 0 {
			return veiviser.Switch{}, veiviser.NotFound(veiviser.ReasonUnknownSwitch, "switch_id", "there is no switch %q", id)
		}
		s := list[i]
		if s.Over {
			return s, veiviser.Failed(veiviser.KindPrecondition, veiviser.ReasonSwitchOver, nil, "the switch %q is over already", id)
		}
		forward(&s, all)
		s.Resumed = l.clock().UTC().Truncate(time.Millisecond)
		s.History = append(s.History, veiviser.SwitchChange{Time: s.Resumed, Author: author, Note: note, Stage: s.Stage, Over: s.Over})
		err = l.store.PutSwitch(ctx, s, MaxSwitchesOn, nil)
		if veiviser.KindOf(err) == veiviser.KindConflict && all && try < maxTries {
			continue // whoever else resumed it: two steps at once is what nobody asked for, but all is all
		}
		if err != nil {
			return s, err
		}
		l.log.InfoContext(ctx, "a switch was resumed", "switch", s.ID, "stage", s.Stage, "over", s.Over, "author", author, "note", note)
		l.catchUp(ctx)
		return s, nil
	}
}

// forward moves a switch one stage on, or to the end.
func forward(s *veiviser.Switch, all bool) {
	if all || s.Stage >= len(s.Resume) {
		s.Stage, s.Over = len(s.Resume), true
		return
	}
	s.Stage++
	last := &s.Resume[s.Stage-1]
	s.Over = s.Stage == len(s.Resume) && len(last.Kinds) == 0 && (last.Share == 0 || last.Share == 1)
}
