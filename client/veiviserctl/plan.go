package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"github.com/veiviser/veiviser/client"
	"github.com/veiviser/veiviser/internal/planpb"
	"github.com/veiviser/veiviser/internal/veiviser"
)

type planCmd struct {
	Validate planValidateCmd `cmd:"" help:"Say everything that is wrong with a plan, with file and line."`
	Diff     planDiffCmd     `cmd:"" help:"Show what publishing a plan would change."`
	Evaluate planEvaluateCmd `cmd:"" help:"Say by logged decisions what a plan would earn, before it is published."`
	Publish  planPublishCmd  `cmd:"" help:"Make a plan the active one."`
	Rollback planRollbackCmd `cmd:"" help:"Make an earlier version the active one again."`
	Get      planGetCmd      `cmd:"" help:"Fetch a published plan as YAML."`
	Versions planVersionsCmd `cmd:"" help:"List what was published."`
}

// planDir names a plan that is not published.
type planDir struct {
	Dir string `arg:"" help:"Folder of YAML, or the name of a plan that comes with the service (sykkel, marketplace)."`
}

// read reads the plan. Mistakes of form are printed and errNo.
func (d planDir) read(s *session) (*veiviserv1.Plan, *planpb.Sources, error) {
	var fsys fs.FS
	if info, err := os.Stat(d.Dir); err == nil && info.IsDir() {
		fsys = os.DirFS(d.Dir)
	} else if fsys, err = planpb.Bundle(d.Dir); err != nil {
		return nil, nil, usage("%s is neither a folder nor a plan that comes with the service (%s)", d.Dir, strings.Join(planpb.Bundles(), ", "))
	}
	p, sources, err := planpb.ReadFS(fsys)
	var e *veiviser.Error
	if errors.As(err, &e) && len(e.Violations) > 0 {
		v := make([]*veiviserv1.PlanViolation, len(e.Violations))
		for i := range e.Violations {
			v[i] = &veiviserv1.PlanViolation{Field: e.Violations[i].Field, Message: e.Violations[i].Message}
		}
		if s.JSON {
			return nil, nil, no(s.printJSON(&veiviserv1.ValidatePlanResponse{Violations: v}))
		}
		for _, v := range e.Violations {
			fmt.Fprintln(s.std.out, v.String())
		}
		fmt.Fprintln(s.std.out, plural(len(v), "violation"))
		return nil, nil, errNo
	}
	if err != nil {
		return nil, nil, usageError{err}
	}
	return p, sources, nil
}

// check reads the plan and asks the service what it thinks of it.
func (d planDir) check(ctx context.Context, s *session) (*veiviserv1.ValidatePlanResponse, *planpb.Sources, error) {
	p, sources, err := d.read(s)
	if err != nil {
		return nil, nil, err
	}
	cl, err := s.dial()
	if err != nil {
		return nil, nil, err
	}
	out, err := cl.ValidatePlan(ctx, &veiviserv1.ValidatePlanRequest{Plan: p})
	return out, sources, err
}

type planValidateCmd struct{ planDir }

// Run prints violations, or that there are none.
func (c *planValidateCmd) Run(ctx context.Context, s *session) error {
	out, sources, err := c.check(ctx, s)
	if err != nil {
		return err
	}
	if s.JSON {
		err = s.printJSON(out)
	} else {
		printViolations(s.std.out, out.GetViolations(), sources)
		if len(out.GetViolations()) == 0 {
			fmt.Fprintf(s.std.out, "the plan can be published; it changes %s\n", plural(len(out.GetChanges()), "thing"))
		}
	}
	if len(out.GetViolations()) > 0 {
		return no(err)
	}
	return err
}

type planDiffCmd struct{ planDir }

// Run prints changes.
func (c *planDiffCmd) Run(ctx context.Context, s *session) error {
	out, sources, err := c.check(ctx, s)
	if err != nil {
		return err
	}
	if s.JSON {
		err = s.printJSON(out)
	} else {
		printChanges(s.std.out, out.GetChanges())
		printViolations(s.std.out, out.GetViolations(), sources)
	}
	if len(out.GetViolations()) > 0 {
		return no(err)
	}
	return err
}

type planPublishCmd struct {
	planDir
	Author          string `help:"Who publishes." env:"USER"`
	Note            string `help:"Why."`
	ExpectedVersion string `help:"Publish only if this version is still the active one."`
	SkipGate        bool   `help:"Publish even if the gate of the active plan would not let this one pass; say why in --note."`
}

// Run publishes and prints the new version.
func (c *planPublishCmd) Run(ctx context.Context, s *session) error {
	p, sources, err := c.read(s)
	if err != nil {
		return err
	}
	cl, err := s.dial()
	if err != nil {
		return err
	}
	out, err := cl.PublishPlan(ctx, &veiviserv1.PublishPlanRequest{
		Plan: p, ExpectedVersion: c.ExpectedVersion, Author: c.Author, Note: c.Note, SkipGate: c.SkipGate,
	})
	if err != nil {
		return mistakes(s, err, sources)
	}
	return s.printVersion(out, out.GetVersion(), "published")
}

// mistakes prints what is wrong with a plan when that is why a call failed, and else gives the error.
func mistakes(s *session, err error, sources *planpb.Sources) error {
	e, ok := errors.AsType[*client.Error](err)
	if !ok || !errors.Is(err, client.ErrInvalidPlan) {
		return err
	}
	violations := make([]*veiviserv1.PlanViolation, len(e.Violations))
	for i, v := range e.Violations {
		violations[i] = &veiviserv1.PlanViolation{Field: v.Field, Message: v.Message}
	}
	printViolations(s.std.out, violations, sources)
	return errNo
}

type planRollbackCmd struct {
	Version         string `arg:"" optional:"" help:"The version to go back to; the one before the active one if not given."`
	ExpectedVersion string `help:"Roll back only if this version is still the active one."`
}

// Run rolls back and prints the version that answers now.
func (c *planRollbackCmd) Run(ctx context.Context, s *session) error {
	cl, err := s.dial()
	if err != nil {
		return err
	}
	out, err := cl.RollBackPlan(ctx, &veiviserv1.RollBackPlanRequest{Version: c.Version, ExpectedVersion: c.ExpectedVersion})
	if err != nil {
		return err
	}
	return s.printVersion(out, out.GetVersion(), "active again")
}

type planGetCmd struct {
	Version string `help:"The version; the active one if not given."`
	Out     string `help:"Write plan.yaml into this folder." type:"path"`
}

// Run prints a plan, or writes it.
func (c *planGetCmd) Run(ctx context.Context, s *session) error {
	cl, err := s.dial()
	if err != nil {
		return err
	}
	out, err := cl.GetPlan(ctx, &veiviserv1.GetPlanRequest{Version: c.Version})
	if err != nil {
		return err
	}
	if s.JSON && c.Out == "" {
		return s.printJSON(out)
	}
	text, err := planpb.Marshal(out.GetPlan())
	if err != nil {
		return err
	}
	if c.Out == "" {
		_, err = s.std.out.Write(text)
		return err
	}
	name := filepath.Join(c.Out, "plan.yaml")
	if err := os.MkdirAll(c.Out, 0o750); err != nil {
		return usageError{err}
	}
	if err := os.WriteFile(name, text, 0o600); err != nil {
		return usageError{err}
	}
	fmt.Fprintf(s.std.out, "version %s written to %s\n", out.GetVersion().GetVersion(), name)
	return nil
}

type planVersionsCmd struct {
	Limit int32 `help:"How many, the newest first." default:"20"`
}

// Run lists versions.
func (c *planVersionsCmd) Run(ctx context.Context, s *session) error {
	cl, err := s.dial()
	if err != nil {
		return err
	}
	out := &veiviserv1.ListPlanVersionsResponse{}
	for v, err := range cl.PlanVersions(ctx, &veiviserv1.ListPlanVersionsRequest{PageSize: min(c.Limit, 1000)}) {
		if err != nil {
			return err
		}
		if out.Versions = append(out.Versions, v); len(out.Versions) == int(c.Limit) {
			break
		}
	}
	if s.JSON {
		return s.printJSON(out)
	}
	t := table{rows: [][]string{{">version", "", "published", "name", "author", ">changes", "note"}}}
	for _, v := range out.GetVersions() {
		active := ""
		if v.GetActive() {
			active = "active"
		}
		t.add(v.GetVersion(), active, when(v.GetPublishTime()), orDash(v.GetName()), orDash(v.GetAuthor()), fmt.Sprint(len(v.GetChanges())), v.GetNote())
	}
	t.print(s.std.out, "")
	return nil
}

func printViolations(w io.Writer, violations []*veiviserv1.PlanViolation, sources *planpb.Sources) {
	for _, v := range violations {
		fmt.Fprintln(w, veiviser.Violation{Field: v.GetField(), Message: v.GetMessage(), Position: sources.Position(v.GetField())}.String())
	}
	if len(violations) > 0 {
		fmt.Fprintln(w, plural(len(violations), "violation"))
	}
}

func printChanges(w io.Writer, changes []*veiviserv1.PlanChange) {
	for _, c := range changes {
		switch c.GetKind() {
		case veiviserv1.PlanChangeKind_PLAN_CHANGE_KIND_ADDED:
			fmt.Fprintf(w, "+ %s: %s\n", c.GetPath(), c.GetAfter())
		case veiviserv1.PlanChangeKind_PLAN_CHANGE_KIND_REMOVED:
			fmt.Fprintf(w, "- %s: %s\n", c.GetPath(), c.GetBefore())
		default:
			fmt.Fprintf(w, "~ %s: %s → %s\n", c.GetPath(), c.GetBefore(), c.GetAfter())
		}
	}
	fmt.Fprintln(w, plural(len(changes), "change"))
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
