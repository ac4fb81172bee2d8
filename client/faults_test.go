package client_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"github.com/veiviser/veiviser/client"
)

// dropping is a listener whose connections can be cut.
type dropping struct {
	net.Listener
	mu    sync.Mutex
	conns []net.Conn
}

func (d *dropping) Accept() (net.Conn, error) {
	c, err := d.Listener.Accept()
	if err == nil {
		d.mu.Lock()
		d.conns = append(d.conns, c)
		d.mu.Unlock()
	}
	return c, err
}

// cut breaks every connection without a word.
func (d *dropping) cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.conns {
		_ = c.Close()
	}
	d.conns = nil
}

// TestNothingIsLostOverANetworkThatBreaks sends over real connections that are cut every few milliseconds, to a store that
// fails at random on top.
func TestNothingIsLostOverANetworkThatBreaks(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 7))
	l := &ledger{counted: make(map[string]int), order: make(map[string][]string), fault: func() int {
		if rnd.IntN(3) > 0 {
			return 0
		}
		return 1 + rnd.IntN(3)
	}}
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &dropping{Listener: inner}
	s := (&fake{record: l.record}).server()
	served := make(chan struct{})
	go func() { defer close(served); _ = s.Serve(d) }()
	defer func() { s.Stop(); <-served }()
	stop, cutting := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(cutting)
		for {
			select {
			case <-stop:
				return
			case <-time.After(15 * time.Millisecond):
				d.cut()
			}
		}
	}()
	c, err := client.New(inner.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	const visitors, each = 4, 700
	want := make(map[string][]string)
	b := c.Events(client.BatchOptions{Size: 40, Age: time.Millisecond, Queue: 200, Timeout: time.Second})
	var adding sync.WaitGroup
	for v := range visitors {
		visitor := fmt.Sprint("v", v)
		ids := make([]string, each)
		for i := range ids {
			ids[i] = fmt.Sprint(visitor, "-", i)
		}
		want[visitor] = ids
		adding.Go(func() {
			for _, id := range ids {
				if err := b.Add(t.Context(), &veiviserv1.Event{EventId: id, VisitorId: visitor, Type: "view"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	adding.Wait()
	close(stop)
	<-cutting
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for visitor, ids := range want {
		if !slices.Equal(l.order[visitor], ids) {
			t.Errorf("visitor %s: %d events counted, want %d in their order", visitor, len(l.order[visitor]), len(ids))
		}
	}
	st := b.Stats()
	t.Logf("%+v", st)
	if st.Failed == 0 || st.Accepted+st.Duplicate != visitors*each || st.Pending() != 0 {
		t.Errorf("%+v", st)
	}
}
