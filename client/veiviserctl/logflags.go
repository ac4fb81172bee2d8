package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/veiviser/veiviser/internal/eval"
	"github.com/veiviser/veiviser/internal/eventlog"
	"github.com/veiviser/veiviser/internal/planpb"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// logFlags say what a command that works on event logs alone, without the service, looks at.
type logFlags struct {
	Plan      string            `required:"" help:"Folder of YAML, or the name of a plan that comes with the service (sykkel, marketplace)." placeholder:"PLAN"`
	Journey   string            `required:"" help:"Journey of the plan." placeholder:"ID"`
	Events    []string          `required:"" help:"Event log: .csv or .jsonl, .gz too; may be repeated." placeholder:"FILE"`
	More      []string          `arg:"" optional:"" help:"More event logs." placeholder:"FILE"`
	Format    string            `help:"csv or jsonl; by the name if not given." enum:"csv,jsonl," default:""`
	Columns   map[string]string `help:"Which column holds which field; =TEXT is the same for every row." placeholder:"FIELD=COLUMN" mapsep:","`
	Types     map[string]string `help:"What the log's words for events mean; WORD= skips them." placeholder:"WORD=TYPE" mapsep:","`
	TimeUnit  string            `help:"How the log writes times: s or ms since 1970, or rfc3339." enum:"s,ms,rfc3339" default:"rfc3339"`
	Only      string            `help:"Look only at these shares of the visitors, by a hash of their ids: 0-3/5 is the first four fifths." placeholder:"I-J/N"`
	Seed      uint64            `help:"Varies what is drawn by lot." default:"1"`
	Scratch   bool              `help:"Fit the forecast from nothing; what the plan forecasts does not count."`
	MaxEvents int               `help:"Hold at most so many events in memory; beyond that a share of the visitors is left out." default:"2000000"`
}

const fieldsHelp = `Fields of an event: visitor_id, type, time (required), item_id, subject, channel, value, attributes.NAME. A field that is
not mapped is looked for under its own name.`

// plan reads the plan.
func (f *logFlags) plan(s *session) (*veiviser.Plan, error) {
	p, _, err := planDir{Dir: f.Plan}.read(s)
	if err != nil {
		return nil, err
	}
	return planpb.FromProto(p), nil
}

// log reads the logs, with a bar.
func (f *logFlags) log(ctx context.Context, s *session) (*eval.Log, error) {
	f.Events = append(f.Events, f.More...)
	f.More = nil
	keep, err := parseOnly(f.Only)
	if err != nil {
		return nil, err
	}
	if f.MaxEvents < 1 {
		return nil, usage("--max-events is at least 1")
	}
	total := int64(0)
	for _, name := range f.Events {
		info, err := os.Stat(name)
		if err != nil {
			return nil, usage("--events: %w", err)
		}
		total += info.Size()
	}
	bar := s.progress(total, "reading", "B")
	l, err := eval.Load(ctx, eval.LoadOptions{
		Files: f.Events, Keep: keep, MaxEvents: f.MaxEvents, Seed: f.Seed,
		Log: eventlog.Options{
			Format: eventlog.Format(f.Format), Columns: f.Columns, Types: f.Types, Time: eventlog.TimeUnit(f.TimeUnit),
		},
		Progress: func(bytes int64) { _ = bar.Set64(bytes) }, // what it fails to draw is no loss
	})
	_ = bar.Finish() // as above
	if _, file := errors.AsType[*eval.FileError](err); file {
		return nil, usageError{err}
	}
	if err != nil {
		return nil, err
	}
	for _, e := range l.Errors {
		fmt.Fprintln(s.std.err, "veiviserctl: left out:", e)
	}
	if more := l.Bad - len(l.Errors); more > 0 {
		fmt.Fprintf(s.std.err, "veiviserctl: and %d more rows that make no sense\n", more)
	}
	if l.Sampled {
		fmt.Fprintf(s.std.err, "veiviserctl: more than %d events; %d events of %d visitors are looked at (see --max-events)\n",
			f.MaxEvents, l.Events, l.NumVisitors())
	}
	if l.Events == 0 {
		return nil, usage("--events: there is no event in %s to look at", strings.Join(f.Events, ", "))
	}
	return l, nil
}

// parseOnly reads I-J/N or I/N; nil keeps everybody.
func parseOnly(only string) (keep func(visitor string) bool, err error) {
	if only == "" {
		return nil, nil //nolint:nilnil // nil is everybody
	}
	bad := usage("--only %q is not I/N or I-J/N with 0 ≤ I ≤ J < N ≤ 1000, as in 0-3/5", only)
	share, of, ok := strings.Cut(only, "/")
	first, last, isRange := strings.Cut(share, "-")
	if !isRange {
		last = first
	}
	i, err1 := strconv.Atoi(first)
	j, err2 := strconv.Atoi(last)
	n, err3 := strconv.Atoi(of)
	if !ok || errors.Join(err1, err2, err3) != nil || i < 0 || j < i || n <= j || n > 1000 {
		return nil, bad
	}
	return func(visitor string) bool {
		share := eval.ShareOf(visitor, n)
		return i <= share && share <= j
	}, nil
}

// asUsage makes a mistake in what was asked for one of usage.
func asUsage(err error) error {
	var e *veiviser.Error
	if errors.As(err, &e) && e.Kind == veiviser.KindInvalid {
		return usageError{err}
	}
	return err
}
