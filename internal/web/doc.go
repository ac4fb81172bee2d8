// Package web answers the contract over HTTP and JSON, and shows a start page.
//
// It knows nothing of the service but the contract: every /v1 request becomes an RPC on the connection it is given, which
// package app makes in memory, through the gRPC server and all its interceptors. What lies in front of that connection is
// here, and none of it can be reached around:
//
//   - Headers: only those on a short list go further (see [headersIn]); a client can not set metadata, another method, a
//     deadline or an address of its own.
//   - Bodies: bounded per route, read whole before anything looks at them, refused with 413.
//   - Paths: taken apart as they came and unescaped once, so that an id may hold any character, "/" included, when it is
//     percent-encoded.
//   - Queries: a parameter that is no field of the request is refused with its name, as an unknown field of a body is.
//   - Browsers: other origins are refused unless they are listed; nothing is sniffed.
//   - Errors: always a google.rpc.Status as JSON, with the details gRPC callers get.
//
// Answers of GET /v1/decisions:watch come as newline-delimited JSON, {"result": …} each, or as server-sent events when the
// request accepts text/event-stream. What fails after the first of them is the last, {"error": …} or an event "error"; before, it is
// an error like any other.
//
// Use:
//
//	h, err := web.Handler(ctx, web.Options{Conn: conn})
//	…
//	err = web.Server(h).Serve(listener)
//
// [Admin] is the other handler: metrics, health and profiles, for an address that the outside does not reach.
package web
