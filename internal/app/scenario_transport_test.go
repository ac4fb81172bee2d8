package app_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"reflect"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/veiviser/veiviser/client"
	"github.com/veiviser/veiviser/internal/app"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// caller reaches a running server in one of the ways there are. Errors are such that status.FromError finds all details.
type caller interface {
	// call makes a unary call.
	call(ctx context.Context, m protoreflect.MethodDescriptor, in proto.Message) (proto.Message, error)
	// follow makes a call that is answered by a stream. The error ends it; nil is its regular end.
	follow(ctx context.Context, m protoreflect.MethodDescriptor, in proto.Message) iter.Seq2[proto.Message, error]
	// events sends events one by one and gives the results, fields relative to the one event sent.
	events(ctx context.Context, in []*veiviserv1.Event) ([]*veiviserv1.EventResult, error)
}

// errNoWay says that this way of calling has no means to make this call.
var errNoWay = errors.New("there is no such call on this way")

// transports are the ways to reach a server, by name; the first is the one that -update listens to.
var transports = []struct {
	name string
	dial func(t *testing.T, a *app.App) caller
}{
	{"grpc", dialGRPC},
	{"json", dialJSON},
	{"client", dialClient},
}

// service is the full name that the methods of a service begin with.
func method(t *testing.T, service, name string) protoreflect.MethodDescriptor {
	t.Helper()
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName("veiviser.v1." + service))
	if err != nil {
		t.Fatalf("service %s: %v", service, err)
	}
	s, ok := d.(protoreflect.ServiceDescriptor)
	if !ok || s.Methods().ByName(protoreflect.Name(name)) == nil {
		t.Fatalf("%s.%s is no RPC of the contract", service, name)
	}
	return s.Methods().ByName(protoreflect.Name(name))
}

// fresh is an empty message of a type.
func fresh(d protoreflect.MessageDescriptor) proto.Message {
	typ, err := protoregistry.GlobalTypes.FindMessageByName(d.FullName())
	if err != nil {
		panic(err) // the generated package registers all of them
	}
	return typ.New().Interface()
}

func path(m protoreflect.MethodDescriptor) string {
	return fmt.Sprintf("/%s/%s", m.Parent().FullName(), m.Name())
}

// overGRPC calls with nothing but the descriptors.
type overGRPC struct{ conn *grpc.ClientConn }

func dialGRPC(t *testing.T, a *app.App) caller {
	t.Helper()
	conn, err := grpc.NewClient(a.GRPCAddr, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &overGRPC{conn: conn}
}

func (c *overGRPC) call(ctx context.Context, m protoreflect.MethodDescriptor, in proto.Message) (proto.Message, error) {
	out := fresh(m.Output())
	if m.IsStreamingClient() || m.IsStreamingServer() {
		for msg, err := range c.follow(ctx, m, in) {
			return msg, err
		}
		return nil, errors.New("the stream ended without a message")
	}
	return out, c.conn.Invoke(ctx, path(m), in, out)
}

func (c *overGRPC) follow(ctx context.Context, m protoreflect.MethodDescriptor, in proto.Message) iter.Seq2[proto.Message, error] {
	return func(yield func(proto.Message, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		stream, err := c.conn.NewStream(ctx, &grpc.StreamDesc{
			ServerStreams: m.IsStreamingServer(), ClientStreams: m.IsStreamingClient(),
		}, path(m))
		if err == nil {
			if err = stream.SendMsg(in); errors.Is(err, io.EOF) { // refused already; receiving says why
				err = nil
			}
		}
		if err == nil {
			err = stream.CloseSend()
		}
		for err == nil {
			out := fresh(m.Output())
			if err = stream.RecvMsg(out); err == nil && !yield(out, nil) {
				return
			}
		}
		if errors.Is(err, io.EOF) {
			err = nil
		}
		yield(nil, err)
	}
}

func (c *overGRPC) events(ctx context.Context, in []*veiviserv1.Event) ([]*veiviserv1.EventResult, error) {
	stream, err := veiviserv1.NewVisitServiceClient(c.conn).StreamEvents(ctx)
	if err != nil {
		return nil, err
	}
	var results []*veiviserv1.EventResult
	for _, e := range in {
		if err := stream.Send(&veiviserv1.StreamEventsRequest{Event: e}); err != nil {
			return nil, err
		}
		out, err := stream.Recv()
		if err != nil {
			return nil, err
		}
		results = append(results, out.GetResult())
	}
	return results, stream.CloseSend()
}

// overClient calls through the Go client, whose methods are called as the RPCs are.
type overClient struct{ client *client.Client }

func dialClient(t *testing.T, a *app.App) caller {
	t.Helper()
	c, err := client.New(a.GRPCAddr, client.WithTimeout(10*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return &overClient{client: c}
}

func (c *overClient) call(ctx context.Context, m protoreflect.MethodDescriptor, in proto.Message) (proto.Message, error) {
	f := reflect.ValueOf(c.client).MethodByName(string(m.Name()))
	if !f.IsValid() || m.IsStreamingServer() {
		return nil, errNoWay
	}
	out := f.Call([]reflect.Value{reflect.ValueOf(ctx), reflect.ValueOf(in)})
	if err, failed := reflect.TypeAssert[error](out[1]); failed {
		return nil, err
	}
	return out[0].Interface().(proto.Message), nil
}

func (c *overClient) follow(ctx context.Context, m protoreflect.MethodDescriptor, in proto.Message) iter.Seq2[proto.Message, error] {
	return func(yield func(proto.Message, error) bool) {
		if req, ok := in.(*veiviserv1.ReplayDecisionsRequest); ok {
			for report, err := range c.client.ReplayDecisions(ctx, req) {
				if !yield(report, err) {
					return
				}
			}
			return
		}
		req, ok := in.(*veiviserv1.WatchRecommendationsRequest)
		if !ok {
			yield(nil, fmt.Errorf("%w: %s", errNoWay, m.Name()))
			return
		}
		for answer, err := range c.client.Watch(ctx, req) {
			if !yield(&veiviserv1.WatchRecommendationsResponse{Answer: answer}, err) {
				return
			}
		}
	}
}

func (c *overClient) events(ctx context.Context, in []*veiviserv1.Event) ([]*veiviserv1.EventResult, error) {
	var results []*veiviserv1.EventResult
	for r, err := range c.client.StreamEvents(ctx, func(yield func(*veiviserv1.Event) bool) {
		for _, e := range in {
			if !yield(e) {
				return
			}
		}
	}) {
		if err != nil {
			return nil, err
		}
		results = append(results, r)
	}
	return results, nil
}
