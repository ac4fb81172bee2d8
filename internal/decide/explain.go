package decide

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/veiviser/veiviser/internal/eligible"
	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/relation"
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
	return &Reply{Answer: discreet(snap, a), Voice: newVoice(snap, &a, language)}, index, nil
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
	// At is the moment seen from; zero in an export, where all that was ever set and is kept is shown.
	At time.Time
	// Profiled says whether what she does is remembered and used; when it is not, nothing of it is shown either, but in an export.
	Profiled bool
	// Tier is the class that the value of her purchases puts her in, "" for none.
	Tier string
	// Effective says of each consent of her standing whether it is what holds now.
	Effective []bool
}

// Visitor shows a visitor as seen at the time at, or now when it is zero, with the needs of the account she acts for. It names
// nothing that the plan calls sensitive.
func (d *Decider) Visitor(ctx context.Context, visitorID, language string, at time.Time) (*Portrait, error) {
	if at.IsZero() {
		at = d.now().UTC()
	}
	p, snap, err := d.person(ctx, visitorID, language, at)
	if err != nil {
		return nil, err
	}
	if p.Visitor.Standing.Account != "" && p.Profiled && snap.Stages.HasGroup() {
		if err := d.share(ctx, snap, p); err != nil {
			return nil, err
		}
	}
	return p.discreet(snap), nil
}

// share lets a portrait show the needs of the account she acts for.
func (d *Decider) share(ctx context.Context, snap *plan.Snapshot, p *Portrait) error {
	a, err := learn.LoadAccount(ctx, d.store, snap, learn.AccountShare{Account: p.Visitor.Standing.Account})
	if err != nil {
		return err
	}
	p.Needs = views(snap, &p.Visitor, a.Record, "", p.At)
	facts := eligible.Facts{Visitor: &p.Visitor, Context: &veiviser.Context{}, Now: p.At}
	if len(p.Needs) > 0 {
		facts.Need = &p.Needs[0]
	}
	p.Segments = snap.Segments(&facts)
	return nil
}

// person shows what is known of a visitor herself.
func (d *Decider) person(ctx context.Context, visitorID, language string, at time.Time) (*Portrait, *plan.Snapshot, error) {
	snap, v, err := d.kept(ctx, visitorID)
	if err != nil {
		return nil, nil, err
	}
	if !remembered(v) {
		return nil, nil, errUnknownVisitor()
	}
	return portray(snap, v, language, at), snap, nil
}

func errUnknownVisitor() error {
	return veiviser.NotFound(veiviser.ReasonUnknownVisitor, "visitor_id", "nothing is remembered of this visitor")
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
	return v.HasProfile() || len(v.LinkedIDs) > 0 || !said.IsZero()
}

// portray shows a visitor as a moment sees her: of who is not profiled, nothing that is known of what she did.
func portray(snap *plan.Snapshot, v *veiviser.Visitor, language string, at time.Time) *Portrait {
	profiled := snap.Profiled(&v.Standing, at)
	if !profiled {
		v = v.Unprofiled()
	}
	p := whole(snap, v, language, at)
	p.Profiled = profiled
	return p
}

// whole shows all that is kept of a visitor, whether or not it is used.
func whole(snap *plan.Snapshot, visitor *veiviser.Visitor, language string, at time.Time) *Portrait {
	seen := *visitor
	seen.Standing = relation.Settled(snap.Relation, &seen.Standing, at)
	v := &seen
	return &Portrait{
		Visitor: *v, Needs: snap.Stages.Views(v, "", at), Segments: learn.MembershipAt(snap, v, "", at).Segments,
		Voice: newVoice(snap, &veiviser.Answer{Visitor: *v}, language), At: at, Profiled: snap.Profiled(&v.Standing, at),
		Tier: snap.Plan.Relationship.Tier(v.Value), Effective: snap.Effective(&v.Standing),
	}
}

// Export gives everything that is remembered about a visitor, her answers newest first. Of somebody who asked and did
// nothing there are answers alone. What is believed of the account she acts for is not hers. Nothing that is kept is hidden, whether or
// not it is used.
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
	p := &Portrait{Profiled: true}
	switch {
	case remembered(v):
		p = whole(snap, v, "", d.now().UTC())
	case v == nil && len(answers) == 0:
		return nil, nil, errUnknownVisitor()
	case v == nil:
		v = &veiviser.Visitor{ID: visitorID}
		fallthrough
	default:
		said := &veiviser.Answer{Visitor: *v}
		if len(answers) > 0 {
			said = &answers[0]
		}
		p.Visitor, p.Voice, p.Profiled = *v, newVoice(snap, said, ""), snap.Profiled(&v.Standing, d.now())
	}
	p.At = time.Time{}
	return p, answers, nil
}
