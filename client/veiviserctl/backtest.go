package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/veiviser/veiviser/internal/eval"
	"github.com/veiviser/veiviser/internal/veiviser"
)

type backtestCmd struct {
	logFlags

	Target    []string `help:"Event types whose chance later in the visit is judged; all but views that the journey forecasts if not given." placeholder:"TYPE"`
	Folds     int      `help:"Do not judge the plan as it is: fit it on all visitors but one of N shares, judge it on these, for every share." placeholder:"N"`
	Resamples int      `help:"How many times visitors are drawn again for the intervals." default:"200"`
	Out       string   `help:"Write report.html, report.txt and report.json into this folder." type:"path" placeholder:"DIR"`
}

// Help explains the figures.
func (c *backtestCmd) Help() string {
	return `Walks logs in the order of time. After every event the journey says, from what happened up to then, how likely an event
of each target type comes later in the same visit (30 minutes of silence end it, or the plan's visit_gap), and what comes
next. What happened then is the judge.

` + fieldsHelp + `

  veiviserctl backtest --plan fitted --journey shopping --events events.csv.gz --target cart_add,purchase --json \
    --columns visitor_id=user_id,item_id=item_id,subject=category_id,type=behavior,time=timestamp --time-unit s \
    --types pv=view,fav=save,cart=cart_add,buy=purchase

A plan is not to be judged by visitors it was fitted on: fit with --only 0-3/5 and judge with --only 4/5, or let --folds
do both for every share.`
}

// Run walks and reports.
func (c *backtestCmd) Run(ctx context.Context, s *session) error {
	if c.Resamples < 0 || c.Folds < 0 || c.Folds == 1 || c.Folds > 100 {
		return usage("--resamples is at least 0, --folds 2 to 100")
	}
	plan, err := c.plan(s)
	if err != nil {
		return err
	}
	l, err := c.log(ctx, s)
	if err != nil {
		return err
	}
	tally, err := c.walk(ctx, s, l, plan)
	if err != nil {
		return asUsage(err)
	}
	bar := s.progress(-1, "drawing visitors again", "")
	resamples := c.Resamples
	if resamples == 0 {
		resamples = -1
	}
	report := tally.Report(eval.ReportOptions{
		Resamples: resamples, Seed: c.Seed, Title: "Backtest of " + c.Journey, Source: c.source(l), StageNames: stageNames(plan, c.Journey),
		Progress: func(done, total int) {
			bar.ChangeMax(total)
			_ = bar.Set(done) // what it fails to draw is no loss
		},
	})
	_ = bar.Finish() // as above
	return c.print(s, report)
}

// walk judges the plan as it is, or what fits of it make of visitors they did not see.
func (c *backtestCmd) walk(ctx context.Context, s *session, l *eval.Log, plan *veiviser.Plan) (*eval.Tally, error) {
	what := "walking"
	bar := s.progress(-1, what, "visitors")
	defer func() { _ = bar.Finish() }() // what it fails to draw is no loss
	show := func(now string, done, total int) {
		if now != what {
			what = now
			bar.Describe(what)
		}
		bar.ChangeMax(total)
		_ = bar.Set(done) // as above
	}
	o := eval.BacktestOptions{
		Journey: c.Journey, Targets: c.Target, Progress: func(done, total int) { show("walking", done, total) },
	}
	if c.Folds == 0 {
		return eval.Backtest(ctx, l, plan, o)
	}
	return eval.CrossBacktest(ctx, l, plan, o, eval.FitOptions{Journey: c.Journey, Seed: c.Seed, Scratch: c.Scratch}, c.Folds, show)
}

func (c *backtestCmd) source(l *eval.Log) string {
	names := make([]string, len(c.Events))
	for i, name := range c.Events {
		names[i] = filepath.Base(name)
	}
	source := fmt.Sprintf("%s, %s to %s; plan %s", strings.Join(names, ", "), l.From.Format("2006-01-02"), l.To.Format("2006-01-02"), filepath.Base(c.Plan))
	if c.Only != "" {
		source += "; visitors " + c.Only
	}
	if c.Folds > 0 {
		source += fmt.Sprintf(", fitted anew for each of %d shares of the visitors on the others", c.Folds)
	}
	return source
}

// stageNames are the names of a journey's stages for people.
func stageNames(plan *veiviser.Plan, journey string) []string {
	var names []string
	for i := range plan.Journeys {
		if j := &plan.Journeys[i]; j.ID == journey {
			for k := range j.Stages {
				name := j.Stages[k].Name.In("en")
				if name == "" {
					name = j.Stages[k].ID
				}
				names = append(names, name)
			}
		}
	}
	return names
}

// print writes the report where it is wanted.
func (c *backtestCmd) print(s *session, r *eval.Report) error {
	asJSON, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	asJSON = append(asJSON, '\n')
	var text, page strings.Builder
	r.Text(&text)
	out := text.String()
	if s.JSON {
		out = string(asJSON)
	}
	if _, err := s.std.out.Write([]byte(out)); err != nil || c.Out == "" {
		return err
	}
	if err := r.HTML(&page); err != nil {
		return err
	}
	if err := os.MkdirAll(c.Out, 0o750); err != nil {
		return usageError{err}
	}
	for name, content := range map[string]string{"report.txt": text.String(), "report.json": string(asJSON), "report.html": page.String()} {
		if err := os.WriteFile(filepath.Join(c.Out, name), []byte(content), 0o600); err != nil {
			return usageError{err}
		}
	}
	fmt.Fprintf(s.std.err, "report written to %s\n", filepath.Join(c.Out, "report.html"))
	return nil
}
