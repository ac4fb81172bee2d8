package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"

	"github.com/veiviser/veiviser/internal/eval/bandit"
)

type evaluateCmd struct {
	banditFlags

	Model string `help:"Judge this model, which learn wrote; without it only best_fixed and uniform." placeholder:"FILE"`
	Seed  uint64 `help:"Varies the shares of the units for cross-fitting." default:"1"`
}

// Help explains the figures.
func (c *evaluateCmd) Help() string {
	return `Says from a log of choices what a model would have earned per row, beside always taking the best single action
(best_fixed) and taking any as likely as another (uniform), by seven estimators with intervals of 95 %. Read dr first;
ips, snips and dm show how much rests on the reward model, which is never the judged one: it is fitted to this log, for each
of five shares of the units on the others. best_fixed is the action that was best where the model learned; without a model,
the one that is best on the other shares. The difference of both is on the same rows, and comes with the smallest
difference that such a log would show.

` + mapHelp + `

  veiviserctl evaluate --log later.csv.gz --map map.yaml --model model.json --json

A model must be judged on rows, better on units, that it has not learned from. Exit code 1: the log allows no conclusion.`
}

// Run evaluates and reports.
func (c *evaluateCmd) Run(ctx context.Context, s *session) error {
	var m *bandit.Model
	if c.Model != "" {
		data, err := os.ReadFile(c.Model)
		if err != nil {
			return usage("--model: %w", err)
		}
		if m, err = bandit.ReadModel(c.Model, data); err != nil {
			return usageError{err}
		}
	}
	t, _, err := c.table(ctx, s)
	if err != nil {
		return err
	}
	bar := s.progress(-1, "judging", "")
	r, err := bandit.Evaluate(ctx, t, m, bandit.EvaluateOptions{
		Seed: c.Seed,
		Progress: func(done, total int) {
			bar.ChangeMax(total)
			_ = bar.Set(done) // what it fails to draw is no loss
		},
	})
	_ = bar.Finish() // as above
	if _, file := errors.AsType[*bandit.FileError](err); file {
		return usageError{err}
	}
	if err != nil {
		return asUsage(err)
	}
	if r.Seen {
		fmt.Fprintln(s.std.err, "veiviserctl: the model was learned from this very log, so it and best_fixed look better than they are")
	}
	if s.JSON {
		err = writeJSON(s, summary(r))
	} else {
		printEvaluation(s, r)
	}
	if r.Refused().Refused() {
		return no(err)
	}
	return err
}

// The outer form of an evaluation. Ends of intervals that are infinite are null.
type (
	valueJSON struct {
		Value *float64 `json:"value"`
		Low   *float64 `json:"low"`
		High  *float64 `json:"high"`
	}
	differenceJSON struct {
		First   string `json:"first"`
		Second  string `json:"second"`
		CanTell bool   `json:"can_tell"`
		valueJSON
		Detectable *float64 `json:"detectable"`
	}
	refusalJSON struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	diagnosticsJSON struct {
		EffectiveRows  *float64     `json:"effective_rows"`
		EffectiveUnits *float64     `json:"effective_units"`
		MeanWeight     *float64     `json:"mean_weight"`
		MaxWeight      *float64     `json:"max_weight"`
		Unsupported    *float64     `json:"unsupported"`
		Refusal        *refusalJSON `json:"refusal,omitempty"`
	}
	evaluationJSON struct {
		Policies    map[string]map[string]valueJSON `json:"policies"`
		Rows        int                             `json:"rows"`
		Units       int                             `json:"units"`
		Effective   *float64                        `json:"effective_sample_size"`
		BestFixed   []string                        `json:"best_fixed"`
		CrossFitted bool                            `json:"best_fixed_cross_fitted"`
		Seen        bool                            `json:"learned_from_this_log"`
		Difference  differenceJSON                  `json:"difference"`
		Refusal     *refusalJSON                    `json:"refusal,omitempty"`
		Diagnostics map[string]diagnosticsJSON      `json:"diagnostics"`
	}
)

// finite is x, or nothing when there is no such number in JSON.
func finite(x float64) *float64 {
	if math.IsInf(x, 0) || math.IsNaN(x) {
		return nil
	}
	return &x
}

func refusal(code, message string) *refusalJSON {
	if code == "" {
		return nil
	}
	return &refusalJSON{code, message}
}

// summary is the report for machines.
func summary(r *bandit.Report) evaluationJSON {
	refused := r.Refused()
	out := evaluationJSON{
		Policies: map[string]map[string]valueJSON{}, Rows: r.Rows, Units: r.Units, BestFixed: r.BestFixed, CrossFitted: r.CrossFitted, Seen: r.Seen,
		Refusal: refusal(string(refused.Code), refused.Message), Diagnostics: map[string]diagnosticsJSON{},
		Effective: finite(r.Policies[0].Diagnostics.EffectiveRows),
	}
	for _, p := range r.Policies {
		values := map[string]valueJSON{}
		for _, e := range p.Estimates {
			values[e.Name] = valueJSON{finite(e.Value), finite(e.Low), finite(e.High)}
		}
		out.Policies[p.Name] = values
		d := p.Diagnostics
		out.Diagnostics[p.Name] = diagnosticsJSON{
			EffectiveRows: finite(d.EffectiveRows), EffectiveUnits: finite(d.EffectiveUnits), MeanWeight: finite(d.MeanWeight),
			MaxWeight: finite(d.MaxWeight), Unsupported: finite(d.Unsupported), Refusal: refusal(string(p.Refusal.Code), p.Refusal.Message),
		}
	}
	d := r.Difference
	out.Difference = differenceJSON{
		First: r.Policies[0].Name, Second: r.Policies[1].Name, CanTell: d.CanTell(),
		valueJSON: valueJSON{finite(d.Value), finite(d.Low), finite(d.High)}, Detectable: finite(d.Detectable),
	}
	return out
}

// printEvaluation is the report for people.
func printEvaluation(s *session, r *bandit.Report) {
	w := s.std.out
	fmt.Fprintf(w, "%s of %s; mean reward per row, with intervals of 95 %%\n\n", plural(r.Rows, "row"), plural(r.Units, "unit"))
	head := []string{"estimator"}
	for _, p := range r.Policies {
		head = append(head, ">"+p.Name, "")
	}
	list := table{rows: [][]string{head}}
	for i, e := range r.Policies[0].Estimates {
		row := []string{e.Name}
		for _, p := range r.Policies {
			e := p.Estimates[i]
			row = append(row, fmt.Sprintf("%.5g", e.Value), interval(e.Low, e.High))
		}
		list.add(row...)
	}
	effective := []string{"rows it is worth"}
	for _, p := range r.Policies {
		effective = append(effective, fmt.Sprintf("%.0f", p.Diagnostics.EffectiveRows), "")
	}
	list.add(effective...)
	list.print(w, "")
	from := "which was best where the model learned"
	if r.CrossFitted {
		from = "chosen for each fifth of the units by the other four"
	}
	fmt.Fprintf(w, "\nbest_fixed is %s, %s.\n", strings.Join(r.BestFixed, " or "), from)
	if !r.CrossFitted {
		fmt.Fprintf(w, "The model does the same in %.1f %% of rows.\n", 100*r.Agreement)
	}
	printDifference(s, r)
	for _, p := range r.Policies {
		if p.Refusal.Refused() {
			fmt.Fprintf(w, "No conclusion on %s: %s\n", p.Name, p.Refusal.Message)
		}
	}
}

// interval is what is sure of an estimate.
func interval(low, high float64) string {
	if finite(low) == nil || finite(high) == nil {
		return "no interval"
	}
	return fmt.Sprintf("%.5g to %.5g", low, high)
}

// printDifference says what can be told of two policies.
func printDifference(s *session, r *bandit.Report) {
	w, d, first, second := s.std.out, r.Difference, r.Policies[0].Name, r.Policies[1].Name
	switch between := fmt.Sprintf("%.4g (%.4g to %.4g)", math.Abs(d.Value), min(math.Abs(d.Low), math.Abs(d.High)), max(math.Abs(d.Low), math.Abs(d.High))); {
	case d.Refusal.Refused():
	case d.Value == 0 && d.Low == 0 && d.High == 0:
		fmt.Fprintf(w, "%s and %s do the same.\n", first, second)
	case !d.CanTell():
		fmt.Fprintf(w, "%s and %s cannot be told apart: the difference is %.4g (%.4g to %.4g), and only %.4g or more would show in such a log.\n",
			first, second, d.Value, d.Low, d.High, d.Detectable)
	case d.Value > 0:
		fmt.Fprintf(w, "%s earns more than %s, by %s.\n", first, second, between)
	default:
		fmt.Fprintf(w, "%s earns less than %s, by %s.\n", first, second, between)
	}
}
