package stage

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// farthest bounds a standardised covariate: beyond it, more of the same says no more.
const farthest = 4.0

// forecast is a compiled veiviser.Forecast.
type forecast struct {
	types      []typeFacts // the event types that covariates speak of
	covariates []covariate
	mean, sd   []float64
	later      []head // each by itself
	next       []head // in competition
	subjects   map[string]*trait
}

// head is one compiled linear function.
type head struct {
	typ     string
	bias    float64
	weights []float64
}

// trait is a compiled veiviser.SubjectTrait.
type trait struct {
	known float64
	rates []float64 // by forecast.types
}

// typeIndex is the index of an event type, which it adds when it is new.
func (f *forecast) typeIndex(t string) int {
	for i := range f.types {
		if f.types[i].name == t {
			return i
		}
	}
	f.types = append(f.types, typeFacts{name: t, index: len(f.types), act: veiviser.ActOf(t), deed: veiviser.Deed(t)})
	return len(f.types) - 1
}

// forecast compiles the forecast of a journey, nil when it has none.
func (c *compiler) forecast(j *journey, src *veiviser.Forecast) *forecast {
	if len(src.Covariates) == 0 && len(src.Heads) == 0 {
		return nil
	}
	f := &forecast{}
	index := make(map[string]int, len(src.Covariates))
	for i, cov := range src.Covariates {
		at := fmt.Sprintf("%s.forecast.covariates[%d]", c.path, i)
		if _, twice := index[cov.ID]; twice {
			c.fail(at+".id", "must be unique, is %q", cov.ID)
		}
		index[cov.ID] = i
		c.finite(at+".mean", cov.Mean)
		if !(cov.SD > 0 && cov.SD <= math.MaxFloat64) {
			c.fail(at+".standard_deviation", "must be a number above 0, is %v", cov.SD)
		}
		f.covariates = append(f.covariates, c.covariate(at+".id", cov.ID, j, f))
		f.mean, f.sd = append(f.mean, cov.Mean), append(f.sd, cov.SD)
	}
	for i := range src.Heads {
		c.head(fmt.Sprintf("%s.forecast.heads[%d]", c.path, i), f, &src.Heads[i], index)
	}
	c.traits(f, src.Subjects)
	return f
}

// head compiles a head into f; index gives the covariates by id.
func (c *compiler) head(at string, f *forecast, h *veiviser.ForecastHead, index map[string]int) {
	out := head{typ: h.Type, bias: h.Bias, weights: make([]float64, len(index))}
	c.finite(at+".bias", h.Bias)
	if h.Type == "" && !h.Next {
		c.fail(at+".event_type", "say which event type this is the chance of")
	}
	for _, id := range sortedKeys(h.Weights) {
		field := fmt.Sprintf("%s.weights[%q]", at, id)
		c.finite(field, h.Weights[id])
		if k, ok := index[id]; ok {
			out.weights[k] = h.Weights[id]
		} else {
			c.fail(field, "there is no covariate %q", id)
		}
	}
	list := &f.later
	if h.Next {
		list = &f.next
	}
	if slices.ContainsFunc(*list, func(o head) bool { return o.typ == h.Type }) {
		c.fail(at+".event_type", "there is a head for %q already", h.Type)
	}
	*list = append(*list, out)
}

// traits compiles the traits of subjects into f, whose types are complete.
func (c *compiler) traits(f *forecast, list []veiviser.SubjectTrait) {
	f.subjects = make(map[string]*trait, len(list))
	for i := range list {
		t := &trait{known: math.Log1p(max(0, list[i].Events)), rates: make([]float64, len(f.types))}
		for k := range f.types {
			t.rates[k] = list[i].Rates[f.types[k].name]
			c.finite(fmt.Sprintf("%s.forecast.subjects[%d].rates[%q]", c.path, i, f.types[k].name), t.rates[k])
		}
		f.subjects[list[i].Subject] = t
	}
}

// finite checks that x is a number.
func (c *compiler) finite(at string, x float64) {
	if !(math.Abs(x) <= math.MaxFloat64) {
		c.fail(at, "must be a number, is %v", x)
	}
}

// traitOf finds what is known of a subject or, when it is not, of the nearest one above it.
func (f *forecast) traitOf(subject string) *trait {
	for ; subject != ""; subject = veiviser.SubjectAbove(subject) {
		if t := f.subjects[subject]; t != nil {
			return t
		}
	}
	return nil
}

// current is the index of the need in v.Needs that speaks for the visitor's latest event, -1 when the journey has none.
func (j *journey) current(v *veiviser.Visitor) int {
	if at := j.find(v.Needs, v.Moment.Subject); at >= 0 {
		return at
	}
	return j.find(v.Needs, "")
}

// predict says what the rest of the visit brings.
func (j *journey) predict(v *veiviser.Visitor) *veiviser.VisitForecast {
	f := j.forecast
	var room [128]float64
	x := room[:]
	if len(f.covariates) > len(x) {
		x = make([]float64, len(f.covariates))
	}
	x = x[:len(f.covariates)]
	j.covariates(v, x)
	for i := range x {
		x[i] = min(max((x[i]-f.mean[i])/f.sd[i], -farthest), farthest)
	}
	out := &veiviser.VisitForecast{}
	if len(f.later) > 0 {
		out.Later = make([]veiviser.Chance, len(f.later))
		for i := range f.later {
			out.Later[i] = veiviser.Chance{Type: f.later[i].typ, P: 1 / (1 + math.Exp(-f.later[i].score(x)))}
		}
	}
	if len(f.next) == 0 {
		return out
	}
	var scores [64]float64
	most, sum := math.Inf(-1), 0.0
	list := scores[:0]
	for i := range f.next {
		s := f.next[i].score(x)
		list = append(list, s)
		most = max(most, s)
	}
	for i := range list {
		list[i] = math.Exp(list[i] - most)
		sum += list[i]
	}
	for i := range list {
		if p := list[i] / sum; f.next[i].typ == "" {
			out.End = p
		} else {
			out.Next = append(out.Next, veiviser.Chance{Type: f.next[i].typ, P: p})
		}
	}
	return out
}

func (h *head) score(z []float64) float64 {
	sum := h.bias
	w := h.weights[:len(z)]
	for i, x := range z {
		sum += float64(w[i] * x)
	}
	return sum
}

// visiting reports whether the latest visit of v may still go on at now.
func (s *Set) visiting(v *veiviser.Visitor, now time.Time) bool {
	return v != nil && v.Events > 0 && now.Sub(v.Visit.Last) <= s.visitGap
}

// Covariates fills x with the raw covariates, not standardised, that the forecast of a journey sees after the latest event
// of v. It reports whether the journey has a forecast. x has the length of the forecast's covariates.
func (s *Set) Covariates(v *veiviser.Visitor, journey string, x []float64) bool {
	j := s.byID[journey]
	if j == nil || j.forecast == nil {
		return false
	}
	j.covariates(v, x)
	return true
}

// Forecast says what the rest of the visit brings after the latest event of v, as the journey sees it; nil when the
// journey forecasts nothing.
func (s *Set) Forecast(v *veiviser.Visitor, journey string) *veiviser.VisitForecast {
	j := s.byID[journey]
	if j == nil || j.forecast == nil || v == nil || v.Events == 0 {
		return nil
	}
	return j.predict(v)
}

// Reading is where the visitor stands on a journey right after her latest event, from the need that the event was about,
// or else the one touched last; false when she has none.
func (s *Set) Reading(v *veiviser.Visitor, journey string) (veiviser.NeedView, bool) {
	j := s.byID[journey]
	if j == nil {
		return veiviser.NeedView{}, false
	}
	at := j.current(v)
	if at < 0 {
		return veiviser.NeedView{}, false
	}
	n := v.Needs[at]
	n.P, n.Words = slices.Clone(n.P), nil
	j.adopt(&n)
	settle(n.P, j.prior) // as a view does, so that the bits are the same
	return j.read(n), true
}
