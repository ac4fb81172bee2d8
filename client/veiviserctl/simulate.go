package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/veiviser/veiviser/internal/eval/simulate"
	"github.com/veiviser/veiviser/internal/eval/simulate/product"
	"github.com/veiviser/veiviser/internal/planpb"
	"github.com/veiviser/veiviser/internal/veiviser"
)

type simulateCmd struct {
	Plan      string `help:"Folder of YAML, or the name of a plan that comes with the service (sykkel, marketplace)." default:"sykkel" placeholder:"PLAN"`
	Visits    int    `help:"How many visits every policy decides." default:"20000"`
	Seed      uint64 `help:"Decides who comes, what luck they have, and what the items are worth." default:"1"`
	Placement string `short:"p" help:"Placement that is decided for." default:"product_side" placeholder:"PLACEMENT"`
	HTML      string `help:"Write a report with curves and the flow between stages into this file." name:"html" type:"path" placeholder:"FILE"`
}

// Help explains the figures.
func (c *simulateCmd) Help() string {
	return `Lets the service decide for a simulated audience whose truth is known, beside policies to compare it with: one that knows
everything, LinUCB, Thompson sampling, the best fixed item, and chance. veiviser is the service as the plan says,
veiviser-orders the same when it learns from orders alone, plan-only the plan when nothing is learned.

Regret is in orders delivered right that were lost against knowing everything. All policies meet the same buyers with the
same luck; the same plan, visits and seed give the same bytes. The audience is made up: it says how well the service learns,
not what your shop will sell. Nobody is in a control group.

  veiviserctl simulate --plan ./plan --seed 2 --html report.html

It takes minutes. A file that simulate did not write is never overwritten.`
}

// simulateMark begins the pages that simulate writes, so that it never overwrites any other.
const simulateMark = "<!-- Written by veiviserctl simulate. -->\n"

// Run simulates and reports.
func (c *simulateCmd) Run(ctx context.Context, s *session) error {
	if c.Visits < 1 {
		return usage("--visits is at least 1")
	}
	if err := c.mayWrite(); err != nil {
		return err
	}
	message, _, err := planDir{Dir: c.Plan}.read(s)
	if err != nil {
		return err
	}
	plan := planpb.FromProto(message)
	formats, err := c.formats(plan)
	if err != nil {
		return err
	}
	ours, err := product.Policies(plan, c.Placement)
	if err != nil {
		return err
	}
	shop := simulate.ShopOf(plan, formats...)
	if len(shop.Arms) == 0 {
		return usage("--placement %s: the plan has no item that could be shown there", c.Placement)
	}
	world := simulate.NewWorld(shop, c.Seed)
	bar := s.progress(-1, "deciding", "")
	r, err := simulate.Run(ctx, simulate.Config{
		World: world, Visits: c.Visits, Seed: c.Seed, Policies: append(simulate.Comparators(world, c.Seed), ours...),
		Title:  "Simulation of " + filepath.Base(c.Plan),
		Source: "placement " + c.Placement,
	}, func(done, total int) {
		bar.ChangeMax(total)
		_ = bar.Set(done) // what it fails to draw is no loss
	})
	_ = bar.Finish() // as above
	if errors.Is(err, context.Canceled) {
		return errors.New("interrupted")
	}
	if err != nil {
		return asUsage(err)
	}
	return c.print(s, r)
}

// formats are those of the placement.
func (c *simulateCmd) formats(plan *veiviser.Plan) ([]string, error) {
	names := make([]string, len(plan.Placements))
	for i := range plan.Placements {
		if plan.Placements[i].ID == c.Placement {
			return plan.Placements[i].Formats, nil
		}
		names[i] = plan.Placements[i].ID
	}
	return nil, usage("--placement %s is not in the plan, which has %s", c.Placement, strings.Join(names, ", "))
}

// mayWrite says before the work begins whether the report can be written where it is wanted.
func (c *simulateCmd) mayWrite() error {
	if c.HTML == "" {
		return nil
	}
	old, err := os.ReadFile(c.HTML)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return usage("--html: %w", err)
	case !bytes.HasPrefix(old, []byte(simulateMark)):
		return usage("--html %s is there already and not from simulate; give another name", c.HTML)
	}
	return nil
}

// print writes the report where it is wanted.
func (c *simulateCmd) print(s *session, r *simulate.Result) error {
	if s.JSON {
		if err := r.JSON(s.std.out); err != nil {
			return err
		}
	} else {
		r.Text(s.std.out)
	}
	if c.HTML == "" {
		return nil
	}
	var page bytes.Buffer
	page.WriteString(simulateMark)
	if err := r.HTML(&page); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(c.HTML), 0o750); err != nil {
		return usageError{err}
	}
	if err := os.WriteFile(c.HTML, page.Bytes(), 0o600); err != nil {
		return usageError{err}
	}
	fmt.Fprintf(s.std.err, "report written to %s\n", c.HTML)
	return nil
}
