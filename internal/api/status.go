package api

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/veiviser/veiviser/internal/veiviser"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// domain is the ErrorInfo.domain of every error.
const domain = "veiviser"

// Details travel in trailers, and clients bound those: gRPC's C core (Python, C++, Ruby, …) takes 8 KiB in all.
const (
	maxViolations     = 64
	maxViolationBytes = 4 << 10
	maxMessageBytes   = 1 << 10
)

// reasonPrefix is what the values of the enum ErrorReason begin with.
const reasonPrefix = "ERROR_REASON_"

// code is the canonical code of a kind of failure.
func code(k veiviser.Kind) codes.Code {
	switch k {
	case veiviser.KindInvalid:
		return codes.InvalidArgument
	case veiviser.KindNotFound:
		return codes.NotFound
	case veiviser.KindExists:
		return codes.AlreadyExists
	case veiviser.KindPrecondition:
		return codes.FailedPrecondition
	case veiviser.KindConflict:
		return codes.Aborted
	case veiviser.KindExhausted:
		return codes.ResourceExhausted
	case veiviser.KindUnavailable:
		return codes.Unavailable
	case veiviser.KindDeadline:
		return codes.DeadlineExceeded
	case veiviser.KindCanceled:
		return codes.Canceled
	default:
		return codes.Internal
	}
}

// toStatus is what leaves for err; id names the request. Only what an [veiviser.Error] says to a person leaves; any other
// text stays here.
func toStatus(err error, id string) *status.Status {
	e := foreseen(err)
	c, message := code(e.Kind), publicMessage(e)
	switch {
	case e.Reason == veiviser.ReasonNotImplemented:
		c = codes.Unimplemented
	case c == codes.Internal:
		message = "internal error, request " + id
	}
	st := status.New(c, message)
	details := []protoadapt.MessageV1{&errdetails.ErrorInfo{
		Reason: string(e.Reason), Domain: domain, Metadata: map[string]string{"request_id": id},
	}}
	if c != codes.Internal && len(e.Violations) > 0 {
		details = append(details, badRequest(e.Violations))
	}
	if e.RetryAfter > 0 {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(e.RetryAfter)})
	}
	if detailed, err := st.WithDetails(details...); err == nil {
		return detailed
	}
	return st
}

// foreseen finds the error of the vocabulary in err, or makes one of it.
func foreseen(err error) *veiviser.Error {
	if e, ok := errors.AsType[*veiviser.Error](err); ok {
		return e
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return errDeadline(err)
	case errors.Is(err, context.Canceled):
		return errCanceled(err)
	}
	s, ok := status.FromError(err)
	if !ok {
		return veiviser.Failed(veiviser.KindInternal, veiviser.ReasonInternal, err, "internal error")
	}
	switch s.Code() { // what grpc itself says of a stream or of an RPC without a handler
	case codes.DeadlineExceeded:
		return errDeadline(err)
	case codes.Canceled, codes.Unavailable: // the connection is gone, and the caller with it
		return errCanceled(err)
	case codes.ResourceExhausted:
		return veiviser.Failed(veiviser.KindExhausted, veiviser.ReasonRequestTooLarge, err, "the message is larger than the service takes")
	case codes.Unimplemented:
		return veiviser.Failed(veiviser.KindInternal, veiviser.ReasonNotImplemented, err, "this RPC is not part of this release")
	default:
		return veiviser.Failed(veiviser.KindInternal, veiviser.ReasonInternal, err, "internal error")
	}
}

func errDeadline(cause error) *veiviser.Error {
	return veiviser.Failed(veiviser.KindDeadline, veiviser.ReasonDeadlineExceeded, cause, "the time for this call ran out")
}

func errCanceled(cause error) *veiviser.Error {
	return veiviser.Failed(veiviser.KindCanceled, veiviser.ReasonCanceled, cause, "the caller left")
}

func errStopping() *veiviser.Error {
	e := veiviser.Failed(veiviser.KindUnavailable, veiviser.ReasonStopping, nil, "the service stops; connect again")
	e.RetryAfter = time.Second
	return e
}

func errOverloaded() *veiviser.Error {
	e := veiviser.Failed(veiviser.KindExhausted, veiviser.ReasonOverloaded, nil, "the service takes no more work for the moment")
	e.RetryAfter = time.Second
	return e
}

// badRequest names the fields at fault, as many as clients can be trusted to read.
func badRequest(violations []veiviser.Violation) *errdetails.BadRequest {
	out, size := &errdetails.BadRequest{}, 0
	for i, v := range violations {
		field, text := clip(v.Field, 256), clip(v.Message, maxMessageBytes)
		size += len(field) + len(text) + 8
		if i > 0 && (i == maxViolations || size > maxViolationBytes) {
			out.FieldViolations = append(out.FieldViolations, &errdetails.BadRequest_FieldViolation{
				Description: "there are more; what is listed is the beginning",
			})
			break
		}
		out.FieldViolations = append(out.FieldViolations, &errdetails.BadRequest_FieldViolation{Field: field, Description: text})
	}
	return out
}

// publicMessage is the text for the caller: the message, led by the field when it speaks of one.
func publicMessage(e *veiviser.Error) string {
	text := e.Message
	if text == "" && len(e.Violations) > 0 {
		text = e.Violations[0].Message
	}
	if text == "" {
		text = string(e.Reason)
	}
	return clip(text, maxMessageBytes)
}

// clip cuts s to n bytes at the border of a rune and makes it valid UTF-8, which protobuf demands.
func clip(s string, n int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// reasonToProto is the enum value of a reason.
func reasonToProto(r veiviser.Reason) veiviserv1.ErrorReason {
	return veiviserv1.ErrorReason(veiviserv1.ErrorReason_value[reasonPrefix+string(r)])
}
