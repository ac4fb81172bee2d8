package web

import (
	"context"
	"errors"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/protoadapt"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// What this package finds wrong by itself, before gRPC hears of it. The values are those of the contract.
const (
	reasonInvalidField = veiviserv1.ErrorReason_ERROR_REASON_INVALID_FIELD
	reasonTooLarge     = veiviserv1.ErrorReason_ERROR_REASON_REQUEST_TOO_LARGE
	reasonNoRoute      = veiviserv1.ErrorReason_ERROR_REASON_UNKNOWN_ROUTE
)

// problem is an error that this package finds; field and message as in google.rpc.BadRequest.
type problem struct {
	reason         veiviserv1.ErrorReason
	field, message string
}

func invalid(field, message string) problem {
	return problem{reason: reasonInvalidField, field: field, message: field + ": " + message}
}

func tooLargeProblem(message string) problem {
	return problem{reason: reasonTooLarge, message: message}
}

// of is the problem as a status, with the details that errors of the service have.
func (p problem) of(c codes.Code) *status.Status {
	s := status.New(c, p.message)
	details := []protoadapt.MessageV1{&errdetails.ErrorInfo{
		Reason: strings.TrimPrefix(p.reason.String(), "ERROR_REASON_"), Domain: "veiviser",
	}}
	if p.field != "" {
		details = append(details, &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{
			{Field: p.field, Description: p.message},
		}})
	}
	if detailed, err := s.WithDetails(details...); err == nil {
		return detailed
	}
	return s
}

func refuse(w http.ResponseWriter, c codes.Code, p problem) { writeStatus(w, p.of(c), 0) }

// denyOrigin answers a page of another origin that is not on the list.
func denyOrigin(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	refuse(w, codes.PermissionDenied, problem{reason: veiviserv1.ErrorReason_ERROR_REASON_FOREIGN_ORIGIN, message: "pages of this origin may not call the service"})
}

// writeStatus answers with a google.rpc.Status as JSON; httpStatus 0 is the one that fits the code.
func writeStatus(w http.ResponseWriter, s *status.Status, httpStatus int) {
	if httpStatus == 0 {
		httpStatus = runtime.HTTPStatusFromCode(s.Code())
	}
	h := w.Header()
	h.Set("Content-Type", mimeJSON)
	for _, d := range s.Details() {
		switch d := d.(type) {
		case *errdetails.RetryInfo:
			h.Set("Retry-After", strconv.FormatInt(int64(math.Ceil(d.GetRetryDelay().AsDuration().Seconds())), 10))
		case *errdetails.ErrorInfo:
			if d.GetReason() == strings.TrimPrefix(reasonTooLarge.String(), "ERROR_REASON_") {
				httpStatus = http.StatusRequestEntityTooLarge
			}
		}
	}
	if s.Code() == codes.Unauthenticated {
		h.Set("WWW-Authenticate", "Bearer")
	}
	body, err := protojson.Marshal(s.Proto())
	if err != nil { // a detail of a type that is not linked in
		body = []byte(`{"code":13,"message":"internal error"}`)
	}
	w.WriteHeader(httpStatus)
	_, _ = w.Write(body) //nolint:gosec // JSON, which nobody sniffs; whoever left does not read it
}

// writeError answers an RPC that failed, or a request that could not become one.
func writeError(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, _ *http.Request, err error) {
	httpStatus := 0
	if e, ok := errors.AsType[*runtime.HTTPStatusError](err); ok {
		httpStatus, err = e.HTTPStatus, e.Err
	}
	writeStatus(w, complete(err), httpStatus)
}

// streamError is the last message of a stream that failed. What failed before its first message is answered like any other error.
func streamError(ctx context.Context, err error) *status.Status {
	s := complete(err)
	if w, ok := ctx.Value(streamKey{}).(*streamWriter); ok {
		w.fail(s)
	}
	return s
}

// complete is the status of err. The service's own have all their details; what the gateway and grpc say by themselves is
// put into our words, because theirs quote what was sent.
func complete(err error) *status.Status {
	s := status.Convert(err)
	for _, d := range s.Details() {
		if _, ok := d.(*errdetails.ErrorInfo); ok {
			return s
		}
	}
	switch s.Code() {
	case codes.InvalidArgument:
		return misread(s.Message()).of(codes.InvalidArgument)
	case codes.ResourceExhausted:
		return tooLargeProblem("the message is larger than the service takes").of(codes.ResourceExhausted)
	case codes.DeadlineExceeded:
		return problem{reason: veiviserv1.ErrorReason_ERROR_REASON_DEADLINE_EXCEEDED, message: "the time for this request ran out"}.of(s.Code())
	case codes.Canceled:
		return problem{reason: veiviserv1.ErrorReason_ERROR_REASON_CANCELED, message: "the caller left"}.of(s.Code())
	case codes.Unavailable:
		return problem{reason: veiviserv1.ErrorReason_ERROR_REASON_STOPPING, message: "the service can not be reached"}.of(s.Code())
	case codes.Unimplemented:
		return problem{reason: veiviserv1.ErrorReason_ERROR_REASON_NOT_IMPLEMENTED, message: "this RPC is not part of this release"}.of(s.Code())
	default:
		return problem{reason: veiviserv1.ErrorReason_ERROR_REASON_INTERNAL, message: "internal error"}.of(codes.Internal)
	}
}

// misread says what is wrong with a body or a query that did not fit its message. The texts it reads are those of
// protojson and of the gateway; names are passed on only when they look like names.
func misread(text string) problem {
	for _, known := range []struct{ pattern, message string }{
		{`unknown field "([\w.]{1,64})"`, "is no field of this request"},
		{`duplicate field "([\w.\[\]-]{1,64})"`, "is given more than once"},
		{`more than one value provided for key "[^"]*" in map "[\w.]*\b(\w{1,64})"`, "is given more than once"},
		{`invalid value for \w+ field (\w{1,64})`, "has a value of another type"},
		{`(?:parsing|too many values for) (?:field|list|map key|map value) "(\w{1,64})"`, "has a value of another type"},
		{`parameter: (\w{1,64}),`, "has a value of another type"},
		{`missing parameter (\w{1,64})`, "must be set"},
	} {
		if m := regexp.MustCompile(known.pattern).FindStringSubmatch(text); m != nil {
			return invalid(m[1], known.message)
		}
	}
	if m := regexp.MustCompile(`\(line (\d+):(\d+)\)`).FindStringSubmatch(text); m != nil {
		return problem{reason: reasonInvalidField, message: "the body is not the JSON of this request: line " + m[1] + ", column " + m[2]}
	}
	return problem{reason: reasonInvalidField, message: "the body or the query is not that of this request"}
}

// routingError answers a path or method that no RPC has.
func routingError(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, _ *http.Request, httpStatus int) {
	switch httpStatus {
	case http.StatusMethodNotAllowed:
		writeStatus(w, problem{reason: reasonNoRoute, message: "this path takes other methods"}.of(codes.Unimplemented), httpStatus)
	case http.StatusNotFound:
		writeStatus(w, problem{reason: reasonNoRoute, message: "there is nothing here; see /openapi.json"}.of(codes.NotFound), httpStatus)
	default:
		writeStatus(w, problem{reason: reasonNoRoute, message: "the path is malformed"}.of(codes.InvalidArgument), http.StatusBadRequest)
	}
}
