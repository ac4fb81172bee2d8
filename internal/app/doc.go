// Package app is the composition root: it makes every part from the configuration, hands each what it needs, starts the
// listeners, and stops everything in order. Nothing else wires. End-to-end scenarios live beside it.
//
//	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
//	err := app.Run(ctx, config.Default(), os.Stderr)
//
// Two whole servers can run in one process; they share nothing.
package app
