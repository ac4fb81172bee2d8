package main

import (
	"context"
	"fmt"
	"io"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// again has logged answers made again and prints what came out; errNo when one came out otherwise.
func again(ctx context.Context, s *session, limit int64) error {
	cl, err := s.dial()
	if err != nil {
		return err
	}
	bar := s.progress(-1, "replaying", "answers")
	var last *veiviserv1.ReplayDecisionsResponse
	for report, err := range cl.ReplayDecisions(ctx, &veiviserv1.ReplayDecisionsRequest{Limit: limit}) {
		if err != nil {
			_ = bar.Finish() // what it fails to draw is no loss
			return err
		}
		last = report
		bar.ChangeMax64(max(report.GetTotal(), 1))
		_ = bar.Set64(report.GetChecked()) // as above
	}
	_ = bar.Finish() // as above
	if s.JSON {
		err = s.printJSON(last)
	} else {
		printReplay(s.std.out, last)
	}
	if last.GetDifferent() > 0 {
		return no(err)
	}
	return err
}

func printReplay(w io.Writer, r *veiviserv1.ReplayDecisionsResponse) {
	if r.GetTotal() == 0 {
		fmt.Fprintln(w, "no answer is remembered")
		return
	}
	fmt.Fprintf(w, "%s: %d identical in every bit, %d different, %d gone\n", plural(r.GetChecked(), "answer"), r.GetIdentical(), r.GetDifferent(), r.GetGone())
	for _, d := range r.GetDifferences() {
		fmt.Fprintf(w, "  %s: %s\n", d.GetAnswerId(), d.GetDetail())
	}
	if more := r.GetDifferent() - int64(len(r.GetDifferences())); more > 0 {
		fmt.Fprintf(w, "  and %d more\n", more)
	}
}
