package main

import (
	"context"
	"errors"
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
	simulated
}

// simulateCmds are the simulations there are.
type simulateCmds struct {
	Learning      simulateCmd      `cmd:"" default:"withargs" help:"How well the service learns what to show, beside others; what simulate does by itself."`
	Relationships relationshipsCmd `cmd:"" help:"How it treats people from the first order on: complaints, handover, loyalty."`
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
