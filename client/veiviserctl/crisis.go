package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

type switchCmd struct {
	Set     switchSetCmd     `cmd:"" help:"Silence a topic, a region or a segment, at once."`
	Preview switchPreviewCmd `cmd:"" help:"Say what a switch would stop, without setting it."`
	Resume  switchResumeCmd  `cmd:"" help:"Take a switch one stage back, or all the way."`
	List    switchListCmd    `cmd:"" help:"List switches with all that was done with them."`
}

// switchFlags say what a switch is about.
type switchFlags struct {
	Topic     string `help:"What is about this topic stops."`
	Region    string `help:"Only for people in this region."`
	Segment   string `help:"Only for people in this segment."`
	Statement string `help:"Item that is shown instead." placeholder:"ITEM"`
	Author    string `help:"Who says so." env:"USER"`
	Note      string `help:"Why."`
}

func (f *switchFlags) request(id string) *veiviserv1.SetSwitchRequest {
	return &veiviserv1.SetSwitchRequest{
		Switch: &veiviserv1.Switch{
			SwitchId: id, Topic: f.Topic, Region: f.Region, Segment: f.Segment, StatementItemId: f.Statement,
		},
		Author: f.Author, Note: f.Note,
	}
}

type switchSetCmd struct {
	ID string `arg:"" optional:"" help:"Id of the switch; assigned by the service if not given."`
	switchFlags
}

// Run sets a switch.
func (c *switchSetCmd) Run(ctx context.Context, s *session) error {
	cl, err := s.dial()
	if err != nil {
		return err
	}
	out, err := cl.SetSwitch(ctx, c.request(c.ID))
	if err != nil {
		return err
	}
	if s.JSON {
		return s.printJSON(out)
	}
	fmt.Fprintf(s.std.out, "%s is on: %s\n", out.GetSwitch().GetSwitchId(), silenced(out.GetSwitch()))
	return nil
}

type switchPreviewCmd struct {
	switchFlags
	LookBack time.Duration `help:"How far back logged decisions are looked at." default:"24h"`
}

// Run says what would stop.
func (c *switchPreviewCmd) Run(ctx context.Context, s *session) error {
	cl, err := s.dial()
	if err != nil {
		return err
	}
	req := c.request("")
	req.DryRun, req.LookBack = true, durationpb.New(c.LookBack)
	out, err := cl.SetSwitch(ctx, req)
	if err != nil {
		return err
	}
	if s.JSON {
		return s.printJSON(out)
	}
	printPreview(s.std.out, out.GetPreview())
	return nil
}

func printPreview(w io.Writer, p *veiviserv1.SwitchPreview) {
	const named = 20
	fmt.Fprintf(w, "%s would not be shown\n", plural(int(p.GetItemCount()), "item"))
	for i, id := range p.GetItemIds() {
		if i == named {
			fmt.Fprintf(w, "  and %d more\n", int(p.GetItemCount())-named)
			break
		}
		fmt.Fprintln(w, "  "+id)
	}
	if len(p.GetEmptyPlacements()) > 0 {
		fmt.Fprintf(w, "nothing but the statement could be shown on %s\n", strings.Join(p.GetEmptyPlacements(), ", "))
	}
	fmt.Fprintf(w, "of %s looked at, %d would have shown something else, or nothing, to %d people\n",
		plural(p.GetDecisions(), "decision"), p.GetStoppedDecisions(), p.GetPeople())
}

type switchResumeCmd struct {
	ID     string `arg:"" help:"The switch."`
	All    bool   `help:"All stages at once."`
	Author string `help:"Who says so." env:"USER"`
	Note   string `help:"Why."`
}

// Run resumes a switch.
func (c *switchResumeCmd) Run(ctx context.Context, s *session) error {
	cl, err := s.dial()
	if err != nil {
		return err
	}
	out, err := cl.ResumeSwitch(ctx, &veiviserv1.ResumeSwitchRequest{SwitchId: c.ID, All: c.All, Author: c.Author, Note: c.Note})
	if err != nil {
		return err
	}
	if s.JSON {
		return s.printJSON(out)
	}
	fmt.Fprintf(s.std.out, "%s: %s\n", c.ID, howFar(out.GetSwitch()))
	return nil
}

type switchListCmd struct{}

// Run lists switches.
func (c *switchListCmd) Run(ctx context.Context, s *session) error {
	cl, err := s.dial()
	if err != nil {
		return err
	}
	out, err := cl.ListSwitches(ctx, &veiviserv1.ListSwitchesRequest{})
	if err != nil {
		return err
	}
	if s.JSON {
		return s.printJSON(out)
	}
	if len(out.GetSwitches()) == 0 {
		fmt.Fprintln(s.std.out, "no switch was ever set")
	}
	for _, w := range out.GetSwitches() {
		fmt.Fprintf(s.std.out, "%s  %s  %s\n", w.GetSwitchId(), howFar(w), silenced(w))
		for _, m := range w.GetMissing() {
			fmt.Fprintln(s.std.out, "  "+missing(m))
		}
		t := table{}
		for i, h := range w.GetHistory() {
			t.add(when(h.GetTime()), change(i, h), orDash(h.GetAuthor()), h.GetNote())
		}
		t.print(s.std.out, "  ")
	}
	return nil
}

// silenced is "topic bike/ebike, region oslo, instead: holding".
func silenced(w *veiviserv1.Switch) string {
	var parts []string
	for _, p := range [...]struct{ name, value string }{
		{"topic ", w.GetTopic()}, {"region ", w.GetRegion()}, {"segment ", w.GetSegment()}, {"instead: ", w.GetStatementItemId()},
	} {
		if p.value != "" {
			parts = append(parts, p.name+p.value)
		}
	}
	return strings.Join(parts, ", ")
}

// missing says what comes of something that a switch needs and does not find.
func missing(what string) string {
	if what == "statement" {
		return "its statement can not be shown now: nothing is shown instead"
	}
	return "it keeps nothing away now: the shop has no such " + what
}

func howFar(w *veiviserv1.Switch) string {
	switch {
	case w.GetOver():
		return "over"
	case w.GetStage() == 0:
		return "all off"
	default:
		return fmt.Sprintf("stage %d %s", w.GetStage(), w.GetStageId())
	}
}

func change(i int, h *veiviserv1.SwitchChange) string {
	switch {
	case i == 0:
		return "set"
	case h.GetOver():
		return "over"
	case h.GetStage() == 0:
		return "set again"
	default:
		return fmt.Sprintf("stage %d", h.GetStage())
	}
}

type alertsCmd struct {
	Watch bool `help:"Go on, and tell what is raised and what is over."`
}

// Run lists alerts, or follows them. With --json a followed alert is one line.
func (c *alertsCmd) Run(ctx context.Context, s *session) error {
	cl, err := s.dial()
	if err != nil {
		return err
	}
	if c.Watch {
		for a, err := range cl.WatchAlerts(ctx, &veiviserv1.WatchAlertsRequest{}) {
			if ctx.Err() != nil {
				return nil
			}
			if err != nil {
				return err
			}
			if err := s.printAlert(a); err != nil {
				return err
			}
		}
		return nil
	}
	out := &veiviserv1.ListAlertsResponse{}
	for a, err := range cl.Alerts(ctx, &veiviserv1.ListAlertsRequest{PageSize: 1000}) {
		if err != nil {
			return err
		}
		out.Alerts = append(out.Alerts, a)
	}
	if s.JSON {
		return s.printJSON(out)
	}
	if len(out.GetAlerts()) == 0 {
		fmt.Fprintln(s.std.out, "nothing needs attention")
	}
	for _, a := range out.GetAlerts() {
		if err := s.printAlert(a); err != nil {
			return err
		}
	}
	return nil
}

// printAlert writes one alert as one line.
func (s *session) printAlert(a *veiviserv1.Alert) error {
	if s.JSON {
		return printLine(s.std.out, a)
	}
	mark := "!"
	if a.GetEndTime() != nil {
		mark = " "
	}
	_, err := fmt.Fprintf(s.std.out, "%s %s\n", mark, a.GetText())
	return err
}

// printLine writes a message as one line of JSON.
func printLine(w io.Writer, m proto.Message) error {
	raw, err := protojson.Marshal(m)
	if err != nil {
		return err
	}
	line, err := json.Marshal(json.RawMessage(raw)) // without the blanks that protojson draws by lot
	if err != nil {
		return err
	}
	_, err = w.Write(append(line, '\n'))
	return err
}
