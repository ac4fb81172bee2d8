package planpb_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/veiviser/veiviser/internal/planpb"
	"github.com/veiviser/veiviser/internal/veiviser"
)

func TestForecastReadsWell(t *testing.T) {
	weights := map[string]float64{}
	for i := range 12 {
		weights[fmt.Sprintf("pace.type_%02d", i)] = float64(i-6) / 100
	}
	data, err := planpb.Marshal(&veiviserv1.Plan{Journeys: []*veiviserv1.Journey{{
		Id: "shopping", MeanEvents: 12.5,
		Forecast: &veiviserv1.Forecast{
			Covariates: []*veiviserv1.Covariate{{Id: "visit_events", Mean: 0.25, StandardDeviation: 1.5}},
			Heads:      []*veiviserv1.ForecastHead{{EventType: "purchase", Bias: -3.25, Weights: weights}, {Next: true, Weights: map[string]float64{}}},
			Subjects:   []*veiviserv1.SubjectTrait{{Subject: "bike/mtb", Events: 812, Rates: map[string]float64{"cart_add": 0.1, "purchase": -0.2}}},
		},
		Fitted: &veiviserv1.FitProvenance{
			Source: "clicks", Rows: 2756101, Events: 2755641, Visitors: 1407580, Seed: math.MaxUint64,
			StartTime: timestamppb.New(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)),
			EndTime:   timestamppb.New(time.Date(2026, 9, 18, 2, 59, 47, 788e6, time.UTC)),
			Figures:   map[string]float64{"purchase.auc": 0.912, "next_type.perplexity": 1.75},
		},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	want := `journeys:
  - id: shopping
    mean_events: 12.5
    forecast:
      covariates:
        - {id: visit_events, mean: 0.25, standard_deviation: 1.5}
      heads:
        - event_type: purchase
          bias: -3.25
          weights: {pace.type_00: -0.06, pace.type_01: -0.05, pace.type_02: -0.04, pace.type_03: -0.03, pace.type_04: -0.02, pace.type_05: -0.01, pace.type_06: 0, pace.type_07: 0.01, pace.type_08: 0.02, pace.type_09: 0.03, pace.type_10: 0.04, pace.type_11: 0.05}
        - {next: true}
      subjects:
        - subject: bike/mtb
          events: 812
          rates: {cart_add: 0.1, purchase: -0.2}
    fitted:
      source: clicks
      rows: 2756101
      events: 2755641
      visitors: 1407580
      start_time: 2026-05-01
      end_time: 2026-09-18T02:59:47.788Z
      seed: 18446744073709551615
      figures: {next_type.perplexity: 1.75, purchase.auc: 0.912}
`
	if diff := cmp.Diff(want, string(data)); diff != "" {
		t.Error(diff)
	}
}

// forecasting is a plan whose forecast has so many covariates, heads and subjects, with numbers of all sizes.
func forecasting(covariates, heads, subjects int) *veiviser.Plan {
	r := rand.New(rand.NewPCG(1, 2))
	number := func() float64 { return r.NormFloat64() * math.Pow(10, float64(r.IntN(40)-20)) }
	types := veiviser.StandardEventTypes()
	var f veiviser.Forecast
	for i := range covariates {
		f.Covariates = append(f.Covariates, veiviser.Covariate{ID: fmt.Sprintf("pace.event_type_%03d", i), Mean: number(), SD: math.Abs(number())})
	}
	for i := range heads {
		h := veiviser.ForecastHead{Type: types[i%len(types)], Next: i >= len(types), Bias: math.Copysign(0, -1), Weights: map[string]float64{}}
		for k := range f.Covariates {
			h.Weights[f.Covariates[k].ID] = number()
		}
		h.Weights[f.Covariates[0].ID] = math.Copysign(0, -1)
		f.Heads = append(f.Heads, h)
	}
	for i := range subjects {
		s := veiviser.SubjectTrait{Subject: fmt.Sprintf("catalogue/department_%d/category_%d", i%20, i), Events: float64(i), Rates: map[string]float64{}}
		for _, t := range types[:8] {
			s.Rates[t] = number()
		}
		f.Subjects = append(f.Subjects, s)
	}
	return &veiviser.Plan{Journeys: []veiviser.Journey{{ID: "shopping", Forecast: f}}}
}

// A forecast survives YAML and the contract bit for bit, and one of the usual size fits a file and a call.
func TestForecastIsReadBackBitForBit(t *testing.T) {
	want := forecasting(64, 9, 1000)
	sent := planpb.ToProto(want)
	data, err := planpb.Marshal(sent)
	if err != nil {
		t.Fatal(err)
	}
	read, _, err := planpb.ReadFS(folder("p.yaml", string(data)))
	if err != nil {
		t.Fatal(err)
	}
	wire, err := proto.Marshal(read)
	if err != nil {
		t.Fatal(err)
	}
	var received veiviserv1.Plan
	if err := proto.Unmarshal(wire, &received); err != nil {
		t.Fatal(err)
	}
	sameBits := cmp.Comparer(func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) })
	if diff := cmp.Diff(want, planpb.FromProto(&received), sameBits); diff != "" {
		t.Error(diff)
	}
	t.Logf("%d bytes of YAML, %d bytes of message", len(data), len(wire))
	if len(data) > planpb.MaxFileBytes/2 || len(wire) > 2<<20 { // half of what the service takes without being told to
		t.Errorf("%d bytes of YAML, %d bytes of message", len(data), len(wire))
	}
}

func TestForecastSharesNothingWithTheContract(t *testing.T) {
	p := &veiviserv1.Plan{}
	fill(p.ProtoReflect())
	change := func(f *veiviser.Forecast, fitted *veiviser.Provenance) {
		f.Covariates[0].Mean, f.Heads[0].Weights["key"], f.Subjects[0].Rates["key"], fitted.Figures["key"] = 99, 99, 99, 99
	}
	v := planpb.FromProto(p)
	again := planpb.ToProto(v)
	change(&v.Journeys[0].Forecast, &v.Journeys[0].Fitted)
	want := &veiviserv1.Plan{}
	fill(want.ProtoReflect())
	for _, got := range []*veiviserv1.Plan{p, again} {
		if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
			t.Error(diff)
		}
	}
}

func TestForecastThatSaysNothingIsNotThere(t *testing.T) {
	p := &veiviserv1.Plan{Journeys: []*veiviserv1.Journey{{Forecast: &veiviserv1.Forecast{}, Fitted: &veiviserv1.FitProvenance{}}}}
	v := planpb.FromProto(p)
	if diff := cmp.Diff(&veiviser.Plan{Journeys: []veiviser.Journey{{}}}, v); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(&veiviserv1.Plan{Journeys: []*veiviserv1.Journey{{}}}, planpb.ToProto(v), protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
	holes := &veiviserv1.Plan{Journeys: []*veiviserv1.Journey{{Forecast: &veiviserv1.Forecast{
		Covariates: []*veiviserv1.Covariate{nil}, Heads: []*veiviserv1.ForecastHead{nil}, Subjects: []*veiviserv1.SubjectTrait{nil},
	}}}}
	if f := planpb.FromProto(holes).Journeys[0].Forecast; len(f.Covariates) != 1 || len(f.Heads) != 1 || len(f.Subjects) != 1 {
		t.Error(f)
	}
}

func TestReadSaysWhatIsWrongWithAForecast(t *testing.T) {
	_, _, err := planpb.ReadFS(folder("p.yaml", `journeys:
- forecast:
    heads:
    - weights:
        pace.view: much
    - {type: view}
  fitted: {rows: -1, seed: 1.5, end_time: soon}
`))
	e, ok := errors.AsType[*veiviser.Error](err)
	if !ok {
		t.Fatal(err)
	}
	var got []string
	for _, v := range e.Violations {
		got = append(got, v.String())
	}
	want := []string{
		`p.yaml:5: journeys[0].forecast.heads[0].weights["pace.view"]: this must be a number, not a text`,
		`p.yaml:6: journeys[0].forecast.heads[1]: unknown key "type" in journeys[0].forecast.heads[1], did you mean "event_type"?`,
		`p.yaml:7: journeys[0].fitted.rows: -1 is too large, too small or negative for this field`,
		`p.yaml:7: journeys[0].fitted.seed: 1.5 is no whole number in decimal digits`,
		`p.yaml:7: journeys[0].fitted.end_time: "soon" is no moment; write it as 2026-05-01 or 2026-05-01T08:00:00+02:00`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
