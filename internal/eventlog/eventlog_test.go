package eventlog_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/eventlog"
)

// read gives every row as a short text, and what is wrong with those that make no sense.
func read(t *testing.T, text string, o eventlog.Options) []string {
	t.Helper()
	r, err := eventlog.NewReader(strings.NewReader(text), false, o)
	if err != nil {
		return []string{err.Error()}
	}
	var out []string
	for row, err := range r.Rows() {
		if err != nil {
			out = append(out, err.Error())
			continue
		}
		out = append(out, fmt.Sprintf("%d/%d %s %s %s %s|%s|%s|%s|%v|%v", row.Line, row.Number, row.VisitorID, row.Type,
			row.Time.Format(time.RFC3339Nano), row.ItemID, row.Subject, row.Channel, row.DecisionID, row.Value, row.Attributes))
	}
	return out
}

func TestRead(t *testing.T) {
	shop := map[string]string{"visitor_id": "user", "type": "what", "time": "ts", "channel": "=web", "attributes.page": "url"}
	for _, tc := range []struct {
		name, text string
		o          eventlog.Options
		want       []string
	}{
		{
			"CSV with names of its own", "\ufeffuser,what,ts,url,item_id\nana, pv ,1511544070,/a,i1\n\"a,b\",noise,1,,\nbo,buy,1511544070.25,,i2\n",
			eventlog.Options{Format: eventlog.CSV, Columns: shop, Types: map[string]string{"pv": "view", "noise": ""}, Time: eventlog.Seconds},
			[]string{
				"2/1 ana view 2017-11-24T17:21:10Z i1||web||0|map[page:/a]",
				"4/3 bo buy 2017-11-24T17:21:10.25Z i2||web||0|map[]",
			},
		},
		{
			"CSV with the names of the contract",
			"visitor_id,type,time,value,subject,decision_id,attributes.query\nana,view,2026-11-22T12:00:00+01:00,3.5,bike/ebike,d1,helmet\n",
			eventlog.Options{Format: eventlog.CSV},
			[]string{"2/1 ana view 2026-11-22T11:00:00Z |bike/ebike||d1|3.5|map[query:helmet]"},
		},
		{
			"bad rows of CSV", "visitor_id,type,time,value\n,view,1000,\nana,,1000,\nana,view,,\nana,view,x,\nana,view,-5,\nana,view,99999999999999999,\nana,view,NaN,\n" +
				"ana,view,1000,much\nana,view\nana,view,1000,1,2\n\xff,view,1000,\nana,view,1000,7\n",
			eventlog.Options{Format: eventlog.CSV, Time: eventlog.Milliseconds},
			[]string{
				"line 2: the visitor is empty", "line 3: the event type is empty", "line 4: the time is empty",
				`line 5: the time "x" is not a number of milliseconds`, "line 6: the time -5 lies outside of the years 1970 to 9999",
				"line 7: the time 99999999999999999 lies outside of the years 1970 to 9999", `line 8: the time "NaN" is not a number of milliseconds`,
				`line 9: the value "much" is not a number`, "line 10: 2 columns, the header has 4", "line 11: 5 columns, the header has 4",
				"line 12: the row is not UTF-8", "13/12 ana view 1970-01-01T00:00:01Z |||" + "|7|map[]",
			},
		},
		{
			"JSON Lines", `{"visitorId": "ana", "type": "view", "time": "2026-11-22T12:00:00Z", "attributes": {"page": "/x", "deep": {"no": 1}}}` + "\n\n" +
				`{"visitor_id": 9007199254740993, "type": "view", "time": "2026-11-22T12:00:00Z", "value": 2, "item_id": true}` + "\n",
			eventlog.Options{Format: eventlog.JSONL},
			[]string{
				"1/1 ana view 2026-11-22T12:00:00Z ||||0|map[page:/x]",
				"3/2 9007199254740993 view 2026-11-22T12:00:00Z true||||2|map[]",
			},
		},
		{
			"JSON with paths", `{"user": {"id": "ana"}, "user.kind": "x", "type": "view", "ts": 1500}`,
			eventlog.Options{Format: eventlog.JSONL, Time: eventlog.Milliseconds, Columns: map[string]string{"visitor_id": "user.id", "time": "ts", "subject": "user.kind"}},
			[]string{"1/1 ana view 1970-01-01T00:00:01.5Z |x|||0|map[]"},
		},
		{
			"bad JSON", "{\n[1]\nnull\n{} {}\n{\"type\": \"view\"}\n",
			eventlog.Options{Format: eventlog.JSONL},
			[]string{
				"line 1: not JSON: unexpected EOF", "line 2: a line holds one JSON object", "line 3: a line holds one JSON object",
				"line 4: a line holds one JSON object", "line 5: the visitor is empty",
			},
		},
		{"empty CSV", "", eventlog.Options{Format: eventlog.CSV}, []string{"the file is empty: a CSV begins with its header"}},
		{"missing column", "a,b\n", eventlog.Options{Format: eventlog.CSV}, []string{"no column is mapped to visitor_id; the header has a, b"}},
		{"column twice", "type,type\n", eventlog.Options{Format: eventlog.CSV}, []string{`the header has the column "type" twice`}},
		{
			"unknown column", "type\n",
			eventlog.Options{Format: eventlog.CSV, Columns: map[string]string{"visitor_id": "u"}},
			[]string{`the header has no column "u", which is mapped to visitor_id; it has type`},
		},
		{"no format", "", eventlog.Options{}, []string{`a log is csv or jsonl, not ""`}},
		{"unknown unit", "", eventlog.Options{Format: eventlog.CSV, Time: "us"}, []string{`times are in s, ms or rfc3339, not "us"`}},
		{"nameless column", "", eventlog.Options{Format: eventlog.CSV, Columns: map[string]string{"time": ""}}, []string{"the field time is mapped to a column without name"}},
		{
			"nameless attribute", "",
			eventlog.Options{Format: eventlog.CSV, Columns: map[string]string{"attributes.": "x"}},
			[]string{`no field of an event is called "attributes."; there are visitor_id, type, time, item_id, subject, event_id, decision_id, channel, value and attributes.NAME`},
		},
		{"long line", strings.Repeat("x", 2<<20), eventlog.Options{Format: eventlog.JSONL}, []string{"reading the file after row 0: bufio.Scanner: token too long"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, read(t, tc.text, tc.o)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEqualRowsAreDifferentEventsAndTheSameOnesAlways(t *testing.T) {
	text := "visitor_id,type,time,event_id\n" + strings.Repeat("ana,view,1000,\n", 3) + "ana,view,1000,own\n"
	ids := func(o eventlog.Options) (out []string) {
		o.Format, o.Time = eventlog.CSV, eventlog.Seconds
		r, err := eventlog.NewReader(strings.NewReader(text), false, o)
		if err != nil {
			t.Fatal(err)
		}
		for row, err := range r.Rows() {
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, row.EventID)
		}
		return out
	}
	once, again, other := ids(eventlog.Options{}), ids(eventlog.Options{Types: map[string]string{"view": "look"}}), ids(eventlog.Options{IDPrefix: "b-"})
	if !slices.Equal(once, again) || once[3] != "own" || other[3] != "own" || other[0] != "b-"+once[0] {
		t.Errorf("%v\n%v\n%v", once, again, other)
	}
	slices.Sort(once)
	if len(slices.Compact(once)) != 4 {
		t.Errorf("equal rows share an id: %v", once)
	}
}

func TestOpenKnowsFilesByTheirNames(t *testing.T) {
	dir := t.TempDir()
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	_, _ = w.Write([]byte(`{"visitor_id":"ana","type":"view","time":"2026-11-22T12:00:00Z"}`))
	_ = w.Close()
	for name, content := range map[string][]byte{
		"a.JSONL.gz": z.Bytes(), "b.csv": []byte("visitor_id,type,time\nana,view,2026-11-22T12:00:00Z\n"), "c.txt": nil, "d.csv.gz": []byte("not gzip"),
		"e.json.gz": z.Bytes()[:z.Len()-9],
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{
		"a.JSONL.gz": "ana", "b.csv": "ana", "c.txt": "say the format", "d.csv.gz": "gzip", "e.json.gz": "unexpected EOF", "none.csv": "no such file",
	} {
		got := ""
		r, err := eventlog.Open(filepath.Join(dir, name), eventlog.Options{})
		if err == nil {
			for row, err := range r.Rows() {
				if got += row.VisitorID; err != nil {
					got = err.Error()
				}
			}
			if info, _ := os.Stat(filepath.Join(dir, name)); r.Bytes() != info.Size() {
				t.Errorf("%s: %d bytes read of %d", name, r.Bytes(), info.Size())
			}
			err = r.Close()
		}
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestCountSplitsTheLogEvenly(t *testing.T) {
	var c eventlog.Counter
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	const n = 100_000
	for i := range n { // not in order
		at := start.Add(time.Duration(i*7919%n) * time.Second)
		c.Add(&eventlog.Row{VisitorID: fmt.Sprint(i % 11), Type: []string{"view", "buy"}[i%2], Time: at}, nil)
	}
	c.Add(nil, &eventlog.RowError{})
	c.Add(nil, errors.New("the file is broken"))
	got := c.Count()
	if got.Rows != n || got.Malformed != 1 || got.Visitors != 11 || got.Types["view"] != n/2 || !got.First.Equal(start) || !got.Last.Equal(start.Add((n-1)*time.Second)) {
		t.Errorf("%+v", got.Types)
	}
	for i, at := range got.Split(10) {
		if off := at.Sub(start).Seconds()/n - float64(i+1)/10; off < -0.02 || off > 0.02 {
			t.Errorf("the end of tenth %d is off by %.3f of the log", i+1, off)
		}
	}
	var none eventlog.Counter
	empty := none.Count()
	if s := empty.Split(10); len(s) != 9 || !s[0].IsZero() || len(empty.Split(0)) != 0 {
		t.Errorf("%v", s)
	}
}

func FuzzRows(f *testing.F) {
	f.Add("visitor_id,type,time\nana,view,1000\n\"b\"\"o\",x,2\n", true, uint8(0))
	f.Add(`{"visitor_id":"ana","type":"view","time":1.5}`+"\n{\n", false, uint8(1))
	f.Add("visitor_id,type,time,attributes.a\n\xef,\",1e308\n", true, uint8(2))
	f.Fuzz(func(t *testing.T, text string, csv bool, unit uint8) {
		o := eventlog.Options{Format: eventlog.JSONL, Time: []eventlog.TimeUnit{eventlog.Seconds, eventlog.Milliseconds, eventlog.RFC3339}[unit%3]}
		if csv {
			o.Format = eventlog.CSV
		}
		r, err := eventlog.NewReader(strings.NewReader(text), false, o)
		if err != nil {
			t.Fatal(err)
		}
		ids := make(map[string]int)
		last := 0
		for row, err := range r.Rows() {
			if err != nil {
				continue
			}
			if row.VisitorID == "" || row.Type == "" || row.Time.Unix() < 0 || row.Time.Year() > 9999 || row.Number <= last {
				t.Fatalf("%+v", row)
			}
			last = row.Number
			if ids[row.EventID]++; ids[row.EventID] > 1 && !strings.Contains(text, "event") {
				t.Fatalf("two rows are %s", row.EventID)
			}
		}
	})
}
