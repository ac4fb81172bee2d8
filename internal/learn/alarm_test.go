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

// complained is a line about a complaint of somebody, written now. She was in a segment before it, and is in another by it.
func complained(whose uint64, subject, region, channel string) veiviser.OutboxEntry {
	return veiviser.OutboxEntry{Written: time.Now(), Entry: veiviser.LogEntry{
		Time: noon, Before: veiviser.Membership{Segments: []string{"families"}, Known: true},
		After: veiviser.Membership{Segments: []string{"families", "complaining"}, Known: true},
		Event: &veiviser.LoggedEvent{Type: "complaint", Subject: subject, Channel: channel, Region: region, Whose: whose},
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
				o.write(i%7, complained(uint64(i+1), "bike/road", "oslo", "web"))
			}
			must(t, a.Step(t.Context()))
			time.Sleep(time.Hour)
		}
		must(t, a.Step(t.Context()))
		if n := len(a.Shown().Alerts); n != 0 {
			t.Fatalf("%d alerts while nothing was unusual", n)
		}
		for i := range 25 {
			o.write(i%7, complained(uint64(1000+i), "bike/ebike", "bergen", "web"))
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
			"all ": 25, "topic bike": 25, "topic bike/ebike": 25, "region bergen": 23, "segment families": 25, "channel web": 25,
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

// A region or channel that is one person's own is not watched, not remembered and not logged: what she sends again and again is found
// in no snapshot and no log. One where several people were is watched, and so is a channel of the plan.
func TestPlacesOfOnePersonAreNotKept(t *testing.T) {
	snap := sykkel(t)
	synctest.Test(t, func(t *testing.T) {
		o := newOutboxes()
		o.plan = snap
		var log bytes.Buffer
		a := learn.NewLearner(o, published{snap}, "a", slog.New(slog.NewTextHandler(&log, nil)))
		for range 3 * 24 {
			must(t, a.Step(t.Context()))
			time.Sleep(time.Hour)
		}
		for i := range 30 {
			whose := uint64(i%2 + 1) // husband and wife
			o.write(i%7, complained(whose, fmt.Sprint("bike/", i), "planted street 4", "planted@channel"))
			o.write(i%7, complained(0, "", "planted by nobody", ""))
			o.write(i%7, complained(uint64(i+10), "bike/ebike", "voss", "kiosk"))
		}
		must(t, a.Step(t.Context()))
		time.Sleep(10 * time.Minute)
		must(t, a.Step(t.Context()))
		about := map[string]bool{}
		for _, x := range a.Shown().Alerts {
			about[x.Dimension+" "+x.Value] = true
		}
		if !about["region voss"] || !about["channel kiosk"] || about["segment complaining"] {
			t.Errorf("alerts %v", about)
		}
		for what, text := range map[string]string{"snapshot": string(o.state), "log": log.String(), "alerts": fmt.Sprint(about)} {
			if strings.Contains(text, "planted") {
				t.Errorf("the %s tells where one person is: %s", what, text)
			}
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
		{map[string]string{"region": " Bergen"}, "bergen"},
		{map[string]string{"region": strings.Repeat("x", 129)}, "oslo"},
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

// Where she was last is remembered: what comes late does not overwrite, what does not say leaves it, and of who is not profiled nothing
// is.
func TestRegionIsRemembered(t *testing.T) {
	snap := sykkel(t)
	for _, unprofiled := range []bool{false, true} {
		loaded := veiviser.Loaded{VisitorID: "kari"}
		if unprofiled {
			loaded.Visitor = &veiviser.Visitor{ID: "kari", Standing: veiviser.Standing{Directives: []veiviser.Directive{{ID: "w", Kind: veiviser.DoNotProfile}}}}
		}
		for i, tt := range []struct {
			at         time.Duration
			attributes map[string]string
			want       string
		}{
			{-3 * time.Hour, nil, ""},
			{-2 * time.Hour, map[string]string{"region": "bergen"}, "bergen"},
			{-2 * time.Hour, nil, "bergen"},
			{-1 * time.Hour, map[string]string{"visitor.region": "Voss"}, "Voss"},
			{-2 * time.Hour, map[string]string{"region": "oslo"}, "Voss"},
		} {
			e := event(fmt.Sprint("e", i), "kari", "view")
			e.Time, e.Attributes = noon.Add(tt.at), tt.attributes
			folded := learn.Fold(snap, &loaded, []veiviser.Event{e}, noon)
			loaded.Visitor = folded.Visitor
			line := folded.Log[0].Event
			if unprofiled {
				tt.want = ""
			}
			if loaded.Visitor.Region != tt.want || (line.Whose == 0) != unprofiled {
				t.Errorf("unprofiled %v, event %d: %q, want %q; %+v", unprofiled, i, loaded.Visitor.Region, tt.want, line)
			}
		}
	}
}
