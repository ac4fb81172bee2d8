package bonds

import (
	_ "embed" // the page is in page.html
	"fmt"
	"html/template"
	"io"

	"github.com/veiviser/veiviser/internal/eval/simulate/chart"
)

//go:embed page.html
var page string

// shopView is what the page shows of a shop.
type shopView struct {
	*ShopResult
	Color  string
	Keeps  float64
	Places template.HTML
}

// key is an entry of a legend.
type key struct {
	Name, Color string
	Dashed      bool
}

// HTML writes the result as one page with pictures that needs nothing else: no script, no font, no network.
func (r *Result) HTML(w io.Writer) error {
	t, err := template.New("page").Funcs(template.FuncMap{
		"style": chart.Style, "num": chart.Thousands, "whole": func(v float64) string { return countAt(v) },
		"percent": func(v float64, digits int) string { return fmt.Sprintf("%.*f %%", digits, 100*v) },
		"even":    even,
		"times":   func(v float64) string { return fmt.Sprintf("× %g", v) },
		"fix":     func(v float64, digits int) string { return fmt.Sprintf("%.*f", digits, v) },
	}).Parse(page)
	if err != nil {
		return err
	}
	shops := make([]shopView, len(r.Shops))
	for i := range r.Shops {
		kept, _ := r.Shops[i].shareKept()
		shops[i] = shopView{&r.Shops[i], r.shopColor(i), kept, r.placesPicture(&r.Shops[i])}
	}
	places := make([]key, len(r.Places))
	for i, name := range r.Places {
		places[i] = key{Name: name, Color: r.placeColor(i)}
	}
	fates := make([]key, len(r.Shops[0].Fates))
	for i, f := range r.Shops[0].Fates {
		fates[i] = key{Name: f.Name, Color: fateColor(i)}
	}
	data := map[string]any{
		"R": r, "Size": r.size(), "Sentences": r.Sentences(), "Shops": shops, "Places": places, "Fates": fates,
		"Groups": []key{
			{"led back", ledColor, false},
			{"control", comparedColor, false},
			{"truth: all led back", ledColor, true},
			{"truth: nobody led back", comparedColor, true},
		},
		"Back": r.backPicture(), "Effect": r.effectPicture(), "Handed": r.handedPicture(), "Kept": r.keptPicture(),
		"WrongTime": r.wrongTimePicture(), "Climbs": r.climbsPicture(), "Tiers": r.tiersPicture(),
	}
	if b := r.Shops[0].Books; b != nil && len(b.Acquired) > 0 {
		var from []key
		for _, a := range b.Acquired {
			from = append(from, key{Name: sourceName(a.Source), Color: sourceColor(a.Source)})
		}
		data["Money"], data["From"] = r.moneyPicture(), from
	}
	return t.Execute(w, data)
}

// even says after how many days a first-time customer has brought what she cost.
func even(days float64) string {
	switch {
	case days < 0:
		return "not by then"
	case days == 0:
		return "with the first order"
	default:
		return fmt.Sprintf("after %.0f days", days)
	}
}
