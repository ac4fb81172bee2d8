package veiviser

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind says what sort of failure an [Error] is. Each kind is one canonical status code at the edge.
type Kind uint8

// The kinds of failure.
const (
	KindInternal     Kind = iota // a defect of the service; never the caller's fault
	KindInvalid                  // the request is malformed, whatever the state of the service
	KindNotFound                 // the named thing does not exist
	KindExists                   // the named thing exists already with other content
	KindPrecondition             // the request is well formed but the state of the service refuses it
	KindConflict                 // somebody else changed the same thing at the same time; try again
	KindExhausted                // a limit is reached
	KindUnavailable              // a part the service needs is away; try again later
	KindDeadline                 // the caller's time ran out
	KindCanceled                 // the caller left
)

// Reason is the machine-readable cause of an [Error], in UPPER_SNAKE_CASE. Every value is also a value of the proto
// enum ErrorReason (without its prefix).
type Reason string

// The reasons the service gives.
const (
	ReasonInternal          Reason = "INTERNAL"
	ReasonInvalidField      Reason = "INVALID_FIELD"
	ReasonUnknownPlacement  Reason = "UNKNOWN_PLACEMENT"
	ReasonUnknownItem       Reason = "UNKNOWN_ITEM"
	ReasonUnknownEventType  Reason = "UNKNOWN_EVENT_TYPE"
	ReasonUnknownVisitor    Reason = "UNKNOWN_VISITOR"
	ReasonUnknownDecision   Reason = "UNKNOWN_DECISION"
	ReasonUnknownVersion    Reason = "UNKNOWN_PLAN_VERSION"
	ReasonUnknownSegment    Reason = "UNKNOWN_SEGMENT"
	ReasonMalformedID       Reason = "MALFORMED_ID"
	ReasonBatchTooLarge     Reason = "BATCH_TOO_LARGE"
	ReasonEventIDReused     Reason = "EVENT_ID_REUSED"
	ReasonEventInFuture     Reason = "EVENT_IN_FUTURE"
	ReasonVisitorMismatch   Reason = "VISITOR_MISMATCH"
	ReasonInvalidPageToken  Reason = "INVALID_PAGE_TOKEN"
	ReasonInvalidPlan       Reason = "INVALID_PLAN"
	ReasonPlanChanged       Reason = "PLAN_CHANGED"
	ReasonNoPlan            Reason = "NO_PLAN_PUBLISHED"
	ReasonItemChanged       Reason = "ITEM_CHANGED"
	ReasonLinkConflict      Reason = "LINK_CONFLICT"
	ReasonLinkLimit         Reason = "LINK_LIMIT"
	ReasonConcurrentChange  Reason = "CONCURRENT_CHANGE"
	ReasonStoreUnavailable  Reason = "STORE_UNAVAILABLE"
	ReasonOverloaded        Reason = "OVERLOADED"
	ReasonDeadlineExceeded  Reason = "DEADLINE_EXCEEDED"
	ReasonCanceled          Reason = "CANCELED"
	ReasonDecisionExpired   Reason = "DECISION_EXPIRED"
	ReasonCorruptRecord     Reason = "CORRUPT_RECORD"
	ReasonTooManyPlacements Reason = "TOO_MANY_PLACEMENTS"
	ReasonNotImplemented    Reason = "NOT_IMPLEMENTED"
	ReasonRequestTooLarge   Reason = "REQUEST_TOO_LARGE"
	ReasonUnknownRoute      Reason = "UNKNOWN_ROUTE"
	ReasonStopping          Reason = "STOPPING"
	ReasonForeignOrigin     Reason = "FOREIGN_ORIGIN"
	ReasonGateClosed        Reason = "GATE_CLOSED"
	ReasonUnknownDirective  Reason = "UNKNOWN_DIRECTIVE"
	ReasonDirectiveLimit    Reason = "DIRECTIVE_LIMIT"
	ReasonUnknownPurpose    Reason = "UNKNOWN_PURPOSE"
	ReasonUnknownAccount    Reason = "UNKNOWN_ACCOUNT"
	ReasonUnknownSwitch     Reason = "UNKNOWN_SWITCH"
	ReasonSwitchExists      Reason = "SWITCH_EXISTS"
	ReasonSwitchLimit       Reason = "SWITCH_LIMIT"
	ReasonSwitchOver        Reason = "SWITCH_OVER"
	ReasonErased            Reason = "ERASED"
	ReasonUnknownTopic      Reason = "UNKNOWN_TOPIC"
	ReasonSwitchNeeds       Reason = "SWITCH_NEEDS"
)

// Violation is one thing wrong with one field of a request or a plan.
type Violation struct {
	// Field is the path from the root of the request, as in "events[2].type".
	Field string
	// Message says what is wrong and what would be right, for the developer or marketer who reads it.
	Message string
	// Position is "file:line" when the value came from a file, else "".
	Position string
}

// String gives "position: field: message", leaving out what is empty.
func (v Violation) String() string {
	parts := make([]string, 0, 3)
	for _, p := range []string{v.Position, v.Field, v.Message} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, ": ")
}

// Error is the one error type that crosses package borders. Anything else that reaches the edge is a defect and
// leaves as KindInternal without its text.
type Error struct {
	Kind   Kind
	Reason Reason
	// Message is for a person and names no internals (no addresses, keys or driver texts).
	Message string
	// Violations name the fields at fault; the first is the one to look at.
	Violations []Violation
	// RetryAfter says how long to wait before trying again; 0 when trying again does not help.
	RetryAfter time.Duration
	// Cause is for the log only.
	Cause error
}

// Error gives message, first violations and cause, for logs.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(string(e.Reason))
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	for i, v := range e.Violations {
		if i == 3 {
			fmt.Fprintf(&b, "; and %d more", len(e.Violations)-i)
			break
		}
		b.WriteString("; " + v.String())
	}
	if e.Cause != nil {
		b.WriteString(": " + e.Cause.Error())
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Field returns the path of the first field at fault, or "".
func (e *Error) Field() string {
	if len(e.Violations) == 0 {
		return ""
	}
	return e.Violations[0].Field
}

// Invalid is a malformed request: reason, the field at fault and what is wrong with it.
func Invalid(reason Reason, field, format string, args ...any) *Error {
	msg := fmt.Sprintf(format, args...)
	return &Error{Kind: KindInvalid, Reason: reason, Message: msg, Violations: []Violation{{Field: field, Message: msg}}}
}

// NotFound says that the thing named by field does not exist.
func NotFound(reason Reason, field, format string, args ...any) *Error {
	e := Invalid(reason, field, format, args...)
	e.Kind = KindNotFound
	return e
}

// Failed is an error of the given kind that names no field.
func Failed(kind Kind, reason Reason, cause error, format string, args ...any) *Error {
	return &Error{Kind: kind, Reason: reason, Message: fmt.Sprintf(format, args...), Cause: cause}
}

// ReasonOf returns the reason inside err: "" for nil, ReasonInternal for an error that is no [*Error].
func ReasonOf(err error) Reason {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	return ReasonInternal
}

// KindOf returns the kind inside err; KindInternal for an error that is no [*Error].
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return KindInternal
}
