package learn

import (
	"time"

	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// open makes Visitor a copy of what was loaded, or a new person.
func (f *Folded) open(loaded *veiviser.Loaded) {
	if f.Visitor != nil {
		return
	}
	if f.Visitor = loaded.Visitor.Clone(); f.Visitor == nil {
		f.Visitor = &veiviser.Visitor{ID: loaded.VisitorID}
	}
}

// profiled reports whether what she does may be remembered, and when it may not forgets what was.
func (f *Folded) profiled(snap *plan.Snapshot, now time.Time) bool {
	v := f.Visitor
	if snap.Profiled(&v.Standing, now) {
		return true
	}
	if !v.HasProfile() {
		return false
	}
	before, was := memberOf(v), v.Standing
	*v, f.Forget = *v.Unprofiled(), true
	if steps := veiviser.JoinedSteps(&v.Standing, &was); before.Known || len(steps) > 0 { // she leaves her rung, too
		f.Log = append(f.Log, veiviser.LogEntry{Time: now, Before: before, Steps: steps})
	}
	return false
}

// Forget is what becomes of a person of whom more is remembered than may be: nothing but her standing is left. There is no
// Visitor when that is so already.
func Forget(snap *plan.Snapshot, loaded *veiviser.Loaded, now time.Time) Folded {
	var f Folded
	if loaded.Visitor == nil || !loaded.Visitor.HasProfile() || snap.Profiled(&loaded.Visitor.Standing, now) {
		return f
	}
	f.open(loaded)
	f.profiled(snap, now)
	return f
}

// memberOf is where a person was counted last.
func memberOf(v *veiviser.Visitor) veiviser.Membership {
	return veiviser.Membership{Segments: v.Segments, Stage: v.Stage, Known: v.Events > 0}
}
