package api

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/veiviser/veiviser/internal/veiviser"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

func TestSegmentProfiles(t *testing.T) {
	s := serve(t, Options{})
	s.fake.version = func(context.Context, uint64) (veiviser.PlanVersion, error) {
		return veiviser.PlanVersion{Plan: veiviser.Plan{Segments: []veiviser.Segment{
			{ID: "families", Name: veiviser.Text{"nb": "Familier"}}, {ID: "commuters"}, {ID: "all"},
		}}}, nil
	}
	s.fake.profiles = func(context.Context) ([]veiviser.SegmentProfile, error) {
		return []veiviser.SegmentProfile{
			{SegmentID: "of an older plan", Size: 9},
			{
				SegmentID: "families", Size: 3, Value: 5, Decisions: 4, Silent: 1, Updated: time.Unix(9, 0),
				Stages: map[veiviser.StandardStage]int64{veiviser.StageUse: 2, "": 1}, Events: map[string]int64{"view": 7},
				Items: map[string]veiviser.Response{"b": {Served: 1}, "a": {Served: 1}, "c": {Served: 2, Outcomes: map[string]int64{"click": 1}, Value: 3}},
			},
		}, nil
	}
	got, err := s.insights().GetSegmentProfile(t.Context(), &veiviserv1.GetSegmentProfileRequest{SegmentId: "families"})
	if err != nil {
		t.Fatal(err)
	}
	want := &veiviserv1.SegmentProfile{
		SegmentId: "families", Name: map[string]string{"nb": "Familier"}, Size: 3, Value: 5, Decisions: 4, SilentDecisions: 1,
		UpdateTime: &timestamppb.Timestamp{Seconds: 9}, EventCounts: map[string]int64{"view": 7},
		Stages: []*veiviserv1.StageCount{
			{Stage: "need"}, {Stage: "search"}, {Stage: "evaluate"}, {Stage: "purchase"}, {Stage: "use", Count: 2}, {Stage: "advocate"}, {Count: 1},
		},
		Items: []*veiviserv1.Response{{Key: "c", Served: 2, Outcomes: map[string]int64{"click": 1}, Value: 3}, {Key: "a", Served: 1}, {Key: "b", Served: 1}},
	}
	if diff := cmp.Diff(want, got.GetProfile(), protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
	in, ids := &veiviserv1.ListSegmentProfilesRequest{PageSize: 2}, []string(nil)
	for {
		out, err := s.insights().ListSegmentProfiles(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range out.GetProfiles() {
			ids = append(ids, p.GetSegmentId())
		}
		if in.PageToken = out.GetNextPageToken(); in.GetPageToken() == "" {
			break
		}
	}
	if diff := cmp.Diff([]string{"families", "commuters", "all"}, ids); diff != "" {
		t.Error(diff)
	}
	_, err = s.insights().GetSegmentProfile(t.Context(), &veiviserv1.GetSegmentProfileRequest{SegmentId: "of an older plan"})
	if got := read(t, err); got.Reason != "UNKNOWN_SEGMENT" {
		t.Error(err)
	}
}
