package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"github.com/veiviser/veiviser/internal/eval"
	"github.com/veiviser/veiviser/internal/planpb"
	"github.com/veiviser/veiviser/internal/veiviser"
)

type fitCmd struct {
	logFlags

	Out        string `required:"" help:"Write the plan with the fitted journey into this folder." type:"path" placeholder:"DIR"`
	Iterations int    `help:"Most rounds of fitting the stages." default:"30"`
	Fresh      bool   `help:"Begin anew, also when an interrupted fit could be taken up."`
}

// Help explains what is fitted.
func (c *fitCmd) Help() string {
	return `Fits the transitions, the likelihoods of signals and the times of a journey, and its forecast of the rest of a visit, to
event logs of any size; see the package documentation of internal/stage/fit for the formulas. What the plan says counts
as so many observations, so little data moves it little. The plan is written with a new version of the journey, which
says what it was fitted from and how it does on visitors that were held out. Look at it with "plan diff", publish it with
"plan publish".

` + fieldsHelp + `

  veiviserctl fit --plan marketplace --journey shopping --events events.csv.gz --out fitted --time-unit s \
    --columns visitor_id=user_id,item_id=item_id,subject=category_id,type=behavior,time=timestamp \
    --types pv=view,fav=save,cart=cart_add,buy=purchase

The same logs, plan and seed give the same plan. A fit that was interrupted goes on when the command is given again.`
}

// checkpointName is where a fit under way is kept; plans pass over names that begin with a dot.
const checkpointName = ".fit.json"

// savedFit is a fit under way, and what it is a fit of.
type savedFit struct {
	Of         string
	Checkpoint eval.Checkpoint
}

// Run fits and writes.
func (c *fitCmd) Run(ctx context.Context, s *session) error {
	if c.Iterations < 1 || c.MaxEvents < 1 {
		return usage("--iterations and --max-events are at least 1")
	}
	plan, err := c.plan(s)
	if err != nil {
		return err
	}
	if err := c.prepare(); err != nil {
		return err
	}
	l, err := c.log(ctx, s)
	if err != nil {
		return err
	}
	of, err := c.fingerprint(l, plan)
	if err != nil {
		return err
	}
	o := eval.FitOptions{
		Journey: c.Journey, Seed: c.Seed, Scratch: c.Scratch, Source: c.source(), Iterations: c.Iterations, Start: c.resume(of),
		Checkpoint: func(p eval.Checkpoint) error { return c.save(savedFit{Of: of, Checkpoint: p}) },
	}
	if o.Start != nil {
		fmt.Fprintf(s.std.err, "going on after round %d of an interrupted fit\n", o.Start.Iteration)
	}
	what := "fitting"
	bar := s.progress(-1, what, "")
	o.Progress = func(now string, done, total int) {
		if now != what {
			what = now
			bar.Describe(what)
		}
		bar.ChangeMax(total)
		_ = bar.Set(done) // what it fails to draw is no loss
	}
	fitting, err := eval.Fit(ctx, l, plan, o)
	_ = bar.Finish() // as above
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("interrupted; the same command goes on from the last finished round of fitting the stages")
	}
	if err != nil {
		return asUsage(err)
	}
	if err := c.write(fitting.Plan); err != nil {
		return err
	}
	_ = os.Remove(filepath.Join(c.Out, checkpointName)) // it may not be there
	return c.print(s, fitting)
}

// prepare makes the folder, which must not hold another plan: all YAML in a folder is one plan.
func (c *fitCmd) prepare() error {
	if err := os.MkdirAll(c.Out, 0o750); err != nil {
		return usageError{err}
	}
	return filepath.WalkDir(c.Out, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return usageError{err}
		}
		_, ours := planParts[d.Name()]
		ours = ours && filepath.Dir(name) == filepath.Clean(c.Out) && fromFit(name)
		ext := filepath.Ext(name)
		switch {
		case name != c.Out && strings.HasPrefix(d.Name(), "."): // plans pass over it
			if d.IsDir() {
				return fs.SkipDir
			}
		case !d.IsDir() && (ext == ".yaml" || ext == ".yml") && !ours:
			return usage("--out %s holds %s, which is not from a fit; give a folder of its own", c.Out, name)
		}
		return nil
	})
}

// fitMark begins the files that a fit writes, so that it never overwrites any other.
const fitMark = "# Written by veiviserctl fit.\n"

// fromFit reports whether a fit wrote the file.
func fromFit(name string) bool {
	data, err := os.ReadFile(name)
	return err == nil && strings.HasPrefix(string(data), fitMark)
}

// planParts are the files that a plan is written into.
var planParts = map[string]func(all, part *veiviserv1.Plan){
	"journeys.yaml": func(all, part *veiviserv1.Plan) { part.Journeys, all.Journeys = all.GetJourneys(), nil },
	"items.yaml":    func(all, part *veiviserv1.Plan) { part.Items, all.Items = all.GetItems(), nil },
	"plan.yaml":     nil, // the rest
}

func (c *fitCmd) write(plan *veiviser.Plan) error {
	all := planpb.ToProto(plan)
	for _, name := range []string{"journeys.yaml", "items.yaml", "plan.yaml"} {
		part := &veiviserv1.Plan{}
		if take := planParts[name]; take != nil {
			take(all, part)
		} else {
			part = all
		}
		text, err := planpb.Marshal(part)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(c.Out, name), append([]byte(fitMark), text...), 0o600); err != nil {
			return usageError{err}
		}
	}
	return nil
}

func (c *fitCmd) source() string {
	names := make([]string, len(c.Events))
	for i, name := range c.Events {
		names[i] = filepath.Base(name)
	}
	source := strings.Join(names, ", ")
	if c.Only != "" {
		source += ", visitors " + c.Only
	}
	return source
}

// fingerprint tells one fit from another: what was read, the plan, and what was asked for.
func (c *fitCmd) fingerprint(l *eval.Log, plan *veiviser.Plan) (string, error) {
	asJSON, err := json.Marshal(plan)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s %s %d %d %d %s %v", asJSON, c.Journey, c.Seed, c.Iterations, c.MaxEvents, c.Only, c.Scratch)
	fmt.Fprintf(h, "%d %d %d %v %v", l.Rows, l.Events, l.NumVisitors(), l.From, l.To)
	var e veiviser.Event
	for i := range l.NumVisitors() {
		for k := range l.NumEvents(i) {
			l.Event(i, k, &e)
			fmt.Fprintf(h, "%q %d %q %q %q %q %v %v\n", e.VisitorID, e.Time.UnixNano(), e.Type, e.Subject, e.ItemID, e.Channel, e.Value, e.Attributes)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// resume finds a fit of the same that was interrupted, nil for none.
func (c *fitCmd) resume(of string) *eval.Checkpoint {
	var saved savedFit
	data, err := os.ReadFile(filepath.Join(c.Out, checkpointName))
	if err != nil || json.Unmarshal(data, &saved) != nil || saved.Of != of || c.Fresh {
		return nil
	}
	return &saved.Checkpoint
}

// save replaces the checkpoint in one step, so that an interruption never leaves half of one.
func (c *fitCmd) save(f savedFit) error {
	data, err := json.Marshal(f)
	if err != nil {
		return err
	}
	name := filepath.Join(c.Out, checkpointName)
	if err := os.WriteFile(name+".new", data, 0o600); err != nil {
		return usageError{err}
	}
	if err := os.Rename(name+".new", name); err != nil {
		return usageError{err}
	}
	return nil
}

// fitSummary is what fit prints for machines.
type fitSummary struct {
	Journey   string             `json:"journey"`
	Version   uint32             `json:"version"`
	Out       string             `json:"out"`
	Rows      uint64             `json:"rows"`
	Events    uint64             `json:"events"`
	Visitors  uint64             `json:"visitors"`
	Rounds    int                `json:"rounds"`
	Objective float64            `json:"objective"`
	Figures   map[string]float64 `json:"figures"`
}

func (c *fitCmd) print(s *session, f *eval.Fitting) error {
	p := &f.Journey.Fitted
	if s.JSON {
		out, err := json.MarshalIndent(fitSummary{
			Journey: f.Journey.ID, Version: f.Journey.Version, Out: c.Out, Rows: p.Rows, Events: p.Events, Visitors: p.Visitors,
			Rounds: f.EM.Iterations, Objective: f.EM.After, Figures: p.Figures,
		}, "", "  ")
		if err == nil {
			_, err = s.std.out.Write(append(out, '\n'))
		}
		return err
	}
	w := s.std.out
	fmt.Fprintf(w, "%s version %d fitted to %d events of %d visitors, %s to %s; written to %s\n", f.Journey.ID, f.Journey.Version,
		p.Events, p.Visitors, p.From.Format("2006-01-02"), p.To.Format("2006-01-02"), c.Out)
	fmt.Fprintf(w, "%d rounds of fitting the stages; half-life %v, %.1f events a need, unsure below %.2f\n\n", f.EM.Iterations,
		f.Journey.HalfLife, f.Journey.MeanEvents, f.Journey.UnsureBelow)
	fmt.Fprintln(w, "on visitors held out by cross-validation (the stages' own numbers saw all visitors):")
	for _, name := range slices.Sorted(maps.Keys(p.Figures)) {
		fmt.Fprintf(w, "  %-28s %8.4f\n", name, p.Figures[name])
	}
	return nil
}
