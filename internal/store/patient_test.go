package store_test

import (
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/store"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// A patient store opens while Redis is away, refuses every call until it is there, and is used then.
func TestPatientStoreIsWaitedFor(t *testing.T) {
	p := startRedis(t)
	p.kill()
	patient := func(o *store.Options) { o.Patient, o.ProbeEvery = true, 20*time.Millisecond }
	s := p.open(patient)
	if err := s.Ping(t.Context()); veiviser.KindOf(err) != veiviser.KindUnavailable {
		t.Errorf("ping: %v", err)
	}
	p.start()
	for deadline := time.Now().Add(5 * time.Second); s.Ping(t.Context()) != nil; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it is never used")
		}
	}
	if err := s.Commit(t.Context(), veiviser.Change{
		Loaded: veiviser.Loaded{VisitorID: "ada"}, Visitor: &veiviser.Visitor{ID: "ada", Events: 1},
	}); err != nil {
		t.Error(err)
	}
}

// What does not fit is not let in, however long it is waited for, and nothing is written to it.
func TestPatientStoreThatDoesNotFit(t *testing.T) {
	p := startRedis(t, "--appendfsync", "always")
	p.open() // creates the tenant, with four partitions
	p.kill()
	s := p.open(func(o *store.Options) { o.Patient, o.ProbeEvery, o.Partitions = true, 20*time.Millisecond, 8 })
	p.start()
	keys := p.do("DBSIZE")
	time.Sleep(300 * time.Millisecond)
	if err := s.Ping(t.Context()); veiviser.KindOf(err) != veiviser.KindUnavailable {
		t.Errorf("ping: %v", err)
	}
	if got := p.do("DBSIZE"); got != keys {
		t.Errorf("%s keys, %s before", got, keys)
	}
}
