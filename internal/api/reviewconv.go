package api

import (
	"github.com/veiviser/veiviser/internal/rank/ope"
	"github.com/veiviser/veiviser/internal/review"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

func replayToProto(p *review.Progress) *veiviserv1.ReplayDecisionsResponse {
	out := &veiviserv1.ReplayDecisionsResponse{
		Total: p.Total, Checked: p.Checked, Identical: p.Identical, Different: p.Different, Gone: p.Gone, Done: p.Done,
	}
	for _, d := range p.Differences {
		out.Differences = append(out.Differences, &veiviserv1.ReplayDifference{AnswerId: d.AnswerID, Detail: clip(d.Detail, maxMessageBytes)})
	}
	return out
}

// reportToProto tells what logged decisions say about a plan.
func reportToProto(r *review.Report) *veiviserv1.EvaluatePlanResponse {
	d, refusal := &r.Plan.Diagnostics, r.Refusal()
	out := &veiviserv1.EvaluatePlanResponse{
		Values: estimatesToProto(&r.Plan), Active: estimatesToProto(&r.Active), Rows: int64(r.Plan.Rows), Visitors: int64(r.Plan.Units),
		EffectiveSampleSize: d.EffectiveRows, MaxWeight: d.MaxWeight, MeanWeight: d.MeanWeight, Unsupported: d.Unsupported,
		Refusal: refusal.Message, RefusalCode: refusalCode(refusal.Code),
	}
	if r.Plan.Rows > 0 {
		out.Difference = &veiviserv1.PolicyValue{Estimator: ope.DR, Value: r.Difference.Value, Low: r.Difference.Low, High: r.Difference.High}
		out.DetectableDifference = r.Difference.Detectable
	}
	out.PassesGate, _ = review.PassesGate(r, r.Gate)
	return out
}

// refusalCode is the code of the contract for a cause.
func refusalCode(c ope.Code) string {
	switch c {
	case ope.CodeUnsupported:
		return "NO_SUPPORT"
	case ope.CodeMeanWeight:
		return "BAD_PROPENSITIES"
	default:
		return string(c)
	}
}

func estimatesToProto(r *ope.Report) []*veiviserv1.PolicyValue {
	out := make([]*veiviserv1.PolicyValue, 0, len(r.Estimates))
	for _, e := range r.Estimates {
		out = append(out, &veiviserv1.PolicyValue{Estimator: e.Name, Value: e.Value, Low: e.Low, High: e.High})
	}
	return out
}
