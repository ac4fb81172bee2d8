package planpb

import (
	"maps"
	"slices"
	"time"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// FromProto translates a plan from the contract into the vocabulary. Nothing is shared with p, nothing is checked and
// no default is filled in, except that an item without a status is live. Empty lists and maps become nil.
func FromProto(p *veiviserv1.Plan) *veiviser.Plan {
	return &veiviser.Plan{
		Name:       p.GetName(),
		Languages:  list(p.GetLanguages()),
		EventTypes: list(p.GetEventTypes()),
		Journeys:   each(p.GetJourneys(), journeyFromProto),
		Segments: each(p.GetSegments(), func(s *veiviserv1.Segment) veiviser.Segment {
			return veiviser.Segment{ID: s.GetId(), Name: texts(s.GetName()), Rule: s.GetRule(), Sensitive: s.GetSensitive()}
		}),
		Placements: each(p.GetPlacements(), placementFromProto),
		Items:      each(p.GetItems(), ItemFromProto),
		Policy:     policyFromProto(p.GetPolicy()),

		Purposes:     each(p.GetPurposes(), purposeFromProto),
		Contact:      contactFromProto(p.GetContact()),
		Coherence:    coherenceFromProto(p.GetCoherence()),
		Relationship: relationshipFromProto(p.GetRelationship()),
		Acquisition:  acquisitionFromProto(p.GetAcquisition()),
		Crisis:       crisisFromProto(p.GetCrisis()),
		Audiences:    each(p.GetAudiences(), audienceFromProto),
		Accounts:     accountsFromProto(p.GetAccounts()),
	}
}

func journeyFromProto(j *veiviserv1.Journey) veiviser.Journey {
	return veiviser.Journey{
		ID:       j.GetId(),
		Version:  j.GetVersion(),
		Name:     texts(j.GetName()),
		Audience: j.GetAudience(),
		Subjects: list(j.GetSubjects()),
		StartsOn: each(j.GetStartsOn(), matchFromProto),
		Stages: each(j.GetStages(), func(s *veiviserv1.Stage) veiviser.Stage {
			return veiviser.Stage{
				ID: s.GetId(), Standard: veiviser.StandardStage(s.GetStandard()), Name: texts(s.GetName()),
				Prior: s.GetPrior(), Rest: s.GetRest(),
			}
		}),
		Transitions: each(j.GetTransitions(), func(t *veiviserv1.Transition) veiviser.Transition {
			return veiviser.Transition{From: t.GetFrom(), To: t.GetTo(), Rate: t.GetRate()}
		}),
		Signals: each(j.GetSignals(), func(s *veiviserv1.Signal) veiviser.Signal {
			return veiviser.Signal{
				ID: s.GetId(), Match: matchFromProto(s.GetMatch()), Likelihood: dict(s.GetLikelihood()), Text: texts(s.GetText()), Sensitive: s.GetSensitive(),
			}
		}),
		HalfLife:    duration(j.GetHalfLife()),
		UnsureBelow: j.GetUnsureBelow(),
		StageMappings: each(j.GetStageMappings(), func(m *veiviserv1.StageMapping) veiviser.StageMapping {
			return veiviser.StageMapping{From: m.GetFrom(), To: m.GetTo()}
		}),
		MeanEvents: j.GetMeanEvents(),
		Forecast:   forecastFromProto(j.GetForecast()),
		Fitted:     provenanceFromProto(j.GetFitted()),
		Group:      j.GetGroup(),
	}
}

func matchFromProto(m *veiviserv1.Match) veiviser.Match {
	return veiviser.Match{
		Types:          list(m.GetTypes()),
		Pages:          list(m.GetPages()),
		QueryWords:     list(m.GetQueryWords()),
		Referrers:      list(m.GetReferrers()),
		Channels:       list(m.GetChannels()),
		SameItem:       m.GetSameItem(),
		SameSubject:    m.GetSameSubject(),
		MinRepeat:      m.GetMinRepeat(),
		MinDepth:       m.GetMinDepth(),
		MaxDepth:       m.GetMaxDepth(),
		MinPause:       duration(m.GetMinPause()),
		MaxPause:       duration(m.GetMaxPause()),
		ReturningVisit: m.GetReturningVisit(),
		Attributes:     dict(m.GetAttributes()),
	}
}

func placementFromProto(p *veiviserv1.Placement) veiviser.Placement {
	if p == nil {
		return veiviser.Placement{}
	}
	return veiviser.Placement{
		ID:            p.GetId(),
		Name:          texts(p.GetName()),
		Channel:       p.GetChannel(),
		Formats:       list(p.GetFormats()),
		Slots:         int(p.GetSlots()),
		Kinds:         kindsFromProto(p.GetKinds()),
		Objective:     p.GetObjective(),
		Audiences:     list(p.GetAudiences()),
		Rule:          p.GetRule(),
		Fallback:      list(p.GetFallbackItemIds()),
		AttentionCost: pointer(p.AttentionCost),
		Exploration:   pointer(p.Exploration),
		Attention:     wide(p.Attention),
		Impressions:   p.GetReportsImpressions(),
		Staff:         p.GetStaff(),
	}
}

func policyFromProto(p *veiviserv1.Policy) veiviser.Policy {
	return veiviser.Policy{
		VisitGap:      duration(p.GetVisitGap()),
		VisitorTTL:    duration(p.GetVisitorTtl()),
		DecisionTTL:   duration(p.GetDecisionTtl()),
		AttentionCost: p.GetAttentionCost(),
		Diversity:     p.GetDiversity(),
		UnsureKinds:   kindsFromProto(p.GetUnsureKinds()),
		OffStage:      p.GetOffStage(),
		ValueWeight:   p.GetValueWeight(),
		Priors: each(p.GetPriors(), func(r *veiviserv1.ResponsePrior) veiviser.ResponsePrior {
			return veiviser.ResponsePrior{
				Kind: KindFromProto(r.GetKind()), Stage: veiviser.StandardStage(r.GetStage()), Mean: r.GetMean(), Strength: r.GetStrength(),
			}
		}),
		Effects: each(p.GetEffects(), func(e *veiviserv1.ResponseEffect) veiviser.ResponseEffect {
			return veiviser.ResponseEffect{
				ItemID: e.GetItemId(), Kind: KindFromProto(e.GetKind()), Topic: e.GetTopic(),
				Stage: veiviser.StandardStage(e.GetStage()), Segment: e.GetSegment(), Channel: e.GetChannel(),
				Format: e.GetFormat(), Add: e.GetAdd(), SD: e.GetStandardDeviation(),
			}
		}),
		Weights:  each(p.GetWeights(), weightFromProto),
		Learning: learningFromProto(p.GetLearning()),
		Control:  controlFromProto(p.GetControl()),
		Gate:     gateFromProto(p.GetGate()),
	}
}

// list, dict and texts copy, and make nil of what is empty, so that equal plans are deeply equal.

func list[T any](in []T) []T {
	if len(in) == 0 {
		return nil
	}
	return slices.Clone(in)
}

func dict[V any](in map[string]V) map[string]V {
	if len(in) == 0 {
		return nil
	}
	return maps.Clone(in)
}

func texts(in map[string]string) veiviser.Text { return dict(in) }

// each translates every element; nil for none.
func each[A, B any](in []A, f func(A) B) []B {
	if len(in) == 0 {
		return nil
	}
	out := make([]B, len(in))
	for i := range in {
		out[i] = f(in[i])
	}
	return out
}

func pointer[T any](p *T) *T {
	if p == nil {
		return nil
	}
	c := *p
	return &c
}

// wide is a copy of a number of the contract; nil for unset.
func wide(p *int32) *int {
	if p == nil {
		return nil
	}
	return new(int(*p))
}

// duration is 0 for unset, and the nearest there is for more than 290 years.
func duration(d *durationpb.Duration) time.Duration { return d.AsDuration() }

// moment is the zero time for unset.
func moment(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}
