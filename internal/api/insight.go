package api

import (
	"context"
	"slices"

	"github.com/veiviser/veiviser/internal/veiviser"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// defaultProfilesPage is the page size of ListSegmentProfiles when the caller names none.
const defaultProfilesPage = 50

// insights is InsightService.
type insights struct {
	veiviserv1.UnimplementedInsightServiceServer
	plans    Plans
	profiles Profiles
	learning Learning
	reviewer Reviewer
}

// ListSegmentProfiles shows a page of the profiles of the active plan's segments, in the plan's order.
func (s *insights) ListSegmentProfiles(ctx context.Context, in *veiviserv1.ListSegmentProfilesRequest) (*veiviserv1.ListSegmentProfilesResponse, error) {
	list, size := pageOf("segments"), pageSize(in.GetPageSize(), defaultProfilesPage)
	after, err := list.cursor(in.GetPageToken())
	if err != nil {
		return nil, err
	}
	profiles, err := s.all(ctx)
	if err != nil {
		return nil, err
	}
	from := 1 + slices.IndexFunc(profiles, func(p *veiviserv1.SegmentProfile) bool { return p.GetSegmentId() == after })
	if after != "" && from == 0 { // a new plan has taken the segment away
		return nil, errPageToken()
	}
	page := profiles[from:min(from+size, len(profiles))]
	out := &veiviserv1.ListSegmentProfilesResponse{Profiles: page}
	if from+size < len(profiles) {
		out.NextPageToken = list.token(page[len(page)-1].GetSegmentId())
	}
	return out, nil
}

// GetSegmentProfile shows the profile of one segment of the active plan.
func (s *insights) GetSegmentProfile(ctx context.Context, in *veiviserv1.GetSegmentProfileRequest) (*veiviserv1.GetSegmentProfileResponse, error) {
	profiles, err := s.all(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range profiles {
		if p.GetSegmentId() == in.GetSegmentId() {
			return &veiviserv1.GetSegmentProfileResponse{Profile: p}, nil
		}
	}
	return nil, veiviser.NotFound(veiviser.ReasonUnknownSegment, "segment_id", "the active plan has no segment of this id")
}

// all are the profiles of the active plan's segments, in the plan's order; a segment nobody was in has an empty one.
func (s *insights) all(ctx context.Context) ([]*veiviserv1.SegmentProfile, error) {
	segments, err := s.plans.Segments()
	if err != nil {
		return nil, err
	}
	learned, err := s.profiles.Profiles(ctx)
	if err != nil {
		return nil, err
	}
	byID := make(map[string]*veiviser.SegmentProfile, len(learned))
	for i := range learned {
		byID[learned[i].SegmentID] = &learned[i]
	}
	out := make([]*veiviserv1.SegmentProfile, len(segments))
	for i := range segments {
		seg := &segments[i]
		p := byID[seg.ID]
		if p == nil {
			p = &veiviser.SegmentProfile{SegmentID: seg.ID}
		}
		out[i] = profileToProto(p, seg.Name)
	}
	return out, nil
}
