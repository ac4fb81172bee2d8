package decide

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// hidden is a plan some of whose segments and signals are sensitive, with texts that can be recognised.
func hidden(p *veiviser.Plan, segments, signals func() bool) {
	marked := func(id string) veiviser.Text {
		return veiviser.Text{"nb": "hemmelig-nb " + id, "sv": "hemlig-sv " + id, "en": "secret-en " + id}
	}
	for i := range p.Segments {
		if s := &p.Segments[i]; segments() {
			old := s.ID
			s.ID, s.Sensitive = "zq-"+old, true
			s.Name = marked(s.ID)
			renameSegment(p, old, s.ID)
		}
	}
	for i := range p.Journeys {
		for k := range p.Journeys[i].Signals {
			if s := &p.Journeys[i].Signals[k]; signals() {
				s.ID, s.Sensitive = "zq-"+s.ID, true
				s.Text = marked(s.ID)
			}
		}
	}
}

func renameSegment(p *veiviser.Plan, old, id string) {
	for i := range p.Policy.Effects {
		if p.Policy.Effects[i].Segment == old {
			p.Policy.Effects[i].Segment = id
		}
	}
	for i := range p.Items {
		for k, s := range p.Items[i].Segments {
			if s == old {
				p.Items[i].Segments[k] = id
			}
		}
	}
}

// Nothing that an answer or its explanation says names a sensitive segment or signal, in any language.
func TestSensitiveIsNotNamed(t *testing.T) {
	var plans []*plan.Snapshot
	for _, some := range []int{1, 2, 3} {
		n := 0
		pick := func() bool { n++; return n%some == 0 }
		plans = append(plans, sykkel(t, briefingPlan, func(p *veiviser.Plan) {
			hidden(p, pick, pick)
			secret := ""
			for _, s := range p.Segments {
				if s.Sensitive {
					secret = s.ID
				}
			}
			p.Policy.Weights = append(p.Policy.Weights, veiviser.ContextWeight{Name: "zq-weight", Segment: secret, Weight: 1.3})
		}, sides))
	}
	hits := 0
	rapid.Check(t, func(t *rapid.T) {
		snap := rapid.SampledFrom(plans).Draw(t, "plan")
		req := anyRequest(t, snap)
		req.Explain = true
		whole := Decide(snap, Input{
			Visitor: anyVisitor(t, snap), Request: req, Time: noon, Made: noon, Seed: anySeed(t), Group: veiviser.GroupTreated,
		})
		if slices.ContainsFunc(whole.Segments, snap.SensitiveSegment) {
			hits++
		}
		a := discreet(snap, whole)
		for _, said := range everything(snap, &a) {
			for _, secret := range []string{"zq-", "hemmelig-nb", "hemlig-sv", "secret-en"} {
				if strings.Contains(said, secret) {
					t.Fatalf("%q is said", said)
				}
			}
		}
	})
	if hits == 0 {
		t.Error("nobody was in a sensitive segment: the test shows nothing")
	}
}

// everything is all that an answer and its explanations say, in every language.
func everything(snap *plan.Snapshot, a *veiviser.Answer) []string {
	said := slices.Clone(a.Segments)
	for _, l := range spoken {
		v := newVoice(snap, a, l)
		for i := range a.Needs {
			for _, e := range a.Needs[i].Evidence {
				said = append(said, e.Signal, v.Evidence(a.Needs[i].Journey, e.Signal))
			}
		}
		for i := range a.Decisions {
			said = append(said, v.Summary(a, i))
			for _, line := range v.Briefing(a, i) {
				said = append(said, line.Text)
			}
			for _, c := range slices.Concat(a.Decisions[i].Choices, a.Decisions[i].RunnersUp) {
				for _, p := range c.Parts {
					said = append(said, p.Name)
				}
				for _, b := range c.Reasons {
					said = append(said, string(b.Code), b.About, v.Reason(b))
				}
			}
		}
	}
	return said
}

// What is said differs from what is kept, and only there; without anything sensitive nothing is copied.
func TestDiscreetLeavesTheAnswer(t *testing.T) {
	snap := sykkel(t, func(p *veiviser.Plan) { p.Segments[0].Sensitive = true })
	a := veiviser.Answer{Segments: []string{snap.Plan.Segments[0].ID, "families"}, Decisions: []veiviser.Decision{{
		Choices: []veiviser.Choice{{Parts: []veiviser.Part{{Name: "segment:" + snap.Plan.Segments[0].ID, Add: 1}, {Name: "segment:families"}}}},
	}}}
	told := discreet(snap, a)
	if len(a.Segments) != 2 || a.Decisions[0].Choices[0].Parts[0].Name == "segment" {
		t.Errorf("what is kept changed: %+v", a)
	}
	if !slices.Equal(told.Segments, []string{"families"}) || told.Decisions[0].Choices[0].Parts[0] != (veiviser.Part{Name: "segment", Add: 1}) ||
		told.Decisions[0].Choices[0].Parts[1].Name != "segment:families" {
		t.Errorf("%+v", told)
	}
}

// Who looks at a visitor or at an account is told nothing sensitive; an export is whole.
func TestSensitiveInPortraits(t *testing.T) {
	m := newMemory()
	all := func() bool { return true }
	snap := sykkel(t, func(p *veiviser.Plan) { hidden(p, all, all) })
	d := New(m, publish(snap), Options{Now: func() time.Time { return noon }})
	q := ask()
	q.Events[0].Type, q.Events[0].Subject = "compare", "fleet/cargo"
	q.Events[0].Attributes = map[string]string{veiviser.AttributeAccount: "acme"}
	if _, err := d.Recommend(t.Context(), q); err != nil {
		t.Fatal(err)
	}
	m.visitors["ada"].Standing.Acquired.Segments = []string{snap.Plan.Segments[0].ID}
	export, _, err := d.Export(t.Context(), "ada")
	if err != nil || named(export.Needs) == 0 || len(export.Segments) == 0 || len(export.Visitor.Standing.Acquired.Segments) != 1 {
		t.Fatalf("%v: the export is not whole: %+v", err, export)
	}
	p, err := d.Visitor(t.Context(), "ada", "", noon)
	if err != nil || named(p.Needs) > 0 || len(p.Segments) > 0 || len(p.Visitor.Standing.Acquired.Segments) > 0 {
		t.Errorf("%v: the visitor is shown with %v, acquired in %v, by %+v", err, p.Segments, p.Visitor.Standing.Acquired, p.Needs)
	}
	a, err := d.Account(t.Context(), "acme", "", noon)
	if err != nil || len(a.Needs) == 0 || len(a.Needs[0].Evidence) == 0 || named(a.Needs) > 0 {
		t.Errorf("%v: the account is shown with %+v", err, a)
	}
}

// named counts the signals that needs name as evidence.
func named(needs []veiviser.NeedView) (n int) {
	for i := range needs {
		for _, e := range needs[i].Evidence {
			if e.Signal != "" {
				n++
			}
		}
	}
	return n
}
