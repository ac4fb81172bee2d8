package decide

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// Explain finds a decision that was answered: its answer, and the index of the decision in it.
func (d *Decider) Explain(ctx context.Context, decisionID, language string) (*Reply, int, error) {
	answerID, index, ok := SplitDecisionID(decisionID)
	if !ok {
		return nil, 0, veiviser.Invalid(veiviser.ReasonMalformedID, "decision_id", "is not the name of a decision")
	}
	_, a, err := d.store.Answer(ctx, answerID)
	if err != nil {
		return nil, 0, err
	}
	if index >= len(a.Decisions) {
		return nil, 0, veiviser.NotFound(veiviser.ReasonUnknownDecision, "decision_id", "the answer has no such decision")
	}
	snap, err := d.plans.At(ctx, a.PlanVersion)
	if err != nil {
		return nil, 0, err
	}
	if snap.CatalogRevision() == a.Catalog { // deciding again tells more than was worth keeping
		again := Again(&a)
		again.Request.Explain = true
		a = Decide(snap, again)
	}
	return &Reply{Answer: a, Voice: newVoice(snap, &a, language)}, index, nil
}

// SplitDecisionID takes a decision id apart into the id of its answer and its index there.
func SplitDecisionID(id string) (answer string, index int, ok bool) {
	dot := strings.LastIndexByte(id, '.')
	if dot <= 0 {
		return "", 0, false
	}
	index, err := strconv.Atoi(id[dot+1:])
	return id[:dot], index, err == nil && index >= 0 && index < veiviser.MaxPlacements && id[dot+1] != '+'
}

// Portrait is what is known and believed about a visitor at one moment.
type Portrait struct {
	Visitor  veiviser.Visitor
	Needs    []veiviser.NeedView
	Segments []string
	Voice    Voice
}

// Visitor shows a visitor as seen at the time at, or now when it is zero.
func (d *Decider) Visitor(ctx context.Context, visitorID, language string, at time.Time) (*Portrait, error) {
	snap, v, err := d.kept(ctx, visitorID)
	if err != nil {
		return nil, err
	}
	if !remembered(v) {
		return nil, veiviser.NotFound(veiviser.ReasonUnknownVisitor, "visitor_id", "nothing is remembered of this visitor")
	}
	if at.IsZero() {
		at = d.now().UTC()
	}
	return portray(snap, v, language, at), nil
}

// kept is what the store keeps of a visitor; nil for nothing.
func (d *Decider) kept(ctx context.Context, visitorID string) (*plan.Snapshot, *veiviser.Visitor, error) {
	snap := d.plans.Active()
	if snap == nil {
		return nil, nil, learn.ErrNoPlan()
	}
	loaded, err := d.store.Load(ctx, visitorID, nil)
	return snap, loaded.Visitor, err
}

// remembered reports whether there is more to know of a visitor than what she was shown: somebody who never did or said
// anything is nobody known.
func remembered(v *veiviser.Visitor) bool {
	if v == nil {
		return false
	}
	said := v.Standing
	said.Contacts, said.Facts = nil, nil
	return v.Events > 0 || len(v.LinkedIDs) > 0 || !said.IsZero()
}

func portray(snap *plan.Snapshot, v *veiviser.Visitor, language string, at time.Time) *Portrait {
	return &Portrait{
		Visitor: *v, Needs: snap.Stages.Views(v, "", at), Segments: learn.MembershipAt(snap, v, "", at).Segments,
		Voice: newVoice(snap, &veiviser.Answer{Visitor: *v}, language),
	}
}

// Export gives everything that is remembered about a visitor, her answers newest first. Of somebody who asked and did
// nothing there are answers alone.
func (d *Decider) Export(ctx context.Context, visitorID string) (*Portrait, []veiviser.Answer, error) {
	snap, v, err := d.kept(ctx, visitorID)
	if err != nil {
		return nil, nil, err
	}
	answers, err := d.store.Answers(ctx, visitorID)
	if err != nil {
		return nil, nil, err
	}
	slices.Reverse(answers)
	switch {
	case remembered(v):
		return portray(snap, v, "", d.now().UTC()), answers, nil
	case v == nil && len(answers) == 0:
		return nil, nil, veiviser.NotFound(veiviser.ReasonUnknownVisitor, "visitor_id", "nothing is remembered of this visitor")
	case v == nil:
		v = &veiviser.Visitor{ID: visitorID}
	}
	said := &veiviser.Answer{Visitor: *v}
	if len(answers) > 0 {
		said = &answers[0]
	}
	return &Portrait{Visitor: *v, Voice: newVoice(snap, said, "")}, answers, nil
}
