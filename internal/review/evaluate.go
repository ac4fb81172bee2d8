package review

import (
	"context"
	"hash/fnv"
	"slices"

	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/rank/ope"
	"github.com/veiviser/veiviser/internal/veiviser"
)

const (
	// DefaultLimit is how many decisions a plan is valued on when nothing else is asked for.
	DefaultLimit = 20_000
	// MaxLimit is the most.
	MaxLimit = 200_000
)

// Question says on which decisions a plan is to be valued.
type Question struct {
	// Placement limits them to one; "" is all.
	Placement string
	// Limit is how many, the newest; 0 is [DefaultLimit], more than [MaxLimit] is that.
	Limit int
}

// Report is what logged decisions say about a plan that is not published, in reward per decision.
type Report struct {
	// Plan and Active value the plan and the active one, on the same decisions.
	Plan, Active ope.Report
	// Difference is the plan less the active one, doubly robust.
	Difference ope.Difference
	// LeftOut counts closed decisions that could not be used, see the package documentation.
	LeftOut int
	// Gate is that of the active plan.
	Gate veiviser.Gate
}

// Refusal says why nothing can be concluded; its zero value allows a conclusion.
func (r *Report) Refusal() ope.Refusal {
	switch {
	case r.Plan.Refusal.Refused():
		return r.Plan.Refusal
	case r.Active.Refusal.Refused():
		return ope.Refusal{Code: r.Active.Refusal.Code, Message: "The active plan itself cannot be valued: " + r.Active.Refusal.Message}
	default:
		return r.Difference.Refusal
	}
}

// Evaluate values a plan, as if it were published now, and the active one on closed decisions. It works through thousands of
// decisions in a second, on up to half of the processors. Errors: KindInvalid with INVALID_PLAN and every violation,
// KindPrecondition with NO_PLAN_PUBLISHED, those of the store, and why ctx ended. That the log allows no conclusion is no
// error.
func (r *Reviewer) Evaluate(ctx context.Context, p *veiviser.Plan, q Question) (Report, error) {
	if violations := plan.Validate(p); len(violations) > 0 {
		return Report{}, &veiviser.Error{
			Kind: veiviser.KindInvalid, Reason: veiviser.ReasonInvalidPlan, Message: "the plan has mistakes", Violations: violations,
		}
	}
	if err := take(ctx, r.valuing); err != nil {
		return Report{}, err
	}
	defer func() { <-r.valuing }()
	active := r.plans.Active()
	if active == nil {
		return Report{}, veiviser.Failed(veiviser.KindPrecondition, veiviser.ReasonNoPlan, nil, "no plan is published yet")
	}
	candidate, err := r.published(ctx, p, active)
	if err != nil {
		return Report{}, because(ctx, err)
	}
	v := &valuation{
		past: newPast(r.log, r.plans), log: r.log, candidate: candidate, active: active, learned: r.learned(), placement: q.Placement,
		limit: DefaultLimit, index: map[thing]int32{},
	}
	if q.Limit > 0 {
		v.limit = min(q.Limit, MaxLimit)
	}
	if err := v.run(ctx); err != nil {
		return Report{}, because(ctx, err)
	}
	return v.report()
}

// published is the snapshot that a plan would have if it were published now.
func (r *Reviewer) published(ctx context.Context, p *veiviser.Plan, active *plan.Snapshot) (*plan.Snapshot, error) {
	snap, err := plan.Compile(0, p)
	if err != nil {
		return nil, err
	}
	items, err := r.log.ItemsAt(ctx, active.CatalogRevision())
	if err != nil {
		return nil, err
	}
	return snap.With(items, active.CatalogRevision(), active.Activation+1).Learn(r.learned()), nil
}

// closed is a decision that nothing more can come of.
type closed struct {
	answer string
	index  int
	reward float64
	unit   uint64
}

// closedDecisions adds up what came of decisions, those closed last first. All parts that are kept are read: what came first of a
// decision lies as far back as its windows are long.
func closedDecisions(ctx context.Context, log Log) ([]closed, error) {
	type name struct {
		answer string
		index  int
	}
	type sum struct {
		reward float64
		unit   uint64
	}
	var over []name
	sums := make(map[name]sum)
	for before := ""; ; {
		page, next, err := log.ClosedDecisions(ctx, before, pageSize)
		if err != nil {
			return nil, err
		}
		for i := range page {
			c := &page[i]
			n := name{c.AnswerID, c.Index}
			s := sums[n]
			if s.reward += c.Reward; s.unit == 0 {
				s.unit = c.Unit
			}
			if sums[n] = s; c.Over {
				over = append(over, n)
			}
		}
		if next == "" {
			break
		}
		before = next
	}
	out := make([]closed, 0, len(over))
	for _, n := range over {
		s, ok := sums[n]
		if !ok {
			continue // closed twice
		}
		delete(sums, n)
		if s.unit == 0 {
			s.unit = hash(n.answer)
		}
		out = append(out, closed{n.answer, n.index, s.reward, s.unit})
	}
	return out, nil
}

func hash(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s)) // a hash never fails
	return h.Sum64()
}

// report estimates from the rows.
func (v *valuation) report() (Report, error) {
	q := v.predictions()
	plan, active := v.opeRows(q, func(a *act) float64 { return a.candidate }), v.opeRows(q, func(a *act) float64 { return a.active })
	out := Report{LeftOut: v.leftOut, Gate: v.active.Policy.Gate}
	var err error
	if out.Plan, err = ope.Evaluate(plan, ope.Options{}); err != nil {
		return out, unfit(err)
	}
	if out.Active, err = ope.Evaluate(active, ope.Options{}); err != nil {
		return out, unfit(err)
	}
	out.Difference, err = ope.Compare(plan, active, ope.Options{})
	return out, unfit(err)
}

// unfit is the error of an estimator: rows are made here, so it is ours.
func unfit(err error) error {
	if err == nil {
		return nil
	}
	return veiviser.Failed(veiviser.KindInternal, veiviser.ReasonInternal, err, "the logged decisions cannot be evaluated")
}

// opeRows are the rows for one target.
func (v *valuation) opeRows(q *predictor, target func(*act) float64) []ope.Row {
	out := make([]ope.Row, len(v.rows))
	for i := range v.rows {
		r := &v.rows[i]
		model := q.without(r.unit)
		o := ope.Row{Unit: r.unit, Reward: r.reward, Propensity: r.propensity, QLogged: model.predict(v.things[r.taken].kind, r.stage, r.taken)}
		o.Actions = make([]ope.Action, 0, len(r.acts))
		for k := range r.acts {
			a := &r.acts[k]
			t := target(a)
			if a.thing == r.taken {
				o.Target = t
			} else if t == 0 && a.logged == 0 {
				continue
			}
			o.Actions = append(o.Actions, ope.Action{
				Propensity: a.logged, Target: t, Q: model.predict(v.things[a.thing].kind, r.stage, a.thing),
			})
		}
		out[i] = o
	}
	return out
}

// indexOf gives a thing its number.
func (v *valuation) indexOf(t thing) int32 {
	i, ok := v.index[t]
	if !ok {
		i = int32(len(v.things))
		v.index[t] = i
		v.things = append(v.things, t)
	}
	return i
}

// actOf finds or makes the act of a thing.
func (r *row) actOf(thing int32) *act {
	i := slices.IndexFunc(r.acts, func(a act) bool { return a.thing == thing })
	if i < 0 {
		i = len(r.acts)
		r.acts = append(r.acts, act{thing: thing})
	}
	return &r.acts[i]
}
