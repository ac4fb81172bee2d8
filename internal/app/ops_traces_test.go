package app_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/mem"
)

// collected is a collector of traces that keeps them as they were sent.
type collected struct {
	addr string
	kept shared
}

func (c *collected) bytes() []byte { return []byte(c.kept.String()) }

// collector starts a collector of traces that ends with the test. It knows nothing of what it is sent.
func collector(t *testing.T) *collected {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &collected{addr: l.Addr().String()}
	s := grpc.NewServer(grpc.ForceServerCodecV2(rawCodec{}), grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		var message []byte
		if err := stream.RecvMsg(&message); err != nil {
			return err
		}
		if _, err := c.kept.Write(message); err != nil {
			return err
		}
		return stream.SendMsg(&[]byte{})
	}))
	go func() { _ = s.Serve(l) }()
	t.Cleanup(s.Stop)
	return c
}

// rawCodec passes messages on as bytes.
type rawCodec struct{}

func (rawCodec) Name() string { return "proto" }

func (rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	b, ok := v.(*[]byte)
	if !ok {
		return nil, fmt.Errorf("%T is no message", v)
	}
	return mem.BufferSlice{mem.SliceBuffer(*b)}, nil
}

func (rawCodec) Unmarshal(data mem.BufferSlice, v any) (err error) {
	b, ok := v.(*[]byte)
	if !ok {
		return fmt.Errorf("%T is no message", v)
	}
	*b, err = io.ReadAll(data.Reader())
	return err
}

// rewritten is the append-only file after it was written anew.
func (r *redisProcess) rewritten() []byte {
	r.t.Helper()
	if _, err := r.cli("BGREWRITEAOF"); err != nil {
		r.t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		out, err := r.cli("INFO", "persistence")
		if err != nil || time.Now().After(end) {
			r.t.Fatalf("the file is not written anew: %v\n%s", err, out)
		}
		info := string(out)
		if strings.Contains(info, "aof_rewrite_in_progress:0") && strings.Contains(info, "aof_rewrite_scheduled:0") {
			break
		}
	}
	files, err := filepath.Glob(filepath.Join(r.dir, "appendonlydir", "*"))
	if err != nil || len(files) == 0 {
		r.t.Fatalf("there is no append-only file: %v", err)
	}
	var all []byte
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil && !os.IsNotExist(err) { // Redis removes what it has replaced
			r.t.Fatal(err)
		}
		all = append(all, b...)
	}
	return all
}
