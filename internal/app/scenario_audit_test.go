package app_test

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"google.golang.org/protobuf/proto"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// audit checks what must hold of every answer, whatever the scenario is about. It returns what does not.
func audit(in, out proto.Message) []string {
	a := &auditor{}
	switch m := out.(type) {
	case *veiviserv1.RecommendResponse:
		req, _ := in.(*veiviserv1.RecommendRequest)
		a.answer(m, req.GetPreview(), placementsOf(req))
	case *veiviserv1.WatchRecommendationsResponse:
		req, _ := in.(*veiviserv1.WatchRecommendationsRequest)
		a.answer(m.GetAnswer(), req.GetPreview(), req.GetPlacements())
	case *veiviserv1.GetVisitorResponse:
		a.needs(m.GetVisitor().GetNeeds())
	case *veiviserv1.ExplainDecisionResponse:
		a.explanation(m.GetExplanation())
	case *veiviserv1.RecordEventsResponse:
		a.check(len(m.GetResults()) == len(in.(*veiviserv1.RecordEventsRequest).GetEvents()), "one result per event")
	}
	return a.wrong
}

func placementsOf(r *veiviserv1.RecommendRequest) []string {
	var out []string
	for _, p := range r.GetPlacements() {
		out = append(out, p.GetPlacement())
	}
	return out
}

// auditor gathers what is wrong.
type auditor struct{ wrong []string }

func (a *auditor) check(ok bool, format string, args ...any) {
	if !ok {
		a.wrong = append(a.wrong, fmt.Sprintf("should hold: "+format, args...))
	}
}

func (a *auditor) answer(m *veiviserv1.RecommendResponse, preview bool, placements []string) {
	a.needs(m.GetNeeds())
	a.check(len(m.GetDecisions()) == len(placements), "one decision per placement")
	a.check(m.GetPlanVersion() != "", "an answer names its plan")
	var shown [2]map[string]bool // to her, to an employee
	shown[0], shown[1] = map[string]bool{}, map[string]bool{}
	for i, d := range m.GetDecisions() {
		to := shown[0]
		if len(d.GetBriefing()) > 0 {
			to = shown[1]
		}
		a.check(d.GetPlacement() == placements[i], "decisions stand in the order of the placements")
		a.check((d.GetDecisionId() == "") == (preview || m.GetDegraded()), "a decision has an id unless it leaves no trace")
		a.check((len(d.GetItems()) == 0) == (d.GetSilenceReason() != 0), "silence has a reason, and only silence")
		a.check(share(d.GetSilencePropensity()), "silence propensity %v", d.GetSilencePropensity())
		for _, it := range d.GetItems() {
			a.check(!to[it.GetItemId()], "%s is shown once in an answer", it.GetItemId())
			to[it.GetItemId()] = true
			a.check(it.GetPropensity() > 0 && share(it.GetPropensity()), "propensity %v of %s", it.GetPropensity(), it.GetItemId())
			a.check(it.GetRepresentation() != nil, "%s has a representation", it.GetItemId())
			n := len(it.GetReasons())
			a.check(n >= 1 && n <= 3, "%s has 1–3 reasons, not %d", it.GetItemId(), n)
			for _, r := range it.GetReasons() {
				a.check(r.GetText() != "", "reason %s of %s has a text", r.GetCode(), it.GetItemId())
			}
		}
		if d.GetExplanation() != nil {
			a.explanation(d.GetExplanation())
		}
	}
}

func (a *auditor) needs(list []*veiviserv1.NeedBelief) {
	forecasts := map[string]int{}
	for _, n := range list {
		sum, best := 0.0, 0.0
		for _, s := range n.GetStages() {
			a.check(share(s.GetProbability()), "p(%s) = %v", s.GetStage(), s.GetProbability())
			sum += s.GetProbability()
			best = math.Max(best, s.GetProbability())
		}
		a.check(math.Abs(sum-1) < 1e-9, "the belief about %s %s sums to 1, not %v", n.GetJourney(), n.GetSubject(), sum)
		a.check(share(n.GetValue()), "value %v", n.GetValue())
		a.check(n.GetEventsToNextStage() >= 0, "%v events to the next stage", n.GetEventsToNextStage())
		a.check(slices.IsSortedFunc(n.GetEvidence(), func(x, y *veiviserv1.Evidence) int {
			return cmp.Compare(math.Abs(y.GetWeight()), math.Abs(x.GetWeight()))
		}), "the evidence that moved the belief most comes first: %v", n.GetEvidence())
		a.check(len(n.GetEvidence()) <= 8, "%d pieces of evidence", len(n.GetEvidence()))
		if n.GetVisitForecast() != nil {
			forecasts[n.GetJourney()]++
			a.check(forecasts[n.GetJourney()] == 1, "one need of %s has a forecast, that of the latest event", n.GetJourney())
			a.forecast(n.GetVisitForecast())
		}
		a.check((n.GetStage() == "") == (n.GetStandardStage() == ""), "unsure is unsure in both readings")
		for _, s := range n.GetStages() {
			a.check(s.GetStage() != n.GetStage() || s.GetProbability() == best, "the stage is the likeliest one")
		}
	}
}

// forecast: each chance is one, and something comes next or nothing does.
func (a *auditor) forecast(f *veiviserv1.VisitForecast) {
	for _, c := range f.GetLater() {
		a.check(c.GetEventType() != "" && share(c.GetProbability()), "%v later", c)
	}
	sum := f.GetEnd()
	for _, c := range f.GetNext() {
		a.check(c.GetEventType() != "" && share(c.GetProbability()), "%v next", c)
		sum += c.GetProbability()
	}
	a.check(len(f.GetNext()) == 0 || math.Abs(sum-1) < 1e-9, "what comes next and the end sum to 1, not %v", sum)
}

// explanation: parts sum to the mean; served and excluded together are counted per item.
func (a *auditor) explanation(e *veiviserv1.DecisionExplanation) {
	a.needs(e.GetNeeds())
	a.check(e.GetSummary() != "", "an explanation has a summary")
	for _, s := range append(e.GetServed(), e.GetRunnersUp()...) {
		if len(s.GetParts()) == 0 {
			continue
		}
		sum := 0.0
		for _, p := range s.GetParts() {
			sum += p.GetAdd()
		}
		a.check(math.Abs(sum-s.GetMean()) < 1e-6, "parts of %s sum to its mean: %v, not %v", s.GetItemId(), sum, s.GetMean())
	}
	for _, x := range e.GetExcluded() {
		n := len(x.GetItemIds())
		a.check(n == 0 || n == int(x.GetCount()), "%s names all its items: %d of %d", x.GetReason(), n, x.GetCount())
	}
}

func share(x float64) bool { return x >= 0 && x <= 1 }
