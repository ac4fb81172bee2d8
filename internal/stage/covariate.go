package stage

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// The first parts of the ids of the covariates that come from the traits of subjects.
const (
	CovariateTrait = "trait"
	CovariateKnown = "subject_known"
)

// plainCovariates stand alone. The comments in the package documentation say what they are.
var plainCovariates = []struct {
	id string
	of func(r *reading) float64
}{
	{"visit_events", func(r *reading) float64 { return math.Log1p(r.n) }},
	{"visit_first", func(r *reading) float64 { return indicator(r.v.Visit.Events <= 1) }},
	{"visit_duration", func(r *reading) float64 { return math.Log1p(seconds(r.v.Visit.Last.Sub(r.v.Visit.Start))) }},
	{"visit_items", func(r *reading) float64 { return math.Log(float64(max(r.m.Items, 1)) / r.n) }},
	{"visit_subjects", func(r *reading) float64 { return math.Log(float64(max(r.m.Subjects, 1)) / r.n) }},
	{"pause", func(r *reading) float64 {
		if r.v.Visit.Events <= 1 {
			return 0
		}
		return math.Log1p(seconds(r.m.Pause))
	}},
	{"gap", func(r *reading) float64 {
		if r.finished == 0 {
			return unknownGap
		}
		return math.Log1p(seconds(r.past.Gap))
	}},
	{"visits", func(r *reading) float64 { return math.Log1p(r.finished) }},
	{"newcomer", func(r *reading) float64 { return indicator(r.finished == 0) }},
	{"age", func(r *reading) float64 { return math.Log1p(days(r.v)) }},
	{"activity", func(r *reading) float64 { return math.Log1p(float64(r.v.Events) / max(days(r.v), 0.3)) }},
	{"length", func(r *reading) float64 {
		return math.Log1p((max(float64(r.v.Events)-r.n, 0) + 12) / (r.finished + 2))
	}},
	{"length_recent", func(r *reading) float64 { return math.Log1p((r.past.Events + 12) / (r.past.Visits + 2)) }},
	{"hour_sin", func(r *reading) float64 { return math.Sin(day(r.v.LastSeen)) }},
	{"hour_cos", func(r *reading) float64 { return math.Cos(day(r.v.LastSeen)) }},
	{"hour_sin2", func(r *reading) float64 { return math.Sin(2 * day(r.v.LastSeen)) }},
	{"hour_cos2", func(r *reading) float64 { return math.Cos(2 * day(r.v.LastSeen)) }},
	{"item_seen", func(r *reading) float64 { return math.Log1p(float64(r.m.ItemEvents)) }},
	{"item_visit", func(r *reading) float64 { return math.Log1p(float64(r.m.ItemInVisit)) }},
	{"subject_seen", func(r *reading) float64 { return math.Log1p(float64(r.m.SubjectEvents)) }},
	{"subject_visit", func(r *reading) float64 { return math.Log1p(float64(r.m.SubjectInVisit)) }},
	{"subject_run", func(r *reading) float64 { return math.Log1p(float64(r.m.Run)) }},
	{CovariateKnown, func(r *reading) float64 {
		if r.trait == nil {
			return 0
		}
		return r.trait.known
	}},
	{"new_items", func(r *reading) float64 { return math.Log((float64(r.past.NewItems) + 5) / (r.views + 7)) }},
	{"events_15m", func(r *reading) float64 { return math.Log(max(r.past.Lately[0], 1)) }},
	{"events_3h", func(r *reading) float64 { return math.Log(max(r.past.Lately[1], 1)) }},
}

// typeCovariates are of one event type each: "pace.cart_add".
var typeCovariates = []struct {
	id string
	of func(r *reading, t *typeFacts) float64
}{
	{"now", func(r *reading, t *typeFacts) float64 { return indicator(r.m.Type == t.name) }},
	{"before", func(r *reading, t *typeFacts) float64 { return indicator(r.m.Before == t.name) }},
	{"visit", func(_ *reading, t *typeFacts) float64 { return math.Log1p(float64(t.count.InVisit)) }},
	{"ahead", func(r *reading, t *typeFacts) float64 { return math.Log((t.count.Ahead + 1.6) / (r.past.Active + 8)) }},
	{"pace", func(r *reading, t *typeFacts) float64 {
		pace := float64(t.count.Pace * paceKept(t.since))
		return math.Log((pace + 0.3) / (r.window + 10))
	}},
	{"rate", func(r *reading, t *typeFacts) float64 {
		return math.Log((float64(t.count.Count) + 0.6) / (float64(r.v.Events) + 20))
	}},
	{"visits", func(r *reading, t *typeFacts) float64 { return math.Log((t.count.Visits + 0.3) / (r.past.Visits + 2)) }},
	{"since", func(_ *reading, t *typeFacts) float64 {
		if t.count.Count == 0 {
			return longSince
		}
		return min(math.Log1p(float64(t.since)), longSince)
	}},
	{"ahead_slow", func(r *reading, t *typeFacts) float64 { return math.Log((t.count.Ahead + 8) / (r.past.Active + 40)) }},
	{"item", func(r *reading, t *typeFacts) float64 { return indicator(r.m.ItemActs&t.act != 0) }},
	{"subject", func(r *reading, t *typeFacts) float64 { return indicator(r.m.SubjectActs&t.act != 0) }},
	{CovariateTrait, func(r *reading, t *typeFacts) float64 {
		if r.trait == nil {
			return 0
		}
		return r.trait.rates[t.index]
	}},
	{"lately_5m", func(r *reading, t *typeFacts) float64 { return math.Log(t.lately(r)[0] + 0.1) }},
	{"lately_15m", func(r *reading, t *typeFacts) float64 { return math.Log(t.lately(r)[1] + 0.1) }},
	{"delay", func(_ *reading, t *typeFacts) float64 { return (t.count.Delay + 12) / (float64(t.count.Count) + 3) }},
	{"sequel", func(r *reading, t *typeFacts) float64 { return r.sequel(t.deed) }},
}

// viewCovariates are how many of typeCovariates a view has: it is so frequent that how often it comes says little.
const viewCovariates = 4

// stageCovariate is the first part of the id of the belief in a stage: "stage.buy".
const stageCovariate = "stage"

const (
	// unknownGap stands for the gap before a first visit: ln(1 + 22,025 s), about six hours.
	unknownGap = 10.0
	// longSince is the most that "since" says: ln(1 + 402 events).
	longSince = 6.0
	// almost keeps the log-odds of a belief finite.
	almost = 0.02
)

// CovariateIDs lists the covariates that there are for the event types and the stages of a journey, in a fixed order.
func CovariateIDs(types, stages []string) []string {
	var ids []string
	for i := range plainCovariates {
		ids = append(ids, plainCovariates[i].id)
	}
	for _, t := range types {
		for i := range typeCovariates {
			if t != veiviser.EventView || i < viewCovariates {
				ids = append(ids, typeCovariates[i].id+"."+t)
			}
		}
	}
	for _, s := range stages {
		ids = append(ids, stageCovariate+"."+s)
	}
	return ids
}

// covariate is a compiled id: exactly one of plain, ofType and the belief in a stage.
type covariate struct {
	plain  func(r *reading) float64
	ofType func(r *reading, t *typeFacts) float64
	about  int // index into forecast.types or the journey's stages
}

// covariate compiles an id, which may add a type to f.
func (c *compiler) covariate(at, id string, j *journey, f *forecast) covariate {
	for i := range plainCovariates {
		if plainCovariates[i].id == id {
			return covariate{plain: plainCovariates[i].of}
		}
	}
	name, about, _ := strings.Cut(id, ".")
	if name == stageCovariate {
		if i := position(j.stages, about); i >= 0 {
			return covariate{about: i}
		}
		c.fail(at, "there is no stage %q", about)
		return covariate{}
	}
	for i := range typeCovariates {
		if typeCovariates[i].id == name && about != "" {
			return covariate{ofType: typeCovariates[i].of, about: f.typeIndex(about)}
		}
	}
	c.fail(at, "there is no covariate %q; the documentation of package internal/stage lists all there are", id)
	return covariate{}
}

// reading is what the covariates of one visitor are computed from.
type reading struct {
	v      *veiviser.Visitor
	m      *veiviser.Moment
	past   *veiviser.Past
	belief []float64
	trait  *trait

	n        float64 // events of the visit
	finished float64 // visits before it
	views    float64 // views ever
	window   float64 // what paces are out of
	closed   float64 // events of finished visits that have sequels
}

// typeFacts is what is known of one event type.
type typeFacts struct {
	name  string
	index int
	act   veiviser.Acts
	deed  int
	count *veiviser.TypeCount
	since uint32 // events since the latest one of the type
}

var never veiviser.TypeCount

// covariates fills x with what the forecast of the journey looks at, after the latest event of v. x has the length of
// the forecast's covariates.
func (j *journey) covariates(v *veiviser.Visitor, x []float64) {
	f := j.forecast
	r := reading{v: v, m: &v.Moment, past: &v.Past, belief: j.prior, trait: f.traitOf(v.Moment.Subject)}
	if at := j.current(v); at >= 0 {
		n := v.Needs[at]
		if n.Version != j.version || !slices.Equal(n.Stages, j.stages) {
			n.P, n.Words = slices.Clone(n.P), nil
			j.adopt(&n)
		}
		r.belief = n.P
	}
	r.n = float64(max(v.Visit.Events, 1))
	r.finished = float64(max(v.Visits, 1) - 1)
	r.views = float64(countOf(v, veiviser.EventView).Count)
	r.window = paceOf(v.Events)
	for _, n := range v.Sequels.Events {
		r.closed += float64(n)
	}
	var room [8]typeFacts
	types := append(room[:0], f.types...)
	for i := range types {
		t := &types[i]
		t.count = countOf(v, t.name)
		t.since = v.Events - min(t.count.At, v.Events)
	}
	for i := range f.covariates {
		switch c := &f.covariates[i]; {
		case c.plain != nil:
			x[i] = c.plain(&r)
		case c.ofType != nil:
			x[i] = c.ofType(&r, &types[c.about])
		default:
			p := r.belief[c.about]
			x[i] = math.Log((p + almost) / (1 + almost - p))
		}
	}
}

// countOf finds the count of a type; that of a type that never happened is empty.
func countOf(v *veiviser.Visitor, typ string) *veiviser.TypeCount {
	for i := range v.Counts {
		if v.Counts[i].Type == typ {
			return &v.Counts[i]
		}
	}
	return &never
}

// lately is the two counts of the type as of the latest event.
func (t *typeFacts) lately(r *reading) [2]float64 {
	return lately(t.count.Lately, &typeLately, r.v.LastSeen.Sub(t.count.Last))
}

// sequel is how often her events of the type of the latest one had an event of another type still ahead, shrunk towards
// how often all her events had (with the weight of 10), which is shrunk towards a fifth (with the weight of 15).
func (r *reading) sequel(ahead int) float64 {
	s, all := &r.v.Sequels, 0.2
	if ahead >= 0 {
		sum := 0.0
		for c := range s.Ahead {
			sum += float64(s.Ahead[c][ahead])
		}
		all = (sum + 3) / (r.closed + 15)
	}
	c := veiviser.Deed(r.m.Type)
	if c < 0 || ahead < 0 {
		return math.Log(all)
	}
	return math.Log((float64(s.Ahead[c][ahead]) + float64(10*all)) / (float64(s.Events[c]) + 10))
}

func indicator(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func seconds(d time.Duration) float64 { return max(0, float64(d)/float64(time.Second)) }

func days(v *veiviser.Visitor) float64 {
	return max(0, float64(v.LastSeen.Sub(v.FirstSeen))/float64(24*time.Hour))
}

// day is the time of day as an angle, in UTC: the weights of sine and cosine turn it to the shop's.
func day(t time.Time) float64 { return float64(t.Unix()%86400) / 86400 * 2 * math.Pi }
