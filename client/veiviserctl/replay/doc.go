// Package replay plays an event log through a running service, as the visitors of that log once did, and reports what
// came of it: whether every event was counted once, how the stages of decisions moved, what was served, how fast.
//
// A log is read twice: first to recount it, then to play it. Events of one visitor keep their order; different visitors
// are played at once. For every N-th event a recommendation is asked for, at the time of the event, after all that came
// before has been acknowledged.
//
//	meter := &replay.Meter{}
//	c, err := client.New(addr, client.WithDialOptions(grpc.WithChainUnaryInterceptor(meter.Intercept)))
//	…
//	report, err := replay.Run(ctx, c, meter, replay.Options{Files: files, Log: format, Placements: []string{"home"}, Every: 20})
//	report.Text(os.Stdout)
//	report.HTML(page)
//
// It is not a load generator: the next event of a visitor waits for the answer to the last.
package replay
