package planpb

import (
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"github.com/veiviser/veiviser/internal/veiviser"
)

func relationshipFromProto(r *veiviserv1.Relationship) veiviser.Relationship {
	return veiviser.Relationship{
		DeliverWithin: duration(r.GetDeliverWithin()),
		RespondWithin: duration(r.GetRespondWithin()),
		Recovery:      recoveryFromProto(r.GetRecovery()),
		Rungs: each(r.GetRungs(), func(x *veiviserv1.Rung) veiviser.Rung {
			return veiviser.Rung{ID: x.GetId(), Name: texts(x.GetName()), Promote: x.GetPromote(), Keep: x.GetKeep()}
		}),
		Tiers: each(r.GetTiers(), func(x *veiviserv1.Tier) veiviser.Tier {
			return veiviser.Tier{ID: x.GetId(), Name: texts(x.GetName()), From: x.GetFrom()}
		}),
	}
}

func relationshipToProto(r *veiviser.Relationship) *veiviserv1.Relationship {
	return &veiviserv1.Relationship{
		DeliverWithin: durationToProto(r.DeliverWithin),
		RespondWithin: durationToProto(r.RespondWithin),
		Recovery:      unlessEmpty(recoveryToProto(&r.Recovery)),
		Rungs: each(r.Rungs, func(x veiviser.Rung) *veiviserv1.Rung {
			return &veiviserv1.Rung{Id: x.ID, Name: dict(x.Name), Promote: x.Promote, Keep: x.Keep}
		}),
		Tiers: each(r.Tiers, func(x veiviser.Tier) *veiviserv1.Tier {
			return &veiviserv1.Tier{Id: x.ID, Name: dict(x.Name), From: x.From}
		}),
	}
}

func recoveryFromProto(r *veiviserv1.Recovery) veiviser.Recovery {
	if r == nil {
		return veiviser.Recovery{}
	}
	return veiviser.Recovery{
		Steps: each(r.GetSteps(), func(s *veiviserv1.RecoveryStep) veiviser.RecoveryStep {
			return veiviser.RecoveryStep{After: duration(s.GetAfter()), Items: list(s.GetItemIds())}
		}),
		Control: pointer(r.ControlShare), Window: duration(r.GetWindow()), Outcomes: list(r.GetOutcomes()),
	}
}

func recoveryToProto(r *veiviser.Recovery) *veiviserv1.Recovery {
	return &veiviserv1.Recovery{
		Steps: each(r.Steps, func(s veiviser.RecoveryStep) *veiviserv1.RecoveryStep {
			return &veiviserv1.RecoveryStep{After: durationToProto(s.After), ItemIds: list(s.Items)}
		}),
		ControlShare: pointer(r.Control), Window: durationToProto(r.Window), Outcomes: list(r.Outcomes),
	}
}

func acquisitionFromProto(a *veiviserv1.AcquisitionPolicy) veiviser.Acquisition {
	return veiviser.Acquisition{
		Costs: each(a.GetCosts(), func(c *veiviserv1.AcquisitionCost) veiviser.AcquisitionCost {
			return veiviser.AcquisitionCost{Source: c.GetSource(), Segment: c.GetSegment(), Cost: c.GetCost()}
		}),
		Window: duration(a.GetWindow()), Weight: a.GetWeight(), Scale: a.GetScale(), Quality: a.GetQuality(), Strength: a.GetStrength(),
	}
}

func acquisitionToProto(a *veiviser.Acquisition) *veiviserv1.AcquisitionPolicy {
	return &veiviserv1.AcquisitionPolicy{
		Costs: each(a.Costs, func(c veiviser.AcquisitionCost) *veiviserv1.AcquisitionCost {
			return &veiviserv1.AcquisitionCost{Source: c.Source, Segment: c.Segment, Cost: c.Cost}
		}),
		Window: durationToProto(a.Window), Weight: a.Weight, Scale: a.Scale, Quality: a.Quality, Strength: a.Strength,
	}
}

func crisisFromProto(c *veiviserv1.Crisis) veiviser.Crisis {
	return veiviser.Crisis{
		Complaints: list(c.GetComplaints()), Feedback: list(c.GetFeedback()), FalseAlarms: c.GetFalseAlarms(),
		Bucket: duration(c.GetBucket()), Memory: duration(c.GetMemory()), LeastEvents: int(c.GetLeastEvents()),
		Region: c.GetRegionAttribute(),
		Resume: each(c.GetResume(), func(s *veiviserv1.ResumeStage) veiviser.ResumeStage {
			return veiviser.ResumeStage{ID: s.GetId(), Kinds: kindsFromProto(s.GetKinds()), Share: s.GetShare()}
		}),
	}
}

func crisisToProto(c *veiviser.Crisis) *veiviserv1.Crisis {
	return &veiviserv1.Crisis{
		Complaints: list(c.Complaints), Feedback: list(c.Feedback), FalseAlarms: c.FalseAlarms,
		Bucket: durationToProto(c.Bucket), Memory: durationToProto(c.Memory), LeastEvents: clamp(c.LeastEvents),
		RegionAttribute: c.Region,
		Resume:          ResumeToProto(c.Resume),
	}
}

// ResumeToProto writes the stages in which something comes back.
func ResumeToProto(stages []veiviser.ResumeStage) []*veiviserv1.ResumeStage {
	return each(stages, func(s veiviser.ResumeStage) *veiviserv1.ResumeStage {
		return &veiviserv1.ResumeStage{Id: s.ID, Kinds: kindsToProto(s.Kinds), Share: s.Share}
	})
}
