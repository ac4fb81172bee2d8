package main

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/veiviser/veiviser/client"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// insight asks for a report and prints it, for machines when they are to read it.
func insight[Req, Rep proto.Message](ctx context.Context, s *session, req Req, ask func(*client.Client, context.Context, Req) (Rep, error),
	show func(Rep),
) error {
	cl, err := s.dial()
	if err != nil {
		return err
	}
	out, err := ask(cl, ctx, req)
	if err != nil {
		return err
	}
	if s.JSON {
		return s.printJSON(out)
	}
	show(out)
	return nil
}

type casesCmd struct{}

// Run prints the open cases.
func (c *casesCmd) Run(ctx context.Context, s *session) error {
	return insight(ctx, s, &veiviserv1.ListCasesRequest{}, (*client.Client).ListCases, func(r *veiviserv1.ListCasesResponse) {
		w := s.std.out
		fmt.Fprintf(w, "%s opened, %d answered, %d put right; %d late\n", plural(r.GetOpened(), "case"), r.GetAnswered(), r.GetResolved(), r.GetLate())
		if r.GetAnswered() > 0 {
			fmt.Fprintf(w, "an answer took %s, putting it right %s on average\n", took(r.GetMeanAnswerSeconds()), took(r.GetMeanResolveSeconds()))
		}
		if len(r.GetOpen()) == 0 {
			return
		}
		t := table{rows: [][]string{{"case", "cause", "about", "channel", "opened", "due", ""}}}
		for _, o := range r.GetOpen() {
			state := "waits"
			switch {
			case o.GetAnswered():
				state = "answered"
			case o.GetOverdue():
				state = "overdue"
			}
			t.add(o.GetCaseId(), o.GetCause(), cmp.Or(o.GetSubject(), "–"), cmp.Or(o.GetChannel(), "–"), when(o.GetOpenTime()), when(o.GetDueTime()), state)
		}
		t.print(w, "")
	})
}

type recoveryCmd struct{}

// Run prints the comparison.
func (c *recoveryCmd) Run(ctx context.Context, s *session) error {
	return insight(ctx, s, &veiviserv1.GetRecoveryRequest{}, (*client.Client).GetRecovery, func(r *veiviserv1.GetRecoveryResponse) {
		t := table{rows: [][]string{{"", ">people", ">came back", ">", ">recommended"}}}
		for _, g := range []struct {
			name string
			g    *veiviserv1.RecoveryGroup
		}{{"led back", r.GetTreated()}, {"control", r.GetControl()}, {"not drawn", r.GetUndrawn()}} {
			if g.g == r.GetUndrawn() && g.g.GetPeople() == 0 {
				continue
			}
			t.add(g.name, fmt.Sprint(g.g.GetPeople()), fmt.Sprint(g.g.GetRecovered()), percent(g.g.GetRate()), fmt.Sprint(g.g.GetAdvocates()))
		}
		t.print(s.std.out, "")
		if r.GetWaiting() > 0 {
			fmt.Fprintf(s.std.out, "not counted yet, because they may still come back in time: %d\n", r.GetWaiting())
		}
		if r.GetTreated().GetPeople() == 0 || r.GetControl().GetPeople() == 0 {
			fmt.Fprintln(s.std.out, "One of the two has no people yet, so nothing can be compared.")
			return
		}
		fmt.Fprintf(s.std.out, "difference %+.1f points, with 95 %% certainty between %+.1f and %+.1f\n",
			100*r.GetLift(), 100*r.GetLiftLow(), 100*r.GetLiftHigh())
	})
}

type loyaltyCmd struct{}

// Run prints the ladder.
func (c *loyaltyCmd) Run(ctx context.Context, s *session) error {
	return insight(ctx, s, &veiviserv1.GetLoyaltyRequest{}, (*client.Client).GetLoyalty, func(r *veiviserv1.GetLoyaltyResponse) {
		w := s.std.out
		fmt.Fprintf(w, "%s, %d of them delivered right", plural(r.GetFirstOrders(), "first order"), r.GetHandovers())
		if r.GetHandovers() > 0 {
			fmt.Fprintf(w, " after %s on average", took(r.GetMeanHandoverSeconds()))
		}
		fmt.Fprintf(w, "; late or wrong deliveries: %d\n", r.GetDeliveryCases())
		if len(r.GetRungs()) == 0 {
			return
		}
		t := table{rows: [][]string{{"rung", ">people", ">climbed to", ">left downwards"}}}
		for _, x := range r.GetRungs() {
			t.add(x.GetRung(), fmt.Sprint(x.GetPeople()), fmt.Sprint(x.GetPromoted()), fmt.Sprint(x.GetDemoted()))
		}
		t.print(w, "")
	})
}

type acquisitionCmd struct{}

// Run prints the rows.
func (c *acquisitionCmd) Run(ctx context.Context, s *session) error {
	return insight(ctx, s, &veiviserv1.GetAcquisitionRequest{}, (*client.Client).GetAcquisition, func(r *veiviserv1.GetAcquisitionResponse) {
		t := table{rows: [][]string{{"from", "segment", ">customers", ">handed over", ">worth", ">expected", ">cost", ">margin", ">pays after"}}}
		for _, x := range r.GetRows() {
			pays := "–"
			if x.GetBreakEvenDays() >= 0 {
				pays = plural(int64(x.GetBreakEvenDays()), "day")
			}
			t.add(cmp.Or(x.GetChannel(), "all"), cmp.Or(x.GetSegmentId(), "all"), fmt.Sprint(x.GetCustomers()), fmt.Sprint(x.GetHandovers()),
				fmt.Sprintf("%.0f", x.GetMeanValue()), fmt.Sprintf("%.0f", x.GetExpectedValue()), fmt.Sprintf("%.0f", x.GetCost()),
				fmt.Sprintf("%+.0f", x.GetMargin()), pays)
		}
		t.print(s.std.out, "")
	})
}

// took is a number of seconds as people say it.
func took(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second)).Round(time.Minute)
	if d >= 48*time.Hour {
		return fmt.Sprintf("%.1f days", d.Hours()/24)
	}
	return d.String()
}
