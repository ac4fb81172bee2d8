package app_test

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/client"
	"github.com/veiviser/veiviser/internal/store"
	"github.com/veiviser/veiviser/internal/veiviser"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// figures are everything that is compared: by name, whole numbers.
type figures map[string]int64

// outcome is one type of outcome of one choice: the first in time counts, the others repeat it.
type outcome struct {
	decision string
	choice   int
	kind     string
}

// came is what a sender knows of the outcomes of a choice: how many were surely in time, and of how many it can not tell,
// because an outage held them up to the end of the window.
type came struct{ sure, open int }

// known is what the senders know of outcomes.
type known struct {
	came    map[outcome]*came
	unclear map[string]bool // decisions with outcomes of which nobody can tell
}

// known sorts the outcomes that were sent and are not late by intent.
func (l *killLoad) known() known {
	k := known{came: map[outcome]*came{}, unclear: map[string]bool{}}
	for _, e := range l.events {
		if e.about == nil || e.choice < 0 || e.late {
			continue
		}
		o := outcome{e.about.id, e.choice, e.event.GetType()}
		if k.came[o] == nil {
			k.came[o] = &came{}
		}
		if e.acked.Before(e.about.asked.Add(killWindow)) { // stored even sooner, and the decision was made later
			k.came[o].sure++
			continue
		}
		k.came[o].open++
		k.unclear[e.about.id] = true
	}
	return k
}

// want are the figures that the senders know, and those that follow from the decisions that the store holds.
func (l *killLoad) want(k known, answers []veiviser.Answer) figures {
	f := figures{}
	people := map[string]bool{}
	for _, e := range l.events {
		people[e.event.GetVisitorId()] = true
		kind := e.event.GetType()
		f["events "+kind]++
		f["value"] += int64(e.event.GetValue())
		if e.about == nil {
			continue
		}
		f["events of decisions "+kind]++
		if e.late {
			f["late "+kind]++
		}
	}
	f["visitors"] = int64(len(people))
	for o, c := range k.came {
		f["in time "+o.kind] += int64(c.sure)
		f["joined "+o.kind] += int64(min(c.sure, 1))
	}
	for i := range answers {
		for j := range answers[i].Decisions {
			d := &answers[i].Decisions[j]
			f["decisions"]++
			f["served"] += int64(len(d.Choices))
			if len(d.Choices) == 0 {
				f["silent decisions"]++
			}
		}
		f["answers"]++
	}
	for kind := range killOutcomes {
		f["settled "+kind] = f["served"]
	}
	return f
}

// got are the same figures as the service tells them.
func got(ctx context.Context, c *client.Client) (figures, error) {
	f := figures{}
	learning, err := c.GetLearning(ctx, &veiviserv1.GetLearningRequest{})
	if err != nil {
		return nil, err
	}
	for _, o := range learning.GetOutcomes() {
		f["joined "+o.GetType()] = o.GetJoined()
		f["in time "+o.GetType()] = o.GetJoined() + o.GetRepeats()
		f["late "+o.GetType()] = o.GetLate()
		f["settled "+o.GetType()] = o.GetJoined() + o.GetSilent()
	}
	out, err := c.GetSegmentProfile(ctx, &veiviserv1.GetSegmentProfileRequest{SegmentId: everyone})
	if err != nil {
		return nil, err
	}
	p := out.GetProfile()
	f["visitors"], f["value"] = p.GetSize(), int64(math.Round(p.GetValue()))
	f["decisions"], f["silent decisions"] = p.GetDecisions(), p.GetSilentDecisions()
	for kind, n := range p.GetEventCounts() {
		f["events "+kind] = n
	}
	for _, ch := range p.GetChannels() {
		f["served"] += ch.GetServed()
		for kind, n := range ch.GetOutcomes() {
			f["events of decisions "+kind] += n
		}
	}
	return f, nil
}

// differences tells where the figures are not the same; 0 is not told.
func differences(got, want figures) []string {
	var list []string
	names := maps.Clone(want)
	maps.Copy(names, got)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if got[name] != want[name] {
			list = append(list, fmt.Sprintf("%s: %d, want %d", name, got[name], want[name]))
		}
	}
	return list
}

// check compares what was learned with what was sent.
func check(t *testing.T, x *stand, l *killLoad) {
	t.Helper()
	for _, w := range l.wrong {
		t.Error(w)
	}
	s, err := store.Open(t.Context(), store.Options{URL: x.files.url(), Tenant: killTenant, Partitions: killPartitions})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	answers := l.stored(t, s)
	k := l.known()
	want := l.want(k, answers)
	answered := want["answers"]
	delete(want, "answers")
	has := settled(t, x, want)
	l.blur(k, want, has)
	for _, d := range differences(has, want) {
		t.Error(d)
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		t.Logf("%-32s %7d sent %7d learned", name, want[name], has[name])
	}
	l.people(t, x)
	l.eachMade(t, s, answers)
	l.eachClosed(t, s, k, answers)
	lift, err := x.probe.GetLift(t.Context(), &veiviserv1.GetLiftRequest{})
	if err != nil {
		t.Fatal(err)
	}
	visitors := map[string]bool{}
	for i := range answers {
		visitors[answers[i].Visitor.ID] = true
	}
	if n := lift.GetTreated().GetVisitors(); n != int64(len(visitors)) || lift.GetControl().GetVisitors() != 0 {
		t.Errorf("%d visitors compared, want %d", n, len(visitors))
	}
	fence, snapshots := x.learner()
	t.Logf("%d events, %d of them answered to be duplicates in all; %d decisions known, %d of %d answers never heard of; %d calls unanswered; "+
		"%d decisions with outcomes that may be late; %s learners, %s snapshots", len(l.events), l.again, len(l.decisions),
		answered-int64(len(l.decisions)/2), answered, l.lost, len(k.unclear), fence, snapshots)
	if l.again == 0 || x.redis.killed+x.server.killed > 0 && l.lost == 0 {
		t.Error("nothing was lost and sent again: the test is blind")
	}
}

// settled waits until all windows are over, and a little longer for what should not come.
func settled(t *testing.T, x *stand, want figures) figures {
	t.Helper()
	var has figures
	for begun := time.Now(); time.Since(begun) < killWindow+45*time.Second; time.Sleep(250 * time.Millisecond) {
		next, err := got(t.Context(), x.probe)
		if err != nil { // a server that was just started has not loaded it yet
			t.Log(err)
			continue
		}
		has = next
		over := true
		for kind := range killOutcomes {
			over = over && has["settled "+kind] >= want["served"]
		}
		if !over {
			continue
		}
		t.Logf("all is settled after %v", time.Since(begun).Round(time.Millisecond))
		time.Sleep(3 * time.Second)
		if has, err = got(t.Context(), x.probe); err != nil {
			t.Fatal(err)
		}
		return has
	}
	return has
}

// blur takes the figures as they are told where the senders can not know them: within the bounds that they do know.
func (l *killLoad) blur(k known, want, has figures) {
	in, joined := figures{}, figures{}
	for o, c := range k.came {
		in[o.kind] += int64(c.open)
		if c.sure == 0 {
			joined[o.kind]++
		}
	}
	for kind, open := range in {
		more := has["in time "+kind] - want["in time "+kind]
		if open == 0 || more < 0 || more > open || has["late "+kind] != want["late "+kind]+open-more {
			continue
		}
		want["in time "+kind] += more
		want["late "+kind] += open - more
		if first := has["joined "+kind] - want["joined "+kind]; first >= 0 && first <= min(more, joined[kind]) {
			want["joined "+kind] += first
		}
	}
}

// stored are all answers that the store holds, and that must be all there are: every decision a sender knows is among them
// as she knows it, and none is there that nobody asked for.
func (l *killLoad) stored(t *testing.T, s *store.Store) []veiviser.Answer {
	t.Helper()
	var all []veiviser.Answer
	items := map[string][]string{}
	for visitor := range l.visitors {
		list, err := s.Answers(t.Context(), visitor)
		if err != nil {
			t.Fatal(err)
		}
		for i := range list {
			for j := range list[i].Decisions {
				d := &list[i].Decisions[j]
				items[d.ID] = nil
				for c := range d.Choices {
					items[d.ID] = append(items[d.ID], d.Choices[c].ItemID)
				}
			}
		}
		all = append(all, list...)
	}
	for id, d := range l.decisions {
		if kept, ok := items[id]; !ok || !slices.Equal(kept, d.items) {
			t.Errorf("decision %s served %v, the store has %v of it", id, d.items, kept)
		}
	}
	if len(all) > l.asks {
		t.Errorf("%d answers are stored, %d were asked for", len(all), l.asks)
	}
	return all
}

// people checks how many events of every visitor count.
func (l *killLoad) people(t *testing.T, x *stand) {
	t.Helper()
	want := map[string]uint64{}
	for _, e := range l.events {
		want[e.event.GetVisitorId()]++
	}
	has := map[string]uint64{}
	for visitor := range want {
		out, err := x.probe.GetVisitor(t.Context(), &veiviserv1.GetVisitorRequest{VisitorId: visitor})
		if err != nil {
			t.Fatal(err)
		}
		has[visitor] = uint64(out.GetVisitor().GetEvents())
	}
	if diff := cmp.Diff(want, has); diff != "" {
		t.Errorf("events of visitors (-want +got):\n%.2000s", diff)
	}
}

// eachMade checks that the learner met every answer once.
func (l *killLoad) eachMade(t *testing.T, s *store.Store, answers []veiviser.Answer) {
	t.Helper()
	met := map[string]int{}
	for page := ""; ; {
		ids, next, err := s.MadeAnswers(t.Context(), page, 10_000)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range ids {
			met[id]++
		}
		if page = next; page == "" {
			break
		}
	}
	want := map[string]int{}
	for i := range answers {
		want[answers[i].ID] = 1
	}
	if diff := cmp.Diff(want, met); diff != "" {
		t.Errorf("answers the learner has met (-want +got):\n%.2000s", diff)
	}
}

// closedDecision is what came of a decision in all.
type closedDecision struct {
	Over     int
	Reward   float64
	Outcomes string
}

// eachClosed checks what came of every decision, one by one.
func (l *killLoad) eachClosed(t *testing.T, s *store.Store, k known, answers []veiviser.Answer) {
	t.Helper()
	kinds := map[string][]string{}
	has, want := map[string]closedDecision{}, map[string]closedDecision{}
	for page := ""; ; {
		list, next, err := s.ClosedDecisions(t.Context(), page, 10_000)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range list {
			id := fmt.Sprintf("%s.%d", c.AnswerID, c.Index)
			sum := has[id]
			sum.Reward += c.Reward
			if c.Over {
				sum.Over++
			}
			has[id] = sum
			kinds[id] = append(kinds[id], c.Outcomes...)
		}
		if page = next; page == "" {
			break
		}
	}
	for id, sum := range has {
		sum.Outcomes = sorted(kinds[id])
		has[id] = sum
	}
	clear(kinds)
	for i := range answers {
		for j := range answers[i].Decisions {
			want[answers[i].Decisions[j].ID] = closedDecision{Over: 1}
		}
	}
	for o := range k.came {
		sum := want[o.decision]
		if o.choice == 0 {
			sum.Reward += killOutcomes[o.kind]
		}
		kinds[o.decision] = append(kinds[o.decision], o.kind)
		sum.Outcomes = sorted(kinds[o.decision])
		want[o.decision] = sum
	}
	for id := range k.unclear {
		delete(want, id)
		delete(has, id)
	}
	if diff := cmp.Diff(want, has); diff != "" {
		t.Errorf("what came of decisions (-want +got):\n%.4000s", diff)
	}
	t.Logf("what came of each of %d decisions is compared", len(want))
}

func sorted(list []string) string { return strings.Join(slices.Sorted(slices.Values(list)), " ") }
