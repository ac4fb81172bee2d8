package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/veiviser/veiviser/internal/eval/bandit"
)

// banditFlags say what a command that works on a log of choices looks at.
type banditFlags struct {
	Log string `required:"" help:"Log of choices: CSV with a header, .gz too." placeholder:"FILE"`
	Map string `required:"" help:"YAML that says which columns hold what." placeholder:"FILE"`
}

const mapHelp = `The file after --map:

  context: [recency, history, channel]   # what a choice may depend on
  action: segment                        # what was chosen
  reward: visit                          # what it earned
  propensity: {constant: 0.3333}         # how likely that choice was, or {column: NAME}
  unit: customer_id                      # optional: rows of one unit depend on each other
  text: [channel]                        # optional: words, even if they look like numbers

Columns of the context that hold nothing but numbers are numbers; empty, NA, NaN, null, None and ? are missing ones.`

// table reads the log, with a bar.
func (f *banditFlags) table(ctx context.Context, s *session) (*bandit.Table, bandit.Mapping, error) {
	text, err := os.ReadFile(f.Map)
	if err != nil {
		return nil, bandit.Mapping{}, usage("--map: %w", err)
	}
	m, err := bandit.ReadMapping(f.Map, text)
	if err != nil {
		return nil, m, usageError{err}
	}
	info, err := os.Stat(f.Log)
	if err != nil {
		return nil, m, usage("--log: %w", err)
	}
	bar := s.progress(info.Size(), "reading", "B")
	t, err := bandit.Load(ctx, f.Log, m, func(bytes int64) { _ = bar.Set64(bytes) }) // what it fails to draw is no loss
	_ = bar.Finish()                                                                 // as above
	if _, file := errors.AsType[*bandit.FileError](err); file {
		return nil, m, usageError{err}
	}
	return t, m, err
}

type learnCmd struct {
	banditFlags

	Out    string `help:"Write the model into this file." type:"path" placeholder:"MODEL"`
	Online bool   `help:"Write no model: let a policy that begins with nothing learn from its own choices along the log."`
	Seed   uint64 `help:"Varies what is drawn by lot." default:"1"`
}

// Help explains what is learned.
func (c *learnCmd) Help() string {
	return `Learns which action to take in which context from a log of choices whose probabilities are known, such as a test in which
chance decided. Where the log does not show that the context matters, the model is the best single action: it says so. The
package documentation of internal/eval/bandit has the formulas.

` + mapHelp + `

  veiviserctl learn --log logged.csv.gz --map map.yaml --out model.json
  veiviserctl evaluate --log later.csv.gz --map map.yaml --model model.json
  veiviserctl learn --log logged.csv.gz --map map.yaml --online --seed 7 --json

The same log, map and seed give the same model. What is learned must be judged on another log.`
}

// Run learns and writes, or replays.
func (c *learnCmd) Run(ctx context.Context, s *session) error {
	if c.Online == (c.Out != "") {
		return usage("learn needs one of --out MODEL and --online")
	}
	if err := c.mayWrite(); err != nil {
		return err
	}
	t, mapping, err := c.table(ctx, s)
	if err != nil {
		return err
	}
	if c.Online {
		return c.replay(ctx, s, t)
	}
	what := "learning"
	bar := s.progress(-1, what, "")
	m, err := bandit.Learn(ctx, t, bandit.LearnOptions{
		Seed: c.Seed, Source: filepath.Base(c.Log) + ", reward " + mapping.Reward,
		Progress: func(now string, done, total int) {
			if now != what {
				what = now
				bar.Describe(what)
			}
			bar.ChangeMax(total)
			_ = bar.Set(done) // what it fails to draw is no loss
		},
	})
	_ = bar.Finish() // as above
	if err != nil {
		return err
	}
	if err := c.write(m); err != nil {
		return err
	}
	return c.print(s, m, t)
}

// mayWrite refuses a file that is not from learn, before any work is done.
func (c *learnCmd) mayWrite() error {
	if c.Out == "" {
		return nil
	}
	data, err := os.ReadFile(c.Out)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return usage("--out: %w", err)
	case !bandit.IsModel(data):
		return usage("--out %s is there already and is not from learn; give another name", c.Out)
	}
	return nil
}

// write replaces the file in one step, so that an interruption never leaves half of one.
func (c *learnCmd) write(m *bandit.Model) error {
	data, err := m.Marshal()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(c.Out), 0o750); err != nil {
		return usageError{err}
	}
	f, err := os.CreateTemp(filepath.Dir(c.Out), ".learn-*")
	if err != nil {
		return usageError{err}
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), c.Out)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // it may not be there any more
		return usageError{err}
	}
	return nil
}

// onlineSummary is what learn --online prints for machines.
type onlineSummary struct {
	Online bandit.Online `json:"online"`
}

func (c *learnCmd) replay(ctx context.Context, s *session, t *bandit.Table) error {
	bar := s.progress(int64(t.Rows()), "replaying", "rows")
	o, err := bandit.Replay(ctx, t, c.Seed, func(done, total int) { _ = bar.Set(done) }) // what it fails to draw is no loss
	_ = bar.Finish()                                                                     // as above
	if err != nil {
		return err
	}
	if s.JSON {
		return writeJSON(s, onlineSummary{o})
	}
	w := s.std.out
	fmt.Fprintf(w, "%s of %d counted: there the policy chose what the log did.\n", plural(o.Rows, "row"), t.Rows())
	fmt.Fprintf(w, "Mean reward %.5g, beginning with nothing; in the second half, when it had learned, %.5g.\n", o.MeanReward, o.LastHalf)
	fmt.Fprintf(w, "The log itself earned %.5g.\n", t.MeanReward())
	return nil
}

// writeJSON prints JSON for machines.
func writeJSON(s *session, v any) error {
	out, err := json.MarshalIndent(v, "", "  ")
	if err == nil {
		_, err = s.std.out.Write(append(out, '\n'))
	}
	return err
}

// learnSummary is what learn prints for machines.
type learnSummary struct {
	Out        string        `json:"out"`
	Rows       int           `json:"rows"`
	Units      int           `json:"units"`
	Columns    int           `json:"columns"`
	Contextual bool          `json:"contextual"`
	BestFixed  string        `json:"best_fixed"`
	Looks      []bandit.Look `json:"looks"`
	Arms       []learnedArm  `json:"arms"`
}

type learnedArm struct {
	Name       string  `json:"name"`
	Rows       int     `json:"rows"`
	MeanReward float64 `json:"mean_reward"`
}

func (c *learnCmd) print(s *session, m *bandit.Model, t *bandit.Table) error {
	fixed := m.Arms[m.Fixed].Name
	if s.JSON {
		out := learnSummary{
			Out: c.Out, Rows: m.Rows, Units: m.Units, Columns: len(t.Columns), Contextual: m.Contextual, BestFixed: fixed, Looks: m.Looks,
		}
		for _, a := range m.Arms {
			out.Arms = append(out.Arms, learnedArm{a.Name, a.Rows, a.Mean})
		}
		return writeJSON(s, out)
	}
	w := s.std.out
	fmt.Fprintf(w, "Learned from %s of %s, %s, %s of context; written to %s\n\n", plural(m.Rows, "row"), plural(m.Units, "unit"),
		plural(len(m.Arms), "action"), plural(len(t.Columns), "column"), c.Out)
	list := table{rows: [][]string{{"action", ">rows", ">mean reward"}}}
	for _, a := range m.Arms {
		list.add(a.Name, fmt.Sprint(a.Rows), fmt.Sprintf("%.5g", a.Mean))
	}
	list.print(w, "")
	fmt.Fprintln(w)
	for _, l := range m.Looks {
		how := fmt.Sprintf("better by %.3f %% of their variance, %.1f standard errors", 100*l.Gain, l.Errors)
		if l.Gain <= 0 {
			how = "no better"
		}
		fmt.Fprintf(w, "If actions have effects of the context of their own (%s), rewards left out are predicted %s.\n", l.Design, how)
	}
	if m.Contextual {
		fmt.Fprintf(w, "The context matters: the model chooses by it. The best single action is %s.\n", fixed)
	} else {
		fmt.Fprintf(w, "The log does not show that the context matters, so the model is always to take the best single action, %s.\n", fixed)
	}
	fmt.Fprintln(w, "Judge it on a log that it has not seen: veiviserctl evaluate.")
	return nil
}
