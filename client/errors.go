package client

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// reasonPrefix is what the names of [veiviserv1.ErrorReason] begin with.
const reasonPrefix = "ERROR_REASON_"

// errorDomain is the ErrorInfo.domain of errors the service made.
const errorDomain = "veiviser"

// Error is why a call failed. It never changes after it was made.
type Error struct {
	// Code is the canonical status code.
	Code codes.Code
	// Reason is the machine-readable cause; ERROR_REASON_UNSPECIFIED when the service did not answer (a network that is
	// down, a deadline of the client's own).
	Reason veiviserv1.ErrorReason
	// Message is for the developer.
	Message string
	// Violations name the fields at fault, for INVALID_ARGUMENT.
	Violations []Violation
	// RetryAfter is how long the service asks to wait before trying again; 0 when it does not say.
	RetryAfter time.Duration
	// RequestID names the request in the service's log; "" when it did not answer.
	RequestID string

	status *status.Status
}

// Violation is one thing wrong with one field of a request.
type Violation struct {
	// Field is the path from the request, as in "events[2].type".
	Field string
	// Message says what is wrong with it.
	Message string
}

// String gives "field: message", or the message alone.
func (v Violation) String() string {
	if v.Field == "" {
		return v.Message
	}
	return v.Field + ": " + v.Message
}

// Error gives reason (or code), message, the first violations and the request id.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.name())
	if len(e.Violations) == 1 && e.Violations[0].Message == e.Message {
		b.WriteString(": " + e.Violations[0].String())
	} else {
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
	}
	if e.RequestID != "" {
		b.WriteString(" (request " + e.RequestID + ")")
	}
	return b.String()
}

// name is the reason without prefix, or the code in the same spelling.
func (e *Error) name() string {
	if e.Reason != veiviserv1.ErrorReason_ERROR_REASON_UNSPECIFIED {
		return strings.TrimPrefix(e.Reason.String(), reasonPrefix)
	}
	return codeName(e.Code)
}

// Is reports whether target is the reason of e, or the context error that its code stands for.
func (e *Error) Is(target error) bool {
	switch target {
	case context.DeadlineExceeded:
		return e.Code == codes.DeadlineExceeded
	case context.Canceled:
		return e.Code == codes.Canceled
	}
	r, ok := target.(reasonError)
	return ok && e.Reason == veiviserv1.ErrorReason(r)
}

// GRPCStatus is the status as it came, with all its details, for status.FromError.
func (e *Error) GRPCStatus() *status.Status { return e.status }

// ReasonOf is the reason inside err: ERROR_REASON_UNSPECIFIED for nil and for errors that are no [*Error].
func ReasonOf(err error) veiviserv1.ErrorReason {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	return veiviserv1.ErrorReason_ERROR_REASON_UNSPECIFIED
}

// CodeOf is the code inside err: codes.OK for nil, codes.Unknown for errors that are no [*Error].
func CodeOf(err error) codes.Code {
	if err == nil {
		return codes.OK
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return codes.Unknown
}

// toError makes the error of a call from what grpc returned; nil for nil.
func toError(err error) *Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	st, ok := status.FromError(err)
	if !ok {
		st = status.FromContextError(err)
	}
	e := &Error{Code: st.Code(), Message: st.Message(), status: st}
	for _, detail := range st.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			if d.GetDomain() != errorDomain {
				continue
			}
			e.Reason = veiviserv1.ErrorReason(veiviserv1.ErrorReason_value[reasonPrefix+d.GetReason()])
			e.RequestID = d.GetMetadata()["request_id"]
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				e.Violations = append(e.Violations, Violation{Field: v.GetField(), Message: v.GetDescription()})
			}
		case *errdetails.RetryInfo:
			e.RetryAfter = d.GetRetryDelay().AsDuration()
		case *errdetails.RequestInfo:
			e.RequestID = d.GetRequestId()
		}
	}
	return e
}

// wrap is toError as an error, so that a nil pointer never becomes a non-nil interface.
func wrap(err error) error {
	if e := toError(err); e != nil {
		return e
	}
	return nil
}

// codeName spells a code as the canonical names are: DEADLINE_EXCEEDED.
func codeName(c codes.Code) string {
	if c == codes.OK {
		return "OK"
	}
	var b strings.Builder
	for i, r := range c.String() {
		if i > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return strings.ToUpper(b.String())
}
