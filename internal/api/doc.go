// Package api answers the contract (proto/veiviser/v1) over gRPC.
//
// It is a thin edge. A handler turns the message into words of package veiviser, makes one call, and turns the answer
// back; what it calls are the interfaces of [Services], owned here and met by packages decide, learn and plan. Around all
// handlers lies one chain of interceptors (chain.go): request id, metrics, access log, errors to status, recovery,
// admission, deadline, validation.
//
// What is true of every RPC:
//
//   - Limits stand beside the fields of the contract and are checked before the handler runs. A batch is checked element by
//     element: one bad event or item never costs its neighbours.
//   - An error leaves with a canonical code, google.rpc.ErrorInfo (reason, domain "veiviser", request_id), the fields at
//     fault in google.rpc.BadRequest and, where waiting helps, google.rpc.RetryInfo. What nobody foresaw leaves as INTERNAL
//     with a request id; its text stays in the log.
//   - A call ends: unary calls have a deadline even when the caller sent none, and more calls at once than the service can
//     serve are refused at once instead of queued.
//   - Logs hold one line per RPC and name decisions, never visitors.
//
// A server, as package app starts it:
//
//	server, err := api.NewServer(api.Services{Decider: d, Recorder: r, Plans: l, Catalog: l, Profiles: p},
//		api.Options{Log: log, Registry: registry, Stopping: ctx.Done()})
//	…
//	err = server.Serve(listener)
//
// The package knows nothing of HTTP (package web) and keeps no state between calls.
package api
