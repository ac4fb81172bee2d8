package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/veiviser/veiviser/client"
)

type recordCmd struct {
	File string `arg:"" optional:"" help:"JSON Lines of events in the JSON of the contract; - is standard input. Without it, one event is made from the flags."`

	Visitor   string            `help:"Whom it happened to."`
	Type      string            `help:"What happened: view, search, purchase, …"`
	Subject   string            `help:"What the need is about: bike/ebike."`
	Item      string            `help:"The item it was about."`
	Decision  string            `help:"The decision it is the outcome of."`
	Channel   string            `help:"Where it happened: web, app, mail."`
	Value     float64           `help:"What it is worth in the shop's currency."`
	Time      time.Time         `help:"When it happened, RFC 3339; now if not given."`
	ID        string            `name:"id" help:"Id of the event; a random one if not given. The same id counts once."`
	Attribute map[string]string `help:"Free fact, may be repeated." placeholder:"KEY=VALUE" mapsep:"none"`
}

// recorded counts what became of events.
type recorded struct {
	accepted, duplicate, rejected, unreadable int
}

// Run records and prints counts.
func (c *recordCmd) Run(ctx context.Context, s *session) error {
	cl, err := s.dial()
	if err != nil {
		return err
	}
	if c.File == "" {
		return c.one(ctx, s, cl)
	}
	if c.Visitor != "" || c.Type != "" {
		return usage("events come from %s or from flags, not both", c.File)
	}
	in := s.std.in
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return usageError{err}
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	return recordLines(ctx, s, cl, in)
}

// one records the event in the flags.
func (c *recordCmd) one(ctx context.Context, s *session, cl *client.Client) error {
	if c.Visitor == "" || c.Type == "" {
		return usage("an event needs --visitor and --type; or name a file of events, or -")
	}
	e := &veiviserv1.Event{
		EventId: c.ID, VisitorId: c.Visitor, Type: c.Type, Subject: c.Subject, ItemId: c.Item, DecisionId: c.Decision,
		Channel: c.Channel, Value: c.Value, Attributes: c.Attribute,
	}
	if !c.Time.IsZero() {
		e.Time = timestamppb.New(c.Time)
	}
	client.Identify(e)
	out, err := cl.RecordEvents(ctx, &veiviserv1.RecordEventsRequest{Events: []*veiviserv1.Event{e}})
	if err != nil {
		return err
	}
	if s.JSON {
		err = s.printJSON(out)
	}
	for _, r := range out.GetResults() {
		if !s.JSON {
			fmt.Fprintf(s.std.out, "%s %s\n", short(r.GetStatus().String(), "EVENT_STATUS_"), r.GetEventId())
		}
		if r.GetStatus() == veiviserv1.EventStatus_EVENT_STATUS_REJECTED {
			fmt.Fprintf(s.std.err, "veiviserctl: %s: %s\n", reasonName(r.GetReason()), r.GetMessage())
			return no(err)
		}
	}
	return err
}

func reasonName(r veiviserv1.ErrorReason) string {
	return r.String()[len("ERROR_REASON_"):]
}

// maxEventLine is how long a line of events may be.
const maxEventLine = 1 << 20

// recordLines records every event of a file, waiting for the service as long as the service comes back within the
// timeout.
func recordLines(ctx context.Context, s *session, cl *client.Client, in io.Reader) error {
	var n recorded
	ctx, watch := newPatience(ctx, s.Timeout)
	defer watch.stop()
	b := cl.Events(client.BatchOptions{
		OnError: watch.failed,
		OnResult: func(e *veiviserv1.Event, r *veiviserv1.EventResult) {
			watch.succeeded()
			switch r.GetStatus() {
			case veiviserv1.EventStatus_EVENT_STATUS_ACCEPTED:
				n.accepted++
			case veiviserv1.EventStatus_EVENT_STATUS_DUPLICATE:
				n.duplicate++
			default:
				n.rejected++
				fmt.Fprintf(s.std.err, "event %s: %s: %s\n", e.GetEventId(), reasonName(r.GetReason()), r.GetMessage())
			}
		},
	})
	scan := bufio.NewScanner(in)
	scan.Buffer(nil, maxEventLine)
	var err error
	for line := 1; err == nil && scan.Scan(); line++ {
		text := bytes.TrimSpace(scan.Bytes())
		if len(text) == 0 {
			continue
		}
		e := &veiviserv1.Event{}
		if bad := jsonFault(protojson.Unmarshal(text, e)); bad != nil {
			n.unreadable++
			fmt.Fprintf(s.std.err, "line %d: %v\n", line, bad)
			continue
		}
		err = b.Add(ctx, e)
	}
	err = errors.Join(err, scan.Err(), b.Close(ctx))
	if watch.err() != nil {
		err = watch.err()
	}
	return n.print(s, err)
}

// print says what became of the events. err is why not all were tried.
func (n *recorded) print(s *session, err error) error {
	if s.JSON {
		fmt.Fprintf(s.std.out, `{"accepted":%d,"duplicate":%d,"rejected":%d,"unreadable":%d}`+"\n", n.accepted, n.duplicate, n.rejected, n.unreadable)
	} else {
		fmt.Fprintf(s.std.out, "%s: %d accepted, %d duplicate, %d rejected, %d unreadable\n",
			plural(n.accepted+n.duplicate+n.rejected+n.unreadable, "event"), n.accepted, n.duplicate, n.rejected, n.unreadable)
	}
	if err != nil {
		return err
	}
	if n.rejected+n.unreadable > 0 {
		return errNo
	}
	return nil
}
