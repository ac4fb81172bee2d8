package api

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/rank/confseq"
	"github.com/veiviser/veiviser/internal/relation"
	"github.com/veiviser/veiviser/internal/veiviser"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// liftOptions are those of the confidence sequences. They are the same for every plan: an interval holds at every look only if
// nothing about it is chosen by what was seen. The share makes it hold when a plan changes the share of the control group.
func liftOptions() confseq.Options {
	return confseq.Options{ControlShare: veiviser.DefaultControlShare}
}

func liftToProto(l learn.Lift, c veiviser.Control) *veiviserv1.GetLiftResponse {
	t, n := &l.Treated, &l.Control
	outcomes := confseq.Difference(t.Outcomes, n.Outcomes, liftOptions())
	m := metricToProto(outcomes)
	return &veiviserv1.GetLiftResponse{
		Lift: m.GetLift(), Low: m.Low, High: m.High, Outcome: c.Outcome,
		Treated: liftGroupToProto(t), Control: liftGroupToProto(n),
		Value:     metricToProto(confseq.Difference(t.Value, n.Value, liftOptions())),
		Converted: metricToProto(confseq.Difference(t.Converted, n.Converted, liftOptions())),
		Summary:   liftSummary(&l, c, outcomes),
	}
}

func liftGroupToProto(a *learn.LiftArm) *veiviserv1.LiftGroup {
	return &veiviserv1.LiftGroup{Visitors: a.Outcomes.N, Mean: a.Outcomes.Mean, Value: a.Value.Mean, Converted: a.Converted.Mean}
}

func metricToProto(i confseq.Interval) *veiviserv1.LiftMetric {
	out := &veiviserv1.LiftMetric{Lift: i.Value}
	if i.Known {
		out.Low, out.High = new(i.Low), new(i.High)
	}
	return out
}

// liftSummary says in a sentence or two what can be said.
func liftSummary(l *learn.Lift, c veiviser.Control, i confseq.Interval) string {
	t, n := &l.Treated.Outcomes, &l.Control.Outcomes
	if *c.Share == 0 && n.N == 0 {
		return "The plan has no control group, so nothing can be compared."
	}
	if !i.Known {
		return i.Why
	}
	verdict := "That can still be chance."
	switch {
	case i.Low > 0:
		verdict = "What was served helps."
	case i.High < 0:
		verdict = "What was served does harm."
	}
	return fmt.Sprintf("In the %s after the first decision for them, %d served visitors had %.4g %s events each, and %d of the control "+
		"group %.4g: a difference of %+.3g, with 95 %% certainty between %+.3g and %+.3g. %s",
		span(c.Window), t.N, t.Mean, c.Outcome, n.N, n.Mean, i.Value, i.Low, i.High, verdict)
}

// span is a duration as people say it.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d == day:
		return "day"
	case d%day == 0:
		return fmt.Sprintf("%d days", d/day)
	case d == time.Hour:
		return "hour"
	case d%time.Hour == 0:
		return fmt.Sprintf("%d hours", d/time.Hour)
	case d%time.Minute == 0:
		return fmt.Sprintf("%d minutes", d/time.Minute)
	default:
		return d.String()
	}
}

func learningToProto(s *learn.Shown) *veiviserv1.GetLearningResponse {
	out := &veiviserv1.GetLearningResponse{
		ModelVersion: s.Response.Version(), Observations: int64(s.Rows), Noise: math.Sqrt(s.Noise), MeanReward: s.MeanReward,
		Weights: int64(s.Weights), UpdateTime: timeToProto(s.Updated),
	}
	for _, kind := range slices.Sorted(maps.Keys(s.Outcomes)) {
		c := s.Outcomes[kind]
		out.Outcomes = append(out.Outcomes, &veiviserv1.OutcomeCount{
			Type: kind, Joined: c.Joined, Repeats: c.Repeated, Late: c.Late, Silent: c.Silent,
		})
	}
	for _, place := range slices.Sorted(maps.Keys(s.Slots)) {
		for i, x := range s.Slots[place] {
			out.Slots = append(out.Slots, &veiviserv1.SlotExamination{
				Placement: place, Slot: int32(i + 1), Examination: x.Examination, Observations: x.Observations,
			})
		}
	}
	for _, place := range slices.Sorted(maps.Keys(s.Explored)) {
		c := s.Explored[place]
		out.Exploration = append(out.Exploration, &veiviserv1.ExplorationCount{
			Placement: place, Decisions: c.Decisions, On: c.States[veiviser.ExplorationOn], Spared: c.States[veiviser.ExplorationSpared],
			OffRequest: c.States[veiviser.ExplorationOffRequest], Buying: c.States[veiviser.ExplorationBuying],
			Complaining: c.States[veiviser.ExplorationComplaining],
		})
	}
	return out
}

// maxProgressItems bounds GetProgressResponse.items.
const maxProgressItems = 1000

// progressToProto tells the moves of one item or all, in one segment or of everyone.
func progressToProto(moves map[string]map[string]learn.Moves, item, segment string) *veiviserv1.GetProgressResponse {
	out := &veiviserv1.GetProgressResponse{}
	for id, bySegment := range moves {
		m, ok := bySegment[segment]
		if !ok || item != "" && id != item {
			continue
		}
		p := &veiviserv1.ItemProgress{ItemId: id, Observations: m.N, Moves: movesToProto(m.Counts)}
		p.Progress, p.Low, p.High = m.Mean()
		out.Items = append(out.Items, p)
	}
	slices.SortFunc(out.Items, func(a, b *veiviserv1.ItemProgress) int {
		return cmp.Or(cmp.Compare(b.GetObservations(), a.GetObservations()), cmp.Compare(a.GetItemId(), b.GetItemId()))
	})
	out.Items = out.Items[:min(len(out.Items), maxProgressItems)]
	return out
}

// movesToProto tells where those in each stage went, most frequent first.
func movesToProto(counts map[string]int64) []*veiviserv1.StageMove {
	from := map[string]int64{}
	out := make([]*veiviserv1.StageMove, 0, len(counts))
	for way, n := range counts {
		m := &veiviserv1.StageMove{Count: n}
		m.From, m.To, _ = strings.Cut(way, ">")
		from[m.GetFrom()] += n
		out = append(out, m)
	}
	for _, m := range out {
		m.Share, m.Low, m.High = wilson(m.GetCount(), from[m.GetFrom()])
	}
	slices.SortFunc(out, func(a, b *veiviserv1.StageMove) int {
		return cmp.Or(cmp.Compare(b.GetCount(), a.GetCount()), cmp.Compare(a.GetFrom(), b.GetFrom()), cmp.Compare(a.GetTo(), b.GetTo()))
	})
	return out
}

// wilson is k of n as a share with its 95 % interval, which is sound for few and for shares near 0 and 1.
func wilson(k, n int64) (share, low, high float64) {
	low, high = relation.Wilson(k, n)
	return float64(k) / float64(max(n, 1)), low, high
}
