package api

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/veiviser/veiviser/internal/planpb"
	"github.com/veiviser/veiviser/internal/veiviser"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

func TestGetPlan(t *testing.T) {
	s := serve(t, Options{})
	s.fake.version = func(_ context.Context, n uint64) (veiviser.PlanVersion, error) {
		if n > 3 {
			return veiviser.PlanVersion{}, veiviser.NotFound(veiviser.ReasonUnknownVersion, "version", "no such version")
		}
		return veiviser.PlanVersion{
			Version: max(n, 1), Plan: veiviser.Plan{Name: "shop"}, Published: time.Unix(9, 0), Author: "kari", Note: "why", Active: n == 0,
			Changes: []veiviser.PlanChange{{Path: "journeys/a", Op: "added", After: "a"}, {Path: "b", Op: "removed"}, {Path: "c", Op: "changed"}},
		}, nil
	}
	out, err := s.plans().GetPlan(t.Context(), &veiviserv1.GetPlanRequest{})
	if err != nil {
		t.Fatal(err)
	}
	want := &veiviserv1.PlanVersion{
		Version: "1", Name: "shop", PublishTime: &timestamppb.Timestamp{Seconds: 9}, Author: "kari", Note: "why", Active: true,
		Changes: []*veiviserv1.PlanChange{
			{Path: "journeys/a", Kind: veiviserv1.PlanChangeKind_PLAN_CHANGE_KIND_ADDED, After: "a"},
			{Path: "b", Kind: veiviserv1.PlanChangeKind_PLAN_CHANGE_KIND_REMOVED},
			{Path: "c", Kind: veiviserv1.PlanChangeKind_PLAN_CHANGE_KIND_CHANGED},
		},
	}
	if diff := cmp.Diff(want, out.GetVersion(), protocmp.Transform()); diff != "" || out.GetPlan().GetName() != "shop" {
		t.Error(diff)
	}
	_, err = s.plans().GetPlan(t.Context(), &veiviserv1.GetPlanRequest{Version: "9999999999999999999"})
	if got := read(t, err); got.Code != codes.NotFound || got.Reason != "UNKNOWN_PLAN_VERSION" {
		t.Error(err)
	}
}

// Validating tells everything: what the rules of plans say and what the limits of the contract say, once each.
func TestValidatePlan(t *testing.T) {
	s := serve(t, Options{})
	s.fake.check = func(p *veiviser.Plan) ([]veiviser.Violation, []veiviser.PlanChange) {
		return []veiviser.Violation{{Field: "journeys[0].stages", Message: "needs at least two"}}, []veiviser.PlanChange{{Path: p.Name[:1], Op: "added"}}
	}
	out, err := s.plans().ValidatePlan(t.Context(), &veiviserv1.ValidatePlanRequest{Plan: &veiviserv1.Plan{Name: strings.Repeat("x", 201)}})
	if err != nil {
		t.Fatal(err)
	}
	var fields []string
	for _, v := range out.GetViolations() {
		fields = append(fields, v.GetField())
	}
	if diff := cmp.Diff([]string{"journeys[0].stages", "name"}, fields); diff != "" || out.GetChanges()[0].GetPath() != "x" {
		t.Error(diff, out)
	}
	_, err = s.plans().ValidatePlan(t.Context(), &veiviserv1.ValidatePlanRequest{})
	if got := read(t, err); got.Reason != "INVALID_FIELD" || got.Field != "plan" {
		t.Error(err)
	}
}

func TestPublishAndRollBack(t *testing.T) {
	s := serve(t, Options{})
	s.fake.publish = func(_ context.Context, p *veiviser.Plan, expected uint64, author, note string) (veiviser.PlanVersion, error) {
		switch {
		case p.Name == "bad":
			return veiviser.PlanVersion{}, veiviser.Invalid(veiviser.ReasonInvalidPlan, "journeys[0].stages[2].id", "is used twice")
		case expected == 1:
			return veiviser.PlanVersion{}, veiviser.Failed(veiviser.KindConflict, veiviser.ReasonPlanChanged, nil, "version 2 is active")
		}
		return veiviser.PlanVersion{Version: 3, Plan: *p, Author: author, Note: note, Active: true}, nil
	}
	s.fake.rollBack = func(_ context.Context, v, expected uint64) (veiviser.PlanVersion, error) {
		return veiviser.PlanVersion{Version: v + expected}, nil
	}
	publish := func(name, expected string) (*veiviserv1.PublishPlanResponse, error) {
		return s.plans().PublishPlan(t.Context(), &veiviserv1.PublishPlanRequest{Plan: &veiviserv1.Plan{Name: name}, ExpectedVersion: expected, Author: "kari", Note: "why"})
	}
	out, err := publish("shop", "2")
	want := &veiviserv1.PlanVersion{Version: "3", Name: "shop", Author: "kari", Note: "why", Active: true}
	if diff := cmp.Diff(want, out.GetVersion(), protocmp.Transform()); err != nil || diff != "" {
		t.Error(err, diff)
	}
	_, err = publish("bad", "")
	if diff := cmp.Diff(gone{Code: codes.InvalidArgument, Reason: "INVALID_PLAN", Field: "plan.journeys[0].stages[2].id"}, read(t, err)); diff != "" {
		t.Error(diff)
	}
	_, err = publish("shop", "1")
	if got := read(t, err); got.Code != codes.Aborted || got.Reason != "PLAN_CHANGED" {
		t.Error(err)
	}
	back, err := s.plans().RollBackPlan(t.Context(), &veiviserv1.RollBackPlanRequest{Version: "2", ExpectedVersion: "3"})
	if err != nil || back.GetVersion().GetVersion() != "5" {
		t.Errorf("%v, %v", back, err)
	}
}

func TestListPlanVersions(t *testing.T) {
	s := serve(t, Options{})
	s.fake.versions = func(_ context.Context, before uint64, limit int) (out []veiviser.PlanVersion, _ error) {
		if before == 0 {
			before = 6
		}
		for n := before - 1; n > 0 && len(out) < limit; n-- {
			out = append(out, veiviser.PlanVersion{Version: n})
		}
		return out, nil
	}
	in, got := &veiviserv1.ListPlanVersionsRequest{PageSize: 2}, ""
	for {
		out, err := s.plans().ListPlanVersions(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range out.GetVersions() {
			got += v.GetVersion()
		}
		if in.PageToken = out.GetNextPageToken(); in.GetPageToken() == "" {
			break
		}
	}
	if got != "54321" {
		t.Errorf("versions %s", got)
	}
}

// A plan with a forecast of a large shop fits the message that publishes it.
func TestPublishForecast(t *testing.T) {
	s := serve(t, Options{})
	want := &veiviser.Plan{Journeys: []veiviser.Journey{{ID: "shopping"}}}
	f := &want.Journeys[0].Forecast
	for i := range 64 {
		f.Covariates = append(f.Covariates, veiviser.Covariate{ID: fmt.Sprintf("pace.event_type_%d", i), Mean: 0.1, SD: 1})
	}
	for i, eventType := range veiviser.StandardEventTypes()[:9] {
		f.Heads = append(f.Heads, veiviser.ForecastHead{Type: eventType, Next: i > 4, Bias: -3, Weights: map[string]float64{}})
		for _, c := range f.Covariates {
			f.Heads[i].Weights[c.ID] = 1 / float64(3+i)
		}
	}
	for i := range 1000 {
		trait := veiviser.SubjectTrait{Subject: fmt.Sprintf("department_%d/category_%d", i%20, i), Events: float64(i), Rates: map[string]float64{}}
		for _, eventType := range veiviser.StandardEventTypes() {
			trait.Rates[eventType] = -0.1
		}
		f.Subjects = append(f.Subjects, trait)
	}
	var got *veiviser.Plan
	s.fake.publish = func(_ context.Context, p *veiviser.Plan, _ uint64, _, _ string) (veiviser.PlanVersion, error) {
		got = p
		return veiviser.PlanVersion{Version: 1}, nil
	}
	s.fake.version = func(context.Context, uint64) (veiviser.PlanVersion, error) {
		return veiviser.PlanVersion{Version: 1, Plan: *got}, nil
	}
	if _, err := s.plans().PublishPlan(t.Context(), &veiviserv1.PublishPlanRequest{Plan: planpb.ToProto(want)}); err != nil {
		t.Fatal(err)
	}
	out, err := s.plans().GetPlan(t.Context(), &veiviserv1.GetPlanRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, planpb.FromProto(out.GetPlan())); diff != "" {
		t.Error(diff)
	}
}
