package api

import (
	"cmp"
	"slices"

	"github.com/veiviser/veiviser/internal/veiviser"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// maxProfileItems bounds SegmentProfile.items.
const maxProfileItems = 100

// profileToProto tells a profile: stages in order with the unsure last, responses most served first.
func profileToProto(p *veiviser.SegmentProfile, name veiviser.Text) *veiviserv1.SegmentProfile {
	out := &veiviserv1.SegmentProfile{
		SegmentId: p.SegmentID, Name: name, Size: p.Size, EventCounts: p.Events, Value: p.Value,
		Decisions: p.Decisions, SilentDecisions: p.Silent,
		Items: responsesToProto(p.Items), Kinds: responsesToProto(p.Kinds),
		Formats: responsesToProto(p.Formats), Channels: responsesToProto(p.Channels),
		UpdateTime: timeToProto(p.Updated),
	}
	out.Items = out.Items[:min(len(out.Items), maxProfileItems)]
	for _, s := range veiviser.StandardStages() {
		out.Stages = append(out.Stages, &veiviserv1.StageCount{Stage: string(s), Count: p.Stages[s]})
	}
	out.Stages = append(out.Stages, &veiviserv1.StageCount{Count: p.Stages[""]})
	return out
}

func responsesToProto(responses map[string]veiviser.Response) []*veiviserv1.Response {
	out := make([]*veiviserv1.Response, 0, len(responses))
	for key, r := range responses {
		out = append(out, &veiviserv1.Response{Key: key, Served: r.Served, Outcomes: r.Outcomes, Value: r.Value})
	}
	slices.SortFunc(out, func(a, b *veiviserv1.Response) int {
		return cmp.Or(cmp.Compare(b.GetServed(), a.GetServed()), cmp.Compare(a.GetKey(), b.GetKey()))
	})
	return out
}
