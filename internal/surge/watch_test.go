package surge

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/veiviser"
)

func sortedDurations(d []time.Duration) []time.Duration {
	out := slices.Clone(d)
	slices.Sort(out)
	return out
}

func quick() Config {
	return Config{Bucket: 10 * time.Minute, Memory: 7 * 24 * time.Hour, FalseAlarms: 1, LeastEvents: 5}
}

func complaint(topics ...string) Event {
	return Event{Signal: Complaints, Topics: topics, Region: "oslo", Segments: []string{"families"}, Channel: "web"}
}

// quiet is a watch that has seen a week with a complaint every six hours.
func quiet(c Config) (*Watch, time.Time) {
	w, now := New(), start()
	w.Advance(now, c)
	for i := range 7 * 24 * 6 {
		if i%36 == 0 {
			w.Observe(now, complaint("bike"))
		}
		now = now.Add(c.Bucket)
		w.Advance(now, c)
	}
	return w, now
}

func TestSurgeIsRaisedAndOver(t *testing.T) {
	c := quick()
	w, now := quiet(c)
	if len(w.Alerts) > 0 {
		t.Fatalf("alarms in a quiet week: %+v", w.List())
	}
	for range 12 {
		w.Observe(now.Add(time.Minute), complaint("bike", "bike/ebike"))
	}
	now = now.Add(c.Bucket)
	w.Advance(now, c)
	list := w.List()
	var about []string
	for _, a := range list {
		about = append(about, a.Dimension+" "+a.Value)
		if a.Signal != Complaints || a.Events < 12 || a.Usual <= 0 || a.Factor < 10 || a.Evidence < a.Threshold || !a.Over.IsZero() {
			t.Errorf("alert %+v", a)
		}
	}
	slices.Sort(about)
	if d := cmp.Diff([]string{"all ", "channel web", "region oslo", "segment families", "topic bike", "topic bike/ebike"}, about); d != "" {
		t.Error(d)
	}
	for i := range 6 * 24 {
		if i%36 == 0 {
			w.Observe(now, complaint("bike"))
		}
		now = now.Add(c.Bucket)
		w.Advance(now, c)
	}
	for _, a := range w.List() {
		if a.Over.IsZero() {
			t.Errorf("not over after a day: %+v", a)
		}
	}
	if len(w.List()) != len(list) {
		t.Errorf("%d alerts, want %d", len(w.List()), len(list))
	}
	w.Advance(now.Add(31*24*time.Hour), c)
	if n := len(w.List()); n != 0 {
		t.Errorf("%d alerts after a month", n)
	}
}

// What lasts is the usual: the alarm ends, and does not come again.
func TestWhatLastsIsUsual(t *testing.T) {
	c := quick()
	w, now := quiet(c)
	for range 6 * 24 * 14 {
		w.Observe(now, complaint("bike"))
		now = now.Add(c.Bucket)
		w.Advance(now, c)
	}
	if list := w.List(); len(list) != 5 || slices.ContainsFunc(list, func(a veiviser.Alert) bool { return a.Over.IsZero() }) {
		t.Errorf("alerts %+v", list)
	}
}

// A few events of something new are no surge, and neither are fewer than an alarm needs.
func TestFewAreNoSurge(t *testing.T) {
	c := quick()
	w, now := quiet(c)
	for range 4 {
		w.Observe(now, Event{Signal: Complaints, Topics: []string{"helmet"}})
		now = now.Add(c.Bucket)
		w.Advance(now, c)
	}
	if n := len(w.Alerts); n != 0 {
		t.Errorf("%d alerts", n)
	}
	fresh := New()
	fresh.Advance(start(), c)
	for range 50 {
		fresh.Observe(start(), complaint("bike"))
	}
	fresh.Advance(start().Add(c.Bucket), c)
	if n := len(fresh.Alerts); n != 0 {
		t.Errorf("%d alerts without any past", n)
	}
}

// A watch that is kept and read again after every step goes the same way, to the last bit.
func TestKeptWatchGoesTheSameWay(t *testing.T) {
	c := quick()
	a, now := quiet(c)
	for i := range 400 {
		raw, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		b := New()
		if err := json.Unmarshal(raw, b); err != nil {
			t.Fatal(err)
		}
		for range i % 7 {
			a.Observe(now, complaint(fmt.Sprint("t", i%5)))
			b.Observe(now, complaint(fmt.Sprint("t", i%5)))
		}
		now = now.Add(c.Bucket)
		a.Advance(now, c)
		b.Advance(now, c)
		x, _ := json.Marshal(a)
		y, _ := json.Marshal(b)
		if string(x) != string(y) {
			t.Fatalf("step %d:\n%s\n%s", i, x, y)
		}
	}
}

// The same counts once in a bucket, also after a restart, and as often as it comes when it is not known whether it is the same.
func TestTheSameCountsOnce(t *testing.T) {
	c := quick()
	for name, tt := range map[string]struct {
		same   func(i int) uint64
		alarms bool
	}{
		"one person":   {func(int) uint64 { return 7 }, false},
		"many people":  {func(i int) uint64 { return uint64(i + 1) }, true},
		"nobody knows": {func(int) uint64 { return 0 }, true},
	} {
		w, now := quiet(c)
		for i := range 12 {
			e := complaint("bike")
			e.Same = tt.same(i)
			w.Observe(now, e)
			raw, err := json.Marshal(w)
			if err != nil {
				t.Fatal(err)
			}
			w = New()
			if err := json.Unmarshal(raw, w); err != nil {
				t.Fatal(err)
			}
		}
		now = now.Add(c.Bucket)
		w.Advance(now, c)
		if alarms := len(w.Alerts) > 0; alarms != tt.alarms || len(w.Heard) > 0 {
			t.Errorf("%s: alarms %v; %d buckets are remembered", name, alarms, len(w.Heard))
		}
	}
	w, now := quiet(c)
	for i := range 2 * maxHeard {
		w.Observe(now, Event{Signal: Feedback, Same: uint64(i + 1)})
	}
	if n := len(w.Heard[now.UnixMilli()]); n > maxHeard {
		t.Errorf("%d are told apart", n)
	}
	both := Event{Signal: Complaints, Same: 1}
	w.Observe(now, both)
	both.Signal = Feedback
	w.Observe(now, both)
	if counts := w.Waiting[now.UnixMilli()]; counts["complaints/all/"] != 1 {
		t.Errorf("a complaint counts as feedback: %v", counts)
	}
}

// Streams are bounded, and hostile names cost no more than others.
func TestStreamsAreBounded(t *testing.T) {
	c := quick()
	w, now := quiet(c)
	for i := range 20_000 {
		w.Observe(now, Event{Signal: Feedback, Topics: []string{fmt.Sprint("x/", i, "/\x00")}})
	}
	if n := len(w.Waiting[now.UnixMilli()]); n > maxWaiting {
		t.Errorf("%d counts wait", n)
	}
	now = now.Add(c.Bucket)
	w.Advance(now, c)
	if n := len(w.Streams); n > MaxStreams {
		t.Errorf("%d streams", n)
	}
	if w.Streams["complaints/topic/bike"] == nil {
		t.Error("a stream with a past has gone before those with one event")
	}
}

// Years without an event, and a change of the bucket, cost nothing and lose no rate.
func TestGapsAndBuckets(t *testing.T) {
	c := quick()
	w, now := quiet(c)
	was, _ := w.Streams["complaints/all/"].rate(0)
	now = now.Add(20 * 365 * 24 * time.Hour)
	w.Observe(now, complaint("bike"))
	w.Advance(now.Add(c.Bucket), c)
	if is, _ := w.Streams["complaints/all/"].rate(0); is < was/2 || is > 2*was {
		t.Errorf("the usual rate went from %v to %v while nobody watched", was, is)
	}
	c.Bucket = time.Hour
	w.Advance(now.Add(time.Hour), c)
	if is, _ := w.Streams["complaints/all/"].rate(0); is < 3*was || is > 12*was {
		t.Errorf("per hour %v, per ten minutes %v", is, was)
	}
}
