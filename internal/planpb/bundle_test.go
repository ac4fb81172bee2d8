package planpb_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/planpb"
	"github.com/veiviser/veiviser/internal/stage"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// bundle reads a bundled plan.
func bundle(t *testing.T, name string) (*veiviser.Plan, *planpb.Sources) {
	t.Helper()
	fsys, err := planpb.Bundle(name)
	if err != nil {
		t.Fatal(err)
	}
	p, sources, err := planpb.ReadFS(fsys)
	if err != nil {
		if e, ok := errors.AsType[*veiviser.Error](err); ok {
			for _, v := range e.Violations {
				t.Log(v)
			}
		}
		t.Fatal(err)
	}
	return planpb.FromProto(p), sources
}

func TestBundles(t *testing.T) {
	if diff := cmp.Diff([]string{"marketplace", "sykkel"}, planpb.Bundles()); diff != "" {
		t.Error(diff)
	}
	if _, err := planpb.Bundle("sykel"); veiviser.KindOf(err) != veiviser.KindNotFound {
		t.Errorf("error %v", err)
	}
	if _, err := planpb.Bundle("../planpb"); veiviser.KindOf(err) != veiviser.KindNotFound {
		t.Errorf("error %v", err)
	}
}

func TestBundlesAreValid(t *testing.T) {
	for _, name := range planpb.Bundles() {
		t.Run(name, func(t *testing.T) {
			p, sources := bundle(t, name)
			for _, v := range sources.Locate(plan.Validate(p)) {
				t.Error(v)
			}
			if _, err := stage.Compile(p); err != nil {
				t.Error(err)
			}
			if _, err := plan.Compile(1, p); err != nil {
				t.Error(err)
			}
		})
	}
}

// Every text a visitor or marketer may see is there in all of the plan's languages.
func TestBundlesSpeakAllTheirLanguages(t *testing.T) {
	for _, name := range planpb.Bundles() {
		p, _ := bundle(t, name)
		languages := slices.Sorted(slices.Values(p.Languages))
		check := func(what string, text veiviser.Text) {
			if diff := cmp.Diff(languages, slices.Sorted(maps.Keys(text))); diff != "" {
				t.Errorf("%s: %s: %s", name, what, diff)
			}
		}
		for _, j := range p.Journeys {
			check("journey "+j.ID, j.Name)
			for _, s := range j.Stages {
				check("stage "+s.ID, s.Name)
			}
			for _, s := range j.Signals {
				check("signal "+s.ID, s.Text)
			}
		}
		for _, s := range p.Segments {
			check("segment "+s.ID, s.Name)
		}
		for _, s := range p.Placements {
			check("placement "+s.ID, s.Name)
		}
		for _, it := range p.Items {
			check("item "+it.ID, it.Name)
			titles := map[string]veiviser.Text{}
			for _, r := range it.Representations {
				if titles[r.Format] == nil {
					titles[r.Format] = veiviser.Text{}
				}
				titles[r.Format][r.Language] = r.Title
				if r.Title == "" || r.Body == "" || len(r.Title) > 64 || len(r.Body) > 220 {
					t.Errorf("%s: %s: %s in %s: %q, %q is empty or too long to be read", name, it.ID, r.Format, r.Language, r.Title, r.Body)
				}
			}
			for format, text := range titles {
				check(fmt.Sprintf("%s of %s", format, it.ID), text)
			}
		}
	}
}

// The sample plan is large enough to show what the service does.
func TestSampleIsRich(t *testing.T) {
	p, _ := bundle(t, "sykkel")
	kinds, stages, channels := map[veiviser.ItemKind]int{}, map[veiviser.StandardStage]int{}, map[string]int{}
	for _, it := range p.Items {
		kinds[it.Kind]++
		for _, s := range it.Stages {
			stages[s]++
		}
	}
	for _, pl := range p.Placements {
		channels[pl.Channel]++
	}
	t.Log(len(p.Items), kinds, stages, channels)
	if len(p.Items) < 66 || len(p.Journeys) < 8 || len(p.Segments) < 10 || len(p.Placements) < 8 || len(channels) < 4 || len(kinds) != 4 {
		t.Errorf("%d items, %d journeys, %d segments, %d placements, channels %v", len(p.Items), len(p.Journeys), len(p.Segments), len(p.Placements), channels)
	}
	for _, s := range veiviser.StandardStages() {
		if stages[s] < 5 {
			t.Errorf("only %d items serve %s", stages[s], s)
		}
	}
}

// The sample plan says how it learns, so that marketers see what there is to be said; every outcome that counts by default is among its own.
func TestSampleSaysHowItLearns(t *testing.T) {
	p, _ := bundle(t, "sykkel")
	said := map[string]bool{}
	for _, o := range p.Policy.Learning.Outcomes {
		said[o.Type] = true
	}
	for _, o := range veiviser.DefaultOutcomes() {
		if !said[o.Type] {
			t.Errorf("%s is no outcome", o.Type)
		}
	}
	if len(p.Policy.Learning.Crosses) == 0 {
		t.Error("no crosses")
	}
	control := veiviser.Control{Share: new(0.05), Window: 7 * 24 * time.Hour, Outcome: "purchase"}
	if diff := cmp.Diff(control, p.Policy.Control); diff != "" {
		t.Error(diff)
	}
	if p.Policy.Gate.MinRows != 0 || len(p.Policy.Weights) == 0 {
		t.Errorf("gate %v, weights %v", p.Policy.Gate, p.Policy.Weights)
	}
}
