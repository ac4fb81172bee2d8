package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/planpb"
	"github.com/veiviser/veiviser/internal/relation"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// samplePlan is the bundled plan that is published when nothing else is.
const samplePlan = "sykkel"

// author is whom plans are published by that nobody but the server published.
const author = "server"

// publish brings the library up to date and publishes the plan that the configuration names, or the sample plan when
// nothing is published yet. A plan that takes away what a switch needs that is on is not published. While the store is away the configured plan answers, and published is false: keepPublished
// does the rest. The sample plan does not answer for whatever somebody published before.
func (a *App) publish(ctx context.Context) (published bool, err error) {
	var own *veiviser.Plan
	if a.cfg.Plan != "" {
		if own, err = readPlan(a.cfg.Plan); err != nil {
			return false, err
		}
	}
	err = a.bootstrap(ctx, own)
	switch {
	case !away(err):
		return err == nil, err
	case own == nil:
		return false, nil
	default:
		return false, a.library.Assume(own)
	}
}

// away reports whether err says that the store cannot be reached now.
func away(err error) bool {
	k := veiviser.KindOf(err)
	return err != nil && (k == veiviser.KindUnavailable || k == veiviser.KindDeadline)
}

// bootstrap publishes own, or without one the sample plan when nothing is published.
func (a *App) bootstrap(ctx context.Context, own *veiviser.Plan) error {
	if err := a.library.Refresh(ctx); err != nil {
		return err
	}
	name := a.cfg.Plan
	if own == nil {
		if a.library.Active() != nil {
			return nil
		}
		var err error
		if own, err = readPlan(samplePlan); err != nil {
			return err
		}
		name = samplePlan
	}
	err := a.library.Bootstrap(ctx, own, author, "published at start from "+name)
	if veiviser.ReasonOf(err) == veiviser.ReasonSwitchNeeds { // silence goes on, and so does everything else
		a.log.ErrorContext(ctx, "the plan is not published: the last one goes on answering", "plan", name, "error", err)
		return nil
	}
	return listed(err)
}

// publishEvery is how often it is looked whether a plan has to be published.
const publishEvery = time.Second

// keepPublished publishes at last what could not be published at the start, and again what a store has lost that was
// emptied, until ctx ends. Answers go on all the while. Links that were left half done are finished as soon as there is
// a plan to do it by.
func (a *App) keepPublished(ctx context.Context, published bool) {
	if published {
		a.store.FinishLinks(ctx)
	}
	ticker := time.NewTicker(publishEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		switch {
		case !published:
			if a.store.Ping(ctx) != nil {
				continue
			}
			var err error
			if published, err = a.publish(ctx); err != nil {
				a.log.ErrorContext(ctx, "the plan can not be published", "error", err)
			}
			if published {
				a.store.FinishLinks(ctx)
			}
		case a.library.Lost():
			snap := a.library.Active()
			a.log.ErrorContext(ctx, "the store was emptied: the last plan is published again", "plan_version", snap.Version)
			if _, err := a.library.Publish(ctx, snap.Plan, 0, author, "published again after the store was emptied"); err != nil {
				a.log.ErrorContext(ctx, "the plan can not be published", "error", err)
			}
		}
	}
}

// merge makes one person of two, in the words of the plan that answers now. What holds between either and the shop holds for
// both; when one of them is not to be profiled nothing is known of the other any more.
func (a *App) merge(into, from *veiviser.Visitor) {
	snap := a.library.Active()
	now, standing := time.Now(), into.Standing.Clone()
	relation.Merge(&standing, &from.Standing, now)
	if snap == nil { // a link that is found half done before there is a plan
		into.Standing = standing
		return
	}
	relation.Together(snap.Relation, &standing)
	twice := relation.CountedTwice(into, from)
	snap.Stages.Merge(into, from)
	twice.TakeFrom(into)
	into.Standing = standing
	if !snap.Profiled(&standing, now) {
		*into = *into.Unprofiled()
	}
}

// keepVisitors is how long the plan that answers now has visitors remembered; 0 before there is one.
func (a *App) keepVisitors() time.Duration {
	if snap := a.library.Active(); snap != nil {
		return snap.Policy.VisitorTTL
	}
	return 0
}

// readPlan reads and validates a bundled plan, or a folder of YAML; everything wrong is listed with file and line.
func readPlan(name string) (*veiviser.Plan, error) {
	folder, err := planFolder(name)
	if err != nil {
		return nil, err
	}
	message, sources, err := planpb.ReadFS(folder)
	if err != nil {
		return nil, listed(err)
	}
	p := planpb.FromProto(message)
	if violations := plan.Validate(p); len(violations) > 0 {
		return nil, listed(&veiviser.Error{
			Kind: veiviser.KindInvalid, Reason: veiviser.ReasonInvalidPlan, Message: "the plan " + name + " is not valid",
			Violations: sources.Locate(violations),
		})
	}
	return p, nil
}

// planFolder is the folder of that name, or else the bundled plan.
func planFolder(name string) (fs.FS, error) {
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return os.DirFS(name), nil
	}
	if slices.Contains(planpb.Bundles(), name) {
		return planpb.Bundle(name)
	}
	return nil, fmt.Errorf("plan: %q is neither a folder nor one of the bundled plans (%s)", name, strings.Join(planpb.Bundles(), ", "))
}

// listed gives an error with every violation on a line of its own, for the terminal.
func listed(err error) error {
	e, ok := errors.AsType[*veiviser.Error](err)
	if !ok || len(e.Violations) == 0 {
		return err
	}
	lines := make([]string, 0, len(e.Violations)+1)
	lines = append(lines, e.Message+":")
	for _, v := range e.Violations {
		lines = append(lines, "  "+v.String())
	}
	return errors.New(strings.Join(lines, "\n"))
}
