package main

import (
	"context"
	"fmt"
	"io"
	"math"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

type planEvaluateCmd struct {
	planDir
	Placement string `short:"p" help:"Only decisions on this placement." placeholder:"PLACEMENT"`
	Limit     int32  `help:"At most so many decisions, the newest; 0 is 20,000." default:"0"`
}

// Help explains the figures.
func (c *planEvaluateCmd) Help() string {
	return `Every logged decision that nothing more can come of is decided again by the plan, and what came of it is weighted by how
much likelier or unlikelier the plan is to show the same first item. Figures are reward per decision with 95 % intervals; dr
(doubly robust) is the one to go by, the others are there to compare with. Decisions in which nothing may be tried out (she
is about to buy, or has an open complaint) say nothing about another plan and are left out.

Exits with 1 when the plan has mistakes, when no conclusion is possible, or when the gate of the active plan would not let it
pass.`
}

// Run prints what logged decisions say about a plan.
func (c *planEvaluateCmd) Run(ctx context.Context, s *session) error {
	p, sources, err := c.read(s)
	if err != nil {
		return err
	}
	cl, err := s.dial()
	if err != nil {
		return err
	}
	out, err := cl.EvaluatePlan(ctx, &veiviserv1.EvaluatePlanRequest{Plan: p, Placement: c.Placement, Limit: c.Limit})
	if err != nil {
		return mistakes(s, err, sources)
	}
	if s.JSON {
		err = s.printJSON(out)
	} else {
		printPlanEvaluation(s.std.out, out)
	}
	if out.GetRefusal() != "" || !out.GetPassesGate() {
		return no(err)
	}
	return err
}

func printPlanEvaluation(w io.Writer, e *veiviserv1.EvaluatePlanResponse) {
	if e.GetRefusal() != "" {
		fmt.Fprintf(w, "No conclusion is possible (%s). %s\n", e.GetRefusalCode(), e.GetRefusal())
	} else {
		printPlanDifference(w, e)
	}
	if len(e.GetValues()) > 0 {
		t := table{rows: [][]string{{"estimator", ">plan", "95 % interval", ">active", "95 % interval"}}}
		active := make(map[string]*veiviserv1.PolicyValue, len(e.GetActive()))
		for _, v := range e.GetActive() {
			active[v.GetEstimator()] = v
		}
		for _, v := range e.GetValues() {
			a := active[v.GetEstimator()]
			t.add(v.GetEstimator(), fmt.Sprintf("%.4f", v.GetValue()), policyInterval(v), fmt.Sprintf("%.4f", a.GetValue()), policyInterval(a))
		}
		t.print(w, "")
		fmt.Fprintf(w, "%s of %s, worth %.0f of the plan's own; mean weight %.3f, largest %.1f; %.2f %% of what it would show was never tried\n",
			plural(e.GetRows(), "decision"), plural(e.GetVisitors(), "visitor"), e.GetEffectiveSampleSize(), e.GetMeanWeight(), e.GetMaxWeight(),
			100*e.GetUnsupported())
	}
	if e.GetPassesGate() {
		fmt.Fprintln(w, "the gate of the active plan would let it pass")
	} else {
		fmt.Fprintln(w, "the gate of the active plan would not let it pass")
	}
}

// printPlanDifference says in words how the plan compares.
func printPlanDifference(w io.Writer, e *veiviserv1.EvaluatePlanResponse) {
	d := e.GetDifference()
	verdict := "the two can not be told apart"
	switch {
	case d.GetLow() > 0:
		verdict = "the plan is better"
	case d.GetHigh() < 0:
		verdict = "the plan is worse"
	}
	fmt.Fprintf(w, "Difference to the active plan: %+.4f per decision, %s: %s.\n", d.GetValue(), policyInterval(d), verdict)
	if x := e.GetDetectableDifference(); !math.IsInf(x, 0) {
		fmt.Fprintf(w, "Differences below %.4f can not be told from none on this log.\n", x)
	}
}

// policyInterval is the interval of an estimate, "∞" for infinity.
func policyInterval(v *veiviserv1.PolicyValue) string {
	text := func(x float64) string {
		if math.IsInf(x, 0) {
			return map[bool]string{true: "∞", false: "-∞"}[x > 0]
		}
		return fmt.Sprintf("%.4f", x)
	}
	return text(v.GetLow()) + " to " + text(v.GetHigh())
}
