package plan

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// forecasts compares two forecasts. They come out of a computer by the thousands of numbers, so that one line says all
// that a person wants to hear of them.
func (d *differ) forecasts(path string, a, b reflect.Value) {
	x, _ := reflect.TypeAssert[veiviser.Forecast](a)
	y, _ := reflect.TypeAssert[veiviser.Forecast](b)
	if sameForecast(&x, &y) {
		return
	}
	before, after := summary(&x), summary(&y)
	switch {
	case before == "":
		d.add(path, opAdded, "", after)
	case after == "":
		d.add(path, opRemoved, before, "")
	case before == after:
		d.add(path, opChanged, before, after+", with other numbers")
	default:
		d.add(path, opChanged, before, after)
	}
}

// summary tells a forecast by its size; "" when it forecasts nothing.
func summary(f *veiviser.Forecast) string {
	var parts []string
	if h, c := len(f.Heads), len(f.Covariates); h+c > 0 {
		parts = append(parts, fmt.Sprintf("%s over %s", counted(h, "head"), counted(c, "covariate")))
	}
	if n := len(f.Subjects); n > 0 {
		parts = append(parts, counted(n, "subject"))
	}
	return strings.Join(parts, ", ")
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// sameForecast compares two forecasts; nil and empty lists and maps are the same.
func sameForecast(a, b *veiviser.Forecast) bool {
	return slices.Equal(a.Covariates, b.Covariates) &&
		slices.EqualFunc(a.Heads, b.Heads, func(x, y veiviser.ForecastHead) bool {
			return x.Type == y.Type && x.Next == y.Next && x.Bias == y.Bias && maps.Equal(x.Weights, y.Weights)
		}) &&
		slices.EqualFunc(a.Subjects, b.Subjects, func(x, y veiviser.SubjectTrait) bool {
			return x.Subject == y.Subject && x.Events == y.Events && maps.Equal(x.Rates, y.Rates)
		})
}
