package web

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	spb "google.golang.org/genproto/googleapis/rpc/status"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a gRPC server that has every RPC of the contract: it remembers what it was asked and answers as it is told, by
// default with an empty message.
type fake struct {
	mu       sync.Mutex
	method   string
	in       proto.Message
	metadata metadata.MD

	answer answering

	// watch, when set, answers watched visits.
	watch func(grpc.ServerStreamingServer[veiviserv1.WatchRecommendationsResponse]) error
}

func (f *fake) unary(ctx context.Context, in any, info *grpc.UnaryServerInfo, _ grpc.UnaryHandler) (any, error) {
	m, ok := in.(proto.Message)
	if !ok {
		return nil, fmt.Errorf("%T is no message", in)
	}
	if answer := f.note(ctx, info.FullMethod, m); answer != nil {
		return answer(ctx, m)
	}
	service, method, _ := strings.Cut(info.FullMethod[1:], "/")
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(service + "." + method))
	if err != nil {
		return nil, err
	}
	md, ok := d.(protoreflect.MethodDescriptor)
	if !ok {
		return nil, fmt.Errorf("%T is no method", d)
	}
	t, err := protoregistry.GlobalTypes.FindMessageByName(md.Output().FullName())
	if err != nil {
		return nil, err
	}
	return t.New().Interface(), nil
}

// note remembers what is asked and gives what answers it.
func (f *fake) note(ctx context.Context, method string, in proto.Message) answering {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.method, f.in = method, in
	f.metadata, _ = metadata.FromIncomingContext(ctx)
	return f.answer
}

// answering answers unary calls.
type answering func(ctx context.Context, in proto.Message) (proto.Message, error)

func (f *fake) answerWith(a answering) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = a
}

// asked is what was asked last, and forgets it.
func (f *fake) asked() (method string, in proto.Message, md metadata.MD) {
	f.mu.Lock()
	defer f.mu.Unlock()
	method, in, md = f.method, f.in, f.metadata
	f.method, f.in, f.metadata = "", nil, nil
	return method, in, md
}

// watching is DecisionService for its one stream.
type watching struct {
	veiviserv1.UnimplementedDecisionServiceServer
	fake *fake
}

func (s watching) WatchRecommendations(in *veiviserv1.WatchRecommendationsRequest, st grpc.ServerStreamingServer[veiviserv1.WatchRecommendationsResponse]) error {
	s.fake.note(st.Context(), veiviserv1.DecisionService_WatchRecommendations_FullMethodName, in)
	if s.fake.watch == nil {
		return nil
	}
	return s.fake.watch(st)
}

// serve starts the handler on a real listener in front of a fake; both end with the test.
func serve(t *testing.T, o Options, tune ...func(*http.Server)) (*httptest.Server, *fake) {
	t.Helper()
	f := &fake{}
	s := grpc.NewServer(grpc.UnaryInterceptor(f.unary), grpc.MaxRecvMsgSize(32<<20))
	veiviserv1.RegisterDecisionServiceServer(s, watching{fake: f})
	veiviserv1.RegisterVisitServiceServer(s, veiviserv1.UnimplementedVisitServiceServer{})
	veiviserv1.RegisterCatalogServiceServer(s, veiviserv1.UnimplementedCatalogServiceServer{})
	veiviserv1.RegisterPlanServiceServer(s, veiviserv1.UnimplementedPlanServiceServer{})
	veiviserv1.RegisterInsightServiceServer(s, veiviserv1.UnimplementedInsightServiceServer{})
	l := bufconn.Listen(1 << 20)
	served := make(chan struct{})
	go func() {
		defer close(served)
		if err := s.Serve(l); err != nil {
			t.Error(err)
		}
	}()
	conn, err := grpc.NewClient("passthrough:///bufconn", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	o.Conn = conn
	h, err := Handler(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewUnstartedServer(nil)
	front.Config = Server(h)
	for _, f := range tune {
		f(front.Config)
	}
	front.Start()
	t.Cleanup(func() {
		front.CloseClientConnections()
		front.Close()
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		s.Stop()
		<-served
	})
	return front, f
}

// answered is a response, read.
type answered struct {
	code   int
	header http.Header
	body   string
}

// do sends a request as it is written, without what a client library would tidy up.
func do(t *testing.T, front *httptest.Server, method, path, body string, header ...string) answered {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, front.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	resp, err := front.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answered{code: resp.StatusCode, header: resp.Header, body: string(b)}
}

// status reads the body as google.rpc.Status and gives its reason and the first field at fault.
func (a answered) status(t *testing.T) (reason, field string) {
	t.Helper()
	s := &spb.Status{}
	if err := protojson.Unmarshal([]byte(a.body), s); err != nil {
		t.Fatalf("%d %q is no google.rpc.Status: %v", a.code, a.body, err)
	}
	if got := a.header.Get("Content-Type"); got != "application/json" {
		t.Errorf("an error of type %q", got)
	}
	if a.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("an answer that may be sniffed: %v", a.header)
	}
	return details(t, s)
}
