package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"google.golang.org/grpc"

	"github.com/veiviser/veiviser/client/veiviserctl/replay"
	"github.com/veiviser/veiviser/internal/eventlog"
)

type replayCmd struct {
	Events      []string          `help:"Log to play: .csv or .jsonl, .gz too; may be repeated." placeholder:"FILE"`
	Decisions   bool              `help:"Play no log: make the answers that the service remembers again, and compare every bit."`
	Format      string            `help:"csv or jsonl; by the name if not given." enum:"csv,jsonl," default:""`
	Columns     map[string]string `help:"Which column holds which field; =TEXT is the same for every row." placeholder:"FIELD=COLUMN" mapsep:","`
	Types       map[string]string `help:"What the log's words for events mean; WORD= skips them." placeholder:"WORD=TYPE" mapsep:","`
	TimeUnit    string            `help:"How the log writes times: s or ms since 1970, or rfc3339." enum:"s,ms,rfc3339" default:"rfc3339"`
	IDPrefix    string            `name:"id-prefix" help:"Begins the event ids made from rows: another prefix plays the log anew."`
	Limit       int               `help:"Play only so many events, or the newest so many answers; 0 is all."`
	Placement   []string          `short:"p" help:"Ask for a recommendation on this placement; may be repeated." placeholder:"PLACEMENT"`
	Every       int               `help:"Ask with every N-th event." default:"20"`
	Channel     string            `help:"Channel of the events, where the log names none, and of what is asked for."`
	Language    string            `help:"Language of what is asked for."`
	Batch       int               `help:"Events per call, 1 to 1000." default:"500"`
	Concurrency int               `help:"Visitors played at once." default:"4"`
	Patience    time.Duration     `help:"How long the service may be away before playing ends." default:"30s"`
	ReportDir   string            `help:"Write report.txt, report.json and report.html into this folder." type:"path"`
	Expect      string            `help:"Fail unless every event is this: accepted or duplicate." enum:"accepted,duplicate," default:""`
}

// Help explains the fields.
func (c *replayCmd) Help() string {
	return `Fields of an event: visitor_id, type, time (required), item_id, subject, event_id, decision_id, channel, value,
attributes.NAME. A field that is not mapped is looked for under its own name. Without event_id an id is made of the number
of the row and what it holds, so that playing a log twice counts it once.

  veiviserctl replay --events events.csv.gz --time-unit s --placement home --every 20 --report-dir out \
    --columns visitor_id=user_id,item_id=item_id,subject=category_id,type=behavior,time=timestamp \
    --types pv=view,fav=save,cart=cart_add,buy=purchase

  veiviserctl replay --decisions --limit 100000

makes the answers that the service remembers again, from what was logged, and compares every bit; flags other than --limit
do not matter then. It exits with 1 when one comes out otherwise.

Exits with 1 when counts differ from the recount of the log, events were rejected, a recommendation failed, or --expect
does not hold.`
}

// Run plays and reports.
func (c *replayCmd) Run(ctx context.Context, s *session) error {
	switch {
	case c.Decisions && len(c.Events) > 0:
		return usage("either --events or --decisions")
	case c.Decisions && c.Limit < 0:
		return usage("--limit is at least 0")
	case c.Decisions:
		return again(ctx, s, int64(c.Limit))
	case len(c.Events) == 0:
		return usage("say what to play: --events FILE, or --decisions")
	}
	return c.play(ctx, s)
}

// play plays an event log.
func (c *replayCmd) play(ctx context.Context, s *session) error {
	if c.Batch < 1 || c.Batch > 1000 || c.Concurrency < 1 || c.Every < 0 || c.Limit < 0 {
		return usage("--batch is 1 to 1000, --concurrency at least 1, --every and --limit at least 0")
	}
	meter := &replay.Meter{}
	cl, err := s.dial(grpc.WithChainUnaryInterceptor(meter.Intercept))
	if err != nil {
		return err
	}
	bar := s.progress(-1, "playing", "events")
	report, err := replay.Run(ctx, cl, meter, replay.Options{
		Files: c.Events,
		Log: eventlog.Options{
			Format: eventlog.Format(c.Format), Columns: c.Columns, Types: c.Types, Time: eventlog.TimeUnit(c.TimeUnit), IDPrefix: c.IDPrefix,
		},
		Limit: c.Limit, Placements: c.Placement, Every: c.Every, Channel: c.Channel, Language: c.Language,
		Batch: c.Batch, Concurrency: c.Concurrency, Patience: c.Patience,
		Progress: func(settled, total int) {
			bar.ChangeMax(total)
			_ = bar.Set(settled) // what it fails to draw is no loss
		},
	})
	_ = bar.Finish() // as above
	if file, ok := errors.AsType[*replay.FileError](err); ok {
		return usageError{file}
	}
	if printed := c.print(s, report); err == nil {
		err = printed
	}
	if err != nil {
		return err
	}
	return c.judge(s, report)
}

// print writes the report where it is wanted.
func (c *replayCmd) print(s *session, r *replay.Report) error {
	asJSON, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if s.JSON {
		_, err = s.std.out.Write(append(asJSON, '\n'))
	} else {
		r.Text(s.std.out)
	}
	if c.ReportDir == "" || err != nil {
		return err
	}
	var text, page strings.Builder
	r.Text(&text)
	if err := r.HTML(&page); err != nil {
		return err
	}
	if err := os.MkdirAll(c.ReportDir, 0o750); err != nil {
		return usageError{err}
	}
	for name, content := range map[string]string{
		"report.txt": text.String(), "report.json": string(asJSON) + "\n", "report.html": page.String(),
	} {
		if err := os.WriteFile(filepath.Join(c.ReportDir, name), []byte(content), 0o600); err != nil {
			return usageError{err}
		}
	}
	fmt.Fprintf(s.std.err, "report written to %s\n", filepath.Join(c.ReportDir, "report.html"))
	return nil
}

// judge says whether what came of it is in order.
func (c *replayCmd) judge(s *session, r *replay.Report) error {
	if c.Expect != "" && !r.All(c.Expect) {
		fmt.Fprintf(s.std.err, "veiviserctl: not every event was %s\n", c.Expect)
		return errNo
	}
	if !r.InOrder() {
		return errNo
	}
	return nil
}
