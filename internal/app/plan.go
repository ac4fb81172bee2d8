package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/planpb"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// samplePlan is the bundled plan that is published when nothing else is.
const samplePlan = "sykkel"

// publish brings the library up to date and publishes the plan that the configuration names, or the sample plan when
// nothing is published yet.
func (a *App) publish(ctx context.Context) error {
	a.library = plan.NewLibrary(a.store, a.log)
	if err := a.library.Refresh(ctx); err != nil {
		return fmt.Errorf("the store: %w", err)
	}
	if a.cfg.Plan == "" && a.library.Active() != nil {
		return nil
	}
	name := a.cfg.Plan
	if name == "" {
		name = samplePlan
	}
	p, err := readPlan(name)
	if err != nil {
		return err
	}
	return listed(a.library.Bootstrap(ctx, p, "server", "published at start from "+name))
}

// merge makes one history of two, in the words of the plan that answers now.
func (a *App) merge(into, from *veiviser.Visitor) {
	if snap := a.library.Active(); snap != nil {
		snap.Stages.Merge(into, from)
	}
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
