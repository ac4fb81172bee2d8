package planpb

import (
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"github.com/veiviser/veiviser/internal/veiviser"
)

func learningFromProto(l *veiviserv1.Learning) veiviser.Learning {
	if l == nil {
		return veiviser.Learning{}
	}
	return veiviser.Learning{
		Outcomes: each(l.GetOutcomes(), func(o *veiviserv1.OutcomeRule) veiviser.OutcomeRule {
			return veiviser.OutcomeRule{Type: o.GetType(), Weight: o.GetWeight(), Window: duration(o.GetWindow())}
		}),
		ProgressWeight: pointer(l.ProgressWeight),
		ProgressWindow: duration(l.GetProgressWindow()),
		HalfLife:       duration(l.GetHalfLife()),
		Crosses: each(l.GetCrosses(), func(c *veiviserv1.Cross) veiviser.Cross {
			return veiviser.Cross{Attributes: list(c.GetAttributes()), SD: c.GetStandardDeviation()}
		}),
		Exploration: pointer(l.Exploration),
	}
}

func learningToProto(l *veiviser.Learning) *veiviserv1.Learning {
	return &veiviserv1.Learning{
		Outcomes: each(l.Outcomes, func(o veiviser.OutcomeRule) *veiviserv1.OutcomeRule {
			return &veiviserv1.OutcomeRule{Type: o.Type, Weight: o.Weight, Window: durationToProto(o.Window)}
		}),
		ProgressWeight: pointer(l.ProgressWeight),
		ProgressWindow: durationToProto(l.ProgressWindow),
		HalfLife:       durationToProto(l.HalfLife),
		Crosses: each(l.Crosses, func(c veiviser.Cross) *veiviserv1.Cross {
			return &veiviserv1.Cross{Attributes: list(c.Attributes), StandardDeviation: c.SD}
		}),
		Exploration: pointer(l.Exploration),
	}
}

func controlFromProto(c *veiviserv1.Control) veiviser.Control {
	if c == nil {
		return veiviser.Control{}
	}
	return veiviser.Control{Share: pointer(c.Share), Window: duration(c.GetWindow()), Outcome: c.GetOutcome()}
}

func controlToProto(c *veiviser.Control) *veiviserv1.Control {
	return &veiviserv1.Control{Share: pointer(c.Share), Window: durationToProto(c.Window), Outcome: c.Outcome}
}

func gateFromProto(g *veiviserv1.Gate) veiviser.Gate {
	return veiviser.Gate{MinRows: int(g.GetMinRows()), MaxLoss: g.GetMaxLoss()}
}

func gateToProto(g veiviser.Gate) *veiviserv1.Gate {
	return &veiviserv1.Gate{MinRows: clamp(g.MinRows), MaxLoss: g.MaxLoss}
}

func weightFromProto(w *veiviserv1.ContextWeight) veiviser.ContextWeight {
	return veiviser.ContextWeight{
		Name: w.GetName(), Kind: KindFromProto(w.GetKind()), Topic: w.GetTopic(), Segment: w.GetSegment(),
		Channel: w.GetChannel(), Placement: w.GetPlacement(), Weight: w.GetWeight(),
	}
}

func weightToProto(w veiviser.ContextWeight) *veiviserv1.ContextWeight {
	return &veiviserv1.ContextWeight{
		Name: w.Name, Kind: KindToProto(w.Kind), Topic: w.Topic, Segment: w.Segment,
		Channel: w.Channel, Placement: w.Placement, Weight: w.Weight,
	}
}
