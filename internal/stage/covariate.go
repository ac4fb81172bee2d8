package stage

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// kind is which number a covariate is. The plain ones stand alone; those of a type or a stage are written "pace.cart_add".
type kind uint8

const (
	visitEvents kind = iota
	visitFirst
	visitDuration
	visitItems
	visitSubjects
	pauseBefore
	gapBefore
	visits
	newcomer
	age
	activity
	lengthMean
	lengthRecent
	hourSin1
	hourCos1
	hourSin2
	hourCos2
	itemSeen
	itemVisit
	subjectSeen
	subjectVisit
	subjectRun
	subjectKnown
	newItems
	events15m
	events3h
	plainKinds // the number of those above

	typeNow kind = iota - 1
	typeBefore
	typeInVisit
	typePace
	typeRate
	typeVisits
	typeSince
	typeAhead
	typeAheadSlow
	typeItem
	typeSubject
	typeTrait
	typeLately5
	typeLately15
	typeDelay
	typeSequel

	stageBelief
)

// plainNames are the ids of the covariates that stand alone, in the order of their kinds.
var plainNames = [plainKinds]string{
	"visit_events", "visit_first", "visit_duration", "visit_items", "visit_subjects", "pause", "gap", "visits", "newcomer",
	"age", "activity", "length", "length_recent", "hour_sin", "hour_cos", "hour_sin2", "hour_cos2", "item_seen",
	"item_visit", "subject_seen", "subject_visit", "subject_run", "subject_known", "new_items", "events_15m", "events_3h",
}

// typeNames are the first parts of the ids of covariates of an event type, from typeNow.
var typeNames = [...]string{
	"now", "before", "visit", "pace", "rate", "visits", "since", "ahead", "ahead_slow", "item", "subject", "trait",
	"lately_5m", "lately_15m", "delay", "sequel",
}

const stageName = "stage"

// The first parts of the ids of the covariates that come from the traits of subjects.
const (
	CovariateTrait = "trait"
	CovariateKnown = "subject_known"
)

// viewKinds are the covariates of a view: it is so frequent that how often it comes says little.
var viewKinds = []kind{typeNow, typeBefore, typeInVisit, typeAhead}

// CovariateIDs lists the covariates that there are for the event types and the stages of a journey, in a fixed order.
func CovariateIDs(types, stages []string) []string {
	ids := slices.Clone(plainNames[:])
	for _, t := range types {
		for i, name := range typeNames {
			if t != veiviser.EventView || slices.Contains(viewKinds, typeNow+kind(i)) {
				ids = append(ids, name+"."+t)
			}
		}
	}
	for _, s := range stages {
		ids = append(ids, stageName+"."+s)
	}
	return ids
}

// feature is a compiled covariate: its kind, and what it is about.
type feature struct {
	kind  kind
	about int // index into forecast.types or the journey's stages
}

// feature compiles an id; types is extended by the type it names.
func (c *compiler) feature(at, id string, j *journey, f *forecast) feature {
	if i := position(plainNames[:], id); i >= 0 {
		return feature{kind: kind(i)}
	}
	name, about, _ := strings.Cut(id, ".")
	if name == stageName {
		if i := position(j.stages, about); i >= 0 {
			return feature{stageBelief, i}
		}
		c.fail(at, "there is no stage %q", about)
		return feature{}
	}
	i := position(typeNames[:], name)
	if i < 0 || about == "" {
		c.fail(at, "there is no covariate %q; see the package documentation of internal/stage for all there are", id)
		return feature{}
	}
	return feature{typeNow + kind(i), f.typeIndex(about)}
}

// reading is what the covariates of one visitor are computed from.
type reading struct {
	v        *veiviser.Visitor
	belief   []float64
	trait    *trait
	counts   []*veiviser.TypeCount // by forecast.types, nil for a type that never happened
	views    *veiviser.TypeCount
	finished float64 // events of finished visits that Sequels counts
}

// always is a type that never happened.
var never veiviser.TypeCount

func (f *forecast) read(r *reading, x []float64) {
	v := r.v
	m, past := &v.Moment, &v.Past
	n := float64(max(v.Visit.Events, 1))
	finished := float64(max(v.Visits, 1) - 1)
	earlier := max(float64(v.Events)-n, 0)
	for i := range f.features {
		x[i] = 0
		switch k := f.features[i].kind; k {
		case visitEvents:
			x[i] = math.Log1p(n)
		case visitFirst:
			x[i] = indicator(v.Visit.Events <= 1)
		case visitDuration:
			x[i] = math.Log1p(seconds(v.Visit.Last.Sub(v.Visit.Start)))
		case visitItems:
			x[i] = math.Log(float64(max(m.Items, 1)) / n)
		case visitSubjects:
			x[i] = math.Log(float64(max(m.Subjects, 1)) / n)
		case pauseBefore:
			if v.Visit.Events > 1 {
				x[i] = math.Log1p(seconds(m.Pause))
			}
		case gapBefore:
			if x[i] = unknownGap; finished > 0 {
				x[i] = math.Log1p(seconds(past.Gap))
			}
		case visits:
			x[i] = math.Log1p(finished)
		case newcomer:
			x[i] = indicator(finished == 0)
		case age:
			x[i] = math.Log1p(days(v))
		case activity:
			x[i] = math.Log1p(float64(v.Events) / max(days(v), 0.3))
		case lengthMean:
			x[i] = math.Log1p((earlier + 12) / (finished + 2))
		case lengthRecent:
			x[i] = math.Log1p((past.Events + 12) / (past.Visits + 2))
		case hourSin1, hourCos1, hourSin2, hourCos2:
			x[i] = hour(k, v.LastSeen)
		case itemSeen:
			x[i] = math.Log1p(float64(m.ItemEvents))
		case itemVisit:
			x[i] = math.Log1p(float64(m.ItemInVisit))
		case subjectSeen:
			x[i] = math.Log1p(float64(m.SubjectEvents))
		case subjectVisit:
			x[i] = math.Log1p(float64(m.SubjectInVisit))
		case subjectRun:
			x[i] = math.Log1p(float64(m.Run))
		case subjectKnown:
			if r.trait != nil {
				x[i] = r.trait.known
			}
		case newItems:
			views := float64(v.Events)
			if r.views != nil {
				views = float64(r.views.Count)
			}
			x[i] = math.Log((float64(past.NewItems) + 5) / (views + 7))
		case events15m:
			x[i] = math.Log(max(past.Lately[0], 1))
		case events3h:
			x[i] = math.Log(max(past.Lately[1], 1))
		case stageBelief:
			p := r.belief[f.features[i].about]
			x[i] = math.Log((p + 0.02) / (1.02 - p))
		default:
			x[i] = f.ofType(r, k, f.features[i].about)
		}
	}
}

// unknownGap stands for the gap before a first visit: ln(1 + 22,025 s), about six hours.
const unknownGap = 10.0

// ofType is a covariate of one event type.
func (f *forecast) ofType(r *reading, k kind, about int) float64 {
	v, c := r.v, r.counts[about]
	switch k {
	case typeNow:
		return indicator(v.Moment.Type == f.types[about])
	case typeBefore:
		return indicator(v.Moment.Before == f.types[about])
	case typeItem:
		return indicator(v.Moment.ItemActs&f.acts[about] != 0)
	case typeSubject:
		return indicator(v.Moment.SubjectActs&f.acts[about] != 0)
	case typeTrait:
		if r.trait != nil {
			return r.trait.rates[about]
		}
		return 0
	}
	if c == nil {
		c = &never
	}
	switch past := &v.Past; k {
	case typeInVisit:
		return math.Log1p(float64(c.InVisit))
	case typePace:
		return math.Log((float64(c.Pace*paceKept(v.Events-min(c.At, v.Events))) + 0.3) / (paceOf(v.Events) + 10))
	case typeRate:
		return math.Log((float64(c.Count) + 0.6) / (float64(v.Events) + 20))
	case typeVisits:
		return math.Log((c.Visits + 0.3) / (past.Visits + 2))
	case typeSince:
		if c.At == 0 {
			return 6
		}
		return min(math.Log1p(float64(v.Events-min(c.At, v.Events))), 6)
	case typeAhead:
		return math.Log((c.Ahead + 1.6) / (past.Active + 8))
	case typeAheadSlow:
		return math.Log((c.Ahead + 8) / (past.Active + 40))
	case typeLately5, typeLately15:
		left := lately(c.Lately, &typeLately, v.LastSeen.Sub(c.Last))
		return math.Log(left[k-typeLately5] + 0.1)
	case typeDelay:
		return (c.Delay + 12) / (float64(c.Count) + 3)
	case typeSequel:
		return sequel(&v.Sequels, r.finished, v.Moment.Type, f.deeds[about])
	}
	return 0
}

// sequel is how often her events of the type of the latest one had an event of another type still ahead, shrunk towards
// how often all her events had (with the weight of 10), which is shrunk towards a fifth (with the weight of 15).
func sequel(s *veiviser.Sequels, finished float64, now string, ahead int) float64 {
	all := 0.2
	if ahead >= 0 {
		sum := 0.0
		for c := range s.Ahead {
			sum += float64(s.Ahead[c][ahead])
		}
		all = (sum + 3) / (finished + 15)
	}
	c := veiviser.Deed(now)
	if c < 0 || ahead < 0 {
		return math.Log(all)
	}
	return math.Log((float64(s.Ahead[c][ahead]) + 10*all) / (float64(s.Events[c]) + 10))
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

// hour is the time of day as a point on a circle (once or twice round a day), in UTC: the weights turn it.
func hour(k kind, t time.Time) float64 {
	day := float64(t.Unix()%86400) / 86400 * 2 * math.Pi
	switch k {
	case hourSin1:
		return math.Sin(day)
	case hourCos1:
		return math.Cos(day)
	case hourSin2:
		return math.Sin(2 * day)
	}
	return math.Cos(2 * day)
}
