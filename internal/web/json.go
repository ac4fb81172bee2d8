package web

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

const (
	mimeJSON   = "application/json"
	mimeLines  = "application/x-ndjson"
	mimeEvents = "text/event-stream"
)

// jsonMarshaler reads and writes the JSON mapping of protobuf: unknown fields and anything behind the document are
// refused; fields without a value are written, so that a reader need not know defaults.
type jsonMarshaler struct {
	runtime.JSONPb
}

func newJSON() *jsonMarshaler {
	return &jsonMarshaler{JSONPb: runtime.JSONPb{
		MarshalOptions: protojson.MarshalOptions{EmitDefaultValues: true},
	}}
}

// ContentType of one document.
func (*jsonMarshaler) ContentType(any) string { return mimeJSON }

// StreamContentType of a document per line.
func (*jsonMarshaler) StreamContentType(any) string { return mimeLines }

// Unmarshal reads a whole document.
func (j *jsonMarshaler) Unmarshal(b []byte, v any) error {
	m, ok := v.(proto.Message)
	if !ok {
		return j.JSONPb.Unmarshal(b, v)
	}
	return protojson.Unmarshal(b, m)
}

// NewDecoder reads r to its end as one document. Where there is nothing the error is io.EOF, which leaves the message
// empty.
func (j *jsonMarshaler) NewDecoder(r io.Reader) runtime.Decoder {
	return runtime.DecoderFunc(func(v any) error {
		b, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		if len(bytes.TrimSpace(b)) == 0 {
			return io.EOF
		}
		return j.Unmarshal(b, v)
	})
}

// eventMarshaler writes a stream as server-sent events: an answer as data, an error as an event of that name. What is no
// stream it writes as JSON.
type eventMarshaler struct {
	jsonMarshaler
}

func newEvents() *eventMarshaler { return &eventMarshaler{jsonMarshaler: *newJSON()} }

// StreamContentType of events.
func (*eventMarshaler) StreamContentType(any) string { return mimeEvents }

// Marshal writes one event for what the gateway sends on streams, and plain JSON for everything else.
func (e *eventMarshaler) Marshal(v any) ([]byte, error) {
	prefix := "data: "
	switch chunk := v.(type) {
	case map[string]any:
		m, ok := chunk["result"].(proto.Message)
		if !ok {
			return nil, errors.New("a chunk of a stream without a result")
		}
		v = m
	case map[string]proto.Message:
		prefix, v = "event: error\ndata: ", chunk["error"]
	default:
		return e.jsonMarshaler.Marshal(v)
	}
	b, err := e.jsonMarshaler.Marshal(v)
	return append([]byte(prefix), b...), err
}

// Delimiter ends an event.
func (*eventMarshaler) Delimiter() []byte { return []byte("\n\n") }

// acceptsEvents reports whether a request asks for server-sent events before anything else.
func acceptsEvents(h http.Header) bool {
	firstOf, _, _ := strings.Cut(h.Get("Accept"), ",")
	t, _, err := mime.ParseMediaType(firstOf)
	return err == nil && t == mimeEvents
}
