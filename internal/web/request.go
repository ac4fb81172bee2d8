package web

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// The routes of streams.
const (
	watchPath  = "/v1/decisions:watch"
	replayPath = "/v1/decisions:replay"
	alertsPath = "/v1/insights/alerts:watch"
)

// patience is how long requests may take that value a plan on thousands of logged decisions.
const patience = 2 * time.Minute

// valuesPlans reports whether a route may value a plan.
func valuesPlans(path string) bool { return path == "/v1/plan:evaluate" || path == "/v1/plan:publish" }

// headersIn says under which metadata key a header goes on to gRPC. Everything that is not named here stays behind; see
// clean, which drops it before the gateway could see it.
func headersIn(header string) (string, bool) {
	switch header {
	case "Accept-Language", "Traceparent", "Tracestate":
		return strings.ToLower(header), true
	default:
		return "", false
	}
}

// noHeader keeps metadata of the server from becoming headers.
func noHeader(string) (string, bool) { return "", false }

// forGateway are the headers that the gateway itself reads.
func forGateway(header string) bool {
	return header == "Accept" || header == "Content-Type" || header == "Authorization"
}

// clean passes on a request reduced to what it may say: the headers on the list, its path as it came, and the address of
// the connection it came on. The gateway forwards, obeys or trusts much else: Grpc-Metadata-*, Grpc-Timeout,
// X-HTTP-Method-Override, X-Forwarded-*, Host.
func clean(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := r.WithContext(r.Context())
		c.Header = make(http.Header, 4)
		for name, values := range r.Header {
			if _, ok := headersIn(name); ok || forGateway(name) {
				c.Header[name] = values[:1]
			}
		}
		if acceptsEvents(r.Header) {
			c.Header.Set("Accept", mimeEvents)
		}
		c.Host = ""
		u := *r.URL
		u.Path, u.RawPath = r.URL.EscapedPath(), ""
		c.URL = &u
		next.ServeHTTP(w, c)
	})
}

// unescape unescapes the parameters of a path, once.
func unescape(next runtime.HandlerFunc) runtime.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request, params map[string]string) {
		for name, escaped := range params {
			plain, err := url.PathUnescape(escaped)
			if err != nil {
				refuse(w, codes.InvalidArgument, invalid(name, "is not properly percent-encoded"))
				return
			}
			params[name] = plain
		}
		next(w, r, params)
	}
}

// Limits of bodies. A plan may hold 10,000 items, a batch of items 1,000 full ones; everything else is small.
const (
	maxBody      = 1 << 20
	maxItemsBody = 8 << 20
	maxPlanBody  = 16 << 20
)

func bodyLimit(path string) int64 {
	switch {
	case strings.HasPrefix(path, "/v1/plan:"):
		return maxPlanBody
	case path == "/v1/items:upsert":
		return maxItemsBody
	default:
		return maxBody
	}
}

// Every message of a JSON document costs hundreds of bytes when it is decoded, and "{}," is three: see the codec of
// package api, which looks at gRPC messages the same way.
const (
	freeObjects    = 2000
	bytesPerObject = 8
)

// bounded bounds the time and the size of requests. A stream gets no end, but every write to it does; what values plans gets
// more time than the rest.
func bounded(next http.Handler, timeout time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit(r.URL.Path)))
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			refuse(w, codes.ResourceExhausted, tooLargeProblem("the body is larger than this route takes; send several requests"))
			return
		}
		if err != nil { // the client broke off or took too long
			refuse(w, codes.InvalidArgument, problem{reason: reasonInvalidField, message: "the body could not be read"})
			return
		}
		if bytes.Count(body, []byte("{")) > freeObjects+len(body)/bytesPerObject {
			refuse(w, codes.ResourceExhausted, tooLargeProblem("the body holds far more objects than its bytes justify"))
			return
		}
		ctx, path, timeout := r.Context(), r.URL.Path, timeout
		stream := path == watchPath || path == replayPath || path == alertsPath
		if valuesPlans(path) {
			timeout = max(timeout, patience)
		}
		if stream || timeout >= patience {
			slow := newStreamWriter(w)
			w, ctx = slow, context.WithValue(ctx, streamKey{}, slow)
		}
		if !stream {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, timeout)
			defer cancel()
		}
		r = r.WithContext(ctx)
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		next.ServeHTTP(w, r)
	})
}

// streamWriter writes an answer that has no end: the connection may stay open for hours, but a reader that takes nothing
// for writeTimeout is given up.
type streamWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	// began is whether something was written, failed whether that is all there is to say.
	began, failed bool
}

// streamKey is the key in the context of a request by which the writer of its answer is found.
type streamKey struct{}

// fail answers with an error where nothing was written yet. What the gateway says of the error after that goes nowhere.
func (s *streamWriter) fail(e *status.Status) {
	if !s.began {
		s.Header().Del("Transfer-Encoding") // which the gateway sets for a stream
		writeStatus(s, e, 0)
		s.failed = true
	}
}

func newStreamWriter(w http.ResponseWriter) *streamWriter {
	s := &streamWriter{ResponseWriter: w, control: http.NewResponseController(w)}
	// Without deadlines (a recorder in a test) there is nothing to lift.
	_ = s.control.SetReadDeadline(time.Time{})
	_ = s.control.SetWriteDeadline(time.Time{})
	return s
}

// WriteHeader begins the answer.
func (s *streamWriter) WriteHeader(code int) {
	if !s.failed {
		s.began = true
		s.ResponseWriter.WriteHeader(code)
	}
}

// Write writes within writeTimeout.
func (s *streamWriter) Write(b []byte) (int, error) {
	if s.failed {
		return len(b), nil
	}
	s.began = true
	_ = s.control.SetWriteDeadline(time.Now().Add(writeTimeout))
	return s.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController flush.
func (s *streamWriter) Unwrap() http.ResponseWriter { return s.ResponseWriter }
