package plan

import (
	"context"
	"fmt"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Check says everything that is wrong with p, and what publishing it would change in the active plan.
func (l *Library) Check(p *veiviser.Plan) ([]veiviser.Violation, []veiviser.PlanChange) {
	return Validate(p), Diff(planOf(l.Active()), p)
}

// planOf is the plan of a snapshot; an empty one for none.
func planOf(s *Snapshot) *veiviser.Plan {
	if s == nil {
		return &veiviser.Plan{}
	}
	return s.Plan
}

// maxTries is how often something is tried again because somebody else published meanwhile.
const maxTries = 4

// Publish makes p the active plan, as a new version, and swaps the snapshot of this replica. A plan that equals the active
// one is not published again: the answer is the active version as it is. Expected, when not 0, is the version that must
// still be the active one. Errors: KindInvalid with INVALID_PLAN and every violation, KindConflict with PLAN_CHANGED,
// KindPrecondition with SWITCH_NEEDS when a switch that is on needs what p takes away, and those of the store; after KindUnavailable or KindDeadline the plan may have been published all the same.
func (l *Library) Publish(ctx context.Context, p *veiviser.Plan, expected uint64, author, note string) (veiviser.PlanVersion, error) {
	if violations := Validate(p); len(violations) > 0 {
		return veiviser.PlanVersion{}, invalidPlan(violations)
	}
	if _, err := Compile(0, p); err != nil {
		return veiviser.PlanVersion{}, err
	}
	for try := 1; ; try++ {
		v, err := l.publish(ctx, p, expected, author, note)
		// Somebody else was faster, and the caller does not care who: the difference is to be told anew.
		if expected == 0 && try < maxTries && veiviser.ReasonOf(err) == veiviser.ReasonPlanChanged {
			continue
		}
		return v, err
	}
}

func (l *Library) publish(ctx context.Context, p *veiviser.Plan, expected uint64, author, note string) (veiviser.PlanVersion, error) {
	if err := l.Refresh(ctx); err != nil {
		return veiviser.PlanVersion{}, err
	}
	active := l.published()
	if err := l.expect(active, expected); err != nil {
		return veiviser.PlanVersion{}, err
	}
	v := veiviser.PlanVersion{
		Plan: *p, Published: time.Now().UTC(), Author: author, Note: note, Active: true, Changes: Diff(planOf(active), p),
	}
	var must uint64
	if active != nil {
		if len(v.Changes) == 0 {
			return l.store.PlanVersion(ctx, active.Version)
		}
		must = active.Version
	}
	err := l.keepSwitches(p)
	if err != nil {
		return veiviser.PlanVersion{}, err
	}
	if v.Version, err = l.store.SavePlan(ctx, v, must); err != nil {
		return veiviser.PlanVersion{}, err
	}
	l.catchUp(ctx)
	return v, nil
}

// published is the active snapshot as far as the store knows of it, too.
func (l *Library) published() *Snapshot {
	if l.state.Load().head.Active == 0 {
		return nil
	}
	return l.Active()
}

// catchUp refreshes after a write that is done: when it fails, Run will do it.
func (l *Library) catchUp(ctx context.Context) {
	if err := l.Refresh(ctx); err != nil {
		l.log.Warn("what was written is not yet followed", "error", err)
	}
}

// expect compares the active version with the one a caller expects, 0 for any.
func (l *Library) expect(active *Snapshot, expected uint64) error {
	switch {
	case expected == 0 || active != nil && active.Version == expected:
		return nil
	case active == nil:
		return planChanged(expected, "no plan")
	default:
		return planChanged(expected, fmt.Sprintf("version %d", active.Version))
	}
}

func planChanged(expected uint64, now string) error {
	e := veiviser.Failed(veiviser.KindConflict, veiviser.ReasonPlanChanged, nil,
		"version %d is not the active plan any more, %s is", expected, now)
	e.Violations = []veiviser.Violation{{Field: "expected_version", Message: e.Message}}
	return e
}

func invalidPlan(violations []veiviser.Violation) *veiviser.Error {
	msg := "the plan has a mistake"
	if n := len(violations); n > 1 {
		msg = fmt.Sprintf("the plan has %d mistakes", n)
	}
	return &veiviser.Error{
		Kind: veiviser.KindInvalid, Reason: veiviser.ReasonInvalidPlan, Message: msg, Violations: violations,
	}
}

// RollBack makes an earlier version the active one again, 0 for the one that was active before. Answers name that version
// again; its Changes in the answer are what going back changed. Rolling back to the active version changes nothing.
// Expected is as for [Library.Publish]. Errors: NotFound with UNKNOWN_PLAN_VERSION, KindPrecondition with
// NO_PLAN_PUBLISHED or SWITCH_NEEDS, KindConflict with PLAN_CHANGED, those of [Compile], and those of the store.
func (l *Library) RollBack(ctx context.Context, version, expected uint64) (veiviser.PlanVersion, error) {
	for try := 1; ; try++ {
		v, err := l.rollBack(ctx, version, expected)
		if expected == 0 && try < maxTries && veiviser.ReasonOf(err) == veiviser.ReasonPlanChanged {
			continue
		}
		return v, err
	}
}

func (l *Library) rollBack(ctx context.Context, version, expected uint64) (veiviser.PlanVersion, error) {
	var none veiviser.PlanVersion
	if err := l.Refresh(ctx); err != nil {
		return none, err
	}
	active := l.published()
	if active == nil {
		return none, noPlan()
	}
	if err := l.expect(active, expected); err != nil {
		return none, err
	}
	version, err := l.earlier(ctx, active, version)
	if err != nil {
		return none, err
	}
	v, err := l.store.PlanVersion(ctx, version)
	if err != nil {
		return v, err
	}
	if version == active.Version {
		v.Changes = nil // those of its publication: going back changed nothing
		return v, nil
	}
	if _, err := Compile(version, &v.Plan); err != nil {
		return none, err
	}
	if err := l.keepSwitches(&v.Plan); err != nil {
		return none, err
	}
	if err := l.store.ActivatePlan(ctx, version, active.Version); err != nil {
		return none, err
	}
	l.catchUp(ctx)
	v.Active, v.Changes = true, Diff(active.Plan, &v.Plan)
	return v, nil
}

// earlier is the version to go back to: the one named, the one active before, or the newest below.
func (l *Library) earlier(ctx context.Context, active *Snapshot, version uint64) (uint64, error) {
	if version != 0 {
		return version, nil
	}
	if before := l.state.Load().head.Previous; before != 0 {
		return before, nil
	}
	list, err := l.store.PlanVersions(ctx, active.Version, 1)
	if err != nil {
		return 0, err
	}
	if len(list) == 0 {
		return 0, veiviser.NotFound(veiviser.ReasonUnknownVersion, "version", "no version was active before version %d", active.Version)
	}
	return list[0].Version, nil
}

func noPlan() error {
	return veiviser.Failed(veiviser.KindPrecondition, veiviser.ReasonNoPlan, nil, "no plan is published yet")
}

// Segments are those of the plan that answers now, in its order; KindPrecondition with NO_PLAN_PUBLISHED before there is
// one. It does not wait for the store. The caller must not change what it gets.
func (l *Library) Segments() ([]veiviser.Segment, error) {
	active := l.Active()
	if active == nil {
		return nil, noPlan()
	}
	return active.Plan.Segments, nil
}

// Version is a published plan; 0 is the active one.
func (l *Library) Version(ctx context.Context, n uint64) (veiviser.PlanVersion, error) {
	if n == 0 {
		active := l.Active()
		if active == nil {
			return veiviser.PlanVersion{}, noPlan()
		}
		n = active.Version
	}
	return l.store.PlanVersion(ctx, n)
}

// Versions are at most limit versions below before (0: all), newest first, without their plans.
func (l *Library) Versions(ctx context.Context, before uint64, limit int) ([]veiviser.PlanVersion, error) {
	return l.store.PlanVersions(ctx, before, limit)
}

// Bootstrap publishes p as author when nothing is published, or when it differs from what the same author published last.
// What others published since stays active as long as p is the same: a restart with the same plan changes nothing.
func (l *Library) Bootstrap(ctx context.Context, p *veiviser.Plan, author, note string) error {
	const page = 50
	for before := uint64(0); ; {
		list, err := l.store.PlanVersions(ctx, before, page)
		if err != nil {
			return err
		}
		for i := range list {
			if list[i].Author != author {
				continue
			}
			v, err := l.store.PlanVersion(ctx, list[i].Version)
			if err != nil {
				return err
			}
			if len(Diff(&v.Plan, p)) == 0 {
				return l.Refresh(ctx)
			}
			list = nil
			break
		}
		if len(list) < page {
			_, err := l.Publish(ctx, p, 0, author, note)
			return err
		}
		before = list[len(list)-1].Version
	}
}
