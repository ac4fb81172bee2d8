package plan

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// publishable is the plan of switchLibraries with a change.
func publishable(l *Library, change func(p *veiviser.Plan)) *veiviser.Plan {
	p := *l.Active().Plan
	p.Journeys, p.EventTypes = bikes().Journeys, bikes().EventTypes
	p.Journeys[0].Stages[0].Name, p.Journeys[0].Signals[0].Text = veiviser.Text{"en": "x"}, veiviser.Text{"en": "x"}
	p.Segments, p.Placements, p.Items = slices.Clone(p.Segments), slices.Clone(p.Placements), slices.Clone(p.Items)
	for i := range p.Items {
		p.Items[i].Name = veiviser.Text{"en": "x"}
	}
	for i := range p.Placements {
		p.Placements[i].Channel = "web"
	}
	change(&p)
	return &p
}

// A plan that takes away what a switch needs that is on is refused with its name, published or rolled back to, and so are a change of
// the catalogue and nothing else; once the switch is over all are accepted.
func TestWhatASwitchNeedsStays(t *testing.T) {
	without := func(id string) func(p *veiviser.Plan) {
		return func(p *veiviser.Plan) {
			p.Items = slices.DeleteFunc(p.Items, func(it veiviser.Item) bool { return it.ID == id })
		}
	}
	for name, tt := range map[string]struct {
		s      veiviser.Switch
		change func(p *veiviser.Plan)
		field  string
	}{
		"the segment":      {veiviser.Switch{Segment: "families"}, func(p *veiviser.Plan) { p.Segments[0].ID = "parents" }, "segments"},
		"the attribute":    {veiviser.Switch{Region: "oslo"}, func(p *veiviser.Plan) { p.Crisis.Region = "county" }, "crisis.region_attribute"},
		"the statement":    {veiviser.Switch{Topic: "bike", Statement: "holding"}, without("holding"), "items"},
		"a draft":          {veiviser.Switch{Topic: "bike", Statement: "holding"}, func(p *veiviser.Plan) { p.Items[2].Status = veiviser.StatusDraft }, "items"},
		"for some only":    {veiviser.Switch{Topic: "bike", Statement: "holding"}, func(p *veiviser.Plan) { p.Items[2].Audiences = []string{"press"} }, "items"},
		"sold out":         {veiviser.Switch{Topic: "bike", Statement: "holding"}, func(p *veiviser.Plan) { p.Items[2].Stock = new(int64(0)) }, ""},
		"another segment":  {veiviser.Switch{Topic: "bike"}, func(p *veiviser.Plan) { p.Segments[0].ID = "parents" }, ""},
		"no region":        {veiviser.Switch{Topic: "bike"}, func(p *veiviser.Plan) { p.Crisis.Region = "county" }, ""},
		"another item":     {veiviser.Switch{Topic: "bike", Statement: "holding"}, without("later"), ""},
		"the default name": {veiviser.Switch{Region: "oslo"}, func(p *veiviser.Plan) { p.Crisis.Region = "region" }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			l, _ := switchLibraries(t)
			first := publishable(l, func(*veiviser.Plan) {})
			if _, err := l.Publish(t.Context(), publishable(l, tt.change), 0, "", ""); err != nil { // version 2, without a switch
				t.Fatal(err)
			}
			if _, err := l.Publish(t.Context(), first, 0, "", ""); err != nil {
				t.Fatal(err)
			}
			tt.s.ID = "battery"
			if _, err := l.SetSwitch(t.Context(), tt.s, "", ""); err != nil {
				t.Fatal(err)
			}
			try := func() []error {
				_, published := l.Publish(t.Context(), publishable(l, tt.change), 0, "", "")
				_, back := l.RollBack(t.Context(), 2, 0)
				return []error{published, back}
			}
			for _, err := range try() {
				e, refused := errors.AsType[*veiviser.Error](err)
				switch {
				case refused != (tt.field != ""):
					t.Errorf("%v", err)
				case refused && (e.Reason != veiviser.ReasonSwitchNeeds || e.Violations[0].Field != tt.field):
					t.Errorf("%+v", e)
				}
			}
			if _, err := l.ResumeSwitch(t.Context(), "battery", true, "", ""); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(try()...); err != nil {
				t.Errorf("after it is over: %v", err)
			}
		})
	}
}

func TestStatementStays(t *testing.T) {
	l, _ := switchLibraries(t)
	if _, err := l.SetSwitch(t.Context(), veiviser.Switch{ID: "battery", Topic: "bike", Statement: "holding"}, "", ""); err != nil {
		t.Fatal(err)
	}
	if err := l.Delete(t.Context(), "holding", ""); veiviser.ReasonOf(err) != veiviser.ReasonSwitchNeeds {
		t.Errorf("deleted: %v", err)
	}
	for name, tt := range map[string]struct {
		change  func(it *veiviser.Item)
		refused bool
	}{
		"a draft":       {func(it *veiviser.Item) { it.Status = veiviser.StatusDraft }, true},
		"for some only": {func(it *veiviser.Item) { it.Audiences = []string{"press"} }, true},
		"an offer":      {func(it *veiviser.Item) { it.Kind = veiviser.KindOffer }, true},
		"over":          {func(it *veiviser.Item) { it.End = time.Now().Add(-time.Hour) }, true},
		"sold out":      {func(it *veiviser.Item) { it.Stock = new(int64(0)) }, false},
	} {
		it, _ := l.Item("holding")
		it.Name = veiviser.Text{"en": "x"}
		tt.change(&it)
		got, err := l.Upsert(t.Context(), []veiviser.Item{it})
		if err != nil || (got[0].Err != nil) != tt.refused || tt.refused && got[0].Err.Reason != veiviser.ReasonSwitchNeeds {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if err := l.Delete(t.Context(), "later", ""); err != nil {
		t.Errorf("another item: %v", err)
	}
}

// A switch comes back in the stages that there were when it was set, whatever is published since.
func TestSwitchKeepsItsStages(t *testing.T) {
	l, _ := switchLibraries(t)
	ctx := t.Context()
	if _, err := l.SetSwitch(ctx, veiviser.Switch{ID: "battery", Topic: "bike"}, "", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := l.ResumeSwitch(ctx, "battery", false, "", ""); err != nil {
		t.Fatal(err)
	}
	next := publishable(l, func(p *veiviser.Plan) { p.Crisis.Resume = []veiviser.ResumeStage{{ID: "everything"}} })
	if _, err := l.Publish(ctx, next, 0, "", ""); err != nil {
		t.Fatal(err)
	}
	on := l.Active().Switches
	if len(on) != 1 || on[0].Stage != 1 || len(on[0].Resume) != 3 {
		t.Fatalf("on %+v", on)
	}
	for _, over := range []bool{false, true} {
		w, err := l.ResumeSwitch(ctx, "battery", false, "", "")
		if err != nil || w.Over != over {
			t.Errorf("%+v, %v", w, err)
		}
	}
}

// Set again while some of it has come back, a switch is all off again, and its history says so.
func TestSwitchIsSetBack(t *testing.T) {
	l, other := switchLibraries(t)
	ctx := t.Context()
	s := veiviser.Switch{ID: "battery", Topic: "bike"}
	if _, err := l.SetSwitch(ctx, s, "kari", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := l.ResumeSwitch(ctx, "battery", false, "ola", ""); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time it is so already
		w, err := other.SetSwitch(ctx, s, "per", "it is back")
		if err != nil || w.Stage != 0 || w.Over || !w.Resumed.IsZero() || len(w.History) != 3 || w.History[2].Note != "it is back" {
			t.Fatalf("%+v, %v", w, err)
		}
	}
	if err := l.Refresh(ctx); err != nil || l.Active().Switches[0].Stage != 0 {
		t.Errorf("%v; on %+v", err, l.Active().Switches)
	}
	s.Topic = "helmet"
	if _, err := l.CheckSwitch(ctx, s, "", ""); veiviser.ReasonOf(err) != veiviser.ReasonSwitchExists {
		t.Errorf("a dry run of an id that is taken: %v", err)
	}
	w, err := l.SetSwitch(ctx, veiviser.Switch{Topic: " bike/ebike ", Region: " Oslo "}, "", "")
	if err != nil || w.Topic != "bike/ebike" || w.Region != "Oslo" {
		t.Errorf("%+v, %v", w, err)
	}
}

// What a switch does not find any more is told.
func TestMissing(t *testing.T) {
	l, _ := switchLibraries(t)
	for _, tt := range []struct {
		s    veiviser.Switch
		want []string
	}{
		{veiviser.Switch{Topic: "bike", Segment: "families", Statement: "holding"}, nil},
		{veiviser.Switch{Topic: "*", Region: "oslo"}, nil},
		{veiviser.Switch{Topic: "cars", Segment: "x", Statement: "draft"}, []string{"topic", "segment", "statement"}},
		{veiviser.Switch{Topic: "cars", Over: true}, nil},
	} {
		if d := cmp.Diff(tt.want, l.Missing(&tt.s)); d != "" {
			t.Errorf("%+v: %s", tt.s, d)
		}
	}
}
