package api

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/veiviser/veiviser/internal/veiviser"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// validator checks messages against the limits of the contract. It is safe for concurrent use.
type validator struct {
	rules protovalidate.Validator
}

func newValidator() (*validator, error) {
	rules, err := protovalidate.New(protovalidate.WithMessages(
		&veiviserv1.RecommendRequest{}, &veiviserv1.RecordEventsRequest{}, &veiviserv1.Event{}, // ready before the first call
	))
	if err != nil {
		return nil, fmt.Errorf("compile the limits of the contract: %w", err)
	}
	return &validator{rules: rules}, nil
}

// request checks the message of a call. The plan inside ValidatePlanRequest is left to its handler, which reports what is
// wrong with it as an answer; batches are left to theirs, which report element by element.
func (v *validator) request(msg proto.Message) error {
	switch m := msg.(type) {
	case *veiviserv1.ValidatePlanRequest:
		if m.GetPlan() == nil {
			return veiviser.Invalid(veiviser.ReasonInvalidField, "plan", "must be set")
		}
		return nil
	case *veiviserv1.EvaluatePlanRequest:
		if m.GetPlan() == nil {
			return veiviser.Invalid(veiviser.ReasonInvalidField, "plan", "must be set")
		}
		return asError(v.check(m))
	case *veiviserv1.RecommendRequest:
		if plainRecommend(m) {
			return nil
		}
		if err := v.check(m); err != nil {
			return err
		}
		for i, e := range m.GetEvents() {
			if err := validTime(e.GetTime(), "events["+strconv.Itoa(i)+"].time"); err != nil {
				return err
			}
		}
		return asError(validTime(m.GetTime(), "time"))
	case *veiviserv1.SetDirectiveRequest:
		return asError(first(v.check(m), validTime(m.GetDirective().GetExpireTime(), "directive.expire_time")))
	case *veiviserv1.GetVisitorRequest:
		return asError(first(v.check(m), validTime(m.GetTime(), "time")))
	default:
		return asError(v.check(msg))
	}
}

// event checks one event of a batch.
func (v *validator) event(e *veiviserv1.Event) *veiviser.Error {
	switch {
	case e == nil:
		return veiviser.Invalid(veiviser.ReasonInvalidField, "", "must be set")
	case e.GetVisitorId() == "":
		return veiviser.Invalid(veiviser.ReasonMalformedID, "visitor_id", "must be 1–128 bytes")
	case plainEvent(e):
		return nil
	}
	return first(v.check(e), validTime(e.GetTime(), "time"))
}

// item checks one item of a batch.
func (v *validator) item(it *veiviserv1.Item) *veiviser.Error {
	if it == nil {
		return veiviser.Invalid(veiviser.ReasonInvalidField, "", "must be set")
	}
	return first(v.check(it), validTime(it.GetStartTime(), "start_time"), validTime(it.GetEndTime(), "end_time"))
}

// plan says which limits of the contract a plan breaks.
func (v *validator) plan(p *veiviserv1.Plan) ([]veiviser.Violation, error) {
	e := v.check(p)
	if e == nil {
		return nil, nil
	}
	if e.Kind == veiviser.KindInternal {
		return nil, e
	}
	return e.Violations, nil
}

// check runs the rules beside the fields of msg and everything in it.
func (v *validator) check(msg proto.Message) *veiviser.Error {
	err := v.rules.Validate(msg)
	if err == nil {
		return nil
	}
	broken, ok := errors.AsType[*protovalidate.ValidationError](err)
	if !ok || len(broken.Violations) == 0 {
		return veiviser.Failed(veiviser.KindInternal, veiviser.ReasonInternal, err, "the limits of the contract do not compile")
	}
	reason := reasonFor(msg, broken.Violations[0])
	e := &veiviser.Error{Kind: veiviser.KindInvalid, Reason: reason}
	for _, b := range broken.Violations[:min(len(broken.Violations), maxViolations+1)] {
		e.Violations = append(e.Violations, veiviser.Violation{Field: fieldPath(b.Proto.GetField()), Message: b.Proto.GetMessage()})
	}
	e.Message = e.Field() + ": " + e.Violations[0].Message
	return e
}

// reasonFor says which reason a broken limit has.
func reasonFor(msg proto.Message, b *protovalidate.Violation) veiviser.Reason {
	path, rule := b.Proto.GetField().GetElements(), b.Proto.GetRuleId()
	if len(path) == 0 {
		return veiviser.ReasonInvalidField
	}
	top, leaf := path[0].GetFieldName(), path[len(path)-1].GetFieldName()
	switch {
	case holdsPlan(msg) && top == "plan" && len(path) > 1:
		return veiviser.ReasonInvalidPlan
	case rule == "repeated.max_items" && len(path) == 1 && (top == "events" || top == "items"):
		return veiviser.ReasonBatchTooLarge
	case rule == "repeated.max_items" && len(path) == 1 && top == "placements":
		return veiviser.ReasonTooManyPlacements
	case leaf == "page_token":
		return veiviser.ReasonInvalidPageToken
	case strings.HasPrefix(rule, "string.") && (strings.HasSuffix(leaf, "_id") || strings.HasSuffix(leaf, "_ids")):
		return veiviser.ReasonMalformedID
	default:
		return veiviser.ReasonInvalidField
	}
}

// holdsPlan reports whether msg is about a plan that must be without mistakes.
func holdsPlan(msg proto.Message) bool {
	switch msg.(type) {
	case *veiviserv1.PublishPlanRequest, *veiviserv1.EvaluatePlanRequest:
		return true
	default:
		return false
	}
}

// fieldPath writes a path as "events[2].attributes". Keys of maps are the caller's text and are left out.
func fieldPath(p *validate.FieldPath) string {
	var b strings.Builder
	for i, e := range p.GetElements() {
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(e.GetFieldName())
		if s, ok := e.GetSubscript().(*validate.FieldPathElement_Index); ok {
			b.WriteByte('[')
			b.WriteString(strconv.FormatUint(s.Index, 10))
			b.WriteByte(']')
		}
	}
	return b.String()
}

// validTime refuses timestamps outside the years 1 to 9999 and those whose nanoseconds are none: the rules of the contract
// do not look at that, and arithmetic on them wraps around.
func validTime(t *timestamppb.Timestamp, field string) *veiviser.Error {
	if t == nil || t.IsValid() {
		return nil
	}
	return veiviser.Invalid(veiviser.ReasonInvalidField, field, "%s: must be a moment between the years 1 and 9999", field)
}

// first is the first error that is one.
func first(errs ...*veiviser.Error) *veiviser.Error {
	for _, e := range errs {
		if e != nil {
			return e
		}
	}
	return nil
}

// asError keeps a nil *Error from becoming an error that is not nil.
func asError(e *veiviser.Error) error {
	if e == nil {
		return nil
	}
	return e
}
