package app_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/api/annotations"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/veiviser/veiviser/internal/app"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// overJSON calls the gateway as a stranger would who has read the google.api.http options of the contract and nothing
// else.
type overJSON struct {
	base string
	http *http.Client
}

func dialJSON(t *testing.T, a *app.App) caller {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &overJSON{base: "http://" + a.HTTPAddr, http: &http.Client{Transport: transport}}
}

func (c *overJSON) call(ctx context.Context, m protoreflect.MethodDescriptor, in proto.Message) (proto.Message, error) {
	resp, err := c.send(ctx, m, in)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, readStatus(resp, body)
	}
	out := fresh(m.Output())
	return out, protojson.Unmarshal(body, out)
}

func (c *overJSON) follow(ctx context.Context, m protoreflect.MethodDescriptor, in proto.Message) iter.Seq2[proto.Message, error] {
	return func(yield func(proto.Message, error) bool) {
		resp, err := c.send(ctx, m, in)
		if err != nil {
			yield(nil, err)
			return
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			body, _ := io.ReadAll(resp.Body)
			yield(nil, readStatus(resp, body))
			return
		}
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			out := fresh(m.Output())
			if err := chunk(lines.Bytes(), out); err != nil {
				yield(nil, err)
				return
			}
			if !yield(out, nil) {
				return
			}
		}
		yield(nil, lines.Err())
	}
}

// events has no stream to send on: it sends batches of one.
func (c *overJSON) events(ctx context.Context, in []*veiviserv1.Event) ([]*veiviserv1.EventResult, error) {
	record := veiviserv1.File_veiviser_v1_visit_service_proto.Services().ByName("VisitService").Methods().ByName("RecordEvents")
	var results []*veiviserv1.EventResult
	for _, e := range in {
		out, err := c.call(ctx, record, &veiviserv1.RecordEventsRequest{Events: []*veiviserv1.Event{e}})
		if err != nil {
			return nil, err
		}
		r := out.(*veiviserv1.RecordEventsResponse).GetResults()[0]
		r.Field = strings.Replace(r.GetField(), "events[0]", "event", 1)
		results = append(results, r)
	}
	return results, nil
}

// chunk reads one line of a stream: {"result": …} or {"error": …}.
func chunk(line []byte, out proto.Message) error {
	var c struct{ Result, Error json.RawMessage }
	if err := json.Unmarshal(line, &c); err != nil {
		return fmt.Errorf("line %q: %w", line, err)
	}
	if c.Error != nil {
		s := &spb.Status{}
		if err := protojson.Unmarshal(c.Error, s); err != nil {
			return fmt.Errorf("error %q: %w", c.Error, err)
		}
		return status.FromProto(s).Err()
	}
	return protojson.Unmarshal(c.Result, out)
}

// send makes the HTTP request that the contract prescribes for a call.
func (c *overJSON) send(ctx context.Context, m protoreflect.MethodDescriptor, in proto.Message) (*http.Response, error) {
	rule, ok := proto.GetExtension(m.Options(), annotations.E_Http).(*annotations.HttpRule)
	if !ok || rule == nil {
		return nil, errNoWay
	}
	verb, template := http.MethodGet, rule.GetGet()
	switch {
	case rule.GetPost() != "":
		verb, template = http.MethodPost, rule.GetPost()
	case rule.GetDelete() != "":
		verb, template = http.MethodDelete, rule.GetDelete()
	}
	left := proto.Clone(in)
	target := c.base + regexp.MustCompile(`\{\w+\}`).ReplaceAllStringFunc(template, func(v string) string {
		f := left.ProtoReflect().Descriptor().Fields().ByName(protoreflect.Name(strings.Trim(v, "{}")))
		value := left.ProtoReflect().Get(f).String()
		left.ProtoReflect().Clear(f)
		return escape(value)
	})
	var body io.Reader
	if name := rule.GetBody(); name != "" {
		sent := left
		if name != "*" {
			f := left.ProtoReflect().Descriptor().Fields().ByName(protoreflect.Name(name))
			sent = left.ProtoReflect().Get(f).Message().Interface()
			left.ProtoReflect().Clear(f)
		}
		b, err := protojson.Marshal(sent)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(b)
	}
	if rule.GetBody() != "*" {
		query := url.Values{}
		parameters(query, "", left.ProtoReflect())
		if len(query) > 0 {
			target += "?" + query.Encode()
		}
	}
	req, err := http.NewRequestWithContext(ctx, verb, target, body)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return c.http.Do(req)
}

// escape writes a path variable such that nothing in it means anything.
func escape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_.~", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// parameters writes the fields of a message as query parameters: nested.field=…, list=…&list=…, map[key]=….
func parameters(query url.Values, prefix string, m protoreflect.Message) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		name := prefix + string(f.Name())
		switch {
		case f.IsMap():
			v.Map().Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
				query.Add(name+"["+k.String()+"]", scalar(f.MapValue(), v))
				return true
			})
		case f.IsList():
			for i := range v.List().Len() {
				query.Add(name, scalar(f, v.List().Get(i)))
			}
		case f.Message() != nil && f.Message().FullName() != "google.protobuf.Timestamp":
			parameters(query, name+".", v.Message())
		default:
			query.Add(name, scalar(f, v))
		}
		return true
	})
}

// scalar is a value as it stands in JSON, without quotes.
func scalar(f protoreflect.FieldDescriptor, v protoreflect.Value) string {
	switch {
	case f.Kind() == protoreflect.EnumKind:
		if d := f.Enum().Values().ByNumber(v.Enum()); d != nil {
			return string(d.Name())
		}
		return strconv.Itoa(int(v.Enum()))
	case f.Message() != nil:
		t := v.Message().Interface().(*timestamppb.Timestamp)
		return strings.Trim(protojson.Format(t), `"`)
	default:
		return v.String()
	}
}

// httpCodes are the HTTP status codes that google.rpc.Code prescribes.
var httpCodes = map[codes.Code]int{
	codes.InvalidArgument: 400, codes.FailedPrecondition: 400, codes.OutOfRange: 400, codes.Unauthenticated: 401,
	codes.PermissionDenied: 403, codes.NotFound: 404, codes.Aborted: 409, codes.AlreadyExists: 409,
	codes.ResourceExhausted: 429, codes.Canceled: 499, codes.DataLoss: 500, codes.Unknown: 500, codes.Internal: 500,
	codes.Unimplemented: 501, codes.Unavailable: 503, codes.DeadlineExceeded: 504,
}

// readStatus reads the body of an answer that is none.
func readStatus(resp *http.Response, body []byte) error {
	var stream struct{ Error json.RawMessage } // what a stream is answered by even if it never begins
	if err := json.Unmarshal(body, &stream); err == nil && stream.Error != nil {
		body = stream.Error
	}
	s := &spb.Status{}
	if err := protojson.Unmarshal(body, s); err != nil {
		return fmt.Errorf("HTTP %d with a body that is no google.rpc.Status: %q", resp.StatusCode, body)
	}
	want := httpCodes[codes.Code(s.GetCode())]
	if status.FromProto(s).Code() == codes.ResourceExhausted && resp.StatusCode == http.StatusRequestEntityTooLarge {
		want = resp.StatusCode
	}
	if resp.StatusCode != want {
		return fmt.Errorf("HTTP %d for %s, want %d", resp.StatusCode, codes.Code(s.GetCode()), want)
	}
	return status.FromProto(s).Err()
}
