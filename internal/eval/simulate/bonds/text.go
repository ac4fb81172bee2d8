package bonds

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
	for _, s := range r.Sentences() {
		fmt.Fprintf(w, "%s\n", s)
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "shop\tordered\thanded over\tkept\torders\tvalue\toffers\tbefore handover\tin a case\tsteps\ttowards a rung\tled\tback\tcontrol\tback\t")
	for i := range r.Shops {
		s := &r.Shops[i]
		kept, _ := s.shareKept()
		fmt.Fprintf(t, "%s\t%d\t%d\t%.1f %%\t%d\t%.0f\t%d\t%d\t%d\t%d\t%d\t%d\t%s\t%d\t%s\t\n", s.Name, s.FirstOrders, s.Handovers, 100*kept, s.Orders, s.Value,
			s.Shown.Offers, s.Shown.OffersBeforeRight, s.Shown.OffersInCase, s.Shown.Steps, s.Shown.Rungs, s.Led.People, s.Led.percent(),
			s.Compared.People, s.Compared.percent())
	}
	_ = t.Flush() // who reads at a terminal sees what is missing
}

// percent is the share that came back, "–" for none to come.
func (r Recovered) percent() string {
	if r.People == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f %%", 100*r.Rate())
}

// size says how much the result is made from.
func (r *Result) size() string {
	return fmt.Sprintf("%s people over %d days, the same for each of %d shops; seed %d", chart.Thousands(r.People), r.Days, len(r.Shops), r.Seed)
}

// Sentences say in words what was found, the most important first.
func (r *Result) Sentences() []string {
	first := &r.Shops[0]
	list := r.effectSentences()
	list = append(list, fmt.Sprintf("%s showed %s offers before the first order was delivered right, on %s visits, and %s while something was to be put right, on %s visits%s.",
		first.Name, chart.Thousands(first.Shown.OffersBeforeRight), chart.Thousands(first.Shown.VisitsBeforeRight),
		chart.Thousands(first.Shown.OffersInCase), chart.Thousands(first.Shown.VisitsInCase), r.against(func(s *ShopResult) string {
			return chart.Thousands(s.Shown.OffersBeforeRight) + " and " + chart.Thousands(s.Shown.OffersInCase)
		})))
	kept, long := first.shareKept()
	list = append(list, fmt.Sprintf("Of those who ordered, %.1f %% were still there %.0f days later%s.", 100*kept, long.Hours()/24,
		r.against(func(s *ShopResult) string {
			k, _ := s.shareKept()
			return fmt.Sprintf("%.1f %%", 100*k)
		})))
	if len(r.Rungs) > 0 {
		list = append(list, fmt.Sprintf("On the loyalty ladder stood %s people in the end, after %s promotions and %s demotions%s.", chart.Thousands(r.onLadder(first)),
			chart.Thousands(sum(first.Promoted)), chart.Thousands(sum(first.Demoted)), r.against(func(s *ShopResult) string {
				return fmt.Sprintf("%s, after %s and %s", chart.Thousands(r.onLadder(s)), chart.Thousands(sum(s.Promoted)), chart.Thousands(sum(s.Demoted)))
			})))
	}
	list = append(list, fmt.Sprintf("%s first-time customers ordered for %s each over the whole time%s.", chart.Thousands(first.FirstOrders),
		chart.Thousands(int(first.perCustomer())), r.against(func(s *ShopResult) string {
			return fmt.Sprintf("%s for %s", chart.Thousands(s.FirstOrders), chart.Thousands(int(s.perCustomer())))
		})))
	if text := paid(first.Books); text != "" {
		list = append(list, text)
	}
	return list
}

// paid says when first-time customers have brought what they cost, the dearest first; "" without books.
func paid(b *Books) string {
	if b == nil {
		return ""
	}
	rows := slices.Clone(b.Acquired)
	slices.SortStableFunc(rows, func(x, y Acquired) int { return cmp.Compare(y.Cost, x.Cost) })
	var list []string
	for _, a := range rows {
		if a.Cost > 0 && a.Source != "" {
			list = append(list, fmt.Sprintf("by %s (%s) %s", a.Source, countAt(a.Cost), even(a.EvenDays)))
		}
	}
	if len(list) == 0 {
		return ""
	}
	return "First-time customers have paid for what winning them cost: " + strings.Join(list, ", ") + "."
}

// effectSentences are about leading back.
func (r *Result) effectSentences() []string {
	e, first := &r.Effect, &r.Shops[0]
	var list []string
	if first.Led.People > 0 && first.Compared.People > 0 {
		list = append(list, fmt.Sprintf("Within %.0f days after something was put right, %s of those who were led back came back, and %s of the control.", r.WindowDays,
			first.Led.percent(), first.Compared.percent()))
	}
	switch {
	case e.Known && !e.Estimated:
		list = append(list, fmt.Sprintf("Leading people back truly brings %.1f in a hundred more of them back.", 100*e.True))
	case e.Known:
		verdict := "the interval holds the truth"
		if !e.Held {
			verdict = "the interval misses the truth"
		}
		list = append(list, fmt.Sprintf("Leading people back truly brings %.1f in a hundred more of them back; %s says %.1f, and between %.1f and %.1f with 95 %% confidence: %s.",
			100*e.True, first.Name, 100*e.Estimate, 100*e.Low, 100*e.High, verdict))
	}
	return list
}

// against says the same of the other shops, but for those that have nothing to say.
func (r *Result) against(of func(*ShopResult) string) string {
	var text strings.Builder
	for i := range r.Shops[1:] {
		s := &r.Shops[i+1]
		if s.Name != oracleName {
			fmt.Fprintf(&text, "; %s: %s", s.Name, of(s))
		}
	}
	return text.String()
}

// onLadder is how many stand on a rung in the end.
func (r *Result) onLadder(s *ShopResult) int {
	return sum(s.Months[len(s.Months)-1][isRung : isRung+len(r.Rungs)])
}

func (r *ShopResult) perCustomer() float64 { return r.Value / float64(max(r.FirstOrders, 1)) }

func sum(list []int) int {
	n := 0
	for _, x := range list {
		n += x
	}
	return n
}
