// Command server runs Veiviser. With no flags it is a working demonstration: an embedded store, the bundled sample plan,
// gRPC on 127.0.0.1:50051, HTTP/JSON on 127.0.0.1:8080, metrics and health on 127.0.0.1:9090.
//
// It stops gracefully on SIGINT and SIGTERM: health turns to "not serving", calls under way finish. Exit codes: 0 stopped
// as asked, 1 could not start or failed, 2 wrong settings.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	_ "github.com/KimMachineGun/automemlimit" // heap limit from the container's memory limit

	"github.com/veiviser/veiviser/internal/app"
	"github.com/veiviser/veiviser/internal/config"
)

func main() { os.Exit(run()) }

func run() int {
	cfg, err := config.Parse(os.Args[1:], os.Stdout)
	if errors.Is(err, config.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "server:", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := app.Run(ctx, cfg, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "server:", err)
		return 1
	}
	return 0
}
