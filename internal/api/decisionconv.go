package api

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/veiviser/veiviser/internal/decide"
	"github.com/veiviser/veiviser/internal/planpb"
	"github.com/veiviser/veiviser/internal/veiviser"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// voice turns codes into words; decide.Voice is one.
type voice interface {
	Reason(b veiviser.Because) string
	Evidence(journey, signal string) string
	Representation(c veiviser.Choice) (veiviser.Representation, bool)
	Summary(a *veiviser.Answer, decision int) string
	Briefing(a *veiviser.Answer, decision int) []decide.Briefing
	Options(c veiviser.Choice) []decide.Option
}

// maxReasons bounds RecommendedItem.reasons.
const maxReasons = 3

// requestFromProto reads a request. Events without a visitor are of the request's; those of another refuse it.
func requestFromProto(in *veiviserv1.RecommendRequest) (veiviser.Request, error) {
	req := veiviser.Request{
		VisitorID:     in.GetVisitorId(),
		Context:       contextFromProto(in.GetContext()),
		Placements:    make([]veiviser.PlacementRequest, len(in.GetPlacements())),
		Preview:       in.GetPreview(),
		NoExploration: in.GetExploration() == veiviserv1.Exploration_EXPLORATION_OFF,
		Explain:       in.GetExplain(),
		Time:          timeFromProto(in.GetTime()),
	}
	for i, p := range in.GetPlacements() {
		req.Placements[i] = veiviser.PlacementRequest{
			Placement: p.GetPlacement(), MaxItems: int(p.GetMaxItems()),
			Candidates: p.GetCandidateItemIds(), Excluded: p.GetExcludeItemIds(),
		}
	}
	if len(in.GetEvents()) == 0 {
		return req, nil
	}
	req.Events = make([]veiviser.Event, len(in.GetEvents()))
	for i, e := range in.GetEvents() {
		req.Events[i] = eventFromProto(e)
		switch req.Events[i].VisitorID {
		case req.VisitorID:
		case "":
			req.Events[i].VisitorID = req.VisitorID
		default:
			return veiviser.Request{}, veiviser.Invalid(veiviser.ReasonVisitorMismatch, fmt.Sprintf("events[%d].visitor_id", i),
				"must be empty or the visitor_id of the request")
		}
	}
	return req, nil
}

// watchFromProto reads the request that is answered again and again.
func watchFromProto(in *veiviserv1.WatchRecommendationsRequest) veiviser.Request {
	req := veiviser.Request{
		VisitorID:     in.GetVisitorId(),
		Context:       contextFromProto(in.GetContext()),
		Placements:    make([]veiviser.PlacementRequest, len(in.GetPlacements())),
		Preview:       in.GetPreview(),
		NoExploration: in.GetExploration() == veiviserv1.Exploration_EXPLORATION_OFF,
	}
	for i, p := range in.GetPlacements() {
		req.Placements[i] = veiviser.PlacementRequest{Placement: p, MaxItems: int(in.GetMaxItems())}
	}
	return req
}

func contextFromProto(c *veiviserv1.VisitContext) veiviser.Context {
	return veiviser.Context{
		Channel: c.GetChannel(), Device: c.GetDevice(), Language: c.GetLanguage(), Referrer: c.GetReferrer(),
		Page: c.GetPage(), Query: c.GetQuery(), Subject: c.GetSubject(), Attributes: c.GetAttributes(),
	}
}

func contextToProto(c *veiviser.Context) *veiviserv1.VisitContext {
	return &veiviserv1.VisitContext{
		Channel: c.Channel, Device: c.Device, Language: c.Language, Referrer: c.Referrer,
		Page: c.Page, Query: c.Query, Subject: c.Subject, Attributes: c.Attributes,
	}
}

// answerToProto tells an answer, with the full why when the request asked for it.
func answerToProto(a *veiviser.Answer, v voice) *veiviserv1.RecommendResponse {
	out := &veiviserv1.RecommendResponse{
		Decisions:      make([]*veiviserv1.PlacementDecision, len(a.Decisions)),
		Needs:          needsToProto(a.Needs, firstServed(a), v),
		SegmentIds:     a.Segments,
		PlanVersion:    versionToProto(a.PlanVersion),
		Degraded:       a.Degraded != "",
		DegradedReason: a.Degraded,
	}
	for i := range a.Decisions {
		out.Decisions[i] = decisionToProto(&a.Decisions[i], v)
		out.Decisions[i].Briefing = briefingToProto(v.Briefing(a, i))
		if a.Request.Explain {
			out.Decisions[i].Explanation = explanationToProto(a, i, v)
		}
	}
	return out
}

// firstServed is the index of the need that the first decision about a need served, -1 for none.
func firstServed(a *veiviser.Answer) int {
	for i := range a.Decisions {
		if a.Decisions[i].Need >= 0 {
			return a.Decisions[i].Need
		}
	}
	return -1
}

func decisionToProto(d *veiviser.Decision, v voice) *veiviserv1.PlacementDecision {
	out := &veiviserv1.PlacementDecision{
		Placement: d.Placement, DecisionId: d.ID, SilenceReason: silenceToProto(d.Silence), Fallback: d.Fallback,
		SilencePropensity: d.SilencePropensity, Exploration: string(d.Exploration),
		Items: make([]*veiviserv1.RecommendedItem, len(d.Choices)), SilentUntilTime: timeToProto(d.Until),
	}
	for i := range d.Choices {
		c := &d.Choices[i]
		item := &veiviserv1.RecommendedItem{
			ItemId: c.ItemID, Kind: planpb.KindToProto(c.Kind), Score: c.Score, Propensity: c.Propensity,
			Reasons: reasonsToProto(c.Reasons, v),
		}
		if c.Kind == veiviser.KindAsk {
			item.Answers = optionsToProto(v.Options(*c))
		}
		if r, ok := v.Representation(*c); ok {
			item.Representation = planpb.RepresentationToProto(&r)
		}
		out.Items[i] = item
	}
	return out
}

func reasonsToProto(reasons []veiviser.Because, v voice) []*veiviserv1.Reason {
	out := make([]*veiviserv1.Reason, 0, maxReasons)
	for _, b := range reasons[:min(len(reasons), maxReasons)] {
		out = append(out, &veiviserv1.Reason{Code: string(b.Code), Text: v.Reason(b)})
	}
	return out
}

func silenceToProto(s veiviser.SilenceReason) veiviserv1.SilenceReason {
	return veiviserv1.SilenceReason(veiviserv1.SilenceReason_value["SILENCE_REASON_"+string(s)]) // "" is no key: 0
}

// explanationToProto is the whole why of one decision of an answer.
func explanationToProto(a *veiviser.Answer, i int, v voice) *veiviserv1.DecisionExplanation {
	d := &a.Decisions[i]
	out := &veiviserv1.DecisionExplanation{
		DecisionId: d.ID, Time: timeToProto(a.Time), Placement: d.Placement, PlanVersion: versionToProto(a.PlanVersion),
		CatalogRevision: a.Catalog, Needs: needsToProto(a.Needs, d.Need, v), SegmentIds: a.Segments,
		Served: scoredToProto(d.Choices, v), RunnersUp: scoredToProto(d.RunnersUp, v),
		Excluded:      make([]*veiviserv1.ExcludedItems, len(d.Excluded)),
		SilenceReason: silenceToProto(d.Silence), SilencePropensity: d.SilencePropensity, Fallback: d.Fallback,
		Explored: explored(a, d), Degraded: a.Degraded != "", Summary: v.Summary(a, i),
		Exploration: string(d.Exploration), Group: string(a.Group), ModelVersion: a.Model,
	}
	for k, x := range d.Excluded {
		out.Excluded[k] = &veiviserv1.ExcludedItems{Reason: string(x.Reason), Count: clampInt32(x.Count), ItemIds: x.Items, About: x.About}
	}
	return out
}

// explored reports whether uncertain items could be tried out. A decision that does not say was made before decisions did, or
// ranked nothing.
func explored(a *veiviser.Answer, d *veiviser.Decision) bool {
	if d.Exploration == "" {
		return !a.Request.NoExploration && a.Group != veiviser.GroupControl
	}
	return d.Exploration == veiviser.ExplorationOn
}

func scoredToProto(choices []veiviser.Choice, v voice) []*veiviserv1.ScoredItem {
	out := make([]*veiviserv1.ScoredItem, len(choices))
	for i := range choices {
		c := &choices[i]
		out[i] = &veiviserv1.ScoredItem{
			ItemId: c.ItemID, Kind: planpb.KindToProto(c.Kind), Format: c.Format, Score: c.Score, Mean: c.Mean,
			StandardDeviation: c.SD, Propensity: c.Propensity, Parts: make([]*veiviserv1.ScorePart, len(c.Parts)),
			Reasons: reasonsToProto(c.Reasons, v),
		}
		for k, p := range c.Parts {
			out[i].Parts[k] = &veiviserv1.ScorePart{Name: p.Name, Add: p.Add}
		}
	}
	return out
}

// needsToProto tells needs in their order, the one at index first before all others; -1 leaves the order as it is.
func needsToProto(needs []veiviser.NeedView, first int, v voice) []*veiviserv1.NeedBelief {
	out := make([]*veiviserv1.NeedBelief, 0, len(needs))
	if first >= 0 && first < len(needs) {
		out = append(out, needToProto(&needs[first], v))
	}
	for i := range needs {
		if i != first {
			out = append(out, needToProto(&needs[i], v))
		}
	}
	return out
}

func needToProto(n *veiviser.NeedView, v voice) *veiviserv1.NeedBelief {
	out := &veiviserv1.NeedBelief{
		Journey: n.Journey, Subject: n.Subject, Stage: n.Stage, StandardStage: string(n.Standard), Account: n.Account,
		JourneyVersion: n.Version, Events: n.Events, Audience: n.Audience,
		StartTime: timeToProto(n.Started), UpdateTime: timeToProto(n.Updated),
		Value: n.Value, EventsToNextStage: n.EventsToNext, VisitForecast: visitForecastToProto(n.Forecast),
		Stages:   make([]*veiviserv1.StageProbability, len(n.Stages)),
		Evidence: make([]*veiviserv1.Evidence, len(n.Evidence)),
	}
	stages := make([]veiviserv1.StageProbability, len(n.Stages)) // all at once, as an answer has dozens
	for i, s := range n.Stages {
		stages[i].Stage, stages[i].Probability = s, n.P[i]
		out.Stages[i] = &stages[i]
	}
	evidence := make([]veiviserv1.Evidence, len(n.Evidence))
	for i := range n.Evidence {
		e, to := &n.Evidence[i], &evidence[i]
		to.Signal, to.Text, to.Stage, to.Weight, to.Count = e.Signal, v.Evidence(n.Journey, e.Signal), e.Stage, e.Weight, e.Count
		to.Time = timeToProto(e.Time)
		out.Evidence[i] = to
	}
	slices.SortStableFunc(out.Evidence, func(a, b *veiviserv1.Evidence) int {
		return cmp.Compare(math.Abs(b.Weight), math.Abs(a.Weight))
	})
	return out
}

// visitForecastToProto tells what the rest of a visit brings; nothing is unset.
func visitForecastToProto(f *veiviser.VisitForecast) *veiviserv1.VisitForecast {
	if f == nil {
		return nil
	}
	return &veiviserv1.VisitForecast{Later: chancesToProto(f.Later), Next: chancesToProto(f.Next), End: f.End}
}

func chancesToProto(chances []veiviser.Chance) []*veiviserv1.EventChance {
	out := make([]*veiviserv1.EventChance, len(chances))
	all := make([]veiviserv1.EventChance, len(chances)) // all at once, as an answer has dozens
	for i, c := range chances {
		all[i].EventType, all[i].Probability = c.Type, c.P
		out[i] = &all[i]
	}
	return out
}

// versionToProto names a plan version; none has no name.
func versionToProto(n uint64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatUint(n, 10)
}

// timeFromProto is the zero time for an unset timestamp.
func timeFromProto(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}

// timeToProto leaves the zero time unset.
func timeToProto(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

func clampInt32(n int) int32 { return int32(min(max(n, 0), math.MaxInt32)) }
