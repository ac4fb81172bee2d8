package plan

import (
	"testing"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// A plan that is assumed answers as version 0 until something is published, and never instead of what is.
func TestAssume(t *testing.T) {
	s := newFakeStore(t)
	l := NewLibrary(s, nil)
	s.setAway(true)
	if err := l.Assume(named("assumed")); err != nil {
		t.Fatal(err)
	}
	if a := l.Active(); a.Version != 0 || a.Plan.Name != "assumed" || l.Lost() {
		t.Errorf("version %d of %s answers, lost %v", a.Version, a.Plan.Name, l.Lost())
	}
	s.setAway(false)
	if err := l.Refresh(t.Context()); err != nil || l.Active().Version != 0 || l.Lost() {
		t.Errorf("nothing is published: %v, version %d, lost %v", err, l.Active().Version, l.Lost())
	}
	if v := mustPublish(t, l, named("assumed")); v.Version != 1 || l.Active().Version != 1 {
		t.Errorf("published as %d, version %d answers", v.Version, l.Active().Version)
	}
	if err := l.Assume(named("other")); err != nil || l.Active().Plan.Name != "assumed" {
		t.Errorf("%v: %s answers", err, l.Active().Plan.Name)
	}
	broken := named("broken")
	broken.Segments = []veiviser.Segment{{ID: "x", Rule: "nonsense("}}
	if err := l.Assume(broken); veiviser.ReasonOf(err) != veiviser.ReasonInvalidPlan {
		t.Errorf("%v", err)
	}
}

// An emptied store is noticed; the last snapshot answers until it is published again.
func TestLost(t *testing.T) {
	l, _ := library(t)
	mustPublish(t, l, named("first"))
	mustPublish(t, l, named("second"))
	l.store = newFakeStore(t)
	if err := l.Refresh(t.Context()); err != nil || !l.Lost() || l.Active().Plan.Name != "second" {
		t.Fatalf("%v, lost %v, %s answers", err, l.Lost(), l.Active().Plan.Name)
	}
	if v := mustPublish(t, l, l.Active().Plan); v.Version != 1 || l.Lost() || l.Active().Version != 1 {
		t.Errorf("published as %d, lost %v, version %d answers", v.Version, l.Lost(), l.Active().Version)
	}
}
