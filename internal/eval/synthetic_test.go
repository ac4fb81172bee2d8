package eval

import (
	"encoding/csv"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/planpb/planpbtest"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// world simulates visitors of a journey with code of its own: nothing here is from package stage.
type world struct {
	journey  *veiviser.Journey
	gap      time.Duration
	subjects []string
	acts     []act // the first takes what the others leave

	weights [][]float64 // of the acts, by stage
	signals [][]int32   // that an act may show, by act
}

// act is a kind of event. In a stage it is as frequent as base times the likelihoods of the signals that it shows.
type act struct {
	typ, page, query string
	again            bool // about an item that she met before
	base             float64
}

// moment is what signals may ask about the past of a need.
type moment struct {
	first, returning bool
	pause            time.Duration
	depth            uint32
	repeats          map[string]uint32
}

// simulation is events in order of visitors, and what is hidden behind each.
type simulation struct {
	events []veiviser.Event
	stages map[string][]int     // by visitor
	shown  map[string][][]int32 // the signals
}

// bundled is a world of a plan that comes with the service.
type bundled struct {
	name  string
	plan  *veiviser.Plan
	world *world
}

// worlds are those of the plans that come with the service.
func worlds(t testing.TB) []bundled {
	t.Helper()
	of := func(name, journey string, subjects []string, acts []act) bundled {
		plan := bundle(t, name)
		j, err := journeyOf(plan, journey)
		if err != nil {
			t.Fatal(err)
		}
		return bundled{name, plan, &world{journey: j, gap: plan.Policy.WithDefaults().VisitGap, subjects: subjects, acts: acts}}
	}
	return []bundled{
		of("marketplace", "shopping", []string{"shoes", "lamps", "lamps/desk", "tents"}, []act{
			{typ: "view"},
			{typ: "view", again: true, base: 0.1},
			{typ: "save", base: 0.03},
			{typ: "cart_add", base: 0.03},
			{typ: "cart_add", again: true, base: 0.015},
			{typ: "purchase", base: 0.01},
			{typ: "purchase", again: true, base: 0.01},
		}),
		of("sykkel", "purchase", []string{"bike", "bike/ebike", "bike/cargo"}, []act{
			{typ: "view"},
			{typ: "view", again: true, base: 0.1},
			{typ: "view", page: "/guides/choose-bike", base: 0.1},
			{typ: "view", page: "/care/chain", base: 0.08},
			{typ: "search", base: 0.06},
			{typ: "search", query: "Hvilken sykkel passer", base: 0.04},
			{typ: "cart_add", base: 0.05},
			{typ: "review", base: 0.015},
		}),
		of("sykkel", "repurchase", []string{"parts", "parts/chain", "parts/tyre"}, []act{
			{typ: "view"},
			{typ: "view", again: true, base: 0.08},
			{typ: "view", page: "/guides/chain-worn", base: 0.12},
			{typ: "view", page: "/guides/tyre-size", base: 0.08},
			{typ: "view", page: "/care/chain", base: 0.06},
			{typ: "cart_add", base: 0.06},
			{typ: "delivery_confirmed", base: 0.03},
		}),
	}
}

// bundle is a plan that comes with the service.
func bundle(t testing.TB, name string) *veiviser.Plan {
	t.Helper()
	return planpbtest.Plan(t, name)
}

// simulate gives so many visitors of so many events each.
func (w *world) simulate(seed uint64, visitors, events int) *simulation {
	w.prepare()
	s := &simulation{stages: map[string][]int{}, shown: map[string][][]int32{}}
	for i := range visitors {
		w.visitor(rand.New(rand.NewPCG(seed, uint64(i))), fmt.Sprintf("v%04d", i), events, s)
	}
	return s
}

func (w *world) visitor(r *rand.Rand, id string, events int, s *simulation) {
	var (
		subject = w.subjects[r.IntN(len(w.subjects))]
		leaves  = 1 / (3 + 9*r.Float64())                            // her visits have so many events, …
		away    = time.Duration((0.3 + 4*r.Float64()) * 24 * 3600e9) // … she stays away so long, …
		pace    = time.Duration((8 + 70*r.Float64()) * 1e9)          // … and looks at something so long
		now     = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(r.Float64() * 20 * 24 * 3600e9))
		past    = moment{repeats: map[string]uint32{}}
		met     []string
		at      = -1
	)
	for range events {
		c, j, a, shown := w.step(r, at, past, len(met) > 0, leaves, away, pace)
		now = now.Add(c.pause)
		item := ""
		if a.again {
			item = met[len(met)-1-r.IntN(min(len(met), 6))] // one that is not forgotten
		}
		for item == "" || !a.again && slices.Contains(met, item) {
			item = "i" + strconv.Itoa(r.IntN(400))
		}
		if !a.again {
			met = append(met, item)
		}
		e := veiviser.Event{VisitorID: id, Time: now, Type: a.typ, Subject: subject, ItemID: item, Attributes: map[string]string{}}
		for key, value := range map[string]string{veiviser.AttributePage: a.page, veiviser.AttributeQuery: a.query} {
			if value != "" {
				e.Attributes[key] = value
			}
		}
		s.events, s.stages[id], s.shown[id] = append(s.events, e), append(s.stages[id], j), append(s.shown[id], shown)
		at, past = j, c
		past.repeats[a.typ]++
	}
}

// step draws the pause, the stage and the act of an event. It draws again when signals that ask about the past show less
// often in that stage than elsewhere.
func (w *world) step(r *rand.Rand, at int, past moment, knows bool, leaves float64, away, pace time.Duration) (moment, int, act, []int32) {
	const most = 4.0
	for {
		c := moment{first: at < 0, depth: 1, repeats: map[string]uint32{}}
		if !c.first && r.Float64() < leaves {
			c.returning, c.pause = true, w.gap+time.Second+time.Duration(r.ExpFloat64()*float64(away))
		} else if !c.first {
			c.pause = min(time.Second+time.Duration(r.ExpFloat64()*float64(pace)), w.gap)
			c.depth = past.depth + 1
			maps.Copy(c.repeats, past.repeats)
		}
		c.pause = c.pause.Truncate(time.Millisecond)
		j := w.move(r, at, c.pause)
		which := w.choose(r, j, knows)
		a, factor := w.acts[which], 1.0
		var shown []int32
		for _, i := range w.signals[which] {
			if s := &w.journey.Signals[i]; showsMoment(&s.Match, &a, &c) {
				shown = append(shown, i)
				if asksPast(&s.Match) {
					factor *= w.likelihood(s, j)
				}
			}
		}
		if r.Float64()*most < factor {
			return c, j, a, shown
		}
	}
}

// move draws the stage after a pause and a step; at is -1 before the first.
func (w *world) move(r *rand.Rand, at int, pause time.Duration) int {
	prior, rest := make([]float64, len(w.journey.Stages)), make([]float64, len(w.journey.Stages))
	for i, s := range w.journey.Stages {
		prior[i], rest[i] = s.Prior, s.Rest
	}
	if at < 0 {
		return draw(r, prior)
	}
	if r.Float64() > math.Exp2(-float64(pause)/float64(w.journey.HalfLife)) {
		at = draw(r, rest)
	}
	u := r.Float64()
	for _, t := range w.journey.Transitions {
		if t.From == w.journey.Stages[at].ID {
			if u -= t.Rate; u < 0 {
				return slices.IndexFunc(w.journey.Stages, func(s veiviser.Stage) bool { return s.ID == t.To })
			}
		}
	}
	return at
}

// prepare works out how frequent acts are.
func (w *world) prepare() {
	w.signals, w.weights = make([][]int32, len(w.acts)), make([][]float64, len(w.journey.Stages))
	for stage := range w.weights {
		for i := range w.acts {
			w.weights[stage] = append(w.weights[stage], w.acts[i].base)
		}
	}
	for i := range w.acts {
		for k := range w.journey.Signals {
			s := &w.journey.Signals[k]
			if !showsAct(&s.Match, &w.acts[i]) {
				continue
			}
			w.signals[i] = append(w.signals[i], int32(k))
			for stage := range w.weights {
				if !asksPast(&s.Match) {
					w.weights[stage][i] *= w.likelihood(s, stage)
				}
			}
		}
	}
}

// choose draws an act in a stage. The first has what the others leave.
func (w *world) choose(r *rand.Rand, stage int, knows bool) int {
	weights, left := slices.Clone(w.weights[stage]), 1.0
	for i := range w.acts {
		if w.acts[i].again && !knows {
			weights[i] = 0
		}
		left -= weights[i]
	}
	weights[0] = max(left, 0.02)
	return draw(r, weights)
}

func (w *world) likelihood(s *veiviser.Signal, stage int) float64 {
	if l, ok := s.Likelihood[w.journey.Stages[stage].ID]; ok {
		return l
	}
	return 1
}

// asksPast says that a signal asks about more of the past than whether the item is known.
func asksPast(m *veiviser.Match) bool {
	return m.MinRepeat > 0 || m.MinDepth > 0 || m.MaxDepth > 0 || m.MinPause > 0 || m.MaxPause > 0 || m.ReturningVisit
}

func showsAct(m *veiviser.Match, a *act) bool {
	if len(m.Referrers)+len(m.Channels)+len(m.Attributes) > 0 || m.SameSubject { // nothing here has any
		return false
	}
	words := strings.Fields(strings.ToLower(a.query))
	return (len(m.Types) == 0 || slices.Contains(m.Types, a.typ)) && (!m.SameItem || a.again) &&
		(len(m.Pages) == 0 || slices.ContainsFunc(m.Pages, func(p string) bool {
			begin, open := strings.CutSuffix(p, "*")
			return a.page == p || open && a.page != "" && strings.HasPrefix(a.page, begin)
		})) &&
		(len(m.QueryWords) == 0 || slices.ContainsFunc(m.QueryWords, func(q string) bool { return slices.Contains(words, q) }))
}

func showsMoment(m *veiviser.Match, a *act, c *moment) bool {
	return (!m.ReturningVisit || c.returning) && c.repeats[a.typ]+1 >= m.MinRepeat && c.depth >= m.MinDepth &&
		(m.MaxDepth == 0 || c.depth <= m.MaxDepth) && (m.MinPause == 0 || !c.first && c.pause >= m.MinPause) &&
		(m.MaxPause == 0 || !c.first && c.pause <= m.MaxPause)
}

// draw gives an index with a probability in proportion to its weight.
func draw(r *rand.Rand, weights []float64) int {
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	u := r.Float64() * sum
	for i, w := range weights {
		if u -= w; u < 0 {
			return i
		}
	}
	return len(weights) - 1
}

// logOf reads events as from a file.
func logOf(t testing.TB, events []veiviser.Event) *Log {
	t.Helper()
	l, err := Load(t.Context(), LoadOptions{Files: []string{csvOf(t, events)}})
	if err != nil {
		t.Fatal(err)
	}
	if l.Bad > 0 {
		t.Fatal(l.Errors)
	}
	return l
}

// csvOf writes events to a file.
func csvOf(t testing.TB, events []veiviser.Event) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "events.csv")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}()
	out := csv.NewWriter(f)
	rows := [][]string{{"visitor_id", "type", "time", "item_id", "subject", "channel", "value", "attributes.page", "attributes.query"}}
	for i := range events {
		e := &events[i]
		rows = append(rows, []string{
			e.VisitorID, e.Type, e.Time.Format(time.RFC3339Nano), e.ItemID, e.Subject, e.Channel, strconv.FormatFloat(e.Value, 'g', -1, 64),
			e.Attributes[veiviser.AttributePage], e.Attributes[veiviser.AttributeQuery],
		})
	}
	if err := out.WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	return name
}

// list is what a log holds of a visitor.
func (l *Log) list(i int) []veiviser.Event {
	out := make([]veiviser.Event, l.NumEvents(i))
	for k := range out {
		l.Event(i, k, &out[k])
	}
	return out
}

// sameVisit says whether the event k2 of a visitor is in the visit of an event k1 before it, by its definition.
func sameVisit(events []veiviser.Event, k1, k2 int, gap time.Duration) bool {
	for k := k1 + 1; k <= k2; k++ {
		if events[k].Time.Sub(events[k-1].Time) > gap {
			return false
		}
	}
	return true
}

// comes says whether an event of a type comes later in the visit than the k-th.
func comes(events []veiviser.Event, k int, typ string, gap time.Duration) bool {
	for later := k + 1; later < len(events) && sameVisit(events, k, later, gap); later++ {
		if events[later].Type == typ {
			return true
		}
	}
	return false
}

// following is the type of the event after the k-th in its visit, "" at the end of the visit.
func following(events []veiviser.Event, k int, gap time.Duration) string {
	if k+1 < len(events) && sameVisit(events, k, k+1, gap) {
		return events[k+1].Type
	}
	return ""
}

// markov is the perplexity of the next type, on judged, of a chain of first order with the frequencies of fitted.
func markov(fitted, judged *Log, gap time.Duration) float64 {
	counts, totals, types := map[[2]string]float64{}, map[string]float64{}, map[string]bool{"": true}
	each := func(l *Log, f func(now, next string)) {
		for i := range l.NumVisitors() {
			events := l.list(i)
			for k := range events {
				f(events[k].Type, following(events, k, gap))
			}
		}
	}
	each(fitted, func(now, next string) {
		counts[[2]string{now, next}]++
		totals[now]++
		types[now] = true
	})
	surprise, n := 0.0, 0.0
	each(judged, func(now, next string) {
		surprise -= math.Log((counts[[2]string{now, next}] + 0.5) / (totals[now] + 0.5*float64(len(types))))
		n++
	})
	return math.Exp(surprise / n)
}

// baseRate is the log-loss, over n events of which some came true, of the frequency that a target has in another log.
func baseRate(fitted *Log, target string, gap time.Duration, m Metrics) float64 {
	came, n := 0.0, 0.0
	for i := range fitted.NumVisitors() {
		events := fitted.list(i)
		for k := range events {
			if n++; comes(events, k, target, gap) {
				came++
			}
		}
	}
	p, share := came/n, float64(m.Positives)/float64(m.N)
	return -share*math.Log(p) - (1-share)*math.Log(1-p)
}
