package planpb_test

import (
	"reflect"
	"testing"
	"time"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"pgregory.net/rapid"

	"github.com/veiviser/veiviser/internal/planpb"
	"github.com/veiviser/veiviser/internal/veiviser"
)

func TestEveryProtoFieldIsCarried(t *testing.T) {
	want := &veiviserv1.Plan{}
	fill(want.ProtoReflect())
	if diff := cmp.Diff(want, planpb.ToProto(planpb.FromProto(want)), protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
}

func TestEveryVocabularyFieldIsCarried(t *testing.T) {
	p := &veiviserv1.Plan{}
	fill(p.ProtoReflect())
	zeros(t, reflect.ValueOf(*planpb.FromProto(p)), "Plan")
}

// zeros fails for every field that was left at its zero.
func zeros(t *testing.T, v reflect.Value, path string) {
	t.Helper()
	if v.IsZero() {
		t.Errorf("%s is not carried from the contract", path)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			zeros(t, v.Field(i), path+"."+v.Type().Field(i).Name)
		}
	case reflect.Slice:
		zeros(t, v.Index(0), path+"[0]")
	case reflect.Pointer:
		zeros(t, v.Elem(), path)
	default:
	}
}

func TestPlansKeepWhatTheySayInBothDirections(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := genPlan().Draw(t, "plan")
		kept := proto.Clone(before)
		v := planpb.FromProto(before)
		p := planpb.ToProto(v)
		if diff := cmp.Diff(before, p, protocmp.Transform()); diff != "" {
			t.Fatalf("contract → vocabulary → contract:\n%s", diff)
		}
		if diff := cmp.Diff(v, planpb.FromProto(p)); diff != "" {
			t.Fatalf("vocabulary → contract → vocabulary:\n%s", diff)
		}
		if !proto.Equal(kept, before) {
			t.Fatal("translating changed the plan")
		}
	})
}

func TestItemsKeepWhatTheySayInBothDirections(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := genItem().Draw(t, "item")
		v := planpb.ItemFromProto(before)
		if diff := cmp.Diff(before, planpb.ItemToProto(&v), protocmp.Transform()); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestNothingIsSharedWithTheContract(t *testing.T) {
	p := &veiviserv1.Plan{}
	fill(p.ProtoReflect())
	v := planpb.FromProto(p)
	v.Languages[0], v.Items[0].Name["key"], *v.Items[0].Stock, *v.Placements[0].AttentionCost = "other", "other", 99, 99
	v.Items[0].Price.Micros = 99
	want := &veiviserv1.Plan{}
	fill(want.ProtoReflect())
	if diff := cmp.Diff(want, p, protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsSaidInTwoWaysBecomesOne(t *testing.T) {
	p := &veiviserv1.Plan{
		Languages: []string{}, Policy: &veiviserv1.Policy{},
		Journeys: []*veiviserv1.Journey{{Signals: []*veiviserv1.Signal{{Match: &veiviserv1.Match{}, Likelihood: map[string]float64{}}}}},
		Items:    []*veiviserv1.Item{{}},
	}
	want := &veiviser.Plan{
		Journeys: []veiviser.Journey{{Signals: []veiviser.Signal{{}}}},
		Items:    []veiviser.Item{{Status: veiviser.StatusLive}},
	}
	got := planpb.FromProto(p)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	wantProto := &veiviserv1.Plan{
		Journeys: []*veiviserv1.Journey{{Signals: []*veiviserv1.Signal{{}}}},
		Items:    []*veiviserv1.Item{{Status: veiviserv1.ItemStatus_ITEM_STATUS_LIVE}},
	}
	if diff := cmp.Diff(wantProto, planpb.ToProto(got), protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
}

func TestNilsAreEmptyPlans(t *testing.T) {
	if diff := cmp.Diff(&veiviser.Plan{}, planpb.FromProto(nil)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(&veiviserv1.Plan{}, planpb.ToProto(nil), protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
	if got := planpb.ItemFromProto(nil); got.ID != "" {
		t.Error(got)
	}
	holes := &veiviserv1.Plan{
		Journeys: []*veiviserv1.Journey{nil}, Segments: []*veiviserv1.Segment{nil}, Placements: []*veiviserv1.Placement{nil}, Items: []*veiviserv1.Item{nil},
	}
	if got := planpb.FromProto(holes); len(got.Placements) != 1 {
		t.Error(got)
	}
}

func TestUnknownEnumValuesStayVisible(t *testing.T) {
	if got := planpb.KindFromProto(77); got != "77" {
		t.Errorf("kind %q", got)
	}
	if got := planpb.StatusFromProto(77); got != "77" {
		t.Errorf("status %q", got)
	}
	if got := planpb.KindToProto("77"); got != veiviserv1.ItemKind_ITEM_KIND_UNSPECIFIED {
		t.Errorf("kind %v", got)
	}
	if got := planpb.StatusToProto("77"); got != veiviserv1.ItemStatus_ITEM_STATUS_UNSPECIFIED {
		t.Errorf("status %v", got)
	}
}
