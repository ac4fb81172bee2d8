package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"github.com/schollz/progressbar/v3"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/veiviser/veiviser/client"
)

const description = `Speaks to Veiviser: asks for recommendations, records events, looks at visitors, publishes plans, imports items, replays logs and decisions,
shows what was learned and what it brings.

Exit codes: 0 done; 1 the service said no, or something is not in order; 2 wrong usage; 3 the service is not there.`

// commands is the command line.
type commands struct {
	globals

	Recommend   recommendCmd   `cmd:"" help:"Ask what to show a visitor, and why."`
	Record      recordCmd      `cmd:"" help:"Record events: from JSON Lines, or one from flags."`
	Visitor     visitorCmd     `cmd:"" help:"Look at, link, export or erase a visitor."`
	Directive   directiveCmd   `cmd:"" help:"Set, list and take back what visitors wish."`
	Consent     consentCmd     `cmd:"" help:"Record and list what people agreed to."`
	Account     accountCmd     `cmd:"" help:"Look at a company whose people decide together."`
	Plan        planCmd        `cmd:"" help:"Validate, compare, publish, roll back and fetch plans."`
	Items       itemsCmd       `cmd:"" help:"Import, list, show and delete items."`
	Lift        liftCmd        `cmd:"" help:"Compare served visitors with the control group."`
	Learning    learningCmd    `cmd:"" help:"Show how far the service has learned, and what became of outcomes."`
	Progress    progressCmd    `cmd:"" help:"Show which item moved whom from which stage to which."`
	Replay      replayCmd      `cmd:"" help:"Play an event log through the service, or make logged decisions again, and report what came of it."`
	Fit         fitCmd         `cmd:"" help:"Fit a journey of a plan to event logs; needs no service."`
	Backtest    backtestCmd    `cmd:"" help:"Judge what a journey foresees by event logs; needs no service."`
	Learn       learnCmd       `cmd:"" help:"Learn which action to take in which context from a log of choices; needs no service."`
	Evaluate    evaluateCmd    `cmd:"" help:"Say from a log of choices what a model would have earned; needs no service."`
	Simulate    simulateCmds   `cmd:"" help:"Let the service decide for a simulated audience, beside others; needs no service."`
	Cases       casesCmd       `cmd:"" help:"Show how complaints are answered: open cases with their response clocks."`
	Recovery    recoveryCmd    `cmd:"" help:"Compare who was led back after a case with those who were not."`
	Loyalty     loyaltyCmd     `cmd:"" help:"Show the way from the first order up the loyalty ladder."`
	Acquisition acquisitionCmd `cmd:"" help:"Show what first-time customers cost and bring."`
	Switch      switchCmd      `cmd:"" help:"Silence a topic, a region or a segment in a crisis, and speak again in stages."`
	Alerts      alertsCmd      `cmd:"" help:"Show what needs attention: surges of complaints and negative feedback, and complaints that wait too long."`
}

// globals are the flags of every command.
type globals struct {
	Addr    string        `help:"Address of the service." default:"127.0.0.1:50051" env:"VEIVISER_ADDR" placeholder:"HOST:PORT"`
	TLS     bool          `help:"Connect with TLS." name:"tls" env:"VEIVISER_TLS"`
	JSON    bool          `help:"Print JSON for machines."`
	Timeout time.Duration `help:"How long one call may take." default:"10s"`
}

// session is one run of a command.
type session struct {
	globals
	std    streams
	client *client.Client
}

// dial gives the client, made on first use.
func (s *session) dial(opts ...grpc.DialOption) (*client.Client, error) {
	if s.client != nil {
		return s.client, nil
	}
	o := []client.Option{client.WithTimeout(s.Timeout), client.WithUserAgent("veiviserctl"), client.WithDialOptions(opts...)}
	if s.TLS {
		o = append(o, client.WithTLS(nil))
	}
	c, err := client.New(s.Addr, o...)
	if err != nil {
		return nil, usage("--addr %s: %w", s.Addr, err)
	}
	s.client = c
	return c, nil
}

func (s *session) close() {
	if s.client != nil {
		_ = s.client.Close() // the program ends here
	}
}

// printJSON prints an answer in the JSON of the contract, in the same layout always: that of protojson varies by design.
func (s *session) printJSON(m proto.Message) error {
	text, err := toJSON(m)
	if err != nil {
		return err
	}
	_, err = s.std.out.Write(append(text, '\n'))
	return err
}

// toJSON is the JSON of a message, indented.
func toJSON(m proto.Message) ([]byte, error) {
	raw, err := protojson.Marshal(m)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", "  "); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// progress is a bar on standard error, when that is a terminal; total -1 spins.
func (s *session) progress(total int64, what, unit string) *progressbar.ProgressBar {
	opts := []progressbar.Option{
		progressbar.OptionSetWriter(s.std.err),
		progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(),
		progressbar.OptionShowIts(),
		progressbar.OptionSetItsString(unit),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionThrottle(100 * time.Millisecond),
		progressbar.OptionSetWidth(30),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionSetVisibility(isTerminal(s.std.err)),
	}
	return progressbar.NewOptions64(total, opts...)
}

// isTerminal reports whether a person looks at w.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// printVersion prints a version of the plan and what it changed.
func (s *session) printVersion(answer proto.Message, v *veiviserv1.PlanVersion, what string) error {
	if s.JSON {
		return s.printJSON(answer)
	}
	fmt.Fprintf(s.std.out, "version %s (%s) %s\n", v.GetVersion(), orDash(v.GetName()), what)
	printChanges(s.std.out, v.GetChanges())
	return nil
}
