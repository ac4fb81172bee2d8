// Command veiviserctl speaks to Veiviser from the command line.
//
//	veiviserctl record --visitor ana --type view --subject bike/ebike
//	veiviserctl recommend ana --placement home-hero --language nb
//	veiviserctl plan validate ./plan
//	veiviserctl plan evaluate ./plan
//	veiviserctl replay --decisions
//	veiviserctl replay --events clicks.csv.gz --columns visitor_id=user,time=ts --placement home-hero --report-dir out
//
// It asks the service at --addr (VEIVISER_ADDR, else 127.0.0.1:50051). What it prints is for people; with --json it is the
// answer of the service in the JSON of the contract, for machines. Progress and complaints go to standard error.
//
// Exit codes:
//
//	0  done
//	1  the service said no, or what was looked at is not in order: violations in a plan, a plan that its gate keeps
//	   out or that nothing can be concluded about, rows or items that were rejected, counts or decisions that differ
//	2  wrong usage: a flag, a file that can not be read or makes no sense
//	3  the service is not there, or did not answer in time
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
	"google.golang.org/grpc/codes"

	"github.com/veiviser/veiviser/client"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr})
	stop()
	os.Exit(code)
}

// The exit codes.
const (
	exitOK          = 0
	exitNo          = 1
	exitUsage       = 2
	exitUnavailable = 3
)

// errNo is a result that was printed already and is not in order.
var errNo = errors.New("")

// no is what stopped printing, or errNo.
func no(err error) error {
	if err != nil {
		return err
	}
	return errNo
}

// usageError is a mistake of whoever typed the command.
type usageError struct{ error }

// Unwrap gives the mistake.
func (e usageError) Unwrap() error { return e.error }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// run is the program, without the process around it.
func run(ctx context.Context, args []string, std streams) (code int) {
	var c commands
	exited := -1
	parser, err := kong.New(&c,
		kong.Name("veiviserctl"),
		kong.Description(description),
		kong.Writers(std.out, std.err),
		kong.Exit(func(code int) { exited = code; panic(exitPanic{}) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 120}),
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	if err != nil {
		fmt.Fprintln(std.err, "veiviserctl:", err)
		return exitUsage
	}
	defer func() { // --help ends the program from inside the parser
		if r := recover(); r != nil {
			if _, ok := r.(exitPanic); !ok {
				panic(r)
			}
			code = exited
		}
	}()
	command, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintln(std.err, "veiviserctl:", err)
		fmt.Fprintln(std.err, "veiviserctl --help tells more")
		return exitUsage
	}
	s := &session{globals: c.globals, std: std}
	defer s.close()
	return report(std.err, command.Run(s))
}

type exitPanic struct{}

// report says on standard error what went wrong and gives the exit code.
func report(w io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	var e *client.Error
	var wrong usageError
	switch {
	case errors.Is(err, errNo):
		return exitNo
	case errors.As(err, &wrong):
		fmt.Fprintln(w, "veiviserctl:", err)
		return exitUsage
	case errors.As(err, &e) && (e.Code == codes.Unavailable || e.Code == codes.DeadlineExceeded),
		errors.Is(err, context.DeadlineExceeded):
		fmt.Fprintln(w, "veiviserctl:", err)
		return exitUnavailable
	default:
		fmt.Fprintln(w, "veiviserctl:", err)
		if e != nil && len(e.Violations) > 3 { // the first three stand in the error itself
			for _, v := range e.Violations[3:] {
				fmt.Fprintln(w, "  "+v.String())
			}
		}
		return exitNo
	}
}

// streams are what the program reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}
