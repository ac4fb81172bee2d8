package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"github.com/veiviser/veiviser/client"
)

type recommendCmd struct {
	Visitor       string            `arg:"" help:"Whom to ask for."`
	Placement     []string          `short:"p" required:"" help:"Where something could be shown; may be repeated." placeholder:"PLACEMENT"`
	Max           int32             `help:"At most this many items on each placement; 0 takes all slots."`
	Subject       string            `help:"What she looks at now: bike/ebike."`
	Language      string            `help:"Her language: nb, sv, en."`
	Channel       string            `help:"Where she is: web, app, mail."`
	Page          string            `help:"Path of the page she is on."`
	Query         string            `help:"What she searched for."`
	Event         []string          `help:"What just happened, may be repeated." placeholder:"TYPE[:SUBJECT[:ITEM]]"`
	Attribute     map[string]string `help:"Fact for rules, may be repeated." placeholder:"KEY=VALUE" mapsep:"none"`
	Explain       bool              `help:"Show the full why and why-not."`
	Preview       bool              `help:"Decide without leaving a trace."`
	NoExploration bool              `help:"Only the best known items, nothing tried out."`
}

// Run asks and prints.
func (c *recommendCmd) Run(ctx context.Context, s *session) error {
	req := &veiviserv1.RecommendRequest{
		VisitorId: c.Visitor, Preview: c.Preview, Explain: c.Explain,
		Context: &veiviserv1.VisitContext{
			Subject: c.Subject, Language: c.Language, Channel: c.Channel, Page: c.Page, Query: c.Query, Attributes: c.Attribute,
		},
	}
	if c.NoExploration {
		req.Exploration = veiviserv1.Exploration_EXPLORATION_OFF
	}
	for _, p := range c.Placement {
		req.Placements = append(req.Placements, &veiviserv1.PlacementRequest{Placement: p, MaxItems: c.Max})
	}
	for _, text := range c.Event {
		e, err := parseEvent(text, c.Subject)
		if err != nil {
			return err
		}
		e.VisitorId, e.Channel = c.Visitor, c.Channel
		req.Events = append(req.Events, e)
	}
	cl, err := s.dial()
	if err != nil {
		return err
	}
	answer, err := cl.Recommend(ctx, req)
	if err != nil {
		return err
	}
	if s.JSON {
		return s.printJSON(answer)
	}
	printAnswer(s.std.out, answer)
	return nil
}

// parseEvent reads TYPE[:SUBJECT[:ITEM]]; without a subject it is about what she looks at.
func parseEvent(text, subject string) (*veiviserv1.Event, error) {
	parts := strings.SplitN(text, ":", 3)
	if parts[0] == "" {
		return nil, usage("--event %q has no type; it is TYPE[:SUBJECT[:ITEM]]", text)
	}
	e := &veiviserv1.Event{Type: parts[0], Subject: subject}
	if len(parts) > 1 && parts[1] != "" {
		e.Subject = parts[1]
	}
	if len(parts) > 2 {
		e.ItemId = parts[2]
	}
	client.Identify(e)
	return e, nil
}

func printAnswer(w io.Writer, a *veiviserv1.RecommendResponse) {
	for _, d := range a.GetDecisions() {
		printDecision(w, d)
	}
	printNeeds(w, a.GetNeeds())
	if len(a.GetSegmentIds()) > 0 {
		fmt.Fprintf(w, "Segments: %s\n", strings.Join(a.GetSegmentIds(), ", "))
	}
	fmt.Fprintf(w, "Plan: version %s\n", orDash(a.GetPlanVersion()))
	if a.GetDegraded() {
		fmt.Fprintf(w, "Degraded: %s; her history was not looked at, or nothing was stored\n", a.GetDegradedReason())
	}
}

func printDecision(w io.Writer, d *veiviserv1.PlacementDecision) {
	note := ""
	if d.GetFallback() {
		note = " (fallback)"
	}
	fmt.Fprintf(w, "%s%s", d.GetPlacement(), note)
	if id := d.GetDecisionId(); id != "" {
		fmt.Fprintf(w, "  [%s]", id)
	}
	fmt.Fprintln(w)
	if len(d.GetItems()) == 0 {
		until := ""
		if t := d.GetSilentUntilTime(); t != nil {
			until = ", until " + when(t)
		}
		fmt.Fprintf(w, "  silent: %s%s\n", short(d.GetSilenceReason().String(), "SILENCE_REASON_"), until)
	}
	t := table{rows: [][]string{{">#", "item", "kind", "title", ">score", ">p", "why"}}}
	for i, item := range d.GetItems() {
		var why []string
		for _, r := range item.GetReasons() {
			why = append(why, r.GetText())
		}
		t.add(fmt.Sprint(i+1), item.GetItemId(), kindName(item.GetKind()), orDash(item.GetRepresentation().GetTitle()),
			fmt.Sprintf("%.3f", item.GetScore()), fmt.Sprintf("%.2f", item.GetPropensity()), strings.Join(why, "; "))
	}
	if len(t.rows) > 1 {
		t.print(w, "  ")
	}
	for _, item := range d.GetItems() {
		for _, a := range item.GetAnswers() {
			fmt.Fprintf(w, "  answer %s: %s\n", a.GetAnswerId(), a.GetText())
		}
	}
	for _, line := range d.GetBriefing() {
		fmt.Fprintf(w, "  %s: %s\n", strings.ToLower(line.GetCode()), line.GetText())
	}
	if d.GetExplanation() != nil {
		printExplanation(w, d.GetExplanation())
	}
}

func printExplanation(w io.Writer, x *veiviserv1.DecisionExplanation) {
	if x.GetSummary() != "" {
		fmt.Fprintf(w, "  %s\n", x.GetSummary())
	}
	for _, list := range []struct {
		name  string
		items []*veiviserv1.ScoredItem
	}{{"served", x.GetServed()}, {"not served", x.GetRunnersUp()}} {
		if len(list.items) == 0 {
			continue
		}
		t := table{rows: [][]string{{list.name, ">mean", ">±", "made of"}}}
		for _, item := range list.items {
			var parts []string
			for _, p := range item.GetParts() {
				parts = append(parts, fmt.Sprintf("%s %+.3f", p.GetName(), p.GetAdd()))
			}
			t.add(item.GetItemId(), fmt.Sprintf("%.3f", item.GetMean()), fmt.Sprintf("%.3f", item.GetStandardDeviation()), strings.Join(parts, ", "))
		}
		t.print(w, "  ")
	}
	if len(x.GetExcluded()) > 0 {
		t := table{rows: [][]string{{"out", ">items", "for example"}}}
		for _, e := range x.GetExcluded() {
			t.add(e.GetReason(), fmt.Sprint(e.GetCount()), strings.Join(e.GetItemIds()[:min(3, len(e.GetItemIds()))], ", "))
		}
		t.print(w, "  ")
	}
}
