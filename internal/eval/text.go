package eval

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
)

// Text writes the report for a person at a terminal.
func (r *Report) Text(w io.Writer) {
	fmt.Fprintf(w, "%s\n", r.title)
	if r.source != "" {
		fmt.Fprintf(w, "  %s\n", r.source)
	}
	fmt.Fprintf(w, "  %s\n", r.size())
	for i, name := range r.names {
		heading := "AUC and log-loss with intervals of 95 %"
		if i > 0 {
			heading = ""
		}
		fmt.Fprintf(w, "%s later in the visit%s\n", name, prefixed("; ", heading))
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "  over\tn\tcame true\tAUC\t\tlog-loss\t\tBrier\tECE\t")
		for _, m := range r.Targets[name].rows() {
			fmt.Fprintf(t, "  %s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", m.Name, m.N, percent(share(m.Positives, m.N), 1),
				figure(m.AUC, 3), between(m.AUCLow, m.AUCHigh, 3), figure(m.LogLoss, 4), between(m.LogLossLow, m.LogLossHigh, 4),
				figure(m.Brier, 4), figure(m.ECE, 4))
		}
		_ = t.Flush() // who reads at a terminal sees what is missing
	}
	next := &r.NextType
	fmt.Fprintf(w, "Type of the next event: perplexity %s %s\n", figure(next.Perplexity, 3), between(next.PerplexityLow, next.PerplexityHigh, 3))
	if s := &r.Stages; s.N > 0 {
		fmt.Fprintf(w, "Stages against hindsight: %s right %s, %s answered, %s of these right, over %d events\n", percent(s.Accuracy, 1),
			strings.TrimSpace(between(hundredfold(r.stageLow), hundredfold(r.stageHigh), 1)), percent(s.Answered, 1), percent(s.AccuracyAnswered, 1), s.N)
	}
}

// size says how much the report is made from.
func (r *Report) size() string {
	s := fmt.Sprintf("%s events, %s visits, %s visitors", thousands(r.Events), thousands(r.Visits), thousands(r.Visitors))
	if r.resamples > 0 {
		s += fmt.Sprintf("; intervals of 95 %% from %s resamples of visitors", thousands(r.resamples))
	}
	return s
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

// figure is a number with so many decimals, or a dash where it is undefined.
func figure(v *float64, decimals int) string {
	if v == nil {
		return "–"
	}
	return strconv.FormatFloat(*v, 'f', decimals, 64)
}

// percent is a share as people read it.
func percent(v *float64, decimals int) string {
	if v == nil {
		return "–"
	}
	return figure(hundredfold(v), decimals) + " %"
}

// between is an interval, or nothing where there is none.
func between(low, high *float64, decimals int) string {
	if low == nil || high == nil {
		return ""
	}
	return "[" + figure(low, decimals) + ", " + figure(high, decimals) + "]"
}

// hundredfold is a share in percent.
func hundredfold(v *float64) *float64 {
	if v == nil {
		return nil
	}
	return new(100 * *v)
}

// share is a part of a whole, undefined when there is nothing.
func share(part, whole int) *float64 { return defined(float64(part) / float64(whole)) }

// thousands is a number as people read it: 39 964.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}

// brief is a number in three or four characters: 950, 1.2k, 34k.
func brief(n int) string {
	v, unit := float64(n), ""
	for _, u := range []string{"k", "M", "G"} {
		if v < 999.5 {
			break
		}
		v, unit = v/1000, u
	}
	if unit != "" && v < 9.95 {
		return strconv.FormatFloat(v, 'f', 1, 64) + unit
	}
	return strconv.FormatFloat(v, 'f', 0, 64) + unit
}
