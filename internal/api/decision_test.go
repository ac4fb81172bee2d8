package api

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/veiviser/veiviser/internal/decide"
	"github.com/veiviser/veiviser/internal/veiviser"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

func TestRequestFromProto(t *testing.T) {
	in := recommend(func(r *veiviserv1.RecommendRequest) {
		r.Exploration = veiviserv1.Exploration_EXPLORATION_OFF
		r.Preview, r.Explain = true, true
		r.Time = &timestamppb.Timestamp{Seconds: 1795000100}
		r.Placements[1].CandidateItemIds, r.Placements[1].ExcludeItemIds = []string{"a"}, []string{"b"}
	})
	got, err := requestFromProto(in)
	if err != nil {
		t.Fatal(err)
	}
	want := veiviser.Request{
		VisitorID: in.GetVisitorId(),
		Context: veiviser.Context{
			Channel: "web", Device: "phone", Language: "nb-NO", Referrer: "search", Page: "/bikes/fjell-29",
			Subject: "bike/ebike", Attributes: map[string]string{"country": "NO", "weather": "rain"},
		},
		Events: []veiviser.Event{{
			ID: "e-1", VisitorID: in.GetVisitorId(), Type: "view", Subject: "bike/ebike", ItemID: "bike-fjell-29",
			Channel: "web", Time: time.Unix(1795000000, 0).UTC(), Attributes: map[string]string{"page": "/bikes/fjell-29"},
		}},
		Placements: []veiviser.PlacementRequest{
			{Placement: "product_help", MaxItems: 3},
			{Placement: "banner", Candidates: []string{"a"}, Excluded: []string{"b"}},
		},
		Preview: true, NoExploration: true, Explain: true, Time: time.Unix(1795000100, 0).UTC(),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// testAnswer serves the second of two needs on one placement and is silent on another.
func testAnswer() *veiviser.Answer {
	at := time.Unix(1795000000, 0).UTC()
	return &veiviser.Answer{
		ID: "a", Time: at, PlanVersion: 7, Catalog: 11, Model: 13, Group: veiviser.GroupTreated, Segments: []string{"families"}, Degraded: "STORE_UNAVAILABLE",
		Needs: []veiviser.NeedView{
			{Need: veiviser.Need{Journey: "quick", Stages: []string{"s"}, P: []float64{1}}},
			{
				Need: veiviser.Need{
					Journey: "considered", Version: 2, Subject: "bike", Started: at, Updated: at, Events: 4,
					Stages: []string{"orient", "compare"}, P: []float64{0.25, 0.75},
					Evidence: []veiviser.Evidence{{Signal: "weak", Weight: 0.5, Stage: "compare", Count: 1, Time: at}, {Signal: "strong", Weight: -2, Stage: "orient", Count: 3}},
				},
				Stage: "compare", Standard: veiviser.StageEvaluate, Audience: "customer", Value: 0.375, EventsToNext: 3.5,
				Forecast: &veiviser.VisitForecast{
					Later: []veiviser.Chance{{Type: "cart_add", P: 0.5}, {Type: "purchase", P: 0.25}},
					Next:  []veiviser.Chance{{Type: "view", P: 0.875}}, End: 0.125,
				},
			},
		},
		Decisions: []veiviser.Decision{
			{
				ID: "a.0", Placement: "help", Need: 1, SilencePropensity: 0.125, Fallback: true, Exploration: veiviser.ExplorationOn,
				Choices: []veiviser.Choice{
					{
						ItemID: "i", Kind: veiviser.KindContent, Format: "card", Score: 0.5, Mean: 0.4, SD: 0.1, Propensity: 0.75,
						Parts:   []veiviser.Part{{Name: "stage:evaluate", Add: 0.4}},
						Reasons: []veiviser.Because{{Code: "A"}, {Code: "B"}, {Code: "C"}, {Code: "D"}},
					},
					{ItemID: "gone", Kind: veiviser.KindOffer, Representation: -1},
				},
				RunnersUp: []veiviser.Choice{{ItemID: "r", Kind: veiviser.KindService}},
				Excluded:  []veiviser.Exclusion{{Reason: veiviser.ExcludedStock, Count: 2, Items: []string{"x", "y"}}},
			},
			{
				ID: "a.1", Placement: "banner", Need: -1, Silence: veiviser.SilenceNotUseful, SilencePropensity: 1,
				Exploration: veiviser.ExplorationSpared,
			},
		},
	}
}

func TestAnswerToProto(t *testing.T) {
	at := &timestamppb.Timestamp{Seconds: 1795000000}
	reason := func(code string) *veiviserv1.Reason {
		return &veiviserv1.Reason{Code: code, Text: "because " + code}
	}
	reasons := []*veiviserv1.Reason{reason("A"), reason("B"), reason("C")}
	served := &veiviserv1.NeedBelief{
		Journey: "considered", JourneyVersion: 2, Subject: "bike", StartTime: at, UpdateTime: at, Events: 4, Audience: "customer",
		Stage: "compare", StandardStage: "evaluate", Value: 0.375, EventsToNextStage: 3.5,
		VisitForecast: &veiviserv1.VisitForecast{
			Later: []*veiviserv1.EventChance{{EventType: "cart_add", Probability: 0.5}, {EventType: "purchase", Probability: 0.25}},
			Next:  []*veiviserv1.EventChance{{EventType: "view", Probability: 0.875}}, End: 0.125,
		},
		Stages: []*veiviserv1.StageProbability{{Stage: "orient", Probability: 0.25}, {Stage: "compare", Probability: 0.75}},
		Evidence: []*veiviserv1.Evidence{
			{Signal: "strong", Weight: -2, Stage: "orient", Count: 3, Text: "considered shows strong"},
			{Signal: "weak", Weight: 0.5, Stage: "compare", Count: 1, Time: at, Text: "considered shows weak"},
		},
	}
	other := &veiviserv1.NeedBelief{Journey: "quick", Stages: []*veiviserv1.StageProbability{{Stage: "s", Probability: 1}}}
	want := &veiviserv1.RecommendResponse{
		Needs: []*veiviserv1.NeedBelief{served, other}, SegmentIds: []string{"families"}, PlanVersion: "7",
		Degraded: true, DegradedReason: "STORE_UNAVAILABLE",
		Decisions: []*veiviserv1.PlacementDecision{
			{
				Placement: "help", DecisionId: "a.0", SilencePropensity: 0.125, Fallback: true, Exploration: "ON",
				Items: []*veiviserv1.RecommendedItem{
					{
						ItemId: "i", Kind: veiviserv1.ItemKind_ITEM_KIND_CONTENT, Score: 0.5, Propensity: 0.75, Reasons: reasons,
						Representation: &veiviserv1.Representation{Format: "card", Title: "title of i"},
					},
					{ItemId: "gone", Kind: veiviserv1.ItemKind_ITEM_KIND_OFFER},
				},
			},
			{
				Placement: "banner", DecisionId: "a.1", SilencePropensity: 1, SilenceReason: veiviserv1.SilenceReason_SILENCE_REASON_NOT_USEFUL,
				Exploration: "SPARED",
			},
		},
	}
	if diff := cmp.Diff(want, answerToProto(testAnswer(), told{}), protocmp.Transform(), protocmp.IgnoreEmptyMessages()); diff != "" {
		t.Error(diff)
	}
	explained := testAnswer()
	explained.Request.Explain = true
	wantWhy := &veiviserv1.DecisionExplanation{
		DecisionId: "a.0", Time: at, Placement: "help", PlanVersion: "7", CatalogRevision: 11,
		Needs: []*veiviserv1.NeedBelief{served, other}, SegmentIds: []string{"families"},
		Served: []*veiviserv1.ScoredItem{
			{
				ItemId: "i", Kind: veiviserv1.ItemKind_ITEM_KIND_CONTENT, Format: "card", Score: 0.5, Mean: 0.4, StandardDeviation: 0.1,
				Propensity: 0.75, Parts: []*veiviserv1.ScorePart{{Name: "stage:evaluate", Add: 0.4}}, Reasons: reasons,
			},
			{ItemId: "gone", Kind: veiviserv1.ItemKind_ITEM_KIND_OFFER},
		},
		RunnersUp:         []*veiviserv1.ScoredItem{{ItemId: "r", Kind: veiviserv1.ItemKind_ITEM_KIND_SERVICE}},
		Excluded:          []*veiviserv1.ExcludedItems{{Reason: "OUT_OF_STOCK", Count: 2, ItemIds: []string{"x", "y"}}},
		SilencePropensity: 0.125, Fallback: true, Explored: true, Degraded: true, Summary: "summary of help",
		Exploration: "ON", Group: "treated", ModelVersion: 13,
	}
	if diff := cmp.Diff(wantWhy, answerToProto(explained, told{}).GetDecisions()[0].GetExplanation(), protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
}

// What is told of exploration agrees in both ways it is told.
func TestExplored(t *testing.T) {
	for _, tt := range []struct {
		exploration veiviser.ExplorationState
		group       veiviser.Group
		off, want   bool
	}{
		{exploration: veiviser.ExplorationOn, want: true},
		{exploration: veiviser.ExplorationSpared},
		{exploration: veiviser.ExplorationOffRequest, off: true},
		{exploration: veiviser.ExplorationBuying},
		{exploration: veiviser.ExplorationComplaining},
		{want: true},
		{off: true},
		{group: veiviser.GroupControl},
	} {
		a := &veiviser.Answer{Request: veiviser.Request{NoExploration: tt.off}, Group: tt.group}
		a.Decisions = []veiviser.Decision{{Need: -1, Exploration: tt.exploration}}
		got := explanationToProto(a, 0, told{})
		if got.GetExplored() != tt.want || got.GetExploration() != string(tt.exploration) || got.GetGroup() != string(tt.group) {
			t.Errorf("%+v: %v", tt, got)
		}
	}
}

// Every reason for silence of the vocabulary is a value of the contract, and the other way round.
func TestSilenceToProto(t *testing.T) {
	all := []veiviser.SilenceReason{
		veiviser.SilenceNothing, veiviser.SilenceNotUseful, veiviser.SilenceRule, veiviser.SilenceAudience,
		veiviser.SilenceNoRoom, veiviser.SilenceUnavailable, veiviser.SilenceControl,
		veiviser.SilencePaused, veiviser.SilenceChannel, veiviser.SilenceConsent, veiviser.SilenceQuiet, veiviser.SilenceBudget,
		veiviser.SilenceSwitch, veiviser.SilenceCapped, veiviser.SilenceUnknown, veiviser.SilenceMemory, veiviser.SilenceMuted,
	}
	seen := map[veiviserv1.SilenceReason]bool{veiviserv1.SilenceReason_SILENCE_REASON_UNSPECIFIED: true}
	for _, s := range all {
		if got := silenceToProto(s); seen[got] {
			t.Errorf("%s is no value of SilenceReason, or that of another: %s", s, got)
		} else {
			seen[got] = true
		}
	}
	if len(seen) != len(veiviserv1.SilenceReason_name) {
		t.Errorf("of %d values, %d are of the vocabulary", len(veiviserv1.SilenceReason_name), len(seen))
	}
	if silenceToProto(veiviser.SilenceNone) != veiviserv1.SilenceReason_SILENCE_REASON_UNSPECIFIED {
		t.Error("no silence is a reason")
	}
}

func TestExplainAndWatch(t *testing.T) {
	s := serve(t, Options{})
	s.fake.explain = func(_ context.Context, id, _ string) (*decide.Reply, int, error) {
		if id != "d1.0" {
			return nil, 0, veiviser.NotFound(veiviser.ReasonUnknownDecision, "decision_id", "no such decision")
		}
		return silent("d1.0"), 0, nil
	}
	out, err := s.decisions().ExplainDecision(t.Context(), &veiviserv1.ExplainDecisionRequest{DecisionId: "d1.0"})
	if err != nil || out.GetExplanation().GetDecisionId() != "d1.0" || out.GetExplanation().GetPlanVersion() != "7" {
		t.Errorf("%v, %v", out, err)
	}
	_, err = s.decisions().ExplainDecision(t.Context(), &veiviserv1.ExplainDecisionRequest{DecisionId: "d2.0"})
	if got := read(t, err); got.Reason != "UNKNOWN_DECISION" || got.Field != "decision_id" {
		t.Error(err)
	}
	var asked veiviser.Request
	s.fake.watch = func(_ context.Context, r veiviser.Request, send func(*decide.Reply) error) error {
		asked = r
		for _, id := range []string{"d1.0", "d2.0"} {
			if err := send(silent(id)); err != nil {
				return err
			}
		}
		return nil
	}
	st, err := s.decisions().WatchRecommendations(t.Context(), &veiviserv1.WatchRecommendationsRequest{
		VisitorId: "v", Placements: []string{"banner"}, MaxItems: 2, Preview: true, Exploration: veiviserv1.Exploration_EXPLORATION_OFF,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"d1.0", "d2.0"} {
		in, err := st.Recv()
		if err != nil || in.GetAnswer().GetDecisions()[0].GetDecisionId() != want {
			t.Errorf("%v, %v, want %s", in, err, want)
		}
	}
	want := veiviser.Request{VisitorID: "v", Preview: true, NoExploration: true, Placements: []veiviser.PlacementRequest{{Placement: "banner", MaxItems: 2}}}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Error(diff)
	}
	s.fake.watch = func(context.Context, veiviser.Request, func(*decide.Reply) error) error {
		return veiviser.NotFound(veiviser.ReasonUnknownPlacement, "placements[1].placement", "there is no placement %q", "nosuch")
	}
	st, err = s.decisions().WatchRecommendations(t.Context(), &veiviserv1.WatchRecommendationsRequest{VisitorId: "v", Placements: []string{"banner", "nosuch"}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = st.Recv()
	if got := read(t, err); got.Reason != "UNKNOWN_PLACEMENT" || got.Field != "placements[1]" {
		t.Errorf("%+v", got)
	}
}

// The cost of the conversions of one decision, both ways.
func BenchmarkConvertRecommend(b *testing.B) {
	a, in := testAnswer(), typicalRequest()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := requestFromProto(in); err != nil {
			b.Fatal(err)
		}
		answerToProto(a, told{})
	}
}

// A whole call over a connection in memory, with all interceptors and the access log, client included.
func BenchmarkRecommendOverGRPC(b *testing.B) {
	s := serve(b, Options{Registry: prometheus.NewRegistry()})
	s.fake.recommend = func(context.Context, veiviser.Request) (*decide.Reply, error) { return silent("d1.0"), nil }
	in, client := typicalRequest(), s.decisions()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := client.Recommend(b.Context(), in); err != nil {
				b.Error(err)
			}
		}
	})
}
