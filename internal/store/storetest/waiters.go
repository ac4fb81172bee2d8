package storetest

import (
	"maps"
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// wait commits an order that is waited for, and a line that is nobody's.
func (b *bench) wait(id string) {
	b.t.Helper()
	c, err := b.fold(b.Store, id, events("order-"+id))
	b.must(err)
	o := veiviser.Order{ID: 7, Placed: b.now(), Promised: b.now().Add(time.Hour)}
	c.Visitor.Standing.Orders = append(c.Visitor.Standing.Orders, o)
	c.Log = append(c.Log, veiviser.LogEntry{Time: b.now(), Steps: []veiviser.Step{{Kind: veiviser.StepPromised, At: o.Promised}}})
	b.must(b.Commit(b.ctx(), c))
}

// promises are the tokens of all lines that say whose they are, and what the last one of each tells.
func (b *bench) promises() map[string]time.Time {
	b.t.Helper()
	out := map[string]time.Time{}
	lines, err := b.ReadOutbox(b.ctx(), nil, 1000)
	b.must(err)
	for i := range lines {
		e := &lines[i]
		if (e.Person != "") != e.Entry.Promises() {
			b.t.Errorf("a line with the steps %v is of %q", e.Entry.Steps, e.Person)
		}
		if e.Person != "" {
			out[e.Person] = e.Entry.Steps[len(e.Entry.Steps)-1].At
		}
	}
	return out
}

func testWaiters(t scope) {
	b := open(t.T, t.target)
	b.wait("ada")
	b.must(b.record(b.Store, "bo", "e1"))
	found := b.promises()
	if len(found) != 1 {
		t.Fatalf("%d lines say whose they are", len(found))
	}
	token := slices.Collect(maps.Keys(found))[0]
	who := func() string {
		t.Helper()
		l, err := b.LoadPerson(b.ctx(), token)
		b.must(err)
		if l.Visitor == nil {
			return ""
		}
		l.Visitor.Standing.Orders[0].Late = true
		b.must(b.Commit(b.ctx(), veiviser.Change{Loaded: l, Visitor: l.Visitor, VisitorTTL: time.Hour}))
		return l.Visitor.ID
	}
	if id := who(); id != "ada" {
		t.Errorf("the token leads to %q", id)
	}
	b.wait("ada")
	b.advance(2 * time.Hour) // forgotten, but for what binds
	if id := who(); id != "ada" {
		t.Errorf("when she is forgotten the token leads to %q", id)
	}
	b.must(b.Link(b.ctx(), "bo", "ada"))
	if id := who(); id != "bo" {
		t.Errorf("when she is linked the token leads to %q", id)
	}
	b.wait("cy")
	if _, err := b.Erase(b.ctx(), "cy"); err != nil {
		t.Fatal(err)
	}
	for who, at := range b.promises() {
		l, err := b.LoadPerson(b.ctx(), who)
		b.must(err)
		if (l.Visitor == nil) != at.IsZero() {
			t.Errorf("of the person %+v the last line says %v", l.Visitor, at)
		}
	}
	for _, odd := range []string{"", ":", "0:", "0:AAAAAAAAAAAAAAAAAAAAAA", "-1:AAAAAAAAAAAAAAAAAAAAAA", "0:é"} {
		if l, err := b.LoadPerson(b.ctx(), odd); err != nil || l.Visitor != nil {
			t.Errorf("%q leads to %+v, %v", odd, l.Visitor, err)
		}
	}
}
