package replay

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// textRows bounds the lists of the text; the JSON has all of them.
const textRows = 15

// Text writes the report for a person at a terminal.
func (r *Report) Text(w io.Writer) {
	fmt.Fprintf(w, "Log: %s\n", strings.Join(r.Files, ", "))
	fmt.Fprintf(w, "  %d events of %d visitors, %s to %s; %d malformed rows\n",
		r.Log.Events, r.Log.Visitors, day(r.Log.First), day(r.Log.Last), r.Log.Malformed)
	for _, e := range first(r.Log.Examples, 5) {
		fmt.Fprintf(w, "    %s\n", e)
	}
	equal := "equal to the recount of the log"
	if !r.CountsEqual {
		equal = fmt.Sprintf("NOT equal to the recount of the log: %d missing", r.Events.Missing)
	}
	fmt.Fprintf(w, "Events: %d accepted, %d duplicate, %d rejected; %s\n", r.Events.Accepted, r.Events.Duplicate, r.Events.Rejected, equal)
	grid(w, "  type\tin log\taccepted\tduplicate\trejected\tmissing\t", len(r.Types), func(i int) string {
		t := r.Types[i]
		return fmt.Sprintf("  %s\t%d\t%d\t%d\t%d\t%d\t", t.Type, t.InLog, t.Accepted, t.Duplicate, t.Rejected, t.Missing)
	})
	for _, t := range first(r.Troubles, textRows) {
		fmt.Fprintf(w, "  %s: %s, %d times: %s\n", t.What, t.Name, t.Count, t.Example)
	}
	if r.Served.Answers > 0 {
		r.textServed(w)
	}
	fmt.Fprintf(w, "Speed: %.1f s, %.0f events/s, %.0f recommendations/s\n", r.Speed.Seconds, r.Speed.EventsPerSecond, r.Speed.RecommendationsPerSecond)
	grid(w, "  call\tcalls\tp50 ms\tp90 ms\tp99 ms\tmax ms\t", len(r.Speed.Latency), func(i int) string {
		l := r.Speed.Latency[i]
		return fmt.Sprintf("  %s\t%d\t%.2f\t%.2f\t%.2f\t%.2f\t", l.Call, l.Calls, l.P50, l.P90, l.P99, l.Max)
	})
}

func (r *Report) textServed(w io.Writer) {
	fmt.Fprintf(w, "Stages: share of needs in each tenth of the log\n")
	grid(w, "  until\tneeds\t"+strings.Join(r.StageNames, "\t")+"\t", len(r.Stages), func(i int) string {
		s := r.Stages[i]
		var row strings.Builder
		fmt.Fprintf(&row, "  %s\t%d\t", day(s.UpTo), s.Needs)
		for _, p := range s.Share {
			fmt.Fprintf(&row, "%.0f %%\t", 100*p)
		}
		return row.String()
	})
	s := &r.Served
	fmt.Fprintf(w, "Served: %d answers with %d decisions by plan %s; silent %.1f %%, fallback %.1f %%, %d degraded\n",
		s.Answers, s.Decisions, strings.Join(r.PlanVersions, ", "), 100*s.SilenceShare, 100*s.FallbackShare, s.Degraded)
	grid(w, "  placement\tdecisions\titems\tsilent\tfallback\t", len(s.Placements), func(i int) string {
		p := s.Placements[i]
		return fmt.Sprintf("  %s\t%d\t%d\t%d\t%d\t", p.Placement, p.Decisions, p.Items, p.Silent, p.Fallback)
	})
	for _, list := range []struct {
		name string
		of   []Counted
	}{{"kinds", s.Kinds}, {"silent because", s.Silences}} {
		if len(list.of) > 0 {
			parts := make([]string, len(list.of))
			for i, c := range list.of {
				parts[i] = fmt.Sprintf("%s %d", strings.ToLower(c.Name), c.Count)
			}
			fmt.Fprintf(w, "  %s: %s\n", list.name, strings.Join(parts, ", "))
		}
	}
	grid(w, "  item\tkind\tserved\tshare\t", min(len(s.Items), textRows), func(i int) string {
		v := s.Items[i]
		return fmt.Sprintf("  %s\t%s\t%d\t%.1f %%\t", v.Item, v.Kind, v.Count, 100*v.Share)
	})
	if more := len(s.Items) - textRows; more > 0 {
		fmt.Fprintf(w, "  and %d more\n", more)
	}
}

// grid writes rows in columns.
func grid(w io.Writer, heading string, n int, row func(i int) string) {
	if n == 0 {
		return
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, heading)
	for i := range n {
		fmt.Fprintln(t, row(i))
	}
	_ = t.Flush() // who reads at a terminal sees what is missing
}

func first[T any](list []T, n int) []T { return list[:min(n, len(list))] }

func day(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.Format("2006-01-02 15:04")
}
