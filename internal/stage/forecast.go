package stage

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// farthest bounds a standardised covariate: beyond it, more of the same says no more.
const farthest = 4.0

// forecast is a compiled veiviser.Forecast.
type forecast struct {
	types    []string // the event types that covariates speak of
	acts     []veiviser.Acts
	deeds    []int // of types, as veiviser.Deed
	features []feature
	mean, sd []float64
	later    []head // each by itself
	next     []head // in competition
	subjects map[string]*trait
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
	if i := position(f.types, t); i >= 0 {
		return i
	}
	f.types = append(f.types, t)
	f.acts = append(f.acts, veiviser.ActOf(t))
	f.deeds = append(f.deeds, veiviser.Deed(t))
	return len(f.types) - 1
}

// forecast compiles the forecast of a journey, nil when it has none.
func (c *compiler) forecast(j *journey, src *veiviser.Forecast) *forecast {
	if len(src.Covariates) == 0 && len(src.Heads) == 0 {
		return nil
	}
	f := &forecast{subjects: make(map[string]*trait, len(src.Subjects))}
	index := make(map[string]int, len(src.Covariates))
	for i, cov := range src.Covariates {
		at := fmt.Sprintf("%s.forecast.covariates[%d]", c.path, i)
		if _, twice := index[cov.ID]; twice {
			c.fail(at+".id", "must be unique, is %q", cov.ID)
		}
		index[cov.ID] = i
		if !finite(cov.Mean) {
			c.fail(at+".mean", "must be a number, is %v", cov.Mean)
		}
		if !(cov.SD > 0 && cov.SD <= math.MaxFloat64) {
			c.fail(at+".standard_deviation", "must be a number above 0, is %v", cov.SD)
		}
		f.features = append(f.features, c.feature(at+".id", cov.ID, j, f))
		f.mean, f.sd = append(f.mean, cov.Mean), append(f.sd, cov.SD)
	}
	for i := range src.Heads {
		h := &src.Heads[i]
		at := fmt.Sprintf("%s.forecast.heads[%d]", c.path, i)
		out := head{typ: h.Type, bias: h.Bias, weights: make([]float64, len(src.Covariates))}
		if !finite(h.Bias) {
			c.fail(at+".bias", "must be a number, is %v", h.Bias)
		}
		if h.Type == "" && !h.Next {
			c.fail(at+".event_type", "say which event type this is the chance of")
		}
		for _, id := range sortedKeys(h.Weights) {
			k, ok := index[id]
			switch {
			case !ok:
				c.fail(fmt.Sprintf("%s.weights[%q]", at, id), "there is no covariate %q", id)
			case !finite(h.Weights[id]):
				c.fail(fmt.Sprintf("%s.weights[%q]", at, id), "must be a number, is %v", h.Weights[id])
			default:
				out.weights[k] = h.Weights[id]
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
	for i := range src.Subjects {
		s := &src.Subjects[i]
		t := &trait{known: math.Log1p(max(0, s.Events)), rates: make([]float64, len(f.types))}
		for k, typ := range f.types {
			if t.rates[k] = s.Rates[typ]; !finite(t.rates[k]) {
				c.fail(fmt.Sprintf("%s.forecast.subjects[%d].rates[%q]", c.path, i, typ), "must be a number, is %v", t.rates[k])
			}
		}
		f.subjects[s.Subject] = t
	}
	return f
}

func finite(x float64) bool { return math.Abs(x) <= math.MaxFloat64 }

// traitOf finds what is known of a subject or, when it is not, of the nearest one above it.
func (f *forecast) traitOf(subject string) *trait {
	for subject != "" {
		if t := f.subjects[subject]; t != nil {
			return t
		}
		subject = subject[:max(strings.LastIndexByte(subject, '/'), 0)]
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

// covariates fills x with what the forecast of the journey looks at, after the latest event of v. x has the length of
// the forecast's covariates.
func (j *journey) covariates(v *veiviser.Visitor, x []float64) {
	f := j.forecast
	r := reading{v: v, belief: j.prior, trait: f.traitOf(v.Moment.Subject)}
	if at := j.current(v); at >= 0 {
		n := v.Needs[at]
		if n.Version != j.version || !slices.Equal(n.Stages, j.stages) {
			n.P = slices.Clone(n.P)
			j.adopt(&n)
		}
		r.belief = n.P
	}
	var room [8]*veiviser.TypeCount
	r.counts = room[:0]
	for _, t := range f.types {
		r.counts = append(r.counts, countOf(v, t))
	}
	r.views = countOf(v, veiviser.EventView)
	for _, n := range v.Sequels.Events {
		r.finished += float64(n)
	}
	f.read(&r, x)
}

// countOf finds the count of a type, nil for none.
func countOf(v *veiviser.Visitor, typ string) *veiviser.TypeCount {
	for i := range v.Counts {
		if v.Counts[i].Type == typ {
			return &v.Counts[i]
		}
	}
	return nil
}

// predict says what the rest of the visit brings.
func (j *journey) predict(v *veiviser.Visitor) *veiviser.VisitForecast {
	f := j.forecast
	var room [128]float64
	x := room[:]
	if len(f.features) > len(x) {
		x = make([]float64, len(f.features))
	}
	x = x[:len(f.features)]
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
	n.P = slices.Clone(n.P)
	j.adopt(&n)
	return j.read(n), true
}
