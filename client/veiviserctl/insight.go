package main

import (
	"context"
	"fmt"
	"io"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

type liftCmd struct {
	Placement string `short:"p" help:"Only visitors whose first decision was on this placement." placeholder:"PLACEMENT"`
}

// Run prints the comparison.
func (c *liftCmd) Run(ctx context.Context, s *session) error {
	cl, err := s.dial()
	if err != nil {
		return err
	}
	out, err := cl.GetLift(ctx, &veiviserv1.GetLiftRequest{Placement: c.Placement})
	if err != nil {
		return err
	}
	if s.JSON {
		return s.printJSON(out)
	}
	fmt.Fprintln(s.std.out, out.GetSummary())
	t := table{rows: [][]string{{"", ">visitors", ">" + out.GetOutcome() + " each", ">value each", ">with one"}}}
	for _, g := range []struct {
		name string
		g    *veiviserv1.LiftGroup
	}{{"served", out.GetTreated()}, {"control group", out.GetControl()}} {
		t.add(g.name, fmt.Sprint(g.g.GetVisitors()), fmt.Sprintf("%.4f", g.g.GetMean()), fmt.Sprintf("%.2f", g.g.GetValue()),
			fmt.Sprintf("%.2f %%", 100*g.g.GetConverted()))
	}
	v, k := out.GetValue(), out.GetConverted()
	t.add("difference", "", fmt.Sprintf("%+.4f", out.GetLift()), fmt.Sprintf("%+.2f", v.GetLift()), fmt.Sprintf("%+.2f %%", 100*k.GetLift()))
	t.add("  at least", "", end("%+.4f", out.Low, 1), end("%+.2f", v.Low, 1), end("%+.2f %%", k.Low, 100))
	t.add("  at most", "", end("%+.4f", out.High, 1), end("%+.2f", v.High, 1), end("%+.2f %%", k.High, 100))
	t.print(s.std.out, "")
	return nil
}

// end is one end of an interval, "?" when it is not known.
func end(format string, x *float64, scale float64) string {
	if x == nil {
		return "?"
	}
	return fmt.Sprintf(format, scale**x)
}

type learningCmd struct{}

// Run prints how far learning is.
func (c *learningCmd) Run(ctx context.Context, s *session) error {
	cl, err := s.dial()
	if err != nil {
		return err
	}
	out, err := cl.GetLearning(ctx, &veiviserv1.GetLearningRequest{})
	if err != nil {
		return err
	}
	if s.JSON {
		return s.printJSON(out)
	}
	printLearning(s.std.out, out)
	return nil
}

func printLearning(w io.Writer, l *veiviserv1.GetLearningResponse) {
	fmt.Fprintf(w, "model version %d, up to %s: %s, %s\n", l.GetModelVersion(), when(l.GetUpdateTime()),
		plural(l.GetObservations(), "observation"), plural(l.GetWeights(), "weight"))
	fmt.Fprintf(w, "mean reward %.4f, which varies by %.4f around what is expected\n", l.GetMeanReward(), l.GetNoise())
	if len(l.GetOutcomes()) > 0 {
		t := table{rows: [][]string{{"outcome", ">joined", ">repeated", ">late", ">none came"}}}
		for _, o := range l.GetOutcomes() {
			t.add(o.GetType(), fmt.Sprint(o.GetJoined()), fmt.Sprint(o.GetRepeats()), fmt.Sprint(o.GetLate()), fmt.Sprint(o.GetSilent()))
		}
		t.print(w, "  ")
	}
	if len(l.GetSlots()) > 0 {
		t := table{rows: [][]string{{"placement", ">slot", "seen", ">", ">observations"}}}
		for _, x := range l.GetSlots() {
			t.add(x.GetPlacement(), fmt.Sprint(x.GetSlot()), bar(x.GetExamination(), 12), percent(x.GetExamination()), fmt.Sprint(x.GetObservations()))
		}
		t.print(w, "  ")
	}
	if len(l.GetExploration()) > 0 {
		t := table{rows: [][]string{{"placement", ">decisions", ">tried out", ">spared", ">not asked for", ">buying", ">complaining"}}}
		for _, x := range l.GetExploration() {
			t.add(x.GetPlacement(), fmt.Sprint(x.GetDecisions()), fmt.Sprint(x.GetOn()), fmt.Sprint(x.GetSpared()), fmt.Sprint(x.GetOffRequest()),
				fmt.Sprint(x.GetBuying()), fmt.Sprint(x.GetComplaining()))
		}
		t.print(w, "  ")
	}
}

type progressCmd struct {
	Item    string `help:"Only this item, with all its moves." placeholder:"ITEM"`
	Segment string `help:"Only visitors in this segment." placeholder:"SEGMENT"`
}

// Run prints who moved where.
func (c *progressCmd) Run(ctx context.Context, s *session) error {
	cl, err := s.dial()
	if err != nil {
		return err
	}
	out, err := cl.GetProgress(ctx, &veiviserv1.GetProgressRequest{ItemId: c.Item, SegmentId: c.Segment})
	if err != nil {
		return err
	}
	if s.JSON {
		return s.printJSON(out)
	}
	if len(out.GetItems()) == 0 {
		fmt.Fprintln(s.std.out, "nothing was observed yet")
		return nil
	}
	t := table{rows: [][]string{{"item", ">observed", ">progress", "95 % interval", "most went", ">"}}}
	for _, it := range out.GetItems() {
		way, share := "–", ""
		if moves := it.GetMoves(); len(moves) > 0 {
			way, share = wayOf(moves[0]), percent(moves[0].GetShare())
		}
		t.add(it.GetItemId(), fmt.Sprint(it.GetObservations()), fmt.Sprintf("%+.4f", it.GetProgress()), fmt.Sprintf("%+.4f to %+.4f", it.GetLow(), it.GetHigh()), way, share)
	}
	t.print(s.std.out, "")
	if c.Item != "" {
		printMoves(s.std.out, out.GetItems()[0].GetMoves())
	}
	return nil
}

// printMoves shows where those in each stage went.
func printMoves(w io.Writer, moves []*veiviserv1.StageMove) {
	t := table{rows: [][]string{{"move", ">count", "", ">share", "95 % interval"}}}
	for _, m := range moves {
		t.add(wayOf(m), fmt.Sprint(m.GetCount()), bar(m.GetShare(), 12), percent(m.GetShare()), percent(m.GetLow())+" to "+percent(m.GetHigh()))
	}
	t.print(w, "  ")
}

// wayOf is "search → evaluate".
func wayOf(m *veiviserv1.StageMove) string {
	return orUnsure(m.GetFrom()) + " → " + orUnsure(m.GetTo())
}

func orUnsure(stage string) string {
	if stage == "" {
		return "unsure"
	}
	return stage
}
