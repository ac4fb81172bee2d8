package eval

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/veiviser/veiviser/internal/eventlog"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// load reads events as from a file with a bound on what is held.
func load(t testing.TB, events []veiviser.Event, o LoadOptions) *Log {
	t.Helper()
	o.Files = []string{csvOf(t, events)}
	l, err := Load(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// contents is all that a log holds, in its order.
func contents(l *Log) [][]veiviser.Event {
	out := make([][]veiviser.Event, l.NumVisitors())
	for i := range out {
		out[i] = l.list(i)
	}
	return out
}

// ordered gives events by visitor and by time.
func ordered(t testing.TB) (byVisitor, byTime []veiviser.Event) {
	t.Helper()
	byVisitor = worlds(t)[1].world.simulate(7, 30, 20).events
	for i := range byVisitor {
		if i%3 == 0 { // some at the same time
			byVisitor[i].Time = byVisitor[i].Time.Truncate(time.Hour)
		}
	}
	byVisitor[5].Channel, byVisitor[6].Value = "app", 1.25
	byTime = slices.Clone(byVisitor)
	slices.SortStableFunc(byTime, func(a, b veiviser.Event) int { return a.Time.Compare(b.Time) })
	return byVisitor, byTime
}

func TestLoadInAnyOrder(t *testing.T) {
	byVisitor, byTime := ordered(t)
	a, b := logOf(t, byVisitor), logOf(t, byTime)
	if diff := cmp.Diff(contents(a), contents(b)); diff != "" {
		t.Error(diff)
	}
	if a.Rows != len(byVisitor) || a.Events != len(byVisitor) || a.NumVisitors() != 30 || a.Sampled || b.Rows != a.Rows || b.Events != a.Events {
		t.Errorf("%d rows, %d events, %d visitors of %d", a.Rows, a.Events, a.NumVisitors(), len(byVisitor))
	}
	if from, to := byTime[0].Time, byTime[len(byTime)-1].Time; !a.From.Equal(from) || !a.To.Equal(to) || !b.From.Equal(from) || !b.To.Equal(to) {
		t.Errorf("from %v to %v, want %v to %v", a.From, a.To, from, to)
	}
	// By what was written: every visitor's events by time, those of one time in the order of the file.
	var all []veiviser.Event
	for i, events := range contents(a) {
		if !slices.IsSortedFunc(events, func(a, b veiviser.Event) int { return a.Time.Compare(b.Time) }) {
			t.Errorf("the events of %s are not in order of time", a.Visitor(i))
		}
		all = append(all, events...)
	}
	want := slices.Clone(byVisitor)
	slices.SortStableFunc(want, func(a, b veiviser.Event) int {
		if a.VisitorID != b.VisitorID {
			return strings.Compare(a.VisitorID, b.VisitorID)
		}
		return a.Time.Compare(b.Time)
	})
	for i := range want {
		if len(want[i].Attributes) == 0 {
			want[i].Attributes = nil
		}
	}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Error(diff)
	}
}

func TestLoadOfSeveralFilesOneOfThemGzip(t *testing.T) {
	events, _ := ordered(t)
	plain := csvOf(t, events[200:])
	text, err := os.ReadFile(csvOf(t, events[:200]))
	if err != nil {
		t.Fatal(err)
	}
	zipped := filepath.Join(t.TempDir(), "events.csv.gz")
	f, err := os.Create(zipped)
	if err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(f)
	if _, err := z.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(z.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	read, size := int64(0), int64(0)
	for _, name := range []string{zipped, plain} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		size += info.Size()
	}
	l, err := Load(t.Context(), LoadOptions{Files: []string{zipped, plain}, Progress: func(bytes int64) {
		if bytes < read {
			t.Errorf("%d bytes read after %d", bytes, read)
		}
		read = bytes
	}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(contents(logOf(t, events)), contents(l)); diff != "" {
		t.Error(diff)
	}
	if read != size {
		t.Errorf("%d bytes read of %d", read, size)
	}
}

func TestLoadCountsBadRows(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log.csv")
	text := "visitor_id,type,time\nann,view,2026-01-01T10:00:00Z\n"
	for i := range 7 {
		text += fmt.Sprintf("bob%d,view,yesterday\n", i)
	}
	text += ",view,2026-01-01T10:00:00Z\nann,,2026-01-01T10:00:00Z\nann,save,2026-01-01T10:00:01Z\n"
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := Load(t.Context(), LoadOptions{Files: []string{name}})
	if err != nil {
		t.Fatal(err)
	}
	if l.Rows != 11 || l.Bad != 9 || l.Events != 2 || l.NumVisitors() != 1 || len(l.Errors) != maxErrors {
		t.Errorf("%d rows, %d bad, %d events, %d visitors, %d errors", l.Rows, l.Bad, l.Events, l.NumVisitors(), len(l.Errors))
	}
	var wrong *eventlog.RowError
	if !errors.As(l.Errors[0], &wrong) || wrong.Line != 3 {
		t.Errorf("%v does not name line 3", l.Errors[0])
	}
}

func TestLoadNamesTheFileItCanNotRead(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.csv")
	if err := os.WriteFile(bad, []byte("who,what\n1,2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{bad, filepath.Join(t.TempDir(), "none.csv")} {
		_, err := Load(t.Context(), LoadOptions{Files: []string{name}})
		var file *FileError
		if !errors.As(err, &file) || file.File != name || file.Unwrap() == nil || !strings.HasPrefix(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLoadIsCanceled(t *testing.T) {
	events := worlds(t)[0].world.simulate(1, 200, 40).events
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Load(ctx, LoadOptions{Files: []string{csvOf(t, events)}}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v after it was canceled", err)
	}
}

func TestLoadSamplesWholeVisitors(t *testing.T) {
	byVisitor, byTime := ordered(t)
	full := logOf(t, byVisitor)
	whole := map[string][]veiviser.Event{}
	for i, events := range contents(full) {
		whole[full.Visitor(i)] = events
	}
	held := map[string]int{} // by seed, those who were kept
	for seed := range uint64(20) {
		for _, most := range []int{599, 300, 100} {
			l := load(t, byVisitor, LoadOptions{MaxEvents: most, Seed: seed})
			if diff := cmp.Diff(contents(l), contents(load(t, byTime, LoadOptions{MaxEvents: most, Seed: seed}))); diff != "" {
				t.Fatalf("seed %d, %d events: the order of rows matters: %s", seed, most, diff)
			}
			n := 0
			for i, events := range contents(l) {
				if diff := cmp.Diff(whole[l.Visitor(i)], events); diff != "" {
					t.Fatalf("not all events of %s are held: %s", l.Visitor(i), diff)
				}
				n += len(events)
				if most == 300 {
					held[l.Visitor(i)]++
				}
			}
			if !l.Sampled || l.Rows != len(byVisitor) || l.Events != n || n > most || n == 0 {
				t.Errorf("seed %d: %d of at most %d events held, the log says %d, of %d rows", seed, n, most, l.Events, l.Rows)
			}
		}
	}
	if len(held) < 25 { // of 30, each kept with a probability of about 0.4
		t.Errorf("of 20 seeds, none but %d visitors are ever held", len(held))
	}
	if l := load(t, byVisitor, LoadOptions{MaxEvents: 600}); l.Sampled || l.Events != 600 {
		t.Error("sampled although all fit")
	}
}

func TestLoadKeeps(t *testing.T) {
	events, _ := ordered(t)
	keep := func(v string) bool { return ShareOf(v, 3) == 1 }
	l := load(t, events, LoadOptions{Keep: keep})
	full := logOf(t, events)
	part := full.Subset(keep)
	if diff := cmp.Diff(contents(part), contents(l)); diff != "" {
		t.Error(diff)
	}
	if l.Rows != len(events) || l.Events != part.Events || l.Events == 0 || l.Events == len(events) || full.NumVisitors() != 30 {
		t.Errorf("%d rows, %d events; by subset %d", l.Rows, l.Events, part.Events)
	}
	counts := map[string]int{}
	for i := range events {
		if keep(events[i].VisitorID) {
			counts[events[i].Type]++
		}
	}
	if diff := cmp.Diff(counts, l.TypeShares()); diff != "" {
		t.Error(diff)
	}
}

func TestSharesAreEven(t *testing.T) {
	const n = 100_000
	for _, of := range []int{1, 2, 5, 7} {
		for _, form := range []string{"%d", "visitor-%06d", "%x@example.no"} {
			counts := make([]float64, of)
			for i := range n {
				counts[ShareOf(fmt.Sprintf(form, i), of)]++
			}
			chi := 0.0
			for _, c := range counts {
				want := float64(n) / float64(of)
				chi += (c - want) * (c - want) / want
			}
			if chi > float64(of-1)+5*math.Sqrt(2*float64(of)) {
				t.Errorf("%q into %d: %v", form, of, counts)
			}
		}
	}
	// Shares say nothing about who is sampled, nor about the folds of a fit.
	both := map[[3]bool]int{}
	for i := range n {
		v := fmt.Sprint(i)
		both[[3]bool{ShareOf(v, 2) == 0, hash(v, 0) < 1<<63, hash(v, 0xf01d)%2 == 0}]++
	}
	for which, c := range both {
		if math.Abs(float64(c)-n/8) > 5*math.Sqrt(n/8.0) {
			t.Errorf("%v: %d", which, c)
		}
	}
}

func TestVisitsByDefinition(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		gap := 30 * time.Minute
		h := history{id: "ann"}
		at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		for _, pause := range rapid.SliceOfN(rapid.SampledFrom([]time.Duration{0, time.Second, gap - 1, gap, gap + 1, 5 * gap}), 0, 30).Draw(r, "pauses") {
			at = at.Add(pause)
			h.events = append(h.events, event{at: at.UnixNano()})
		}
		l := &Log{visitors: []history{h}, strings: []string{""}, attrs: []map[string]string{nil}}
		events := l.list(0)
		for k, last := range l.visits(0, gap) {
			if last < k || !sameVisit(events, k, last, gap) || last+1 < len(events) && sameVisit(events, k, last+1, gap) {
				r.Fatalf("event %d: the visit ends with %d", k, last)
			}
		}
	})
}
