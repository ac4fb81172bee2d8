package simulate

import (
	_ "embed" // the page is in page.html
	"fmt"
	"html/template"
	"io"

	"github.com/veiviser/veiviser/internal/eval/simulate/chart"
)

//go:embed page.html
var page string

// shownItems is how many items of each policy the page shows; the JSON has all.
const shownItems = 8

// policyView is what the page shows of a policy.
type policyView struct {
	*PolicyResult
	Color        string
	Until        string
	Bait         float64
	Stages, Flow template.HTML
	Top          []ItemResult
}

// stateView is an entry of the legend of states.
type stateView struct{ Name, Color string }

// HTML writes the result as one page with pictures that needs nothing else: no script, no font, no network.
func (r *Result) HTML(w io.Writer) error {
	t, err := template.New("page").Funcs(template.FuncMap{
		"num": chart.Thousands, "style": chart.Style, "percent": func(v float64, digits int) string { return fmt.Sprintf("%.*f %%", digits, 100*v) },
		"part": func(n, of int) string { return fmt.Sprintf("%.1f %%", 100*float64(n)/float64(max(of, 1))) },
		"fix":  func(v float64, digits int) string { return fmt.Sprintf("%.*f", digits, v) },
	}).Parse(page)
	if err != nil {
		return err
	}
	var policies []policyView
	for i := range r.Policies {
		p := &r.Policies[i]
		policies = append(policies, policyView{
			PolicyResult: p, Color: r.policyColor(i), Until: p.until(), Bait: p.baitShare(), Stages: r.stagePicture(p), Flow: r.flowPicture(p),
			Top: p.Items[:min(shownItems, len(p.Items))],
		})
	}
	var states []stateView
	for i, name := range r.States {
		states = append(states, stateView{name, stateColor(i)})
	}
	return t.Execute(w, map[string]any{
		"R": r, "Size": r.size(), "Sentences": r.Sentences(), "Policies": policies, "States": states,
		"Regret": r.regretPicture(), "Conversion": r.conversionPicture(),
	})
}
