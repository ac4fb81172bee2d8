package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

type visitorCmd struct {
	Get    visitorGetCmd    `cmd:"" help:"Show what is remembered and believed about a visitor."`
	Export visitorExportCmd `cmd:"" help:"Print everything the service holds about a person, as JSON."`
	Erase  visitorEraseCmd  `cmd:"" help:"Forget a person with all her identities and decisions."`
	Link   visitorLinkCmd   `cmd:"" help:"Say that several ids are one person."`
}

type visitorGetCmd struct {
	Visitor  string `arg:"" help:"Any of her ids."`
	Language string `help:"Language of the evidence: nb, sv, en."`
}

// Run shows a visitor.
func (c *visitorGetCmd) Run(ctx context.Context, s *session) error {
	cl, err := s.dial()
	if err != nil {
		return err
	}
	out, err := cl.GetVisitor(ctx, &veiviserv1.GetVisitorRequest{VisitorId: c.Visitor, Language: c.Language})
	if err != nil {
		return err
	}
	if s.JSON {
		return s.printJSON(out)
	}
	printVisitor(s.std.out, out.GetVisitor())
	return nil
}

type visitorExportCmd struct {
	Visitor string `arg:"" help:"Any of her ids."`
}

// Run prints an export; it is JSON always, because it is for whoever the person takes it to.
func (c *visitorExportCmd) Run(ctx context.Context, s *session) error {
	cl, err := s.dial()
	if err != nil {
		return err
	}
	out, err := cl.ExportVisitor(ctx, &veiviserv1.ExportVisitorRequest{VisitorId: c.Visitor})
	if err != nil {
		return err
	}
	return s.printJSON(out)
}

type visitorEraseCmd struct {
	Visitor string `arg:"" help:"Any of her ids."`
}

// Run erases a person.
func (c *visitorEraseCmd) Run(ctx context.Context, s *session) error {
	cl, err := s.dial()
	if err != nil {
		return err
	}
	out, err := cl.EraseVisitor(ctx, &veiviserv1.EraseVisitorRequest{VisitorId: c.Visitor})
	if err != nil {
		return err
	}
	switch {
	case s.JSON:
		return s.printJSON(out)
	case out.GetFound():
		fmt.Fprintln(s.std.out, "erased")
	default:
		fmt.Fprintln(s.std.out, "nothing was remembered")
	}
	return nil
}

type visitorLinkCmd struct {
	Visitor string   `arg:"" help:"The id under which she is kept from now on: a customer number, a login."`
	Others  []string `arg:"" help:"Her other ids: cookies, devices."`
}

// Run links identities.
func (c *visitorLinkCmd) Run(ctx context.Context, s *session) error {
	cl, err := s.dial()
	if err != nil {
		return err
	}
	out, err := cl.LinkVisitors(ctx, &veiviserv1.LinkVisitorsRequest{VisitorId: c.Visitor, LinkedVisitorIds: c.Others})
	if err != nil {
		return err
	}
	if s.JSON {
		return s.printJSON(out)
	}
	printVisitor(s.std.out, out.GetVisitor())
	return nil
}

func printVisitor(w io.Writer, v *veiviserv1.Visitor) {
	fmt.Fprintf(w, "%s", v.GetVisitorId())
	if others := v.GetLinkedVisitorIds(); len(others) > 0 {
		fmt.Fprintf(w, ", also %s", strings.Join(others, ", "))
	}
	fmt.Fprintln(w)
	fmt.Fprintf(w, "  first seen %s, last seen %s\n", when(v.GetFirstSeenTime()), when(v.GetLastSeenTime()))
	fmt.Fprintf(w, "  %s in %s, worth %g\n", plural(v.GetEvents(), "event"), plural(v.GetVisits(), "visit"), v.GetValue())
	if t := v.GetVisit(); t != nil {
		facts := []string{plural(t.GetEvents(), "event")}
		for _, f := range []string{t.GetChannel(), t.GetDevice(), t.GetLanguage(), t.GetPage()} {
			if f != "" {
				facts = append(facts, f)
			}
		}
		fmt.Fprintf(w, "  this visit since %s: %s\n", when(t.GetStartTime()), strings.Join(facts, ", "))
	}
	if len(v.GetEventCounts()) > 0 {
		t := table{rows: [][]string{{"event", ">count", ">this visit", "last"}}}
		for _, c := range v.GetEventCounts() {
			t.add(c.GetType(), fmt.Sprint(c.GetCount()), fmt.Sprint(c.GetInVisit()), when(c.GetLastTime()))
		}
		t.print(w, "  ")
	}
	if recent := v.GetRecentItems(); len(recent) > 0 {
		t := table{rows: [][]string{{"item met", "subject", ">times", "last"}}}
		for _, item := range slices.Backward(recent[max(0, len(recent)-8):]) {
			t.add(orDash(item.GetItemId()), orDash(item.GetSubject()), fmt.Sprint(item.GetCount()), when(item.GetLastTime()))
		}
		t.print(w, "  ")
	}
	for _, k := range sortedKeys(v.GetAttributes()) {
		fmt.Fprintf(w, "  %s = %s\n", k, v.GetAttributes()[k])
	}
	printStanding(w, v.GetStanding())
	printNeeds(w, v.GetNeeds())
	if len(v.GetSegmentIds()) > 0 {
		fmt.Fprintf(w, "Segments: %s\n", strings.Join(v.GetSegmentIds(), ", "))
	}
}
