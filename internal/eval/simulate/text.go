package simulate

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/veiviser/veiviser/internal/eval/simulate/chart"
)

// Text writes the result for a person at a terminal.
func (r *Result) Text(w io.Writer) {
	fmt.Fprintf(w, "%s\n", r.Title)
	if r.Source != "" {
		fmt.Fprintf(w, "  %s\n", r.Source)
	}
	fmt.Fprintf(w, "  %s\n\n", r.size())
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "policy\tregret\tof chance\tby buyer\tearly\tlate\torders\tby visit\t2nd half\tdelivered\ttarget after\tclicks\tsilence\t")
	for i := range r.Policies {
		p := &r.Policies[i]
		fmt.Fprintf(t, "%s\t%.1f\t%.0f %%\t%.3f\t%.4f\t%.4f\t%d\t%.2f %%\t%.2f %%\t%d\t%s\t%.1f %%\t%.1f %%\t\n", p.Name, p.Regret, 100*p.Relative, p.PerBuyer,
			p.Early, p.Late, p.Orders, 100*p.Conversion, 100*p.LateConversion, p.Delivered, p.until(), 100*p.ClickRate, 100*p.Silence)
	}
	_ = t.Flush() // who reads at a terminal sees what is missing
	fmt.Fprintln(w)
	for _, s := range r.Sentences() {
		fmt.Fprintf(w, "%s\n", s)
	}
}

// size says how much the result is made from.
func (r *Result) size() string {
	s := fmt.Sprintf("%s visits for each of %d policies, %d items", chart.Thousands(r.Visits), len(r.Policies), r.Arms)
	if len(r.Bait) > 0 {
		s += fmt.Sprintf(", %d of them bait", len(r.Bait))
	}
	return s + fmt.Sprintf("; seed %d", r.Seed)
}

// until is after how many decisions the target was reached.
func (p *PolicyResult) until() string {
	if p.Until < 0 {
		return "never"
	}
	return chart.Thousands(p.Until)
}

// Sentences say in words what was found, the most important first.
func (r *Result) Sentences() []string {
	list := []string{fmt.Sprintf("A new buyer is worth %.3f orders delivered right to who knows everything, %.3f to chance, and %.3f when nothing is ever shown.",
		r.ValueBest, r.ValueUniform, r.ValueNothing)}
	ranked := slices.Clone(r.Policies)
	slices.SortStableFunc(ranked, func(a, b PolicyResult) int { return cmp.Compare(a.Regret, b.Regret) })
	ranked = slices.DeleteFunc(ranked, func(p PolicyResult) bool { return p.Name == "oracle" })
	if len(ranked) > 1 {
		first, last := &ranked[0], &ranked[len(ranked)-1]
		list = append(list, fmt.Sprintf("%s lost least: %.0f orders over %s visits; %s lost most: %.0f.", first.Name, first.Regret,
			chart.Thousands(r.Visits), last.Name, last.Regret))
	}
	for i := range ranked {
		p := &ranked[i]
		if p.Early > 0 && p.Late < 0.9*p.Early {
			list = append(list, fmt.Sprintf("%s lost %.0f %% less by visit in the last tenth than in the first.", p.Name, 100*(1-p.Late/p.Early)))
		}
	}
	for i := range ranked {
		if share := ranked[i].baitShare(); share > 0.25 {
			list = append(list, fmt.Sprintf("%s took the bait: %.0f %% of what it showed is clicked a lot and helps nobody.", ranked[i].Name, 100*share))
		}
	}
	var never []string
	for i := range ranked {
		if ranked[i].Until < 0 {
			never = append(never, ranked[i].Name)
		}
	}
	if len(never) > 0 {
		list = append(list, fmt.Sprintf("A rate of %.2f %% orders by visit over %s visits was never reached by %s.", 100*r.Target,
			chart.Thousands(r.Window), strings.Join(never, ", ")))
	}
	return list
}

// baitShare is how much of what was shown was bait.
func (p *PolicyResult) baitShare() float64 {
	bait, all := 0, 0
	for i := range p.Items {
		it := &p.Items[i]
		if it.Item == "" {
			continue
		}
		all += it.Served
		if it.Bait {
			bait += it.Served
		}
	}
	return float64(bait) / float64(max(all, 1))
}
