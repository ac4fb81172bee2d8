package planpb

import (
	"time"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// ToProto translates a plan from the vocabulary into the contract: the reverse of [FromProto]. Nothing is shared with
// p. What is zero in the vocabulary is unset in the contract. A policy that says nothing is not there.
func ToProto(p *veiviser.Plan) *veiviserv1.Plan {
	if p == nil {
		return &veiviserv1.Plan{}
	}
	return &veiviserv1.Plan{
		Name:       p.Name,
		Languages:  list(p.Languages),
		EventTypes: list(p.EventTypes),
		Journeys:   each(p.Journeys, journeyToProto),
		Segments: each(p.Segments, func(s veiviser.Segment) *veiviserv1.Segment {
			return &veiviserv1.Segment{Id: s.ID, Name: dict(s.Name), Rule: s.Rule, Sensitive: s.Sensitive}
		}),
		Placements: each(p.Placements, placementToProto),
		Items:      each(p.Items, func(it veiviser.Item) *veiviserv1.Item { return ItemToProto(&it) }),
		Policy:     policyToProto(&p.Policy),

		Purposes:     each(p.Purposes, purposeToProto),
		Contact:      unlessEmpty(contactToProto(&p.Contact)),
		Coherence:    unlessEmpty(coherenceToProto(&p.Coherence)),
		Relationship: unlessEmpty(relationshipToProto(&p.Relationship)),
		Acquisition:  unlessEmpty(acquisitionToProto(&p.Acquisition)),
		Crisis:       unlessEmpty(crisisToProto(&p.Crisis)),
		Audiences:    each(p.Audiences, audienceToProto),
		Accounts:     unlessEmpty(accountsToProto(&p.Accounts)),
	}
}

func journeyToProto(j veiviser.Journey) *veiviserv1.Journey {
	return &veiviserv1.Journey{
		Id:       j.ID,
		Version:  j.Version,
		Name:     dict(j.Name),
		Audience: j.Audience,
		Subjects: list(j.Subjects),
		StartsOn: each(j.StartsOn, matchToProto),
		Stages: each(j.Stages, func(s veiviser.Stage) *veiviserv1.Stage {
			return &veiviserv1.Stage{Id: s.ID, Standard: string(s.Standard), Name: dict(s.Name), Prior: s.Prior, Rest: s.Rest}
		}),
		Transitions: each(j.Transitions, func(t veiviser.Transition) *veiviserv1.Transition {
			return &veiviserv1.Transition{From: t.From, To: t.To, Rate: t.Rate}
		}),
		Signals: each(j.Signals, func(s veiviser.Signal) *veiviserv1.Signal {
			return &veiviserv1.Signal{
				Id: s.ID, Match: unlessEmpty(matchToProto(s.Match)), Likelihood: dict(s.Likelihood), Text: dict(s.Text),
				Sensitive: s.Sensitive,
			}
		}),
		HalfLife:    durationToProto(j.HalfLife),
		UnsureBelow: j.UnsureBelow,
		StageMappings: each(j.StageMappings, func(m veiviser.StageMapping) *veiviserv1.StageMapping {
			return &veiviserv1.StageMapping{From: m.From, To: m.To}
		}),
		MeanEvents: j.MeanEvents,
		Forecast:   unlessEmpty(forecastToProto(&j.Forecast)),
		Fitted:     unlessEmpty(provenanceToProto(&j.Fitted)),
		Group:      j.Group,
	}
}

func matchToProto(m veiviser.Match) *veiviserv1.Match {
	return &veiviserv1.Match{
		Types:          list(m.Types),
		Pages:          list(m.Pages),
		QueryWords:     list(m.QueryWords),
		Referrers:      list(m.Referrers),
		Channels:       list(m.Channels),
		SameItem:       m.SameItem,
		SameSubject:    m.SameSubject,
		MinRepeat:      m.MinRepeat,
		MinDepth:       m.MinDepth,
		MaxDepth:       m.MaxDepth,
		MinPause:       durationToProto(m.MinPause),
		MaxPause:       durationToProto(m.MaxPause),
		ReturningVisit: m.ReturningVisit,
		Attributes:     dict(m.Attributes),
	}
}

func placementToProto(p veiviser.Placement) *veiviserv1.Placement {
	return &veiviserv1.Placement{
		Id:              p.ID,
		Name:            dict(p.Name),
		Channel:         p.Channel,
		Formats:         list(p.Formats),
		Slots:           clamp(p.Slots),
		Kinds:           kindsToProto(p.Kinds),
		Objective:       p.Objective,
		Audiences:       list(p.Audiences),
		Rule:            p.Rule,
		FallbackItemIds: list(p.Fallback),
		AttentionCost:   pointer(p.AttentionCost),
		Exploration:     pointer(p.Exploration),

		Attention:          narrow(p.Attention),
		ReportsImpressions: p.Impressions,
		Staff:              p.Staff,
	}
}

func policyToProto(p *veiviser.Policy) *veiviserv1.Policy {
	out := &veiviserv1.Policy{
		VisitGap:      durationToProto(p.VisitGap),
		VisitorTtl:    durationToProto(p.VisitorTTL),
		DecisionTtl:   durationToProto(p.DecisionTTL),
		AttentionCost: p.AttentionCost,
		Diversity:     p.Diversity,
		UnsureKinds:   kindsToProto(p.UnsureKinds),
		OffStage:      p.OffStage,
		ValueWeight:   p.ValueWeight,
		Priors: each(p.Priors, func(r veiviser.ResponsePrior) *veiviserv1.ResponsePrior {
			return &veiviserv1.ResponsePrior{Kind: KindToProto(r.Kind), Stage: string(r.Stage), Mean: r.Mean, Strength: r.Strength}
		}),
		Effects: each(p.Effects, func(e veiviser.ResponseEffect) *veiviserv1.ResponseEffect {
			return &veiviserv1.ResponseEffect{
				ItemId: e.ItemID, Kind: KindToProto(e.Kind), Topic: e.Topic, Stage: string(e.Stage), Segment: e.Segment,
				Channel: e.Channel, Format: e.Format, Add: e.Add, StandardDeviation: e.SD,
			}
		}),
		Weights:  each(p.Weights, weightToProto),
		Learning: unlessEmpty(learningToProto(&p.Learning)),
		Control:  unlessEmpty(controlToProto(&p.Control)),
		Gate:     unlessEmpty(gateToProto(p.Gate)),
	}
	return unlessEmpty(out)
}

// unlessEmpty is nil for a message in which nothing is set: what says nothing is not there.
func unlessEmpty[M proto.Message](m M) M {
	if proto.Size(m) == 0 {
		var none M
		return none
	}
	return m
}

// narrow is the reverse of wide.
func narrow(p *int) *int32 {
	if p == nil {
		return nil
	}
	return new(clamp(*p))
}

// durationToProto is unset for 0.
func durationToProto(d time.Duration) *durationpb.Duration {
	if d == 0 {
		return nil
	}
	return durationpb.New(d)
}

// momentToProto is unset for the zero time.
func momentToProto(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
