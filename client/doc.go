// Package client is the Go client of Veiviser: which content or offer best serves a visitor's current purchase decision.
//
// It adds to the generated stubs what every caller needs and few get right: a deadline on every call, retries that are
// safe and can not make an outage worse, errors as Go values, a local answer for when the service is away, and a
// [Batcher] that delivers events without losing any.
//
//	c, err := client.New("127.0.0.1:50051")
//	if err != nil { … }
//	defer c.Close()
//	answer, err := c.Recommend(ctx, &veiviserv1.RecommendRequest{
//		VisitorId:  "ana",
//		Context:    &veiviserv1.VisitContext{Subject: "bike/ebike", Language: "nb"},
//		Placements: []*veiviserv1.PlacementRequest{{Placement: "home-hero"}},
//	})
//	if errors.Is(err, client.ErrUnknownPlacement) { … }
//
// A [Client] is safe for concurrent use; make one per process and service. Requests and answers are the messages of the
// contract, package veiviserv1; the comments there say what fields mean, which limits they have and which errors come.
//
// # Deadlines
//
// A unary call ends after the deadline of its context or the client's own timeout (one second unless [WithTimeout] says
// otherwise), whichever comes first. All tries of a call share it.
//
// # Retries
//
// A call is tried again, three times in all at most, when it failed with UNAVAILABLE, ABORTED because others changed the
// same visitor, or RESOURCE_EXHAUSTED with a hint how long to wait; only if doing it twice does no harm; only if the wait
// (exponential, with jitter, never shorter than the service asks for) ends before the deadline; and only while the
// client's retry budget lasts: one retry for every ten calls, so that an outage meets 1.1 times the traffic and not 3.
// Calls that do no harm when done twice are all reads, RecordEvents and Recommend (events count once by their ids; at
// worst a decision is logged that nobody saw), EraseVisitor, LinkVisitors, SetDirective, SetConsent, and UpsertItems of
// items without etag.
//
// # Errors
//
// Every error of a call is an [*Error]. errors.Is compares it with the reasons of the contract ([ErrUnknownPlacement],
// …) and with context.DeadlineExceeded and context.Canceled.
package client
