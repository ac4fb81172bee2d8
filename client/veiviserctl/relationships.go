package main

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"

	"github.com/veiviser/veiviser/internal/eval/simulate/bonds"
	"github.com/veiviser/veiviser/internal/eval/simulate/product"
	"github.com/veiviser/veiviser/internal/planpb"
)

type relationshipsCmd struct {
	Plan      string `help:"Folder of YAML, or the name of a plan that comes with the service (sykkel, marketplace)." default:"sykkel" placeholder:"PLAN"`
	People    int    `help:"How many people there are." default:"1500"`
	Days      int    `help:"Over how many days they are followed, at least 90. They come first within the first half." default:"540"`
	Seed      uint64 `help:"Decides who comes and what luck they have." default:"1"`
	Placement string `short:"p" help:"Placement that is decided for." default:"product_side" placeholder:"PLACEMENT"`
	simulated
}

// Help explains the figures.
func (c *relationshipsCmd) Help() string {
	return `Lets the service look after simulated people whose truth is known: they order, wait, get what they ordered in time, late or wrong,
complain or leave without a word, come back or not. veiviser is the service as the plan says, unrelated the same plan without
what it says about relationships, ad-server that with offers before everything else, and the oracle knows what works.

What leading people back after a complaint truly brings is known, since the same people live through the same time twice more: all
led back, and nobody. Beside it stands the service's own estimate from its control, with its interval. All meet the same people
with the same luck; the same plan, people, days and seed give the same bytes. The people are made up: they show whether the service
does what it should and finds out what is true, not what your shop will sell.

  veiviserctl simulate relationships --plan ./plan --html report.html

It takes a minute or two. A file that simulate did not write is never overwritten.`
}

// Run simulates and reports.
func (c *relationshipsCmd) Run(ctx context.Context, s *session) error {
	if c.People < 1 {
		return usage("--people is at least 1")
	}
	if c.Days < 90 {
		return usage("--days is at least 90")
	}
	if err := c.mayWrite(); err != nil {
		return err
	}
	message, _, err := planDir{Dir: c.Plan}.read(s)
	if err != nil {
		return err
	}
	config, err := product.Relationships(planpb.FromProto(message), c.Placement, c.Seed)
	if err != nil {
		return asUsage(err)
	}
	config.People, config.Days, config.Workers = c.People, c.Days, runtime.GOMAXPROCS(0)
	config.Title, config.Source = "Relationships under "+filepath.Base(c.Plan), "placement "+c.Placement
	bar := s.progress(-1, "living", "")
	r, err := bonds.Run(ctx, config, func(done, total int) {
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
