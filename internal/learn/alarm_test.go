package learn_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// complained is a line about a complaint, written now.
func complained(subject, region string) veiviser.OutboxEntry {
	return veiviser.OutboxEntry{Written: time.Now(), Entry: veiviser.LogEntry{
		Time: noon, After: veiviser.Membership{Segments: []string{"families"}, Known: true},
		Event: &veiviser.LoggedEvent{Type: "complaint", Subject: subject, Channel: "web", Region: region},
	}}
}

// A surge raises alerts for everything it is a surge of; they are in the snapshot, so that whoever learns next goes on with them,
// and are told as over when it is gone.
func TestLearnerRaisesAlerts(t *testing.T) {
	snap := sykkel(t)
	synctest.Test(t, func(t *testing.T) {
		o := newOutboxes()
		o.plan = snap
		var log bytes.Buffer
		a := learn.NewLearner(o, published{snap}, "a", slog.New(slog.NewTextHandler(&log, nil)))
		for i := range 3 * 24 { // three days with a complaint every six hours
			if i%6 == 0 {
				o.write(i%7, complained("bike/road", "oslo"))
			}
			must(t, a.Step(t.Context()))
			time.Sleep(time.Hour)
		}
		must(t, a.Step(t.Context()))
		if n := len(a.Shown().Alerts); n != 0 {
			t.Fatalf("%d alerts while nothing was unusual", n)
		}
		for i := range 25 {
			o.write(i%7, complained("bike/ebike", "bergen"))
		}
		must(t, a.Step(t.Context())) // counted, but the bucket is not over
		if n := len(a.Shown().Alerts); n != 0 {
			t.Fatalf("%d alerts before the bucket was over", n)
		}
		time.Sleep(10 * time.Minute) // and the first learner dies
		b := learn.NewLearner(o, published{snap}, "b", slog.New(slog.NewTextHandler(&log, nil)))
		must(t, b.Step(t.Context()))
		about := map[string]int64{}
		for _, x := range b.Shown().Alerts {
			about[x.Dimension+" "+x.Value] = x.Events
			if x.Kind != veiviser.AlertSurge || x.Signal != "complaints" || !x.Over.IsZero() || x.Factor < 10 {
				t.Errorf("alert %+v", x)
			}
		}
		want := map[string]int64{
			"all ": 25, "topic bike": 25, "topic bike/ebike": 25, "region bergen": 25, "segment families": 25, "channel web": 25,
		}
		if d := cmp.Diff(want, about); d != "" {
			t.Error(d)
		}
		first := b.Shown().Alerts
		time.Sleep(2 * time.Second)
		must(t, a.Step(t.Context())) // the first comes back without the lease, and shows the same
		if d := cmp.Diff(first, a.Shown().Alerts); d != "" {
			t.Error(d)
		}
		for range 24 {
			must(t, b.Step(t.Context()))
			time.Sleep(time.Hour)
		}
		for i, x := range b.Shown().Alerts {
			if x.Over.IsZero() {
				t.Errorf("alert %d is not over after a day: %+v", i, x)
			}
		}
		if n := strings.Count(log.String(), `"a surge"`); n != 6 {
			t.Errorf("%d surges logged", n)
		}
		if n := strings.Count(log.String(), "a surge is over"); n != 6 {
			t.Errorf("%d surges logged as over", n)
		}
	})
}

// The region of a line is that of the event, or else what it says of the visitor, or else what she said before.
func TestRegionIsLogged(t *testing.T) {
	snap := sykkel(t)
	loaded := veiviser.Loaded{VisitorID: "kari", Visitor: &veiviser.Visitor{ID: "kari", Attributes: map[string]string{"region": "oslo"}}}
	for i, tt := range []struct {
		attributes map[string]string
		want       string
	}{
		{map[string]string{"region": "bergen", "visitor.region": "voss"}, "bergen"},
		{map[string]string{"visitor.region": "voss"}, "voss"},
		{nil, "oslo"},
	} {
		e := event(fmt.Sprint("e", i), "kari", "complaint")
		e.Attributes = tt.attributes
		folded := learn.Fold(snap, &loaded, []veiviser.Event{e}, noon)
		if len(folded.Log) != 1 || folded.Log[0].Event.Region != tt.want {
			t.Errorf("%v: %+v", tt.attributes, folded.Log)
		}
	}
}
