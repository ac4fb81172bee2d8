package eligible

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/raced"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// quietBy says by the words of the contract whether it is quiet: minute by minute on the wall clock, with the words of package
// time.
func quietBy(q *veiviser.QuietHours, local time.Time) bool {
	clock := local.Format("15:04")
	day := func(t time.Time) bool {
		return len(q.Days) == 0 || slices.Contains(q.Days, map[string]string{
			"Monday": "mon", "Tuesday": "tue", "Wednesday": "wed", "Thursday": "thu", "Friday": "fri", "Saturday": "sat", "Sunday": "sun",
		}[t.Weekday().String()])
	}
	if q.From < q.To {
		return day(local) && q.From <= clock && clock < q.To
	}
	noon := time.Date(local.Year(), local.Month(), local.Day(), 12, 0, 0, 0, time.UTC) // of a calendar without clock changes
	return day(noon) && clock >= q.From || day(noon.AddDate(0, 0, -1)) && clock < q.To
}

// TestQuietHours compares quiet hours with the wall clock around changes of it, in zones whose clocks change in every way, and the
// moment they end with the first minute at which they do not hold.
func TestQuietHours(t *testing.T) {
	raced.Skip(t)
	changes := map[string][]string{
		"Europe/Oslo":          {"2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z"},
		"America/New_York":     {"2026-03-08T07:00:00Z", "2026-11-01T06:00:00Z"},
		"Australia/Lord_Howe":  {"2026-04-04T15:00:00Z", "2026-10-03T15:30:00Z"}, // by half an hour
		"America/Santiago":     {"2026-04-05T03:00:00Z", "2026-09-06T04:00:00Z"}, // at midnight
		"America/St_Johns":     {"2026-03-08T05:30:00Z", "2026-11-01T04:30:00Z"},
		"Asia/Kathmandu":       {"2026-01-01T00:00:00Z"}, // none; a quarter of an hour off
		"Pacific/Kiritimati":   {"2026-12-31T10:00:00Z"},
		"Africa/Casablanca":    {"2026-02-15T02:00:00Z", "2026-03-22T02:00:00Z"},
		"Antarctica/Troll":     {"2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z"}, // by two hours
		"America/Buenos_Aires": {"2026-07-01T00:00:00Z"},
	}
	place := &veiviser.Placement{ID: "push", Channel: "app"}
	r := rand.New(rand.NewPCG(1, 2))
	for zone, at := range changes {
		loc, ok := Zone(zone)
		if !ok {
			t.Fatalf("there is no zone %s", zone)
		}
		for n := range 60 {
			q := veiviser.QuietHours{
				ID: "q", From: fmt.Sprintf("%02d:%02d", r.IntN(24), 15*r.IntN(4)), To: fmt.Sprintf("%02d:%02d", r.IntN(24), 15*r.IntN(4)),
				Days: few(r, "mon", "sat", "sun", "wed"),
			}
			if n%4 == 0 { // around where clocks change
				q.From, q.To = pick(r, "00:00", "01:30", "02:00", "23:00"), pick(r, "02:30", "03:00", "02:00", "01:00", "00:00")
			}
			c := NewContact(&veiviser.ContactPolicy{QuietHours: []veiviser.QuietHours{q}})
			change, _ := time.Parse(time.RFC3339, at[n%len(at)])
			for range 30 {
				now := change.Add(time.Duration(r.IntN(60*3600)-30*3600) * time.Second)
				b, quiet := c.Quiet(place, "app", now, zone)
				if want := quietBy(&q, now.In(loc)); quiet != want {
					t.Fatalf("%s at %v, %+v: quiet %v, want %v", zone, now.In(loc), q, quiet, want)
				}
				if !quiet {
					continue
				}
				end := now.Truncate(time.Minute)
				for limit := now.Add(8 * 24 * time.Hour); end.Before(limit) && quietBy(&q, end.In(loc)); {
					end = end.Add(time.Minute)
				}
				if quietBy(&q, end.In(loc)) {
					end = time.Time{} // it never ends
				}
				if !b.Until.Equal(end) {
					t.Fatalf("%s at %v, %+v: until %v, want %v", zone, now.In(loc), q, b.Until.In(loc), end.In(loc))
				}
			}
		}
	}
}

// TestQuietWhere looks at where quiet hours hold, and at names that are no time zones.
func TestQuietWhere(t *testing.T) {
	c := NewContact(&veiviser.ContactPolicy{
		TimeZone: "Europe/Oslo",
		QuietHours: []veiviser.QuietHours{
			{ID: "night", Channels: []string{"push"}, From: "22:00", To: "07:00"},
			{ID: "morning", Channels: []string{"push"}, Placements: []string{"loud"}, From: "07:00", To: "09:00", Days: []string{"sun"}},
			{ID: "broken", From: "7pm", To: "8pm"},
		},
	})
	sunday := time.Date(2026, 11, 22, 5, 30, 0, 0, time.UTC) // 06:30 in Oslo
	for _, x := range []struct {
		place, channel string
		zones          []string
		about, until   string
	}{
		{"loud", "push", nil, "night", "2026-11-22T08:00:00Z"}, // one after the other
		{"soft", "push", nil, "night", "2026-11-22T06:00:00Z"},
		{"soft", "push", []string{"", "No/Where"}, "night", "2026-11-22T06:00:00Z"},
		{"soft", "push", []string{"Local"}, "night", "2026-11-22T06:00:00Z"},
		{"soft", "push", []string{"Asia/Tokyo"}, "", ""}, // 14:30
		{"soft", "push", []string{"No/Where", "Asia/Tokyo"}, "", ""},
		{"soft", "push", []string{"Local", "", "Asia/Tokyo", "Europe/Oslo"}, "", ""},
		{"soft", "push", []string{"Europe/Oslo", "Asia/Tokyo"}, "night", "2026-11-22T06:00:00Z"},
		{"soft", "web", nil, "", ""},
	} {
		b, quiet := c.Quiet(&veiviser.Placement{ID: x.place}, x.channel, sunday, x.zones...)
		until := ""
		if !b.Until.IsZero() {
			until = b.Until.Format(time.RFC3339)
		}
		if quiet != (x.about != "") || b.About != x.about || until != x.until {
			t.Errorf("%+v: %v %+v", x, quiet, b)
		}
	}
	for i := range cachedZones + 10 { // names from outside do not fill the memory
		c.named(fmt.Sprint("x", i))
	}
	n := 0
	c.zones.Range(func(any, any) bool { n++; return true })
	if n > cachedZones+10 {
		t.Errorf("%d zones are remembered", n)
	}
}
