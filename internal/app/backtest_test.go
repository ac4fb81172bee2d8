package app_test

import (
	"encoding/csv"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/veiviser/veiviser/internal/eval"
	"github.com/veiviser/veiviser/internal/eventlog"
	"github.com/veiviser/veiviser/internal/planpb"
	"github.com/veiviser/veiviser/internal/stage"
	"github.com/veiviser/veiviser/internal/veiviser"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// pauses of a shop's visitors: none, seconds, minutes, to the nanosecond as long as a visit may be silent, and longer ones.
var pauses = []time.Duration{
	0, 0, time.Second, 7 * time.Second, 12500 * time.Millisecond, time.Minute, 3 * time.Minute, 19 * time.Minute, 30 * time.Minute,
	30*time.Minute + time.Nanosecond, 5 * time.Hour, 26 * time.Hour, 11 * 24 * time.Hour,
}

// clickLog writes the log of a shop: visitors by visitor, so not in the order of time, each with several visits, events of
// the same moment, and pauses to the end. Every fourth visitor has more needs than are remembered.
func clickLog(t *testing.T, visitors, events int) string {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "clicks.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	}()
	w := csv.NewWriter(file)
	rows := [][]string{{"visitor_id", "type", "time", "item_id", "subject", "channel", "value", "attributes.page", "attributes.visitor.country"}}
	types := []string{"view", "view", "view", "view", "view", "view", "save", "cart_add", "cart_add", "purchase", "search", "view"}
	for i := range visitors {
		r := rand.New(rand.NewPCG(1, uint64(i)))
		now := beginning.Add(time.Duration(r.IntN(100)) * time.Hour)
		subjects := 2 + i%4*10
		for range events {
			now = now.Add(pauses[min(r.IntN(len(pauses)), r.IntN(len(pauses)+4))])
			row := []string{fmt.Sprintf("v%02d", i), types[r.IntN(len(types))], now.Format(time.RFC3339Nano), "", "", "", "", "", ""}
			subject := r.IntN(subjects)
			if r.IntN(8) > 0 {
				row[3], row[4] = fmt.Sprint("item-", r.IntN(4), "-", subject), fmt.Sprint("shelf/", subject)
			}
			switch r.IntN(6) {
			case 0:
				row[5], row[7] = "web", "/shelf"
			case 1:
				row[3], row[5], row[8] = "", "app", "no"
			}
			if row[1] == "purchase" {
				row[6] = strconv.FormatFloat(float64(r.IntN(1e5))/100, 'g', -1, 64)
			}
			rows = append(rows, row)
		}
	}
	if err := w.WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	return file.Name()
}

// walked is one visitor of the log: her events, and her needs after each.
type walked struct {
	id     string
	events []*veiviserv1.Event
	needs  [][]veiviser.NeedView
}

// walkLog walks a log as package eval does, and checks by the way that what it judges is what its needs say.
func walkLog(t *testing.T, file string, plan *veiviser.Plan) []walked {
	t.Helper()
	const journey = "shopping"
	l, err := eval.Load(t.Context(), eval.LoadOptions{Files: []string{file}, Log: eventlog.Options{Time: eventlog.TimeUnit("rfc3339")}})
	if err != nil || l.Bad > 0 {
		t.Fatal(err, l.Errors)
	}
	set, err := stage.Compile(plan)
	if err != nil {
		t.Fatal(err)
	}
	var out []walked
	visits, still := 0, 0
	for i := range l.NumVisitors() {
		var v veiviser.Visitor
		w := walked{id: l.Visitor(i)}
		for k := range l.NumEvents(i) {
			e := new(veiviser.Event)
			l.Event(i, k, e)
			if k > 0 && e.Time.Equal(v.LastSeen) {
				still++
			}
			set.Fold(&v, e)
			views := set.Views(&v, "", e.Time)
			sameAsJudged(t, set, &v, journey, views)
			for n := range views {
				views[n].Need = views[n].Clone()
			}
			w.needs = append(w.needs, views)
			w.events = append(w.events, &veiviserv1.Event{
				EventId: fmt.Sprintf("%s-%d", w.id, k), VisitorId: w.id, Type: e.Type, Time: timestamppb.New(e.Time), Subject: e.Subject,
				ItemId: e.ItemID, Channel: e.Channel, Value: e.Value, Attributes: e.Attributes,
			})
		}
		visits += int(v.Visits)
		out = append(out, w)
	}
	if visits < 3*len(out) || still < 3*len(out) {
		t.Errorf("%d visits, %d events of the same moment as the one before, for %d visitors: the log shows little", visits, still, len(out))
	}
	return out
}

// sameAsJudged compares the one need that a backtest judges with the view of it: the forecast bit for bit, the stages but
// for the rounding of one sum, since a view is made to sum to 1 once more.
func sameAsJudged(t *testing.T, set *stage.Set, v *veiviser.Visitor, journey string, views []veiviser.NeedView) {
	t.Helper()
	told, ok := set.Reading(v, journey)
	forecast := set.Forecast(v, journey)
	at := slices.IndexFunc(views, func(n veiviser.NeedView) bool { return n.Forecast != nil })
	if !ok || forecast == nil || at < 0 || slices.ContainsFunc(views[at+1:], func(n veiviser.NeedView) bool { return n.Forecast != nil }) {
		t.Fatalf("reading %v, forecast %v, not in exactly one of %d views", ok, forecast, len(views))
	}
	n := &views[at]
	told.Forecast = forecast
	if n.Subject != told.Subject {
		t.Fatalf("the forecast stands at %q, the reading is of %q", n.Subject, told.Subject)
	}
	if !n.Updated.Equal(v.LastSeen) { // the view has drifted
		return
	}
	for i := range n.P {
		if math.Float64bits(n.P[i]) != math.Float64bits(told.P[i]) {
			t.Fatalf("Views says %v, Reading says %v", n.P, told.P)
		}
	}
	if got, want := bits(viewBelief(n)), bits(viewBelief(&told)); !slices.Equal(got, want) {
		t.Fatalf("Views says\n%v\nReading and Forecast say\n%v", got, want)
	}
}

// viewBelief is the belief that a view should be told as, written down here anew.
func viewBelief(n *veiviser.NeedView) *veiviserv1.NeedBelief {
	out := &veiviserv1.NeedBelief{
		Journey: n.Journey, Subject: n.Subject, Stage: n.Stage, StandardStage: string(n.Standard), JourneyVersion: n.Version,
		Events: n.Events, Value: n.Value, EventsToNextStage: n.EventsToNext,
	}
	for i, s := range n.Stages {
		out.Stages = append(out.Stages, &veiviserv1.StageProbability{Stage: s, Probability: n.P[i]})
	}
	if f := n.Forecast; f != nil {
		out.VisitForecast = &veiviserv1.VisitForecast{End: f.End}
		for _, c := range f.Later {
			out.VisitForecast.Later = append(out.VisitForecast.Later, &veiviserv1.EventChance{EventType: c.Type, Probability: c.P})
		}
		for _, c := range f.Next {
			out.VisitForecast.Next = append(out.VisitForecast.Next, &veiviserv1.EventChance{EventType: c.Type, Probability: c.P})
		}
	}
	return out
}

// bits writes a belief with every number as its bits.
func bits(n *veiviserv1.NeedBelief) []string {
	number := func(what string, x float64) string { return fmt.Sprintf("%s %016x (%v)", what, math.Float64bits(x), x) }
	out := []string{
		fmt.Sprintf("%s %q version %d: %q = %q after %d", n.GetJourney(), n.GetSubject(), n.GetJourneyVersion(), n.GetStage(), n.GetStandardStage(), n.GetEvents()),
		number("value", n.GetValue()), number("to next", n.GetEventsToNextStage()),
	}
	for _, s := range n.GetStages() {
		out = append(out, number(s.GetStage(), s.GetProbability()))
	}
	if f := n.GetVisitForecast(); f != nil {
		for _, c := range f.GetLater() {
			out = append(out, number("later "+c.GetEventType(), c.GetProbability()))
		}
		for _, c := range f.GetNext() {
			out = append(out, number("next "+c.GetEventType(), c.GetProbability()))
		}
		out = append(out, number("end", f.GetEnd()))
	}
	return out
}

// sameBeliefs compares what the service tells with the walk.
func sameBeliefs(t *testing.T, what string, told []*veiviserv1.NeedBelief, want []veiviser.NeedView) {
	t.Helper()
	if len(told) != len(want) {
		t.Fatalf("%s: %d needs, the walk has %d", what, len(told), len(want))
	}
	for i := range told {
		if got, want := bits(told[i]), bits(viewBelief(&want[i])); !slices.Equal(got, want) {
			t.Fatalf("%s: need %d: the service tells\n%q\nthe walk\n%q", what, i, got, want)
		}
	}
}

// renamed are the events of a visitor as those of another.
func renamed(events []*veiviserv1.Event, prefix string) []*veiviserv1.Event {
	out := make([]*veiviserv1.Event, len(events))
	for i, e := range events {
		out[i] = &veiviserv1.Event{
			EventId: prefix + e.GetEventId(), VisitorId: prefix + e.GetVisitorId(), Type: e.GetType(), Time: e.GetTime(), Subject: e.GetSubject(),
			ItemId: e.GetItemId(), Channel: e.GetChannel(), Value: e.GetValue(), Attributes: e.GetAttributes(),
		}
	}
	return out
}

// What a backtest judges is what the service tells: after every event of a log, bit for bit, whether events come one by
// one, in batches or along with a request.
func TestBacktestIsTheService(t *testing.T) {
	t.Parallel()
	plan := bundledPlan(t, "marketplace")
	log := walkLog(t, clickLog(t, 30, 40), planpb.FromProto(plan))
	for _, s := range stores {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			cfg := settings(s.url(t))
			cfg.StoreTimeout = 5 * time.Second // it is not about a busy machine
			c := dialGRPC(t, startServer(t, cfg))
			ask[*veiviserv1.PublishPlanResponse](t, c, "PlanService", "PublishPlan", &veiviserv1.PublishPlanRequest{Plan: plan})
			for i := range log {
				oneByOne(t, c, &log[i])
			}
			inBatches(t, c, log)
			for i := range log {
				alongWithRequest(t, c, &log[i])
			}
		})
	}
}

// record records events, all of which must be new.
func record(t *testing.T, c caller, events []*veiviserv1.Event) {
	t.Helper()
	out := ask[*veiviserv1.RecordEventsResponse](t, c, "VisitService", "RecordEvents", &veiviserv1.RecordEventsRequest{Events: events})
	for i, r := range out.GetResults() {
		if r.GetStatus() != veiviserv1.EventStatus_EVENT_STATUS_ACCEPTED {
			t.Fatalf("%v is %v", events[i], r)
		}
	}
}

func needsAt(t *testing.T, c caller, visitor string, at *timestamppb.Timestamp) []*veiviserv1.NeedBelief {
	t.Helper()
	in := &veiviserv1.GetVisitorRequest{VisitorId: visitor, Time: at}
	return ask[*veiviserv1.GetVisitorResponse](t, c, "VisitService", "GetVisitor", in).GetVisitor().GetNeeds()
}

func oneByOne(t *testing.T, c caller, w *walked) {
	t.Helper()
	for k, e := range w.events {
		record(t, c, w.events[k:k+1])
		sameBeliefs(t, "after "+e.GetEventId(), needsAt(t, c, w.id, e.GetTime()), w.needs[k])
	}
}

// inBatches plays the events of all in the order of time, seven at a time.
func inBatches(t *testing.T, c caller, log []walked) {
	t.Helper()
	var all []*veiviserv1.Event
	for i := range log {
		all = append(all, renamed(log[i].events, "batch-")...)
	}
	slices.SortStableFunc(all, func(a, b *veiviserv1.Event) int { return a.GetTime().AsTime().Compare(b.GetTime().AsTime()) })
	for batch := range slices.Chunk(all, 7) {
		record(t, c, batch)
	}
	for i := range log {
		last := len(log[i].events) - 1
		needs := needsAt(t, c, "batch-"+log[i].id, log[i].events[last].GetTime())
		sameBeliefs(t, "batches of "+log[i].id, needs, log[i].needs[last])
	}
}

// alongWithRequest sends the last event with the request that is answered by what it says.
func alongWithRequest(t *testing.T, c caller, w *walked) {
	t.Helper()
	events := renamed(w.events, "along-")
	last := len(events) - 1
	for batch := range slices.Chunk(events[:last], 7) {
		record(t, c, batch)
	}
	in := &veiviserv1.RecommendRequest{
		VisitorId: "along-" + w.id, Time: events[last].GetTime(), Events: events[last:],
		Placements: []*veiviserv1.PlacementRequest{{Placement: "front"}}, Exploration: veiviserv1.Exploration_EXPLORATION_OFF,
	}
	for range 2 { // the second time it is known already
		out := ask[*veiviserv1.RecommendResponse](t, c, "DecisionService", "Recommend", in)
		if out.GetDegraded() {
			t.Fatalf("degraded: %s", out.GetDegradedReason())
		}
		sameBeliefs(t, "the answer to "+w.id, out.GetNeeds(), w.needs[last])
	}
	sameBeliefs(t, "after the answer to "+w.id, needsAt(t, c, "along-"+w.id, events[last].GetTime()), w.needs[last])
}
