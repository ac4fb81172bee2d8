package api

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/veiviser/veiviser/internal/veiviser"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// gone is an error as a caller sees it.
type gone struct {
	Code   codes.Code
	Reason string
	Field  string
	Retry  time.Duration
}

// read takes a status apart and fails the test when it breaks the rules of all errors.
func read(t *testing.T, err error) gone {
	t.Helper()
	s, ok := status.FromError(err)
	if !ok {
		t.Fatalf("%v is no status", err)
	}
	g := gone{Code: s.Code()}
	for _, d := range s.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			g.Reason = d.GetReason()
			if d.GetDomain() != "veiviser" || len(d.GetMetadata()["request_id"]) != 16 {
				t.Errorf("ErrorInfo = %v, want domain veiviser and a request id", d)
			}
			if _, ok := veiviserv1.ErrorReason_value["ERROR_REASON_"+d.GetReason()]; !ok {
				t.Errorf("reason %s is not of the contract", d.GetReason())
			}
		case *errdetails.BadRequest:
			g.Field = d.GetFieldViolations()[0].GetField()
		case *errdetails.RetryInfo:
			g.Retry = d.GetRetryDelay().AsDuration()
		}
	}
	return g
}

func TestToStatus(t *testing.T) {
	secret := errors.New("dial tcp 10.0.0.7:6379: visitor:{kari}")
	retry := veiviser.Failed(veiviser.KindUnavailable, veiviser.ReasonStoreUnavailable, secret, "the store is away")
	retry.RetryAfter = 3 * time.Second
	tests := map[string]struct {
		err  error
		want gone
	}{
		"invalid":      {veiviser.Invalid(veiviser.ReasonInvalidField, "events[2].type", "must be set"), gone{Code: codes.InvalidArgument, Reason: "INVALID_FIELD", Field: "events[2].type"}},
		"not found":    {veiviser.NotFound(veiviser.ReasonUnknownItem, "item_id", "no"), gone{Code: codes.NotFound, Reason: "UNKNOWN_ITEM", Field: "item_id"}},
		"exists":       {veiviser.Failed(veiviser.KindExists, veiviser.ReasonEventIDReused, nil, "x"), gone{Code: codes.AlreadyExists, Reason: "EVENT_ID_REUSED"}},
		"precondition": {veiviser.Failed(veiviser.KindPrecondition, veiviser.ReasonNoPlan, nil, "x"), gone{Code: codes.FailedPrecondition, Reason: "NO_PLAN_PUBLISHED"}},
		"gate":         {veiviser.Failed(veiviser.KindPrecondition, veiviser.ReasonGateClosed, nil, "x"), gone{Code: codes.FailedPrecondition, Reason: "GATE_CLOSED"}},
		"conflict":     {veiviser.Failed(veiviser.KindConflict, veiviser.ReasonPlanChanged, nil, "x"), gone{Code: codes.Aborted, Reason: "PLAN_CHANGED"}},
		"exhausted":    {veiviser.Failed(veiviser.KindExhausted, veiviser.ReasonLinkLimit, nil, "x"), gone{Code: codes.ResourceExhausted, Reason: "LINK_LIMIT"}},
		"unavailable":  {retry, gone{Code: codes.Unavailable, Reason: "STORE_UNAVAILABLE", Retry: 3 * time.Second}},
		"wrapped":      {fmt.Errorf("load: %w", retry), gone{Code: codes.Unavailable, Reason: "STORE_UNAVAILABLE", Retry: 3 * time.Second}},
		"deadline":     {fmt.Errorf("redis: %w", context.DeadlineExceeded), gone{Code: codes.DeadlineExceeded, Reason: "DEADLINE_EXCEEDED"}},
		"canceled":     {fmt.Errorf("redis: %w", context.Canceled), gone{Code: codes.Canceled, Reason: "CANCELED"}},
		"unforeseen":   {secret, gone{Code: codes.Internal, Reason: "INTERNAL"}},
		"corrupt":      {veiviser.Failed(veiviser.KindInternal, veiviser.ReasonCorruptRecord, secret, "record of kari"), gone{Code: codes.Internal, Reason: "CORRUPT_RECORD"}},
		"broken pipe":  {status.Error(codes.Unavailable, "transport is closing 10.0.0.7"), gone{Code: codes.Canceled, Reason: "CANCELED"}},
		"too large":    {status.Error(codes.ResourceExhausted, "grpc: received message larger than max"), gone{Code: codes.ResourceExhausted, Reason: "REQUEST_TOO_LARGE"}},
		"later":        {status.Error(codes.Unimplemented, "method X not implemented"), gone{Code: codes.Unimplemented, Reason: "NOT_IMPLEMENTED"}},
		"stopping":     {errStopping(), gone{Code: codes.Unavailable, Reason: "STOPPING", Retry: time.Second}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := toStatus(tt.err, "0123456789abcdef")
			if diff := cmp.Diff(tt.want, read(t, s.Err())); diff != "" {
				t.Error(diff)
			}
			if raw := fmt.Sprint(s.Proto()); strings.Contains(raw, "10.0.0.7") || strings.Contains(raw, "kari") {
				t.Errorf("the status tells what only the log may know: %s", raw)
			}
			if s.Code() == codes.Internal && s.Message() != "internal error, request 0123456789abcdef" {
				t.Errorf("message = %q, want one that quotes the request", s.Message())
			}
		})
	}
}

// A status fits into the trailers that every client takes, however much is wrong.
func TestStatusStaysSmall(t *testing.T) {
	e := veiviser.Invalid(veiviser.ReasonInvalidPlan, "journeys[0]", "%s", strings.Repeat("é", 5000))
	for i := range 10_000 {
		e.Violations = append(e.Violations, veiviser.Violation{Field: fmt.Sprintf("items[%d].kind", i), Message: "must be content, offer or service\xff"})
	}
	b, err := proto.Marshal(toStatus(e, "0123456789abcdef").Proto())
	if err != nil {
		t.Fatal(err)
	}
	if len(b) > 7<<10 {
		t.Errorf("status of %d bytes", len(b))
	}
}

// Every reason of the vocabulary is a value of the enum of the contract, and the other way round.
func TestReasonsAreOfTheContract(t *testing.T) {
	seen := map[veiviserv1.ErrorReason]bool{veiviserv1.ErrorReason_ERROR_REASON_UNSPECIFIED: true}
	for _, r := range []veiviser.Reason{
		veiviser.ReasonInternal, veiviser.ReasonInvalidField, veiviser.ReasonUnknownPlacement, veiviser.ReasonUnknownItem,
		veiviser.ReasonUnknownEventType, veiviser.ReasonUnknownVisitor, veiviser.ReasonUnknownDecision,
		veiviser.ReasonUnknownVersion, veiviser.ReasonUnknownSegment, veiviser.ReasonMalformedID,
		veiviser.ReasonBatchTooLarge, veiviser.ReasonEventIDReused, veiviser.ReasonEventInFuture,
		veiviser.ReasonVisitorMismatch, veiviser.ReasonInvalidPageToken, veiviser.ReasonInvalidPlan,
		veiviser.ReasonPlanChanged, veiviser.ReasonNoPlan, veiviser.ReasonItemChanged, veiviser.ReasonLinkConflict,
		veiviser.ReasonLinkLimit, veiviser.ReasonConcurrentChange, veiviser.ReasonStoreUnavailable,
		veiviser.ReasonOverloaded, veiviser.ReasonDeadlineExceeded, veiviser.ReasonCanceled,
		veiviser.ReasonCorruptRecord, veiviser.ReasonTooManyPlacements, veiviser.ReasonNotImplemented,
		veiviser.ReasonRequestTooLarge, veiviser.ReasonUnknownRoute, veiviser.ReasonStopping, veiviser.ReasonForeignOrigin,
		veiviser.ReasonGateClosed, veiviser.ReasonUnknownDirective, veiviser.ReasonDirectiveLimit, veiviser.ReasonUnknownPurpose,
		veiviser.ReasonUnknownAccount, veiviser.ReasonUnknownSwitch, veiviser.ReasonSwitchExists, veiviser.ReasonSwitchLimit,
		veiviser.ReasonSwitchOver, veiviser.ReasonErased, veiviser.ReasonUnknownTopic, veiviser.ReasonSwitchNeeds,
	} {
		if got := reasonToProto(r); seen[got] {
			t.Errorf("%s is no value of ErrorReason, or that of another: %s", r, got)
		} else {
			seen[got] = true
		}
	}
	for n, name := range veiviserv1.ErrorReason_name {
		if !seen[veiviserv1.ErrorReason(n)] {
			t.Errorf("%s is no reason of the vocabulary", name)
		}
	}
}
